"""Certificates made on the spot, and clients that speak TLS."""

import atexit
import functools
import select
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from .client import ImapClient, Pop3Client
from .wire import TIMEOUT, Wire

KEYS = {
    "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["rsa:2048"],
    "ed25519": ["ed25519"],
}


def openssl(folder, *args):
    subprocess.run(
        ["openssl", *args], cwd=folder, check=True, capture_output=True
    )


class Authority:
    """Signs certificates, all in one folder."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        openssl(folder, "req", "-x509", "-newkey", *KEYS["ec"], "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-subj", f"/CN=Test {name}", "-days", "30")
        self.path = folder / f"{name}.pem"

    def issue(self, name, names=(), kind="ec", days=30, more=""):
        """
        (certificate, key): paths; names are for subjectAltName, more are
        further lines of extensions.
        """
        alt = ",".join(f"DNS:{host}" for host in names)
        ext = self.folder / f"{name}.ext"
        alt = f"subjectAltName={alt}\n" if alt else "\n"
        ext.write_text(alt + more)
        openssl(self.folder, "req", "-new", "-newkey", *KEYS[kind],
                "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr",
                "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", str(days),
                "-extfile", ext.name)
        key = self.folder / f"{name}.key"
        key.chmod(0o600)
        return self.folder / f"{name}.pem", key


def context(ca=None, alpn=None, version=None, cert=None):
    """A client's; without ca it trusts everybody."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = ca is not None
    if ca is None:
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(ca)
    if alpn is not None:
        made.set_alpn_protocols(alpn)
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if cert is not None:
        made.load_cert_chain(*cert)
    return made


class TlsWire(Wire):
    """A Wire whose socket is an SSLSocket."""

    def poll(self, seconds=0.0):
        deadline = time.monotonic() + max(seconds, 0)
        while not self.is_eof:
            left = max(deadline - time.monotonic(), 0)
            if not self.sock.pending() and not select.select(
                [self.sock], [], [], left
            )[0]:
                return False
            try:
                self.sock.settimeout(0)
                data = self.sock.recv(1 << 16)
            except ssl.SSLWantReadError:
                continue
            except (ssl.SSLError, ConnectionError):
                self.was_reset = True
                data = b""
            if not data:
                self.is_eof = True
            self.received += data
            return True
        return False

    def close_notify(self):
        """Says that nothing more comes, as TLS wants it; still reads."""
        self.sock.settimeout(0)
        try:
            self.sock.unwrap()
        except (ssl.SSLWantReadError, OSError):
            pass


class TlsImap(TlsWire, ImapClient):
    pass


class TlsPop3(TlsWire, Pop3Client):
    pass


CLIENTS = {"imap": TlsImap, "pop3": TlsPop3}
STARTS = {"imap": ("a STARTTLS", r"a OK"), "pop3": ("STLS", r"\+OK")}


def tls_socket(addr, tls=None, name=None, session=None, source=None):
    """An SSLSocket after its handshake, to a port for TLS."""
    family = socket.AF_INET6 if ":" in addr[0] else socket.AF_INET
    sock = socket.socket(family)
    sock.settimeout(TIMEOUT)
    if source is not None:
        sock.bind((source, 0))
    try:
        sock.connect(addr)
        return (tls or context()).wrap_socket(
            sock, server_hostname=name, session=session,
            suppress_ragged_eofs=False,
        )
    except BaseException:
        sock.close()
        raise


def upgrade(client, service, tls=None, name=None, session=None):
    """The client's connection after STARTTLS or STLS: a new wire."""
    command, good = STARTS[service]
    client.send(command)
    client.expect(good)
    assert not client.pending
    client.sock.settimeout(TIMEOUT)
    sock = (tls or context()).wrap_socket(
        client.sock, server_hostname=name, session=session,
        suppress_ragged_eofs=False,
    )
    wire = CLIENTS[service].__new__(CLIENTS[service])
    Wire.__init__(wire, sock, client.timeout)
    return wire


def tls_client(service, addr, timeout=TIMEOUT, **options):
    """A client that has read the greeting inside TLS."""
    return CLIENTS[service](tls_socket(addr, **options), timeout)


@functools.cache
def certificates():
    """One folder of certificates for all tests; named by what they are."""
    folder = Path(tempfile.mkdtemp(prefix="mw-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ca, other = Authority(folder), Authority(folder, "other-ca")
    made = {
        "ca": ca.path,
        "mail": ca.issue("mail", ["mail.test"]),
        "mail-rsa": ca.issue("mail-rsa", ["mail.test"], "rsa"),
        "a": ca.issue("a", ["a.test"], "ed25519"),
        "wild": ca.issue("wild", ["*.w.test"]),
        "joe": ca.issue("joe"),
        "stranger": other.issue("stranger"),
    }
    return made


def tls_options(settings=None, **options):
    """Options of a Suite that serves TLS as well, with three certificates."""
    made = certificates()
    section = {"ssl_listen": "127.0.0.1:0"}
    names = "".join(
        f"local_name {name} {{\n  ssl_cert_file = {made[which][0]}\n"
        f"  ssl_key_file = {made[which][1]}\n}}\n"
        for name, which in [("a.test", "a"), ("*.w.test", "wild")]
    )
    return {
        "settings": {
            "protocols": "imap imaps pop3 pop3s",
            "ssl_disable": "no",
            "ssl_cert_file": made["mail"][0],
            "ssl_key_file": made["mail"][1],
            "ssl_alt_cert_file": made["mail-rsa"][0],
            "ssl_alt_key_file": made["mail-rsa"][1],
            **(settings or {}),
        },
        "imap": section,
        "pop3": section,
        "text": names,
        **options,
    }


class RawTls:
    """
    TLS whose records the test sends itself: `sock` is the plain socket, what
    is sent there is not encrypted.
    """

    def __init__(self, sock, tls=None, name=None):
        self.sock = sock
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (tls or context()).wrap_bio(
            self.input, self.output, server_hostname=name
        )
        self.sock.settimeout(TIMEOUT)
        self._go_on(self.tls.do_handshake)

    def _go_on(self, call, *args):
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(1 << 16)
                if not data:
                    raise EOFError from None
                self.input.write(data)

    def flush(self):
        self.sock.sendall(self.output.read())

    def records(self, data):
        """The bytes as they would leave, encrypted."""
        self.tls.write(data)
        return self.output.read()

    def send(self, text):
        self.sock.sendall(self.records(text.encode() + b"\r\n"))

    def close_notify(self):
        """The bytes of a close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self.output.read()

    def read(self):
        """Some bytes, decrypted; b"" at the end of TLS or of the connection."""
        try:
            return self._go_on(self.tls.read, 1 << 16)
        except (ssl.SSLError, EOFError, ConnectionError):
            return b""

    def line(self):
        data = b""
        while not data.endswith(b"\r\n"):
            more = self._go_on(self.tls.read, 1)
            assert more, data
            data += more
        return data[:-2].decode()
