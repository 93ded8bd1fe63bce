"""Passwords, sessions and the secret that signs cookies: a file beside the working database, for one reader.

The file is SQLite's too, but never served: Datasette does not open it. It is made at the first start, mode
600, and refused if others may read it. Passwords are kept as Argon2id hashes (argon2-cffi); of a session only
the SHA-256 of its token is kept, so that the file alone signs nobody in. Tries are throttled by name (kept
as a digest: people type passwords there) and by address. Clock and randomness are arguments; what was noted
while the clock stood ahead is not believed: it neither keeps a session alive nor anybody out.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from programme.database import said_plainly
from rules.errors import DatabaseUnusable, SignInRefused, UserInvalid

SHORTEST, LONGEST = 12, 200
"""Letters of a password. Long ones are better than odd ones, so no kinds of letters are asked for."""
TRIES, WITHIN = 5, timedelta(minutes=15)
"""So many wrong tries in so long, for one name or (ten times as many) from one address; then one waits."""
OF_ADDRESS = 10 * TRIES
IDLE, WHOLE = timedelta(hours=1), timedelta(hours=12)
"""A session ends after so long without a page, and after so long in any case."""
AHEAD = timedelta(minutes=5)
"""So far may a session's times lie ahead of the clock, which is set right by a little now and then. One that
lies further ahead began (or was used) while the clock stood wrong: nobody knows when, so it has ended."""
BUSY_MS = 20_000
NO_ACCOUNTS = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""What SQLite says of a file that is none of its own, or holds other tables."""
HASHER = PasswordHasher()
"""One for all accounts: what stands in for unknown users is made once for it, not at every try."""
Tokens = Callable[[], str]
"""A source of unguessable texts, e.g. secrets.token_urlsafe."""

TABLES = """
create table if not exists secret (name text primary key, value text not null);
create table if not exists password (user text primary key, hash text not null, set_at text not null);
create table if not exists session (
  digest text primary key, user text not null, started text not null, used text not null);
create table if not exists wrong_try (at text not null, user text not null, address text not null);
create index if not exists wrong_try_by_user on wrong_try(user, at);
create index if not exists wrong_try_by_address on wrong_try(address, at);
"""


@dataclass(frozen=True)
class Accounts:
    """The accounts file of a working database."""

    path: Path
    hasher: PasswordHasher

    def secret(self, tokens: Tokens) -> str:
        """The secret that signs cookies; made at the first call, the same ever after."""
        with self._write() as connection:
            connection.execute("insert or ignore into secret values ('cookies', ?)", [tokens()])
            return str(connection.execute("select value from secret where name = 'cookies'").fetchone()[0])

    def set_password(self, user: str, password: str, *, at: datetime) -> None:
        """Set a user's password and end their sessions; raises UserInvalid for one that will not do."""
        check_password(user, password)
        hashed = self.hasher.hash(password)
        with self._write() as connection:
            connection.execute(
                "insert into password values (?, ?, ?)"
                " on conflict (user) do update set hash = excluded.hash, set_at = excluded.set_at",
                [user, hashed, _text(at)],
            )
            connection.execute("delete from session where user = ?", [user])
            connection.execute("delete from wrong_try where user = ?", [_of(user)])

    def sign_in(
        self, user: str, password: str, address: str, *, at: datetime, tokens: Tokens, known: bool = True
    ) -> str:
        """The token of a new session; raises SignInRefused.

        Who is not `known` (to `programme.users`), has no password, or gave a wrong one is told the same
        after the same work, and waits after as many tries, which are counted by the name that was typed.
        """
        self._count_try(user, address, at)
        with self._read() as connection:
            row = connection.execute("select hash from password where user = ?", [user]).fetchone()
        if not self._is_right(row[0] if row and known else None, password):
            raise SignInRefused("the name or the password is wrong", hint="Try again.")
        hashed = self.hasher.hash(password) if self.hasher.check_needs_rehash(row[0]) else row[0]
        with self._write() as connection:
            connection.execute("delete from wrong_try where user = ?", [_of(user)])
            connection.execute("update password set hash = ? where user = ?", [hashed, user])
        return self.begin(user, at=at, tokens=tokens)

    def begin(self, user: str, *, at: datetime, tokens: Tokens) -> str:
        """The token of a new session of somebody who has shown who they are."""
        token, started = tokens(), _text(at)
        with self._write() as connection:
            connection.execute(
                "delete from session where started < ? or started > ? or used > ?",
                [_text(at - WHOLE), _text(at + AHEAD), _text(at + AHEAD)],
            )
            connection.execute(
                "insert into session values (?, ?, ?, ?)", [_of(token), user, started, started]
            )
        return token

    def user_of(self, token: str, *, at: datetime) -> str | None:
        """Whose session this is; None for one that ended, timed out or never was."""
        with self._read() as connection:
            row = connection.execute(
                "select user, started, used from session where digest = ?", [_of(token)]
            ).fetchone()
        if row is None:
            return None
        user, started, used = row
        if started < _text(at - WHOLE) or used < _text(at - IDLE) or max(started, used) > _text(at + AHEAD):
            self.sign_out(token)
            return None
        if used < _text(at - timedelta(minutes=1)):
            # Where that cannot be noted (a full disk), reading goes on; the session only ends the sooner.
            with suppress(DatabaseUnusable), self._write() as connection:
                connection.execute("update session set used = ? where digest = ?", [_text(at), _of(token)])
        return str(user)

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._write() as connection:
            connection.execute("delete from session where digest = ?", [_of(token)])

    def forget(self, user: str) -> None:
        """Take a user's password and sessions away."""
        with self._write() as connection:
            connection.execute("delete from session where user = ?", [user])
            connection.execute("delete from password where user = ?", [user])

    def clear_leftovers(self) -> None:
        """Rewrite the file without what its rows no longer hold."""
        with self._read() as connection:
            connection.execute("vacuum")

    def has_password(self, user: str) -> bool:
        """Whether a password was set for the user."""
        with self._read() as connection:
            return connection.execute("select 1 from password where user = ?", [user]).fetchone() is not None

    def _count_try(self, user: str, address: str, at: datetime) -> None:
        """Count a try before it is made, so that many at once are no way around the limits."""
        name = _of(user)
        with self._write() as connection:
            # One from after now was made before the clock was set back: by a little, it counts as made now;
            # by more, nobody knows when it was made.
            connection.execute(
                "delete from wrong_try where at < ? or at > ?", [_text(at - WITHIN), _text(at + WITHIN)]
            )
            connection.execute("update wrong_try set at = ? where at > ?", [_text(at), _text(at)])
            of_user, of_address = connection.execute(
                "select (select count(*) from wrong_try where user = ?),"
                " (select count(*) from wrong_try where address = ?)",
                [name, address],
            ).fetchone()
            too_many = of_user >= TRIES or of_address >= OF_ADDRESS
            if not too_many:
                connection.execute("insert into wrong_try values (?, ?, ?)", [_text(at), name, address])
        # Raised when all is stored, so that what was dated anew stays so.
        if too_many:
            minutes = int(WITHIN.total_seconds() // 60)
            raise SignInRefused(
                "too many failed attempts to sign in", hint=f"Wait {minutes} minutes, then try again."
            )

    def _is_right(self, hashed: str | None, password: str) -> bool:
        # Unknown users cost the same work as known ones, so that the time tells nothing.
        nobody = _nobody(self.hasher)
        try:
            self.hasher.verify(hashed or nobody, password)
        except (Argon2Error, InvalidHashError):
            return False
        return hashed is not None

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with said_plainly(self.path), closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._read() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # SQLite has not ended it by itself
                    connection.execute("rollback")
                raise

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_MS / 1000)


def accounts_path(database: Path) -> Path:
    """Where the accounts of a working database are kept: beside it; for a link, beside what it leads to."""
    found = database.with_name(database.name + ".accounts")
    if database.is_symlink() and not found.exists():  # there are some beside links, made by older versions
        real = database.resolve()
        return real.with_name(real.name + ".accounts")
    return found


def open_accounts(database: Path, hasher: PasswordHasher | None = None) -> Accounts:
    """The accounts beside a working database, made if there are none.

    Raises DatabaseUnusable for a file that other users of the machine may read, or that is no such file.
    """
    path = accounts_path(database)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise DatabaseUnusable(
                f"{path} can be read by others (mode {mode:o})",
                hint=f"It holds passwords. Close it to others: chmod 600 {path}",
            ) from None
    except OSError as error:
        raise DatabaseUnusable(f"{path} could not be created: {error.strerror}") from error
    accounts = Accounts(path, hasher or HASHER)
    with said_plainly(path), closing(accounts._connect()) as connection:
        try:
            connection.executescript(TABLES)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in NO_ACCOUNTS:
                raise DatabaseUnusable(f"{path} is not an accounts file: {error}") from error
            raise
    return accounts


def close_to_others(database: Path) -> bool:
    """Close an accounts file to everybody but its owner; whether others could read it.

    Everybody is signed out then, and the next server that starts signs cookies with a new secret.
    Raises DatabaseUnusable for a file that cannot be closed, or is no accounts file.
    """
    path = accounts_path(database)
    if not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return False
    with suppress(OSError):
        path.chmod(0o600)
    accounts = open_accounts(database)
    with accounts._write() as connection:
        connection.execute("delete from secret")
        connection.execute("delete from session")
    return True


def check_password(user: str, password: str) -> None:
    """Raise UserInvalid for a password that is too short, too long, or is the user's name."""
    if len(password) < SHORTEST:
        raise UserInvalid(
            f"the password is too short: {len(password)} of at least {SHORTEST} letters",
            hint="Several words in a row are long and easy to remember.",
        )
    if len(password) > LONGEST:
        raise UserInvalid(f"the password is longer than {LONGEST} letters")
    if len(set(password)) < SHORTEST // 3 or password.lower().replace(user, "").strip() == "":
        raise UserInvalid("the password is too easy to guess", hint="Choose several words in a row.")


@functools.cache
def _nobody(hasher: PasswordHasher) -> str:
    """A hash as costly to check as any other."""
    return hasher.hash("nobody's password")


def _of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
