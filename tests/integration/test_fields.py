"""Fields of a row beyond where to and as whom: from, when, instead of, and
what becomes of those that nobody can honour."""

import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from harness import procs
from harness.host import Host, imap_script
from harness.suite import WORKER_UID

EXTRA = """source_ip hostip user username domain allow_real_nets fail
delay_until proxy_not_trusted proxy_nopipelining haproxy check_client_fp
proxy_noauth proxy_mech master forward_color event_x port""".split()
TABLE = (
    "CREATE TABLE users (name PRIMARY KEY, password, host, destuser, pass, "
    f"nologin, proxy, nopassword, reason, {', '.join(EXTRA)})"
)
QUERY = (
    "SELECT password, host, destuser, pass, nologin, proxy, nopassword, "
    f"reason, {', '.join(EXTRA)} FROM users WHERE name = '%u'"
)
SUITE = {"table": TABLE, "query": QUERY, "settings": {"auth_debug": "yes"}}
AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"


@pytest.fixture
def add(suite, hosts):
    """Adds joe, whose host the service decides, with these fields."""

    def call(**fields):
        row = {"name": "joe", "proxy": "Y", "nopassword": "Y",
               "host": hosts.addr, "port": hosts.imap.port, **fields}
        suite.db.execute(
            f"INSERT OR REPLACE INTO users ({', '.join(row)}) VALUES "
            f"({', '.join('?' * len(row))})", list(row.values()),
        )
        return row

    return call


def login(suite, user="joe", password="pw"):
    return suite.imap().login(user, password)[1]


def check_temporary(suite, error):
    """Never a wrong password, and the line says which field it was."""
    suite.allow(re.escape(error))
    start = suite.mark()
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(re.escape(error), start)


# Referrals.


def test_referral_in_imap(suite, hosts, add):
    add(proxy=None, destuser="joe@there.example")
    assert login(suite) == (
        "a NO [REFERRAL imap://joe%40there.example;AUTH=*@127.0.0.1:"
        f"{hosts.imap.port}/] Log in there instead."
    )
    suite.wait_log("refused: user=<joe> .*reason=referral")
    add(proxy=None, port=None, host="mail.example", reason="Moved away.")
    assert login(suite) == (
        "a NO [REFERRAL imap://joe;AUTH=*@mail.example/] Moved away."
    )
    assert hosts.logins == []


def test_referral_in_pop3(suite, hosts, add):
    add(proxy=None)
    assert suite.pop3().login("joe", "pw") == (
        f"-ERR [REFERRAL/joe@127.0.0.1:{hosts.imap.port}] "
        "Log in there instead."
    )
    add(proxy="", host="mail.example other.example", port=None)
    assert suite.pop3().login("joe", "pw") == (
        "-ERR [REFERRAL/joe@mail.example] Log in there instead."
    )


def test_the_connection_goes_on_after_a_referral(suite, hosts, add):
    add(proxy=None)
    client = suite.imap()
    assert "REFERRAL" in client.login("joe", "pw")[1]
    add()
    assert client.login("joe", "pw")[1].startswith("a OK")


def test_referral_only_for_the_right_password(suite, add):
    add(proxy=None, nopassword=None, password="{PLAIN}pw")
    assert "REFERRAL" in login(suite)
    assert login(suite, password="no").startswith(AUTHFAIL)


@pytest.mark.parametrize(
    "user", ["a];b", "a\\\\b", "m\u00fcller", "a b", "joe%40x", "a*b"]
)
def test_referral_names_cannot_end_the_code(suite, add, user):
    add(name="joe", proxy=None, destuser=user, port=None)
    line = login(suite)
    code = re.match(r"a NO \[REFERRAL imap://([^\]]*)\] ", line)[1]
    assert re.fullmatch(r"[\w.~%-]+;AUTH=\*@127\.0\.0\.1/", code), line


def test_referral_to_ipv6_cannot_be_named(suite, add):
    add(proxy=None, host="::1")
    check_temporary(suite, "no referral can name an IPv6 address")


def test_proxy_no_is_no_referral(suite, add):
    suite.allow("userdb|mail_executable|local|home")
    add(proxy="N", password="{PLAIN}pw", nopassword=None)
    assert "REFERRAL" not in login(suite)


# The address that a connection begins from.


def test_source_ip(suite, hosts, add):
    add(source_ip="127.0.0.77")
    assert login(suite).startswith("a OK")
    assert hosts.imap.wires[-1].peer[0] == "127.0.0.77"
    add(source_ip="")
    assert login(suite).startswith("a OK")
    assert hosts.imap.wires[-1].peer[0] == "127.0.0.1"


def test_source_ip_is_not_here(suite, hosts, add):
    add(source_ip="203.0.113.9")
    start = suite.mark()
    assert login(suite).startswith(TEMPFAIL)
    suite.wait_log(
        r'error="source_ip 203.0.113.9: Cannot assign requested address"',
        start,
    )
    assert hosts.logins == []


def test_source_ip_of_the_other_family(suite, hosts, add):
    """The address of its own family is gone to, the other is not tried."""
    suite.allow("source_ip is of the other family|no host to go to")
    with Host(imap_script, "::1", hosts.imap.port) as other:
        add(host="127.0.0.1 ::1", source_ip="::1")
        assert login(suite).startswith("a OK")
        assert len(other.wires) == 1
    assert hosts.logins == []
    add(source_ip="::1")
    check_temporary(suite, "source_ip is of the other family")


def test_source_ip_that_is_no_address(suite, add):
    add(source_ip="127.0.0.1 127.0.0.2")
    check_temporary(suite, "unusable value of source_ip")


def sources(hosts, count):
    return [wire.peer[0] for wire in hosts.imap.wires[-count:]]


def test_login_source_ips_take_turns(new_suite, hosts):
    names = ["127.0.0.81", "127.0.0.82", "127.0.0.83"]
    suite = new_suite(
        settings={"login_source_ips": " ".join(names + ["::1"]),
                  "login_processes_count": 1}
    )
    suite.add_row(hosts.row("joe"))
    found = []
    for _ in range(60):
        assert login(suite).startswith("a OK")
        found += sources(hosts, 1)
        if suite.per_connection and set(found) == set(names):
            break
    assert set(found) == set(names)
    if not suite.per_connection:
        # each in its turn, beginning anywhere
        at = names.index(found[0])
        assert found == [names[(at + i) % 3] for i in range(60)]


@pytest.mark.parametrize(
    "setting, source",
    [
        ("203.0.113.1, 127.0.0.81", "127.0.0.81"),
        ("?203.0.113.1 127.0.0.81", "127.0.0.81"),
        ("?203.0.113.1", "127.0.0.1"),
        ("::1", "127.0.0.1"),
        ("203.0.113.1 203.0.113.2", None),
    ],
)
def test_login_source_ips_that_are_not_here(new_suite, hosts, setting, source):
    suite = new_suite(settings={"login_source_ips": setting})
    suite.add_row(hosts.row("joe"))
    for _ in range(3):
        if source is None:
            assert login(suite).startswith(TEMPFAIL)
            suite.wait_log(r'error="login_source_ips 203\.0\.113\.\d: Cannot')
        else:
            assert login(suite).startswith("a OK")
            assert sources(hosts, 1) == [source]


WALL = """
import sys
sys.path.insert(0, {path!r})
from harness import procs
from harness.host import Hosts
from harness.suite import Suite
procs.adopt_orphans()
def ports(last):
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
        f.write(f"40000 {{last}}")
def run(settings):
    ports(49999)
    with Hosts() as hosts, Suite(settings=settings) as suite:
        suite.add_row(hosts.row("joe"))
        clients = [suite.imap() for _ in range(30)]
        ports(40019)
        lines = [client.login("joe", "pw")[1] for client in clients]
        return sum(line.startswith("a OK") for line in lines)
names = " ".join(f"127.0.0.{{n}}" for n in range(81, 85))
print("passed", run({{}}), run({{"login_source_ips": names}}))
"""


def test_the_wall_of_ports_is_passed_by_more_addresses(tmp_path):
    """In a network of its own there are twenty ports, and thirty clients."""
    script = tmp_path / "wall.py"
    here = str(Path(__file__).parent)
    script.write_text(textwrap.dedent(WALL.format(path=here)))
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c",
         f"ip link set lo up && exec {sys.executable} -B {script}"],
        capture_output=True, text=True, timeout=120,
    )
    assert done.stdout == "passed 20 30\n", done


# Who may log in, and when.


def test_fail(suite, hosts, add):
    add(fail="closed for now")
    assert login(suite).startswith(AUTHFAIL)
    assert suite.pop3().login("joe", "pw").startswith("-ERR [AUTH]")
    add(fail="")
    assert login(suite).startswith("a OK")


def test_allow_real_nets(suite, hosts, add):
    add(allow_real_nets="127.0.0.0/8")
    assert login(suite).startswith("a OK")
    add(allow_real_nets="10.0.0.0/8,local")
    assert login(suite).startswith(AUTHFAIL)


def test_a_reload_amid_a_login(suite, hosts, add):
    """Whoever was asked answers, though another has taken over."""
    old = suite.children("auth")
    add(delay_until=str(int(time.time()) + 5))
    late, wrong = suite.imap(), suite.imap()
    late.send("a LOGIN joe pw")
    wrong.send("a LOGIN nobody pw")
    suite.reload()
    assert wrong.answer()[1].startswith(AUTHFAIL)
    assert late.answer()[1].startswith("a OK")
    procs.wait_gone(old)
    late.ok("NOOP", "n")
    add()
    assert login(suite).startswith("a OK")


def test_delay_until(suite, hosts, add):
    until = int(time.time()) + 2
    add(delay_until=str(until))
    assert login(suite).startswith("a OK")
    assert time.time() >= until
    add(delay_until=str(int(time.time()) - 5))
    assert login(suite).startswith("a OK")
    add(delay_until=str(int(time.time()) + 310))
    check_temporary(suite, "delay_until is too far away")


def test_a_client_that_hangs_up_while_it_is_delayed(suite, hosts, add):
    add(delay_until=str(int(time.time()) + 200))
    client = suite.imap()
    client.send('a LOGIN "joe" "pw"')
    suite.wait_log("user=joe|user=<joe>|request")
    start = suite.mark()
    client.close()
    suite.wait_log("disconnected: user=<joe> .*reason=client-gone", start)
    assert hosts.logins == []


def test_a_name_in_parts(suite, hosts, add):
    """`username` and `domain` change their part of the name."""
    add(name="joe@old.example", domain="new.example", destuser=None)
    assert login(suite, "joe@old.example").startswith("a OK")
    add(name="eve@old.example", username="bob", destuser=None)
    assert login(suite, "eve@old.example").startswith("a OK")
    add(name="ann", user="whole@x.example", destuser="there")
    assert login(suite, "ann").startswith("a OK")
    assert [user for user, _ in hosts.logins] == [
        "joe@new.example", "bob@old.example", "there",
    ]
    suite.wait_log("login: user=<whole@x.example> ")


# What nobody can honour, and what nobody knows.


@pytest.mark.parametrize(
    "fields, error",
    [
        ({"check_client_fp": "aa"}, "unusable value of check_client_fp"),
        ({"proxy_noauth": "Y"}, "cannot honour proxy_noauth"),
        ({"proxy_mech": "GSSAPI"}, "cannot honour proxy_mech"),
        ({"haproxy": "v3"}, "unusable value of haproxy"),
        ({"proxy_not_trusted": "t"}, "unusable value of proxy_not_trusted"),
        ({"forward_color": "a\tb"}, "unusable value of forward_color"),
        ({"hostip": "127.0.0.2"}, "hostip differs from the address in host"),
        ({"host": "a.example b.example", "hostip": "127.0.0.1"},
         "hostip with several hosts"),
        ({"delay_until": "soon"}, "unusable value of delay_until"),
    ],
)
def test_unusable_fields_are_our_trouble(suite, hosts, add, fields, error):
    add(**fields)
    check_temporary(suite, error)
    assert hosts.logins == []


def test_unknown_fields_are_told_at_level_debug(suite, hosts, add):
    add(event_x="1")
    start = suite.mark()
    assert login(suite).startswith("a OK")
    suite.wait_log("debug: .*nothing is known of field event_x", start)


def test_hostip_with_a_name(suite, hosts, add):
    add(host="no-such-host.invalid", hostip="127.0.0.1")
    assert login(suite).startswith("a OK")


# The same from the other drivers.

LINE = "joe:{PLAIN}pw::::::"


@pytest.mark.parametrize("driver", ["passwd-file", "static"])
def test_fields_of_other_drivers(new_suite, hosts, driver):
    suite = new_suite(start=False)
    fields = f"host=127.0.0.1 port={hosts.imap.port} source_ip=127.0.0.78"
    users = suite.dir / "users"

    def write(more):
        users.write_text(f"{LINE}{fields} {more}\n")
        shutil.chown(users, 0, WORKER_UID)
        users.chmod(0o640)

    write("proxy=y")
    args = users if driver == "passwd-file" else (
        f"{fields} proxy=y password={{PLAIN}}pw"
    )
    suite.write_conf(passdbs=f"  passdb {driver} {{\n    args = {args}\n  }}\n")
    suite.start()
    assert login(suite).startswith("a OK")
    assert login(suite, password="no").startswith(AUTHFAIL)
    assert sources(hosts, 1) == ["127.0.0.78"]
    if driver == "passwd-file":
        write("reason=Moved.")
        procs.wait_until(
            lambda: "REFERRAL imap://joe;" in login(suite), "a referral"
        )


def test_fields_of_two_passdbs_add_up(new_suite, hosts):
    """`noauthenticate`: the first sets fields, the second has the user."""
    first = (
        f"host=127.0.0.1 port={hosts.imap.port} proxy=y noauthenticate=y "
        "destuser=first source_ip=127.0.0.79"
    )
    second = "password={PLAIN}pw destuser:default=second source_ip:remove"
    suite = new_suite(
        passdbs="".join(
            f"  passdb static {{\n    args = {args}\n  }}\n"
            for args in (first, second)
        )
    )
    assert login(suite).startswith("a OK")
    assert login(suite, password="no").startswith(AUTHFAIL)
    assert hosts.logins == [("first", "pw")]
    assert sources(hosts, 1) == ["127.0.0.1"]


# What a proxy in front has told, and what the mail host is told.


def test_forward_fields_reach_the_host(new_suite):
    """A row's word counts more than that of the client's proxy."""
    suite = new_suite(
        table=TABLE, query=QUERY,
        settings={"login_trusted_networks": "127.0.0.0/8"},
    )

    def script(wire):
        wire.send("* OK [CAPABILITY IMAP4rev1 SASL-IR ID LITERAL+] host ready")
        tag, verb, args = wire.imap_command()
        assert verb == "ID"
        wire.told = args[0].decode()
        wire.send(f"* ID NIL\r\n{tag} OK done")
        tag, *_ = wire.imap_wait_login()
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] Logged in")

    with Host(script) as host:
        row = {"name": "joe", "proxy": "Y", "nopassword": "Y",
               "host": host.addr, "port": host.port, "forward_color": "blue"}
        suite.db.execute(
            f"INSERT INTO users ({', '.join(row)}) VALUES "
            f"({', '.join('?' * len(row))})", list(row.values()),
        )
        client = suite.imap()
        client.ok('ID ("x-forward-color" "red" "x-forward-size" "1")', "i")
        assert client.login("joe", "pw")[1].startswith("a OK")
        told = host.wires[-1].told
        host.check()
    assert '"x-forward-color" "blue"' in told
    assert '"x-forward-size" "1"' in told
    assert "red" not in told


def test_what_was_forwarded_is_a_variable(new_suite, hosts):
    suite = new_suite(
        settings={"login_trusted_networks": "127.0.0.0/8"},
        query="SELECT NULL AS password, 'Y' AS proxy, 'Y' AS nopassword, "
        f"'127.0.0.1' AS host, {hosts.imap.port} AS port, "
        "'%n-%L{forward_color}' AS destuser FROM users WHERE user = '%u'",
    )
    suite.add_user("joe")
    client = suite.imap()
    client.ok('ID ("x-forward-color" "RED\'--")', "i")
    assert client.login("joe", "pw")[1].startswith("a OK")
    assert login(suite).startswith("a OK")
    assert [user for user, _ in hosts.logins] == ["joe-red'--", "joe-"]
