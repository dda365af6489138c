"""
Random sessions, as imaptest has them: each client says the same commands to
two accounts with the same contents, to one through the proxy and to the other
on the mail host itself, and must get the same answers.

MW_SOAK_SECONDS is for how long (3); from 60 on there are 50 clients, not 8.
"""

import itertools
import os
import random
import re
import shutil
import threading
import time
import traceback

import pytest

from harness.dovecot import MESSAGES
from harness.wire import Wire, connect

SECONDS = int(os.environ.get("MW_SOAK_SECONDS", "3"))
CLIENTS = 50 if SECONDS >= 60 else 8
PASSWORD = "randompass"
FOLDERS = ["INBOX", "Sent", "Old mail", "a.b"]
FLAGS = [r"\Seen", r"\Answered", r"\Flagged", r"\Deleted", r"\Draft", "$Label1"]
ITEMS = [
    "FLAGS", "(UID FLAGS RFC822.SIZE)", "ENVELOPE", "BODYSTRUCTURE",
    "INTERNALDATE", "BODY.PEEK[]", "BODY[]", "(FLAGS BODY.PEEK[HEADER])",
    "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", "BODY.PEEK[TEXT]<0.100>",
    "BODY[1]", "FULL", "BODY.PEEK[]<10.5000>", "BINARY.SIZE[1]",
]
KEYS = [
    "ALL", "SEEN", "UNSEEN", "DELETED", "SUBJECT one", "LARGER 1000",
    "SMALLER 500", "OR FLAGGED ANSWERED", "NOT DRAFT", "KEYWORD $Label1",
    'HEADER Subject "dots"', "TEXT message", "RETURN (COUNT MIN MAX) ALL",
    "CHARSET UTF-8 SUBJECT test", "UID 1:3", "SINCE 1-Jan-2020",
]
# What is of the account, or of the moment.
OWN = [
    (rb"UIDVALIDITY \d+", b"UIDVALIDITY n"),
    (rb"(APPENDUID|COPYUID) \d+", rb"\1 n"),
    (rb"HIGHESTMODSEQ \d+", b"HIGHESTMODSEQ n"),
    # Told while Dovecot has not looked whether there is new mail.
    (rb" ?\\(Un)?Marked\b", b""),
    (rb" ?\(\d+\.\d+ \+ \d+\.\d+( \+ \d+\.\d+)? secs\)", b""),
]


class Session(Wire):
    """One connection; answers are read with their literals."""

    def answer(self, tag):
        """All bytes up to the tagged line, which is the last of a list."""
        lines, tag = [], tag.encode() + b" "
        while True:
            line = self.wait(self._line, "a line", 60)
            while (literal := re.search(rb"\{(\d+)\}\r\n$", line)) is not None:
                line += self.exact(int(literal[1]))
                line += self.wait(self._line, "the rest of a line", 60)
            for pattern, text in OWN:
                line = re.sub(pattern, text, line)
            lines.append(line)
            # Not all that ever came.
            del self.received[: self.taken]
            self.taken = 0
            if line.startswith(tag) or line.startswith(b"+"):
                return lines


def sequence(rng):
    """Some messages: numbers that are there, and some that are not."""
    low = rng.randint(1, 6)
    return rng.choice([str(low), f"{low}:*", "1:*", f"{low}:{low + 2}", "*"])


def message(rng):
    size = rng.choice([0, 1, 10, 1000, 4096, 70000])
    body = "".join(rng.choice("abc .\r\n"[:5]) for _ in range(min(size, 200)))
    return (
        f"Subject: test {rng.randint(0, 99)}\r\nFrom: x@example.org\r\n\r\n"
        + (body + "\r\n") * (1 + size // 200)
    ).encode()


def pick(rng):
    """The next command: pieces, between which the host is waited for."""
    folder = f'"{rng.choice(FOLDERS)}"'
    uid = rng.choice(["", "UID "])
    kinds = {
        "select": 3, "fetch": 12, "store": 5, "append": 4, "copy": 2,
        "search": 4, "expunge": 2, "noop": 3, "status": 2, "list": 2,
        "folders": 1, "idle": 1, "close": 1, "capability": 1, "bad": 1,
        "sort": 1,
    }
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    if kind == "select":
        return [f"{rng.choice(['SELECT', 'EXAMINE', 'SELECT'])} {folder}"]
    if kind == "fetch":
        return [f"{uid}FETCH {sequence(rng)} {rng.choice(ITEMS)}"]
    if kind == "store":
        how = rng.choice(["FLAGS", "+FLAGS", "-FLAGS", "+FLAGS.SILENT"])
        flags = " ".join(rng.sample(FLAGS, rng.randint(0, 3)))
        return [f"{uid}STORE {sequence(rng)} {how} ({flags})"]
    if kind == "append":
        data, date = message(rng), '"01-Jan-2024 12:00:00 +0000"'
        flag = rng.choice(FLAGS)
        plus = rng.choice(["", "+"])
        head = f"APPEND {folder} ({flag}) {date} {{{len(data)}{plus}}}"
        return [head, data] if not plus else [head.encode() + b"\r\n" + data]
    if kind == "copy":
        return [f"{uid}{rng.choice(['COPY', 'MOVE'])} {sequence(rng)} {folder}"]
    if kind == "search":
        return [f"{uid}SEARCH {rng.choice(KEYS)}"]
    if kind == "sort":
        return [f"{uid}SORT (REVERSE SIZE SUBJECT) UTF-8 ALL"]
    if kind == "expunge":
        return [rng.choice(["EXPUNGE", f"UID EXPUNGE {sequence(rng)}"])]
    if kind == "noop":
        return [rng.choice(["NOOP", "CHECK", "NAMESPACE"])]
    if kind == "status":
        return [f"STATUS {folder} (MESSAGES RECENT UNSEEN UIDNEXT)"]
    if kind == "list":
        return [rng.choice(['LIST "" *', 'LSUB "" %', 'LIST "" "a*"'])]
    if kind == "folders":
        name = f"tmp{rng.randint(0, 2)}"
        return [rng.choice([f"CREATE {name}", f"DELETE {name}",
                            f"RENAME {name} {name}x", f"DELETE {name}x",
                            f"SUBSCRIBE {folder}", f"UNSUBSCRIBE {folder}"])]
    if kind == "idle":
        return ["IDLE", b"DONE\r\n"]
    if kind == "close":
        return [rng.choice(["CLOSE", "UNSELECT"])]
    if kind == "bad":
        return [rng.choice(["FETCH", "XYZZY 1", 'SELECT "no such"', "STORE 1"])]
    return ["CAPABILITY"]


def check_same(command, ours, theirs):
    """Says which line is the first that is not the same."""
    pairs = itertools.zip_longest(ours, theirs, fillvalue=b"nothing")
    for number, (one, other) in enumerate(pairs):
        assert one == other, (command, number, one[:400], other[:400])


class Client:
    """Both sessions of one client, and its random numbers."""

    def __init__(self, number, where):
        self.rng = random.Random(f"client {number}")
        self.where = where
        self.count = 0
        self.sessions = []

    def log_in(self):
        self.sessions = []
        answers = []
        for addr, user in self.where:
            session = Session(connect(addr).sock, timeout=60)
            self.sessions.append(session)
            session.wait(session._line, "a greeting", 60)
            session.send(f'in LOGIN "{user}" "{PASSWORD}"')
            answers.append([line for line in session.answer("in")])
        assert all(a[-1].startswith(b"in OK") for a in answers), answers

    def close(self):
        for session in self.sessions:
            session.close()

    def say(self, pieces):
        """Both get one command, in pieces; their answers are the same."""
        self.count += 1
        tag = f"t{self.count}"
        if isinstance(pieces[0], str):
            pieces = [f"{tag} {pieces[0]}\r\n".encode(), *pieces[1:]]
        else:
            pieces = [f"{tag} ".encode() + pieces[0] + b"\r\n", *pieces[1:]]
        for number, piece in enumerate(pieces):
            if number > 0 and not piece.endswith(b"DONE\r\n"):
                piece += b"\r\n"
            for session in self.sessions:
                session.send(piece)
            answers = [session.answer(tag) for session in self.sessions]
            check_same(pieces[0][:200], *answers)
            # A refused literal, or IDLE where nothing is selected.
            if not answers[0][-1].startswith(b"+"):
                return

    def run(self, until):
        self.log_in()
        for folder in FOLDERS[1:]:
            self.say([f'CREATE "{folder}"'])
        while time.monotonic() < until:
            self.say(pick(self.rng))
            if self.rng.random() < 0.01:
                self.say(["LOGOUT"])
                self.close()
                self.log_in()
        for folder in FOLDERS:
            self.say([f'EXAMINE "{folder}"'])
            self.say(["FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])"])


@pytest.fixture(scope="module")
def accounts(dovecot, mode):
    """For each client two accounts, each with the three messages."""
    names = [(f"p{n}.{mode}", f"d{n}.{mode}") for n in range(CLIENTS)]
    users = [user for pair in names for user in pair]
    with open(dovecot.dir / "passwd", "a") as passwd:
        passwd.write("".join(f"{u}:{{PLAIN}}{PASSWORD}\n" for u in users))
    for user in users:
        dovecot.fill(user)
        for top, folders, files in os.walk(dovecot.dir / "mail" / user):
            for name in [top] + [f"{top}/{x}" for x in folders + files]:
                os.chown(name, 65534, 65534)
            # What FETCH says of when they came.
            for name in files:
                os.utime(f"{top}/{name}", (1700000000, 1700000000))
    yield names
    for user in users:
        shutil.rmtree(dovecot.dir / "mail" / user, ignore_errors=True)


def test_the_same_through_the_proxy_as_directly(suite, dovecot, accounts):
    assert len(MESSAGES) == 3
    clients, faults = [], []
    until = time.monotonic() + SECONDS
    direct = (dovecot.addr, dovecot.imap_port)

    def run(client):
        try:
            client.run(until)
        except BaseException:
            faults.append(traceback.format_exc()[-4000:])
        finally:
            client.close()

    for number, (proxied, other) in enumerate(accounts):
        suite.add_user(proxied, host=direct[0], imap_port=direct[1])
        clients.append(
            Client(number, [(suite.addr("imap"), proxied), (direct, other)])
        )
    threads = [threading.Thread(target=run, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 120)
        assert not thread.is_alive(), "a client hangs"
    assert not faults, [fault[-900:] for fault in faults[:5]]
    count = sum(client.count for client in clients)
    print(f"{len(clients)} clients, {SECONDS} s, {count} commands each way")
    assert count > len(clients) * 10
