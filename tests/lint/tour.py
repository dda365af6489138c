"""doc/TOUR.md names files that exist and functions that stand in them.

A file is written `imap-login/main.c`, a function `imap_client_line()`; the
function belongs to the file that was named last. `imap_parse.c` without a
folder stands beside the file that was named last.
"""

import re

import lint

TOUR = lint.ROOT / "doc/TOUR.md"
WORD = re.compile(r"`([\w./-]+\.[ch])`|`(\w+)\(\)`")


def resolve(current, file):
    if "/" in file or current is None:
        return lint.SRC / file.removeprefix("src/")
    return current.parent / file


def main():
    report = lint.Report()
    if not TOUR.exists():
        report.skip("tour", "not written yet")
        report.end()
    source = lint.text(TOUR)
    current, faults = None, []
    files = functions = 0
    for match in WORD.finditer(source):
        where = f"doc/TOUR.md:{lint.line_of(source, match.start())}"
        file, function = match.groups()
        if file is not None:
            files += 1
            current = resolve(current, file)
            if not current.is_file():
                faults.append(f"{where}: no file {file}")
            continue
        functions += 1
        if current is None or not current.is_file():
            faults.append(f"{where}: {function}() has no file")
        elif not re.search(rf"^{function}\(", lint.text(current), re.M):
            faults.append(f"{where}: no {function}() in {lint.name(current)}")
    report.check("files and functions of the tour", functions and files, faults)
    report.end()


main()
