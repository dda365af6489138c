#!/usr/bin/python3
"""
Runs the integration tests in parts side by side; most of them wait more
than they work.

usage: run.py [-j PARTS] [--junitxml FILE] [argument of pytest...]

FILE (integration.xml) gets the results of all parts.  A few tests that have
failed beside others are run again alone, and named: those that fail again
have failed.  The last line is "N passed, N failed"; the exit status is 1 when
something failed or a part did not end as it should.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

HERE = Path(__file__).resolve().parent
# So many may have met a busy machine; more are no accident.
AGAIN_MAX = 8


def use_reachable_programs(folder):
    """Other users run them too, who may not enter a checkout of root's."""
    if "MW_PREFIX" in os.environ:
        folder.chmod(0o755)
        copy = folder / "root"
        shutil.copytree(os.environ["MW_PREFIX"], copy, symlinks=True)
        os.environ["MW_PREFIX"] = str(copy)


def start(folder, number, count, args):
    """A part, or with count None the tests that args name."""
    if count is not None:
        args = [f"--shard={number}/{count}", *args, str(HERE)]
    with open(folder / f"{number}.log", "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider",
             "-q", f"--junitxml={folder}/{number}.xml", *args],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )


def collect(folder, count):
    """All results in one document."""
    root = xml.Element("testsuites")
    for number in range(1, count + 1):
        path = folder / f"{number}.xml"
        if path.exists():
            root.extend(xml.parse(path).getroot().iter("testsuite"))
    return root


def failed_tests(root):
    """The test cases of the document that failed, by pytest's name."""
    found = {}
    for case in root.iter("testcase"):
        if any(case.find(tag) is not None for tag in ("failure", "error")):
            file = case.get("classname").rpartition(".")[2]
            name = f"{HERE}/{file}.py::{case.get('name')}"
            found.setdefault(name, []).append(case)
    return found


def run_again(root, folder):
    """Takes back the failures of those that pass alone."""
    failed = failed_tests(root)
    if not 0 < len(failed) <= AGAIN_MAX:
        return
    for number, (name, cases) in enumerate(failed.items(), 100):
        part = start(folder, number, None, [name])
        is_good = part.wait() == 0
        sys.stdout.write((folder / f"{number}.log").read_text(errors="replace"))
        print(f"run again alone, {'passed' if is_good else 'failed'}: {name}")
        for case in cases if is_good else []:
            for tag in ("failure", "error"):
                for fault in case.findall(tag):
                    case.remove(fault)


def recount(root):
    """The sums of each part follow what its cases say."""
    for suite in root:
        for tag, sum_name in (("failure", "failures"), ("error", "errors")):
            count = sum(c.find(tag) is not None for c in suite.iter("testcase"))
            suite.set(sum_name, str(count))


def total(root, *names):
    return sum(int(suite.get(name)) for suite in root for name in names)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=3)
    parser.add_argument("--junitxml", default="integration.xml")
    options, args = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="mw-run-") as name:
        folder = Path(name)
        use_reachable_programs(folder)
        numbers = range(1, options.j + 1)
        parts = [start(folder, n, options.j, args) for n in numbers]
        # 1: tests failed; 5: nothing was left for this part.
        is_good = all([part.wait() in (0, 1, 5) for part in parts])
        for number in numbers:
            log = (folder / f"{number}.log").read_text(errors="replace")
            sys.stdout.write(log)
        root = collect(folder, options.j)
        run_again(root, folder)
        recount(root)
    xml.ElementTree(root).write(options.junitxml)
    failed = total(root, "failures", "errors", "skipped")
    passed = total(root, "tests") - failed
    print(f"{passed} passed, {failed} failed")
    return 0 if is_good and not failed and passed else 1


if __name__ == "__main__":
    sys.exit(main())
