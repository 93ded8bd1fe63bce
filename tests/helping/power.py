"""A disk that loses its power: what a process did to the files of a folder, replayed up to any moment.

`record_writes.c` is loaded into the process and notes every call by which it changes a file or a name, or has
the disk keep one. `Recording.states_at` gives what a disk may hold if the power failed there. What was synced
is kept for sure: of a file its content, of a folder its names. All the rest may be kept, or not, or in part.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parent / "record_writes.c"
HEAD = struct.Struct("=ciqqII")
NOT_ON_DISK = "-shm"
"""What SQLite keeps in memory, by the name of a file."""


def compiler() -> str | None:
    """The C compiler, if there is one and the system can load what it makes before the C library."""
    return shutil.which("cc") if sys.platform == "linux" else None


def built(folder: Path) -> Path:
    """The recorder, compiled into a folder."""
    made = folder / "record_writes.so"
    options = ["-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(["cc", *options], check=True)
    return made


@dataclass
class Note:
    """One thing that a process did."""

    what: str
    fd: int
    at: int
    more: int
    a: bytes
    b: bytes


@dataclass(eq=False)
class File:
    """A file: its content as it was last synced, and what was done to it since."""

    kept: bytes = b""
    since: list[tuple[int, bytes]] = field(default_factory=list)
    """Where what was written; with nothing, cut there."""

    def content(self, chance: random.Random | None = None, share: float = 1.0) -> bytes:
        """What the disk may hold of it: all that was done since, or each with a chance, in part perhaps."""
        found = bytearray(self.kept)
        for at, data in self.since:
            if chance is not None:
                if chance.random() >= share:
                    continue
                if len(data) > 512 and chance.random() < 0.2:
                    data = data[: 512 * chance.randrange(1, len(data) // 512 + 1)]
            if not data:
                del found[at:]
                continue
            if at > len(found):
                found += bytes(at - len(found))
            found[at : at + len(data)] = data
        return bytes(found)

    def sync(self) -> None:
        self.kept, self.since = self.content(), []


State = dict[str, bytes]
"""The files of a folder with their content."""


@dataclass
class Recording:
    """What a process did to a folder, and what the folder held before."""

    folder: Path
    before: State
    notes: list[Note]

    @property
    def syncs(self) -> list[int]:
        """The numbers of the notes that are a sync."""
        return [number for number, note in enumerate(self.notes) if note.what == "s"]

    def states_at(self, moments: set[int], mixed: int = 1, seed: int = 0) -> Iterator[tuple[str, State]]:
        """What the disk may hold after each of these notes, with words on which it is.

        Only what was synced; all that was done; and so many times anything between the two.
        """
        names = {name: File(content) for name, content in self.before.items()}
        synced_names = dict(names)
        changes: list[tuple[str, File | None]] = []
        """What happened to names since the folder was synced, in order."""
        handles: dict[int, tuple[str, File | None]] = {}

        def named(name: str, file: File | None) -> None:
            changes.append((name, file))
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file

        for number, note in enumerate(self.notes):
            if note.what == "o":
                name = self._name(note.a)
                if name == "":
                    handles[note.fd] = (name, None)
                elif name not in names:
                    named(name, File())
                elif note.at:
                    names[name].since.append((0, b""))
                if name:
                    handles[note.fd] = (name, names[name])
            elif note.what == "c":
                handles.pop(note.fd, None)
            elif note.what == "r":
                first, second = self._name(note.a), self._name(note.b)
                file = names[first]
                # One change: never is neither there.
                named(second, file)
                named(first, None)
            elif note.what == "l":
                named(self._name(note.b), names[self._name(note.a)])
            elif note.what == "u":
                named(self._name(note.a), None)
            else:
                name, opened = handles[note.fd]
                if opened is None:  # the folder
                    synced_names, changes = dict(names), []
                elif note.what == "s":
                    opened.sync()
                else:
                    opened.since.append((note.at, note.a if note.what == "w" else b""))
            if number in moments:
                said = f"after {number} ({note.what} {handles.get(note.fd, ('',))[0]})"
                yield (
                    f"what was synced, {said}",
                    self._only({name: file.kept for name, file in synced_names.items()}),
                )
                yield (
                    f"all that was done, {said}",
                    self._only({name: file.content() for name, file in names.items()}),
                )
                for turn in range(mixed):
                    chance = random.Random(f"{seed} {number} {turn}")
                    kept = dict(synced_names)
                    for name, file in changes[: chance.randint(0, len(changes))]:
                        if file is None:
                            kept.pop(name, None)
                        else:
                            kept[name] = file
                    share = chance.random()
                    yield (
                        f"some of it (turn {turn}), {said}",
                        self._only({name: file.content(chance, share) for name, file in kept.items()}),
                    )

    def _name(self, path: bytes) -> str:
        return os.path.relpath(os.fsdecode(path), self.folder) if self._inside(path) else ""

    def _inside(self, path: bytes) -> bool:
        return os.path.normpath(os.fsdecode(path)) != str(self.folder)

    @staticmethod
    def _only(state: State) -> State:
        return {name: content for name, content in state.items() if not name.endswith(NOT_ON_DISK)}


def record(recorder: Path, folder: Path, notes: Path, *words: str) -> Recording:
    """Run `joint-review WORDS...`, which must succeed, and give what it did to a folder."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = [sys.executable, "-c", "from joint_review.cli import main; main()", *words]
    loaded = {"LD_PRELOAD": str(recorder), "RECORD_FOLDER": str(folder), "RECORD_NOTES": str(notes)}
    done = subprocess.run(
        command, env={**os.environ, **loaded}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return Recording(folder, before, list(_read(notes.read_bytes())))


def _read(content: bytes) -> Iterator[Note]:
    at = 0
    while at < len(content):
        what, fd, where, more, la, lb = HEAD.unpack_from(content, at)
        at += HEAD.size
        a, b = content[at : at + la], content[at + la : at + la + lb]
        at += la + lb
        yield Note(what.decode(), fd, where, more, a, b)


def put(state: State, folder: Path) -> None:
    """Make a folder hold exactly these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in state.items():
        (folder / name).write_bytes(content)
