"""Headers of the PROXY protocol, and Debian's HAProxy in front of a suite."""

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from . import procs
from .wire import connect

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def tlv(kind, value):
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


def v1(src, sport, dst, dport):
    family = "TCP6" if ":" in src else "TCP4"
    return f"PROXY {family} {src} {dst} {sport} {dport}\r\n".encode()


def v2_raw(command, family, body):
    head = SIGNATURE + bytes([command, family])
    return head + len(body).to_bytes(2, "big") + body


def v2(src, sport, dst, dport, *tlvs):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    body = b"".join(socket.inet_pton(family, ip) for ip in (src, dst))
    body += sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    return v2_raw(0x21, 0x21 if ":" in src else 0x11, body + b"".join(tlvs))


def take_header(wire):
    """What the other side sends first: (version, src, sport, dst, dport, id)."""
    if wire.wait(lambda: wire.pending[:1] or None, "a header") == b"P":
        words = wire.line().split(" ")
        assert words[0] == "PROXY" and len(words) == 6, words
        return (1, words[2], int(words[4]), words[3], int(words[5]), b"")
    head = wire.exact(16)
    assert head[:13] == SIGNATURE + b"\x21", head
    body = wire.exact(int.from_bytes(head[14:], "big"))
    size, family = {0x11: (4, socket.AF_INET), 0x21: (16, socket.AF_INET6)}[
        head[13]
    ]
    src, dst = (socket.inet_ntop(family, body[at : at + size])
                for at in (0, size))
    ports, rest = body[2 * size : 2 * size + 4], body[2 * size + 4 :]
    assert rest[0] == 5 and int.from_bytes(rest[1:3], "big") == len(rest) - 3
    return (2, src, int.from_bytes(ports[:2], "big"), dst,
            int.from_bytes(ports[2:], "big"), rest[3:])


CONF = """
global
  maxconn 200
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
"""
PART = """
listen {name}
  bind {addr}:{port}{bind}
  server host {host}:{host_port} {options}
"""


class Haproxy:
    """HAProxy with some ways in; each leads to one address."""

    def __init__(self, ways, addr="127.0.0.1"):
        """ways: {name: ((host, port), options of its server, of its bind)}"""
        self.dir = Path(tempfile.mkdtemp(prefix="mw-ha-"))
        self.addrs, text = {}, CONF
        for name, (host, options, bind) in ways.items():
            with socket.socket() as sock:
                sock.bind((addr, 0))
                self.addrs[name] = sock.getsockname()
            text += PART.format(
                name=name, addr=addr, port=self.addrs[name][1], bind=bind,
                host=host[0], host_port=host[1], options=options,
            )
        (self.dir / "conf").write_text(text)
        self.proc = subprocess.Popen(
            ["haproxy", "-db", "-f", str(self.dir / "conf")],
            stdin=subprocess.DEVNULL,
            stdout=open(self.dir / "log", "wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            for name in ways:
                procs.wait_until(lambda: self._answers(name), "HAProxy")
        except BaseException:
            print(self.log())
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _answers(self, name):
        assert self.proc.poll() is None, self.log()
        try:
            connect(self.addrs[name]).close()
            return True
        except OSError:
            return False

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def close(self):
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
