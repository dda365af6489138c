"""A socket that a script drives: send this, expect that, within a deadline."""

import re
import select
import socket
import struct
import time

TIMEOUT = 10.0
MISSING = object()


class WireError(AssertionError):
    """What came over the wire is not what the script expected."""


class Wire:
    """One connection; every byte that came is kept in `received`."""

    def __init__(self, sock, timeout=TIMEOUT):
        self.sock = sock
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.received = bytearray()
        self.taken = 0
        self.is_eof = False
        self.was_reset = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def local(self):
        return self.sock.getsockname()[:2]

    @property
    def peer(self):
        return self.sock.getpeername()[:2]

    @property
    def pending(self):
        """Bytes that came and that nothing has asked for yet."""
        return bytes(self.received[self.taken :])

    # Sending.

    def send(self, data):
        """Sends text (CR LF is added) or bytes (as they are)."""
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape") + b"\r\n"
        self.sock.settimeout(self.timeout)
        self.sock.sendall(data)

    def send_slowly(self, data, step=1, pause=0.005):
        for at in range(0, len(data), step):
            self.sock.sendall(data[at : at + step])
            time.sleep(pause)

    def shutdown(self):
        """Half close: no more bytes from here."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()

    # Receiving.

    def poll(self, seconds=0.0):
        """Takes in what there is; False when nothing came in this time."""
        if self.is_eof:
            return False
        if not select.select([self.sock], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionError:
            self.was_reset = True
            data = b""
        if not data:
            self.is_eof = True
        self.received += data
        return True

    def wait(self, is_there, what, timeout=None):
        """Reads until is_there() gives something other than None."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            found = is_there()
            if found is not None:
                return found
            if self.is_eof:
                raise WireError(f"closed, wanted {what}; had {self.tail()}")
            left = deadline - time.monotonic()
            if left <= 0:
                raise WireError(f"nothing came, wanted {what}; had {self.tail()}")
            self.poll(left)

    def tail(self):
        return repr(bytes(self.received[-400:]))

    def _line(self):
        end = self.received.find(b"\n", self.taken)
        if end < 0:
            return None
        line = bytes(self.received[self.taken : end + 1])
        self.taken = end + 1
        return line

    def line(self, timeout=None):
        """The next line as text, without its CR LF (which must be there)."""
        line = self.wait(self._line, "a line", timeout)
        if not line.endswith(b"\r\n"):
            raise WireError(f"line without CR LF: {line!r}")
        return line[:-2].decode("utf-8", "surrogateescape")

    def expect(self, pattern, timeout=None):
        """The next line must match the regular expression from its start."""
        line = self.line(timeout)
        match = re.match(pattern, line)
        if match is None:
            raise WireError(f"wanted {pattern!r}, got {line!r}")
        return match

    def until(self, pattern, timeout=None):
        """Lines up to the one that matches, that one included."""
        lines = []
        while True:
            lines.append(self.line(timeout))
            if re.match(pattern, lines[-1]):
                return lines

    def exact(self, count, timeout=None):
        def there():
            if len(self.received) - self.taken < count:
                return None
            data = bytes(self.received[self.taken : self.taken + count])
            self.taken += count
            return data

        return self.wait(there, f"{count} bytes", timeout)

    def expect_bytes(self, data, timeout=None):
        got = self.exact(len(data), timeout)
        if got != data:
            raise WireError(f"wanted {data!r}, got {got!r}")

    def expect_eof(self, timeout=None):
        """The other side closes; gives what came before that."""
        self.wait(lambda: True if self.is_eof else None, "a close", timeout)
        rest, self.taken = self.pending, len(self.received)
        return rest

    def expect_silence(self, seconds=0.3):
        """Nothing comes for this long, and the connection stays."""
        if self.poll(seconds) or self.pending:
            raise WireError(f"wanted silence, got {self.tail()}")


def connect(addr, timeout=TIMEOUT, source=None, rcvbuf=None):
    """A Wire to (host, port), of either address family."""
    family = socket.AF_INET6 if ":" in addr[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if rcvbuf is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if source is not None:
        sock.bind((source, 0))
    sock.settimeout(timeout)
    sock.connect(addr)
    return Wire(sock, timeout)
