"""The pages on what would change a rating, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from assessment.reasons.grid import CELL
from assessment.robustness import sentences
from assessment.robustness.alternatives import Baseline, domains_under
from assessment.robustness.smallest import MeasureStep, SmallestChanges
from assessment.robustness.smallest_evidence import NotSaid
from assessment.robustness.tornado import Tornado
from assessment.robustness.whatif import Given, LeftOut, Resting, TriedChange, sources_then, try_change
from assessment.runs.run import load_run
from evidence.rows import SOURCE_KINDS
from joint_review.web import wording
from joint_review.web.cache import TooLarge, Worked
from joint_review.web.page import NAME, REVIEW, Declared, Page, Picture
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked, Change
from joint_review.web.run_view import Head, RunShown, Shown
from pictures.charts import tornado_plot
from programme.database import Database
from programme.reviews import Review, find_review
from rules.compile import measures_tested
from rules.errors import ReviewError, RunImpossible, UnknownName
from rules.framework import in_language

WHATIF = REVIEW + "/whatif"
OF_TARGET = WHATIF + "/" + NAME.format("target")


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(WHATIF, "whatif", whatif),
        Page(OF_TARGET, "whatif", whatif),
        Picture(OF_TARGET + r"/tornado\.svg", tornado_picture),
    )


class TargetNamed(TypedDict):
    """A rating to go on to."""

    target: str
    title: str
    kind: str


class MeasuresOfDomain(TypedDict):
    """The measures of a domain that can be set."""

    title: str
    measures: list[tuple[str, str]]
    """Name and title of each."""


class Choices(TypedDict):
    """What the form offers."""

    groups: list[tuple[str, list[tuple[str, str]]]]
    """Things to leave out: the title of a group, and name and title of each."""
    measures: list[MeasuresOfDomain]


class Fields(TypedDict):
    """What stands in the fields of the form: what was typed, and the first measure with its value."""

    items: str
    measure: str
    value: str


class BarShown(TypedDict):
    """What one measure moves."""

    name: str
    title: str
    shown: str
    interval: str
    reaches: list[str]
    within: list[str]
    moves: bool


class ChangeShown(TypedDict):
    """A measure at another value, in words."""

    of: str
    measure: str
    before: str
    after: str


class SetShown(TypedDict):
    """Changes of measures that together move the rating."""

    after: str
    changes: list[ChangeShown]


class MoveShown(TypedDict):
    """The first sets of measures of one move."""

    title: str
    sets: list[SetShown]
    more: int
    gaps: int
    """How many are left out, by way of a gap in the evidence."""


class ItemText(TypedDict):
    """An item."""

    item: str
    text: str


class ItemsShown(TypedDict):
    """Items that together move the rating when they are withdrawn."""

    items: list[ItemText]
    after: str


class WithdrawalsShown(TypedDict):
    """The first sets of items of one move and size."""

    title: str
    sets: list[ItemsShown]
    more: int


class WhatifListed(TypedDict):
    """The rows of the page, cut to so many; `more...` counts the rest."""

    bars: list[BarShown]
    moves: list[MoveShown]
    evidence: list[dict[str, str]]
    """See `sentences.in_evidence`."""
    more_evidence: int
    not_said: list[NotSaid]
    tried_sets: list[str]
    skipped_sets: list[str]
    withdrawals: list[WithdrawalsShown]
    turns: list[sentences.Turn]
    more_turns: int
    turning: int
    resting: list[Resting]


class WhatifPage(Head):
    """What would change a domain, a question or the cell."""

    run: RunShown | None
    target: str
    title: str
    kind: str
    targets: list[TargetNamed]
    given: Change
    """What was asked for."""
    said: str | None
    """One sentence."""
    smallest: SmallestChanges | None
    """As `joint-review whatif --json` gives it, like `leave_one_out`."""
    leave_one_out: LeftOut | None
    tornado: Tornado | None
    """None for the cell."""
    tried: TriedChange | None
    """What it would do; None if nothing was asked."""
    wrong: Refusal | None
    """Where it cannot be tried."""
    problem: Refusal | None
    """Where nothing can be said."""


class WhatifWorked(WhatifPage):
    """The same where something can be said."""

    choices: Choices
    fields: Fields
    listed: WhatifListed


class WhatifTried(WhatifWorked):
    """The same where something was tried."""

    tried_said: str


def whatif(db: Database, asked: Asked) -> WhatifPage | WhatifWorked | WhatifTried:
    """What would change a domain, a question or the 'cell'."""
    key, target = asked.names["review"], asked.names.get("target") or CELL
    change, run_id, language = asked.change, asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown, worked = Shown(db, found, run, language), Worked(db, found, run)
    names = [rating.target for rating in run.result.ratings]
    if target not in (*names, CELL):
        raise UnknownName("domain or question", target, [*names, CELL])
    page: WhatifPage = {
        **shown.head(),
        "run": shown.facts(),
        "target": target,
        "title": "Position on the grid"
        if target == CELL
        else shown.framework.title_of(target, shown.language),
        "kind": CELL if target == CELL else shown.rating(target)["kind"],
        "targets": [
            {
                "target": name,
                "title": shown.framework.title_of(name, shown.language),
                "kind": run.rating(name).kind,
            }
            for name in names
        ],
        "given": change,
        "said": None,
        "smallest": None,
        "leave_one_out": None,
        "tornado": None,
        "tried": None,
        "wrong": None,
        "problem": None,
    }
    try:
        baseline = worked.baseline
    except (RunImpossible, TooLarge) as error:
        return {**page, "problem": refusal(error)}
    smallest, turns = worked.smallest(target), worked.turns()
    moved = worked.tornado(target, shown.language) if target != CELL else None
    choices = _choices(db, found, baseline, target)
    found_all: WhatifWorked = {
        **page,
        "said": sentences.describe_smallest(smallest),
        "smallest": smallest,
        "leave_one_out": turns,
        "tornado": moved,
        "choices": choices,
        "fields": _fields(change, choices),
        "listed": _listed(smallest, turns, moved, target),
    }
    if not (change.without or change.settings):
        return found_all
    try:
        settings = dict(
            sentences.read_setting(text, target, "Choose a measure and give it a value.")
            for text in change.settings
        )
        tried = try_change(db, baseline, change.without, settings)
    except ReviewError as error:
        return {**found_all, "wrong": refusal(error)}
    return {**found_all, "tried": tried, "tried_said": _tried_said(baseline, tried)}


def tornado_picture(db: Database, asked: Asked) -> str:
    """The picture of a page: what moves a domain or question, as SVG."""
    key, target = asked.names["review"], asked.names["target"]
    run_id, language = asked.run, asked.language
    width = asked.width
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    run.rating(target)
    worked, language = Worked(db, found, run), Shown(db, found, run, language).language
    moved = worked.tornado(target, language)
    return worked.once(("tornado", target, language, width), lambda: tornado_plot(moved, width))


def _tried_said(baseline: Baseline, tried: TriedChange) -> str:
    parts = [f"{_left_out(one)} ({wording.plural(one['items'], 'item')})" for one in tried["left_out"]]
    words = [f"without {' and '.join(parts)}"] if parts else []
    for one in tried["set"]:
        measure = in_language(baseline.policy.rulebook.measure(one["measure"]).title)
        value = "no data" if one["value"] is None else f"{one['value']:,g}"
        words.append(f"with “{measure}” of {baseline.title(one['target'])} at {value}")
    changed = sum(one["changed"] and one["kind"] != CELL for one in tried["ratings"])
    count = wording.plural(changed, "rating") if changed else "no rating"
    said = f"{', '.join(words)}: {count} of run {baseline.run} would change;"
    said += f" the position on the grid {sentences.describe_position(tried)}."
    return said[:1].upper() + said[1:]


def _left_out(one: Given) -> str:
    """What was left out, in words."""
    name = one["given"].removeprefix(f"{one['kind']}:")
    if one["kind"] == "kind":
        return f"all {wording.SOURCE_KINDS[name].lower()}"
    if one["kind"] == "strand":
        return f"everything about {name.replace('-', ' ')}"
    return f"source {name}" if one["kind"] == "source" else name


def _choices(db: Database, review: Review, baseline: Baseline, target: str) -> Choices:
    """What the form offers: `groups` of things to leave out, and per domain the measures that can be set."""
    framework, book = baseline.policy.framework, baseline.policy.rulebook
    counted = baseline.counted
    sources = [
        (f"source:{row['ref']}", f"{row['ref']}: {row['title']}")
        for row in sources_then(db, baseline)
        if row["ref"] in counted.source.names
    ]
    kinds = [
        (f"kind:{kind}", wording.SOURCE_KINDS[kind])
        for kind in SOURCE_KINDS
        if kind in counted.source_kind.names
    ]
    strands = [
        (f"strand:{strand.id}", in_language(strand.title))
        for strand in framework.strands
        if strand.id in counted.strand.names
    ]
    domains = domains_under(baseline, target)
    measures: list[MeasuresOfDomain] = [
        {
            "title": baseline.title(domain),
            "measures": [
                (
                    f"{domain}.{name}",
                    # A closed list shows the choice without its heading.
                    (f"{baseline.title(domain)}: " if len(domains) > 1 else "")
                    + in_language(book.measure(name).title),
                )
                for name in measures_tested(framework, book, domain)
            ],
        }
        for domain in domains
        if book.rules_of(framework, domain).propose != "people"
    ]
    groups = [("Sources", sources), ("Kinds of source", kinds), ("Groups of people", strands)]
    return {"groups": [one for one in groups if one[1]], "measures": measures}


def _fields(change: Change, choices: Choices) -> Fields:
    """What stands in the fields of the form: what was typed, and the first measure with its value."""
    offered = {name for _, options in choices["groups"] for name, _ in options}
    measure, _, value = (change.settings[0] if change.settings else "").partition("=")
    typed = ", ".join(name for name in change.without if name not in offered)
    return {"items": typed, "measure": measure.strip(), "value": value.strip()}


def _listed(smallest: SmallestChanges, turns: LeftOut, moved: Tornado | None, target: str) -> WhatifListed:
    """The rows of the page, cut to so many; `more...` counts the rest."""
    evidence = sentences.in_evidence(smallest)
    turning = list(sentences.flips(turns, target))
    return {
        "bars": list(_bars(moved)) if moved else [],
        "moves": list(_moves(smallest)),
        "evidence": evidence[: 2 * sentences.LISTED],
        "more_evidence": max(0, len(evidence) - 2 * sentences.LISTED),
        "not_said": smallest["not_said"],
        "tried_sets": [
            wording.plural(count, "item")
            if size == "1"
            else wording.plural(count, f"set of {size}", f"sets of {size}")
            for size, count in smallest["withdrawals"]["searched"].items()
            if count
        ],
        "skipped_sets": [size for size, n in smallest["withdrawals"]["searched"].items() if n is None],
        "withdrawals": list(_withdrawals(smallest)),
        "turns": turning[: 3 * sentences.LISTED],
        "more_turns": max(0, len(turning) - 3 * sentences.LISTED),
        "turning": len({flip["without"] for flip in turning}),
        "resting": sentences.resting(turns, target),
    }


def _bars(moved: Tornado) -> Iterable[BarShown]:
    titles = ("No rating", *moved.levels)
    for bar in moved.bars:
        yield {
            "name": bar.name,
            "title": bar.title,
            "shown": bar.shown,
            "interval": wording.interval(bar.low, bar.high, bar.unit),
            "reaches": [titles[level] for level in bar.reaches],
            "within": [titles[level] for level in bar.within],
            "moves": bar.moves,
        }


def _moves(smallest: SmallestChanges) -> Iterable[MoveShown]:
    """Per move the first sets of measures; by way of a gap in the evidence only where there are no others."""
    for move, title in sentences.MOVED.items():
        mine = [one for one in smallest["measures"] if one["move"] == move]
        plain = [one for one in mine if not one["gaps"]] or mine
        if mine:
            yield {
                "title": title,
                "sets": [
                    {
                        "after": one["after"],
                        "changes": [_change(change, smallest["target"]) for change in one["changes"]],
                    }
                    for one in plain[: sentences.LISTED]
                ],
                "more": max(0, len(plain) - sentences.LISTED),
                "gaps": len(mine) - len(plain),
            }


def _change(change: MeasureStep, target: str) -> ChangeShown:
    unit = f" {change['unit']}" if change["unit"] else ""
    before = "no data" if change["before"] is None else wording.number(change["before"], change["unit"])
    return {
        "of": "" if change["target"] == target else change["title"],
        "measure": change["measure_title"],
        "before": before,
        "after": change["shown"] if change["after"] is None else change["shown"] + unit,
    }


def _withdrawals(smallest: SmallestChanges) -> Iterable[WithdrawalsShown]:
    texts = smallest["withdrawals"]["items"]
    for group in smallest["withdrawals"]["groups"]:
        yield {
            "title": f"{sentences.MOVED[group['move']]}: {wording.plural(group['sets'], 'set')} of"
            f" {wording.plural(group['size'], 'item')}",
            "sets": [
                {
                    "items": [{"item": i, "text": texts.get(i, "")} for i in one["items"]],
                    "after": one["after"],
                }
                for one in group["shown"][: sentences.LISTED]
            ],
            "more": group["sets"] - min(len(group["shown"]), sentences.LISTED),
        }
