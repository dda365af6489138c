"""The built programs: hardened, and linked to no more than their role needs."""

import re
import shutil
import subprocess
from pathlib import Path

import lint

LIBRARIES = {
    "src/master/mailwicket": "bsd event_core",
    "src/imap-login/imap-login": "bsd event_core ssl crypto",
    "src/pop3-login/pop3-login": "bsd event_core ssl crypto",
    "src/auth/auth": "bsd event_core crypto crypt argon2",
    "src/auth-worker/auth-worker": """bsd event_core crypto crypt argon2
        pq curl ssl sqlite3 mariadb mysqlclient""",
    "src/tls-signer/tls-signer": "bsd event_core crypto",
    "src/ctl/wicketctl": "bsd event_core",
}


def readelf(program):
    return subprocess.run(
        ["readelf", "-W", "-h", "-l", "-d", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def hardening_faults(program, elf):
    wanted = {
        "not a PIE": re.search(r"Type:\s+DYN", elf),
        "no RELRO": "GNU_RELRO" in elf,
        "no BIND_NOW": re.search(r"BIND_NOW|Flags:.*NOW", elf),
        "executable stack": re.search(r"GNU_STACK.* RW  ?0x", elf),
        "a run path": not re.search(r"\((?:RPATH|RUNPATH)\)", elf),
        "a segment both written and run": not re.search(r"LOAD.* RWE ", elf),
    }
    return [f"{program}: {fault}" for fault, is_ok in wanted.items() if not is_ok]


def library_faults(program, elf):
    needed = set(re.findall(r"\(NEEDED\).*\[lib([\w+]+?)(?:-[\d.]+)?\.so", elf))
    allowed = set(LIBRARIES[program].split()) | {"c"}
    return [f"{program}: links lib{name}" for name in sorted(needed - allowed)]


def main():
    report = lint.Report()
    if shutil.which("readelf") is None:
        report.skip("programs", "no readelf")
        report.end()
    elves = {
        program: readelf(program)
        for program in LIBRARIES
        if Path(program).exists()
    }
    missing = [f"{p}: not built" for p in LIBRARIES if p not in elves]
    if any(b"__asan_init" in Path(program).read_bytes() for program in elves):
        report.skip("programs", "a build with sanitizers")
        report.end()
    hardening, libraries = missing, []
    for program, elf in elves.items():
        hardening += hardening_faults(program, elf)
        libraries += library_faults(program, elf)
    report.check("hardening", len(elves), hardening)
    report.check("libraries", len(elves), libraries)
    report.end()


main()
