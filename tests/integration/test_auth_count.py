"""Several auth processes: each user is always asked of the same one."""

import os
import re
import signal
import time

import pytest

from harness import procs
from harness.client import b64

COUNT = 3
USERS = [f"user{number}" for number in range(24)]


def auth_of(user, count=COUNT):
    """Which process has a user: as ipc/auth_choice.c says."""
    value = 0xCBF29CE484222325
    for byte in user.lower().encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return ((value ^ value >> 32) & 0xFFFFFFFF) % count


def make(new_suite, hosts, count=COUNT, users=USERS, **settings):
    suite = new_suite(
        start=False,
        settings={"auth_cache_size": "4M", "auth_worker_max_count": 7,
                  **settings},
    )
    for user in users:
        suite.add_row(hosts.row(user))
    # What the helper of all tests writes into the section comes last.
    suite.conf.write_text(
        suite.conf.read_text().replace("  count = 1\n", f"  count = {count}\n")
    )
    suite.start()
    suite.wait_log("ready: pid=")
    return suite


def status(suite, count=COUNT):
    found = suite.ctl_keys("cache", "status")
    return [
        {key.split(".", 2)[2]: value for key, value in found.items()
         if key.startswith(f"auth.{number}.")}
        for number in range(1, count + 1)
    ]


def entries(suite, count=COUNT):
    return [int(one["cache.entries"]) for one in status(suite, count)]


def login(suite, user):
    with suite.imap() as client:
        client.ok(f"LOGIN {user} pw")


def test_caches_do_not_overlap(new_suite, hosts):
    suite = make(new_suite, hosts)
    assert len(suite.children("auth")) == COUNT
    for _ in range(2):
        for user in USERS:
            login(suite, user)
    wanted = [
        sum(auth_of(user) == number for user in USERS)
        for number in range(COUNT)
    ]
    assert all(wanted) and entries(suite) == wanted
    size = sum(int(one["cache.bytes_max"]) for one in status(suite))
    assert 3.9 * 1024 * 1024 < size <= 4 * 1024 * 1024
    hits = [int(one["cache.hits"]) for one in status(suite)]
    assert hits == wanted
    # The same name in other letters belongs to the same process.
    suite.imap().command(f"LOGIN {USERS[0].upper()} pw")
    misses = [int(one["cache.misses"]) for one in status(suite)]
    index = auth_of(USERS[0])
    assert misses[index] == wanted[index] + 1


def exchange(suite, user, mech, is_initial):
    """One login by AUTHENTICATE; the prompts that came."""
    plain = f"\0{user}\0pw".encode()
    with suite.imap() as client:
        if mech == "PLAIN" and is_initial:
            client.send(f"a AUTHENTICATE PLAIN {b64(plain)}")
            prompts = []
        elif mech == "PLAIN":
            client.send("a AUTHENTICATE PLAIN")
            prompts = [client.line()]
            client.send(b64(plain))
        else:
            first = f" {b64(user.encode())}" if is_initial else ""
            client.send(f"a AUTHENTICATE LOGIN{first}")
            prompts = []
            if not is_initial:
                prompts.append(client.line())
                client.send(b64(user.encode()))
            prompts.append(client.line())
            client.send(b64(b"pw"))
        assert "OK" in until_tagged(client)
    return prompts


def until_tagged(client):
    while True:
        line = client.line()
        if line.startswith("a "):
            return line


@pytest.mark.parametrize("is_initial", [True, False])
@pytest.mark.parametrize("mech", ["PLAIN", "LOGIN"])
def test_each_way_to_say_a_name(new_suite, hosts, mech, is_initial):
    suite = make(new_suite, hosts)
    for user in USERS[:8]:
        prompts = exchange(suite, user, mech, is_initial)
        if mech == "PLAIN":
            assert prompts == ([] if is_initial else ["+ "])
        else:
            wanted = [] if is_initial else ["+ VXNlcm5hbWU6"]
            assert prompts == wanted + ["+ UGFzc3dvcmQ6"]
    assert entries(suite) == [
        sum(auth_of(user) == number for user in USERS[:8])
        for number in range(COUNT)
    ]


def test_an_exchange_that_is_cancelled_or_broken(new_suite, hosts):
    """Before any auth process was asked."""
    suite = make(new_suite, hosts)
    for answer in ("*", "!!!", "", b64(b"no NUL in it")):
        with suite.imap() as client:
            client.send("a AUTHENTICATE PLAIN")
            assert client.line() == "+ "
            client.send(answer)
            assert re.match(r"a (BAD|NO)", client.line())
            client.ok(f"LOGIN {USERS[0]} pw")
    with suite.imap() as client:
        client.send("a AUTHENTICATE CRAM-MD5")
        assert re.match(r"a (BAD|NO)", client.line())
        client.ok(f"LOGIN {USERS[0]} pw")


def test_pop3_and_its_prompts(new_suite, hosts):
    suite = make(new_suite, hosts)
    for user in USERS[:6]:
        with suite.pop3() as client:
            client.send("AUTH LOGIN")
            assert client.line() == "+ VXNlcm5hbWU6"
            client.send(b64(user.encode()))
            assert client.line() == "+ UGFzc3dvcmQ6"
            client.send(b64(b"pw"))
            assert client.line().startswith("+OK")


def test_wicketctl_asks_the_right_one(new_suite, hosts):
    suite = make(new_suite, hosts)
    for user in USERS:
        assert suite.ctl_keys("explain", user)["result"] == "ok"
    before = entries(suite)
    assert sum(before) == len(USERS)
    assert suite.ctl_keys("cache", "flush", USERS[3])["flushed"] == "1"
    after = entries(suite)
    index = auth_of(USERS[3])
    assert before[index] - after[index] == 1
    found = suite.ctl_keys("cache", "flush")
    assert sum(
        int(found[f"auth.{number}.flushed"]) for number in (1, 2, 3)
    ) == len(USERS) - 1
    pids = {suite.ctl_keys("status")[f"auth.{n}.pid"] for n in (1, 2, 3)}
    assert pids == {str(pid) for pid in suite.children("auth")}


def test_workers_are_shared_out(new_suite, hosts):
    suite = make(new_suite, hosts)
    found = suite.ctl_keys("status")
    shares = [int(found[f"auth.{n}.workers_max"]) for n in (1, 2, 3)]
    assert shares == [3, 2, 2]
    for user in USERS:
        login(suite, user)
    assert len(suite.children("auth-worker")) <= 7


def test_one_of_them_dies(new_suite, hosts):
    """The others' users do not notice, its own are served again at once."""
    suite = make(new_suite, hosts)
    suite.allow(r"auth\[\d+\]: died")
    found = suite.ctl_keys("status")
    victim = int(found["auth.2.pid"])
    mine = next(user for user in USERS if auth_of(user) == 1)
    others = [user for user in USERS if auth_of(user) != 1][:6]
    session = suite.imap()
    session.ok(f"LOGIN {mine} pw")
    os.kill(victim, signal.SIGKILL)
    for user in others:
        login(suite, user)

    def is_back():
        with suite.imap() as client:
            client.send(f"a LOGIN {mine} pw")
            return "a OK" in until_tagged(client)

    procs.wait_until(is_back, "its user to be served")
    session.ok("WHOAMI", "w")
    found = suite.ctl_keys("status")
    assert found["auth.serving.processes"] == "3"
    assert found["auth.2.pid"] != str(victim)
    for user in USERS:
        login(suite, user)
    assert entries(suite) == [
        sum(auth_of(user) == number for user in USERS)
        for number in range(COUNT)
    ]


def test_all_of_them_die_in_turns(new_suite, hosts):
    suite = make(new_suite, hosts)
    suite.allow(r"auth\[\d+\]: died", "fails to start")
    for number in range(2 * COUNT):
        pid = suite.ctl_keys("status")[f"auth.{number % COUNT + 1}.pid"]
        # A death right after the start is throttled.
        time.sleep(1.1)
        os.kill(int(pid), signal.SIGKILL)
        procs.wait_until(
            lambda: len(suite.children("auth")) == COUNT
            and int(pid) not in suite.children("auth"), "its successor", 20
        )
    for user in USERS[:12]:
        login(suite, user)
    assert sum(entries(suite)) == 12


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_reload_with_another_count(new_suite, hosts, count):
    suite = make(new_suite, hosts, mail_max_userip_connections=1)
    sessions = {}
    for user in USERS[:6]:
        sessions[user] = suite.imap()
        sessions[user].ok(f"LOGIN {user} pw")
    old = suite.children("auth")
    suite.conf.write_text(
        re.sub(r"count = 3\n", f"count = {count}\n", suite.conf.read_text())
    )
    suite.ctl("reload")
    procs.wait_until(
        lambda: suite.ctl_keys("status", status=None).get(
            "auth.serving.processes"
        ) == str(count), "the new auth processes", 20,
    )
    # Living sessions count at the process that has their user now.
    for user, session in sessions.items():
        session.ok("WHOAMI", "w")
        with suite.imap() as client:
            client.send(f"a LOGIN {user} pw")
            assert "LIMIT" in until_tagged(client)
    for user in USERS[6:]:
        login(suite, user)
    for session in sessions.values():
        session.close()
    assert not set(old) & set(
        int(value) for key, value in suite.ctl_keys("status").items()
        if re.match(r"auth\.\d+\.pid", key)
    )
    # auth_of() of the new count, for all that have logged in since.
    found = entries(suite, count)
    for number in range(count):
        assert found[number] >= sum(
            auth_of(user, count) == number for user in USERS[6:]
        )


def test_many_logins_while_one_is_replaced(new_suite, hosts):
    """T-X10's kind of load: whoever fails hears of a temporary trouble."""
    suite = make(new_suite, hosts, auth_worker_max_count=6)
    suite.allow(r"auth\[\d+\]: died", r"\berror: ")
    answers = {"OK": 0, "UNAVAILABLE": 0}
    os.kill(int(suite.ctl_keys("status")["auth.1.pid"]), signal.SIGKILL)
    for _ in range(4):
        for user in USERS:
            with suite.imap() as client:
                client.send(f"a LOGIN {user} pw")
                line = until_tagged(client)
                answers["OK" if "a OK" in line else "UNAVAILABLE"] += 1
                assert "a OK" in line or "[UNAVAILABLE]" in line
    assert answers["OK"] >= 3 * len(USERS)
