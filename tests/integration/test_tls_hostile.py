"""
Hostile clients of TLS: what came in clear is never acted on inside.

MW_TLS_SPLITS, MW_TLS_NAMES, MW_TLS_HELLOS and MW_TLS_IDLE make the runs of
many as long as one likes; the figures of the requirements are 10,000 splits,
100,000 names, 100,000 broken hellos and 5,000 idle clients.
"""

import contextlib
import os
import random
import re
import select
import socket
import ssl
import subprocess
import time

import pytest

from harness import procs
from harness.tls import (
    RawTls, context, tls_client, tls_options, tls_socket, upgrade,
)

SUITE = tls_options
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)
START = {"imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n"}
BEHIND = {
    "imap": b"b CAPABILITY\r\nb LOGIN joe pw\r\n",
    "pop3": b"CAPA\r\nUSER joe\r\nPASS pw\r\n",
}
GOOD = {"imap": b"a OK", "pop3": b"+OK Begin"}
NOOP = {"imap": b"n NOOP\r\n", "pop3": b"NOOP\r\n"}
NOOP_OK = {"imap": b"n OK NOOP completed.\r\n", "pop3": b"+OK\r\n"}


def count(name, default):
    return int(os.environ.get(name, default))


@pytest.fixture
def joe(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite


# STARTTLS.


def greeted(addr):
    """A plain socket that has read the greeting."""
    sock = socket.create_connection(addr, 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b""
    while not data.endswith(b"\r\n"):
        data += sock.recv(4096)
    return sock


def read_all(sock):
    """What comes until the end, however it comes."""
    data = b""
    try:
        while True:
            more = sock.recv(65536)
            if not more:
                break
            data += more
    except ConnectionError:
        pass
    return data


def clear_text(data, service):
    """
    What the server said in clear after STARTTLS: nothing but its answer to
    that and then records of TLS, or its last words.
    """
    match = re.match(
        rb"(a OK [^\r\n]*\r\n|\+OK Begin[^\r\n]*\r\n)?([^\x15\x16].*)?",
        data, re.S,
    )
    return match[2] or b""


def half_close(sock):
    """Which may find that the other end is gone already."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def check_injected(data, service):
    """Nothing of what came behind was answered."""
    text = clear_text(data, service)
    assert text == b"" or re.match(
        rb"(\* BYE|-ERR) Nothing may follow[^\r\n]*\r\n$", text
    ), data
    assert not re.search(rb"^b (OK|NO|BAD)|CAPABILITY|Logged in", data)


def send_split(sock, data, cuts, pause):
    """Sends the bytes in pieces; with a pause each is a segment for itself."""
    for start, end in zip([0, *cuts], [*cuts, len(data)]):
        try:
            sock.sendall(data[start:end])
        except ConnectionError:
            return
        if pause:
            time.sleep(pause)


@both
def test_T_S1_T_S2_one_segment(joe, hosts, service):
    start = joe.mark()
    with greeted(joe.addr(service)) as sock:
        sock.sendall(START[service] + BEHIND[service])
        data = read_all(sock)
    check_injected(data, service)
    assert GOOD[service] not in data
    joe.wait_log(r"disconnected: .* reason=input-behind-starttls", start)
    assert hosts.logins == []


@both
def test_T_S1_T_S2_and_a_handshake(joe, hosts, service):
    """The same with a hello of TLS behind the injected commands."""
    hello = client_hello()
    for data in (BEHIND[service] + hello, hello, b"\r\n", b"\n", b"x"):
        with greeted(joe.addr(service)) as sock:
            sock.sendall(START[service] + data)
            check_injected(read_all(sock), service)
    assert hosts.logins == []


def client_hello(name=None, protocols=None):
    """The first bytes of a handshake."""
    output = ssl.MemoryBIO()
    tls = context(alpn=protocols).wrap_bio(
        ssl.MemoryBIO(), output, server_hostname=name
    )
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return output.read()


@both
def test_T_S1_T_S2_every_split(joe, hosts, service):
    data = START[service] + BEHIND[service]
    for cut in range(1, len(data)):
        with greeted(joe.addr(service)) as sock:
            send_split(sock, data, [cut], 0.003)
            half_close(sock)
            check_injected(read_all(sock), service)
    assert hosts.logins == []


def random_exchange(addr, service, dice):
    """
    One connection: perhaps commands before STARTTLS, perhaps some behind it,
    cut anywhere; where there was nothing behind, a handshake that works.
    """
    before = NOOP[service] * dice.randrange(3)
    behind = b"" if dice.random() < 0.25 else \
        BEHIND[service][: dice.randrange(1, len(BEHIND[service]) + 1)]
    data = before + START[service] + behind
    cuts = sorted(dice.sample(range(1, len(data)), dice.randrange(4)))
    with greeted(addr) as sock:
        send_split(sock, data, cuts, dice.choice([0, 0, 0.0005]))
        if behind:
            half_close(sock)
            answer = read_all(sock)
            noops = len(before) // len(NOOP[service]) * NOOP_OK[service]
            assert answer.startswith(noops) or noops.startswith(answer)
            check_injected(answer[len(noops):], service)
            return
        answer = b""
        while GOOD[service] not in answer or not answer.endswith(b"\r\n"):
            answer += sock.recv(4096)
        tls = RawTls(sock)
        tls.sock.sendall(tls.records(NOOP[service]))
        assert tls.line().encode() + b"\r\n" == NOOP_OK[service]


@both
def test_T_S1_T_S2_random_splits(joe, hosts, service):
    seed = count("MW_SEED", random.randrange(1 << 30))
    print(f"seed {seed}")
    dice = random.Random(seed)
    most = count("MW_TLS_SPLITS", 100 if joe.per_connection else 600)
    for _ in range(most):
        random_exchange(joe.addr(service), service, dice)
    assert hosts.logins == []


@both
def test_T_S7_clear_bytes_behind_close_notify(joe, hosts, service):
    """Before login and amid a relayed transfer: nobody dies of it."""
    pids = joe.children(f"{service}-login")
    for is_relayed in (False, True):
        for junk in (b"x", NOOP[service], bytes(70000)):
            sock = socket.create_connection(joe.addr(service + "s"), 10)
            tls = RawTls(sock)
            tls.line()
            if is_relayed and service == "imap":
                tls.send("a LOGIN joe pw")
                tls.line()
            elif is_relayed:
                for command in ("USER joe", "PASS pw"):
                    tls.send(command)
                    tls.line()
            wanted = tls.records(b"x ECHO " + b"y" * 8000 + b"\r\n")
            try:
                sock.sendall(wanted + tls.close_notify())
                sock.sendall(junk)
                half_close(sock)
            except ConnectionError:
                pass
            data = read_all(sock)
            assert b"OK NOOP" not in data
            sock.close()
    assert joe.per_connection or joe.children(f"{service}-login") == pids


def test_T_S9_the_name_is_forgotten(joe, hosts):
    plain = joe.pop3()
    plain.ok("USER joe")
    client = upgrade(plain, "pop3")
    assert client.command("PASS pw") == "-ERR No username given."
    assert hosts.logins == []


def test_T_S9_bad_commands_are_not_forgotten(joe):
    plain = joe.imap()
    for _ in range(2):
        assert plain.command("XYZZY")[1].startswith("a BAD")
    client = upgrade(plain, "imap")
    client.send("a XYZZY")
    assert any("* BYE" in line for line in client.until(r"\* BYE"))


def test_T_S9_capability_is_asked_anew(joe):
    """What was asked in clear does not shape the answer to the login."""
    plain = joe.imap()
    plain.ok("CAPABILITY")
    client = upgrade(plain, "imap")
    untagged, line = client.login("joe", "pw")
    assert untagged == [] and line.startswith("a OK [CAPABILITY")


# Protocols and versions.


def shake(suite, service, way, tls):
    """A handshake, by either way; what was agreed on."""
    if way == "port":
        sock = tls_socket(suite.addr(service + "s"), tls)
    else:
        sock = upgrade(getattr(suite, service)(), service, tls).sock
    protocol = sock.selected_alpn_protocol()
    sock.close()
    return protocol


@both
@pytest.mark.parametrize("way", ["port", "command"])
def test_T_T1_protocols(suite, service, way):
    other = SERVICES[service == "imap"]
    for offered in (["h2"], ["http/1.1"], [other], ["h2", other],
                    [service.upper()], [service + "x"], [service[:-1]]):
        with pytest.raises(ssl.SSLError) as caught:
            shake(suite, service, way, context(alpn=offered))
        text = str(caught.value).replace("_", " ").lower()
        # Ubuntu's Python has no word for this alert, but for all others.
        assert re.search("no application protocol|unknown error", text), (
            offered, text)
    for offered in ([service], ["h2", service], [other, service]):
        assert shake(suite, service, way, context(alpn=offered)) == service
    assert shake(suite, service, way, context()) is None


def with_alpn(data):
    """A hello with these bytes as its list of protocols, in records."""
    hello = client_hello(protocols=["imap"])
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at]
    fixed, rest = hello[9:at], hello[at + 2 :]
    made = b""
    while rest:
        size = int.from_bytes(rest[2:4], "big")
        body = data if rest[:2] == b"\x00\x10" else rest[4 : 4 + size]
        made += rest[:2] + len(body).to_bytes(2, "big") + body
        rest = rest[4 + size :]
    message = fixed + len(made).to_bytes(2, "big") + made
    message = b"\x01" + len(message).to_bytes(3, "big") + message
    return b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
        for part in (message[i : i + 16384]
                     for i in range(0, len(message), 16384))
    )


def protocol_list(*names):
    data = b"".join(bytes([len(name)]) + name for name in names)
    return len(data).to_bytes(2, "big") + data


OURS = protocol_list(b"imap")
LISTS = {
    "no bytes": b"",
    "half a length": b"\0",
    "no names": protocol_list(),
    "an empty name": protocol_list(b""),
    "an empty name before ours": protocol_list(b"", b"imap"),
    "an empty name behind ours": protocol_list(b"imap", b""),
    "longer than it is": b"\0\6" + OURS[2:],
    "shorter than it is": b"\0\4" + OURS[2:],
    "a name beyond its end": b"\0\5\xffimap",
    "thousands of others": protocol_list(*[b"x%d" % n for n in range(2000)]),
    "as long as can be": protocol_list(*[b"y" * 255] * 250),
}


def answer_to(suite, service, way, data):
    """What comes after these bytes in place of a hello, and the end."""
    if way == "port":
        sock = socket.create_connection(suite.addr(service + "s"), 10)
    else:
        sock = greeted(suite.addr(service))
        sock.sendall(START[service])
        read = b""
        while not read.endswith(b"\r\n"):
            read += sock.recv(4096)
    with sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            half_close(sock)
        return read_all(sock)


@pytest.mark.parametrize("way", ["port", "command"])
@pytest.mark.parametrize("kind", LISTS)
def test_T_T1_broken_lists(suite, way, kind):
    """An alert or the end; no hello of the server's."""
    data = answer_to(suite, "imap", way, with_alpn(LISTS[kind]))
    assert data == b"" or (data[0], data[5]) == (0x15, 2), data
    pop3 = LISTS[kind].replace(b"imap", b"pop3")
    data = answer_to(suite, "pop3", way, with_alpn(pop3))
    assert data == b"" or (data[0], data[5]) == (0x15, 2), data


@pytest.mark.parametrize("way", ["port", "command"])
def test_T_T1_long_lists(suite, way):
    """Ours may stand behind many others."""
    for data in (OURS, protocol_list(*[b"y" * 255] * 250, b"imap")):
        assert answer_to(suite, "imap", way, with_alpn(data))[0] == 0x16


def old_context(ciphers="ALL", low=None, high=None):
    """A client that would agree to anything that OpenSSL still has."""
    tls = context()
    tls.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    tls.minimum_version = low or ssl.TLSVersion.TLSv1
    tls.maximum_version = high or ssl.TLSVersion.TLSv1_2
    return tls


@both
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_T_T2_weak_clients(suite, tool, service):
    v1_0, v1_1 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    for tls in (
        old_context(low=v1_0, high=v1_0),
        old_context(low=v1_1, high=v1_1),
        old_context("AES128-GCM-SHA256:AES256-SHA"),
        old_context("ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA384"),
        old_context("DHE-RSA-AES128-GCM-SHA256"),
        old_context("NULL"),
        old_context("aNULL"),
    ):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(suite, service, "port", tls)
    assert shake(suite, service, "port", old_context()) is None
    host, port = suite.addr(service + "s")
    done = subprocess.run(
        [tool("openssl"), "s_client", "-connect", f"{host}:{port}", "-sigalgs",
         "ECDSA+SHA1:RSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"],
        input="", capture_output=True, text=True, timeout=60,
    )
    assert done.returncode != 0 and "handshake failure" in done.stderr


def test_T_T3_early_data(suite, tool, tmp_path):
    """A ticket allows none, so none is sent; the server takes none."""
    host, port = suite.addr("imaps")
    early = tmp_path / "early"
    early.write_bytes(b"e CAPABILITY\r\n")
    base = [tool("openssl"), "s_client", "-connect", f"{host}:{port}",
            "-quiet", "-tls1_3"]
    first = subprocess.run(
        [*base, "-sess_out", tmp_path / "session"], input=b"a LOGOUT\r\n",
        capture_output=True, timeout=60,
    )
    assert b"a OK" in first.stdout
    subprocess.run(
        [tool("openssl"), "sess_id", "-in", tmp_path / "session", "-text",
         "-noout"], check=True, capture_output=True, timeout=60,
    )
    second = subprocess.run(
        [*base[:-2], "-tls1_3", "-sess_in", tmp_path / "session",
         "-early_data", early, "-ign_eof"], input=b"a LOGOUT\r\n",
        capture_output=True, timeout=60,
    )
    assert b"Reused, TLSv1.3" in second.stdout
    assert b"Early data was accepted" not in second.stdout
    assert b"e OK" not in second.stdout


def test_T_X12_renegotiation(suite, tool, tmp_path):
    host, port = suite.addr("imaps")
    said = tmp_path / "said"
    with open(said, "wb") as output:
        proc = subprocess.Popen(
            [tool("openssl"), "s_client", "-connect", f"{host}:{port}",
             "-tls1_2"], stdin=subprocess.PIPE, stdout=output, stderr=output,
        )
    try:
        proc.stdin.write(b"R\n")
        proc.stdin.flush()
        # The end of its input would end it before the answer is there.
        procs.wait_until(lambda: b"no renegotiation" in said.read_bytes(),
                         "the refusal", 60)
    finally:
        proc.stdin.close()
        proc.kill()
        proc.wait()
    assert b"RENEGOTIATING" in said.read_bytes()
    # The server is none the worse for it.
    with tls_client("imap", (host, port)) as client:
        client.ok("NOOP")


def test_T_X12_key_updates(suite, tool):
    """Some are fine; thousands close the connection."""
    host, port = suite.addr("imaps")
    start = suite.mark()
    proc = subprocess.Popen(
        [tool("openssl"), "s_client", "-connect", f"{host}:{port}",
         "-tls1_3"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(2000):
            proc.stdin.write(b"K\n")
            proc.stdin.flush()
            # One line a read is a command to it.
            time.sleep(0.0005)
    except BrokenPipeError:
        pass
    suite.wait_log(r"disconnected: .* reason=tls-failed .*|"
                   r"disconnected: .*error=\"too many messages", start, 20)
    with pytest.raises(BrokenPipeError):
        proc.stdin.close()
    proc.wait(20)


# Many clients, broken clients.


def login_rss(suite, service="imap"):
    return sum(procs.rss_kb(p) for p in suite.children(f"{service}-login"))


BROKEN = {
    "text": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "imap": b"a LOGIN joe pw\r\n",
    "ssl2": bytes.fromhex("802e0100020015000000100100800200800300800400800500"
                          "80060040070000c0") + b"\xaa" * 24,
    "ssl3": bytes.fromhex("160300002d0100002903 00") + b"\xaa" * 60,
    "huge": bytes.fromhex("160301ffff") + b"\xaa" * 70000,
    "alert": bytes.fromhex("15030100020228"),
    "data": bytes.fromhex("1703030010") + b"\xaa" * 16,
    "nothing": b"",
}


@both
@pytest.mark.parametrize("kind", BROKEN)
def test_T_X2_broken_hellos(suite, service, kind):
    start = suite.mark()
    with socket.create_connection(suite.addr(service + "s"), 10) as sock:
        try:
            sock.sendall(BROKEN[kind])
            half_close(sock)
        except ConnectionError:
            pass
        data = read_all(sock)
    # An alert at most: no greeting, no word in clear.
    assert data == b"" or data[0] == 0x15, data
    suite.wait_log(r"disconnected: .* error=\".+\" session=\S+ "
                   r"reason=tls-failed", start)


def test_T_X2_thousands_of_broken_hellos(suite):
    """No crash, no leak; hellos with a byte changed, cut or doubled."""
    suite.allow(r"tls-signer: refused")
    if suite.per_connection:
        most = count("MW_TLS_HELLOS", 100)
    else:
        most = count("MW_TLS_HELLOS", 1500)
    seed = count("MW_SEED", random.randrange(1 << 30))
    print(f"seed {seed}")
    dice, hello = random.Random(seed), client_hello("mail.test")
    pids = suite.children("imap-login")

    def once():
        data = bytearray(hello)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(data))
            data[at] = dice.randrange(256)
        if dice.random() < 0.3:
            data = data[: dice.randrange(len(data))]
        if dice.random() < 0.1:
            data += hello
        with socket.create_connection(suite.addr("imaps"), 10) as sock:
            try:
                sock.sendall(data)
                half_close(sock)
            except ConnectionError:
                pass
            assert b"IMAP4rev1" not in read_all(sock)

    for _ in range(most // 5):
        once()
    before = login_rss(suite)
    for _ in range(most):
        once()
    if not suite.per_connection:
        assert suite.children("imap-login") == pids
        assert login_rss(suite) - before < 1024
    with tls_client("imap", suite.addr("imaps")) as client:
        client.ok("NOOP")


def test_T_X3_names_take_no_memory(suite):
    if suite.per_connection:
        return
    most = count("MW_TLS_NAMES", 2000)
    dice, tls = random.Random(3), context()

    def ask():
        name = "".join(dice.choices("abcdefghijklmnop", k=30)) + ".test"
        tls_socket(suite.addr("imaps"), tls, name).close()

    for _ in range(most // 5):
        ask()
    before = login_rss(suite)
    for _ in range(most):
        ask()
    assert login_rss(suite) - before < 1024


def test_T_L2_names_in_the_log(suite):
    """A host name that is none is not logged, and harms no line."""
    hello = client_hello("evil.test")
    for bad in (b"e\r\nl.test", b"e\x1b[1m.te", b"e\"><.test"):
        with socket.create_connection(suite.addr("imaps"), 10) as sock:
            sock.sendall(hello.replace(b"evil.test", bad.ljust(9, b"x")[:9]))
            sock.settimeout(0.3)
            try:
                sock.recv(65536)
            except (TimeoutError, ConnectionError):
                pass
    assert "\x1b" not in suite.log() and 'sni=<e"' not in suite.log()


def test_T_X1_idle_handshakes(suite, hosts):
    """Silence, half a hello, a byte now and then: all are gone after 15 s."""
    suite.add_row(hosts.row("joe"))
    most = count("MW_TLS_IDLE", 20 if suite.per_connection else 90)
    hello = client_hello()
    began = time.monotonic()
    socks = []
    for number in range(most):
        sock = socket.create_connection(suite.addr("imaps"), 10)
        if number % 3 == 1:
            sock.sendall(hello[: len(hello) // 2])
        socks.append(sock)
    plain = suite.imap()
    plain.ok("STARTTLS")
    socks.append(plain.sock)
    start = time.monotonic()
    client = tls_client("imap", suite.addr("imaps"))
    assert client.login("joe", "pw")[1].startswith("a OK")
    assert time.monotonic() - start < 6
    drip = [sock for number, sock in enumerate(socks) if number % 3 == 2]
    left, sent = dict.fromkeys(socks), 0
    while left and time.monotonic() - began < 30:
        for sock in select.select(list(left), [], [], 1)[0]:
            assert read_some(sock) == b""
            age = time.monotonic() - began
            assert 13 < age < 25, age
            del left[sock]
        for sock in drip:
            # The close may come just now.
            with contextlib.suppress(ConnectionError):
                if sock in left and sent < len(hello):
                    sock.sendall(hello[sent : sent + 1])
        sent += 1
    assert not left
    for sock in socks:
        sock.close()
    # Those who came later and are good were not sent away.
    client.ok("WHOAMI")


def read_some(sock):
    try:
        return sock.recv(4096)
    except ConnectionError:
        return b""
