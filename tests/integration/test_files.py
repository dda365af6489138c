"""Files, directories, second starts and signals (cases T-F)."""

import os
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from harness import procs
from harness.suite import KEY_UID, LOGIN_UID, Background

NOBODY = 65534


@pytest.fixture
def stopped(new_suite):
    return new_suite(start=False)


def refused(suite, *args):
    """A start that must fail: what it says, and nothing stays behind."""
    done = subprocess.run(
        suite.command(*(args or ("-F",))),
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    text = done.stdout + done.stderr + suite.log(0)
    suite.allow(".")
    assert done.returncode != 0, text
    assert "listening:" not in text
    return text


# T-F1: base_dir and login_dir.


def test_T_F1_base_dir_for_all_to_write(stopped):
    stopped.base_dir.chmod(0o777)
    assert str(stopped.base_dir) in refused(stopped)


def test_T_F1_base_dir_of_another(stopped):
    os.chown(stopped.base_dir, NOBODY, NOBODY)
    assert str(stopped.base_dir) in refused(stopped)


def test_T_F1_base_dir_is_a_symlink(stopped):
    real = stopped.dir / "real"
    stopped.base_dir.rename(real)
    stopped.base_dir.symlink_to(real)
    assert str(stopped.base_dir) in refused(stopped)


def test_T_F1_base_dir_is_a_file(stopped):
    stopped.base_dir.rmdir()
    stopped.base_dir.touch()
    assert str(stopped.base_dir) in refused(stopped)


def test_T_F1_login_dir_of_the_login_user(stopped):
    login_dir = stopped.base_dir / "login"
    login_dir.mkdir(mode=0o755)
    os.chown(login_dir, LOGIN_UID, LOGIN_UID)
    assert str(login_dir) in refused(stopped)


def test_T_F1_login_dir_for_all_to_write(stopped):
    login_dir = stopped.base_dir / "login"
    login_dir.mkdir()
    login_dir.chmod(0o777)
    assert str(login_dir) in refused(stopped)


def test_T_F1_login_dir_is_a_symlink(stopped):
    (stopped.base_dir / "login").symlink_to("/etc")
    assert str(stopped.base_dir / "login") in refused(stopped)


def test_base_dir_is_made_when_missing(new_suite):
    suite = new_suite(start=False)
    suite.base_dir.rmdir()
    suite.start()
    mode = suite.base_dir.stat()
    assert mode.st_uid == 0 and not mode.st_mode & 0o022
    login = (suite.base_dir / "login").stat()
    assert login.st_uid == 0 and not login.st_mode & 0o022


# T-F2: sql.conf holds a password.


@pytest.mark.parametrize("bits", [0o644, 0o604, 0o660, 0o640, 0o666])
def test_T_F2_sql_conf_modes(stopped, bits):
    if bits == 0o640:
        os.chown(stopped.sql_conf, 0, NOBODY)
    stopped.sql_conf.chmod(bits)
    assert str(stopped.sql_conf) in refused(stopped)


def test_T_F2_sql_conf_of_another(stopped):
    os.chown(stopped.sql_conf, NOBODY, 0)
    assert str(stopped.sql_conf) in refused(stopped)


def test_T_F2_sql_conf_behind_a_symlink(stopped):
    real = stopped.dir / "real.conf"
    stopped.sql_conf.rename(real)
    real.chmod(0o644)
    stopped.sql_conf.symlink_to(real)
    assert str(stopped.sql_conf) in refused(stopped)


def test_T_F2_sql_conf_where_all_may_write(stopped):
    loose = stopped.dir / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    moved = loose / "sql.conf"
    stopped.sql_conf.rename(moved)
    stopped.sql_conf = moved
    stopped.write_conf()
    assert str(moved) in refused(stopped)


def test_T_F2_is_also_seen_by_the_check(stopped):
    stopped.sql_conf.chmod(0o644)
    assert str(stopped.sql_conf) in refused(stopped, "-t")


# Settings that would break the separation.


@pytest.mark.parametrize(
    "change",
    [{"login_user": 0}, {"login_user": "root"}, {"auth_user": LOGIN_UID},
     {"auth_worker_user": LOGIN_UID}, {"login_user": KEY_UID},
     {"auth_user": "no-such-user-here"}],
)
def test_users_must_be_distinct_and_not_root(stopped, change):
    stopped.write_conf(settings=change)
    name = next(iter(change))
    assert name in refused(stopped)


def test_faults_are_told_with_file_and_line(stopped):
    with stopped.conf.open("a") as file:
        file.write("no_such_setting = 1\nlogin_processes_count = many\n")
    lines = stopped.conf.read_text().splitlines()
    text = refused(stopped, "-t")
    for offset in (1, 0):
        assert f"{stopped.conf}:{len(lines) - offset}:" in text


def test_check_of_a_good_configuration(stopped):
    done = subprocess.run(
        stopped.command("-t"), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr


def test_all_settings_can_be_printed_and_read_again(stopped):
    """-n and -a are configurations themselves."""
    for option in ("-n", "-a"):
        done = subprocess.run(
            stopped.command(option), capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        assert f"base_dir = {stopped.base_dir}" in done.stdout
        again = stopped.dir / "again.conf"
        again.write_text(done.stdout)
        check = subprocess.run(
            [stopped.command()[0], "-t", "-c", str(again)],
            capture_output=True, text=True, timeout=30,
        )
        assert check.returncode == 0, check.stderr


# T-F5: no door for other local users.


def test_T_F5_no_sockets_for_others(new_suite):
    suite = new_suite()
    for top, _, files in os.walk(suite.base_dir):
        for name in files:
            mode = os.lstat(os.path.join(top, name)).st_mode
            if stat.S_ISSOCK(mode):
                assert not mode & 0o007, name
            assert not mode & 0o022, name
    # Nor in the abstract name space.
    held = set()
    for pid in [suite.pid, *suite.children()]:
        held |= set(procs.fds(pid).values())
    with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[6]}]" in held and len(fields) > 7:
                assert not fields[7].startswith("@"), line


def test_T_F5_another_user_can_do_nothing(new_suite):
    """Neither kill, nor look into memory, nor read the files."""
    suite = new_suite()
    pids = [suite.pid, *suite.children()]
    paths = [suite.sql_conf, *(f"/proc/{pid}/mem" for pid in pids),
             *(f"/proc/{pid}/environ" for pid in pids),
             *(f"/proc/{pid}/fd" for pid in pids)]
    script = (
        "import os, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"pids = {pids!r}\nbad = 0\n"
        "for pid in pids:\n"
        "    try: os.kill(pid, 0); bad += 1\n"
        "    except PermissionError: pass\n"
        f"for path in {[str(path) for path in paths]!r}:\n"
        "    try:\n"
        "        if os.path.isdir(path): os.listdir(path)\n"
        "        else: open(path).close()\n"
        "        print(path); bad += 1\n"
        "    except PermissionError: pass\n"
        "sys.exit(bad)\n"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


# T-F7: a second start.


def test_T_F7_a_second_start_harms_nothing(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    session = suite.imap()
    session.ok("LOGIN joe pw")
    children = suite.children()
    files = tree(suite.base_dir)
    done = subprocess.run(
        suite.command("-F"), capture_output=True, text=True, timeout=30
    )
    assert done.returncode != 0
    suite.allow(r"already running|base_dir|lock|in use")
    assert set(children) <= set(suite.children())
    assert tree(suite.base_dir) == files
    session.ok("WHOAMI", "w")
    suite.imap().ok("LOGIN joe pw")


def tree(top):
    return sorted(
        (os.path.join(folder, name), os.lstat(os.path.join(folder, name)).st_ino)
        for folder, folders, files in os.walk(top)
        for name in folders + files
    )


def pid_file(suite):
    found = [path for path in suite.base_dir.iterdir() if "pid" in path.name]
    assert len(found) == 1, found
    return found[0]


def test_T_F7_the_pid_file(new_suite):
    suite = new_suite()
    path = pid_file(suite)
    assert int(path.read_text()) == suite.pid
    assert suite.stop() == 0
    assert not path.exists() or not path.read_text().strip()


def test_T_F7_a_stale_pid_file_with_a_living_pid(new_suite, hosts):
    suite = new_suite()
    path = pid_file(suite)
    suite.kill()
    path.write_text(f"{os.getpid()}\n")
    suite.start()
    suite.add_row(hosts.row("joe"))
    suite.imap().ok("LOGIN joe pw")
    assert int(path.read_text()) == suite.pid


def test_the_master_forks_away_without_F(new_suite):
    """Without -F the command returns when the suite listens."""
    suite = new_suite(start=False)
    done = subprocess.run(
        suite.command(), timeout=30, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    assert done.returncode == 0
    suite.wait_log(r"listening: service=pop3")
    pid = int(pid_file(suite).read_text())
    assert procs.is_alive(pid) and pid != os.getpid()
    suite.seen |= {pid, *procs.children(pid)}
    os.kill(pid, signal.SIGTERM)
    procs.wait_gone(suite.seen)


# T-F8: storms of signals.


def test_T_F8_signal_storms(new_suite, hosts):
    """Logins succeed, sessions stay, whatever signals come."""
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    sessions = [suite.imap(), suite.pop3()]
    sessions[0].ok("LOGIN joe pw")
    sessions[1].login("joe", "pw")
    targets = {suite.pid: [signal.SIGUSR1, signal.SIGPIPE, signal.SIGCHLD,
                           signal.SIGALRM, signal.SIGUSR2]}
    for pid in suite.children():
        targets[pid] = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                        signal.SIGPIPE, signal.SIGALRM, signal.SIGCHLD]
    over = threading.Event()

    def storm():
        sent = 0
        while not over.is_set():
            for pid, numbers in targets.items():
                try:
                    os.kill(pid, numbers[sent % len(numbers)])
                except ProcessLookupError:
                    pass
            sent += 1
            time.sleep(0.002)

    sender = Background(storm)
    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            client = suite.imap()
            client.ok("LOGIN joe pw")
            client.ok("LOGOUT", "z")
            client.close()
            sessions[0].ok("WHOAMI", "w")
            sessions[1].ok("HELLO")
    finally:
        over.set()
    sender.wait()
    assert suite.proc.poll() is None


def test_T_F8_reloads_in_a_row(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    session = suite.imap()
    session.ok("LOGIN joe pw")
    for _ in range(10):
        suite.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    client = suite.imap()
    client.ok("LOGIN joe pw")
    session.ok("WHOAMI", "w")


def test_a_port_in_use_is_told(new_suite):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(1)
        port = sock.getsockname()[1]
        suite = new_suite(start=False, imap={"listen": f"127.0.0.1:{port}"})
        assert f"127.0.0.1:{port}" in refused(suite)
