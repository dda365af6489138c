"""Masters: users who log in as others, here and at the mail host."""

import base64
import re
import subprocess

import pytest

from harness.client import b64, plain
from harness.dovecot import MASTERS
from harness.host import IMAP_CAPS, Host
from harness.suite import COLUMNS, QUERY, default_conf
from harness.wire import WireError

AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"
POP3_AUTHFAIL = "-ERR [AUTH]"
POP3_TEMPFAIL = "-ERR [SYS/TEMP]"
EXTRA = "master", "proxy_mech"
# Of a host that is not told who the client is.
CAPS = IMAP_CAPS.replace(" ID", "") + " AUTH=PLAIN"
MASTER_PREFIX = "master/"


def passdb_sql(path, *lines):
    text = "".join(f"    {line}\n" for line in (f"args = {path}", *lines))
    return f"  passdb sql {{\n{text}  }}\n"


def conf(suite):
    """Masters in rows of their own, behind the users."""
    masters = suite.dir / "masters.conf"
    masters.write_text(
        f"driver = sqlite\nconnect = {suite.db_path}\n"
        "default_pass_scheme = PLAIN\n"
        "password_query = SELECT password, allow_nets FROM users "
        f"WHERE user = '{MASTER_PREFIX}%u'\n"
    )
    masters.chmod(0o600)
    suite.options["passdbs"] = passdb_sql(suite.sql_conf) + passdb_sql(
        masters, "master = yes", "pass = yes"
    )
    return default_conf(suite)


SUITE = {
    "conf": conf,
    "settings": {
        "auth_master_user_separator": "*",
        "login_proxy_timeout": "4s",
        "auth_verbose": "yes",
    },
    "table": f"CREATE TABLE users ({', '.join((*COLUMNS, *EXTRA))}, "
    "PRIMARY KEY (user))",
    "query": QUERY.replace(" FROM", f", {', '.join(EXTRA)} FROM"),
    "sql": "default_pass_scheme = PLAIN\n",
}


def add_master(suite, name="boss", password="bosspass", **columns):
    suite.add_user(MASTER_PREFIX + name, password=password, **columns)


def make_hash(scheme, password):
    """By Dovecot's own program."""
    return subprocess.run(
        ["doveadm", "pw", "-s", scheme, "-p", password],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()


@pytest.fixture
def users(suite, dovecot):
    """joe and john at a real mail host, boss here and there."""
    row = {"host": dovecot.addr, "nopassword": None}
    suite.add_user(
        "joe", password="here", destuser="joe@domain.net", **row
    )
    suite.add_user("john", password="here", **row)
    add_master(suite)
    return suite


@pytest.fixture
def host(suite):
    """A scripted host for joe, where boss acts for him."""
    with Host() as made:
        suite.add_user(
            "joe", host=made.addr, imap_port=made.port, pop3_port=made.port,
            destuser="joe@there",
        )
        add_master(suite)
        yield made


def begin(suite, user="joe*boss", password="bosspass"):
    client = suite.imap()
    client.send(f'a LOGIN "{user}" "{password}"')
    return client


def begin_pop3(suite, user="joe*boss", password="bosspass"):
    client = suite.pop3()
    client.ok(f"USER {user}")
    client.send(f"PASS {password}")
    return client


def decoded(line):
    return base64.b64decode(line).split(b"\0")


# Real mail hosts.


def test_a_master_reads_his_users_mail(users, dovecot):
    mark = users.mark()
    for user, messages in (("joe", 3), ("john", 3)):
        client = users.imap()
        client.ok(f"LOGIN {user}*boss bosspass")
        untagged, _ = client.ok("EXAMINE INBOX")
        assert f"* {messages} EXISTS" in untagged
        client.ok("LOGOUT")
    users.wait_log(
        r"login: user=<joe> .*destuser=<joe@domain.net> master=<boss>", mark
    )
    dovecot.wait_log("Master user logging in as john")


def test_a_master_reads_his_users_mail_by_pop3(users, dovecot):
    for user in ("joe", "john"):
        client = users.pop3()
        assert client.login(f"{user}*boss", "bosspass").startswith("+OK")
        assert client.ok("STAT").split()[1] == "3"
        client.ok("QUIT")
    users.wait_log(r"login: user=<john> .* master=<boss>")


def test_a_master_by_sasl(users):
    response = plain("joe*boss", "bosspass")
    users.imap().ok(f"AUTHENTICATE PLAIN {response}")
    assert users.pop3().command(f"AUTH PLAIN {response}").startswith("+OK")
    client = users.imap()
    client.send("a AUTHENTICATE LOGIN")
    client.expect(r"\+ ")
    client.send(b64("joe*boss"))
    client.expect(r"\+ ")
    client.send(b64("bosspass"))
    assert client.answer()[1].startswith("a OK")


@pytest.mark.parametrize(
    "scheme", ["ARGON2ID", "PBKDF2", "SCRAM-SHA-256", "SHA512-CRYPT"]
)
def test_slow_hashes_of_masters_and_users(users, dovecot, scheme):
    hashed = make_hash(scheme, "bosspass")
    add_master(users, password=hashed)
    users.imap().ok("LOGIN joe*boss bosspass")
    assert users.imap().login("joe*boss", "bosspasT")[1].startswith(AUTHFAIL)
    users.add_user(
        "john", host=dovecot.addr, nopassword=None,
        password=make_hash(scheme, "johnpass"),
    )
    users.imap().ok("LOGIN john johnpass")
    assert users.imap().login("john", "johnpasT")[1].startswith(AUTHFAIL)


def test_users_log_in_as_themselves(users, dovecot):
    users.add_user("john", host=dovecot.addr)
    mark = users.mark()
    users.imap().ok("LOGIN john johnpass")
    line = users.wait_log(r"login: user=<john>.*", mark)[0]
    assert "master" not in line
    users.imap().ok("LOGIN john*john johnpass")


def test_a_master_of_the_row(users, dovecot):
    """The proxy's own master: the client's password is checked here."""
    users.add_user(
        "john", host=dovecot.addr, nopassword=None, password="here",
        master="proxy", **{"pass": MASTERS["proxy"]},
    )
    users.imap().ok("LOGIN john here")
    assert users.pop3().login("john", "here").startswith("+OK")
    assert users.imap().login("john", "johnpass")[1].startswith(AUTHFAIL)
    # It wins over the master who logs in here.
    mark = users.mark()
    users.imap().ok("LOGIN john*boss bosspass")
    users.wait_log(r"login: user=<john> .* master=<proxy>", mark)


def test_an_empty_master_is_none(users, dovecot):
    users.add_user("john", host=dovecot.addr, master="")
    users.imap().ok("LOGIN john johnpass")
    assert users.pop3().login("john", "johnpass").startswith("+OK")


@pytest.mark.parametrize("mech", ["plain", "LOGIN"])
def test_proxy_mech(users, dovecot, mech):
    users.add_user("john", host=dovecot.addr, proxy_mech=mech)
    users.imap().ok("LOGIN john johnpass")
    assert users.imap().login("john", "bad")[1].startswith(AUTHFAIL)
    client = users.pop3()
    assert client.login("john", "bad").startswith(POP3_AUTHFAIL)
    assert client.login("john", "johnpass").startswith("+OK")


def test_a_host_that_does_not_know_the_master(users):
    add_master(users, "chief", "chiefpass")
    assert users.imap().login("joe*chief", "chiefpass")[1].startswith(AUTHFAIL)
    assert users.pop3().login("joe*chief", "chiefpass").startswith(
        POP3_AUTHFAIL
    )


def test_wicketctl_explains_a_master(suite, host):
    keys = suite.ctl_keys("explain", "joe*boss")
    assert (keys["user"], keys["master"]) == ("joe", "boss")
    assert keys["passdb.2.$1"] == "'master/boss'"
    assert keys["passdb.1.$1"] == "'imap'"
    assert keys["passdb.1.$2"] == "'joe'"
    assert (keys["route.destuser"], keys["route.master"]) == (
        "joe@there", "boss",
    )
    assert "master" not in suite.ctl_keys("explain", "joe")


# Who is refused, and how.


def test_T_A2_whatever_is_wrong_is_told_alike(suite, host):
    add_master(suite, "far", "bosspass", allow_nets="10.9.9.9")
    answers, lines = set(), set()
    for user, password in (
        ("joe*boss", "bad"),
        ("joe*nobody", "bosspass"),
        ("nobody*boss", "bosspass"),
        ("joe*far", "bosspass"),
        ("*boss", "bosspass"),
        ("joe*", "bosspass"),
        ("joe*boss*boss", "bosspass"),
        ("jo(e*boss", "bosspass"),
        ("joe*bo(ss", "bosspass"),
        ("boss", "bosspass"),
    ):
        mark = suite.mark()
        answers.add(suite.imap().login(user, password)[1])
        lines.add(suite.pop3().login(user, password))
        suite.wait_log(
            rf"refused: user=<{re.escape(user)}> .*reason=credentials", mark
        )
    assert len(answers) == 1 and answers.pop().startswith(AUTHFAIL)
    assert len(lines) == 1 and lines.pop().startswith(POP3_AUTHFAIL)
    assert not host.wires


def test_who_acts_for_himself_is_no_master(suite, host):
    mark = suite.mark()
    assert suite.imap().login("boss*boss", "bosspass")[1].startswith(AUTHFAIL)
    suite.wait_log("refused: user=<boss> .*reason=credentials", mark)
    assert not host.wires


def test_T_A3_an_authzid_is_no_way_to_be_a_master(suite, host):
    response = plain("boss", "bosspass", "joe")
    answer = suite.imap().command(f"AUTHENTICATE PLAIN {response}")[1]
    assert answer.startswith("a NO [AUTHORIZATIONFAILED]")
    assert not host.wires


def test_T_A10_a_master_and_then_another(suite, host):
    """Nothing of the first try is left in the second."""
    client = suite.imap()
    assert client.login("joe*boss", "bad")[1].startswith(AUTHFAIL)
    client.send("a LOGIN joe pw")
    wire = host.accept()
    assert wire.imap_login() == (b"joe@there", b"pw")
    assert client.answer()[1].startswith("a OK")


@pytest.mark.parametrize("value", ["pro\rxy", "pro\nxy", "pro\x01xy"])
def test_T_I4_control_characters_in_the_rows_master(suite, host, value):
    suite.allow(r"control character in master")
    suite.add_user(
        "joe", host=host.addr, imap_port=host.port, pop3_port=host.port,
        master=value,
    )
    mark = suite.mark()
    assert suite.imap().login("joe", "pw")[1].startswith(TEMPFAIL)
    assert suite.pop3().login("joe", "pw").startswith(POP3_TEMPFAIL)
    suite.wait_log("control character in master", mark)
    assert not host.wires


@pytest.mark.parametrize("name", ["joe*bo\1ss", "joe\r*boss", "joe*bo\0ss"])
def test_T_I1_control_characters_in_a_masters_name(suite, host, name):
    response = plain(name, "bosspass")
    answer = suite.imap().command(f"AUTHENTICATE PLAIN {response}")[1]
    assert answer.startswith("a NO") or answer.startswith("a BAD")
    assert suite.pop3().command(f"AUTH PLAIN {response}").startswith("-ERR")
    assert not host.wires


def test_a_row_without_password_and_with_master(suite, host):
    """T-D1: the host would be shown a master's password, not the client's."""
    suite.allow(r"NULL password")
    suite.add_user(
        "joe", host=host.addr, imap_port=host.port, nopassword=None,
        master="proxy", **{"pass": "proxypass"},
    )
    assert suite.imap().login("joe", "pw")[1].startswith(AUTHFAIL)
    assert not host.wires


def test_master_and_proxy_mech_login(suite, host):
    suite.allow(r"master with a proxy_mech that has no place for it")
    suite.add_user(
        "joe", host=host.addr, imap_port=host.port, master="proxy",
        proxy_mech="login",
    )
    assert suite.imap().login("joe", "pw")[1].startswith(TEMPFAIL)
    assert not host.wires


# What the host gets, byte by byte, and hosts that do odd things.


def test_imap_with_an_initial_response(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {CAPS}] ready")
    tag, verb, args = wire.imap_command()
    assert (verb, args[0], len(args)) == ("AUTHENTICATE", b"PLAIN", 2)
    assert decoded(args[1]) == [b"joe@there", b"boss", b"bosspass"]
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")


def test_imap_that_waits_for_the_plus(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
    tag, verb, args = wire.imap_command()
    assert (verb, args) == ("AUTHENTICATE", [b"PLAIN"])
    wire.expect_silence(0.2)
    wire.send("+ ")
    assert decoded(wire.line()) == [b"joe@there", b"boss", b"bosspass"]
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")


def test_imap_that_says_nothing_of_itself(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK ready")
    tag, verb, _ = wire.imap_command()
    assert verb == "CAPABILITY"
    wire.send(f"* CAPABILITY IMAP4rev1 SASL-IR AUTH=plain\r\n{tag} OK done")
    tag, verb, args = wire.imap_command()
    assert (verb, args[0], len(args)) == ("AUTHENTICATE", b"PLAIN", 2)
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")


@pytest.mark.parametrize(
    "answer", ["{tag} OK done", "{tag} BAD what", "+ what", "* CAPABILITY\r\n{tag} OK"]
)
def test_imap_that_does_not_say_what_it_can_do(suite, host, answer):
    client = begin(suite)
    wire = host.accept()
    mark = suite.mark()
    wire.send("* OK ready")
    tag, verb, _ = wire.imap_command()
    wire.send(answer.format(tag=tag))
    assert client.answer()[1].startswith(TEMPFAIL)
    suite.wait_log("does not say what it can do", mark)
    assert b"AUTHENTICATE" not in wire.received


def test_imap_without_auth_plain(suite, host):
    """LOGIN with the wrong name is not tried instead."""
    mark = suite.mark()
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=LOGIN] ready")
    assert client.answer()[1].startswith(TEMPFAIL)
    suite.wait_log(r'host=\S+ error="host does not offer AUTH=PLAIN"', mark)
    wire.expect_eof()
    assert not wire.received


def test_the_next_host_offers_it(suite, host):
    with Host(addr="127.0.0.2", port=host.port) as second:
        suite.add_user(
            "joe", host=f"{host.addr},{second.addr}", imap_port=host.port
        )
        client = begin(suite)
        host.accept().send("* OK [CAPABILITY IMAP4rev1] ready")
        assert second.accept().imap_login(
            greeting=f"* OK [CAPABILITY {IMAP_CAPS} AUTH=PLAIN] ready"
        ) == (b"boss", b"bosspass")
        assert client.answer()[1].startswith("a OK")


@pytest.mark.parametrize("answer", ["NO no", "NO [AUTHENTICATIONFAILED] no", "BAD what"])
def test_imap_that_does_not_take_authenticate(suite, host, answer):
    """Refused before anything of the user was sent: not his fault."""
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
    tag, _, _ = wire.imap_command()
    wire.send(f"{tag} {answer}")
    assert client.answer()[1].startswith(TEMPFAIL)
    assert b64("bosspass")[:8].encode() not in wire.received


def test_imap_that_refuses_the_master(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {CAPS}] ready")
    tag, _, _ = wire.imap_command()
    wire.send(f"{tag} NO [AUTHORIZATIONFAILED] not him")
    assert client.answer()[1].startswith("a NO [AUTHORIZATIONFAILED]")


def test_imap_that_asks_twice(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
    wire.imap_command()
    wire.send("+ ")
    wire.line()
    wire.send("+ once more")
    assert client.answer()[1].startswith(TEMPFAIL)


def test_the_plus_does_not_come(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
    wire.imap_command()
    assert client.answer(timeout=10)[1].startswith(TEMPFAIL)
    client = begin_pop3(suite)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH PLAIN$")
    client.expect(r"-ERR \[SYS/TEMP\]", 10)


def test_a_plus_before_the_command(suite, host):
    client = begin(suite)
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n+ go")
    with pytest.raises(WireError):
        wire.imap_command()
        wire.line(2)
    assert client.answer(timeout=10)[1].startswith(TEMPFAIL)


def test_pop3_byte_by_byte(suite, host):
    client = begin_pop3(suite)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH PLAIN$")
    wire.expect_silence(0.2)
    wire.send("+ ")
    assert decoded(wire.line()) == [b"joe@there", b"boss", b"bosspass"]
    wire.send("+OK in")
    client.expect(r"\+OK")


@pytest.mark.parametrize("answer", ["-ERR", "-ERR [AUTH] no", "-ERR [SYS/PERM] what", "+OK"])
def test_pop3_that_does_not_take_auth(suite, host, answer):
    mark = suite.mark()
    client = begin_pop3(suite)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH PLAIN$")
    wire.send(answer)
    client.expect(r"-ERR \[SYS/TEMP\]")
    suite.wait_log('error="host does not take AUTH"', mark)
    wire.expect_eof()
    assert bytes(wire.received) == b"AUTH PLAIN\r\n"


@pytest.mark.parametrize(
    "answer, code",
    [("-ERR [AUTH] no", "AUTH"), ("-ERR no", "AUTH"), ("+ more", "SYS/TEMP")],
)
def test_pop3_that_refuses_the_master(suite, host, answer, code):
    client = begin_pop3(suite)
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH PLAIN$")
    wire.send("+")
    wire.line()
    wire.send(answer)
    client.expect(rf"-ERR \[{code}\]")


def test_the_longest_names_and_password(suite, host):
    user, there, password = "u" * 100, "d" * 255, "p" * 1024
    suite.add_user(
        user, host=host.addr, imap_port=host.port, pop3_port=host.port,
        destuser=there, master="m" * 255, **{"pass": password},
    )
    wanted = [there.encode(), b"m" * 255, password.encode()]
    client = suite.imap()
    client.send(f"a LOGIN {user} pw")
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {CAPS}] ready")
    tag, _, args = wire.imap_command()
    assert decoded(args[1]) == wanted and len(args[1]) == 2048
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")
    client = begin_pop3(suite, user, "pw")
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH PLAIN$")
    wire.send("+ ")
    assert decoded(wire.line()) == wanted
    wire.send("+OK in")
    client.expect(r"\+OK")


def test_proxy_mech_login_byte_by_byte(suite, host):
    suite.add_user(
        "joe", host=host.addr, imap_port=host.port, pop3_port=host.port,
        proxy_mech="login",
    )
    client = begin(suite, "joe", "pw")
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=LOGIN] ready")
    tag, verb, args = wire.imap_command()
    assert (verb, args) == ("AUTHENTICATE", [b"LOGIN"])
    for want in ("joe", "pw"):
        wire.send("+ VXNlcjo=")
        assert wire.line() == b64(want)
    wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")
    client = begin_pop3(suite, "joe", "pw")
    wire = host.accept()
    wire.send("+OK ready")
    wire.expect(r"AUTH LOGIN$")
    for want in ("joe", "pw"):
        wire.send("+ VXNlcjo=")
        assert wire.line() == b64(want)
    wire.send("-ERR [AUTH] no")
    client.expect(r"-ERR \[AUTH\]")
