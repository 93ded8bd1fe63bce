"""How often what rules proposed was overridden: by review, by rule and by reviewer; and like rated unlike.

Of every domain and question of every review the decision that stands is counted, once it took effect: an
accepted rating, or an override that another person approved, also where a later run made it lapse since. The
proposal is that of the run on which it was accepted or approved. A person's level where the rules proposed
none overrides nothing, and is counted apart as `given`; one that agrees with the proposal is counted as
accepted. Decisions on runs under an older version of the framework are left out. Everything is read in a few
statements; the cost grows with the tags of the domains decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from comparison.compare import compare_reviews
from comparison.nearest import in_order
from evidence.at_event import counted_at
from programme.database import Database, rows
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
# The people whose tags the run counted, behind every such decision on a domain.
REVIEWERS = f"""
with decided as ({DECIDED})
select distinct d.id, t.tagged_by as reviewer
from decided d join run r on r.id = d.run join review v on v.id = r.review_id
join domain m on m.framework_id = v.framework_id and m.key = d.target
join tag t on t.domain_id = m.id and {counted_at("t", "r.evidence_event")}
join evidence e on e.id = t.evidence_id and e.review_id = v.id and {counted_at("e", "r.evidence_event")}
order by t.tagged_by, d.id
"""
COUNTS = ("decided", "accepted", "higher", "lower", "given")


def count_overrides(
    db: Database, policy: PolicySet, *, only: Collection[str] | None = None
) -> dict[str, Any]:
    """How often proposals were overridden under the policy's framework, as plain data.

    `only` names the reviews that may be looked at (None: all). Raises RunImpossible where no review can be
    compared (see `comparison.compare`). Every row counts `decided`, `accepted`, `higher` and `lower` (than
    proposed), `given`, and `overridden`: higher and lower together.

    - `framework`: {id, title}; `all`: the counts over all reviews.
    - `reviews`: {review, authority, counts}; `targets`: {target, title, counts}, in order of the framework.
    - `overridden`: every override that is counted as one, by authority: {review, authority, target, title,
      proposed, proposed_title, level, level_title, by, approved_by, because, run}.
    - `rules`: {rule, target, title, part, criterion, counts, where} of every rule behind a decided proposal:
      those that fired for the level proposed, and limits that fired.
    - `reviewers`: {reviewer, counts, where} of everybody whose tags stood behind a domain that was decided.
      Rules and reviewers: the most often overridden first; `where`: what of `overridden` is meant, {review,
      authority, target, title}.
    - `decided_differently`: as in `compare_reviews`, the same proposal with another rating in the end.
    - `same_profile`: {target, title, pairs}: pairs of reviews whose evidence met the same criteria, and which
      are rated differently all the same; pairs as in `comparison.nearest`, at most ten of each target.
    """
    compared = compare_reviews(db, policy, only=only, nearest=PAIRS)
    framework = policy.framework
    decided = [row for row in rows(db, DECIDED, [framework.id]) if only is None or row["review"] in only]
    said = {row["id"]: _said(policy, row) for row in decided}
    reviews: dict[tuple[str, str], dict[str, int]] = {}
    targets: dict[str, dict[str, int]] = {target: _none() for target in in_order(framework)}
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
    rules: dict[tuple[str, str, str, str], dict[str, int]] = {}
    reviewers: dict[str, dict[str, int]] = {}
    behind: dict[Any, list[dict[str, Any]]] = {}
    for row in rows(db, RULES, [framework.id]):
        if row["id"] in said:
            name = (row["rule"], row["target"], row["part"], row["criterion"])
            _count(rules.setdefault(name, _none()), said[row["id"]])
            _place(behind.setdefault(name, []), overridden.get(row["id"]))
    for row in rows(db, REVIEWERS, [framework.id]):
        if row["id"] in said:
            _count(reviewers.setdefault(row["reviewer"], _none()), said[row["id"]])
            _place(behind.setdefault(row["reviewer"], []), overridden.get(row["id"]))
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
            {
                **dict(zip(("rule", "target", "part", "criterion"), name, strict=True)),
                "title": framework.title_of(name[1]),
                **_summed(counts),
                "where": behind[name],
            }
            for name, counts in sorted(rules.items())
        ),
        "reviewers": _most_first(
            {"reviewer": name, **_summed(counts), "where": behind[name]}
            for name, counts in sorted(reviewers.items())
        ),
        "decided_differently": compared["decided_differently"],
        "same_profile": [
            {"target": row["target"], "title": row["title"], "pairs": same}
            for row in compared["nearest"]
            if (same := [pair for pair in row["pairs"] if pair["criteria_apart"] == 0])
        ],
    }


def _said(policy: PolicySet, row: Mapping[str, Any]) -> str:
    """What a decision did to the proposal: accepted, higher, lower or given."""
    if row["kind"] == "accept" or row["level"] == row["proposed"]:
        return "accepted"
    if row["proposed"] is None:
        return "given"
    number = policy.framework.level_number
    return (
        "higher" if number(row["target"], row["level"]) > number(row["target"], row["proposed"]) else "lower"
    )


def _overridden(policy: PolicySet, row: Mapping[str, Any]) -> dict[str, Any]:
    framework = policy.framework
    titles = {level.id: in_language(level.title) for level in framework.scale_of(row["target"])}
    same = ("review", "authority", "target", "proposed", "level", "by", "approved_by", "because", "run")
    return {
        **{name: row[name] for name in same},
        "title": framework.title_of(row["target"]),
        "proposed_title": titles[row["proposed"]],
        "level_title": titles[row["level"]],
    }


def _place(places: list[dict[str, Any]], found: Mapping[str, Any] | None) -> None:
    if found:
        places.append({name: found[name] for name in ("review", "authority", "target", "title")})


def _none() -> dict[str, int]:
    return dict.fromkeys(COUNTS, 0)


def _count(counts: dict[str, int], said: str) -> None:
    counts["decided"] += 1
    counts[said] += 1


def _summed(counts: Mapping[str, int]) -> dict[str, int]:
    return {**counts, "overridden": counts["higher"] + counts["lower"]}


def _most_first(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The most often overridden first; of these, those of the largest share."""
    return sorted(found, key=lambda row: (-row["overridden"], row["decided"]))
