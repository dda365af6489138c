"""Users whose mail is on this machine: mail processes, Dovecot's and others."""

import imaplib
import json
import os
import poplib
import pwd
import random
import signal
import time
from pathlib import Path

import pytest

from harness import local, procs
from harness.client import plain
from harness.dovecot import MESSAGES, USERS
from harness.local import GID, UID, Homes, add_local, local_options
from harness.postgres import free_port
from harness.suite import Suite
from harness.tls import context, tls_client, tls_options, upgrade

PASSWORD = "sesame"
HOSTILE = Path(__file__).parent / "harness" / "hostile_login.py"


@pytest.fixture(scope="module")
def homes():
    made = Homes()
    made.add("joe")
    made.add("ann")
    yield made
    made.close()


@pytest.fixture
def made(new_suite, homes):
    """Makes suites with a user joe; `program` words use the stub."""
    homes.forget()

    def make(words=None, tls=False, **options):
        if words is not None:
            line = f"{homes.program} {homes.reports} {words}".strip()
            for name in ("imap", "pop3"):
                options[name] = {
                    "mail_executable": line, **options.get(name, {})
                }
        options = local_options(homes, **options)
        if tls:
            secured = tls_options()
            options["settings"].update(secured["settings"])
            options["text"] = secured["text"] + options.get("text", "")
            for name in ("imap", "pop3"):
                options[name].update(secured[name])
        suite = new_suite(**options)
        add_local(suite, "joe")
        return suite

    return make


def client_of(suite, service, how="plain"):
    """A client of this protocol, over TLS if that is how."""
    if how == "implicit":
        return suite._keep(
            tls_client(service, suite.addr(service + "s"))
        )
    wire = suite.imap() if service == "imap" else suite.pop3()
    return suite._keep(upgrade(wire, service)) if how == "starttls" else wire


def log_in(wire, service, user="joe", password=PASSWORD):
    """Whether the user is in, and the last line of the answer."""
    if service == "imap":
        line = wire.login(user, password)[1]
        return line.startswith("a OK"), line
    line = wire.login(user, password)
    return line.startswith("+OK"), line


def refused(wire, service, user="joe", password=PASSWORD):
    is_in, line = log_in(wire, service, user, password)
    assert not is_in, line
    return line


def mail_pids(suite):
    """The mail processes that the master has."""
    ours = {
        "imap-login", "pop3-login", "auth", "auth-worker", "tls-signer",
        "mailwicket",  # one that is just being started
    }
    return [
        pid for pid in suite.children() if procs.comm(pid) not in ours
    ]


def reload(suite):
    """One that is taken; no more often than once a second."""
    time.sleep(1)
    start = suite.mark()
    os.kill(suite.pid, signal.SIGHUP)
    suite.wait_log(r"configuration read again", start)


# Dovecot's programs on real mailboxes.


@pytest.mark.parametrize("how", ["plain", "starttls", "implicit"])
def test_imap_of_dovecot(made, how):
    suite = made(tls=how != "plain")
    wire = client_of(suite, "imap", how)
    is_in, line = log_in(wire, "imap")
    assert is_in and "[CAPABILITY IMAP4rev1" in line
    untagged, _ = wire.ok("SELECT INBOX", "b")
    assert f"* {len(MESSAGES)} EXISTS" in untagged
    untagged, _ = wire.ok("FETCH 1 BODY.PEEK[]", "c")
    assert "first message" in untagged
    wire.ok("LOGOUT", "d")
    wire.expect_eof()
    wire.close()
    kind = r"mail-process=\d+( handed-over)?$"
    found = suite.wait_log(rf"login: user=<joe> .* host=local {kind}")
    assert bool(found[1]) == (how == "plain")
    suite.wait_log(r"disconnected: user=<joe> .*secs=\d+$")
    procs.wait_until(lambda: not mail_pids(suite), "its end")


@pytest.mark.parametrize("how", ["plain", "starttls", "implicit"])
def test_pop3_of_dovecot(made, how):
    suite = made(tls=how != "plain")
    wire = client_of(suite, "pop3", how)
    assert log_in(wire, "pop3")[0]
    assert wire.ok("STAT").startswith(f"+OK {len(MESSAGES)} ")
    assert "first message" in "\n".join(wire.multi("RETR 1"))
    wire.ok("QUIT")
    wire.expect_eof()
    procs.wait_until(lambda: not mail_pids(suite), "its end")


def test_libraries_of_clients(made):
    """They ask for capabilities first, and for other things then."""
    suite = made(tls=True)
    with imaplib.IMAP4(*suite.addr("imap")) as client:
        client.login("joe", PASSWORD)
        assert "IDLE" in client.capabilities
        assert client.select()[0] == "OK"
        assert len(client.search(None, "ALL")[1][0].split()) == len(MESSAGES)
    with imaplib.IMAP4_SSL(
        *suite.addr("imaps"), ssl_context=context()
    ) as client:
        client.authenticate("PLAIN", lambda _: b"\0joe\0" + PASSWORD.encode())
        assert client.select()[0] == "OK"
    client = poplib.POP3_SSL(*suite.addr("pop3s"), context=context())
    client.user("joe")
    client.pass_(PASSWORD)
    assert client.stat()[0] == len(MESSAGES)
    client.quit()


def test_capabilities_are_the_programs(made):
    """In a line of their own for a client that has asked before."""
    suite = made("")
    wire = suite.imap()
    wire.ok("CAPABILITY", "x")
    untagged, line = wire.login("joe", PASSWORD)
    assert untagged == ["* CAPABILITY IMAP4rev1 OWN"]
    assert line == "a OK Here you are"
    wire.ok("NOOP", "y")


def test_what_came_before_is_not_repeated(made):
    """SASL with and without an initial response."""
    suite = made("")
    wire = suite.imap()
    wire.send("t1 AUTHENTICATE PLAIN")
    wire.expect(r"\+ ?$")
    wire.send(plain("joe", PASSWORD))
    assert wire.line().startswith("t1 OK [CAPABILITY IMAP4rev1 OWN]")
    wire.ok("NOOP", "y")
    wire = suite.imap()
    wire.send(f"t2 AUTHENTICATE PLAIN {plain('joe', PASSWORD)}")
    assert wire.line().startswith("t2 OK [CAPABILITY IMAP4rev1 OWN]")
    wire.ok("NOOP", "y")
    wire = suite.pop3()
    assert wire.command(f"AUTH PLAIN {plain('joe', PASSWORD)}") == (
        "+OK Here you are"
    )
    assert wire.command("NOOP") == "+OK NOOP"


# Pipelining.


@pytest.mark.parametrize("how", ["plain", "implicit"])
def test_bytes_behind_the_login_arrive_once_and_in_order(made, how):
    suite = made("", tls=how != "plain")
    commands = [f"n{i} NOOP x{i}" for i in range(40)]
    data = "".join(f"{line}\r\n" for line in commands).encode()
    login = f'a LOGIN joe "{PASSWORD}"\r\n'.encode()
    for cut in (0, 1, 7, len(data) // 2, len(data)):
        wire = client_of(suite, "imap", how)
        wire.send(login + data[:cut])
        if cut < len(data):
            time.sleep(random.choice((0, 0.002, 0.02)))
            wire.send(data[cut:])
        assert wire.line().startswith("a OK ")
        for i in range(40):
            assert wire.line() == f"n{i} OK NOOP x{i}"
        wire.close()
    wire = client_of(suite, "pop3", how)
    wire.send("USER joe")
    wire.expect(r"\+OK")
    wire.send(f"PASS {PASSWORD}\r\nSTAT\r\nLIST 1\r\nQUIT\r\n".encode())
    wire.expect(r"\+OK")
    assert [wire.line() for _ in range(3)] == [
        "+OK STAT", "+OK LIST 1", "+OK QUIT",
    ]
    wire.expect_eof()


def test_many_bytes_in_both_directions(made):
    """Through a relayed session as through one that was handed over."""
    suite = made("", tls=True)
    for how in ("plain", "starttls"):
        wire = client_of(suite, "imap", how)
        assert log_in(wire, "imap")[0]
        for i in range(50):
            wire.send(f"b{i} NOOP " + "x" * 4000)
        for i in range(50):
            assert wire.line() == f"b{i} OK NOOP " + "x" * 4000


# The seed's second scenario.


def test_seed_server_with_proxy_feature(made, dovecot):
    """One server holds some users and forwards the others."""
    suite = made(settings={"proxy_allowed_nets": "127.0.0.0/8"})
    add_local(suite, "ann", proxy_maybe="Y", host="127.0.0.1")
    far = "joe@domain.net"
    add_local(suite, far, USERS[far], proxy_maybe="Y", host=dovecot.addr)
    add_local(suite, "john", USERS["john"], proxy="Y", host=dovecot.addr)
    for service in ("imap", "pop3"):
        for user, password, host in [
            ("joe", PASSWORD, "local"),
            ("ann", PASSWORD, "local"),
            (far, USERS[far], rf"{dovecot.addr}:\d+"),
            ("john", USERS["john"], rf"{dovecot.addr}:\d+"),
        ]:
            start = suite.mark()
            wire = client_of(suite, service)
            assert log_in(wire, service, user, password)[0]
            if service == "imap":
                untagged, _ = wire.ok("STATUS INBOX (MESSAGES)", "b")
                assert any(f"MESSAGES {len(MESSAGES)}" in line
                           for line in untagged)
            else:
                assert wire.ok("STAT").startswith(f"+OK {len(MESSAGES)} ")
            suite.wait_log(rf"login: user=<{user}> .* host={host}\b", start)
            wire.close()


def test_proxy_maybe_and_the_port(made):
    """With a port, that counts too: the other way leads to ourselves."""
    suite = made("")
    suite.allow("no host to go to", "the proxy itself")
    port = suite.addr("imap")[1]
    add_local(suite, "ann", proxy_maybe="Y", host="127.0.0.1", port=port)
    assert log_in(suite.imap(), "imap", "ann")[0]
    other = suite.addr("pop3")[1]
    add_local(suite, "ann", proxy_maybe="Y", host="127.0.0.1", port=other)
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap", "ann")


def test_proxy_maybe_and_the_port_of_the_other_listener(made):
    """The row says the port without TLS; clients come with it, too."""
    port = free_port()
    suite = made("", tls=True, imap={"listen": f"127.0.0.1:{port}"})
    add_local(suite, "ann", proxy_maybe="Y", host="127.0.0.1", port=port)
    for how in ("plain", "implicit"):
        assert log_in(client_of(suite, "imap", how), "imap", "ann")[0], how


def test_auth_proxy_self_and_several_hosts(made):
    suite = made("", settings={"auth_proxy_self": "192.0.2.7 2001:db8::/64"})
    for host in ("192.0.2.7", "2001:db8::1", "203.0.113.1, 192.0.2.7"):
        add_local(suite, "ann", proxy_maybe="Y", host=host)
        assert log_in(suite.imap(), "imap", "ann")[0], host


def test_proxy_maybe_over_ipv6(made):
    suite = made("")
    add_local(suite, "ann", proxy_maybe="Y", host="::1")
    assert log_in(suite.imap(ipv6=True), "imap", "ann")[0]


def test_nologin_comes_first(made):
    suite = made("")
    add_local(suite, "ann", proxy_maybe="Y", host="127.0.0.1", nologin="Y",
              reason="Moved away")
    line = refused(suite.imap(), "imap", "ann")
    assert line == "a NO [CONTACTADMIN] Moved away"
    add_local(suite, "ann", nologin="Y", reason="Moved away")
    assert refused(suite.imap(), "imap", "ann") == line
    assert not mail_pids(suite)


def test_nobody_is_in_whose_password_was_not_checked(made):
    suite = made("")
    suite.allow("nobody has checked the password", "NULL password")
    start = suite.mark()
    for columns in (
        {"nopassword": "Y"},
        {"nopassword": "Y", "proxy_maybe": "Y", "host": "127.0.0.1"},
        {"proxy_maybe": "Y", "host": "127.0.0.1"},
    ):
        add_local(suite, "ann", **columns)
        suite.db.execute("UPDATE users SET password = NULL WHERE user = 'ann'")
        assert "[UNAVAILABLE]" in refused(suite.imap(), "imap", "ann")
    procs.wait_until(
        lambda: suite.log(start).count("nobody has checked the password") == 3,
        "three lines",
    )
    assert not mail_pids(suite)
    assert "[AUTHENTICATIONFAILED]" in refused(
        suite.imap(), "imap", password="wrong"
    )


# Userdbs.


def test_userdb_prefetch_and_the_next_one(made, homes):
    userdb = "  userdb prefetch {\n  }\n" + local.static(homes)
    suite = made("", userdb=userdb)
    homes.reports.chmod(0o777)
    add_local(suite, "ann", userdb_uid=UID + 7, userdb_gid=GID + 7,
              userdb_home=str(homes.dir), userdb_mail="maildir:/there")
    assert log_in(suite.imap(), "imap", "ann")[0]
    (found,) = homes.reported()
    assert found["uids"] == [UID + 7] * 3 and found["gids"] == [GID + 7] * 3
    assert found["cwd"] == str(homes.dir)
    assert found["environ"]["MAIL"] == "maildir:/there"
    homes.forget()
    assert log_in(suite.imap(), "imap", "joe")[0]
    (found,) = homes.reported()
    assert found["uids"] == [UID] * 3
    assert found["cwd"] == str(homes.dir / "joe")


def test_userdb_sql(made, homes, new_suite):
    suite = made("", userdb="", start=False)
    sql = suite.sql_conf
    suite.write_conf(
        make_passdbs=lambda _: f"  passdb sql {{\n    args = {sql}\n  }}\n"
        f"  userdb sql {{\n    args = {sql}\n  }}\n"
    )
    suite.write_sql_conf(
        extra="user_query = SELECT userdb_uid AS uid, userdb_gid AS gid, "
        "userdb_home AS home FROM users WHERE user = '%u'\n"
    )
    suite.start()
    suite.allow("userdb: ", "no userdb knows")
    add_local(suite, "ann", userdb_uid=UID, userdb_gid=GID,
              userdb_home=str(homes.dir / "ann"))
    assert log_in(suite.imap(), "imap", "ann")[0]
    (found,) = homes.reported()
    assert found["environ"]["HOME"] == str(homes.dir / "ann")
    assert found["environ"]["MAIL"] == "maildir:~/Maildir"
    # joe has a row, and nothing in it.
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap", "joe")
    suite.wait_log(r"user=<joe> .*userdb: no uid")


def test_userdb_passwd(made, homes):
    """An account of the system; whom it does not know the next one may."""
    userdb = "  userdb passwd {\n  }\n" + local.static(homes)
    suite = made("", userdb=userdb, settings={"first_valid_uid": 2})
    account = pwd.getpwnam("mail")
    homes.reports.chmod(0o777)
    add_local(suite, "mail")
    for user in ("mail", "joe"):
        homes.forget()
        assert log_in(suite.imap(), "imap", user)[0]
        (found,) = homes.reported()
        if user == "mail":
            assert found["uids"] == [account.pw_uid] * 3
            assert found["gids"] == [account.pw_gid] * 3
            assert found["environ"]["HOME"] == account.pw_dir
        else:
            assert found["uids"] == [UID] * 3


@pytest.mark.parametrize("fields, why", [
    ("uid=0 gid=5000 home=/tmp", "uid is not between"),
    ("uid=5000 gid=0 home=/tmp", "gid is not between"),
    ("uid=499 gid=5000", "uid is not between"),
    ("uid=6001 gid=5000", "uid is not between"),
    ("uid=5000 gid=99", "gid is not between"),
    ("uid=5000 gid=6001", "gid is not between"),
    ("gid=5000", "no uid"),
    ("uid=5000", "no gid"),
    ("uid=5000 gid=5000 home=tmp", "unusable value of home"),
    ("uid=5000 gid=5000 home=/home/../%u", "unusable value of home"),
    ("uid=5000x gid=5000", "unusable value of uid"),
    ("uid=5000 gid=5000 chroot=/var", "cannot honour chroot"),
])
def test_ids_and_places_that_are_refused(made, fields, why):
    suite = made(
        "", userdb=f"  userdb static {{\n    args = {fields}\n  }}\n",
        settings={"last_valid_uid": 6000, "first_valid_gid": 100,
                  "last_valid_gid": 6000},
    )
    suite.allow("userdb")
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap")
    assert "[SYS/TEMP]" in refused(suite.pop3(), "pop3")
    suite.wait_log(rf"user=<joe> .*{why}")
    assert not mail_pids(suite)


def test_no_userdb_and_none_that_knows(made):
    suite = made("", userdb="")
    suite.allow("no userdb knows")
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap")
    suite.wait_log(r"user=<joe> .*no userdb knows the user")


# What a mail process is started with.


def test_what_a_mail_process_gets(made, homes):
    suite = made("one two", settings={
        "mail_access_groups": "mail 61300", "mail_process_size": "300M",
        "mail_location": "maildir:%h/%Lu:INDEX=/x%%y",
    })
    wire = suite.imap()
    wire.send(f"tag.1 LOGIN joe {PASSWORD}")
    assert wire.line() == "tag.1 OK [CAPABILITY IMAP4rev1 OWN] Here you are"
    (found,) = homes.reported()
    host, port = wire.local
    addr, here = suite.addr("imap")
    home = str(homes.dir / "joe")
    env = found["environ"]
    kept = env.pop("DOVECOT_PRESERVE_ENVS").split()
    assert set(kept) >= {
        "IMAPLOGINTAG", "CLIENT_INPUT", "IP", "MAIL", "USER",
    }
    assert len(env.pop("SESSION")) == 16
    env.pop("TZ", None)
    env.pop("LC_CTYPE", None)  # Python's own
    assert env == {
        "HOME": home, "USER": "joe", "LOGNAME": "joe",
        "AUTHENTICATED": "joe", "AUTHADDR": "joe", "AUTHFULLNAME": "joe",
        "PATH": "/usr/local/bin:/usr/bin:/bin", "PROTOCOL": "IMAP",
        "IP": host, "TCPREMOTEIP": host, "TCPREMOTEPORT": str(port),
        "LOCAL_IP": addr, "TCPLOCALIP": addr, "TCPLOCALPORT": str(here),
        "LOGGED_IN": "1", "IMAPLOGINTAG": "tag.1", "LOGIN_TAG": "tag.1",
        "MAIL": f"maildir:{home}/joe:INDEX=/x%y",
    }
    assert found["argv"] == [str(homes.reports), "one", "two"]
    assert found["fds"].keys() - {"3"} == {"0", "1", "2"}
    assert found["is_socket"] and found["is_same"] and found["blocks"]
    assert found["cwd"] == home and found["umask"] == 0o077
    assert found["uids"] == [UID] * 3 and found["gids"] == [GID] * 3
    assert sorted(found["groups"]) == [8, 61300]
    assert found["memory"] == 300 << 20
    assert found["sid"] == found["pid"]
    # Its words reach the log as lines of its own, made safe.
    suite.wait_log(rf"imap\[{found['pid']}\]: a line\S* for the log$")
    assert "\x1b" not in suite.log()


def test_what_a_mail_process_of_pop3_gets(made, homes):
    suite = made("", tls=True)
    wire = client_of(suite, "pop3", "implicit")
    assert log_in(wire, "pop3")[0]
    (found,) = homes.reported()
    env = found["environ"]
    assert env["PROTOCOL"] == "POP3" and env["SECURED"] == "1"
    assert "IMAPLOGINTAG" not in env and "LOGIN_TAG" not in env
    assert PASSWORD not in str(found)
    assert found["fds"].keys() - {"3"} == {"0", "1", "2"}
    assert found["blocks"]


def test_a_home_that_is_not_there(made, homes):
    suite = made("")
    add_local(suite, "nobody.home")
    assert log_in(suite.imap(), "imap", "nobody.home")[0]
    (found,) = homes.reported()
    assert found["cwd"] == "/"
    assert found["environ"]["HOME"] == str(homes.dir / "nobody.home")


# Programs of other kinds, and those that fail.


def test_a_program_that_greets_with_preauth(made):
    """Relayed in clear, too; the client gets the answer it waits for."""
    suite = made("preauth", imap={"mail_handover": "no"})
    wire = suite.imap()
    untagged, line = wire.login("joe", PASSWORD)
    assert not untagged
    assert line == "a OK [CAPABILITY IMAP4rev1 OWN] Here you are"
    wire.ok("NOOP", "b")
    assert "handed-over" not in suite.wait_log(r"login: user=<joe>.*")[0]


def test_a_program_that_does_not_tell_its_capabilities(made):
    suite = made("bare")
    wire = suite.imap()
    wire.ok("CAPABILITY", "x")
    untagged, line = wire.login("joe", PASSWORD)
    assert untagged == ["* CAPABILITY IMAP4rev1 OWN"]
    assert line == "a OK LOGIN Ok."


@pytest.mark.parametrize("service, code", [
    ("imap", "[UNAVAILABLE]"), ("pop3", "[SYS/TEMP]"),
])
def test_a_program_that_is_not_there(made, service, code):
    """A named answer, and the client may try again."""
    no = {"mail_executable": "/nonexistent/mail"}
    suite = made(imap=no, pop3=no)
    suite.allow("not started")
    wire = client_of(suite, service)
    for _ in range(2):
        assert code in refused(wire, service)
    suite.wait_log(r"/nonexistent/mail: not started for uid \d+: No such file")
    # Its place is free again, and the connection works as before.
    suite.wait_log(r"refused: user=<joe> .* reason=mail-process-failed")


def test_a_program_that_dies_or_refuses(made):
    for words in ("die", "refuse"):
        suite = made(words, tls=True)
        suite.allow("exit status 7")
        for service, codes in [
            ("imap", ("[UNAVAILABLE]", "[INUSE]")),
            ("pop3", ("[SYS/TEMP]", "[IN-USE]")),
        ]:
            wire = client_of(suite, service, "implicit")
            line = refused(wire, service)
            assert codes[words == "refuse"] in line
        if words == "die":
            suite.wait_log(r'disconnected: .* reason="exit status 7')
            wire = suite.imap()
            wire.send(f"a LOGIN joe {PASSWORD}")
            wire.expect_eof()


def test_a_program_that_says_nothing(made):
    suite = made("silent", tls=True, settings={"login_proxy_timeout": "1s"})
    suite.allow("no login in time")
    wire = client_of(suite, "imap", "implicit")
    assert "[UNAVAILABLE]" in refused(wire, "imap")


# Limits.


@pytest.mark.parametrize("service, code", [
    ("imap", "[UNAVAILABLE]"), ("pop3", "[SYS/TEMP]"),
])
def test_max_mail_processes(made, service, code):
    """At the limit, one over it, and again when one has gone."""
    suite = made("", settings={"max_mail_processes": 2})
    first, second, third = (client_of(suite, service) for _ in range(3))
    assert log_in(first, service)[0] and log_in(second, service)[0]
    assert code in refused(third, service)
    suite.wait_log(r"warning: mail processes: 2 run .* max_mail_processes = 2")
    found = suite.ctl_keys("status")
    other = {"imap": "pop3", "pop3": "imap"}[service]
    assert found[f"mail.{service}.processes"] == "2"
    assert found[f"mail.{other}.processes"] == "0"
    assert (found["mail.tickets"], found["mail.max"]) == ("0", "2")
    assert "mail processes: 2 of 2, " in suite.ctl("status")
    first.close()
    procs.wait_until(lambda: len(mail_pids(suite)) == 1, "its end")
    assert suite.ctl_keys("status")[f"mail.{service}.processes"] == "1"
    procs.wait_until(lambda: log_in(third, service)[0], "a place")


def test_max_mail_processes_of_zero(made):
    suite = made("", settings={"max_mail_processes": 0})
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap")


@pytest.mark.parametrize("how", ["plain", "implicit"])
def test_places_of_a_user(made, how):
    """mail_max_userip_connections counts mail processes, with and without us."""
    suite = made("", tls=True, settings={"mail_max_userip_connections": 2})
    wires = [client_of(suite, "imap", how) for _ in range(3)]
    assert log_in(wires[0], "imap")[0] and log_in(wires[1], "imap")[0]
    assert "[LIMIT]" in refused(wires[2], "imap")
    # Another protocol has its own.
    assert log_in(suite.pop3(), "pop3")[0]
    wires[0].close()
    procs.wait_until(lambda: log_in(wires[2], "imap")[0], "a place")


def test_a_new_auth_knows_the_places(made):
    suite = made("", settings={"mail_max_userip_connections": 2})
    wires = [suite.imap() for _ in range(2)]
    assert all(log_in(wire, "imap")[0] for wire in wires)
    (auth,) = suite.children("auth")
    suite.allow("auth")
    os.kill(auth, signal.SIGKILL)
    procs.wait_until(
        lambda: [pid for pid in suite.children("auth") if pid != auth], "auth"
    )
    last = suite.imap()
    procs.wait_until(
        lambda: "[LIMIT]" in last.login("joe", PASSWORD)[1], "the limit"
    )
    for wire in wires:
        wire.ok("NOOP", "b")
    wires[0].close()
    procs.wait_until(lambda: log_in(suite.imap(), "imap")[0], "a place")


# Tickets: a login process that was taken over shows what it should not.

OK, REFUSED = 0, 2


@pytest.fixture
def misused(homes):
    """
    What a hostile pop3-login found out; the suite it ran in lives on.  The
    mode of processes does not matter to it.
    """
    suites = []

    def run(plan, count=1, **settings):
        suite = Suite(
            start=False,
            **local_options(homes, settings=settings, imap={
                "mail_executable": f"{homes.program} {homes.reports}",
            }),
        )
        suites.append(suite)
        suite.allow(".")
        result = suite.dir / "result"
        evil = suite.dir / "evil"
        evil.write_text(
            f"#!/usr/bin/python3 -BI\nPLAN = 'tickets: {plan}'\n"
            f"RESULT = {str(result)!r}\n" + HOSTILE.read_text()
        )
        evil.chmod(0o755)
        suite.write_conf(pop3={
            "login_executable": evil, "login_processes_count": count,
            "mail_executable": f"{homes.program} {homes.reports}",
        })
        add_local(suite, "joe")
        suite.start()
        procs.wait_until(result.exists, "the result")
        assert log_in(suite.imap(), "imap")[0]
        return json.loads(result.read_text()), suite

    yield run
    for suite in suites:
        suite.close()


def test_forged_and_used_tickets(misused):
    found, suite = misused("forged tickets")
    assert found["bad"] == [REFUSED]
    assert found["good"] == OK and found["has_pid"]
    assert found["again"] == REFUSED and found["again_pid"] == 0
    suite.wait_log(r"pop3-login\[\d+\]: shows a ticket that is none")


def test_the_ticket_of_another_process(misused):
    found, _ = misused("foreign ticket", count=2)
    assert found == {"foreign": REFUSED, "own": OK}


def test_the_ticket_of_another_service(misused):
    found, _ = misused("another service")
    assert found == {"result": REFUSED}


def test_a_ticket_with_something_that_is_no_connection(misused):
    """It is used up by that, too."""
    found, _ = misused("no connection")
    assert found == {"pipe": REFUSED, "again": REFUSED}


def test_tickets_that_nobody_shows(misused):
    """They are bounded, and have their places back when they have aged."""
    found, suite = misused("many tickets", max_mail_processes=101)
    assert found == {"given": 100}
    # One place was left, and is taken now.
    assert "[UNAVAILABLE]" in refused(suite.imap(), "imap")
    last = suite.imap()
    procs.wait_until(lambda: log_in(last, "imap")[0], "a place", 20)


# Life and death.


def test_sessions_outlive_a_reload(made):
    """And the new auth knows of them."""
    suite = made("", tls=True, settings={"mail_max_userip_connections": 3})
    wires = [client_of(suite, "imap", how) for how in ("plain", "implicit")]
    assert all(log_in(wire, "imap")[0] for wire in wires)
    pids = mail_pids(suite)
    reload(suite)
    procs.wait_until(lambda: len(suite.children("auth")) == 1, "one auth")
    third, fourth = suite.imap(), suite.imap()
    assert log_in(third, "imap")[0]
    assert "[LIMIT]" in refused(fourth, "imap")
    assert set(pids) <= set(mail_pids(suite))
    for wire in wires:
        wire.ok("NOOP", "b")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_sessions_outlive_the_master(made, number):
    suite = made(tls=True)
    wires = [client_of(suite, "imap", how) for how in ("plain", "implicit")]
    assert all(log_in(wire, "imap")[0] for wire in wires)
    pids = mail_pids(suite)
    assert len(pids) == 2
    suite.stop(number)
    for wire in wires:
        wire.ok("SELECT INBOX", "b")
        assert "first message" in wire.ok("FETCH 1 BODY.PEEK[TEXT]", "c")[0]
        wire.ok("LOGOUT", "d")
        wire.expect_eof()
    procs.wait_gone(pids)


def test_shutdown_clients_ends_them(made):
    suite = made(settings={"shutdown_clients": "yes"})
    wire = suite.imap()
    assert log_in(wire, "imap")[0]
    pids = mail_pids(suite)
    suite.stop()
    procs.wait_gone(pids)


def test_a_mail_process_is_killed(made):
    suite = made("", tls=True)
    wires = [client_of(suite, "imap", how) for how in ("plain", "implicit")]
    assert all(log_in(wire, "imap")[0] for wire in wires)
    for pid in mail_pids(suite):
        os.kill(pid, signal.SIGKILL)
    for wire in wires:
        wire.expect_eof()
    suite.wait_log(r'disconnected: .*reason="killed by signal 9 \(SIGKILL\)"')
    procs.wait_until(lambda: not mail_pids(suite), "no zombies")


def test_a_login_process_is_killed(made):
    """What it relayed ends; what it has handed over does not notice."""
    suite = made("", tls=True)
    suite.allow("died")
    direct, relayed = suite.imap(), client_of(suite, "imap", "implicit")
    assert log_in(direct, "imap")[0] and log_in(relayed, "imap")[0]
    assert len(mail_pids(suite)) == 2
    for pid in suite.children("imap-login"):
        os.kill(pid, signal.SIGKILL)
    relayed.expect_eof()
    procs.wait_until(lambda: len(mail_pids(suite)) == 1, "the relayed one")
    direct.ok("NOOP", "b")


def test_a_client_that_leaves_amid_the_start(made):
    """Nothing is left of it, however early it goes."""
    suite = made("")
    for i in range(30):
        wire = suite.imap()
        wire.send(f"a LOGIN joe {PASSWORD}" + "\r\nb NOOP" * (i % 2))
        if i % 3:
            time.sleep(0.003 * (i % 7))
        wire.close()
    procs.wait_until(lambda: not mail_pids(suite), "the end of all")
    assert log_in(suite.imap(), "imap")[0]


def test_descriptors_of_the_master_stay_level(made):
    suite = made("")

    def one():
        wire = suite.imap()
        assert log_in(wire, "imap")[0]
        wire.ok("LOGOUT", "b")

    one()
    procs.wait_until(lambda: not mail_pids(suite), "its end")
    before = len(procs.fds(suite.pid))
    for _ in range(20):
        one()
    procs.wait_until(lambda: not mail_pids(suite), "their end")
    # In the mode of a process a client spares come and go.
    procs.wait_until(
        lambda: len(procs.fds(suite.pid)) <= before + 12, "few descriptors"
    )


def test_wicketctl_tells_of_local_logins(made, homes):
    suite = made("")
    found = suite.ctl_keys("auth", "test", "joe", input=PASSWORD + "\n")
    assert found["result"] == "ok"
    assert found["local.uid"] == str(UID) and found["local.gid"] == str(GID)
    assert found["local.home"] == str(homes.dir / "joe")
    assert found["local.mail"] == "maildir:~/Maildir"
    assert not mail_pids(suite)
