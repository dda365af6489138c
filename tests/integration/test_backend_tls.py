"""TLS towards mail hosts: STARTTLS, STLS, from the first byte; T-S, T-T."""

import hashlib
import itertools
import random
import re
import ssl
import threading
import time

import pytest

from harness.dovecot import MASTERS, USERS, DovecotHost
from harness.host import IMAP_CAPS
from harness.host_tls import TlsHost, host_certificates, host_context
from harness.suite import QUERY, TABLE, Background
from harness.tls import tls_client
from harness.wire import WireError

FIELDS = ("ssl", "starttls", "ssl_hostname", "hostip", "master", "proxy_mech")
TLS_TABLE = TABLE.replace(", PRIMARY", "".join(f", {x}" for x in FIELDS)
                          + ", PRIMARY")
TLS_QUERY = QUERY.replace(" FROM ", "".join(f", {x}" for x in FIELDS)
                          + " FROM ")
SERVICES = ["imap", "pop3"]
WAYS = ["ssl", "starttls"]
SECRET = "hunter2-in-clear"
TEMPFAIL = {"imap": r"a NO \[UNAVAILABLE\]", "pop3": r"-ERR \[SYS/TEMP\]"}
each_service = pytest.mark.parametrize("service", SERVICES)
each_way = pytest.mark.parametrize("way", WAYS)
numbers = itertools.count()


def tls_suite(settings=None, **options):
    return {
        "table": TLS_TABLE,
        "query": TLS_QUERY,
        "settings": {
            "login_processes_count": 1,
            "ssl_client_ca_file": host_certificates()["ca"],
            **(settings or {}),
        },
        **options,
    }


SUITE = tls_suite


@pytest.fixture
def host():
    with TlsHost() as made:
        yield made


def new_user(suite, **columns):
    """A user of this test alone, so that nothing is known of him."""
    user = columns.pop("user", f"u{next(numbers)}")
    suite.add_user(user, **columns)
    return user


def goes_to(suite, target, way, value="yes", **columns):
    port = {"imap_port": target.port, "pop3_port": target.port}
    return new_user(
        suite, **{"host": target.addr, **port, way: value, **columns}
    )


def begin_login(suite, service, user, password=SECRET):
    """A client that has said all; its answer is still to come."""
    client = getattr(suite, service)()
    if service == "imap":
        client.send(f'a LOGIN "{user}" "{password}"')
    else:
        client.send(f"USER {user}")
        client.expect(r"\+OK")
        client.send(f"PASS {password}")
    return client


def begin_tls(wire, service, way, context):
    if way == "ssl":
        return wire.start_tls(context)
    return getattr(wire, {"imap": "imap_starttls", "pop3": "pop3_stls"}[
        service])(context)


def serve(wire, service, way, context):
    """The host's side of a login up to the end of it; (user, password)."""
    begin_tls(wire, service, way, context)
    if service == "imap":
        if way == "ssl":
            wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] host ready")
        tag, user, password = wire.imap_wait_login()
        wire.send(f"{tag} OK [CAPABILITY {IMAP_CAPS}] Logged in")
        return user.decode(), password.decode()
    if way == "ssl":
        wire.send("+OK host ready")
    user, password = wire.pop3_wait_pass()
    wire.send("+OK Logged in.")
    return user, password


def expect_login(client, service):
    client.expect({"imap": "a OK", "pop3": r"\+OK"}[service])


def expect_refusal(client, service):
    client.expect(TEMPFAIL[service])


def log_in(suite, host, service, way, context, user):
    """A whole login over a scripted host: (client, wire)."""
    client = begin_login(suite, service, user)
    wire = host.accept()
    assert serve(wire, service, way, context) == (user, SECRET)
    expect_login(client, service)
    return client, wire


def is_clear(host):
    """Was the password, or a part of its base64, seen in clear?"""
    raw = host.raw
    return SECRET.encode() in raw or b"LOGIN \"" in raw or b"USER " in raw


def expect_failed(suite, target, service, way, context, why, **columns):
    """The host's certificate, or TLS, is refused; nothing leaks."""
    start = suite.mark()
    user = goes_to(suite, target, way, **columns)
    client = begin_login(suite, service, user)
    wire = target.accept()
    with pytest.raises((WireError, OSError)):
        begin_tls(wire, service, way, context)
        # With TLS 1.3 a server is ready before its client is.
        wire.expect_eof()
        raise WireError("closed")
    expect_refusal(client, service)
    assert not is_clear(target) and SECRET not in wire.tail()
    assert bytes(wire.received).find(b"LOGIN ") == -1
    line = suite.wait_log(rf"proxy: user=<{user}>.*error=\"(.*)\"", start)[1]
    assert re.search(why, line), line
    return line


# Debian's Dovecot.


@pytest.fixture(scope="module")
def secure():
    """A Dovecot that takes no login without TLS, at the standard ports."""
    addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.1"
    host = DovecotHost(addr, pair=host_certificates()["name"])
    yield host
    host.close()


def read_mail(suite, service, user, password):
    """The subject of the first message."""
    client = begin_login(suite, service, user, password)
    expect_login(client, service)
    if service == "imap":
        client.send("b SELECT INBOX")
        client.until("b OK")
        client.send("c FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        lines = client.until("c OK")
    else:
        client.send("RETR 1")
        lines = client.until(r"\.$")
    assert "Subject: one" in lines, lines


@each_service
@each_way
@pytest.mark.parametrize(
    "value, columns",
    [
        ("yes", {"host": "mail.test"}),
        ("Y", {"ssl_hostname": "mail.test"}),
        ("any-cert", {}),
    ],
)
def test_dovecot(suite, secure, service, way, value, columns):
    start = suite.mark()
    user, password = "joe@domain.net", USERS["joe@domain.net"]
    suite.add_user(user, **{
        "host": secure.addr, "hostip": secure.addr, way: value, **columns,
    })
    read_mail(suite, service, user, password)
    line = suite.wait_log(r"login: user=<joe@domain.net> .*$", start)[0]
    is_verified = "no" if value == "any-cert" else "yes"
    assert " host_tls=TLSv1.3 host_cipher=TLS_" in line
    assert f" host_verified={is_verified} " in line
    port = {"imap": 993, "pop3": 995} if way == "ssl" else {
        "imap": 143, "pop3": 110}
    assert f" host={secure.addr}:{port[service]} " in line


@each_service
@each_way
def test_dovecot_with_sasl(suite, secure, service, way):
    """What the host can do is asked for again, inside TLS."""
    user = new_user(suite, host=secure.addr, destuser="john", master="boss",
                    **{way: "any-cert"})
    client = begin_login(suite, service, user, MASTERS["boss"])
    expect_login(client, service)


@each_service
def test_dovecot_takes_no_login_without_tls(suite, secure, service):
    """So the tests above have used it."""
    user = new_user(suite, host=secure.addr)
    client = begin_login(suite, service, user)
    client.expect({"imap": "a NO", "pop3": "-ERR"}[service])


@each_service
@each_way
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed(suite, host, mode, service, way, version):
    """By the same process, with the same host and name only."""
    begin = start = suite.mark()
    context = host_context(version=ssl.TLSVersion[version])
    one = goes_to(suite, host, way)
    other = goes_to(suite, host, way, ssl_hostname="mail.test")
    for user in (one, one, other, one, other):
        for end in log_in(suite, host, service, way, context, user):
            end.close()
        mark = suite.wait_log(rf"disconnected: user=<{user}>", start)
        start += mark.end()
    found = re.findall(r"login: .* host_verified=yes host_resumed=(\w+)",
                       suite.log(begin))
    is_shared = mode == "shared"
    assert found == (["no", "yes", "no", "yes", "yes"] if is_shared else
                     ["no"] * 5)


# Names and addresses.


@each_service
@each_way
@pytest.mark.parametrize(
    "which, columns",
    [
        ("name", {"host": "mail.test"}),
        ("name", {"ssl_hostname": "Mail.Test"}),
        ("wild", {"host": "mail.hosts.test"}),
        ("ip", {}),
        ("name", {"host": "127.0.0.1", "ssl_hostname": "mail.test"}),
        ("ip", {"host": "mail.test", "ssl_hostname": "127.0.0.1"}),
    ],
)
def test_the_right_names(suite, host, service, way, which, columns):
    user = goes_to(suite, host, way, hostip="127.0.0.1", **columns)
    log_in(suite, host, service, way, host_context(which), user)
    assert not is_clear(host)


WRONG = [
    ("wrong-name", {}, "[Hh]ostname mismatch"),
    ("wrong-ip", {"host": "127.0.0.1"}, "IP address mismatch"),
    # An address is no name, and the other way round.
    ("ip", {}, "[Hh]ostname mismatch"),
    ("name", {"host": "127.0.0.1"}, "IP address mismatch"),
    ("ip-as-name", {"host": "127.0.0.1"}, "IP address mismatch"),
    # The common name does not count.
    ("common-name", {}, "[Hh]ostname mismatch"),
    ("common-name-ip", {"host": "127.0.0.1"}, "IP address mismatch"),
    ("wild-all", {}, "[Hh]ostname mismatch"),
    ("wild-two", {}, "[Hh]ostname mismatch"),
    ("wild-part", {}, "[Hh]ostname mismatch"),
    ("wild", {"host": "hosts.test"}, "[Hh]ostname mismatch"),
    ("wild", {"host": "a.mail.hosts.test"}, "[Hh]ostname mismatch"),
    ("name", {"ssl_hostname": "other.test"}, "[Hh]ostname mismatch"),
    ("expired", {}, "certificate has expired"),
    ("not-yet", {}, "not yet valid"),
    ("stranger", {}, "unable to get local issuer|self-signed"),
    ("self-signed", {}, "self-signed"),
]


@each_way
@pytest.mark.parametrize("which, columns, why", WRONG)
def test_T_T8_certificates_of_others(suite, host, way, which, columns, why):
    columns = {"host": "mail.test", "hostip": "127.0.0.1", **columns}
    line = expect_failed(suite, host, random.choice(SERVICES), way,
                         host_context(which), why, **columns)
    assert line.startswith("TLS: the peer's certificate: ")


@each_service
@each_way
@pytest.mark.parametrize("which", ["wrong-name", "expired", "self-signed"])
def test_any_cert(suite, host, service, way, which):
    user = goes_to(suite, host, way, "any-cert")
    log_in(suite, host, service, way, host_context(which), user)
    assert not is_clear(host)


def test_T_T8_what_any_cert_began_is_not_resumed_verified(suite, host):
    """Another user of the same host wants to know who it is."""
    context = host_context("stranger")
    user = goes_to(suite, host, "ssl", "any-cert", ssl_hostname="mail.test")
    for _ in range(2):
        client, wire = log_in(suite, host, "imap", "ssl", context, user)
        client.send("b NOOP")
        wire.imap_command()
    expect_failed(suite, host, "imap", "ssl", context, "issuer|self-signed",
                  ssl_hostname="mail.test")


def test_T_T8_revoked(new_suite, host):
    made = host_certificates()
    suite = new_suite(**tls_suite({"ssl_client_ca_file": made["ca-crl"]}))
    where = {"ssl_hostname": "mail.test"}
    user = goes_to(suite, host, "ssl", **where)
    log_in(suite, host, "imap", "ssl", host_context("name"), user)
    expect_failed(suite, host, "imap", "ssl", host_context("revoked"),
                  "certificate revoked", **where)


def test_without_an_authority_of_ours(new_suite, host):
    """The system's are asked, which know nothing of ours."""
    suite = new_suite(**tls_suite({"ssl_client_ca_file": ""}))
    expect_failed(suite, host, "imap", "ssl", host_context("ip"),
                  "unable to get local issuer|self-signed")
    user = goes_to(suite, host, "ssl", "any-cert")
    log_in(suite, host, "imap", "ssl", host_context("ip"), user)


@pytest.mark.parametrize("way", WAYS)
def test_the_next_address(suite, way):
    """A host whose certificate is wrong is passed over."""
    start = suite.mark()
    with TlsHost() as bad, TlsHost(addr="127.0.0.2", port=bad.port) as good:
        user = goes_to(suite, bad, way, host="127.0.0.1 127.0.0.2",
                       ssl_hostname="mail.test")
        client = begin_login(suite, "imap", user)
        with pytest.raises(WireError):
            begin_tls(bad.accept(), "imap", way, host_context("wrong-name"))
            raise WireError("not yet, with TLS 1.3")
        serve(good.accept(), "imap", way, host_context("name"))
        expect_login(client, "imap")
        assert not is_clear(bad) and not is_clear(good)
    suite.wait_log("[Hh]ostname mismatch", start)


def test_each_address_has_its_own_name(suite):
    """The first host's certificate is of no use to the second."""
    with TlsHost() as one, TlsHost(addr="127.0.0.9", port=one.port) as two:
        user = goes_to(suite, one, "ssl", host="127.0.0.1 127.0.0.9")
        client = begin_login(suite, "imap", user)
        one.accept().close()
        serve(two.accept(), "imap", "ssl", host_context("wrong-ip"))
        expect_login(client, "imap")


# Answers in clear.


def inject_imap(wire, bytes_behind, is_late):
    """A host that lets TLS begin and says more, or somebody who does."""
    wire.send("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready")
    tag, verb, _ = wire.imap_command()
    assert verb == "STARTTLS"
    answer = f"{tag} OK begin\r\n".encode()
    more = bytes_behind.replace(b"TAG", tag.encode())
    if is_late:
        wire.send(answer)
        time.sleep(0.05)
        wire.send(more)
    else:
        wire.send(answer + more)


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    "behind",
    [
        b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
        b"TAG OK Logged in\r\n",
        b"* OK [CAPABILITY IMAP4rev1 LITERAL+] injected\r\nTAG OK x\r\n",
        b"x",
        b"\r\n",
    ],
)
def test_T_S5_bytes_behind_the_answer_to_starttls(suite, host, behind, is_late):
    user = goes_to(suite, host, "starttls", "any-cert", proxy_timeout="2")
    client = begin_login(suite, "imap", user)
    wire = host.accept()
    inject_imap(wire, behind, is_late)
    expect_refusal(client, "imap")
    wire.expect_eof()
    assert not is_clear(host)


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("behind", [b"+OK\r\n", b"+OK\r\n+OK\r\n", b"x"])
def test_T_S5_bytes_behind_the_answer_to_stls(suite, host, behind, is_late):
    user = goes_to(suite, host, "starttls", "any-cert", proxy_timeout="2")
    client = begin_login(suite, "pop3", user)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect("STLS$")
    wire.send(b"+OK begin\r\n" + (b"" if is_late else behind))
    if is_late:
        time.sleep(0.05)
        wire.send(behind)
    expect_refusal(client, "pop3")
    wire.expect_eof()
    assert not is_clear(host)


def test_T_S5_the_answer_before_the_question(suite, host):
    """The tag cannot be known; POP3 has none."""
    user = goes_to(suite, host, "starttls", "any-cert")
    client = begin_login(suite, "pop3", user)
    wire = host.accept()
    wire.send(b"+OK ready\r\n+OK begin\r\n+OK\r\n+OK\r\n")
    expect_refusal(client, "pop3")
    wire.expect_eof()
    assert not is_clear(host)


@each_service
@pytest.mark.parametrize(
    "greeting",
    [
        b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
        b"+OK ready\r\n+OK\r\n+OK\r\n",
        b"* PREAUTH hello\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x00" * 2000,
        b"\x16\x03\x03\xff\xff" + b"x" * 5000,
    ],
)
def test_T_S6_a_greeting_in_clear_at_a_port_for_tls(
    suite, host, service, greeting
):
    user = goes_to(suite, host, "ssl", "any-cert")
    client = begin_login(suite, service, user)
    wire = host.accept()
    wire.send(greeting)
    expect_refusal(client, service)
    wire.expect_eof()
    assert not is_clear(host)


@each_service
@pytest.mark.parametrize(
    "greeting", ["* PREAUTH welcome", "* BYE no", "-ERR no", "hello"]
)
def test_T_S8_greetings_that_skip_tls(suite, host, service, greeting):
    user = goes_to(suite, host, "starttls", "any-cert")
    client = begin_login(suite, service, user)
    wire = host.accept()
    wire.send(greeting)
    expect_refusal(client, service)
    assert wire.expect_eof() == b""
    assert not is_clear(host)


@pytest.mark.parametrize(
    "greeting, answer, why",
    [
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", None, "does not offer"),
        ("* OK hi", "TAG NO not now", "refuses STARTTLS"),
        ("* OK hi", "TAG BAD what", "refuses STARTTLS"),
        ("* OK [CAPABILITY STARTTLS] hi", "+ go on", "refuses STARTTLS"),
        ("* OK [CAPABILITY STARTTLS] hi", "x OK begin", "unknown tag"),
        ("* OK [CAPABILITY STARTTLS] hi", "* BYE", "connection closed"),
    ],
)
def test_hosts_without_starttls(suite, host, greeting, answer, why):
    start = suite.mark()
    user = goes_to(suite, host, "starttls", "any-cert")
    client = begin_login(suite, "imap", user)
    wire = host.accept()
    wire.send(greeting)
    if answer is not None:
        tag, verb, _ = wire.imap_command()
        assert verb == "STARTTLS"
        wire.send(answer.replace("TAG", tag))
        if "BYE" in answer:
            wire.close()
    expect_refusal(client, "imap")
    assert not is_clear(host)
    suite.wait_log(re.escape(why), start)


def test_a_host_without_stls(suite, host):
    start = suite.mark()
    user = goes_to(suite, host, "starttls", "any-cert")
    client = begin_login(suite, "pop3", user)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect("STLS$")
    wire.send("-ERR what")
    expect_refusal(client, "pop3")
    wire.expect_eof()
    assert not is_clear(host)
    suite.wait_log(re.escape("host refuses STLS"), start)


def test_capabilities_from_before_tls_are_forgotten(suite, host):
    """LITERAL+ and AUTH were promised in clear: nobody counts on them."""
    user = goes_to(suite, host, "starttls", "any-cert", proxy_mech="plain")
    client = begin_login(suite, "imap", user)
    wire = host.accept()
    wire.imap_starttls(host_context(),
                       "IMAP4rev1 STARTTLS SASL-IR LITERAL+ AUTH=PLAIN")
    tag, verb, _ = wire.imap_command()
    assert verb == "CAPABILITY"
    wire.send(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK")
    tag, verb, args = wire.imap_command()
    assert (verb, args) == ("AUTHENTICATE", [b"PLAIN"])
    wire.send("+ ")
    wire.line()
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    expect_login(client, "imap")


def test_the_tag_from_before_tls_is_not_used_again(suite, host):
    user = goes_to(suite, host, "starttls", "any-cert")
    client = begin_login(suite, "imap", user)
    wire = host.accept()
    wire.send("* OK hi")
    first, verb, _ = wire.imap_command()
    wire.send(f"{first} OK begin")
    wire.start_tls(host_context())
    tag, verb, _ = wire.imap_command()
    assert verb == "LOGIN" and tag != first
    wire.send(f"{first} OK [CAPABILITY IMAP4rev1] in")
    expect_refusal(client, "imap")


# Hosts that are slow, or leave.


@each_service
@each_way
def test_a_stall_in_the_handshake(suite, host, service, way):
    start = suite.mark()
    user = goes_to(suite, host, way, "any-cert", proxy_timeout="1")
    client = begin_login(suite, service, user)
    wire = host.accept()
    if way == "starttls":
        wire.send({"imap": "* OK hi", "pop3": "+OK hi"}[service])
        line = wire.line()
        if service == "imap":
            wire.send(line.split()[0] + " OK begin")
        else:
            wire.send("+OK begin")
    expect_refusal(client, service)
    suite.wait_log(re.escape("no TLS handshake in time"), start)
    assert not is_clear(host)


@each_way
def test_a_host_that_leaves_amid_the_handshake(suite, host, way):
    user = goes_to(suite, host, way, "any-cert")
    client = begin_login(suite, "pop3", user)
    wire = host.accept()
    if way == "starttls":
        wire.send("+OK hi")
        wire.expect("STLS$")
        wire.send("+OK begin")
    wire.exact(20)
    wire.close()
    expect_refusal(client, "pop3")


def test_nobody_listens(suite, host):
    start = suite.mark()
    user = goes_to(suite, host, "ssl")
    host.close()
    client = begin_login(suite, "imap", user)
    expect_refusal(client, "imap")
    suite.wait_log(re.escape("Connection refused"), start)


def test_a_client_that_leaves_amid_the_handshake(suite, host):
    start = suite.mark()
    user = goes_to(suite, host, "ssl")
    client = begin_login(suite, "imap", user)
    wire = host.accept()
    wire.exact(5)
    client.close()
    wire.expect_eof(5)
    suite.wait_log(rf"disconnected: user=<{user}>", start)


@each_service
def test_a_refusal_inside_tls(suite, host, service):
    user = goes_to(suite, host, "ssl", "any-cert")
    client = begin_login(suite, service, user)
    wire = host.accept().start_tls(host_context())
    if service == "imap":
        wire.send("* OK hi")
        tag, _, _ = wire.imap_wait_login()
        wire.send(f"{tag} NO [AUTHENTICATIONFAILED] no")
        client.expect(r"a NO \[AUTHENTICATIONFAILED\]")
    else:
        wire.send("+OK hi")
        wire.pop3_wait_pass()
        wire.send("-ERR [AUTH] no")
        client.expect(r"-ERR \[AUTH\]")


# Settings.


def test_T_T9_settings_of_clients_have_no_bearing(new_suite, host):
    suite = new_suite(**tls_suite({
        "ssl_min_protocol": "TLSv1.3",
        "ssl_cipher_list": "ECDHE-RSA-AES128-GCM-SHA256",
    }))
    context = host_context(version=ssl.TLSVersion.TLSv1_2)
    user = goes_to(suite, host, "ssl")
    log_in(suite, host, "imap", "ssl", context, user)
    suite.wait_log(" host_tls=TLSv1.2 ")


def test_T_T9_the_oldest_version_towards_hosts(new_suite, host):
    suite = new_suite(**tls_suite({"ssl_client_min_protocol": "TLSv1.3"}))
    expect_failed(suite, host, "imap", "ssl",
                  host_context(version=ssl.TLSVersion.TLSv1_2), "TLS: .*version")
    user = goes_to(suite, host, "ssl")
    log_in(suite, host, "imap", "ssl", host_context(), user)


def test_T_T9_ciphers_towards_hosts(new_suite, host):
    suite = new_suite(**tls_suite({
        "ssl_client_cipher_list": "ECDHE-ECDSA-CHACHA20-POLY1305",
    }))
    context = host_context(version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    expect_failed(suite, host, "imap", "ssl", context, "TLS: .*alert")
    context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
    user = goes_to(suite, host, "ssl")
    log_in(suite, host, "imap", "ssl", context, user)


@pytest.mark.parametrize("ciphers", ["AES128-SHA256", "ECDHE-ECDSA-AES128-SHA256"])
def test_ciphers_that_no_host_is_taken_with(suite, host, ciphers):
    context = host_context(version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    expect_failed(suite, host, "imap", "ssl", context, "TLS: .*alert",
                  value="any-cert")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_our_own_certificate(new_suite, host, version):
    """Its key is tls-signer's."""
    made = host_certificates()
    suite = new_suite(**tls_suite({
        "ssl_client_cert_file": made["proxy"][0],
        "ssl_client_key_file": made["proxy"][1],
    }))
    context = host_context(version=ssl.TLSVersion[version],
                           client_ca=made["ca"])
    user = goes_to(suite, host, "ssl")
    client, wire = log_in(suite, host, "imap", "ssl", context, user)
    subject = dict(x[0] for x in wire.tls.getpeercert()["subject"])
    assert subject["commonName"] == "the proxy"
    assert suite.children("tls-signer")


# Relay.


def pump(wire, size):
    """Sends what comes back, in clear terms, until so much has."""
    done = 0
    while done < size:
        data = wire.pending
        if not data:
            assert wire.poll(30) and not wire.is_eof
            continue
        wire.taken = len(wire.received)
        wire.send(data)
        done += len(data)


@each_service
@each_way
def test_ten_megabytes_there_and_back(suite, host, service, way):
    size = 10 << 20
    user = goes_to(suite, host, way)
    client, wire = log_in(suite, host, service, way, host_context(), user)
    echo = Background(pump, wire, size)
    data = random.Random(7).randbytes(size)
    sender = threading.Thread(
        target=lambda: client.sock.sendall(data), daemon=True
    )
    client.sock.settimeout(30)
    sender.start()
    digest, left = hashlib.sha256(), size
    while left > 0:
        piece = client.pending or client.sock.recv(min(left, 1 << 16))
        client.taken = len(client.received)
        assert piece
        digest.update(piece)
        left -= len(piece)
    sender.join()
    echo.wait()
    assert digest.digest() == hashlib.sha256(data).digest()


@each_way
def test_bytes_around_the_login_arrive_once(suite, host, way):
    """Commands behind the client's, lines behind the host's answer."""
    user = goes_to(suite, host, way)
    client = suite.imap()
    client.send(f"a LOGIN {user} {SECRET}\r\nb NOOP\r\nc NOOP".encode()
                + b"\r\n")
    wire = host.accept()
    begin_tls(wire, "imap", way, host_context())
    if way == "ssl":
        wire.send("* OK hi")
    tag, _, _ = wire.imap_wait_login()
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in\r\n* 1 EXISTS")
    wire.expect("b NOOP")
    wire.expect("c NOOP")
    expect_login(client, "imap")
    client.expect(r"\* 1 EXISTS")


@each_way
def test_half_close(suite, host, way):
    """Each side's end is told to the other, and the rest still arrives."""
    user = goes_to(suite, host, way)
    client, wire = log_in(suite, host, "imap", way, host_context(), user)
    client.send("b LAST")
    client.shutdown()
    wire.expect("b LAST")
    assert wire.expect_eof() == b""
    wire.send("b OK after the end")
    client.expect("b OK")
    wire.close()
    client.expect_eof()


@each_service
@each_way
def test_tls_on_both_sides(new_suite, host, service, way):
    """One handshake with the client, one with the host, and bytes."""
    suite = new_suite(**tls_suite({
        "protocols": "imap imaps pop3 pop3s",
        "ssl_disable": "no",
        "ssl_cert_file": host_certificates()["name"][0],
        "ssl_key_file": host_certificates()["name"][1],
    }, **{name: {"ssl_listen": "127.0.0.1:0"} for name in SERVICES}))
    user = goes_to(suite, host, way)
    client = tls_client(service, suite.addr(service + "s"))
    echo = Background(
        lambda: (serve(wire := host.accept(), service, way, host_context()),
                 pump(wire, 1 << 20))
    )
    client.login(user, SECRET)
    for number in range(16):
        data = random.Random(number).randbytes(1 << 16)
        client.sock.settimeout(30)
        client.sock.sendall(data)
        assert client.exact(len(data), 30) == data
    echo.wait()
    suite.wait_log(r"login: .* tls=TLSv1.3 .* host_tls=TLSv1.3 ")
    client.close()


def test_fields_that_are_a_fault(suite, host):
    """Temporary failures with a line; nobody is asked."""
    suite.allow("unusable value of|as well as")
    start = suite.mark()
    for columns in ({"ssl": "maybe"}, {"ssl": "yes", "starttls": "yes"},
                    {"starttls": "required"},
                    {"ssl": "yes", "ssl_hostname": "*.test"}):
        user = goes_to(suite, host, "nodelay", **columns)
        expect_refusal(begin_login(suite, "imap", user), "imap")
    host.expect_nobody()
    suite.wait_log(re.escape("unusable value of ssl"), start)
    suite.wait_log(re.escape("starttls as well as ssl"), start)
    suite.wait_log(re.escape("unusable value of ssl_hostname"), start)
