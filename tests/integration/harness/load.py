"""Logins at a steady rate, and what became of each."""

import threading
import time

from .client import imap_client
from .wire import WireError


class Load:
    """Threads log in new users, so many a second, until they are stopped."""

    def __init__(self, suite, rate=40, threads=16, name="u{}"):
        self.suite, self.rate, self.name = suite, rate, name
        self.lock = threading.Lock()
        self.count = 0
        self.done = []
        self.is_over = False
        self.began = time.monotonic()
        self.threads = [
            threading.Thread(target=self._run, daemon=True)
            for _ in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def _run(self):
        while True:
            with self.lock:
                number = self.count
                self.count += 1
            due = self.began + number / self.rate
            while not self.is_over and time.monotonic() < due:
                time.sleep(min(0.05, max(0.0, due - time.monotonic())))
            if self.is_over:
                return
            start = time.monotonic()
            line = log_in(self.suite, self.name.format(number))
            self.done.append((start, time.monotonic() - start, line))

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(60)

    def done_logins(self):
        return [(seconds, line) for _, seconds, line in self.done]

    def since(self, start, end=None):
        """The logins that began in a time: (seconds, answer) of each."""
        end = end or time.monotonic()
        return [(s, line) for t, s, line in list(self.done) if start <= t < end]


def log_in(suite, user, password="pw"):
    """One login; the tagged answer, or what broke it."""
    try:
        client = imap_client(suite.addr("imap"), timeout=60)
    except (OSError, WireError) as fault:
        return repr(fault)
    with client:
        try:
            return client.login(user, password)[1]
        except (OSError, WireError) as fault:
            return repr(fault)


def errors(logins):
    return [line for _, line in logins if not line.startswith("a OK")]


def percentile(logins, part):
    times = sorted(seconds for seconds, _ in logins)
    return times[min(len(times) - 1, int(len(times) * part))] if times else 0.0


def figures(what, logins):
    """A line for those who want to quote it."""
    print(
        f"{what}: {len(logins)} logins, {len(errors(logins))} errors, "
        f"p50 {1000 * percentile(logins, 0.5):.0f} ms, "
        f"p99 {1000 * percentile(logins, 0.99):.0f} ms, "
        f"longest {1000 * percentile(logins, 1.0):.0f} ms"
    )
