"""
Certificates of clients that a row names by their fingerprints, whoever has
signed them.
"""

import functools
import hashlib
import os
import re
import ssl
import subprocess

import pytest

from harness.host_tls import HostAuthority
from harness.suite import COLUMNS, QUERY, WORKER_UID
from harness.tls import context, tls_client, tls_options, upgrade
from harness.wire import WireError

PRINTS = ("check_client_fp", "check_client_cert_fp", "check_client_pubkey_fp")
TABLE = (
    f"CREATE TABLE users ({', '.join((*COLUMNS, *PRINTS))}, "
    "PRIMARY KEY (user))"
)
ROW = QUERY.replace("SELECT ", f"SELECT {', '.join(PRINTS)}, ", 1)
CACHE = {"auth_cache_size": "1M"}
SERVICES = ["imap", "pop3"]
WAYS = ["port", "command"]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
both = pytest.mark.parametrize("service", SERVICES)
OK, WRONG, TEMP, REFER = "ok", "wrong", "temporary", "elsewhere"
ANSWERS = {
    "a OK": OK, "+OK": OK,
    "a NO [AUTHENTICATIONFAILED]": WRONG, "-ERR [AUTH]": WRONG,
    "a NO [UNAVAILABLE]": TEMP, "-ERR [SYS/TEMP]": TEMP,
    "a NO [REFERRAL": REFER,
}


def options(settings=None, query=ROW, **others):
    return tls_options(
        {"ssl_verify_client_cert": "any-cert", "auth_verbose": "yes",
         **(settings or {})},
        table=TABLE, query=query, **others,
    )


SUITE = options(CACHE)


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True,
                          capture_output=True).stdout


def cert_print(pair, hash="sha256"):
    """As the manual page says how to get it: AA:BB..."""
    text = openssl("x509", "-noout", "-fingerprint", f"-{hash}", "-in",
                   str(pair[0])).decode()
    return text.strip().partition("=")[2]


def key_print(pair, hash="sha256"):
    pem = openssl("x509", "-noout", "-pubkey", "-in", str(pair[0]))
    der = openssl("pkey", "-pubin", "-outform", "DER", data=pem)
    return hashlib.new(hash, der).hexdigest()


@functools.cache
def shelf_in(folder):
    ca, other = HostAuthority(folder, "ca"), HostAuthority(folder, "other")
    made = {
        "ca": ca.path,
        "joe": ca.self_signed("joe", "DNS:x.test"),
        "eve": ca.self_signed("eve", "DNS:x.test"),
        "signed": ca.issue("signed", None, "ann"),
        "stranger": other.issue("stranger", None, "ann"),
        "expired": ca.issue("expired", None, "joe", (
            "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")),
        "revoked": ca.issue("revoked", None, "joe"),
    }
    made["ca-crl"] = ca.revoke(made["revoked"])
    # Joe's next certificate, with the same key.
    renewed = folder / "renewed.pem"
    openssl("req", "-x509", "-key", str(made["joe"][1]), "-out", str(renewed),
            "-subj", "/CN=joe", "-days", "30")
    made["renewed"] = renewed, made["joe"][1]
    weak = folder / "weak.pem", folder / "weak.key"
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout",
            str(weak[1]), "-out", str(weak[0]), "-subj", "/CN=w",
            "-days", "30")
    made["weak"] = weak
    return made


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Pairs of files by whose or of what kind they are, and authorities."""
    return shelf_in(tmp_path_factory.mktemp("clients"))


@pytest.fixture
def add(suite, hosts):
    """The only user's row, with these fields."""

    def call(**fields):
        suite.db.execute("DELETE FROM users")
        suite.add_row(hosts.row("joe", **fields))
        suite.flush_cache()

    return call


def inside(suite, service, way, tls, session=None):
    if way == "port":
        return tls_client(service, suite.addr(service + "s"), tls=tls,
                          name="mail.test", session=session)
    return upgrade(getattr(suite, service)(), service, tls, "mail.test",
                   session)


def answer(client, service, user="joe"):
    line = client.login(user, "pw")
    line = line if service == "pop3" else line[1]
    return next((what for start, what in ANSWERS.items()
                 if line.startswith(start)), line)


def login(suite, cert, service="imap", way="port", version=None, **more):
    tls = context(cert=cert, version=version)
    with inside(suite, service, way, tls) as client:
        return answer(client, service, **more)


def is_shut_out(suite, cert, **more):
    """The handshake ends, in TLS 1.3 after the client thinks it is done."""
    try:
        login(suite, cert, **more)
        return False
    except (ssl.SSLError, WireError, ConnectionError):
        return True


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS)
@both
def test_the_right_certificate(suite, hosts, add, shelf, service, version, way):
    add(check_client_fp=cert_print(shelf["joe"]))
    ask = functools.partial(login, suite, service=service, way=way,
                            version=version)
    assert ask(shelf["joe"]) == OK
    start = suite.mark()
    assert ask(shelf["eve"]) == WRONG
    # What it is, for whoever wants to enter it.
    shown = cert_print(shelf["eve"]).replace(":", "").lower()
    suite.wait_log(f"check_client_fp: the client's certificate is {shown}, "
                   f"its key {key_print(shelf['eve'])}", start)
    suite.wait_log(r"refused: user=<joe> .*reason=credentials", start)
    start = suite.mark()
    assert ask(None) == WRONG
    suite.wait_log("check_client_fp: the client has shown no certificate",
                   start)
    # In clear there is none.
    assert answer(getattr(suite, service)(), service) == WRONG
    assert hosts.logins == [("joe", "pw")]


@pytest.mark.parametrize(
    "fields, joe, renewed",
    [
        ({"check_client_fp": "key"}, OK, OK),
        ({"check_client_cert_fp": "cert"}, OK, WRONG),
        ({"check_client_cert_fp": "key"}, WRONG, WRONG),
        ({"check_client_pubkey_fp": "key"}, OK, OK),
        ({"check_client_pubkey_fp": "cert"}, WRONG, WRONG),
        ({"check_client_fp": ""}, OK, OK),
        ({"check_client_fp": "cert", "check_client_pubkey_fp": "key"},
         OK, WRONG),
        ({"check_client_cert_fp": "cert", "check_client_pubkey_fp": "cert"},
         WRONG, WRONG),
    ],
)
def test_the_fields(suite, add, shelf, fields, joe, renewed):
    values = {"cert": cert_print(shelf["joe"]), "key": key_print(shelf["joe"]),
              "": ""}
    add(**{name: values[value] for name, value in fields.items()})
    assert login(suite, shelf["joe"]) == joe
    assert login(suite, shelf["renewed"]) == renewed
    assert login(suite, shelf["eve"]) == (OK if fields == {
        "check_client_fp": ""} else WRONG)


@pytest.mark.parametrize("change", [
    str.lower, lambda text: text.replace(":", ""),
    lambda text: text.replace(":", "").lower(),
])
def test_how_a_fingerprint_is_written(suite, add, shelf, change):
    add(check_client_fp=change(cert_print(shelf["joe"])))
    assert login(suite, shelf["joe"]) == OK
    assert login(suite, shelf["eve"]) == WRONG


@pytest.mark.parametrize("name", PRINTS)
def test_what_is_no_fingerprint_lets_nobody_in(suite, hosts, add, shelf, name):
    good = cert_print(shelf["joe"])
    suite.allow(f"unusable value of {name}", "not of ssl_peer_certificate")
    for value in ("yes", good[:-3], good[:-1], good + ":", " " + good,
                  good.replace(":", "-"), cert_print(shelf["joe"], "sha1")):
        add(**{name: value})
        start = suite.mark()
        assert login(suite, shelf["joe"]) == TEMP, value
        suite.wait_log(f"error: .*unusable value of {name}", start)
    add(**{name: cert_print(shelf["joe"], "sha512")})
    start = suite.mark()
    assert login(suite, shelf["joe"]) == TEMP
    suite.wait_log("error: .*not of ssl_peer_certificate_fingerprint_hash is "
                   + name, start)
    assert login(suite, None) == WRONG
    assert hosts.logins == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS)
@both
def test_resumed_sessions(suite, add, shelf, service, version, way):
    """They have the certificate of the first, which was proven there."""
    add(check_client_fp=cert_print(shelf["joe"]))
    for who, want in (("joe", OK), ("eve", WRONG)):
        tls = context(cert=shelf[who], version=version)
        session = None
        for is_resumed in (False, True, True):
            with inside(suite, service, way, tls, session) as client:
                assert client.sock.session_reused == is_resumed
                assert answer(client, service) == want
                session = client.sock.session
    # The row of another: what was right yesterday is compared again.
    tls = context(cert=shelf["joe"], version=version)
    with inside(suite, service, way, tls) as client:
        assert answer(client, service) == OK
        session = client.sock.session
    add(check_client_fp=cert_print(shelf["eve"]))
    with inside(suite, service, way, tls, session) as client:
        assert client.sock.session_reused
        assert answer(client, service) == WRONG


def test_a_cached_row_is_compared_each_time(suite, add, shelf):
    add(check_client_cert_fp=cert_print(shelf["joe"]), password="{PLAIN}pw",
        nopassword=None)
    assert login(suite, shelf["joe"]) == OK
    suite.db.execute("DELETE FROM users")
    hits = suite.cache_status()["hits"]
    assert login(suite, shelf["eve"]) == WRONG
    assert login(suite, None) == WRONG
    assert login(suite, shelf["joe"]) == OK
    assert suite.cache_status()["hits"] == hits + 3


@pytest.mark.parametrize("which", ["expired", "stranger", "signed", "weak"])
def test_nobody_vouches_for_it(suite, add, shelf, which):
    """Only its key must be good for something."""
    add(check_client_fp=cert_print(shelf[which]))
    if which == "weak":
        tls = context()
        tls.set_ciphers("DEFAULT@SECLEVEL=0")
        tls.load_cert_chain(*shelf[which])
        with pytest.raises((ssl.SSLError, WireError, ConnectionError)):
            with inside(suite, "imap", "port", tls) as client:
                answer(client, "imap")
    else:
        assert login(suite, shelf[which]) == OK
    assert login(suite, shelf["joe"]) == WRONG


@pytest.mark.parametrize("hash", ["sha256", "sha384", "sha512"])
def test_hashes(new_suite, hosts, shelf, hash):
    suite = new_suite(**options(
        {"ssl_peer_certificate_fingerprint_hash": hash}))
    suite.add_row(hosts.row(
        "joe", check_client_cert_fp=cert_print(shelf["joe"], hash),
        check_client_pubkey_fp=key_print(shelf["joe"], hash)))
    assert login(suite, shelf["joe"]) == OK
    assert login(suite, shelf["renewed"]) == WRONG


@both
def test_one_must_be_shown_and_known(new_suite, hosts, shelf, service):
    """By a row, or by who may sign certificates."""
    suite = new_suite(**options(
        {"ssl_ca_file": shelf["ca-crl"]},
        auth={"ssl_require_client_cert": "yes"}))
    suite.add_row(hosts.row("joe", check_client_fp=cert_print(shelf["joe"])))
    suite.add_row(hosts.row("ann"))
    ask = functools.partial(login, suite, service=service)
    assert is_shut_out(suite, None, service=service)
    assert is_shut_out(suite, shelf["revoked"], service=service)
    assert ask(shelf["joe"]) == OK
    start = suite.mark()
    for which in ("joe", "stranger", "expired"):
        assert ask(shelf[which], user="ann") == WRONG, which
    suite.wait_log("nobody vouches for the client's certificate, and no row "
                   "has its fingerprint", start)
    assert ask(shelf["signed"], user="ann") == OK
    assert ask(shelf["signed"]) == WRONG
    # And without TLS nobody is let in.
    line = getattr(suite, service)().login("ann", "pw")
    line = line if service == "pop3" else line[1]
    assert line.startswith(("a NO [PRIVACY", "-ERR")), line
    assert hosts.logins == [("joe", "pw"), ("ann", "pw")]


def test_where_somebody_must_vouch(new_suite, hosts, shelf):
    """The fingerprint is one more condition."""
    suite = new_suite(**options(
        {"ssl_verify_client_cert": "yes", "ssl_ca_file": shelf["ca"]}))
    suite.add_row(hosts.row(
        "joe", check_client_fp=cert_print(shelf["signed"])))
    suite.add_row(hosts.row("ann", check_client_fp=cert_print(shelf["joe"])))
    assert login(suite, shelf["signed"]) == OK
    assert login(suite, shelf["signed"], user="ann") == WRONG
    assert login(suite, None, user="ann") == WRONG
    assert is_shut_out(suite, shelf["joe"], user="ann")


def test_only_verified_certificates_name_users(new_suite, hosts, shelf):
    suite = new_suite(**options(
        {"ssl_ca_file": shelf["ca"]},
        auth={"ssl_username_from_cert": "yes",
              "mechanisms": "plain external"}))
    for user in ("joe", "ann", "eve"):
        suite.add_row(hosts.row(user))
    # joe and the stranger's ann are what anybody can write.
    assert login(suite, shelf["joe"], user="eve") == OK
    assert login(suite, shelf["stranger"], user="eve") == OK
    assert login(suite, shelf["signed"], user="eve") == OK
    assert [user for user, _ in hosts.logins] == ["eve", "eve", "ann"]
    for which, is_offered in (("joe", False), ("stranger", False),
                              ("signed", True)):
        tls = context(cert=shelf[which])
        with inside(suite, "imap", "port", tls) as client:
            lines, _ = client.ok("CAPABILITY", "c")
            assert ("AUTH=EXTERNAL" in str(lines)) == is_offered, which


def test_a_master_shows_his_own(new_suite, hosts, shelf):
    """Rows of masters have the fields too; the user's row is asked as well."""

    def passdbs(sql_conf):
        masters = sql_conf.with_name("masters")
        masters.write_text(
            "boss:{PLAIN}pw::::::check_client_fp="
            f"{key_print(shelf['eve'])}\n")
        os.chown(masters, 0, WORKER_UID)
        masters.chmod(0o640)
        return (
            f"  passdb passwd-file {{\n    args = {masters}\n"
            "    master = yes\n    pass = yes\n  }\n"
            f"  passdb sql {{\n    args = {sql_conf}\n  }}\n")

    suite = new_suite(**options(make_passdbs=passdbs,
                                auth={"master_user_separator": "*"}))
    suite.add_row(hosts.row("ann", proxy=None))
    suite.add_row(hosts.row("joe", proxy=None,
                            check_client_fp=cert_print(shelf["joe"])))
    ask = functools.partial(login, suite)
    assert ask(shelf["joe"], user="ann*boss") == WRONG
    assert ask(None, user="ann*boss") == WRONG
    assert ask(shelf["eve"], user="ann*boss") == REFER
    assert ask(shelf["eve"], user="joe*boss") == WRONG
    assert ask(shelf["joe"]) == REFER


def test_queries_can_look_for_it(new_suite, hosts, shelf):
    """One entry of the cache for each certificate."""
    suite = new_suite(**options(
        CACHE, query=ROW + " AND reason = "
        "'%{ssl_client_cert_fp}/%{ssl_client_cert_pubkey_fp}'"))
    shown = cert_print(shelf["joe"]).replace(":", "").lower()
    suite.add_row(hosts.row("joe", reason=f"{shown}/{key_print(shelf['joe'])}"))
    suite.add_row(hosts.row("ann", reason="/"))
    for _ in range(2):
        assert login(suite, shelf["joe"]) == OK
        assert login(suite, shelf["eve"]) == WRONG
        assert login(suite, None) == WRONG
        assert login(suite, None, user="ann") == OK
    assert suite.cache_status()["hits"] == 4


def test_wicketctl_has_no_certificate(suite, add, shelf):
    add(check_client_fp=cert_print(shelf["joe"]))
    told = suite.ctl("explain", "joe")
    assert "the client's certificate would be compared here" in told
    assert re.search(r"result.*ok", told), told
    told = suite.ctl("auth", "test", "joe", input="pw\n", status=1)
    assert "the client has shown no certificate" in told
