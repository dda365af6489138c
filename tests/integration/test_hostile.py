"""Hostile clients: what no byte of theirs may do (plain connections)."""

import re
import time

import pytest

from harness import procs
from harness.client import b64, plain
from harness.host import IMAP_CAPS, Host
from harness.suite import Background
from harness.wire import WireError, connect

SUITE = {
    "settings": {"login_bad_commands": 3, "auth_failure_delay": 0},
    "auth": {"mechanisms": "plain login"},
}
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + b"\xaa" * 190


@pytest.fixture
def joe(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite.imap()


@pytest.fixture
def pop(suite, hosts):
    suite.add_row(hosts.row("joe"))
    return suite.pop3()


def rest_of(client, seconds=5):
    """Everything that comes until the close; fails when there is none."""
    return client.expect_eof(seconds)


def is_usable(client, tag="z"):
    """A good login still works on this connection."""
    client.ok("LOGIN joe pw", tag)
    return True


def authenticate(client, response, tag="a"):
    client.send(f"{tag} AUTHENTICATE PLAIN")
    client.expect(r"\+ ")
    client.send(response)
    return client.answer(tag)[1]


# T-I: nothing of a client's may become structure for the mail host.


def test_T_I1_crlf_in_a_pop3_sasl_password(pop, hosts):
    response = plain("joe", "pw\r\nDELE 1")
    assert pop.command(f"AUTH PLAIN {response}").startswith("-ERR")
    assert not hosts.pop3.wires


def test_T_I1_crlf_in_an_imap_sasl_password(joe, hosts):
    for password in ("pw\r\nZ NOOP", "pw\n", "p\x01w", "p\tw", "pw\x7f"):
        client_line = authenticate(joe, plain("joe", password))
        assert client_line.startswith(("a NO", "a BAD"))
        joe = joe.__class__(connect(joe.peer).sock, 10)
    assert not hosts.imap.wires


def test_T_I2_crlf_in_a_literal(joe, hosts):
    joe.send(b"a LOGIN joe {10+}\r\npw\r\nZ NOOP\r\n")
    line = joe.answer()[1]
    assert line.startswith(("a NO", "a BAD"))
    assert not hosts.imap.wires
    assert is_usable(joe)


def test_T_I3_nul_in_a_sasl_password(joe, hosts):
    line = authenticate(joe, b64("\0joe\0pw\0tail"))
    assert line.startswith(("a NO", "a BAD"))
    assert hosts.logins == []


@pytest.mark.parametrize("destuser", ["joe\r\nDELE 1", "joe\n", "j\0e", "j\x1b"])
def test_T_I4_control_characters_in_destuser(suite, hosts, destuser):
    suite.allow(r"control character|destuser")
    suite.add_row(hosts.row("joe", destuser=destuser))
    assert suite.imap().login("joe", "pw")[1].startswith("a NO [UNAVAILABLE]")
    assert suite.pop3().login("joe", "pw").startswith("-ERR [SYS/TEMP]")
    assert not hosts.imap.wires and not hosts.pop3.wires
    suite.wait_log(r"destuser")


@pytest.mark.parametrize("password", ["p\nw", "p\rw", "p\tw"])
def test_T_I5_control_characters_in_pass(suite, hosts, password):
    suite.allow(r"\bpass\b")
    suite.add_row(hosts.row("joe", **{"pass": password}, password="{PLAIN}pw", nopassword=None))
    assert suite.imap().login("joe", "pw")[1].startswith("a NO [UNAVAILABLE]")
    assert suite.pop3().login("joe", "pw").startswith("-ERR [SYS/TEMP]")
    assert not hosts.imap.wires and not hosts.pop3.wires


@pytest.mark.parametrize("caps", ["IMAP4rev1", IMAP_CAPS])
def test_T_I6_a_literal_waits_for_plus(suite, caps):
    """Without LITERAL+ nothing follows {n} before the host's `+`."""
    password = "p\u00e4x"
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send(f"a AUTHENTICATE PLAIN {plain('joe', password)}")
        wire = host.accept()
        wire.send(f"* OK [CAPABILITY {caps}] ready")
        tag, user, got = wire.imap_wait_login(caps)
        assert (user, got) == (b"joe", password.encode())
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
        assert client.answer()[1].startswith("a OK")


def test_T_I6_a_host_that_refuses_the_literal(suite):
    """The bytes of the password must not arrive as a command."""
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send(f"a AUTHENTICATE PLAIN {plain('joe', 'gehe' + chr(0xe4))}")
        wire = host.accept()
        wire.send("* OK ready")
        tag, verb, args = wire.imap_command(plus=False)
        assert verb == "LOGIN"
        wire.send(f"{tag} BAD no literals here")
        assert client.answer()[1].startswith("a NO")
        wire.poll(0.5)
        assert b"gehe" not in bytes(wire.received)


@pytest.mark.parametrize(
    "password",
    ['"', "\\", '\\"', "{3}", "{3+}", "*", "(", "%", " ", "a b", "NIL", "]",
     "~!@#$%^&*()_+`-={}|[]:;'<>?,./", "x" * 255],
)
def test_T_I8_credentials_arrive_as_they_are(suite, hosts, password):
    suite.add_row(hosts.row("joe"))
    client = suite.imap()
    client.send(f"a AUTHENTICATE PLAIN {plain('joe', password)}")
    assert client.answer()[1].startswith("a OK")
    client = suite.pop3()
    client.send(f"AUTH PLAIN {plain('joe', password)}")
    client.expect(r"\+OK")
    assert hosts.logins == [("joe", password)] * 2


# T-A: mechanisms and names.


def test_T_A1_long_names_and_passwords(suite, hosts):
    user, password = "u" * 255, "p" * 255
    suite.add_row(hosts.row(user))
    assert suite.imap().login(user, password)[1].startswith("a OK")
    client = suite.pop3()
    assert client.command(f"AUTH PLAIN {plain(user, password)}").startswith("+OK")
    for size in (256, 500, 1000, 1024):
        line = suite.imap().login("v" * size, "pw")[1]
        assert line.startswith(("a NO", "a BAD"))
        line = suite.imap().command(f"LOGIN joe {'p' * size}")[1]
        assert line.startswith(("a NO", "a BAD"))


def test_T_A1_100_kb(suite):
    client = suite.imap()
    Background(send_quietly, client, b"a LOGIN joe " + b"p" * 100000 + b"\r\n")
    assert b"* BYE" in rest_of(client)
    client = suite.pop3()
    Background(send_quietly, client, b"USER " + b"p" * 100000 + b"\r\n")
    assert b"-ERR" in rest_of(client)


def send_quietly(client, data):
    try:
        client.send(data)
    except OSError:
        pass


def test_T_A2_unknown_user_and_wrong_password_look_alike(new_suite, hosts):
    suite = new_suite(settings={"auth_failure_delay": "1s"})
    suite.add_row(
        hosts.row("joe", password="{PLAIN}right", nopassword=None, nodelay=None)
    )
    answers = {}
    for user in ("joe", "nobody"):
        start = time.monotonic()
        client = suite.imap()
        answer = client.login(user, "wrong")
        taken = time.monotonic() - start
        assert 0.9 < taken < 5
        client.ok("NOOP")
        pop3 = suite.pop3()
        answers[user] = answer, pop3.login(user, "wrong"), pop3.command("QUIT")
    assert answers["joe"] == answers["nobody"]
    assert answers["joe"][0][1].startswith("a NO [AUTHENTICATIONFAILED]")


def test_T_A3_authorization_identity(suite, hosts):
    suite.add_row(hosts.row("joe"))
    suite.add_row(hosts.row("bob"))
    client = suite.imap()
    assert authenticate(client, plain("joe", "pw", "joe")).startswith("a OK")
    client = suite.imap()
    line = authenticate(client, plain("joe", "pw", "bob"))
    assert line.startswith("a NO [AUTHORIZATIONFAILED]")
    assert hosts.logins == [("joe", "pw")]
    assert is_usable(client)


JUNK = [b"A", b"AA=A", b"AAAA=", b" AAAA", b"=AAA", b"AB==", b"A===", b"====",
        b"AAAA AAAA", b"AAA-", b"AAAAA"]


@pytest.mark.parametrize("junk", JUNK)
def test_T_A4_junk_for_base64(joe, junk):
    for _ in range(2):
        joe.send("a AUTHENTICATE PLAIN")
        joe.expect(r"\+ ")
        joe.send(junk + b"\r\n")
        assert joe.answer()[1].startswith("a BAD")
    assert is_usable(joe)


def test_T_A4_the_third_junk_closes(joe):
    for _ in range(3):
        joe.send("a AUTHENTICATE PLAIN")
        joe.expect(r"\+ ")
        joe.send("====")
        joe.until(r"a BAD|\* BYE")
    rest_of(joe)


def test_T_A4_nul_in_base64(joe):
    joe.send("a AUTHENTICATE PLAIN")
    joe.expect(r"\+ ")
    joe.send(b"AAA\0\r\n")
    assert rest_of(joe).startswith((b"", b"a BAD", b"* BYE", b"* BAD"))


@pytest.mark.parametrize("response", ["", "=", "AA==", "AAAA", "AAA=", b64("joe")])
def test_T_A5_empty_responses(joe, hosts, response):
    line = authenticate(joe, response)
    assert line.startswith(("a NO", "a BAD"))
    line = joe.command(f"AUTHENTICATE PLAIN {response}".rstrip() or "=")[1] \
        if response else "a BAD"
    assert line.startswith(("a NO", "a BAD"))
    assert is_usable(joe)
    assert hosts.logins == [("joe", "pw")]


def test_T_A5_empty_steps_of_login(joe, hosts):
    for first, second in (("", None), (b64("joe"), "")):
        joe.send("a AUTHENTICATE LOGIN")
        joe.expect(r"\+ ")
        joe.send(first)
        line = joe.line()
        if line.startswith("+"):
            joe.send(second or "")
            line = joe.line()
        assert line.startswith(("a NO", "a BAD"))
    assert is_usable(joe)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "part",
    [b"", b"a", b"a LOGIN {3}\r\n", b"a LOGIN {3+}\r\njo", b"a LOGIN joe pw\r\n",
     b"a AUTHENTICATE PLAIN\r\n", b"a AUTHENTICATE PLAIN\r\nAGpv",
     b"a AUTHENTICATE LOGIN\r\n", b"a AUTHENTICATE LOGIN\r\nam9l\r\n"],
)
def test_T_A6_hang_up_midway(suite, hosts, part, how):
    suite.add_row(hosts.row("joe"))
    before = set(suite.children("auth"))
    for _ in range(5):
        client = suite.imap()
        client.send(part)
        getattr(client, how)()
    assert is_usable(suite.imap())
    assert set(suite.children("auth")) == before


@pytest.mark.parametrize(
    "name", [b"\xc3\x28", b"\xff\xfe", b"\xed\xa0\x80", b"j\xc3\xb6", b"a b", b"%u"]
)
def test_T_A7_odd_bytes_in_names(suite, hosts, name):
    suite.add_row(hosts.row("joe"))
    assert is_usable(suite.imap())
    asked = reads_of_workers(suite)
    client = suite.imap()
    client.send(b"a LOGIN {%d+}\r\n%s pw\r\n" % (len(name), name))
    assert client.answer()[1].startswith("a NO [AUTHENTICATIONFAILED]")
    client = suite.pop3()
    client.send("AUTH PLAIN " + b64(b"\0" + name + b"\0pw"))
    client.expect(r"-ERR \[AUTH\]")
    # Nothing was asked of the database.
    assert reads_of_workers(suite) == asked


def reads_of_workers(suite):
    """System calls that read, by worker."""
    return {
        pid: re.search(r"syscr: (\d+)", procs.read(pid, "io").decode())[1]
        for pid in suite.wait_children("auth-worker", 1)
    }


@pytest.mark.parametrize("mech", ["LOGIN command", "PLAIN", "LOGIN"])
def test_T_A10_wrong_then_right(joe, hosts, mech):
    for password in ("wrong-secret", "right"):
        if mech == "LOGIN command":
            line = joe.login("joe", password)[1]
        elif mech == "PLAIN":
            line = authenticate(joe, plain("joe", password))
        else:
            joe.send("a AUTHENTICATE LOGIN")
            joe.expect(r"\+ ")
            joe.send(b64("joe"))
            joe.expect(r"\+ ")
            joe.send(b64(password))
            line = joe.answer()[1]
        assert line.startswith("a NO" if password != "right" else "a OK")
    assert b"wrong" not in bytes(hosts.imap.wires[-1].received) or (
        len(hosts.imap.wires) == 1
    )
    assert hosts.logins[-1] == ("joe", "right")


# T-P: the grammar.


@pytest.mark.parametrize(
    "tag",
    [b"+", b"*", b"", b" ", b"t" * 65, b"a{3}", b'a"', b"a(b", b"a%", b"a\\",
     b"\x80a", b"a+b"],
)
def test_T_P1_bad_tags_are_not_echoed(suite, tag):
    client = suite.imap()
    client.send(tag + b" NOOP\r\n")
    client.expect(r"\* BAD")
    assert client.command("NOOP", "good")[1].startswith("good OK")
    if tag.strip():
        assert b"\r\n" + tag + b" " not in bytes(client.received).replace(
            b"\r\n* ", b"\r\n"
        )


def test_T_P1_html_is_not_echoed(suite):
    client = suite.imap()
    client.send("<script>alert(1)</script> NOOP")
    client.expect(r"\* BAD")
    client.send("<script> LOGIN <b>x</b>")
    client.line()
    assert b"script" not in bytes(client.received)
    assert b"<b>" not in bytes(client.received)


@pytest.mark.parametrize("service", ["imap", "pop3"])
@pytest.mark.parametrize(
    "first",
    [b"GET / HTTP/1.1\r\nHost: xyzzy\r\n\r\n", b"POST /xyzzy HTTP/1.0\r\n\r\n",
     b"HEAD /xyzzy HTTP/1.0\r\n\r\n", b"PUT /xyzzy HTTP/1.0\r\n\r\n",
     b"CONNECT xyzzy:1 HTTP/1.0\r\n\r\n", b"OPTIONS /xyzzy HTTP/1.0\r\n\r\n",
     b"SSH-2.0-xyzzy\r\n", TLS_HELLO],
)
def test_T_P2_foreign_protocols(suite, service, first):
    client = getattr(suite, service)()
    greeting = len(client.received)
    client.send(first)
    rest_of(client)
    answer = bytes(client.received[greeting:])
    assert b"xyzzy" not in answer and b"\xaa" not in answer
    assert b"HTTP" not in answer


def test_T_P3_nul_and_formats_in_the_tag(suite):
    client = suite.imap()
    client.send(b"a\0%n%n%s LOGIN x y\r\n")
    client.expect(r"\* BAD|\* BYE")
    client = suite.imap()
    client.send("a%n%n%s LOGIN x y")
    client.expect(r"\* BAD")


@pytest.mark.parametrize("service", ["imap", "pop3"])
@pytest.mark.parametrize(
    "line", [b"\0 NOOP", b"a NO\0OP", b"a NOOP\0", b"a LOGIN joe \"p\0w\"", b"\0"]
)
def test_T_P4_nul_closes(suite, service, line):
    client = getattr(suite, service)()
    client.send(line + b"\r\n")
    assert rest_of(client).startswith((b"* BAD", b"* BYE", b"a BAD", b"-ERR"))


@pytest.mark.parametrize(
    "line",
    [b'a LOGIN "joe\r\npw"', b'a LOGIN "joe', b'a LOGIN "j\\xe" pw',
     b'a LOGIN "joe" "pw', b'a LOGIN "joe"pw', b'a LOGIN "j\xc3\xb6" pw',
     b"a LOGIN joe", b"a LOGIN joe pw more", b"a LOGIN", b"a LOGIN  joe pw",
     b"a LOGIN (joe) pw", b'a LOGIN joe "pw" '],
)
def test_T_P5_broken_arguments(joe, hosts, line):
    joe.send(line + b"\r\n")
    joe.expect(r"[a*] BAD")
    if b"\r\n" in line:
        joe.expect(r"\* BAD|pw")
    assert joe.command("NOOP", "n")[1].startswith("n OK")
    assert is_usable(joe)
    assert hosts.logins == [("joe", "pw")]


def test_T_P5_nil_is_a_name_and_empty_is_none(suite, hosts):
    suite.add_row(hosts.row("NIL"))
    suite.imap().ok("LOGIN NIL NIL")
    assert hosts.logins == [("NIL", "NIL")]
    line = suite.imap().command('LOGIN "" "x"')[1]
    assert line.startswith(("a NO", "a BAD"))


@pytest.mark.parametrize(
    "literal",
    ["{4294967296}", "{18446744073709551617+}", "{-1}", "{ 3}", "{3 }", "{3++}",
     "{}", "{3-}", "{+3}", "{3+", "{99999999999}", "{0x3}", "{2049}", "{2049+}"],
)
def test_T_P6_broken_literals(suite, literal):
    client = suite.imap()
    client.send(f"a LOGIN {literal}")
    line = client.expect(r"[a*] (BAD|BYE)").string
    if literal in ("{18446744073709551617+}", "{2049+}"):
        assert line.startswith("* BYE")
        rest_of(client)
    assert b"\r\n+" not in bytes(client.received)


def test_T_P6_an_empty_literal_is_a_string(suite):
    client = suite.imap()
    client.send("a LOGIN {0}")
    client.expect(r"\+ ")
    client.send(" pw")
    assert client.answer()[1].startswith(("a NO", "a BAD"))


def test_T_P6_a_literal_is_never_a_command(joe):
    """Of a command that is refused the literal's bytes are none either."""
    data = b"z LOGOUT\r\n"
    joe.send(b"a FROB {%d+}\r\n%s\r\n" % (len(data), data))
    joe.expect(r"a BAD")
    assert joe.command("NOOP", "n")[1].startswith("n OK")


def test_T_P7_a_literal_that_never_ends(new_suite):
    suite = new_suite(settings={"login_timeout": "1s"})
    client = suite.imap()
    client.send("a LOGIN {3}")
    client.expect(r"\+ ")
    start = time.monotonic()
    while not client.is_eof and time.monotonic() < start + 10:
        send_quietly(client, b"x" if time.monotonic() < start + 0.6 else b"")
        client.poll(0.4)
    assert time.monotonic() - start < 8


def test_T_P8_backslashes_of_a_literal_stay(suite, hosts):
    suite.add_row(hosts.row("te@example.com", destuser='te\\"st@example.com'))
    client = suite.imap()
    client.send(b'a LOGIN {14+}\r\nte@example.com "se\\\\\\"cret"\r\n')
    assert client.answer()[1].startswith("a OK")
    assert hosts.logins == [('te\\"st@example.com', 'se\\"cret')]


@pytest.mark.parametrize("tail", [b"X b", b'"', b"{2+}\r\nxx", b"("])
def test_T_P10_garbage_behind_a_literal(joe, hosts, tail):
    joe.send(b"a LOGIN joe {2+}\r\npw" + tail + b"\r\n")
    joe.expect(r"a BAD")
    assert hosts.logins == []


VERDICTS = [
    (b"a NOOP\n", r"a OK"),
    (b"a LOGIN joe pw\n", r"a OK"),
    (b"a NOOP\r\r\n", r"[a*] BAD"),
    (b"a NOOP\rb NOOP\r\n", r"[a*] BAD"),
    (b" a NOOP\r\n", r"\* BAD"),
    (b"a\tNOOP\r\n", r"\* BAD"),
    (b"a NO\xc3\xb6P\r\n", r"a BAD"),
    (b"a  NOOP\r\n", r"a BAD"),
    (b"a NOOP \r\n", r"a (OK|BAD)"),
    (b"a NOOP x\r\n", r"a BAD"),
    (b"a CAPABILITY\tx\r\n", r"a BAD"),
    (b"a\r\n", r"[a*] BAD"),
    (b"\r\n", r"\* BAD"),
    (b"LOGIN joe pw\r\n", r"(\*|LOGIN) BAD"),
]


@pytest.mark.parametrize("line,verdict", VERDICTS)
def test_T_P11_verdicts(joe, line, verdict):
    joe.send(line)
    joe.until(verdict + r"|\S+ (BAD|OK|NO|BYE)")
    assert joe.received.splitlines(keepends=True)[-1].endswith(b"\r\n")
    last = joe.received.splitlines()[-1].decode()
    assert re.match(verdict, last), last


def test_T_P11_cr_alone_ends_nothing(suite):
    client = suite.imap()
    client.send(b"a NOOP\r")
    client.expect_silence()
    client.send(b"\n")
    client.expect(r"a OK")


@pytest.mark.parametrize("extra,is_ok", [(-1, True), (0, True), (1, False)])
def test_T_P12_lines_about_the_limit(suite, extra, is_ok):
    """8,192 bytes, the CR LF not counted."""
    client = suite.imap()
    line = "a LOGIN joe "
    client.send(line + "p" * (8192 + extra - len(line)))
    answer = client.until(r"a (NO|BAD)|\* BYE")[-1]
    if is_ok:
        assert not answer.startswith("* BYE")
        client.ok("NOOP", "n")
    else:
        assert answer.startswith("* BYE")
        rest_of(client)


def test_T_P12_pop3_lines_about_the_limit(suite, hosts):
    user, password = "u" * 250, "p" * 250
    suite.add_row(hosts.row(user))
    client = suite.pop3()
    client.ok(f"USER {user}")
    client.ok(f"PASS {password}")
    client = suite.pop3()
    client.send("USER " + "u" * 251)
    client.expect("-ERR")


def test_T_P15_no_fields_from_bytes(suite, hosts):
    """What would be a separator in some protocol is none in ours."""
    suite.add_row(hosts.row("joe", password="{PLAIN}pw", nopassword=None))
    for password in ("pw\tnopassword=Y", "FAIL\t1", "pw\x01x", "x" * 1024):
        client = suite.imap()
        line = authenticate(client, plain("joe", password))
        assert line.startswith(("a NO", "a BAD"))
    for user in ("joe\tproxy=Y", "joe\nOK\t1", "joe\x01", "joe FAIL 1"):
        client = suite.imap()
        line = authenticate(client, plain(user, "pw"))
        assert line.startswith(("a NO", "a BAD"))
    assert hosts.logins == []
    assert is_usable(suite.imap())


def test_T_P16_pop3_oddities(pop, suite):
    assert pop.command("CAPA extra").startswith(("-ERR", "+OK"))
    if pop.received.endswith(b"+OK\r\n") or b"\n+OK" in pop.received[-200:]:
        pop.poll(0.2)
    client = suite.pop3()
    for line in ("PASS pw", "AUTH PLAIN =", "x" * 256):
        client.send(line)
        client.expect(r"-ERR")
    client = suite.pop3()
    assert client.command("user joe ").startswith("-ERR")
    assert client.command("STLS").startswith("-ERR")
    assert client.command("STLS").startswith("-ERR")


def test_T_P17_an_endless_id(suite):
    client = suite.imap()
    pairs = " ".join(f'"k{n}" "{"v" * 200}"' for n in range(31))
    assert client.command(f"ID ({pairs})")[1].startswith(("a NO", "a BAD"))
    client.ok("ID (\"name\" NIL)", "n")
    client = suite.imap()
    assert client.command("ID " + "(" * 5000)[1].startswith(("a NO", "a BAD"))
    client.ok("NOOP", "n")


def test_T_X4_nested_parentheses(suite):
    client = suite.imap()
    assert client.command("LOGIN " + "(" * 8000)[1].startswith(("a NO", "a BAD"))
    client.ok("NOOP", "n")


def test_T_X5_a_thousand_literals(suite):
    client = suite.imap()
    try:
        client.send(b"a ID (")
        for _ in range(1000):
            client.send(b'"k" {1000+}\r\n' + b"v" * 1000 + b" ")
    except OSError:
        pass
    try:
        client.until(r"\* BYE|a (BAD|NO)")
    except WireError:
        assert client.is_eof


def test_T_X6_aborted_exchanges_leave_nothing(new_suite):
    """Memory stays flat over many exchanges that end in `*`."""
    suite = new_suite(settings={"login_bad_commands": 100})

    def abort(count):
        for _ in range(count // 50):
            client = suite.imap()
            client.send(b"a AUTHENTICATE LOGIN\r\nam9l\r\n*\r\n" * 50)
            for _ in range(50):
                client.expect(r"\+ ")
                client.expect(r"\+ ")
                client.expect(r"a BAD")
            client.close()

    abort(1000)
    before = {
        pid: procs.rss_kb(pid)
        for pid in suite.children("imap-login", "pop3-login", "auth")
    }
    abort(5000)
    after = set(suite.children("imap-login", "auth")) & set(before)
    assert after
    for pid in after:
        assert procs.rss_kb(pid) - before[pid] < 1024, procs.comm(pid)


def test_T_X9_a_client_that_resets_at_once(suite, hosts):
    suite.add_row(hosts.row("joe"))
    for _ in range(50):
        connect(suite.addr("imap")).reset()
    assert is_usable(suite.imap())
    if not suite.per_connection:
        pids = suite.children("imap-login")
        baseline = sum(len(procs.fds(pid)) for pid in pids)
        for _ in range(50):
            connect(suite.addr("imap")).reset()
        procs.wait_until(
            lambda: sum(len(procs.fds(pid)) for pid in pids) <= baseline,
            "descriptors of clients that are gone",
        )


def test_T_A9_one_bad_client_hurts_no_other(suite, hosts):
    """While many send junk, each good login succeeds."""
    suite.add_row(hosts.row("joe"))
    stop = time.monotonic() + 3

    def junk():
        while time.monotonic() < stop:
            for data in (b"a AUTHENTICATE PLAIN\r\n=\r\n", b"\0\xff\r\n",
                         b"a LOGIN {9+}\r\n", b"a AUTHENTICATE PLAIN AAAA\r\n"):
                try:
                    with connect(suite.addr("imap")) as client:
                        client.send(data)
                        client.poll(0.05)
                except OSError:
                    pass

    senders = [Background(junk) for _ in range(4)]
    good = 0
    while time.monotonic() < stop:
        client = suite.imap()
        client.ok("LOGIN joe pw")
        client.close()
        good += 1
    for sender in senders:
        sender.wait()
    assert good > 5


# T-L: logs.


@pytest.mark.parametrize(
    "user",
    [b"joe\nNov 22 00:00:00 fake: login ok", b"joe\x1b[2J", b"\x7f\xff", b"j<>e\"",
     b"%s%s%n%p", b"x" * 10000],
)
def test_T_L1_names_in_the_log(suite, user):
    mark = suite.mark()
    client = suite.imap()
    client.send("a AUTHENTICATE PLAIN " + b64(b"\0" + user + b"\0pw"))
    client.until(r"a (NO|BAD)|\* BYE")
    client.close()
    time.sleep(0.3)
    with open(suite.log_path, "rb") as file:
        file.seek(mark)
        data = file.read()
    assert all(len(line) <= 2100 for line in data.splitlines())
    assert all(byte == 10 or 0x20 <= byte <= 0x7E for byte in data)
    assert not any(line.startswith(b"Nov 22 00:00:00 fake") for line in data.splitlines())


def test_T_L2_the_hosts_text_in_the_log(suite):
    mark = suite.mark()
    with Host() as host:
        suite.add_user("joe", host=host.addr, imap_port=host.port)
        client = suite.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.send("* OK ready")
        tag, _, _ = wire.imap_wait_login()
        wire.send(f"{tag} NO \x1b[2J%s%n <user> \\ x\rfake".encode() + b"\r\n")
        assert client.answer()[1].startswith("a NO")
    suite.wait_log(r"refused: .*joe", mark)
    with open(suite.log_path, "rb") as file:
        file.seek(mark)
        data = file.read()
    assert all(byte == 10 or 0x20 <= byte <= 0x7E for byte in data)


def test_T_L4_formats_with_debug_logging(new_suite, hosts):
    suite = new_suite(
        settings={"auth_verbose": "yes", "auth_debug": "yes"},
    )
    suite.add_row(hosts.row("joe"))
    for name in ("%s%s%n%p", "joe%n"):
        client = suite.imap()
        line = authenticate(client, plain(name, "%s%n%p"))
        assert line.startswith("a NO")
    suite.imap().ok('LOGIN joe "%s%s%n"')
    assert hosts.logins == [("joe", "%s%s%n")]
