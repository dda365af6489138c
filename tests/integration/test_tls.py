"""TLS with clients: imaps, pop3s, STARTTLS and STLS, as clients use them."""

import hashlib
import imaplib
import os
import poplib
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness import procs
from harness.dovecot import USERS
from harness.host import Host
from harness.suite import Background
from harness.tls import (
    certificates, context, tls_client, tls_options, tls_socket, upgrade,
)
from harness.wire import WireError

SUITE = tls_options
SERVICES = ["imap", "pop3"]
WAYS = ["port", "command"]
both = pytest.mark.parametrize("service", SERVICES)
each_way = pytest.mark.parametrize("way", WAYS)


def connected(suite, service, way, **options):
    """A client inside TLS, by either way; it has read the greeting."""
    if way == "port":
        return tls_client(service, suite.addr(service + "s"), **options)
    return upgrade(getattr(suite, service)(), service, **options)


def logged_in(client, service):
    line = client.login("joe", "pw")
    line = line if service == "pop3" else line[1]
    assert line.startswith(("a OK", "+OK")), line
    return client


def words(client, service):
    """The capabilities that a client is told."""
    if service == "pop3":
        return client.multi("CAPA")
    return client.ok("CAPABILITY")[0][0].split()


@pytest.fixture
def joe(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite


# Logins.


@both
@each_way
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_login_and_its_log_lines(joe, service, way, version):
    start = joe.mark()
    tls = context(certificates()["ca"], version=ssl.TLSVersion[version])
    client = logged_in(
        connected(joe, service, way, tls=tls, name="mail.test"), service
    )
    fields = (
        f"tls={version.replace('_', '.')} cipher={client.sock.cipher()[0]} "
        "sni=<mail.test> resumed=no session="
    )
    found = joe.wait_log(
        rf"login: user=<joe> .* lip=127.0.0.1 {fields}(\S+)", start
    )
    client.sock.settimeout(10)
    client.sock.unwrap().close()
    line = joe.wait_log(
        rf"disconnected: user=<joe> .* session={found[1]} .*", start
    )[0]
    assert fields in line and "reason=client-closed" in line
    assert "truncated" not in line and "error=" not in line


@both
def test_python_clients_at_a_real_host(suite, dovecot, service):
    suite.add_user("john", host=dovecot.addr, imap_port=dovecot.imap_port,
                   pop3_port=dovecot.pop3_port)
    dovecot.refill("john")
    tls = context()
    if service == "imap":
        plain = imaplib.IMAP4(*suite.addr("imap"), timeout=30)
        assert "STARTTLS" in plain.capabilities
        plain.starttls(tls)
        assert "STARTTLS" not in plain.capabilities
        inside = imaplib.IMAP4_SSL(
            *suite.addr("imaps"), ssl_context=tls, timeout=30
        )
        for client in (plain, inside):
            client.login("john", USERS["john"])
            assert client.select()[1] == [b"3"]
            assert client.fetch("1", "(BODY[])")[0] == "OK"
            client.logout()
    else:
        plain = poplib.POP3(*suite.addr("pop3"), timeout=30)
        plain.stls(tls)
        inside = poplib.POP3_SSL(
            *suite.addr("pop3s"), context=tls, timeout=30
        )
        for client in (plain, inside):
            client.user("john")
            client.pass_(USERS["john"])
            assert client.stat()[0] == 3
            client.retr(1)
            client.quit()


@both
@each_way
def test_curl(suite, dovecot, tool, service, way):
    suite.add_user("john", host=dovecot.addr, imap_port=dovecot.imap_port,
                   pop3_port=dovecot.pop3_port)
    dovecot.refill("john")
    scheme = service + ("s" if way == "port" else "")
    port = suite.addr(scheme)[1]
    path = "INBOX;MAILINDEX=1" if service == "imap" else "1"
    done = subprocess.run(
        [tool("curl"), "-sS", "--ssl-reqd", "--cacert",
         certificates()["ca"], "--connect-to", f"::127.0.0.1:{port}",
         "-u", f"john:{USERS['john']}", f"{scheme}://mail.test:{port}/{path}"],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done
    assert "Subject: one" in done.stdout


@both
def test_openssl_s_client(suite, tool, service):
    """Both kinds of key are there, and each client gets what it can use."""
    host, port = suite.addr(service)
    for sigalg, kind in [("RSA-PSS+SHA256", "RSA"), ("ECDSA+SHA256", "EC")]:
        done = subprocess.run(
            [tool("openssl"), "s_client", "-connect", f"{host}:{port}",
             "-starttls", service, "-sigalgs", sigalg, "-alpn", service,
             "-CAfile", certificates()["ca"], "-verify_return_error"],
            capture_output=True, text=True, timeout=60,
            input="" if service == "pop3" else "a LOGOUT\r\n",
        )
        assert "Verification: OK" in done.stdout, done
        assert f"ALPN protocol: {service}" in done.stdout
        assert f"PKEY: {kind}" in done.stdout.replace("id-ec", "EC") or \
            f"a:PKEY: {'rsaEncryption' if kind == 'RSA' else 'id-ecPublicKey'}" \
            in done.stdout


def peer_names(sock):
    """The names in the certificate that a verified connection was shown."""
    return [name for _, name in sock.getpeercert()["subjectAltName"]]


@pytest.mark.parametrize(
    "name, shown",
    [("mail.test", "mail.test"), ("a.test", "a.test"), ("A.Test", "a.test"),
     ("x.w.test", "*.w.test"), ("x.y.w.test", "mail.test"),
     ("w.test", "mail.test"), ("else.test", "mail.test"), (None, "mail.test")],
)
def test_certificates_by_name(suite, name, shown):
    tls = context(certificates()["ca"])
    tls.check_hostname = False
    with tls_socket(suite.addr("imaps"), tls, name) as sock:
        assert peer_names(sock) == [shown]


# What is offered, and what is refused.


@both
def test_tls_is_offered_once(suite, service):
    word = "STARTTLS" if service == "imap" else "STLS"
    plain = getattr(suite, service)()
    assert word in words(plain, service)
    for client in (upgrade(plain, service), connected(suite, service, "port")):
        assert word not in words(client, service)
        line = client.command(word)
        line = line if service == "pop3" else line[1]
        assert line.startswith(("a BAD", "-ERR")), line
        # It is a bad command, and not the end.
        client.ok("NOOP")


def test_imap_greetings(suite):
    assert " STARTTLS " in suite.imap().greeting
    inside = connected(suite, "imap", "port")
    assert "STARTTLS" not in inside.greeting
    assert "AUTH=PLAIN" in inside.greeting


REQUIRED = [
    {"disable_plaintext_auth": "yes"},
    {"ssl": "required"},
]


@pytest.mark.parametrize("settings", REQUIRED)
def test_no_password_in_clear(new_suite, hosts, settings):
    """T-V2: not even from the address that it listens on."""
    suite = new_suite(**tls_options(settings))
    suite.add_row(hosts.row("joe"))
    for source in ("127.0.0.1", "127.0.0.2"):
        client = suite.imap(source=source)
        assert " STARTTLS LOGINDISABLED]" in client.greeting
        assert "AUTH=" not in client.greeting
        # The password must not even be asked for.
        client.send("a LOGIN joe {2}")
        assert client.line().startswith("a NO [PRIVACYREQUIRED]")
        line = client.login("joe", "pw")[1]
        assert line.startswith("a NO [PRIVACYREQUIRED]")
        client = suite.imap(source=source)
        assert client.command("AUTHENTICATE PLAIN AGpvZQBwdw==")[1].startswith(
            "a NO [PRIVACYREQUIRED]"
        )
        pop = suite.pop3(source=source)
        capa = words(pop, "pop3")
        assert "STLS" in capa and "USER" not in capa
        assert not any(line.startswith("SASL") for line in capa)
        assert pop.command("USER joe").startswith("-ERR")
    assert hosts.logins == []
    for service in SERVICES:
        for way in WAYS:
            client = connected(suite, service, way)
            if service == "imap":
                assert "LOGINDISABLED" not in words(client, service)
            logged_in(client, service)


def test_trusted_networks_need_no_tls(new_suite, hosts):
    suite = new_suite(**tls_options({
        "ssl": "required", "login_trusted_networks": "127.0.0.2",
    }))
    suite.add_row(hosts.row("joe"))
    logged_in(suite.imap(source="127.0.0.2"), "imap")
    assert suite.imap().login("joe", "pw")[1].startswith("a NO [PRIV")


def test_ssl_disable(new_suite, hosts):
    options = tls_options({"protocols": "imap pop3", "ssl_disable": "yes"})
    suite = new_suite(**options)
    assert not suite.children("tls-signer")
    assert "STARTTLS" not in suite.imap().greeting
    assert suite.imap().command("STARTTLS")[1].startswith("a BAD")
    assert "STLS" not in words(suite.pop3(), "pop3")
    assert suite.pop3().command("STLS").startswith("-ERR")
    suite.add_row(hosts.row("joe"))
    logged_in(suite.imap(), "imap")


@both
def test_auth_knows_that_it_is_secured(new_suite, hosts, service):
    """%c in the query."""
    suite = new_suite(**tls_options(
        table="CREATE TABLE users (user, host, imap_port, pop3_port, secured)",
        query="SELECT NULL AS password, host, CASE '%s' WHEN 'imap' THEN "
        "imap_port ELSE pop3_port END AS port, 'Y' AS proxy, 'Y' AS "
        "nopassword FROM users WHERE user = '%u' AND secured = '%c'",
    ))
    suite.db.execute(
        "INSERT INTO users VALUES ('joe', ?, ?, ?, 'secured')",
        (hosts.addr, hosts.imap.port, hosts.pop3.port),
    )
    logged_in(connected(suite, service, "command"), service)
    line = getattr(suite, service)().login("joe", "pw")
    assert "AUTH" in (line if service == "pop3" else line[1])


# Relaying.


@pytest.fixture
def relayed(suite):
    """A client inside TLS and its host, whose wire the test drives."""
    made = []

    def make(way="port", **options):
        host = Host()
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        suite.flush_cache()
        client = connected(suite, "imap", way, **options)
        made.append((client, host))
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.imap_login()
        client.expect("a OK")
        return client, wire

    yield make
    for client, host in made:
        client.close()
        host.close()


@each_way
def test_pipelined_behind_the_login(suite, hosts, way):
    suite.add_row(hosts.row("joe"))
    client = connected(suite, "imap", way)
    client.send(b"a LOGIN joe pw\r\nb WHOAMI\r\nc WHOAMI\r\n")
    client.expect("a OK")
    for tag in "bc":
        client.expect(r"\* USER joe")
        client.expect(f"{tag} OK")


def session_of(suite, start):
    """The id of the session that has logged in since."""
    return suite.wait_log(r"login: user=<joe> .* session=(\S+) host", start)[1]


def test_the_client_closes_its_half(suite, relayed):
    """A close_notify ends one direction; answers still come."""
    start = suite.mark()
    client, wire = relayed()
    session = session_of(suite, start)
    client.send("b NOOP")
    client.close_notify()
    assert wire.expect_eof() == b"b NOOP\r\n"
    wire.send("b OK after your end")
    # Python's reader gives up after its own unwrap(): the log has to tell.
    wire.close()
    line = suite.wait_log(rf"disconnected: .* session={session} .*", start)[0]
    assert "truncated" not in line


def test_the_host_closes_its_half(relayed):
    client, wire = relayed()
    wire.send("* BYE going")
    wire.shutdown()
    client.expect(r"\* BYE going")
    client.expect_eof()
    # A close_notify: else it would be seen as an error.
    assert not client.was_reset
    wire.close()


def test_a_truncated_end_is_logged(suite, relayed):
    start = suite.mark()
    client, wire = relayed()
    session = session_of(suite, start)
    client.sock.shutdown(socket.SHUT_RDWR)
    wire.expect_eof()
    wire.close()
    line = suite.wait_log(rf"disconnected: .* session={session} .*", start)[0]
    assert " truncated=yes " in line


@each_way
def test_many_bytes_both_ways(relayed, way):
    client, wire = relayed(way)
    data = os.urandom(1 << 20) * 8

    def sink(wire):
        return hashlib.sha256(wire.exact(len(data), 60)).digest()

    for source, target in [(client, wire), (wire, client)]:
        reader = Background(sink, target)
        source.sock.settimeout(60)
        source.sock.sendall(data)
        assert reader.wait(60) == hashlib.sha256(data).digest()


def test_a_slow_client_is_waited_for(suite, relayed):
    """What the host sends is not piled up here."""
    client, wire = relayed()
    (pid,) = [
        pid for pid in suite.children("imap-login")
        if any(line.split()[2] == str(client.local[1])
               for line in procs.connections(pid))
    ]
    before = procs.rss_kb(pid)
    wire.sock.settimeout(0.5)
    sent = 0
    chunk = bytes(1 << 20)
    with pytest.raises(TimeoutError):
        while sent < 1 << 28:
            sent += wire.sock.send(chunk)
    assert sent < 1 << 27
    assert procs.rss_kb(pid) - before < 2048
    client.exact(sent, 60)


# The signer's end, and resumption.


@both
def test_tls_signer_dies(joe, service):
    """Sessions live on; handshakes are back within a second or two."""
    joe.allow(r"tls-signer", r"signal 9")
    client = logged_in(connected(joe, service, "port"), service)
    (signer,) = joe.children("tls-signer")
    os.kill(signer, signal.SIGKILL)
    began = time.monotonic()

    def shakes():
        try:
            return connected(joe, service, "command")
        except (ssl.SSLError, OSError, WireError):
            return None

    procs.wait_until(shakes, "a handshake", 10)
    assert time.monotonic() - began < 8
    assert client.command("NOOP")


def test_tls_signer_hangs(joe):
    """A handshake fails within its time, plain clients are served."""
    joe.allow(r"tls-signer")
    (signer,) = joe.children("tls-signer")
    session = resumable(joe, "imap")
    os.kill(signer, signal.SIGSTOP)
    try:
        with pytest.raises(ssl.SSLError) as caught:
            connected(joe, "imap", "port")
        assert "internal error" in str(caught.value).lower()
        began = time.monotonic()
        logged_in(joe.imap(), "imap")
        # A ticket needs no signature.
        client = connected(joe, "imap", "port", tls=session[0],
                           session=session[1])
        assert client.sock.session_reused
        assert time.monotonic() - began < 5
    finally:
        os.kill(signer, signal.SIGCONT)
    procs.wait_until(lambda: tries(joe), "a handshake", 10)


def tries(suite):
    try:
        return connected(suite, "imap", "port")
    except ssl.SSLError:
        return None


def resumable(suite, service, name="mail.test", version=None):
    """A context and the session of a connection that was made with it."""
    tls = context(version=version)
    client = connected(suite, service, "port", tls=tls, name=name)
    session = client.sock.session
    assert session.has_ticket
    client.close()
    return tls, session


@both
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_T_T4_resumption_in_all_processes(joe, service, version):
    """1,000 reconnects, each by a ticket of the first; none is in full."""
    count = int(os.environ.get("MW_TLS_RECONNECTS", "250"))
    tls, session = resumable(joe, service, version=ssl.TLSVersion[version])
    start = joe.mark()
    ways = dict.fromkeys(WAYS, 0)
    for number in range(count):
        way = WAYS[number % 10 == 0]
        with connected(joe, service, way, tls=tls, name="mail.test",
                       session=session) as client:
            assert client.sock.session_reused, number
            ways[way] += 1
    assert all(ways.values())
    client = logged_in(
        connected(joe, service, "port", tls=tls, session=session), service
    )
    joe.wait_log(r"login: user=<joe> .* resumed=yes session=", start)


def test_T_T4_tickets_outlive_processes_and_reloads(new_suite):
    suite = new_suite(**tls_options())
    tls, session = resumable(suite, "imap")

    def is_resumed():
        with connected(suite, "imap", "port", tls=tls,
                       session=session) as client:
            return client.sock.session_reused

    assert is_resumed()
    suite.allow(r"signal 9")
    for pid in suite.children("imap-login"):
        os.kill(pid, signal.SIGKILL)
    procs.wait_until(lambda: tries_any(is_resumed), "a new process", 10)
    start = suite.mark()
    suite.send_signal(signal.SIGHUP)
    suite.wait_log(r"configuration read again", start)
    time.sleep(1)
    assert is_resumed()


def tries_any(call):
    try:
        return call()
    except (OSError, WireError):
        return None


def test_T_T4_three_rotations(new_suite):
    """A ticket is good for as long as its key is kept."""
    suite = new_suite(**tls_options({"ssl_ticket_rotate": "2 secs"}))
    begun = time.monotonic()
    tls, session = resumable(suite, "imap")

    def is_resumed(session):
        with connected(suite, "imap", "port", tls=tls,
                       session=session) as client:
            return client.sock.session_reused

    # Its key makes tickets for two seconds at most, and opens them for four.
    assert is_resumed(session) or time.monotonic() - begun > 4
    procs.wait_until(lambda: not is_resumed(session), "the key's end", 20)
    assert time.monotonic() - begun > 3
    # What came since is good.
    tls, session = resumable(suite, "imap")
    assert is_resumed(session)


def test_T_T4_a_ticket_is_for_one_service(suite):
    for ours, other in [("imap", "pop3"), ("pop3", "imap")]:
        tls, session = resumable(suite, ours)
        with connected(suite, other, "port", tls=tls, name="mail.test",
                       session=session) as client:
            assert not client.sock.session_reused


def test_T_T6_a_ticket_is_for_one_name(suite):
    for first, second in [("a.test", "mail.test"), ("mail.test", "a.test"),
                          ("a.test", "x.w.test")]:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            tls, session = resumable(suite, "imap", first, version)
            with connected(suite, "imap", "port", tls=tls, name=second,
                           session=session) as client:
                assert not client.sock.session_reused, (first, second)
            with connected(suite, "imap", "port", tls=tls, name=first,
                           session=session) as client:
                assert client.sock.session_reused


def test_a_new_certificate_needs_no_restart(new_suite, hosts):
    """Sessions stay; tickets of the old certificate are good for it only."""
    suite = new_suite(**tls_options())
    suite.add_row(hosts.row("joe"))
    client = logged_in(connected(suite, "imap", "port"), "imap")
    tls, session = resumable(suite, "imap")
    cert, key = certificates()["joe"]
    suite.write_conf(**tls_options({
        "ssl_cert_file": cert, "ssl_key_file": key,
    }))
    start = suite.mark()
    suite.send_signal(signal.SIGHUP)
    suite.wait_log(r"configuration read again", start)
    trusting = context(certificates()["ca"])
    trusting.check_hostname = False

    def is_new():
        with tls_socket(suite.addr("imaps"), trusting) as sock:
            return sock.getpeercert()["subject"] == ((("commonName", "joe"),),)

    procs.wait_until(is_new, "the new certificate", 10)
    with connected(suite, "imap", "port", tls=tls, name="mail.test",
                   session=session) as other:
        assert not other.sock.session_reused
    assert client.ok("WHOAMI", "w")[0] == ["* USER joe"]


# Certificates of clients.


def test_verbose_ssl(new_suite):
    suite = new_suite(**tls_options({"verbose_ssl": "yes"}))
    with connected(suite, "imap", "port", name="a.test"):
        suite.wait_log(r"session \S+: handshake done: tls=TLSv1.3 cipher=\S+ "
                       r"sni=<a.test> resumed=no$")


def test_idle_sessions_take_little_memory(suite, hosts):
    if suite.per_connection:
        return
    suite.add_row(hosts.row("joe"))
    pids = suite.children("imap-login")
    clients = [logged_in(connected(suite, "imap", "port"), "imap")
               for _ in range(50)]
    before = sum(procs.rss_kb(pid) for pid in pids)
    clients += [logged_in(connected(suite, "imap", "port"), "imap")
                for _ in range(200)]
    each = (sum(procs.rss_kb(pid) for pid in pids) - before) / 200
    print(f"{each:.1f} kB each")
    for client in clients:
        client.close()
    assert each < 32
