"""IMAP from the client's side: before login, at login, and just after."""

import imaplib
import re
import time

import pytest

from harness import procs
from harness.client import b64, plain
from harness.dovecot import MESSAGES, USERS
from harness.host import IMAP_CAPS, Host
from harness.suite import Background

SUITE = {"settings": {"login_bad_commands": 3}}


@pytest.fixture
def joe(suite, hosts):
    """A client, and a user joe whom the mail host takes."""
    suite.add_row(hosts.row("joe"))
    return suite.imap()


def whoami(client, tag="w"):
    untagged, _ = client.ok("WHOAMI", tag)
    return untagged[0].removeprefix("* USER ")


# Before login.


def test_greeting(suite):
    greeting = suite.imap().greeting
    assert greeting.startswith("* OK ")
    assert greeting.endswith("ready.")


def test_capability_before_login(suite):
    untagged, _ = suite.imap().ok("CAPABILITY")
    words = untagged[0].split()
    assert words[:3] == ["*", "CAPABILITY", "IMAP4rev1"]
    for word in ("SASL-IR", "LITERAL+", "ID", "ENABLE", "AUTH=PLAIN", "AUTH=LOGIN"):
        assert word in words
    assert "STARTTLS" not in words and "LOGINDISABLED" not in words


def test_noop_id_enable(suite):
    client = suite.imap()
    assert client.ok("NOOP")[0] == []
    untagged, _ = client.ok('ID ("name" "test" "version" NIL)')
    assert untagged[0].startswith("* ID ")
    assert client.ok("ID NIL")[0][0].startswith("* ID ")
    client.ok("ENABLE CONDSTORE")


def pairs_of_id(count, size):
    """The list of an ID command: keys of 30 bytes, values of this size."""
    pairs = (f'"{n:030d}" "{"v" * size}"' for n in range(count))
    return f"ID ({' '.join(pairs)})"


@pytest.mark.parametrize("step", [None, 700])
def test_id_of_30_kb(suite, step):
    """All that RFC 2971 allows is answered, and no pair or byte more."""
    client = suite.imap()
    text = pairs_of_id(30, 1024)
    assert len(text) > 31000
    if step is None:
        assert client.command(text)[1].startswith("a OK")
    else:
        client.send_slowly(f"a {text}\r\n".encode(), step)
        assert client.answer()[1].startswith("a OK")
    assert client.command(pairs_of_id(31, 1000))[1].startswith("a BAD")
    assert client.command(pairs_of_id(1, 1025))[1].startswith("a BAD")
    client.ok("NOOP")
    client = suite.imap()
    client.send("a ID (" + " " * 40000)
    client.expect(r"\* BYE \[TOOBIG\]")


def test_logout(suite):
    client = suite.imap()
    untagged, _ = client.ok("LOGOUT")
    assert untagged[0].startswith("* BYE")
    assert client.expect_eof() == b""


def test_commands_in_any_case(joe):
    joe.ok("cApAbIlItY")
    joe.ok("login joe pw")
    assert whoami(joe) == "joe"


def test_ipv6(suite, hosts):
    suite.add_row(hosts.row("joe"))
    client = suite.imap(ipv6=True)
    client.ok("LOGIN joe pw")
    assert whoami(client) == "joe"
    suite.wait_log(r"login: user=<joe>.* rip=::1\b")


def test_bad_command_limit(suite):
    client = suite.imap()
    for _ in range(2):
        assert client.command("FROBNICATE")[1].startswith("a BAD")
    client.send("a FROBNICATE")
    assert any(line.startswith("* BYE") for line in client.until(r"\* BYE"))
    client.expect_eof()


def test_commands_of_later_states_are_bad(suite):
    client = suite.imap()
    assert client.command("SELECT INBOX")[1].startswith("a BAD")
    assert client.command("STARTTLS")[1].startswith("a BAD")


# LOGIN and AUTHENTICATE.


def test_login_atoms_and_quoted(joe, hosts):
    joe.ok('LOGIN joe "se\\"cr\\\\et pw"')
    assert hosts.logins == [("joe", 'se"cr\\et pw')]


def test_login_literals_that_wait(joe, hosts):
    joe.send("a LOGIN {3}")
    joe.expect(r"\+ ")
    joe.send(b"joe {6}\r\n")
    joe.expect(r"\+ ")
    joe.send(b"p w\"\\x\r\n")
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", 'p w"\\x')]


def test_login_literals_that_do_not_wait(joe, hosts):
    joe.send(b"a LOGIN {3+}\r\njoe {2+}\r\npw\r\n")
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", "pw")]


def test_login_mixed(joe, hosts):
    joe.send(b'a LOGIN "joe" {2+}\r\npw\r\n')
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", "pw")]


def test_login_byte_by_byte(joe, hosts):
    joe.send_slowly(b'a LOGIN {3+}\r\njoe "pw"\r\n')
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", "pw")]


@pytest.mark.parametrize("has_initial", [True, False])
def test_authenticate_plain(joe, hosts, has_initial):
    response = plain("joe", "pw")
    if has_initial:
        joe.send(f"a AUTHENTICATE PLAIN {response}")
    else:
        joe.send("a AUTHENTICATE PLAIN")
        joe.expect(r"\+ ")
        joe.send(response)
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", "pw")]


@pytest.mark.parametrize("has_initial", [True, False])
def test_authenticate_login(joe, hosts, has_initial):
    if has_initial:
        joe.send(f"a authenticate login {b64('joe')}")
    else:
        joe.send("a AUTHENTICATE LOGIN")
        joe.expect(rf"\+ {b64('Username:')}")
        joe.send(b64("joe"))
    joe.expect(rf"\+ {b64('Password:')}")
    joe.send(b64("pw"))
    assert joe.answer()[1].startswith("a OK")
    assert hosts.logins == [("joe", "pw")]


def test_authenticate_unknown_mechanism(suite):
    line = suite.imap().command("AUTHENTICATE CRAM-MD5")[1]
    assert line.startswith(("a NO", "a BAD"))


def test_T_A8_cancel_then_login(joe):
    for mech in ("PLAIN", "LOGIN"):
        joe.send(f"a AUTHENTICATE {mech}")
        joe.expect(r"\+ ")
        joe.send("*")
        assert joe.answer()[1].startswith("a BAD")
    joe.ok("LOGIN joe pw", "b")
    assert whoami(joe) == "joe"


def test_wrong_password_then_right(joe, hosts):
    untagged, line = joe.login("joe", "wrong")
    assert untagged == [] and line.startswith("a NO [AUTHENTICATIONFAILED]")
    joe.ok("LOGIN joe right", "b")
    assert whoami(joe) == "joe"
    assert [user for user, _ in hosts.logins] == ["joe", "joe"]


def test_unknown_user_then_known(joe):
    assert joe.login("nobody", "pw")[1].startswith("a NO [AUTHENTICATIONFAILED]")
    joe.ok("LOGIN joe pw", "b")


# Just after login.


def test_capabilities_in_the_tagged_ok(joe):
    untagged, line = joe.ok("LOGIN joe pw")
    assert untagged == []
    assert line.startswith(f"a OK [CAPABILITY {IMAP_CAPS}]")


def test_capabilities_on_a_line_for_who_asked(joe):
    joe.ok("CAPABILITY")
    untagged, line = joe.ok("LOGIN joe pw", "b")
    assert untagged == [f"* CAPABILITY {IMAP_CAPS}"]
    assert "CAPABILITY" not in line


def test_capabilities_of_a_host_that_must_be_asked(suite):
    """The client asked, the host says nothing by itself."""
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.ok("CAPABILITY")
        client.send("b LOGIN joe pw")
        wire = host.accept()
        wire.send("* OK ready")
        tag, _, _ = wire.imap_wait_login("IMAP4rev1 X-ASKED")
        wire.send(f"{tag} OK Logged in")
        if wire.poll(1) and b"CAPABILITY" in wire.pending:
            tag, _, _ = wire.imap_command()
            wire.send("* CAPABILITY IMAP4rev1 X-ASKED")
            wire.send(f"{tag} OK done")
        untagged, _ = client.answer("b")
        assert untagged in ([], ["* CAPABILITY IMAP4rev1 X-ASKED"])


def test_pipelined_commands_arrive_once_and_in_order(joe, hosts):
    joe.send(
        b"a LOGIN joe pw\r\nb ECHO one\r\nc ECHO {3+}\r\ntwo\r\n"
        b"d WHOAMI\r\ne LOGOUT\r\n"
    )
    text = [line for line in joe.until(r"e OK") if "CAPABILITY" not in line]
    assert text == [
        "* ECHO one", "b OK done", "* ECHO two", "c OK done",
        "* USER joe", "d OK done", "* BYE bye", "e OK done",
    ]
    joe.expect_eof()
    assert hosts.imap.bytes_received.count(b"ECHO one") == 1


def test_pipelined_behind_a_login_that_fails(joe, hosts):
    joe.send(b"a LOGIN joe wrong\r\nb LOGIN joe pw\r\nc WHOAMI\r\n")
    assert joe.answer("a")[1].startswith("a NO")
    assert joe.answer("b")[1].startswith("b OK")
    assert joe.answer("c")[0] == ["* USER joe"]
    assert len(hosts.logins) == 2


def test_pipelined_behind_authenticate(joe):
    joe.send(
        b"a AUTHENTICATE PLAIN " + plain("joe", "pw").encode()
        + b"\r\nb WHOAMI\r\n"
    )
    assert joe.answer("a")[1].startswith("a OK")
    assert joe.answer("b")[0] == ["* USER joe"]


def test_much_pipelined_behind_login(joe):
    """More than any buffer before login holds."""
    count = 2000
    data = b"".join(b"t%d ECHO %d\r\n" % (i, i) for i in range(count))
    sender = Background(joe.send, b"a LOGIN joe pw\r\n" + data)
    assert joe.answer("a")[1].startswith("a OK")
    for number in range(count):
        assert joe.answer(f"t{number}")[0] == [f"* ECHO {number}"]
    sender.wait()


def test_bytes_behind_the_tagged_ok(suite):
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.send("* OK ready")
        tag, _, _ = wire.imap_wait_login()
        rest = b"* 1 EXISTS\r\n* 2 RECENT\r\n" + b"x" * 30000
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] hi\r\n".encode() + rest)
        assert client.answer()[1].startswith("a OK")
        client.expect_bytes(rest)


def test_untagged_lines_of_the_host_are_swallowed(suite):
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.send("* OK ready\r\n* OK [ALERT] buy now\r\n* 3 EXISTS")
        tag, _, _ = wire.imap_wait_login()
        wire.send("* NO [ALERT] secret\r\n* LIST () NIL x\r\n"
                  f"{tag} OK [CAPABILITY IMAP4rev1] done")
        untagged, line = client.answer()
        assert untagged == [] and line.startswith("a OK")


# Settings.


def test_login_deadline(new_suite):
    suite = new_suite(settings={"login_timeout": "1s"})
    client = suite.imap()
    start = time.monotonic()
    # A client that sends something now and then has no more time.
    rest = b""
    while not client.is_eof and time.monotonic() < start + 10:
        try:
            client.send("a NOOP")
        except ConnectionError:
            break
        client.poll(0.2)
    client.poll(0)
    assert time.monotonic() - start < 8
    rest = bytes(client.received)
    assert b"* BYE" in rest
    suite.wait_log(r"disconnected: .*reason=\S*time")


def test_greeting_and_capability_settings(new_suite):
    suite = new_suite(
        settings={"login_greeting": "Welcome to the wicket"},
        imap={"imap_capability": "IMAP4rev1 X-MINE"},
    )
    client = suite.imap()
    assert client.greeting.endswith("Welcome to the wicket")
    words = client.ok("CAPABILITY")[0][0].split()
    assert "X-MINE" in words and "IMAP4rev1" in words
    assert suite.pop3().greeting == "+OK [XCLIENT] Welcome to the wicket"


def test_T_V2_no_plaintext_on_a_plain_connection(new_suite, hosts):
    """A client with the server's own address is not protected either."""
    suite = new_suite(settings={"disable_plaintext_auth": "yes"})
    suite.add_row(hosts.row("joe"))
    for source in ("127.0.0.1", "127.0.0.2"):
        client = suite.imap(source=source)
        words = client.ok("CAPABILITY")[0][0].split()
        assert "LOGINDISABLED" in words and "AUTH=PLAIN" not in words
        line = client.command("LOGIN joe pw")[1]
        assert line.startswith("a NO [PRIVACYREQUIRED]")
        client = suite.imap(source=source)
        client.send("a LOGIN joe {2}")
        client.expect(r"a NO \[PRIVACYREQUIRED\]")
        client = suite.imap(source=source)
        client.send("a AUTHENTICATE PLAIN")
        client.expect(r"a NO \[PRIVACYREQUIRED\]")
        refused = rf"refused: .* method=- rip={source} .*reason=unprotected"
        procs.wait_until(
            lambda: len(re.findall(refused, suite.log())) == 3, "three lines"
        )
    assert hosts.logins == []


def test_trusted_networks_may_send_plaintext(new_suite, hosts):
    suite = new_suite(
        settings={
            "disable_plaintext_auth": "yes",
            "login_trusted_networks": "127.0.0.2/32 10.0.0.0/8",
        }
    )
    suite.add_row(hosts.row("joe"))
    client = suite.imap(source="127.0.0.2")
    assert "LOGINDISABLED" not in client.ok("CAPABILITY")[0][0]
    client.ok("LOGIN joe pw")
    client = suite.imap(source="127.0.0.3")
    assert client.command("LOGIN joe pw")[1].startswith("a NO [PRIVACYREQUIRED]")


# Real sessions: imaplib and Dovecot.


@pytest.fixture
def session(suite, dovecot):
    """imaplib, logged in to a fresh mailbox through the proxy."""
    for user in USERS:
        suite.add_user(
            user, host=dovecot.addr, imap_port=dovecot.imap_port,
            pop3_port=dovecot.pop3_port,
        )
    dovecot.refill("john")
    made = []

    def login():
        made.append(imaplib.IMAP4(*suite.addr("imap"), timeout=30))
        made[-1].login("john", USERS["john"])
        return made[-1]

    yield login
    for client in made:
        client.sock.close()


def test_imaplib_select_and_fetch(session):
    client = session()
    assert "IDLE" in client.capabilities
    assert client.select()[1] == [b"3"]
    for number, text in enumerate(MESSAGES, 1):
        _, data = client.fetch(str(number), "(BODY[])")
        assert data[0][1] == text.encode()
    assert client.search(None, "SUBJECT", "dots")[1] == [b"2"]
    assert client.logout()[0] == "BYE"


def test_imaplib_append_10_mb(session):
    client = session()
    line = b"0123456789abcdef" * 4 + b"\r\n"
    message = b"Subject: big\r\n\r\n" + line * (10 * 1024 * 1024 // len(line))
    assert client.append("INBOX", None, None, message)[0] == "OK"
    client.select()
    assert client.fetch("4", "(BODY[])")[1][0][1] == message
    assert client.logout()[0] == "BYE"


def test_imap_idle(suite, session):
    session()
    reader = suite.imap()
    reader.ok(f"LOGIN john {USERS['john']}")
    reader.ok("SELECT INBOX")
    reader.send("i IDLE")
    reader.expect(r"\+ idling")
    session().append("INBOX", None, None, b"Subject: new\r\n\r\nnew\r\n")
    reader.until(r"\* 4 EXISTS")
    reader.send("DONE")
    reader.answer("i")
    reader.ok("LOGOUT")


def test_imaplib_wrong_password(suite, session):
    client = imaplib.IMAP4(*suite.addr("imap"), timeout=30)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login("john", "not his password")
    assert client.login("john", USERS["john"])[0] == "OK"
    client.logout()


def test_imaplib_authenticate_plain(suite, session):
    client = imaplib.IMAP4(*suite.addr("imap"), timeout=30)
    response = f"\0john\0{USERS['john']}".encode()
    assert client.authenticate("PLAIN", lambda _: response)[0] == "OK"
    assert client.list()[0] == "OK"
    client.logout()
