"""Files by their names: made whole, put aside, kept on the disk, and closed to others.

A file that is being made has a name that says so, until all of it is on the disk. What killed processes leave
under such names is cleared by the next one.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rules.errors import DatabaseUnusable

if sys.platform != "win32":
    import fcntl

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is open, or after it was not closed."""
PART = ".joint-review.part"
"""How the names of files end that are being made; no other program's do."""
OTHERS = 0o077
"""The rights of everybody but the owner."""


def beside(path: Path, suffix: str) -> Path:
    """The file of this name with something behind it: `beside(path, "-wal")`."""
    return path.with_name(path.name + suffix)


# --- making them ---------------------------------------------------------------------------------------


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, for its owner alone, that is gone afterwards, unless it was renamed.

    What earlier ones left that were killed is cleared first.
    """
    if not target.parent.is_dir():
        raise DatabaseUnusable(f"the folder {target.parent} does not exist", hint="Create it first.")
    clear_leftovers(target.parent)
    handle, made = _made_and_held(target)
    try:
        yield made
    finally:
        _remove(made)
        os.close(handle)


def _made_and_held(target: Path) -> tuple[int, Path]:
    """A new file beside `target`: its handle and its name."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=PART, dir=target.parent)
        # Until it is held, another process takes it for a leftover.
        if _hold(handle, wait=True) and not os.path.exists(name):
            os.close(handle)
            continue
        return handle, Path(name)


def clear_leftovers(folder: Path) -> None:
    """Remove files that were being made in a folder by processes that are no more."""
    for left in _parts(folder):
        with suppress(OSError), left.open("rb") as file:
            if _hold(file.fileno()):
                _remove(left)


def _remove(made: Path) -> None:
    """Remove a file that was being made, last of all, and before it what is named by it."""
    names = sorted((entry.name for entry in os.scandir(made.parent)), reverse=True)
    for name in names:
        if name.startswith(made.name):
            made.with_name(name).unlink(missing_ok=True)


def is_being_made(target: Path) -> bool:
    """Whether a process is making a file that is to have this name."""
    for left in _parts(target.parent):
        if left.name.startswith(f"{target.name}."):
            with suppress(OSError), left.open("rb") as file:
                if not _hold(file.fileno()):
                    return True
    return False


def _parts(folder: Path) -> list[Path]:
    try:
        return [folder / entry.name for entry in os.scandir(folder) if entry.name.endswith(PART)]
    except OSError:
        return []


def _hold(handle: int, *, wait: bool = False) -> bool:
    """Keep a file that is being made until it is closed; whether no other process keeps it, or (`wait`) does
    no longer."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


# --- giving them names ----------------------------------------------------------------------------------


def put_in_place(made: Path, target: Path, *, replace: bool = True) -> None:
    """Give a file that was made its name, once all of it is on the disk; `replace` takes it from another.

    Raises FileExistsError where another file has the name and is to keep it.
    """
    sync(made)
    if replace:
        os.replace(made, target)
    else:
        name_again(made, target)
    sync_folder(target.parent)


def name_again(file: Path, name: Path) -> None:
    """Give a file a second name; a copy of it has to do where the disk knows no second names."""
    try:
        os.link(file, name)
    except FileExistsError:
        raise
    except OSError:
        with new_file(name) as made:
            shutil.copyfile(file, made)
            sync(made)
            if os.path.lexists(name):
                raise FileExistsError(name) from None
            made.rename(name)
    sync_folder(name.parent)


def move_beside(path: Path, kept: Path) -> list[Path]:
    """Rename what SQLite keeps beside `path` to what it would keep beside `kept`; gives the new names."""
    moved = []
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            beside(path, suffix).rename(beside(kept, suffix))
            moved.append(beside(kept, suffix))
    sync_folder(path.parent)
    return moved


def free_name(path: Path, why: str) -> Path:
    """A name beside a file that nothing has, nor anything with what SQLite puts behind it."""
    number = 1
    while any(os.path.lexists(beside(path, f".{why}-{number}{suffix}")) for suffix in ("", *BESIDE)):
        number += 1
    return beside(path, f".{why}-{number}")


def undo_half_a_restore(path: Path) -> None:
    """Undo what a process left that was killed while a file had two names, its own and another.

    It was being put aside, before another replaced it (see `programme.backup`), or had just been made.
    Its own name is kept, with what was beside it.
    """
    if not path.exists() or path.stat().st_nlink == 1 or is_being_made(path):
        return
    clear_leftovers(path.parent)
    for entry in list(os.scandir(path.parent)):
        kept = path.with_name(entry.name)
        if entry.name.startswith(f"{path.name}.before-") and not entry.is_dir() and kept.samefile(path):
            for suffix in BESIDE:
                if beside(kept, suffix).exists() and not beside(path, suffix).exists():
                    beside(kept, suffix).rename(beside(path, suffix))
            kept.unlink()


# --- keeping them --------------------------------------------------------------------------------------


def sync(path: Path) -> None:
    """Have the disk keep a file as it is now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder as they are now; where a system cannot, it does so itself."""
    with suppress(OSError):
        sync(folder)


def keep_to_owner(path: Path) -> None:
    """Take from everybody but its owner the right to read a database and what is beside it.

    Where that cannot be done (it is another user's, or cannot be written to), all stays as it is.
    """
    for suffix in ("", *BESIDE):
        with suppress(OSError):
            file = beside(path, suffix)
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & OTHERS:
                file.chmod(mode & ~OTHERS)
