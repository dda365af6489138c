"""
A mail program that tells what it was started with, then speaks a little
IMAP or POP3.  Copied by a test to where everybody may read it, with an
interpreter's line before it.  Its arguments: a folder for its reports, then
words for how it misbehaves.
"""

import fcntl
import json
import os
import resource
import stat
import sys


def fds():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}").split(":")[0]
        except OSError:
            pass  # of the listing itself
    return found


def report(folder):
    mask = os.umask(0)
    os.umask(mask)
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    found = {
        "argv": sys.argv[1:],
        "environ": dict(os.environ),
        "fds": fds(),
        "is_socket": stat.S_ISSOCK(os.fstat(0).st_mode),
        "is_same": os.fstat(0) == os.fstat(1),
        "blocks": flags & os.O_NONBLOCK == 0,
        "cwd": os.getcwd(),
        "umask": mask,
        "uids": os.getresuid(),
        "gids": os.getresgid(),
        "groups": os.getgroups(),
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "sid": os.getsid(0),
        "pid": os.getpid(),
    }
    path = f"{folder}/{os.getpid()}.json"
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(found, file)
    os.rename(path + ".new", path)


def say(text):
    os.write(1, text.encode() + b"\r\n")


def greet(words):
    tag = os.environ.get("IMAPLOGINTAG")
    if "silent" in words:
        return
    if tag is None:
        say("+OK Here you are" if "refuse" not in words else
            "-ERR [IN-USE] no")
    elif "preauth" in words:
        say("* OK [ALERT] hear me")
        say("* PREAUTH [CAPABILITY IMAP4rev1 OWN] Here you are")
    elif "refuse" in words:
        say(f"{tag} NO [INUSE] not now")
    elif "bare" in words:
        say(f"{tag} OK LOGIN Ok.")
    else:
        say(f"{tag} OK [CAPABILITY IMAP4rev1 OWN] Here you are")


def answer(line):
    """One line of the client; False when it was the last."""
    words = line.decode("latin-1").split()
    if os.environ["PROTOCOL"] == "POP3":
        say("+OK " + " ".join(words))
        return words[:1] != ["QUIT"]
    if words[1:2] == ["CAPABILITY"]:
        say("* CAPABILITY IMAP4rev1 OWN")
    say(" ".join(words[:1] + ["OK"] + words[1:]))
    return words[1:2] != ["LOGOUT"]


def serve():
    data = b""
    while True:
        more = os.read(0, 65536)
        if not more:
            return
        data += more
        while b"\r\n" in data:
            line, _, data = data.partition(b"\r\n")
            if not answer(line):
                return


def main():
    report(sys.argv[1])
    words = sys.argv[2:]
    if "die" in words:
        sys.exit(7)
    print("a line\x1b for the log", file=sys.stderr, flush=True)
    greet(words)
    serve()


main()
