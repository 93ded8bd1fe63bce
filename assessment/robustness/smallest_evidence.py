"""The smallest changes of evidence that move a rating or the cell, as far as they can be said exactly.

Sets of one, two or three items withdrawn (every set is tried); and per domain the least number of other case
scores, further findings, or other answers to a survey question, each with everything else as it is. Where a
number would depend on more than that (which strand, which score), nothing is said and `not_said` says why.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

from assessment.robustness.alternatives import AT_ONCE, MOVES, Baseline, Mover, domains_under
from evidence.measures.pairs import Counted, weight_of, weights
from evidence.measures.scenarios import (
    deciding_results,
    latest_results,
    mean,
    measures_without,
    millionths,
    pairs_passing,
    percent,
    positive_millionths,
    sets_left_out,
    some_pairs,
)
from programme.database import Database, rows
from rules.compile import measures_tested
from rules.rulebook import Filter, Measure, Of, Statistic

MOST_SETS = 250_000
"""So many sets of items are tried at most; larger sets are left out where there are more."""
SHOWN = 50
"""How many sets are listed; all are counted."""
MOST_ADDED = 1_000
"""How many further findings are tried at most."""
MOST_ANSWERS = 5_000
"""How many other answers to one question are tried at most."""

Arrays = dict[str, NDArray[np.float64]]


class Least(TypedDict):
    """The least number of something in a domain that moves a target."""

    target: str
    title: str
    move: str
    number: int
    after: str


class OfScores(TypedDict):
    """More or fewer case-file scores that meet a standard."""

    change: str
    of: int
    met: int
    standard: int | float | None


class OfFindings(TypedDict):
    """Further findings."""

    direction: str
    significance: int


class OfAnswers(TypedDict):
    """More or fewer positive answers to a survey question."""

    change: str
    of: int
    item: str
    source: str
    question: str
    group: str


class OtherScores(Least, OfScores):
    """How many more or fewer scores would do."""


class FurtherFindings(Least, OfFindings):
    """How many further findings would do."""


class OtherAnswers(Least, OfAnswers):
    """How many more or fewer positive answers would do."""


class NotSaid(TypedDict):
    """What cannot be said of a domain, and why."""

    target: str
    title: str
    kind: str
    because: str


class SetShown(TypedDict):
    """A set of items that moves the target when it is withdrawn."""

    items: list[str]
    after: str


class SetsOfItems(TypedDict):
    """The sets of so many items that move the target one way."""

    move: str
    size: int
    sets: int
    shown: list[SetShown]
    """The first of them."""


class Withdrawals(TypedDict):
    """What the withdrawal of one, two or three items would move."""

    searched: dict[str, int | None]
    """Sets tried by size; None where there are too many."""
    groups: list[SetsOfItems]
    items: dict[str, str]
    """The texts of the items named."""


class EvidenceChanges(TypedDict):
    """The smallest changes of evidence that move a target."""

    withdrawals: Withdrawals
    scores: list[OtherScores]
    findings: list[FurtherFindings]
    answers: list[OtherAnswers]
    not_said: list[NotSaid]


Said = TypeVar("Said", OfScores, OfFindings, OfAnswers)


def evidence_changes(db: Database, baseline: Baseline, target: str) -> EvidenceChanges:
    """The smallest changes of evidence that move a target: per domain and move the least number."""
    mover = Mover(baseline, target)
    found: EvidenceChanges = {
        "withdrawals": _withdrawals(db, baseline, target, mover),
        "scores": [],
        "findings": [],
        "answers": [],
        "not_said": [],
    }
    for domain in domains_under(baseline, target):
        if domain in baseline.decided and domain != target:
            continue
        scores, because = _other_scores(baseline, domain, mover)
        findings, why = _further_findings(baseline, domain, mover)
        answers, silent = _other_answers(baseline, domain, mover)
        found["scores"] += scores
        found["findings"] += findings
        found["answers"] += answers
        title = baseline.title(domain)
        found["not_said"] += [
            {"target": domain, "title": title, "kind": kind, "because": text}
            for kind, text in (("scores", because), ("findings", why), ("answers", silent))
            if text
        ]
    return found


def _withdrawals(db: Database, baseline: Baseline, target: str, mover: Mover) -> Withdrawals:
    chosen = baseline.counted.domain.where(domains_under(baseline, target))
    items = np.unique(baseline.counted.item[chosen])
    moving: dict[tuple[int, int], list[tuple[tuple[int, ...], str]]] = {}
    smaller: dict[int, set[tuple[int, ...]]] = {}
    searched: dict[str, int | None] = {}
    for size in (1, 2, 3):
        sets = math.comb(len(items), size)
        searched[str(size)] = sets if sets <= MOST_SETS else None
        if sets > MOST_SETS:
            continue
        for some, move, after in _moved_by_sets(baseline, mover, items, size):
            known = smaller.setdefault(move, set())
            if not any(part in known for n in range(1, size) for part in itertools.combinations(some, n)):
                moving.setdefault((move, size), []).append((some, after))
        for (move, _), found in moving.items():
            smaller[move] |= {one for one, _ in found}
    groups, named = list[SetsOfItems](), set[int]()
    for (move, size), found in sorted(moving.items(), key=lambda one: (one[0][1], [*MOVES].index(one[0][0]))):
        sets_shown: list[SetShown] = [
            {"items": [f"E{item}" for item in some], "after": after} for some, after in found[:SHOWN]
        ]
        groups.append({"move": MOVES[move], "size": size, "sets": len(found), "shown": sets_shown})
        named |= {item for some, _ in found[:SHOWN] for item in some}
    return {"searched": searched, "groups": groups, "items": _texts(db, sorted(named))}


def _texts(db: Database, items: list[int]) -> dict[str, str]:
    marks = ", ".join("?" * len(items))
    found = rows(db, f"select id, text from evidence where id in ({marks}) order by id", items)
    return {f"E{row['id']}": row["text"] for row in found}


def _moved_by_sets(
    baseline: Baseline, mover: Mover, items: NDArray[np.int64], size: int
) -> Iterator[tuple[tuple[int, ...], int, str]]:
    """The sets of items of this size without which the target moves."""
    measures = baseline.policy.rulebook.evidence_measures
    under = domains_under(baseline, mover.target)
    # An item may serve other domains too; only those under the target bear on it.
    counted = some_pairs(baseline.counted, baseline.counted.domain.where(under))
    sets = itertools.combinations(items.tolist(), size)
    while some := list(itertools.islice(sets, AT_ONCE)):
        found = measures_without(counted, measures, sets_left_out(counted, np.array(some)))
        moves, rated = mover.moves({domain: found[domain] for domain in under}, len(some))
        for at in np.flatnonzero(moves):
            yield some[at], int(moves[at]), mover.words(rated, int(at))


def _tested(baseline: Baseline, domain: str, *kinds: Of) -> list[Measure]:
    book = baseline.policy.rulebook
    found = [book.measure(name) for name in measures_tested(baseline.policy.framework, book, domain)]
    return [measure for measure in found if measure.of in kinds]


@dataclass(frozen=True)
class _Series(Generic[Said]):
    """Alternatives of one domain's measures in the order of a number, e.g. 1, 2, 3 more findings."""

    number: NDArray[np.int64]
    measures: Arrays
    said: Said
    """What the alternatives are, for the reader."""


def _least(mover: Mover, domain: str, tried: Sequence[_Series[Said]]) -> list[tuple[Least, Said]]:
    """Per series and move the least number; all series are rated in one go."""
    baseline, found = mover.baseline, list[tuple[Least, Said]]()
    firsts = [_first_of_each_way(baseline, domain, one.measures, len(one.number)) for one in tried]
    ends = np.cumsum([len(first) for first in firsts], dtype=np.int64)
    if not len(ends) or not ends[-1]:
        return []
    measures: Arrays = {}
    for name in dict.fromkeys(name for one in tried for name in one.measures):
        old = baseline.measures[domain][name].value
        parts = [
            one.measures[name][first]
            if name in one.measures
            else np.full(len(first), np.nan if old is None else float(old))
            for one, first in zip(tried, firsts, strict=True)
        ]
        measures[name] = np.concatenate(parts)
    all_moves, rated = mover.moves({domain: measures}, int(ends[-1]))
    for one, first, end in zip(tried, firsts, ends, strict=True):
        start = int(end) - len(first)
        moves = all_moves[start : int(end)]
        for move, name in MOVES.items():
            at = np.flatnonzero(moves == move)
            if len(at):
                least: Least = {
                    "target": domain,
                    "title": baseline.title(domain),
                    "move": name,
                    "number": int(one.number[first[at[0]]]),
                    "after": mover.words(rated, start + int(at[0])),
                }
                found.append((least, one.said))
    return found


def _first_of_each_way(baseline: Baseline, domain: str, measures: Arrays, count: int) -> NDArray[np.int64]:
    """Where the criteria that are met change from one alternative to the next: between, no rating can."""
    rules = baseline.policy.rulebook.rules_of(baseline.policy.framework, domain)
    changes = np.zeros(count, dtype=bool)
    changes[:1] = True
    for _, criterion in rules.criteria():
        if criterion.measure in measures:
            met = baseline.evaluator.met(domain, criterion, measures[criterion.measure], count)
            changes[1:] |= met[1:] != met[:-1]
    return np.flatnonzero(changes)


def _other_scores(baseline: Baseline, domain: str, mover: Mover) -> tuple[list[OtherScores], str]:
    """How many more or fewer case scores would have to meet the standard; or why that cannot be said."""
    tested = [
        measure
        for measure in _tested(baseline, domain, Of.CASE_SCORES)
        if measure.statistic is Statistic.MEAN
        or measure.where.score_at_least is not None
        or measure.among.score_at_least is not None
    ]
    if not tested:
        return [], ""
    first = tested[0]
    if any(
        measure.statistic is Statistic.MEAN
        or measure.among.score_at_least is not None
        or (measure.where, measure.among) != (first.where, first.among)
        for measure in tested
    ):
        return (
            [],
            "several measures test the scores themselves, so it depends on each case file's score",
        )
    counted = some_pairs(baseline.counted, baseline.counted.domain.where([domain]))
    anyone = first.where.model_copy(update={"score_at_least": None})
    whole = pairs_passing(counted, Of.CASE_SCORES, first.among)
    cases = whole & pairs_passing(counted, Of.CASE_SCORES, anyone)
    met = int((whole & pairs_passing(counted, Of.CASE_SCORES, first.where)).sum())
    tried = []
    for word, most in (("more", int(cases.sum()) - met), ("fewer", met)):
        number = np.arange(1, most + 1)
        part = met + number if word == "more" else met - number
        values: Arrays = {}
        for measure in tested:
            share = percent(part, np.full(most, int(whole.sum())))
            values[measure.id] = share if measure.statistic is Statistic.SHARE else part.astype(float)
        standard = first.where.score_at_least
        said: OfScores = {"change": word, "of": int(cases.sum()), "met": met, "standard": standard}
        tried.append(_Series(number, values, said))
    return [{**least, **said} for least, said in _least(mover, domain, tried)], ""


def _further_findings(baseline: Baseline, domain: str, mover: Mover) -> tuple[list[FurtherFindings], str]:
    """How many further findings of each direction and significance, from a source that is there already.

    They count whole, as findings without an extent do.

    Or why that cannot be said.
    """
    tested = _tested(baseline, domain, Of.FINDINGS, Of.ITEMS)
    filters = [where for measure in tested for where in (measure.where, measure.among)]
    if not any(measure.of is Of.FINDINGS for measure in tested):
        return [], ""
    if any(where.strand is not None or where.source_kind is not None for where in filters):
        return [], "it depends on whom the findings are about, or on their kind of source"
    counted = some_pairs(baseline.counted, baseline.counted.domain.where([domain]))
    if not len(counted):
        return [], "the domain has no source yet for the findings to come from"
    number = np.arange(1, MOST_ADDED + 1)
    tried = []
    for direction, significance in itertools.product(("strength", "weakness"), (1, 2, 3)):
        values: Arrays = {}
        for measure in tested:
            added = _with_findings(counted, measure, direction, significance, number)
            if added is not None:
                values[measure.id] = added
        said: OfFindings = {"direction": direction, "significance": significance}
        tried.append(_Series(number, values, said))
    return [{**least, **said} for least, said in _least(mover, domain, tried)], ""


def _with_findings(
    counted: Counted, measure: Measure, direction: str, significance: int, number: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """A measure with `number` more of such findings; None where they make no difference."""

    def takes(where: Filter) -> bool:
        grave = where.significance_at_least is None or significance >= where.significance_at_least
        return grave and (where.direction is None or direction in where.direction)

    passing = pairs_passing(counted, measure.of, measure.where)
    if measure.statistic is Statistic.COUNT:
        return np.asarray(passing.sum() + number * takes(measure.where), dtype=float)
    if measure.statistic is not Statistic.SHARE:
        return None  # kinds of source and sources: the source is there already
    whole = pairs_passing(counted, measure.of, measure.among)
    weight, mine = weights(counted, measure), weight_of(measure, significance)
    in_whole = takes(measure.among)
    return percent(
        (weight * (passing & whole)).sum() + mine * number * (in_whole and takes(measure.where)),
        (weight * whole).sum() + mine * number * in_whole,
    )


def _other_answers(baseline: Baseline, domain: str, mover: Mover) -> tuple[list[OtherAnswers], str]:
    """How many people surveyed would have had to answer one question otherwise: per move the least.

    And why nothing is said of some results.
    """
    tested = [m for m in _tested(baseline, domain, Of.SURVEY_RESULTS) if m.statistic is Statistic.MEAN]
    counted = some_pairs(baseline.counted, baseline.counted.domain.where([domain]))
    latest = {measure.id: latest_results(counted, measure) for measure in tested}
    # A mean of results on too few answers has no value, whatever people answer.
    deciding = deciding_results(counted)
    latest = {name: mask for name, mask in latest.items() if np.any(mask & deciding)}
    amounts, lower = positive_millionths(counted), counted.better.where(["lower"])
    used = np.any([*latest.values()], axis=0) if latest else np.zeros(len(counted), dtype=bool)
    weighted = used & ~np.isnan(counted.design_effect)
    tried = []
    for pair in np.flatnonzero(used & ~weighted):
        base_of, value = float(counted.base[pair]), float(counted.value[pair])
        if not base_of.is_integer():
            continue  # how many answered was not published
        positive = 100 - value if lower[pair] else value
        for word, room, sign in (("more", 100 - positive, 1), ("fewer", positive, -1)):
            most = min(math.floor(room * base_of / 100 + 1e-9), MOST_ANSWERS)
            number = np.arange(1, most + 1)
            # The share as it would be recorded, and from it what the mean adds up.
            share = np.clip(positive + sign * 100 * number / base_of, 0, 100)
            amount = millionths(share)
            values: Arrays = {}
            for name, mask in latest.items():
                if mask[pair]:
                    total = amounts[mask].sum() - amounts[pair] + amount
                    values[name] = mean(total, np.full(most, mask.sum()))
            said: OfAnswers = {
                "change": word,
                "of": int(base_of),
                "item": f"E{counted.item[pair]}",
                "source": counted.source.names[counted.source.codes[pair]],
                "question": counted.result.names[counted.result.codes[pair]].split("\x1f")[0],
                "group": counted.result.names[counted.result.codes[pair]].split("\x1f")[1],
            }
            tried.append(_Series(number, values, said))
    best: dict[str, OtherAnswers] = {}
    for least, asked in _least(mover, domain, tried):
        if least["move"] not in best or least["number"] < best[least["move"]]["number"]:
            best[least["move"]] = {**least, **asked}
    found = [best[name] for name in MOVES.values() if name in best]
    because = "answers are weighted, so it depends on whose answers are different"
    return found, because if weighted.any() else ""
