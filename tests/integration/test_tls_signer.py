"""The private keys: who has them, what is signed, how they change."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import procs
from harness.memory import needles, scan
from harness.suite import KEY_UID
from harness.tls import (
    Authority, certificates, context, tls_client, tls_options, tls_socket,
)

SOURCE = Path(__file__).parent / "harness" / "hostile_login.py"
LOGINS = ("imap-login", "pop3-login")
WITHIN_A_SECOND = 1.0
DAY = 86400


def copied(suite, name, to):
    """A certificate with its key in files of the suite's own."""
    cert, key = certificates()[name]
    mine = suite.dir / f"{to}.pem", suite.dir / f"{to}.key"
    shutil.copy(cert, mine[0])
    shutil.copy(key, mine[1])
    mine[1].chmod(0o600)
    return mine


def served(suite, service="imaps", tls=None):
    """The DER of the certificate that a new connection gets."""
    sock = tls_socket(suite.addr(service), tls=tls)
    try:
        return sock.getpeercert(binary_form=True)
    finally:
        sock.close()


def der(path):
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def serves(suite, cert):
    """Old processes go on serving until the new ones can."""
    procs.wait_until(lambda: served(suite) == der(cert), f"use of {cert}")


def with_own_files(suite):
    """Serves a certificate from files that the test may change: its path."""
    cert, key = copied(suite, "mail", "mine")
    suite.options["settings"].update({
        "ssl_cert_file": cert, "ssl_key_file": key,
        "ssl_alt_cert_file": "", "ssl_alt_key_file": "",
    })
    suite.write_conf()
    suite.reload()
    serves(suite, cert)
    return cert


@pytest.fixture
def tls_suite(new_suite, hosts):
    """A suite with TLS and a user."""
    suite = new_suite(**tls_options())
    suite.add_row(hosts.row("joe"))
    return suite


# Where keys are.


def wanted_keys():
    found = {}
    for name in ("mail", "mail-rsa", "wild"):
        for what, value in needles(certificates()[name][1]).items():
            found[f"{name}: {what}"] = value
    return found


def without_key(suite, wanted):
    """No process but tls-signer has any of it."""
    for pid in suite.children(*LOGINS, "auth", "auth-worker"):
        try:
            assert scan(pid, wanted) == set(), procs.comm(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass  # its client has left, and it with him
    assert scan(suite.pid, wanted) == set()


def test_T_K1_no_key_in_a_login_process(tls_suite):
    """In none, idle or at work; the same look finds it in tls-signer."""
    wanted = wanted_keys()
    (signer,) = tls_suite.children("tls-signer")
    found = scan(signer, wanted)
    for name, number in [("mail", "priv"), ("mail-rsa", "prime1"),
                         ("mail-rsa", "prime2"), ("wild", "priv")]:
        assert any(one.startswith(f"{name}: {number}") for one in found), found
    without_key(tls_suite, wanted)

    is_over = threading.Event()

    def work():
        tls = [context(), context(version=ssl.TLSVersion.TLSv1_2)]
        while not is_over.is_set():
            for one in tls:
                for service in ("imap", "pop3"):
                    client = tls_client(
                        service, tls_suite.addr(service + "s"), tls=one
                    )
                    client.login("joe", "pw")
                    client.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            without_key(tls_suite, wanted)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_tls_signer_is_in_a_jail(tls_suite):
    (pid,) = tls_suite.children("tls-signer")
    status = procs.status(pid)
    assert status["Uid"].split() == [str(KEY_UID)] * 4
    assert status["Gid"].split() == [str(KEY_UID)] * 4
    assert status["Groups"] == ""
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert os.listdir(f"/proc/{pid}/root") == []
    assert procs.limits(pid)["Max processes"] == ("0", "0")
    assert procs.limits(pid)["Max file size"] == ("0", "0")
    kinds = {re.sub(r":.*", "", what) for what in procs.fds(pid).values()}
    assert kinds <= {"/dev/null", "socket", "pipe", "anon_inode",
                     str(tls_suite.log_path)}
    assert not procs.has_listener(pid)


def test_R_a_signer_that_dies_is_replaced(tls_suite, hosts):
    """Sessions live; handshakes work again within a second."""
    tls_suite.allow(r"tls-signer|signer|TLS|handshake|signature")
    session = tls_client("imap", tls_suite.addr("imaps"))
    session.login("joe", "pw")
    for _ in range(2):
        (pid,) = tls_suite.children("tls-signer")
        time.sleep(1.2)
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()

        def works():
            try:
                served(tls_suite)
                return True
            except (OSError, ssl.SSLError):
                return False

        procs.wait_until(works, "a handshake", WITHIN_A_SECOND + 2)
        assert time.monotonic() - begun < WITHIN_A_SECOND + 1
        session.ok("WHOAMI", "w")
    assert tls_suite.children("tls-signer") != [pid]


# A login process that was taken over.

PLANS = {
    "fair": {"signed": 1},
    "unknown key": {"refused 0": 3},
    "another algorithm": {"refused 1": 1},
    "no TLS bytes": {"refused 2": 3},
    "9 kB": {"closed": 1},
    "signer garbage": {"closed": 1},
    "unknown request": {"closed": 1},
    "a flood": None,
}


@pytest.mark.parametrize("plan", PLANS)
def test_T_K1_what_tls_signer_refuses(new_suite, hosts, plan):
    suite = new_suite(start=False, **tls_options())
    suite.allow(".")
    evil, result = suite.dir / "evil", suite.dir / "result"
    evil.write_text(
        f"#!/usr/bin/python3 -BI\nPLAN = {plan!r}\nRESULT = {str(result)!r}\n"
        + SOURCE.read_text()
    )
    evil.chmod(0o755)
    suite.write_conf(pop3={
        **suite.options["pop3"], "login_executable": evil,
        "login_processes_count": 1,
    })
    suite.start()
    suite.add_row(hosts.row("joe"))
    before = suite.wait_children("tls-signer", 1)
    until = time.monotonic() + 1.2
    while time.monotonic() < until or not result.exists():
        begun = time.monotonic()
        client = tls_client("imap", suite.addr("imaps"))
        client.login("joe", "pw")
        client.close()
        # The signer takes turns: nobody waits behind the flood.
        assert time.monotonic() - begun < 2
        assert time.monotonic() < until + 10
    assert suite.children("tls-signer") == before
    found = json.loads(result.read_text())
    if PLANS[plan] is not None:
        assert found == PLANS[plan]
    else:
        assert found.get("signed", 0) <= 2 * 2000
        assert set(found) <= {"signed", "refused 3"}
        assert sum(found.values()) >= 100
    log = suite.log(0)
    assert all(32 <= ord(char) < 127 or char == "\n" for char in log)


# What is looked at before it is used.


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Certificates with something wrong with them."""
    folder = tmp_path_factory.mktemp("shelf")
    ca = Authority(folder, "shelf-ca")
    for name in ("good", "other"):
        ca.issue(name, ["mail.test"])
    make = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes",
            "-keyout", "small.key", "-out", "small.pem", "-subj", "/CN=x"]
    subprocess.run(make, cwd=folder, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ec", "-in", "good.key", "-aes256", "-passout",
         "pass:hush", "-out", "locked.key"],
        cwd=folder, check=True, capture_output=True,
    )
    (folder / "swapped.pem").write_text(
        ca.path.read_text() + (folder / "good.pem").read_text()
    )
    (folder / "text.pem").write_text("nothing\n")
    (folder / "loose.key").write_text((folder / "good.key").read_text())
    for key in folder.glob("*.key"):
        key.chmod(0o600)
    (folder / "loose.key").chmod(0o644)
    (folder / "link.key").symlink_to("good.key")
    return folder


FAULTS = [
    ("good.pem", "good.key", None),
    ("good.pem", "link.key", None),
    ("good.pem", "other.key", "ssl_cert_file: {cert}: the private key does "
                              "not belong to this certificate"),
    ("swapped.pem", "shelf-ca.key", "certificate 2 of the file has not"),
    ("small.pem", "small.key", "RSA with 1024 bits"),
    ("text.pem", "good.key", "ssl_cert_file: {cert}: holds no certificate"),
    ("good.pem", "text.pem", "ssl_key_file: {key}: holds no private key"),
    ("good.pem", "locked.key", "ssl_key_file: {key}: is encrypted"),
    ("missing.pem", "good.key", "ssl_cert_file: {cert}: No such file"),
    ("good.pem", "missing.key", "ssl_key_file: {key}: No such file"),
    ("good.pem", "loose.key", "must have mode 0600 or 0640"),
]


def checked(suite):
    """Status and lines of a check, but for one that is always there."""
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=60
    )
    lines = done.stderr.splitlines()
    return done.returncode, [line for line in lines if "user = root" not in line]


@pytest.mark.parametrize("cert, key, fault", FAULTS)
def test_check_tells_what_is_wrong(new_suite, shelf, cert, key, fault):
    suite = new_suite(start=False, **tls_options())
    suite.options["settings"].update({
        "ssl_cert_file": shelf / cert, "ssl_key_file": shelf / key,
    })
    if cert == "text.pem" or key == "text.pem":
        (shelf / "text.pem").chmod(0o600)
    suite.write_conf()
    status, told = checked(suite)
    if fault is None:
        assert (status, told) == (0, [])
        return
    assert status == 1
    text = fault.format(cert=shelf / cert, key=shelf / key)
    lines = suite.conf.read_text().splitlines()
    # A key that is too small is told of the certificate, too.
    assert len(told) == (2 if key == "small.key" else 1) and text in told[0]
    place = re.match(rf"{suite.conf}:(\d+): (ssl_\w+): ", told[0])
    assert lines[int(place[1]) - 1].startswith(place[2])


def test_check_knows_the_password(new_suite, shelf):
    suite = new_suite(start=False, **tls_options())
    suite.options["settings"].update({
        "ssl_cert_file": shelf / "good.pem",
        "ssl_key_file": shelf / "locked.key", "ssl_key_password": "hush",
    })
    suite.write_conf()
    assert checked(suite) == (0, [])
    assert not list(Path("/tmp").glob("mailwicket-check-*"))
    suite.options["settings"]["ssl_key_password"] = "wrong"
    suite.write_conf()
    _, (told,) = checked(suite)
    assert "cannot be decrypted with ssl_key_password" in told


def test_a_section_names_its_place(new_suite, shelf):
    suite = new_suite(start=False, **tls_options())
    suite.options["text"] += (
        f"local_name b.test {{\n  ssl_cert_file = {shelf}/good.pem\n"
        f"  ssl_key_file = {shelf}/other.key\n}}\n"
    )
    suite.write_conf()
    _, (told,) = checked(suite)
    lines = suite.conf.read_text().splitlines()
    (place,) = re.findall(rf"{suite.conf}:(\d+): ssl_cert_file", told)
    assert lines[int(place) - 1] == "local_name b.test {"


# Changes.


def test_a_reload_takes_a_new_certificate(tls_suite):
    suite = tls_suite
    cert = with_own_files(suite)
    session = tls_client("imap", suite.addr("imaps"))
    session.login("joe", "pw")
    old = der(cert)
    copied(suite, "mail-rsa", "mine")
    suite.reload()
    serves(suite, cert)
    assert old != der(cert)
    session.ok("WHOAMI", "w")


def test_a_bad_certificate_is_not_taken(tls_suite, shelf):
    suite = tls_suite
    suite.allow(r"reload:")
    cert = with_own_files(suite)
    old = der(cert)
    shutil.copy(shelf / "good.pem", cert)
    start = suite.mark()
    time.sleep(1)
    os.kill(suite.pid, signal.SIGHUP)
    suite.wait_log(
        r"error: reload: .*ssl_cert_file: .*the private key does not belong",
        start,
    )
    assert served(suite) == old
    assert suite.ctl("reload", status=1)


def test_no_handshake_fails_while_certificates_change(tls_suite):
    suite = tls_suite
    with_own_files(suite)
    is_over, done, faults = threading.Event(), [], []

    def work():
        while not is_over.is_set():
            try:
                done.append(served(suite))
            except OSError as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for name in ("mail-rsa", "mail") * 3:
            copied(suite, name, "mine")
            suite.reload()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert set(done) == {der(certificates()[name][0])
                         for name in ("mail", "mail-rsa")}


def test_tls_goes_off_and_on_by_a_reload(tls_suite):
    suite = tls_suite
    assert served(suite)
    addr = suite.addr("imaps")
    suite.options["settings"]["ssl_disable"] = "yes"
    suite.write_conf()
    suite.reload()
    procs.wait_until(
        lambda: not suite.children("tls-signer"), "the end of tls-signer"
    )
    with pytest.raises(OSError):
        tls_socket(addr).close()
    suite.imap().ok("LOGIN joe pw")
    suite.options["settings"]["ssl_disable"] = "no"
    suite.write_conf()
    start = suite.mark()
    suite.reload()
    suite.wait_children("tls-signer", 1)
    found = suite.wait_log(r"service=imaps addr=127.0.0.1:(\d+)", start)
    procs.wait_until(
        lambda: tls_socket(("127.0.0.1", int(found[1]))), "a handshake"
    ).close()


def test_expiry_is_told(tls_suite):
    """In the log, by wicketctl status, and wicketctl tls has all dates."""
    suite = tls_suite
    authority = Authority(suite.dir, "own-ca")
    cert, key = authority.issue("soon", ["soon.test"], days=3)
    suite.options["settings"].update({
        "ssl_cert_file": cert, "ssl_key_file": key,
    })
    suite.write_conf()
    suite.stop()
    suite.start()
    suite.wait_log(r"warning: certificate .*soon.pem \(soon.test\) expires: ")
    assert "soon.pem (soon.test) expires: " in suite.ctl("status")
    found = suite.ctl_keys("tls")
    assert found["cert.1.names"] == "soon.test"
    assert found["cert.1.key"] == "ECDSA P-256"
    assert found["cert.1.used"] == "default"
    assert int(found["cert.1.days"]) == 2
    assert found["cert.2.key"] == "RSA 2048"
    uses = {value for key, value in found.items() if key.endswith(".used")}
    assert uses == {"default", "a.test", "*.w.test"}


def test_a_changed_file_is_noticed(tls_suite, mode):
    """Without a signal: the files are looked at once a minute."""
    suite = tls_suite
    cert = with_own_files(suite)
    auth = suite.children("auth")
    session = tls_client("imap", suite.addr("imaps"))
    session.login("joe", "pw")
    start = suite.mark()
    copied(suite, "mail-rsa", "mine")
    until = time.monotonic() + 75
    while "certificates have changed, and are taken" not in suite.log(start):
        assert time.monotonic() < until
        time.sleep(2)
        session.ok("WHOAMI", "w")
    serves(suite, cert)
    session.ok("WHOAMI", "w")
    session.close()
    # No new one: at most the one of before the reload has ended.
    assert set(suite.children("auth")) <= set(auth)


def test_thousands_of_names(new_suite):
    """They cost a process no memory of its own, and no file is lost."""
    made = certificates()
    names = "".join(
        f"local_name host{i}.test {{\n  ssl_cert_file = {made['a'][0]}\n"
        f"  ssl_key_file = {made['a'][1]}\n}}\n"
        for i in range(3000)
    )
    suite = new_suite(start=False, **tls_options())
    suite.options["text"] += names
    suite.write_conf()
    suite.start()
    for name, which in [("host0.test", "a"), ("host2999.test", "a"),
                        ("host3000.test", "mail")]:
        sock = tls_socket(suite.addr("imaps"), name=name)
        assert sock.getpeercert(binary_form=True) == der(made[which][0])
        sock.close()
    for pid in suite.children(*LOGINS):
        assert procs.rss_kb(pid) < 24 * 1024
