"""Passdbs in MySQL: the mission's configurations, hostile names, faults."""

import random
import re
import time
from pathlib import Path

import pytest

from harness import procs
from harness import rogue_mysql as rogue
from harness.client import plain
from harness.dovecot import USERS
from harness.host import Hosts, imap_script, pop3_script
from harness.suite import COLUMNS, DEFAULTS, Suite
from test_seed import CAMPUS_QUERY, CAMPUS_TABLE, QUERY, TABLE, conf
from test_seed import imap_whoami, pop3_whoami

TEMPFAIL = "a NO [UNAVAILABLE]"
AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
SETTINGS = {"auth_username_chars": "", "auth_worker_timeout": "6s"}
USERS_TABLE = (
    "CREATE TABLE users ("
    + ", ".join(f"{name} varchar(255)" for name in COLUMNS)
    + ", PRIMARY KEY (user))"
)


def quoted(value):
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{text}'"


def add(mariadb, table, *values):
    mariadb.sql(f"INSERT INTO {table} VALUES ({', '.join(map(quoted, values))})")


def add_user(mariadb, **columns):
    row = {**DEFAULTS, **columns}
    mariadb.sql(
        f"REPLACE INTO users ({', '.join(row)}) "
        f"VALUES ({', '.join(map(quoted, row.values()))})"
    )


@pytest.fixture
def db(mariadb):
    """The server with an empty database and default modes."""
    yield mariadb
    mariadb.sql(
        "DROP DATABASE mail; CREATE DATABASE mail; "
        "SET GLOBAL sql_mode = DEFAULT", database="mysql"
    )


@pytest.fixture
def mysql_suite(new_suite, db):
    """A suite that asks for users in a table as other tests have it."""

    def make(connect=None, **options):
        settings = {**SETTINGS, **options.pop("settings", {})}
        return new_suite(
            driver="mysql", connect=connect or db.connect(),
            settings=settings, **options
        )

    db.sql(USERS_TABLE)
    return make


def worker_connections(db):
    """The server's numbers of the connections of workers."""
    return db.sql(
        "SELECT id FROM information_schema.processlist WHERE user = 'dovecot'"
    ).split()


def login(suite, user="joe", password="pw"):
    """The tagged line of a login with any name."""
    return suite.imap().command(
        f"AUTHENTICATE PLAIN {plain(user, password)}"
    )[1]


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


# The mission's configurations, with other names of hosts.


def seed_connect(first, second):
    """As it is written there, at the standard port of both hosts."""
    return (
        f"host={first} host={second} dbname=mail user=dovecot password=hush"
    )


def test_seed_proxy_only(new_suite, db, dovecot):
    db.sql(TABLE)
    add(db, "proxy", "john", dovecot.addr, None)
    add(db, "proxy", "joe", dovecot.addr, "joe@domain.net")
    suite = new_suite(
        conf=conf, driver="mysql", query=QUERY,
        connect=seed_connect(db.addr, db.nobody),
    )
    for user, destuser in [("john", "john"), ("joe", "joe@domain.net")]:
        imap = suite.imap()
        imap.ok(f"LOGIN {user} {USERS[destuser]}")
        imap.ok("SELECT INBOX")
        imap.ok("LOGOUT")
        dovecot.wait_log(f"imap({destuser})")
        pop3 = suite.pop3()
        assert pop3.login(user, USERS[destuser]).startswith("+OK")
        assert pop3.ok("STAT").split()[1] == "3"
        pop3.ok("QUIT")
        dovecot.wait_log(f"pop3({destuser})")
    assert suite.imap().login("jack", "x")[1].startswith(AUTHFAIL)
    assert suite.pop3().login("jack", "x").startswith("-ERR [AUTH]")
    assert suite.imap().login("john", "x")[1].startswith(AUTHFAIL)


def test_seed_first_host_is_gone(new_suite, db, two_hosts):
    db.sql(TABLE)
    add(db, "proxy", "john", two_hosts[0].addr, None)
    suite = new_suite(
        conf=conf, driver="mysql", query=QUERY,
        connect=seed_connect(db.nobody, db.addr),
    )
    suite.allow(r"passdb 1 \(mysql\)", r"database")
    assert imap_whoami(suite, "john") == "john"
    assert pop3_whoami(suite, "john") == "john"


def test_seed_campus(new_suite, db, two_hosts):
    db.sql(CAMPUS_TABLE)
    for domain, hosts in zip(("domain1.com", "domain2.com"), two_hosts):
        add(db, "proxy_domain", domain, hosts.addr)
    suite = new_suite(
        conf=conf, driver="mysql", query=CAMPUS_QUERY,
        connect=seed_connect(db.addr, db.nobody),
    )
    assert imap_whoami(suite, "ann@domain1.com") == "ann@domain1.com"
    assert pop3_whoami(suite, "bob@domain2.com") == "bob@domain2.com"
    assert two_hosts[0].logins == [("ann@domain1.com", "pw")]
    assert two_hosts[1].logins == [("bob@domain2.com", "pw")]
    for user in ("ann@domain3.com", "ann"):
        assert suite.imap().login(user, "pw")[1].startswith(AUTHFAIL)


def test_seed_both_blocks_in_order(new_suite, db, two_hosts):
    """Users of the table first; the others by their domain."""
    db.sql(TABLE)
    add(db, "proxy", "ann@domain1.com", two_hosts[0].addr, "ann")

    def two_passdbs(suite):
        second = suite.dir / "second.conf"
        second.write_text(
            f"driver = sqlite\nconnect = {suite.db_path}\n"
            f"password_query = {CAMPUS_QUERY}\n"
        )
        second.chmod(0o600)
        block = "passdb sql {\nargs = %s\n}\n"
        first = block % suite.sql_conf
        assert first in conf(suite)
        return conf(suite).replace(first, first + block % second)

    suite = new_suite(
        conf=two_passdbs, driver="mysql", query=QUERY, table=CAMPUS_TABLE,
        connect=seed_connect(db.addr, db.nobody),
    )
    suite.db.execute(
        "INSERT INTO proxy_domain VALUES ('domain1.com', ?)",
        (two_hosts[1].addr,),
    )
    assert imap_whoami(suite, "ann@domain1.com") == "ann"
    assert imap_whoami(suite, "bob@domain1.com") == "bob@domain1.com"
    assert pop3_whoami(suite, "bob@domain1.com") == "bob@domain1.com"
    assert two_hosts[0].logins == [("ann", "pw")]
    assert two_hosts[1].logins == [("bob@domain1.com", "pw")] * 2
    assert suite.imap().login("ann", "pw")[1].startswith(AUTHFAIL)


def test_the_example(new_suite, db, two_hosts):
    examples = Path(__file__).resolve().parents[2] / "doc/examples"
    db.sql((examples / "users.sql").read_text())
    db.sql(f"UPDATE proxy SET host = {quoted(two_hosts[0].addr)}")
    suite = new_suite(conf=conf, start=False)
    text = (examples / "sql-mysql.conf").read_text()
    for name, addr in (("sqlhost1", db.addr), ("sqlhost2", db.nobody)):
        assert name in text
        text = text.replace(name, addr)
    suite.sql_conf.write_text(text)
    suite.start()
    assert imap_whoami(suite, "joe") == "joe@domain.net"
    assert pop3_whoami(suite, "john") == "john"


# Rows.


def test_passwords_of_rows(mysql_suite, db, hosts):
    suite = mysql_suite(sql="default_pass_scheme = PLAIN\n")
    row = {**hosts.row("joe"), "nopassword": None}
    add_user(db, **{**row, "password": "right"})
    assert login(suite, "joe", "wrong").startswith(AUTHFAIL)
    assert login(suite, "joe", "right").startswith("a OK")
    pop3 = suite.pop3()
    assert pop3.login("joe", "right").startswith("+OK")
    add_user(db, **{**row, "user": "jim", "password": "{PLAIN}s\u00fc\u00df"})
    assert login(suite, "jim", "s\u00fc\u00df").startswith("a OK")
    add_user(db, **{**row, "user": "empty", "password": ""})
    assert login(suite, "empty", "x").startswith(AUTHFAIL)


def test_types_of_columns(mysql_suite, db, hosts):
    """Numbers, blobs and the empty text come as they are."""
    suite = mysql_suite(
        query="SELECT NULL AS password, host, CAST(imap_port AS UNSIGNED) "
        "AS port, CAST(destuser AS BINARY) AS destuser, '' AS pass, "
        "1 AS proxy, 'Y' AS nopassword, 1.5 AS other, NOW() AS time "
        "FROM users WHERE user = '%u'"
    )
    add_user(db, **{**hosts.row("joe"), "destuser": "j\u00f6e"})
    assert login(suite).startswith("a OK")
    assert hosts.logins == [("j\u00f6e", "pw")]


def test_T_D4_two_rows(mysql_suite, db, hosts):
    suite = mysql_suite(
        query="SELECT host, imap_port AS port, 'Y' AS proxy, "
        "'Y' AS nopassword FROM users WHERE destuser = '%u'"
    )
    suite.allow(r"passdb")
    add_user(db, **{**hosts.row("one"), "destuser": "joe"})
    assert login(suite).startswith("a OK")
    add_user(db, **{**hosts.row("two"), "destuser": "joe"})
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log("multiple matches")
    db.sql("DELETE FROM users WHERE user = 'two'")
    assert login(suite).startswith("a OK")
    assert hosts.logins == [("joe", "pw")] * 2


def has_mysqls_library(suite):
    """Built with libmysqlclient, not with MariaDB's library."""
    return any(b"libmysqlclient" in procs.read(pid, "maps")
               for pid in suite.children("auth-worker"))


LARGE = {
    "ten megabytes": "SELECT REPEAT('x', 10485760) AS host, 'Y' AS proxy, "
    "'Y' AS nopassword",
    "beyond the limit": "SELECT REPEAT('x', 5000) AS host, 'Y' AS proxy, "
    "'Y' AS nopassword",
    "a million rows": "SELECT seq AS host, 'Y' AS proxy, 'Y' AS nopassword "
    "FROM seq_1_to_1000000",
    "a thousand columns": "SELECT "
    + ", ".join(f"{n} AS c{n}" for n in range(1000)),
    "ten thousand columns": "SELECT "
    + ", ".join(f"{n} AS c{n}" for n in range(10000)),
}


@pytest.mark.parametrize("what", LARGE)
def test_T_D10_more_than_anybody_needs(mysql_suite, db, what, hosts):
    """By way of a procedure, so that one query gives both."""
    add_user(db, **hosts.row("joe"))
    db.sql(
        "DELIMITER //\nCREATE PROCEDURE route(who varchar(255))\nBEGIN\n"
        "IF who = 'joe' THEN SELECT host, imap_port AS port, 'Y' AS proxy, "
        "'Y' AS nopassword FROM users WHERE user = who; ELSE\n"
        f"EXECUTE IMMEDIATE {quoted(LARGE[what])}; END IF;\nEND//"
    )
    suite = mysql_suite(
        query="CALL route('%u')", settings={"auth_worker_max_count": 1}
    )
    suite.allow(r"passdb")
    assert login(suite).startswith("a OK")
    (worker,) = suite.children("auth-worker")
    assert login(suite, "large").startswith(TEMPFAIL)
    before_kb = procs.rss_kb(worker)
    start = time.monotonic()
    for _ in range(3):
        assert login(suite, "large").startswith(TEMPFAIL)
    assert time.monotonic() - start < 20
    assert suite.children("auth-worker") == [worker]
    assert before_kb < 40 * 1024
    assert procs.rss_kb(worker) - before_kb < 2048
    if what == "ten thousand columns" and has_mysqls_library(suite):
        # That breaks the connection over more than 4096: a host that is down.
        procs.wait_until(lambda: login(suite).startswith("a OK"), "its return")
    else:
        assert login(suite).startswith("a OK")


# Hostile names.

INJECTIONS = [
    "x' OR '1'='1", "x'; DROP TABLE users; --", "x\\'", "\\' OR 1=1 -- ",
    "$$", "/*", "x\" OR \"\"=\"", "?", "%u", "' UNION SELECT * FROM users #",
    "x\\", "'||(SELECT 1)||'",
]


def test_T_Q1_names_are_no_sql(mysql_suite, db, hosts):
    add_user(db, **hosts.row("joe"))
    suite = mysql_suite()
    assert login(suite).startswith("a OK")
    db.start_general_log()
    for user in INJECTIONS:
        assert login(suite, user).startswith(AUTHFAIL)
        assert suite.pop3().login(user, "pw").startswith("-ERR")
    assert login(suite).startswith("a OK")
    assert db.sql("SELECT COUNT(*) FROM users") == "1\n"
    texts = db.logged("Prepare")
    assert len(set(texts)) <= 1, texts
    assert all("WHERE user = ?" in text for text in texts)
    # Nothing of ours is run as a text; that leaves this test's client.
    assert not [t for t in db.logged("Query") if "WHERE user" in t]
    # A name with such characters that exists is found.
    add_user(db, **hosts.row("o'hara\\ -- "))
    assert login(suite, "o'hara\\ -- ").startswith("a OK")


@pytest.mark.parametrize("charset", ["gbk", "sjis", "latin1", "utf8mb3", "ascii"])
def test_T_Q3_character_sets(mysql_suite, db, hosts, charset):
    """What a column cannot hold is nobody's name, and no fault."""
    db.sql(f"ALTER TABLE users CONVERT TO CHARACTER SET {charset}")
    db.sql(f"SET GLOBAL character_set_server = {charset}")
    try:
        suite = mysql_suite(query=(
            "SELECT password, host, imap_port AS port, proxy, nopassword "
            "FROM users WHERE user = '%u'"
        ))
        add_user(db, **hosts.row("joe"))
        for user in ("\u7e97' OR 1=1 -- ", "\u00e4\u20ac", "\U0001f600",
                     "r\u00f6d", "\u4e00\u5c00'", "\ufffd"):
            assert login(suite, user).startswith(AUTHFAIL), user
        for raw in (b"\xbf' OR 1=1 -- ", b"\xc0'", b"\xe4\xb8", b"joe\xff"):
            user = raw.decode("utf-8", "surrogateescape")
            assert login(suite, user).startswith(("a NO [AUTH", "a BAD")), raw
        assert login(suite).startswith("a OK")
        assert suite.wait_children("auth-worker", 1)
    finally:
        db.sql("SET GLOBAL character_set_server = utf8mb4")


def test_names_beyond_ascii(mysql_suite, db, hosts):
    suite = mysql_suite()
    for user in ("j\u00f6e", "\U0001f600@\u4e2d\u6587"):
        add_user(db, **hosts.row(user))
        assert login(suite, user).startswith("a OK")


@pytest.mark.parametrize(
    "modes", ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", ""]
)
def test_T_Q4_modes_of_the_server(mysql_suite, db, hosts, modes):
    db.sql(f"SET GLOBAL sql_mode = '{modes}'")
    db.sql(f"SET SESSION sql_mode = ''")
    add_user(db, **hosts.row("joe"))
    suite = mysql_suite()
    for user in INJECTIONS:
        assert login(suite, user).startswith(AUTHFAIL), user
    assert login(suite).startswith("a OK")


# Procedures.


def test_a_procedure(mysql_suite, db, hosts):
    """The first result with a row counts; others are read and forgotten."""
    db.sql(
        "DELIMITER //\nCREATE PROCEDURE route(who varchar(255))\nBEGIN\n"
        "SELECT 1 AS unrelated FROM users WHERE 1 = 0;\n"
        "SELECT host, imap_port AS port, proxy, nopassword, 'it' AS destuser "
        "FROM users WHERE user = who;\n"
        "SELECT 'another' AS host UNION SELECT 'b';\n"
        "SELECT 1, 2, 3, 4, 5, 6, 7, 8;\nSELECT seq FROM seq_1_to_500;\n"
        "END//"
    )
    suite = mysql_suite(
        query="CALL route('%u')", settings={"auth_worker_max_count": 1}
    )
    add_user(db, **hosts.row("joe"))
    for _ in range(3):
        assert login(suite).startswith("a OK")
    assert hosts.logins == [("it", "pw")] * 3
    ids = worker_connections(db)
    assert login(suite).startswith("a OK")
    assert worker_connections(db) == ids


def test_a_procedure_without_a_row(mysql_suite, db):
    db.sql(
        "DELIMITER //\nCREATE PROCEDURE route(who varchar(255))\nBEGIN\n"
        "SELECT * FROM users WHERE user = who;\nDO 1;\nEND//"
    )
    suite = mysql_suite(query="CALL route('%u')")
    for _ in range(3):
        assert login(suite).startswith(AUTHFAIL)


@pytest.mark.parametrize(
    "code,word", [(1047, "no connection"), (1969, "too slow")]
)
def test_a_server_that_does_not_serve(mysql_suite, db, code, word):
    """Such errors are the host's, not the query's: another may be asked."""
    db.sql(
        "DELIMITER //\nCREATE PROCEDURE route(who varchar(255))\nBEGIN\n"
        f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, "
        "MESSAGE_TEXT = 'not now';\nEND//"
    )
    suite = mysql_suite(query="CALL route('%u')")
    suite.allow(r"passdb")
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(rf"passdb 1 \(mysql\).*: {word}: .*not now \({code}\)")


def test_a_procedure_that_fails(mysql_suite, db, hosts):
    db.sql(
        "DELIMITER //\nCREATE PROCEDURE route(who varchar(255))\nBEGIN\n"
        "SELECT host, imap_port AS port, proxy, nopassword FROM users "
        "WHERE user = who;\nIF who = 'bad' THEN SIGNAL SQLSTATE '45000' "
        "SET MESSAGE_TEXT = 'no such luck'; END IF;\nEND//"
    )
    suite = mysql_suite(query="CALL route('%u')")
    suite.allow(r"passdb")
    for user in ("joe", "bad"):
        add_user(db, **hosts.row(user))
    assert login(suite).startswith("a OK")
    assert login(suite, "bad").startswith(TEMPFAIL)
    suite.wait_log(r"passdb 1 \(mysql\).*: query failed: .*no such luck")
    assert login(suite).startswith("a OK")
    assert hosts.logins == [("joe", "pw")] * 2


# A server that goes, refuses or is slow.


def test_the_worker_reconnects(mysql_suite, db, hosts):
    suite = mysql_suite(settings={"auth_worker_max_count": 1})
    add_user(db, **hosts.row("joe"))
    assert login(suite).startswith("a OK")
    (worker,) = suite.children("auth-worker")
    db.stop()
    db.start()
    assert login(suite).startswith("a OK")
    # As when it was idle for longer than the server's wait_timeout.
    db.sql("".join(f"KILL {found};" for found in worker_connections(db)))
    assert login(suite).startswith("a OK")
    assert suite.children("auth-worker") == [worker]


def test_a_server_that_is_gone(mysql_suite, db, hosts):
    suite = mysql_suite()
    suite.allow(r"passdb", r"database")
    add_user(db, **hosts.row("joe"))
    assert login(suite).startswith("a OK")
    db.stop()
    try:
        assert login(suite).startswith(TEMPFAIL)
        assert suite.pop3().login("joe", "pw").startswith("-ERR [SYS/TEMP]")
        suite.wait_log(r"\(2002\)|\(2003\)")
    finally:
        db.start()
    procs.wait_until(lambda: login(suite).startswith("a OK"), "a login", 70)


def test_wrong_password_of_the_account(mysql_suite, db):
    suite = mysql_suite(connect=db.connect(password="canary7"))
    suite.allow(r"passdb|database")
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(r"Access denied for user 'dovecot'@.* \(1045\)")
    assert "canary7" not in suite.log(0) + suite.stderr()


def test_a_query_that_fails(mysql_suite, db):
    suite = mysql_suite(query="SELECT host FROM no_such_table WHERE a = '%u'")
    suite.allow(r"passdb")
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(r"no_such_table' doesn't exist \(1146\)")


def test_the_table_changes(mysql_suite, db, hosts):
    suite = mysql_suite()
    add_user(db, **hosts.row("joe"))
    assert login(suite).startswith("a OK")
    db.sql("ALTER TABLE users MODIFY host varchar(100) AFTER proxy")
    assert login(suite).startswith("a OK")


def test_a_slow_query(mysql_suite, db, hosts):
    """It ends with the task's time; nobody else waits for it."""
    suite = mysql_suite(
        query="SELECT host, imap_port AS port, proxy, nopassword, "
        "IF(user = 'slow', SLEEP(30), 0) AS x FROM users WHERE user = '%u'",
        settings={"auth_worker_timeout": "3s", "auth_request_timeout": "20s"},
    )
    suite.allow(r"passdb|worker")
    for user in ("slow", "joe"):
        add_user(db, **hosts.row(user))
    slow = suite.imap()
    start = time.monotonic()
    slow.send(f"a AUTHENTICATE PLAIN {plain('slow', 'pw')}")
    assert login(suite).startswith("a OK")
    assert time.monotonic() - start < 2.5
    assert slow.answer(timeout=15)[1].startswith(TEMPFAIL)
    suite.wait_log("too slow: .*no answer in time")


# TLS to the server.


def tls_connect(db, **words):
    return db.connect(host=db.addr, **words)


@pytest.mark.parametrize(
    "words",
    [{"ssl_ca": "ca.pem"}, {"ssl_ca": "ca.pem", "ssl_verify_server_cert": "yes"},
     {"ssl_ca": "ca.pem", "ssl_verify_server_cert": "no"}],
)
def test_tls(mysql_suite, db, hosts, words):
    words = {**words, "ssl_ca": db.tls / words["ssl_ca"]}
    db.sql("ALTER USER dovecot REQUIRE SSL")
    try:
        suite = mysql_suite(
            connect=tls_connect(db, **words),
            settings={"auth_worker_max_count": 1},
        )
        add_user(db, **hosts.row("joe"))
        assert login(suite).startswith("a OK")
        ids = worker_connections(db)
        for _ in range(3):
            assert login(suite).startswith("a OK")
        assert worker_connections(db) == ids
    finally:
        db.sql("ALTER USER dovecot REQUIRE NONE")


@pytest.fixture
def stranger(mysql_suite, db):
    """Makes suites that meet this certificate at the server."""

    def make(certificate, words):
        if "ssl_ca" in words:
            words = {**words, "ssl_ca": db.tls / words["ssl_ca"]}
        db.use_certificate(certificate)
        db.sql("FLUSH SSL")
        suite = mysql_suite(connect=tls_connect(db, **words))
        suite.allow(r"passdb|database")
        return suite

    yield make
    db.use_certificate("right")
    db.sql("FLUSH SSL")


@pytest.mark.parametrize(
    "certificate,words",
    [("right", {"ssl_ca": "other-ca.pem"}),
     ("right", {"ssl_ca": "other-ca.pem", "ssl_verify_server_cert": "no"}),
     ("wrong", {"ssl_ca": "ca.pem"})],
)
def test_tls_of_a_stranger(stranger, certificate, words):
    """Another CA than ours, another name."""
    suite = stranger(certificate, words)
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(r"no connection: .*(TLS|SSL).*\(2026\)")


def test_tls_with_none_of_the_systems_cas(stranger, db):
    """From 11.4 on a server may prove instead that it knows the password."""
    suite = stranger("right", {"ssl_verify_server_cert": "yes"})
    if db.version() < (11, 4):
        assert login(suite).startswith(TEMPFAIL)
        suite.wait_log(r"no connection: .*(TLS|SSL).*\(2026\)")
    else:
        assert login(suite).startswith(AUTHFAIL)


# Servers that are none.

PLAYS = {
    "clear": rogue.wants_clear,
    "rsa": rogue.wants_rsa,
    "dialog": rogue.wants_dialog,
}


def rogue_suite(new_suite, server, **options):
    words = options.pop("words", "")
    return new_suite(
        driver="mysql",
        connect=f"host={server.addr} port={server.port} dbname=mail "
        f"user=dovecot password=hush4canary {words}",
        settings={**SETTINGS, **options.pop("settings", {})},
        **options,
    )


@pytest.mark.parametrize("play", PLAYS)
def test_a_rogue_server_gets_no_password(new_suite, play):
    with rogue.RogueMysql(PLAYS[play]) as server:
        suite = rogue_suite(new_suite, server)
        suite.allow(r"passdb|database")
        assert login(suite).startswith(TEMPFAIL)
        suite.wait_log("no connection: ")
        # The login with a scramble is all that it ever says; of MySQL's
        # library also another one, but it takes no key from a server.
        assert server.said and all(f in server.raw for f in (b"dovecot",))
        scrambles = 2 if play == "rsa" and has_mysqls_library(suite) else 1
        assert len(server.said) == scrambles * len(server.flags)
        assert b"canary" not in server.raw


@pytest.mark.parametrize("words", ["ssl_ca=/etc/ssl/certs/ca-certificates.crt",
                                   "ssl_verify_server_cert=yes"])
def test_a_server_without_tls_is_told_nothing(new_suite, words):
    with rogue.RogueMysql(rogue.wants_clear) as server:
        suite = rogue_suite(new_suite, server, words=words)
        suite.allow(r"passdb|database")
        assert login(suite).startswith(TEMPFAIL)
        suite.wait_log("no connection: ")
        assert b"canary" not in server.raw and b"dovecot" not in server.raw


def test_no_session_without_tls(new_suite):
    """Unverified as it is, it has to be there."""
    with rogue.RogueMysql(rogue.hangs_in_query) as server:
        suite = rogue_suite(
            new_suite, server, words="ssl_verify_server_cert=no"
        )
        suite.allow(r"passdb|database")
        assert login(suite).startswith(TEMPFAIL)
        suite.wait_log("no connection: ")
        assert b"canary" not in server.raw
        assert not [said for said in server.said if b"SELECT" in said]


@pytest.mark.parametrize(
    "play", [rogue.wants_file, rogue.wants_file_at_once], ids=["late", "early"]
)
def test_a_rogue_server_gets_no_file(new_suite, play):
    with rogue.RogueMysql(play) as server:
        suite = rogue_suite(new_suite, server)
        suite.allow(r"passdb|database|worker")
        assert login(suite).startswith(TEMPFAIL)
        assert server.flags
        # MySQL's library says that it could, and refuses.
        if not has_mysqls_library(suite):
            assert not [flags for flags in server.flags
                        if flags & rogue.CLIENT_LOCAL_FILES]
        assert b"root:" not in server.raw


@pytest.mark.parametrize(
    "play", [rogue.says_nothing, rogue.hangs_in_query], ids=["hello", "query"]
)
def test_a_server_that_hangs(new_suite, play):
    with rogue.RogueMysql(play) as server:
        suite = rogue_suite(
            new_suite, server, settings={"auth_worker_timeout": "2s"}
        )
        suite.allow(r"passdb|database|worker")
        start = time.monotonic()
        assert login(suite).startswith(TEMPFAIL)
        assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "play", [rogue.many_columns, rogue.endless_value], ids=["columns", "value"]
)
def test_T_D10_a_rogue_server_without_measure(new_suite, play):
    with rogue.RogueMysql(play) as server:
        suite = rogue_suite(
            new_suite, server, settings={"auth_worker_max_count": 1}
        )
        suite.allow(r"passdb|database|worker")
        for _ in range(2):
            assert login(suite).startswith(TEMPFAIL)
        for pid in suite.children("auth-worker"):
            assert procs.rss_kb(pid) < 40 * 1024


def test_texts_of_a_rogue_server_are_cleaned(new_suite):
    with rogue.RogueMysql(rogue.errors_with_controls) as server:
        suite = rogue_suite(new_suite, server)
        suite.allow(r"passdb|database")
        assert login(suite).startswith(TEMPFAIL)
        line = suite.wait_log(r"^.*passdb 1 \(mysql\).*: .*evil.*$")[0]
        assert "forged" in line and "\x1b" not in suite.log(0)
        assert not re.search(r"^auth: info", suite.log(0), re.M)


# What the configuration says.


@pytest.mark.parametrize(
    "words,fault",
    [("host=", "host has no value"),
     ("host=a port=x", "port: must be a number from 1 to 65535"),
     ("host=a option_file=/etc/my.cnf", "option_file: files of the library"),
     ("host=a client_flags=128", "client_flags: must be"),
     ("host=a pasword=x", "pasword: unknown key"),
     ("host=a password=two words", "word 3 is not key=value")],
)
def test_connect_is_checked(mode, words, fault):
    with Suite(mode != "shared", start=False) as suite:
        suite.options.update(driver="mysql", connect=words)
        suite.write_sql_conf()
        with pytest.raises(AssertionError) as caught:
            suite.start()
        assert f"sql.conf:2: connect: {fault}" in str(caught.value)
