"""The cache of auth: what it may answer, and when the database is asked."""

import re
import signal
import time

import pytest

from harness import procs
from harness.client import plain
from harness.host import Hosts, imap_script, pop3_script

# Each query gives another name at the mail host: how many of them the host
# has seen is how many queries there were.
COLUMNS = (
    "password, host, CASE '%s' WHEN 'imap' THEN imap_port ELSE pop3_port END "
    "AS port, user || '.' || hex(randomblob(6)) AS destuser, nologin, "
    "nodelay, proxy, nopassword, allow_nets"
)
QUERY = f"SELECT {COLUMNS} FROM users WHERE user = '%u'"
CACHE = {"auth_cache_size": "1M"}
SUITE = {"settings": CACHE, "query": QUERY, "sql": "default_pass_scheme = PLAIN\n"}
AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"
DATABASE = r"passdb|no such table|does not answer"


@pytest.fixture(autouse=True)
def cold_cache(suite):
    suite.db.execute("DELETE FROM users")
    suite.flush_cache()


def login(suite, user="joe", password="pw", **options):
    """The tagged answer to a LOGIN."""
    client = suite.imap(**options)
    line = client.login(user, password)[1]
    client.close()
    return line


def names(hosts):
    """The names that the host has seen, in their order."""
    return [user for user, _ in hosts.logins]


def asked(hosts):
    return len(set(names(hosts)))


def check_hit(suite, hosts, user="joe", password="pw"):
    """This login finds its row in the cache."""
    before = asked(hosts)
    assert login(suite, user, password).startswith("a OK")
    assert asked(hosts) == before


def test_one_query_for_many_logins(suite, hosts):
    suite.add_row(hosts.row("joe"))
    for _ in range(5):
        assert login(suite).startswith("a OK")
    assert asked(hosts) == 1
    # The service is part of the key.
    for _ in range(2):
        assert suite.pop3().login("joe", "pw").startswith("+OK")
    assert asked(hosts) == 2
    suite.add_row(hosts.row("jim"))
    assert login(suite, "jim").startswith("a OK")
    assert asked(hosts) == 3


def test_unknown_users_are_known_to_be_unknown(suite, hosts):
    assert login(suite).startswith(AUTHFAIL)
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith(AUTHFAIL)
    assert suite.flush_cache() == 1
    assert login(suite).startswith("a OK")


def test_T_C1_equal_passwords_are_not_equal_users(suite, hosts):
    for user in ("joe", "jim", "jack"):
        suite.add_row(hosts.row(user, password="{PLAIN}pw", nopassword=None))
    for _ in range(2):
        for user in ("joe", "jim", "jack"):
            assert login(suite, user).startswith("a OK")
            assert names(hosts)[-1].startswith(user + ".")
    assert asked(hosts) == 3


def test_T_C2_every_variable_is_in_the_key(new_suite, hosts):
    """One statement with each of them; none is forgotten."""
    parts = "'%n' || ':' || '%d' || ':' || '%r' || ':' || '%m' || ':'"
    query = QUERY.replace("user || '.'", parts).replace(
        "user = '%u'", "user = 'all'"
    )
    suite = new_suite(
        settings={**CACHE, "auth_username_chars": ""}, query=query
    )
    suite.add_row(hosts.row("all"))

    def said(user, mech="PLAIN", **options):
        assert login(suite, user, **options).startswith("a OK")
        return names(hosts)[-1].rpartition(":")[0]

    for _ in range(2):
        assert said("joe@a") == "joe:a:127.0.0.1:PLAIN"
        assert said("joe@b") == "joe:b:127.0.0.1:PLAIN"
        assert said("jim@a") == "jim:a:127.0.0.1:PLAIN"
        assert said("joe@a", ipv6=True) == "joe:a:::1:PLAIN"
    assert asked(hosts) == 4


def write_second(suite, query):
    path = suite.dir / "second.conf"
    path.write_text(
        f"driver = sqlite\nconnect = {suite.db_path}\npassword_query = {query}\n"
    )
    path.chmod(0o600)
    suite.write_conf(
        passdbs=f"  passdb sql {{\n    args = {suite.sql_conf}\n  }}\n"
        f"  passdb sql {{\n    args = {path}\n  }}\n"
    )


def test_T_C3_each_passdb_has_its_own_entries(new_suite, hosts):
    suite = new_suite(start=False, settings=CACHE)
    suite.write_sql_conf(query=QUERY + " AND nologin = 'first'")
    write_second(suite, QUERY.replace("user || '.'", "'second-' || user || '.'"))
    suite.start()
    suite.add_row(hosts.row("joe"))
    for _ in range(2):
        assert login(suite).startswith("a OK")
        assert names(hosts)[-1].startswith("second-joe.")
    assert asked(hosts) == 1
    # "Not known" was the first one's answer; the second one's is not its row.
    status = suite.cache_status()
    assert (status["entries"], status["negative_entries"]) == (2, 1)


def test_T_C4_no_cache_without_variables(new_suite, hosts):
    suite = new_suite(start=False, settings=CACHE)
    suite.write_sql_conf(
        query=QUERY.replace("'%s'", "'imap'").replace("'%u'", "'joe'")
    )
    suite.start()
    suite.add_row(hosts.row("joe"))
    for number in range(1, 4):
        assert login(suite, "joe" if number < 3 else "jim").startswith("a OK")
        assert asked(hosts) == number
    assert len(re.findall(r"not cached: it has no variables", suite.stderr())) == 1
    assert suite.cache_status()["entries"] == 0


@pytest.mark.parametrize("format", ["", "%Lu"])
def test_T_C5_the_form_of_a_name(new_suite, hosts, format):
    suite = new_suite(
        settings={**CACHE, "auth_username_format": format}, query=QUERY
    )
    suite.add_row(hosts.row("joe@d"))
    assert login(suite, "joe@d").startswith("a OK")
    line = login(suite, "Joe@D")
    assert asked(hosts) == 1
    status = suite.cache_status()
    if format:
        assert line.startswith("a OK")
        assert (status["hits"], status["entries"]) == (1, 1)
    else:
        assert line.startswith(AUTHFAIL)
        assert (status["hits"], status["negative_entries"]) == (0, 1)


def test_T_C6_allow_nets_counts_on_a_hit(suite, hosts):
    suite.add_row(hosts.row("joe", allow_nets="10.0.0.0/8,::1"))
    for _ in range(2):
        assert login(suite).startswith(AUTHFAIL)
        assert login(suite, ipv6=True).startswith("a OK")
    assert asked(hosts) == 1


BCRYPT = "{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q"


def check_warm(suite, hosts, password):
    """Wrong passwords may have fetched another row; then it is a hit."""
    assert login(suite, password=password).startswith("a OK")
    check_hit(suite, hosts, password=password)


@pytest.mark.parametrize("stored", [BCRYPT, "{PLAIN}pw"])
def test_T_C7_a_changed_password_works_at_once(suite, hosts, stored):
    suite.add_row(hosts.row("joe", password=stored, nopassword=None))
    check_warm(suite, hosts, "pw")
    assert asked(hosts) == 1
    # Guesses of others do not stand in the way.
    for guess in ("new", "a", "a", "b"):
        assert login(suite, password=guess).startswith(AUTHFAIL)
    check_warm(suite, hosts, "pw")
    suite.add_row(hosts.row("joe", password="{PLAIN}new", nopassword=None))
    # The old one until somebody has used the new one.
    check_hit(suite, hosts)
    assert login(suite, password="new").startswith("a OK")
    for _ in range(3):
        assert login(suite, password="pw").startswith(AUTHFAIL)
    check_warm(suite, hosts, "new")
    assert suite.cache_status()["entries"] == 1


NASTY = ["P1", "{", "+", "%u", "%%", "a+b", "a\u00a0b", "P1{joe", "joe%00", "0joe"]


def test_T_C8_names_do_not_run_into_each_other(new_suite, hosts):
    suite = new_suite(
        settings={**CACHE, "auth_username_chars": ""}, query=QUERY
    )
    for _ in range(2):
        for number, user in enumerate(NASTY):
            suite.add_row(hosts.row(user, host=hosts.addr))
            client = suite.imap()
            client.ok(f"AUTHENTICATE PLAIN {plain(user, 'pw')}")
            client.close()
            assert names(hosts)[-1].startswith(user + "."), number
    assert asked(hosts) == len(NASTY)


def test_T_C9_an_entry_ends_with_its_time(new_suite, hosts):
    """Of the clock that cannot be set, see test_auth_cache.c."""
    suite = new_suite(
        settings={**CACHE, "auth_cache_ttl": "2s", "auth_cache_negative_ttl": "1s"},
        query=QUERY,
    )
    suite.add_row(hosts.row("joe"))
    start = time.monotonic()
    while time.monotonic() - start < 5:
        assert login(suite).startswith("a OK")
    assert 2 <= asked(hosts) <= 3
    assert login(suite, "jim").startswith(AUTHFAIL)
    suite.add_row(hosts.row("jim"))
    time.sleep(1.1)
    assert login(suite, "jim").startswith("a OK")


def test_T_D9_a_fault_is_not_kept(suite, hosts):
    suite.allow(DATABASE)
    suite.add_row(hosts.row("joe"))
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    try:
        for user in ("joe", "nobody"):
            assert login(suite, user).startswith(TEMPFAIL)
    finally:
        suite.db.execute("ALTER TABLE gone RENAME TO users")
    assert suite.cache_status()["entries"] == 0
    assert login(suite).startswith("a OK")
    assert login(suite, "nobody").startswith(AUTHFAIL)


@pytest.mark.parametrize(
    "change", [{"proxy": "maybe"}, {"host": "x y\tz"}, {"host": None}]
)
def test_T_D9_a_row_that_cannot_be_used_is_not_kept(suite, hosts, change):
    suite.allow(r"passdb|host|proxy")
    suite.add_row(hosts.row("joe", **change))
    assert login(suite).startswith(TEMPFAIL)
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith("a OK")


# Some hundred milliseconds.
SLOW = (
    "(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE "
    "n < 1500000) SELECT count(*) FROM r)"
)


def test_equal_questions_make_one_query(new_suite, hosts):
    suite = new_suite(
        settings=CACHE, query=QUERY.replace("SELECT ", f"SELECT {SLOW} AS n, ", 1)
    )
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("jim"))
    clients = [suite.imap() for _ in range(20)]
    for number, client in enumerate(clients):
        client.send(f"a LOGIN {'joe' if number % 2 else 'jim'} pw")
    # Some leave before there is an answer.
    for client in clients[:4]:
        client.close()
    for client in clients[4:]:
        assert client.answer(timeout=20)[1].startswith("a OK")
    assert asked(hosts) == 2
    assert suite.cache_status()["joined"] >= 10


def test_an_expired_row_serves_while_the_database_fails(new_suite, hosts):
    suite = new_suite(
        settings={**CACHE, "auth_cache_ttl": "1s", "auth_cache_stale_ttl": "1h"},
        query=QUERY,
    )
    suite.allow(DATABASE)
    suite.add_row(hosts.row("joe", password="{PLAIN}pw", nopassword=None))
    assert login(suite).startswith("a OK")
    suite.db.execute("ALTER TABLE users RENAME TO gone")
    time.sleep(1.1)
    for _ in range(3):
        check_hit(suite, hosts)
    assert login(suite, password="px").startswith(TEMPFAIL)
    assert login(suite, "nobody").startswith(TEMPFAIL)
    suite.wait_log(r"passdb 1 \(sql\) does not answer: expired entries")
    assert len(re.findall("expired entries of the cache serve", suite.log())) == 1
    suite.db.execute("ALTER TABLE gone RENAME TO users")
    time.sleep(2.1)
    assert login(suite).startswith("a OK")
    assert asked(hosts) == 2


def test_a_slow_database_is_not_waited_for(new_suite, hosts):
    slow = SLOW.replace("1500000", "1000000000 AND EXISTS "
                        "(SELECT 1 FROM users WHERE user = 'slow')")
    suite = new_suite(
        settings={**CACHE, "auth_cache_ttl": "1s", "auth_worker_timeout": "6s"},
        query=QUERY.replace("SELECT ", f"SELECT {slow} AS n, ", 1),
    )
    suite.allow(DATABASE, r"auth-worker|worker|too slow")
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith("a OK")
    suite.add_row(hosts.row("slow"))
    time.sleep(1.1)
    start = time.monotonic()
    assert login(suite).startswith("a OK")
    assert time.monotonic() - start < 5
    start = time.monotonic()
    assert login(suite).startswith("a OK")
    assert time.monotonic() - start < 1
    assert asked(hosts) == 1


@pytest.fixture
def moved():
    """Two mail hosts, one after the other the right one."""
    made = [Hosts(imap_script, pop3_script) for _ in range(2)]
    yield made
    for hosts in made:
        hosts.close()


def test_a_host_that_is_gone_is_asked_for_again(suite, moved):
    suite.allow(r"host|connect|proxy")
    suite.add_row(moved[0].row("joe"))
    assert login(suite).startswith("a OK")
    moved[0].close()
    suite.add_row(moved[1].row("joe"))
    assert login(suite).startswith(TEMPFAIL)
    # Auth hears of it when the client does, on another way.
    procs.wait_until(
        lambda: login(suite).startswith("a OK"), "the other host", 5
    )
    assert asked(moved[1]) == 1
    check_hit(suite, moved[1])


def test_a_refusal_by_the_host_is_looked_into(suite, hosts):
    suite.add_row(hosts.row("joe"))
    for _ in range(2):
        assert login(suite).startswith("a OK")
    assert asked(hosts) == 1
    assert login(suite, password="wrong").startswith("a NO")
    assert asked(hosts) == 1

    def is_asked_again():
        assert login(suite).startswith("a OK")
        return asked(hosts) == 2

    procs.wait_until(is_asked_again, "another row", 5)
    check_hit(suite, hosts)


def test_signals(suite, hosts):
    suite.add_row(hosts.row("joe"))
    before = suite.cache_status()
    assert login(suite).startswith("a OK")
    assert login(suite).startswith("a OK")
    assert login(suite, "nobody").startswith(AUTHFAIL)
    after = suite.cache_status()
    more = {name: after[name] - before[name] for name in after}
    assert (more["hits"], more["misses"]) == (1, 2)
    assert (more["inserts"], more["negative_inserts"]) == (2, 1)
    assert (after["entries"], after["negative_entries"]) == (2, 1)
    assert 0 < after["bytes"] <= after["bytes_max"] <= 1 << 20
    assert suite.flush_cache() == 2
    assert suite.cache_status()["entries"] == 0
    assert login(suite).startswith("a OK")
    assert asked(hosts) == 2


def test_no_cache_by_default(new_suite, hosts):
    suite = new_suite(query=QUERY)
    suite.add_row(hosts.row("joe"))
    for number in (1, 2):
        assert login(suite).startswith("a OK")
        assert asked(hosts) == number
    assert suite.cache_status() == {}
    assert suite.flush_cache() == 0


def test_reloads_begin_with_an_empty_cache(new_suite, hosts):
    suite = new_suite(settings=CACHE, query=QUERY)
    suite.add_row(hosts.row("joe"))
    assert login(suite).startswith("a OK")
    check_hit(suite, hosts)
    start = suite.mark()
    suite.send_signal(signal.SIGHUP)
    suite.wait_log("configuration read again", start)

    def is_asked_again():
        assert login(suite).startswith("a OK")
        return asked(hosts) == 2

    procs.wait_until(is_asked_again, "an empty cache")
