"""doc/MIGRATING.md: its configurations are run, Dovecot's by Dovecot."""

import os
import random
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from harness import dovecot
from harness.host import Hosts, imap_script, pop3_script
from harness.peer import Peer, kind, machine
from harness.suite import WORKER_UID
from harness.tls import certificates, tls_client

TEXT = (Path(__file__).resolve().parents[2] / "doc/MIGRATING.md").read_text()

# What belongs to this machine, for the Dovecot that is the proxy.
DOVECOT = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
instance_name = {name}
listen = {addr}
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


def block(name):
    """The indented text behind a comment of this name."""
    text = TEXT.split(f"<!-- {name} -->\n")[1]
    lines = re.match(r"\n((?:    .*\n|\n)+)", text)[1].splitlines()
    return "".join(f"{line[4:]}\n" for line in lines)


def replace_all(text, pairs):
    """All of the words must be there."""
    for old, new in pairs.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


@pytest.fixture
def mail_hosts():
    """Two of them, at the standard ports of addresses of their own."""
    net = f"127.{random.randint(181, 220)}.{random.randint(1, 254)}"
    with Hosts(imap_script, pop3_script, f"{net}.11", standard=True) as one:
        with Hosts(imap_script, pop3_script, f"{net}.12", standard=True) as two:
            yield one, two


def dialogs(addr):
    """What comes of logins over TLS."""
    found = []
    for user, password in (("joe@example.net", "pw"), ("jane", "secret"),
                           ("jane", "no"), ("jack", "pw")):
        with tls_client("imap", (addr, 993)) as client:
            found.append(kind(client.login(user, password)[1]))
        with tls_client("pop3", (addr, 995)) as client:
            found.append(kind(client.login(user, password)))
    return found


def test_from_dovecot_2(new_suite, mail_hosts):
    addr = f"127.{random.randint(121, 180)}.{random.randint(1, 254)}.6"
    folder = Path(tempfile.mkdtemp(prefix="mw-mg-"))
    folder.chmod(0o755)
    one, two = mail_hosts
    users = folder / "users"
    users.write_text(replace_all(block("users"), {
        "192.0.2.11": one.addr, "192.0.2.12": two.addr,
    }))
    os.chown(users, 0, WORKER_UID)
    users.chmod(0o640)
    cert, key = certificates()["mail"]
    paths = {
        "/etc/ssl/certs/mail.example.net.pem": cert,
        "/etc/ssl/private/mail.example.net.key": key,
    }
    logins = []
    try:
        # Its file of users is read by anybody of nogroup.
        if dovecot.version() < (2, 4):
            (folder / "proxy.users").write_text(users.read_text())
            conf = folder / "dovecot.conf"
            conf.write_text(replace_all(block("dovecot"), {
                **paths, "/etc/dovecot/proxy.users": folder / "proxy.users",
            }) + DOVECOT.format(dir=folder, name=folder.name, addr=addr))
            with Peer(["dovecot", "-F", "-c", conf], addr, 993, 995):
                want = dialogs(addr)
            logins = one.logins + two.logins
            assert want == ["OK", "+OK"] * 2 + ["NO", "-ERR"] * 2

        def make(suite):
            mode = "yes" if suite.per_connection else "no"
            return replace_all(block("mailwicket"), {
                **paths,
                "/etc/mailwicket/users": users,
                "per_connection = no": f"per_connection = {mode}",
            }) + machine(suite) + f"listen = {addr}\n"

        suite = new_suite(conf=make)
        assert dialogs(addr) == ["OK", "+OK"] * 2 + ["NO", "-ERR"] * 2
        found = (one.logins + two.logins)
        assert sorted(set(found)) == [
            ("jane", "of-the-host"), ("joe", "pw")
        ]
        if logins:
            assert sorted(found) == sorted(logins * 2)
        suite.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_settings_that_are_named_exist():
    """In the last column of the tables, and in the text."""
    table = Path(__file__).resolve().parents[2] / "src/config/settings_table.c"
    known = set(re.findall(r'\.name = "(\w+)"', table.read_text()))
    columns = [
        line.split("|")[-2] for line in TEXT.splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    ]
    words = {
        word for column in columns
        for word in re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", column)
    }
    # A field, a section, and options of Perdition.
    others = {"ssl_hostname", "local_name", "explicit_domain",
              "outgoing_server"}
    assert len(words) > 20
    assert words - known - others == set()
