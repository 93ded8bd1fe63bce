"""How often what rules proposed was overridden: by review, by rule and by reviewer; and like rated unlike.

Of every domain and question of every review the decision that stands is counted, once it took effect: an
accepted rating, or an override that another person approved, also where a later run made it lapse since. The
proposal is that of the run on which it was accepted or approved. A person's level where the rules proposed
none overrides nothing, and is counted apart as `given`; one that agrees with the proposal is counted as
accepted. Decisions on runs under an older version of the framework are left out. Everything is read in a few
statements; the cost grows with the tags of the domains decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, TypedDict, TypeVar

from comparison.compare import DecidedDifferently, FrameworkNamed, compare_reviews
from comparison.nearest import Pair, in_order
from evidence.at_event import counted_at
from programme.database import Database, rows_as
from rules.framework import in_language
from rules.loader import PolicySet

PAIRS = 10
"""How many pairs with the same evidence profile are given for each domain and question."""

# Every decision that took effect, with the proposal of its run.
DECIDED = """
select s.id, v.key as review, v.authority, s.target, s.kind, s.level_key as level, x.proposed,
  x.run_id as run, s.by, s.approved_by, s.because
from decision_state s join review v on v.id = s.review_id join framework f on f.id = v.framework_id
join run r on r.id = case s.kind when 'accept' then s.run_id else s.approved_run_id end
  and r.framework_digest = f.digest
join rating x on x.run_id = r.id and x.target = s.target
where f.key = ? and s.state <> 'override awaiting approval' order by v.authority, v.key, x.position
"""
# The rules that fired for the level proposed, and the limits that fired, behind every such decision.
RULES = f"""
with decided as ({DECIDED})
select d.id, f.rule, c.target, c.part, c.key as criterion
from decided d
join criterion c on c.run_id = d.run and c.target = d.target and c.part in (d.proposed, 'limits')
join firing f on f.run_id = d.run and f.criterion_id = c.id
order by f.rule, d.id
"""
# The people whose tags the run counted, behind every such decision on a domain; one person in several
# spellings is one.
REVIEWERS = f"""
with decided as ({DECIDED})
select d.id, person(t.tagged_by) as person, min(t.tagged_by) as reviewer
from decided d join run r on r.id = d.run join review v on v.id = r.review_id
join domain m on m.framework_id = v.framework_id and m.key = d.target
join tag t on t.domain_id = m.id and {counted_at("t", "r.evidence_event")}
join evidence e on e.id = t.evidence_id and e.review_id = v.id and {counted_at("e", "r.evidence_event")}
group by d.id, person(t.tagged_by) order by min(t.tagged_by), d.id
"""
Said = Literal["accepted", "higher", "lower", "given"]
"""What a decision did to the proposal."""


class Counts(TypedDict):
    """How many ratings were decided, and how."""

    decided: int
    accepted: int
    higher: int
    """Than proposed."""
    lower: int
    given: int


class CountsInAll(Counts):
    """The same with the sum of those overridden."""

    overridden: int
    """Higher and lower together."""


class OfReview(CountsInAll):
    """What became of the proposals of one review."""

    review: str
    authority: str


class OfTarget(CountsInAll):
    """What became of what was proposed to a domain or question."""

    target: str
    title: str


class Place(TypedDict):
    """Which rating is meant."""

    review: str
    authority: str
    target: str
    title: str


class OverrideCounted(Place):
    """An override that is counted as one."""

    proposed: str
    proposed_title: str
    level: str
    level_title: str
    by: str
    approved_by: str | None
    because: str
    run: int


class OfRule(CountsInAll):
    """What became of the proposals that a rule stood behind."""

    rule: str
    target: str
    part: str
    criterion: str
    title: str
    where: list[Place]


class OfReviewer(CountsInAll):
    """What became of the proposals that a reviewer's tags stood behind."""

    reviewer: str
    where: list[Place]


class SameProfile(TypedDict):
    """Pairs of reviews whose evidence met the same criteria, and which are rated differently all the same."""

    target: str
    title: str
    pairs: list[Pair]


class OverridesCounted(TypedDict):
    """How often proposals were overridden under a framework."""

    framework: FrameworkNamed
    all: CountsInAll
    reviews: list[OfReview]
    targets: list[OfTarget]
    """In order of the framework."""
    overridden: list[OverrideCounted]
    """By authority."""
    rules: list[OfRule]
    """Every rule behind a decided proposal: those that fired for the level proposed, and limits that fired.
    The most often overridden first."""
    reviewers: list[OfReviewer]
    """Everybody whose tags stood behind a domain that was decided, the most often overridden first."""
    decided_differently: list[DecidedDifferently]
    """The same proposal with another rating in the end."""
    same_profile: list[SameProfile]
    """At most ten pairs of each domain or question."""


class _Decided(TypedDict):
    id: int
    review: str
    authority: str
    target: str
    kind: str
    level: str | None
    proposed: str | None
    run: int
    by: str
    approved_by: str | None
    because: str


class _RuleRow(TypedDict):
    id: int
    rule: str
    target: str
    part: str
    criterion: str


class _ReviewerRow(TypedDict):
    id: int
    person: str
    reviewer: str


def count_overrides(
    db: Database, policy: PolicySet, *, only: Collection[str] | None = None
) -> OverridesCounted:
    """How often proposals were overridden under the policy's framework, as plain data.

    `only` names the reviews that may be looked at (None: all). Raises RunImpossible where no review can be
    compared (see `comparison.compare`).
    """
    compared = compare_reviews(db, policy, only=only, nearest=PAIRS)
    framework = policy.framework
    decided = [
        row for row in rows_as(_Decided, db, DECIDED, [framework.id]) if only is None or row["review"] in only
    ]
    said = {row["id"]: _said(policy, row) for row in decided}
    reviews: dict[tuple[str, str], Counts] = {}
    targets: dict[str, Counts] = {target: _none() for target in in_order(framework)}
    everything = _none()
    for row in decided:
        for counts in (
            reviews.setdefault((row["review"], row["authority"]), _none()),
            targets[row["target"]],
            everything,
        ):
            _count(counts, said[row["id"]])
    overridden = {
        row["id"]: _overridden(policy, row) for row in decided if said[row["id"]] in ("higher", "lower")
    }
    rules: dict[tuple[str, str, str, str], Counts] = {}
    reviewers: dict[str, Counts] = {}
    behind: dict[tuple[str, str, str, str] | str, list[Place]] = {}
    for fired in rows_as(_RuleRow, db, RULES, [framework.id]):
        if fired["id"] in said:
            name = (fired["rule"], fired["target"], fired["part"], fired["criterion"])
            _count(rules.setdefault(name, _none()), said[fired["id"]])
            _place(behind.setdefault(name, []), overridden.get(fired["id"]))
    names: dict[str, str] = {}
    for tagged in rows_as(_ReviewerRow, db, REVIEWERS, [framework.id]):
        if tagged["id"] in said:
            who = names.setdefault(tagged["person"], tagged["reviewer"])
            _count(reviewers.setdefault(who, _none()), said[tagged["id"]])
            _place(behind.setdefault(who, []), overridden.get(tagged["id"]))
    return {
        "framework": {"id": framework.id, "title": in_language(framework.title)},
        "all": _summed(everything),
        "reviews": [
            {"review": review, "authority": authority, **_summed(counts)}
            for (review, authority), counts in reviews.items()
        ],
        "targets": [
            {"target": target, "title": framework.title_of(target), **_summed(counts)}
            for target, counts in targets.items()
        ],
        "overridden": list(overridden.values()),
        "rules": _most_first(
            OfRule(
                rule=name[0],
                target=name[1],
                part=name[2],
                criterion=name[3],
                title=framework.title_of(name[1]),
                **_summed(counts),
                where=behind[name],
            )
            for name, counts in sorted(rules.items())
        ),
        "reviewers": _most_first(
            OfReviewer(reviewer=who, **_summed(counts), where=behind[who])
            for who, counts in sorted(reviewers.items())
        ),
        "decided_differently": compared["decided_differently"],
        "same_profile": [
            {"target": row["target"], "title": row["title"], "pairs": same}
            for row in compared["nearest"]
            if (same := [pair for pair in row["pairs"] if pair["criteria_apart"] == 0])
        ],
    }


def _said(policy: PolicySet, row: _Decided) -> Said:
    if row["kind"] == "accept" or row["level"] == row["proposed"]:
        return "accepted"
    if row["proposed"] is None:
        return "given"
    number, level = policy.framework.level_number, row["level"] or ""
    return "higher" if number(row["target"], level) > number(row["target"], row["proposed"]) else "lower"


def _overridden(policy: PolicySet, row: _Decided) -> OverrideCounted:
    framework, proposed, level = policy.framework, row["proposed"] or "", row["level"] or ""
    titles = {level.id: in_language(level.title) for level in framework.scale_of(row["target"])}
    return {
        "review": row["review"],
        "authority": row["authority"],
        "target": row["target"],
        "proposed": proposed,
        "level": level,
        "by": row["by"],
        "approved_by": row["approved_by"],
        "because": row["because"],
        "run": row["run"],
        "title": framework.title_of(row["target"]),
        "proposed_title": titles[proposed],
        "level_title": titles[level],
    }


def _place(places: list[Place], found: OverrideCounted | None) -> None:
    if found:
        places.append(
            {
                "review": found["review"],
                "authority": found["authority"],
                "target": found["target"],
                "title": found["title"],
            }
        )


def _none() -> Counts:
    return {"decided": 0, "accepted": 0, "higher": 0, "lower": 0, "given": 0}


def _count(counts: Counts, said: Said) -> None:
    counts["decided"] += 1
    counts[said] += 1


def _summed(counts: Counts) -> CountsInAll:
    return {**counts, "overridden": counts["higher"] + counts["lower"]}


Row = TypeVar("Row", OfRule, OfReviewer)


def _most_first(found: Iterable[Row]) -> list[Row]:
    """The most often overridden first; of these, those of the largest share."""
    return sorted(found, key=lambda row: (-row["overridden"], row["decided"]))
