"""A whole suite of the programs under test, in a directory of its own."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import procs
from .client import imap_client, pop3_client

BUILD = Path(os.environ.get("MW_BUILDDIR", ".")).resolve()
PROGRAMS = {
    "mailwicket": "src/master/mailwicket",
    "imap-login": "src/imap-login/imap-login",
    "pop3-login": "src/pop3-login/pop3-login",
    "auth": "src/auth/auth",
    "auth-worker": "src/auth-worker/auth-worker",
    "tls-signer": "src/tls-signer/tls-signer",
    "wicketctl": "src/ctl/wicketctl",
}
LOGIN_UID, AUTH_UID, WORKER_UID, KEY_UID = 61101, 61102, 61103, 61104
LOGINS = ("imap-login", "pop3-login")

# The table that most tests use. NULL is an unset field.
COLUMNS = """user password host imap_port pop3_port destuser pass nologin
nodelay proxy nopassword reason allow_nets proxy_timeout""".split()
DEFAULTS = {"nologin": "Y", "nodelay": "Y", "proxy": "Y", "nopassword": "Y"}
TABLE = f"CREATE TABLE users ({', '.join(COLUMNS)}, PRIMARY KEY (user))"
QUERY = (
    "SELECT password, host, "
    "CASE '%s' WHEN 'imap' THEN imap_port ELSE pop3_port END AS port, "
    "destuser, pass, nologin, nodelay, proxy, nopassword, reason, "
    "allow_nets, proxy_timeout FROM users WHERE user = '%u'"
)

# Lines of level error, and what a broken invariant or a sanitizer says.
TROUBLE = re.compile(
    r"\berror: |\bviolation\b|\bassert|Sanitizer|runtime error:", re.I
)


def program(name):
    """The path of a program: of the build, or of an installed tree."""
    prefix = os.environ.get("MW_PREFIX")
    if prefix is None:
        return str(BUILD / PROGRAMS[name])
    if name in ("mailwicket", "wicketctl"):
        return f"{prefix}/sbin/{name}"
    return f"{prefix}/libexec/mailwicket/{name}"


def setting_lines(settings, indent=""):
    return "".join(
        f"{indent}{name} = {value}\n" for name, value in settings.items()
    )


class Suite:
    """One master with its children, its files and its database."""

    alive = []

    def __init__(self, per_connection=False, **options):
        """
        Options: settings, imap, pop3 and auth (dicts of settings for the top
        and the sections), text (more of the top), passdbs (text for the auth
        section; make_passdbs makes it from the path of sql.conf), driver and
        connect (of sql.conf; else a private SQLite file), query, table
        (SQL), sql (further lines of sql.conf), conf (a function that makes
        the whole configuration from the suite), start (False to wait).
        """
        self.per_connection = per_connection
        self.options = options
        self.dir = Path(tempfile.mkdtemp(prefix="mw-it-"))
        self.dir.chmod(0o755)
        self.base_dir = self.dir / "run"
        self.conf = self.dir / "mailwicket.conf"
        self.sql_conf = self.dir / "sql.conf"
        self.db_path = self.dir / "db" / "users.sqlite"
        self.log_path = self.dir / "log"
        self.stderr_path = self.dir / "stderr"
        self.proc = None
        self.allowed = []
        self.seen = set()
        self.is_closed = False
        self.log_from = 0
        self.wires = []
        self._make_files()
        Suite.alive.append(self)
        if options.get("start", True):
            try:
                self.start()
            except BaseException:
                self.close(is_checked=False)
                raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.close(is_checked=kind is None)

    # Files.

    def _make_files(self):
        self.base_dir.mkdir(mode=0o755)
        self.db_path.parent.mkdir(mode=0o755)
        self.db = sqlite3.connect(
            self.db_path, isolation_level=None, check_same_thread=False
        )
        self.db.execute(self.options.get("table", TABLE))
        self.db_path.chmod(0o644)
        self.write_sql_conf()
        self.write_conf()

    def write_sql_conf(self, query=None, extra=None, mode=0o600):
        query = query or self.options.get("query", QUERY)
        extra = extra or self.options.get("sql", "")
        driver = self.options.get("driver", "sqlite")
        connect = self.options.get("connect", self.db_path)
        self.sql_conf.write_text(
            f"driver = {driver}\nconnect = {connect}\n"
            f"{extra}password_query = {query}\n"
        )
        self.sql_conf.chmod(mode)

    def top_settings(self):
        """Settings that each configuration of a test begins with."""
        return {
            "base_dir": self.base_dir,
            "login_dir": self.base_dir / "login",
            "log_path": self.log_path,
            "login_user": LOGIN_UID,
            "auth_user": AUTH_UID,
            "auth_worker_user": WORKER_UID,
            "tls_signer_user": KEY_UID,
            "auth_executable": program("auth"),
            "auth_worker_executable": program("auth-worker"),
            "tls_signer_executable": program("tls-signer"),
        }

    def write_conf(self, **changes):
        """Writes the configuration; changes replace this suite's options."""
        self.options.update(changes)
        make = self.options.get("conf", default_conf)
        self.conf.write_text(make(self))

    def add_user(self, user, **columns):
        """Adds or replaces a row of the users table."""
        row = {**DEFAULTS, "user": user, **columns}
        marks = ", ".join("?" * len(row))
        self.db.execute(
            f"INSERT OR REPLACE INTO users ({', '.join(row)}) VALUES ({marks})",
            list(row.values()),
        )

    def add_row(self, row):
        self.add_user(**row)

    # Running.

    def command(self, *args):
        return [program("mailwicket"), *args, "-c", str(self.conf)]

    def ctl(self, *args, status=0, **options):
        """What wicketctl prints; its status is looked at unless None."""
        done = subprocess.run(
            [program("wicketctl"), "-s", str(self.base_dir / "control"),
             *args],
            **{"input": "", "timeout": 60, **options},
            capture_output=True,
            text=True,
        )
        assert status in (None, done.returncode), (args, done)
        return done.stdout + done.stderr

    def ctl_keys(self, *args, **options):
        """The same as a dict of its key=value lines; the last one counts."""
        lines = self.ctl("-k", *args, **options).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def start(self, timeout=15.0):
        self.log_from = len(self.log(0))
        self.ports = {}
        with open(self.stderr_path, "ab") as stderr:
            self.proc = subprocess.Popen(
                self.command("-F"),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd="/",
            )
        procs.wait_until(self._is_up, "the suite to listen", timeout)

    def _is_up(self):
        if self.proc.poll() is not None:
            status, self.proc = self.proc.returncode, None
            raise AssertionError(
                f"the master ended with {status}:\n{self.stderr()}{self.log()}"
            )
        found = {}
        for service, more, addr in re.findall(
            r"listening: service=(\w+)\b(.*?) addr=(\S+)", self.log()
        ):
            host, _, port = addr.rpartition(":")
            pair = (host.strip("[]"), int(port))
            if "haproxy=yes" in more:
                service = f"haproxy-{service}"
            found.setdefault(service, []).append(pair)
        self.ports = found
        settings = self.options.get("settings", {})
        wanted = settings.get("protocols", "imap pop3").split()
        if settings.get("ssl_disable", "yes") == "yes":
            wanted = [word.rstrip("s") for word in wanted]
        return set(wanted) <= set(found)

    @property
    def pid(self):
        return self.proc.pid

    def children(self, *names):
        """Pids of the children that live, all or those of some names."""
        found = [
            pid
            for pid in procs.children(self.pid)
            if procs.is_alive(pid) and (not names or procs.comm(pid) in names)
        ]
        self.seen.update(found)
        return found

    def wait_children(self, name, count, timeout=10.0):
        """Waits until there are at least so many children of one name."""

        def enough():
            pids = self.children(name)
            return pids if len(pids) >= count else None

        return procs.wait_until(enough, f"{count} x {name}", timeout)

    def flush_cache(self):
        """SIGHUP to auth, the last one if a reload left two; entries gone."""
        start = self.mark()
        for pid in self.children("auth"):
            os.kill(pid, signal.SIGHUP)
        found = self.wait_log(r"cache: (\d+) entries flushed", start)
        return int(found[1])

    def cache_status(self):
        """The figures that auth logs at SIGUSR2, by their names."""
        start = self.mark()
        (auth,) = self.children("auth")
        os.kill(auth, signal.SIGUSR2)
        line = self.wait_log(r"cache: (off|hits=.*)$", start)[1]
        pairs = (word.split("=") for word in line.split() if "=" in word)
        return {name: int(value.rstrip("%")) for name, value in pairs}

    def send_signal(self, number):
        self.proc.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        """Stops the master; its exit status (negative: the signal)."""
        self.children()
        self.proc.send_signal(number)
        return self.proc.wait(timeout)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def reload(self):
        """SIGHUP to the master, which takes it once a second; it was good."""
        time.sleep(1)
        start = self.mark()
        self.send_signal(signal.SIGHUP)
        self.wait_log(r"configuration read again", start)

    def addr(self, service, ipv6=False):
        for host, port in self.ports[service]:
            if (":" in host) == ipv6:
                return host, port
        raise AssertionError(f"no such listener: {self.ports}")

    def imap(self, ipv6=False, **options):
        return self._keep(imap_client(self.addr("imap", ipv6), **options))

    def pop3(self, ipv6=False, **options):
        return self._keep(pop3_client(self.addr("pop3", ipv6), **options))

    def _keep(self, wire):
        self.wires.append(wire)
        return wire

    # Logs.

    def log(self, start=None):
        """The log since the last start, or since an offset."""
        try:
            data = self.log_path.read_bytes()
        except FileNotFoundError:
            data = b""
        text = data.decode("utf-8", "backslashreplace")
        return text[self.log_from if start is None else start :]

    def stderr(self):
        if not self.stderr_path.exists():
            return ""
        return self.stderr_path.read_text(errors="replace")

    def mark(self):
        """Where the log ends now, for log() and wait_log()."""
        return len(self.log(0))

    def wait_log(self, pattern, start=None, timeout=10.0):
        return procs.wait_until(
            lambda: re.search(pattern, self.log(start), re.M),
            lambda: f"log line {pattern!r} in:\n{self.log(start)[-3000:]}",
            timeout,
        )

    def allow(self, *patterns):
        """Log lines that mean trouble, but that this test asks for."""
        self.allowed += [re.compile(pattern) for pattern in patterns]

    def troubles(self, start=0):
        text = self.log(start) + self.stderr()
        return [
            line
            for line in text.splitlines()
            if TROUBLE.search(line)
            and not any(pattern.search(line) for pattern in self.allowed)
        ]

    # The end.

    def close(self, is_checked=True):
        """Stops all, and looks at what is left."""
        if self.is_closed:
            return
        self.is_closed = True
        Suite.alive.remove(self)
        try:
            self._end(is_checked)
        finally:
            self.db.close()
            shutil.rmtree(self.dir, ignore_errors=True)

    def _end(self, is_checked):
        for wire in self.wires:
            wire.close()
        status = None
        if self.proc is not None:
            self.children()
            if self.proc.poll() is None:
                self.proc.terminate()
            try:
                status = self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
                status = "hung"
        left = self._wait_left()
        if not is_checked:
            print(self.log(0)[-6000:], self.stderr()[-2000:])
            return
        assert status in (None, 0, -signal.SIGKILL), f"master: {status}"
        assert not left, f"left over: {left}"
        assert not self.troubles(), self.troubles()

    def _wait_left(self, timeout=8.0):
        """Waits for the children of the dead master; kills what stays."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            left = self._left()
            if not left:
                return []
            time.sleep(0.02)
        left = [(*pair, procs.connections(pair[0])) for pair in left]
        for pid, *_ in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        procs.wait_gone([pid for pid, *_ in left])
        return left

    def _left(self):
        """Children of the master that are ours now (see adopt_orphans)."""
        others = {
            pid for suite in Suite.alive for pid in suite.seen | {suite.pid_or_0}
        }
        left = []
        for pid in procs.children(os.getpid()):
            name = procs.comm(pid)
            if pid in self.seen or (name in PROGRAMS and pid not in others):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                if procs.stat(pid) is not None:
                    left.append((pid, name))
        return left

    @property
    def pid_or_0(self):
        return self.proc.pid if self.proc is not None else 0


def default_conf(suite):
    """The configuration that most tests use."""
    options = suite.options
    passdbs = options.get(
        "passdbs", f"  passdb sql {{\n    args = {suite.sql_conf}\n  }}\n"
    )
    if "make_passdbs" in options:
        passdbs = options["make_passdbs"](suite.sql_conf)
    top = {
        **suite.top_settings(),
        "protocols": "imap pop3",
        "disable_plaintext_auth": "no",
        "ssl_disable": "yes",
        "login_process_per_connection": "yes" if suite.per_connection else "no",
        "login_processes_count": 2,
        "auth_failure_delay": 0,
        "auth_penalty_max": 0,
        "mail_max_userip_connections": 0,
        "auth_worker_max_count": 4,
        **options.get("settings", {}),
    }
    text = setting_lines(top) + options.get("text", "")
    for service in ("imap", "pop3"):
        section = {
            "listen": "127.0.0.1:0, [::1]:0",
            "login_executable": program(f"{service}-login"),
            **options.get(service, {}),
        }
        text += f"protocol {service} {{\n"
        text += setting_lines(section, "  ") + "}\n"
    auth = {"mechanisms": "plain login", **options.get("auth", {})}
    text += "auth default {\n" + setting_lines(auth, "  ") + passdbs
    return text + "  user = root\n  count = 1\n}\n"


class Background:
    """Runs a function in a thread and gives its result or its exception."""

    def __init__(self, function, *args):
        self.result = self.fault = None
        self.thread = threading.Thread(
            target=self._run, args=(function, *args), daemon=True
        )
        self.thread.start()

    def _run(self, function, *args):
        try:
            self.result = function(*args)
        except BaseException as fault:
            self.fault = fault

    def wait(self, timeout=30.0):
        self.thread.join(timeout)
        assert not self.thread.is_alive(), "still running"
        if self.fault is not None:
            raise self.fault
        return self.result
