"""SASL for tests: messages of clients, a client of SCRAM, hosts that take it."""

import base64
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import urllib.parse

from .client import b64

GOOD, BAD = "good.token-1==", "bad.token"
ERROR = {"status": "invalid_token", "scope": "mail"}
MECHS = ("OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN", "EXTERNAL")


def bearer(user, token):
    """The message of OAUTHBEARER (RFC 7628), not encoded."""
    user = user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={user},\1host=mail.test\1port=143\1auth=Bearer {token}\1\1"


def xoauth2(user, token):
    return f"user={user}\1auth=Bearer {token}\1\1"


TOKEN_MESSAGES = {"OAUTHBEARER": bearer, "XOAUTH2": xoauth2}


def scram_key(digest, password, salt=b"salty salt 1", rounds=64):
    """A stored password in Dovecot's form."""
    name = {"sha1": "SHA-1", "sha256": "SHA-256"}[digest]
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, rounds)
    client = hmac.digest(salted, b"Client Key", digest)
    stored = hashlib.new(digest, client).digest()
    server = hmac.digest(salted, b"Server Key", digest)
    parts = [base64.b64encode(x).decode() for x in (salt, stored, server)]
    return f"{{SCRAM-{name}}}{rounds},{','.join(parts)}"


class Scram:
    """A client of SCRAM (RFC 5802), as a function of challenges."""

    def __init__(self, user, password, digest="sha256", header="n,,"):
        self.digest, self.password = digest, password.encode()
        self.header, self.nonce = header, secrets.token_urlsafe(12)
        user = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={user},r={self.nonce}"
        self.first = header + self.bare
        self.challenge = None
        self.is_proven = False

    def step(self, challenge):
        """The response to a challenge, both as text."""
        if challenge == "" and self.challenge is None:
            return self.first
        if self.challenge is None:
            return self._final(challenge)
        assert challenge == "v=" + base64.b64encode(self.wanted).decode()
        self.is_proven = True
        return ""

    def _final(self, challenge):
        self.challenge = challenge
        fields = dict(part.split("=", 1) for part in challenge.split(","))
        assert fields["r"].startswith(self.nonce)
        assert len(fields["r"]) >= len(self.nonce) + 18
        self.salt, self.rounds = fields["s"], int(fields["i"])
        salted = hashlib.pbkdf2_hmac(
            self.digest, self.password, base64.b64decode(self.salt),
            self.rounds,
        )
        key = hmac.digest(salted, b"Client Key", self.digest)
        stored = hashlib.new(self.digest, key).digest()
        last = f"c={b64(self.header)},r={fields['r']}"
        signed = f"{self.bare},{challenge},{last}".encode()
        mask = hmac.digest(stored, signed, self.digest)
        self.wanted = hmac.digest(
            hmac.digest(salted, b"Server Key", self.digest), signed,
            self.digest,
        )
        proof = bytes(x ^ y for x, y in zip(key, mask))
        return f"{last},p={base64.b64encode(proof).decode()}"


def exchange(client, mech, step, initial=None):
    """
    AUTHENTICATE or AUTH with the answers of step(challenge); the last line,
    and all challenges before it.
    """
    is_imap = not hasattr(client, "multi")
    client.send(f"a AUTHENTICATE {mech}" if is_imap and initial is None else
                f"a AUTHENTICATE {mech} {b64(initial) or '='}" if is_imap else
                f"AUTH {mech}" if initial is None else
                f"AUTH {mech} {b64(initial) or '='}")
    challenges = []
    while True:
        line = client.line(timeout=20)
        if line.startswith("* "):
            continue
        if not line.startswith("+ ") and line != "+":
            return line, challenges
        challenges.append(base64.b64decode(line[2:]).decode())
        answer = step(challenges[-1])
        client.send("*" if answer is None else b64(answer))


def is_ok(line):
    return line.startswith(("a OK", "+OK"))


class SaslHost:
    """
    A script for either door: takes SASL, with or without initial responses,
    tokens that are GOOD, any password but `wrong`.  What it was told is in
    `seen`: (mechanism, message, whether it came with the command).
    """

    def __init__(self, is_imap, has_ir=True, mechs=MECHS, error=ERROR,
                 text="Logged in"):
        self.is_imap, self.has_ir, self.mechs = is_imap, has_ir, mechs
        self.error, self.text = error, text
        self.seen, self.sorry = [], []

    def caps(self):
        words = ["IMAP4rev1", "ID"] + ["SASL-IR"] * self.has_ir
        return " ".join(words + [f"AUTH={mech}" for mech in self.mechs])

    def __call__(self, wire):
        wire.send(f"* OK [CAPABILITY {self.caps()}] host ready"
                  if self.is_imap else "+OK host ready")
        while not self.log_in(wire):
            pass
        while True:
            line = wire.line()
            tag, _, verb = line.partition(" ")
            if self.is_imap:
                wire.send(f"{tag} OK {verb}")
            else:
                wire.send(f"+OK {line}" + ("\r\n." if line == "LIST" else ""))

    def command(self, wire):
        """Tag, mechanism, initial response or None."""
        if self.is_imap:
            tag, verb, args = wire.imap_command()
            while verb in ("ID", "CAPABILITY"):
                wire.send(f"* {verb} " + (
                    "NIL" if verb == "ID" else self.caps()))
                wire.send(f"{tag} OK done")
                tag, verb, args = wire.imap_command()
            assert verb == "AUTHENTICATE", verb
            words = [word.decode() for word in args]
        else:
            tag, words = "", wire.expect(r"AUTH (.*)$")[1].split(" ")
        return tag, words[0], words[1] if len(words) > 1 else None

    def log_in(self, wire):
        tag, mech, initial = self.command(wire)
        if mech not in self.mechs:
            wire.send(f"{tag} NO no" if self.is_imap else "-ERR no")
            return False
        if mech == "LOGIN":
            prompts = []
            for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                wire.send("+ " + prompt)
                prompts.append(base64.b64decode(wire.line()).decode())
            message = "\0".join(prompts)
        elif initial is None:
            wire.send("+ ")
            message = base64.b64decode(wire.line()).decode()
        else:
            assert self.has_ir
            message = base64.b64decode(initial).decode()
        self.seen.append((mech, message, initial is not None))
        if BAD not in message and "wrong" not in message:
            wire.send(f"{tag} OK [CAPABILITY IMAP4rev1 IDLE] {self.text}"
                      if self.is_imap else f"+OK {self.text}")
            return True
        if mech in TOKEN_MESSAGES and self.error is not None:
            error = self.error
            wire.send("+ " + (error if isinstance(error, str) else
                              b64(json.dumps(error))))
            self.sorry.append(wire.line())
        wire.send(f"{tag} NO [AUTHENTICATIONFAILED] no" if self.is_imap else
                  "-ERR [AUTH] no")
        return False


class TokenServer:
    """
    What Dovecot asks about a token: JSON with the user of one in `tokens`,
    at http://127.0.0.1:port/?token=.
    """

    def __init__(self, tokens):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                token = urllib.parse.unquote(self.path.partition("=")[2])
                user = outer.tokens.get(token)
                body = json.dumps(
                    {"user": user, "active": True} if user else
                    {"active": False, "error": "invalid_token"}
                ).encode()
                self.send_response(200 if user else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.tokens = tokens
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler
        )
        self.port = self.server.server_address[1]
        threading.Thread(
            target=self.server.serve_forever, daemon=True
        ).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
