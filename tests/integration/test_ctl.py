"""wicketctl and the control socket (cases T-F5 and T-F7)."""

import array
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest

from harness import procs
from harness.suite import AUTH_UID, LOGIN_UID, Background, program

SUITE = {"settings": {"auth_failure_delay": "5 secs"}}
STATUS = 3
RELOAD = 1


def control(suite):
    return suite.base_dir / "control"


def dial(suite):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(str(control(suite)))
    return sock


def frame(kind, body=b"", flags=0):
    return struct.pack("<IHHI", len(body), kind, flags, 0) + body


def hello(kind=4, version=4):
    """HELLO of a wicketctl."""
    return frame(0, struct.pack("<IHHH", 0x4D574B31, kind, version, 6))


def connections(suite):
    """How many the master has open on its control socket."""
    held = set(procs.fds(suite.pid).values())
    with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
        lines = [line.split() for line in file.readlines()[1:]]
    found = [
        fields for fields in lines
        if len(fields) > 7 and fields[7] == "control"
        and f"socket:[{fields[6]}]" in held
    ]
    return len(found) - 1


def wait_no_connections(suite):
    procs.wait_until(lambda: connections(suite) == 0, "no connection", 20)


def is_closed(sock):
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


# Commands for the master.


def test_status(suite, hosts, mode):
    suite.add_row(hosts.row("joe"))
    session = suite.imap()
    session.ok("LOGIN joe pw")
    text = suite.ctl("status")
    assert f"pid {suite.pid} " in text and str(suite.conf) in text
    assert re.search(r"^role +state +processes", text, re.M)

    # A process tells of its sessions when it has time to, and not at all
    # when it has one client.
    key = {"shared": "imap-login.serving.sessions",
           "per-connection": "imap-login.busy.processes"}[mode]

    def counted():
        found = suite.ctl_keys("status")
        return found if found.get(key) == "1" else None

    found = procs.wait_until(counted, "one session")
    assert found["suite.pid"] == str(suite.pid)
    assert found["auth.serving.processes"] == "1"
    assert int(found["auth-worker.serving.processes"]) >= 1
    assert found["auth.1.pid"] == str(suite.children("auth")[0])
    assert found["auth.1.workers_max"] == "4"
    each = suite.ctl_keys("status", "--all")
    for pid in suite.children("imap-login"):
        if f"process.{pid}.role" in each:
            assert each[f"process.{pid}.role"] == "imap-login"
    assert each[f"process.{found['auth.1.pid']}.role"] == "auth"
    session.close()


def test_the_configuration_tells_where_the_socket_is(suite):
    done = subprocess.run(
        [program("wicketctl"), "-c", str(suite.conf), "status"],
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done
    assert f"pid {suite.pid} " in done.stdout


def test_reload(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    before = suite.children("auth")
    suite.write_conf(imap={"login_greeting": "New."})
    assert "configuration read again" in suite.ctl("reload")

    def is_new():
        with suite.imap() as client:
            return b"New." in client.received

    procs.wait_until(is_new, "the new greeting")
    procs.wait_gone(before)
    suite.imap().ok("LOGIN joe pw")


def test_reload_with_faults(new_suite):
    suite = new_suite()
    suite.allow("reload: ")
    suite.conf.write_text(suite.conf.read_text() + "\nfoo = bar\nlisten = 7\n")
    lines = suite.conf.read_text().splitlines()
    text = suite.ctl("reload", status=1)
    assert f"{suite.conf}:{lines.index('foo = bar') + 1}: " in text
    assert len([line for line in text.splitlines() if "conf:" in line]) == 2
    suite.wait_log(r"reload: .*foo.*the old configuration stays")
    # What needs a restart is told as well.
    suite.write_conf(settings={"login_dir": suite.dir / "elsewhere"})
    assert "login_dir needs a restart" in suite.ctl("reload", status=1)
    assert suite.proc.poll() is None


def test_reload_during_a_reload(new_suite):
    """The second one waits for the first, and nothing is lost."""
    suite = new_suite()
    mark = suite.mark()
    jobs = [Background(suite.ctl, "reload") for _ in range(3)]
    assert ["read again" in job.wait(60) for job in jobs] == [True] * 3
    line = "configuration read again"
    procs.wait_until(
        lambda: suite.log(mark).count(line) == 3, "three lines"
    )
    procs.wait_until(
        lambda: suite.ctl_keys("status", status=None).get(
            "auth.serving.processes"
        ) == "1",
        "one auth process",
    )


def test_stop_and_start_again(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    session = suite.imap()
    session.ok("LOGIN joe pw")
    for _ in range(5):
        assert "stopped" in suite.ctl("stop")
        old, suite.proc = suite.proc, None
        # The address is free as soon as wicketctl returns.
        suite.start()
        assert old.wait(10) == 0
        suite.imap().ok("LOGIN joe pw")
    session.ok("WHOAMI", "w")


def test_nobody_is_there(new_suite):
    suite = new_suite()
    path = control(suite)
    assert suite.stop() == 0
    assert not path.exists()
    assert "no mailwicket runs here" in suite.ctl("status", status=69)
    suite.proc = None
    suite.start()
    suite.kill()
    suite.proc.wait()
    assert path.exists()
    # One that was about to become a program may hold the socket for a moment.
    procs.wait_until(
        lambda: "no mailwicket runs here" in suite.ctl("stop", status=69),
        "the end of all",
    )
    # What a killed master leaves is in nobody's way.
    suite.start()
    assert f"pid {suite.pid} " in suite.ctl("status")


@pytest.mark.parametrize(
    "words", [[], ["start"], ["auth"], ["explain"], ["stop", "now"],
              ["auth", "test", "joe", "secret"], ["explain", "joe", "--ip", "x"]]
)
def test_wrong_usage(suite, words):
    assert "usage: wicketctl" in suite.ctl(*words, status=64)
    assert suite.proc.poll() is None


# Questions to auth.


def test_auth_test(suite, hosts):
    suite.add_row(hosts.row("ann", password="{PLAIN}sesame", nopassword=None,
                            nodelay=None))
    good = suite.ctl_keys("auth", "test", "ann", input="sesame\n")
    assert good["result"] == "ok"
    assert good["route.address"].startswith("127.0.0.1:")
    assert good["route.pass"] == "<hidden>"
    start = time.monotonic()
    bad = suite.ctl_keys("auth", "test", "ann", input="sesam\n", status=1)
    assert (bad["result"], bad["reason"]) == ("refused", "credentials")
    assert "password mismatch" in bad["passdb.1.decision"]
    gone = suite.ctl_keys("auth", "test", "nobody", input="x\n", status=1)
    assert gone["passdb.1.decision"] == "unknown user"
    # Who may ask here is not held back: auth_failure_delay is 5 s.
    assert time.monotonic() - start < 4
    secret = suite.dir / "secret"
    secret.write_text("sesame\n")
    assert suite.ctl_keys("auth", "test", "ann", "--password-file",
                          str(secret))["result"] == "ok"
    assert suite.ctl("auth", "test", "ann", "--password-file", "/nowhere",
                     status=66)
    for text in (suite.log(), str(good), str(bad)):
        assert "sesam" not in text


def test_auth_test_of_a_user_whose_host_checks(suite, hosts):
    suite.add_row(hosts.row("joe"))
    found = suite.ctl_keys("auth", "test", "joe", "--service", "pop3",
                           input="anything\n")
    assert found["result"] == "ok"
    assert found["passdb.1.$1"] == "'pop3'"
    assert found["route.address"] == "127.0.0.1:%d" % hosts.pop3.port


def test_explain(suite, hosts):
    suite.add_row(hosts.row("ann", password="{PLAIN}sesame", nopassword=None,
                            destuser="ann@domain.net"))
    found = suite.ctl_keys("explain", "ann", "--ip", "192.0.2.7")
    assert found["user"] == "ann"
    assert found["passdb.1.driver"] == "sql"
    assert found["passdb.1.query"].endswith("FROM users WHERE user = ?")
    assert found["passdb.1.$2"] == "'ann'"
    assert found["passdb.1.from"] == "database"
    assert found["passdb.1.field.password"] == "<hidden>"
    assert found["passdb.1.field.pass"] == "NULL"
    assert found["passdb.1.field.nopassword"] == "NULL"
    assert found["passdb.1.field.destuser"] == "ann@domain.net"
    assert "would be verified" in found["passdb.1.decision"]
    assert found["route.destuser"] == "ann@domain.net"
    assert found["result"] == "ok"
    text = suite.ctl("explain", "ann")
    assert "passdb 1:\n" in text and "  field host: 127.0.0.1\n" in text
    assert "sesame" not in text + str(found) + suite.log()


def test_explain_a_name_that_is_no_sql(suite):
    name = "x' OR '1'='1"
    # Such bytes are not in auth_username_chars: the name is refused before.
    found = suite.ctl_keys("explain", name, status=1)
    assert found["result"] == "refused"
    assert "passdb.1.query" not in found


def test_explain_shows_what_a_client_cannot_send(suite, hosts):
    """Values of a database steer no terminal; what is shown is unambiguous."""
    suite.add_row(hosts.row("eve", destuser="a\x1b[2J\n\\n\xe4"))
    suite.allow("control character in destuser")
    text = suite.ctl("explain", "eve", status=75)
    assert r"destuser: a\x1b[2J\x0a\x5cn\xc3\xa4" in text
    assert all(32 <= ord(char) < 127 or char == "\n" for char in text)


def test_explain_nologin(suite):
    suite.add_user("shut", password="{PLAIN}x", proxy=None, nopassword=None,
                   reason="Closed until Monday")
    found = suite.ctl_keys("explain", "shut", status=1)
    assert found["reason"] == "nologin"
    assert found["text"] == "Closed until Monday"


def test_explain_several_passdbs(new_suite, hosts):
    suite = new_suite(start=False)
    suite.write_conf(passdbs=(
        f"  passdb sql {{\n    args = {suite.sql_conf}\n  }}\n"
        "  passdb static {\n    args = proxy=y nopassword=y password= "
        f"host=127.0.0.1 port={hosts.imap.port} pass=topsecret\n  }}\n"
    ))
    suite.start()
    text = suite.ctl("explain", "joe")
    first, second = text.index("passdb 1:"), text.index("passdb 2:")
    assert first < text.index("decision: unknown user") < second
    assert "driver: static" in text and "topsecret" not in text
    found = suite.ctl_keys("explain", "joe")
    assert found["passdb.2.from"] == "configuration"
    assert found["passdb.2.field.pass"] == found["route.pass"] == "<hidden>"


def test_explain_a_database_that_fails(new_suite):
    suite = new_suite()
    suite.allow(r"\berror: ")
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    found = suite.ctl_keys("explain", "joe", status=75)
    assert "did not answer" in found["passdb.1.decision"]
    assert found["reason"] == "temporary"
    suite.db.execute("ALTER TABLE gone RENAME TO users")


def test_explain_counts_as_no_session(new_suite, hosts):
    suite = new_suite(settings={"mail_max_userip_connections": 1})
    suite.add_row(hosts.row("joe"))
    for _ in range(3):
        assert suite.ctl_keys("explain", "joe")["result"] == "ok"
    suite.imap().ok("LOGIN joe pw")


def test_questions_while_auth_is_replaced(new_suite, hosts):
    """Each is answered, or told that there is nobody now."""
    suite = new_suite()
    suite.allow("auth.*died")
    suite.add_row(hosts.row("joe"))
    os.kill(suite.children("auth")[0], signal.SIGKILL)
    seen = set()
    until = time.monotonic() + 20
    while 0 not in seen and time.monotonic() < until:
        done = subprocess.run(
            [program("wicketctl"), "-s", str(control(suite)), "explain", "joe"],
            capture_output=True, text=True, timeout=30,
        )
        seen.add(done.returncode)
    assert seen <= {0, 69, 75} and 0 in seen


def test_cache_commands(new_suite, hosts):
    suite = new_suite(settings={"auth_cache_size": "1M"})
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("ann"))

    def source(user):
        return suite.ctl_keys("explain", user)["passdb.1.from"]

    assert source("joe") == source("ann") == "database"
    # A question is a question: what it has found serves the next login.
    assert re.fullmatch(r"cache, \d+ s old", source("joe"))
    suite.imap().ok("LOGIN joe pw")
    status = suite.ctl_keys("cache", "status")
    assert status["auth.1.cache"] == "on"
    assert int(status["auth.1.cache.hits"]) >= 2
    assert suite.ctl_keys("cache", "flush", "joe")["flushed"] == "1"
    assert source("joe") == "database"
    assert re.match(r"cache\b", source("ann"))
    assert suite.ctl_keys("cache", "flush")["auth.1.flushed"] == "2"
    assert source("ann") == "database"


def test_cache_commands_without_a_cache(suite):
    assert suite.ctl_keys("cache", "status")["auth.1.cache"] == "off"
    assert suite.ctl_keys("cache", "flush")["auth.1.flushed"] == "0"


# T-F5: who may, and what garbage costs.


def test_T_F5_the_socket_is_roots(suite):
    info = control(suite).lstat()
    assert stat.S_ISSOCK(info.st_mode)
    assert stat.S_IMODE(info.st_mode) == 0o600
    assert info.st_uid == 0


@pytest.mark.parametrize("uid", [65534, LOGIN_UID, AUTH_UID])
def test_T_F5_other_users_get_nothing(suite, uid):
    text = suite.ctl("status", status=77, user=uid, group=uid, extra_groups=[])
    assert "ermission denied" in text
    # Nor when somebody has opened the door for them.
    control(suite).chmod(0o666)
    try:
        suite.ctl("stop", status=69, user=uid, group=uid, extra_groups=[])
        suite.ctl("explain", "joe", status=69, user=uid, group=uid,
                  extra_groups=[])
    finally:
        control(suite).chmod(0o600)
    suite.wait_log(rf"control: refused: pid=\d+ uid=\d+")
    assert suite.proc.poll() is None


GARBAGE = {
    "garbage": b"GET / HTTP/1.0\r\n\r\n" * 50,
    "random": os.urandom(4096),
    "huge": struct.pack("<IHHI", 0xFFFFFFFF, STATUS, 0, 0),
    "no hello": frame(STATUS),
    "another kind": hello(kind=2) + frame(STATUS),
    "another version": hello(version=99) + frame(STATUS),
    "unknown command": hello() + frame(77),
    "an answer": hello() + frame(105, b"\0"),
    "a body too many": hello() + frame(RELOAD, b"x"),
    "text with a NUL": hello() + frame(4, b"\x03\0a\0b\0\0"),
    "an fd announced": hello() + frame(STATUS, flags=1),
    "unknown flags": hello() + frame(STATUS, flags=0xFFFE),
}


@pytest.mark.parametrize("plan", sorted(GARBAGE))
def test_T_F5_garbage(suite, hosts, plan):
    suite.add_row(hosts.row("joe"))
    suite.allow("violation", "speaks version")
    for _ in range(20):
        sock = dial(suite)
        try:
            sock.sendall(GARBAGE[plan])
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert is_closed(sock)
        sock.close()
    suite.imap().ok("LOGIN joe pw")
    assert suite.ctl_keys("status")["suite.pid"] == str(suite.pid)


def test_T_F5_fds(suite):
    suite.allow("violation")
    before = len(procs.fds(suite.pid))
    fds = array.array("i", [0] * 8)
    for count in range(200):
        with dial(suite) as sock:
            sock.sendmsg(
                [hello() + frame(STATUS)],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds[: 1 + count % 8])],
            )
            if count % 2:
                assert is_closed(sock)
    wait_no_connections(suite)
    assert len(procs.fds(suite.pid)) <= before + 2
    assert suite.ctl_keys("status")["suite.pid"] == str(suite.pid)


def test_T_F5_silence(suite, hosts):
    """Connections that say nothing, half a message, or do not read."""
    suite.add_row(hosts.row("joe"))
    socks = [dial(suite) for _ in range(8)]
    for sock in socks[:4]:
        sock.sendall((hello() + frame(STATUS))[:20])
    for sock in socks[4:]:
        sock.sendall(hello() + frame(STATUS) * 2000)
    start = time.monotonic()
    suite.imap().ok("LOGIN joe pw")
    assert suite.ctl_keys("status")["suite.pid"] == str(suite.pid)
    assert time.monotonic() - start < 3
    wait_no_connections(suite)
    for sock in socks:
        sock.close()


def test_T_F5_10000_connects(suite, hosts):
    suite.add_row(hosts.row("joe"))
    rss = procs.rss_kb(suite.pid)
    held, refused, most = [], 0, 0
    for _ in range(10000):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(str(control(suite)))
        except BlockingIOError:
            refused += 1
            sock.close()
            continue
        held.append(sock)
        if len(held) > 500:
            most = max(most, connections(suite))
            while held:
                held.pop().close()
    # Sixteen are served, and one may be on its way out.
    assert most <= 17
    suite.imap().ok("LOGIN joe pw")
    for sock in held:
        sock.close()

    def answers():
        done = subprocess.run(
            [program("wicketctl"), "-s", str(control(suite)), "status"],
            capture_output=True,
        )
        return done.returncode == 0

    procs.wait_until(answers, "the control socket to answer", 20)
    wait_no_connections(suite)
    assert procs.rss_kb(suite.pid) < rss + 4096
    assert refused < 10000


def test_T_F5_channels_to_auth_are_few(suite, hosts):
    """One who collects channels to auth gets some, and they end by itself."""
    suite.add_row(hosts.row("joe"))
    auth = suite.children("auth")[0]
    before = len(procs.fds(auth))
    held = []
    with dial(suite) as sock:
        sock.sendall(hello() + frame(4, struct.pack("<HH", 0, 0)) * 100)
        until = time.monotonic() + 1
        while time.monotonic() < until and len(held) < 100:
            _, found, _, _ = sock.recvmsg(65536, 4096)
            for _, _, body in found:
                fds = array.array("i")
                fds.frombytes(body)
                held += fds
        assert len(procs.fds(auth)) <= before + 20
        with suite.imap() as client:
            client.ok("LOGIN joe pw")
    # Login processes come and go.
    procs.wait_until(
        lambda: len(procs.fds(auth)) <= before + 6, "auth to close them", 20
    )
    for fd in held:
        os.close(fd)


# T-F7: a second start.


def test_T_F7_a_second_start_leaves_the_socket_alone(new_suite):
    suite = new_suite()
    suite.allow("already running")
    before = control(suite).lstat().st_ino
    done = subprocess.run(
        suite.command("-F"), capture_output=True, text=True, timeout=30
    )
    assert done.returncode != 0
    assert control(suite).lstat().st_ino == before
    assert suite.ctl_keys("status")["suite.pid"] == str(suite.pid)


def test_a_file_in_the_way(new_suite):
    suite = new_suite(start=False)
    suite.allow("control in base_dir")
    control(suite).write_text("mine")
    done = subprocess.run(
        suite.command("-F"), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "control in base_dir" in done.stderr + suite.log(0)
    assert control(suite).read_text() == "mine"


def test_a_directory_with_a_long_name(new_suite):
    """Longer than the address of a socket may be."""
    suite = new_suite(start=False)
    suite.base_dir = suite.dir / ("d" * 100) / "run"
    suite.base_dir.parent.mkdir()
    suite.write_conf()
    suite.start()
    assert f"pid {suite.pid} " in suite.ctl("status")


def test_no_root(new_suite):
    """Run by a user, a suite takes its user's word and root's."""
    suite = new_suite(start=False)
    uid = 61177
    for path in (suite.dir, suite.base_dir, suite.db_path.parent,
                 suite.db_path, suite.conf, suite.sql_conf):
        os.chown(path, uid, uid)
    proc = subprocess.Popen(
        suite.command("-F"), user=uid, group=uid, extra_groups=[],
        stderr=subprocess.DEVNULL, cwd="/",
    )
    try:
        suite.wait_log("ready: pid=")
        suite.ctl("status", user=uid, group=uid, extra_groups=[])
        suite.ctl("status", status=77, user=65534, group=65534,
                  extra_groups=[])
        suite.ctl("stop")
        assert proc.wait(10) == 0
    finally:
        if proc.poll() is None:
            proc.kill()
            proc.wait()


def test_many_at_once(suite, hosts):
    suite.add_row(hosts.row("joe"))
    jobs = [
        Background(suite.ctl_keys, "explain", "joe") for _ in range(8)
    ]
    assert [job.wait()["result"] for job in jobs] == ["ok"] * 8
