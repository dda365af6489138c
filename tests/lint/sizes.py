"""Lines, functions, files, nesting and parameters stay small."""

import re

import lint

COLUMNS_MAX = 80
C_LINES_MAX = 700
HEADER_LINES_MAX = 150
FUNCTION_LINES_MAX = 60
NESTING_MAX = 4
PARAMETERS_MAX = 6

# A definition in KNF: the name starts a line, the brace stands alone.
NESTED = r"\((?:[^;{}()]|\([^;{}()]*\))*\)"
FUNCTION = re.compile(
    rf"^(\w+)\(((?:[^;{{}}()]|{NESTED})*)\)\n\{{\n(.*?)^\}}", re.M | re.S
)


def column_faults(path, source):
    for number, line in enumerate(source.splitlines(), 1):
        if len(line.expandtabs(8)) > COLUMNS_MAX:
            yield f"{lint.name(path)}:{number}: more than {COLUMNS_MAX} columns"
        if line != line.rstrip():
            yield f"{lint.name(path)}:{number}: blanks at the end"


def file_fault(path, source):
    lines = source.count("\n")
    most = HEADER_LINES_MAX if path.suffix == ".h" else C_LINES_MAX
    if lines > most:
        return f"{lint.name(path)}: {lines} lines, {most} at most"
    return None


def parameters(text):
    """The parameters of a definition, function pointers being one each."""
    depth, count = 0, 1
    for char in text:
        depth += (char == "(") - (char == ")")
        count += char == "," and depth == 0
    return count


def nesting(body):
    """The deepest block; braces of initialisers and literals do not count."""
    deepest, stack = 0, []
    for match in re.finditer(r"[{}]", body):
        if match[0] == "}":
            if stack:
                stack.pop()
            continue
        before = body[: match.start()].rstrip()
        is_block = before.endswith((")", "else", "do", ";", "}", ":"))
        is_block = is_block and not before.endswith("])")
        stack.append(is_block)
        deepest = max(deepest, sum(stack))
    return deepest


def function_faults(path, source):
    for match in FUNCTION.finditer(source):
        start = f"{lint.name(path)}:{lint.line_of(source, match.start())}"
        called, params, body = match.groups()
        lines = body.count("\n")
        if lines > FUNCTION_LINES_MAX:
            yield (
                f"{start}: {called} has {lines} lines, "
                f"{FUNCTION_LINES_MAX} at most"
            )
        if parameters(params) > PARAMETERS_MAX:
            yield f"{start}: {called} has more than {PARAMETERS_MAX} parameters"
        if nesting(body) > NESTING_MAX:
            yield f"{start}: {called} nests deeper than {NESTING_MAX}"


def main():
    report = lint.Report()
    files = lint.c_files(lint.SRC, lint.TESTS)
    columns, sizes, functions, count = [], [], [], 0
    for path in files:
        source = lint.text(path)
        bare = lint.without_macros(lint.bare(source))
        columns += column_faults(path, source)
        sizes += filter(None, [file_fault(path, source)])
        functions += function_faults(path, bare)
        count += len(FUNCTION.findall(bare))
    report.check("columns", len(files), columns)
    report.check("lines of a file", len(files), sizes)
    report.check("functions", count, functions)
    report.end()


main()
