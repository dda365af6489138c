"""Scripted mail hosts: what stands behind the proxy and does odd things."""

import base64
import contextlib
import errno
import re
import socket
import threading

from . import procs
from .wire import TIMEOUT, Wire, WireError

IMAP_CAPS = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE"
LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")


class HostWire(Wire):
    """The host's end of a connection that the proxy made."""

    def imap_command(self, plus=True):
        """
        One IMAP command: (tag, verb, arguments as bytes).  A literal that
        waits is asked for with a `+` line, unless plus is False.
        """
        words, verbs = [], []
        while True:
            line = self.wait(self._line, "a command")
            if not line.endswith(b"\r\n"):
                raise WireError(f"line without CR LF: {line!r}")
            line = line[:-2]
            if re.match(rb"\S+ ID ", line) and not words:
                tag, _, fields = line.split(b" ", 2)
                return tag.decode(), "ID", [fields]
            literal = LITERAL.search(line)
            if literal is not None:
                line = line[: literal.start()]
            verbs += split_words(line, is_first=not words)
            words.append(line)
            if literal is None:
                break
            if not literal[2]:
                if self.pending:
                    raise WireError(f"did not wait for +: {self.pending!r}")
                if not plus:
                    return verbs[0].decode(), verbs[1].upper().decode(), verbs[2:]
                self.send("+ go on")
            verbs.append(self.exact(int(literal[1])))
        return verbs[0].decode(), verbs[1].upper().decode(), verbs[2:]

    def imap_wait_login(self, caps=IMAP_CAPS):
        """Answers what comes before the login; (tag, user, password)."""
        while True:
            tag, verb, args = self.imap_command()
            if verb == "CAPABILITY":
                self.send(f"* CAPABILITY {caps}\r\n{tag} OK done".encode() + b"\r\n")
            elif verb == "ID":
                self.send(f"* ID NIL\r\n{tag} OK done".encode() + b"\r\n")
            elif verb == "LOGIN":
                user, password = args
                return tag, user, password
            elif verb == "AUTHENTICATE":
                response = args[1] if len(args) > 1 else None
                if response is None:
                    self.send("+ ")
                    response = self.line().encode()
                _, user, password = base64.b64decode(response).split(b"\0")
                return tag, user, password
            else:
                raise WireError(f"{verb} before login")

    def imap_login(self, caps=IMAP_CAPS, greeting=None):
        """Greets, takes any login and says OK; (user, password)."""
        self.send(greeting or f"* OK [CAPABILITY {caps}] host ready")
        tag, user, password = self.imap_wait_login(caps)
        self.send(f"{tag} OK [CAPABILITY {caps}] Logged in")
        return user, password

    def pop3_wait_pass(self):
        user = self.expect(r"USER (.*)$")[1]
        self.send("+OK")
        return user, self.expect(r"PASS (.*)$")[1]

    def pop3_login(self, greeting="+OK host ready"):
        self.send(greeting)
        user, password = self.pop3_wait_pass()
        self.send("+OK Logged in.")
        return user, password


def split_words(line, is_first):
    """Atoms and quoted strings of a piece of a command."""
    line = line.strip(b" ") if not is_first else line.rstrip(b" ")
    words = []
    while line:
        if line.startswith(b'"'):
            match = re.match(rb'"((?:[^"\\\r\n]|\\["\\])*)"(?: |$)', line)
            if match is None:
                raise WireError(f"broken quoted string: {line!r}")
            words.append(re.sub(rb'\\(["\\])', rb"\1", match[1]))
        else:
            match = re.match(rb"([^ ]+)(?: |$)", line)
            if match is None:
                raise WireError(f"broken command: {line!r}")
            words.append(match[1])
        line = line[match.end() :]
    return words


def bind(sock, addr):
    """False while somebody has a standard port on all addresses."""
    try:
        sock.bind(addr)
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE:
            raise
        return False
    return True


class Host:
    """
    A listening socket on loopback.  Without a script the test accepts each
    connection itself; with one a thread runs script(wire) for each.
    """

    wire_class = HostWire

    def __init__(self, script=None, addr="127.0.0.1", port=0, backlog=128):
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        procs.wait_until(
            lambda: bind(self.sock, (addr, port)), f"port {port} of {addr}"
        )
        self.sock.listen(backlog)
        self.addr, self.port = self.sock.getsockname()[:2]
        self.wires = []
        self.faults = []
        self.script = script
        self.is_closed = False
        if script is not None:
            threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def accept(self, timeout=TIMEOUT):
        self.sock.settimeout(timeout)
        try:
            sock, _ = self.sock.accept()
        except socket.timeout:
            raise WireError("no connection came to the host") from None
        wire = self.wire_class(sock)
        self.wires.append(wire)
        return wire

    def expect_nobody(self, seconds=0.3):
        """No connection comes for this long."""
        self.sock.settimeout(seconds)
        try:
            sock, _ = self.sock.accept()
        except socket.timeout:
            return
        sock.close()
        raise WireError("the proxy connected to the host")

    @property
    def bytes_received(self):
        return b"".join(bytes(wire.received) for wire in self.wires)

    def close(self):
        """A thread that waits on a socket hears of a shutdown only."""
        self.is_closed = True
        for sock in [self.sock] + [wire.sock for wire in self.wires]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def check(self):
        """What went wrong in the script's threads is the test's fault too."""
        assert not self.faults, self.faults

    def _serve(self):
        self.sock.settimeout(None)
        while not self.is_closed:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            wire = self.wire_class(sock, timeout=60)
            self.wires.append(wire)
            threading.Thread(
                target=self._run, args=(wire,), daemon=True
            ).start()

    def _run(self, wire):
        try:
            self.script(wire)
        except BrokenPipeError:
            pass  # the proxy has left, as its client has
        except (WireError, OSError, ValueError) as fault:
            if not self.is_closed and not wire.is_eof:
                self.faults.append(repr(fault))
        finally:
            wire.close()


def imap_script(wire):
    """Takes any password but those with `wrong`; then answers OK."""
    wire.send(f"* OK [CAPABILITY {IMAP_CAPS}] host ready")
    while True:
        tag, user, password = wire.imap_wait_login()
        wire.logins = getattr(wire, "logins", []) + [(user, password)]
        if b"wrong" not in password:
            break
        wire.send(f"{tag} NO [AUTHENTICATIONFAILED] no")
    wire.send(f"{tag} OK [CAPABILITY {IMAP_CAPS}] Logged in")
    while True:
        tag, verb, args = wire.imap_command()
        if verb == "LOGOUT":
            wire.send(f"* BYE bye\r\n{tag} OK done")
            return
        if verb == "WHOAMI":
            wire.send(f"* USER {user.decode()}")
        if verb == "ECHO":
            wire.send(b"* ECHO " + b" ".join(args) + b"\r\n")
        wire.send(f"{tag} OK done")


def pop3_script(wire):
    """The same for POP3."""
    wire.send("+OK host ready")
    while True:
        user, password = wire.pop3_wait_pass()
        wire.logins = getattr(wire, "logins", []) + [(user, password)]
        if "wrong" not in password:
            break
        wire.send("-ERR [AUTH] no")
    wire.send("+OK Logged in.")
    while True:
        line = wire.line()
        if line.upper() == "QUIT":
            wire.send("+OK bye")
            return
        wire.send(f"+OK {user} {line}")


class Hosts:
    """A mail host with an IMAP and a POP3 door, for rows that name both."""

    def __init__(
        self,
        imap=imap_script,
        pop3=pop3_script,
        addr="127.0.0.1",
        standard=False,
    ):
        """At ports that the kernel picks, or at 143 and 110."""
        self.imap = Host(imap, addr, 143 if standard else 0)
        self.pop3 = Host(pop3, addr, 110 if standard else 0)
        self.addr = addr

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def row(self, user, **columns):
        """A row of the users table that leads here."""
        return {
            "user": user,
            "host": self.addr,
            "imap_port": self.imap.port,
            "pop3_port": self.pop3.port,
            **columns,
        }

    @property
    def logins(self):
        """(user, password) of each login that reached this host."""
        found = []
        for wire in self.imap.wires + self.pop3.wires:
            found += [
                tuple(x.decode() if isinstance(x, bytes) else x for x in pair)
                for pair in getattr(wire, "logins", [])
            ]
        return found

    def close(self):
        self.imap.close()
        self.pop3.close()
