"""Logs in over IMAP and POP3 and prints what both sides said.

usage: transcript.py IMAP-PORT POP3-PORT USER PASSWORD
"""

import re
import socket
import sys

TIMEOUT_S = 20


class Talk:
    """One connection; every line of it is printed."""

    def __init__(self, name, port):
        self.name = name
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.file = self.socket.makefile("rb")

    def show(self, who, line):
        print(f"{self.name} {who}: {line}")

    def read(self):
        line = self.file.readline()
        if not line:
            sys.exit(f"{self.name}: closed the connection")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        self.show("S", text)
        return text

    def read_until(self, pattern):
        while True:
            line = self.read()
            if re.match(pattern, line):
                return line

    def send(self, line):
        self.show("C", line)
        self.socket.sendall(line.encode() + b"\r\n")

    def expect(self, what, line, pattern):
        if re.match(pattern, line) is None:
            sys.exit(f"{self.name}: {what} failed")


def imap(port, user, password):
    talk = Talk("imap", port)
    talk.expect("greeting", talk.read(), r"\* OK")
    commands = (
        f'LOGIN "{user}" "{password}"',
        "SELECT INBOX",
        "FETCH 1 BODY.PEEK[]",
        "LOGOUT",
    )
    for number, command in enumerate(commands, 1):
        talk.send(f"a{number} {command}")
        answer = talk.read_until(rf"a{number} ")
        talk.expect(command.split()[0], answer, rf"a{number} OK")


def pop3(port, user, password):
    talk = Talk("pop3", port)
    talk.expect("greeting", talk.read(), r"\+OK")
    for command in (f"USER {user}", f"PASS {password}", "STAT", "RETR 1", "QUIT"):
        talk.send(command)
        talk.expect(command.split()[0], talk.read(), r"\+OK")
        if command.startswith("RETR"):
            talk.read_until(r"\.$")


def main():
    imap_port, pop3_port, user, password = sys.argv[1:]
    imap(int(imap_port), user, password)
    pop3(int(pop3_port), user, password)


main()
