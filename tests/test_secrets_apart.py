"""Passwords, sessions and the secret of cookies: for their owner alone, and never in git."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from command_line import Say

from joint_review.cli.secrets_apart import accounts_of, keep_out_of_git
from joint_review.opening import init_programme
from programme.accounts import accounts_path, open_accounts
from rules.errors import DatabaseUnusable

ROOT = Path(__file__).parent.parent
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "four plain words together"
REASON = ("--because", "Left the team.")
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
MADE = (
    "demo.db",
    "demo.db-wal",
    "demo.db-shm",
    "demo.db-journal",
    "demo.db.accounts",
    "demo.db.accounts-journal",
)
PUT_ASIDE = (
    "demo.db.before-20260302T090000-1",
    "demo.db.before-20260302T090000-1-wal",
    "demo.db.set-aside-1-wal",
    "demo.db.served-1",
    "demo.db.x7k2.part",
    "demo.db.x7k2.part-journal",
)
"""What a working database leaves in its folder."""

git = shutil.which("git")
needs_git = pytest.mark.skipif(git is None, reason="git is not installed")


@pytest.fixture
def in_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs git in a new repository in the test's folder, and gives what it prints."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    who = ["-c", "user.name=lead", "-c", "user.email=lead@example.invalid"]

    def run(*words: str, at: Path = tmp_path) -> str:
        done = subprocess.run(["git", *who, *words], cwd=at, capture_output=True, text=True, check=True)
        return done.stdout

    run("init", "--quiet")
    return run


# --- in a folder that git watches ----------------------------------------------------------------------


ODD = ["programme.db", "a folder/programme.db", "#1/what? [50%].db", "deep/er/x\\y!.db", "-x.db"]


@needs_git
@pytest.mark.parametrize("name", ODD)
def test_git_leaves_out_the_accounts_of_a_database_in_its_folder(
    tmp_path: Path, in_git: Callable[..., str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    accounts_of(path).set_password("lead-1", PASSWORD, at=AT)
    said = capsys.readouterr().err
    assert "was listed in" in said and str(tmp_path / ".git" / "info" / "exclude") in said
    path.with_name(f"{path.name}.accounts-journal").write_bytes(b"what SQLite keeps for a moment")
    (path.parent / "notes.txt").write_text("This may be committed.")
    in_git("add", "--all")
    in_git("commit", "--quiet", "--message", "All there is")
    there = in_git("ls-files", "-z").split("\0")
    assert [file for file in there if "accounts" in file] == []
    assert [file for file in there if file.endswith("notes.txt")], "nothing else was left out"
    # Once is enough, and nothing is said twice.
    exclude = (tmp_path / ".git" / "info" / "exclude").read_text()
    accounts_of(path)
    assert capsys.readouterr().err == ""
    assert (tmp_path / ".git" / "info" / "exclude").read_text() == exclude


@needs_git
def test_what_a_repository_ignores_already_is_left_as_it_is(
    tmp_path: Path, in_git: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitignore").write_text("*.accounts*\n")
    before = in_git("status", "--porcelain", "--ignored")
    exclude = (tmp_path / ".git" / "info" / "exclude").read_text()
    accounts_of(tmp_path / "programme.db")
    assert capsys.readouterr().err == ""
    assert (tmp_path / ".git" / "info" / "exclude").read_text() == exclude
    assert "programme.db.accounts" in in_git("status", "--porcelain", "--ignored") != before


@needs_git
def test_accounts_that_git_tracks_are_refused_and_the_way_out_works(
    tmp_path: Path, in_git: Callable[..., str], say: Say
) -> None:
    path = tmp_path / "programme.db"
    init_programme(path)[0].conn.close()
    open_accounts(path, QUICK).set_password("lead-1", PASSWORD, at=AT)
    in_git("add", "--force", "programme.db.accounts")
    given = ["--by", "administrator-1", "--db", str(path)]
    assert say("user", "add", "administrator-1", "--role", "administrator", *given)[0] == 0
    assert say("user", "add", "lead-1", "--role", "lead", "--all-reviews", *given)[0] == 0
    for command in (["serve", "--port", "65000", *given[2:]], ["user", "disable", "lead-1", *REASON, *given]):
        code, out, err = say(*command)
        assert code == 1 and "is tracked by git" in err and "auth-token" not in out + err
    assert "disabled" not in say("user", "list", "--db", str(path))[1], "it was refused, and done"
    in_git("rm", "--quiet", "--force", "--cached", "programme.db.accounts")
    accounts_of(path)
    in_git("add", "--all")
    assert "accounts" not in in_git("ls-files")


@needs_git
def test_a_second_work_tree_and_a_folder_below_are_git_s_too(
    tmp_path: Path, in_git: Callable[..., str]
) -> None:
    in_git("commit", "--quiet", "--allow-empty", "--message", "First")
    in_git("worktree", "add", "--quiet", str(tmp_path / "second"))
    below = tmp_path / "second" / "data"
    below.mkdir()
    accounts_of(below / "programme.db")
    in_git("add", "--all", at=tmp_path / "second")
    assert in_git("ls-files", at=tmp_path / "second") == ""


@needs_git
def test_without_the_git_command_the_file_is_listed_too(
    tmp_path: Path, in_git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr("joint_review.cli.secrets_apart.shutil.which", lambda name: None)
        accounts_of(tmp_path / "programme.db")
    in_git("add", "--all")
    assert in_git("ls-files") == ""


def test_where_git_does_not_watch_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keep_out_of_git(tmp_path / "programme.db.accounts") is None
    accounts_of(tmp_path / "programme.db")
    assert capsys.readouterr().err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["programme.db.accounts"]


# --- for their owner alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_accounts_that_others_could_read_are_closed_and_what_they_could_use_is_void(
    tmp_path: Path, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "programme.db"
    accounts = open_accounts(path, QUICK)
    accounts.set_password("lead-1", PASSWORD, at=AT)
    secret = accounts.secret(lambda: "the first secret")
    token = accounts.begin("lead-1", at=AT, tokens=lambda: "a token")
    accounts_path(path).chmod(mode)
    found = accounts_of(path)
    assert "could be read by others" in capsys.readouterr().err
    assert stat.S_IMODE(accounts_path(path).stat().st_mode) == 0o600
    assert found.user_of(token, at=AT) is None
    assert found.secret(lambda: "another secret") != secret
    assert found.has_password("lead-1")
    accounts_of(path)
    assert capsys.readouterr().err == ""


def test_accounts_that_cannot_be_closed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "programme.db"
    open_accounts(path, QUICK)
    accounts_path(path).chmod(0o644)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("programme.accounts.Path.chmod", refused)
    with pytest.raises(DatabaseUnusable, match="can be read by others"):
        accounts_of(path)


# --- in the project's own folder -----------------------------------------------------------------------


@needs_git
@pytest.mark.parametrize("name", [*MADE, *PUT_ASIDE, "programme.db.accounts", "other.sqlite.accounts"])
def test_the_project_s_own_folder_commits_no_database_and_no_secret(
    tmp_path: Path, in_git: Callable[..., str], name: str
) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path / ".gitignore")
    (tmp_path / name).write_text("never to be committed")
    in_git("add", "--all")
    assert in_git("ls-files").split() == [".gitignore"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_clean_removes_the_demo_with_its_accounts_and_nothing_of_people_s(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    mine = ["programme.db", "programme.db.accounts", "demo.txt", "my-demo.db"]
    for name in (*MADE, *PUT_ASIDE, *mine):
        (tmp_path / name).touch()
    subprocess.run(["make", "--silent", "clean"], cwd=tmp_path, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["Makefile", *mine])


def test_every_command_that_opens_the_accounts_keeps_them_apart() -> None:
    faces = [path for path in (ROOT / "joint_review" / "cli").glob("*.py") if path.stem != "secrets_apart"]
    assert [path.name for path in faces if "open_accounts" in path.read_text()] == []
