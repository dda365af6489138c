"""What an administrator is told: by -t, a reload, wicketctl, the log."""

import re
import subprocess

import pytest

from harness.suite import WORKER_UID, program


def run(*command):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30,
        stdin=subprocess.DEVNULL,
    )


def test_version_and_usage():
    done = run(program("mailwicket"), "-V")
    assert done.returncode == 0 and not done.stderr
    assert re.fullmatch(
        r"mailwicket [\d.]+\nsql drivers:( \w+)+\npassdbs: sql .*\n",
        done.stdout,
    )
    version = done.stdout.split("\n")[0].split()[1]
    done = run(program("wicketctl"), "-V")
    assert done.returncode == 0
    assert done.stdout == f"wicketctl {version}\n"
    for name in ("mailwicket", "wicketctl"):
        done = run(program(name), "-h")
        assert done.returncode == 0 and not done.stderr
        assert done.stdout.startswith(f"usage: {name} [")
        assert f"{name} -V | -h\n" in done.stdout
        done = run(program(name), "-V", "-n")
        assert done.returncode == 64 and "usage: " in done.stderr


def test_a_log_in_a_missing_directory(new_suite):
    """-t says so, and a reload says so with the path."""
    suite = new_suite()
    log = suite.dir / "missing" / "log"
    suite.allow(r"reload: ")
    suite.write_conf(settings={"log_path": log})
    done = run(*suite.command("-t"))
    assert done.returncode == 1
    text = f"log_path: {log}: No such file or directory"
    assert f"{suite.conf}: {text}\n" in done.stderr
    assert text in suite.ctl("reload", status=1)
    suite.write_conf(settings={"info_log_path": suite.dir})
    text = f"info_log_path: {suite.dir}: Is a directory"
    assert text in suite.ctl("reload", status=1)
    log.parent.mkdir()
    suite.write_conf(settings={"log_path": log})
    assert run(*suite.command("-t")).returncode == 0


def test_a_database_that_cannot_be_read(new_suite):
    """The reason and the account stand in the log, and in explain."""
    suite = new_suite()
    suite.allow(r"\berror: ")
    suite.db_path.chmod(0o600)
    found = suite.ctl_keys("explain", "joe", status=75)
    text = f"Permission denied (as uid {WORKER_UID}, auth_worker_user)"
    assert found["passdb.1.fault"].startswith(str(suite.db_path))
    assert text in found["passdb.1.fault"]
    suite.wait_log(re.escape(text))
    suite.db_path.chmod(0o644)
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    found = suite.ctl_keys("explain", "joe", status=75)
    assert "no such table: users" in found["passdb.1.fault"]
    suite.db.execute("ALTER TABLE gone RENAME TO users")
    assert "passdb.1.fault" not in suite.ctl_keys(
        "explain", "joe", status=1
    )


@pytest.mark.parametrize("wanted", [10000, 1000000])
def test_the_limit_of_open_files(new_suite, wanted):
    """Once, and only when more was asked for than there can be."""
    suite = new_suite(settings={"login_max_sessions": wanted})
    lines = suite.log().count("the limit of open files")
    assert lines == (suite.per_connection and wanted > 10000)
