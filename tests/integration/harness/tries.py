"""Clients that try to log in, how long it takes, and what they are told."""

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


def answers_of(clients, seconds):
    """When each was answered, and what; None: not within these seconds."""
    deadline = time.monotonic() + seconds
    answers = [None] * len(clients)
    while None in answers and time.monotonic() < deadline:
        for number, client in enumerate(clients):
            if answers[number] is None and client.poll(0.001):
                answers[number] = time.monotonic(), client.line()
    return answers


def is_refused(answer):
    return answer[1].startswith(("a NO [UNAVAILABLE]", "-ERR [SYS/TEMP]"))


def is_logged_in(answer):
    return answer[1].startswith(("a OK", "+OK", "* CAPABILITY"))
