"""How commands are found: each module is imported when one of its commands is called."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from rules.errors import ReviewError, suggest


class Commands(click.Group):
    """A group that says 'did you mean' for a mistyped command, and lists commands in the order of work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order they were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named first in `args`; a usage error with the nearest one if there is none."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            raise click.UsageError(
                f"there is no command {args[0]!r}. {suggest(args[0], names, most=20)}", ctx
            )
        return super().resolve_command(ctx, args)


class Entry(NamedTuple):
    """Where a command is, and the first paragraph of its help, which the list of commands is made of."""

    module: str
    """Its module in this package."""
    help: str
    attribute: str = ""
    """Its name in the module, where that is not the command's own."""


class ImportedWhenCalled(Commands):
    """A group of commands of which only the called one's module is imported."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the entries."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name, its module imported now; None if there is none."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        found: click.Command = getattr(
            import_module(f"joint_review.cli.{entry.module}"), entry.attribute or cmd_name
        )
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands as click writes it, from the entries alone."""
        room = formatter.width - 6 - max(map(len, self.entries))
        listed = [
            (name, click.Command(name, help=entry.help).get_short_help_str(room))
            for name, entry in self.entries.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(listed)


def say_error(error: BaseException) -> str | None:
    """The message for an error people can do something about; None for a fault of the program."""
    if isinstance(error, ReviewError):
        from joint_review.cli.remedies import remedy_words

        return error.worded(remedy_words)
    if isinstance(error, sqlite3.DatabaseError):
        return f"the database could not be used: {error}. Nothing was changed."
    if isinstance(error, OSError):
        name = f" {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{name}"
    return None
