"""Stored hashes of Dovecot's making, what they may cost, and who waits."""

import subprocess
import time

import pytest

from harness.suite import Background

SUITE = {
    "settings": {"auth_worker_max_count": 4},
    "sql": "default_pass_scheme = PLAIN\n",
}
AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"
# What doveadm makes and a proxy cannot verify a password in clear with, or
# nobody should.
LEFT_OUT = {
    "HMAC-MD5", "CRAM-MD5", "DIGEST-MD5", "OTP", "PLAIN-MD4", "PLAIN-TRUNC",
}
SALT = "c29tZXNhbHQx"
TAG = "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ"
COSTLY = {
    "bcrypt": "{CRYPT}$2y$31$abcdefghijklmnopqrstuu"
    "1pl6ErrmwtVHTJ1dMNBpSThfizo1ec6",
    "sha512": "{CRYPT}$6$rounds=999999999$saltsalt$x",
    "yescrypt": "{CRYPT}$y$jzT$saltsaltsalt$x",
    "pbkdf2": "{PBKDF2}$1$salt$2147483648$" + "5f" * 20,
    "scram": f"{{SCRAM-SHA-1}}4294967295,{SALT},x,x",
    "argon2 memory": f"{{ARGON2ID}}$argon2id$v=19$m=4194304,t=1,p=1${SALT}${TAG}",
    "argon2 time": f"{{ARGON2ID}}$argon2id$v=19$m=64,t=4294967295,p=1${SALT}${TAG}",
}


def doveadm_pw(*args):
    return subprocess.run(
        ["doveadm", "pw", *args],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()


def add(suite, hosts, hashed, user="joe"):
    suite.add_row(hosts.row(user, nopassword=None, password=hashed))


def login(suite, password, user="joe"):
    return suite.imap().login(user, password)[1]


def test_every_scheme_of_doveadm(suite, hosts):
    schemes = set(doveadm_pw("-l").split()) - LEFT_OUT
    assert {"ARGON2ID", "PBKDF2", "SCRAM-SHA-256", "BLF-CRYPT"} <= schemes
    for scheme in sorted(schemes):
        add(suite, hosts, doveadm_pw("-s", scheme, "-p", "pässword"))
        assert login(suite, "passwort").startswith(AUTHFAIL), scheme
        client = suite.pop3()
        client.ok("USER joe")
        assert client.command("PASS pässword").startswith("+OK"), scheme


@pytest.mark.parametrize("scheme", LEFT_OUT)
def test_schemes_that_are_left_out(suite, hosts, scheme):
    suite.allow("unusable password hash")
    add(suite, hosts, f"{{{scheme}}}5f4dcc3b5aa765d61d8327deb882cf99")
    assert login(suite, "password").startswith(TEMPFAIL)


@pytest.mark.parametrize("name", COSTLY)
def test_hashes_that_ask_for_too_much(suite, hosts, name):
    """Our trouble, told at once, and never a wrong password."""
    suite.allow("unusable password hash")
    add(suite, hosts, COSTLY[name])
    start = time.monotonic()
    assert login(suite, "pw").startswith(TEMPFAIL)
    assert time.monotonic() - start < 5


def test_T_A2_a_password_too_long_for_crypt(suite, hosts):
    """It is wrong; that it never was a password tells nothing of the user."""
    add(suite, hosts, doveadm_pw("-s", "SHA512-CRYPT", "-p", "pw"))
    assert login(suite, "pw").startswith("a OK")
    for user in ("joe", "nobody"):
        assert login(suite, "x" * 1000, user).startswith(AUTHFAIL)
        assert login(suite, "x" * 512, user).startswith(AUTHFAIL)


def test_a_slow_hash_delays_nobody(suite, hosts):
    """Verified by workers: auth answers others meanwhile."""
    add(suite, hosts, doveadm_pw("-s", "BLF-CRYPT", "-r", "14", "-p", "pw"))
    add(suite, hosts, doveadm_pw("-s", "SSHA256", "-p", "pw"), "jane")
    assert login(suite, "pw", "jane").startswith("a OK")
    start = time.monotonic()
    slow = Background(login, suite, "pw")
    waited = []
    while len(waited) < 5:
        before = time.monotonic()
        assert login(suite, "pw", "jane").startswith("a OK")
        waited.append(time.monotonic() - before)
    assert slow.wait().startswith("a OK")
    took = time.monotonic() - start
    assert min(waited) < took / 3, (waited, took)


def test_T_M2_unknown_users_cost_what_known_ones_do(suite, hosts):
    """With a hash of half a second, the ratio needs no statistics."""
    add(suite, hosts, doveadm_pw("-s", "BLF-CRYPT", "-r", "12", "-p", "pw"))
    took = {}
    for user in ("joe", "nobody", "joe", "nobody", "joe", "nobody"):
        start = time.monotonic()
        assert login(suite, "bad" + str(start), user).startswith(AUTHFAIL)
        time_s = time.monotonic() - start
        took[user] = min(time_s, took.get(user, time_s))
    assert took["nobody"] > took["joe"] / 3 and took["joe"] > took["nobody"] / 3
