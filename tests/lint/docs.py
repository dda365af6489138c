"""Links of the documents lead somewhere; SEED.md names what there is."""

import re

import lint

SEED = lint.ROOT / "doc/SEED.md"
TABLE = lint.SRC / "config/settings_table.c"
LOCAL_MK = lint.ROOT / "doc/local.mk"
INTEGRATION = lint.TESTS / "integration"
ROW = re.compile(r'\.name\s*=\s*"([a-z0-9_]+)"')
LINK = re.compile(r"\]\(([^)#\s]+)")
DEFINITION = re.compile(r"^\s*def (test_\w+)\(", re.M)
WORD = re.compile(r"`(test_\w+(?:\.py)?)`")
SETTING = re.compile(r"`([a-z0-9_]+)`")


def link_faults(path):
    for match in LINK.finditer(lint.text(path)):
        target = match[1]
        if ":" in target or (path.parent / target).exists():
            continue
        where = lint.line_of(lint.text(path), match.start())
        yield f"{lint.name(path)}:{where}: no {target}"


def installed():
    """Paths below the directory of documents, from doc/local.mk."""
    for line in lint.text(LOCAL_MK).splitlines():
        match = re.match(r"dist_(doc|manual|examples)_DATA \+?= ?(.*)", line)
        if match is not None:
            yield from match[2].split()


def installed_faults(path, known):
    """Links that would lead nowhere where `make install' has put them."""
    for match in LINK.finditer(lint.text(path)):
        target = match[1]
        if ":" in target:
            continue
        place = lint.name((path.parent / target).resolve())
        if place not in known and place != "doc/examples":
            where = lint.line_of(lint.text(path), match.start())
            yield f"{lint.name(path)}:{where}: {target} is not installed"


def known_tests():
    for path in INTEGRATION.glob("test_*.py"):
        yield path.name
        yield from DEFINITION.findall(lint.text(path))


def main():
    report = lint.Report()
    documents = sorted(lint.ROOT.glob("*.md"))
    documents += sorted((lint.ROOT / "doc").glob("*.md"))
    faults = [fault for path in documents for fault in link_faults(path)]
    report.check("links of documents", len(documents), faults)
    known = set(installed())
    faults = [
        fault for path in documents if lint.name(path) in known
        for fault in installed_faults(path, known)
    ]
    faults += [f"{lint.name(path)}: not installed, see doc/local.mk"
               for path in documents if lint.name(path) not in known]
    report.check("links of installed documents", len(known), faults)
    source = lint.text(SEED)
    tests = set(known_tests())
    named = WORD.findall(source)
    faults = [f"{lint.name(SEED)}: no {word}" for word in named
              if word not in tests]
    report.check("tests that SEED.md names", len(named), faults)
    settings = set(ROW.findall(lint.text(TABLE)))
    rows = [line.split("|") for line in source.splitlines()]
    named = [word for row in rows if len(row) == 5
             for word in SETTING.findall(row[2])]
    faults = [f"{lint.name(SEED)}: no setting {word}" for word in named
              if word not in settings]
    report.check("settings that SEED.md names", len(named), faults)
    report.end()


main()
