"""A private PostgreSQL server: a socket, a port on loopback, no fsync."""

import atexit
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from . import procs

# Nothing of it outlives the tests, so nothing needs to reach the disk; but
# what is committed must reach the kernel: tests kill the server.
CONF = """
listen_addresses = '{addr}'
port = {port}
unix_socket_directories = '{dir}'
unix_socket_permissions = 0777
max_connections = 100
shared_buffers = 16MB
fsync = off
dynamic_shared_memory_type = mmap
synchronous_commit = on
full_page_writes = off
autovacuum = off
password_encryption = scram-sha-256
log_statement = all
log_line_prefix = '%p %c '
lc_messages = 'C'
{more}
"""
HBA = """
local all postgres trust
local all all scram-sha-256
host all all 127.0.0.0/8 scram-sha-256
host all all ::1/128 scram-sha-256
"""
DEFAULT_PORT = 5432
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def bin_path(name):
    """A program of the newest version that is installed."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    assert folders, "postgresql is not installed"
    return f"{folders[-1]}/{name}"


def free_port(addr="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((addr, 0))
        return probe.getsockname()[1]


def is_free(addr, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((addr, port))
        except OSError:
            return False
    return True


class Postgres:
    """One server; superuser postgres may do all over the socket."""

    templates = {}

    def __init__(self, addr="127.0.0.1", port=None, conf="", encoding="UTF8"):
        """Without a port: the standard one if it is free."""
        self.addr, self.encoding = addr, encoding
        self.user = pwd.getpwnam("postgres")
        # The path of its socket must be short.
        self.dir = Path(tempfile.mkdtemp(prefix="mw-pg-"))
        self.dir.chmod(0o755)
        os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
        self.data = self.dir / "data"
        self.proc = None
        self.is_stopped = False
        self._make_data()
        (self.data / "pg_hba.conf").write_text(HBA)
        try:
            self._start_at([port] if port else self._ports(), conf)
        except BaseException:
            self.close()
            raise

    def _ports(self):
        """Ports to try: another server may take one at the same moment."""
        standard = [DEFAULT_PORT] if is_free(self.addr, DEFAULT_PORT) else []
        return standard + [free_port(self.addr) for _ in range(3)]

    def _start_at(self, ports, conf):
        for self.port in ports:
            (self.data / "postgresql.conf").write_text(CONF.format(
                addr=self.addr, port=self.port, dir=self.dir, more=conf
            ))
            try:
                return self.start()
            except AssertionError:
                if self.port == ports[-1] or self.proc.poll() is None:
                    raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _as_user(self):
        os.setgroups([])
        os.setgid(self.user.pw_gid)
        os.setuid(self.user.pw_uid)

    def _run(self, *command, **options):
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            env={**ENV, "PGCLIENTENCODING": "UTF8"},
            **options,
        )

    def _make_data(self):
        """initdb takes seconds, a copy of what it has made does not."""
        template = Postgres.templates.get(self.encoding)
        if template is None:
            self._run(
                bin_path("initdb"),
                *("-D", str(self.data), "-U", "postgres", "-A", "trust"),
                *("-E", self.encoding, "--locale=C", "--no-sync"),
                preexec_fn=self._as_user,
            )
            folder = tempfile.mkdtemp(prefix="mw-pgt-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            template = Path(folder) / "data"
            shutil.copytree(self.data, template)
            Postgres.templates[self.encoding] = template
            return
        shutil.copytree(template, self.data)
        for top, folders, files in os.walk(self.data):
            for name in [top] + [f"{top}/{x}" for x in folders + files]:
                os.chown(name, self.user.pw_uid, self.user.pw_gid)

    # Its life.

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.proc = subprocess.Popen(
                [bin_path("postgres"), "-D", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENV,
                preexec_fn=self._as_user,
            )
        procs.wait_until(self._answers, "PostgreSQL", 30)

    def _answers(self):
        assert self.proc.poll() is None, self.log()[-3000:]
        try:
            self.sql("SELECT 1")
        except subprocess.CalledProcessError:
            return False
        return True

    def pids(self):
        return [self.proc.pid] + procs.children(self.proc.pid)

    def backends(self):
        """Pids of the processes that serve clients."""
        text = self.sql(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = "
            "'client backend' AND pid <> pg_backend_pid()"
        )
        return [int(line) for line in text.split()]

    def stop(self):
        """A fast shutdown, as a service manager does it."""
        self._end(signal.SIGINT)

    def kill(self):
        """All its processes at once."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        pids = self.pids()
        for pid in pids if number == signal.SIGKILL else pids[:1]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        self.proc.wait(30)
        procs.wait_gone(pids)

    def pause(self):
        """It hangs: takes connections and says nothing."""
        self.is_stopped = True
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        self.is_stopped = False
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def close(self):
        if self.proc is not None and self.proc.poll() is None:
            if self.is_stopped:
                self.resume()
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # What is in it.

    def sql(self, text, database="postgres", user="postgres"):
        """Executes text as a superuser; rows as lines, columns with a |."""
        return self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            *("-h", str(self.dir), "-p", str(self.port)),
            *("-U", user, "-d", database, "-c", text),
        ).stdout

    def log(self):
        return (self.dir / "log").read_text(errors="backslashreplace")

    def make_database(self, name, user, password, encoding=None):
        """A database and a role that may log in to it, both anew."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.sql(f"DROP ROLE IF EXISTS {user}")
        self.sql(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        self.sql(
            f"CREATE DATABASE {name} OWNER {user} TEMPLATE template0"
            + (f" ENCODING '{encoding}'" if encoding else "")
        )
