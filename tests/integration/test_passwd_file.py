"""passdb passwd-file: a file of users, and what may happen to it."""

import os
import subprocess
import time

import pytest

from harness import procs
from harness.suite import WORKER_UID

AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"
ARGS = "scheme=PLAIN username_format=%Lu"
SHA512 = (
    "{CRYPT}$6$saltsalt$pauPrmdmG4BTE9h2HPmywiw152IFch6BJCEsaY6D.PLTfpV8sqv"
    "XwWdyfsgVgozkYH9B80bAip/08R2BPH2xk/"
)


class Users:
    """The file of a suite, in a directory that the worker can enter."""

    def __init__(self, suite):
        self.path = suite.dir / "users"
        self.write("")

    def write(self, text, mode=0o640, gid=WORKER_UID):
        """Replaces the file atomically."""
        new = self.path.with_suffix(".new")
        new.write_text(text)
        os.chown(new, 0, gid)
        new.chmod(mode)
        new.rename(self.path)


def line(hosts, user, password="pw", service="imap", extra=""):
    """A line that leads to a host; the rest of passwd(5) is in between."""
    port = hosts.imap.port if service == "imap" else hosts.pop3.port
    return (
        f"{user}:{password}:1000:1000:Some One:/home/{user}:/bin/sh:"
        f"proxy=y host={hosts.addr} port={port} userdb_mail=x nodelay=y {extra}\n"
    )


def passdb(path, more="", args=ARGS):
    return f"  passdb passwd-file {{\n    args = {args} {path}\n{more}  }}\n"


@pytest.fixture
def users(new_suite):
    suite = new_suite(start=False)
    users = Users(suite)
    users.suite = suite
    suite.write_conf(passdbs=passdb(users.path))
    return users


def login(suite, user="joe", password="pw"):
    return suite.imap().login(user, password)[1]


def test_users_of_a_file(users, hosts):
    suite = users.suite
    users.write(
        "# users\n\n"
        + line(hosts, "joe")
        + line(hosts, "ann@example.org", SHA512, extra="destuser=a pass=its")
        + line(hosts, "pop", "{SHA512-CRYPT}x", "pop3")
    )
    suite.start()
    assert login(suite).startswith("a OK")
    assert login(suite, "JOE").startswith("a OK")
    assert login(suite, "joe", "px").startswith(AUTHFAIL)
    assert login(suite, "nobody").startswith(AUTHFAIL)
    assert login(suite, "ann@example.org").startswith("a OK")
    assert login(suite, "ann@example.org", "px").startswith(AUTHFAIL)
    users.write(line(hosts, "pop", "pw", "pop3"))
    assert suite.pop3().login("pop", "pw").startswith("+OK")
    assert suite.pop3().login("pop", "px").startswith("-ERR [AUTH]")
    # The password is checked as joe's, the name goes on as it came.
    assert hosts.logins == [
        ("joe", "pw"),
        ("JOE", "pw"),
        ("a", "its"),
        ("pop", "pw"),
    ]


def test_T_D2_an_empty_password_is_no_password(users, hosts):
    suite = users.suite
    users.write(line(hosts, "joe", "") + "ann\n" + "jim:\n")
    suite.start()
    for user in ("joe", "ann", "jim"):
        assert login(suite, user).startswith(AUTHFAIL)
    users.write(line(hosts, "joe", "", extra="nopassword=y"))
    assert login(suite).startswith("a OK")
    suite.allow(r"nopassword with a password")
    users.write(line(hosts, "joe", "pw", extra="nopassword=y"))
    assert login(suite).startswith(TEMPFAIL)
    assert hosts.logins == [("joe", "pw")]


def test_changes_hold_at_once(users, hosts):
    """Replaced, written in place, and by a file of the same length."""
    suite = users.suite
    users.write(line(hosts, "joe", "pw0"))
    suite.start()
    assert login(suite, "joe", "pw0").startswith("a OK")
    for i in range(1, 8):
        text = line(hosts, "joe", f"pw{i}")
        if i % 2:
            users.write(text)
        else:
            users.path.write_text(text)
        assert login(suite, "joe", f"pw{i}").startswith("a OK")
        assert login(suite, "joe", f"pw{i - 1}").startswith(AUTHFAIL)


def test_a_broken_line_hurts_nobody_else(users, hosts):
    suite = users.suite
    suite.allow(r"row|line 1 is broken")
    users.write(
        line(hosts, "joe").rstrip("\n") + "\r\n" + line(hosts, "ann") + ":x\n"
    )
    suite.start()
    for _ in range(3):
        assert login(suite, "ann").startswith("a OK")
    assert login(suite).startswith(TEMPFAIL)
    assert login(suite, "nobody").startswith(AUTHFAIL)
    suite.wait_log(rf"{users.path}:1: ends with a carriage return")
    log = suite.log()
    workers = len(suite.children("auth-worker"))
    assert log.count(f"{users.path}:3: there is no name") <= workers
    users.write(line(hosts, "joe"))
    assert login(suite).startswith("a OK")


def test_T_D4_a_user_who_stands_there_twice(users, hosts):
    suite = users.suite
    suite.allow(r"multiple matches")
    users.write(line(hosts, "joe") + line(hosts, "ann") + line(hosts, "joe", "x"))
    suite.start()
    assert login(suite).startswith(TEMPFAIL)
    assert login(suite, "ann").startswith("a OK")
    suite.wait_log(r"multiple matches")


@pytest.mark.parametrize(
    "change", ["gone", "unreadable", "writable", "fifo", "symlink", "huge"]
)
def test_T_D9_a_file_that_cannot_be_used(users, hosts, change):
    """Neither a success nor a wrong password, and over when it is over."""
    suite = users.suite
    suite.allow(r"passwd-file|passdb")
    users.write(line(hosts, "joe"))
    suite.start()
    assert login(suite).startswith("a OK")
    if change == "unreadable":
        users.write(line(hosts, "joe"), mode=0o600)
    elif change == "writable":
        users.write(line(hosts, "joe"), mode=0o666)
    elif change == "huge":
        with open(users.path, "r+b") as file:
            file.truncate(1 << 30)
    else:
        users.path.unlink()
    if change == "fifo":
        os.mkfifo(users.path)
    if change == "symlink":
        users.path.symlink_to("/etc/passwd")
    for user in ("joe", "nobody"):
        assert login(suite, user).startswith(TEMPFAIL)
        assert suite.pop3().login(user, "pw").startswith("-ERR [SYS/TEMP]")
    suite.wait_log(rf"passdb 1 \(passwd-file\): .*{users.path}: ")
    if change == "symlink":
        users.path.unlink()
    users.write(line(hosts, "joe"))
    assert login(suite).startswith("a OK")


@pytest.mark.parametrize(
    "how, says",
    [
        ("missing", "No such file"),
        ("root", "cannot be read by auth_worker_user"),
        ("world", "must not be readable by others"),
        ("relative", "absolute path of a file"),
        ("variable", "no variables in the path"),
        ("scheme", "ROT13 is none of"),
    ],
)
def test_T_F2_what_the_check_finds(users, how, says):
    suite = users.suite
    path, args = str(users.path), ARGS
    if how == "missing":
        users.path.unlink()
    elif how == "root":
        users.path.chmod(0o600)
    elif how == "world":
        users.path.chmod(0o644)
    elif how == "relative":
        path = "users"
    elif how == "variable":
        path += "-%d"
    elif how == "scheme":
        args = "scheme=ROT13"
    suite.write_conf(passdbs=passdb(path, args=args))
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    number = next(
        i
        for i, text in enumerate(suite.conf.read_text().splitlines(), 1)
        if "args = " in text
    )
    assert f"{suite.conf}:{number}: " in done.stderr
    assert says in done.stderr


def test_deny(users, hosts):
    """A list of names alone, asked before the others."""
    suite = users.suite
    denied = suite.dir / "denied"
    denied.write_text("eve\n")
    os.chown(denied, 0, WORKER_UID)
    denied.chmod(0o640)
    suite.write_conf(
        passdbs=passdb(denied, "    deny = yes\n", "") + passdb(users.path)
    )
    users.write(line(hosts, "joe") + line(hosts, "eve"))
    suite.start()
    assert login(suite).startswith("a OK")
    assert login(suite, "eve").startswith(AUTHFAIL)
    suite.allow(r"passdb|deny")
    denied.chmod(0o666)
    assert login(suite).startswith(TEMPFAIL)


def test_a_hundred_thousand_users(users, hosts):
    suite = users.suite
    users.write(
        "".join(line(hosts, f"u{i}", f"p{i}") for i in range(100000))
    )
    suite.start()
    assert login(suite, "u99999", "p99999").startswith("a OK")
    start = time.monotonic()
    for i in range(0, 100000, 1000):
        assert login(suite, f"u{i}", f"p{i}").startswith("a OK")
    assert time.monotonic() - start < 30
    for pid in suite.children("auth-worker"):
        assert procs.rss_kb(pid) < 128 * 1024
