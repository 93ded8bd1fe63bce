"""Users and roles on the command line: who is added, given a role, disabled; nothing is deleted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from joint_review.cli import cli, main
from joint_review.opening import open_programme
from programme.permissions import Held, Role
from programme.users import held_by, is_user, list_users

GOOD = "four plain words together"


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOINT_REVIEW_BY", "administrator-1")

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli, words, input=typed)

    assert run("init").exit_code == 0
    made = run("review", "create", "north", "--authority", "North", "--framework", "wales-round-2")
    assert made.exit_code == 0
    return run


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["joint-review", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    return capsys.readouterr().err


def roles_of(name: str) -> frozenset[Held]:
    db = open_programme(Path("programme.db"))
    try:
        return held_by(db, name)
    finally:
        db.conn.close()


def events() -> list[Any]:
    db = open_programme(Path("programme.db"))
    try:
        return db.conn.execute("select action, by, target from event where id > 1 order by id").fetchall()
    finally:
        db.conn.close()


def test_a_user_is_added_with_a_role_and_every_step_is_recorded(say: Callable[..., Result]) -> None:
    assert say("user", "add", "reviewer-1", "--role", "reviewer", "--review", "north").exit_code == 0
    assert say("user", "role", "reviewer-1", "lead", "--review", "north").exit_code == 0
    assert say("user", "role", "reviewer-1", "reviewer", "--review", "north", "--take").exit_code == 0
    assert roles_of("reviewer-1") == {Held(Role.LEAD, "north")}
    assert events() == [
        ("add user", "administrator-1", "reviewer-1"),
        ("give role", "administrator-1", "reviewer-1"),
        ("give role", "administrator-1", "reviewer-1"),
        ("take role", "administrator-1", "reviewer-1"),
    ]


def test_a_disabled_user_holds_nothing_and_the_name_is_never_given_again(
    say: Callable[..., Result], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say("user", "add", "reviewer-1", "--role", "reviewer")
    assert say("user", "disable", "reviewer-1", "--because", "left the team").exit_code == 0
    assert roles_of("reviewer-1") == frozenset()
    assert "already a user" in refused(capsys, monkeypatch, "user", "add", "reviewer-1")
    assert "was disabled" in refused(capsys, monkeypatch, "user", "role", "reviewer-1", "lead")
    db = open_programme(Path("programme.db"))
    assert not is_user(db, "reviewer-1")
    assert [one["disabled"] for one in list_users(db)] == [True]
    db.conn.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Reviewer One"), "cannot be a user's name"),
        (("add", "reviewer-9", "--review", "north"), "without a role in it"),
        (("add", "reviewer-9", "--role", "reviwer"), "Did you mean 'reviewer'?"),
        (("add", "reviewer-9", "--role", "lead", "--review", "nroth"), "Did you mean 'north'?"),
        (("add", "reviewer-9", "--role", "administrator", "--review", "north"), "whole programme"),
        (("role", "reviewer-2", "lead"), "Did you mean 'reviewer-1'?"),
        (("role", "reviewer-1", "lead", "--take"), "reviewer-1 is: reviewer of north."),
        (("role", "reviewer-1", "reviewer", "--review", "north"), "is already reviewer of north"),
        (("password", "reviewer-2"), "Did you mean 'reviewer-1'?"),
        (("disable", "reviewer-2", "--because", "x"), "Did you mean 'reviewer-1'?"),
    ],
)
def test_a_mistake_is_said_and_changes_nothing(
    say: Callable[..., Result],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    say("user", "add", "reviewer-1", "--role", "reviewer", "--review", "north")
    before = events()
    assert said in refused(capsys, monkeypatch, "user", *words)
    assert events() == before


def test_a_password_is_asked_for_twice_and_never_shown(say: Callable[..., Result]) -> None:
    say("user", "add", "reviewer-1")
    assert "no password yet" in say("user", "list").output
    done = say("user", "password", "reviewer-1", typed=f"{GOOD}\n{GOOD}\n")
    assert done.exit_code == 0 and GOOD not in done.output
    assert "no password yet" not in say("user", "list").output


def test_two_different_passwords_set_none(say: Callable[..., Result]) -> None:
    say("user", "add", "reviewer-1")
    done = say("user", "password", "reviewer-1", typed=f"{GOOD}\n{GOOD}er\n")
    assert "the two passwords differ" in str(done.exception)
    assert "no password yet" in say("user", "list").output


def test_the_list_says_who_is_what(say: Callable[..., Result]) -> None:
    assert "no users yet" in say("user", "list").output
    say("user", "add", "moderator-1", "--role", "moderator")
    assert "moderator of all reviews" in say("user", "list").output
