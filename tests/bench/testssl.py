#!/usr/bin/python3
"""
What testssl.sh says of both services, at their ports for TLS and behind
STARTTLS and STLS, with an ECDSA key, an RSA key, and both.

usage: testssl.py [--build DIR] [--out DIR] [--keys ec,rsa,both]
                  [--services imaps,pop3s,imap,pop3]

Needs root and testssl.sh; a service and a kind of key take some minutes.
Prints a line for each finding above INFO and the counts of each run; DIR gets
what testssl.sh wrote.  Ends with 1 when a finding was above LOW.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

LEVELS = ["OK", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"]
FINE = ["OK", "INFO", "DEBUG"]
TOLERATED = [*FINE, "LOW"]
NAME = "mail.test"
DAYS = 90
REVOKED = "crlDistributionPoints=URI:http://ca.test/crl\n"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("MW_BUILDDIR", "."))
    parser.add_argument("--out", default=None)
    parser.add_argument("--keys", default="ec,rsa,both")
    parser.add_argument("--services", default="imaps,pop3s,imap,pop3")
    return parser.parse_args()


ARGS = arguments()
os.environ["MW_BUILDDIR"] = ARGS.build

from harness.suite import Suite  # noqa: E402
from harness.tls import Authority, tls_options  # noqa: E402


def options(authority, keys):
    """Of a suite with these keys for NAME, and nothing wrong with them."""
    pairs = {kind: authority.issue(kind, [NAME], kind, DAYS, REVOKED)
             for kind in ("ec", "rsa")}
    first, alt = {"ec": ("ec", None), "rsa": ("rsa", None),
                  "both": ("ec", "rsa")}[keys]
    files = {"ssl_cert_file": pairs[first][0],
             "ssl_key_file": pairs[first][1],
             "ssl_alt_cert_file": pairs[alt][0] if alt else "",
             "ssl_alt_key_file": pairs[alt][1] if alt else ""}
    return tls_options(files)


def run(suite, service, ca, out):
    """The findings of one service."""
    port = suite.addr(service)[1]
    start = [] if service.endswith("s") else ["--starttls", service]
    subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off",
         "--nodns", "none", "--ip", "127.0.0.1",
         "--add-ca", ca, "--jsonfile", out,
         "--logfile", out.with_suffix(".log"), *start, f"{NAME}:{port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False,
    )
    return json.loads(out.read_text())


def tell(keys, service, found):
    """Lines about one run; was there anything above LOW?"""
    counts = collections.Counter(one["severity"] for one in found)
    text = " ".join(f"{x}={counts[x]}" for x in LEVELS if counts[x])
    print(f"{keys} {service}: {text}")
    for one in found:
        if one["severity"] not in FINE:
            print(f"  {one['severity']} {one['id']}: {one['finding']}")
    sys.stdout.flush()
    return any(one["severity"] not in TOLERATED for one in found)


def main():
    folder = Path(ARGS.out or tempfile.mkdtemp(prefix="mw-testssl-"))
    folder.mkdir(exist_ok=True)
    authority = Authority(folder)
    is_bad = False
    for keys in ARGS.keys.split(","):
        with Suite(**options(authority, keys)) as suite:
            for service in ARGS.services.split(","):
                out = folder / f"{keys}-{service}.json"
                out.unlink(missing_ok=True)
                out.with_suffix(".log").unlink(missing_ok=True)
                found = run(suite, service, authority.path, out)
                is_bad |= tell(keys, service, found)
    return 1 if is_bad else 0


if __name__ == "__main__":
    sys.exit(main())
