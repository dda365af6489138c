"""Mail hosts that are gone, or of which nothing is heard."""

import contextlib
import socket

from .host import Host


class BlackHole:
    """A port whose queue of connections is full: SYNs are dropped."""

    def __init__(self, addr, port):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((addr, port))
        self.sock.listen(0)
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.sock.getsockname())
            self.fillers.append(filler)

    def close(self):
        self.sock.close()
        for filler in self.fillers:
            filler.close()


def hang_up(wire):
    """A host that takes connections and says nothing."""
    wire.close()


@contextlib.contextmanager
def dead(host, how):
    """The host is gone: in place of it is another, that is of no use."""
    host.close()
    if how == "black-holed":
        hole = BlackHole(host.addr, host.port)
    elif how == "hanging up":
        hole = Host(hang_up, addr=host.addr, port=host.port)
    else:
        hole = socket.socket()
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((host.addr, host.port))
    try:
        yield
    finally:
        hole.close()


@contextlib.contextmanager
def silent(how, addr="127.11.1.1"):
    """A host of which nothing is heard."""
    if how == "black-holed":
        with Host(addr=addr) as host, dead(host, how):
            yield host
    else:
        with Host(lambda wire: wire.expect_eof(600), addr=addr) as host:
            yield host
