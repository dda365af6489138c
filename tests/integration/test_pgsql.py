"""PostgreSQL as the passdb: the mission's configuration, and hostile names."""

import imaplib
import poplib

import pytest

from harness import procs
from harness.dovecot import USERS
from harness.postgres import DEFAULT_PORT
from test_seed import (  # noqa: F401
    CAMPUS_QUERY,
    CAMPUS_TABLE,
    QUERY,
    TABLE,
    conf,
    imap_whoami,
    pop3_whoami,
    two_hosts,
)

AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"

# As it was written.
SEED_SCHEMA = """\
CREATE SCHEMA dovecot;
CREATE TABLE dovecot.proxy_domain_mappings (
domain VARCHAR(32) NOT NULL,
mail_server_ip inet NOT NULL,
PRIMARY KEY (domain)
);CREATE TYPE dovecot.mapping_t AS (
password varchar(8),
host varchar(16),
destuser varchar(255),
nologin varchar(1),
nodelay varchar(1),
proxy varchar(1)
);CREATE FUNCTION dovecot.domain_mapping(mail_user varchar(32))
RETURNS SETOF dovecot.mapping_t
AS '
DECLARE
_mapping dovecot.mapping_t;
_destuser varchar;
_realm varchar;
_password varchar;
_nologin varchar;
_nodelay varchar;
_proxy varchar;
_delimiter text;
BEGIN
_delimiter:= ''@'';
_password := NULL;
_nologin := ''Y'';
_nodelay := ''Y'';
_proxy := ''Y'';
SELECT split_part(mail_user,_delimiter,1) INTO _destuser;
SELECT split_part(mail_user,_delimiter,2) INTO _realm;
FOR _mapping IN
SELECT _password, mail_server_ip, _destuser, _nologin, _nodelay, _proxy
FROM dovecot.proxy_domain_mappings
WHERE domain = lower(_realm)
LOOP
RETURN NEXT _mapping;
END LOOP;
END;
' LANGUAGE PLPGSQL;
"""
SEED_CONNECT = "host=localhost dbname=dovecotdb user=dovecotdba password=dovecotpw"
SEED_QUERY = "SELECT * FROM domain_mapping('%u')"

# The columns of the tests, with what a row of a database must hold at least.
COLUMNS = "password, host, imap_port, pop3_port, destuser"
USERS_TABLE = (
    "CREATE TABLE users (name text, password text, host text, "
    "imap_port int, pop3_port int, destuser text)"
)
USERS_QUERY = (
    "SELECT password, host, CASE '%s' WHEN 'imap' THEN imap_port "
    "ELSE pop3_port END AS port, destuser, 'Y' AS nodelay, 'Y' AS proxy, "
    "CASE WHEN password IS NULL THEN 'Y' END AS nopassword "
    "FROM users WHERE name = '%u'"
)


def connect_text(postgres, **changes):
    """The mission's words, with a port where the standard one is taken."""
    words = dict(word.split("=") for word in SEED_CONNECT.split())
    if postgres.port != DEFAULT_PORT:
        words["port"] = postgres.port
    words.update(changes)
    return " ".join(f"{key}={value}" for key, value in words.items())


def as_owner(text):
    return "SET ROLE dovecotdba; " + text


@pytest.fixture
def database(postgres):
    """The mission's database and account, empty."""
    postgres.make_database("dovecotdb", "dovecotdba", "dovecotpw")
    return postgres


@pytest.fixture
def execute(database):
    """Executes in the database, as the account that owns it."""
    return lambda text: database.sql(as_owner(text), "dovecotdb")


@pytest.fixture
def new_pgsql(new_suite, database):
    """Makes suites that ask the mission's database."""

    def make(query=USERS_QUERY, connect=None, **options):
        return new_suite(
            driver="pgsql",
            connect=connect or connect_text(database),
            query=query,
            **options,
        )

    return make


def add_user(execute, hosts, name, **columns):
    row = {**hosts.row(name), **columns}
    values = [row.get(column) for column in COLUMNS.split(", ")]
    texts = ", ".join("NULL" if v is None else f"'{v}'" for v in values)
    execute(f"INSERT INTO users (name, {COLUMNS}) VALUES ('{name}', {texts})")


def login(suite, user="joe", password="pw"):
    return suite.imap().login(user, password)[1]


def check_temporary(suite, user="joe"):
    assert login(suite, user).startswith(TEMPFAIL)
    assert suite.pop3().login(user, "pw").startswith("-ERR [SYS/TEMP]")


# The mission's configuration, verbatim.


@pytest.fixture
def seed(new_suite, database, execute):
    execute(SEED_SCHEMA)
    database.sql("ALTER ROLE dovecotdba SET search_path = dovecot, public")
    return new_suite(
        conf=conf,
        driver="pgsql",
        connect=connect_text(database),
        query=SEED_QUERY,
    )


def test_seed_domain_mapping(seed, execute, dovecot, two_hosts):  # noqa: F811
    for domain, addr in [("labo1", dovecot.addr), ("labo2", two_hosts[0].addr)]:
        execute(
            "INSERT INTO dovecot.proxy_domain_mappings VALUES "
            f"( '{domain}', '{addr}' )"
        )
    # What PostgreSQL makes of an inet that becomes a varchar.
    row = execute("SELECT host FROM dovecot.domain_mapping('someuser@labo1')")
    assert row.strip() == f"{dovecot.addr}/32"
    imap = imaplib.IMAP4(*seed.addr("imap"), timeout=30)
    imap.login("john@labo1", USERS["john"])
    assert imap.select()[1] == [b"3"]
    imap.logout()
    pop3 = poplib.POP3(*seed.addr("pop3"), timeout=30)
    pop3.user("john@LABO1")
    pop3.pass_(USERS["john"])
    assert pop3.stat()[0] == 3
    pop3.quit()
    assert imap_whoami(seed, "someuser@labo2") == "someuser"
    assert pop3_whoami(seed, "someuser@labo2") == "someuser"
    assert login(seed, "john@labo1", "no").startswith(AUTHFAIL)
    nobody = ("someuser@unknownlabo", "someuser", "@labo3", "a@b@labo1")
    for number, user in enumerate(nobody, 21):
        # Addresses of their own: failures of one hold the next one up.
        source = f"127.0.0.{number}"
        assert seed.imap(source=source).login(user, "pw")[1].startswith(
            AUTHFAIL
        )
        assert seed.pop3(source=source).login(user, "pw").startswith(
            "-ERR [AUTH]"
        )


def test_seed_campus(new_pgsql, execute, two_hosts):  # noqa: F811
    execute(CAMPUS_TABLE)
    for domain, hosts in zip(("domain1.com", "domain2.com"), two_hosts):
        execute(f"INSERT INTO proxy_domain VALUES ('{domain}', '{hosts.addr}')")
    suite = new_pgsql(query=CAMPUS_QUERY, conf=conf)
    assert imap_whoami(suite, "ann@domain1.com") == "ann@domain1.com"
    assert pop3_whoami(suite, "bob@domain2.com") == "bob@domain2.com"
    assert login(suite, "ann@domain3.com").startswith(AUTHFAIL)


def test_seed_proxy_table(new_pgsql, execute, two_hosts):  # noqa: F811
    """The table of the MySQL example; `user` is a reserved word here."""
    execute(TABLE.replace(" user ", ' "user" ').replace("(user)", '("user")'))
    execute(
        f"INSERT INTO proxy VALUES ('john', '{two_hosts[0].addr}', NULL), "
        f"('joe', '{two_hosts[1].addr}', 'joe@domain.net')"
    )
    query = QUERY.replace("WHERE user", 'WHERE "user"')
    suite = new_pgsql(query=query, conf=conf)
    assert imap_whoami(suite, "john") == "john"
    assert pop3_whoami(suite, "joe") == "joe@domain.net"


def test_T_D1_a_row_of_nulls_is_nobody(seed, execute, database):
    """A function that returns one row instead of a set of them."""
    execute(
        "CREATE FUNCTION dovecot.nobody(varchar) RETURNS dovecot.mapping_t "
        "AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql"
    )
    seed.stop()
    seed.write_sql_conf(query="SELECT * FROM nobody('%u')")
    seed.start()
    seed.allow(r"NULL password without nopassword")
    assert login(seed, "someuser@labo1").startswith(AUTHFAIL)
    assert seed.pop3().login("x@labo1", "pw").startswith("-ERR [AUTH]")


# Names that look like SQL, or like no text at all.

NAMES = [
    "x' OR '1'='1",
    "x'; DROP TABLE users; --",
    "x\\\\'",
    "$$",
    "/*",
    "\\\\' OR 1=1 --",
    "$1",
    "E'\\\\'",
]


@pytest.mark.parametrize("strings", ["on", "off"])
def test_T_Q1_T_Q4_names_that_look_like_sql(
    new_pgsql, database, execute, hosts, strings
):
    """Whatever standard_conforming_strings is: one statement, its text fixed."""
    database.sql(
        f"ALTER ROLE dovecotdba SET standard_conforming_strings = {strings}"
    )
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    suite = new_pgsql(settings={"auth_username_chars": ""})
    start = len(database.log())
    for name in NAMES:
        assert login(suite, name).startswith(AUTHFAIL), name
    suite.imap().ok("LOGIN joe pw")
    said = [
        line.partition("execute <unnamed>: ")[2]
        for line in database.log()[start:].splitlines()
        if "execute <unnamed>: " in line
    ]
    assert len(said) == len(NAMES) + 1
    assert len(set(said)) == 1 and "name = $2" in said[0], set(said)


BAD_BYTES = [
    b"\xbf'||1",
    b"\xc0'",
    b"\xe3\x81",
    b"\xff\xfe",
    b"\x8e\xa1'",
    b"\xed\xa0\x80",
    "\U0001f600".encode(),
    "J\u00f6rg' OR 1=1 --".encode(),
]


@pytest.mark.parametrize("encoding", ["UTF8", "EUC_JP", "LATIN1", "SQL_ASCII"])
def test_T_Q2_bytes_that_are_no_text(
    new_pgsql, database, execute, hosts, encoding
):
    """The server's complaint about a name means that nobody has it."""
    database.make_database("dovecotdb", "dovecotdba", "dovecotpw", encoding)
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    suite = new_pgsql(settings={"auth_username_chars": ""})
    suite.imap().ok("LOGIN joe pw")
    (worker, *_) = suite.children("auth-worker")
    for name in BAD_BYTES:
        client = suite.imap()
        client.send(b"a LOGIN {%d+}\r\n%s {2+}\r\npw\r\n" % (len(name), name))
        line = client.answer()[1]
        assert line.startswith((AUTHFAIL, "a BAD")), (name, line)
    suite.imap().ok("LOGIN joe pw")
    assert worker in suite.children("auth-worker")


@pytest.mark.parametrize(
    "statement",
    ["EXECUTE 'SELECT host, port::int::text FROM cells WHERE name = $1' "
     "INTO found USING who",
     "SELECT host, port::int::text INTO found FROM cells WHERE name = $1"],
)
def test_a_bad_cell_is_nobodys_wrong_password(new_pgsql, execute, statement):
    """A function's own $1 is not the name that the client gave."""
    execute(
        "CREATE TABLE cells (name text, host text, port text); "
        "INSERT INTO cells VALUES ('joe', '127.0.0.1', 'abc'); "
        "CREATE TYPE cell AS (host text, port text); "
        "CREATE FUNCTION cell_of(who text) RETURNS SETOF cell AS $f$ "
        f"DECLARE found cell; BEGIN {statement}; RETURN NEXT found; END; "
        "$f$ LANGUAGE plpgsql"
    )
    suite = new_pgsql(query="SELECT *, 'Y' AS proxy FROM cell_of('%u')")
    suite.allow(r"passdb")
    check_temporary(suite)
    suite.wait_log(r"passdb 1 \(pgsql\).*: query failed: .*22P02")


@pytest.mark.parametrize("encoding", ["UTF8", "EUC_JP", "LATIN1"])
def test_names_beyond_ascii(new_pgsql, database, execute, hosts, encoding):
    """Names are UTF-8 on the wire, whatever the database keeps them in."""
    name = {"EUC_JP": "\u65e5\u672c"}.get(encoding, "J\u00f6rg")
    database.make_database("dovecotdb", "dovecotdba", "dovecotpw", encoding)
    execute(USERS_TABLE)
    add_user(execute, hosts, name, destuser=name + "@x")
    suite = new_pgsql(settings={"auth_username_chars": ""})
    client = suite.imap()
    raw = name.encode()
    client.send(b"a LOGIN {%d+}\r\n%s pw\r\n" % (len(raw), raw))
    assert client.answer()[1].startswith("a OK")
    assert hosts.logins[0][0] == name + "@x"


@pytest.mark.parametrize("user", ["joe", "99999999999999999999", "1e5", "-"])
def test_a_name_that_is_no_number_is_nobody(new_pgsql, execute, hosts, user):
    """The server finds the type of a parameter; no row can have this one."""
    execute(USERS_TABLE.replace("name text", "name int"))
    add_user(execute, hosts, "4711")
    suite = new_pgsql()
    assert login(suite, user).startswith(AUTHFAIL)
    suite.imap().ok("LOGIN 4711 pw")


def test_a_bad_value_in_a_row_is_a_fault(new_pgsql, execute, hosts):
    """The same SQLSTATE, but not of a parameter."""
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe", destuser="no number")
    suite = new_pgsql(
        query=USERS_QUERY.replace("destuser,", "destuser::int AS destuser,")
    )
    suite.allow(r"passdb|invalid input syntax")
    check_temporary(suite)
    suite.wait_log(r"invalid input syntax for type integer")


# Rows beyond all limits.


def test_T_D4_two_rows(new_pgsql, execute, hosts):
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    add_user(execute, hosts, "jim")
    suite = new_pgsql()
    suite.allow(r"multiple matches")
    suite.imap().ok("LOGIN joe pw")
    add_user(execute, hosts, "joe")
    check_temporary(suite)
    suite.wait_log(r"multiple matches")
    suite.imap().ok("LOGIN jim pw")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT repeat('x', 10000000) AS host FROM users WHERE name = '%u'",
        "SELECT i, 'x' AS host FROM generate_series(1, 1000000) AS i "
        "WHERE '%u' <> ''",
        "SELECT repeat('x', 100000) AS host FROM generate_series(1, 100000) "
        "WHERE '%u' <> ''",
        "SELECT * FROM wide WHERE '%u' <> ''",
    ],
    ids=["10 MB", "1 M rows", "long rows", "1600 columns"],
)
def test_T_D10_too_much(new_pgsql, execute, hosts, query):
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    columns = ", ".join(f"c{n} int" for n in range(1600))
    execute(f"CREATE TABLE wide ({columns}); INSERT INTO wide VALUES (1)")
    suite = new_pgsql(query=query)
    suite.allow(r"passdb|multiple matches|row|value|column")
    for _ in range(5):
        check_temporary(suite)
    for pid in suite.children("auth-worker", "auth"):
        assert procs.rss_kb(pid) < 48 * 1024


def test_a_query_that_gives_no_rows(new_pgsql, execute):
    suite = new_pgsql(query="SET application_name = 'x'")
    suite.allow(r"passdb")
    check_temporary(suite)
    suite.wait_log(r"returns no rows")


# The server's life.


def test_the_server_is_restarted_between_logins(
    new_pgsql, database, execute, hosts
):
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    suite = new_pgsql()
    suite.imap().ok("LOGIN joe pw")
    for end in (database.stop, database.kill):
        end()
        database.start()
        suite.imap().ok("LOGIN joe pw")
        suite.imap().ok("LOGIN joe pw")


def test_a_changed_table_is_no_fault(new_pgsql, execute, hosts):
    """A plan that was prepared once could not be used again."""
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    suite = new_pgsql(query="SELECT 'Y' AS proxy, 'Y' AS nopassword, host, "
                      "imap_port AS port, u.* FROM "
                      "(SELECT destuser FROM users WHERE name = '%u') u, users")
    suite.imap().ok("LOGIN joe pw")
    execute("ALTER TABLE users ALTER COLUMN destuser TYPE varchar(9)")
    suite.imap().ok("LOGIN joe pw")


def test_a_table_that_is_missing_is_a_fault(new_pgsql, execute, hosts):
    suite = new_pgsql()
    suite.allow(r"passdb|does not exist")
    check_temporary(suite)
    suite.wait_log(r"relation \\x22users\\x22 does not exist")
    execute(USERS_TABLE)
    add_user(execute, hosts, "joe")
    suite.imap().ok("LOGIN joe pw")
