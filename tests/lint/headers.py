"""Each header compiles alone and guards itself; one belongs to each .c."""

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

import lint

CC = shlex.split(os.environ.get("MW_CC", "cc"))
CPPFLAGS = shlex.split(
    os.environ.get("MW_CPPFLAGS", f"-I{lint.SRC} -D_GNU_SOURCE")
)


def compile_fault(path):
    folder = path.relative_to(lint.SRC).parts[0]
    role = lint.ROLES.get(folder)
    command = CC + CPPFLAGS + ["-U_FORTIFY_SOURCE"]
    if role is not None:
        command.append(f"-DROLE_{role}")
    command += ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
    # Included, so that its inline functions need no caller.
    command += ["-fsyntax-only", "-include", str(path), "-x", "c", "-"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode == 0:
        return None
    first = (done.stderr.splitlines() or ["no message"])[0]
    return f"{lint.name(path)}: {first}"


def guard_fault(path):
    inside = str(path.relative_to(lint.SRC))
    guard = "".join(c if c.isalnum() else "_" for c in inside).upper()
    if f"#ifndef {guard}\n#define {guard}\n" in lint.text(path):
        return None
    return f"{lint.name(path)}: no guard {guard}"


def main():
    report = lint.Report()
    headers = lint.c_files(lint.SRC, suffixes=(".h",))
    with ThreadPoolExecutor(max_workers=2) as pool:
        faults = list(pool.map(compile_fault, headers))
    report.check("compile alone", len(headers), filter(None, faults))
    faults = map(guard_fault, headers)
    report.check("guards", len(headers), filter(None, faults))
    report.end()


main()
