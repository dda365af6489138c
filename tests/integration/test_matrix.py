"""
Every field of a row, in both protocols and process modes, with each kind of
TLS on the client's and on the host's side, against real Dovecot hosts: one
test for each combination, in which all rows log in one after the other.
"""

import random
import re

import pytest

from harness.dovecot import MASTERS, USERS, DovecotHost
from harness.host_tls import host_certificates
from harness.tls import tls_client, tls_options, upgrade

FIELDS = """password nopassword proxy proxy_maybe host hostip port destuser
user pass master proxy_mech nologin nodelay reason allow_nets allow_real_nets
check_client_fp source_ip proxy_timeout proxy_nopipelining proxy_not_trusted
ssl starttls ssl_hostname fail delay_until noauthenticate forward_color
login_proxy_max_disconnect_delay proxy_host_immediate_failure_after
event_x""".split()
TABLE = f"CREATE TABLE users (name PRIMARY KEY, {', '.join(FIELDS)})"
QUERY = f"SELECT {', '.join(FIELDS)} FROM users WHERE name = '%u'"
PORTS = {("imap", "none"): 143, ("imap", "starttls"): 143,
         ("imap", "ssl"): 993, ("pop3", "none"): 110,
         ("pop3", "starttls"): 110, ("pop3", "ssl"): 995}
WAYS = ["none", "starttls", "ssl"]
OK, WRONG, TEMP, DISABLED, REFER = "ok", "wrong", "temp", "disabled", "refer"
ANSWERS = {
    "imap": {OK: r"a OK ", WRONG: r"a NO \[AUTHENTICATIONFAILED\] ",
             TEMP: r"a NO \[UNAVAILABLE\] ", DISABLED: r"a NO \[CONTACTADMIN\] ",
             REFER: r"a NO \[REFERRAL imap://john;AUTH=\*@127\.\S+/\] "},
    "pop3": {OK: r"\+OK ", WRONG: r"-ERR \[AUTH\] ",
             TEMP: r"-ERR \[SYS/TEMP\] ", DISABLED: r"-ERR \[SYS/PERM\] ",
             REFER: r"-ERR \[REFERRAL/john@127\.\S+\] "},
}
HERE = "{PLAIN}here"
JOHN = USERS["john"]

# What the row says beside proxy, host, port, destuser = john and nopassword;
# the password that the client gives; what becomes of it.
ROWS = {
    "plain": ({}, JOHN, OK),
    "wrong": ({}, "no", WRONG),
    "null-password": ({"nopassword": None}, JOHN, OK),
    "checked-here": ({"password": HERE, "nopassword": None, "pass": JOHN},
                     "here", OK),
    "wrong-here": ({"password": HERE, "nopassword": None, "pass": JOHN},
                   "there", WRONG),
    "other-pass": ({"pass": JOHN}, "anything", OK),
    "pass-unchecked": ({"pass": JOHN, "nopassword": None}, JOHN, WRONG),
    "master": ({"password": HERE, "nopassword": None, "master": "boss",
                "pass": MASTERS["boss"]}, "here", OK),
    "wrong-master": ({"master": "boss", "pass": "no"}, "x", WRONG),
    "mech-plain": ({"proxy_mech": "plain"}, JOHN, OK),
    "mech-login": ({"proxy_mech": "LOGIN"}, JOHN, OK),
    "mech-unknown": ({"proxy_mech": "gssapi"}, JOHN, TEMP),
    "john": ({"destuser": None}, JOHN, OK),
    "user": ({"destuser": "", "user": "john"}, JOHN, OK),
    "proxy-off": ({"proxy": "N", "nologin": "Y"}, JOHN, DISABLED),
    "proxy-maybe": ({"proxy": None, "proxy_maybe": "Y"}, JOHN, OK),
    "proxy-odd": ({"proxy": "t"}, JOHN, TEMP),
    "no-host": ({"host": None}, JOHN, TEMP),
    "bad-host": ({"host": "127.1"}, JOHN, TEMP),
    "bad-port": ({"port": "0143"}, JOHN, TEMP),
    "usual-port": ({"port": None}, JOHN, OK),
    "nologin": ({"nologin": "Y", "reason": "Moved."}, JOHN, OK),
    "disabled": ({"proxy": "", "host": None, "nologin": "Y",
                  "reason": "Moved."}, JOHN, DISABLED),
    "nodelay": ({"nodelay": "Y"}, "no", WRONG),
    "allowed": ({"allow_nets": "127.0.0.0/8"}, JOHN, OK),
    "not-allowed": ({"allow_nets": "10.0.0.0/8,local"}, JOHN, WRONG),
    "real-allowed": ({"allow_real_nets": "127.0.0.1"}, JOHN, OK),
    "real-not": ({"allow_real_nets": "127.0.0.2"}, JOHN, WRONG),
    "no-certificate": ({"check_client_fp": "0a" * 32}, JOHN, WRONG),
    "no-fingerprint": ({"check_client_fp": "0a" * 20}, JOHN, TEMP),
    "any-certificate": ({"check_client_fp": ""}, JOHN, OK),
    "source": ({"source_ip": "127.0.0.66"}, JOHN, OK),
    "source-not-here": ({"source_ip": "203.0.113.9"}, JOHN, TEMP),
    "source-family": ({"source_ip": "::1"}, JOHN, TEMP),
    "timeout": ({"proxy_timeout": "20s"}, JOHN, OK),
    "bad-timeout": ({"proxy_timeout": "soon"}, JOHN, TEMP),
    "one-at-a-time": ({"proxy_nopipelining": "Y"}, JOHN, OK),
    "not-trusted": ({"proxy_not_trusted": "Y"}, JOHN, OK),
    "forward": ({"forward_color": "blue"}, JOHN, OK),
    "times": ({"login_proxy_max_disconnect_delay": "1s",
               "proxy_host_immediate_failure_after": "1m"}, JOHN, OK),
    "fail": ({"fail": "closed"}, JOHN, WRONG),
    "no-authenticate": ({"noauthenticate": "Y"}, JOHN, WRONG),
    "delay-over": ({"delay_until": "1+5"}, JOHN, OK),
    "delay-far": ({"delay_until": "4294967295"}, JOHN, TEMP),
    "unknown-field": ({"event_x": "1"}, JOHN, OK),
    "referral": ({"proxy": None}, JOHN, REFER),
    "hostip-differs": ({"hostip": "127.0.0.99"}, JOHN, TEMP),
    "nobody": (None, JOHN, WRONG),
}
# Lines of level error that the rows above ask for.
ASKED = (
    r"unusable value|cannot honour|no host to go to|proxy without host|"
    r"source_ip is of|NULL password|delay_until is|hostip differs"
)


def SUITE():
    return tls_options(
        settings={"ssl_client_ca_file": host_certificates()["ca"]},
        table=TABLE, query=QUERY,
    )


@pytest.fixture(scope="module")
def dovecots():
    """One that has no TLS, and one that takes no login without it."""
    made = {}
    for kind, pair in (("plain", None), ("tls", host_certificates()["name"])):
        addr = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.3"
        made[kind] = DovecotHost(addr, pair=pair)
    yield made
    for host in made.values():
        host.close()


def connected(suite, service, way):
    if way == "ssl":
        return tls_client(service, suite.addr(service + "s"))
    client = getattr(suite, service)()
    return client if way == "none" else upgrade(client, service)


def usual_row(service, way, host):
    """Where all rows lead that say nothing else."""
    row = {"proxy": "Y", "nopassword": "Y", "host": host.addr,
           "port": PORTS[service, way], "destuser": "john"}
    if way != "none":
        row.update({way: "yes", "ssl_hostname": "mail.test"})
    return row


def check_mail(client, service):
    """It is john's mailbox, on the host."""
    if service == "imap":
        client.ok("SELECT INBOX", "b")
        lines, _ = client.ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "c")
        client.ok("LOGOUT", "d")
    else:
        lines = client.multi("RETR 1")
        client.ok("QUIT")
    assert "Subject: one" in lines, lines


def try_row(suite, service, way, user, password, wanted):
    """None, or what was wrong."""
    client = connected(suite, service, way)
    try:
        answer = client.login(user, password)
        line = answer if service == "pop3" else answer[1]
        if re.match(ANSWERS[service][wanted], line) is None:
            return f"{user}: wanted {wanted}, got {line}"
        if wanted == OK:
            check_mail(client, service)
    finally:
        client.close()


@pytest.mark.parametrize("service", ["imap", "pop3"])
@pytest.mark.parametrize("client_way", WAYS)
@pytest.mark.parametrize("host_way", WAYS)
def test_all_fields(suite, dovecots, service, client_way, host_way):
    suite.allow(ASKED)
    host = dovecots["plain" if host_way == "none" else "tls"]
    usual = usual_row(service, host_way, host)
    faults, start = [], suite.mark()
    suite.db.execute("DELETE FROM users")
    for user, (fields, password, wanted) in ROWS.items():
        if fields is not None:
            row = {"name": user, **usual, **fields}
            suite.db.execute(
                f"INSERT INTO users ({', '.join(row)}) VALUES "
                f"({', '.join('?' * len(row))})", list(row.values()),
            )
        faults.append(
            try_row(suite, service, client_way, user, password, wanted)
        )
    assert not any(faults), [fault for fault in faults if fault]
    log = suite.log(start)
    nok = sum(wanted == OK for _, _, wanted in ROWS.values())
    logins = re.findall(rf"{service}-login\[\d+\]: login: .*", log)
    assert len(logins) == nok
    # Each was protected on both sides as it should be.
    assert all((" tls=" in line) == (client_way != "none") for line in logins)
    assert all((" host_tls=" in line) == (host_way != "none")
               and (" host_verified=yes" in line) == (host_way != "none")
               for line in logins)
