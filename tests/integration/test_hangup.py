"""A client that hangs up, at every stage before it is logged in: the session
ends at once, the mail host's connection with it, and auth is told."""

import sqlite3
import time

import pytest

from harness.host import Host
from harness.suite import QUERY, TABLE

SUITE = {
    "table": TABLE.replace(", PRIMARY", ", ssl, PRIMARY"),
    "query": QUERY.replace(" FROM ", ", ssl FROM "),
    "settings": {"auth_failure_delay": "20s"},
}
HOWS = ["close", "reset", "shutdown"]
SERVICES = ["imap", "pop3"]


@pytest.fixture(params=SERVICES)
def service(request):
    return request.param


def say_login(client, service, user="joe", password="pw"):
    """Sends name and password; the answer is not waited for."""
    if service == "imap":
        client.send(f'a LOGIN "{user}" "{password}"')
    else:
        client.ok(f"USER {user}")
        client.send(f"PASS {password}")


def check_gone(suite, client, how, start):
    """One line, soon, and not by some deadline of the stage."""
    begin = time.monotonic()
    getattr(client, how)()
    suite.wait_log(r"disconnected: .*reason=client-gone", start, 20)
    # Stages take 30 seconds and more by themselves.
    assert time.monotonic() - begin < 15


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "first",
    [b"", b"a", b"a LOGIN joe {3}\r\n", b"a AUTHENTICATE PLAIN\r\n",
     b"a AUTHENTICATE LOGIN\r\nam9l\r\n"],
    ids=["greeting", "command", "literal", "sasl", "sasl-2"],
)
def test_imap_before_auth(suite, first, how):
    client = suite.imap()
    start = suite.mark()
    if first:
        client.send(first)
    check_gone(suite, client, how, start)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "first", [b"", b"US", b"USER joe\r\n", b"AUTH PLAIN\r\n"],
    ids=["greeting", "command", "user", "sasl"],
)
def test_pop3_before_auth(suite, first, how):
    client = suite.pop3()
    start = suite.mark()
    if first:
        client.send(first)
    check_gone(suite, client, how, start)


@pytest.mark.parametrize("how", HOWS)
def test_while_auth_is_asked(suite, service, how):
    """The database does not answer; who comes next is served all the same."""
    suite.allow("database is locked")
    suite.add_user("joe", host="127.0.0.1")
    lock = sqlite3.connect(suite.db_path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        client = getattr(suite, service)()
        start = suite.mark()
        say_login(client, service)
        check_gone(suite, client, how, start)
    finally:
        lock.close()
    suite.add_user("joe", nologin="Y", proxy=None)
    assert suite.imap().login("joe", "pw")[1].startswith("a NO [CONTACTADMIN]")


@pytest.mark.parametrize("how", HOWS)
def test_in_the_delay_of_a_refusal(suite, service, how):
    """Auth holds its answer back for twenty seconds."""
    client = getattr(suite, service)()
    start = suite.mark()
    say_login(client, service, "nobody")
    check_gone(suite, client, how, start)


@pytest.mark.parametrize("how", HOWS)
def test_in_the_delay_of_the_hosts_refusal(suite, hosts, service, how):
    suite.add_row(hosts.row("joe", nodelay=None))
    client = getattr(suite, service)()
    start = suite.mark()
    say_login(client, service, "joe", "wrong")
    suite.wait_log("refused: user=<joe> ", start)
    check_gone(suite, client, how, start)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("stage", ["connect", "tls", "login"])
def test_while_the_host_is_waited_for(suite, service, stage, how):
    """The host sees the end of the connection at once."""
    with Host() as host:
        suite.add_user(
            "joe", host=host.addr, imap_port=host.port, pop3_port=host.port,
            proxy_timeout="60s", ssl="any-cert" if stage == "tls" else None,
        )
        client = getattr(suite, service)()
        start = suite.mark()
        say_login(client, service)
        wire = host.accept()
        if stage == "tls":
            wire.wait(lambda: b"\x16\x03" in wire.received or None, "a hello")
        elif stage == "login":
            wire.send("* OK ready" if service == "imap" else "+OK ready")
            wire.line()
        check_gone(suite, client, how, start)
        wire.expect_eof(10)
