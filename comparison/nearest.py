"""Pairs of reviews whose evidence is alike but whose rating is not, and what separates them.

What is compared is what the rules saw of one domain or question:

- `criteria_apart`: how many criteria one review met and the other did not. Rules see nothing else of the
  evidence: two reviews that are nought apart got the same proposal. (Of reviews rated under different
  rulebooks, a criterion that only one of them has counts as well.)
- `gap`: how far apart the measures behind those criteria are, in units of the range that each measure has
  over all the reviews compared, summed. It says how narrowly two reviews fell on different sides.
- `distance`: the same over all measures that the rules of the domain or question test, as a mean: 0 to 1.
  Differences in units of the range are those of Gower, J. C. (1971), A general coefficient of similarity and
  some of its properties, Biometrics 27, 857-871. One thing is otherwise: Gower leaves out a measure that one
  of the two lacks, but having nothing to measure is something the rules see; so it counts 1 where one of
  them lacks it and 0 where both do.

Nearest are the pairs with the fewest criteria apart, then the smallest gap, then the smallest distance.
Cost grows with the square of the number of reviews times the number of criteria.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from programme.database import Database
from rules.framework import Framework
from rules.loader import PolicySet
from rules.propose import propose_level
from rules.words import listed, many, shown_number

CRITERIA = """
select c.run_id, c.target, c.part, c.key, m.key, c.met, m.value, c.margin, c.statement, c.needed, m.title,
  m.unit
from criterion c join measure m on m.id = c.measure_id
where c.run_id in (select value from json_each(?)) order by c.id
"""


Numbers = NDArray[np.float64]


class _Recorded(TypedDict):
    met: int
    value: float | None
    margin: float | None
    statement: str
    needed: str
    measure_title: str
    unit: str


@dataclass
class _Target:
    """What the rules saw of one domain or question in every run: runs down, criteria and measures across."""

    criteria: list[tuple[str, str, str]] = field(default_factory=list)
    """(part, criterion, measure)."""
    measures: list[str] = field(default_factory=list)
    said: dict[tuple[int, tuple[str, str, str]], _Recorded] = field(default_factory=dict)
    """What was recorded, by (position of the run, criterion)."""

    def met(self, count: int) -> NDArray[np.int8]:
        """1 met, 0 not met, -1 not among the rules of that run."""
        found = np.full((count, len(self.criteria)), -1, dtype=np.int8)
        place = {name: position for position, name in enumerate(self.criteria)}
        for (run, name), outcome in self.said.items():
            found[run, place[name]] = outcome["met"]
        return found

    def values(self, count: int) -> Numbers:
        """The measures' values; NaN where there was nothing to measure."""
        found = np.full((count, len(self.measures)), np.nan)
        place = {name: position for position, name in enumerate(self.measures)}
        for (run, (_, _, measure)), outcome in self.said.items():
            if outcome["value"] is not None:
                found[run, place[measure]] = outcome["value"]
        return found


def in_order(framework: Framework) -> list[str]:
    """The questions, each followed by its domains."""
    return [name for q in framework.questions for name in (q.id, *(domain.id for domain in q.domains))]


class Rated(TypedDict):
    """The rating of a domain or question in one run."""

    level: int | None
    level_id: str | None
    level_title: str | None
    status: str
    proposed: str | None


class About(TypedDict):
    """What every row about a domain or question begins with."""

    target: str
    title: str
    kind: str
    question: str


def about(framework: Framework, target: str) -> About:
    """The beginning of a row about a domain or question."""
    kind = "domain" if framework.is_domain(target) else "question"
    question = framework.question_of[target].id
    return {"target": target, "title": framework.title_of(target), "kind": kind, "question": question}


class ReviewCompared(TypedDict):
    """A review with its latest run."""

    review: str
    authority: str
    run: int
    made_on: str
    rulebook: str
    """Its digest."""
    current: bool
    """Whether that is the policy's."""
    cell: list[str | None] | None
    """Level ids of the questions; None without a position."""
    position: list[str | None] | None
    """The titles of these."""


class Separating(TypedDict):
    """A criterion that only one of two reviews met; None in a list: that one's rulebook has no such rule."""

    part: str
    criterion: str
    measure: str
    measure_title: str
    unit: str
    needed: list[str | None]
    values: list[float | None]
    met: list[bool | None]
    margins: list[float | None]
    statements: list[str | None]
    decides: bool | None
    """Whether this criterion alone, had the worse one met it (or not) as the better one, would have given it
    the better one's proposal; None where the two runs were not both made under the policy's rules."""


class Pair(TypedDict):
    """Two reviews with another rating, the worse first in lists of two."""

    reviews: list[str]
    authorities: list[str]
    ratings: list[Rated]
    same_rules: bool
    """Whether both were rated under the same rulebook."""
    decided: list[bool]
    """Whether each rating is a person's."""
    separated_by: list[Separating]
    """Those that decide first."""
    because: str
    """One sentence."""
    criteria_apart: int
    gap: float
    distance: float


class Unlike(About):
    """A domain or question where ratings differ, and its nearest pairs."""

    pairs_in_all: int
    """How many pairs got another rating."""
    pairs: list[Pair]


def nearest_unlike(
    db: Database,
    policy: PolicySet,
    reviews: Sequence[ReviewCompared],
    ratings: Mapping[str, Sequence[Rated]],
    most: int,
) -> list[Unlike]:
    """The nearest pairs of reviews with another rating, at most `most` per domain and question.

    `reviews` and, by domain and question, `ratings` in the same order are those of
    `comparison.compare.compare_reviews`. A row per domain or question where ratings differ.
    """
    targets = _targets(db, {review["run"]: position for position, review in enumerate(reviews)})
    found: list[Unlike] = []
    for name in in_order(policy.framework):
        target = targets.get(name, _Target())
        levels = np.array([rating["level"] or 0 for rating in ratings[name]])
        one, other = np.triu_indices(len(reviews), 1)
        unlike = (levels[one] != levels[other]) & (levels[one] > 0) & (levels[other] > 0)
        one, other = one[unlike], other[unlike]
        if not len(one):
            continue
        apart, gap, distance = distances(
            target.met(len(reviews)),
            target.values(len(reviews)),
            one,
            other,
            [target.measures.index(m) for _, _, m in target.criteria],
        )
        order = np.lexsort((other, one, distance, gap, apart))[:most]
        pairs = [
            _pair(
                policy,
                name,
                target,
                reviews,
                ratings[name],
                (int(one[at]), int(other[at])),
                (int(apart[at]), float(gap[at]), float(distance[at])),
            )
            for at in order
        ]
        found.append({**about(policy.framework, name), "pairs_in_all": len(one), "pairs": pairs})
    return found


def distances(
    met: NDArray[np.int8],
    values: Numbers,
    one: NDArray[np.intp],
    other: NDArray[np.intp],
    measure_of: Sequence[int],
) -> tuple[NDArray[np.int64], Numbers, Numbers]:
    """Criteria apart, gap and distance (see above) of pairs of reviews.

    `met` has a row per review and a column per criterion (1 met, 0 not, -1 no such rule), `values` a column
    per measure (NaN: nothing to measure), `measure_of` the measure of every criterion; `one` and `other` are
    the rows of each pair. Gap and distance are rounded to four decimals.
    """
    differs = met[one] != met[other]
    behind = np.zeros((met.shape[1], values.shape[1]), dtype=np.int64)
    behind[np.arange(met.shape[1]), list(measure_of)] = 1
    missing = np.isnan(values)
    highest = np.where(missing, -np.inf, values).max(axis=0, initial=-np.inf)
    lowest = np.where(missing, np.inf, values).min(axis=0, initial=np.inf)
    width = np.where(highest > lowest, highest - lowest, 1.0)
    filled = np.where(missing, 0.0, values)
    far = np.abs(filled[one] - filled[other]) / width
    far = np.where(missing[one] | missing[other], (missing[one] != missing[other]) * 1.0, far)
    separating = (differs @ behind) > 0
    gap: Numbers = np.round((far * separating).sum(axis=1), 4)
    distance: Numbers = np.round(far.sum(axis=1) / max(values.shape[1], 1), 4)
    return differs.sum(axis=1), gap, distance


def _pair(
    policy: PolicySet,
    name: str,
    target: _Target,
    reviews: Sequence[ReviewCompared],
    ratings: Sequence[Rated],
    pair: tuple[int, int],
    far: tuple[int, float, float],
) -> Pair:
    """Two reviews with another rating, and what separates them."""
    worse, better = sorted(pair, key=lambda at: (ratings[at]["level"] or 0, at))
    both = (worse, better)
    same_rules = reviews[worse]["rulebook"] == reviews[better]["rulebook"]
    decides = (
        _deciding(policy, name, target, ratings, both) if same_rules and reviews[worse]["current"] else None
    )
    separated: list[Separating] = []
    for criterion in target.criteria:
        said = [target.said.get((at, criterion)) for at in both]
        if [one and one["met"] for one in said] in ([0, 0], [1, 1]):
            continue
        if said == [None, None]:
            continue
        known = next(one for one in said if one)
        part, key, measure = criterion
        separated.append(
            {
                "part": part,
                "criterion": key,
                "measure": measure,
                "measure_title": known["measure_title"],
                "unit": known["unit"],
                "needed": [one and one["needed"] for one in said],
                "values": [one and one["value"] for one in said],
                "met": [None if one is None else bool(one["met"]) for one in said],
                "margins": [one and one["margin"] for one in said],
                "statements": [one and one["statement"] for one in said],
                "decides": decides(criterion) if decides else None,
            }
        )
    separated.sort(key=lambda one: (one["decides"] is False, one["part"], one["criterion"]))
    names = [reviews[at]["review"] for at in both]
    authorities = [reviews[at]["authority"] for at in both]
    called = names if authorities[0] == authorities[1] else authorities
    by_people = [ratings[at]["status"] == "decided" for at in both]
    return {
        "reviews": names,
        "authorities": authorities,
        "ratings": [ratings[at] for at in both],
        "same_rules": same_rules,
        "decided": by_people,
        "separated_by": separated,
        "because": _because(
            separated, called, [n for n, person in zip(called, by_people, strict=True) if person], same_rules
        ),
        "criteria_apart": far[0],
        "gap": far[1],
        "distance": far[2],
    }


def _deciding(
    policy: PolicySet,
    name: str,
    target: _Target,
    ratings: Sequence[Rated],
    both: tuple[int, int],
) -> Callable[[tuple[str, str, str]], bool]:
    """Whether a criterion alone lifts the worse review's proposal to the better one's."""
    rules = policy.rulebook.rules_of(policy.framework, name)
    scale = [level.id for level in policy.framework.scale_of(name)]
    met = [
        {(part, key) for (run, (part, key, _)), said in target.said.items() if run == at and said["met"]}
        for at in both
    ]
    wanted = ratings[both[1]]["proposed"]

    def alone(criterion: tuple[str, str, str]) -> bool:
        level = propose_level(rules, scale, met[0] ^ {criterion[:2]}).level
        return level is not None and wanted == scale[level - 1] != ratings[both[0]]["proposed"]

    return alone


def _because(
    separated: Sequence[Separating], names: Sequence[str], decided: Sequence[str], same_rules: bool
) -> str:
    told = [f"{listed(decided)}: decided by moderators"] if decided else []
    told += [_side_by_side(one, names) for one in separated[:2]]
    if len(separated) > 2:
        told.append(f"and {many(len(separated) - 2, 'other criterion', 'other criteria')}")
    if not separated:
        told.append("the same criteria were met in both")
    if not same_rules:
        told.append("the two were rated under different rules")
    return "; ".join(told)[:1].upper() + "; ".join(told)[1:] + "."


def _side_by_side(one: Separating, names: Sequence[str]) -> str:
    """One criterion, and whether each of the two met it (or a limit applied to it)."""
    is_limit = one["part"] == "limits"
    met, missed = (
        ("it applies to {}", "it does not apply to {}") if is_limit else ("{} met it", "{} did not meet it")
    )
    unit = " percentage points" if one["unit"] == "%" else f" {one['unit']}".rstrip()
    sides = []
    for name, is_met, value, margin in zip(names, one["met"], one["values"], one["margins"], strict=True):
        if is_met is not None and value is None:
            sides.append(f"{name} had no data for it")
            continue
        far = f"by {shown_number(abs(margin or 0))}{unit}" if margin else "exactly"
        said = (met if is_met else missed).format(name) + ("" if margin is None else f" ({far})")
        sides.append(f"{name} was rated without it" if is_met is None else said)
    needed = listed(dict.fromkeys(text for text in one["needed"] if text), "or")
    what = f"limit ({needed})" if is_limit else f"needed {needed}"
    return f"{one['measure_title']}, {what}: {', '.join(sides)}"


def _targets(db: Database, place: dict[int, int]) -> dict[str, _Target]:
    found: dict[str, _Target] = {}
    for run, target, *name, met, value, margin, statement, needed, title, unit in db.conn.execute(
        CRITERIA, [json.dumps(list(place))]
    ):
        one = found.setdefault(target, _Target())
        one.said[place[run], tuple(name)] = {
            "met": met,
            "value": value,
            "margin": margin,
            "statement": statement,
            "needed": needed,
            "measure_title": title,
            "unit": unit,
        }
    for one in found.values():
        # In an order of their own: that of the runs must not count.
        one.criteria = sorted({name for _, name in one.said})
        one.measures = sorted({measure for _, _, measure in one.criteria})
    return found
