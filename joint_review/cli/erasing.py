"""joint-review erase source / item / person / list / show / approve / refuse / clean.

Whoever has the file may act here under the name given with --by; that nobody approves their own request holds
here as on the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from evidence import erasing
from evidence.erasing import Preview
from joint_review.cli.commands import Commands
from joint_review.cli.options import Function, Programme, changing, listing, now, reading
from joint_review.cli.secrets_apart import accounts_of
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.accounts import accounts_path
from programme.calendar import day_of_moment
from programme.erasures import Erasure, end_request, find_erasure, list_erasures
from programme.leftovers import Searched, search_bytes
from programme.reviews import Review
from rules.words import many

ALL = "-"
"""What is written in place of a review for all of them."""


@click.group(cls=Commands)
def erase() -> None:
    """Erase the words of a source or an item, or the name of a person: one asks, another approves."""


def asking(function: Function) -> Function:
    """A command that asks to erase something: it gets `because` and `dry_run` as well."""
    for option in (
        click.option(
            "--dry-run", is_flag=True, help="Show what would be blanked, and where; record nothing."
        ),
        click.option("--because", default="", metavar="TEXT", help="The reason; required without --dry-run."),
    ):
        function = option(function)
    return changing(function)


@erase.command()
@click.argument("review")
@click.argument("ref", metavar="SOURCE")
@asking
def source(programme: Programme, review: str, ref: str, **asked: Any) -> None:
    """Ask to erase a source: its title, its whole text, its items, who answered it, and quotes of these.

    Its index number, figures, levels and domains stay, so that past runs can be repeated.

    Example: joint-review erase source wales-2004-08 I-004 --because "Consent was withdrawn."
    """
    _ask(programme, review, "source", ref, **asked)


@erase.command()
@click.argument("review")
@click.argument("item")
@asking
def item(programme: Programme, review: str, item: str, **asked: Any) -> None:
    """Ask to erase an item: its text and its quote, and the same words wherever the review holds them.

    Example: joint-review erase item wales-2004-08 E12 --because "It names a child." --dry-run
    """
    _ask(programme, review, "item", item, **asked)


@erase.command()
@click.argument("review")
@click.argument("name")
@click.option("--also", multiple=True, metavar="NAME", help="Another spelling of the name; repeatable.")
@asking
def person(programme: Programme, review: str, name: str, also: tuple[str, ...], **asked: Any) -> None:
    """Ask to erase a person's name, in all texts and as the name of who did something.

    '[person N]' replaces it everywhere, so that it still shows what one person did. Write - instead of a
    review to erase the name from all reviews and from the list of users.

    Example: joint-review erase person wales-2004-08 "A. Name" --also "Anne Name" --because "Asked by letter."
    """
    _ask(programme, review, "person", name, spellings=also, **asked)


def _ask(
    programme: Programme,
    review: str,
    kind: str,
    target: str,
    *,
    because: str,
    dry_run: bool,
    by: str,
    as_json: bool,
    spellings: Iterable[str] = (),
) -> None:
    found = _review(programme, review)
    if dry_run:
        would = erasing.preview(programme.db, found, kind, target, spellings)
        if as_json:
            show_json(asdict(would))
        else:
            _show_preview(would)
            click.echo("\nNothing was changed or recorded.")
        return
    erasure, would = erasing.ask_to_erase(
        programme.db, found, kind, target, by=by, because=because, at=now(), spellings=spellings
    )
    if as_json:
        show_json({"request": asdict(erasure), "would_blank": asdict(would)})
        return
    _show_preview(would)
    click.echo(f"\nRequest {erasure.number} recorded. Nothing is erased until another person approves it:")
    click.echo(f"  joint-review erase approve {review} {erasure.number}")


def _review(programme: Programme, review: str) -> Review | None:
    return None if review == ALL else programme.review(review)


def _show_preview(would: Preview) -> None:
    heading(f"Would be blanked: {many(would.rows, 'place')}")
    columns = {name: name for name in ("table", "column", "rows")}
    show_table([asdict(place) for place in would.places], columns, [None, None, None])
    for title, sentences in (
        ("Kept", would.kept),
        ("Not quoted, but about it; read these yourself", would.to_read),
        ("Files that hold what this one held earlier", would.copies),
    ):
        if sentences:
            heading(title)
            for sentence in sentences:
                paragraph(sentence, "  ")
    click.echo(f"\nSearched: {many(would.columns, 'column')} of text in {many(would.tables, 'table')}.")


@listing(erase, lambda on, key: list_erasures(on.db, _review(on, key)), "No requests to erase.")
def list_(found: Sequence[Erasure]) -> None:
    """List the requests to erase of a review (write - for those on all reviews), and how they ended.

    Example: joint-review erase list wales-2004-08
    """
    show_table(
        [_row(erasure) for erasure in found],
        {"number": "request", "what": "of", "asked": "asked by", "state": "state", "because": "reason"},
        [None, 30, 30, 40, 40],
    )


def _row(erasure: Erasure) -> dict[str, object]:
    ended = f" by {erasure.ended_by}, {day_of_moment(erasure.ended_at)}" if erasure.ended_by else ""
    return {
        "number": erasure.number,
        "what": f"{erasure.kind} {erasure.target}",
        "asked": f"{erasure.by}, {day_of_moment(erasure.at)}",
        "state": f"{erasure.outcome}{ended}" if ended else "awaits approval",
        "because": erasure.because,
    }


@erase.command()
@click.argument("review")
@click.argument("number", type=int, metavar="REQUEST")
@reading
def show(programme: Programme, review: str, number: int, as_json: bool) -> None:
    """Show a request to erase, and what its approval would blank now.

    Example: joint-review erase show wales-2004-08 3
    """
    found = _review(programme, review)
    erasure = find_erasure(programme.db, found, number)
    would = erasing.preview_of(programme.db, found, erasure) if erasure.outcome == "requested" else None
    if as_json:
        show_json({"request": asdict(erasure), "would_blank": would and asdict(would)})
        return
    row = _row(erasure)
    click.echo(f"Request {number}: {row['what']}, asked for by {row['asked']}: {row['because']}")
    click.echo(f"State: {row['state']}")
    if would:
        _show_preview(would)


@erase.command()
@click.argument("review")
@click.argument("number", type=int, metavar="REQUEST")
@click.option("--because", default="", metavar="TEXT", help="Reason (optional).")
@changing
def approve(programme: Programme, review: str, number: int, because: str, by: str, as_json: bool) -> None:
    """Approve another person's request: the words are blanked at once, and cannot be brought back.

    The file is rewritten and searched byte by byte. It needs as much free room on the disk as it takes.
    Backups made earlier still hold the words: see the guide on security.

    Example: joint-review erase approve wales-2004-08 3 --by moderator-1
    """
    found = _review(programme, review)
    asked = find_erasure(programme.db, found, number)
    named = asked.kind == "person" and accounts_path(programme.path).exists()
    accounts = accounts_of(programme.path) if named else None
    blanked = erasing.blank(programme.db, found, number, by=by, because=because, at=now())
    done = erasing.clear(programme.db, blanked)
    searched = done.searched
    if accounts:
        accounts.clear_leftovers()
        beside = search_bytes([accounts.path], (asked.target, *asked.spellings))
        searched = Searched(
            (*searched.files, *beside.files), searched.bytes + beside.bytes, (*searched.found, *beside.found)
        )
    if as_json:
        show_json({**asdict(done), "searched": asdict(searched)})
        return
    click.echo(
        f"Request {number} approved: {many(done.preview.rows, 'place')} blanked by event {done.event}."
    )
    _show_cleared(done.cleared, searched)
    for copy in done.preview.copies:
        click.echo(f"  {copy} still holds what was erased: delete it when it is no longer needed.")


def _show_cleared(cleared: bool, searched: Searched) -> None:
    where = many(len(searched.files), "file")
    click.echo(f"Searched {searched.bytes:,} bytes in {where} for stretches of these words", nl=False)
    if not searched.found:
        click.echo(": none is left.")
    else:
        click.echo(f": some are still in {', '.join(searched.found)}.")
        if cleared:
            click.echo("Another review, or what stays, has them too: see what the preview names as kept.")
    if not cleared:
        click.echo("Others were reading an older state. Later run: joint-review erase clean")


@erase.command()
@click.argument("review")
@click.argument("number", type=int, metavar="REQUEST")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def refuse(programme: Programme, review: str, number: int, because: str, by: str, as_json: bool) -> None:
    """Refuse a request to erase, or take your own back. Nothing is erased.

    Example: joint-review erase refuse wales-2004-08 3 --because "The record of the decision is needed."
    """
    ended = end_request(programme.db, _review(programme, review), number, by=by, because=because, at=now())
    if as_json:
        show_json(asdict(ended))
    else:
        click.echo(f"Request {number} {ended.outcome} by {ended.ended_by}.")


@erase.command()
@reading
def clean(programme: Programme, as_json: bool) -> None:
    """Rewrite the file without what its rows no longer hold, and empty its log.

    Approving does this as well; use it where others were reading meanwhile.

    Example: joint-review erase clean
    """
    cleared, searched = erasing.clear_file(programme.db)
    if as_json:
        show_json({"cleared": cleared, "bytes": searched.bytes})
    elif cleared:
        click.echo(f"The file was rewritten: {searched.bytes:,} bytes. Its log holds no older state.")
    else:
        click.echo("Others are still reading an older state. Stop the server, then try again.")
