"""No left-over marker, no path that leaves the repository, no skipped test."""

import re

import lint

MARKERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
OUTSIDE = re.compile(r"\.\./sha" r"red\b")
SKIPPED = re.compile(r"\bpytest\.(?:mark\.)?(?:sk" r"ip|xf" r"ail)\b")
TOPS = ("src", "tests", "doc", ".ci")
FILES = ("Makefile.am", "configure.ac", "quickstart", "autogen", "README.md",
         "HACKING.md", "SECURITY.md", "NEWS.md")


def shipped():
    for top in TOPS:
        for path in sorted((lint.ROOT / top).rglob("*")):
            is_data = "corpus" in path.parts or "__pycache__" in path.parts
            if path.is_file() and not is_data:
                yield path
    for top in FILES:
        if (lint.ROOT / top).exists():
            yield lint.ROOT / top


def main():
    report = lint.Report()
    faults = {MARKERS: [], OUTSIDE: [], SKIPPED: []}
    count = 0
    for path in shipped():
        try:
            source = lint.text(path)
        except UnicodeDecodeError:
            continue
        count += 1
        for rule, found in faults.items():
            for match in rule.finditer(source):
                where = lint.line_of(source, match.start())
                found.append(f"{lint.name(path)}:{where}: {match[0]}")
    report.check("markers", count, faults[MARKERS])
    report.check("paths that leave the repository", count, faults[OUTSIDE])
    report.check("skipped tests", count, faults[SKIPPED])
    report.end()


main()
