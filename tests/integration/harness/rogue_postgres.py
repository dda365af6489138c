"""What stands in the place of PostgreSQL and wants the password."""

import contextlib
import socket
import ssl
import struct
import subprocess
import threading

SSL_REQUEST = struct.pack("!II", 8, 80877103)


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


CLEARTEXT = message(b"R", struct.pack("!I", 3))
MD5 = message(b"R", struct.pack("!I", 5) + b"salt")
SCRAM = message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0")
TRUST = message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I")


def error(text):
    fields = [b"SFATAL", b"VFATAL", b"C28P01", b"M" + text, b""]
    return message(b"E", b"\0".join(fields) + b"\0")


def make_certificate(folder, name="localhost"):
    """A key and a certificate that nobody has signed."""
    key, cert = f"{folder}/rogue.key", f"{folder}/rogue.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
         cert, "-days", "2", "-subj", f"/CN={name}", "-addext",
         f"subjectAltName=DNS:{name},IP:127.0.0.1"],
        check=True, capture_output=True,
    )
    return cert, key


class RoguePostgres:
    """Answers each connection with the same bytes; keeps all it was told."""

    def __init__(self, ask, to_ssl=b"N", certificate=None):
        """ask: behind the startup message; to_ssl: to a request for TLS."""
        self.ask, self.to_ssl, self.certificate = ask, to_ssl, certificate
        self.told = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        # See RogueMysql.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.sock.close()

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(
                target=self._talk, args=(conn,), daemon=True
            ).start()

    def _talk(self, conn):
        told = []
        self.told.append(told)
        conn.settimeout(20)
        with contextlib.suppress(OSError), conn:
            first = conn.recv(4096)
            told.append(first)
            if first == SSL_REQUEST:
                conn.sendall(self.to_ssl)
                if self.to_ssl == b"S" and self.certificate:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(*self.certificate)
                    conn = context.wrap_socket(conn, server_side=True)
                data = conn.recv(4096)
                if not data:
                    return
                told.append(data)
            conn.sendall(self.ask)
            while data := conn.recv(4096):
                told.append(data)

    @property
    def answers(self):
        """What came behind a startup message: passwords, or their kin."""
        found = []
        for told in self.told:
            rest = told[1:] if told[0] == SSL_REQUEST else told
            found += [data for data in rest[1:] if data[:1] == b"p"]
        return found

    @property
    def bytes(self):
        return b"".join(data for told in self.told for data in told)
