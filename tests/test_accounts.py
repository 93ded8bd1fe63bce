"""Passwords and sessions: kept apart, throttled, and of no use to who reads the file."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from visitors import AT, QUICK

from programme.accounts import (
    AHEAD,
    IDLE,
    TRIES,
    WHOLE,
    WITHIN,
    Accounts,
    accounts_path,
    open_accounts,
)
from rules.errors import DatabaseUnusable, SignInRefused, UserInvalid

GOOD = "four plain words together"
FROM = "127.0.0.1"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    found = open_accounts(tmp_path / "programme.db", QUICK)
    found.set_password("reviewer-1", GOOD, at=AT)
    return found


@pytest.fixture
def tokens() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"token-{next(numbers)}"


def test_the_file_is_for_its_owner_only(accounts: Accounts) -> None:
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    assert accounts.path.name == "programme.db.accounts"


def test_a_file_that_others_may_read_is_refused(accounts: Accounts, tmp_path: Path) -> None:
    accounts.path.chmod(0o640)
    with pytest.raises(DatabaseUnusable, match=r"can be read by others \(mode 640\)"):
        open_accounts(tmp_path / "programme.db")


def test_what_is_no_accounts_file_is_refused(tmp_path: Path) -> None:
    path = accounts_path(tmp_path / "programme.db")
    path.write_text("just text, and long enough to be no empty database file " * 40)
    path.chmod(0o600)
    with pytest.raises(DatabaseUnusable, match="is not an accounts file"):
        open_accounts(tmp_path / "programme.db")


def test_the_right_password_signs_in_and_out(accounts: Accounts, tokens: Callable[[], str]) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    assert accounts.user_of(token, at=AT) == "reviewer-1"
    accounts.sign_out(token)
    assert accounts.user_of(token, at=AT) is None


@pytest.mark.parametrize(("user", "password"), [("reviewer-1", GOOD + "!"), ("reviewer-2", GOOD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_the_same(
    accounts: Accounts, tokens: Callable[[], str], user: str, password: str
) -> None:
    with pytest.raises(SignInRefused, match=r"^the name or the password is wrong"):
        accounts.sign_in(user, password, FROM, at=AT, tokens=tokens)


def test_nobody_signs_in_by_the_password_that_stands_in_for_unknown_users(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    with pytest.raises(SignInRefused):
        accounts.sign_in("nobody", "nobody's password", FROM, at=AT, tokens=tokens)


def test_after_too_many_wrong_tries_even_the_right_password_waits(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    for _ in range(TRIES):
        with pytest.raises(SignInRefused, match="wrong"):
            accounts.sign_in("reviewer-1", "something else entirely", FROM, at=AT, tokens=tokens)
    with pytest.raises(SignInRefused, match="too many failed attempts"):
        accounts.sign_in("reviewer-1", GOOD, "127.0.0.2", at=AT, tokens=tokens)
    later = AT + WITHIN + timedelta(seconds=1)
    assert accounts.user_of(accounts.sign_in("reviewer-1", GOOD, FROM, at=later, tokens=tokens), at=later)


def test_who_is_not_known_waits_after_as_many_tries_as_who_is(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    told: dict[str, list[str]] = {}
    for user, known in (("reviewer-1", True), ("nobody-1", False), ("disabled-1", False)):
        for number in range(TRIES + 2):
            with pytest.raises(SignInRefused) as refused:
                accounts.sign_in(
                    user, "something else entirely", f"{user} {number}", at=AT, tokens=tokens, known=known
                )
            told.setdefault(user, []).append(str(refused.value))
    assert told["reviewer-1"] == told["nobody-1"] == told["disabled-1"]
    assert len(set(told["reviewer-1"])) == 2
    # Nor does who tries names that nobody has learn of one that somebody has.
    with pytest.raises(SignInRefused, match="is wrong"):
        accounts.sign_in("nobody-2", "something else entirely", FROM, at=AT, tokens=tokens, known=False)


def test_who_is_not_known_is_not_let_in_with_a_password_that_was_theirs(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    with pytest.raises(SignInRefused, match="is wrong"):
        accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens, known=False)


class Counting(PasswordHasher):
    """Counts what takes time."""

    done = 0

    def hash(self, *given: Any, **named: Any) -> str:
        self.done += 1
        return super().hash(*given, **named)

    def verify(self, *given: Any, **named: Any) -> Any:
        self.done += 1
        return super().verify(*given, **named)


def test_the_time_a_try_takes_does_not_tell_who_is_known(
    tmp_path: Path, tokens: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("programme.accounts.HASHER", hasher)
    open_accounts(tmp_path / "p.db").set_password("lead-1", GOOD, at=AT)
    took = []
    for user, known in (("lead-1", True), ("lead-1", False), ("nobody-1", False), ("nobody-2", True)):
        # Opened anew at every try, as by the server.
        for _ in range(2):
            before, accounts = hasher.done, open_accounts(tmp_path / "p.db")
            with pytest.raises(SignInRefused):
                accounts.sign_in(user, "something else entirely", FROM, at=AT, tokens=tokens, known=known)
            took.append(hasher.done - before)
    # What stands in for unknown users is made at the first try of all, whoever it names.
    assert took == [2, 1, 1, 1, 1, 1, 1, 1]


def test_tries_made_all_at_once_are_no_more_than_those_made_in_turn(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    def attempt(number: int) -> bool:
        try:
            accounts.sign_in("reviewer-1", f"wrong password {number}", FROM, at=AT, tokens=tokens)
        except SignInRefused as refused:
            return "is wrong" in refused.message
        raise AssertionError("let in")

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(32))) == TRIES


def test_what_is_typed_as_a_name_is_not_kept(accounts: Accounts, tokens: Callable[[], str]) -> None:
    with pytest.raises(SignInRefused):
        accounts.sign_in(GOOD, "", FROM, at=AT, tokens=tokens, known=False)
    with sqlite3.connect(accounts.path) as connection:
        assert GOOD not in "\n".join(connection.iterdump())
    connection.close()


def test_one_address_cannot_try_many_names(accounts: Accounts, tokens: Callable[[], str]) -> None:
    for number in range(10 * TRIES):
        with pytest.raises(SignInRefused, match="wrong"):
            accounts.sign_in(f"name-{number}", "something else entirely", FROM, at=AT, tokens=tokens)
    with pytest.raises(SignInRefused, match="too many"):
        accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    assert accounts.sign_in("reviewer-1", GOOD, "127.0.0.2", at=AT, tokens=tokens)


def test_a_session_ends_when_it_is_not_used_and_in_any_case_after_a_day_of_work(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    assert accounts.user_of(token, at=AT + IDLE) == "reviewer-1"
    assert accounts.user_of(token, at=AT + 2 * IDLE + timedelta(seconds=1)) is None
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    for hours in range(int(WHOLE / IDLE) + 1):
        assert accounts.user_of(token, at=AT + hours * IDLE) == "reviewer-1"
    assert accounts.user_of(token, at=AT + WHOLE + timedelta(seconds=1)) is None


# --- the clock set ahead and back ----------------------------------------------------------------------

WRONG = "something else entirely"
LONG = [timedelta(minutes=20), timedelta(hours=13), timedelta(days=3650)]


@pytest.mark.parametrize("ahead", LONG, ids=str)
def test_a_session_begun_while_the_clock_stood_ahead_ends_when_it_is_set_back(
    accounts: Accounts, tokens: Callable[[], str], ahead: timedelta
) -> None:
    for later in (timedelta(0), ahead / 2, ahead * 0.8):
        token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT + ahead, tokens=tokens)
        assert accounts.user_of(token, at=AT + ahead) == "reviewer-1"
        if ahead - later > AHEAD:
            assert accounts.user_of(token, at=AT + later) is None
            # It has ended for good, also when the clock stands there again.
            assert accounts.user_of(token, at=AT + ahead) is None


@pytest.mark.parametrize("ahead", LONG[:2], ids=str)
def test_a_session_used_while_the_clock_stood_ahead_ends_when_it_is_set_back(
    accounts: Accounts, tokens: Callable[[], str], ahead: timedelta
) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    assert (accounts.user_of(token, at=AT + ahead) == "reviewer-1") == (ahead < IDLE)
    assert accounts.user_of(token, at=AT + timedelta(minutes=1)) is None


def test_a_session_is_kept_when_the_clock_is_set_back_by_a_little(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT + AHEAD, tokens=tokens)
    assert accounts.user_of(token, at=AT) == "reviewer-1"
    assert accounts.user_of(token, at=AT - timedelta(seconds=1)) is None


def test_what_was_begun_while_the_clock_stood_ahead_is_cleared_at_the_next_sign_in(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    accounts.sign_in("reviewer-1", GOOD, FROM, at=AT + LONG[-1], tokens=tokens)
    accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    with sqlite3.connect(accounts.path) as connection:
        assert connection.execute("select count(*) from session").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("ahead", [timedelta(seconds=30), timedelta(minutes=14), *LONG], ids=str)
@pytest.mark.parametrize("names", ["one name", "one address"])
def test_nobody_waits_longer_for_tries_made_while_the_clock_stood_ahead(
    accounts: Accounts, tokens: Callable[[], str], ahead: timedelta, names: str
) -> None:
    for number in range(TRIES if names == "one name" else 10 * TRIES):
        with pytest.raises(SignInRefused, match="wrong"):
            user = "reviewer-1" if names == "one name" else f"name-{number}"
            accounts.sign_in(user, WRONG, FROM, at=AT + ahead, tokens=tokens)
    with pytest.raises(SignInRefused, match="too many"):
        accounts.sign_in("reviewer-1", GOOD, FROM, at=AT + ahead, tokens=tokens)
    if ahead <= WITHIN:  # set back by a little: the limit holds, and from now on as long as ever
        with pytest.raises(SignInRefused, match="too many"):
            accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
        late = AT + WITHIN + timedelta(seconds=1)
    else:
        late = AT
    assert accounts.sign_in("reviewer-1", GOOD, FROM, at=late, tokens=tokens)


def test_a_new_password_ends_the_sessions_of_the_old_one(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    accounts.set_password("reviewer-1", "five other plain words together", at=AT)
    assert accounts.user_of(token, at=AT) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)


def test_who_is_forgotten_is_signed_out_and_cannot_come_back(
    accounts: Accounts, tokens: Callable[[], str]
) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    accounts.forget("reviewer-1")
    assert accounts.user_of(token, at=AT) is None
    assert not accounts.has_password("reviewer-1")
    with pytest.raises(SignInRefused):
        accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)


def test_the_file_holds_neither_password_nor_token(accounts: Accounts, tokens: Callable[[], str]) -> None:
    token = accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)
    with sqlite3.connect(accounts.path) as connection:
        said = "\n".join(connection.iterdump())
    connection.close()
    assert "argon2id" in said
    assert GOOD not in said and token not in said


def test_the_secret_is_made_once(accounts: Accounts, tokens: Callable[[], str], tmp_path: Path) -> None:
    first = accounts.secret(tokens)
    assert first == accounts.secret(tokens) == open_accounts(tmp_path / "programme.db").secret(tokens)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "too short: 5 of at least 12"),
        ("x" * 201, "longer than 200"),
        ("a" * 12, "too easy"),
        ("reviewer-1reviewer-1", "too easy"),
    ],
)
def test_a_password_that_will_not_do_is_refused_and_the_old_one_stays(
    accounts: Accounts, tokens: Callable[[], str], password: str, said: str
) -> None:
    with pytest.raises(UserInvalid, match=said):
        accounts.set_password("reviewer-1", password, at=AT)
    assert accounts.sign_in("reviewer-1", GOOD, FROM, at=AT, tokens=tokens)


def test_a_hash_made_more_cheaply_is_made_anew_at_sign_in(tmp_path: Path, tokens: Callable[[], str]) -> None:
    open_accounts(tmp_path / "p.db", QUICK).set_password("lead-1", GOOD, at=AT)
    dearer = open_accounts(tmp_path / "p.db", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    dearer.sign_in("lead-1", GOOD, FROM, at=AT, tokens=tokens)
    with sqlite3.connect(dearer.path) as connection:
        assert "t=2" in connection.execute("select hash from password").fetchone()[0]
    connection.close()
