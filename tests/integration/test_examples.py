"""The examples of the documentation, with places of this machine."""

import os
import random
import re
import sqlite3
from pathlib import Path

from harness.dovecot import MESSAGES
from harness.host import Hosts, imap_script, pop3_script
from harness.local import Homes, executables
from harness.suite import (
    AUTH_UID, KEY_UID, LOGIN_UID, WORKER_UID, program, setting_lines,
)
from harness.tls import certificates, tls_client
from harness.webauth import WebAuth, head, route

EXAMPLES = Path(__file__).resolve().parents[2] / "doc/examples"


def example(name):
    return (EXAMPLES / name).read_text()


def conf(suite, name="mailwicket.conf", users="sql.conf"):
    """An example, with what belongs to the machine put behind."""
    text = example(name)
    text = text.replace("/var/log/mailwicket.log", str(suite.log_path))
    text = text.replace(f"/etc/mailwicket/{users}", str(suite.dir / users))
    cert, key = certificates()["mail"]
    text = text.replace("/etc/ssl/certs/mail.example.net.pem", str(cert))
    text = text.replace("/etc/ssl/private/mail.example.net.key", str(key))
    assert str(suite.log_path) in text
    assert not users or str(suite.dir / users) in text
    mode = "yes" if suite.per_connection else "no"
    text = re.sub(
        "(login_process_per_connection) = no", rf"\1 = {mode}", text
    )
    return text + (
        f"base_dir = {suite.base_dir}\n"
        f"login_user = {LOGIN_UID}\n"
        f"auth_user = {AUTH_UID}\n"
        f"auth_worker_user = {WORKER_UID}\n"
        f"auth_executable = {program('auth')}\n"
        f"auth_worker_executable = {program('auth-worker')}\n"
        f"tls_signer_user = {KEY_UID}\n"
        f"tls_signer_executable = {program('tls-signer')}\n"
        "protocol imap {\n"
        "  listen = 127.0.0.1:0\n"
        "  ssl_listen = 127.0.0.1:0\n"
        f"  login_executable = {program('imap-login')}\n"
        "}\n"
        "protocol pop3 {\n"
        "  listen = 127.0.0.1:0\n"
        "  ssl_listen = 127.0.0.1:0\n"
        f"  login_executable = {program('pop3-login')}\n"
        "}\n"
    )


def test_the_examples_work(new_suite):
    suite = new_suite(conf=conf, start=False)
    suite.db.executescript(example("users.sql"))
    text = example("sql.conf")
    place = "/var/lib/mailwicket/users.db"
    assert place in text
    suite.sql_conf.write_text(text.replace(place, str(suite.db_path)))
    suite.start()
    addr = f"127.{random.randint(61, 120)}.{random.randint(1, 254)}.9"
    with Hosts(imap_script, pop3_script, addr, standard=True) as hosts:
        suite.db.execute("UPDATE proxy SET host = ?", (addr,))
        imaps = suite.addr("imaps")
        tls_client("imap", imaps).ok("LOGIN joe pw")
        client = tls_client("pop3", suite.addr("pop3s"))
        assert client.login("john", "pw").startswith("+OK")
        assert hosts.logins == [("joe@domain.net", "pw"), ("john", "pw")]
        assert tls_client("imap", imaps).login("jack", "pw")[1].startswith(
            "a NO [AUTHENTICATIONFAILED]"
        )
        # In clear nobody is asked for a password.
        assert "LOGINDISABLED" in suite.imap().ok("CAPABILITY")[0][0]


def test_the_passwd_file_works(new_suite):
    suite = new_suite(
        conf=lambda suite: conf(suite, "passwd-file.conf", "users"),
        start=False,
    )
    addr = f"127.{random.randint(61, 120)}.{random.randint(1, 254)}.8"
    text, count = re.subn(r"192\.168\.0\.[12]", addr, example("users"))
    assert count == 2
    users = suite.dir / "users"
    users.write_text(text)
    os.chown(users, 0, WORKER_UID)
    users.chmod(0o640)
    suite.start()
    with Hosts(imap_script, pop3_script, addr, standard=True) as hosts:
        suite.imap().ok("LOGIN John secret-john")
        suite.imap().ok("LOGIN joe pw")
        assert suite.imap().login("john", "pw")[1].startswith(
            "a NO [AUTHENTICATIONFAILED]"
        )
        assert hosts.logins == [
            ("John", "secret-john"), ("joe@domain.net", "pw")
        ]


def test_the_server_with_proxy_works(new_suite):
    """One user's mail is here, the other's at another host."""
    homes = Homes()
    homes.add("john", 5000, 5000)

    def server(suite):
        text = conf(suite, "server-with-proxy.conf", "sql-hosts.conf")
        assert "/srv/mail" in text
        text = text.replace("/srv/mail", str(homes.dir))
        for name, settings in executables(homes).items():
            text += f"protocol {name} {{\n{setting_lines(settings)}}}\n"
        return text

    suite = new_suite(conf=server, start=False)
    suite.db.executescript(example("users-hosts.sql"))
    text = example("sql-hosts.conf")
    place = "/var/lib/mailwicket/users.sqlite"
    assert place in text
    sql = suite.dir / "sql-hosts.conf"
    sql.write_text(text.replace(place, str(suite.db_path)))
    sql.chmod(0o600)
    suite.start()
    addr = f"127.{random.randint(61, 120)}.{random.randint(1, 254)}.6"
    with Hosts(imap_script, pop3_script, addr, standard=True) as hosts:
        suite.db.execute(
            "UPDATE mailboxes SET host = CASE user WHEN 'john' THEN ? ELSE ? END",
            ("127.0.0.1", addr),
        )
        client = suite.imap()
        client.ok("LOGIN john johnpass")
        assert f"* {len(MESSAGES)} EXISTS" in client.ok("SELECT INBOX", "b")[0]
        suite.imap().ok("LOGIN joe joepass")
        assert suite.pop3().login("joe", "joepass").startswith("+OK")
        assert hosts.logins == [("joe", "joepass")] * 2
    homes.close()


def test_the_services_work(new_suite):
    """The example's own URLs are nobody's: the first of these is, too."""
    with Hosts() as hosts, WebAuth(
        lambda request: head("Auth-Status: OK", *route(hosts))
    ) as web:

        def services(suite):
            text = conf(suite, "nginx-http.conf", "")
            first, second = re.findall(r"https://\S+", text)
            return text.replace(first, "http://127.0.0.1:1/").replace(
                second, web.url
            )

        suite = new_suite(conf=services)
        suite.allow(r"nginx-http")
        suite.imap().ok("LOGIN joe pw")
        assert hosts.logins == [("joe", "pw")]


def test_the_postgresql_example_works(new_suite, postgres):
    postgres.sql("DROP DATABASE IF EXISTS dovecotdb WITH (FORCE)")
    postgres.sql("DROP ROLE IF EXISTS dovecotdba")
    postgres.sql("CREATE DATABASE dovecotdb")
    postgres.sql(example("pgsql.sql"), "dovecotdb")
    addr = f"127.{random.randint(61, 120)}.{random.randint(1, 254)}.7"
    postgres.sql(
        f"UPDATE dovecot.proxy_domain_mappings SET mail_server_ip = '{addr}'",
        "dovecotdb",
    )
    suite = new_suite(conf=conf, start=False)
    words = "host=localhost"
    assert words in example("sql-pgsql.conf")
    suite.sql_conf.write_text(
        example("sql-pgsql.conf").replace(
            f"connect = {words}", f"connect = {words} port={postgres.port}"
        )
    )
    suite.start()
    with Hosts(imap_script, pop3_script, addr, standard=True) as hosts:
        imaps = suite.addr("imaps")
        tls_client("imap", imaps).ok("LOGIN john@labo1 pw")
        client = tls_client("pop3", suite.addr("pop3s"))
        assert client.login("joe@LABO2", "pw").startswith("+OK")
        assert hosts.logins == [("john", "pw"), ("joe", "pw")]
        assert tls_client("imap", imaps).login("joe@labo3", "pw")[
            1
        ].startswith("a NO [AUTHENTICATIONFAILED]")


def test_readme_shows_the_examples():
    """Each line of the shown files stands in an example."""
    readme = (EXAMPLES.parents[1] / "README.md").read_text()
    shown = readme.split("## A minimal configuration")[1].split("## ")[0]
    code = [line[4:] for line in shown.splitlines() if line[:4] == "    "]
    known = "\n".join(map(example, ("mailwicket.conf", "sql.conf")))
    lines = {line.strip() for line in known.splitlines()}
    for line in code[: code.index("mkdir -p /var/lib/mailwicket")]:
        assert line.strip() in lines, line
    statements = "\n".join(code).split("<<END\n")[1].split("END\n")[0]
    sqlite3.connect(":memory:").executescript(statements)
