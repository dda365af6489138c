"""A MySQL server that is not the right one, and wants passwords and files."""

import socket
import struct
import threading
import time

CLIENT_LOCAL_FILES = 128
CLIENT_SSL = 0x800
# Protocol 4.1, secure connection, plugin auth, multi and PS multi results.
CAPS = 0x1 | 0x2 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x40000 | 0x80000
COM_STMT_PREPARE, COM_STMT_EXECUTE = 0x16, 0x17
OK = b"\0\0\0\x02\0\0\0"
SALT = b"0123456789abcdefghij"


def length(number):
    if number < 251:
        return bytes([number])
    return b"\xfd" + struct.pack("<I", number)[:3]


def text(data):
    return length(len(data)) + data


def eof():
    return b"\xfe\0\0\x02\0"


def column(name):
    return (
        text(b"def") + text(b"") * 3 + text(name) * 2
        + b"\x0c" + struct.pack("<HIBHB", 45, 1024, 253, 0, 0) + b"\0\0"
    )


def prepared(ncolumns, nparams=1):
    head = b"\0" + struct.pack("<IHHBH", 1, ncolumns, nparams, 0, 0)
    packets = [head]
    if nparams:
        packets += [column(b"?")] * nparams + [eof()]
    if ncolumns:
        packets += [column(b"host")] * ncolumns + [eof()]
    return packets


class RogueMysql:
    """
    Serves each client with play(self, wire) after the greeting; `said` holds
    all packets that clients have sent, `raw` all bytes.
    """

    def __init__(self, play, caps=CAPS, plugin=b"mysql_native_password"):
        self.play, self.caps, self.plugin = play, caps, plugin
        self.said, self.raw, self.flags = [], b"", []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.addr, self.port = self.sock.getsockname()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        # The thread that waits in accept() hears of a shutdown only; left alone
        # it would serve whoever gets its descriptor next.
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.sock.close()

    def _serve(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(
                target=self._talk, args=(Wire(self, sock),), daemon=True
            ).start()

    def _talk(self, wire):
        try:
            with wire.sock:
                wire.sock.settimeout(20)
                self.play(wire)
        except (OSError, EOFError):
            pass


class Wire:
    """One client."""

    def __init__(self, server, sock):
        self.server, self.sock, self.number = server, sock, 0

    def send(self, *packets):
        data = b""
        for body in packets:
            data += struct.pack("<I", len(body))[:3] + bytes([self.number]) + body
            self.number = (self.number + 1) & 0xFF
        self.sock.sendall(data)

    def _exact(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            self.server.raw += more
            data += more
        return data

    def receive(self):
        head = self._exact(4)
        body = self._exact(int.from_bytes(head[:3], "little"))
        self.number = (head[3] + 1) & 0xFF
        self.server.said.append(body)
        return body

    def greet(self):
        """Says hello; the packet with which the client logs in."""
        caps = self.server.caps
        self.send(
            b"\x0a" + b"5.5.5-10.11.0-Rogue\0" + struct.pack("<I", 7)
            + SALT[:8] + b"\0" + struct.pack("<H", caps & 0xFFFF) + b"\x2d"
            + struct.pack("<HH", 2, caps >> 16) + b"\x15" + b"\0" * 10
            + SALT[8:] + b"\0" + self.server.plugin + b"\0"
        )
        login = self.receive()
        self.server.flags.append(struct.unpack("<I", login[:4])[0])
        return login

    def switch(self, plugin, data=SALT + b"\0"):
        """Asks for another way to log in; what the client says to that."""
        self.send(b"\xfe" + plugin + b"\0" + data)
        return self.receive()

    def log_in(self):
        self.greet()
        self.send(OK)

    def command(self):
        """The next command: its number and the rest."""
        body = self.receive()
        return body[0], body[1:]


# What it plays.


def wants_clear(wire):
    wire.greet()
    wire.switch(b"mysql_clear_password", b"")
    wire.send(OK)
    wire.receive()


def wants_rsa(wire):
    """Full caching_sha2_password: a key, and then the password under it."""
    wire.greet()
    wire.switch(b"caching_sha2_password")
    wire.send(b"\x01\x04")
    wire.receive()
    wire.send(b"\x01-----BEGIN PUBLIC KEY-----\n")
    wire.receive()


def wants_dialog(wire):
    wire.greet()
    wire.switch(b"dialog", b"\x04Password: ")
    wire.send(OK)
    wire.receive()


def wants_file(wire):
    """Asks for a file where an answer to the statement is due."""
    wire.log_in()
    while True:
        if wire.command()[0] == COM_STMT_PREPARE:
            wire.send(*prepared(1))
        else:
            wire.send(b"\xfb/etc/passwd")


def wants_file_at_once(wire):
    wire.log_in()
    while True:
        wire.command()
        wire.send(b"\xfb/etc/passwd")


def says_nothing(wire):
    time.sleep(15)


def hangs_in_query(wire):
    wire.log_in()
    while True:
        if wire.command()[0] == COM_STMT_PREPARE:
            wire.send(*prepared(1))
        else:
            time.sleep(15)


def many_columns(wire):
    wire.log_in()
    wire.command()
    wire.send(*prepared(10000))
    wire.command()
    wire.send(length(10000), *[column(b"host")] * 10000, eof())
    wire.receive()


def endless_value(wire):
    """A row that claims to be as long as a packet can be, and goes on."""
    wire.log_in()
    wire.command()
    wire.send(*prepared(1))
    wire.command()
    wire.send(b"\x01", column(b"host"), eof())
    for _ in range(64):
        wire.sock.sendall(b"\xff\xff\xff\0" + b"\0" * 0xFFFFFF)


def errors_with_controls(wire):
    wire.greet()
    wire.send(b"\xff\x15\x04#28000evil\x1b[2J\r\nauth: info: forged hush")
