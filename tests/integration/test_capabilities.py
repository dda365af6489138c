"""What clients are told that they can do, before the login and after it."""

import imaplib
import poplib

import pytest

from harness.client import plain
from harness.host import Host

IMAP_OWN = "IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
POP3_OWN = ["CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING",
            "AUTH-RESP-CODE", "USER", "SASL PLAIN LOGIN"]


class Login:
    """A client half way in: its host has greeted and has the login."""

    def __init__(self, suite, asks=False, caps="IMAP4rev1 SASL-IR",
                 verb="LOGIN joe pw", **columns):
        self.host = Host()
        suite.add_user("joe", host=self.host.addr, imap_port=self.host.port,
                       **columns)
        self.client = suite.imap()
        suite.wires.append(self.client)
        if asks:
            self.client.ok("CAPABILITY")
        self.client.send(f"b {verb}")
        self.wire = self.host.accept()
        self.wire.send(f"* OK [CAPABILITY {caps}] ready" if caps else
                       "* OK ready")
        self.tag, _, _ = self.wire.imap_wait_login()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.host.close()

    def send(self, *lines):
        for line in lines:
            self.wire.send(line.replace("TAG", self.tag))

    def asked(self, answer):
        """The host is asked for its list."""
        tag, verb, _ = self.wire.imap_command()
        assert verb == "CAPABILITY"
        for line in answer:
            self.wire.send(line.replace("TAG", tag))

    def told(self):
        return self.client.answer("b")


@pytest.fixture
def login(suite):
    made = []

    def make(**options):
        made.append(Login(suite, **options))
        return made[-1]

    yield make
    for one in made:
        one.host.close()


# Before the login.


def test_capabilities_before_login(suite):
    client = suite.imap()
    assert client.greeting == f"* OK [CAPABILITY {IMAP_OWN}] Mailwicket ready."
    assert client.ok("CAPABILITY")[0] == [f"* CAPABILITY {IMAP_OWN}"]
    assert suite.pop3().multi("CAPA") == POP3_OWN


@pytest.mark.parametrize("setting, imap, pop3", [
    ("+X-MINE", IMAP_OWN.replace(" AUTH=PLAIN", " X-MINE AUTH=PLAIN"),
     POP3_OWN[:6] + ["X-MINE"] + POP3_OWN[6:]),
    ("X-ONLY", "X-ONLY AUTH=PLAIN AUTH=LOGIN",
     ["CAPA", "X-ONLY"] + POP3_OWN[6:]),
    ("+", IMAP_OWN, POP3_OWN),
    # What depends on the connection is not for a setting to say.
    ("+STARTTLS AUTH=GSSAPI logindisabled LITERAL+ idle STLS SASL user UIDL "
     "tOp A A",
     IMAP_OWN.replace(" AUTH=PLAIN", " STLS SASL user UIDL tOp A AUTH=PLAIN"),
     POP3_OWN[:6] + ["STARTTLS", "AUTH=GSSAPI", "logindisabled", "LITERAL+",
                     "idle", "A", "A"] + POP3_OWN[6:]),
])
def test_capability_settings(new_suite, setting, imap, pop3):
    suite = new_suite(imap={"imap_capability": setting},
                      pop3={"pop3_capability": setting})
    assert suite.imap().ok("CAPABILITY")[0] == [f"* CAPABILITY {imap}"]
    assert suite.pop3().multi("CAPA") == pop3


# After it.


@pytest.mark.parametrize("verb", [
    "LOGIN joe pw", "AUTHENTICATE PLAIN " + plain("joe", "pw"),
])
@pytest.mark.parametrize("asks", [False, True])
def test_capabilities_after_login(login, asks, verb):
    """The host's, in the OK for who never asked, else in a line before it."""
    one = login(asks=asks, verb=verb)
    one.send("TAG OK [CAPABILITY IMAP4rev1 X-HOST] in")
    want = "IMAP4rev1 X-HOST"
    assert one.told() == (
        ([f"* CAPABILITY {want}"], "b OK in") if asks else
        ([], f"b OK [CAPABILITY {want}] in"))


@pytest.mark.parametrize("asks", [False, True])
def test_capabilities_of_a_host_that_tells_them_first(login, asks):
    """An untagged line before the OK is as good as a code; the code counts."""
    one = login(asks=asks)
    one.send("* CAPABILITY IMAP4rev1 X-FIRST", "TAG OK in")
    untagged, line = one.told()
    text = untagged[0] if asks else line
    assert "IMAP4rev1 X-FIRST" in text
    one = login(asks=asks)
    one.send("* CAPABILITY IMAP4rev1 X-FIRST",
             "TAG OK [CAPABILITY IMAP4rev1 X-SECOND] in")
    untagged, line = one.told()
    text = untagged[0] if asks else line
    assert "X-SECOND" in text and "X-FIRST" not in text


@pytest.mark.parametrize("caps", ["", "IMAP4rev1 SASL-IR ID ENABLE IDLE"])
def test_capabilities_of_a_silent_host(login, caps):
    """It is asked: our greeting has LITERAL+, which it may not know."""
    one = login(asks=True, caps=caps)
    one.send("TAG OK in")
    one.asked(["* CAPABILITY IMAP4rev1 X-ASKED", "TAG OK done"])
    assert one.told() == (["* CAPABILITY IMAP4rev1 X-ASKED"], "b OK in")
    one = login(caps=caps)
    one.send("TAG OK in")
    one.asked(["* CAPABILITY IMAP4rev1 X-ASKED", "TAG OK done"])
    assert one.told() == ([], "b OK [CAPABILITY IMAP4rev1 X-ASKED] in")


def test_a_silent_host_that_can_all_that_we_say(login):
    """It is asked for a client only that does not look at codes."""
    caps = IMAP_OWN.split(" AUTH=")[0].lower()
    one = login(caps=caps)
    one.send("TAG OK in")
    assert one.told() == ([], "b OK in")
    one.client.send("c CAPABILITY")
    assert one.wire.line() == "c CAPABILITY"
    one = login(asks=True, caps=caps)
    one.send("TAG OK in")
    one.asked(["* CAPABILITY IMAP4rev1", "TAG OK done"])
    assert one.told() == (["* CAPABILITY IMAP4rev1"], "b OK in")


@pytest.mark.parametrize("answer", ["TAG NO no", "TAG BAD what"])
def test_capabilities_that_nobody_tells(login, answer):
    one = login(asks=True)
    one.send("TAG OK in")
    one.asked([answer])
    assert one.told() == ([], "b OK in")
    one.client.send("c NOOP")
    assert one.wire.line() == "c NOOP"


def test_capabilities_of_before_the_login_are_not_told(login):
    """A greeting's list is of a host that knows nobody yet."""
    one = login(asks=True, caps="IMAP4rev1 X-EARLY STARTTLS AUTH=PLAIN")
    one.send("TAG OK in")
    one.asked(["TAG OK done"])
    assert one.told() == ([], "b OK in")


def test_capabilities_that_are_over_are_not_told(login):
    """What a host says of its connection to us is not true of the client's."""
    one = login()
    one.send("TAG OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LOGINDISABLED "
             "UNAUTHENTICATE X-A auth=x X-B x-a] in")
    assert one.told()[1] == "b OK [CAPABILITY IMAP4rev1 X-A X-B] in"


def test_capabilities_are_of_the_host_that_took_the_login(suite):
    """Not of one that was tried before, nor of another user's."""
    with Host() as first, Host() as second:
        client = suite.imap()
        for host, name in ((first, "X-FIRST"), (second, "X-SECOND")):
            suite.add_user("joe", host=host.addr, imap_port=host.port)
            client.send("b LOGIN joe pw")
            wire = host.accept()
            wire.send(f"* OK [CAPABILITY IMAP4rev1 {name}] ready")
            tag, _, _ = wire.imap_wait_login()
            wire.send(f"* CAPABILITY IMAP4rev1 {name}-USER")
            wire.send(f"{tag} " + ("NO [AUTHENTICATIONFAILED] no"
                                   if host is first else "OK in"))
            line = client.answer("b")[1]
        assert line == "b OK [CAPABILITY IMAP4rev1 X-SECOND-USER] in"
        # The next client is told ours again.
        assert "X-SECOND" not in suite.imap().greeting


def test_long_lists_are_cut_between_words(login):
    one = login()
    words = [f"X-{number:04d}" for number in range(400)]
    one.send(f"TAG OK [CAPABILITY IMAP4rev1 {' '.join(words)}] in")
    line = one.told()[1]
    told = line.split("]")[0].split()[4:]
    assert 100 < len(told) < 400
    assert told == words[: len(told)]


def test_imaplib_knows_the_host(suite, hosts):
    suite.add_row(hosts.row("joe"))
    with imaplib.IMAP4(*suite.addr("imap")) as client:
        assert "NAMESPACE" not in client.capabilities
        client.login("joe", "pw")
        client._get_capabilities()
        assert client.state == "AUTH"


def test_pop3_capabilities_after_login(suite):
    """CAPA goes to the host."""
    def script(wire):
        wire.pop3_login()
        while True:
            line = wire.line()
            wire.send("+OK\r\nX-HOST\r\n." if line == "CAPA" else "+OK")

    with Host(script) as host:
        suite.add_user("joe", host=host.addr, pop3_port=host.port)
        client = suite.pop3()
        assert "X-HOST" not in client.multi("CAPA")
        assert client.login("joe", "pw").startswith("+OK")
        assert client.multi("CAPA") == ["X-HOST"]
        told = poplib.POP3(*suite.addr("pop3"))
        assert "UIDL" in told.capa()
        told.user("joe")
        told.pass_("pw")
        assert told.capa() == {"X-HOST": []}
        told.close()
