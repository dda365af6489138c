"""Debian's Dovecot as the mail host behind the proxy, with real mailboxes."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import procs
from .wire import connect

USERS = {"joe@domain.net": "joepass", "john": "johnpass"}
# Who may act for them.
MASTERS = {"boss": "bosspass", "proxy": "proxypass"}
# One plain, one with dots and a long line, one with eight bits.
MESSAGES = [
    "Subject: one\r\nFrom: a@example.org\r\n\r\nfirst message\r\n",
    "Subject: dots\r\nFrom: b@example.org\r\n\r\n.\r\n..two\r\n.three\r\n"
    + "x" * 900
    + "\r\n",
    "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nFrom: c@example.org\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\ngr\u00fc\u00dfe\r\n",
]

CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
instance_name = {name}
log_path = {dir}/log
protocols = imap pop3
listen = {addr}
mail_max_userip_connections = 0
auth_failure_delay = 0
auth_verbose = yes
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
auth_mechanisms = plain login
auth_master_user_separator = *
service anvil {{
  # No growing delay for the address that all tests come from.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
{imap_more}}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = {pop3s_port}
    ssl = yes
  }}
{pop3_more}}}
"""

# What has another name or form since Dovecot 2.4.
CONF_2_3 = """
mail_location = maildir:{dir}/mail/%u
passdb {{
  driver = passwd-file
  args = {dir}/masters
  master = yes
  pass = yes
}}
passdb {{
  driver = passwd-file
  args = {dir}/passwd
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={dir}/home
}}
"""
CONF_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
mail_driver = maildir
mail_path = {dir}/mail/%{{user}}
passdb masters {{
  driver = passwd-file
  passwd_file_path = {dir}/masters
  master = yes
  result_success = continue
}}
passdb users {{
  driver = passwd-file
  passwd_file_path = {dir}/passwd
}}
userdb static {{
  fields {{
    uid = 65534
    gid = 65534
    home = {dir}/home
  }}
}}
"""
PLAIN_2_3 = "ssl = no\ndisable_plaintext_auth = no\n"
PLAIN_2_4 = "ssl = no\nauth_allow_cleartext = yes\n"
# No login without TLS, at any port.
TLS_2_3 = "ssl = required\nssl_cert = <{}\nssl_key = <{}\n"
TLS_2_4 = "ssl = required\nssl_server_cert_file = {}\nssl_server_key_file = {}\n"


def version():
    """Of the Dovecot that is installed: (2, 3) or (2, 4)."""
    text = subprocess.run(
        ["dovecot", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return tuple(int(number) for number in text.split(".")[:2])


def conf(pair, **values):
    """The configuration in the words of that version."""
    is_new = version() >= (2, 4)
    if pair:
        tls = (TLS_2_4 if is_new else TLS_2_3).format(*pair)
    else:
        tls = PLAIN_2_4 if is_new else PLAIN_2_3
    own = CONF_2_4 if is_new else CONF_2_3
    # The version of the configuration must be its first word.
    return (own + CONF).format(**values) + tls


# Doors where each connection begins with a header.
HAPROXY = """  inet_listener {name} {{
    port = {port}
    haproxy = yes
    ssl = {ssl}
  }}
"""


def haproxy_doors(service, ports):
    """ports: of the one without TLS, and of the one with it, or none."""
    return "".join(
        HAPROXY.format(name=f"{service}-haproxy-{ssl}", port=port, ssl=ssl)
        for port, ssl in zip(ports, ("no", "yes"))
    )


class DovecotHost:
    """A private Dovecot on an address of its own on loopback."""

    def __init__(self, addr="127.0.0.1", imap_port=143, pop3_port=110,
                 pair=None, more="", haproxy=()):
        """
        pair: certificate and key; with it there is TLS, and must be.  more:
        further settings.  haproxy: ports for proxies; IMAP's, one more POP3's.
        """
        self.addr, self.imap_port, self.pop3_port = addr, imap_port, pop3_port
        self.pair, self.more, self.haproxy = pair, more, haproxy
        # Dovecot's sockets need a short path.
        self.dir = Path(tempfile.mkdtemp(prefix="mw-dc-"))
        self.dir.chmod(0o755)
        self._make_files()
        self.proc = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.dir / "conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.dir / "stderr", "wb"),
        )
        try:
            for port in (imap_port, pop3_port):
                procs.wait_until(lambda: self._answers(port), "Dovecot")
        except BaseException:
            print(self.log())
            self.close()
            raise

    def _make_files(self):
        (self.dir / "conf").write_text(
            conf(
                self.pair,
                dir=self.dir,
                name=self.dir.name,
                addr=self.addr,
                imap_port=self.imap_port,
                pop3_port=self.pop3_port,
                imaps_port=993 if self.pair else 0,
                pop3s_port=995 if self.pair else 0,
                imap_more=haproxy_doors("imap", self.haproxy),
                pop3_more=haproxy_doors(
                    "pop3", [port + 1 for port in self.haproxy]
                ),
            )
            + self.more
        )
        for name, users in (("passwd", USERS), ("masters", MASTERS)):
            (self.dir / name).write_text(
                "".join(f"{user}:{{PLAIN}}{pw}\n" for user, pw in users.items())
            )
        for name in ("home", "mail"):
            (self.dir / name).mkdir()
        for user in USERS:
            self.fill(user)
        for top, folders, files in os.walk(self.dir / "mail"):
            for name in [top] + [f"{top}/{x}" for x in folders + files]:
                os.chown(name, 65534, 65534)
        os.chown(self.dir / "home", 65534, 65534)

    def fill(self, user):
        """Puts the messages into a fresh mailbox."""
        box = self.dir / "mail" / user
        for part in ("cur", "new", "tmp"):
            (box / part).mkdir(parents=True)
        for number, text in enumerate(MESSAGES, 1):
            path = box / "cur" / f"{number:010d}.M1P1.host:2,S"
            path.write_bytes(text.replace("\r\n", "\n").encode())

    def refill(self, user):
        """The mailbox as it was at the start."""
        box = self.dir / "mail" / user
        shutil.rmtree(box)
        self.fill(user)
        for top, folders, files in os.walk(box):
            for name in [top] + [f"{top}/{x}" for x in folders + files]:
                os.chown(name, 65534, 65534)

    def _answers(self, port):
        assert self.proc.poll() is None, self.log()
        try:
            with connect((self.addr, port)) as wire:
                wire.expect(r"\* OK|\+OK")
                return True
        except OSError:
            return False

    def log(self):
        text = ""
        for name in ("stderr", "log"):
            if (self.dir / name).exists():
                text += (self.dir / name).read_text(errors="replace")
        return text

    def wait_logins(self, text):
        """Lines of the log that tell of a login, and have the text."""

        def found():
            return [
                line for line in self.log().splitlines()
                if text in line and re.search(r": (Login|Logged in): ", line)
            ]

        return procs.wait_until(found, f"a login with {text}")

    def wait_log(self, text):
        procs.wait_until(lambda: text in self.log(), f"{text} in Dovecot's log")

    def close(self):
        below = procs.children(self.proc.pid)
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        procs.wait_gone(below)
        shutil.rmtree(self.dir, ignore_errors=True)
