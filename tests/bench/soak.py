#!/usr/bin/python3
"""
Soak: many logins, or many idle sessions, and what each process has grown.

usage: soak.py [--mode shared|per-connection] [--protocol imap|pop3]
               [--logins N] [--at-once N] [--idle N] [--build DIR]

Needs root, and `make bench` in the build folder (DIR, or $MW_BUILDDIR, or
the current one).  Ends with 1 when a login failed or something grew.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

GROWTH_KB_MAX = 1024
SPARES_MAX = 80
PER_CONNECTION = "per-connection"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="shared",
                        choices=["shared", PER_CONNECTION])
    parser.add_argument("--protocol", default="imap", choices=["imap", "pop3"])
    parser.add_argument("--logins", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--build", default=os.environ.get("MW_BUILDDIR", "."))
    return parser.parse_args()


ARGS = arguments()
os.environ["MW_BUILDDIR"] = ARGS.build

from harness import procs  # noqa: E402
from harness.suite import Suite  # noqa: E402


def tool(name):
    return str(Path(ARGS.build).resolve() / "tests/bench" / name)


class StubHost:
    """The mail host for measuring, as long as its input is open."""

    def __init__(self):
        self.proc = subprocess.Popen(
            [tool("stubhost"), "-b", "65536"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        words = self.proc.stdout.readline().split()
        self.ports = {w.split("=")[0]: int(w.split("=")[1]) for w in words}

    def close(self):
        self.proc.stdin.close()
        self.proc.wait()


def load(suite, *args, **options):
    """Starts the client for measuring."""
    addr, port = suite.addr(ARGS.protocol)
    command = [tool("load"), "-a", addr, "-P", str(port), *map(str, args)]
    if ARGS.protocol == "pop3":
        command.append("-3")
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, **options
    )


def run_logins(suite, count, at_once):
    proc = load(suite, "-n", count, "-c", at_once)
    return json.loads(proc.communicate()[0])


def pss_kb(pid):
    for line in procs.read(pid, "smaps_rollup").decode().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def measure(suite):
    """(name, RSS kB, descriptors) of each process, by pid."""
    found = {}
    for pid in [suite.pid, *suite.children()]:
        try:
            found[pid] = (procs.comm(pid), procs.rss_kb(pid), len(procs.fds(pid)))
        except OSError:
            pass
    return found


def settle(suite, seconds=3.0):
    """Waits until the processes that served are gone."""
    until = time.monotonic() + 20
    last, since = None, time.monotonic()
    while time.monotonic() < until:
        now = sorted(suite.children())
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > seconds:
            return
        time.sleep(0.2)


def grown(before, after):
    """Lines about each process; those that have grown are faults."""
    faults = []
    # Spares of a busy time stay for a while; each has some channels.
    extra = max(0, len(after) - len(before))
    for pid, (name, rss, fds) in after.items():
        if pid not in before:
            continue
        _, rss0, fds0 = before[pid]
        print(f"  {name:12} {pid:7} rss {rss0} -> {rss} kB, fds {fds0} -> {fds}")
        has_peers = name in ("mailwicket", "auth")
        fds_max = fds0 + (4 * extra if has_peers else 0)
        if rss - rss0 > GROWTH_KB_MAX or fds > fds_max:
            faults.append(f"{name}[{pid}] has grown")
    print(f"  {len(before)} -> {len(after)} processes")
    if extra > SPARES_MAX:
        faults.append("processes that nobody needs")
    return faults


def soak_logins(suite):
    """The first tenth warms up; what comes after may not grow."""
    run_logins(suite, max(ARGS.logins // 10, 1000), ARGS.at_once)
    settle(suite)
    before = measure(suite)
    result = run_logins(suite, ARGS.logins, ARGS.at_once)
    print(json.dumps(result))
    settle(suite)
    faults = grown(before, measure(suite))
    if result["failed"] or result["done"] != ARGS.logins:
        faults.append(f"failed logins: {result['first_error']}")
    return faults


def total(suite, read):
    found = 0
    for pid in [suite.pid, *suite.children()]:
        try:
            found += read(pid)
        except OSError:
            pass
    return found


def soak_idle(suite):
    settle(suite)
    before = total(suite, pss_kb)
    proc = load(
        suite, "-n", ARGS.idle, "-c", 50, "-m", "idle",
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    print(proc.stderr.readline().strip())
    time.sleep(3)
    after = total(suite, pss_kb)
    cpu = total(suite, procs.cpu_seconds)
    time.sleep(5)
    cpu = total(suite, procs.cpu_seconds) - cpu
    print(f"  PSS {before} -> {after} kB: "
          f"{(after - before) / ARGS.idle:.2f} kB a session; "
          f"{len(suite.children())} children; {cpu:.2f} s CPU in 5 s")
    proc.stdin.close()
    result = json.loads(proc.stdout.read())
    proc.wait()
    faults = []
    if result["failed"] or result["held"] != ARGS.idle:
        faults.append(f"not all were held: {result}")
    if cpu > 0.5:
        faults.append("idle sessions cost CPU")
    settle(suite)
    return faults


def main():
    procs.adopt_orphans()
    host = StubHost()
    most = max(ARGS.idle, ARGS.at_once) + 100
    suite = Suite(
        ARGS.mode == PER_CONNECTION,
        settings={
            "login_processes_count": 8 if ARGS.mode == PER_CONNECTION else 2,
            "login_max_processes_count": most,
            "login_max_connections": most,
            "login_max_sessions": max(most, 1000),
        },
    )
    suite.add_user(
        "joe", host="127.0.0.1", imap_port=host.ports["imap"],
        pop3_port=host.ports["pop3"],
    )
    print(f"{ARGS.protocol}, {ARGS.mode}")
    faults = soak_idle(suite) if ARGS.idle else soak_logins(suite)
    suite.close()
    host.close()
    for fault in faults:
        print(f"fault: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
