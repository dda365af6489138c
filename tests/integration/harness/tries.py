"""Clients that try to log in, how long it takes, and what they are told."""

import select
import time


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def try_login(suite, user, source="127.0.0.1", timeout=10):
    """(seconds until the answer, the answer)."""
    client = suite.imap(source=source)
    start = time.monotonic()
    client.send(f"a LOGIN {user} pw")
    answer = client.answer(timeout=timeout)[1]
    took = time.monotonic() - start
    client.close()
    return took, answer


def log_in(suite, protocol, user, source="127.0.0.1"):
    """A client whose login is on its way."""
    client = getattr(suite, protocol)(source=source)
    if protocol == "imap":
        client.send(f"a LOGIN {user} pw")
    else:
        client.ok(f"USER {user}")
        client.send("PASS pw")
    return client


def answers_of(clients, seconds, enough=None):
    """
    When each was answered, and what; None: not within these seconds, or not
    before so many others as were enough.
    """
    deadline = time.monotonic() + seconds
    answers = [None] * len(clients)
    numbers = {client.sock.fileno(): n for n, client in enumerate(clients)}
    poller = select.poll()
    for fd in numbers:
        poller.register(fd, select.POLLIN)
    least = 0 if enough is None else len(clients) - enough
    while answers.count(None) > least and time.monotonic() < deadline:
        for fd, _ in poller.poll(1000 * (deadline - time.monotonic())):
            now, number = time.monotonic(), numbers[fd]
            answers[number] = now, clients[number].line()
            poller.unregister(fd)
    return answers


def is_refused(answer):
    return answer[1].startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]"))


def is_logged_in(answer):
    return answer[1].startswith(("a OK", "+OK", "* CAPABILITY"))
