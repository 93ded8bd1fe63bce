"""joint-review evidence import / export / template / add / tag / list / show / withdraw / check."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from evidence import items
from evidence.check import EvidenceCheck, check_evidence
from evidence.coding.agreement import as_coding, coding_words
from evidence.coding.codings import list_codings, withdraw_coding
from evidence.extents import COLUMNS as EXTENT
from evidence.extents import in_words
from evidence.intake.importing import import_files, import_row
from evidence.intake.layouts import LAYOUTS, columns, row_model, template
from evidence.intake.report import ImportReport
from evidence.mapping.choosing import Chosen, choose_file, choose_kept, choose_named
from evidence.mapping.from_file import propose_for
from evidence.mapping.kept import kept_for
from evidence.mapping.written import as_yaml
from evidence.marks import said_of
from evidence.scales import describe_not_answered
from evidence.weights import LARGE
from joint_review.cli.commands import Commands
from joint_review.cli.exporting import export
from joint_review.cli.options import FOLDER_OR_FILE, Programme, changing, json_option, now, reading
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import as_read, heading, paragraph, show_json, show_table
from programme.calendar import DateOrder, day_words
from programme.corrections import correction_words, corrections_of
from rules.ratings import FEWEST_ANSWERS
from rules.words import many

Callback = TypeVar("Callback", bound=Callable[..., Any])


@click.group(cls=Commands)
def evidence() -> None:
    """Import evidence, tag it to domains, show it, check it."""


def _order(where: str) -> Callable[[Callback], Callback]:
    """The option that says which number of a date comes first."""
    orders = click.Choice([order.value for order in DateOrder])
    return click.option("--dates", type=orders, help=f"How dates such as 08/10/2021 are meant{where}.")


@evidence.command("import")
@click.argument("review")
@click.argument("files", nargs=-1, required=True, type=FOLDER_OR_FILE, metavar="FILE...")
@click.option(
    "--layout",
    help=f"The layout of the files, if their names and headers do not show it: {', '.join(LAYOUTS)}.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of CSV files, e.g. cp1252.")
@_order(", where their column does not show it")
@click.option(
    "--sheet",
    "sheets",
    multiple=True,
    help="Read only this sheet of a workbook, even if it is hidden; repeat for several.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Replace items whose content has changed: withdraw the old ones, add the new ones.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FILE.yml|NAME",
    help="A mapping for tables that fit no layout: its file, or the name of one that is kept; 'kept' for the"
    " one that is kept for tables of this shape. See: joint-review evidence map.",
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="What all rows of a mapping have, e.g. source=S-015; for a new source also title, kind and dated.",
)
@changing
def import_(
    programme: Programme,
    review: str,
    files: tuple[Path, ...],
    layout: str | None,
    encoding: str,
    dates: str | None,
    sheets: tuple[str, ...],
    replace: bool,
    maps: tuple[str, ...],
    given: tuple[str, ...],
    by: str,
    as_json: bool,
) -> None:
    """Import files of evidence (CSV, XLSX, ODS, YAML or JSON): all rows of all files, or none.

    Sources, findings, case scores, survey results, indicators, tags, codings and the rest each have a layout;
    see: joint-review evidence template. Tables that fit none are imported with --map; the mapping is kept for
    the next file of the same shape. A column 'review' names the review of a row; REVIEW where it
    is empty. Importing the same file again changes nothing.

    Example: joint-review evidence import wales-2004-08 sources.csv findings.csv
    """
    found = programme.review(review)
    if layout:
        row_model(layout)
    mappings = _mappings(programme, maps, files, encoding, _pairs(given))
    with progress_bar() as progress:
        report = import_files(
            programme.db,
            found,
            files,
            by=by,
            at=now(),
            layout=layout,
            encoding=encoding,
            sheets=sheets,
            replace=replace,
            mappings=mappings,
            dates=DateOrder(dates) if dates else None,
            progress=progress,
        )
    _show_report(report, as_json)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    """What is given as COLUMN=VALUE."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise click.UsageError(f"{value!r} is not of the form column=value")
        found[name] = text
    return found


def _mappings(
    programme: Programme, maps: tuple[str, ...], files: tuple[Path, ...], encoding: str, given: dict[str, str]
) -> list[Chosen]:
    """The mappings that are named: files, kept ones, or those kept for the shapes of the files."""
    if given and not maps:
        raise click.UsageError("--set gives what the rows of a mapping have: give one with --map")
    found: list[Chosen] = []
    for name in maps:
        path = Path(name)
        if path.suffix in (".yml", ".yaml"):
            found.append(choose_file(path, given))
        elif name == "kept":
            found += [chosen for file in files for chosen in choose_kept(programme.db, file, encoding, given)]
        else:
            found.append(choose_named(programme.db, name, given))
    return found


def _show_report(report: ImportReport, as_json: bool) -> None:
    if as_json:
        show_json(vars(report))
        return
    added = ", ".join(many(count, what.removesuffix("s")) for what, count in report.added.items() if count)
    click.echo(f"Added: {added or 'nothing new'}.")
    if report.already_there:
        click.echo(
            f"Already there: {many(report.already_there, 'row')} (same source and locator, same content)."
        )
    if report.corrected:
        click.echo(
            f"Left corrected: {many(report.corrected, 'row says', 'rows say')} of a source what was corrected"
            " since."
        )
    if report.not_answered:
        click.echo(f"Kept as said: {describe_not_answered(report.not_answered)}.")
    if report.replaced:
        replaced = many(report.replaced, "item or coding", "items or codings")
        click.echo(f"Replaced: {replaced}; the old versions are withdrawn.")
    if report.withdrawn:
        withdrawn = many(report.withdrawn, "row repeats", "rows repeat")
        click.echo(f"Left withdrawn: {withdrawn} what was withdrawn before.")
    for review, stored in report.reviews.items():
        click.echo(f"Review {review}: {many(stored, 'row')} stored.")
    for note in report.notes:
        click.echo(note)
    if report.not_placed:
        click.echo(
            "Periods that do not say when they were, so that they have no place in the review's window:"
        )
        for said in report.not_placed:
            paragraph(said, "  ")
    for name in report.kept:
        click.echo(f"Mapping kept for the next file of this shape: {name}.")


@evidence.command("map")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--review", help="The review it is for: titles of its domains are then understood.")
@click.option("--layout", help="The layout that its rows are to have, if the table does not show it.")
@click.option("--sheet", default="", help="The sheet of a workbook; the first with evidence if left out.")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of CSV files, e.g. cp1252.")
@reading
def map_(
    programme: Programme,
    file: Path,
    review: str | None,
    layout: str | None,
    sheet: str,
    encoding: str,
    as_json: bool,
) -> None:
    """Propose a mapping that turns a table which fits no layout into evidence, as YAML to check and change.

    Columns become roles (the respondent, a question, a year), words become levels, titles become domains.
    What the table does not say is left open and marked. Nothing is stored.

    Example: joint-review evidence map survey.xlsx --review wales-2004-08 > survey.yml
    """
    framework = programme.review(review).framework if review else None
    found = propose_for(file, encoding=encoding, framework=framework, layout=layout, sheet=sheet)
    names = [one.name for one in kept_for(programme.db, found.shape)]
    if as_json:
        show_json({"mapping": found.proposal.mapping, "unknown": found.proposal.unknown, "kept": names})
        return
    target = f"{file.stem}.yml"
    click.echo(
        f"# Proposed for {file.name}: {many(found.seen.rows, 'row')} looked at. Check every line, then:"
    )
    command = ("joint-review", "evidence", "import", review or "REVIEW", file.name, "--map", target)
    click.echo(f"#   {shlex.join(command)}")
    for name in names:
        click.echo(f"# A mapping for tables of this shape is kept already: --map {shlex.quote(name)}")
    if found.tool:
        click.echo(f"# An export of {found.tool}.")
    if found.others:
        click.echo(f"# Other sheets, which are left out: {', '.join(found.others)}")
    click.echo(as_yaml(found.proposal), nl=False)


@evidence.command("template")
@click.argument("layout", required=False, metavar="KIND")
@click.option("--columns", "describe", is_flag=True, help="Describe the columns instead.")
@json_option
def template_(layout: str | None, describe: bool, as_json: bool) -> None:
    """Write a template file for a kind of evidence: all columns, with example rows to overwrite.

    Example: joint-review evidence template findings > findings.csv
    """
    if layout is None:
        kinds = [{"kind": name, "holds": (row_model(name).__doc__ or "").strip()} for name in LAYOUTS]
        if as_json:
            show_json(kinds)
        else:
            show_table(kinds, {"kind": "kind", "holds": "one row is"}, [None, 80])
        return
    described = [{"column": n, "needed": needed, "holds": text} for n, needed, text in columns(layout)]
    if as_json:
        show_json(described)
    elif describe:
        show_table(
            described,
            {"column": "column", "needed": "needed", "holds": "what it holds"},
            [None, None, 80],
        )
    else:
        click.echo(template(layout), nl=False)


@evidence.command("export")
@click.argument("review")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--only", metavar="KIND", help=f"Only this kind of rows: {', '.join(LAYOUTS)}.")
@click.option("--replace", is_flag=True, help="Write over a file that is already there.")
@reading
def export_(
    programme: Programme, review: str, file: Path, only: str | None, replace: bool, as_json: bool
) -> None:
    """Write the evidence of a review into a file to import again: .xlsx, .csv, or .zip of CSV files.

    The columns are those of the templates. Withdrawn items and tags are left out, and so are codings that
    have not been handed in.

    Example: joint-review evidence export wales-2004-08 evidence.xlsx
    """
    from exchange.evidence import evidence_tables

    found = programme.review(review)
    if only:
        row_model(only)
    export(
        programme,
        file,
        lambda: evidence_tables(programme.db, found, only=only),
        replace=replace,
        as_json=as_json,
    )


@evidence.command()
@click.argument("review")
@click.argument("layout", metavar="KIND")
@click.argument("values", nargs=-1, required=True, metavar="COLUMN=VALUE...")
@_order("")
@changing
def add(
    programme: Programme,
    review: str,
    layout: str,
    values: tuple[str, ...],
    dates: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Add one source, item, response or tag; the columns are those of the kind's template.

    Example: joint-review evidence add wales-2004-08 findings source=R1 locator="ch. 4, p. 20"
    finding="Reviews of care are late." direction=weakness significance=2 domains=care-planning
    """
    given = _pairs(values)
    found = programme.review(review)
    order = DateOrder(dates) if dates else None
    report, number = import_row(programme.db, found, layout, given, by=by, at=now(), dates=order)
    if as_json:
        show_json({**vars(report), "item": number})
        return
    if number is not None and report.added.get("items"):
        click.echo(f"Added as E{number}.")
    else:
        _show_report(report, as_json)


@evidence.command()
@click.argument("review")
@click.argument("item")
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@click.option("--note", default="", help="Why the item bears on the domain.")
@changing
def tag(
    programme: Programme, review: str, item: str, domains: tuple[str, ...], note: str, by: str, as_json: bool
) -> None:
    """Tag an item to one or more domains.

    Example: joint-review evidence tag wales-2004-08 E12 carers assessment --note "Says how."
    """
    number = items.item_number(item)
    new = items.tag_item(programme.db, programme.review(review), number, domains, by=by, at=now(), note=note)
    if as_json:
        show_json({"item": number, "tagged": new})
    else:
        click.echo(
            f"E{number} is now tagged to {', '.join(new)}." if new else f"E{number} already had these tags."
        )


@evidence.command("list")
@click.argument("review")
@click.option("--domain", help="Items tagged to this domain.")
@click.option("--kind", help="Items of this kind: finding, case_score, survey_result or indicator.")
@click.option("--strand", help="Items about this group of people.")
@click.option("--source", help="Items from this source.")
@click.option("--direction", help="Findings with this direction: strength, weakness or neutral.")
@click.option("--untagged", is_flag=True, help="Items tagged to no domain.")
@click.option("--withdrawn", is_flag=True, help="Withdrawn items instead of current ones.")
@click.option("--search", default="", help="Items that contain these words.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--offset", default=0, type=click.IntRange(0), help="How many to skip.")
@reading
def list_(programme: Programme, review: str, as_json: bool, **chosen: Any) -> None:
    """List the items that match all filters.

    Example: joint-review evidence list wales-2004-08 --domain carers --direction weakness
    """
    found, total = items.list_items(programme.db, programme.review(review), items.ItemFilter(**chosen))
    if as_json:
        show_json({"total": total, "items": found})
        return
    if not found:
        click.echo("No items.")
        return
    lines = [
        {
            **row,
            "number": f"E{row['id']}",
            "where": f"{row['source']}, {row['locator']}",
            "direction": ", ".join(filter(None, (row["direction"], in_words(row["extent"])))),
            "value": _value(row),
        }
        for row in found
    ]
    columns_ = {
        "number": "item",
        "kind": "kind",
        "text": "what it says",
        "direction": "direction",
        "value": "value",
        "where": "source and locator",
        "domains": "domains",
    }
    show_table(lines, columns_, [None, None, 48, 16, None, 32, 20])
    if total > len(found):
        following = chosen["offset"] + len(found)
        click.echo(f"\n{len(found)} of {many(total, 'item')}; --offset {following} shows the next.")


def _value(row: items.ItemListed) -> float | str | None:
    if row["value"] is not None and row["small"]:
        return f"{row['value']:g} (few answers: {row['marks'].get('base') or row['answers']})"
    if row["value"] is not None and row["scale_max"]:
        return f"{row['value']:g} of {row['scale_max']:g}"
    if "value" in row["marks"]:
        return said_of(row["marks"]["value"])
    return row["value"]


@evidence.command()
@click.argument("review")
@click.argument("item")
@reading
def show(programme: Programme, review: str, item: str, as_json: bool) -> None:
    """Show one item with its source, its tags, and the codings of second reviewers.

    Codings of a batch that has not been handed in are not shown.

    Example: joint-review evidence show wales-2004-08 E12
    """
    in_review, number = programme.review(review), items.item_number(item)
    found = items.find_item(programme.db, in_review, number)
    codings = list_codings(programme.db, in_review, number)
    if as_json:
        show_json({**found, "codings": codings})
        return
    heading(f"E{found['id']} ({found['kind'].replace('_', ' ')})")
    paragraph(found["text"])
    if found["quote"]:
        paragraph(f'"{found["quote"]}"', "  ")
    skipped = {"id", "text", "quote", "kind", "tags", "context", "review_id", "source_id", "digest", "small"}
    skipped |= {*EXTENT, "marks"}
    for name, value in found.items():
        if name not in skipped and not name.endswith("_event") and value not in (None, ""):
            mark = f" (few: a share of fewer than {FEWEST_ANSWERS} answers cannot decide a rating on its own)"
            few = mark if name == "answers" and found["small"] else ""
            click.echo(f"{name.replace('_', ' '):>18}  {as_read(name, value)}{few}")
    for name, mark in found["marks"].items():
        click.echo(f"{name:>18}  {said_of(mark)}")
    for one in found["tags"]:
        state = (
            f" (withdrawn by {one['withdrawn_by']}: {one['withdrawn_because']})" if one["withdrawn"] else ""
        )
        click.echo(f"{'tagged to':>18}  {one['domain']} by {one['tagged_by']}{state}")
    for correction in corrections_of(programme.db, "source", found["source_id"]):
        paragraph(f"{found['source']}: {correction_words(correction)}", "  ")
    for one in codings:
        click.echo(f"{'coded by':>18}  {one['coded_by']}: {coding_words(as_coding(one))}")


@evidence.command()
@click.argument("review")
@click.argument("item")
@click.option("--domain", help="Withdraw only the tag to this domain.")
@click.option("--coding", metavar="WHO", help="Withdraw only this second reviewer's coding.")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def withdraw(
    programme: Programme,
    review: str,
    item: str,
    domain: str | None,
    coding: str | None,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Withdraw an item, one of its tags or one of its codings; it stays in the record but no longer counts.

    Example: joint-review evidence withdraw wales-2004-08 E12 --because "Recorded twice, see E40"
    """
    if domain and coding:
        raise click.UsageError("give --domain or --coding, not both")
    db, found, number = programme.db, programme.review(review), items.item_number(item)
    if coding:
        withdraw_coding(db, found, number, coding, by=by, because=because, at=now())
    else:
        items.withdraw_item(db, found, number, by=by, because=because, at=now(), domain=domain)
    if as_json:
        show_json({"item": number, "domain": domain, "coding": coding, "withdrawn": True})
    elif coding:
        click.echo(f"{coding}'s coding of E{number} withdrawn; it is no longer compared.")
    else:
        what = f"The tag of E{number} to {domain}" if domain else f"E{number}"
        click.echo(f"{what} withdrawn; the next run no longer counts it.")


@evidence.command()
@click.argument("review")
@reading
def check(programme: Programme, review: str, as_json: bool) -> None:
    """Check the evidence: untagged items, domains with too little, items from outside the window or
    with a period, a day or a page that cannot be right, surveys.

    Example: joint-review evidence check wales-2004-08
    """
    found = check_evidence(programme.db, programme.review(review))
    if as_json:
        show_json(vars(found))
    else:
        _show_check(found)


def _show_check(found: EvidenceCheck) -> None:
    heading("Evidence by domain")
    columns_ = {
        "title": "domain",
        "items": "items",
        "sources": "sources",
        "kinds": "kinds",
        "problem": "to check",
    }
    show_table(found.domains, columns_, [40, None, None, None, 40])
    sections = [
        ("Tagged to no domain", found.untagged, ""),
        ("Used in three domains or more", found.used_in_many, "domains"),
        ("Outside the evidence window", found.outside_window, "dated"),
        ("Periods that do not say when they were", found.not_placed, "period"),
        ("In a series whose order in time is not known", found.out_of_order, "period"),
        ("Recorded after they were added", found.recorded_later, "recorded_on"),
        ("On a page that the source does not have", found.beyond_source, "locator"),
        ("From draft sources", found.drafts, "source"),
        (f"Survey shares on fewer than {FEWEST_ANSWERS} answers", found.few_answers, "answers"),
    ]
    for title, flagged, extra in sections:
        heading(f"{title}: {len(flagged):,}")
        for item in flagged[:20]:
            more = f" ({day_words(str(item[extra]))})" if extra else ""
            paragraph(f"E{item['id']} {item['text']}{more}", "  ")
        if len(flagged) > 20:
            click.echo(f"  ... and {len(flagged) - 20:,} more (--json lists all)")
    heading(f"Surveys where a respondent counts over {LARGE} times the mean: {len(found.large_weights):,}")
    for one in found.large_weights:
        whom = f", {one['group_name']}" if one["group_name"] else ""
        paragraph(
            f"{one['source']}{whom}: the largest weight is {one['largest']:.1f};"
            f" {many(one['respondents'], 'respondent counts', 'respondents count')} as {one['base']:,.1f}",
            "  ",
        )
