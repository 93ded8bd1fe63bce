"""Why this rating and not the next one up, from a recorded run with its frozen framework and rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assessment.reasons.margins import tell_outcome
from assessment.reasons.not_proposed import POLICY_WORDS, failing_words, lost_levels
from assessment.reasons.rule import explain_cell_rules
from assessment.runs.run import Run
from rules.errors import UnknownName
from rules.framework import Framework, in_language
from rules.rulebook import Policy

Decisions = Mapping[str, Mapping[str, Any]]
"""Who decided and why, by domain or question: see assessment.runs.recorded.decisions_in."""


def explain(run: Run, target: str | None = None, decisions: Decisions | None = None) -> list[dict[str, Any]]:
    """The explanation of one target of a run ('cell' for the grid position), or of all of them.

    Each explanation holds

        target, kind, title, status, level, level_title
        because              one sentence
        proposed, proposed_title   what the rules propose, after limits
        before_limits        {number, level, title}: what the policy alone gives; None where nothing
        policy, policy_words       how criteria add up to a level; None where that is left to people
        met, missed          criteria of the level before limits and of those below (secure-fit misses none)
        next, next_level     criteria of the level above it, met or not, and its title
        limits               with whether each `binds`
        sufficiency          whether there is enough evidence
        lost                 the levels the rules did not give, and why: see assessment.reasons.not_proposed
        decision             {level, title, overrides, proposed, by, because, at} of a person, or None

    and the cell besides `questions`, `neighbours` and `rules` (see `explain_cell`). A criterion is told as in
    assessment.reasons.margins: measure, value, base, interval, thresholds, margin, and by how much in words.
    Raises UnknownName.
    """
    decisions = decisions or {}
    if target == "cell":
        return [explain_cell(run, decisions)]
    if target is None:
        found = [_explain_rating(run, rating, decisions) for rating in run.result["ratings"]]
        return [*found, explain_cell(run, decisions)]
    names = [*(rating["target"] for rating in run.result["ratings"]), "cell"]
    if target not in names:
        raise UnknownName("domain or question", target, names)
    return [_explain_rating(run, run.rating(target), decisions)]


def explain_cell(run: Run, decisions: Decisions) -> dict[str, Any]:
    """Why the authority stands where it does on the grid, and what the neighbouring cells would need.

    Holds what every explanation holds, and `questions`: {target, title, status, level, level_title, because};
    `neighbours`: the cells one step away, each {levels, title, rule, question, question_title, way ('up' or
    'down'), level, level_title, because, criteria (those to be met, or that would have to be lost)};
    `rules`: the rules of the cells (see assessment.reasons.rule).
    """
    framework = run.policy.framework
    parts = [_explain_rating(run, run.rating(q.id), decisions) for q in framework.questions]
    said = "; ".join(f"{part['title']} {part['level_title'] or 'not rated'}" for part in parts)
    same = ("target", "title", "status", "level", "level_title", "because")
    return {
        "target": "cell",
        "kind": "cell",
        "title": "Position on the grid",
        "status": "placed" if run.result["cell"] else "open",
        "level": run.result["cell"],
        "level_title": " / ".join(part["level_title"] or "not rated" for part in parts),
        "because": said + ".",
        **dict.fromkeys(("proposed", "proposed_title", "before_limits", "policy", "policy_words")),
        **{name: [] for name in ("met", "missed", "next", "limits", "sufficiency", "lost")},
        "next_level": None,
        "decision": None,
        "questions": [{name: part[name] for name in same} for part in parts],
        "neighbours": list(_neighbours(framework, run, parts)),
        "rules": explain_cell_rules(run),
    }


def _explain_rating(run: Run, rating: Mapping[str, Any], decisions: Decisions) -> dict[str, Any]:
    framework, target = run.policy.framework, rating["target"]
    scale = framework.scale_of(target)
    rules = run.policy.rulebook.rules_of(framework, target)
    names = [level.id for level in scale]
    outcomes = [tell_outcome(run.policy, target, outcome) for outcome in rating["outcomes"]]
    level = rating["before_limits"] or 0
    above = scale[level] if level and level < len(scale) else None
    reached = [o for o in outcomes if o["part"] in names[:level]]
    from_criteria = rules.propose != "people"
    return {
        "target": target,
        "kind": rating["kind"],
        "title": rating["title"],
        "status": rating["status"],
        "level": rating["level_id"],
        "level_title": rating["level_title"],
        "because": rating["because"],
        "proposed": rating["proposed_id"],
        "proposed_title": _title(framework, target, rating["proposed"]),
        "before_limits": (
            {"number": level, "level": names[level - 1], "title": _title(framework, target, level)}
            if level
            else None
        ),
        "policy": rules.policy.value if from_criteria else None,
        "policy_words": POLICY_WORDS[rules.policy] if from_criteria else None,
        "met": [o for o in reached if o["met"]],
        "missed": [o for o in reached if not o["met"]],
        "next": [o for o in outcomes if above and o["part"] == above.id],
        "next_level": in_language(above.title) if above else None,
        "limits": [
            {**o, "binds": o["criterion"] in rating["limits"]} for o in outcomes if o["part"] == "limits"
        ],
        "sufficiency": [o for o in outcomes if o["part"] == "sufficiency"],
        "lost": lost_levels(run.policy, rating, outcomes),
        "decision": _decision(framework, rating, decisions.get(target, {})),
    }


def _title(framework: Framework, target: str, number: int | None) -> str | None:
    return in_language(framework.level(target, number).title) if number else None


def _decision(
    framework: Framework, rating: Mapping[str, Any], said: Mapping[str, Any]
) -> dict[str, Any] | None:
    if rating["status"] != "decided":
        return None
    return {
        "level": rating["level_id"],
        "title": rating["level_title"],
        "overrides": rating["level"] != rating["proposed"],
        "proposed": _title(framework, rating["target"], rating["proposed"]),
        **{name: said.get(name) for name in ("by", "because", "at")},
    }


def _neighbours(
    framework: Framework, run: Run, parts: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The cells one level of one question away; none while a question has no rating."""
    levels = [run.rating(question.id)["level"] for question in framework.questions]
    if None in levels:
        return
    for position, (question, part) in enumerate(zip(framework.questions, parts, strict=True)):
        for way, step in (("up", 1), ("down", -1)):
            number = levels[position] + step
            if not 1 <= number <= len(question.scale):
                continue
            there = [*levels[:position], number, *levels[position + 1 :]]
            cell = [framework.level(q.id, n) for q, n in zip(framework.questions, there, strict=True)]
            said, criteria = _needed(part, question.scale[number - 1].id, way)
            yield {
                "levels": [level.id for level in cell],
                "title": " / ".join(in_language(level.title) for level in cell),
                "rule": "cell." + ".".join(level.id for level in cell),
                "question": question.id,
                "question_title": in_language(question.title),
                "way": way,
                "level": question.scale[number - 1].id,
                "level_title": in_language(question.scale[number - 1].title),
                "because": said,
                "criteria": criteria,
            }


def _needed(part: Mapping[str, Any], level: str, way: str) -> tuple[str, list[Mapping[str, Any]]]:
    """What a question would need to stand at the level next to its own, and the criteria concerned."""
    decision = part["decision"]
    if decision:
        if level == part["proposed"]:
            return "The rules propose it; a person decided otherwise.", []
        return "It would take another decision, as a person decided this rating.", []
    if way == "up":
        lost = next(one for one in part["lost"] if one["level"] == level)
        return f"Not met: {lost['because']}", lost["failed"]
    return _to_fall(part)


def _to_fall(part: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """What would have to be lost for a question to fall a level."""
    own = [o for o in part["met"] if o["part"] == part["level"] and o["value"] is not None]
    nearest = sorted(own, key=lambda o: (_relative(o), o["criterion"]))
    if not nearest:
        return "No criterion of the level it stands at was measured.", []
    said = failing_words(nearest[:1])
    if part["policy"] == Policy.SECURE_FIT:
        if len(nearest) == 1:
            return f"This criterion would have to be missed: {said}.", nearest
        return f"One of {len(nearest)} criteria would have to be missed; the nearest: {said}.", nearest
    if part["policy"] == Policy.FIRST_MATCH:
        return f"A criterion would have to be missed, and those of the level below met: {said}.", nearest
    return f"Fewer of its criteria would have to be met than now; the nearest: {said}.", nearest


def _relative(outcome: Mapping[str, Any]) -> float:
    """How near a criterion is to its threshold, whatever its unit."""
    if outcome["margin"] is None:
        return 0.0
    threshold: float = outcome["thresholds"][0]
    return float(abs(outcome["margin"])) / max(abs(threshold), 1)
