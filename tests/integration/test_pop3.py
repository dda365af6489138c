"""POP3 from the client's side: before login, at login, and just after."""

import poplib
import time

import pytest

from harness.client import b64, plain
from harness.dovecot import MESSAGES, USERS
from harness.host import Host
from harness.suite import Background

SUITE = {"settings": {"login_bad_commands": 3}}


@pytest.fixture
def joe(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite.pop3()


def whoami(client):
    """The scripted host puts the name before what it repeats."""
    return client.ok("HELLO").split()[1]


# Before login.


def test_greeting(suite):
    greeting = suite.pop3().greeting
    assert greeting.startswith("+OK ") and "<" not in greeting


def test_capa(suite):
    lines = suite.pop3().multi("CAPA")
    for word in ("USER", "UIDL", "TOP", "RESP-CODES", "PIPELINING"):
        assert word in lines
    sasl = next(line for line in lines if line.startswith("SASL"))
    assert sasl.split()[1:] == ["PLAIN", "LOGIN"]
    assert "STLS" not in lines


def test_auth_alone_lists_the_mechanisms(suite):
    assert suite.pop3().multi("AUTH") == ["PLAIN", "LOGIN"]


def test_quit(suite):
    client = suite.pop3()
    client.ok("QUIT")
    assert client.expect_eof() == b""


def test_noop_keeps_the_connection(joe):
    joe.command("NOOP")
    joe.login("joe", "pw")
    assert whoami(joe) == "joe"


def test_bad_command_limit(suite):
    client = suite.pop3()
    for _ in range(2):
        assert client.command("FROB").startswith("-ERR")
    client.send("FROB")
    assert b"-ERR" in client.expect_eof()


def test_commands_of_later_states(suite):
    client = suite.pop3()
    assert client.command("STAT").startswith("-ERR")
    assert client.command("STLS").startswith("-ERR")


# USER, PASS and AUTH.


def test_user_and_pass(joe, hosts):
    joe.ok("USER joe")
    assert joe.ok("PASS pw") == "+OK Logged in."
    assert hosts.logins == [("joe", "pw")]


def test_password_with_blanks(joe, hosts):
    joe.ok("user joe")
    joe.ok("pass  a b  ")
    assert hosts.logins == [("joe", " a b  ")]


def test_capa_and_noop_between_user_and_pass(joe, hosts):
    """Some clients look around before they send the password."""
    joe.ok("USER joe")
    assert "USER" in joe.multi("CAPA")
    joe.ok("NOOP")
    joe.ok("PASS pw")
    assert hosts.logins[-1] == ("joe", "pw")


def test_T_P16_order_of_user_and_pass(joe, hosts):
    assert joe.command("PASS pw").startswith("-ERR")
    for user in ("jim", "jack", "joe"):
        joe.ok(f"USER {user}")
    joe.ok("PASS pw")
    assert hosts.logins == [("joe", "pw")]


@pytest.mark.parametrize("has_initial", [True, False])
def test_auth_plain(joe, hosts, has_initial):
    response = plain("joe", "pw")
    if has_initial:
        joe.send(f"AUTH PLAIN {response}")
    else:
        joe.send("AUTH PLAIN")
        joe.expect(r"\+ ")
        joe.send(response)
    joe.expect(r"\+OK")
    assert hosts.logins == [("joe", "pw")]


@pytest.mark.parametrize("has_initial", [True, False])
def test_auth_login(joe, hosts, has_initial):
    if has_initial:
        joe.send(f"AUTH LOGIN {b64('joe')}")
    else:
        joe.send("AUTH LOGIN")
        joe.expect(rf"\+ {b64('Username:')}")
        joe.send(b64("joe"))
    joe.expect(rf"\+ {b64('Password:')}")
    joe.send(b64("pw"))
    joe.expect(r"\+OK")
    assert hosts.logins == [("joe", "pw")]


def test_T_A8_cancel_then_login(joe):
    for mech in ("PLAIN", "LOGIN"):
        joe.send(f"AUTH {mech}")
        joe.expect(r"\+ ")
        assert joe.command("*").startswith("-ERR")
    joe.ok("USER joe")
    joe.ok("PASS pw")


def test_wrong_password_then_right(joe, hosts):
    assert joe.login("joe", "wrong").startswith("-ERR [AUTH]")
    assert joe.login("joe", "right") == "+OK Logged in."
    assert whoami(joe) == "joe"
    assert [user for user, _ in hosts.logins] == ["joe", "joe"]


def test_a_failed_login_forgets_the_user(joe):
    assert joe.login("joe", "wrong").startswith("-ERR [AUTH]")
    assert joe.command("PASS pw").startswith("-ERR")


def test_unknown_user(joe):
    assert joe.login("nobody", "pw").startswith("-ERR [AUTH]")
    joe.ok("USER joe")
    joe.ok("PASS pw")


# Just after login.


def test_pipelined_commands_arrive_once_and_in_order(joe, hosts):
    joe.send(b"USER joe\r\nPASS pw\r\nONE\r\nTWO\r\nQUIT\r\n")
    joe.expect(r"\+OK")
    joe.expect(r"\+OK Logged in\.")
    joe.expect(r"\+OK joe ONE")
    joe.expect(r"\+OK joe TWO")
    joe.expect(r"\+OK bye")
    joe.expect_eof()
    assert hosts.pop3.bytes_received.count(b"ONE") == 1


def test_much_pipelined_behind_pass(joe):
    count = 3000
    data = b"".join(b"N%d\r\n" % i for i in range(count))
    sender = Background(joe.send, b"USER joe\r\nPASS pw\r\n" + data)
    joe.expect(r"\+OK")
    joe.expect(r"\+OK Logged in\.")
    for number in range(count):
        joe.expect(rf"\+OK joe N{number}$")
    sender.wait()


def test_bytes_behind_the_ok(suite):
    with Host() as host:
        suite.add_user("joe", host=host.addr, pop3_port=host.port)
        client = suite.pop3()
        client.ok("USER joe")
        client.send("PASS pw")
        wire = host.accept()
        wire.send("+OK ready")
        wire.pop3_wait_pass()
        rest = b"+OK more\r\n" + b"y" * 30000
        wire.send(b"+OK in\r\n" + rest)
        client.expect(r"\+OK")
        client.expect_bytes(rest)


def test_login_deadline(new_suite):
    suite = new_suite(settings={"login_timeout": "1s"})
    client = suite.pop3()
    start = time.monotonic()
    rest = client.expect_eof()
    assert time.monotonic() - start < 8
    assert rest.startswith(b"-ERR")


def test_T_V2_no_plaintext_on_a_plain_connection(new_suite, hosts):
    suite = new_suite(settings={"disable_plaintext_auth": "yes"})
    suite.add_row(hosts.row("joe"))
    for source in ("127.0.0.1", "127.0.0.2"):
        client = suite.pop3(source=source)
        lines = client.multi("CAPA")
        assert "USER" not in lines
        assert not any("PLAIN" in line for line in lines)
        assert client.command("USER joe").startswith("-ERR")
        assert client.command("AUTH PLAIN").startswith("-ERR")
    assert hosts.logins == []


# Real sessions: poplib and Dovecot.


@pytest.fixture
def session(suite, dovecot):
    """poplib, logged in to a fresh mailbox through the proxy."""
    suite.add_user(
        "john", host=dovecot.addr, imap_port=dovecot.imap_port,
        pop3_port=dovecot.pop3_port,
    )
    dovecot.refill("john")

    def login():
        client = poplib.POP3(*suite.addr("pop3"), timeout=30)
        client.user("john")
        client.pass_(USERS["john"])
        return client

    return login


def test_poplib_retr_and_dele(session):
    client = session()
    assert client.stat()[0] == 3
    for number, text in enumerate(MESSAGES, 1):
        lines = client.retr(number)[1]
        assert b"\r\n".join(lines) + b"\r\n" == text.encode()
    client.dele(2)
    client.quit()
    client = session()
    assert len(client.list()[1]) == 2
    assert client.retr(2)[1][0].startswith(b"Subject: =?utf-8")
    client.quit()


def test_poplib_uidl_and_top(session):
    client = session()
    assert len(client.uidl()[1]) == 3
    assert client.top(1, 0)[1][0] == b"Subject: one"
    client.quit()


def test_poplib_wrong_password(suite, session):
    client = poplib.POP3(*suite.addr("pop3"), timeout=30)
    client.user("john")
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        client.pass_("not his password")
    client.user("john")
    client.pass_(USERS["john"])
    client.quit()
