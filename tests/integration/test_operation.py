"""The examples for systemd and logrotate, and what status tells."""

import re
import subprocess
from pathlib import Path

from harness import procs
from harness.suite import Suite

EXAMPLES = Path(__file__).resolve().parents[2] / "doc/examples"
UNIT = EXAMPLES / "mailwicket.service"


class Confined(Suite):
    """A suite that may do what the unit allows a service to do."""

    def command(self, *args):
        names = re.search(r"^CapabilityBoundingSet=(.*)", UNIT.read_text(),
                          re.M)[1]
        kept = [f"+{name[4:].lower()}" for name in names.split()]
        return [
            "setpriv", "--no-new-privs",
            f"--bounding-set={','.join(['-all', *kept])}",
            *super().command(*args),
        ]


def test_the_unit_is_tight(tool):
    """systemd's own measure, ten times what it prints; of files since 250."""

    def analyze(*args):
        done = subprocess.run(
            [tool("systemd-analyze"), *args],
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    if int(analyze("--version").split()[1]) >= 250:
        analyze("security", "--offline=true", "--threshold=30", "--no-pager",
                UNIT)
    text = UNIT.read_text()
    # sessions outlive the master.
    assert "KillMode=process\n" in text
    assert "RuntimeDirectoryPreserve=yes\n" in text


def test_the_capabilities_of_the_unit_are_enough(mode, hosts):
    with Confined(mode == "per-connection") as suite:
        suite.add_row(hosts.row("joe"))
        suite.imap().ok("LOGIN joe pw")
        assert suite.pop3().login("joe", "pw").startswith("+OK")
        assert "capabilities" not in suite.log()
        status = Path(f"/proc/{suite.pid}/status").read_text()
        assert re.search(r"^NoNewPrivs:\s+1", status, re.M)
        assert suite.ctl_keys("reload") == {}


def test_logrotate(new_suite, hosts, tool):
    """After the rotation all processes write to the new file."""
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    conf, state = suite.dir / "logrotate.conf", suite.dir / "state"
    text = (EXAMPLES / "mailwicket.logrotate").read_text()
    text = text.replace(
        "/var/log/mailwicket.log /var/log/mailwicket/*.log",
        str(suite.log_path),
    ).replace("/run/mailwicket/", f"{suite.base_dir}/")
    assert str(suite.log_path) in text and str(suite.base_dir) in text
    conf.write_text(text)
    suite.imap().ok("LOGIN joe pw")
    suite.wait_log("login: user=<joe>")
    suite.log_from = 0
    before = suite.log_path.stat().st_ino
    subprocess.run(
        [tool("logrotate"), "-f", "-s", state, conf], check=True, timeout=30
    )
    assert suite.log_path.stat().st_ino != before
    suite.wait_log("log files opened again")
    suite.pop3().login("joe", "pw")
    suite.wait_log("login: user=<joe>")
    old = Path(f"{suite.log_path}.1").read_text()
    assert old.count("login: user=<joe>") == 1
    assert suite.log_path.stat().st_mode & 0o777 == 0o600


def test_sessions_in_status(new_suite, hosts):
    """Of shared processes and of those with one client each."""
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    state = "busy" if suite.per_connection else "serving"

    def counts():
        found = suite.ctl_keys("status")
        return [int(found.get(f"imap-login.{state}.{what}", 0))
                for what in ("waiting", "sessions")]

    clients = [suite.imap() for _ in range(3)]
    procs.wait_until(lambda: counts() == [3, 0], counts)
    for client in clients[:2]:
        client.ok("LOGIN joe pw")
    procs.wait_until(lambda: counts() == [1, 2], counts)
    assert re.search(rf"imap-login +{state} .* 1 +2$", suite.ctl("status"),
                     re.M)
