#!/usr/bin/python3
"""
What auth does for a provider: many users in MariaDB, with a cache that is
cold, then hot.

usage: auth.py [--users N] [--at-once N] [--cache KB] [--build DIR]

Needs root, and `make bench` in the build folder (DIR, or $MW_BUILDDIR, or
the current one).  Ends with 1 when a login failed, when there were more
queries than users, or when auth took more memory than its cache may have.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

# What auth needs besides the cache: code, channels, requests.
OTHER_KB_MAX = 32768


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--cache", type=int, default=65536)
    parser.add_argument("--build", default=os.environ.get("MW_BUILDDIR", "."))
    return parser.parse_args()


ARGS = arguments()
os.environ["MW_BUILDDIR"] = ARGS.build

from harness import procs  # noqa: E402
from harness.mariadb import Mariadb  # noqa: E402
from harness.suite import Suite  # noqa: E402


def tool(name):
    return str(Path(ARGS.build).resolve() / "tests/bench" / name)


def stub_host():
    """The mail host for measuring, and its IMAP port."""
    proc = subprocess.Popen(
        [tool("stubhost")], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    return proc, int(re.search(r"imap=(\d+)", proc.stdout.readline())[1])


def fill(database):
    database.sql(
        "CREATE TABLE proxy (user varchar(255) NOT NULL, host varchar(16), "
        "destuser varchar(255), PRIMARY KEY (user)); "
        "INSERT INTO proxy SELECT CONCAT('user', seq), '127.0.0.1', NULL "
        f"FROM seq_0_to_{ARGS.users - 1};"
    )


def make_suite(database, port):
    suite = Suite(
        False,
        start=False,
        settings={
            "login_processes_count": 2,
            "login_max_connections": 1000,
            "auth_cache_size": ARGS.cache,
            "auth_cache_ttl": 7200,
            "auth_worker_max_count": 30,
        },
    )
    suite.sql_conf.write_text(
        f"driver = mysql\nconnect = {database.connect()}\n"
        "password_query = SELECT NULL AS password, host, destuser, "
        f"{port} AS port, 'Y' AS nologin, 'Y' AS nodelay, 'Y' AS proxy, "
        "'Y' AS nopassword FROM proxy WHERE user = '%u'\n"
    )
    suite.sql_conf.chmod(0o600)
    suite.start()
    return suite


def queries(database):
    """Statements that the server has executed so far."""
    return int(database.sql(
        "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'"
    ).split()[1])


def cache_line(suite, auth):
    """What auth says of its cache."""
    mark = suite.mark()
    os.kill(auth, signal.SIGUSR2)
    return suite.wait_log(r"cache: .*", mark)[0]


def run(suite, database, auth, name):
    """All users once; what it took, and the number of queries."""
    before, cpu = queries(database), procs.cpu_seconds(auth)
    addr, port = suite.addr("imap")
    done = subprocess.run(
        [tool("load"), "-a", addr, "-P", str(port), "-n", str(ARGS.users),
         "-c", str(ARGS.at_once), "-u", "user%d", "-r", str(ARGS.users)],
        text=True, stdout=subprocess.PIPE,
    )
    result = json.loads(done.stdout)
    asked = queries(database) - before
    cpu = procs.cpu_seconds(auth) - cpu
    print(f"{name}: {result['per_second']:.0f} logins/s, p50 "
          f"{result['p50_ms']} ms, p99 {result['p99_ms']} ms, "
          f"{result['failed']} failed; {asked} queries, "
          f"{100 - 100 * asked / ARGS.users:.1f} % from the cache; auth: "
          f"{cpu * 1e6 / ARGS.users:.1f} us CPU a login, "
          f"RSS {procs.rss_kb(auth)} kB")
    return result, asked


def main():
    procs.adopt_orphans()
    database = Mariadb()
    host, port = stub_host()
    faults = []
    try:
        fill(database)
        suite = make_suite(database, port)
        auth, = suite.wait_children("auth", 1)
        rss = procs.rss_kb(auth)
        for name in ("cold", "hot"):
            result, asked = run(suite, database, auth, name)
            if result["failed"] or result["done"] != ARGS.users:
                faults.append(f"failed logins: {result['first_error']}")
            if asked > ARGS.users:
                faults.append(f"{name}: more queries than users")
        print(cache_line(suite, auth))
        if procs.rss_kb(auth) - rss > ARGS.cache + OTHER_KB_MAX:
            faults.append("auth has outgrown auth_cache_size")
        suite.close()
    finally:
        host.stdin.close()
        host.wait()
        database.close()
    for fault in faults:
        print(f"fault: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
