"""Who the client is: what trusted proxies say, and what mail hosts hear."""

import base64
import random
import re

import pytest

from harness import procs
from harness.dovecot import DovecotHost
from harness.host import IMAP_CAPS, Host
from harness.suite import QUERY, Background, Suite
from harness.tls import context, tls_client, tls_options, upgrade

PROXY, STRANGER = "127.0.0.5", "127.0.0.6"
SUITE = tls_options({
    "login_trusted_networks": PROXY, "auth_debug": "yes",
    "login_proxy_timeout": "5s",
})
SERVICES = ["imap", "pop3"]
both = pytest.mark.parametrize("service", SERVICES)
CLIENT = {
    "rip": "203.0.113.9", "rport": "4321", "lip": "2001:db8::1",
    "lport": "993", "session": "front/0+9=_.:-", "ttl": "4",
    "transport": "TLS",
}
IMAP_NAMES = {
    "rip": "x-originating-ip", "rport": "x-originating-port",
    "lip": "x-connected-ip", "lport": "x-connected-port",
    "session": "x-session-id", "ttl": "x-proxy-ttl",
    "transport": "x-client-transport",
}
POP3_NAMES = {
    "rip": "ADDR", "rport": "PORT", "lip": "DESTADDR", "lport": "DESTPORT",
    "session": "SESSION", "ttl": "TTL", "transport": "CLIENT-TRANSPORT",
}
QUOTED = r'"((?:[^"\\\r\n]|\\["\\])*)"'


# What a proxy in front says.


def b64_pairs(pairs):
    text = "\t".join(f"{name}={value}" for name, value in pairs.items())
    return base64.b64encode(text.encode()).decode()


def imap_words(said, forward):
    words = [(IMAP_NAMES.get(name, name), value) for name, value in said.items()]
    words += [(f"x-forward-{name}", value) for name, value in forward.items()]
    return " ".join(
        '"%s" "%s"' % (name, re.sub(r'(["\\])', r"\\\1", value))
        for name, value in words
    )


def pop3_words(said, forward):
    words = [f"{POP3_NAMES.get(name, name)}={value}"
             for name, value in said.items()]
    return " ".join(words + [f"FORWARD={b64_pairs(forward)}"] * bool(forward))


def introduce(client, service, forward=(), **said):
    """The client is a proxy and says for whom it comes; the answer."""
    forward = dict(forward)
    if service == "imap":
        return client.command(f"ID ({imap_words(said, forward)})", "i")[1]
    return client.command(f"XCLIENT {pop3_words(said, forward)}")


def is_ok(line):
    return line.startswith(("i OK", "+OK"))


def send_login(client, service, user="joe"):
    if service == "imap":
        client.send(f"a LOGIN {user} pw")
    else:
        client.ok(f"USER {user}")
        client.send("PASS pw")


def login_answer(client, service):
    return client.answer()[1] if service == "imap" else client.line()


# What a mail host hears.


def imap_told(wire, with_login=True, caps=IMAP_CAPS):
    """Greets; the fields of ID.  The login comes without an answer to it."""
    wire.send(f"* OK [CAPABILITY {caps}] ready")
    return imap_id(wire, with_login)


def imap_id(wire, with_login=True):
    tag, text = re.match(r"(\S+) ID \((.*)\)$", wire.line()).groups()
    assert re.fullmatch(f"{QUOTED}( {QUOTED})*", text), text
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(QUOTED, text)]
    fields = dict(zip(words[::2], words[1::2]))
    assert len(fields) * 2 == len(words), "a field twice"
    wire.login_tag = re.match(r"(\S+) LOGIN ", wire.line())[1] \
        if with_login else None
    assert wire.login_tag != tag
    wire.send(f"* ID NIL\r\n{tag} OK done")
    return fields


def pop3_told(wire, greeting="+OK [XCLIENT] ready"):
    """The same of XCLIENT."""
    wire.send(greeting)
    words = wire.expect("XCLIENT (.*)$")[1].split(" ")
    fields = dict(word.split("=", 1) for word in words)
    assert len(fields) == len(words), "a field twice"
    wire.expect("USER joe$")
    wire.send("+OK\r\n+OK")
    wire.expect("PASS pw$")
    return fields


def told(wire, service):
    """What the host is told, by the names of CLIENT, and what is forwarded."""
    if service == "imap":
        fields, names = imap_told(wire), IMAP_NAMES
        wire.send(f"{wire.login_tag} OK [CAPABILITY IMAP4rev1] Logged in")
        forward = {name[10:]: value for name, value in fields.items()
                   if name.startswith("x-forward-")}
    else:
        fields, names, forward = pop3_told(wire), POP3_NAMES, {}
        wire.send("+OK Logged in")
        if "FORWARD" in fields:
            text = base64.b64decode(fields["FORWARD"], validate=True).decode()
            forward = dict(pair.split("=", 1) for pair in text.split("\t"))
    return {name: fields[names[name]] for name in CLIENT}, forward


@pytest.fixture
def host():
    with Host() as made:
        yield made


@pytest.fixture
def joe(suite, host):
    suite.add_user("joe", host=host.addr, imap_port=host.port,
                   pop3_port=host.port)
    return suite


def connect(suite, service, source):
    return getattr(suite, service)(source=source)


# Inwards and onwards.


@both
def test_a_trusted_proxy_says_who_the_client_is(joe, host, service):
    client = connect(joe, service, PROXY)
    assert is_ok(introduce(client, service, {"zone": "a b"}, **CLIENT))
    start = joe.mark()
    send_login(client, service)
    wire = host.accept()
    heard, forward = told(wire, service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    assert heard == {**CLIENT, "ttl": "3"}
    assert forward == {"zone": "a b"}
    joe.wait_log(
        rf"login: user=<joe> .*rip=203\.0\.113\.9 lip=2001:db8::1 "
        rf"real_rip={PROXY} session=front/0\+9=_\.:- ", start)
    client.close()
    wire.close()
    joe.wait_log(rf"disconnected: .*rip=203\.0\.113\.9 .*real_rip={PROXY} "
                 r"session=front/0", start)


@both
def test_what_others_say_is_ignored(joe, host, service):
    client = connect(joe, service, STRANGER)
    start = joe.mark()
    said = {**CLIENT, "ttl": "9"}
    assert is_ok(introduce(client, service, {"zone": "x"}, **said))
    assert is_ok(introduce(client, service, rip="nonsense"))
    joe.wait_log(r"is ignored, it is not in login_trusted_networks", start)
    send_login(client, service)
    heard, forward = told(host.accept(), service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    ours = getattr(joe, service)().peer
    assert heard["rip"], heard["rport"] == (STRANGER, str(client.local[1]))
    assert (heard["lip"], heard["lport"]) == (ours[0], str(ours[1]))
    assert (heard["ttl"], heard["transport"]) == ("4", "insecure")
    assert heard["session"] != CLIENT["session"] and forward == {}
    found = joe.wait_log(r"login: user=<joe> .*rip=(\S+) lip=127.*", start)
    assert found[1] == STRANGER and "real_rip" not in found[0]


@both
def test_queries_know_the_proxy_itself(new_suite, hosts, service):
    suite = new_suite(
        settings={"login_trusted_networks": PROXY},
        query=QUERY + " AND reason = '%{real_rip} %{real_rport} %{real_lip} "
        "%{real_lport} for %r %b'",
    )
    client = connect(suite, service, PROXY)
    ours, port = client.peer[:2]
    suite.add_row(hosts.row(
        "joe", reason=f"{PROXY} {client.local[1]} {ours} {port} for "
        f"{CLIENT['rip']} {CLIENT['rport']}"))
    assert is_ok(introduce(client, service, **CLIENT))
    send_login(client, service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    # Nobody speaks for this one.
    other = connect(suite, service, STRANGER)
    suite.add_row(hosts.row(
        "joe", reason=f"{STRANGER} {other.local[1]} {ours} {port} for "
        f"{STRANGER} {other.local[1]}"))
    send_login(other, service)
    assert login_answer(other, service).startswith(("a OK", "+OK"))


def test_xclient_is_offered_to_all(suite):
    """Who is not believed may be part of a loop, and says so by the TTL."""
    for source in (PROXY, STRANGER):
        greeting = suite.pop3(source=source).greeting
        assert greeting == "+OK [XCLIENT] Mailwicket ready."


@both
@pytest.mark.parametrize("name, value", [
    ("rip", "client.example.org"), ("rip", ""), ("rip", "1.2.3"),
    ("rip", "[2001:db8::1]"), ("rip", "1.2.3.4:25"), ("rip", "01.2.3.4"),
    ("lip", "localhost"), ("rport", "65536"), ("rport", "-1"),
    ("rport", "1x"), ("lport", "http"), ("ttl", "256"), ("ttl", "x"),
    ("session", "a<b"), ("session", "x" * 65), ("session", "\u00e4"),
    ("transport", "yes"),
])
def test_a_trusted_proxy_must_say_what_can_be(joe, host, service, name, value):
    client = connect(joe, service, PROXY)
    if service == "imap" and not value.isascii():
        return
    answer = introduce(client, service, **{**CLIENT, name: value})
    assert answer.startswith(("i BAD", "-ERR")), answer
    send_login(client, service)
    heard, _ = told(host.accept(), service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    assert (heard["rip"], heard["ttl"]) == (PROXY, "4")


@both
def test_one_word_twice_is_refused(suite, service):
    client = connect(suite, service, PROXY)
    if service == "imap":
        line = client.command('ID ("x-proxy-ttl" "3" "X-PROXY-TTL" "3")')[1]
    else:
        line = client.command("XCLIENT TTL=3 ttl=3")
    assert line.startswith(("a BAD", "-ERR")), line


@both
def test_limits_of_what_is_forwarded(suite, service):
    client = connect(suite, service, PROXY)
    for forward, is_good in (
        ({f"n{i}": "v" for i in range(16)}, True),
        ({f"n{i}": "v" for i in range(17)}, False),
        ({"n" * 20: "v"}, True),
        ({"n" * 21: "v"}, False),
    ):
        client = connect(suite, service, PROXY)
        line = introduce(client, service, forward)
        assert is_ok(line) == is_good, (forward, line)


@pytest.mark.parametrize("words", [
    "FORWARD=x", "FORWARD=eA==", "FORWARD=PXY=", "FORWARD=YT1iAWM=",
    "FORWARD=YT1iAGM=", "ADDR", "=x TTL",
])
def test_xclient_that_is_none(suite, words):
    assert suite.pop3(source=PROXY).command(f"XCLIENT {words}").startswith("-ERR")


@both
def test_words_of_no_meaning_are_passed_over(suite, service):
    client = connect(suite, service, PROXY)
    if service == "imap":
        client.ok('ID ("name" "x" "x-connected-name" "mail.example.org" '
                  '"x-multiplex" "0" "x-originating-ip" NIL)')
        client.ok("ID NIL")
    else:
        client.ok("XCLIENT DESTNAME=mail.example.org NAME=x")
        client.ok("XCLIENT ")
        client.ok("XCLIENT")


@both
def test_an_address_alone_has_no_port(joe, host, service):
    client = connect(joe, service, PROXY)
    assert is_ok(introduce(client, service, rip="2001:db8::7"))
    send_login(client, service)
    heard, _ = told(host.accept(), service)
    assert (heard["rip"], heard["rport"]) == ("2001:db8::7", "0")
    assert heard["lip"] == "127.0.0.1" and heard["lport"] != "0"
    assert login_answer(client, service).startswith(("a OK", "+OK"))


@both
def test_allow_nets_sees_the_client(suite, host, service):
    suite.add_user("ann", host=host.addr, imap_port=host.port,
                   pop3_port=host.port, allow_nets="203.0.113.0/24")
    client = connect(suite, service, PROXY)
    send_login(client, service, "ann")
    assert login_answer(client, service).startswith(("a NO", "-ERR"))
    assert is_ok(introduce(client, service, rip="203.0.113.1"))
    send_login(client, service, "ann")
    wire = host.accept()
    wire.send("* BYE" if service == "imap" else "-ERR")
    assert "emporary" in login_answer(client, service)


def test_penalties_are_the_clients(new_suite, hosts):
    """The proxy's own address is trusted; that of the client is not."""
    suite = new_suite(settings={
        "auth_penalty_max": "2s", "login_trusted_networks": PROXY,
    })
    suite.add_row(hosts.row("joe"))
    for n in range(6):
        client = suite.imap(source=PROXY)
        assert is_ok(introduce(client, "imap", rip="203.0.113.66"))
        client.login("joe", f"wrong{n}")
    suite.wait_log(r"penalty: rip=203\.0\.113\.66 has failed")
    client = suite.imap(source=PROXY)
    assert is_ok(introduce(client, "imap", rip="203.0.113.67"))
    client.send("a LOGIN joe pw")
    assert client.answer(timeout=1.5)[1].startswith("a OK")


@both
@pytest.mark.parametrize("way", ["port", "command"])
def test_what_was_said_before_TLS_is_forgotten(joe, host, service, way):
    if way == "port":
        client = tls_client(service, joe.addr(service + "s"), source=PROXY)
        assert is_ok(introduce(client, service, **CLIENT))
    else:
        client = connect(joe, service, PROXY)
        assert is_ok(introduce(client, service, {"zone": "x"}, **CLIENT))
        client = upgrade(client, service)
    send_login(client, service)
    heard, forward = told(host.accept(), service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    if way == "port":
        assert heard == {**CLIENT, "ttl": "3"}
        return
    assert (heard["rip"], heard["transport"]) == (PROXY, "TLS")
    # It may have been somebody else's, but it is on the safe side.
    assert heard["ttl"] == "3"
    assert heard["session"] != CLIENT["session"] and forward == {}


# Outwards.


@both
def test_T_I9_values_do_not_break_structure(joe, host, service):
    evil = {
        "a": '"', "b": "\\", "c": 'x" "x-originating-ip" "6.6.6.6',
        "d": "a=b=c", "e": ") {3+}", "f": "", "g": " lead and trail ",
        "h": "%s%n'--", "i": "\\\"\\\\",
    }
    client = connect(joe, service, PROXY)
    assert is_ok(introduce(client, service, evil, **CLIENT))
    send_login(client, service)
    heard, forward = told(host.accept(), service)
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    assert heard == {**CLIENT, "ttl": "3"}
    assert forward == evil


def test_T_I9_control_characters_are_refused(suite):
    for value in ("a\r\nQUIT", "a\0b", "a\x7f", "a\tb"):
        pairs = base64.b64encode(f"n={value}".encode()).decode()
        line = suite.pop3(source=PROXY).command(f"XCLIENT FORWARD={pairs}")
        assert line.startswith("-ERR"), (value, line)


def test_what_is_not_ascii_goes_by_xclient_only(joe, host):
    forward = {"zone": "gr\u00fcn", "plain": "x"}
    client = joe.pop3(source=PROXY)
    assert is_ok(introduce(client, "pop3", forward))
    send_login(client, "pop3")
    assert told(host.accept(), "pop3")[1] == forward
    client = joe.imap(source=PROXY)
    client.ok("ID (\"x-forward-plain\" \"x\" \"x-forward-zone\" {6+}\r\n"
              "gr\u00fcn )")


def test_a_long_forward_is_left_out_of_xclient(joe, host):
    for size, is_there in ((500, True), (900, False)):
        client = joe.pop3(source=PROXY)
        assert is_ok(introduce(client, "pop3", {"n": "v" * size}))
        start = joe.mark()
        send_login(client, "pop3")
        assert (told(host.accept(), "pop3")[1] != {}) == is_there
        assert client.line().startswith("+OK")
        if not is_there:
            joe.wait_log("proxy: .*too long for XCLIENT", start)


@pytest.mark.parametrize("answer", ["OK done", "NO not now", "BAD what"])
def test_any_answer_to_id_will_do(joe, host, answer):
    client = joe.imap()
    client.send("a LOGIN joe pw")
    wire = host.accept()
    wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
    tag = wire.expect(r"(\S+) ID ")[1]
    login = wire.expect(r"(\S+) LOGIN ")[1]
    wire.send(f"{tag} {answer}\r\n{login} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")


def test_answers_that_do_not_belong_there(joe, host):
    for lines in ("+ go on", "{login} OK in", "{id} OK\r\n{id} OK"):
        client = joe.imap()
        client.send("a LOGIN joe pw")
        wire = host.accept()
        wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] ready")
        tags = {"id": wire.expect(r"(\S+) ID ")[1],
                "login": wire.expect(r"(\S+) LOGIN ")[1]}
        wire.send(lines.format(**tags))
        assert client.answer()[1].startswith("a NO [UNAVAILABLE]")


def test_a_refused_xclient_will_do(joe, host):
    client = joe.pop3()
    send_login(client, "pop3")
    wire = host.accept()
    wire.send("+OK [XCLIENT] ready")
    wire.expect("XCLIENT ")
    wire.expect("USER joe")
    wire.send("-ERR no\r\n+OK")
    wire.expect("PASS pw")
    wire.send("+OK in")
    assert client.line().startswith("+OK")


@both
def test_hosts_that_do_not_announce_it_are_not_told(joe, host, service):
    client = connect(joe, service, PROXY)
    send_login(client, service)
    wire = host.accept()
    if service == "imap":
        assert wire.imap_login("IMAP4rev1 IDLE XID") == (b"joe", b"pw")
    else:
        assert wire.pop3_login("+OK XCLIENT ready") == ("joe", "pw")
    assert login_answer(client, service).startswith(("a OK", "+OK"))
    assert b" ID " not in wire.received and b"XCLIENT" not in wire.received


def test_a_literal_waits_behind_id(suite, host):
    user = "j\u00f6"
    suite.options["auth"] = {}
    suite.add_user("joe", host=host.addr, imap_port=host.port, destuser=user)
    client = suite.imap()
    client.send("a LOGIN joe pw")
    wire = host.accept()
    wire.send("* OK [CAPABILITY IMAP4rev1 ID] ready")
    tag = wire.expect(r"(\S+) ID ")[1]
    login = wire.expect(r"(\S+) LOGIN \{3\}$")[1]
    wire.send(f"{tag} OK\r\n+ go on")
    assert wire.line() == f'{user} "pw"'
    wire.send(f"{login} OK [CAPABILITY IMAP4rev1] in")
    assert client.answer()[1].startswith("a OK")


# T-D8: loops.


@both
@pytest.mark.parametrize("ttl, is_last", [(0, True), (1, True), (2, False)])
def test_T_D8_the_last_hop(joe, host, service, ttl, is_last):
    """Whoever says it: it can do no more than end his own session."""
    for source in (PROXY, STRANGER):
        client = connect(joe, service, source)
        assert is_ok(introduce(client, service, ttl=str(ttl)))
        start = joe.mark()
        send_login(client, service)
        if is_last:
            assert "emporary" in login_answer(client, service)
            joe.wait_log(r"refused: user=<joe> .* reason=proxy-loop", start)
            host.expect_nobody(0.1)
        else:
            assert told(host.accept(), service)[0]["ttl"] == "1"
            login_answer(client, service)


@both
def test_T_D8_the_proxy_knows_itself_whatever_it_is_told(suite, service):
    """The address that a proxy says was connected to is not looked at."""
    addr, port = suite.addr(service)
    suite.add_user("joe", host=addr, **{f"{service}_port": port})
    suite.allow("the proxy itself", "no host to go to")
    client = connect(suite, service, PROXY)
    assert is_ok(introduce(client, service, lip="203.0.113.1", lport="1"))
    start = suite.mark()
    send_login(client, service)
    assert "emporary" in login_answer(client, service)
    suite.wait_log("the proxy itself", start)


@both
@pytest.mark.parametrize("trust", [PROXY, "127.0.0.0/8"])
def test_T_D8_two_proxies_that_point_at_each_other(mode, service, trust):
    """An address that the other's self-check cannot know."""
    options = {"settings": {
        "login_trusted_networks": trust, "login_proxy_timeout": "10s",
        "mail_max_userip_connections": "0",
    }}
    per = mode == "per-connection"
    with Suite(per, **options) as one, Suite(per, **options) as two:
        for here, there in ((one, two), (two, one)):
            addr, port = there.addr(service)
            here.add_user("joe", host=addr, **{f"{service}_port": port})
        client = getattr(one, service)()
        send_login(client, service)
        line = login_answer(client, service)
        assert "UNAVAILABLE" in line or "SYS/TEMP" in line, line
        client.close()

        def count(pattern):
            return len(re.findall(pattern, one.log() + two.log()))

        procs.wait_until(lambda: count("reason=proxy-loop"), "the loop's end")
        procs.wait_until(
            lambda: count("disconnected: ") == count("refused: "), "all to end"
        )
        assert count("reason=proxy-loop") == 1
        assert 1 < count("disconnected: ") <= 5
        assert len(one.children() + two.children()) < 30


# Dovecot behind.


@pytest.fixture(scope="module")
def trusting_dovecot():
    addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.2"
    host = DovecotHost(addr, more="login_trusted_networks = 127.0.0.0/8\n")
    yield host
    host.close()


@both
@pytest.mark.parametrize("source", [PROXY, STRANGER])
def test_dovecot_logs_the_clients_address(
    suite, trusting_dovecot, service, source
):
    suite.add_user("joe@domain.net", host=trusting_dovecot.addr)
    client = connect(suite, service, source)
    rip, session = f"198.51.100.{random.randint(1, 250)}", "s%08x" % (
        random.getrandbits(32))
    introduce(client, service, rip=rip, rport="7", session=session)
    start = suite.mark()
    line = client.login("joe@domain.net", "joepass")
    line = line if service == "pop3" else line[1]
    assert line.startswith(("a OK", "+OK")), line
    if source == STRANGER:
        found = suite.wait_log(r"login: user=<joe@\S+ .* session=(\S+)", start)
        rip, session = STRANGER, found[1]
    (login,) = trusting_dovecot.wait_logins(f"session=<{session}>")
    assert f"rip={rip}," in login, login


@both
def test_dovecot_in_front_is_understood(suite, host, service):
    """Its own words, as its proxies send them."""
    suite.add_user("joe", host=host.addr, imap_port=host.port,
                   pop3_port=host.port)
    client = connect(suite, service, PROXY)
    if service == "imap":
        client.ok('ID ("x-session-id" "Ab/9+cPnNpx/AAAB" "x-originating-ip" '
                  '"203.0.113.5" "x-originating-port" "40000" '
                  '"x-connected-ip" "192.0.2.1" "x-connected-port" "143" '
                  '"x-proxy-ttl" "4" "x-client-transport" "insecure" '
                  '"x-forward-user" "joe")')
    else:
        client.ok("XCLIENT ADDR=203.0.113.5 PORT=40000 "
                  "SESSION=Ab/9+cPnNpx/AAAB TTL=4 CLIENT-TRANSPORT=insecure "
                  "FORWARD=dXNlcj1qb2U=")
    send_login(client, service)
    heard, forward = told(host.accept(), service)
    assert (heard["rip"], heard["ttl"]) == ("203.0.113.5", "3")
    assert (heard["transport"], forward) == ("insecure", {"user": "joe"})
