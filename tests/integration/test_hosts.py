"""Which mail hosts are up: what one client finds out spares the others."""

import asyncio
import contextlib
import os
import re
import time

import pytest

from harness import procs
from harness.dead_host import dead
from harness.host import Host, imap_script
from harness.mass_host import MassHost
from harness.tries import percentile, try_login
from harness.wire import WireError

USERS = int(os.environ.get("MW_R11_USERS", 60))
SECONDS = float(os.environ.get("MW_R11_SECONDS", 5))
# One user of each kind comes in this time.
PACE = 0.05
TIMEOUT = 2
# On a machine that has much else to do.
SLACK = 10
SUITE = {
    "settings": {
        "login_proxy_timeout": f"{TIMEOUT}s",
        "login_processes_count": 4,
        "mail_max_userip_connections": 0,
    }
}
# So soon all must be answered who need not wait for a host, on such a machine.
SOON = 0.5


def add_users(suite, first, second):
    """a0.. are on the first of two hosts at one port, b0.. on the second, and
    c0.. on both, the first of which comes first."""
    for number in range(USERS):
        for name, hosts in (
            ("a", first.addr), ("b", second.addr),
            ("c", f"{first.addr} {second.addr}"),
        ):
            suite.add_user(f"{name}{number}", host=hosts, imap_port=first.port)


@pytest.fixture
def pair(suite):
    first = Host(imap_script, addr="127.11.0.1")
    second = Host(imap_script, addr="127.11.0.2", port=first.port)
    add_users(suite, first, second)
    made = [first, second]
    yield made
    for host in made:
        host.close()


def becomes_down(suite, host):
    """Two clients at two addresses find out; nobody else need."""
    start = suite.mark()
    for user, source in (("a0", "127.0.0.2"), ("a1", "127.0.0.3")):
        took, answer = try_login(suite, user, source)
        assert answer.startswith("a NO [UNAVAILABLE]"), answer
    suite.wait_log(rf"mail host {host.addr}:{host.port} is down", start)


async def try_once(addr, user):
    """(seconds from the connection to the answer, the answer)."""
    start = time.monotonic()
    reader, writer = await asyncio.open_connection(*addr)
    try:
        assert (await reader.readline()).startswith(b"* OK")
        writer.write(f"a LOGIN {user} pw\r\n".encode())
        line = b"*"
        while line.startswith(b"*"):
            line = await reader.readline()
        return time.monotonic() - start, line.decode()
    finally:
        writer.close()


async def mix(suite, seconds):
    """
    Users of each kind in turn: {kind: [(seconds, answer)]}.  They come at a
    pace of their own, whatever becomes of those before, so that two mixes are
    the same load.
    """
    tries = {"a": [], "b": [], "c": []}
    start = time.monotonic()
    for number in range(int(seconds / PACE)):
        for place, (name, tasks) in enumerate(tries.items()):
            due = start + PACE * (number + place / len(tries))
            await asyncio.sleep(max(0, due - time.monotonic()))
            tasks.append(asyncio.create_task(
                try_once(suite.addr("imap"), f"{name}{number % USERS}")
            ))
    return {name: await asyncio.gather(*tasks)
            for name, tasks in tries.items()}


def percentiles(tries):
    times = [took for took, _ in tries]
    return [percentile(times, part) for part in (0.5, 0.9, 0.99)]


def in_ms(values):
    return "/".join(f"{1000 * value:.1f}" for value in values)


@pytest.mark.parametrize("how", ["refusing", "black-holed", "hanging up"])
def test_R_11_one_of_two_hosts_is_dead(suite, mode, how):
    with MassHost("127.11.0.1") as first, MassHost(
        "127.11.0.2", first.port
    ) as second:
        add_users(suite, first, second)
        # What adapts itself to the load has done so when it counts.
        asyncio.run(mix(suite, 1))
        before = asyncio.run(mix(suite, SECONDS))
        with dead(first, how):
            becomes_down(suite, first)
            mark, begun = suite.mark(), time.monotonic()
            after = asyncio.run(mix(suite, SECONDS))
            seconds = time.monotonic() - begun
            log = suite.log(mark)
        check_mix(suite, before, after)
        tell_mix(f"R-11 {mode} {how}", before, after)
        probes = log.count(f"host={first.addr}:{first.port} error=")
        refused = log.count("reason=host-down")
        print(f"{probes} probes in {seconds:.1f} s,",
              f"{refused} of {len(after['a'])} refused at once")
        # A probe takes one user, and as it is in the log when it is over, some
        # may be from before.
        assert probes <= seconds + 4
        assert refused >= len(after["a"]) - probes - 4
        comes_back(suite, first, mark)


def check_mix(suite, before, after):
    for name, tries in before.items():
        assert {answer[:4] for _, answer in tries} == {"a OK"}, name
    for name in "b", "c":
        assert {answer[:4] for _, answer in after[name]} == {"a OK"}, name
    for _, answer in after["a"]:
        assert answer.startswith("a NO [UNAVAILABLE]"), answer
    assert percentiles(after["a"])[0] < SOON
    assert percentiles(after["b"])[2] < percentiles(before["b"])[2] + SOON
    assert percentiles(after["c"])[0] < SOON


def tell_mix(what, before, after):
    """p50, p90 and p99 of each kind before and while the host is dead."""
    words = {"a": "its users", "b": "of the other", "c": "of both"}
    for name in before:
        ratio = percentiles(after[name])[2] / percentiles(before[name])[2]
        print(f"{what}: {words[name]}, {len(before[name])}:",
              f"p50/p90/p99 {in_ms(percentiles(before[name]))} ms, then",
              f"{len(after[name])}: {in_ms(percentiles(after[name]))} ms;",
              f"p99 x {ratio:.2f}")


def comes_back(suite, host, mark):
    """It is used again as soon as it has answered one."""
    host.start()
    begun = time.monotonic()
    procs.wait_until(
        lambda: try_login(suite, "a0")[1].startswith("a OK"),
        "the host that is back", 10,
    )
    suite.wait_log(r"mail host \S+ is up again", mark)
    print("back after", f"{time.monotonic() - begun:.2f} s")
    for number in range(10):
        assert try_login(suite, f"a{number}")[1].startswith("a OK")


def test_one_client_alone_does_not_bring_a_host_down(suite, pair):
    first, second = pair
    mark = suite.mark()
    with dead(first, "refusing"):
        for _ in range(20):
            _, answer = try_login(suite, "a0")
            assert answer.startswith("a NO [UNAVAILABLE]"), answer
        # He has met the host each time.
        procs.wait_until(
            lambda: suite.log(mark).count("reason=host-unavailable") == 20,
            "a line for each try",
        )
    assert "is down" not in suite.log(mark)


def test_one_client_who_meets_two_faults_is_one(suite):
    """What his login may have brought about counts in another way."""

    def script(wire):
        if len(host.wires) % 2 == 0:
            wire.send("* OK ready")
            with contextlib.suppress(WireError):
                wire.line()
        wire.close()

    mark = suite.mark()
    with Host(script) as host:
        suite.add_user("x0", host=host.addr, imap_port=host.port)
        for _ in range(6):
            try_login(suite, "x0")
        assert len(host.wires) == 6
        assert "is down" not in suite.log(mark)


@pytest.mark.parametrize("step", ["a greeting", "the login"])
def test_whom_a_failure_behind_the_login_counts_against(suite, step):
    """Names cost nothing: what the login may cause counts by address."""

    def script(wire):
        if step == "the login":
            wire.send("* OK ready")
            with contextlib.suppress(WireError):
                wire.line()
        wire.close()

    mark = suite.mark()
    with Host(script) as host:
        for name in ("x0", "x1", "x2", "x3"):
            suite.add_user(name, host=host.addr, imap_port=host.port)
            try_login(suite, name)
        is_down = f"mail host {host.addr}:{host.port} is down"
        assert (is_down in suite.log(mark)) == (step == "a greeting")
        if step == "the login":
            try_login(suite, "x0", "127.0.0.2")
            suite.wait_log(is_down, mark)


def test_a_first_address_that_is_silent_leaves_time_for_the_second(suite, pair):
    first, second = pair
    with dead(first, "black-holed"):
        took, answer = try_login(suite, "c0")
        assert answer.startswith("a OK"), answer
        assert TIMEOUT / 4 < took < TIMEOUT + 2


# wicketctl hosts.


def hosts_of(suite):
    """What wicketctl says of each host: {address: {name: value}}."""
    found = {}
    for key, value in suite.ctl_keys("hosts").items():
        _, number, name = key.split(".", 2)
        found.setdefault(number, {})[name] = value
    return {host["address"]: host for host in found.values()}


def test_wicketctl_shows_hosts(suite, pair):
    first, second = pair
    client = suite.imap()
    client.ok("LOGIN b0 pw")
    name = f"{second.addr}:{second.port}"
    procs.wait_until(
        lambda: hosts_of(suite).get(name, {}).get("sessions") == "1",
        "the session",
    )
    assert hosts_of(suite)[name]["state"] == "up"
    with dead(first, "refusing"):
        becomes_down(suite, first)
        found = hosts_of(suite)[f"{first.addr}:{first.port}"]
        assert found["state"] == "down", found
        assert found["failures"] == "2", found
        assert found["trouble"] == "cannot be reached", found
        assert int(found["since"]) < 5, found
        assert int(found["next_probe_ms"]) <= 1250, found
        assert re.search(
            rf"^{first.addr}:{first.port} +down +auto +0 +2 ",
            suite.ctl("hosts"), re.M,
        )
    client.close()
    procs.wait_until(
        lambda: hosts_of(suite)[name]["sessions"] == "0", "the end of it"
    )


@pytest.mark.parametrize("order", ["down", "drain"])
@pytest.mark.parametrize("has_port", [True, False])
def test_wicketctl_takes_a_host_out(suite, pair, orders, order, has_port):
    first, second = pair
    client = suite.imap()
    client.ok("LOGIN c0 pw")
    assert len(first.wires) == 1
    orders(order, f"{first.addr}:{first.port}" if has_port else first.addr)
    # The session goes on; new ones go elsewhere.
    assert "* USER c0" in client.ok("WHOAMI")[0]
    assert try_login(suite, "c1")[1].startswith("a OK")
    assert (len(first.wires), len(second.wires)) == (1, 1)
    # Who has no other host is let in where it is only to be avoided.
    took, answer = try_login(suite, "a0")
    assert answer.startswith(
        "a OK" if order == "drain" else "a NO [UNAVAILABLE]"
    ), answer
    found = hosts_of(suite)[f"{first.addr}:{first.port}"]
    assert found["state"] == {"down": "down", "drain": "drained"}[order]
    assert found["order"] == order and found["found"] == "up", found
    if order == "drain":
        # The same for who has one that does not work.
        second.close()
        assert try_login(suite, "c2")[1].startswith("a OK")
    orders("auto", f"{first.addr}:{first.port}" if has_port else first.addr)
    assert try_login(suite, "a0")[1].startswith("a OK")
    assert hosts_of(suite)[f"{first.addr}:{first.port}"]["state"] == "up"


def test_wicketctl_orders_a_host_up(suite, pair, orders):
    first, _ = pair
    with dead(first, "refusing"):
        becomes_down(suite, first)
        orders("up", first.addr)
        mark = suite.mark()
        for _ in range(3):
            try_login(suite, "a0")
        # It is tried by everybody.
        suite.wait_log("(?s)" + "reason=host-unavailable.*" * 3, mark)


@pytest.mark.parametrize("how", ["reload", "kill"])
def test_orders_outlive_auth(suite, pair, orders, how):
    first, _ = pair
    orders("down", first.addr)
    (auth,) = suite.children("auth")
    if how == "reload":
        suite.ctl("reload")
    else:
        os.kill(auth, 9)
        suite.allow("auth.* killed by signal")
    procs.wait_until(
        lambda: [pid for pid in suite.children("auth") if pid != auth],
        "another auth", 15,
    )
    procs.wait_until(
        lambda: auth not in suite.children("auth")
        or hosts_of(suite).get(first.addr, {}).get("order") == "down",
        "the new auth", 15,
    )
    assert hosts_of(suite)[first.addr]["order"] == "down"
    procs.wait_until(
        lambda: "[UNAVAILABLE]" in try_login(suite, "a0")[1]
        and try_login(suite, "b0")[1].startswith("a OK"),
        "logins by the new auth",
    )
    orders("auto", first.addr)
    assert try_login(suite, "a0")[1].startswith("a OK")


def test_all_auths_obey(new_suite):
    suite = new_suite(start=False)
    suite.conf.write_text(
        suite.conf.read_text().replace("  count = 1\n", "  count = 3\n")
    )
    suite.start()
    with Host(imap_script) as host:
        for number in range(12):
            suite.add_user(f"u{number}", host=host.addr, imap_port=host.port)
        suite.wait_children("auth", 3)
        suite.ctl("hosts", "down", f"{host.addr}:{host.port}")
        for number in range(12):
            assert "[UNAVAILABLE]" in try_login(suite, f"u{number}")[1]
        suite.ctl("hosts", "auto", f"{host.addr}:{host.port}")
        clients = [suite.imap() for _ in range(12)]
        for number, client in enumerate(clients):
            client.ok(f"LOGIN u{number} pw")
        name = f"{host.addr}:{host.port}"
        procs.wait_until(
            lambda: hosts_of(suite).get(name, {}).get("sessions") == "12",
            "the sessions of all",
        )


@pytest.mark.parametrize("word, addr", [
    ("127.11.0.7", "127.11.0.7"), ("127.11.0.7:993", "127.11.0.7:993"),
    ("::7", "::7"), ("[::7]", "::7"), ("[::7]:143", "[::7]:143"),
    ("localhost:99", "127.0.0.1:99"),
])
def test_whom_an_order_means(suite, orders, word, addr):
    orders("down", word)
    assert hosts_of(suite)[addr]["order"] == "down"


@pytest.mark.parametrize("word", [
    "", ":143", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "[::1",
    "::1]", "[::1]x", "[::1]:", "no.such.host.invalid",
])
def test_words_that_mean_no_host(suite, word):
    suite.ctl("hosts", "down", word, status=68)


def test_more_orders_than_there_may_be(suite, orders):
    for port in range(1, 257):
        suite.ctl("hosts", "down", f"127.11.0.9:{port}")
    said = suite.ctl("hosts", "down", "127.11.0.9:300", status=1)
    assert "too many orders" in said
    for port in range(1, 257):
        suite.ctl("hosts", "auto", f"127.11.0.9:{port}")


# login_proxy_max_disconnect_delay.


DELAY = 3
PARTING = 30


@pytest.fixture
def spread(new_suite):
    return new_suite(
        settings={
            "login_proxy_max_disconnect_delay": f"{DELAY}s",
            "login_processes_count": 2,
            "mail_max_userip_connections": 0,
        }
    )


def idle_clients(suite, host, count):
    """Clients that have said nothing for longer than what counts as asked."""
    clients = []
    for number in range(count):
        suite.add_user(f"p{number}", host=host.addr, imap_port=host.port)
        clients.append(suite.imap())
        clients[-1].ok(f"LOGIN p{number} pw")
    time.sleep(2.1)
    return clients


def ends_of(clients, seconds):
    """After how many seconds each connection was closed."""
    start, ends = time.monotonic(), {}
    while len(ends) < len(clients) and time.monotonic() - start < seconds:
        for number, client in enumerate(clients):
            client.poll(0.001)
            if client.is_eof and number not in ends:
                ends[number] = time.monotonic() - start
    return sorted(ends.values())


def test_clients_of_a_dead_host_are_let_go_one_by_one(spread):
    with Host(imap_script) as host:
        clients = idle_clients(spread, host, PARTING)
        host.close()
        # Who says something is not kept waiting.
        start = time.monotonic()
        clients[0].send("a NOOP")
        clients[0].expect_eof()
        at_once = time.monotonic() - start
        clients[0].close()
        ends = ends_of(clients[1:], DELAY + 8)
    print(f"{len(ends)} closed after {ends[0]:.1f} to {ends[-1]:.1f} s,",
          f"the half after {percentile(ends, 0.5):.1f}; who speaks after",
          f"{at_once:.2f} s")
    assert len(ends) == PARTING - 1
    assert ends[-1] - ends[0] > DELAY / 2
    assert len([end for end in ends if end < DELAY / 3]) < PARTING * 2 / 3
    procs.wait_until(
        lambda: spread.log().count("reason=host-") == PARTING,
        "a line for each session",
    )


def test_who_logs_out_is_not_kept(spread):
    with Host(imap_script) as host:
        clients = idle_clients(spread, host, 6)
        start = time.monotonic()
        for client in clients:
            client.send("a LOGOUT")
        for client in clients:
            client.expect_eof()
        assert time.monotonic() - start < DELAY / 3


def test_what_a_dead_host_has_said_arrives_at_once(spread):
    with Host(imap_script) as host:
        (client,) = idle_clients(spread, host, 1)
        host.wires[-1].send("* BYE the host is shut down")
        host.close()
        client.expect(r"\* BYE the host is shut down", timeout=1)
        client.expect_eof(DELAY + 5)


def test_without_delay_all_are_let_go_at_once(suite):
    with Host(imap_script) as host:
        clients = idle_clients(suite, host, 10)
        host.close()
        ends = ends_of(clients, 8)
    assert len(ends) == 10
    assert ends[-1] < 1


# a host with many sessions dies, and all their clients come back.


HERD = int(os.environ.get("MW_R12_SESSIONS", 150))


class HerdClient:
    """One of many: logs in, hears the end, and comes back until it may."""

    def __init__(self, addr, user, source):
        self.addr, self.user, self.source = addr, user, source
        self.tries = self.evicted = 0
        self.closed = self.back = None

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(
            *self.addr, local_addr=(self.source, 0)
        )
        line = await self.reader.readline()
        assert line.startswith(b"* OK"), line

    async def login(self):
        self.writer.write(f"a LOGIN {self.user} pw\r\n".encode())
        while True:
            line = b""
            with contextlib.suppress(ConnectionError):
                line = await self.reader.readline()
            if not line:
                return b"* BYE"
            if line.startswith((b"a ", b"* BYE")):
                return line

    async def wait_end(self):
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(4096):
                pass
        self.closed = time.monotonic()
        self.writer.close()

    async def come_back(self, wait):
        await asyncio.sleep(wait)
        await self.connect()
        while True:
            self.tries += 1
            line = await self.login()
            if line.startswith(b"a OK"):
                self.back = time.monotonic()
                return
            assert line.startswith((b"a NO [UNAVAILABLE]", b"* BYE")), line
            await asyncio.sleep(0.5)
            if line.startswith(b"* BYE"):
                # More wait than login_max_connections: the oldest goes.
                self.evicted += 1
                self.writer.close()
                await self.connect()


async def each(clients, function, at_once=200):
    """function(client) of all, so many at a time."""
    limit = asyncio.Semaphore(at_once)

    async def one(client):
        async with limit:
            await function(client)

    await asyncio.gather(*[one(client) for client in clients])


async def log_in_first(client):
    await client.connect()
    line = await client.login()
    assert line.startswith(b"a OK"), line


def queries_of(suite):
    return int(suite.ctl_keys("cache", "status")["auth.1.cache.misses"])


def test_R_12_a_host_with_many_sessions_dies(new_suite, mode):
    suite = new_suite(
        settings={
            "login_processes_count": 4,
            "auth_cache_size": "20M",
            "mail_max_userip_connections": 0,
            "login_max_processes_count": 0,
        }
    )
    for number in range(HERD):
        suite.add_user(f"h{number}", host="127.12.0.1", imap_port=0)
    asyncio.run(herd(suite, mode))
    assert suite.proc.poll() is None


async def herd(suite, mode):
    with MassHost() as host:
        suite.db.execute("UPDATE users SET imap_port = ?", (host.port,))
        clients = [
            HerdClient(suite.addr("imap"), f"h{number}",
                       f"127.13.{number // 200}.{number % 200 + 1}")
            for number in range(HERD)
        ]
        await each(clients, log_in_first)
        before = await asyncio.to_thread(queries_of, suite)
        ends = asyncio.gather(*[client.wait_end() for client in clients])
        killed = await asyncio.to_thread(host.kill)
        await ends
        closed = max(client.closed for client in clients) - killed
        # All come back within a second, and the host after half of it.
        start = time.monotonic()
        herd_ = asyncio.gather(*[
            client.come_back(number / HERD)
            for number, client in enumerate(clients)
        ])
        await asyncio.sleep(0.5)
        await asyncio.to_thread(host.start)
        up = time.monotonic()
        await herd_
        queries = await asyncio.to_thread(queries_of, suite) - before
        back = [client.back - start for client in clients]
        for client in clients:
            client.writer.close()
    tries = sum(client.tries for client in clients)
    evicted = sum(client.evicted for client in clients)
    print(f"R-12 {mode}: {HERD} sessions closed {closed:.2f} s after the end",
          f"of their host; all back after {max(back):.2f} s, 99 % after",
          f"{percentile(back, 0.99):.2f} s, the host being up again after",
          f"{up - start:.2f} s; {tries} tries,",
          f"{evicted} evicted, {queries} queries")
    assert closed < 5 + SLACK
    assert percentile(back, 0.99) < 10 + SLACK
    assert queries <= HERD * 1.1 + 5
