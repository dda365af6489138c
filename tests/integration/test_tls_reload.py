"""What becomes of tls-signer and its clients when keys change."""

import contextlib
import os
import re
import signal
import ssl
import time

import pytest

from harness import procs
from harness.suite import Background, program
from harness.tls import (
    certificates, context, tls_client, tls_options, tls_socket, upgrade,
)
from harness.wire import WireError

HANGS = "#!/bin/sh\nexec sleep 1000\n"


@pytest.fixture
def tls_suite(new_suite, hosts):
    """A suite with TLS and a user."""
    suite = new_suite(**tls_options())
    suite.add_row(hosts.row("joe"))
    return suite


def new_generation(suite):
    """A reload and the end of all processes without a session."""
    before = suite.children("tls-signer")
    suite.reload()
    procs.wait_until(
        lambda: len(suite.children("tls-signer")) == 1
        and suite.children("tls-signer") != before,
        "one new tls-signer",
    )


def test_an_old_signer_ends_though_sessions_live(tls_suite, hosts):
    """Those who have logged in need none; nor does a process for one client."""
    sessions = []
    for service in ("imap", "pop3"):
        client = tls_client(service, tls_suite.addr(service + "s"))
        client.login("joe", "pw")
        sessions.append(client)
    for _ in range(2):
        new_generation(tls_suite)
    (signer,) = tls_suite.children("tls-signer")
    for client in sessions:
        client.ok("NOOP")
    # One that replaces it is not handed to them either.
    tls_suite.allow(r"tls-signer")
    old = set(map(int, re.findall(r"-login\[(\d+)\]: login: ",
                                  tls_suite.log())))
    os.kill(signer, signal.SIGKILL)
    procs.wait_until(
        lambda: signer not in tls_suite.wait_children("tls-signer", 1),
        "another tls-signer",
    )
    for client in sessions:
        client.ok("NOOP")
    for pid in old:
        sockets = [x for x in procs.fds(pid).values() if "socket" in x]
        # Log, master, auth, client and host; no tls-signer.
        assert len(sockets) <= 6, procs.fds(pid)


def test_a_client_that_waits_gets_its_tls(tls_suite, hosts):
    """STARTTLS on a connection from before the reload."""
    plain = tls_suite.imap()
    plain.ok("NOOP")
    old = tls_suite.children("tls-signer")
    # The master hears once a second how many clients a process has.
    time.sleep(1.2)
    tls_suite.reload()
    procs.wait_until(
        lambda: len(tls_suite.children("tls-signer")) == 2, "two of them"
    )
    client = upgrade(plain, "imap")
    # Amid a change of auth it may be told to try again.
    procs.wait_until(
        lambda: client.login("joe", "pw")[1].startswith("a OK"), "a login"
    )
    procs.wait_until(
        lambda: not set(old) & set(tls_suite.children("tls-signer")),
        "the end of the old tls-signer",
    )
    client.ok("WHOAMI", "w")


def served_by(suite, start):
    """Pids of login processes with a good handshake since then."""
    found = re.findall(r"imap-login\[(\d+)\]: disconnected: .* tls=TLSv",
                       suite.log(start))
    return set(map(int, found))


def test_an_old_signer_dies_before_its_successor_serves(tls_suite, hosts):
    """Its login processes get another one that has their keys."""
    suite = tls_suite
    suite.allow(r"tls-signer|signer|TLS|signature|died: ")
    old = set(suite.children("imap-login"))
    (signer,) = suite.children("tls-signer")
    stuck = suite.dir / "stuck"
    stuck.write_text(HANGS)
    stuck.chmod(0o755)
    suite.options["settings"]["auth_executable"] = stuck
    suite.write_conf()
    suite.reload()
    suite.wait_children("tls-signer", 2)
    os.kill(signer, signal.SIGKILL)
    procs.wait_until(
        lambda: signer not in suite.wait_children("tls-signer", 2),
        "another tls-signer",
    )
    start = suite.mark()

    def shakes():
        try:
            tls_client("imap", suite.addr("imaps")).close()
        except (ssl.SSLError, WireError, ConnectionError):
            return False
        return old <= served_by(suite, start)

    procs.wait_until(shakes, "handshakes with all old processes", 15)


def sections(suite, count, which):
    """local_name for each of many hosts, all with files of their own."""
    cert, key = (path.read_bytes() for path in certificates()[which])
    folder = suite.dir / "names"
    folder.mkdir(exist_ok=True)
    text = ""
    for number in range(count):
        pair = folder / f"{number}.pem", folder / f"{number}.key"
        for path, data in zip(pair, (cert, key)):
            path.write_bytes(data)
            path.chmod(0o600)
        text += (
            f"local_name host{number}.test {{\n  ssl_cert_file = {pair[0]}\n"
            f"  ssl_key_file = {pair[1]}\n}}\n"
        )
    return text


def test_a_certificate_for_each_name(new_suite):
    """
    They take time where they are checked and read, once each, and a login
    process no memory before somebody asks for them.
    """
    most = int(os.environ.get("MW_TLS_SECTIONS", 200))
    suite = new_suite(start=False, **tls_options())
    suite.options["text"] += sections(suite, most, "wild")
    suite.write_conf()
    suite.start(60)
    names = ["host0.test", f"host{most // 2}.test", f"host{most - 1}.test"]

    def shown(name):
        tls = context(certificates()["ca"])
        tls.check_hostname = False
        with tls_socket(suite.addr("imaps"), tls, name) as sock:
            return [x for _, x in sock.getpeercert()["subjectAltName"]]

    def are_shown(wanted):
        return all(shown(name) == [wanted] for name in names)

    suite.wait_log(r"ready: ", timeout=60)
    assert are_shown("*.w.test") and shown("else.test") == ["mail.test"]
    for pid in suite.children("imap-login", "pop3-login"):
        assert procs.rss_kb(pid) < 12 * 1024
    # The master may look at the files just now.
    suite.allow("changed certificates are not taken: ")
    sections(suite, most, "a")
    suite.ctl("reload", timeout=60)
    procs.wait_until(lambda: are_shown("a.test"), "new certificates", 60)


def test_the_master_serves_while_certificates_are_checked(new_suite, hosts):
    """A check that hangs holds up the reload and nothing else."""
    suite = new_suite(start=False, **tls_options())
    suite.allow("reload: ")
    flag, signer = suite.dir / "flag", suite.dir / "signer"
    signer.write_text(
        f"#!/bin/sh\n[ -e {flag} ] && exec sleep 1000\n"
        f"exec {program('tls-signer')}\n"
    )
    signer.chmod(0o755)
    suite.options["settings"]["tls_signer_executable"] = signer
    suite.write_conf()
    suite.start()
    suite.add_row(hosts.row("joe"))
    flag.touch()
    time.sleep(1)
    reloading = Background(lambda: suite.ctl("reload", status=1))
    (sleeper,) = suite.wait_children("sleep", 1)
    for _ in range(2):
        assert "tls-signer" in suite.ctl("status")
        # In per-connection mode the master starts a process for each.
        for _ in range(3):
            with tls_client("imap", suite.addr("imaps")) as client:
                assert client.login("joe", "pw")[1].startswith("a OK")
    # A second reload has to wait.
    start = suite.mark()
    os.kill(suite.pid, signal.SIGHUP)
    # On a busy machine its time may be over by now.
    with contextlib.suppress(ProcessLookupError):
        os.kill(sleeper, signal.SIGKILL)
    assert "it ended, or did not answer in time" in reloading.wait()
    flag.unlink()
    suite.wait_log("configuration read again", start, 20)


def test_the_end_amid_a_check(new_suite):
    suite = new_suite(start=False, **tls_options())
    suite.allow("reload: ")
    signer = suite.dir / "signer"
    signer.write_text(HANGS)
    signer.chmod(0o755)
    suite.start()
    suite.options["settings"]["tls_signer_executable"] = signer
    suite.write_conf()
    time.sleep(1)
    reloading = Background(lambda: suite.ctl("reload", status=None))
    suite.wait_children("sleep", 1)
    assert suite.stop() == 0
    reloading.wait()
