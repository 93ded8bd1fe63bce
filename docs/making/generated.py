"""The generated parts of the documentation, called from the cog blocks in the Markdown files.

`make docs` writes them anew; a test fails when they are not current. Everything here is derived from the
code, the library or a run over the worked example.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import functools
import inspect
import io
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from assessment.runs.judge import judge_file
from assessment.runs.run import Run, assess
from evidence.extents import RANGES, read_extent
from evidence.intake.importing import import_files
from evidence.intake.layouts import LAYOUTS, columns, row_model
from evidence.items import withdraw_item
from evidence.marks import BARE, SHORTHAND, SIGNS, WORDS
from joint_review.cli import cli
from joint_review.metadata import ACTIONS, TABLES, VIEWS
from joint_review.opening import init_programme, open_programme
from programme.permissions import MAY, OF_ALL_REVIEWS, Action, Role
from programme.reviewfile import ReviewDetails, read_review_file
from programme.reviews import Review, create_review, find_review
from rules import errors, remedy
from rules.framework import in_language
from rules.loader import library_ids, load_policy

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "wales-2004-08"
STRICTER = ROOT / "examples" / "stricter-rules" / "rulebook.yml"
FILES = ("sources.csv", "findings.csv", "survey-results.csv", "indicators.csv")
MOMENT = datetime(2009, 6, 1, tzinfo=UTC)


def table(headers: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""

    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(headers), line(["---"] * len(headers)), *map(line, rows)])


def commands() -> str:
    """Every command with its help text."""
    parts = []
    for names, command in walk(cli, ("joint-review",)):
        context = click.Context(command, info_name=" ".join(names), max_content_width=100)
        parts.append(f"## {' '.join(names)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def walk(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all commands below it, with their full names."""
    yield names, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from walk(child, (*names, name))


def layouts() -> str:
    """Every layout with its columns."""
    parts = []
    for name in LAYOUTS:
        rows = [[f"`{column}`", "yes" if needed else "", text] for column, needed, text in columns(name)]
        head = f"## {name}\n\nOne row is: {(row_model(name).__doc__ or '').strip()}\n"
        parts.append(f"{head}\n{table(['column', 'needed', 'holds'], rows)}\n")
    return "\n".join(parts)


def marks() -> str:
    """What may stand in place of a number, and what it means."""
    meant: dict[str, list[str]] = {}
    letters = {f"[{letter}]": meaning for letter, meaning in SHORTHAND.items()}
    for mark, meaning in {**letters, **dict.fromkeys(BARE), **SIGNS, **WORDS}.items():
        meant.setdefault(meaning or SHORTHAND[mark], []).append(f"`{mark}`")
    return table(["mark", "means"], [[", ".join(marks), meaning] for meaning, marks in meant.items()])


def database_tables() -> str:
    """Every table and view of the working database with its columns."""
    parts = []
    for one in (*TABLES, *VIEWS):
        kind = "View" if one.select else "Table"
        rows = [[f"`{column.name}`", column.description] for column in one.columns]
        parts.append(f"## {one.name}\n\n{kind}. {one.description}\n\n{table(['column', 'holds'], rows)}\n")
    return "\n".join(parts)


def event_actions() -> str:
    """What an event can say was done, as it is stored and in people's words."""
    return table(["action", "means"], [[f"`{action.value}`", action.label] for action in ACTIONS])


def roles() -> str:
    """Which role may do what."""
    rows = [
        [
            action.value,
            *("yes" if role in MAY[action] else "" for role in Role),
            "all" * (action in OF_ALL_REVIEWS),
        ]
        for action in Action
    ]
    return table(["action", *(role.value for role in Role), "needs a role for"], rows)


def error_list() -> str:
    """Every error raised on purpose, and what it means."""
    rows = [
        [f"`{name}`", (inspect.getdoc(one) or "").splitlines()[0]]
        for name, one in vars(errors).items()
        if inspect.isclass(one) and issubclass(one, errors.ReviewError)
    ]
    return table(["error", "means"], rows)


def rule_index() -> str:
    """Every criterion of every rulebook of the library."""
    parts = []
    for framework_id in library_ids():
        policy = load_policy(framework_id)
        rows, seen = [], set()
        for target in [*policy.framework.domains, *(q.id for q in policy.framework.questions)]:
            block = policy.rulebook.block_of(policy.framework, target)
            if block in seen:
                continue
            seen.add(block)
            found = policy.rulebook.rules_of(policy.framework, target)
            if found.propose == "people":
                rows.append([block, "", "a moderator decides", "", ""])
            for part, criterion in found.criteria():
                test = f"{criterion.test.replace('_', ' ')} {criterion.threshold}"
                title = policy.rulebook.measure_title(criterion.measure)
                rows.append([block, part, f"`{criterion.id}`", title, test])
        title = in_language(policy.rulebook.title)
        headers = ["rules of", "level", "criterion", "measure", "test"]
        parts.append(f"### {framework_id}: {title}\n\n{table(headers, rows)}\n")
    return "\n".join(parts)


ADULTS = ("all", "workforce", "adults", "older-people", "carers", "learning-disabilities", "mental-health")
CHILDREN = ("all", "workforce", "children-and-families", "looked-after-children")
PARTS = {
    "wales-adults": ("The adults' strands of the ten councils", (*ADULTS, "physical-disabilities")),
    "wales-children": ("The children's strands of the ten councils", CHILDREN),
}
"""Two more reviews made of the worked example: the items of some strands only."""


@functools.cache
def programme() -> Path:
    """A working database with the worked example and its two parts by strand, all assessed."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    db, _ = init_programme(folder / "programme.db")
    details = read_review_file(EXAMPLE / "review.yml")
    reviews = [create_review(db, **details, by="lead-reviewer", at=MOMENT)]
    import_files(db, reviews[0], [EXAMPLE / name for name in FILES], by="lead-reviewer", at=MOMENT)
    for key, (authority, strands) in PARTS.items():
        part: ReviewDetails = {**details, "key": key, "authority": authority}
        reviews.append(create_review(db, **part, by="lead-reviewer", at=MOMENT))
        files = [_part_of(name, strands, folder / key) for name in FILES]
        import_files(db, reviews[-1], files, by="lead-reviewer", at=MOMENT)
    policy = load_policy(reviews[0].framework.id)
    for review in reviews:
        # Without the engine: what the guides show is then the same on every Python.
        assess(db, review, policy, on=date(2009, 6, 1), by="lead-reviewer", at=MOMENT, use_engine=False)
    db.conn.close()
    return folder / "programme.db"


@functools.cache
def changed() -> Path:
    """The same after an item was withdrawn and the worked example assessed again."""
    path = programme().with_name("changed.db")
    shutil.copy(programme(), path)
    db = open_programme(path)
    review = find_review(db, "wales-2004-08")
    because = "An illustration: the moderator could not find it in the source."
    withdraw_item(db, review, 48, by="moderator-1", because=because, at=MOMENT)
    policy = load_policy(review.framework.id)
    assess(db, review, policy, on=date(2009, 6, 2), by="lead-reviewer", at=MOMENT, use_engine=False)
    db.conn.close()
    return path


def _part_of(name: str, strands: tuple[str, ...], folder: Path) -> Path:
    """A file of the worked example with the rows of some strands (all sources)."""
    folder.mkdir(exist_ok=True)
    found = [row for row in _rows(name) if name == "sources.csv" or row["strand"] in strands]
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return folder / name


def said(command: str, lines: int | None = None, database: Path | None = None) -> str:
    """A command and what it prints over the `programme` (or another), at most so many lines of it."""
    with contextlib.redirect_stderr(io.StringIO()):
        done = CliRunner().invoke(cli, [*shlex.split(command), "--db", str(database or programme())])
    if done.exit_code:
        raise RuntimeError(f"{command}: {done.exception or done.output}") from done.exception
    shown = done.stdout.strip("\n").splitlines()
    cut = [*shown[:lines], "..."] if lines and len(shown) > lines else shown
    return "\n".join(["```text", f"$ joint-review {command}", *(line.rstrip() for line in cut), "```"])


def assess_example(folder: Path, *, extents: bool = True) -> tuple[Review, Run]:
    """The worked example imported into a fresh database in `folder` and assessed.

    `extents` False leaves out how widespread its findings are, and nothing else.
    """
    db, _ = init_programme(folder / "example.db")
    try:
        details = read_review_file(EXAMPLE / "review.yml")
        review = create_review(db, **details, by="lead-reviewer", at=MOMENT)
        files = [EXAMPLE / name for name in FILES]
        if not extents:
            files[FILES.index("findings.csv")] = _without_extents(folder)
        import_files(db, review, files, by="lead-reviewer", at=MOMENT)
        run = assess(
            db,
            review,
            load_policy(review.framework.id),
            on=date(2009, 6, 1),
            by="lead-reviewer",
            at=MOMENT,
        )
        return review, run
    finally:
        db.conn.close()


def _without_extents(folder: Path) -> Path:
    """The findings of the worked example without the column `extent`."""
    path, found = folder / "findings.csv", _rows("findings.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in found[0] if name != "extent"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(found)
    return path


def comparison() -> str:
    """The proposals for the worked example beside the ratings most councils got.

    Those made with the extents of its findings, and those made with nothing but the extents left out.
    """
    runs: dict[str, Run] = {}
    for name, extents in (("without extents", False), ("with extents", True)):
        with tempfile.TemporaryDirectory() as folder:
            review, runs[name] = assess_example(Path(folder), extents=extents)
    with (EXAMPLE / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    framework = review.framework
    rows = []
    verdicts: dict[tuple[str, str], list[str]] = {}
    for row in expected:
        target = row["target"]
        titles = {level.id: in_language(level.title) for level in framework.scale_of(target)}
        allowed = [row["rating_most_councils_got"], *filter(None, row["alternatives"].split(";"))]
        most = " or ".join(titles[name] for name in allowed)
        line = [framework.title_of(target), most, row["councils_published"]]
        for name, run in runs.items():
            level = run.rating(target).level_id
            verdict = "agrees" if level == allowed[0] else "compatible" if level in allowed else "differs"
            verdicts.setdefault((run.rating(target).kind + "s", name), []).append(verdict)
            shown = f"**{verdict}**" if verdict == "differs" else verdict
            line += [titles.get(str(level), "not rated"), shown]
        rows.append(line)
    headers = ["domain or question", "most councils got", "published"]
    for name in runs:
        headers += [f"proposed {name}", ""]
    counted = [
        [kind, name, *(verdicts[kind, name].count(word) for word in VERDICTS)]
        for kind in ("domains", "questions")
        for name in runs
    ]
    return f"{table(headers, rows)}\n\n{table(['of the', 'proposals made', *VERDICTS], counted)}"


VERDICTS = ("agrees", "compatible", "differs")
"""How a proposal compares with what most councils got."""


def example_extents() -> str:
    """How many findings of the worked example say how widespread they are, and how."""
    found = [read_extent(row.get("extent", "")) for row in _rows("findings.csv")]
    numbers = sum(extent is not None and extent.of is not None for extent in found)
    words = Counter(extent.word for extent in found if extent and extent.word)
    rows = [["in numbers", numbers], *([f"in a word: {word}", words[word]] for word in RANGES)]
    return table(["extent", "findings"], [*rows, ["none stated", found.count(None)]])


def judged_from_published() -> str:
    """What the question rules make of the published domain ratings alone, without any evidence."""
    with (EXAMPLE / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = [row for row in csv.DictReader(file) if row["target"] not in ("services", "organisation")]
    policy = load_policy("wales-round-2")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "published.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["authority", *(row["target"] for row in expected)])
            writer.writerow(["Ten councils", *(row["rating_most_councils_got"] for row in expected)])
        (judged,) = judge_file(policy, path)
    return "\n".join(
        f"- {policy.framework.title_of(q)} {judged.questions[q]['because']}"
        for q in ("services", "organisation")
    )


def remedy_list() -> str:
    """Every kind of remedy with what it means."""
    rows = [[f"`{name}`", (kind.__doc__ or "").partition("\n")[0]] for name, kind in remedy.KINDS.items()]
    return table(["remedy", "means"], rows)


def example_figures() -> str:
    """How much evidence the worked example holds, by kind of item and kind of source."""
    sources = {row["source"]: row["kind"] for row in _rows("sources.csv")}
    counts: dict[str, dict[str, int]] = {}
    for name in FILES[1:]:
        for row in _rows(name):
            by_kind = counts.setdefault(name.removesuffix(".csv"), {})
            by_kind[sources[row["source"]]] = by_kind.get(sources[row["source"]], 0) + 1
    kinds = sorted({kind for by_kind in counts.values() for kind in by_kind})
    rows = [
        [name, *(by_kind.get(kind, "") for kind in kinds), sum(by_kind.values())]
        for name, by_kind in counts.items()
    ]
    return table(["file", *(kind.replace("_", " ") for kind in kinds), "all"], rows)


def _rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def demo_output() -> str:
    """What `joint-review assess` prints for the worked example: the grid and the sentence."""
    from contextlib import redirect_stdout
    from io import StringIO

    from assessment.reasons.grid import make_grid
    from joint_review.cli.show import show_grid

    with tempfile.TemporaryDirectory() as folder:
        review, run = assess_example(Path(folder))
    text = StringIO()
    with redirect_stdout(text):
        show_grid(make_grid(review.framework, run.result.cell))
    return f"```text\n{text.getvalue().strip()}\n```"
