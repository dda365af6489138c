"""Sessions of a user from an address, and what failed logins lead to."""

import contextlib
import os
import signal
import statistics
import threading
import time

import pytest

from harness import procs
from harness.client import ImapClient, Pop3Client
from harness.host import Host
from harness.wire import WireError, connect

LIMIT = "mail_max_userip_connections"
KILLED = r"signal|killed|auth|gone|lost|closed|died"


def imap(suite, source="127.0.0.1", **options):
    wire = connect(suite.addr("imap"), source=source, **options)
    return suite._keep(ImapClient(wire.sock, wire.timeout))


def pop3(suite, source="127.0.0.1"):
    wire = connect(suite.addr("pop3"), source=source)
    return suite._keep(Pop3Client(wire.sock, wire.timeout))


def tries(client, user="joe", password="pw"):
    return client.login(user, password)[1]


def is_in(client, user="joe", password="pw"):
    line = tries(client, user, password)
    assert line.startswith(("a OK", "a NO [LIMIT]")), line
    return line.startswith("a OK")


def gets_in(client, user="joe"):
    """Others' places may be on their way back: it does not take long."""
    procs.wait_until(lambda: is_in(client, user), f"a place for {user}", 5)


@pytest.fixture
def limited(new_suite, hosts):
    """A suite where a user may have three sessions of each protocol."""

    def make(count=3, **settings):
        suite = new_suite(settings={LIMIT: count, **settings})
        for user in ("joe", "ann"):
            suite.add_row(hosts.row(user))
        return suite

    return make


def fill(suite, count=3, user="joe"):
    sessions = [imap(suite) for _ in range(count)]
    for session in sessions:
        assert is_in(session, user)
    return sessions


# mail_max_userip_connections


def test_the_limit_and_one_more(limited):
    suite = limited()
    sessions = fill(suite)
    client = imap(suite)
    assert tries(client) == (
        "a NO [LIMIT] Maximum number of connections from user+IP exceeded."
    )
    suite.wait_log(r"refused: user=<joe> .*rip=127\.0\.0\.1 .*reason=limit$")
    # Somebody else, from elsewhere, by another way, each has a place.
    assert is_in(imap(suite), "ann")
    assert is_in(imap(suite, "127.0.0.2"))
    mails = [pop3(suite) for _ in range(3)]
    assert all(mail.login("joe", "pw").startswith("+OK") for mail in mails)
    late = pop3(suite)
    assert late.login("joe", "pw").startswith("-ERR [IN-USE]")
    mails[0].close()
    procs.wait_until(
        lambda: late.login("joe", "pw").startswith("+OK"), "a place", 5
    )
    # The same connection may try again when one has ended.
    assert not is_in(client)
    sessions[1].close()
    gets_in(client)
    for session in (sessions[0], sessions[2], client):
        session.ok("WHOAMI", "w")


def test_no_limit(limited):
    suite = limited(0)
    fill(suite, 15)


def test_parallel_logins_cannot_overrun_it(limited):
    """They count from the moment that they are allowed."""
    suite = limited()
    with Host() as slow:
        suite.add_user("slow", host=slow.addr, imap_port=slow.port)
        clients = [imap(suite) for _ in range(20)]
        for client in clients:
            client.send("a LOGIN slow pw")
        wires = [slow.accept() for _ in range(3)]
        slow.expect_nobody(0.5)
        waiting = []
        for client in clients:
            client.poll(0.1)
            if b"[LIMIT]" not in client.pending:
                waiting.append(client)
        assert len(waiting) == 3
        for wire in wires:
            wire.imap_login()
        for client in waiting:
            assert client.answer()[1].startswith("a OK")


def reaches_host(suite, host):
    """Another process may still have to tell of the place that is free."""

    def at_host():
        client = imap(suite)
        client.send("a LOGIN bob pw")
        # It is on its way until it was answered.
        while not client.poll(0):
            with contextlib.suppress(WireError):
                return client, host.accept(0.2)
        client.close()

    return procs.wait_until(at_host, "a login at the host")


def test_places_come_back(limited, hosts):
    """From a login that came to nothing, whatever the reason."""
    suite = limited(1)
    suite.allow("proxy:")
    client = imap(suite)
    for password in ("wrong", "wrong2", "wrong"):
        assert tries(client, "joe", password).startswith("a NO [AUTH")
    with Host() as dead:
        suite.add_user("bob", host=dead.addr, imap_port=dead.port)
        for _ in range(3):
            client.send("a LOGIN bob pw")
            dead.accept().close()
            assert client.answer()[1].startswith("a NO [UNAVAILABLE]")
        for _ in range(3):
            gone, wire = reaches_host(suite, dead)
            gone.close()
            procs.wait_until(lambda: not wire.poll(0) and wire.is_eof, "EOF")
        last, wire = reaches_host(suite, dead)
        wire.imap_login()
        assert last.answer()[1].startswith("a OK")
    assert is_in(client)
    assert not is_in(imap(suite))


def test_a_killed_login_process_gives_back_its_places(limited):
    suite = limited()
    suite.allow(KILLED)
    fill(suite)
    client = imap(suite)
    assert not is_in(client)
    client.close()
    for pid in suite.children("imap-login"):
        # The client's, if he had one of his own, may have ended meanwhile.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    suite.wait_children("imap-login", 2)

    # auth may hear of the new processes before the end of the old ones.
    def again():
        with contextlib.suppress(AssertionError, OSError):
            client = imap(suite)
            if is_in(client):
                return client
            client.close()

    sessions = [procs.wait_until(again, "a place") for _ in range(3)]
    client = imap(suite)
    assert not is_in(client)
    for session in sessions:
        session.ok("NOOP", "n")


def replace_by_kill(suite, auth):
    os.kill(auth, signal.SIGKILL)


def replace_by_reload(suite, auth):
    suite.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("replace", [replace_by_kill, replace_by_reload])
def test_a_new_auth_hears_of_the_sessions(limited, replace):
    suite = limited()
    suite.allow(KILLED)
    sessions = fill(suite)
    (old,) = suite.children("auth")
    for _ in range(2):
        replace(suite, old)

        def fresh():
            found = [pid for pid in suite.children("auth") if pid != old]
            return found[0] if found else None

        old = procs.wait_until(fresh, "a new auth")
        time.sleep(1)
        client = imap(suite)
        assert tries(client).startswith("a NO [LIMIT]")
        assert is_in(imap(suite), "ann")
        # What it was told of ends like any other.
        sessions.pop(0).close()
        gets_in(client)
        assert not is_in(imap(suite))
        sessions.append(client)
    for session in sessions:
        session.ok("WHOAMI", "w")


# Failed logins


@pytest.fixture
def wary(new_suite, hosts):
    """A suite that makes those wait who have failed, ann with a password."""

    def make(longest="2s", **settings):
        suite = new_suite(
            settings={
                "auth_penalty_max": longest,
                "login_bad_commands": 100,
                **settings,
            }
        )
        secret = {"password": "{PLAIN}pw", "nopassword": None}
        suite.add_row(hosts.row("joe", nodelay=None, **secret))
        suite.add_row(hosts.row("ann", **secret))
        suite.add_row(hosts.row("ned"))
        return suite

    return make


def seconds(function, *args):
    begin = time.monotonic()
    result = function(*args)
    return time.monotonic() - begin, result


def fails(client, user, password):
    """Seconds until the answer that it was wrong."""
    spent, line = seconds(tries, client, user, password)
    assert line.startswith("a NO [AUTHENTICATIONFAILED]"), line
    return spent


def test_each_failure_makes_the_next_try_wait_longer(wary):
    suite = wary("4s")
    client = imap(suite)
    spent = [fails(client, f"user{n}", "wrong") for n in range(4)]
    print("seconds:", [round(each, 2) for each in spent])
    assert spent[0] < 0.9
    assert 0.8 < spent[1] < 1.9 < spent[2] < 3.5 < spent[3] < 6
    # Another address does not wait.
    assert seconds(is_in, imap(suite, "127.0.0.2"))[0] < 0.9
    suite.wait_log(r"penalty: rip=127\.0\.0\.1 has failed to log in 3 times")
    # Right or wrong, the address waits; and then it is let in.
    spent, done = seconds(is_in, imap(suite))
    assert done and 2 < spent < 6


def test_the_answers_are_equal_and_so_is_the_wait(wary):
    """T-A2 for those who have failed before."""
    suite = wary("1s")
    answers, spent = set(), {"joe": [], "nobody": []}
    client = imap(suite)
    fails(client, "x", "wrong")
    for n in range(3):
        for user, times in spent.items():
            took, line = seconds(tries, client, user, f"wrong{n}")
            times.append(took)
            answers.add(line)
    print({user: [round(t, 3) for t in times] for user, times in spent.items()})
    assert len(answers) == 1
    medians = [statistics.median(times) for times in spent.values()]
    assert abs(medians[0] - medians[1]) < 0.25


def test_a_success_takes_back_failures(wary):
    suite = wary("4s")
    client = imap(suite)
    fails(client, "joe", "wrong")
    fails(client, "joe", "wronger")
    assert is_in(client)
    assert fails(imap(suite), "x", "wrong") < 0.9


def test_the_same_wrong_password_counts_once(wary):
    suite = wary("4s")
    client = imap(suite)
    fails(client, "joe", "old")
    for _ in range(3):
        assert fails(client, "joe", "old") < 1.9
    assert seconds(is_in, imap(suite))[0] < 1.9


def test_refusals_of_the_mail_host_count(wary):
    suite = wary("4s")
    client = imap(suite)
    assert fails(client, "ned", "wrong") < 0.9
    assert 0.8 < fails(client, "ned", "wrong too") < 1.9
    assert 1.8 < fails(client, "ned", "wrong again") < 3.9


def test_T_X10_nodelay_changes_nothing(wary):
    suite = wary("2s", auth_failure_delay="4s")
    client = imap(suite)
    assert fails(client, "ann", "wrong") < 0.9
    assert 0.8 < fails(client, "ann", "wrong too") < 2
    assert 1.8 < fails(client, "ann", "wrong again") < 3


def test_a_good_address_is_not_locked_out(wary):
    """Many addresses guess joe's password; he was there before."""
    suite = wary("2s")
    good = imap(suite, "127.0.0.3")
    assert is_in(good)
    for n in range(12):
        client = imap(suite, f"127.0.1.{n + 1}")
        line = tries(client, "joe", f"wrong{n}")
        assert line.startswith("a NO"), line
    spent, line = seconds(tries, imap(suite, "127.0.2.1"), "joe", "wrong")
    print(f"an unknown address waits {spent:.2f} s: {line}")
    assert spent > 0.8
    assert seconds(is_in, imap(suite, "127.0.0.3"))[0] < 0.5
    assert seconds(is_in, imap(suite, "127.0.2.2"), "ned")[0] < 0.5


def test_trusted_networks_do_not_wait(wary):
    suite = wary("4s", login_trusted_networks="127.0.0.64/28")
    client = imap(suite, "127.0.0.65")
    for n in range(10):
        assert fails(client, f"user{n}", "wrong") < 0.9


class Guesser:
    """One connection of somebody who guesses, as fast as he is answered."""

    def __init__(self, suite, number, until, pause):
        self.suite, self.number, self.until = suite, number, until
        self.pause, self.salt = pause, os.urandom(6).hex()
        self.answers = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client, n = imap(self.suite, "127.0.0.9", timeout=60), 0
        while time.monotonic() < self.until:
            try:
                n += 1
                line = tries(client, f"u{self.number}", f"{self.salt}{n}")
                self.answers.append(line)
            except (AssertionError, OSError):
                client = imap(self.suite, "127.0.0.9", timeout=60)
            time.sleep(self.pause)


def guess(suite, connections, duration, pause):
    until = time.monotonic() + duration
    guessers = [
        Guesser(suite, n, until, pause) for n in range(connections)
    ]
    return guessers


def looked_at(guessers):
    """The answers that told whether a password was right."""
    return sum(
        "[AUTHENTICATIONFAILED]" in line
        for guesser in guessers
        for line in guesser.answers
    )


def test_T_X10_brute_force_from_one_address(wary):
    """1,000 wrong passwords a minute; others do not feel it."""
    suite = wary("2s")
    auth = suite.children("auth")[0]
    assert is_in(imap(suite, "127.0.0.7"))
    before = procs.rss_kb(auth)
    guessers = guess(suite, 16, 8, 0.9)
    spent = []
    while any(guesser.thread.is_alive() for guesser in guessers):
        client = imap(suite, "127.0.0.8")
        took, done = seconds(is_in, client)
        client.close()
        assert done
        spent.append(took)
        time.sleep(0.1)
    sent = sum(len(guesser.answers) for guesser in guessers)
    spent.sort()
    print(
        f"{sent} tries answered, {looked_at(guessers)} passwords looked at; "
        f"{len(spent)} logins of another address: median "
        f"{1000 * statistics.median(spent):.1f} ms, "
        f"longest {1000 * spent[-1]:.1f} ms; auth grew by "
        f"{procs.rss_kb(auth) - before} kB"
    )
    # The first of each connection, then one in two seconds for all.
    assert looked_at(guessers) <= 16 + 8
    assert statistics.median(spent) < 0.2 and spent[-1] < 2
    assert procs.rss_kb(auth) - before < 8 * 1024
    # Who has logged in from that address before is not locked out either.
    suite.wait_log(r"penalty: rip=127\.0\.0\.9 ")


def test_T_X10_many_connections_are_no_faster_than_one(wary):
    """What they gained by coming together first, they pay for afterwards."""
    suite = wary("1s")
    rates = []
    for connections in (40, 1, 12):
        guessers = guess(suite, connections, 5, 0)
        for guesser in guessers:
            guesser.thread.join(30)
        rates.append(looked_at(guessers))
    print("passwords looked at in 5 s by 40, 1, 12 connections:", rates)
    assert rates[2] <= rates[1] + 3
    assert is_in(imap(suite, "127.0.0.8"))


# What the mail host says of a row in the cache


def cached(new_suite, hosts):
    suite = new_suite(
        settings={"auth_cache_size": "1M", "auth_cache_ttl": "1 hour"}
    )
    suite.allow("proxy:")
    suite.add_row(hosts.row("joe"))
    assert is_in(imap(suite))
    return suite


def test_a_refusal_sends_the_next_login_to_the_database(new_suite, hosts):
    suite = cached(new_suite, hosts)
    with Host() as other:
        suite.add_user("joe", host=other.addr, imap_port=other.port)
        # The cache does not know that joe has moved, until his host says so.
        client = imap(suite)
        assert tries(client, "joe", "wrong").startswith("a NO [AUTH")
        assert ("joe", "wrong") in hosts.logins
        client.send("a LOGIN joe pw")
        other.accept().imap_login()
        assert client.answer()[1].startswith("a OK")


def test_a_host_that_is_gone_sends_the_next_login_there(new_suite, hosts):
    suite = cached(new_suite, hosts)
    with Host() as other:
        suite.add_user("joe", host=other.addr, imap_port=other.port)
        hosts.imap.close()
        client = imap(suite)
        assert tries(client).startswith("a NO [UNAVAILABLE]")
        client.send("a LOGIN joe pw")
        other.accept().imap_login()
        assert client.answer()[1].startswith("a OK")
