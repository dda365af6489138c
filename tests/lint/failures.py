"""doc/FAILURES.md quotes log lines and answers that the programs have.

Each `quotation` in the last column of a table, and each reason=, must stand
in a string of the sources, or be the name of a setting or a field.
"""

import re

import lint

PAGE = lint.ROOT / "doc/FAILURES.md"
# Codes that the protocol's word is written before, in the sources.
CODES = re.compile(r"^(NO|-ERR)\b ?")


def strings():
    """The sources with adjacent string literals joined."""
    texts = [lint.text(path) for path in sorted(lint.SRC.rglob("*.c"))]
    return re.sub(r'"\s*\n\s*"', "", "\n".join(texts))


def quotations(source):
    """(offset, text) of what the tables quote."""
    for row in re.finditer(r"^\|(.*)\|$", source, re.M):
        cells = row[1].split("|")
        for cell in cells[1:]:
            for span in re.finditer(r"`([^`]+)`", cell):
                yield row.start(), span[1]


def main():
    report = lint.Report()
    source, known = lint.text(PAGE), strings()
    looked, faults = 0, []
    for offset, text in quotations(source):
        looked += 1
        plain = CODES.sub("", text).split(" = ")[0]
        if plain not in known:
            where = f"doc/FAILURES.md:{lint.line_of(source, offset)}"
            faults.append(f"{where}: nothing says {text!r}")
    report.check("quotations in the page of failures", looked, faults)
    report.end()


main()
