"""wicketctl convert: what it prints serves as the other proxy did.

nginx and Perdition themselves serve the same file before, where they are
installed, and the same must come of each login.
"""

import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness.client import ImapClient, imap_client, pop3_client
from harness.host import Host, imap_script
from harness.peer import Peer, kind, machine
from harness.suite import program
from harness.tls import certificates, tls_client, upgrade
from harness.webauth import WebAuth, head, route
from harness.wire import connect

LIBRARIES = next(Path("/usr/lib").glob("*/libperditiondb_gdbm.so.0"), None)
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_mail_module.so")


@pytest.fixture
def addr():
    """An address of the loopback that nobody else uses."""
    return f"127.{random.randint(121, 180)}.{random.randint(1, 254)}.5"


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="mw-cv-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def convert(*args, status=0):
    """What is printed on the standard output, and on the other."""
    done = subprocess.run(
        [program("wicketctl"), "convert", *map(str, args)],
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done
    return done.stdout, done.stderr


def converted(new_suite, text, sql="", protocols="imap pop3"):
    """A suite with a converted configuration and nothing else but machine."""
    assert "login_process_per_connection = " in text

    def conf(suite):
        mode = "yes" if suite.per_connection else "no"
        suite.sql_conf.write_text(sql)
        suite.sql_conf.chmod(0o600)
        return re.sub(
            "(login_process_per_connection) = .*", rf"\1 = {mode}", text
        ).replace("/etc/mailwicket/sql.conf", str(suite.sql_conf)) + machine(
            suite
        )

    suite = new_suite(
        conf=conf, start=False, settings={"protocols": protocols}
    )
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    suite.start()
    return suite


# nginx.

NGINX = """
load_module {module};
daemon off;
pid {folder}/pid;
error_log stderr info;   # to be seen
worker_processes 2;
events {{ worker_connections 64; }}
mail {{
    auth_http 127.0.0.1:{port}/auth;
    auth_http_header X-Auth-Key "a secret %";
    auth_http_timeout 5s;
    timeout 20s;
    imap_capabilities IMAP4 IMAP4rev1 'UIDPLUS' "IDLE";
    imap_auth plain login;
    include {folder}/tls*.conf;
    server {{ listen {addr}:143; protocol imap; starttls on; }}
    server {{ listen {addr}:993 ssl; protocol imap; }}
    server {{
        listen {addr}:110;
        protocol pop3;
        starttls only;
        pop3_capabilities TOP UIDL;
    }}
}}
"""


def after_starttls(service, addr):
    """A client at the service's port, in TLS."""
    if service == "imap":
        return upgrade(imap_client((addr, 143)), service)
    return upgrade(pop3_client((addr, 110)), service)


def nginx_dialogs(addr):
    """What comes of logins, in the words of either proxy."""
    found = []
    imap = imap_client((addr, 143))
    found.append(sorted(
        word for word in imap.ok("CAPABILITY")[0][0].split()
        if word.startswith(("IMAP4", "UID", "IDLE", "STARTTLS", "AUTH"))
    ))
    found.append(kind(imap.login("joe", "px")[1]))
    found.append(kind(imap_client((addr, 143)).login("joe", "p w")[1]))
    with after_starttls("imap", addr) as client:
        found.append(kind(client.login("joe+x", "p w")[1]))
    with tls_client("imap", (addr, 993)) as client:
        found.append(kind(client.login("joe", "p w")[1]))
    found.append(kind(pop3_client((addr, 110)).command("USER joe")))
    with after_starttls("pop3", addr) as client:
        found.append(kind(client.login("joe", "p w")))
    with after_starttls("pop3", addr) as client:
        found.append(kind(client.login("joe", "no")))
    return found


def nginx_service(hosts):
    """Knows joe and joe+x, for who knows its secret."""

    def answer(request):
        assert request["X-Auth-Key"] == "a secret %"
        if (request.text("Auth-Pass") != "p w"
                or not request.text("Auth-User").startswith("joe")):
            return head("Auth-Status: no", "Auth-Wait: 1")
        return head("Auth-Status: OK", "Auth-User: at-host",
                    *route(hosts, request["Auth-Protocol"]))

    return answer


def nginx_version(tool):
    """Such as (1, 22, 1)."""
    done = subprocess.run([tool("nginx"), "-v"], capture_output=True, text=True)
    return tuple(map(int, re.findall(r"\d+", done.stderr)[:3]))


def nginx_and_ours(new_suite, folder, addr, tool, text, dialog, *ports,
                   protocols="imap pop3", since=(0,)):
    """
    What comes of the dialog with nginx, if it knows all of that, and with its
    file converted.
    """
    conf = folder / "nginx.conf"
    conf.write_text(text)
    ours, _ = convert("nginx", conf)
    found = []
    if nginx_version(tool) >= since:
        with Peer([tool("nginx"), "-p", folder, "-c", conf], addr, *ports):
            found.append(dialog())
    suite = converted(new_suite, ours, protocols=protocols)
    found.append(dialog())
    suite.stop()
    return found


def test_nginx(new_suite, hosts, folder, addr, tool):
    cert, key = certificates()["mail"]
    (folder / "tls1.conf").write_text(
        f"ssl_certificate {cert};\nssl_certificate_key '{key}';\n"
    )
    with WebAuth(nginx_service(hosts)) as web:
        want, found = nginx_and_ours(
            new_suite, folder, addr, tool, NGINX.format(
                module=NGINX_MODULE, folder=folder, addr=addr, port=web.port
            ), lambda: nginx_dialogs(addr), 143, 993,
        )
    assert want[1:] == ["NO", "OK", "OK", "OK", "-ERR", "+OK", "-ERR"]
    assert found == want
    # By either, four times.
    assert hosts.logins == [("at-host", "p w")] * 8


def test_nginx_proxy_protocol(new_suite, folder, addr, tool):
    """A proxy in front tells who the client is, and the mail host hears it."""
    heads = []

    def script(wire):
        heads.append(wire.expect(r"PROXY (\S+ \S+ \S+ \d+) \d+$")[1])
        imap_script(wire)

    def login():
        wire = connect((addr, 143))
        wire.send(f"PROXY TCP4 192.0.2.7 {addr} 4711 143")
        ImapClient(wire.sock, wire.timeout).ok("LOGIN joe pw")

    with Host(script) as host, WebAuth(lambda request: head(
        "Auth-Status: OK", f"Auth-Server: {host.addr}",
        f"Auth-Port: {host.port}",
    )) as web:
        found = nginx_and_ours(
            new_suite, folder, addr, tool,
            f"load_module {NGINX_MODULE};\ndaemon off; pid {folder}/pid;\n"
            "error_log stderr;\nevents { }\n"
            f"mail {{ auth_http {web.url}; proxy_protocol on;\n"
            "set_real_ip_from 127.0.0.0/8;\n"
            f"server {{ listen {addr}:143 proxy_protocol; protocol imap; }}\n"
            "}\n", login, 143, protocols="haproxy-imap", since=(1, 19, 8),
        )
        host.check()
        told = [request["Client-IP"] for request in web.requests]
        assert told == ["192.0.2.7"] * len(found)
    assert heads == [f"TCP4 192.0.2.7 {addr} 4711"] * len(found)


def test_nginx_faults(folder):
    conf = folder / "nginx.conf"
    conf.write_text("mail {\n  auth_http a;\n  server { listen 143 }\n}\n")
    out, err = convert("nginx", conf, status=1)
    assert out == ""
    assert err == f"wicketctl: {conf}:3: '}}' where ';' was expected\n"
    out, err = convert("nginx", folder / "none", status=1)
    assert out == "" and "none: No such file or directory" in err
    conf.write_text(
        "mail {\n  auth_http a;\n  xclinet on;\n"
        "  server { listen mail.example:143; }\n}\n"
    )
    out, err = convert("nginx", conf, status=1)
    assert out == "" and f"{conf}:3: xclinet: unknown directive" in err


def test_remarks_are_told_of(folder):
    conf = folder / "nginx.conf"
    conf.write_text(
        "mail {\n  auth_http a;\n  proxy_timeout 1h;\n"
        "  server { listen 143; }\n}\n"
    )
    out, err = convert("nginx", conf)
    assert f"#   {conf}:3: proxy_timeout: " in out
    assert err == f"wicketctl: {conf}: 1 remarks, at the top of the result\n"


# Perdition.


def perdition_dialogs(addr, users):
    """Of each user: what comes of the login."""
    found = []
    for user in users:
        with imap_client((addr, 143)) as client:
            found.append(kind(client.login(user, "pw")[1]))
    return found


def has_perdition(library):
    """Debian 13 has none any more."""
    return LIBRARIES is not None and LIBRARIES.with_name(
        f"libperditiondb_{library}.so.0"
    ).exists()


def compare(new_suite, hosts, conf, library, sql, users):
    """
    Perdition and what became of its file do the same with these users: the
    name that the mail host hears of each, or None for a refusal.
    """
    addr = re.search(r"^b (\S+)", conf.read_text(), re.M)[1]
    want = ["NO" if name is None else "OK" for name in users.values()]
    logins = [(name, "pw") for name in users.values() if name is not None]
    text, _ = convert("perdition", conf)
    if has_perdition(library):
        with Peer(["/usr/sbin/perdition", "-f", conf], addr, 143):
            assert perdition_dialogs(addr, users) == want
        assert hosts.logins == logins
        logins *= 2
    suite = converted(new_suite, text, sql, "imap")
    assert perdition_dialogs(addr, users) == want
    assert hosts.logins == logins
    suite.stop()


def perdition_conf(folder, addr, library, option, *more):
    conf = folder / "perdition.conf"
    conf.write_text(
        f"# Perdition\nno_daemon\nF -\nb {addr}\nprotocol IMAP4\n"
        'pid_file ""\nno_lookup\nauthenticate_timeout 20\n'
        f"M {LIBRARIES.parent if LIBRARIES else '/usr/lib'}/"
        f"libperditiondb_{library}.so.0\nmap_library_opt \\\n{option}\n"
        + "".join(f"{line}\n" for line in more)
    )
    return conf


def fill(folder, conf, *options):
    """An SQLite database of what a map holds; the SQL file that names it."""
    database = folder / "popmap.db"
    sql, data = (convert("perdition", conf, what, *options)[0]
                 for what in ("--sql", "--data"))
    subprocess.run(
        ["sqlite3", database], input=data, text=True, check=True, timeout=30
    )
    database.chmod(0o644)
    assert "/var/lib/mailwicket/popmap.db" in sql
    return sql.replace("/var/lib/mailwicket/popmap.db", str(database))


def stays(conf):
    """The SQL file for a map that is a table already."""
    convert("perdition", conf, "--data", status=1)
    return convert("perdition", conf, "--sql")[0]


def test_perdition_regular_expressions(new_suite, hosts, folder, addr):
    where = f"{hosts.addr}:{hosts.imap.port}"
    popmap = folder / "popmap.re"
    popmap.write_text(
        f"# first letters\n^[A-K]: {where}\n'^a b$' x@{where}\n"
        f"^(.*)@ex\\\\.org$: $1@{where}\n^jane.+s$: j@{where} # s\n"
    )
    conf = perdition_conf(
        folder, addr, "posix_regex", popmap, "username_from_database"
    )
    compare(new_suite, hosts, conf, "posix_regex", fill(folder, conf), {
        "Bob": "Bob", "a b": "x", "joe@ex.org": "joe", "jane-doves": "j",
        "lisa": None,
    })


def test_perdition_popmap(new_suite, hosts, folder, addr):
    """The text of a gdbm file; short names first, then domains."""
    where = f"{hosts.addr}:{hosts.imap.port}"
    popmap = folder / "popmap"
    popmap.write_text(f"joe:{where}\n@ex.org:other@{where}\nx:127.0.0.1:1\n")
    conf = perdition_conf(
        folder, addr, "gdbm", folder / "popmap.gdbm.db",
        r"query_key \\u,\\D\\d", "strip_domain remote_login",
        f"outgoing_server {where}",
    )
    if has_perdition("gdbm"):
        subprocess.run(
            ["makegdbm", folder / "popmap.gdbm.db"], check=True,
            stdin=popmap.open(), timeout=30,
        )
        (folder / "popmap.gdbm.db").chmod(0o644)
    sql = fill(folder, conf, "--map", popmap)
    compare(new_suite, hosts, conf, "gdbm", sql, {
        "joe": "joe", "joe@example.com": "joe", "jane@ex.org": "jane",
        "mary@example.com": "mary",
    })


def test_perdition_table(new_suite, hosts, folder, addr, mariadb):
    """A popmap in MySQL stays there."""
    where = f"{hosts.addr}:{hosts.imap.port}"
    mariadb.sql(
        "DROP TABLE IF EXISTS popmap; CREATE TABLE popmap (name VARCHAR(128)"
        " PRIMARY KEY, server VARCHAR(255), port VARCHAR(8));"
        f"INSERT INTO popmap VALUES ('joe', '{where}', NULL), ('jane',"
        f" 'other@{hosts.addr}', '{hosts.imap.port}'), ('x@y', '@{where}', '')"
    )
    conf = perdition_conf(
        folder, addr, "mysql",
        f"{mariadb.addr}:3306:mail:popmap:dovecot:hush:server:name:port",
        "username_from_database", "lower_case all",
    )
    compare(new_suite, hosts, conf, "mysql", stays(conf), {
        "JOE": "joe", "Jane": "other", "nobody": None,
    })


@pytest.mark.parametrize("name", ["name", "user"])
def test_perdition_table_of_postgresql(
    new_suite, hosts, folder, addr, postgres, name
):
    """A column that is named as a word of SQL; Perdition's default is."""
    where = f"{hosts.addr}:{hosts.imap.port}"
    postgres.make_database("popmaps", "perdition", "hush")
    postgres.sql(
        f'CREATE TABLE popmap ("{name}" TEXT PRIMARY KEY, server TEXT, '
        "port INTEGER);"
        f"INSERT INTO popmap VALUES ('joe', '{where}', NULL), ('jane',"
        f" 'other@{hosts.addr}', {hosts.imap.port}), ('x@y', '@{where}', 0);"
        "GRANT SELECT ON popmap TO perdition", "popmaps",
    )
    conf = perdition_conf(
        folder, addr, "postgresql",
        f"{postgres.addr}:{postgres.port}:popmaps:popmap:perdition:hush:"
        f"server:{name}:port", "username_from_database", "lower_case all",
    )
    # The last is who asks the database: what "user" means without quotes, and
    # Perdition writes none.
    library = "postgresql" if name == "name" else "none"
    compare(new_suite, hosts, conf, library, stays(conf), {
        "JOE": "joe", "Jane": "other", "perdition": None,
    })


def test_perdition_faults(folder):
    conf = folder / "perdition.conf"
    conf.write_text("P IMAP4\n\nmap_libary x\n")
    out, err = convert("perdition", conf, status=1)
    assert out == ""
    assert err == f"wicketctl: {conf}:3: unknown option map_libary\n"
    conf.write_text("P IMAP4\nm /nowhere/popmap.gdbm.db\n")
    out, err = convert("perdition", conf, status=1)
    assert out == "" and "/nowhere/popmap: No such file" in err
    assert "--map FILE" in err
    # The text is there, and a line of it is wrong.
    popmap = folder / "popmap"
    popmap.write_text("joe:127.0.0.2\n# the others\n")
    conf.write_text(f"P IMAP4\nm {popmap}.gdbm.db\n")
    out, err = convert("perdition", conf, status=1)
    assert out == ""
    assert err == f"wicketctl: {popmap}:2: expected key:value\n"


def test_the_file_may_be_anything(folder):
    """A FIFO nobody writes to, a directory, a device: no wait, no crash."""
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, folder, "/dev/zero"):
        for which in ("nginx", "perdition"):
            out, err = convert(which, path, status=1)
            assert out == "" and "not a regular file" in err
