"""How confident people are in a rating: suggested by figures, signed by a person, kept with the run.

The four parts and the four levels are GRADE-CERQual's (Lewin, S. et al. (2018), Implementation Science 13,
supplement 1, article 2; the parts in articles 3 to 6: methodological limitations, coherence, adequacy,
relevance). A part raises no, minor, moderate or serious concern; confidence starts high and falls with it.

CERQual publishes no cut-offs and asks for judgement. The figures below are illustrations of this project and
only suggest: a moderate concern takes confidence down one level, a serious one two. What counts is the level
that a person gives, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from assessment.actions import AssessmentAction
from assessment.decisions.schema import PARTS_OF_CONFIDENCE
from assessment.robustness.uncertainty import TargetChances, Uncertainty
from assessment.runs.run import Run
from evidence.at_event import COUNTED_PAIRS, OUTSIDE, counted_at
from evidence.rows import KINDS_OF_SOURCE
from programme.corrections import review_at
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_person, check_words
from programme.reviews import Review
from rules.errors import UnknownName
from rules.words import listed, many, percent

LEVELS = ("very low", "low", "moderate", "high")
CONCERNS = ("none", "minor", "moderate", "serious")
CONCERN_WORDS = ("no or very minor concern", "minor concern", "moderate concern", "serious concern")

SOME, MUCH = 0.25, 0.5
"""Share of the items from which a doubt is a moderate, or a serious, concern; below it is a minor one."""
DIVIDED = 0.4
"""Share of the findings that go against the rest from which they count as evenly divided."""
ENOUGH_OF_A_KIND = 3
"""Findings of one kind of source from which its direction counts."""
SURE, FAIRLY, BARELY = 0.95, 0.8, 0.6
"""Share of draws that agree with the rating from which adequacy is of no, minor or moderate concern."""
MANY_DOMAINS = 3
"""An item tagged to this many domains is not about one of them in particular."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the four parts for one domain, as the figures suggest."""

    concern: str
    """One of CONCERNS."""
    figures: str
    """The figures in plain words."""

    @property
    def steps(self) -> int:
        """How many levels of confidence the concern takes away."""
        return {"moderate": 1, "serious": 2}.get(self.concern, 0)


@dataclass(frozen=True)
class Suggestion:
    """What the figures suggest for one domain."""

    target: str
    level: str
    """One of LEVELS."""
    parts: Mapping[str, Part]
    """By name, in the order of PARTS_OF_CONFIDENCE."""


FIGURES = f"""
with counted as (
  select d.key as domain, d.position, s.kind as source_kind, s.id as source_id, s.status, e.*,
    {OUTSIDE} as outside,
    (select count(*) from tag u where u.evidence_id = e.id and {counted_at("u", ":event")}) as domains
  {COUNTED_PAIRS})
select domain, source_kind, count(*) as items, count(distinct source_id) as sources,
  sum(status = 'draft') as drafts, sum(kind = 'survey_result') as results,
  sum(kind = 'survey_result' and base is null) as without_base,
  total(direction = 'strength') as strengths, total(direction = 'weakness') as weaknesses,
  total(case when kind = 'survey_result' then
    case better when 'higher' then value when 'lower' then 100 - value end end) as positive,
  sum(kind = 'survey_result' and better <> 'neither') as rated_results,
  sum(domains >= :many) as elsewhere,
  total(outside) as outside
from counted group by domain, source_kind order by position, source_kind
"""
SUMMED = (
    *("items", "sources", "drafts", "results", "without_base", "strengths", "weaknesses", "positive"),
    *("rated_results", "elsewhere", "outside"),
)


def suggest_confidence(
    db: Database, review: Review, run: Run, uncertainty: Uncertainty
) -> dict[str, Suggestion]:
    """What the figures suggest for every domain of a run."""
    event = one(db, "select evidence_event from run where id = ?", [run.id])
    then = review_at(db, review, event)
    window = {"window_from": then.window_from, "window_to": then.window_to}
    found = rows(db, FIGURES, {"review": review.id, "event": event, "many": MANY_DOMAINS, **window})
    has_window = any(window.values())
    result = {}
    for chances in (target for target in uncertainty.targets if target.kind == "domain"):
        kinds = [row for row in found if row["domain"] == chances.target]
        total = {name: sum(row[name] for row in kinds) for name in SUMMED}
        parts = {
            "methods": _methods(total, len(kinds)),
            "coherence": _coherence(total, kinds),
            "adequacy": _adequacy(chances, total),
            "relevance": _relevance(total, has_window),
        }
        level = LEVELS[max(0, len(LEVELS) - 1 - sum(part.steps for part in parts.values()))]
        result[chances.target] = Suggestion(chances.target, level, parts)
    return result


def _grade(share: float) -> int:
    """The concern about a doubt that so large a share of the items gives."""
    return 0 if share == 0 else 1 if share < SOME else 2 if share < MUCH else 3


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _methods(total: Mapping[str, Any], kinds: int) -> Part:
    if not total["items"]:
        return Part(concern="serious", figures="there is no evidence")
    drafts = _share(total["drafts"], total["items"])
    bare = _share(total["without_base"], total["results"])
    one_kind = 2 if kinds == 1 else 0
    # How many answered is not published: a doubt, but not about what was asked; at most moderate.
    concern = max(_grade(drafts), min(_grade(bare), 2), one_kind)
    figures = f"{many(kinds, 'kind')} of source; {percent(drafts)} of the items from drafts"
    if total["results"]:
        results = many(int(total["results"]), "survey result")
        figures += f"; {total['without_base']} of {results} without a base"
    return Part(concern=CONCERNS[concern], figures=figures)


def _coherence(total: Mapping[str, Any], kinds: list[dict[str, Any]]) -> Part:
    strengths, weaknesses = int(total["strengths"]), int(total["weaknesses"])
    if not strengths + weaknesses:
        return Part(
            concern="moderate",
            figures="no strengths or weaknesses were found, so there is nothing to compare",
        )
    good = strengths > weaknesses
    against = _share(min(strengths, weaknesses), strengths + weaknesses)
    other_way = [
        KINDS_OF_SOURCE[row["source_kind"]]
        for row in kinds
        if row["strengths"] + row["weaknesses"] >= ENOUGH_OF_A_KIND
        and row["strengths"] != row["weaknesses"]
        and (row["strengths"] > row["weaknesses"]) != good
    ]
    figures = f"{many(strengths, 'strength')} and {many(weaknesses, 'weakness', 'weaknesses')}"
    doubts = int(against >= DIVIDED) + int(bool(other_way))
    if other_way:
        figures += f"; the opposite in findings from {listed(other_way)}"
    if total["rated_results"]:
        positive = total["positive"] / total["rated_results"] / 100
        if (positive > 0.5) != good:
            doubts += 1
            figures += f"; but survey results are {percent(positive)} positive on average"
    return Part(concern=CONCERNS[doubts], figures=figures)


def _adequacy(chances: TargetChances, total: Mapping[str, Any]) -> Part:
    items, sources = total["items"], total["sources"]
    figures = f"{many(items, 'item')} from {many(sources, 'source')}"
    if chances.level_id is None:
        return Part(concern="serious", figures=f"{figures}: not rated")
    sure = (chances.rules_alone or chances.levels)[_position(chances)].probability
    concern = 0 if sure >= SURE else 1 if sure >= FAIRLY else 2 if sure >= BARELY else 3
    if sources < 2:
        concern = max(concern, 2)
    by = ", by the rules only," if chances.rules_alone else ""
    return Part(
        concern=CONCERNS[concern],
        figures=f"{figures}; {percent(sure)} of resamplings{by} give {chances.level_title}",
    )


def _position(chances: TargetChances) -> int:
    return next(n for n, chance in enumerate(chances.levels) if chance.level_id == chances.level_id)


def _relevance(total: Mapping[str, Any], has_window: bool) -> Part:
    if not total["items"]:
        return Part(concern="serious", figures="there is no evidence")
    outside = _share(total["outside"], total["items"])
    elsewhere = _share(total["elsewhere"], total["items"])
    figures = f"{percent(outside)} of the items outside the evidence window"
    if not has_window:
        figures = "the review has no evidence window"
    figures += f"; {percent(elsewhere)} tagged to {MANY_DOMAINS} domains or more"
    return Part(concern=CONCERNS[max(_grade(outside), int(elsewhere >= MUCH))], figures=figures)


class StatementSigned(TypedDict):
    """A person's statement of confidence in a domain's rating, beside what the figures suggested."""

    id: int
    run_id: int
    target: str
    level: str
    suggested_level: str
    methods_concern: str
    methods_figures: str
    methods_words: str
    coherence_concern: str
    coherence_figures: str
    coherence_words: str
    adequacy_concern: str
    adequacy_figures: str
    adequacy_words: str
    relevance_concern: str
    relevance_figures: str
    relevance_words: str
    draws: int
    seed: int
    because: str
    by: str
    added_event: int


class Statement(StatementSigned):
    """The same with the time at which it was signed."""

    at: str


def words_of(statement: Statement) -> dict[str, str]:
    """What a person says on each of the four parts."""
    return {
        "methods": statement["methods_words"],
        "coherence": statement["coherence_words"],
        "adequacy": statement["adequacy_words"],
        "relevance": statement["relevance_words"],
    }


def state_confidence(
    db: Database,
    review: Review,
    run: Run,
    domain: str,
    level: str,
    uncertainty: Uncertainty,
    *,
    because: str,
    by: str,
    at: datetime,
    words: Mapping[str, str] | None = None,
) -> StatementSigned:
    """Record a person's statement of confidence in a domain's rating, beside what the figures suggest.

    `words` may say something on each of the four parts. Statements are never changed; the latest counts.
    Raises UnknownName for a domain, level or part there is not, WordsMissing without a reason or a name.
    """
    suggested = suggest_confidence(db, review, run, uncertainty)
    words = words or {}
    for kind, given, allowed in (
        ("domain", domain, tuple(suggested)),
        ("level of confidence", level, LEVELS),
        *(("part of confidence", part, tuple(PARTS_OF_CONFIDENCE)) for part in words),
    ):
        if given not in allowed:
            raise UnknownName(kind, given, allowed)
    what = "a statement of confidence"
    by, because = check_person(by, what), check_words(because, what)
    mine, said = suggested[domain], {name: text.strip() for name, text in words.items()}
    figures = {"draws": uncertainty.draws, "seed": uncertainty.seed}
    with transaction(db):
        act = Act(AssessmentAction.STATE_CONFIDENCE, by, at, review.id, target=domain, because=because)
        event = add_event(
            db,
            act,
            detail={"run": run.id, "level": level, "suggested": mine.level, **figures},
            before=one(db, STATED, [run.id, domain]),
            after=level,
        )
        number = insert(
            db,
            "confidence",
            {
                "run_id": run.id,
                "target": domain,
                "level": level,
                "suggested_level": mine.level,
                **{f"{name}_concern": part.concern for name, part in mine.parts.items()},
                **{f"{name}_figures": part.figures for name, part in mine.parts.items()},
                **{f"{name}_words": said.get(name, "") for name in mine.parts},
                **figures,
                "because": because,
                "by": by,
                "added_event": event,
            },
        )
    return rows_as(StatementSigned, db, "select * from confidence where id = ?", [number])[0]


STATED = "select level from confidence where run_id = ? and target = ? order by id desc limit 1"
STATEMENTS = """
select c.*, e.at from confidence c join event e on e.id = c.added_event where c.run_id = ? order by c.id
"""


def statements_of(db: Database, run: Run) -> list[Statement]:
    """All statements of confidence about a run, the latest of a domain last."""
    return rows_as(Statement, db, STATEMENTS, [run.id])
