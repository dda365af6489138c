#!/usr/bin/python3
"""
Handshakes: so many a second, while certificates change once a second.

usage: handshakes.py [--seconds N] [--per-second N] [--resumed PERCENT]
                     [--at-once N] [--version 12|13] [--kind ec|rsa]
                     [--mode shared|per-connection] [--processes N]
                     [--protocol imap|pop3] [--build DIR]

Needs root, and `make bench` in the build folder (DIR, or $MW_BUILDDIR, or
the current one).  Ends with 1 when a handshake failed, when a certificate
was not taken, or when the pace was not reached.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

PER_CONNECTION = "per-connection"
# The master takes no more than one reload a second.
SWAP_S = 1.05


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--per-second", type=int, default=1000)
    parser.add_argument("--resumed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--version", default="0", choices=["0", "12", "13"])
    parser.add_argument("--kind", default="ec", choices=["ec", "rsa"])
    parser.add_argument("--mode", default="shared",
                        choices=["shared", PER_CONNECTION])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--protocol", default="imap", choices=["imap", "pop3"])
    parser.add_argument("--build", default=os.environ.get("MW_BUILDDIR", "."))
    return parser.parse_args()


ARGS = arguments()
os.environ["MW_BUILDDIR"] = ARGS.build

from harness import procs  # noqa: E402
from harness.suite import Suite  # noqa: E402
from harness.tls import Authority  # noqa: E402


def suite_new(cert, key):
    most = ARGS.at_once + 100
    section = {"ssl_listen": "127.0.0.1:0"}
    return Suite(
        ARGS.mode == PER_CONNECTION,
        settings={
            "protocols": "imap imaps pop3 pop3s",
            "ssl_disable": "no",
            "ssl_cert_file": cert,
            "ssl_key_file": key,
            "login_processes_count": ARGS.processes,
            "login_max_processes_count": most,
            "login_max_connections": most,
        },
        imap=section, pop3=section,
    )


def put(pair, places):
    """The files are replaced one after the other, as administrators do."""
    for source, place in zip(pair, places):
        draft = place.with_suffix(".new")
        shutil.copy(source, draft)
        draft.chmod(0o600)
        draft.rename(place)


def load_start(suite):
    addr, port = suite.addr(ARGS.protocol + "s")
    command = [
        str(Path(ARGS.build).resolve() / "tests/bench/handshakes"),
        "-a", addr, "-P", port, "-s", ARGS.per_second,
        "-n", ARGS.per_second * ARGS.seconds, "-c", ARGS.at_once,
        "-r", ARGS.resumed, "-v", ARGS.version,
    ]
    if ARGS.protocol == "pop3":
        command.append("-3")
    return subprocess.Popen(
        [str(word) for word in command], text=True, stdout=subprocess.PIPE
    )


def swap_all_along(suite, load, pairs, places):
    """Until the client is done; how often certificates changed."""
    swaps = 0
    while True:
        try:
            load.wait(SWAP_S)
            return swaps
        except subprocess.TimeoutExpired:
            swaps += 1
            put(pairs[swaps % 2], places)
            os.kill(suite.pid, signal.SIGHUP)


def run(folder):
    authority = Authority(folder)
    pairs = [authority.issue(name, ["mail.test"], ARGS.kind)
             for name in ("one", "two")]
    places = folder / "cert.pem", folder / "key.pem"
    put(pairs[0], places)
    suite = suite_new(*places)
    start = suite.mark()
    load = load_start(suite)
    swaps = swap_all_along(suite, load, pairs, places)
    result = json.loads(load.stdout.read())
    taken = sum("configuration read again" in line
                for line in suite.log(start).splitlines())
    suite.close()
    print(json.dumps({**result, "swaps": swaps, "taken": taken}))
    faults = []
    if result["failed"]:
        faults.append(f"failed handshakes: {result['first_error']}")
    if taken < swaps - 1 or result["certificates"] < min(2, swaps):
        faults.append(f"{taken} of {swaps} changes were taken")
    if result["per_second"] < 0.97 * ARGS.per_second:
        faults.append("the pace was not reached")
    return faults


def main():
    procs.adopt_orphans()
    folder = Path(os.path.realpath(os.environ.get("TMPDIR", "/tmp")))
    folder = folder / f"mw-handshakes-{os.getpid()}"
    folder.mkdir()
    try:
        faults = run(folder)
    finally:
        shutil.rmtree(folder)
    for fault in faults:
        print(f"fault: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
