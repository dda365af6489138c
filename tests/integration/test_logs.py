"""One line a login, a refusal and a disconnect; and never a password."""

import itertools
import re

import pytest

from harness.client import b64, plain
from harness.host import Host

SUITE = {"settings": {"auth_verbose": "yes", "auth_debug": "yes",
                      "login_proxy_timeout": "1s"}}
CANARY = "canary-Pw-93b7"
SESSION = r"session=(\S+)"


NAMES = itertools.count()


@pytest.fixture
def name():
    """A user of this test alone."""
    return f"joe{next(NAMES)}"


@pytest.fixture
def joe(suite, hosts, name):
    suite.add_row(hosts.row(name))
    return suite.imap()


def line_of(suite, pattern, mark):
    """The one line of the log since the mark that matches."""
    suite.wait_log(pattern, mark)
    found = [x for x in suite.log(mark).splitlines() if re.search(pattern, x)]
    assert len(found) == 1, found
    return found[0]


def fields(line, shape):
    """key=value pairs behind the shape's word."""
    text = line.split(shape + ": ", 1)[1]
    return dict(pair.split("=", 1) for pair in text.split() if "=" in pair)


def test_a_login_and_its_end(suite, joe, name, hosts):
    mark = suite.mark()
    joe.ok(f"LOGIN {name} pw")
    first = line_of(suite, rf"login: user=<{name}>", mark)
    assert re.search(
        rf"imap-login.* login: user=<{name}> method=\w+ rip=127\.0\.0\.1 "
        r"lip=127\.0\.0\.1 .*" + SESSION,
        first,
    )
    joe.ok("WHOAMI", "b")
    joe.ok("LOGOUT", "c")
    joe.expect_eof()
    joe.close()
    last = line_of(suite, rf"disconnected: .*user=<{name}>", mark)
    got = fields(last, "disconnected")
    assert got["user"] == f"<{name}>"
    assert got["rip"] == got["lip"] == "127.0.0.1"
    assert re.fullmatch(r"\d+(\.\d+)?", got["secs"])
    assert int(got["in"]) == len(b"b WHOAMI\r\nc LOGOUT\r\n")
    assert got["session"] == re.search(SESSION, first)[1]
    if " proxy: " in suite.log(mark):
        proxy = line_of(suite, r" proxy: ", mark)
        assert f"host=127.0.0.1:{hosts.imap.port}" in proxy
        assert re.search(SESSION, proxy)[1] == got["session"]
    else:
        assert f"host=127.0.0.1:{hosts.imap.port}" in first


def test_bytes_out(suite, name):
    mark = suite.mark()
    with Host() as host:
        suite.add_user(name, host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send(f"a LOGIN {name} pw")
        wire = host.accept()
        wire.imap_login()
        client.answer()
        wire.send(b"z" * 12345)
        client.exact(12345)
        client.send(b"y" * 777)
        wire.exact(777)
        wire.close()
        client.expect_eof()
        client.close()
    got = fields(line_of(suite, rf"disconnected: .*user=<{name}>", mark), "disconnected")
    assert (got["in"], got["out"]) == ("777", "12345")


def test_each_session_has_its_own_id(suite, name, hosts):
    mark = suite.mark()
    suite.add_row(hosts.row(name))
    for _ in range(5):
        client = suite.imap()
        client.ok(f"LOGIN {name} pw")
        client.close()
    suite.wait_log(rf"(disconnected: [^\n]*user=<{name}>[^\n]*\n[^$]*){{5}}", mark)
    ids = re.findall(rf"login: user=<{name}>.* session=(\S+)", suite.log(mark))
    assert len(ids) == 5 and len(set(ids)) == 5


def test_pop3_has_the_same_shapes(suite, name, hosts):
    mark = suite.mark()
    suite.add_row(hosts.row(name))
    client = suite.pop3()
    client.login(name, "pw")
    client.ok("QUIT")
    client.expect_eof()
    client.close()
    line_of(suite, rf"pop3-login.* login: user=<{name}> method=\S+ rip=", mark)
    got = fields(line_of(suite, rf"disconnected: .*user=<{name}>", mark), "disconnected")
    assert got["in"] == str(len("QUIT\r\n"))


@pytest.mark.parametrize(
    "method,send",
    [("PLAIN", lambda c, name: c.send(
         f"a AUTHENTICATE PLAIN {plain(name, 'pw')}")),
     ("LOGIN", lambda c, name: c.send(
         f"a AUTHENTICATE LOGIN\r\n{b64(name)}\r\n{b64('pw')}"))],
)
def test_methods(suite, joe, name, method, send):
    mark = suite.mark()
    send(joe, name)
    joe.answer()
    assert f"method={method} " in line_of(suite, rf"login: user=<{name}>", mark)


def test_refusals(suite, joe, name):
    mark = suite.mark()
    joe.login("nobody", "pw")
    line = line_of(suite, r"refused: .*user=<nobody>", mark)
    got = fields(line, "refused")
    assert got["rip"] == "127.0.0.1" and got["reason"] and got["session"]
    mark = suite.mark()
    joe.login(name, "wrong")
    line = line_of(suite, rf"refused: .*user=<{name}>", mark)
    assert "host=127.0.0.1:" in line and "reason=" in line


def test_a_client_that_never_logged_in(suite):
    mark = suite.mark()
    client = suite.imap()
    client.ok("LOGOUT")
    client.expect_eof()
    line = line_of(suite, r"disconnected: user=<> ", mark)
    assert "reason=" in line and "rip=127.0.0.1" in line


def test_no_password_anywhere(new_suite, hosts):
    """Of right and wrong ones, in every way, with all debugging on."""
    suite = new_suite(**SUITE)
    suite.allow(r"passdb|auth-worker|query|database|no such table|control")
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("jim", password="{PLAIN}" + CANARY + "x",
                            nopassword=None))
    suite.add_row(hosts.row("jack", password="{PLAIN}" + CANARY,
                            nopassword=None, **{"pass": CANARY + "h"}))
    for user in ("joe", "jim", "jack", "nobody"):
        client = suite.imap()
        client.login(user, CANARY)
        client.close()
        client = suite.imap()
        client.send(f"a AUTHENTICATE PLAIN {plain(user, CANARY)}")
        client.answer()
        client = suite.pop3()
        client.login(user, CANARY)
        client = suite.pop3()
        client.send(f"AUTH PLAIN {plain(user, CANARY)}")
        client.line()
    client = suite.imap()
    client.command(f"LOGIN joe {CANARY} extra")
    client.command(f"{CANARY} joe")
    client.command(f'LOGIN "joe" "{CANARY}')
    client = suite.pop3()
    client.command(f"PASS {CANARY}")
    client.command(f"APOP joe {CANARY}")
    with Host() as host:
        suite.add_user("slow", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send(f"a LOGIN slow {CANARY}")
        host.accept().send("* OK ready\r\n* X {5}")
        client.answer()
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    suite.imap().login("joe", CANARY)
    suite.wait_log("login: user=<joe>")
    assert suite.stop() == 0
    text = suite.log(0)
    for secret in (CANARY, b64(CANARY), plain("joe", CANARY), CANARY.lower()):
        assert secret not in text


def test_lines_have_a_time_a_process_and_a_pid(suite, joe, name):
    mark = suite.mark()
    joe.ok(f"LOGIN {name} pw")
    line = line_of(suite, rf"login: user=<{name}>", mark)
    match = re.match(r"\w{3} \d\d \d\d:\d\d:\d\d .*imap-login\[(\d+)\]: ", line)
    assert int(match[1]) in suite.children("imap-login")


def test_log_timestamp(new_suite, hosts):
    suite = new_suite(settings={"log_timestamp": '"%Y-%m-%d %H:%M:%S "'})
    suite.add_row(hosts.row("joe"))
    suite.imap().ok("LOGIN joe pw")
    suite.wait_log(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S.*login: user=<joe>")


def test_info_log_path(new_suite, hosts):
    """Trouble goes to log_path, the rest elsewhere."""
    suite = new_suite(start=False)
    info = suite.dir / "info"
    real, suite.log_path = suite.log_path, info
    suite.write_conf(
        settings={"log_path": real, "info_log_path": info}
    )
    suite.start()
    suite.allow(r"passdb")
    suite.add_user("joe", host="no such host")
    suite.imap().login("joe", "pw")
    suite.imap().login("jim", "pw")
    suite.wait_log(r"refused: .*user=<jim>")
    assert "refused" not in real.read_text()
    assert real.read_text() != ""
