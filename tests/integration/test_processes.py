"""Processes in both modes: limits, deaths, restarts, reloads, logs' ways."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import procs
from harness.host import Host
from harness.suite import Background
from harness.suite import program as suite_program
from harness.wire import WireError, connect

EVERY = ("imap-login", "pop3-login", "auth", "auth-worker")
KILLED = r"signal|killed|auth|gone|lost|closed"


def is_served(suite, user="joe"):
    client = suite.imap()
    client.ok(f"LOGIN {user} pw")
    client.ok("LOGOUT", "z")
    client.expect_eof()
    client.close()
    return True


def log_in(suite):
    """One session of each protocol."""
    imap, pop3 = suite.imap(), suite.pop3()
    imap.ok("LOGIN joe pw")
    assert pop3.login("joe", "pw").startswith("+OK")
    return imap, pop3


def still_works(imap, pop3):
    imap.ok("ECHO still", "s")
    pop3.ok("STILL")


@pytest.fixture
def fixed(new_suite, hosts):
    """A suite at ports that stay the same over restarts."""

    def make(**options):
        addr = f"127.{random.randint(2, 250)}.{random.randint(1, 250)}.7"
        ports = random.sample(range(20000, 32000), 2)
        suite = new_suite(
            imap={"listen": f"{addr}:{ports[0]}"},
            pop3={"listen": f"{addr}:{ports[1]}"},
            **options,
        )
        suite.add_row(hosts.row("joe"))
        return suite

    return make


# Limits: the oldest client that has not logged in makes room.


def limited(new_suite, count):
    suite = new_suite(
        settings={
            "login_processes_count": 1,
            "login_max_processes_count": count,
            "login_max_connections": count,
        }
    )
    return suite


def is_dropped(client):
    client.poll(0)
    return client.is_eof


def test_T_X7_the_oldest_idle_client_makes_room(new_suite, hosts):
    suite = limited(new_suite, 4)
    suite.add_row(hosts.row("joe"))
    clients = []
    for _ in range(4):
        clients.append(suite.imap())
        time.sleep(0.05)
    fresh = suite.imap()
    procs.wait_until(lambda: is_dropped(clients[0]), "the oldest to go")
    fresh.ok("LOGIN joe pw")
    assert b"BYE" in bytes(clients[0].received)
    assert not any(is_dropped(client) for client in clients[2:])


def test_T_X8_who_waits_for_a_mail_host_stays(new_suite, hosts):
    suite = limited(new_suite, 4)
    suite.add_row(hosts.row("joe"))
    with Host() as slow:
        suite.add_user("slow", host=slow.addr, imap_port=slow.port)
        waiting = suite.imap()
        waiting.send("a LOGIN slow pw")
        wire = slow.accept()
        session = suite.imap()
        session.ok("LOGIN joe pw")
        idle = []
        for _ in range(2):
            idle.append(suite.imap())
            time.sleep(0.05)
        for _ in range(4):
            suite.imap()
            time.sleep(0.05)
        procs.wait_until(lambda: is_dropped(idle[0]), "an idle one to go")
        assert not is_dropped(waiting) and not is_dropped(session)
        wire.imap_login()
        assert waiting.answer()[1].startswith("a OK")
        session.ok("WHOAMI", "w")


def test_sessions_count_for_no_limit_of_waiting_ones(new_suite, hosts):
    """Logged in, a client does not stand in others' way."""
    suite = limited(new_suite, 4)
    if suite.per_connection:
        suite.write_conf(
            settings={"login_processes_count": 1, "login_max_processes_count": 40}
        )
        suite.stop()
        suite.start()
    suite.add_row(hosts.row("joe"))
    sessions = []
    for _ in range(12):
        sessions.append(suite.imap())
        sessions[-1].ok("LOGIN joe pw")
    for session in sessions:
        session.ok("WHOAMI", "w")


def test_many_idle_clients_never_lock_out_a_good_one(new_suite, hosts):
    suite = limited(new_suite, 8)
    suite.add_row(hosts.row("joe"))
    idle = [connect(suite.addr("imap")) for _ in range(60)]
    client = suite.imap(timeout=15)
    client.ok("LOGIN joe pw")
    for wire in idle:
        wire.close()


def test_spares_are_made_up(new_suite, hosts):
    """As many as wanted; some more for a while after all were taken."""
    suite = new_suite(settings={"login_processes_count": 3})
    suite.add_row(hosts.row("joe"))
    first = set(suite.wait_children("imap-login", 3))
    for _ in range(4):
        suite.imap().ok("LOGIN joe pw")
    if suite.per_connection:
        suite.wait_children("imap-login", 4 + 3)
    time.sleep(0.5)
    assert first <= set(suite.children("imap-login"))
    count = len(suite.children("imap-login"))
    assert count <= (4 + 4 * 3 if suite.per_connection else 3)


def test_a_process_for_each_client_ends_with_it(new_suite, hosts):
    suite = new_suite(settings={"login_processes_count": 2})
    suite.add_row(hosts.row("joe"))
    served = set()
    for _ in range(6):
        client = suite.imap()
        client.ok("LOGIN joe pw")
        served |= {
            pid
            for pid in suite.children("imap-login")
            if holds(pid, client, client, suite)
        }
        client.close()
    if suite.per_connection:
        assert len(served) == 6
        procs.wait_until(
            lambda: not any(map(procs.is_alive, served)), "their ends"
        )
    else:
        assert served <= set(suite.children("imap-login"))


# Deaths of children.


@pytest.mark.parametrize("name", EVERY)
def test_R_1_a_child_is_killed(new_suite, hosts, name):
    suite = new_suite()
    suite.allow(KILLED)
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    suite.wait_children(name, 1)
    old = set(suite.children(name))
    with_sessions = {pid for pid in old if holds(pid, imap, pop3, suite)}
    for pid in old - with_sessions:
        os.kill(pid, signal.SIGKILL)
    procs.wait_until(
        lambda: len(set(suite.children(name)) - old) >= (name != "auth-worker"),
        f"another {name}",
    )
    procs.wait_until(lambda: tries(suite), "logins")
    for _ in range(5):
        is_served(suite)
    still_works(imap, pop3)
    assert suite.proc.poll() is None


def tries(suite):
    """One login; a temporary failure is no fault here."""
    client = suite.imap()
    try:
        return client.command("LOGIN joe pw")[1].startswith("a OK")
    except WireError:
        return False


def holds(pid, imap, pop3, suite):
    """Has this process one of these sessions?"""
    inodes = set()
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    for client in (imap, pop3):
        local, peer = (
            f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
            for host, port in (client.peer, client.local)
        )
        inodes |= {
            f"socket:[{row[9]}]" for row in rows if row[1:3] == [local, peer]
        }
    return bool(inodes & set(procs.fds(pid).values()))


def test_R_1_only_its_own_sessions_end(new_suite, hosts):
    suite = new_suite()
    suite.allow(KILLED)
    suite.add_row(hosts.row("joe"))
    sessions = [suite.imap() for _ in range(8)]
    for session in sessions:
        session.ok("LOGIN joe pw")
    victim = next(
        pid
        for pid in suite.children("imap-login")
        if holds(pid, sessions[0], sessions[0], suite)
    )
    its = [s for s in sessions if holds(victim, s, s, suite)]
    os.kill(victim, signal.SIGKILL)
    for session in its:
        session.expect_eof()
    for session in sessions:
        if session not in its:
            session.ok("WHOAMI", "w")
    assert len(its) == 1 or not suite.per_connection
    is_served(suite)


def test_R_4_auth_is_killed_while_asked(new_suite, hosts):
    """A pending client is told so, and never that its password is wrong."""
    suite = new_suite()
    suite.allow(KILLED)
    suite.add_row(hosts.row("joe"))
    is_served(suite)
    (worker, *more) = suite.children("auth-worker")
    for pid in [worker, *more]:
        os.kill(pid, signal.SIGSTOP)
    clients = [suite.imap() for _ in range(2)]
    for client in clients:
        client.send("a LOGIN joe pw")
    time.sleep(0.3)
    (auth,) = suite.children("auth")
    os.kill(auth, signal.SIGKILL)
    for pid in [worker, *more]:
        os.kill(pid, signal.SIGCONT)
    for client in clients:
        try:
            line = client.answer(timeout=15)[1]
        except WireError:
            assert client.is_eof
        else:
            assert line.startswith(("a OK", "a NO [UNAVAILABLE]"))
    procs.wait_until(lambda: tries(suite), "logins after auth's death")


def test_R_5_a_worker_is_killed_while_asked(new_suite, hosts):
    suite = new_suite()
    suite.allow(KILLED)
    suite.add_row(hosts.row("joe"))
    is_served(suite)
    for pid in suite.children("auth-worker"):
        os.kill(pid, signal.SIGSTOP)
    client = suite.imap()
    client.send("a LOGIN joe pw")
    time.sleep(0.3)
    for pid in suite.children("auth-worker"):
        os.kill(pid, signal.SIGKILL)
    assert client.answer(timeout=15)[1].startswith(("a OK", "a NO [UNAVAILABLE]"))
    is_served(suite)


def test_a_child_that_cannot_start(new_suite):
    """In the foreground what works goes on; a starter that waits is told."""
    suite = new_suite(start=False)
    suite.allow(".")
    suite.write_conf(pop3={"login_executable": "/bin/false"})
    suite.start()
    time.sleep(2)
    assert suite.proc.poll() is None
    assert procs.cpu_seconds(suite.pid) < 1
    assert suite.log().count("pop3-login") < 60
    suite.imap().ok("NOOP")
    assert suite.stop() == 0
    done = subprocess.run(
        suite.command(), timeout=30, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    assert done.returncode != 0
    assert "pop3-login does not start" in done.stderr


def test_a_child_that_cannot_start_later_is_throttled(new_suite, hosts):
    suite = new_suite(start=False)
    suite.allow(".")
    program = suite.dir / "pop3-login"
    shutil.copy(suite_program("pop3-login"), program)
    suite.write_conf(pop3={"login_executable": program})
    suite.start()
    suite.add_row(hosts.row("joe"))
    old = suite.wait_children("pop3-login", 2)
    broken = suite.dir / "broken"
    broken.write_text("#!/bin/false\n")
    broken.chmod(0o755)
    broken.rename(program)
    mark = suite.mark()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    time.sleep(3)
    assert suite.proc.poll() is None
    assert procs.cpu_seconds(suite.pid) < 1
    assert suite.log(mark).count("pop3-login") < 60
    is_served(suite)
    # It recovers by itself.
    shutil.copy(suite_program("pop3-login"), suite.dir / "good")
    (suite.dir / "good").rename(program)
    suite.wait_children("pop3-login", 2, timeout=30)
    assert suite.pop3(timeout=15).login("joe", "pw").startswith("+OK")


def test_idle_suites_sleep(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    time.sleep(0.3)
    pids = [suite.pid, *suite.children()]
    before = sum(procs.cpu_seconds(pid) for pid in pids)
    time.sleep(1.5)
    assert sum(procs.cpu_seconds(pid) for pid in pids) - before < 0.1
    still_works(imap, pop3)


# The master's death, stop and start.


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_R_2_the_master_ends_and_sessions_stay(fixed, number):
    suite = fixed()
    imap, pop3 = log_in(suite)
    waiting = suite.imap()
    logins = suite.children("imap-login", "pop3-login")
    suite.children()
    suite.proc.send_signal(number)
    suite.proc.wait(10)
    # Listeners go at once, so nobody stands in the way of a new master.
    procs.wait_until(
        lambda: not any(procs.has_listener(pid) for pid in logins),
        "listeners to be closed",
        timeout=2,
        step=0.01,
    )
    rest = waiting.expect_eof(5)
    assert rest == b"" or rest.startswith(b"* BYE")
    still_works(imap, pop3)
    suite.start(timeout=5)
    is_served(suite)
    still_works(imap, pop3)
    imap.ok("LOGOUT", "z")
    pop3.ok("QUIT")
    for client in (imap, pop3):
        client.expect_eof()
        client.close()
    procs.wait_gone(logins)


def test_R_2_bytes_flow_while_the_master_dies(fixed):
    """Not a byte is lost or doubled."""
    suite = fixed()
    imap, pop3 = log_in(suite)
    count = 4000
    data = b"".join(b"t%d ECHO %d\r\n" % (i, i) for i in range(count))
    sender = Background(imap.send_slowly, data, 997, 0.002)
    time.sleep(0.02)
    suite.kill()
    for number in range(count):
        assert imap.answer(f"t{number}")[0] == [f"* ECHO {number}"]
    sender.wait()


def test_R_3_start_right_after_stop_50_times(fixed):
    suite = fixed()
    imap, pop3 = log_in(suite)
    for turn in range(50):
        assert suite.stop() == 0
        suite.start(timeout=5)
        if turn % 10 == 0:
            is_served(suite)
    is_served(suite)
    still_works(imap, pop3)


def test_start_right_after_kill(fixed):
    suite = fixed()
    imap, pop3 = log_in(suite)
    for _ in range(10):
        suite.kill()
        suite.start(timeout=5)
        is_served(suite)
    still_works(imap, pop3)


def test_shutdown_clients(new_suite, hosts):
    suite = new_suite(settings={"shutdown_clients": "yes"})
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    assert suite.stop() == 0
    imap.expect_eof()
    pop3.expect_eof()


def test_the_last_line_of_a_session_without_a_master(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    suite.kill()
    mark = suite.mark()
    imap.ok("LOGOUT", "z")
    pop3.ok("QUIT")
    imap.close()
    pop3.close()
    imap.close()
    pop3.close()
    for service in ("imap", "pop3"):
        suite.wait_log(rf"{service}-login.*disconnected: .*user=<joe>", mark)


# Reload.


def test_a_new_configuration_is_for_new_clients(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    suite.write_conf(settings={"login_greeting": "Second greeting"})
    suite.send_signal(signal.SIGHUP)

    def is_new():
        client = suite.imap()
        client.close()
        return "Second greeting" in client.greeting

    procs.wait_until(is_new, "the new greeting")
    is_served(suite)
    still_works(imap, pop3)
    procs.wait_until(is_new, "the new greeting again")


def test_the_old_auth_ends_after_a_reload(new_suite, hosts):
    """Spares that started in the middle of it leave the old one, too."""
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    for _ in range(3):
        old = suite.children("auth")
        time.sleep(1.1)
        suite.send_signal(signal.SIGHUP)
        procs.wait_gone(old)
        is_served(suite)
    still_works(imap, pop3)


def test_a_bad_configuration_keeps_the_old_one(new_suite, hosts):
    suite = new_suite()
    suite.allow(r"mailwicket\.conf|reload|configuration")
    suite.add_row(hosts.row("joe"))
    imap, pop3 = log_in(suite)
    with suite.conf.open("a") as file:
        file.write("login_greeting = New\nno_such_setting = 1\n")
    mark = suite.mark()
    suite.send_signal(signal.SIGHUP)
    suite.wait_log(r"mailwicket\.conf:\d+: .*no_such_setting", mark)
    assert "New" not in suite.imap().greeting
    is_served(suite)
    still_works(imap, pop3)


def test_reload_moves_listeners(fixed, hosts):
    suite = fixed()
    imap, pop3 = log_in(suite)
    old = suite.addr("imap")
    port = old[1] + 1
    suite.write_conf(imap={"listen": f"{old[0]}:{port}"})
    suite.send_signal(signal.SIGHUP)

    def answers():
        try:
            with connect((old[0], port)) as wire:
                return wire.expect(r"\* OK")
        except OSError:
            return False

    procs.wait_until(answers, "the new port")

    def is_refused():
        try:
            connect(old).close()
        except ConnectionRefusedError:
            return True
        return False

    procs.wait_until(is_refused, "the old port to be closed")
    still_works(imap, pop3)


# Logs.


def test_USR1_reopens_the_log(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    is_served(suite)
    imap, _ = log_in(suite)
    moved = suite.dir / "log.1"
    suite.log_path.rename(moved)
    suite.send_signal(signal.SIGUSR1)
    procs.wait_until(suite.log_path.exists, "a new log file")
    suite.log_from = 0
    is_served(suite)
    suite.wait_log(r"login: user=<joe>")
    size = moved.stat().st_size
    # The file for lines without a master is the new one too.
    suite.kill()
    imap.ok("LOGOUT", "z")
    imap.close()
    suite.wait_log(r"disconnected: .*user=<joe>")
    assert moved.stat().st_size == size


def test_R_15_a_master_that_does_not_read_logs(new_suite, hosts):
    suite = new_suite(settings={"login_processes_count": 4})
    suite.add_row(hosts.row("joe"))
    is_served(suite)
    suite.wait_children("imap-login", 4)
    os.kill(suite.pid, signal.SIGSTOP)
    try:
        for _ in range(3 if suite.per_connection else 100):
            is_served(suite)
    finally:
        os.kill(suite.pid, signal.SIGCONT)
    mark = suite.mark()
    is_served(suite)
    suite.wait_log(r"login: user=<joe>", mark)


def test_log_to_stderr(new_suite, hosts):
    suite = new_suite(start=False)
    real = suite.log_path
    suite.log_path = suite.stderr_path
    suite.write_conf(settings={"log_path": "/dev/stderr"})
    suite.start()
    suite.add_row(hosts.row("joe"))
    is_served(suite)
    suite.wait_log(r"login: user=<joe>")
    assert not real.exists()


def test_R_12_a_herd_of_clients(new_suite, hosts):
    suite = new_suite(
        settings={"login_processes_count": 4, "login_max_processes_count": 150}
    )
    suite.add_row(hosts.row("joe"))
    count = 100
    for _ in range(2):
        clients = [connect(suite.addr("imap"), timeout=30) for _ in range(count)]
        for client in clients:
            client.send("a LOGIN joe pw")
        for client in clients:
            client.until(r"a OK")
        for client in clients:
            client.close()
    is_served(suite)
