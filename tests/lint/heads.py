"""Each .c of src/ begins by saying what it is and what it must never do."""

import re

import lint

# A field may take a second line; an empty line may start what else to know.
FIELD = r" \* {label}\S.*\n(?: \* +(?!Runs in:|Hostile input:|Never:)\S.*\n)?"
HEAD = re.compile(
    r"/\*\n"
    + FIELD.format(label="(?!Runs in:|Hostile input:|Never:)")
    + FIELD.format(label="Runs in: ")
    + FIELD.format(label="Hostile input: ")
    + FIELD.format(label="Never: ")
    + r" \*(?:/\n|\n)"
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
