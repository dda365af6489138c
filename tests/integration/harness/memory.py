"""Looks for the bytes of private keys in the memory of processes."""

import base64
import re
import subprocess

CHUNK = 1 << 20
# Of a line of PEM, and of DER: enough to be no accident.
PIECE = 24


def hex_fields(path, password=None):
    """The numbers of a private key by name, as openssl prints them."""
    command = ["openssl", "pkey", "-in", str(path), "-text", "-noout"]
    if password is not None:
        command += ["-passin", f"pass:{password}"]
    text = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout
    found = {}
    for name, digits in re.findall(
        r"^(\w+):\s*\n((?:    [0-9a-f:]+\n)+)", text, re.M
    ):
        value = bytes.fromhex(re.sub(r"[\s:]", "", digits))
        found[name] = value.lstrip(b"\0")
    return found


def needles(path, password=None):
    """
    What must be nowhere: secret numbers (big and little endian, as files and
    as libraries write them), the DER and the PEM of the key.  By name.
    """
    found = {}
    for name, value in hex_fields(path, password).items():
        if name in ("priv", "privateExponent", "prime1", "prime2"):
            found[f"{name} big"] = value
            found[f"{name} little"] = value[::-1]
    lines = path.read_text().splitlines()
    body = [line for line in lines if not line.startswith("-----")]
    middle = len(body) // 2
    found["PEM"] = body[middle][:PIECE].encode()
    der = base64.b64decode("".join(body))
    secret = found.get("prime1 big", found.get("priv big"))
    at = der.find(secret)
    if at > 0:
        found["DER"] = der[at - 2 : at + PIECE]
    return found


def regions(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            where, rights, *rest = line.split()
            name = rest[3] if len(rest) > 3 else ""
            if "r" in rights and name not in ("[vvar]", "[vsyscall]"):
                first, last = where.split("-")
                yield int(first, 16), int(last, 16)


def scan(pid, wanted):
    """Names of the needles that stand in the memory of a process."""
    longest = max(len(value) for value in wanted.values())
    found = set()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, last in regions(pid):
            rest = b""
            for at in range(first, last, CHUNK):
                try:
                    memory.seek(at)
                    data = rest + memory.read(min(CHUNK, last - at))
                except (OSError, ValueError):
                    break
                found |= {k for k, v in wanted.items() if v in data}
                rest = data[-longest:]
    return found
