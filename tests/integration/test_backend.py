"""The mail host's side: hosts that are hostile, slow, gone or dying."""

import hashlib
import socket
import time

import pytest

from harness import procs
from harness.host import IMAP_CAPS, Host
from harness.suite import Background, Suite
from harness.wire import WireError

SUITE = {"settings": {"login_proxy_timeout": "1s", "login_processes_count": 2}}
TEMPFAIL = r"a NO \[UNAVAILABLE\]"
SLACK = 6


@pytest.fixture
def host():
    with Host() as made:
        yield made


@pytest.fixture
def joe(suite, host):
    """joe's client, whose LOGIN is under way to the host."""
    suite.add_user("joe", host=host.addr, imap_port=host.port)
    client = suite.imap()
    client.send("a LOGIN joe pw")
    return client


@pytest.fixture
def pop(suite, host):
    suite.add_user("joe", host=host.addr, pop3_port=host.port)
    client = suite.pop3()
    client.ok("USER joe")
    client.send("PASS pw")
    return client


def expect_temporary(client, timeout=1 + SLACK):
    """The login failed, and the client may try again."""
    client.expect(TEMPFAIL, timeout)
    client.ok("NOOP", "n")


def expect_temporary_pop(client, timeout=1 + SLACK):
    client.expect(r"-ERR \[SYS/TEMP\]", timeout)
    client.ok("CAPA")


def logged_in_to(wire, client):
    """Lets the host take the login."""
    wire.imap_login()
    assert client.answer()[1].startswith("a OK")


# T-B1: greetings.


def pour(wire, data, count):
    """Sends until the other side has had enough."""
    sent = 0
    wire.sock.settimeout(5)
    try:
        for _ in range(count):
            wire.sock.sendall(data)
            sent += len(data)
    except OSError:
        pass
    return sent


def test_T_B1_a_greeting_without_end(suite, joe, host):
    wire = host.accept()
    sent = pour(wire, b"* OK " + b"x" * 65536, 160)
    expect_temporary(joe)
    print(f"T-B1: the host could send {sent} of {160 * 65541} bytes")
    assert sent < 10 << 20


def test_T_B1_a_pop3_greeting_without_end(pop, host):
    pour(host.accept(), b"+OK " + b"x" * 65536, 160)
    expect_temporary_pop(pop)


def test_T_B1_a_greeting_byte_by_byte(joe, host):
    wire = host.accept()
    drip = Background(drip_bytes, wire, b"* OK [CAPABILITY IMAP4rev1 IDLE] ready")
    expect_temporary(joe)
    drip.wait()


def drip_bytes(wire, data):
    try:
        for at in range(len(data)):
            wire.sock.sendall(data[at : at + 1])
            time.sleep(0.15)
    except OSError:
        pass


def test_T_B1_no_greeting(joe, host):
    start = time.monotonic()
    host.accept()
    expect_temporary(joe)
    assert time.monotonic() - start > 0.5


def test_T_B1_no_pop3_greeting(pop, host):
    host.accept()
    expect_temporary_pop(pop)


@pytest.mark.parametrize(
    "greeting",
    ["* BYE go away", "* PREAUTH welcome", "+OK pop3", "* NO", "", "220 smtp",
     "* OKAY", "a OK", "OK"],
)
def test_greetings_that_are_none(joe, host, greeting):
    wire = host.accept()
    wire.send(greeting)
    expect_temporary(joe)
    wire.poll(0.3)
    assert b"pw" not in bytes(wire.received)


@pytest.mark.parametrize("greeting", ["-ERR busy", "* OK imap", "", "+OKAY", "+"])
def test_pop3_greetings_that_are_none(pop, host, greeting):
    wire = host.accept()
    wire.send(greeting)
    expect_temporary_pop(pop)
    wire.poll(0.3)
    assert b"pw" not in bytes(wire.received)


# T-B2 and T-B3: untagged lines.


@pytest.mark.parametrize("line", [b"* 1 EXISTS\r\n", b"* OK " + b"x" * 900 + b"\r\n"])
def test_T_B2_untagged_lines_without_end(joe, host, line):
    wire = host.accept()
    wire.send("* OK ready")
    wire.imap_wait_login()
    sent = pour(wire, line * 1000, 100)
    expect_temporary(joe)
    print(f"T-B2: the host could send {sent // len(line)} of 100,000 lines")


@pytest.mark.parametrize("count, is_ok", [(100, True), (101, False)])
def test_T_B2_the_limit_and_one_more(joe, host, count, is_ok):
    wire = host.accept()
    wire.send("* OK ready")
    tag, _, _ = wire.imap_wait_login()
    wire.send(b"* 1 EXISTS\r\n" * count +
              f"{tag} OK [CAPABILITY IMAP4rev1] in\r\n".encode())
    if is_ok:
        assert joe.answer()[1].startswith("a OK")
    else:
        expect_temporary(joe)


def test_T_B2_some_untagged_lines_are_fine(joe, host):
    wire = host.accept()
    wire.send("* OK ready")
    tag, _, _ = wire.imap_wait_login()
    wire.send(b"* 1 EXISTS\r\n" * 50 +
              f"{tag} OK [CAPABILITY IMAP4rev1] in\r\n".encode())
    untagged, line = joe.answer()
    assert untagged == [] and line.startswith("a OK")


@pytest.mark.parametrize("size", ["1000000000", "5", "0"])
def test_T_B3_an_untagged_literal(joe, host, size):
    wire = host.accept()
    wire.send("* OK ready")
    wire.imap_wait_login()
    wire.send("* X {%s}" % size)
    expect_temporary(joe)


def test_an_untagged_line_that_is_too_long(joe, host):
    wire = host.accept()
    wire.send("* OK ready")
    wire.imap_wait_login()
    wire.send("* X " + "y" * 5000)
    expect_temporary(joe)


# T-B4: tags.


def test_T_B4_an_answer_before_the_question(joe, host):
    """Our tags cannot be guessed, so what comes too early is no success."""
    wire = host.accept()
    early = "".join(f"{tag} OK in\r\n" for tag in ("a", "A", "1", "L", "a1", "0"))
    wire.send(b"* OK ready\r\n" + early.encode())
    expect_temporary(joe)


def test_T_B4_tags_cannot_be_guessed(suite, host):
    suite.add_user("joe", host=host.addr, imap_port=host.port)
    tags = set()
    for _ in range(8):
        client = suite.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.send("* OK ready")
        tags.add(wire.imap_wait_login()[0])
        wire.close()
        client.expect(TEMPFAIL)
    assert len(tags) == 8 and all(len(tag) >= 6 for tag in tags)


@pytest.mark.parametrize(
    "make",
    [lambda tag: "a OK in", lambda tag: tag.swapcase() + " OK in",
     lambda tag: tag + " OKAY in", lambda tag: tag + "x OK in",
     lambda tag: tag + " MAYBE", lambda tag: tag, lambda tag: "+ OK in",
     lambda tag: f" {tag} OK in"],
)
def test_T_B4_wrong_answers(joe, host, make):
    wire = host.accept()
    wire.send("* OK ready")
    tag, _, _ = wire.imap_wait_login()
    answer = make(tag)
    if answer == f"{tag} OK in":
        answer = "zz OK in"
    wire.send(answer)
    if answer.startswith("+"):
        wire.close()
    expect_temporary(joe)


def test_T_B4_ok_without_text(joe, host):
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
    tag, _, _ = wire.imap_wait_login()
    wire.send(f"{tag} OK")
    assert joe.answer()[1].startswith("a OK")


# T-B6 and T-B7: what the client may see of the host's words.


def test_T_B6_bye_during_login(joe, host):
    wire = host.accept()
    wire.send("* OK ready")
    wire.imap_wait_login()
    wire.send("* BYE too many lambs")
    wire.close()
    expect_temporary(joe)
    assert b"lambs" not in bytes(joe.received)


def test_T_B6_an_alert_is_not_forwarded(joe, host):
    wire = host.accept()
    wire.send("* OK [ALERT] call 555-1234")
    tag, _, _ = wire.imap_wait_login()
    wire.send(f"* OK [ALERT] call now\r\n{tag} OK in")
    joe.answer()
    assert b"call" not in bytes(joe.received)


@pytest.mark.parametrize(
    "answer,expected",
    [("NO user unknown here", r"a NO \[AUTHENTICATIONFAILED\]"),
     ("NO [AUTHENTICATIONFAILED] secret text", r"a NO \[AUTHENTICATIONFAILED\]"),
     ("NO [UNAVAILABLE] secret text", r"a NO \[UNAVAILABLE\]"),
     ("NO [LIMIT] secret text", r"a NO \[LIMIT\]"),
     ("NO [CONTACTADMIN] secret text", r"a NO \[CONTACTADMIN\]"),
     ("NO [X-UNHEARD] secret text", r"a NO \[AUTHENTICATIONFAILED\]"),
     ("NO [ALERT] secret text", r"a NO \[AUTHENTICATIONFAILED\]"),
     ("BAD secret text", r"a NO \[")],
)
def test_T_B7_refusals(joe, host, answer, expected):
    wire = host.accept()
    wire.send("* OK ready")
    tag, _, _ = wire.imap_wait_login()
    wire.send(f"{tag} {answer}")
    joe.expect(expected)
    assert not any(
        word in bytes(joe.received) for word in (b"unknown", b"secret")
    )
    # Another try on the same connection.
    joe.send("b LOGIN joe pw")
    logged_in_to_b(host.accept(), joe)


def logged_in_to_b(wire, client):
    wire.imap_login()
    assert client.answer("b")[1].startswith("b OK")


@pytest.mark.parametrize(
    "answer,expected",
    [("-ERR no such mailbox for joe", r"-ERR \[AUTH\]"),
     ("-ERR [AUTH] secret text", r"-ERR \[AUTH\]"),
     ("-ERR [IN-USE] secret text", r"-ERR \[IN-USE\]"),
     ("-ERR [SYS/TEMP] secret text", r"-ERR \[SYS/TEMP\]"),
     ("-ERR [X-UNHEARD] secret text", r"-ERR \[AUTH\]"),
     ("-ERR", r"-ERR \[AUTH\]")],
)
def test_T_B7_pop3_refusals(pop, host, answer, expected):
    wire = host.accept()
    wire.send("+OK ready")
    wire.pop3_wait_pass()
    wire.send(answer)
    pop.expect(expected)
    assert not any(
        word in bytes(pop.received) for word in (b"mailbox", b"secret")
    )


def test_T_B7_pop3_user_refused(pop, host):
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect("USER joe")
    wire.send("-ERR no joe here")
    pop.expect(r"-ERR \[AUTH\]")
    wire.poll(0.2)
    assert b"PASS" not in bytes(wire.received)


def test_pop3_password_waits_for_the_answer_to_user(pop, host):
    wire = host.accept()
    wire.expect_silence(0.2)
    wire.send("+OK ready")
    wire.expect("USER joe")
    wire.expect_silence(0.2)
    wire.send("+OK")
    wire.expect("PASS pw")
    wire.send("+OK in")
    pop.expect(r"\+OK in")


def test_nothing_is_sent_before_the_greeting(joe, host):
    wire = host.accept()
    wire.expect_silence(0.3)
    logged_in_to(wire, joe)


# Hosts that are not there.


def closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_refused(suite):
    port = closed_port()
    suite.add_user("joe", host="127.0.0.1", imap_port=port, pop3_port=port)
    client = suite.imap()
    client.send("a LOGIN joe pw")
    expect_temporary(client)
    client = suite.pop3()
    client.ok("USER joe")
    client.send("PASS pw")
    expect_temporary_pop(client)
    suite.wait_log(r"refused: .*host=127\.0\.0\.1:%d" % port)


@pytest.fixture
def black_hole():
    """A port whose queue of connections is full: SYNs are dropped."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
            fillers.append(filler)
        time.sleep(0.1)
        yield sock.getsockname()
        for filler in fillers:
            filler.close()


def test_black_hole(suite, black_hole):
    suite.add_user("joe", host=black_hole[0], imap_port=black_hole[1])
    start = time.monotonic()
    client = suite.imap()
    client.send("a LOGIN joe pw")
    expect_temporary(client)
    assert 0.5 < time.monotonic() - start < 1 + SLACK


def test_proxy_timeout_of_a_row(suite, black_hole):
    suite.add_user(
        "joe", host=black_hole[0], imap_port=black_hole[1], proxy_timeout="1"
    )
    start = time.monotonic()
    client = suite.imap()
    client.send("a LOGIN joe pw")
    expect_temporary(client)
    assert time.monotonic() - start < 1.9 + SLACK


def test_many_proxy_timeouts(new_suite, host):
    """However many lengths there have been, each is what it is."""
    suite = new_suite(settings={"login_processes_count": 1})

    def begin(timeout):
        suite.add_user("joe", host=host.addr, imap_port=host.port,
                       proxy_timeout=timeout)
        client = suite.imap()
        client.send("a LOGIN joe pw")
        return client, host.accept()

    for seconds in range(31, 46):
        client, wire = begin(f"{seconds}s")
        logged_in_to(wire, client)
        client.close()
    client, _ = begin("100ms")
    expect_temporary(client)
    client, wire = begin("30s")
    time.sleep(1.2)
    logged_in_to(wire, client)
    client, _ = begin("600ms")
    expect_temporary(client)


@pytest.fixture
def same_port():
    """Hosts at one port of several addresses; only some of them listen."""
    first = Host(addr="127.9.0.1")
    made = [first]
    for last in (2, 3):
        made.append(Host(addr=f"127.9.0.{last}", port=first.port))
    yield made
    for host in made:
        host.close()


@pytest.mark.parametrize("separator", [" ", ",", ", "])
def test_several_hosts_in_order(suite, same_port, separator):
    names = separator.join(host.addr for host in same_port)
    suite.add_user("joe", host=names, imap_port=same_port[0].port)
    for gone in range(3):
        client = suite.imap()
        client.send("a LOGIN joe pw")
        logged_in_to(same_port[gone].accept(), client)
        for later in same_port[gone + 1 :]:
            later.expect_nobody(0.05)
        same_port[gone].sock.close()
    client = suite.imap()
    client.send("a LOGIN joe pw")
    expect_temporary(client)


def test_one_deadline_for_all_tries(suite, black_hole):
    hosts = " ".join([black_hole[0]] * 4)
    suite.add_user("joe", host=hosts, imap_port=black_hole[1])
    start = time.monotonic()
    client = suite.imap()
    client.send("a LOGIN joe pw")
    expect_temporary(client)
    assert time.monotonic() - start < 1 + SLACK


@pytest.mark.parametrize("how", ["close", "reset", "shutdown"])
@pytest.mark.parametrize("step", ["connect", "greeting", "login"])
def test_the_client_hangs_up_meanwhile(suite, joe, host, how, step):
    wire = host.accept()
    if step != "connect":
        wire.send("* OK ready")
    if step == "login":
        wire.imap_wait_login()
    getattr(joe, how)()
    wire.expect_eof(5)


# a host that dies at each step, each way.

IMAP_STEPS = ["connect", "half banner", "banner", "login", "half tagged"]
POP3_STEPS = ["connect", "half banner", "banner", "user", "pass", "half ok"]


def die(wire, how):
    if how == "rst":
        wire.reset()
    elif how == "fin":
        wire.close()
    elif how == "half close":
        wire.shutdown()
    elif how == "garbage":
        try:
            wire.send(b"\0\xff\x16\x03\x01 garbage \r\n" * 50)
        except OSError:
            pass


HOWS = ["rst", "fin", "half close", "stall", "garbage"]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("step", IMAP_STEPS)
def test_R_10_imap(suite, joe, host, step, how):
    wire = host.accept()
    if step == "half banner":
        wire.send(b"* O")
    elif step != "connect":
        wire.send("* OK ready")
    if step in ("login", "half tagged"):
        tag, _, _ = wire.imap_wait_login()
        if step == "half tagged":
            wire.send(f"{tag} O".encode())
    die(wire, how)
    expect_temporary(joe)
    joe.send("b LOGIN joe pw")
    logged_in_to_b(host.accept(), joe)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("step", POP3_STEPS)
def test_R_10_pop3(suite, pop, host, step, how):
    wire = host.accept()
    if step == "half banner":
        wire.send(b"+O")
    elif step != "connect":
        wire.send("+OK ready")
    if step in ("user", "pass", "half ok"):
        wire.expect("USER joe")
        if step != "user":
            wire.send("+OK")
            wire.expect("PASS pw")
            if step == "half ok":
                wire.send(b"+O")
    die(wire, how)
    pop.expect(r"-ERR \[SYS/TEMP\]", 1 + SLACK)


@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.parametrize("when", ["at once", "midway"])
def test_R_10_relay(suite, joe, host, how, when):
    wire = host.accept()
    logged_in_to(wire, joe)
    if when == "midway":
        wire.send(b"* 1 FETCH " + b"x" * 5000)
        joe.exact(5000)
    die(wire, how)
    joe.expect_eof(5)
    suite.wait_log(r"disconnected: .*user=<joe>.* in=\d+ out=\d+ secs=\d+")


# the relay.


def test_R_17_a_slow_reader_gets_all_in_order(suite, host):
    size = 100_000_000
    suite.add_user("joe", host=host.addr, imap_port=host.port)
    client = suite.imap(rcvbuf=8192)
    client.send("a LOGIN joe pw")
    wire = host.accept()
    logged_in_to(wire, client)
    # A process that waits for a client may be amid its start.
    (pid,) = [pid for pid in suite.children("imap-login")
              if procs.clients(pid, suite.addr("imap")[1]) > 0]
    before = procs.rss_kb(pid)
    block = hashlib.sha256(b"seed").digest() * 31250
    sent = hashlib.sha256()

    def offer():
        wire.sock.settimeout(60)
        for _ in range(size // len(block)):
            wire.sock.sendall(block)
            sent.update(block)
        wire.shutdown()

    sender = Background(offer)
    # Nothing is read for a while: the host is held back.
    time.sleep(0.5)
    assert sender.thread.is_alive()
    grown = procs.rss_kb(pid) - before
    print(f"R-17: {grown} kB more while the client does not read")
    assert grown < 1024
    got, count = hashlib.sha256(client.pending), len(client.pending)
    client.sock.settimeout(20)
    while True:
        data = client.sock.recv(1 << 16)
        if not data:
            break
        got.update(data)
        count += len(data)
    sender.wait()
    assert count == size and got.digest() == sent.digest()


def fill(wire):
    """Sends until nothing goes for a while."""
    wire.sock.setblocking(False)
    block, quiet = b"x" * 65536, 0
    while quiet < 5:
        try:
            wire.sock.send(block)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.02)


def test_R_17_what_slow_readers_cost(suite, mode, host):
    """Twenty of them, when others have made their process ready for it."""
    suite.add_user("joe", host=host.addr, imap_port=host.port)
    pairs = []
    for _ in range(30):
        client = suite.imap(rcvbuf=8192)
        client.send("a LOGIN joe pw")
        pairs.append((client, host.accept()))
        logged_in_to(pairs[-1][1], client)

    def memory():
        pids = suite.children("imap-login")
        return sum(procs.rss_kb(pid) for pid in pids if procs.is_alive(pid))

    for _, wire in pairs[:10]:
        fill(wire)
    before = memory()
    for _, wire in pairs[10:]:
        fill(wire)
    each = (memory() - before) / 20
    print(f"R-17 {mode}: {each:.0f} kB for each slow reader")
    # A process for one client has a buffer for reading of its own.
    assert each <= 64 + 16 + (256 if mode == "per-connection" else 0)


def test_R_17_the_other_direction(suite, joe, host):
    wire = host.accept()
    logged_in_to(wire, joe)
    data = bytes(range(256)) * 40000
    sender = Background(joe.send, data)
    time.sleep(0.3)
    assert wire.exact(len(data), 30) == data
    sender.wait()


def test_both_directions_at_once(suite, joe, host):
    wire = host.accept()
    logged_in_to(wire, joe)
    up, down = b"u" * 5_000_000, b"d" * 5_000_000
    workers = [Background(joe.send, up), Background(wire.send, down),
               Background(wire.exact, len(up), 30)]
    assert joe.exact(len(down), 30) == down
    assert workers[2].wait() == up


def test_R_18_the_client_half_closes(suite, joe, host):
    wire = host.accept()
    logged_in_to(wire, joe)
    joe.send(b"z LOGOUT\r\n")
    joe.shutdown()
    wire.expect("z LOGOUT")
    wire.wait(lambda: True if wire.is_eof else None, "the client's FIN")
    time.sleep(0.2)
    wire.send(b"* BYE\r\n" + b"y" * 200000 + b"z OK\r\n")
    wire.close()
    joe.expect(r"\* BYE")
    rest = joe.expect_eof()
    assert len(rest) == 200006 and rest.endswith(b"z OK\r\n")


def test_R_18_the_host_half_closes(suite, joe, host):
    wire = host.accept()
    logged_in_to(wire, joe)
    wire.send("* BYE soon")
    wire.shutdown()
    joe.expect(r"\* BYE")
    joe.wait(lambda: True if joe.is_eof else None, "the host's FIN")
    joe.send("more to say")
    wire.expect("more to say")
    joe.close()
    wire.expect_eof(5)


def test_R_18_nothing_is_left_open(suite, host):
    """Descriptors of finished sessions are gone in both modes."""
    suite.add_user("joe", host=host.addr, imap_port=host.port)

    def session(end):
        client = suite.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        logged_in_to(wire, client)
        if end == "client":
            client.close()
            wire.expect_eof(5)
        else:
            wire.close()
            client.expect_eof(5)
        client.close()
        wire.close()

    def left():
        return [
            line
            for pid in suite.children("imap-login")
            for line in procs.connections(pid)
            if "listen" not in line
        ]

    for turn in range(10):
        session("client" if turn % 2 else "host")
    procs.wait_until(lambda: not left(), left)


def test_R_18_a_minute_for_the_other_half():
    """One side has ended, the other stays and is silent: who takes longer?"""
    with Host() as host, Suite(settings=SUITE["settings"]) as suite:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        pairs = []
        for _ in range(2):
            client = suite.imap()
            client.send("a LOGIN joe pw")
            pairs.append((client, host.accept()))
            logged_in_to(pairs[-1][1], client)
        start = time.monotonic()
        pairs[0][0].shutdown()
        pairs[1][1].shutdown()
        pairs[0][0].expect_eof(60 + SLACK)
        pairs[1][1].expect_eof(60 + SLACK)
        took = time.monotonic() - start
        print(f"R-18: half closed sessions ended after {took:.1f} s")
        assert took > 59
        suite.wait_log("(?s)reason=half-closed.*reason=half-closed")


def test_keepalive_is_on(suite, joe, host):
    """A dead peer is noticed; the host's end shows that probes are set."""
    wire = host.accept()
    logged_in_to(wire, joe)
    ends = {f"{wire.peer[1]:04X}", f"{joe.peer[1]:04X}"}
    others = {f"{wire.local[1]:04X}", f"{joe.local[1]:04X}"}

    def timers():
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return [
            row[5][:2]
            for row in rows
            if row[1][-4:] in ends and row[2][-4:] in others and row[3] == "01"
        ]

    procs.wait_until(lambda: timers() == ["02", "02"], "keepalive timers")
