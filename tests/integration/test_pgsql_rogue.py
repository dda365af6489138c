"""A server in the place of PostgreSQL gets no password, and writes no log."""

import os
import shutil
import tempfile

import pytest

from harness.rogue_postgres import (
    CLEARTEXT,
    MD5,
    SCRAM,
    TRUST,
    RoguePostgres,
    error,
    make_certificate,
)

TEMPFAIL = "a NO [UNAVAILABLE]"
ESCAPES = b"\x1b[31mroot\r\nNov 26 auth[1]: all is well\x00"
ASKS = {"cleartext": CLEARTEXT, "md5": MD5, "scram": SCRAM, "trust": TRUST}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rogue")
    return make_certificate(folder)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Another certificate, in a folder that workers can reach."""
    folder = tempfile.mkdtemp(prefix="mw-ca-")
    os.chmod(folder, 0o755)
    cert, _ = make_certificate(folder)
    os.chmod(cert, 0o644)
    yield cert
    shutil.rmtree(folder)


def ask(new_suite, rogue, words):
    suite = new_suite(
        driver="pgsql",
        connect=f"host=127.0.0.1 port={rogue.port} dbname=d user=u "
        f"password=hush {words}",
        query="SELECT 'Y' AS proxy FROM users WHERE name = '%u'",
        settings={"auth_worker_timeout": "5s"},
    )
    suite.allow(r"passdb")
    assert suite.imap().login("joe", "pw")[1].startswith(TEMPFAIL)
    assert suite.pop3().login("joe", "pw").startswith("-ERR [SYS/TEMP]")
    suite.wait_log(r"passdb 1 \(pgsql\)")
    log = suite.log()
    assert "\x1b" not in log and "hush" not in log
    assert "\nNov 26 auth[1]" not in log
    assert b"hush" not in rogue.bytes
    return log


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_T_D13_the_recommended_words(new_suite, kind):
    """channel_binding=require, and a server that has no TLS."""
    with RoguePostgres(ASKS[kind]) as rogue:
        log = ask(new_suite, rogue, "channel_binding=require")
        assert rogue.told and not rogue.answers
        assert "channel binding" in log


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_T_D13_the_same_over_tls(new_suite, certificate, kind):
    """TLS with the wrong server does not make it the right one."""
    with RoguePostgres(ASKS[kind], b"S", certificate) as rogue:
        ask(new_suite, rogue, "channel_binding=require sslmode=require")
        assert rogue.told and not rogue.answers


@pytest.mark.parametrize("to_ssl", [b"N", b"S"])
def test_T_D12_a_certificate_is_wanted(
    new_suite, certificate, authority, to_ssl
):
    """Without a good one not even the user's name is said."""
    with RoguePostgres(CLEARTEXT, to_ssl, certificate) as rogue:
        ask(new_suite, rogue,
            f"sslmode=verify-full sslrootcert={authority}")
        assert rogue.told and not rogue.answers
        assert b"user\0u" not in rogue.bytes


def test_T_D12_bytes_behind_the_answer_to_tls(
    new_suite, certificate, authority
):
    """CVE-2021-23222: what comes before TLS must not count as behind it."""
    with RoguePostgres(b"", b"S" + error(b"sent too early")) as rogue:
        ask(new_suite, rogue, f"sslmode=verify-full sslrootcert={authority}")
        assert not rogue.answers and b"user\0u" not in rogue.bytes


@pytest.mark.parametrize("to_ssl", [b"N", error(ESCAPES)])
def test_T_D13_texts_of_the_server_in_the_log(new_suite, to_ssl):
    with RoguePostgres(error(ESCAPES), to_ssl) as rogue:
        log = ask(new_suite, rogue, "channel_binding=require")
        assert not rogue.answers
        assert "passdb 1 (pgsql) host 127.0.0.1: down: no connection" in log


def test_a_password_for_the_network_needs_a_word(new_suite):
    """The configuration is refused, with its line."""
    suite = new_suite(
        start=False, driver="pgsql", connect="host=192.0.2.1 password=hush"
    )
    with pytest.raises(AssertionError, match=r"sql.conf:2: connect: pass"):
        suite.start()


def test_the_environment_is_not_heeded(new_suite, monkeypatch, tmp_path):
    """PGHOST and others would lead elsewhere; HOME has a password file."""
    with RoguePostgres(CLEARTEXT) as rogue:
        (tmp_path / ".pgpass").write_text("*:*:*:*:hush\n")
        (tmp_path / ".pgpass").chmod(0o600)
        for name, value in [
            ("PGHOST", "127.0.0.1"),
            ("PGHOSTADDR", "127.0.0.1"),
            ("PGPORT", str(rogue.port)),
            ("PGPASSWORD", "hush"),
            ("PGUSER", "u"),
            ("PGSSLMODE", "disable"),
            ("PGPASSFILE", str(tmp_path / ".pgpass")),
            ("HOME", str(tmp_path)),
        ]:
            monkeypatch.setenv(name, value)
        suite = new_suite(
            driver="pgsql",
            connect="host=/nonexistent dbname=d user=u",
            query="SELECT 'Y' AS proxy FROM users WHERE name = '%u'",
        )
        suite.allow(r"passdb")
        assert suite.imap().login("joe", "pw")[1].startswith(TEMPFAIL)
        suite.wait_log(r"/nonexistent/\.s\.PGSQL\.5432")
        assert not rogue.told
