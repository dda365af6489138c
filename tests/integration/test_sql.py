"""Rows of the database: what each of their fields may do, and their faults."""

import binascii
import hashlib
import os
import subprocess
import time

import pytest

from harness import procs
from harness.host import Host, Hosts
from harness.suite import COLUMNS, TABLE

SUITE = {
    "settings": {"auth_worker_timeout": "2s", "auth_username_chars": ""},
    "sql": "default_pass_scheme = PLAIN\n",
}
AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"


def login(suite, user="joe", password="pw"):
    """The tagged answer to a LOGIN."""
    return suite.imap().login(user, password)[1]


def check(suite, user="joe", password="pw", imap=AUTHFAIL, pop3="-ERR [AUTH]"):
    """Both protocols answer a login with this."""
    assert login(suite, user, password).startswith(imap)
    assert suite.pop3().login(user, password).startswith(pop3)


def check_temporary(suite, user="joe", password="pw"):
    check(suite, user, password, TEMPFAIL, "-ERR [SYS/TEMP]")


def check_ok(suite, user="joe", password="pw"):
    check(suite, user, password, "a OK", "+OK")


# Passwords and how they may be missing.


def test_T_D1_null_password(suite, hosts):
    suite.add_row(hosts.row("joe", nopassword=None))
    check_ok(suite)
    suite.allow(r"passdb|password")
    for change in ({"pass": "x"}, {"proxy": "N"}, {"proxy": None}):
        suite.add_row(hosts.row("joe", nopassword=None, **change))
        assert login(suite).startswith("a NO")
        assert suite.pop3().login("joe", "pw").startswith("-ERR")


def test_T_D1_null_password_without_host(suite):
    suite.allow(r"passdb|password|host")
    suite.add_user("joe", nopassword=None)
    assert login(suite).startswith("a NO")


def test_T_D2_an_empty_password_is_no_password(suite, hosts):
    suite.add_row(hosts.row("joe", password="", nopassword=None))
    for password in ("pw", " "):
        check(suite, password=password)
    assert login(suite, password="").startswith("a NO")
    assert hosts.logins == []


def digest(name, salt=b""):
    """The password "pw" as a hash scheme stores it, before the encoding."""
    return hashlib.new(name, b"pw" + salt).digest() + salt


def base64(data):
    return binascii.b2a_base64(data, newline=False).decode()


STORED = [
    "pw",
    "{PLAIN}pw",
    "{plain}pw",
    "{CLEARTEXT}pw",
    "{PLAIN.b64}" + base64(b"pw"),
    "{PLAIN.hex}" + b"pw".hex(),
    "{SHA}" + base64(digest("sha1")),
    "{SHA1.hex}" + digest("sha1").hex(),
    "{SHA256}" + base64(digest("sha256")),
    "{SHA512}" + base64(digest("sha512")),
    "{SSHA}" + base64(digest("sha1", b"salt")),
    "{SSHA256}" + base64(digest("sha256", b"salt")),
    "{SSHA512.hex}" + digest("sha512", b"saltsalt").hex(),
    "{SMD5}" + base64(digest("md5", b"salt")),
    "{PLAIN-MD5}" + digest("md5").hex(),
    "{MD5}$1$saltsalt$6SNdNaZLKst2LlSm7oPPL1",
    "{MD5-CRYPT}$1$saltsalt$6SNdNaZLKst2LlSm7oPPL1",
    "{SHA256-CRYPT}$5$saltsalt$0rl.MZtoLLPP3X0Rdl8riRnphIcAXJY27/aOAyK2hB5",
    "{CRYPT}$6$saltsalt$pauPrmdmG4BTE9h2HPmywiw152IFch6BJCEsaY6D.PLTfpV8sqv"
    "XwWdyfsgVgozkYH9B80bAip/08R2BPH2xk/",
    "{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q",
]


@pytest.mark.parametrize("stored", STORED)
def test_password_schemes(suite, hosts, stored):
    """default_pass_scheme of the suite's SQL file is PLAIN."""
    suite.add_row(hosts.row("joe", password=stored, nopassword=None))
    check_ok(suite)
    check(suite, password="px")
    assert hosts.logins == [("joe", "pw")] * 2


def test_the_hosts_own_password(suite, hosts):
    """`pass`: the client's is checked here, the host gets the other."""
    suite.add_row(
        hosts.row("joe", password="{PLAIN}pw", nopassword=None, **{"pass": "its"})
    )
    check_ok(suite)
    check(suite, password="no")
    assert hosts.logins == [("joe", "its")] * 2


def test_unknown_scheme_is_our_fault(suite, hosts):
    suite.allow(r"passdb|scheme|hash|password")
    suite.add_row(hosts.row("joe", password="{NOSUCH}x", nopassword=None))
    check_temporary(suite)


# Columns.


def test_T_D3_nologin_without_proxy(suite, hosts):
    suite.add_row(
        hosts.row("joe", proxy=None, nologin="Y", reason="Moved away")
    )
    line = login(suite)
    assert line.startswith("a NO") and "Moved away" in line
    assert "Moved away" in suite.pop3().login("joe", "pw")
    assert hosts.logins == []


def test_T_D3_allow_nets(suite, hosts):
    suite.add_row(hosts.row("joe", allow_nets="10.0.0.0/8,::1"))
    check(suite)
    suite.imap(ipv6=True).ok("LOGIN joe pw")
    suite.add_row(hosts.row("joe", allow_nets="127.0.0.0/8"))
    check_ok(suite)
    suite.allow(r"passdb|allow_nets")
    suite.add_row(hosts.row("joe", allow_nets="junk"))
    assert login(suite).startswith("a NO")


def with_query(suite, columns):
    """Another query for the suite, before it starts."""
    suite.write_sql_conf(
        query=f"SELECT {columns} FROM users WHERE user = '%u'"
    )
    suite.start()


BASE = "NULL AS password, host, imap_port AS port, 'Y' AS proxy, 'Y' AS nodelay"


def test_T_D3_unknown_columns_are_ignored(new_suite, hosts):
    suite = new_suite(start=False)
    with_query(suite, BASE + ", 'x' AS foo, 7 AS bar, 'Y' AS nopassword")
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith("a OK")


@pytest.mark.parametrize("column", ["password", "host", "proxy", "HOST"])
def test_T_D3_a_repeated_column(new_suite, hosts, column):
    suite = new_suite(start=False)
    suite.allow(r"passdb|column|twice|repeated|duplicate")
    with_query(suite, BASE + f", 'Y' AS nopassword, {column.lower()} AS {column}")
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith(TEMPFAIL)


def test_T_D4_two_rows(new_suite, hosts):
    suite = new_suite(table=TABLE.replace(", PRIMARY KEY (user)", ""))
    suite.allow(r"passdb|multiple|more than one")
    suite.add_row(hosts.row("joe"))
    check_ok(suite)
    suite.add_row(hosts.row("joe"))
    check_temporary(suite)
    suite.wait_log(r"multiple|more than one")


@pytest.mark.parametrize("value", ["Y", "y", "1", "yes", "true", "YES"])
def test_T_D5_proxy_on(suite, hosts, value):
    suite.add_row(hosts.row("joe", proxy=value))
    check_ok(suite)


@pytest.mark.parametrize("value", ["N", "n", "0", "no", "false", "", None])
def test_T_D5_proxy_off(suite, hosts, value):
    suite.add_row(hosts.row("joe", proxy=value))
    assert login(suite).startswith("a NO")
    assert suite.pop3().login("joe", "pw").startswith("-ERR")
    assert not hosts.imap.wires and not hosts.pop3.wires


@pytest.mark.parametrize("value", ["maybe", "2", " Y", "\u0178", "YN"])
def test_T_D5_proxy_of_another_value(suite, hosts, value):
    suite.allow(r"passdb|proxy")
    suite.add_row(hosts.row("joe", proxy=value))
    check_temporary(suite)
    assert not hosts.imap.wires


BAD_HOSTS = [None, "", "127.0.0.1\n", "127.1", "0x7f000001", "2130706433",
             "[::1]", "1.2.3.4.5", "-1", "x" * 300, "0.0.0.0", "::",
             "224.0.0.1", "127.0.0.1:143", "127.0.0.1/24", "a b\tc",
             "256.0.0.1", "127.0.0.01"]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_T_D6_unusable_hosts(suite, hosts, host):
    suite.allow(r"passdb|host|resolve|address|no such name")
    suite.add_row(hosts.row("joe", host=host))
    check_temporary(suite)
    assert not hosts.imap.wires


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.0.0.1/32", "127.0.0.1,127.0.0.1"]
)
def test_T_D6_usable_hosts(suite, hosts, host):
    suite.add_row(hosts.row("joe", host=host))
    check_ok(suite)


@pytest.mark.parametrize("host", ["::1", "::1/128"])
def test_T_D6_ipv6_hosts(suite, host):
    with Hosts(addr="::1") as hosts:
        suite.add_row(hosts.row("joe", host=host))
        check_ok(suite)


@pytest.mark.parametrize("port", ["0", "65536", "143x", "-1", "+1", " 143", "1e3"])
def test_T_D6_unusable_ports(suite, hosts, port):
    suite.allow(r"passdb|port")
    suite.add_row(hosts.row("joe", imap_port=port, pop3_port=port))
    check_temporary(suite)


def test_the_proxys_own_listener_is_no_host(suite):
    """`proxy_allowed_nets`: a loop is noticed before it begins."""
    suite.allow(r"passdb|host|own|loop|proxy_allowed_nets")
    addr, port = suite.addr("imap")
    suite.add_user("joe", host=addr, imap_port=port)
    assert login(suite).startswith(TEMPFAIL)


# Faults of the database are neither success nor a wrong password.


def test_T_D9_a_fault_is_not_remembered(suite, hosts):
    suite.allow(r"passdb|auth-worker|query|no such table|database|sqlite")
    suite.add_row(hosts.row("joe"))
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    try:
        check_temporary(suite)
    finally:
        suite.db.execute("ALTER TABLE gone RENAME TO users")
    check_ok(suite)


def replace_host(suite, expression, user):
    """A view in place of the table: the host of one user is computed."""
    suite.db.execute("ALTER TABLE users RENAME TO real_users")
    columns = ", ".join(
        f"CASE user WHEN '{user}' THEN ({expression}) ELSE host END AS host"
        if name == "host"
        else name
        for name in COLUMNS
    )
    suite.db.execute(f"CREATE VIEW users AS SELECT {columns} FROM real_users")


def test_T_D10_too_much_in_a_column(new_suite, hosts):
    suite = new_suite()
    suite.allow(r"passdb|host|column|value|row|long")
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("jim"))
    check_ok(suite, "jim")
    replace_host(suite, "SELECT hex(zeroblob(5000000))", "joe")
    for _ in range(5):
        check_temporary(suite)
    check_ok(suite, "jim")
    for pid in suite.children("auth"):
        assert procs.rss_kb(pid) < 32 * 1024


def test_T_D10_many_columns(new_suite, hosts):
    suite = new_suite(start=False)
    suite.allow(r"passdb|column")
    more = ", ".join(f"{n} AS c{n}" for n in range(200))
    with_query(suite, BASE + ", 'Y' AS nopassword, " + more)
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith(TEMPFAIL)
    assert login(suite, "nobody").startswith(AUTHFAIL)


def test_T_D10_a_million_rows(new_suite, hosts):
    suite = new_suite(start=False)
    suite.allow(r"passdb|multiple|more than one")
    suite.write_sql_conf(
        query=f"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r "
        f"WHERE n < 1000000) SELECT {BASE}, 'Y' AS nopassword FROM users, r "
        "WHERE user = '%u'"
    )
    suite.start()
    suite.add_row(hosts.row("joe"))
    start = time.monotonic()
    assert login(suite).startswith(TEMPFAIL)
    assert time.monotonic() - start < 10


ENDLESS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
    "SELECT 'h' || count(*) FROM r"
)


# Some hundred milliseconds.
SLOW = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r "
    "WHERE n < 1000000) SELECT host FROM r LIMIT 1 OFFSET 999998"
)


def test_T_D11_a_worker_that_hangs(new_suite, hosts):
    suite = new_suite(
        settings={"auth_worker_timeout": "2s", "auth_worker_max_count": 4}
    )
    suite.allow(r"passdb|auth-worker|worker|timed out|deadline|killed|signal")
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("jim"))
    check_ok(suite, "jim")
    replace_host(suite, ENDLESS, "joe")
    client = suite.imap()
    client.send("a LOGIN joe pw")
    start = time.monotonic()
    for _ in range(10):
        assert login(suite, "jim").startswith("a OK")
        assert len(suite.children("auth-worker")) <= 4
    assert time.monotonic() - start < 5
    # Its question may be tried once more on another worker.
    assert client.answer(timeout=15)[1].startswith(TEMPFAIL)
    check_ok(suite, "jim")


def test_a_worker_that_is_killed(suite, hosts):
    suite.allow(r"passdb|auth-worker|signal")
    suite.add_row(hosts.row("joe"))
    check_ok(suite)
    for pid in suite.children("auth-worker"):
        os.kill(pid, 9)
    check_ok(suite)


def test_workers_start_on_demand_and_end_when_idle(new_suite, hosts):
    suite = new_suite(settings={"auth_worker_idle": "1s"})
    suite.add_row(hosts.row("joe"))
    assert len(suite.children("auth-worker")) <= 1
    check_ok(suite)
    replace_host(suite, SLOW, "joe")
    clients = [suite.imap() for _ in range(4)]
    for client in clients:
        client.send("a LOGIN joe pw")
    suite.wait_children("auth-worker", 3)
    for client in clients:
        client.answer(timeout=20)
    procs.wait_until(
        lambda: len(suite.children("auth-worker")) <= 1, "the end of idle ones"
    )
    assert login(suite, "nobody").startswith(AUTHFAIL)


# Queries: no value ever becomes SQL text.

NASTY = ["x' OR '1'='1", "x'; DROP TABLE users; --", "x\\'", "$$", "/*", "--",
         "x\" OR \"1\"=\"1", "%u", "%%", "?1", ":user", "x''", "joe'--"]


@pytest.mark.parametrize("user", NASTY)
def test_T_Q1_names_that_look_like_sql(suite, hosts, user):
    suite.add_row(hosts.row("joe"))
    quoted = user.replace("\\", "\\\\").replace('"', '\\"')
    client = suite.imap()
    assert client.command(f'LOGIN "{quoted}" pw')[1].startswith(AUTHFAIL)
    # Yet a user of that name can be served.
    suite.add_row(hosts.row(user, destuser="plainname"))
    assert client.command(f'LOGIN "{quoted}" pw')[1].startswith("a OK")
    suite.db.execute("DELETE FROM users WHERE user = ?", (user,))
    assert hosts.logins == [("plainname", "pw")]


def test_T_Q7_the_same_with_the_default_characters(new_suite, hosts):
    suite = new_suite()
    suite.add_row(hosts.row("joe"))
    for user in set(NASTY) - {"--"}:
        suite.add_row(hosts.row(user))
        quoted = user.replace("\\", "\\\\").replace('"', '\\"')
        line = suite.imap().command(f'LOGIN "{quoted}" pw')[1]
        assert line.startswith(AUTHFAIL)
    check_ok(suite)


def checked(suite, query):
    """mailwicket -t with this query: exit status and what it says."""
    suite.write_sql_conf(query=query)
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=30
    )
    return done.returncode, done.stdout + done.stderr


FROM = "SELECT NULL AS password, host, 'Y' AS proxy FROM users "


@pytest.mark.parametrize(
    "query",
    [FROM + "WHERE user = '%u'", FROM + "WHERE user = %u",
     FROM + "WHERE user = 'pre%u@%d'", FROM + "WHERE user = '%Lu' OR 1 = '100%%'",
     FROM + "WHERE user = '%n' AND host = '%s'",
     "SELECT '%r' AS x, '%l' AS y, 'it''s %u' AS z FROM users"],
)
def test_T_Q5_templates_that_compile(new_suite, query):
    status, text = checked(new_suite(start=False), query)
    assert status == 0, text


@pytest.mark.parametrize(
    "query",
    [FROM + 'WHERE user = "%u"', "SELECT host FROM %u", FROM + "WHERE user = '%u",
     FROM + "WHERE user = '%?'", FROM + "WHERE user = `%u`",
     FROM + "WHERE user = [%u]", FROM + "WHERE user = /* %u */ 'joe'",
     FROM + "WHERE user = 'joe' -- %u"],
)
def test_T_Q5_templates_that_do_not(new_suite, query):
    suite = new_suite(start=False)
    status, text = checked(suite, query)
    assert status == 1
    assert f"{suite.sql_conf}:3:" in text


@pytest.mark.parametrize(
    "query,user,found",
    [("'%u' = user || '@x'", "joe@x", "joe"), ("user = '%Lu'", "JOE", "joe"),
     ("user = 'pre%n'", "joe@d", "prejoe"), ("user = '%d'", "x@joe", "joe"),
     ("user = %u", "joe", "joe"), ("user = '100%%'", "joe", "100%"),
     ("user = '%s' || '%n'", "joe", "imapjoe"), ("user = '%r'", "joe", "127.0.0.1"),
     ("'%l' = user", "joe", "127.0.0.1"), ("user = /* so */ '%u'", "joe", "joe")],
)
def test_T_Q5_what_variables_become(new_suite, hosts, query, user, found):
    suite = new_suite(start=False)
    suite.write_sql_conf(
        query=f"SELECT {BASE}, 'Y' AS nopassword, 'got' AS destuser "
        f"FROM users WHERE {query}"
    )
    suite.start()
    suite.add_row(hosts.row("other"))
    suite.add_row(hosts.row(found))
    assert login(suite, user).startswith("a OK")
    assert hosts.logins == [("got", "pw")]


# The database's file.


def break_file(path, how):
    saved = path.with_suffix(".saved")
    os.rename(path, saved)
    if how == "fifo":
        os.mkfifo(path, 0o644)
    elif how == "unreadable":
        path.write_bytes(saved.read_bytes())
        path.chmod(0)
    elif how == "directory":
        path.mkdir()
    elif how == "junk":
        path.write_bytes(b"this is no database\n" * 500)
    elif how == "empty":
        path.touch()
    return saved


@pytest.mark.parametrize(
    "how", ["fifo", "unreadable", "directory", "junk", "empty", "missing"]
)
def test_T_Q9_a_broken_database_file(new_suite, hosts, how):
    suite = new_suite(settings={"auth_worker_timeout": "2s"})
    suite.allow(r"passdb|auth-worker|worker")
    suite.add_row(hosts.row("joe"))
    saved = break_file(suite.db_path, how)
    start = time.monotonic()
    assert login(suite).startswith(TEMPFAIL)
    assert time.monotonic() - start < 8
    if how == "directory":
        suite.db_path.rmdir()
    os.rename(saved, suite.db_path)
    assert login(suite).startswith("a OK")


def test_T_Q9_paths_in_names(suite, hosts):
    for user in ("/../../etc/passwd", "../x", "/", "."):
        check(suite, user)
    suite.add_row(hosts.row("/../x"))
    check_ok(suite, "/../x")


def test_the_worker_only_reads(suite, hosts):
    """It opens the database so that nothing can be written."""
    suite.add_row(hosts.row("joe"))
    check_ok(suite)
    for pid in suite.children("auth-worker"):
        for fd, target in procs.fds(pid).items():
            if target.startswith(str(suite.db_path)):
                flags = procs.read(pid, f"fdinfo/{fd}").decode()
                mode = next(x for x in flags.splitlines() if "flags:" in x)
                assert int(mode.split()[1], 8) & os.O_ACCMODE == os.O_RDONLY


# Names on the way to the query.


@pytest.mark.parametrize(
    "settings,user,found",
    [({"auth_username_format": "%Lu"}, "JOE", "joe"),
     ({"auth_default_realm": "d.org"}, "joe", "joe@d.org"),
     ({"auth_default_realm": "d.org"}, "joe@e.org", "joe@e.org"),
     ({"auth_username_translation": '"#@$@"'}, "joe#d", "joe@d"),
     ({"auth_username_chars": "joe%", "auth_username_format": "%n"}, "joe", "joe")],
)
def test_username_rules(new_suite, hosts, settings, user, found):
    suite = new_suite(settings={"auth_username_chars": "", **settings})
    suite.add_row(hosts.row(found))
    assert login(suite, user).startswith("a OK")
    assert hosts.logins == [(found, "pw")]


def test_passdbs_are_asked_in_order(new_suite, hosts):
    """An unknown user of the first is looked for in the second."""
    with Host() as other:
        passdbs = "  passdb sql {{\n    args = {sql}\n  }}\n".format
        suite = new_suite(start=False)
        static = (
            "  passdb static {\n    args = proxy=y nopassword=y nodelay=y "
            f"host={other.addr} port={other.port}\n  }}\n"
        )
        suite.write_conf(passdbs=passdbs(sql=suite.sql_conf) + static)
        suite.start()
        suite.add_row(hosts.row("joe"))
        check_ok(suite)
        client = suite.imap()
        client.send("a LOGIN anyone pw")
        assert other.accept().imap_login() == (b"anyone", b"pw")
        assert client.answer()[1].startswith("a OK")
