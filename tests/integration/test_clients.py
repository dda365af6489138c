"""Mail programs that people use, each with a real session through it."""

import fcntl
import imaplib
import mailbox
import os
import poplib
import pty
import struct
import subprocess
import termios

import pytest

from harness.dovecot import MESSAGES, USERS
from harness.suite import Background, Suite


@pytest.fixture(scope="module")
def second(mode):
    """Another proxy, for two in a row."""
    suite = Suite(mode == "per-connection")
    yield suite
    suite.close()


@pytest.fixture(params=["one proxy", "two proxies"])
def john(request, suite, dovecot):
    """john's mailbox, fresh, behind one proxy or behind two."""
    dovecot.refill("john")
    row = {"host": dovecot.addr, "imap_port": dovecot.imap_port,
           "pop3_port": dovecot.pop3_port}
    if request.param == "two proxies":
        last = request.getfixturevalue("second")
        last.add_user("john", **row)
        row = {"host": "127.0.0.1", "imap_port": last.addr("imap")[1],
               "pop3_port": last.addr("pop3")[1]}
        start = last.mark()
    suite.add_user("john", **row)
    yield suite
    if request.param == "two proxies":
        last.wait_log("login: user=<john> ", start)
        assert not last.troubles(start)


@pytest.fixture
def run(tool, tmp_path):
    """Runs a program in an empty home; gives its output."""

    def call(name, *args, ok=(0,), terminal=False):
        env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"],
               "TERM": "vt100", "USER": "root", "LC_ALL": "C.UTF-8"}
        ours, its = new_terminal() if terminal else (None, subprocess.DEVNULL)
        proc = subprocess.Popen(
            [tool(name), *map(str, args)], env=env, cwd=tmp_path, stdin=its,
            stdout=its if terminal else subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )
        if terminal:
            os.close(its)
        reader = Background(read_all, ours if terminal else proc.stdout.fileno())
        try:
            proc.wait(60)
        finally:
            proc.kill()
            proc.wait()
        output = reader.wait()
        assert proc.returncode in ok, output.decode(errors="replace")
        return output

    return call


def new_terminal():
    """A pseudo-terminal with a size: mutt does not start in one without."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    return ours, its


def read_all(fd):
    """All bytes until the other end is closed."""
    data = b""
    while True:
        try:
            more = os.read(fd, 65536)
        except OSError:
            more = b""
        if not more:
            return data
        data += more


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def check_messages(texts):
    """All three messages came, as they are in the mailbox."""
    assert len(texts) == 3
    for subject in (b"Subject: one", b"Subject: dots", b"gr=C3=BC=C3=9Fe"):
        assert any(subject in text for text in texts)
    bodies = [text.split("\r\n\r\n", 1)[1].encode() for text in MESSAGES]
    for body in bodies:
        assert any(
            body.strip() in text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            for text in texts
        )


def test_imaplib(john):
    with imaplib.IMAP4(*john.addr("imap"), timeout=20) as client:
        client.login("john", USERS["john"])
        assert client.select("INBOX") == ("OK", [b"3"])
        _, found = client.fetch("1:3", "(BODY.PEEK[])")
        check_messages([part[1] for part in found if isinstance(part, tuple)])
        assert client.append("INBOX", None, None, b"x" * 100000)[0] == "OK"
        assert client.noop()[0] == "OK"
        assert client.search(None, "LARGER", "90000") == ("OK", [b"4"])


def test_poplib(john):
    client = poplib.POP3(*john.addr("pop3"), timeout=20)
    client.user("john")
    client.pass_(USERS["john"])
    assert client.stat()[0] == 3
    check_messages([b"\n".join(client.retr(n)[1]) for n in (1, 2, 3)])
    client.dele(2)
    client.quit()
    client = poplib.POP3(*john.addr("pop3"), timeout=20)
    client.user("john")
    client.pass_(USERS["john"])
    assert client.stat()[0] == 2
    client.quit()


def test_curl_imap(john, run):
    host, port = john.addr("imap")
    login = f"john:{USERS['john']}"
    url = f"imap://{host}:{port}/INBOX"
    assert run("curl", "-sS", "-u", login, f"{url};MAILINDEX=1") == (
        MESSAGES[0].encode()
    )
    found = run("curl", "-sS", "-u", login, f"{url}?SUBJECT dots".replace(" ", "%20"))
    assert found.strip() == b"* SEARCH 2"
    run("curl", "-sS", "-u", "john:wrong", url, ok=(67,))


def test_curl_pop3(john, run):
    host, port = john.addr("pop3")
    login = f"john:{USERS['john']}"
    for number, text in enumerate(MESSAGES, 1):
        got = run("curl", "-sS", "-u", login, f"pop3://{host}:{port}/{number}")
        assert got == text.encode()
    run("curl", "-sS", "-u", "john:wrong", f"pop3://{host}:{port}/1", ok=(67,))


@pytest.mark.parametrize("name", ["mutt", "neomutt"])
def test_mutt(john, run, tmp_path, name):
    host, port = john.addr("imap")
    copy = tmp_path / "copy"
    write(
        tmp_path / "muttrc",
        f"""
set imap_user = john
set imap_pass = {USERS['john']}
set ssl_starttls = no
set ssl_force_tls = no
set folder = imap://{host}:{port}/
set spoolfile = imap://{host}:{port}/INBOX
set mbox_type = mbox
set confirmappend = no
set confirmcreate = no
set sleep_time = 0
set wait_key = no
set copy = no
push "<tag-pattern>~A<enter><tag-prefix><copy-message>{copy}<enter><exit>"
""",
    )
    run(name, "-n", "-F", tmp_path / "muttrc", "-R", terminal=True)
    check_messages([bytes(message) for message in mailbox.mbox(copy)])


def test_mbsync(john, run, tmp_path):
    host, port = john.addr("imap")
    (tmp_path / "mail").mkdir()
    conf = write(
        tmp_path / "mbsyncrc",
        f"""
IMAPAccount proxy
Host {host}
Port {port}
User john
Pass {USERS['john']}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account proxy

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/INBOX

Channel all
Far :far:
Near :near:
Create Near
Sync All
""",
    )
    run("mbsync", "-c", conf, "all")
    box = mailbox.Maildir(tmp_path / "mail/INBOX", create=False)
    check_messages([bytes(message) for message in box])


def test_offlineimap(john, run, tmp_path):
    host, port = john.addr("imap")
    conf = write(
        tmp_path / "offlineimaprc",
        f"""
[general]
accounts = all
metadata = {tmp_path}/meta
ui = basic
[Account all]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {tmp_path}/mail
[Repository far]
type = IMAP
remotehost = {host}
remoteport = {port}
remoteuser = john
remotepass = {USERS['john']}
ssl = no
starttls = no
auth_mechanisms = LOGIN
""",
    )
    run("offlineimap", "-o", "-c", conf)
    box = mailbox.Maildir(tmp_path / "mail/INBOX", create=False)
    check_messages([bytes(message) for message in box])


@pytest.mark.parametrize("service", ["imap", "pop3"])
def test_fetchmail(john, run, tmp_path, service):
    host, port = john.addr(service)
    got = tmp_path / "got"
    conf = write(
        tmp_path / "fetchmailrc",
        f"poll {host} service {port} protocol {service} auth password\n"
        f'  user "john" password "{USERS["john"]}" is root here\n'
        f'  fetchall keep sslproto "" mda "/bin/cat >> {got}"\n',
        0o700,
    )
    run("fetchmail", "-f", conf, "--nodetach", "--nosyslog", "-i",
        tmp_path / "ids", "--pidfile", tmp_path / "pid")
    data = got.read_bytes()
    for text in MESSAGES:
        body = text.split("\r\n\r\n", 1)[1].replace("\r\n", "\n").encode()
        assert body.strip() in data


def test_mpop(john, run, tmp_path):
    host, port = john.addr("pop3")
    got = tmp_path / "got"
    conf = write(
        tmp_path / "mpoprc",
        f"account proxy\nhost {host}\nport {port}\nuser john\n"
        f"password {USERS['john']}\nauth user\ntls off\nkeep on\n"
        f"delivery mbox {got}\nuidls_file {tmp_path}/uidls\n"
        "account default : proxy\n",
    )
    run("mpop", "-C", conf)
    check_messages([bytes(message) for message in mailbox.mbox(got)])
