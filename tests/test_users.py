"""Users and roles on the command line: who is added, given a role, disabled; nothing is deleted."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
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
    assert run("user", "add", "administrator-1", "--role", "administrator").exit_code == 0
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
        return db.conn.execute("select action, by, target from event where id > 3 order by id").fetchall()
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
    say("user", "add", "reviewer-1", "--role", "reviewer", "--all-reviews")
    assert say("user", "disable", "reviewer-1", "--because", "left the team").exit_code == 0
    assert roles_of("reviewer-1") == frozenset()
    assert "already a user" in refused(capsys, monkeypatch, "user", "add", "reviewer-1")
    assert "was disabled" in refused(
        capsys, monkeypatch, "user", "role", "reviewer-1", "lead", "--review", "north"
    )
    db = open_programme(Path("programme.db"))
    assert not is_user(db, "reviewer-1")
    assert [(one["name"], one["disabled"]) for one in list_users(db)] == [
        ("administrator-1", False),
        ("reviewer-1", True),
    ]
    db.conn.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Reviewer One"), "cannot be a user's name"),
        (("add", "reviewer-9", "--review", "north"), "without a role in it"),
        (("add", "reviewer-9", "--role", "reviwer"), "Did you mean 'reviewer'?"),
        (("add", "reviewer-9", "--role", "lead", "--review", "nroth"), "Did you mean 'north'?"),
        (("add", "reviewer-9", "--role", "administrator", "--review", "north"), "whole programme"),
        (("role", "reviewer-2", "lead", "--all-reviews"), "Did you mean 'reviewer-1'?"),
        (("role", "reviewer-1", "lead", "--take", "--all-reviews"), "reviewer-1 is: reviewer of north."),
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
    assert say("user", "list").output.count("no password yet") == 2
    done = say("user", "password", "reviewer-1", typed=f"{GOOD}\n{GOOD}\n")
    assert done.exit_code == 0 and GOOD not in done.output
    assert say("user", "list").output.count("no password yet") == 1


def test_two_different_passwords_set_none(say: Callable[..., Result]) -> None:
    say("user", "add", "reviewer-1")
    done = say("user", "password", "reviewer-1", typed=f"{GOOD}\n{GOOD}er\n")
    assert "the two passwords differ" in str(done.exception)
    assert "no password yet" in say("user", "list").output


def test_the_list_says_who_is_what(say: Callable[..., Result]) -> None:
    say("init", "--db", "other.db")
    assert "no users yet" in say("user", "list", "--db", "other.db").output
    say("user", "add", "moderator-1", "--role", "moderator", "--all-reviews")
    assert "moderator of all reviews" in say("user", "list").output


# --- which reviews a role is for -----------------------------------------------------------------------


@pytest.mark.parametrize("words", [("add", "moderator-1", "--role"), ("role", "administrator-1")])
def test_which_review_a_role_is_for_is_asked_and_never_assumed(
    say: Callable[..., Result],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    before = events()
    asked = refused(capsys, monkeypatch, "user", *words, "moderator")
    assert "needs a review, or all reviews" in asked and "Reviews: north." in asked
    assert "--review north" in asked and "--all-reviews" in asked
    assert events() == before
    assert say("user", *words, "moderator", "--all-reviews").exit_code == 0
    name = "moderator-1" if words[0] == "add" else "administrator-1"
    assert Held(Role.MODERATOR) in roles_of(name)


def test_a_role_is_for_one_review_or_for_all_not_both(say: Callable[..., Result]) -> None:
    both = ("--review", "north", "--all-reviews")
    assert say("user", "add", "lead-1", "--role", "lead", *both).exit_code == 2
    assert roles_of("lead-1") == frozenset()


# --- who does it: a user, once there are users ---------------------------------------------------------


def note(say: Callable[..., Result], by: str) -> Result:
    """A command of the review that records an event."""
    return say("source", "add", "north", "note.txt", "--kind", "document", "--by", by)


@pytest.fixture
def written(say: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "note.txt").write_text("It was seen.")
    return say


def test_before_anybody_has_a_role_any_name_will_do(written: Callable[..., Result]) -> None:
    written("init", "--db", "other.db")
    made = ("review", "create", "north", "--authority", "North", "--framework", "wales-round-2")
    assert written(*made, "--by", "whoever", "--db", "other.db").exit_code == 0
    assert written("user", "add", "reviewer-1", "--by", "whoever", "--db", "other.db").exit_code == 0
    told = ("user", "role", "reviewer-1", "lead", "--review", "north", "--db", "other.db")
    assert written(*told, "--by", "whoever").exit_code == 0
    assert "no user 'whoever'" in str(written(*told, "--take", "--by", "whoever").exception)


@pytest.mark.parametrize("by", ["reviewer-2", "Reviewer-1", "reviewer-1 ", "", "gone-1"])
def test_a_name_that_is_no_user_s_is_refused_with_what_to_write(
    written: Callable[..., Result],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    for name in ("reviewer-1", "gone-1"):
        written("user", "add", name, "--role", "reviewer", "--review", "north")
    written("user", "disable", "gone-1", "--because", "left the team")
    before = events()
    monkeypatch.setenv("JOINT_REVIEW_BY", "")
    words = ("source", "add", "north", "note.txt", "--kind", "document", "--by", by)
    told = refused(capsys, monkeypatch, *words)
    assert "--by reviewer-1" in told or "--by root" in told
    assert ("was disabled" in told) == (by == "gone-1")
    assert events() == before


def test_the_owner_of_the_machine_is_never_locked_out(written: Callable[..., Result]) -> None:
    assert note(written, "root").exit_code == 0
    assert note(written, "administrator-1").exit_code == 0


def test_a_backup_is_restored_only_by_a_user_of_it(written: Callable[..., Result]) -> None:
    assert written("backup", "copy.db").exit_code == 0
    words = ("restore", "copy.db", "--db", "restored.db", "--by")
    assert "no user 'whoever'" in str(written(*words, "whoever").exception)
    assert not Path("restored.db").exists()
    assert written(*words, "administrator-1").exit_code == 0


def test_every_event_of_the_command_line_names_the_login_and_its_seal_covers_it(
    written: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "login-7")
    assert note(written, "administrator-1").exit_code == 0
    with closing(sqlite3.connect("programme.db")) as plain:
        by, detail = plain.execute("select by, detail from event order by id desc").fetchone()
        assert (by, json.loads(detail)["login"]) == ("administrator-1", "login-7")
        plain.execute("drop trigger event_never_update")
        plain.execute("update event set detail = replace(detail, 'login-7', 'login-8')")
        plain.commit()
    assert "event 4 was changed after it was sealed" in str(written("audit", "verify").exception)


def test_the_history_of_an_item_shows_the_login_where_it_is_another_name(
    say: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "login-7")
    (tmp_path / "sources.csv").write_text("source,title,kind,status\nD1,Notes,document,authorised\n")
    (tmp_path / "findings.csv").write_text(
        "source,locator,finding,direction,significance,domains\nD1,p. 1,Staff listen.,strength,2,carers\n"
    )
    assert say("evidence", "import", "north", "sources.csv", "findings.csv").exit_code == 0
    assert "administrator-1 (login-7)" in say("history", "E1").output
    assert json.loads(say("history", "E1", "--json").output)["life"][0]["login"] == "login-7"
