"""Clients that speak IMAP and POP3 byte by byte."""

import base64

from .wire import Wire, connect


def b64(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    return base64.b64encode(data).decode()


def plain(user, password, authzid=""):
    """The response of PLAIN (RFC 4616)."""
    return b64(f"{authzid}\0{user}\0{password}")


class ImapClient(Wire):
    """An IMAP client that has read the greeting."""

    def __init__(self, sock, timeout):
        super().__init__(sock, timeout)
        self.greeting = self.expect(r"\* (OK|BYE)").string

    def command(self, text, tag="a"):
        """Sends a command; gives its untagged lines and its tagged one."""
        self.send(f"{tag} {text}")
        return self.answer(tag)

    def answer(self, tag="a", timeout=None):
        lines = self.until(rf"{tag} (OK|NO|BAD)\b", timeout)
        return lines[:-1], lines[-1]

    def ok(self, text, tag="a"):
        untagged, line = self.command(text, tag)
        assert line.startswith(f"{tag} OK"), line
        return untagged, line

    def login(self, user, password, tag="a"):
        return self.command(f'LOGIN "{user}" "{password}"', tag)


class Pop3Client(Wire):
    """A POP3 client that has read the greeting."""

    def __init__(self, sock, timeout):
        super().__init__(sock, timeout)
        self.greeting = self.expect(r"\+OK|-ERR").string

    def command(self, text, timeout=None):
        self.send(text)
        return self.line(timeout)

    def ok(self, text):
        line = self.command(text)
        assert line.startswith("+OK"), line
        return line

    def multi(self, text):
        """A command with a multi-line answer; gives its lines."""
        self.ok(text)
        return self.until(r"\.$")[:-1]

    def login(self, user, password):
        line = self.command(f"USER {user}")
        if not line.startswith("+OK"):
            return line
        return self.command(f"PASS {password}")


def imap_client(addr, **options):
    wire = connect(addr, **options)
    return ImapClient(wire.sock, wire.timeout)


def pop3_client(addr, **options):
    wire = connect(addr, **options)
    return Pop3Client(wire.sock, wire.timeout)
