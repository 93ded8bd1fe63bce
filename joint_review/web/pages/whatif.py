"""The pages on what would change a rating, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from assessment.reasons.grid import CELL
from assessment.robustness.alternatives import Baseline, domains_under
from assessment.robustness.sentences import (
    LISTED,
    MOVED,
    describe_position,
    describe_smallest,
    flips,
    in_evidence,
    read_setting,
    resting,
)
from assessment.robustness.smallest import MeasureStep, SmallestChanges
from assessment.robustness.tornado import Tornado
from assessment.robustness.whatif import SOURCES, LeftOut, TriedChange, try_change
from assessment.runs.run import load_run
from evidence.rows import SOURCE_KINDS
from joint_review.web import wording
from joint_review.web.cache import TooLarge, Worked
from joint_review.web.page import NAME, REVIEW, Found, Page, Picture, Subject
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked, Change
from joint_review.web.run_view import Shown
from pictures.charts import tornado_plot
from programme.database import Database, rows
from programme.reviews import Review, find_review
from rules.compile import measures_tested
from rules.errors import ReviewError, RunImpossible, UnknownName
from rules.framework import in_language

WHATIF = REVIEW + "/whatif"
OF_TARGET = WHATIF + "/" + NAME.format("target")


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "whatif",
        pages=(
            Page(WHATIF, "whatif", whatif),
            Page(OF_TARGET, "whatif", whatif),
            Picture(OF_TARGET + r"/tornado\.svg", tornado_picture),
        ),
    )


def whatif(db: Database, asked: Asked) -> Found:
    """What would change a domain, a question or the 'cell'.

    `said` (one sentence), `smallest` and `leave_one_out` (as `joint-review whatif --json` gives them),
    `tornado` (None for the cell), `targets` to go on to, `choices` and `fields` (what the form offers and
    holds), `given` (what was asked for), `tried` (what it would do; None if nothing was asked), `wrong`
    (`refusal`) where it cannot be tried, and `problem` (`refusal`) where nothing can be said. `listed`:
    the rows of the page, cut to LISTED.
    """
    key, target = asked.names["review"], asked.names.get("target") or CELL
    change, run_id, language = asked.change, asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown, worked = Shown(db, found, run, language), Worked(db, found, run)
    names = [rating.target for rating in run.result.ratings]
    if target not in (*names, CELL):
        raise UnknownName("domain or question", target, [*names, CELL])
    page: dict[str, Any] = {
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
        "given": asdict(change),
        **dict.fromkeys(("said", "smallest", "leave_one_out", "tornado", "tried", "wrong", "problem")),
    }
    try:
        baseline = worked.baseline
    except (RunImpossible, TooLarge) as error:
        return {**page, "problem": refusal(error)}
    smallest, turns = worked.smallest(target), worked.turns()
    moved = worked.tornado(target, shown.language) if target != CELL else None
    choices = _choices(db, found, baseline, target)
    page |= {
        "said": describe_smallest(smallest),
        "smallest": smallest,
        "leave_one_out": turns,
        "tornado": asdict(moved) if moved else None,
        "choices": choices,
        "fields": _fields(change, choices),
        "listed": _listed(smallest, turns, moved, target),
    }
    if change.without or change.settings:
        try:
            settings = dict(
                read_setting(text, target, "Choose a measure and give it a value.")
                for text in change.settings
            )
            page["tried"] = try_change(db, baseline, change.without, settings)
        except ReviewError as error:
            page["wrong"] = refusal(error)
        else:
            page["tried_said"] = _tried_said(baseline, page["tried"])
    return page


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
    parts = [f"{one['given']} ({wording.plural(one['items'], 'item')})" for one in tried["left_out"]]
    words = [f"without {' and '.join(parts)}"] if parts else []
    for one in tried["set"]:
        measure = in_language(baseline.policy.rulebook.measure(one["measure"]).title)
        value = "nothing to measure" if one["value"] is None else f"{one['value']:,g}"
        words.append(f"with “{measure}” of {baseline.title(one['target'])} at {value}")
    changed = sum(one["changed"] and one["kind"] != CELL for one in tried["ratings"])
    count = wording.plural(changed, "rating") if changed else "no rating"
    said = f"{', '.join(words)}: {count} of run {baseline.run} would change;"
    said += f" the position on the grid {describe_position(tried)}."
    return said[:1].upper() + said[1:]


def _choices(db: Database, review: Review, baseline: Baseline, target: str) -> dict[str, Any]:
    """What the form offers: `groups` of things to leave out, and per domain the measures that can be set."""
    framework, book = baseline.policy.framework, baseline.policy.rulebook
    counted = baseline.counted
    sources = [
        (f"source:{row['ref']}", f"{row['ref']}: {row['title']}")
        for row in rows(db, SOURCES, [review.id])
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
    measures = [
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


def _fields(change: Change, choices: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields of the form: what was typed, and the first measure with its value."""
    offered = {name for _, options in choices["groups"] for name, _ in options}
    measure, _, value = (change.settings[0] if change.settings else "").partition("=")
    typed = ", ".join(name for name in change.without if name not in offered)
    return {"items": typed, "measure": measure.strip(), "value": value.strip()}


def _listed(smallest: SmallestChanges, turns: LeftOut, moved: Tornado | None, target: str) -> dict[str, Any]:
    """The rows of the page, cut to so many; `more...` counts the rest."""
    evidence = in_evidence(smallest)
    turning = list(flips(turns, target))
    return {
        "bars": list(_bars(moved)) if moved else [],
        "moves": list(_moves(smallest)),
        "evidence": evidence[: 2 * LISTED],
        "more_evidence": max(0, len(evidence) - 2 * LISTED),
        "not_said": smallest["not_said"],
        "tried_sets": [
            f"{count:,} {'items' if size == '1' else f'sets of {size}'}"
            for size, count in smallest["withdrawals"]["searched"].items()
            if count
        ],
        "skipped_sets": [size for size, n in smallest["withdrawals"]["searched"].items() if n is None],
        "withdrawals": list(_withdrawals(smallest)),
        "turns": turning[: 3 * LISTED],
        "more_turns": max(0, len(turning) - 3 * LISTED),
        "turning": len({flip["without"] for flip in turning}),
        "resting": resting(turns, target),
    }


def _bars(moved: Tornado) -> Iterable[dict[str, Any]]:
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


def _moves(smallest: SmallestChanges) -> Iterable[dict[str, Any]]:
    """Per move the first sets of measures; by way of a gap in the evidence only where there are no others."""
    for move, title in MOVED.items():
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
                    for one in plain[:LISTED]
                ],
                "more": max(0, len(plain) - LISTED),
                "gaps": len(mine) - len(plain),
            }


def _change(change: MeasureStep, target: str) -> dict[str, str]:
    unit = f" {change['unit']}" if change["unit"] else ""
    before = (
        "nothing to measure" if change["before"] is None else wording.number(change["before"], change["unit"])
    )
    return {
        "of": "" if change["target"] == target else change["title"],
        "measure": change["measure_title"],
        "before": before,
        "after": change["shown"] if change["after"] is None else change["shown"] + unit,
    }


def _withdrawals(smallest: SmallestChanges) -> Iterable[dict[str, Any]]:
    texts = smallest["withdrawals"]["items"]
    for group in smallest["withdrawals"]["groups"]:
        yield {
            "title": f"{MOVED[group['move']]}: {wording.plural(group['sets'], 'set')} of"
            f" {wording.plural(group['size'], 'item')}",
            "sets": [
                {
                    "items": [{"item": i, "text": texts.get(i, "")} for i in one["items"]],
                    "after": one["after"],
                }
                for one in group["shown"][:LISTED]
            ],
            "more": group["sets"] - min(len(group["shown"]), LISTED),
        }
