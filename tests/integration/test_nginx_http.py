"""passdb nginx-http: services that answer by a script, and nginx itself."""

import os
import re
import socket
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import procs
from harness.suite import WORKER_UID
from harness.webauth import Certs, WebAuth, head, route

AUTHFAIL = "a NO [AUTHENTICATIONFAILED]"
TEMPFAIL = "a NO [UNAVAILABLE]"
CANARY = "canary-%41-h5w2"


@pytest.fixture(scope="module")
def certs():
    folder = Path(tempfile.mkdtemp(prefix="mw-certs-"))
    folder.chmod(0o755)
    yield Certs(folder)
    shutil.rmtree(folder)


@pytest.fixture
def ask(new_suite):
    """Makes a suite whose only passdb asks these services."""

    def make(*services, args="", start=True, more="", **settings):
        urls = " ".join(s if isinstance(s, str) else s.url for s in services)
        suite = new_suite(
            start=start,
            settings={"auth_username_chars": "", **settings},
            passdbs=f"  passdb nginx-http {{\n    args = {urls} {args}\n"
            f"{more}  }}\n",
        )
        return suite

    return make


def login(suite, user="joe", password="pw"):
    return suite.imap().login(user, password)[1]


def check(suite, user, imap, pop3, password="pw"):
    assert login(suite, user, password).startswith(imap)
    assert suite.pop3().login(user, password).startswith(pop3)


def check_temporary(suite, user="joe"):
    check(suite, user, TEMPFAIL, "-ERR [SYS/TEMP]")


def service(hosts, password="pw", more=()):
    """Knows joe, by one password, at this mail host."""

    def answer(request):
        if request.text("Auth-User") != "joe":
            return head("Auth-Status: Invalid login or password")
        if request.text("Auth-Pass") != password:
            return head("Auth-Status: Invalid login or password", "Auth-Wait: 1")
        where = route(hosts, request["Auth-Protocol"])
        return head("Auth-Status: OK", *where, *more)

    return answer


# What is asked, and what comes of a clear answer.


def test_right_and_refused(ask, hosts):
    with WebAuth(service(hosts)) as web:
        suite = ask(web, auth_verbose="yes")
        assert login(suite).startswith("a OK")
        assert suite.pop3().login("joe", "pw").startswith("+OK")
        refused = {login(suite, "joe", "px"), login(suite, "nobody")}
        assert len(refused) == 1 and refused.pop().startswith(AUTHFAIL)
        assert suite.pop3().login("joe", "px").startswith("-ERR [AUTH]")
        assert hosts.logins == [("joe", "pw")] * 2
        # The text of a refusal is for the log.
        suite.wait_log(r"joe.*refused: Invalid login or password")
        assert len(web.requests) == 5


def test_the_request(ask, hosts):
    user, password = 'j\u00f6 %"\\@example.org', ' p%25\u00e4\\ss"w :'
    with WebAuth(service(hosts)) as web:
        suite = ask(web)
        wire = suite.imap()
        literal = [x.encode() for x in (user, password)]
        wire.send(f"a LOGIN {{{len(literal[0])}}}")
        wire.expect(r"\+")
        wire.sock.sendall(literal[0] + b" {%d}\r\n" % len(literal[1]))
        wire.expect(r"\+")
        wire.sock.sendall(literal[1] + b"\r\n")
        assert wire.answer()[1].startswith(AUTHFAIL)
        request = web.requests[0]
        assert request.method == "GET" and request.path == "/auth"
        names = [line.split(":")[0] for line in request.lines]
        assert names == [
            "Host", "Auth-Method", "Auth-User", "Auth-Pass", "Auth-Protocol",
            "Auth-Login-Attempt", "Client-IP", "Client-Port", "Server-Addr",
            "Auth-Port", "Auth-Session",
        ]
        assert request["Host"] == f"127.0.0.1:{web.port}"
        assert request["Auth-Method"] == "plain"
        assert request["Auth-User"] == (
            'j\u00f6%20%25"\\@example.org'.encode().decode("latin-1")
        )
        assert request.text("Auth-User") == user
        assert request.text("Auth-Pass") == password
        assert request["Auth-Protocol"] == "imap"
        assert request["Auth-Login-Attempt"] == "1"
        assert request["Client-IP"] == "127.0.0.1"
        assert request["Client-Port"] == str(wire.sock.getsockname()[1])
        assert request["Server-Addr"] == "127.0.0.1"
        assert request["Auth-Port"] == str(suite.addr("imap")[1])
        suite.wait_log(rf"session={re.escape(request['Auth-Session'])}\b")
        again = suite.imap(ipv6=True)
        again.login("joe", "px")
        again.login("joe", "px")
        assert [r["Auth-Login-Attempt"] for r in web.requests[1:]] == ["1", "2"]
        assert web.requests[1]["Client-IP"] == "::1"
        # One connection serves them all.
        assert {r.connection for r in web.requests} == {1}


def test_fields_of_the_answer(ask, hosts):
    more = [
        "Auth-User: other@example.org",
        "Auth-Pass: its own",
        "Proxy-Timeout: 5",
        "Proxy-SSL: no",
        "X-Passdb-Allow-Nets: 127.0.0.0/8",
        "X-Passdb-Foo: bar",
        "Auth-User-Exists: True",
    ]
    with WebAuth(service(hosts, more=more)) as web:
        suite = ask(web)
        assert login(suite).startswith("a OK")
        assert hosts.logins == [("other@example.org", "its own")]
        assert suite.imap(ipv6=True).login("joe", "pw")[1].startswith(AUTHFAIL)


def test_a_refusal_goes_on_to_the_next_passdb(ask, hosts):
    with WebAuth(service(hosts, password="other")) as web:
        suite = ask(web, start=False)
        suite.write_conf(
            passdbs=suite.options["passdbs"]
            + f"  passdb sql {{\n    args = {suite.sql_conf}\n  }}\n"
        )
        suite.start()
        suite.add_user(
            "joe", password="{PLAIN}pw", host=hosts.addr, nopassword=None,
            imap_port=hosts.imap.port,
        )
        assert login(suite).startswith("a OK")
        assert login(suite, "joe", "px").startswith(AUTHFAIL)
        assert login(suite, "joe", "other").startswith("a OK")
        # One that is in trouble is not passed over by a guess.
        suite.allow(r"passdb|nginx-http")
        web.answer = lambda request: None
        assert login(suite).startswith("a OK")
        assert login(suite, "joe", "px").startswith(TEMPFAIL)


def test_authenticated_here_routed_there(ask, hosts):
    """pass = yes: the service knows passwords, the database hosts."""
    with WebAuth(lambda request: head("Auth-Status: OK")
                 if request.text("Auth-Pass") == "pw"
                 else head("Auth-Status: no")) as web:
        suite = ask(web, start=False, more="    pass = yes\n")
        suite.write_conf(
            passdbs=suite.options["passdbs"]
            + f"  passdb sql {{\n    args = {suite.sql_conf}\n  }}\n"
        )
        suite.start()
        suite.add_row(hosts.row("joe"))
        assert login(suite).startswith("a OK")
        assert hosts.logins == [("joe", "pw")]


def test_delay_and_nodelay(ask, hosts):
    """A refusal waits as others do, unless the service says otherwise."""
    with WebAuth(service(hosts)) as web:
        suite = ask(web, auth_failure_delay="1s")
        start = time.monotonic()
        assert login(suite, "nobody").startswith(AUTHFAIL)
        assert time.monotonic() - start > 0.9


# P5: what is no clear answer is neither success nor a wrong password.

FAULTS = {
    "status 500": (lambda good: good.replace("200 OK", "500 Oh"), "status 500"),
    "status 404": (lambda good: head("Auth-Status: no", status="404 No"), "404"),
    "redirect": (
        lambda good: head("Location: http://127.0.0.1/", status="302 Found"),
        "status 302",
    ),
    "no status": (
        lambda good: good.replace("Auth-Status: OK\r\n", ""),
        "no Auth-Status",
    ),
    "nothing": (lambda good: head(), "no Auth-Status"),
    "hang up": (lambda good: None, ""),
    "not HTTP": (lambda good: "* OK IMAP4 ready\r\n", ""),
    "HTTP 0.9": (lambda good: "Auth-Status: OK\r\n\r\n", ""),
    "no port": (
        lambda good: re.sub("Auth-Port.*\r\n", "", good),
        "must come together",
    ),
    "bad port": (lambda good: re.sub("Port: .*", "Port: 70000\r", good), "port"),
    "bad host": (lambda good: re.sub("Server: .*", "Server: 127.1\r", good), "host"),
    "twice": (
        lambda good: good[:-2] + "Auth-Server: 127.0.0.9\r\n\r\n",
        "repeated header auth-server",
    ),
    "control": (
        lambda good: good[:-2] + "Auth-Pass: a\tb\r\n\r\n",
        "control character in auth-pass",
    ),
    "CR": (lambda good: good[:-2] + "Auth-User: a\rb\r\n\r\n", ""),
    "NUL": (lambda good: good[:-2] + "Auth-User: a\0b\r\n\r\n", ""),
    "not UTF-8": (lambda good: good[:-2] + "Auth-User: a\xff\r\n\r\n", "UTF-8"),
    "folded": (lambda good: good[:-2] + " and so on\r\n\r\n", ""),
    "wait": (lambda good: head("Auth-Status: WAIT", "Auth-Wait: 1"), "trouble"),
    "temporary": (
        lambda good: head("Auth-Status: later", "Auth-Error-Code: 451 4.3.0"),
        "trouble",
    ),
    "huge head": (
        lambda good: good[:-2] + "X-Junk: " + "x" * 20000 + "\r\n\r\n",
        "longer than",
    ),
    "endless head": (
        lambda good: (good[:-2] if i == 0 else f"X-{i}: {'x' * 900}\r\n"
                      for i in range(100)),
        "longer than",
    ),
    "huge body": (
        lambda good: good.replace("Length: 0", "Length: 99999") + "x" * 99999,
        "longer than",
    ),
    "cut off": (lambda good: good[:-2].replace("Content", "X-Content"), ""),
    "in the trailer": (
        lambda good: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\nAuth-Status: OK\r\n\r\n",
        "no Auth-Status",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_T_D9_a_fault_is_no_answer(ask, hosts, fault):
    """And it is over when it is over: the service was never down."""
    change, says = FAULTS[fault]
    good = service(hosts)

    def cut(answer):
        yield answer
        raise OSError("hang up")

    def bad(request):
        answer = change(good(request))
        return answer if fault != "cut off" else cut(answer)

    with WebAuth(bad) as web:
        suite = ask(web, args="timeout=700ms", auth_worker_timeout="3s")
        suite.allow(r"nginx-http|passdb")
        check_temporary(suite)
        suite.wait_log(rf"nginx-http.*{re.escape(says)}")
        assert "down: " not in suite.log()
        web.answer = good
        assert login(suite).startswith("a OK")
        assert login(suite, "joe", "px").startswith(AUTHFAIL)


def test_T_D9_slow(ask, hosts):
    """No answer in time, or one byte at a time: the last one is asked on."""
    good = service(hosts)

    def drip(request):
        for byte in good(request):
            time.sleep(0.05)
            yield byte

    with WebAuth(good) as web:
        suite = ask(web, args="timeout=700ms")
        suite.allow(r"nginx-http|passdb")
        for slow in (drip, lambda request: time.sleep(3)):
            web.answer = slow
            start = time.monotonic()
            assert login(suite).startswith(TEMPFAIL)
            assert time.monotonic() - start < 2.5
        web.answer = good
        assert login(suite).startswith("a OK")
        web.faults.clear()


def test_nginx_compat(ask, hosts):
    """The lenient reading has to be asked for."""
    answers = [
        lambda request: head(*route(hosts, request["Auth-Protocol"])),
        lambda request: head(
            "Auth-Status: OK",
            *route(hosts, request["Auth-Protocol"]),
            status="500 Oh",
        ),
    ]
    with WebAuth(answers[0]) as web:
        suite = ask(web, args="nginx_compat=yes")
        for web.answer in answers:
            assert login(suite).startswith("a OK")
        web.answer = lambda request: head("Auth-Status: no", status="401 No")
        assert login(suite).startswith(AUTHFAIL)
        suite.allow(r"nginx-http|passdb")
        web.answer = lambda request: head(status="500 Oh")
        assert login(suite).startswith(TEMPFAIL)


# Several services, sockets, TLS.


def test_the_next_url_when_one_is_dead(ask, hosts):
    good = service(hosts)
    with WebAuth(good) as first, WebAuth(good) as second:
        suite = ask(first, second)
        suite.allow(r"nginx-http|passdb")
        assert login(suite).startswith("a OK")
        assert not second.requests
        # A refusal is an answer: nobody else is asked.
        assert login(suite, "joe", "px").startswith(AUTHFAIL)
        assert not second.requests
        first.close()
        for _ in range(3):
            assert login(suite).startswith("a OK")
        assert login(suite, "joe", "px").startswith(AUTHFAIL)
        suite.wait_log(rf"http://127.0.0.1:{first.port}: down: no connection")
        assert suite.log().count("down: ") == 1


def test_the_next_url_when_one_has_trouble(ask, hosts):
    """It is there, so it is asked again, with the next one behind it."""
    good = service(hosts)
    with WebAuth(good) as first, WebAuth(good) as second:
        suite = ask(first, second)
        suite.allow(r"nginx-http|passdb")
        first.answer = lambda request: head(status="503 No")
        for count in (1, 2, 3):
            assert login(suite).startswith("a OK")
            assert len(first.requests) == len(second.requests) == count
        suite.wait_log(rf":{first.port}: unusable row: HTTP status 503")
        first.answer = good
        assert login(suite).startswith("a OK")
        assert len(first.requests) == 4 and len(second.requests) == 3


def test_a_service_that_comes_back(ask, hosts):
    """One that was down is probed, and asked first again."""
    with WebAuth(service(hosts)) as second, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        suite = ask(f"http://127.0.0.1:{port}/auth", second)
        suite.allow(r"nginx-http|passdb")
        for _ in range(3):
            assert login(suite).startswith("a OK")
        suite.wait_log(rf":{port}: down: no connection")
        sock.close()
        with WebAuth(service(hosts), port=port) as first:
            suite.wait_log(rf":{port}: up again")
            assert login(suite).startswith("a OK")
            assert len(first.requests) == 1


def test_a_host_that_takes_nothing(ask, hosts):
    """Connections that nobody accepts do not use up the time of the others."""
    with socket.socket() as full, WebAuth(service(hosts)) as web:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        suite = ask(f"http://127.0.0.1:{port}/", web)
        suite.allow(r"nginx-http|passdb")
        start = time.monotonic()
        assert login(suite).startswith("a OK")
        assert time.monotonic() - start < 12
        for sock in waiting:
            sock.close()


def test_all_dead(ask):
    with WebAuth(lambda request: None) as web:
        suite = ask(web, "http://127.0.0.1:1/", "http://no-such-host.invalid/")
        suite.allow(r"nginx-http|passdb")
        web.close()
        check_temporary(suite)


def test_unix_socket(ask, hosts):
    folder = Path(tempfile.mkdtemp(prefix="mw-web-"))
    folder.chmod(0o755)
    try:
        with WebAuth(service(hosts), path=folder / "auth.sock") as web:
            suite = ask(web)
            assert login(suite).startswith("a OK")
            assert login(suite, "joe", "px").startswith(AUTHFAIL)
            assert web.requests[0]["Host"] == "localhost"
            assert web.requests[0].path == "/auth"
    finally:
        shutil.rmtree(folder)


def localhost(web):
    return web.url.replace("127.0.0.1", "localhost")


def test_https(ask, hosts, certs):
    with WebAuth(service(hosts), tls=certs.server()) as web:
        suite = ask(localhost(web), args=f"ssl_ca={certs.ca}")
        for _ in range(3):
            assert login(suite).startswith("a OK")
        assert login(suite, "joe", "px").startswith(AUTHFAIL)
        # The name comes from the system, the connection is kept.
        assert {r.connection for r in web.requests} == {1}


@pytest.mark.parametrize("how", ["other CA", "system CA", "other name", "plain"])
def test_T_T8_https_that_cannot_be_trusted(ask, hosts, certs, how):
    """The password is not sent."""
    other = Certs(certs.folder, "other")
    tls = None if how == "plain" else certs.server()
    with WebAuth(service(hosts), tls=tls) as web:
        url, ca = localhost(web), f"ssl_ca={certs.ca}"
        if how == "other CA":
            ca = f"ssl_ca={other.ca}"
        elif how == "system CA":
            ca = ""
        elif how == "other name":
            url = web.url
        elif how == "plain":
            url = url.replace("http:", "https:")
        suite = ask(url, args=ca)
        suite.allow(r"nginx-http|passdb")
        check_temporary(suite)
        assert not web.requests
        # No TLS at all: its hello is all that came, which is no request.
        web.faults.clear()


def test_client_certificate(ask, hosts, certs):
    cert, key = certs.issue("client", "DNS:client")
    os.chown(key, 0, WORKER_UID)
    key.chmod(0o640)
    with WebAuth(service(hosts), tls=certs.server(certs.ca)) as web:
        ca = f"ssl_ca={certs.ca}"
        suite = ask(localhost(web), args=f"{ca} cert={cert} key={key}")
        assert login(suite).startswith("a OK")
        without = ask(localhost(web), args=ca)
        without.allow(r"nginx-http|passdb")
        assert login(without).startswith(TEMPFAIL)


def test_environment_and_redirects_lead_nowhere(ask, hosts, monkeypatch):
    with WebAuth(lambda request: None) as trap, WebAuth(service(hosts)) as web:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url)
        suite = ask(web)
        assert login(suite).startswith("a OK")
        suite.allow(r"nginx-http|passdb")
        web.answer = lambda request: head(
            f"Location: {trap.url}", status="307 There"
        )
        assert login(suite).startswith(TEMPFAIL)
        assert not trap.requests and not trap.connections


# The configuration.


@pytest.mark.parametrize(
    "args, says",
    [
        ("ftp://a/", "expected http://"),
        ("http://joe:pw@a/", "no name and no password"),
        ("http://a/ nginx_compat=maybe", "expected yes or no"),
        ("http://a/ ssl_ca=/x", "are for https"),
        ("https://a/ ssl_ca=/no/such/file", "/no/such/file: No such file"),
        ("http://127.0.0.1/\n    deny = yes", "not with deny = yes"),
    ],
)
def test_what_the_check_finds(ask, args, says):
    suite = ask(args, start=False)
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    text = suite.conf.read_text().splitlines()
    number = next(i for i, row in enumerate(text, 1) if "args = " in row)
    assert f"{suite.conf}:{number}: " in done.stderr
    assert says in done.stderr


def test_the_check_warns_of_passwords_in_clear(ask):
    suite = ask("http://192.0.2.1/auth", start=False)
    done = subprocess.run(
        suite.command("-t"), capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0
    assert "passwords cross the network in clear" in done.stderr + done.stdout


# Passwords vanish.


def memory_has(pid, wanted):
    """Places in a process's memory where the bytes stand."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:
                continue
            if wanted in data:
                found.append(line.strip())
    return found


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_T_M1_no_password_stays_in_memory(ask, hosts, certs, scheme):
    """Neither the client's nor the mail host's, in our processes."""
    secret = "hosts-own-7f3e"
    good = service(hosts, CANARY, [f"Auth-Pass: {secret}"])
    tls = certs.server() if scheme == "https" else None
    with WebAuth(good, tls=tls) as web:
        args = f"ssl_ca={certs.ca}" if tls else ""
        suite = ask(localhost(web), args=args)
        for _ in range(3):
            wire = suite.imap()
            assert login(suite, "joe", f"{CANARY}x").startswith(AUTHFAIL)
            assert wire.login("joe", CANARY)[1].startswith("a OK")
            wire.command("LOGOUT")
        time.sleep(1)
        for pid in suite.children("auth-worker"):
            assert memory_has(pid, web.url[-10:].encode())
        escaped = CANARY.replace("%", "%25")
        for pid in suite.children():
            for text in (CANARY, escaped, secret):
                assert not memory_has(pid, text.encode()), (
                    procs.comm(pid), text,
                )
        assert CANARY not in suite.log() and secret not in suite.log()


# nginx as the service.

NGINX = """
daemon off;
pid {dir}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {dir}/a;
  proxy_temp_path {dir}/b;
  fastcgi_temp_path {dir}/c;
  uwsgi_temp_path {dir}/d;
  scgi_temp_path {dir}/e;
  server {{
    listen unix:{dir}/http;
    location = /auth {{
      add_header Auth-Status $known always;
      add_header Auth-Server {addr} always;
      add_header Auth-Port $port always;
      add_header Auth-User at-{addr} always;
      return 200 "";
    }}
  }}
  map "$http_auth_user:$http_auth_pass" $known {{
    default "Invalid login or password";
    "joe%20s:p%25w" OK;
  }}
  map $http_auth_protocol $port {{
    imap {imap};
    pop3 {pop3};
  }}
}}
"""


@pytest.fixture
def nginx(hosts, tool):
    folder = Path(tempfile.mkdtemp(prefix="mw-ng-"))
    folder.chmod(0o755)
    conf = folder / "conf"
    conf.write_text(
        NGINX.format(
            dir=folder, addr=hosts.addr,
            imap=hosts.imap.port, pop3=hosts.pop3.port,
        )
    )
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [tool("nginx"), "-p", str(folder), "-c", str(conf)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    try:
        procs.wait_until(
            lambda: (folder / "http").exists(),
            lambda: (folder / "log").read_text(),
        )
        yield f"unix:{folder}/http:/auth"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder)


def test_nginx_as_the_service(ask, hosts, nginx):
    suite = ask(nginx)
    assert login(suite, "joe s", "p%w").startswith("a OK")
    assert suite.pop3().login("joe s", "p%w").startswith("+OK")
    assert login(suite, "joe s", "p%25w").startswith(AUTHFAIL)
    assert login(suite, "joe", "p%w").startswith(AUTHFAIL)
    assert hosts.logins == [(f"at-{hosts.addr}", "p%w")] * 2
