"""What /proc shows of each process (SECURITY 2.4 of the requirements)."""

import os
import re

import pytest

from harness import procs
from harness.suite import AUTH_UID, LOGIN_UID, WORKER_UID

UIDS = {
    "imap-login": LOGIN_UID,
    "pop3-login": LOGIN_UID,
    "auth": AUTH_UID,
    "auth-worker": WORKER_UID,
}
CANARY = "canary-7e1c"


@pytest.fixture
def running(suite, hosts):
    """One client idle before login, one session, and all kinds of process."""
    suite.add_row(hosts.row("joe"))
    suite.imap()
    suite.pop3()
    suite.imap().ok(f"LOGIN joe {CANARY}")
    assert suite.pop3().login("joe", CANARY).startswith("+OK")
    for name in UIDS:
        suite.wait_children(name, 1)
    return suite


def each(suite, *names):
    """(pid, name) of the children; every kind is there, and in its jail."""

    def settled():
        found = [(pid, procs.comm(pid)) for pid in suite.children()]
        if {name for _, name in found} != set(UIDS):
            return None
        # The last thing that a new spare, say, gives up.
        if any(procs.status(pid)["NoNewPrivs"] != "1" for pid, _ in found):
            return None
        return found

    found = procs.wait_until(settled, "children in their jails")
    return [pair for pair in found if not names or pair[1] in names]


def test_user_and_group_ids(running):
    for pid, name in each(running):
        status = procs.status(pid)
        assert status["Uid"].split() == [str(UIDS[name])] * 4, name
        gids = set(status["Gid"].split())
        assert len(gids) == 1 and "0" not in gids, name
        assert set(status["Groups"].split()) <= gids, name


def test_no_capabilities(running):
    for pid, name in each(running):
        status = procs.status(pid)
        for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[field], 16) == 0, (name, field)


def test_no_new_privileges(running):
    for pid, name in each(running):
        assert procs.status(pid)["NoNewPrivs"] == "1", name


def test_root_directories_are_empty(running):
    for pid, name in each(running, "imap-login", "pop3-login", "auth"):
        root = os.readlink(f"/proc/{pid}/root")
        assert root.startswith(str(running.base_dir)), name
        assert os.listdir(root) == [], name
        info = os.stat(root)
        assert info.st_uid == 0 and not info.st_mode & 0o022, name
        assert os.path.samefile(f"/proc/{pid}/cwd", root), name


def test_the_worker_stands_in_the_root(running):
    for pid, _ in each(running, "auth-worker"):
        assert os.readlink(f"/proc/{pid}/cwd") == "/"


def test_not_dumpable(running):
    """The owner of environ is root, so the same uid may not trace it."""
    for pid, name in each(running):
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0, name


def test_nothing_in_environment_or_arguments(running):
    for pid, name in each(running):
        assert procs.read(pid, "environ").strip(b"\0") == b"", name
    for pid in [running.pid, *running.children()]:
        assert CANARY.encode() not in procs.read(pid, "cmdline")
        assert CANARY.encode() not in procs.read(pid, "environ")


def socket_kinds():
    """What each socket inode is: "tcp", "tcp6", "unix", "udp"..."""
    kinds = {}
    for table, column in [("tcp", 9), ("tcp6", 9), ("udp", 9), ("udp6", 9),
                          ("unix", 6)]:
        with open(f"/proc/net/{table}", errors="replace") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                kinds[fields[column]] = table
    return kinds


def kind_of(target, kinds):
    match = re.match(r"socket:\[(\d+)\]", target)
    return kinds.get(match[1], "gone") if match else target


def test_descriptors(running):
    """Each is one of those that its kind of process may hold."""
    kinds = socket_kinds()
    allowed = {"/dev/null", "unix", "anon_inode:[eventpoll]",
               "anon_inode:[eventfd]", "anon_inode:[signalfd]",
               "anon_inode:[timerfd]"}
    own = {
        "imap-login": {"tcp", "tcp6", "gone"},
        "pop3-login": {"tcp", "tcp6", "gone"},
        "auth": set(),
        "auth-worker": {str(running.db_path)},
    }
    # Lines for when there is no master to hand them to.
    log = {str(running.log_path)}
    for pid, name in each(running):
        for fd, target in procs.fds(pid).items():
            kind = kind_of(target, kinds)
            if kind.startswith("pipe:"):
                kind = "pipe"
            assert kind in allowed | own[name] | log | {"pipe"}, (
                f"{name}: {fd} is {target} ({kind})"
            )
        held = procs.fds(pid)
        assert held[0] == held[1] == "/dev/null", name
        assert not any("sql.conf" in target for target in held.values())
        assert not any(os.path.isdir(t) for t in held.values()), name


def test_limits(running):
    for pid, name in each(running):
        limits = procs.limits(pid)
        assert limits["Max core file size"] == ("0", "0"), name
        if name != "auth-worker":
            assert limits["Max processes"][1] in ("0", "1"), name
        # A login process writes the log file itself without a master.
        if name == "auth":
            assert limits["Max file size"] == ("0", "0"), name
        assert limits["Max open files"][1] != "unlimited", name
        if name.endswith("-login"):
            assert limits["Max address space"][0] != "unlimited", name


def test_no_memory_to_write_and_run(running):
    for pid in [running.pid, *running.children()]:
        for line in procs.read(pid, "maps").decode().splitlines():
            assert not re.match(r"\S+ .w.x|\S+ .wx", line), line


def test_addresses_differ_between_siblings(running):
    """Each is executed anew, so its memory is laid out anew."""
    starts = []
    for pid, _ in each(running, "imap-login"):
        maps = procs.read(pid, "maps").decode().splitlines()
        text = next(line for line in maps if line.endswith("/imap-login"))
        starts.append(text.split("-")[0])
    assert len(starts) >= 2 and len(set(starts)) == len(starts)


def test_the_masters_own_standing(running):
    """It is root's, holds no connection, and links no SQL or TLS library."""
    maps = procs.read(running.pid, "maps").decode()
    for library in ("libssl", "libsqlite", "libmariadb", "libpq"):
        assert library not in maps
    kinds = socket_kinds()
    with open("/proc/net/tcp", encoding="ascii") as file:
        states = {
            line.split()[9]: line.split()[3] for line in file.readlines()[1:]
        }
    for target in procs.fds(running.pid).values():
        if kind_of(target, kinds) == "tcp":
            inode = re.match(r"socket:\[(\d+)\]", target)[1]
            assert states[inode] == "0A", "a connection in the master"


@pytest.mark.parametrize(
    "name,libraries",
    [("imap-login", ["libsqlite", "libcrypt."]), ("pop3-login", ["libsqlite"]),
     ("auth", ["libsqlite", "libssl"])],
)
def test_libraries(running, name, libraries):
    for pid, _ in each(running, name):
        maps = procs.read(pid, "maps").decode()
        for library in libraries:
            assert library not in maps


def test_auth_and_worker_have_no_listener(running):
    for pid, name in each(running, "auth", "auth-worker"):
        assert not procs.has_listener(pid), name
