"""Each statement of the mission's document that bears on plain sessions."""

import imaplib
import os
import poplib
import random
import signal
import time

import pytest

from harness import procs
from harness.dovecot import USERS
from harness.host import Hosts, imap_script, pop3_script
from harness.suite import AUTH_UID, KEY_UID, LOGIN_UID, WORKER_UID, program
from harness.tls import certificates, context

# As it was written, but for paths, ports and the lines of the certificate.
# %(...)s is what a test fills in.
CONF = """\
## Dovecot 1.0 configuration file
base_dir = %(base_dir)s/
protocols = %(protocols)s
disable_plaintext_auth = no
# SSL/TLS settings
# Comment these out if you do not wish to provide SSL secured connections.
#ssl_cert_file = /opt/dovecot/etc/mail.domain.net.cert
#ssl_key_file = /opt/dovecot/etc/mail.domain.net.key
# Disable SSL/TLS support.
ssl_disable = yes
# Login processes
login_dir = %(base_dir)s/login
login_process_per_connection = %(per_connection)s
login_processes_count = 3
# Authentication processes
# If you are not moving mailboxes from host to one on daily basis you can
# use authentication cache pretty safely.
auth_cache_size = 4096
auth_cache_ttl = 7200
# Set limit for MySQL lookup processes
auth_worker_max_count = 30
auth default {
mechanisms = plain
# Userdb settings are not used with proxy but there need to be something.
userdb static {
args = static uid=5000 gid=5000 home=/dev/null
}
passdb sql {
args = %(sql_conf)s
}
user = root
count = 1
}
"""
# Where this machine has no accounts of the default names and no root's ports.
PLACE = """\
log_path = %(log_path)s
login_user = %(login_uid)s
auth_user = %(auth_uid)s
auth_worker_user = %(worker_uid)s
tls_signer_user = %(key_uid)s
auth_executable = %(auth)s
auth_worker_executable = %(auth_worker)s
protocol imap {
listen = 127.0.0.1:0, [::1]:0
login_executable = %(imap_login)s
}
protocol pop3 {
listen = 127.0.0.1:0, [::1]:0
login_executable = %(pop3_login)s
}
# eof
"""
TABLE = (
    "CREATE TABLE proxy ( user varchar(255) NOT NULL, "
    "host varchar(16) default NULL, destuser varchar(255) default NULL, "
    "PRIMARY KEY (user) );"
)
QUERY = (
    "SELECT NULL AS password, host, destuser, 'Y' AS nologin, "
    "'Y' AS nodelay, 'Y' AS proxy, 'Y' AS nopassword "
    "FROM proxy WHERE user = '%u'"
)
CAMPUS_TABLE = (
    "CREATE TABLE proxy_domain ( domain varchar(255) NOT NULL, "
    "host varchar(16) default NULL, PRIMARY KEY (domain) );"
)
CAMPUS_QUERY = (
    "SELECT NULL AS password, NULL AS destuser, host, 'Y' AS nologin, "
    "'Y' AS nodelay, 'Y' AS nopassword, 'Y' AS proxy "
    "FROM proxy_domain WHERE domain = '%d'"
)


def conf(suite):
    return (CONF + PLACE) % {
        "base_dir": suite.base_dir,
        "protocols": suite.options.get("protocols", "pop3 imap"),
        "per_connection": "yes" if suite.per_connection else "no",
        "sql_conf": suite.sql_conf,
        "log_path": suite.log_path,
        "login_uid": LOGIN_UID,
        "auth_uid": AUTH_UID,
        "worker_uid": WORKER_UID,
        "key_uid": KEY_UID,
        "auth": program("auth"),
        "auth_worker": program("auth-worker"),
        "imap_login": program("imap-login"),
        "pop3_login": program("pop3-login"),
    }


SUITE = {"conf": conf, "table": TABLE, "query": QUERY}


@pytest.fixture(autouse=True)
def cold_cache(suite):
    """No test finds the rows of another in the cache of auth."""
    suite.flush_cache()


@pytest.fixture
def seed(suite, dovecot):
    """The proxy with the mission's rows, and Dovecot as the mail host."""
    suite.db.execute("DELETE FROM proxy")
    for row in [
        ("john", dovecot.addr, None),
        ("joe", dovecot.addr, "joe@domain.net"),
    ]:
        suite.db.execute("INSERT INTO proxy VALUES (?, ?, ?)", row)
    return suite


@pytest.fixture
def two_hosts():
    """Mail hosts at the standard ports of two addresses."""
    made = []
    for _ in range(2):
        addr = f"127.{random.randint(2, 60)}.{random.randint(1, 254)}.9"
        made.append(Hosts(imap_script, pop3_script, addr, standard=True))
    yield made
    for hosts in made:
        hosts.close()


# The lines of the certificate, which CONF leaves out, as they were written.
CERTIFICATE = """\
ssl_cert_file = /opt/dovecot/etc/mail.domain.net.cert
ssl_key_file = /opt/dovecot/etc/mail.domain.net.key
# Disable SSL/TLS support.
ssl_disable = no
"""
WITHOUT = """\
#ssl_cert_file = /opt/dovecot/etc/mail.domain.net.cert
#ssl_key_file = /opt/dovecot/etc/mail.domain.net.key
# Disable SSL/TLS support.
ssl_disable = yes
"""


def conf_with_certificate(suite):
    cert, key = certificates()["mail"]
    lines = CERTIFICATE.replace(
        "/opt/dovecot/etc/mail.domain.net.cert", str(cert)
    ).replace("/opt/dovecot/etc/mail.domain.net.key", str(key))
    made = conf(suite)
    assert WITHOUT in made
    made = made.replace(WITHOUT, lines).replace(
        "protocols = pop3 imap\n", "protocols = pop3 pop3s imap imaps\n"
    ).replace("}\n# eof", f"}}\ntls_signer_executable = {program('tls-signer')}")
    return made.replace("listen = 127", "ssl_listen = 127.0.0.1:0\nlisten = 127")


def test_the_certificate_of_the_mission(new_suite, dovecot):
    suite = new_suite(
        conf=conf_with_certificate, table=TABLE, query=QUERY,
        settings={"protocols": "pop3 pop3s imap imaps", "ssl_disable": "no"},
    )
    suite.db.execute("INSERT INTO proxy VALUES ('john', ?, NULL)",
                     (dovecot.addr,))
    dovecot.refill("john")
    imap = imaplib.IMAP4_SSL(*suite.addr("imaps"), ssl_context=context())
    imap.login("john", USERS["john"])
    assert imap.select()[1] == [b"3"]
    imap.logout()
    pop3 = poplib.POP3_SSL(*suite.addr("pop3s"), context=context())
    pop3.user("john")
    pop3.pass_(USERS["john"])
    assert pop3.stat()[0] == 3
    pop3.quit()


def imap_whoami(suite, user, password="pw"):
    client = suite.imap()
    client.ok(f"LOGIN {user} {password}")
    return client.ok("WHOAMI")[0][0].removeprefix("* USER ")


def pop3_whoami(suite, user, password="pw"):
    client = suite.pop3()
    assert client.login(user, password) == "+OK Logged in."
    return client.ok("HELLO").split()[1]


# "forwarding incoming sessions transparently", the two users of the table.


def test_joe_and_john_over_imap(seed, dovecot):
    for user, destuser in [("john", "john"), ("joe", "joe@domain.net")]:
        client = imaplib.IMAP4(*seed.addr("imap"), timeout=30)
        client.login(user, USERS[destuser])
        assert client.select()[1] == [b"3"]
        assert client.fetch("1", "(BODY[])")[0] == "OK"
        client.logout()
        dovecot.wait_log(f"imap({destuser})")


def test_joe_and_john_over_pop3(seed, dovecot):
    for user, destuser in [("john", "john"), ("joe", "joe@domain.net")]:
        client = poplib.POP3(*seed.addr("pop3"), timeout=30)
        client.user(user)
        client.pass_(USERS[destuser])
        assert client.stat()[0] == 3
        client.retr(1)
        client.quit()
        dovecot.wait_log(f"pop3({destuser})")


@pytest.mark.parametrize("destuser", [None, ""])
def test_no_destuser_keeps_the_name(suite, two_hosts, destuser):
    suite.db.execute("DELETE FROM proxy")
    suite.db.execute(
        "INSERT INTO proxy VALUES ('john', ?, ?)",
        (two_hosts[0].addr, destuser),
    )
    assert imap_whoami(suite, "john") == "john"
    assert pop3_whoami(suite, "john") == "john"


def test_each_user_at_the_host_of_his_row(suite, two_hosts):
    suite.db.execute("DELETE FROM proxy")
    for user, hosts in [("john", two_hosts[0]), ("joe", two_hosts[1])]:
        suite.db.execute(
            "INSERT INTO proxy VALUES (?, ?, ?)",
            (user, hosts.addr, "joe@domain.net" if user == "joe" else None),
        )
    assert imap_whoami(suite, "john") == "john"
    assert imap_whoami(suite, "joe") == "joe@domain.net"
    assert pop3_whoami(suite, "joe") == "joe@domain.net"
    assert two_hosts[0].logins == [("john", "pw")]
    assert two_hosts[1].logins == [("joe@domain.net", "pw")] * 2


def test_unknown_user_and_wrong_password(seed):
    assert seed.imap().login("jack", "x")[1].startswith(
        "a NO [AUTHENTICATIONFAILED]"
    )
    assert seed.imap().login("john", "x")[1].startswith(
        "a NO [AUTHENTICATIONFAILED]"
    )
    assert seed.pop3().login("jack", "x").startswith("-ERR [AUTH]")
    assert seed.pop3().login("john", "x").startswith("-ERR [AUTH]")


def test_ipv6_features_for_hosts_without(seed):
    """ "bring ... IPv6 features to your existing email infrastructure" """
    client = seed.imap(ipv6=True)
    client.ok(f"LOGIN john {USERS['john']}")
    client.ok("SELECT INBOX")


def test_login_processes_count(suite):
    """Three processes of each protocol: all clients', or spares."""
    for name in ("imap-login", "pop3-login"):
        suite.wait_children(name, 3)


def test_sql_conf_must_be_0600(new_suite):
    suite = new_suite(start=False, **SUITE)
    suite.sql_conf.chmod(0o644)
    with pytest.raises(AssertionError, match="sql.conf"):
        suite.start()


# "Campus Dovecot proxy": by the realm of the name.


def test_campus_by_domain(new_suite, two_hosts):
    suite = new_suite(conf=conf, table=CAMPUS_TABLE, query=CAMPUS_QUERY)
    for domain, hosts in zip(("domain1.com", "domain2.com"), two_hosts):
        suite.db.execute(
            "INSERT INTO proxy_domain VALUES (?, ?)", (domain, hosts.addr)
        )
    assert imap_whoami(suite, "ann@domain1.com") == "ann@domain1.com"
    assert pop3_whoami(suite, "bob@domain2.com") == "bob@domain2.com"
    assert two_hosts[0].logins == [("ann@domain1.com", "pw")]
    assert two_hosts[1].logins == [("bob@domain2.com", "pw")]
    for user in ("ann@domain3.com", "ann"):
        assert suite.imap().login(user, "pw")[1].startswith(
            "a NO [AUTHENTICATIONFAILED]"
        )


@pytest.mark.parametrize("value", ["N", "n", "0", "no", ""])
def test_proxy_no_is_not_forwarded(new_suite, two_hosts, value):
    """ "proxy with value of Y or N representing whether session should
    be forwarded or not" """
    query = QUERY.replace("'Y' AS proxy", f"'{value}' AS proxy")
    suite = new_suite(conf=conf, table=TABLE, query=query)
    suite.db.execute(
        "INSERT INTO proxy VALUES ('john', ?, NULL)", (two_hosts[0].addr,)
    )
    assert suite.imap().login("john", "pw")[1].startswith("a NO")
    assert suite.pop3().login("john", "pw").startswith("-ERR")
    assert not two_hosts[0].imap.wires and not two_hosts[0].pop3.wires


# "If you kill or restart Dovecot master process open proxy sessions aren't
# affected, corresponding login processes will keep running".


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_sessions_outlive_the_master(new_suite, dovecot, number):
    suite = new_suite(**SUITE)
    suite.db.execute(
        "INSERT INTO proxy VALUES ('john', ?, NULL)", (dovecot.addr,)
    )
    imap = suite.imap()
    imap.ok(f"LOGIN john {USERS['john']}")
    imap.ok("SELECT INBOX")
    pop3 = suite.pop3()
    assert pop3.login("john", USERS["john"]).startswith("+OK")
    logins = set(suite.children("imap-login", "pop3-login"))
    others = set(suite.children()) - logins
    suite.stop(number)
    procs.wait_gone(others)
    time.sleep(0.5)
    assert any(procs.is_alive(pid) for pid in logins)
    imap.ok("FETCH 1 BODY[]", "b")
    assert pop3.command("STAT").startswith("+OK")
    suite.start()
    new = suite.imap()
    new.ok(f"LOGIN john {USERS['john']}")
    imap.ok("FETCH 2 BODY[]", "c")
    pop3.ok("QUIT")
    imap.ok("LOGOUT", "d")
    new.ok("LOGOUT")
    for client in (imap, pop3):
        client.expect_eof()
        client.close()
    procs.wait_gone(logins)


def test_each_client_has_its_own_process(new_suite, two_hosts):
    """ "every user has its own proxy process" with per-connection = yes."""
    suite = new_suite(**SUITE)
    suite.db.execute(
        "INSERT INTO proxy VALUES ('john', ?, NULL)", (two_hosts[0].addr,)
    )
    for _ in range(5):
        suite.imap().ok("LOGIN john pw")
    pids = suite.children("imap-login")
    port = suite.addr("imap")[1]
    clients = [procs.clients(pid, port) for pid in pids]
    if suite.per_connection:
        assert [n for n in clients if n > 0] == [1] * 5
        suite.wait_children("imap-login", 5 + 3)
    else:
        assert len(pids) == 3
        assert sum(clients) == 5


def test_hup_to_auth_flushes_the_cache(suite, two_hosts):
    """ "send HUP signal to dovecot-auth process(es)" """
    (auth,) = suite.children("auth")
    for host in two_hosts:
        suite.db.execute(
            "INSERT OR REPLACE INTO proxy VALUES ('jim', ?, NULL)",
            (host.addr,),
        )
        suite.flush_cache()
        for _ in range(2):
            before = len(host.logins)
            assert imap_whoami(suite, "jim") == "jim"
            assert len(host.logins) == before + 1
    assert suite.children("auth") == [auth]
