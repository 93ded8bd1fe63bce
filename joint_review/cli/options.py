"""What the commands share: options and the clock."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic_core import PydanticCustomError

from joint_review.cli.show import show_json
from programme.calendar import read_date, read_moment
from programme.files import new_file, put_in_place
from rules.errors import ReviewError, RunImpossible
from rules.spellings import Spellings

if TYPE_CHECKING:
    from programme.database import Database
    from programme.reviews import Review

Function = TypeVar("Function", bound=Callable[..., Any])
Row = TypeVar("Row")

FOLDER_OR_FILE = click.Path(path_type=Path)
SEED_DIGITS = 18


class Day(click.ParamType[Any]):
    """A date as people write it."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | None:
        """The date, or a usage error saying how to write one."""
        try:
            return read_date(value)
        except PydanticCustomError as error:
            hint = (error.context or {}).get("hint", "")
            self.fail(f"{value!r} is not a date. {hint}", param, ctx)


class DayOrNone(click.ParamType[Any]):
    """The same; nothing between quotation marks takes a date away."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | str:
        """The date, or an empty text."""
        return Day().convert(value, param, ctx) or ""


class Moment(click.ParamType[Any]):
    """A date with a time of day, in UK time."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, or a usage error saying how to write one."""
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(str(value))
        except PydanticCustomError as error:
            hint = (error.context or {}).get("hint", "")
            self.fail(f"{value!r} is not a date with a time of day. {hint}", param, ctx)


class Seed(click.ParamType[Any]):
    """Where randomness starts: a whole number from 0 up that the database can hold."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; raises RunImpossible, as results that cannot be repeated are no matter of usage."""
        text = str(value).strip()
        if not text.isdecimal() or len(text) > SEED_DIGITS:
            raise RunImpossible(
                f"{text!r} is not a valid seed",
                hint=f"Give a whole number from 0 up, of at most {SEED_DIGITS} digits: --seed 1",
            )
        return int(text)


@dataclass(frozen=True)
class Programme:
    """An open working database."""

    db: Database
    path: Path

    def review(self, key: str) -> Review:
        """The review with this name or number; raises UnknownName."""
        from programme.reviews import find_review

        return find_review(self.db, key)

    def target(self, review: str, text: str) -> str:
        """The id of the domain or question that has this id or title; what nothing has, as it is."""
        return self.review(review).framework.target_names.find(text) or text

    def targets(self, review: str, texts: Sequence[str]) -> list[str]:
        """The ids of several."""
        return [self.target(review, text) for text in texts]

    def level(self, review: str, target: str, text: str) -> str:
        """The id of the level that has this id or title on the scale of a target; what none has, as it is."""
        framework = self.review(review).framework
        if target not in framework.question_of:
            return text
        titles = {level.id: level.title for level in framework.scale_of(target)}
        return Spellings("level", titles).find(text) or text


def db_option(function: Function) -> Function:
    """--db FILE: the path of the working database."""
    return click.option(
        "--db",
        "db_path",
        type=FOLDER_OR_FILE,
        default=Path("programme.db"),
        show_default=True,
        envvar="JOINT_REVIEW_DB",
        help="The working database.",
    )(function)


def programme_option(function: Function) -> Function:
    """--db FILE, opened: the command gets a `Programme`."""

    @functools.wraps(function)
    def wrapper(*args: Any, db_path: Path, **kwargs: Any) -> Any:
        # Here, since some commands need no database, and loading what opens one takes a tenth of their time.
        from joint_review.opening import open_programme
        from programme.users import check_by

        db = open_programme(db_path, login=system_login())
        say_set_aside(db.set_aside)
        try:
            if "by" in kwargs:
                check_by(db, kwargs["by"])
            return function(*args, programme=Programme(db, db_path), **kwargs)
        finally:
            db.conn.close()

    return db_option(wrapper)  # type: ignore[return-value]


def say_set_aside(files: Iterable[Path]) -> None:
    """Name, beside the results, what was put aside because it belongs to another database."""
    for file in files:
        click.echo(
            f"A file that belongs to another database was beside this one; it is kept as {file}", err=True
        )


def json_option(function: Function) -> Function:
    """--json: print the result as JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def run_option(function: Function) -> Function:
    """--run N: the run to look at."""
    return click.option("--run", "run_id", type=int, help="Number of the run; the latest if left out.")(
        function
    )


def how_many(name: str, default: int, words: str) -> Callable[[Function], Function]:
    """An option that says how many of something to show, 0 for none; `words` are its help."""
    return click.option(name, default=default, show_default=True, type=click.IntRange(0), help=words)


def by_option(function: Function) -> Function:
    """--by WHO: who does this; checked where the command has a `programme`."""
    return click.option(
        "--by",
        default=system_login,
        envvar="JOINT_REVIEW_BY",
        metavar="WHO",
        help="Who does this: a user, once there are users. $JOINT_REVIEW_BY or your login name if left out.",
    )(function)


def reading(function: Function) -> Function:
    """A command that reads the programme: it takes --db and --json, and gets `programme` and `as_json`."""
    return programme_option(json_option(function))


def listing(
    group: click.Group, find: Callable[[Programme, str], Sequence[Row]], none: str
) -> Callable[[Callable[[Sequence[Row]], None]], click.Command]:
    """The command `list` of a group: it takes REVIEW, --db and --json, and shows what `find` gives.

    The function shows it to people where there is something to show; else they read `none`.
    """

    def command(show: Callable[[Sequence[Row]], None]) -> click.Command:
        @functools.wraps(show)
        def list_(programme: Programme, review: str, as_json: bool) -> None:
            found = find(programme, review)
            if as_json:
                show_json(found)
            elif found:
                show(found)
            else:
                click.echo(none)

        return group.command("list")(click.argument("review")(reading(list_)))

    return command


def changing(function: Function) -> Function:
    """A command that changes the programme: it takes --by as well, and gets `by`."""
    return by_option(reading(function))


def system_login() -> str:
    """The login under which the command runs: the one place where the command line asks for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"uid-{os.getuid()}"


def now() -> datetime:
    """The one place where the command line reads the clock."""
    return datetime.now(UTC)


def refuse_file(file: Path, replace: bool, database: Path) -> None:
    """Raise ReviewError unless a file may be written here; `replace` allows to write over an older one.

    The working database is never written over, nor any other database that is in use.
    """
    if file.is_dir():
        raise ReviewError(f"{file} is a folder", hint="Give a file in it.")
    if not file.parent.is_dir():
        raise ReviewError(f"the folder {file.parent} does not exist", hint="Create it first.")
    if file.exists() and file.samefile(database):
        raise ReviewError(f"{file} is the working database itself", hint="Give another file.")
    if file.exists() and not replace:
        raise ReviewError(f"{file} already exists", hint="Give another name, or --replace.")
    if file.with_name(f"{file.name}-wal").exists():
        raise ReviewError(f"{file} is a database in use", hint="Give another name.")


def write_whole(file: Path, content: bytes, replace: bool) -> None:
    """Write a file that only its owner may read: all of it under this name, or nothing."""
    with new_file(file) as part:
        part.write_bytes(content)
        try:
            put_in_place(part, file, replace=replace)
        except FileExistsError as error:
            raise ReviewError(f"{file} already exists", hint="Give another name, or --replace.") from error
