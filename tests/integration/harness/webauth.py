"""An HTTP service of nginx's auth_http protocol that answers by a script."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import urllib.parse


def head(*lines, status="200 OK", length=0):
    """The head of an answer, with the empty line."""
    rows = [f"HTTP/1.1 {status}", f"Content-Length: {length}", *lines]
    return "".join(row + "\r\n" for row in rows) + "\r\n"


def route(host, service="imap"):
    """The headers that lead to a mail host of the tests."""
    port = host.imap.port if service == "imap" else host.pop3.port
    return [f"Auth-Server: {host.addr}", f"Auth-Port: {port}"]


class Request:
    """One question: path, and headers by lower-case name in their order."""

    def __init__(self, data, number):
        first, *lines = data.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = first.split(" ")
        self.connection = number
        self.lines = lines
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.lower() not in self.headers, line
            self.headers[name.lower()] = value.strip(" ")

    def __getitem__(self, name):
        return self.headers[name.lower()]

    def text(self, name):
        """A value, unescaped."""
        return urllib.parse.unquote(self[name].encode("latin-1").decode())


class WebAuth:
    """
    Listens on a port of the loopback or on a socket and calls
    answer(request), which gives text or bytes to send (None: hang up),
    or a generator of pieces.  Connections are kept alive.
    """

    def __init__(self, answer, path=None, tls=None, port=0):
        self.answer = answer
        self.tls = tls
        self.path = path
        self.requests = []
        self.faults = []
        self.connections = 0
        self.is_closed = False
        self.socks = []
        if path is None:
            self.sock = socket.create_server(("127.0.0.1", port))
            self.port = self.sock.getsockname()[1]
            scheme = "http" if tls is None else "https"
            self.url = f"{scheme}://127.0.0.1:{self.port}/auth"
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(str(path))
            os.chmod(path, 0o666)
            self.sock.listen(64)
            self.url = f"unix:{path}:/auth"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.close()
        assert kind is not None or not self.faults, self.faults

    def close(self):
        self.is_closed = True
        for sock in [self.sock, *self.socks]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve(self):
        while not self.is_closed:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(
                target=self._run, args=(sock, self.connections), daemon=True
            ).start()

    def _run(self, sock, number):
        try:
            with contextlib.suppress(OSError):
                if self.tls is not None:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                self.socks.append(sock)
                while self._one(sock, number):
                    pass
        except Exception as fault:  # of the test's script
            if not self.is_closed:
                self.faults.append(repr(fault))
        finally:
            sock.close()

    def _one(self, sock, number):
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = sock.recv(65536)
            if not more:
                return False
            data += more
        request = Request(data[:-4], number)
        self.requests.append(request)
        answer = self.answer(request)
        if answer is None:
            return False
        if isinstance(answer, (str, bytes)):
            answer = [answer]
        for piece in answer:
            if isinstance(piece, str):
                piece = piece.encode("latin-1")
            sock.sendall(piece)
        return True


class Certs:
    """An authority, a certificate for localhost, and one for a client."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.ca = folder / f"{name}.pem"
        self._run(
            "req -x509 -newkey rsa:2048 -nodes -days 2 "
            f"-subj /CN={name} -keyout {folder}/{name}.key -out {self.ca}"
        )
        self.cert, self.key = self.issue(f"{name}-server", "DNS:localhost")
        self.ca.chmod(0o644)

    def _run(self, words):
        subprocess.run(
            ["openssl", *words.split()],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )

    def issue(self, name, san):
        """A key and a certificate that the authority has signed."""
        base = self.folder / name
        extra = self.folder / f"{name}.ext"
        extra.write_text(f"subjectAltName={san}\n")
        self._run(
            f"req -newkey rsa:2048 -nodes -subj /CN={name} "
            f"-keyout {base}.key -out {base}.csr"
        )
        ca = str(self.ca)
        self._run(
            f"x509 -req -in {base}.csr -CA {ca} -CAkey {ca[:-4]}.key "
            f"-CAcreateserial -days 2 -extfile {extra} -out {base}.pem"
        )
        return base.with_suffix(".pem"), base.with_suffix(".key")

    def server(self, client_ca=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
