"""KNF where a formatter is not enough."""

import re

import lint

# Conditions may ask for a role, for a build of ours, for a driver; code that
# differs between systems is not wanted.
CONDITION = re.compile(
    r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b[ \t]*(.*)$", re.M
)
CONDITION_OK = re.compile(r"\b(?:ROLE|MW|WITH)_\w+|^\w+_H$")
RULES = {
    "one-line comments": re.compile(r"(?<!:)//"),
    "typedefs of structs": re.compile(
        r"\btypedef\s+(?:struct|union|enum)\b(?![^;{]*\(\s*\*)"
    ),
    "return types on their own line": re.compile(
        r"^(?!else|return|typedef)[a-z][\w \t*]*[ \t*](?!__attribute__)"
        r"\w+\([^;=]*?\)\s*\{",
        re.M,
    ),
    "braces of functions in the first column": re.compile(
        r"^\w+\([^;{}=]*\)[ \t]*\{", re.M
    ),
}
TYPEDEF_FN = re.compile(r"\btypedef\b[^;]*\(\s*\*?\s*(\w+)\s*\)\s*\(", re.S)


def without_comments(source):
    return re.sub(
        r"/\*.*?\*/",
        lambda match: re.sub(r"[^\n]", " ", match[0]),
        source,
        flags=re.S,
    )


def strings_blanked(source):
    """Strings blanked, // kept, so that a one-line comment is seen."""
    return re.sub(
        r'"(?:\\.|[^"\\\n])*"', lambda m: " " * len(m[0]), source
    )


def place(path, source, match):
    return f"{lint.name(path)}:{lint.line_of(source, match.start())}"


def is_allowed(source, match):
    """Ours, or `#ifndef NAME` that gives a NAME which older headers lack."""
    if CONDITION_OK.search(match[1]) is not None:
        return True
    return source[match.end() :].startswith(f"\n#define {match[1]}")


def parenthesised(source):
    """Matches of `return (whole expression);`."""
    for match in re.finditer(r"\breturn[ \t]*(\()", source):
        depth, at = 0, match.start(1)
        while at < len(source):
            depth += (source[at] == "(") - (source[at] == ")")
            at += 1
            if depth == 0:
                break
        if source[at : at + 1] == ";":
            yield match


def main():
    report = lint.Report()
    files = lint.c_files(lint.SRC, lint.TESTS)
    faults = {what: [] for what in RULES}
    returns, typedefs, conditions = [], [], []
    for path in files:
        source = without_comments(strings_blanked(lint.text(path)))
        source = lint.without_macros(source)
        for what, rule in RULES.items():
            for match in rule.finditer(source):
                faults[what].append(place(path, source, match))
        for match in parenthesised(source):
            returns.append(place(path, source, match))
        for match in TYPEDEF_FN.finditer(source):
            if not match[1].endswith("_fn"):
                typedefs.append(place(path, source, match))
        for match in CONDITION.finditer(source):
            if not is_allowed(source, match):
                conditions.append(
                    f"{place(path, source, match)}: #if {match[1]}"
                )
    for what in RULES:
        report.check(what, len(files), faults[what])
    report.check("no parentheses around returns", len(files), returns)
    report.check("function pointer types end in _fn", len(files), typedefs)
    report.check("conditions", len(files), conditions)
    report.end()


main()
