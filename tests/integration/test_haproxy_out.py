"""The PROXY protocol to mail hosts, and hosts that learn nothing."""

import itertools
import random
import re

import pytest

from harness.dovecot import DovecotHost
from harness.haproxy import take_header
from harness.host import IMAP_CAPS, Host
from harness.host_tls import TlsHost, host_certificates, host_context
from harness.suite import COLUMNS, QUERY

PROXY, CLIENT = "127.0.0.5", "127.0.0.6"
FIELDS = ["haproxy", "ssl", "starttls", "proxy_not_trusted",
          "proxy_nopipelining", "forward_zone"]
SUITE = {
    "settings": {"login_trusted_networks": PROXY, "login_proxy_timeout": "5s"},
    "table": f"CREATE TABLE users ({', '.join(COLUMNS + FIELDS)}, "
             "PRIMARY KEY (user))",
    "query": QUERY.replace(" FROM", f", {', '.join(FIELDS)} FROM"),
}
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)
versions = pytest.mark.parametrize("version", [1, 2])
# Of clients that are told apart in a log.
numbers = itertools.count(1)


def begin(suite, service, host, source=CLIENT, said="", **columns):
    """A client whose login is under way to the host."""
    suite.add_user("joe", host=host.addr, imap_port=host.port,
                   pop3_port=host.port, **columns)
    client = getattr(suite, service)(source=source)
    if service == "imap":
        if said:
            client.ok(f'ID ("x-originating-ip" "{said}")', "i")
        client.send("a LOGIN joe pw")
    else:
        if said:
            client.ok(f"XCLIENT ADDR={said}")
        client.ok("USER joe")
        client.send("PASS pw")
    return client


def finish(wire, client, service):
    getattr(wire, f"{service}_login")()
    if service == "imap":
        assert client.answer()[1].startswith("a OK")
    else:
        client.expect(r"\+OK Logged in")


@pytest.fixture
def host():
    with Host() as made:
        yield made


@both
@versions
def test_a_header_before_the_greeting(suite, host, service, version):
    start = suite.mark()
    client = begin(suite, service, host, haproxy=version)
    wire = host.accept()
    # The host has not said a word yet.
    found = take_header(wire)
    here = client.peer
    assert found[:5] == (version, CLIENT, client.local[1], *here)
    finish(wire, client, service)
    session = suite.wait_log(
        rf"login: .* session=(\S+) host=127\.0\.0\.1:{host.port} ", start)[1]
    assert found[5] == (b"" if version == 1 else session.encode())


@both
@versions
def test_a_header_names_the_client_of_a_trusted_proxy(
    suite, host, service, version
):
    for rip, src in (("203.0.113.9", "203.0.113.9"),
                     ("2001:db8::9", "2001:db8::9")):
        client = begin(suite, service, host, PROXY, rip, haproxy=version)
        wire = host.accept()
        found = take_header(wire)
        # A port that nobody told is that of the connection, never 0.
        assert found[1:3] == (src, client.local[1])
        # Two families do not fit into one header: both go as IPv6.
        assert found[3] == ("::ffff:127.0.0.1" if ":" in rip else "127.0.0.1")
        finish(wire, client, service)


@both
def test_no_header_unless_it_is_asked_for(suite, host, service):
    client = begin(suite, service, host)
    wire = host.accept()
    wire.expect_silence(0.2)
    finish(wire, client, service)


@both
def test_a_header_before_TLS(suite, service):
    with TlsHost() as host:
        client = begin(suite, service, host, haproxy=2, ssl="any-cert")
        wire = host.accept()
        assert take_header(wire)[1] == CLIENT
        wire.start_tls(host_context())
        finish(wire, client, service)


def test_a_header_for_each_address(suite, host):
    """Who cannot be reached gets none, the next one does."""
    client = begin(suite, "imap", host, haproxy=1)
    wire = host.accept()
    take_header(wire)
    wire.close()
    assert client.answer()[1].startswith("a NO [UNAVAILABLE]")
    with Host() as gone:
        pass
    start = suite.mark()
    client = begin(suite, "imap", gone, haproxy=1)
    assert client.answer()[1].startswith("a NO [UNAVAILABLE]")
    suite.wait_log(r'proxy: .*error="Connection refused"', start)


# proxy_not_trusted, proxy_nopipelining, forward_*.


@both
def test_a_host_that_is_not_trusted_learns_nothing(suite, host, service):
    client = begin(suite, service, host, proxy_not_trusted="Y")
    wire = host.accept()
    if service == "imap":
        wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
        tag = wire.expect(r"(\S+) LOGIN ")[1]
        wire.send(f"{tag} OK in")
        assert client.answer()[1].startswith("a OK")
    else:
        wire.send("+OK [XCLIENT] ready")
        wire.expect("USER joe$")
        wire.send("+OK")
        wire.expect("PASS pw$")
        wire.send("+OK in")
        client.expect(r"\+OK in")


@both
def test_one_command_at_a_time(suite, host, service):
    client = begin(suite, service, host, proxy_nopipelining="Y")
    wire = host.accept()
    if service == "imap":
        wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
        tag = wire.expect(r"(\S+) ID \(")[1]
        wire.expect_silence(0.2)
        wire.send(f"* ID NIL\r\n{tag} OK")
        tag = wire.expect(r"(\S+) LOGIN ")[1]
        wire.send(f"{tag} OK in")
        assert client.answer()[1].startswith("a OK")
    else:
        wire.send("+OK [XCLIENT] ready")
        wire.expect("XCLIENT ")
        wire.expect_silence(0.2)
        wire.send("+OK")
        wire.expect("USER joe$")
        wire.send("+OK")
        wire.expect("PASS pw$")
        wire.send("+OK in")
        client.expect(r"\+OK in")


def test_a_rows_pairs_are_forwarded_too(suite, host):
    client = begin(suite, "imap", host, forward_zone='x" "y')
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
    assert r'"x-forward-zone" "x\" \"y"' in wire.line()
    wire.close()
    assert client.answer()[1].startswith("a NO")


# Dovecot behind.


@pytest.fixture(scope="module")
def doors():
    addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.3"
    host = DovecotHost(
        addr, pair=host_certificates()["host"], haproxy=(10143, 10993),
        more="haproxy_trusted_networks = 127.0.0.0/8\n",
    )
    yield host
    host.close()


@both
@versions
@pytest.mark.parametrize("tls", ["ssl", "starttls"])
def test_dovecot_behind(suite, doors, service, version, tls):
    port = (10993 if tls == "ssl" else 10143) + (service == "pop3")
    suite.add_user("joe@domain.net", host=doors.addr, imap_port=port,
                   pop3_port=port, haproxy=version, **{tls: "any-cert"})
    rip = f"198.51.100.{next(numbers)}"
    client = getattr(suite, service)(source=PROXY)
    if service == "imap":
        client.ok(f'ID ("x-originating-ip" "{rip}")', "i")
    else:
        client.ok(f"XCLIENT ADDR={rip}")
    line = client.login("joe@domain.net", "joepass")
    line = line if service == "pop3" else line[1]
    assert line.startswith(("a OK", "+OK")), line + doors.log()[-2000:]
    (login,) = doors.wait_logins(f"rip={rip},")
    assert re.search(r"user=<joe@domain\.net>.*lip=127\.0\.0\.1,.* TLS", login)
