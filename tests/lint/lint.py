"""What the lint tests share: the tree, C without comments, TAP."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
TESTS = ROOT / "tests"

# The role that the files of a folder are compiled for.
ROLES = {
    "auth": "AUTH",
    "auth-worker": "AUTH_WORKER",
    "imap-login": "LOGIN",
    "login-common": "LOGIN",
    "master": "MASTER",
    "pop3-login": "LOGIN",
}


def c_files(*tops, suffixes=(".c", ".h")):
    """All C files under the given folders, sorted."""
    return sorted(
        path
        for top in tops
        for path in top.rglob("*")
        if path.suffix in suffixes
    )


def name(path):
    """A path as messages show it."""
    return str(path.relative_to(ROOT))


def text(path):
    return path.read_text(encoding="utf-8")


TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S
)


def bare(source):
    """C source with comments, strings and characters blanked in place."""

    def blank(match):
        kept = match[0][0] if match[0][0] in "\"'" else ""
        inner = match[0][len(kept) : len(match[0]) - len(kept)]
        return kept + re.sub(r"[^\n]", " ", inner) + kept

    return TOKEN.sub(blank, source)


def without_macros(source):
    """C source with the bodies of macros of several lines blanked."""
    return re.sub(
        r"^[ \t]*#[ \t]*define\b.*\\\n(?:.*\\\n)*.*\n",
        lambda match: "\n" * match[0].count("\n"),
        source,
        flags=re.M,
    )


def line_of(source, offset):
    return source.count("\n", 0, offset) + 1


class Report:
    """Collects checks; each is one line of TAP. Nothing checked is a fault."""

    def __init__(self):
        self.lines = []
        self.has_failed = False

    def check(self, what, count, faults):
        number = len(self.lines) + 1
        faults = list(faults)
        if count == 0 and not c_files(SRC, suffixes=(".h",)):
            self.skip(what, "no headers yet")
            return
        if count == 0:
            faults.append("found nothing to check")
        state = "not ok" if faults else "ok"
        self.has_failed |= bool(faults)
        self.lines.append(f"{state} {number} - {what} ({count} looked at)")
        for fault in faults:
            print(f"# {fault}")

    def skip(self, what, why):
        number = len(self.lines) + 1
        self.lines.append(f"ok {number} - {what} # SKIP {why}")

    def end(self):
        print("\n".join(self.lines))
        print(f"1..{len(self.lines)}")
        sys.exit(0)
