"""Users whose mail is on this machine, and who show no password."""

import pytest

from harness.local import Homes, add_local, local_options
from harness.sasl import (
    GOOD, TOKEN_MESSAGES, Scram, exchange, is_ok, scram_key,
)

SECRET = "Geheim-1"


@pytest.fixture(scope="module")
def homes():
    made = Homes()
    made.add("joe")
    yield made
    made.close()


@pytest.fixture
def suite(new_suite, homes):
    homes.forget()
    options = local_options(homes)
    options.setdefault("auth", {})["mechanisms"] = (
        "plain oauthbearer xoauth2 scram-sha-256")
    return new_suite(**options)


def add(suite, password, **columns):
    add_local(suite, "joe", **columns)
    suite.db.execute("UPDATE users SET password = ?", [password])


@pytest.mark.parametrize("service", ["imap", "pop3"])
def test_scram(suite, service):
    """The key is all that is needed: nobody else wants a password."""
    add(suite, scram_key("sha256", SECRET))
    client = suite.imap() if service == "imap" else suite.pop3()
    line, _ = exchange(client, "SCRAM-SHA-256", Scram("joe", "bad").step)
    assert not is_ok(line)
    scram = Scram("joe", SECRET)
    line, _ = exchange(client, "SCRAM-SHA-256", scram.step)
    assert is_ok(line) and scram.is_proven, line
    if service == "imap":
        assert any("EXISTS" in text for text in client.ok("SELECT INBOX")[0])
    else:
        assert client.ok("STAT").startswith("+OK ")


@pytest.mark.parametrize("service", ["imap", "pop3"])
@pytest.mark.parametrize("mech", sorted(TOKEN_MESSAGES))
def test_tokens_are_for_mail_hosts(suite, service, mech):
    """Here nobody would look at one."""
    suite.allow("nobody has checked the password")
    add(suite, None, nopassword="Y")
    client = suite.imap() if service == "imap" else suite.pop3()
    message = TOKEN_MESSAGES[mech]("joe", GOOD)
    line, challenges = exchange(client, mech, lambda text: "", message)
    assert line.startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]")), line
    assert challenges == []
