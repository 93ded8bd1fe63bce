"""What is drawn together, found in the evidence: case files, findings, respondents, published results.

The methods and their sources stand in `evidence.measures.resample`, which says what is drawn how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.at_event import added_by, counted_at, source_at
from evidence.measures.draws import WORDS, Extents, Pool, Published, make_pool
from evidence.measures.pairs import Codes, Numbers, load_counted, passing_filter, weights
from evidence.scales import NEGATIVE_TO, POSITIVE_FROM
from evidence.weights import MILLION
from programme.database import Database
from programme.reviews import Review
from rules.ratings import FEWEST_ANSWERS
from rules.rulebook import Measure, Of, Statistic

UNKNOWN_BASE = FEWEST_ANSWERS
"""Answers that a published share without a base counts as."""

Key = tuple[str, str]
"""A domain and a measure."""
OfPool = tuple[str, Pool, tuple[Key, ...]]
"""Kind ('case_files' or 'findings'), pool, and what every column of it is."""


@dataclass(frozen=True)
class SampleSizes:
    """What is drawn for one domain."""

    case_files: int = 0
    """Case files with scores."""
    case_scores: int = 0
    respondents: int = 0
    """People whose answers are stored, in survey groups with a result here."""
    results_of_answers: int = 0
    """Survey results made from stored answers."""
    results_published: int = 0
    """Survey results published with their base."""
    results_without_base: int = 0
    """Survey results published without it."""
    smallest_base: int | None = None
    """The smallest base of a survey result (the effective one of weighted answers); None without one."""
    findings: int = 0
    """Findings of any direction."""
    interviews: int = 0
    """Interviews and group meetings with findings."""
    findings_of_interviews: int = 0


class Pools:
    """What is drawn together, found in the evidence that counted at an event."""

    def __init__(self, db: Database, review: Review, measures: Sequence[Measure], event: int) -> None:
        self.counted, self.measures = load_counted(db, review, event), measures
        self.kinds = {
            name: self.counted.kind.where([name]) for name in ("finding", "case_score", "survey_result")
        }
        parameters = {"review": review.id, "event": event}
        self.group_of = {item: (source, group) for item, source, group in db.conn.execute(GROUPS, parameters)}
        self.answered = dict(db.conn.execute(ANSWERED_RESULTS, parameters).fetchall())
        found = db.conn.execute(ANSWERS, parameters) if self.answered else ()
        self.answers = [row for row in found if row[0] in self.answered]

    def case_files(self) -> Iterator[OfPool]:
        """One pool for the whole review: a case file bears on all the domains it has scores for."""
        at = np.flatnonzero(self.kinds["case_score"])
        _, files = np.unique(self.counted.source.codes[at], return_inverse=True)
        if len(at):
            yield from self._pool("case_files", ("case files",), Of.CASE_SCORES, at, files)

    def findings(self) -> Iterator[OfPool]:
        """A pool for every domain, with every finding a unit of its own."""
        for code, domain in enumerate(self.counted.domain.names):
            at = np.flatnonzero(self.kinds["finding"] & (self.counted.domain.codes == code))
            if len(at):
                yield from self._pool("findings", ("findings", domain), Of.FINDINGS, at, np.arange(len(at)))

    def _pool(self, kind: str, names: Sequence[str], of: Of, at: Codes, unit: Codes) -> Iterator[OfPool]:
        """The pool of the pairs `at`, each belonging to a unit, with a column per domain and measure."""
        counted, part, whole, keys, factors, widely = self.counted, [], [], [], [], []
        for measure in (m for m in self.measures if m.of is of and not m.is_count):
            if measure.statistic is Statistic.SHARE:
                weight = counted.significance[at] if measure.weighted else np.ones(len(at))
                in_whole = passing_filter(counted, measure.among)[at]
                found = in_whole & (weights(counted, measure)[at] > 0)
                upper, factor = weight * passing_filter(counted, measure.where)[at], 100.0
            else:
                weight, in_whole = np.ones(len(at)), passing_filter(counted, measure.where)[at]
                found = in_whole
                upper, factor = np.round(counted.value[at] * 1e6), 1e-6
            for code in np.unique(counted.domain.codes[at[found]]):
                of_domain = in_whole & (counted.domain.codes[at] == code)
                part.append(np.bincount(unit, upper * of_domain))
                whole.append(np.bincount(unit, weight * of_domain))
                keys.append((counted.domain.names[code], measure.id))
                factors.append(factor)
                widely.append(measure.counts_by_extent)
        if keys:
            extents = self._extents(at) if of is Of.FINDINGS else None
            pool = make_pool(names, np.stack(part, 1), np.stack(whole, 1), factors, extents, widely)
            yield kind, pool, tuple(keys)

    def _extents(self, at: Codes) -> Extents | None:
        """The extents of the findings in the pairs `at`, each a unit of its own; None where none has one."""
        counted = self.counted
        found, of = (
            np.nan_to_num(one[at], nan=-1).astype(np.int64)
            for one in (counted.extent_found, counted.extent_of)
        )
        code = np.array([*(WORDS.index(name) for name in counted.extent_word.names), -1])
        word = code[counted.extent_word.codes[at]]
        return Extents(found, of, word) if np.any((of > 0) | (word >= 0)) else None

    def survey_means(self) -> tuple[Numbers, tuple[Key, ...], list[int], Numbers]:
        """Which results make which means: latest period of every question, group and strand.

        Returns what each result makes of each mean, the means, the results, and for each mean the most
        answers to one of its results (infinite where a number is unknown).
        """
        counted, mean_of, made_of, most = self.counted, [], [], []
        answers = np.where(np.isnan(counted.answers), np.inf, counted.answers)
        for measure in self.measures:
            if measure.of is not Of.SURVEY_RESULTS or measure.is_count:
                continue
            rated = ~counted.better.where(["neither"]) & passing_filter(counted, measure.where)
            at = np.flatnonzero(self.kinds["survey_result"] & rated)
            for code in np.unique(counted.domain.codes[at]):
                mine = at[counted.domain.codes[at] == code]
                latest = np.full(len(counted.result.names), -1)
                np.maximum.at(latest, counted.result.codes[mine], counted.period.codes[mine])
                mine = mine[counted.period.codes[mine] == latest[counted.result.codes[mine]]]
                mean_of.append((counted.domain.names[code], measure.id))
                made_of.append(counted.item[mine])
                most.append(answers[mine].max())
        items = sorted({int(item) for column in made_of for item in column})
        means = np.zeros((len(items), len(mean_of)))
        for number, column in enumerate(made_of):
            means[np.searchsorted(items, column), number] = 1
        return means, tuple(mean_of), items, np.array(most)

    def people(self, position: Mapping[int, int]) -> Iterator[tuple[Pool, tuple[int, ...]]]:
        """The respondents of every survey group as a pool, and which result every column is.

        Whoever has a weight counts as much in every draw.
        """
        groups: dict[str, list[tuple[int, str, int, int]]] = {}
        for item, person, answered, positive in self.answers:
            if item in position:
                groups.setdefault(self.answered[item], []).append((item, person, answered, positive))
        for found in groups.values():
            items, column = np.unique([row[0] for row in found], return_inverse=True)
            people, unit = np.unique([row[1] for row in found], return_inverse=True)
            part, whole = np.zeros((2, len(people), len(items)))
            whole[unit, column] = [row[2] for row in found]
            part[unit, column] = [row[3] for row in found]
            names = ("respondents", *self.group_of[int(items[0])])
            yield make_pool(names, part, whole, [100.0] * len(items)), tuple(position[int(i)] for i in items)

    def published(self, position: Mapping[int, int]) -> Iterator[Published]:
        """The published results by survey and group."""
        counted = self.counted
        _, first = np.unique(counted.item, return_index=True)
        groups: dict[tuple[str, ...], list[tuple[int, float, float]]] = {}
        for at in first:
            item = int(counted.item[at])
            if item in position and item not in self.answered:
                lower = counted.better.names[counted.better.codes[at]] == "lower"
                share = min(max(counted.value[at] / 100, 0.0), 1.0)
                base = UNKNOWN_BASE if np.isnan(counted.base[at]) else counted.base[at]
                groups.setdefault(self.group_of[item], []).append(
                    (position[item], float(1 - share if lower else share), float(base))
                )
        for group, found in groups.items():
            yield Published(("published", *group), *zip(*found, strict=True))

    def sizes(self, code: int) -> SampleSizes:
        """How much there is of every kind, for the domain with this code."""
        counted = self.counted
        here = counted.domain.codes == code
        scores, results = here & self.kinds["case_score"], here & self.kinds["survey_result"]
        findings = here & self.kinds["finding"]
        talked = findings & counted.source_kind.where(["interview", "group_meeting"])
        ids = {int(item) for item in counted.item[results]}
        own = {self.answered[item] for item in ids & set(self.answered)}
        known = [float(b) for b in counted.base[results] if not np.isnan(b)]
        return SampleSizes(
            case_files=len(np.unique(counted.source.codes[scores])),
            case_scores=int(scores.sum()),
            respondents=len({row[1] for row in self.answers if self.answered[row[0]] in own}),
            results_of_answers=len(ids & set(self.answered)),
            results_published=len(known) - len(ids & set(self.answered)),
            results_without_base=int(results.sum()) - len(known),
            smallest_base=round(min(known)) if known else None,
            findings=int(findings.sum()),
            interviews=len(np.unique(counted.source.codes[talked])),
            findings_of_interviews=int(talked.sum()),
        )


ANSWERED = f"""
from evidence e join source s on s.id = e.source_id
join survey_response r on r.source_id = e.source_id and r.question = e.text and r.group_name = e.group_name
left join reversed_question q on q.source_id = r.source_id and q.question = r.question
  and {counted_at("q", ":event")}
left join respondent_weight w on w.source_id = r.source_id and w.respondent = r.respondent
  and w.group_name in ('', r.group_name)
  and {counted_at("w", ":event")}
where e.review_id = :review and e.kind = 'survey_result' and {added_by("r", ":event")}
  and {counted_at("e", ":event")}
  and e.locator = 'question ' || r.question || ', group ' || r.group_name
"""
# Weights in whole millionths, so that they are summed exactly.
WEIGHT = f"coalesce(cast(round(w.weight * {MILLION}) as integer), 1)"
GOOD = f"case when q.id is null then r.answer >= {POSITIVE_FROM} else r.answer <= {NEGATIVE_TO} end"
# The item and how it counts every answer; the same respondent's answers to other questions stand beside.
ANSWERS = f"""
select e.id, e.source_id || char(31) || e.group_name || char(31) || r.respondent,
  {WEIGHT} * (r.answer is not null), {WEIGHT} * coalesce({GOOD}, 0)
{ANSWERED} order by 1, 2
"""
# Results that still say what the stored answers say; any other is drawn like a published one.
ANSWERED_RESULTS = f"""
select e.id, e.source_id || char(31) || e.group_name as people
{ANSWERED} group by e.id
having count(r.answer) = e.answers and (count(w.id) > 0) = (e.design_effect is not null)
  and abs(100.0 * sum({WEIGHT} * ({GOOD})) / sum({WEIGHT} * (r.answer is not null))
    - e.value) < 1e-6
"""
GROUPS = f"""
select e.id, s.ref, e.group_name from evidence e join {source_at(":event")} s on s.id = e.source_id
where e.review_id = :review and e.kind = 'survey_result'
"""
