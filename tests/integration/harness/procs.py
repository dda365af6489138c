"""What /proc tells about processes."""

import ctypes
import os
import re
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Children whose parent dies become ours, so that none goes unseen."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def read(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def stat(pid):
    """(comm, state, parent) or None when there is no such process."""
    try:
        text = read(pid, "stat").decode()
    except OSError:
        return None
    comm = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return comm, fields[0], int(fields[1])


def is_alive(pid):
    found = stat(pid)
    return found is not None and found[1] not in "ZX"


def children(parent):
    """Pids of the children of a process, zombies included."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            seen = stat(int(entry))
            if seen is not None and seen[2] == parent:
                found.append(int(entry))
    return sorted(found)


def comm(pid):
    found = stat(pid)
    return found[0] if found else None


def status(pid):
    """The fields of /proc/PID/status."""
    fields = {}
    for line in read(pid, "status").decode().splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.strip()
    return fields


def fds(pid):
    """What each descriptor of a process is: {fd: "socket:[1]"}."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass
    return found


def clients(pid, port):
    """How many connections to this port a process has; if it is gone, 0."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    wanted = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[1].endswith(f":{port:04X}") and row[3] == "01"
    }
    try:
        return len(wanted & set(fds(pid).values()))
    except FileNotFoundError:
        return 0


def rss_kb(pid):
    """Of a process that is ending, 0."""
    return int(status(pid).get("VmRSS", "0").split()[0])


def cpu_seconds(pid):
    text = read(pid, "stat").decode()
    fields = text[text.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def limits(pid):
    """Soft and hard limits by name: {"Max open files": ("64", "64")}."""
    found = {}
    for line in read(pid, "limits").decode().splitlines()[1:]:
        name = line[:26].strip()
        soft, hard = line[26:].split()[:2]
        found[name] = (soft, hard)
    return found


def listening_inodes():
    """Inodes of all TCP sockets that listen."""
    found = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A":
                    found.add(fields[9])
    return found


TCP_STATES = {"01": "established", "02": "syn-sent", "04": "fin-wait1",
              "05": "fin-wait2", "08": "close-wait", "09": "last-ack",
              "0A": "listen", "0B": "closing"}


def connections(pid):
    """Lines about the TCP sockets that a process holds, for messages."""
    try:
        held = set(fds(pid).values())
    except OSError:
        return []
    found = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if f"socket:[{fields[9]}]" in held:
                    ports = [int(x.split(":")[1], 16) for x in fields[1:3]]
                    state = TCP_STATES.get(fields[3], fields[3])
                    found.append(f"{ports[0]} -> {ports[1]} {state}")
    return found


def has_listener(pid):
    inodes = listening_inodes()
    try:
        targets = fds(pid).values()
    except OSError:
        return False
    return any(
        match[1] in inodes
        for match in map(re.compile(r"socket:\[(\d+)\]").match, targets)
        if match
    )


def wait_until(is_true, what, timeout=10.0, step=0.02):
    """Polls until is_true() gives something true; that is the result."""
    deadline = time.monotonic() + timeout
    while True:
        found = is_true()
        if found:
            return found
        if time.monotonic() >= deadline:
            what = what() if callable(what) else what
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(step)


def wait_gone(pids, timeout=10.0):
    """Waits until none of these processes runs; reaps those that are ours."""

    def all_gone():
        for pid in pids:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        return not [pid for pid in pids if stat(pid) is not None]

    wait_until(
        all_gone,
        lambda: f"end of {[(pid, comm(pid)) for pid in pids if stat(pid)]}",
        timeout,
    )
