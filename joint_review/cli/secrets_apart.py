"""The accounts of a working database, opened for a command: closed to others, and kept out of git.

Whoever has the file can try passwords at leisure, and sign cookies. So it is for its owner alone; and where
the database is in a folder that git watches, git is told to leave the file out, in a list of its own that no
commit changes (`.git/info/exclude`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import click

from programme.accounts import Accounts, accounts_path, close_to_others, open_accounts
from rules.errors import DatabaseUnusable

SPECIAL = re.compile(r"[][\\*?!# ]")
"""What has a meaning in a pattern of git's."""


def accounts_of(database: Path) -> Accounts:
    """The accounts beside a working database, made if there are none; says what was done to keep them apart.

    Raises DatabaseUnusable where git tracks the file already.
    """
    file = accounts_path(database).absolute()
    listed = keep_out_of_git(file)
    if close_to_others(database):
        click.echo(
            f"{file} could be read by others. It is closed to them now, and everybody signs in again."
            " If others use this machine, set the passwords again.",
            err=True,
        )
    accounts = open_accounts(database)
    if listed:
        click.echo(
            f"git watches {file.parent}: {file.name} was listed in {listed}, so git leaves it out.", err=True
        )
    return accounts


def keep_out_of_git(file: Path) -> Path | None:
    """Have git leave a file out; gives the list that it was put on, None where nothing was to be done.

    Raises DatabaseUnusable where git tracks the file.
    """
    top = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    if top is None:
        return None
    if _git(file.parent, "ls-files", "--error-unmatch", "--", file.name) == 0:
        raise DatabaseUnusable(
            f"{file} is tracked by git: whoever has the repository has what passwords are checked by",
            hint=f"Take it out (git rm --cached {file.name}), remove it, and set the passwords again.",
        )
    if _git(file.parent, "check-ignore", "--quiet", "--", file.name) == 0:
        return None
    path = file.relative_to(top).as_posix()
    # What SQLite keeps beside it holds the same.
    line = "/" + SPECIAL.sub(r"\\\g<0>", path) + "*"
    found = _shared(top / ".git") / "info" / "exclude"
    lines = found.read_text(encoding="utf-8").splitlines() if found.exists() else []
    if line in lines:
        return None
    found.parent.mkdir(parents=True, exist_ok=True)
    with found.open("a", encoding="utf-8") as out:
        out.write(("" if not lines or found.read_bytes().endswith(b"\n") else "\n") + line + "\n")
    return found


def _shared(git: Path) -> Path:
    """The folder that holds git's own lists: of a second work tree, the one that it shares with the first."""
    if git.is_file():
        git = git.parent / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
    shared = git / "commondir"
    return git / shared.read_text(encoding="utf-8").strip() if shared.is_file() else git


def _git(folder: Path, *words: str) -> int | None:
    """The exit code of a git command in a folder; None where there is no git."""
    git = shutil.which("git")
    if git is None:
        return None
    # Neither another repository, as within a hook, nor programs that this one names.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [git, "-c", "core.fsmonitor=false", *words], cwd=folder, env=clean, capture_output=True, check=False
    )
    return done.returncode
