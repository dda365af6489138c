"""Manual pages are clean mdoc, and mailwicket.conf(5) knows each setting."""

import re
import shutil
import subprocess

import lint

MAN = lint.ROOT / "doc/man"
TABLE = lint.SRC / "config/settings_table.c"
CONF = MAN / "mailwicket.conf.5"
ROW = re.compile(r'\.name\s*=\s*"([a-z0-9_]+)"')


def mandoc_faults(pages):
    for page in pages:
        done = subprocess.run(
            ["mandoc", "-Tlint", "-Wwarning", str(page)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        yield from done.stdout.splitlines() + done.stderr.splitlines()


def main():
    report = lint.Report()
    pages = sorted(MAN.glob("*.[1-8]"))
    if shutil.which("mandoc") is None:
        report.skip("mandoc -Tlint", "no mandoc")
    elif not pages:
        report.skip("mandoc -Tlint", "not written yet")
    else:
        report.check("mandoc -Tlint", len(pages), mandoc_faults(pages))
    if not CONF.exists() or not TABLE.exists():
        report.skip("settings in mailwicket.conf.5", "not written yet")
        report.end()
    settings = ROW.findall(lint.text(TABLE))
    documented = set(re.findall(r"^\.It .*$", lint.text(CONF), re.M))
    words = {word for line in documented for word in line.split()}
    missing = [
        f"{lint.name(CONF)}: no .It for {setting}"
        for setting in settings
        if setting not in words
    ]
    report.check("settings in mailwicket.conf.5", len(settings), missing)
    report.end()


main()
