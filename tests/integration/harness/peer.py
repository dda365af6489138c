"""Another proxy that serves first what Mailwicket is to serve then."""

import socket
import subprocess
import tempfile

from . import procs
from .suite import AUTH_UID, KEY_UID, LOGIN_UID, WORKER_UID, program


def machine(suite):
    """What belongs to this machine: another base_dir, accounts, programs."""
    return (
        f"base_dir = {suite.base_dir}\n"
        f"log_path = {suite.log_path}\n"
        f"login_user = {LOGIN_UID}\n"
        f"auth_user = {AUTH_UID}\n"
        f"auth_worker_user = {WORKER_UID}\n"
        f"auth_executable = {program('auth')}\n"
        f"auth_worker_executable = {program('auth-worker')}\n"
        f"tls_signer_user = {KEY_UID}\n"
        f"tls_signer_executable = {program('tls-signer')}\n"
        "auth_failure_delay = 0\nauth_penalty_max = 0\n"
        "protocol imap {\n"
        f"  login_executable = {program('imap-login')}\n}}\n"
        "protocol pop3 {\n"
        f"  login_executable = {program('pop3-login')}\n}}\n"
    )


def kind(line):
    """OK, NO, +OK and so on: texts may differ."""
    return line.removeprefix("a ").split()[0]


class Peer:
    """The other proxy, in the foreground, until it is left."""

    def __init__(self, command, addr, *ports):
        self.log = tempfile.TemporaryFile()
        self.proc = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True,
        )
        for port in ports:
            procs.wait_until(lambda: self.is_up(addr, port), self.text)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def is_up(self, addr, port):
        assert self.proc.poll() is None, self.text()
        with socket.socket() as sock:
            return sock.connect_ex((addr, port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.terminate()
        self.proc.wait(10)
        self.log.close()
