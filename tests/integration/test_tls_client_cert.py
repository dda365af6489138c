"""Certificates of clients: which are taken, and whom they name."""

import ssl
import time

import pytest

from harness.host_tls import HostAuthority
from harness.tls import context, tls_client, tls_options, upgrade
from harness.wire import WireError

PAST = ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
FUTURE = ("-startdate", "20480101000000Z", "-enddate", "20490101000000Z")
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Pairs of files by what is right or wrong with them, and authorities."""
    folder = tmp_path_factory.mktemp("clients")
    ca, other = HostAuthority(folder, "ca"), HostAuthority(folder, "other")
    made = {
        "ca": ca.path,
        "other-ca": other.path,
        "joe": ca.issue("joe", None, "joe"),
        "ann": ca.issue("ann", None, "ann"),
        "nobody": ca.issue("nobody", None, "x" * 64),
        "expired": ca.issue("expired", None, "joe", PAST),
        "not-yet": ca.issue("not-yet", None, "joe", FUTURE),
        "stranger": other.issue("stranger", None, "joe"),
        "self-signed": ca.self_signed("joe-himself", "DNS:x.test"),
        "revoked": ca.issue("revoked", None, "joe"),
    }
    made["ca-crl"] = folder / "crl.pem"
    made["ca-crl"].write_bytes(ca.revoke(made["revoked"]).read_bytes())
    made["ca-both"] = folder / "both.pem"
    made["ca-both"].write_bytes(
        made["ca"].read_bytes() + made["other-ca"].read_bytes()
    )
    # In the end joe's own is revoked as well.
    made["ca-crl-joe"] = folder / "crl-joe.pem"
    made["ca-crl-joe"].write_bytes(ca.revoke(made["joe"]).read_bytes())
    return made


def cert_suite(new_suite, hosts, ca, auth=None, **settings):
    suite = new_suite(**tls_options(
        {"ssl_verify_client_cert": "yes", "ssl_ca_file": ca, **settings},
        auth=auth or {},
    ))
    for user in ("joe", "ann", "x" * 64):
        suite.add_row(hosts.row(user))
    return suite


def connect(suite, service, tls, session=None):
    """A client that was let in; None when it was not."""
    try:
        client = tls_client(
            service, suite.addr(service + "s"), tls=tls, name="mail.test",
            session=session,
        )
        client.ok("NOOP")
        return client
    except (ssl.SSLError, WireError, ConnectionError):
        return None


def is_let_in(suite, service, cert, version=None):
    client = connect(suite, service, context(cert=cert, version=version))
    if client is None:
        return False
    with client:
        line = client.login("joe", "pw")
        return (line if service == "pop3" else line[1]).startswith(
            ("a OK", "+OK"))


@pytest.mark.parametrize("is_required", [False, True])
@both
def test_T_T7_which_certificates(new_suite, hosts, shelf, service, is_required):
    suite = cert_suite(
        new_suite, hosts, shelf["ca-crl"],
        {"ssl_require_client_cert": "yes" if is_required else "no"},
    )
    for version in VERSIONS:
        assert is_let_in(suite, service, shelf["joe"], version)
        for wrong in ("expired", "not-yet", "stranger", "self-signed",
                      "revoked"):
            assert not is_let_in(suite, service, shelf[wrong], version), wrong
        assert is_let_in(suite, service, None, version) == (not is_required)
    # In clear there is no certificate at all.
    line = getattr(suite, service)().login("joe", "pw")
    line = line if service == "pop3" else line[1]
    if is_required:
        assert line.startswith(("a NO [PRIVACY", "-ERR")), line
        assert not line.startswith("-ERR [AUTH]")
    else:
        assert line.startswith(("a OK", "+OK")), line


@pytest.mark.parametrize("change", ["other-ca", "ca-crl-joe"])
@pytest.mark.parametrize("version", VERSIONS)
def test_T_T7_resumption_after_a_change(
    new_suite, hosts, shelf, version, change
):
    """A ticket of before does not stand for a certificate that is refused."""
    suite = cert_suite(new_suite, hosts, shelf["ca"],
                       {"ssl_require_client_cert": "yes"})
    tls = context(cert=shelf["joe"], version=version)
    first = connect(suite, "imap", tls)
    session = first.sock.session
    again = connect(suite, "imap", tls, session)
    assert again.sock.session_reused
    line = again.login("joe", "pw")[1]
    assert line.startswith("a OK")
    suite.options["settings"]["ssl_ca_file"] = shelf[change]
    suite.write_conf()
    suite.reload()
    until = time.monotonic() + 10
    while connect(suite, "imap", tls, session) is not None:
        # Old processes serve until the new ones can.
        assert time.monotonic() < until
        time.sleep(0.1)
    assert connect(suite, "imap", tls, session) is None
    assert connect(suite, "imap", tls) is None
    # Who was let in before stays.
    again.ok("WHOAMI", "w")


def test_T_T7_resumption_needs_the_same_authorities(new_suite, hosts, shelf):
    """One more authority: a full handshake, and all is well."""
    suite = cert_suite(new_suite, hosts, shelf["ca"])
    tls = context(cert=shelf["joe"])
    session = connect(suite, "imap", tls).sock.session
    suite.options["settings"]["ssl_ca_file"] = shelf["ca-both"]
    suite.write_conf()
    suite.reload()
    until = time.monotonic() + 10
    while not is_let_in(suite, "imap", shelf["stranger"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    client = connect(suite, "imap", tls, session)
    assert client is not None and not client.sock.session_reused


@both
@pytest.mark.parametrize("way", ["port", "command"])
def test_the_certificate_names_the_user(new_suite, hosts, shelf, service, way):
    """Whatever was typed; with every way to say it."""
    suite = cert_suite(new_suite, hosts, shelf["ca"],
                       {"ssl_username_from_cert": "yes"})
    tls = context(cert=shelf["ann"])

    def inside():
        if way == "port":
            return tls_client(service, suite.addr(service + "s"), tls=tls)
        return upgrade(getattr(suite, service)(), service, tls)

    start = suite.mark()
    with inside() as client:
        client.login("joe", "pw")
    # \0joe\0pw
    plain = "AGpvZQBwdw=="
    with inside() as client:
        verb = "AUTHENTICATE" if service == "imap" else "AUTH"
        client.ok(f"{verb} PLAIN {plain}")
    suite.wait_log(r"login: user=<ann> .*\n(.*\n)*.*login: user=<ann> ", start)
    assert hosts.logins == [("ann", "pw")] * 2
    with tls_client(service, suite.addr(service + "s")) as client:
        client.login("joe", "pw")
    assert hosts.logins[-1] == ("joe", "pw")


def test_the_field_of_the_name(new_suite, hosts, shelf):
    """Another field than the common name, which the certificate lacks."""
    suite = cert_suite(new_suite, hosts, shelf["ca"],
                       {"ssl_username_from_cert": "yes"},
                       ssl_cert_username_field="emailAddress")
    assert is_let_in(suite, "imap", shelf["ann"])
    assert hosts.logins == [("joe", "pw")]


def test_the_name_does_not_count_unless_asked(new_suite, hosts, shelf):
    suite = cert_suite(new_suite, hosts, shelf["ca"])
    assert is_let_in(suite, "imap", shelf["ann"])
    assert hosts.logins == [("joe", "pw")]


def test_the_name_and_several_auth_processes(new_suite, hosts, shelf):
    """The one is asked that the name in the certificate belongs to."""
    suite = new_suite(start=False, **tls_options(
        {"ssl_verify_client_cert": "yes", "ssl_ca_file": shelf["ca"],
         "mail_max_userip_connections": 2, "auth_count": 3},
        auth={"ssl_username_from_cert": "yes"},
    ))
    suite.start()
    suite.add_row(hosts.row("ann"))
    tls = context(cert=shelf["ann"])
    kept = []
    for user in ("joe", "jim", "jack", "jill"):
        client = tls_client("imap", suite.addr("imaps"), tls=tls)
        kept.append((client, client.login(user, "pw")[1]))
    good = [line for _, line in kept if line.startswith("a OK")]
    assert len(good) == 2, kept
