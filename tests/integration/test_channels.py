"""A login process that was taken over hurts nobody else (case T-F6)."""

import time
from pathlib import Path

import pytest

from harness import procs

PLANS = [
    "garbage", "huge", "unknown type", "unknown id", "control characters",
    "an id twice", "too many", "an outcome too early", "an end too early",
    "a trouble too early",
    "a session twice", "unknown outcomes", "sessions without end",
    "an fd", "half a frame", "another version",
    "garbage for the master", "a huge frame for the master", "ready again",
    "raw log lines",
]
SOURCE = Path(__file__).parent / "harness" / "hostile_login.py"


@pytest.mark.parametrize("plan", PLANS)
def test_T_F6_a_hostile_login_process(new_suite, hosts, plan):
    suite = new_suite(start=False)
    suite.allow(".")
    evil = suite.dir / "evil"
    evil.write_text(
        f"#!/usr/bin/python3 -BI\nPLAN = {plan!r}\n" + SOURCE.read_text()
    )
    evil.chmod(0o755)
    suite.write_conf(
        pop3={"login_executable": evil, "login_processes_count": 1}
    )
    suite.start()
    suite.add_row(hosts.row("joe"))
    session = suite.imap()
    session.ok("LOGIN joe pw")
    auth = suite.wait_children("auth", 1)
    until = time.monotonic() + 0.7
    while time.monotonic() < until:
        client = suite.imap()
        client.ok("LOGIN joe pw")
        client.close()
    session.ok("WHOAMI", "w")
    assert suite.proc.poll() is None
    assert suite.children("auth") == auth
    for pid in auth:
        assert procs.rss_kb(pid) < 64 * 1024
    log = suite.log(0)
    assert all(32 <= ord(char) < 127 or char == "\n" for char in log)
    # Who asks without reading answers is held back, which is no violation.
    if plan not in ("half a frame", "raw log lines", "too many"):
        suite.wait_log(r"violation|speaks version|died|evil|too many|limit")
