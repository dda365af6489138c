"""
A login process that was taken over: it starts as the master wants it, then
misuses its channels.  Copied by a test, with PLAN filled in and an
interpreter's line before it, and run in place of pop3-login.
"""

import array
import json
import os
import socket
import struct
import time

HELLO, START, AUTH_PEER, SIGNER_PEER, READY = 0, 7, 4, 12, 101
MAIL_STARTED, MAIL_START, LOCAL = 22, 111, 104
SIGN = 1
REQUEST, CONTINUE, CANCEL, OUTCOME, END, SESSION, TRIED = range(1, 8)
ROLE_POP3_LOGIN = 3
FLAG_FD = 1


def frame(kind, body=b"", number=0, flags=0):
    return struct.pack("<IHHI", len(body), kind, flags, number) + body


class Channel:
    """One end of a channel; frames in, frames out."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.fds = []

    def fill(self):
        data, found, _, _ = self.sock.recvmsg(65536, 4096)
        for level, kind, body in found:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
                self.fds += fds
        if not data:
            raise EOFError
        self.data += data

    def get(self):
        """(type, body, fd or None) of the next frame."""
        while len(self.data) < 12:
            self.fill()
        size, kind, flags, _ = struct.unpack("<IHHI", self.data[:12])
        while len(self.data) < 12 + size:
            self.fill()
        body, self.data = self.data[12 : 12 + size], self.data[12 + size :]
        return kind, body, self.fds.pop(0) if flags & FLAG_FD else None

    def greet(self, change=0):
        """Reads the other's HELLO and says the same with our role."""
        kind, body, _ = self.get()
        magic, contract, version, _ = struct.unpack("<IHHH", body)
        body = struct.pack(
            "<IHHH", magic, contract, version + change, ROLE_POP3_LOGIN
        )
        self.sock.sendall(frame(HELLO, body))


def text(value):
    return struct.pack("<H", len(value)) + value


def address():
    """127.0.0.1 with some port, as it goes over the wire."""
    return bytes([FAMILY_V4]) + struct.pack("<H", 1234) + bytes([127, 0, 0, 1])


FAMILY_V4 = 4


def request(user, password, service=1):
    initial = b"\0" + user + b"\0" + password
    no_cert = b"\0" + text(b"") + text(b"")
    return (
        bytes([service, 0, 1, 1, 0]) + text(b"PLAIN") + text(b"session0")
        + text(b"") + no_cert + 4 * address() + text(b"") + text(initial)
    )


def session(user, service=0):
    return bytes([service]) + text(user) + address() + address()


def sign(key, tbs, alg=1):
    return struct.pack("<HB", key, alg) + text(tbs)


def transcript():
    """What a server of TLS 1.3 signs."""
    context = b"TLS 1.3, server CertificateVerify"
    return b" " * 64 + context + b"\0" + b"h" * 32


def answers(signer, count):
    """How often each answer came, "closed" if the channel was."""
    found = {}
    try:
        while sum(found.values()) < count:
            kind, body, _ = signer.get()
            word = "signed" if kind == 101 else f"refused {body[0]}"
            found[word] = found.get(word, 0) + 1
    except EOFError:
        found["closed"] = 1
    return found


def misuse_signer(plan, signer):
    """What tls-signer makes of it."""
    if plan == "fair":
        signer.sock.sendall(frame(SIGN, sign(1, transcript()), 1))
        return answers(signer, 1)
    if plan == "unknown key":
        for key in (0, 7, 0xFFFF):
            signer.sock.sendall(frame(SIGN, sign(key, transcript()), key))
        return answers(signer, 3)
    if plan == "no TLS bytes":
        signer.sock.sendall(
            frame(SIGN, sign(1, b"From: me\r\nTo: you\r\n"), 1)
            + frame(SIGN, sign(1, transcript().replace(b"server", b"client")))
            + frame(SIGN, sign(1, b"\x30" * 200), 3)
        )
        return answers(signer, 3)
    if plan == "another algorithm":
        signer.sock.sendall(frame(SIGN, sign(1, transcript(), 7), 1))
        return answers(signer, 1)
    if plan == "9 kB":
        signer.sock.sendall(frame(SIGN, sign(1, b" " * 9000), 1))
        return answers(signer, 1)
    if plan == "signer garbage":
        signer.sock.sendall(os.urandom(8192))
        return answers(signer, 1)
    if plan == "unknown request":
        signer.sock.sendall(frame(2, sign(1, transcript()), 1))
        return answers(signer, 1)
    return flood(signer)


def flood(signer):
    """3,000 requests in a second, four at a time."""
    begun = time.monotonic()
    found, sent = {}, 0
    while sent < 3000 and time.monotonic() - begun < 0.95:
        signer.sock.sendall(b"".join(
            frame(SIGN, sign(1, transcript()), sent + i) for i in range(4)
        ))
        sent += 4
        for word, count in answers(signer, 4).items():
            found[word] = found.get(word, 0) + count
    return found


def ask_ticket(auth, number, service=1):
    """A ticket that auth gives for joe; None if it refuses."""
    auth.sock.sendall(
        frame(REQUEST, request(b"joe", b"sesame", service), number)
    )
    while True:
        kind, body, _ = auth.get()
        if kind == LOCAL:
            return body[-16:]
        if kind > 100:
            return None


def show_ticket(master, ticket, fd=None):
    """(result, pid) of the master's answer; the connection is our own."""
    ours, theirs = socket.socketpair()
    fds = array.array("i", [theirs.fileno() if fd is None else fd])
    master.sock.sendmsg(
        [frame(MAIL_START, ticket + b"\0" + text(b""), 1, FLAG_FD)],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)],
    )
    theirs.close()
    while True:
        kind, body, _ = master.get()
        if kind == MAIL_STARTED:
            kept.append(ours)
            return struct.unpack("<BI", body)


kept = []


def await_file(path):
    until = time.monotonic() + 10
    while not os.path.exists(path):
        if time.monotonic() > until:
            raise EOFError
        time.sleep(0.01)
    with open(path, "rb") as file:
        return file.read()


def put_file(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def foreign_ticket(master, auth, path):
    """One process gets the ticket, another shows it first."""
    try:
        os.close(os.open(path + ".first", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        ticket = await_file(path + ".ticket")
        put_file(path + ".shown", b"%d" % show_ticket(master, ticket)[0])
        return None
    ticket = ask_ticket(auth, 1)
    put_file(path + ".ticket", ticket)
    theirs = int(await_file(path + ".shown"))
    return {"foreign": theirs, "own": show_ticket(master, ticket)[0]}


def misuse_tickets(plan, master, auth, path):
    """What the master makes of it."""
    if plan == "foreign ticket":
        return foreign_ticket(master, auth, path)
    if plan == "forged tickets":
        good = ask_ticket(auth, 1)
        bad = [os.urandom(16) for _ in range(200)] + [bytes(16)]
        bad += [
            bytes(byte ^ (1 << bit if i == place else 0)
                  for i, byte in enumerate(good))
            for place in range(16) for bit in (0, 7)
        ]
        results = {show_ticket(master, ticket)[0] for ticket in bad}
        first, again = show_ticket(master, good), show_ticket(master, good)
        return {
            "bad": sorted(results), "good": first[0], "again": again[0],
            "has_pid": first[1] > 0, "again_pid": again[1],
        }
    if plan == "another service":
        return {"result": show_ticket(master, ask_ticket(auth, 1, 0))[0]}
    if plan == "no connection":
        ends = os.pipe()
        ticket = ask_ticket(auth, 1)
        return {
            "pipe": show_ticket(master, ticket, ends[0])[0],
            "again": show_ticket(master, ticket)[0],
        }
    tickets = [ask_ticket(auth, number) for number in range(1, 101)]
    return {"given": sum(ticket is not None for ticket in tickets)}


def misuse(plan, master, auth):
    if plan == "garbage":
        auth.sock.sendall(os.urandom(4096))
    elif plan == "huge":
        auth.sock.sendall(struct.pack("<IHHI", 0x7FFFFFFF, 1, 0, 1) + b"x" * 99)
    elif plan == "unknown type":
        auth.sock.sendall(frame(77, b"abc"))
    elif plan == "unknown id":
        auth.sock.sendall(frame(CANCEL, b"", 5) + frame(CONTINUE, text(b""), 4))
    elif plan == "control characters":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x").replace(
            b"session0", b"ses\nion0"), 1))
    elif plan == "an id twice":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), 1) * 2)
    elif plan == "too many":
        for number in range(30000):
            auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), number))
    elif plan == "an outcome too early":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), 1))
        auth.sock.sendall(frame(OUTCOME, b"\0\0", 1))
    elif plan == "an end too early":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), 1))
        auth.sock.sendall(frame(END, b"", 1))
    elif plan == "a trouble too early":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), 1))
        auth.sock.sendall(frame(TRIED, b"\0\0\0", 1))
    elif plan == "a session twice":
        auth.sock.sendall(frame(SESSION, session(b"joe"), 1) * 2)
    elif plan == "unknown outcomes":
        auth.sock.sendall(frame(OUTCOME, b"\1\0", 7) + frame(END, b"", 8))
        auth.sock.sendall(frame(OUTCOME, b"\4\0", 9))
    elif plan == "sessions without end":
        auth.sock.setblocking(True)
        for number in range(300000):
            user = b"user%d" % number
            auth.sock.sendall(frame(SESSION, session(user), number))
    elif plan == "an fd":
        fds = array.array("i", [0])
        auth.sock.sendmsg(
            [frame(REQUEST, request(b"joe", b"x"), 1, FLAG_FD)],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)],
        )
    elif plan == "half a frame":
        auth.sock.sendall(frame(REQUEST, request(b"joe", b"x"), 1)[:20])
    elif plan == "garbage for the master":
        master.sock.sendall(os.urandom(4096))
    elif plan == "a huge frame for the master":
        master.sock.sendall(struct.pack("<IHHI", 0x7FFFFFFF, 101, 0, 1))
    elif plan == "ready again":
        master.sock.sendall(frame(READY) * 3)
    elif plan == "raw log lines":
        os.write(4, b"\x01\x02\xff\xff" + b"\n\x1b[2Jfake: error line\n" * 20)
        os.write(4, b"x" * 60000)


def run(plan):
    master = Channel(socket.socket(fileno=3))
    master.greet()
    auth = signer = None
    while True:
        kind, _, fd = master.get()
        if kind == AUTH_PEER:
            auth = Channel(socket.socket(fileno=fd))
        elif kind == SIGNER_PEER:
            signer = Channel(socket.socket(fileno=fd))
        elif fd is not None:
            os.close(fd)
        if kind == START:
            break
    master.sock.sendall(frame(READY))
    time.sleep(0.1)
    auth.greet(1 if plan == "another version" else 0)
    if signer is not None:
        signer.sock.setblocking(True)
        signer.greet()
        found = misuse_signer(plan, signer)
        with open(RESULT, "w", encoding="ascii") as file:  # noqa: F821
            json.dump(found, file)
    if plan.startswith("tickets: "):
        master.sock.setblocking(True)
        auth.sock.setblocking(True)
        found = misuse_tickets(plan[9:], master, auth, RESULT)  # noqa: F821
        if found is not None:
            put_file(RESULT, json.dumps(found).encode())  # noqa: F821
    try:
        misuse(plan, master, auth)
        while True:
            auth.fill()
    except (OSError, EOFError):
        pass
    time.sleep(0.5)


if __name__ == "__main__":
    try:
        run(PLAN)  # noqa: F821
    except EOFError:
        os._exit(0)
