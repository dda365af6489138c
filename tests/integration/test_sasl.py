"""Tokens, certificates and SCRAM: clients that show no password."""

import imaplib
import json
import os
import poplib
import signal
import subprocess

import pytest

from harness import procs
from harness.client import b64
from harness.host import Host, Hosts
from harness.host_tls import HostAuthority, host_certificates
from harness.sasl import (
    BAD, ERROR, GOOD, MECHS, TOKEN_MESSAGES, SaslHost, Scram, bearer,
    exchange, is_ok, scram_key, xoauth2,
)
from harness.suite import COLUMNS, QUERY
from harness.tls import context, tls_client, tls_options

EXTRA = ("master", "proxy_mech", "ssl")
ALL = "plain login oauthbearer xoauth2 external scram-sha-1 scram-sha-256"
TOKENS = sorted(TOKEN_MESSAGES)
SERVICES = ["imap", "pop3"]
SECRET = "Geheim-1"
# What logs in at the host where the proxy knows no password.
HOST = {"master": "proxy", "pass": "hostpass"}
both = pytest.mark.parametrize("service", SERVICES)
each_token = pytest.mark.parametrize("mech", TOKENS)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sasl")
    ca = HostAuthority(folder, "ca")
    return {
        "ca": ca.path,
        "joe": ca.issue("joe", None, "joe"),
        "nobody": ca.issue("nobody", None, "x" * 64),
    }


def options(ca, mechanisms=ALL, **settings):
    made = tls_options({
        "ssl_verify_client_cert": "yes",
        "ssl_ca_file": ca,
        "auth_verbose": "yes",
        "auth_failure_delay": "0",
        "auth_penalty_max": "0",
        "login_bad_commands": "20",
        "disable_plaintext_auth": "no",
        **settings,
    }, auth={"mechanisms": mechanisms})
    made["table"] = (
        f"CREATE TABLE users ({', '.join((*COLUMNS, *EXTRA))}, "
        "PRIMARY KEY (user))"
    )
    made["query"] = QUERY.replace(" FROM", f", {', '.join(EXTRA)} FROM")
    return made


@pytest.fixture(scope="module")
def own(request, mode, shelf):
    """The suite of this module, which has all mechanisms."""
    from harness.suite import Suite

    with Suite(mode == "per-connection", **options(shelf["ca"])) as suite:
        yield suite


@pytest.fixture
def suite(own):
    start = own.mark()
    yield own
    for wire in own.wires:
        wire.close()
    own.wires.clear()
    troubles = own.troubles(start)
    assert not troubles, troubles


class Doors(Hosts):
    """Hosts that speak SASL, with a row that leads there."""

    def __init__(self, **options):
        self.scripts = {
            "imap": SaslHost(True, **options),
            "pop3": SaslHost(False, **options),
        }
        super().__init__(self.scripts["imap"], self.scripts["pop3"])

    def seen(self, service):
        return self.scripts[service].seen


@pytest.fixture
def doors():
    with Doors() as made:
        yield made
        made.imap.check()
        made.pop3.check()


def client_of(suite, service, cert=None):
    if cert is None:
        client = suite.imap() if service == "imap" else suite.pop3()
    else:
        client = tls_client(
            service, suite.addr(service + "s"), tls=context(cert=cert),
            name="mail.test",
        )
    suite.wires.append(client)
    return client


def plain_mechs(client):
    """The mechanisms that a client is told."""
    if hasattr(client, "multi"):
        lines = client.multi("CAPA")
        found = [line.split()[1:] for line in lines if line.startswith("SASL")]
        assert client.multi("AUTH") == (found[0] if found else [])
        return found[0] if found else []
    words = client.ok("CAPABILITY")[0][0].split()
    return [word[5:] for word in words if word.startswith("AUTH=")]


def no_answer(challenge):
    raise AssertionError(f"a challenge: {challenge!r}")


# Tokens.


@both
@each_token
@pytest.mark.parametrize("has_ir", [True, False])
def test_token(suite, service, mech, has_ir):
    """In the command or behind it, on both sides; for another name there."""
    message = TOKEN_MESSAGES[mech]
    with Doors(has_ir=has_ir) as doors:
        suite.add_row(doors.row("joe", destuser="j,o=e@there"))
        for initial in (message("joe", GOOD), None):
            client = client_of(suite, service)
            line, challenges = exchange(
                client, mech, lambda text: message("joe", GOOD), initial)
            assert is_ok(line), line
            assert challenges == ([""] if initial is None else [])
            got, text, was_ir = doors.seen(service)[-1]
            assert got == mech
            assert text == message("j,o=e@there", GOOD).replace(
                "\1host=mail.test\1port=143", "")
            assert was_ir == (has_ir and service == "imap")
            client.send("a NOOP" if service == "imap" else "NOOP")
            assert "NOOP" in client.line()
        suite.wait_log(rf"user=<joe> method={mech} ", 0)
    assert GOOD not in suite.log(0)


@both
@each_token
def test_the_error_of_the_host_is_told(suite, doors, service, mech):
    """The client hears it, says a word, and then its login has failed."""
    message = TOKEN_MESSAGES[mech]
    word = "\1" if mech == "OAUTHBEARER" else ""
    suite.add_row(doors.row("joe"))
    client = client_of(suite, service)
    for answer in (word, None, "anything"):
        line, challenges = exchange(
            client, mech, lambda text: answer, message("joe", BAD))
        assert json.loads(challenges[0]) == ERROR
        assert len(challenges) == 1
        assert line.startswith(("a NO [AUTHENTICATIONFAILED]", "-ERR [AUTH]"))
    # The host heard it from us, at once.
    assert doors.scripts[service].sorry == [b64(word)] * 3
    line, challenges = exchange(
        client, mech, no_answer, message("joe", GOOD))
    assert is_ok(line)


@both
@each_token
def test_nobody_is_told_an_error_as_well(suite, doors, service, mech):
    """Also where the row wants a password, which a token is not."""
    message = TOKEN_MESSAGES[mech]
    suite.add_row(doors.row("joe", password="{PLAIN}" + GOOD,
                            nopassword=None))
    client = client_of(suite, service)
    start = suite.mark()
    for user in ("nobody", "joe"):
        line, challenges = exchange(
            client, mech, lambda text: "", message(user, GOOD))
        assert json.loads(challenges[0])["status"] in ("401", "invalid_token")
        assert line.startswith(("a NO [AUTHENTICATIONFAILED]", "-ERR [AUTH]"))
    suite.wait_log(r"user=<joe> .*the row has a password", start)
    assert doors.seen(service) == []


@both
@pytest.mark.parametrize("error", ["*", "bm8ganNvbg==", b64("{\0}"), None,
                                   b64("{" + "x" * 1100 + "}")])
def test_an_error_that_is_none(suite, service, error):
    """What does not look like JSON, or is long, is not handed on."""
    with Doors(error=error) as doors:
        suite.add_row(doors.row("joe"))
        client = client_of(suite, service)
        line, challenges = exchange(
            client, "XOAUTH2", lambda text: "", xoauth2("joe", BAD))
        assert not is_ok(line)
        assert len(challenges) <= 1
        for text in challenges:
            assert json.loads(text) == {"status": "401", "schemes": "bearer"}


@pytest.mark.parametrize("service, lines", [
    ("imap", ["+ e30=", "+ e30="]), ("imap", ["+ e30=", "{tag} OK in"]),
    ("pop3", ["+ e30=", "+ e30="]), ("pop3", ["+ e30=", "+OK in"]),
])
def test_a_host_that_errs_twice(suite, service, lines):
    """Another error, or a welcome, is not what follows one."""
    with Host() as host:
        suite.add_user("joe", host="127.0.0.1", imap_port=host.port,
                       pop3_port=host.port)
        client = client_of(suite, service)
        message = b64(xoauth2("joe", GOOD))
        client.send(f"a AUTHENTICATE XOAUTH2 {message}"
                    if service == "imap" else f"AUTH XOAUTH2 {message}")
        wire = host.accept()
        wire.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello"
                  if service == "imap" else "+OK hello")
        tag = wire.line().split()[0]
        if service == "pop3":
            wire.send("+ ")
            wire.line()
        wire.send(lines[0])
        assert wire.line() == ""
        wire.send(lines[1].replace("{tag}", tag))
        assert client.expect(r"a NO \[UNAVAILABLE\]|-ERR \[SYS/TEMP\]")
        suite.wait_log(r"unexpected continuation|what it has refused")


@both
def test_long_tokens(suite, doors, service):
    """8192 bytes pass, behind the host's + when they are many; not one more."""
    suite.add_row(doors.row("joe"))
    for size, is_short in ((5000, True), (8192, False)):
        token = ("t" * size)[: size - 1] + "="
        client = client_of(suite, service)
        line, _ = exchange(
            client, "XOAUTH2", lambda text: "", xoauth2("joe", token))
        assert is_ok(line), line
        _, text, was_ir = doors.seen(service)[-1]
        assert text == xoauth2("joe", token)
        assert was_ir == (is_short and service == "imap")
    line, _ = exchange(client_of(suite, service), "XOAUTH2", no_answer,
                       xoauth2("joe", "t" * 8193))
    assert line.startswith(("a BAD", "-ERR Invalid"))


@both
@pytest.mark.parametrize("mech, message", [
    ("OAUTHBEARER", xoauth2("joe", GOOD)),
    ("XOAUTH2", bearer("joe", GOOD)),
    ("OAUTHBEARER", "p=tls-unique,a=joe,\1auth=Bearer x\1\1"),
    ("OAUTHBEARER", bearer("joe", "a b")),
    ("OAUTHBEARER", bearer("joe", "a\r\nDELE 1")),
    ("OAUTHBEARER", bearer("joe", "a\0b")),
    ("XOAUTH2", xoauth2("joe", "")),
    ("XOAUTH2", "user=joe\1auth=Basic am9lOng=\1\1"),
    ("XOAUTH2", xoauth2("joe", GOOD) + "\1"),
])
def test_messages_that_are_none(suite, doors, service, mech, message):
    suite.add_row(doors.row("joe"))
    line, _ = exchange(client_of(suite, service), mech, no_answer, message)
    assert line.startswith(("a BAD", "-ERR Invalid")), line
    assert doors.seen(service) == []


@both
def test_rows_that_take_no_token(suite, doors, service):
    """With pass the host would look at that, and nobody at the token."""
    suite.allow("a token, and the row")
    client = client_of(suite, service)
    for columns in ({"pass": "x"}, {"master": "m", "pass": "x"},
                    {"proxy_mech": "plain"}):
        suite.add_row(doors.row("joe", **columns))
        line, _ = exchange(client, "XOAUTH2", no_answer, xoauth2("joe", GOOD))
        assert line.startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]"))
    assert doors.seen(service) == []


@both
def test_a_row_for_each_mechanism(new_suite, shelf, doors, service):
    """A password is verified here, a token there; the query looks at %m."""
    made = options(shelf["ca"])
    made["query"] = made["query"].replace(
        "SELECT password,", "SELECT CASE WHEN '%m' IN ('XOAUTH2', "
        "'OAUTHBEARER') THEN NULL ELSE password END AS password,"
    ).replace("pass,", "CASE WHEN '%m' = 'PLAIN' THEN pass END AS pass,"
              ).replace("master,", "CASE WHEN '%m' = 'PLAIN' THEN master END "
                        "AS master,")
    suite = new_suite(**made)
    suite.add_row(doors.row("joe", password="{PLAIN}" + SECRET,
                            nopassword=None, **HOST))
    for mech, message in (("XOAUTH2", xoauth2("joe", GOOD)),
                          ("OAUTHBEARER", bearer("joe", GOOD)),
                          ("PLAIN", f"\0joe\0{SECRET}")):
        line, _ = exchange(client_of(suite, service), mech, no_answer,
                           message)
        assert is_ok(line), line
        assert doors.seen(service)[-1][0] == mech
    line, _ = exchange(client_of(suite, service), "PLAIN", no_answer,
                       f"\0joe\0{GOOD}")
    assert not is_ok(line)


@both
def test_another_mechanism_at_the_host(suite, doors, service):
    """A token goes in the host's form; a password may be one."""
    suite.add_row(doors.row("joe", proxy_mech="oauthbearer"))
    line, _ = exchange(client_of(suite, service), "XOAUTH2", no_answer,
                       xoauth2("joe", GOOD))
    assert is_ok(line)
    client = client_of(suite, service)
    line = client.login("joe", GOOD)
    assert is_ok(line if service == "pop3" else line[1])
    suite.add_row(doors.row("joe", proxy_mech="xoauth2"))
    client = client_of(suite, service)
    line = client.login("joe", BAD)
    assert not is_ok(line if service == "pop3" else line[1])
    seen = [(mech, text) for mech, text, _ in doors.seen(service)]
    assert seen == [
        ("OAUTHBEARER", f"n,a=joe,\1auth=Bearer {GOOD}\1\1"),
        ("OAUTHBEARER", f"n,a=joe,\1auth=Bearer {GOOD}\1\1"),
        ("XOAUTH2", xoauth2("joe", BAD)),
    ]


def test_a_password_that_is_no_token(suite, doors):
    suite.add_row(doors.row("joe", proxy_mech="xoauth2"))
    assert suite.imap().login("joe", "two words")[1].startswith(
        "a NO [UNAVAILABLE]")
    suite.wait_log("credential is not a token")


@both
@pytest.mark.parametrize("mech", MECHS[:2])
def test_a_host_without_the_mechanism(suite, service, mech):
    """IMAP hosts say so before; POP3 ones when they are asked."""
    with Doors(mechs=("PLAIN",)) as doors:
        suite.add_row(doors.row("joe"))
        line, _ = exchange(client_of(suite, service), mech, no_answer,
                           TOKEN_MESSAGES[mech]("joe", GOOD))
        assert line.startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]"))


def test_imaplib_with_a_token(suite, doors):
    suite.add_row(doors.row("joe"))
    with imaplib.IMAP4(*suite.addr("imap")) as client:
        client.authenticate("XOAUTH2", lambda _: xoauth2("joe", GOOD).encode())
        assert client.state == "AUTH"
    for mech, message in TOKEN_MESSAGES.items():
        with imaplib.IMAP4(*suite.addr("imap")) as client:
            answers = [message("joe", BAD).encode(), b"\1"]
            with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONF"):
                client.authenticate(mech, lambda _: answers.pop(0))
            assert answers == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("is_ir", [True, False])
@each_token
def test_curl_with_a_token(new_suite, shelf, tool, doors, service, mech,
                           is_ir):
    """It takes OAUTHBEARER where that is told, whatever it is told."""
    suite = new_suite(**options(shelf["ca"], f"plain {mech.lower()}"))
    suite.add_row(doors.row("joe"))
    host, port = suite.addr(service)
    for token, status in ((GOOD, 0), (BAD, 67)):
        done = subprocess.run(
            [tool("curl"), "-sS", "-v", "--max-time", "20",
             "--oauth2-bearer", token, *(["--sasl-ir"] if is_ir else []),
             f"{service}://joe;AUTH={mech}@{host}:{port}/"],
            capture_output=True, text=True,
        )
        assert done.returncode == status, done.stderr
        assert doors.seen(service)[-1][0] == mech


# Where they are told and taken.


@both
def test_told_where_they_can_be_used(suite, shelf, service):
    """EXTERNAL only to who has shown a certificate."""
    names = ALL.upper().split()
    others = [name for name in names if name != "EXTERNAL"]
    assert plain_mechs(client_of(suite, service)) == others
    assert plain_mechs(client_of(suite, service, shelf["joe"])) == names
    with tls_client(service, suite.addr(service + "s"), tls=context(),
                    name="mail.test") as client:
        assert plain_mechs(client) == others
    line, _ = exchange(client_of(suite, service), "EXTERNAL", no_answer, "")
    assert line.startswith(("a NO [CANNOT]", "-ERR Unsupported"))


@pytest.fixture
def strict(new_suite, shelf):
    return new_suite(**options(shelf["ca"], disable_plaintext_auth="yes"))


@both
def test_unprotected(strict, doors, shelf, service):
    """SCRAM shows nothing, and may be used; the rest may not."""
    strict.add_row(doors.row("joe", password=scram_key("sha256", SECRET),
                             nopassword=None, **HOST))
    client = client_of(strict, service)
    scram = ["SCRAM-SHA-1", "SCRAM-SHA-256"]
    assert plain_mechs(client) == scram
    if service == "imap":
        assert "LOGINDISABLED" in client.greeting
    else:
        assert "USER" not in client.multi("CAPA")
    for mech in ("PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2", "EXTERNAL",
                 "WHAT"):
        line, _ = exchange(client, mech, no_answer)
        assert line.startswith(
            ("a NO [PRIVACYREQUIRED]", "-ERR Plaintext")), (mech, line)
    line, _ = exchange(client, "SCRAM-SHA-256", Scram("joe", SECRET).step)
    assert is_ok(line)
    assert plain_mechs(client_of(strict, service, shelf["joe"])) == (
        ALL.upper().split())


@both
def test_not_configured(new_suite, doors, shelf, service):
    """What mechanisms does not name is neither told nor taken."""
    suite = new_suite(**options(shelf["ca"], "plain"))
    suite.add_row(doors.row("joe"))
    client = client_of(suite, service, shelf["joe"])
    assert plain_mechs(client) == ["PLAIN"]
    for mech in ("OAUTHBEARER", "XOAUTH2", "EXTERNAL", "SCRAM-SHA-256"):
        line, _ = exchange(client, mech, no_answer, "x")
        assert line.startswith(("a NO [CANNOT]", "-ERR Unsupported"))
    suite = new_suite(**options(shelf["ca"], "scram-sha-256", ssl="required"))
    client = client_of(suite, service)
    assert plain_mechs(client) == []
    line, _ = exchange(client, "SCRAM-SHA-256", no_answer)
    assert line.startswith(("a NO [PRIVACYREQUIRED]", "-ERR Plaintext"))
    # Without PLAIN there is no LOGIN command, nor USER and PASS.
    client = client_of(suite, service, shelf["joe"])
    assert plain_mechs(client) == ["SCRAM-SHA-256"]
    if service == "imap":
        assert "LOGINDISABLED" in client.greeting
        assert client.login("joe", "x")[1].startswith("a NO")
    else:
        assert "USER" not in client.multi("CAPA")


# Certificates.


@both
@pytest.mark.parametrize("initial", ["", "joe", None])
def test_external(suite, doors, shelf, service, initial):
    """The certificate's user, with the row's master at the host."""
    suite.add_row(doors.row("joe", master="proxy", **{"pass": SECRET}))
    client = client_of(suite, service, shelf["joe"])
    line, challenges = exchange(client, "EXTERNAL", lambda text: "", initial)
    assert is_ok(line), line
    assert challenges == ([""] if initial is None else [])
    assert doors.seen(service)[-1][:2] == (
        "PLAIN", f"joe\0proxy\0{SECRET}")
    suite.wait_log(r"user=<joe> method=EXTERNAL ")


@both
def test_external_for_nobody_else(suite, doors, shelf, service):
    suite.add_row(doors.row("joe", master="proxy", **{"pass": SECRET}))
    suite.add_row(doors.row("ann", master="proxy", **{"pass": SECRET}))
    client = client_of(suite, service, shelf["joe"])
    for other in ("ann", "joe2", "jo", "JOE", "joe\0"):
        line, _ = exchange(client, "EXTERNAL", no_answer, other)
        assert line.startswith(
            ("a NO [AUTHORIZATIONFAILED]", "-ERR [AUTH]")), (other, line)
    client = client_of(suite, service, shelf["nobody"])
    line, _ = exchange(client, "EXTERNAL", no_answer, "")
    assert line.startswith(("a NO [AUTHENTICATIONFAILED]", "-ERR [AUTH]"))
    assert doors.seen(service) == []


@both
def test_external_without_a_password_for_the_host(suite, doors, shelf,
                                                  service):
    suite.allow("no password for the mail host")
    suite.add_row(doors.row("joe"))
    client = client_of(suite, service, shelf["joe"])
    line, _ = exchange(client, "EXTERNAL", no_answer, "")
    assert line.startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]"))


def test_external_at_the_host(new_suite, shelf):
    """Our certificate for the user; nothing that could be guessed is sent."""
    from harness.host_tls import TlsHost, host_context

    made = host_certificates()
    with TlsHost() as host:
        suite = new_suite(**options(
            shelf["ca"], ssl_client_cert_file=made["proxy"][0],
            ssl_client_key_file=made["proxy"][1],
        ))
        suite.add_user("joe", host="127.0.0.1", imap_port=host.port,
                       ssl="any-cert", proxy_mech="external", nopassword=None,
                       password="{PLAIN}" + SECRET, destuser="j")
        client = suite.imap()
        client.send(f"a LOGIN joe {SECRET}")
        wire = host.accept()
        wire.start_tls(host_context(client_ca=made["ca"]))
        wire.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=EXTERNAL] hello")
        tag, verb, args = wire.imap_command()
        assert (verb, args) == ("AUTHENTICATE", [b"EXTERNAL", b64("j").encode()])
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
        assert client.answer()[1].startswith("a OK")


# SCRAM.


@both
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("has_initial", [True, False])
def test_scram(suite, doors, service, digest, has_initial):
    suite.add_row(doors.row("joe", password=scram_key(digest, SECRET),
                            nopassword=None, master="proxy",
                            **{"pass": "hostpass"}))
    name = {"sha1": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[digest]
    for header in ("n,,", "y,,", "n,a=joe,"):
        scram = Scram("joe", SECRET, digest, header)
        line, challenges = exchange(
            client_of(suite, service), name, scram.step,
            scram.first if has_initial else None)
        assert is_ok(line), line
        assert scram.is_proven
        assert len(challenges) == 2 + (not has_initial)
        assert doors.seen(service)[-1][1] == "joe\0proxy\0hostpass"
    suite.wait_log(rf"user=<joe> method={name} ")
    assert SECRET not in suite.log(0)


@both
def test_scram_refusals(suite, doors, service):
    """A wrong password, no key, no user: it all looks the same."""
    suite.add_row(doors.row("joe", password=scram_key("sha256", SECRET),
                            nopassword=None, **HOST))
    suite.add_row(doors.row("clear", password="{PLAIN}" + SECRET,
                            nopassword=None, **HOST))
    suite.add_row(doors.row("open"))
    seen = set()
    for user, password in (("joe", "bad"), ("clear", SECRET),
                           ("open", SECRET), ("nobody", SECRET)):
        salts = []
        for _ in range(2):
            scram = Scram(user, password)
            line, challenges = exchange(
                client_of(suite, service), "SCRAM-SHA-256", scram.step,
                scram.first)
            assert not is_ok(line)
            assert len(challenges) == 1
            salts.append(scram.salt)
            seen.add((line, len(scram.salt), scram.rounds))
        assert salts[0] == salts[1]
    assert len(seen) == 1, seen
    assert doors.seen(service) == []


def test_scram_salts_of_nobody_stay(new_suite, shelf):
    """Over a reload and the death of auth, as those of users do."""
    suite = new_suite(**options(shelf["ca"]))

    def salt():
        scram = Scram("nobody", SECRET)
        line, _ = exchange(suite.imap(), "SCRAM-SHA-256", scram.step)
        assert line.startswith("a NO [AUTHENTICATIONFAILED]"), line
        return scram.salt

    first = salt()
    (auth,) = suite.children("auth")
    suite.ctl("reload")
    procs.wait_gone([auth])
    assert salt() == first
    suite.allow("killed by signal")
    (auth,) = suite.children("auth")
    os.kill(auth, signal.SIGKILL)
    procs.wait_until(
        lambda: [pid for pid in suite.children("auth") if pid != auth],
        "a new auth")

    def answers():
        line, _ = exchange(suite.imap(), "PLAIN", no_answer, "\0a\0b")
        return "UNAVAILABLE" not in line

    procs.wait_until(answers, "auth to answer")
    assert salt() == first


@both
@pytest.mark.parametrize("first", [
    "p=tls-exporter,,n=joe,r=abc", "n,,m=x,n=joe,r=abc", "n,,n=joe",
    "n,,n=joe,r=", "n,,n=j=oe,r=abc", "n,,n=joe,r=a\tb", "x", "n,,n=joe\0,r=a",
    "n,,n=joe,r=" + "x" * 257, "n,,n=" + "j" * 256 + ",r=abc",
])
def test_scram_messages_that_are_none(suite, service, first):
    line, _ = exchange(client_of(suite, service), "SCRAM-SHA-256", no_answer,
                       first)
    assert line.startswith(("a BAD", "-ERR Invalid")), line


@both
def test_scram_cancelled(suite, doors, service):
    """At each step; the client may try again."""
    suite.add_row(doors.row("joe", password=scram_key("sha256", SECRET),
                            nopassword=None, **HOST))
    client = client_of(suite, service)
    for count in range(3):
        scram, left = Scram("joe", SECRET), [count]

        def step(challenge):
            left[0] -= 1
            return scram.step(challenge) if left[0] >= 0 else None

        line, _ = exchange(client, "SCRAM-SHA-256", step)
        assert "cancelled" in line, line
    line, _ = exchange(client, "SCRAM-SHA-256", Scram("joe", SECRET).step)
    assert is_ok(line)


def test_scram_with_imaplib_and_poplib(suite, doors):
    suite.add_row(doors.row("joe", password=scram_key("sha256", SECRET),
                            nopassword=None, **HOST))
    scram = Scram("joe", SECRET)
    with imaplib.IMAP4(*suite.addr("imap")) as client:
        client.authenticate("SCRAM-SHA-256", lambda text: scram.step(
            text.decode()).encode())
        assert scram.is_proven
    # The mechanism does not change what a password is.
    client = poplib.POP3(*suite.addr("pop3"))
    client.user("joe")
    with pytest.raises(poplib.error_proto):
        client.pass_("bad")
    client.close()


def test_scram_cache(new_suite, doors, shelf):
    """The key comes from the cache; a new password is good at the next try."""
    suite = new_suite(**options(
        shelf["ca"], auth_cache_size="1M", auth_cache_ttl="1 hour"))
    row = {"nopassword": None, **HOST}
    suite.add_row(doors.row("joe", password=scram_key("sha256", SECRET),
                            **row))

    def tries(password):
        line, _ = exchange(suite.imap(), "SCRAM-SHA-256",
                           Scram("joe", password).step)
        return is_ok(line)

    assert tries(SECRET) and tries(SECRET)
    assert suite.cache_status()["hits"] >= 1
    suite.add_row(doors.row("joe", password=scram_key("sha256", "new"), **row))
    assert not tries("new")
    assert tries("new")
    assert not tries(SECRET)


@both
def test_several_auths(new_suite, doors, shelf, service):
    """The name in a first message decides whom to ask."""
    suite = new_suite(**options(shelf["ca"], auth_count="3"))
    for user in ("joe", "ann", "bob", "eve"):
        suite.add_row(doors.row(user, password=scram_key("sha256", SECRET),
                                nopassword=None, **HOST))
        suite.add_row(doors.row(user + "-t"))
        for has_initial in (True, False):
            scram = Scram(user, SECRET)
            line, _ = exchange(
                client_of(suite, service), "SCRAM-SHA-256", scram.step,
                scram.first if has_initial else None)
            assert is_ok(line), line
            message = bearer(user + "-t", GOOD)
            line, _ = exchange(
                client_of(suite, service), "OAUTHBEARER",
                lambda text: message, message if has_initial else None)
            assert is_ok(line), line
    line, _ = exchange(client_of(suite, service, shelf["joe"]), "EXTERNAL",
                       lambda text: "")
    assert is_ok(line), line
