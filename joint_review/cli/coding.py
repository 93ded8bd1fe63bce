"""joint-review coding draw / list / sheet / done / disagreements / settle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import click

from evidence.coding import second_coding
from evidence.coding.agreement import coding_words
from evidence.coding.settlements import CodedDifferently, list_disagreements, settle, settlement_words
from evidence.files.spreadsheets import BYTE_ORDER_MARK
from evidence.items import item_number
from joint_review.cli.commands import Commands
from joint_review.cli.options import Programme, Seed, changing, listing, now, reading
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.calendar import moment_words
from rules.words import many


@click.group(cls=Commands)
def coding() -> None:
    """Have items coded a second time, without sight of the first coding; settle the differences."""


class Chosen(TypedDict):
    """Who is to code how many items, and which."""

    coder: str
    items: int
    seed: int
    by_domain: bool
    passages: bool


@coding.command()
@click.argument("review")
@click.option("--to", "coder", required=True, metavar="WHO", help="The reviewer who will code them.")
@click.option("--items", required=True, type=click.IntRange(1), help="How many items to draw.")
@click.option("--seed", type=Seed(), default=0, show_default=True, help="Seed of the random selection.")
@click.option("--by-domain", is_flag=True, help="Draw from each domain in turn.")
@click.option("--passages", is_flag=True, help="Show the coder only the words of the source.")
@changing
def draw(programme: Programme, review: str, by: str, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """Draw items at random for a second reviewer, who codes them without seeing the first coding.

    Items that this reviewer recorded or coded are never drawn. Every item has the same chance. --by-domain
    makes sure that small domains are represented; they then weigh more in figures over all domains.
    --passages draws only items that quote a stored text, and shows the coder the quoted words in their
    context, not the finding in the first reviewer's words.

    Example: joint-review coding draw wales-2004-08 --to reviewer-2 --items 20 --seed 1
    """
    batch = second_coding.draw_batch(programme.db, programme.review(review), **chosen, by=by, at=now())
    if as_json:
        show_json(batch)
        return
    paragraph(
        f"Batch {batch['number']}: {batch['items']:,} of {many(batch['drawn_from'], 'item')}, drawn for"
        f" {batch['coder']} with seed {batch['seed']}. Next, write the sheet to fill in:"
    )
    click.echo(f"  joint-review coding sheet {batch['review']} {batch['number']} > codings.csv")


@listing(coding, lambda on, key: second_coding.list_batches(on.db, on.review(key)), "No batches.")
def list_(found: Sequence[second_coding.Batch]) -> None:
    """List the batches of a review: who codes them, progress, and how they were drawn.

    Example: joint-review coding list wales-2004-08
    """
    lines = [
        {
            **row,
            "drawn": ", ".join(
                [
                    *["passages"] * row["passages"],
                    *["by domain"] * row["by_domain"],
                    f"seed {row['seed']}",
                ]
            ),
        }
        for row in found
    ]
    names = ("number", "coder", "items", "coded", "state", "drawn", "drawn_from", "drawn_by")
    show_table(lines, {name: name.replace("_", " ") for name in names}, [None] * len(names))


@coding.command()
@click.argument("review")
@click.argument("batch", type=int)
@reading
def sheet(programme: Programme, review: str, batch: int, as_json: bool) -> None:
    """Write the sheet of a batch as a CSV to fill in and import; it does not show how others coded the items.

    Fill in direction and significance (or the score) and the domains, then import the file as it is. Read the
    columns 'says' and 'quote'; for the text of the sources: joint-review source show.

    Example: joint-review coding sheet wales-2004-08 1 > codings.csv
    """
    found = programme.review(review)
    coder = second_coding.find_batch(programme.db, found, batch)["coder"]
    if as_json:
        show_json(second_coding.items_to_code(programme.db, found, batch, coder))
        return
    click.echo(BYTE_ORDER_MARK + second_coding.write_sheet(programme.db, found, batch, coder), nl=False)
    for item in second_coding.items_to_code(programme.db, found, batch, coder):
        if left := item["left"]:
            done = "changed" if left["changed"] else "withdrawn"
            said = f"E{item['item']} left the batch: {done} by {left['by']}, {moment_words(left['at'])}."
            click.echo(said, err=True)


@coding.command()
@click.argument("review")
@click.argument("batch", type=int)
@click.option("--because", default="", metavar="TEXT", help="The reason, if items are left uncoded.")
@changing
def done(programme: Programme, review: str, batch: int, because: str, by: str, as_json: bool) -> None:
    """Hand in a batch: its codings are now compared, and can no longer be changed.

    Example: joint-review coding done wales-2004-08 1 --by reviewer-2
    """
    found = second_coding.hand_in(
        programme.db, programme.review(review), batch, by=by, at=now(), because=because
    )
    if as_json:
        show_json(found)
        return
    click.echo(f"Batch {batch} handed in: {found['coded']:,} of {many(found['items'], 'item')} coded.")
    click.echo(f"  joint-review coding disagreements {found['review']} {batch}")


@coding.command()
@click.argument("review")
@click.argument("batch", type=int, required=False)
@click.option("--open", "only_open", is_flag=True, help="List only those not yet settled.")
@reading
def disagreements(
    programme: Programme, review: str, batch: int | None, only_open: bool, as_json: bool
) -> None:
    """List the items that reviewers coded differently, the largest difference first.

    Batches that have not been handed in are left out.

    Example: joint-review coding disagreements wales-2004-08 --open
    """
    found = list_disagreements(programme.db, programme.review(review), batch, only_open=only_open)
    if as_json:
        show_json(found)
        return
    settled = sum(item.settled is not None for item in found)
    heading(f"Coded differently: {many(len(found), 'item')}, {settled:,} settled")
    for item in found:
        _show_disagreement(item)


def _show_disagreement(item: CodedDifferently) -> None:
    settled = item.settled
    since = " (withdrawn since)" if item.withdrawn and not settled else ""
    paragraph(f"E{item.item} {item.text} - {item.source}, {item.locator}{since}", "  ")
    for one in item.codings:
        paragraph(f"{one.coder}: {coding_words(one)}", "      ")
    if settled:
        where = "" if settled["now"] == item.item else f" as E{settled['now']}"
        paragraph(f"settled{where} by {settled['settled_by']}: {settlement_words(settled)}", "      ")


@coding.command("settle")
@click.argument("review")
@click.argument("item")
@click.option("--direction", help="Findings: strength, weakness or neutral.")
@click.option("--significance", type=click.IntRange(1, 3), help="Findings: 1 minor, 2 important, 3 serious.")
@click.option("--score", type=float, help="Case scores: the score, 1 the worst.")
@click.option(
    "--domains",
    required=True,
    metavar="DOMAIN;...",
    help="All domains that the item bears on, separated by semicolons; '' for none.",
)
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def settle_(
    programme: Programme,
    review: str,
    item: str,
    direction: str | None,
    significance: int | None,
    score: float | None,
    domains: str,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Settle an item that was coded differently, as someone other than its coders; the next run counts it.

    If you do not agree with the reviewer who recorded the item, a new item replaces it and the old one is
    withdrawn. Figures of agreement do not change.

    Example: joint-review coding settle wales-2004-08 E12 --direction weakness --significance 2
    --domains "carers;assessment" --because "The file shows both." --by lead-1
    """
    number = item_number(item)
    found = programme.review(review)
    named = tuple(dict.fromkeys(found.framework.domain_names.find_all(domains)))
    judgement = second_coding.CodedAs(direction, significance, score, named)
    now_is = settle(programme.db, found, number, judgement, by=by, because=because, at=now())
    if as_json:
        show_json({"item": number, "now": now_is})
    elif now_is == number:
        click.echo(f"E{number} settled; its first coding is kept.")
    else:
        click.echo(f"E{number} settled. E{now_is} replaces it and counts in the next run.")
