"""STARTTLS and STLS with mail hosts whose bytes come in any pieces."""

import contextlib
import os
import random
import socket
import time

from harness.host_tls import TlsHost, host_context
from harness.wire import WireError
from test_backend_tls import (
    SECRET, begin_login, each_service, expect_login, expect_refusal, goes_to,
    is_clear, tls_suite,
)

SUITE = tls_suite
GREETING = {
    "imap": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n",
    "pop3": b"+OK ready\r\n",
}
BEGIN = {"imap": b"TAG OK begin\r\n", "pop3": b"+OK begin\r\n"}
# Answers to what comes behind the handshake, for who reads them in clear.
BEHIND = {
    "imap": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+\r\n"
            b"* OK injected\r\nTAG OK Logged in\r\n",
    "pop3": b"+OK\r\n+OK Logged in\r\n",
}
SKIPS = {
    "imap": [b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n",
             b"* BYE TAG OK\r\n", b"* OK [CAPABILITY IMAP4rev1] none\r\n"],
    "pop3": [b"-ERR no\r\n", b"+OKAY\r\n", b"* PREAUTH hello\r\n"],
}


def send_pieces(wire, data, dice):
    """Cut anywhere, with and without a pause between two pieces."""
    cuts = sorted(dice.sample(range(1, len(data)), dice.randrange(4)))
    for first, last in zip([0, *cuts], [*cuts, len(data)]):
        # Who has heard enough closes amid the rest.
        with contextlib.suppress(ConnectionError):
            wire.send(data[first:last])
        time.sleep(dice.choice([0, 0, 0.0005, 0.002]))


def end(wire):
    """No more comes: nobody has to wait for a deadline."""
    with contextlib.suppress(OSError, WireError):
        wire.sock.shutdown(socket.SHUT_WR)
        wire.expect_eof()


def asked_for_tls(wire, service):
    """The tag of the command, or b""."""
    if service == "pop3":
        wire.expect("STLS$")
        return b""
    tag, verb, _ = wire.imap_command()
    assert verb == "STARTTLS", verb
    return tag.encode()


def good(wire, service, dice):
    send_pieces(wire, GREETING[service], dice)
    tag = asked_for_tls(wire, service)
    send_pieces(wire, BEGIN[service].replace(b"TAG", tag), dice)
    wire.start_tls(host_context())
    if service == "imap":
        tag, _, password = wire.imap_wait_login()
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] done")
        assert password.decode() == SECRET
    else:
        assert wire.pop3_wait_pass()[1] == SECRET
        wire.send("+OK done")


def T_S5_behind(wire, service, dice):
    """More than the answer to STARTTLS, in clear."""
    send_pieces(wire, GREETING[service], dice)
    tag = asked_for_tls(wire, service)
    behind = BEHIND[service][: dice.randrange(1, len(BEHIND[service]) + 1)]
    data = BEGIN[service] + behind
    send_pieces(wire, data.replace(b"TAG", tag), dice)
    end(wire)


def T_S5_early(wire, service, dice):
    """Answers to commands that were not given yet."""
    data = GREETING[service] + BEGIN[service] + BEHIND[service]
    send_pieces(wire, data.replace(b"TAG", b"a"), dice)
    end(wire)


def T_S6_clear(wire, service, dice):
    """Words where the first bytes have to be those of TLS."""
    send_pieces(wire, GREETING[service] + BEHIND[service], dice)
    end(wire)


def T_S8_skip(wire, service, dice):
    """A greeting that would lead past TLS."""
    send_pieces(wire, dice.choice(SKIPS[service]), dice)
    end(wire)


PLANS = [good, T_S5_behind, T_S5_early, T_S6_clear, T_S8_skip]


@each_service
def test_T_S5_T_S6_T_S8_random_splits(suite, service):
    """Whatever comes in clear and in whatever pieces: no password leaves."""
    seed = int(os.environ.get("MW_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    most = int(os.environ.get("MW_TLS_SPLITS",
                              40 if suite.per_connection else 150))
    for number in range(most):
        plan = dice.choice(PLANS)
        # One that has failed is let alone for a while.
        addr = f"127.1.{number // 250 % 256}.{number % 250 + 1}"
        with TlsHost(addr=addr) as host:
            way = "ssl" if plan is T_S6_clear else "starttls"
            user = goes_to(suite, host, way, "any-cert", proxy_timeout="5")
            with begin_login(suite, service, user) as client:
                plan(host.accept(), service, dice)
                if plan is good:
                    expect_login(client, service)
                else:
                    expect_refusal(client, service)
            assert not is_clear(host), plan
    suite.wires.clear()
