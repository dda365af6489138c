"""Logs in over IMAP and POP3 and prints what both sides said.

usage: transcript.py [--tls CERTIFICATE | --starttls CERTIFICATE]
           IMAP-PORT POP3-PORT USER PASSWORD

--tls: the ports are those of imaps and pop3s.
"""

import argparse
import re
import socket
import ssl
import sys

TIMEOUT_S = 20


class Talk:
    """One connection; every line of it is printed."""

    def __init__(self, name, port):
        self.name = name
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.file = self.socket.makefile("rb", buffering=0)

    def start_tls(self, certificate):
        """From now on the lines go through TLS."""
        context = ssl.create_default_context(cafile=certificate)
        self.socket = context.wrap_socket(
            self.socket, server_hostname="localhost"
        )
        self.file = self.socket.makefile("rb")
        self.show("TLS", " ".join(map(str, self.socket.cipher())))

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


def imap(options):
    talk = Talk("imap", options.imap)
    if options.tls:
        talk.start_tls(options.tls)
    talk.expect("greeting", talk.read(), r"\* OK")
    if options.starttls:
        talk.send("a0 STARTTLS")
        talk.expect("STARTTLS", talk.read(), "a0 OK")
        talk.start_tls(options.starttls)
    commands = (
        f'LOGIN "{options.user}" "{options.password}"',
        "SELECT INBOX",
        "FETCH 1 BODY.PEEK[]",
        "LOGOUT",
    )
    for number, command in enumerate(commands, 1):
        talk.send(f"a{number} {command}")
        answer = talk.read_until(rf"a{number} ")
        talk.expect(command.split()[0], answer, rf"a{number} OK")


def pop3(options):
    talk = Talk("pop3", options.pop3)
    if options.tls:
        talk.start_tls(options.tls)
    talk.expect("greeting", talk.read(), r"\+OK")
    if options.starttls:
        talk.send("STLS")
        talk.expect("STLS", talk.read(), r"\+OK")
        talk.start_tls(options.starttls)
    commands = (
        f"USER {options.user}",
        f"PASS {options.password}",
        "STAT",
        "RETR 1",
        "QUIT",
    )
    for command in commands:
        talk.send(command)
        talk.expect(command.split()[0], talk.read(), r"\+OK")
        if command.startswith("RETR"):
            talk.read_until(r"\.$")


def main():
    parser = argparse.ArgumentParser()
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--tls")
    way.add_argument("--starttls")
    parser.add_argument("imap", type=int)
    parser.add_argument("pop3", type=int)
    parser.add_argument("user")
    parser.add_argument("password")
    options = parser.parse_args()
    imap(options)
    pop3(options)


main()
