"""Who waits for a mail host hears at once that others have found it down."""

import os
import re
import time

import pytest

from harness import procs
from harness.dead_host import hang_up, silent
from harness.host import Host, imap_script, pop3_script
from harness.suite import QUERY
from harness.tries import answers_of, is_logged_in, is_refused, log_in, try_login

WAITERS = int(os.environ.get("MW_R11_WAITERS", 6))
SCRIPTS = {"imap": imap_script, "pop3": pop3_script}
TIMEOUT = 2
# So long they would wait for a host, each.
WAIT = 60
# On a machine that has much else to do.
SLACK = 10
SUITE = {
    "settings": {
        "login_proxy_timeout": f"{TIMEOUT}s",
        "mail_max_userip_connections": 0,
    }
}


def brings_down(suite, protocol, host):
    """Two clients wait in vain; when the second of them was answered."""
    clients = []
    for number in (2, 3):
        suite.add_user(f"k{number}", host=host.addr, imap_port=host.port,
                       pop3_port=host.port)
        clients.append(
            log_in(suite, protocol, f"k{number}", f"127.0.0.{number}")
        )
    answers = answers_of(clients, TIMEOUT + SLACK)
    assert None not in answers and all(map(is_refused, answers)), answers
    for client in clients:
        client.close()
    return max(when for when, _ in answers)


@pytest.mark.parametrize("protocol", SCRIPTS)
@pytest.mark.parametrize("how", ["black-holed", "without a greeting"])
def test_R_11_who_waits_for_a_dead_host(suite, mode, protocol, how):
    with silent(how) as first, Host(
        SCRIPTS[protocol], addr="127.11.1.2", port=first.port, backlog=1024
    ) as second:
        for number in range(WAITERS):
            for name, hosts in (("w", first.addr),
                                ("x", f"{first.addr} {second.addr}")):
                suite.add_user(
                    f"{name}{number}", host=hosts, imap_port=first.port,
                    pop3_port=first.port, proxy_timeout=f"{2 * WAIT}s",
                )
        mark, start = suite.mark(), time.monotonic()
        waiters = [log_in(suite, protocol, f"w{number}")
                   for number in range(WAITERS)]
        others = [log_in(suite, protocol, f"x{number}")
                  for number in range(WAITERS)]
        down = brings_down(suite, protocol, first)
        refused = answers_of(waiters, SLACK)
        logged_in = answers_of(others, SLACK)
        assert None not in refused + logged_in
        assert all(map(is_refused, refused)), refused
        assert all(map(is_logged_in, logged_in)), logged_in
        procs.wait_until(
            lambda: len(re.findall("user=<w.*reason=host-down",
                                   suite.log(mark))) == WAITERS,
            "a line for each",
        )
        # They may try again, over the same connection; one might be let through.
        if protocol == "imap":
            for client in waiters[:4]:
                client.send("b LOGIN w0 pw")
            again = answers_of(waiters[:4], SLACK, enough=2)
            assert again.count(None) <= 2
            assert {answer[1][:18] for answer in again if answer} == {
                "b NO [UNAVAILABLE]"
            }
        for name, answers in ("refused", refused), ("logged in", logged_in):
            late = [1000 * (when - down) for when, _ in answers]
            print(f"R-11 {mode} {protocol} {how}: {len(late)} who waited for",
                  f"{down - start:.1f} s were {name} {min(late):.1f} to",
                  f"{max(late):.1f} ms after the last of two timeouts")
    for client in waiters + others:
        client.close()


@pytest.mark.parametrize("has_port", [True, False])
def test_who_waits_for_a_host_that_is_ordered_down(
    suite, mode, orders, has_port
):
    def script(wire):
        if not greeted:
            greeted.append(wire)
            wire.send("* OK ready")
        wire.expect_eof(WAIT)

    greeted = []
    with Host(script, addr="127.11.1.3") as host:
        for number in range(WAITERS):
            suite.add_user(f"w{number}", host=host.addr, imap_port=host.port,
                           proxy_timeout=f"{WAIT}s")
        first = log_in(suite, "imap", "w0")
        procs.wait_until(lambda: greeted, "the first")
        waiters = [log_in(suite, "imap", f"w{number}")
                   for number in range(1, WAITERS)]
        procs.wait_until(lambda: len(host.wires) == WAITERS, "all")
        orders("drain", host.addr)
        assert not waiters[0].poll(0.2)
        start = time.monotonic()
        orders("down", f"{host.addr}:{host.port}" if has_port else host.addr)
        answers = answers_of(waiters, SLACK)
        assert None not in answers and all(map(is_refused, answers)), answers
        late = max(when for when, _ in answers) - start
        print(f"{mode}: all were answered {late:.2f} s after the order began")
        # One that has greeted goes on as it would have.
        assert not first.poll(0.2)
    assert is_refused(first.answer()), first.tail()


def test_who_asks_a_host_that_is_down_may_wait(suite, mode, orders):
    with silent("black-holed") as host:
        brings_down(suite, "imap", host)
        suite.add_user("w0", host=host.addr, imap_port=host.port,
                       proxy_timeout=f"{WAIT}s")
        # The next is let through by and by, and waits.
        asking = None
        while asking is None:
            client = log_in(suite, "imap", "w0")
            if client.poll(0.5):
                client.close()
                time.sleep(0.2)
            else:
                asking = client
        # More are, and find that it is still down.
        mark = suite.mark()
        procs.wait_until(
            lambda: try_login(suite, "k2", "127.0.0.2") and
            len(re.findall("no greeting in time", suite.log(mark))) >= 2,
            "two more who have asked", 2 * TIMEOUT + SLACK, step=0.1,
        )
        assert not asking.poll(0.1)
        orders("down", host.addr)
        (answer,) = answers_of([asking], SLACK)
        assert answer is not None and is_refused(answer)


def query_with(column):
    """The query of all suites with one column more."""
    return QUERY.replace(" FROM users", f", {column} FROM users")


def test_who_waits_in_a_handshake(new_suite):
    suite = new_suite(
        settings={"ssl_disable": "no", "login_proxy_timeout": f"{TIMEOUT}s"},
        query=query_with("'any-cert' AS ssl"),
    )
    with silent("without a handshake") as host:
        suite.add_user("w0", host=host.addr, imap_port=host.port,
                       proxy_timeout=f"{WAIT}s")
        waiter = log_in(suite, "imap", "w0")
        brings_down(suite, "imap", host)
        (answer,) = answers_of([waiter], SLACK)
        assert answer is not None and is_refused(answer)


def test_who_is_patient_goes_on_waiting(new_suite, mode):
    suite = new_suite(
        settings={"login_proxy_timeout": f"{TIMEOUT}s"},
        query=query_with("'1m' AS proxy_host_immediate_failure_after"),
    )
    with silent("without a greeting") as first, Host(
        imap_script, addr="127.11.1.2", port=first.port
    ) as second:
        for user, hosts in ("w0", first.addr), ("w1", "127.11.1.1 127.11.1.2"):
            suite.add_user(user, host=hosts, imap_port=first.port,
                           proxy_timeout=f"{WAIT}s")
        waiter = log_in(suite, "imap", "w0")
        other = log_in(suite, "imap", "w1")
        brings_down(suite, "imap", first)
        # There is another host for one of them.
        (answer,) = answers_of([other], SLACK)
        assert answer is not None and is_logged_in(answer)
        assert len(second.wires) == 1
        assert not waiter.poll(0.3)
        suite.ctl("hosts", "down", first.addr)
        (answer,) = answers_of([waiter], SLACK)
        assert answer is not None and is_refused(answer)


def test_who_waits_does_not_go_on_to_another_that_is_down(suite, mode):
    with silent("without a greeting") as first, Host(
        hang_up, addr="127.11.1.2", port=first.port
    ) as second:
        suite.add_user("w0", host=f"{first.addr} {second.addr}",
                       imap_port=first.port, proxy_timeout=f"{2 * WAIT}s")
        waiter = log_in(suite, "imap", "w0")
        procs.wait_until(lambda: first.wires, "him who waits")
        brings_down(suite, "imap", second)
        seen = len(second.wires)
        assert not waiter.poll(0.2)
        brings_down(suite, "imap", first)
        (answer,) = answers_of([waiter], SLACK)
        assert answer is not None and is_refused(answer)
        assert len(second.wires) == seen
        suite.wait_log("user=<w0>.*reason=host-down")
