"""A private MariaDB server: real queries, accounts, errors and restarts."""

import os
import random
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import procs

UID = 65534
# Small and quick: nothing here has to survive a power failure.
OPTIONS = """--no-defaults --skip-log-bin --innodb-log-file-size=4M
--innodb-buffer-pool-size=8M --innodb-flush-log-at-trx-commit=0
--performance-schema=OFF --character-set-server=utf8mb4
--skip-name-resolve --max-allowed-packet=64M""".split()
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
DATABASE, USER, PASSWORD = "mail", "dovecot", "hush"
ACCOUNTS = f"""
CREATE DATABASE {DATABASE};
CREATE USER {USER} IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON {DATABASE}.* TO {USER};
"""


def make_certificates(folder, addr):
    """A CA with the server's certificate, and another CA."""

    def openssl(*args):
        subprocess.run(
            ["openssl", *args], cwd=folder, check=True, capture_output=True
        )

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out",
                f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    for name, alt in (("right", f"IP:{addr}"), ("wrong", "DNS:db.invalid")):
        openssl("req", "-new", *key, "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "ext").write_text(f"subjectAltName = {alt}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem",
                "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext",
                "-out", f"{name}.pem", "-days", "2")


class Mariadb:
    """
    Listens at its socket and at the standard port of an address; nobody does
    at the other one.
    """

    def __init__(self):
        net = f"127.{random.randint(2, 254)}.{random.randint(1, 254)}"
        self.addr, self.nobody = f"{net}.2", f"{net}.3"
        # The server's socket needs a short path.
        self.dir = Path(tempfile.mkdtemp(prefix="mw-my-"))
        self.dir.chmod(0o755)
        self.socket = self.dir / "s"
        self.data = self.dir / "data"
        self.general_log = self.dir / "data" / "general.log"
        self.proc = None
        self.tls = self.dir / "tls"
        self.tls.mkdir()
        try:
            make_certificates(self.tls, self.addr)
            self.use_certificate("right")
            for path in (self.dir, *self.tls.iterdir()):
                os.chown(path, UID, UID)
            self._run("mariadb-install-db", f"--datadir={self.data}",
                      "--auth-root-authentication-method=normal",
                      "--skip-test-db")
            self.start()
            self.sql(ACCOUNTS, database="mysql")
        except BaseException:
            print(self.log())
            self.close()
            raise

    def _run(self, program, *args):
        with open(self.dir / "log", "ab") as log:
            subprocess.run(
                [program, *OPTIONS, *args],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, check=True, user=UID, group=UID,
                extra_groups=[], env=ENVIRONMENT,
            )

    def start(self, *args):
        with open(self.dir / "log", "ab") as log:
            self.proc = subprocess.Popen(
                ["/usr/sbin/mariadbd", *OPTIONS, f"--datadir={self.data}",
                 f"--socket={self.socket}", "--port=3306",
                 f"--bind-address={self.addr}",
                 f"--general-log-file={self.general_log}",
                 f"--ssl-cert={self.tls}/server.pem",
                 f"--ssl-key={self.tls}/server.key",
                 f"--pid-file={self.dir}/pid", *args],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, user=UID, group=UID, extra_groups=[],
                env=ENVIRONMENT,
            )
        procs.wait_until(self._answers, "MariaDB", 30)

    def _answers(self):
        assert self.proc.poll() is None, self.log()
        if not self.socket.exists():
            return False
        return self._client("mysql", "SELECT 1").returncode == 0

    def stop(self, number=signal.SIGTERM):
        self.proc.send_signal(number)
        self.proc.wait(30)
        self.proc = None

    def close(self):
        try:
            if self.proc is not None:
                self.stop(signal.SIGKILL)
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def use_certificate(self, name):
        """Of the ones in tls/: for a start, or with FLUSH SSL."""
        for end in ("pem", "key"):
            shutil.copy(self.tls / f"{name}.{end}", self.tls / f"server.{end}")
            os.chown(self.tls / f"server.{end}", UID, UID)

    def log(self):
        path = self.dir / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # SQL.

    def _client(self, database, text):
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}",
             "--skip-ssl", "--user=root", "--batch", "--skip-column-names",
             "--default-character-set=utf8mb4", database],
            input=text.encode(), capture_output=True, env=ENVIRONMENT,
        )

    def sql(self, text, database=DATABASE):
        """Runs statements as root; the rows as text."""
        done = self._client(database, text)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    def version(self):
        """Such as (10, 11)."""
        numbers = self.sql("SELECT version()").split(".")
        return tuple(int(number) for number in numbers[:2])

    def connect(self, host=None, **words):
        """The connect text for the account that the mission has."""
        found = {"dbname": DATABASE, "user": USER, "password": PASSWORD}
        found.update(words)
        return " ".join(
            [f"host={host or self.socket}"]
            + [f"{key}={value}" for key, value in found.items()]
        )

    def start_general_log(self):
        """What is run from here on is in logged()."""
        self.sql("SET GLOBAL general_log = OFF; SET GLOBAL log_output = FILE")
        self.general_log.unlink(missing_ok=True)
        self.sql("SET GLOBAL general_log = ON")

    def logged(self, command):
        """Texts of the commands of one kind (Prepare, Execute, Query)."""
        self.sql("SET GLOBAL general_log = OFF")
        text = self.general_log.read_text(errors="surrogateescape")
        return [
            line.split("\t")[-1]
            for line in text.splitlines()
            if f" {command}\t" in line
        ]
