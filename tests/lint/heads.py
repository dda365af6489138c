"""Each .c of src/ begins by saying what it is and what it must never do."""

import re

import lint

HEAD = re.compile(
    r"/\*\n"
    r" \* (?!Runs in:)\S.*\n(?: \* (?!Runs in:)\S.*\n)?"
    r" \* Runs in: \S.*\n(?: \*   *\S.*\n)?"
    r" \* Hostile input: \S.*\n(?: \*   *\S.*\n)?"
    r" \* Never: \S.*\n(?: \*   *\S.*\n)?"
    r" \*/\n"
)


def main():
    report = lint.Report()
    files = lint.c_files(lint.SRC, suffixes=(".c",))
    faults = [
        f"{lint.name(path)}:1: no head of four lines (what it is; Runs in:; "
        "Hostile input:; Never:)"
        for path in files
        if HEAD.match(lint.text(path)) is None
    ]
    report.check("heads of .c files", len(files), faults)
    report.end()


main()
