"""Each #include in src/ is an edge that edges.txt allows."""

import re
from fnmatch import fnmatch

import lint

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)', re.M)


def read_edges():
    folders, headers = {}, {}
    for line in lint.text(lint.TESTS / "lint/edges.txt").splitlines():
        if not line or line.startswith("#"):
            continue
        left, right = line.split(":")
        if left.startswith("<"):
            headers[left.strip("<>")] = right.split()
        else:
            folders[left] = right.split()
    return folders, headers


def our_fault(folders, path, target):
    folder = path.relative_to(lint.SRC).parts[0]
    if "/" not in target or target.startswith("."):
        return f'"{target}" is not written from src/'
    if not (lint.SRC / target).exists():
        return f'"{target}" does not exist'
    if target.split("/")[0] not in folders.get(folder, []):
        return f'edge {folder} -> {target.split("/")[0]} is forbidden'
    return None


def system_fault(headers, path, target):
    inside = str(path.relative_to(lint.SRC))
    for pattern, allowed in headers.items():
        if fnmatch(target, pattern):
            if not any(fnmatch(inside, glob) for glob in allowed):
                return f"<{target}> belongs to {' '.join(allowed)}"
    return None


def main():
    folders, headers = read_edges()
    report = lint.Report()
    faults = {"<": [], '"': []}
    counts = {"<": 0, '"': 0}
    for path in lint.c_files(lint.SRC):
        source = lint.text(path)
        for match in INCLUDE.finditer(source):
            mark, target = match.groups()
            if mark == '"':
                fault = our_fault(folders, path, target)
            else:
                fault = system_fault(headers, path, target)
            counts[mark] += 1
            if fault is not None:
                where = lint.line_of(source, match.start())
                faults[mark].append(f"{lint.name(path)}:{where}: {fault}")
    report.check("our headers", counts['"'], faults['"'])
    report.check("system headers", counts["<"], faults["<"])
    unknown = [
        f"src/{folder.name} has no line in edges.txt"
        for folder in lint.SRC.iterdir()
        if folder.is_dir() and folder.name not in folders
    ]
    report.check("folders", len(folders), unknown)
    report.end()


main()
