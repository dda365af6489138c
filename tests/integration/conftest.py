"""Fixtures: both process modes, a suite for a module, the mail hosts."""

import collections
import os
import random
import resource
import shutil
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))

from harness import procs  # noqa: E402
from harness.dovecot import DovecotHost  # noqa: E402
from harness.host import Hosts  # noqa: E402
from harness.mariadb import Mariadb  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.suite import Suite  # noqa: E402


def pytest_sessionstart():
    if os.geteuid() != 0:
        raise pytest.UsageError("these tests start a suite as root")
    procs.adopt_orphans()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pytest_generate_tests(metafunc):
    """A test that asks for `mode` runs in both; indirectly too."""
    if "mode" in metafunc.fixturenames:
        metafunc.parametrize(
            "mode", ["shared", "per-connection"], scope="module"
        )


def pytest_addoption(parser):
    parser.addoption(
        "--shard", default="1/1", help="K/N: the K-th part of N, see run.py"
    )


def file_of(item):
    """In a word that every pytest has."""
    return item.nodeid.partition("::")[0]


def group_of(item):
    """Tests that share a suite: of one module and one mode."""
    spec = getattr(item, "callspec", None)
    return file_of(item), spec.params.get("mode", "") if spec else ""


def take_shard(items, number, count):
    """The items of groups such that each part has about the same number."""
    sizes = collections.Counter(group_of(item) for item in items)
    parts = [[0, set()] for _ in range(count)]
    for group, size in sizes.most_common():
        part = min(parts, key=lambda part: part[0])
        part[0] += size
        part[1].add(group)
    return [item for item in items if group_of(item) in parts[number - 1][1]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """A module's tests of one mode, then those of the other."""
    modules = list(dict.fromkeys(file_of(item) for item in items))

    def place(item):
        path, mode = group_of(item)
        return modules.index(path), mode != "shared"

    items.sort(key=place)
    number, count = map(int, config.getoption("--shard").split("/"))
    kept = take_shard(items, number, count)
    config.hook.pytest_deselected(
        items=[item for item in items if item not in kept]
    )
    items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that has failed says so to its fixtures."""
    report = (yield).get_result()
    if call.when == "call":
        item.has_failed = report.failed


def show_log(request, suite):
    """Under a failed test stands what the suite has logged."""
    if getattr(request.node, "has_failed", False):
        print(suite.log(0)[-6000:], suite.stderr()[-2000:])


@pytest.fixture
def new_suite(request, mode):
    """Makes suites of this mode; each is stopped and checked at the end."""
    made = []

    def make(**options):
        made.append(Suite(mode == "per-connection", **options))
        return made[-1]

    yield make
    faults = []
    for suite in made:
        show_log(request, suite)
        try:
            suite.close()
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, faults


@pytest.fixture(scope="module")
def module_suite(request, mode):
    """One suite for a module and mode; SUITE of the module: its options."""
    options = getattr(request.module, "SUITE", {})
    if callable(options):
        options = options()
    suite = Suite(mode == "per-connection", **options)
    yield suite
    suite.close()


@pytest.fixture
def suite(request, module_suite):
    """The module's suite; what a test leaves in the log is its own fault."""
    start = module_suite.mark()
    yield module_suite
    for wire in module_suite.wires:
        wire.close()
    module_suite.wires.clear()
    show_log(request, module_suite)
    assert module_suite.proc.poll() is None, "the master died"
    troubles = module_suite.troubles(start)
    assert not troubles, troubles


@pytest.fixture
def orders(suite):
    """Gives orders about mail hosts, and takes them back at the end."""
    given = []

    def give(mode, host):
        given.append(host)
        return suite.ctl("hosts", mode, host)

    yield give
    for host in given:
        suite.ctl("hosts", "auto", host)


@pytest.fixture
def hosts():
    """A mail host for both protocols that takes any password but `wrong`."""
    with Hosts() as made:
        yield made
        made.imap.check()
        made.pop3.check()


@pytest.fixture(scope="session")
def dovecot():
    """Debian's Dovecot at the standard ports of some loopback address."""
    addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.1"
    host = DovecotHost(addr)
    yield host
    host.close()


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDB server with the mission's database and account."""
    server = Mariadb()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, on the standard port if that is free."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def tool():
    """Path of a client program; one that is missing is a failure."""

    def find(name):
        path = shutil.which(name)
        assert path is not None, f"{name} is not installed"
        return path

    return find
