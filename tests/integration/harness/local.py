"""Mailboxes of this machine, and suites whose users have them."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from . import procs
from .dovecot import MESSAGES, version
from .suite import DEFAULTS

# Of the mail processes.
UID, GID = 61201, 61202
SOURCE = Path(__file__).parent / "mail_program.py"

COLUMNS = """user password host port destuser proxy proxy_maybe nopassword
nologin reason userdb_uid userdb_gid userdb_home userdb_mail""".split()
TABLE = f"CREATE TABLE users ({', '.join(COLUMNS)}, PRIMARY KEY (user))"
QUERY = f"SELECT {', '.join(COLUMNS[1:])} FROM users WHERE user = '%u'"
# Where the mail and the homes are, Dovecot 2.4 takes from its own settings.
NEW_DOVECOT = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
mail_driver = maildir
mail_home = {}/%{{user}}
mail_path = ~/Maildir
namespace inbox {{
  inbox = yes
}}
"""


class Homes:
    """Home directories with real mail in them, in one folder."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="mw-homes-"))
        self.dir.chmod(0o755)
        self.reports = self.dir / "reports"
        self.reports.mkdir()
        os.chown(self.reports, UID, GID)
        self.program = self.dir / "mail-program"
        self.program.write_text("#!/usr/bin/python3 -BIS\n" + SOURCE.read_text())
        self.program.chmod(0o755)

    def add(self, user, uid=UID, gid=GID):
        """A Maildir with the usual messages; gives the home."""
        home = self.dir / user
        for name in ("new", "cur", "tmp"):
            (home / "Maildir" / name).mkdir(parents=True)
        for number, text in enumerate(MESSAGES):
            path = home / "Maildir" / "new" / f"{number}.test"
            path.write_text(text.replace("\r\n", "\n"))
        for folder, names, files in os.walk(home):
            os.chown(folder, uid, gid)
            for name in files:
                os.chown(os.path.join(folder, name), uid, gid)
        home.chmod(0o700)
        return home

    def reported(self, count=1):
        """What so many mail programs have told of themselves, by age."""

        def there():
            found = sorted(
                self.reports.glob("*.json"), key=lambda path: path.stat().st_mtime
            )
            return found if len(found) >= count else None

        found = procs.wait_until(there, f"{count} reports")
        return [json.loads(path.read_text()) for path in found]

    def forget(self):
        for path in self.reports.glob("*.json"):
            path.unlink()

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def executables(homes):
    """mail_executable of both protocols, where the default does not do."""
    if version() < (2, 4):
        return {}
    conf = homes.dir / "dovecot.conf"
    conf.write_text(NEW_DOVECOT.format(homes.dir))
    return {
        name: {"mail_executable": f"/usr/lib/dovecot/{name} -c {conf}"}
        for name in ("imap", "pop3")
    }


def static(homes, more=""):
    """The userdb of most tests."""
    return (
        f"  userdb static {{\n    args = static uid={UID} gid={GID} "
        f"home={homes.dir}/%u{more}\n  }}\n"
    )


def local_options(homes, userdb=None, settings=None, **options):
    """Options of a Suite whose users are in an SQL table of their own."""

    def make(sql_conf):
        return f"  passdb sql {{\n    args = {sql_conf}\n  }}\n" + (
            static(homes) if userdb is None else userdb
        )

    own = {"imap": {}, "pop3": {}}
    for name in own:
        own[name] = {
            **executables(homes).get(name, {}), **options.pop(name, {}),
        }
    return {
        "table": TABLE,
        "query": QUERY,
        "make_passdbs": make,
        "settings": {"mail_location": "maildir:~/Maildir", **(settings or {})},
        **own,
        **options,
    }


def add_local(suite, user, password="sesame", **columns):
    """A row whose user logs in here unless the columns say otherwise."""
    row = {name: None for name in DEFAULTS}
    row.update(password="{PLAIN}" + password, user=user, **columns)
    row = {name: value for name, value in row.items() if name in COLUMNS}
    marks = ", ".join("?" * len(row))
    suite.db.execute(
        f"INSERT OR REPLACE INTO users ({', '.join(row)}) VALUES ({marks})",
        list(row.values()),
    )
