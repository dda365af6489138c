"""The PROXY protocol, spoken by proxies in front."""

import ssl
import subprocess
import time

import pytest

from harness.client import ImapClient, Pop3Client
from harness.haproxy import SIGNATURE, Haproxy, tlv, v1, v2, v2_raw
from harness.host import IMAP_CAPS, Host
from harness.tls import context, tls_client, tls_options
from harness.wire import connect

PROXY, STRANGER = "127.0.0.5", "127.0.0.6"
RIP, LIP = "203.0.113.9", "198.51.100.1"
LISTEN = {
    "haproxy_listen": "127.0.0.1:0, [::1]:0",
    "haproxy_ssl_listen": "127.0.0.1:0",
}
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)
KIND = {"imap": ImapClient, "pop3": Pop3Client}
TCP4 = bytes([1, 2, 3, 4, 5, 6, 7, 8, 0, 25, 1, 187])


def options(settings=None):
    made = tls_options({
        "haproxy_trusted_networks": f"{PROXY} ::1",
        "haproxy_timeout": "1s", "login_proxy_timeout": "5s",
        "disable_plaintext_auth": "no", **(settings or {}),
    })
    for service in SERVICES:
        made[service] = {**made.get(service, {}), **LISTEN}
    return made


SUITE = options


def entering(suite, service, header, source=PROXY, ipv6=False):
    """A connection that begins with these bytes, in so many pieces."""
    wire = connect(suite.addr(f"haproxy-{service}", ipv6),
                   source=None if ipv6 else source)
    for piece in [header] if isinstance(header, bytes) else header:
        wire.send(piece)
        if not isinstance(header, bytes):
            time.sleep(0.05)
    return wire


def client_of(suite, service, header, **more):
    wire = entering(suite, service, header, **more)
    return suite._keep(KIND[service](wire.sock, wire.timeout))


def login(client, service):
    line = client.login("joe", "pw")
    line = line if service == "pop3" else line[1]
    assert line.startswith(("a OK", "+OK")), line


@pytest.fixture
def joe(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite


# Inwards.


GOOD = {
    "v1": v1(RIP, 4321, LIP, 143),
    "v1 ipv6": v1("2001:db8::9", 4321, "2001:db8::1", 143),
    "v2": v2(RIP, 4321, LIP, 143),
    "v2 ipv6": v2("2001:db8::9", 4321, "2001:db8::1", 143),
    "v2 extras": v2(RIP, 4321, LIP, 143, tlv(1, b"imap"), tlv(4, b"x" * 1400)),
}


@both
@pytest.mark.parametrize("name", GOOD)
def test_T_V1_a_header_says_who_the_client_is(joe, service, name):
    start = joe.mark()
    login(client_of(joe, service, GOOD[name]), service)
    rip, lip = (RIP, LIP) if "6" not in name else ("2001:db8::9", "2001:db8::1")
    joe.wait_log(rf"login: user=<joe> .* rip={rip} lip={lip} "
                 rf"real_rip={PROXY} session=", start)


LOCAL = {
    "v1 unknown": b"PROXY UNKNOWN\r\n",
    "v1 unknown with more": b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
    "v2 local": v2_raw(0x20, 0, b""),
    "v2 local with extras": v2_raw(0x20, 0x11, TCP4 + tlv(3, b"crcc")),
    "v2 unspecified": v2_raw(0x21, 0, b""),
    "v2 unix": v2_raw(0x21, 0x31, b"\0" * 216),
}


@both
@pytest.mark.parametrize("name", LOCAL)
def test_T_V1_the_sockets_address_is_kept(joe, service, name):
    start = joe.mark()
    login(client_of(joe, service, LOCAL[name]), service)
    line = joe.wait_log(r"login: user=<joe> .*", start)[0]
    assert f" rip={PROXY} lip=127.0.0.1 session=" in line, line


BAD = {
    "no header": b"a1 NOOP\r\n",
    "TLS": b"\x16\x03\x01\x00\x05hello",
    "port 0123": b"PROXY TCP4 1.2.3.4 5.6.7.8 0123 25\r\n",
    "port 123456": b"PROXY TCP4 1.2.3.4 5.6.7.8 123456 25\r\n",
    "mapped in TCP4": b"PROXY TCP4 ::ffff:1.2.3.4 5.6.7.8 1 25\r\n",
    "fields missing": b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
    "108 bytes": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "no end": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2" + b" " * 100,
    "v2 short": v2_raw(0x21, 0x11, TCP4[:-1]),
    "v2 65535": SIGNATURE + b"\x21\x11\xff\xff",
    "v2 1501": SIGNATURE + b"\x21\x11\x05\xdd",
    "v2 UDP": v2_raw(0x21, 0x12, TCP4),
    "v2 unix datagram": v2_raw(0x21, 0x32, b"\0" * 216),
    "v2 version 3": v2_raw(0x31, 0x11, TCP4),
    "v2 command 2": v2_raw(0x22, 0x11, TCP4),
    "v2 extra beyond": v2_raw(0x21, 0x11, TCP4 + b"\x02\0\x05abc"),
    "v2 extra cut": v2_raw(0x21, 0x11, TCP4 + b"\x02\0"),
    "v2 TLS beyond": v2_raw(0x21, 0x11, TCP4 + tlv(
        0x20, b"\1\0\0\0\0\x22\0\x09cn")),
}


@pytest.mark.parametrize("name", BAD)
def test_T_V1_what_is_no_header(suite, name):
    start = suite.mark()
    wire = entering(suite, "imap", BAD[name])
    assert wire.expect_eof() == b""
    line = suite.wait_log(r"disconnected: .*reason=haproxy-header.*", start)[0]
    assert f" rip={PROXY} " in line


@both
@pytest.mark.parametrize("name", ["v1", "v2"])
def test_T_V1_from_others_nothing_is_taken(suite, service, name):
    start = suite.mark()
    wire = connect(suite.addr(f"haproxy-{service}"), source=STRANGER)
    try:
        wire.send(GOOD[name])
    except OSError:
        pass
    assert wire.expect_eof() == b""
    suite.wait_log(rf"disconnected: .* rip={STRANGER} .*"
                   r"reason=haproxy-untrusted", start)
    assert RIP not in suite.log(start)


@both
def test_a_header_at_other_listeners_is_none(suite, service):
    """From whomever it comes: there is no guessing."""
    wire = connect(suite.addr(service), source=PROXY)
    wire.send(GOOD["v1"] + b"a1 NOOP\r\n")
    start = suite.mark()
    wire.expect(r"\* OK|\+OK")
    wire.expect(r"\* BAD|PROXY BAD|-ERR")
    wire.close()
    # Others may come to their end only now.
    suite.wait_log(rf"disconnected: .* rip={PROXY} lip=\S+ session=", start)


@both
@pytest.mark.parametrize("name", ["v1", "v2 extras"])
def test_T_V1_a_header_in_three_pieces(joe, service, name):
    header = GOOD[name]
    third = len(header) // 3
    pieces = [header[:third], header[third : 2 * third], header[2 * third :]]
    login(client_of(joe, service, pieces), service)


def test_T_V1_a_header_byte_by_byte(joe):
    header = GOOD["v2"]
    client = client_of(joe, "imap", [bytes([b]) for b in header[:10]]
                       + [header[10:]])
    login(client, "imap")


@both
def test_T_V1_commands_behind_the_header(joe, service):
    """In one segment: they are not the header's."""
    if service == "imap":
        wire = entering(joe, service, GOOD["v1"] + b"a LOGIN joe pw\r\n")
        wire.until("a OK")
    else:
        wire = entering(joe, service, GOOD["v2"]
                        + b"USER joe\r\nPASS pw\r\n")
        wire.until(r"\+OK Logged in")


class HeaderSocket:
    """A socket whose first bytes go out together with a header."""

    def __init__(self, sock, header):
        self.sock, self.header = sock, header

    def client_hello(self, tls):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        made = tls.wrap_bio(into, out, server_hostname="mail.example.org")
        with pytest.raises(ssl.SSLWantReadError):
            made.do_handshake()
        self.sock.sendall(self.header + out.read())
        while True:
            into.write(self.sock.recv(65536))
            try:
                made.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            finally:
                data = out.read()
                if data:
                    self.sock.sendall(data)
        return made, into, out


@both
@pytest.mark.parametrize("name", ["v1", "v2", "v2 local"])
def test_T_V1_a_header_and_TLS_in_one_segment(suite, service, name):
    start = suite.mark()
    header = {**GOOD, **LOCAL}[name]
    wire = connect(suite.addr(f"haproxy-{service}s"), source=PROXY)
    tls, into, out = HeaderSocket(wire.sock, header).client_hello(context())
    tls.write(b"a LOGOUT\r\nQUIT\r\n")
    wire.send(out.read())
    wire.wait(lambda: True if wire.is_eof else None, "the end")
    into.write(wire.pending)
    text = tls.read(65536)
    assert text.startswith((b"* OK", b"+OK")), text
    line = suite.wait_log(r"disconnected: .*reason=logout", start)[0]
    assert f"rip={PROXY if 'local' in name else RIP} " in line
    assert " tls=TLSv1.3 " in line


def test_T_V1_TLS_takes_no_header_within(suite):
    """Clear text where TLS must begin."""
    start = suite.mark()
    wire = entering(suite, "imaps", GOOD["v1"] + b"a1 NOOP\r\n")
    wire.expect_eof()
    suite.wait_log(r"disconnected: .*reason=tls-failed", start)


@both
def test_a_header_that_does_not_come(suite, service):
    for header in (b"", b"PROXY TCP4 1.2.3.4", SIGNATURE + b"\x21\x11\0\x0c"):
        start = suite.mark()
        began = time.monotonic()
        wire = entering(suite, service, header)
        assert wire.expect_eof() == b""
        assert time.monotonic() - began > 0.8
        suite.wait_log(r"disconnected: .*reason=haproxy-timeout", start)


def test_a_header_that_ends_midway(suite):
    """A check of a balancer: no header, and nothing lost by it."""
    for header in (b"", b"PROXY TCP4 1.2"):
        start = suite.mark()
        wire = entering(suite, "imap", header)
        wire.shutdown()
        assert wire.expect_eof() == b""
        suite.wait_log(r"disconnected: .*reason=client-gone", start)


def test_extras_in_the_log(joe):
    header = v2(RIP, 1, LIP, 143, tlv(2, b"mail.ex<ample\n"), tlv(5, b"u-1"),
                tlv(0x20, b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3")
                    + tlv(0x22, b"joe")))
    start = joe.mark()
    client = client_of(joe, "imap", header)
    login(client, "imap")
    client.close()
    for what in ("login", "disconnected"):
        joe.wait_log(
            rf"{what}: .*lip={LIP} real_rip={PROXY} front_tls=yes "
            r"front_sni=<mail\.ex\\x3cample\\x0a> front_cert=<joe> "
            r"front_id=<u-1> session=", start)


def test_a_certificate_that_was_not_verified(joe):
    header = v2(RIP, 1, LIP, 143, tlv(0x20, b"\7\0\0\0\1" + tlv(0x22, b"joe")))
    start = joe.mark()
    login(client_of(joe, "imap", header), "imap")
    line = joe.wait_log(r"login: .*", start)[0]
    assert "front_tls=yes" in line and "front_cert" not in line


@both
@pytest.mark.parametrize("trust", ["no", "yes"])
def test_what_protects_a_connection(new_suite, hosts, service, trust):
    suite = new_suite(**options({
        "disable_plaintext_auth": "yes", "haproxy_trust_ssl": trust,
        "login_trusted_networks": "203.0.113.77",
    }))
    suite.add_row(hosts.row("joe"))
    tls = tlv(0x20, b"\1\0\0\0\1")
    for header, is_protected in (
        (v1(RIP, 1, LIP, 143), False),
        (v2(RIP, 1, LIP, 143), False),
        (v2(RIP, 1, LIP, 143, tlv(0x20, b"\0\0\0\0\0")), False),
        (v2(RIP, 1, LIP, 143, tls), trust == "yes"),
        # The administrator trusts this client, and the proxy to name it.
        (v1("203.0.113.77", 1, LIP, 143), True),
    ):
        client = client_of(suite, service, header)
        line = client.login("joe", "pw")
        line = line if service == "pop3" else line[1]
        assert line.startswith(("a OK", "+OK")) == is_protected, (header, line)


@both
def test_trusted_proxies_behind_a_proxy(new_suite, service):
    """Its header names a webmail server, and that names the client."""
    suite = new_suite(**options({"login_trusted_networks": "203.0.113.7"}))
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port,
                       pop3_port=host.port)
        client = client_of(suite, service, v2("203.0.113.7", 1, LIP, 143))
        if service == "imap":
            client.ok(f'ID ("x-originating-ip" "{RIP}")')
            client.send("a LOGIN joe pw")
            wire = host.accept()
            wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
        else:
            assert "[XCLIENT]" in client.greeting
            client.ok(f"XCLIENT ADDR={RIP}")
            client.ok("USER joe")
            client.send("PASS pw")
            wire = host.accept()
            wire.send("+OK [XCLIENT] ready")
        assert RIP in wire.line()


def test_over_ipv6(joe):
    start = joe.mark()
    login(client_of(joe, "imap", GOOD["v2"], ipv6=True), "imap")
    joe.wait_log(rf"login: .* rip={RIP} lip={LIP} real_rip=::1 ", start)


def test_no_listener_without_a_proxy(new_suite):
    suite = new_suite(start=False, **options({"haproxy_trusted_networks": ""}))
    done = subprocess.run(suite.command("-t"), capture_output=True, text=True)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and "haproxy_trusted_networks is empty" in text


# HAProxy in front.


@pytest.fixture
def haproxy(suite):
    ways = {}
    for service in SERVICES:
        for name, option in (("v1", "send-proxy"), ("v2", "send-proxy-v2"),
                             ("checked", "send-proxy-v2 check inter 100")):
            ways[f"{service}-{name}"] = (
                suite.addr(f"haproxy-{service}"),
                f"{option} source {PROXY}", "")
        ways[f"{service}s-v2"] = (
            suite.addr(f"haproxy-{service}s"),
            f"send-proxy-v2 proxy-v2-options unique-id source {PROXY}", "")
    with Haproxy(ways) as made:
        yield made


@both
@pytest.mark.parametrize("name", ["v1", "v2", "checked"])
def test_HAProxy_in_front(joe, haproxy, service, name):
    start = joe.mark()
    wire = connect(haproxy.addrs[f"{service}-{name}"], source="127.0.0.77")
    client = KIND[service](wire.sock, wire.timeout)
    login(client, service)
    joe.wait_log(rf"login: user=<joe> .* rip=127\.0\.0\.77 .*"
                 rf"real_rip={PROXY} ", start)
    client.close()


@both
def test_HAProxy_in_front_of_TLS(joe, haproxy, service):
    start = joe.mark()
    client = tls_client(service, haproxy.addrs[f"{service}s-v2"],
                        source="127.0.0.78")
    login(client, service)
    joe.wait_log(rf"login: user=<joe> .* rip=127\.0\.0\.78 .*"
                 rf"real_rip={PROXY} tls=TLSv1.3 ", start)
