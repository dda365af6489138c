"""Mail programs with tokens and SCRAM, and Dovecot that looks at the tokens."""

import base64
import imaplib
import json
import mailbox
import random
import subprocess

import pytest

from harness.client import b64
from harness.dovecot import MASTERS, MESSAGES, DovecotHost, version
from harness.sasl import (
    TOKEN_MESSAGES, Scram, TokenServer, exchange, is_ok, scram_key,
)
from harness.suite import COLUMNS, QUERY

GOOD, OTHER = "j0hns.token-for.Mail", "ab" * 2400
EXTRA = ("master", "proxy_mech")
TOKENS = sorted(TOKEN_MESSAGES)
MASTER = {"master": "proxy", "pass": MASTERS["proxy"]}
SUITE = {
    "settings": {"auth_failure_delay": "0", "auth_penalty_max": "0"},
    "auth": {"mechanisms": "plain oauthbearer xoauth2 scram-sha-1 "
             "scram-sha-256"},
    "table": f"CREATE TABLE users ({', '.join((*COLUMNS, *EXTRA))}, "
    "PRIMARY KEY (user))",
    "query": QUERY.replace(" FROM", f", {', '.join(EXTRA)} FROM"),
}
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)

OAUTH2_2_3 = """
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {path}
}}
"""
OAUTH2_2_4 = """
oauth2 {{
  introspection_mode = auth
{settings}}}
passdb oauth2 {{
  mechanisms_filter = oauthbearer xoauth2
}}
"""


def oauth2(folder, port):
    """Dovecot's settings to ask that server about tokens."""
    settings = "".join(f"{line}\n" for line in (
        f"tokeninfo_url = http://127.0.0.1:{port}/?token=",
        "username_attribute = user",
        "active_attribute = active",
        "active_value = true",
    ))
    path = folder / "oauth2.conf"
    path.write_text(settings)
    path.chmod(0o644)
    form = OAUTH2_2_4 if version() >= (2, 4) else OAUTH2_2_3
    return ("auth_mechanisms = plain login oauthbearer xoauth2\n"
            + form.format(path=path, settings=settings))


@pytest.fixture(scope="session")
def oauth_host(tmp_path_factory):
    """A Dovecot that takes GOOD and OTHER for john; nothing is deleted."""
    server = TokenServer({GOOD: "john", OTHER: "john"})
    folder = tmp_path_factory.mktemp("oauth2")
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(0o755)
    addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.2"
    host = DovecotHost(addr, more=oauth2(folder, server.port))
    yield host
    host.close()
    server.close()


@pytest.fixture
def john(suite, oauth_host):
    suite.add_user("john", host=oauth_host.addr)
    return suite


@pytest.fixture
def scram_john(suite, oauth_host):
    """john has a key here; the proxy is a master there."""
    for name, digest in (("john", "sha256"), ("john1", "sha1")):
        suite.add_user(
            name, host=oauth_host.addr, destuser="john", nopassword=None,
            password=scram_key(digest, "not what Dovecot has", rounds=4096),
            **MASTER,
        )
    return suite


def run(*args, status=0, **options):
    done = subprocess.run(args, capture_output=True, text=True, timeout=60,
                          **options)
    assert done.returncode == status, done
    return done


@both
@pytest.mark.parametrize("mech", TOKENS)
@pytest.mark.parametrize("token", [GOOD, OTHER])
def test_tokens(john, oauth_host, service, mech, token):
    """With and without an initial response, short ones and long ones."""
    message = TOKEN_MESSAGES[mech]("john", token)
    for initial in (message, None):
        client = john.imap() if service == "imap" else john.pop3()
        line, _ = exchange(client, mech, lambda text: message, initial)
        assert is_ok(line), (line, oauth_host.log()[-2000:])
        if service == "imap":
            assert client.ok("SELECT INBOX")[0]
        else:
            assert client.ok("STAT").startswith("+OK 3 ")


@both
@pytest.mark.parametrize("mech", TOKENS)
def test_a_wrong_token(john, service, mech):
    """Dovecot's own error arrives; then it is no."""
    client = john.imap() if service == "imap" else john.pop3()
    for user, token in (("john", "no.token"), ("joe@domain.net", GOOD)):
        john.add_user("joe@domain.net", host=john.db.execute(
            "SELECT host FROM users WHERE user = 'john'").fetchone()[0])
        line, challenges = exchange(
            client, mech, lambda text: "\1" if mech == "OAUTHBEARER" else "",
            TOKEN_MESSAGES[mech](user, token))
        assert line.startswith(("a NO [AUTHENTICATIONFAILED]", "-ERR [AUTH]"))
        # Of whose token it is, Dovecot 2.4 says nothing.
        if user == "john" or version() < (2, 4):
            assert "status" in json.loads(challenges[0])
        else:
            assert not challenges


@pytest.mark.parametrize("mech", TOKENS)
def test_imaplib(john, mech):
    with imaplib.IMAP4(*john.addr("imap")) as client:
        client.authenticate(
            mech, lambda _: TOKEN_MESSAGES[mech]("john", GOOD).encode())
        assert client.select() == ("OK", [b"3"])
    with imaplib.IMAP4(*john.addr("imap")) as client:
        answers = [TOKEN_MESSAGES[mech]("john", "no").encode(), b"\1"]
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.authenticate(mech, lambda _: answers.pop(0))


@both
@pytest.mark.parametrize("is_ir", [True, False])
def test_curl(john, tool, service, is_ir):
    host, port = john.addr(service)
    options = ["--sasl-ir"] if is_ir else []
    path = "INBOX;MAILINDEX=1" if service == "imap" else "1"
    url = f"{service}://john@{host}:{port}/{path}"
    done = run(tool("curl"), "-sS", "--oauth2-bearer", GOOD, *options, url)
    assert done.stdout.replace("\n", "\r\n") == MESSAGES[0].replace(
        "\r\r\n", "\r\n")
    run(tool("curl"), "-sS", "--oauth2-bearer", "no", *options, url,
        status=67)


def mpop(suite, tool, folder, mech, user, password):
    host, port = suite.addr("pop3")
    (folder / "pass").write_text(f"#!/bin/sh\necho '{password}'\n")
    (folder / "pass").chmod(0o700)
    rc = folder / "mpoprc"
    rc.write_text(
        f"account default\nhost {host}\nport {port}\ntls off\nuser {user}\n"
        f"auth {mech}\npasswordeval {folder}/pass\n"
        f"delivery mbox {folder}/inbox\nuidls_file {folder}/uidls\nkeep on\n"
        "received_header off\n"
    )
    rc.chmod(0o600)
    return subprocess.run(
        [tool("mpop"), "-C", str(rc)], capture_output=True, text=True,
        timeout=60, env={"HOME": str(folder), "PATH": "/bin:/usr/bin"},
    )


@pytest.mark.parametrize("mech", [name.lower() for name in TOKENS])
def test_mpop_with_a_token(john, tool, tmp_path, mech):
    done = mpop(john, tool, tmp_path, mech, "john", GOOD)
    assert done.returncode == 0, done
    assert len(mailbox.mbox(tmp_path / "inbox")) == 3


@pytest.mark.parametrize("mech, user", [
    ("scram-sha-256", "john"), ("scram-sha-1", "john1"),
])
def test_mpop_with_scram(scram_john, tool, tmp_path, mech, user):
    done = mpop(scram_john, tool, tmp_path, mech, user, "wrong")
    assert done.returncode != 0
    done = mpop(scram_john, tool, tmp_path, mech, user, "not what Dovecot has")
    assert done.returncode == 0, done
    assert len(mailbox.mbox(tmp_path / "inbox")) == 3


@pytest.mark.parametrize("mech, user", [
    ("SCRAM-SHA-256", "john"), ("SCRAM-SHA-1", "john1"),
])
def test_mbsync_with_scram(scram_john, tool, tmp_path, mech, user):
    """By Cyrus SASL's client."""
    host, port = scram_john.addr("imap")
    rc = tmp_path / "mbsyncrc"
    box = tmp_path / "box"
    box.mkdir()
    rc.write_text(
        f"IMAPAccount a\nHost {host}\nPort {port}\nUser {user}\n"
        f'Pass "not what Dovecot has"\nSSLType None\nAuthMechs {mech}\n\n'
        "IMAPStore far\nAccount a\n\n"
        f"MaildirStore near\nInbox {box}/in\nSubFolders Verbatim\n\n"
        "Channel c\nFar :far:\nNear :near:\nCreate Near\nPatterns INBOX\n"
    )
    rc.chmod(0o600)
    run(tool("mbsync"), "-c", str(rc), "c", cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/bin:/usr/bin"})
    assert len(mailbox.Maildir(box / "in")) == 3


@both
def test_a_key_made_by_dovecot(scram_john, oauth_host, tool, service):
    """doveadm pw -s SCRAM-SHA-256 makes rows that serve."""
    key = run(tool("doveadm"), "pw", "-s", "SCRAM-SHA-256", "-p", "pw").stdout
    scram_john.add_user("john", host=oauth_host.addr, nopassword=None,
                        password=key.strip(), **MASTER)
    client = scram_john.imap() if service == "imap" else scram_john.pop3()
    scram = Scram("john", "pw")
    line, _ = exchange(client, "SCRAM-SHA-256", scram.step, scram.first)
    assert is_ok(line) and scram.is_proven
    # It is a password for PLAIN as well.
    client = scram_john.imap()
    response = b64("\0john\0pw")
    assert client.command(f"AUTHENTICATE PLAIN {response}")[1].startswith(
        "a OK")
    assert base64.b64decode(response) == b"\0john\0pw"
