"""Mail hosts that speak TLS, and the certificates that they show."""

import atexit
import functools
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from .host import Host, HostWire
from .wire import Wire, WireError

CA_CONF = """
[ca]
default_ca = here
[here]
dir = {dir}
database = {dir}/index
new_certs_dir = {dir}
serial = {dir}/serial
crlnumber = {dir}/crlnumber
certificate = {dir}/ca.pem
private_key = {dir}/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
"""
P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class HostAuthority:
    """Signs what mail hosts show; what is wrong with it is asked for."""

    def __init__(self, folder, name):
        self.dir = folder / name
        self.dir.mkdir()
        self.conf = self.dir / "conf"
        self.conf.write_text(CA_CONF.format(dir=self.dir))
        (self.dir / "index").touch()
        for number in ("serial", "crlnumber"):
            (self.dir / number).write_text("01\n")
        self.path = self.dir / "ca.pem"
        self._openssl("req", "-x509", *P256, "-keyout", "ca.key", "-out",
                      "ca.pem", "-subj", f"/CN=Authority {name}",
                      "-days", "30")

    def _openssl(self, *args):
        done = subprocess.run(
            ["openssl", *args], cwd=self.dir, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def issue(self, name, alt, subject="host", dates=()):
        """(certificate, key); alt is the text of subjectAltName, or None."""
        self._openssl("req", "-new", *P256, "-keyout", f"{name}.key",
                      "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        ext = self.dir / "ext"
        ext.write_text(f"subjectAltName={alt}\n" if alt else "\n")
        self._openssl("ca", "-batch", "-notext", "-config", "conf",
                      "-in", f"{name}.csr", "-out", f"{name}.pem",
                      "-extfile", "ext", *dates)
        return self.dir / f"{name}.pem", self.dir / f"{name}.key"

    def self_signed(self, name, alt):
        self._openssl("req", "-x509", *P256, "-keyout", f"{name}.key",
                      "-out", f"{name}.pem", "-subj", f"/CN={name}",
                      "-days", "30", "-addext", f"subjectAltName={alt}")
        return self.dir / f"{name}.pem", self.dir / f"{name}.key"

    def revoke(self, pair):
        """The authority with a list of what it has revoked: a path."""
        self._openssl("ca", "-config", "conf", "-revoke", str(pair[0]))
        self._openssl("ca", "-config", "conf", "-gencrl", "-out", "crl.pem")
        both = self.dir / "ca-crl.pem"
        both.write_bytes(
            self.path.read_bytes() + (self.dir / "crl.pem").read_bytes()
        )
        return both


@functools.cache
def host_certificates():
    """All certificates of hosts, by what they are; "ca" are paths."""
    folder = Path(tempfile.mkdtemp(prefix="mw-host-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ca, other = HostAuthority(folder, "ca"), HostAuthority(folder, "other")
    past = ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    future = ("-startdate", "20480101000000Z", "-enddate", "20490101000000Z")
    made = {
        "ca": ca.path,
        "other-ca": other.path,
        "host": ca.issue("host", "DNS:mail.test,IP:127.0.0.1"),
        "name": ca.issue("name", "DNS:mail.test"),
        "ip": ca.issue("ip", "IP:127.0.0.1"),
        "wild": ca.issue("wild", "DNS:*.hosts.test"),
        "wrong-name": ca.issue("wrong-name", "DNS:other.test"),
        "wrong-ip": ca.issue("wrong-ip", "IP:127.0.0.9"),
        "ip-as-name": ca.issue("ip-as-name", "DNS:127.0.0.1"),
        "common-name": ca.issue("common-name", None, "mail.test"),
        "common-name-ip": ca.issue("common-name-ip", None, "127.0.0.1"),
        "wild-all": ca.issue("wild-all", "DNS:*"),
        "wild-two": ca.issue("wild-two", "DNS:*.*"),
        "wild-part": ca.issue("wild-part", "DNS:m*l.test"),
        "expired": ca.issue("expired", "DNS:mail.test", dates=past),
        "not-yet": ca.issue("not-yet", "DNS:mail.test", dates=future),
        "stranger": other.issue("stranger", "DNS:mail.test"),
        "self-signed": ca.self_signed("self-signed", "DNS:mail.test"),
        "revoked": ca.issue("revoked", "DNS:mail.test"),
        "proxy": ca.issue("proxy", None, "the proxy"),
    }
    made["ca-crl"] = ca.revoke(made["revoked"])
    return made


def host_context(which="host", version=None, client_ca=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*host_certificates()[which])
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if client_ca is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client_ca)
    return made


class TlsHostWire(HostWire):
    """A host's end whose bytes are all kept in `raw`, TLS or not."""

    def __init__(self, sock, *args, **options):
        super().__init__(sock, *args, **options)
        self.raw = bytearray()
        self.tls = None

    def start_tls(self, context):
        """The handshake; bytes that came too early are a part of it."""
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.input.write(self.pending)
        self.taken = len(self.received)
        tls = context.wrap_bio(self.input, self.output, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self.wait_raw()
            except ssl.SSLError as fault:
                self._flush()
                raise WireError(f"handshake: {fault}") from None
        self._flush()
        self.tls = tls
        self._decrypt()
        return self

    def wait_raw(self):
        before = len(self.raw)
        while len(self.raw) == before:
            if not Wire.poll(self, self.timeout) or self.is_eof:
                raise WireError("closed amid the handshake")
            self._take(into_tls=True)

    def _take(self, into_tls):
        """What Wire.poll() put into received came in this form."""
        data = bytes(self.received[self.taken_raw :])
        self.raw += data
        if into_tls:
            del self.received[self.taken_raw :]
            self.input.write(data)
        self.taken_raw = len(self.received)

    taken_raw = 0

    def poll(self, seconds=0.0):
        came = super().poll(seconds)
        self._take(into_tls=self.tls is not None)
        if self.tls is not None:
            self._decrypt()
        return came

    def _decrypt(self):
        while True:
            try:
                data = self.tls.read(1 << 16)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:
                data = b""
            if not data:
                self.is_eof = True
                break
            self.received += data
            self.taken_raw = len(self.received)
        self._flush()

    def _flush(self):
        data = self.output.read()
        if data:
            self.sock.settimeout(self.timeout)
            self.sock.sendall(data)

    def send(self, data):
        if self.tls is None:
            super().send(data)
            return
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape") + b"\r\n"
        self.tls.write(data)
        self._flush()

    def imap_starttls(self, context, caps="IMAP4rev1 STARTTLS LOGINDISABLED"):
        self.send(f"* OK [CAPABILITY {caps}] host ready")
        tag, verb, _ = self.imap_command()
        assert verb == "STARTTLS", verb
        self.send(f"{tag} OK begin")
        return self.start_tls(context)

    def pop3_stls(self, context):
        self.send("+OK host ready")
        self.expect("STLS$")
        self.send("+OK begin")
        return self.start_tls(context)


class TlsHost(Host):
    """A scripted host that keeps all bytes as they came."""

    wire_class = TlsHostWire

    @property
    def raw(self):
        return b"".join(bytes(wire.raw) for wire in self.wires)
