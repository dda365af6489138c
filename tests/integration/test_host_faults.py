"""R-10: a mail host that goes wrong at each step, in each way, many at once."""

import concurrent.futures
import os
import socket
import time

import pytest

from harness import procs
from harness.host import Hosts
from harness.host_tls import TlsHost, host_certificates, host_context
from harness.suite import QUERY, TABLE
from harness.wire import WireError

AT_ONCE = int(os.environ.get("MW_R10_AT_ONCE", 24))
ROUNDS = int(os.environ.get("MW_R10_ROUNDS", 1))
TIMEOUT = 1
# A machine with much else to do may take so much longer.
SLACK = 15
FIELDS = ("ssl", "starttls")
SUITE = {
    "table": TABLE.replace(
        ", PRIMARY", "".join(f", {x}" for x in FIELDS) + ", PRIMARY"
    ),
    "query": QUERY.replace(
        " FROM ", "".join(f", {x}" for x in FIELDS) + " FROM "
    ),
    "settings": {
        "login_proxy_timeout": f"{TIMEOUT}s",
        "login_processes_count": 2,
        "mail_max_userip_connections": 0,
        "ssl_client_ca_file": host_certificates()["ca"],
    },
}

SERVICES = ("imap", "pop3")
WAYS = ("none", "starttls", "ssl")
FAULTS = ("rst", "fin", "stall", "garbage")
BEFORE = ("syn", "accept", "half banner", "banner", "starttls reply",
          "in handshake", "login sent", "plus", "half tagged line")
AFTER = ("ok", "first relay byte", "mid relay")
JUNK = b"\0\xff\x16\x03\x01 garbage \r\n" * 50
OK = {"imap": r"a OK", "pop3": r"\+OK"}
TEMPFAIL = {"imap": r"a NO \[UNAVAILABLE\]", "pop3": r"-ERR \[SYS/TEMP\]"}
# It needs a literal in IMAP, and so a "+" of the host.
PASSWORD = "p\u00e4ss"


def exists(way, step, fault):
    if step == "syn":
        return fault in ("rst", "stall")
    if step == "starttls reply":
        return way == "starttls"
    return step != "in handshake" or way != "none"


CELLS = [
    (service, way, step, fault)
    for service in SERVICES for way in WAYS for step in BEFORE + AFTER
    for fault in FAULTS if exists(way, step, fault)
]


class Faulted(Exception):
    """The step has come: the rest of the dialogue does not."""


class Cell:
    """One user, one host of his, and what goes wrong there."""

    def __init__(self, number, cell):
        self.service, self.way, self.step, self.fault = cell
        self.user = f"u{number}"
        self.host = TlsHost(None if self.step == "syn" else self.serve)
        self.context = host_context()
        self.held = []
        if self.step == "syn":
            self.vanish()

    def row(self):
        port = {"imap_port": self.host.port, "pop3_port": self.host.port}
        way = {} if self.way == "none" else {self.way: "yes"}
        return {"user": self.user, "host": self.host.addr, **port, **way}

    def vanish(self):
        """Nobody listens, or nobody takes what comes."""
        self.host.close()
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.host.addr, self.host.port))
        self.held.append(sock)
        if self.fault == "stall":
            sock.listen(0)
            for _ in range(8):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(sock.getsockname())
                self.held.append(filler)

    # The host's side.

    def at(self, wire, step):
        if step != self.step:
            return
        if self.fault == "rst":
            wire.reset()
        elif self.fault == "fin":
            wire.close()
        elif self.fault == "garbage":
            if step in ("accept", "in handshake"):
                wire.sock.sendall(JUNK)
            else:
                wire.send(JUNK)
        if self.fault in ("stall", "garbage"):
            while wire.sock.recv(4096):
                pass
        raise Faulted

    def serve(self, wire):
        try:
            self.talk(wire)
        except (Faulted, WireError, OSError):
            pass

    def talk(self, wire):
        self.at(wire, "accept")
        if self.way == "ssl":
            self.begin_tls(wire)
        banner = {
            "imap": "* OK [CAPABILITY IMAP4rev1 STARTTLS] host ready",
            "pop3": "+OK host ready",
        }[self.service]
        if self.step == "half banner":
            wire.send(banner[:9].encode())
            self.at(wire, "half banner")
        wire.send(banner)
        self.at(wire, "banner")
        if self.way == "starttls":
            tag = wire.line().split()[0]
            self.at(wire, "starttls reply")
            wire.send(f"{tag} OK go" if self.service == "imap" else "+OK go")
            self.begin_tls(wire)
        getattr(self, self.service)(wire)
        self.at(wire, "ok")
        wire.send(b"*")
        self.at(wire, "first relay byte")
        wire.send(b"x" * 5000)
        self.at(wire, "mid relay")

    def begin_tls(self, wire):
        if self.step == "in handshake":
            wire.sock.recv(100)
        self.at(wire, "in handshake")
        wire.start_tls(self.context)

    def imap(self, wire):
        tag = wire.line().split()[0]
        self.at(wire, "login sent")
        wire.send("+ go on")
        self.at(wire, "plus")
        wire.line()
        if self.step == "half tagged line":
            wire.send(f"{tag} O".encode())
            self.at(wire, "half tagged line")
        wire.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")

    def pop3(self, wire):
        wire.expect("USER")
        self.at(wire, "login sent")
        wire.send("+OK")
        self.at(wire, "plus")
        wire.expect("PASS")
        if self.step == "half tagged line":
            wire.send(b"+O")
            self.at(wire, "half tagged line")
        wire.send("+OK in")

    # The client's side.

    def login(self, client, user, tag="a"):
        if self.service == "imap":
            client.send(f"{tag} LOGIN {user} {{{len(PASSWORD.encode())}+}}")
            client.send(PASSWORD)
        else:
            client.ok(f"USER {user}")
            client.send(f"PASS {PASSWORD}")

    def run(self, connect):
        """How long the client was kept; a fault is an AssertionError."""
        client = connect(self.service)
        try:
            start = time.monotonic()
            self.login(client, self.user)
            if self.step in BEFORE:
                client.expect(TEMPFAIL[self.service], TIMEOUT + SLACK)
                took = time.monotonic() - start
                self.login(client, "good", "b")
                client.expect(OK[self.service].replace("a ", "b "), SLACK)
            else:
                client.expect(OK[self.service], TIMEOUT + SLACK)
                took = time.monotonic() - start
                if self.fault in ("rst", "fin"):
                    client.expect_eof(SLACK)
            return took
        except WireError as fault:
            raise AssertionError(f"{self}: {fault}") from None
        finally:
            client.close()

    def __str__(self):
        return f"{self.service} {self.way} {self.step} {self.fault}"

    def close(self):
        self.host.close()
        for sock in self.held:
            sock.close()


def state(suite):
    """Descriptors and memory of all login processes."""
    pids = suite.children("imap-login", "pop3-login")
    return (
        sum(len(procs.fds(pid)) for pid in pids if procs.is_alive(pid)),
        sum(procs.rss_kb(pid) for pid in pids if procs.is_alive(pid)),
        len(pids),
    )


def run_all(suite, cells):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        waits = [
            pool.submit(cell.run, lambda service: getattr(suite, service)())
            for cell in cells
        ]
        faults = [str(w.exception()) for w in waits if w.exception()]
        assert not faults, faults
        return [wait.result() for wait in waits]


def test_R_10_the_matrix(suite, mode):
    assert len(CELLS) >= 144
    cells = [Cell(number, cell) for number, cell in enumerate(CELLS)]
    try:
        with Hosts() as good:
            suite.add_row(good.row("good"))
            for cell in cells:
                suite.add_row(cell.row())
            for service in SERVICES:
                cell = Cell(0, (service, "none", "never", "stall"))
                client = getattr(suite, service)()
                cell.login(client, "good")
                client.expect(OK[service])
                client.close()
                cell.close()
            # What is made for the first host with TLS stays.
            run_all(suite, [cell for cell in cells if cell.fault == "fin"])
            before = state(suite)
            start = time.monotonic()
            for _ in range(ROUNDS):
                waits = run_all(suite, cells)
            seconds = time.monotonic() - start
            for wire in suite.wires:
                wire.close()
            procs.wait_until(
                lambda: state(suite)[0] <= before[0] + 4
                or state(suite)[2] > before[2],
                lambda: f"{before} -> {state(suite)}", 20,
            )
            after = state(suite)
    finally:
        for cell in cells:
            cell.close()
    print(f"R-10 {mode}: {len(cells)} cells in {seconds:.1f} s, no success;",
          f"the longest wait {max(waits):.2f} s of {TIMEOUT} s;",
          f"fds {before[0]} -> {after[0]}, RSS {before[1]} -> {after[1]} kB",
          f"in {before[2]} -> {after[2]} processes")
    if mode == "shared":
        assert after[0] <= before[0] + 4
        assert after[1] - before[1] < 6144


@pytest.mark.parametrize("service", SERVICES)
def test_R_10_nothing_goes_wrong(suite, service):
    """The dialogue of the cells is one that a good host may have."""
    for way in WAYS:
        cell = Cell(f"-{service}-{way}", (service, way, "mid relay", "fin"))
        suite.add_row(cell.row())
        client = getattr(suite, service)()
        cell.login(client, cell.user)
        client.expect(OK[service])
        assert client.exact(5001) == b"*" + b"x" * 5000
        client.expect_eof()
        cell.close()
