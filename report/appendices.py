"""The appendices of a report, made from the tables and never typed: sources, survey results, case files.

They are of the evidence that a run counted. What is on fewer answers or files than the practice prints is
left out or joined with its neighbour, so that nobody can be told from a table (`programme.disclosure`).
(The Welsh of the set phrases should be read by a Welsh speaker.)
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from assessment.runs.run import Run
from comparison.indicators import shown
from comparison.surveys import Comparison, Other, SurveyResult, compare_surveys
from evidence.at_event import counted_at, source_at
from programme.calendar import day_words
from programme.database import Database, rows
from programme.disclosure import Span, Sum, merge_small, plan_suppression
from programme.reviews import Review
from report.listed import listed_names
from report.model import LANGUAGES, AnyBlock, Bar, Column, Figure, Table, Words
from report.naming import Names
from report.practice import Disclosure, followed_practice
from rules.errors import EvidenceInvalid, UnknownName
from rules.framework import Framework
from rules.words import percent, percentage

NamesIn = Callable[[str], Iterable[str]]
"""Finds the names of people in a text."""
ALL = ""
"""The total of all groups of people, beside their names."""
PART = 0.75
"""The share of the best score from which a case file is counted as good: 3 of 4."""
NAMED = 3
"""Columns of survey results that are always there: question, who answered, share."""
MOST_BARS = 10
"""Results in one chart."""

KINDS: Mapping[str, Words] = {
    "case_file": Words(en="Case file", cy="Ffeil achos"),
    "interview": Words(en="Interview", cy="Cyfweliad"),
    "group_meeting": Words(en="Group meeting", cy="Cyfarfod grŵp"),
    "survey": Words(en="Survey", cy="Arolwg"),
    "indicator_return": Words(en="Indicator return", cy="Ffurflen dangosyddion"),
    "document": Words(en="Document", cy="Dogfen"),
    "observation": Words(en="Observation", cy="Arsylwi"),
}
STATUS: Mapping[str, Words] = {
    "draft": Words(en="Draft", cy="Drafft"),
    "authorised": Words(en="Authorised", cy="Awdurdodwyd"),
}

SOURCES = f"""
select s.ref, s.title, s.kind, coalesce(s.dated, '') as dated, s.status
from {source_at(":event")} s where s.review_id = :review and s.added_event <= :event
"""
COUNTED = f"""
select e.id from evidence e
where e.review_id = :review and e.kind = 'survey_result' and {counted_at("e", ":event")}
"""
SCORES = f"""
select e.strand, e.text as standard, e.scale_max as best, e.value as score, e.source_id
from evidence e
where e.review_id = :review and e.kind = 'case_score' and e.value is not null and {counted_at("e", ":event")}
order by e.strand, e.text, e.scale_max, e.id
"""


def no_names(_: str) -> Iterable[str]:
    """No name in any text."""
    return ()


OURS = Disclosure(fewest_answers=10, fewest_files=5, place="Ours, where a framework has no practice")
"""What is printed where no practice says how much."""


def made_appendices(db: Database, review: Review, run: Run) -> Mapping[str, Sequence[AnyBlock]]:
    """What a report shows of its tables: appendices by letter, and a chart of survey results by domain.

    What is too little to be printed is in the review's practice; names of people are those of its list.
    """
    try:
        rules = followed_practice(db, review).practice.disclosure
    except UnknownName:
        rules = OURS
    tables = appendices(db, review, run, rules, Names(listed_names(db, review)).found_in)
    charts = survey_figures(db, review, run, rules)
    return tables | {domain: (chart,) for domain, chart in charts.items()}


def appendices(
    db: Database, review: Review, run: Run, rules: Disclosure, names: NamesIn = no_names
) -> dict[str, tuple[AnyBlock, ...]]:
    """The tables of appendices A, B and C by their letter, of the evidence that a run counted.

    `names` finds the names of people in the title of a source: they are left out of it.
    """
    framework = run.policy.framework
    return {
        "A": (sources_table(db, review, run, names),),
        "B": (survey_table(db, review, run, rules),),
        "C": tuple(case_file_tables(db, review, run, framework, rules)),
    }


# A: sources of evidence


def sources_table(db: Database, review: Review, run: Run, names: NamesIn = no_names) -> Table:
    """Every source by its index number: title, kind, date, draft or authorised."""
    found = sorted(rows(db, SOURCES, _of(review, run)), key=lambda row: natural(row["ref"]))
    return Table(
        id="appendix-a-sources",
        caption=Words(en="Sources, by index number", cy="Ffynonellau, yn ôl rhif mynegai"),
        columns=(
            Column(title=Words(en="Index", cy="Mynegai"), width=10),
            Column(title=Words(en="Title", cy="Teitl"), width=35),
            Column(title=Words(en="Kind", cy="Math"), width=17),
            Column(title=Words(en="Date", cy="Dyddiad"), width=22),
            Column(title=Words(en="Status", cy="Statws"), width=16),
        ),
        rows=tuple(
            (
                Words.same(row["ref"]),
                _without_names(row["title"], names),
                KINDS.get(row["kind"], Words.same(row["kind"])),
                Words(en=day_words(row["dated"]), cy=day_words(row["dated"], "cy")),
                STATUS.get(row["status"], Words.same(row["status"])),
            )
            for row in found
        ),
        empty=Words(en="No sources were stored.", cy="Ni chofnodwyd unrhyw ffynonellau."),
    )


def natural(text: str) -> list[tuple[int, str, int]]:
    """What index numbers are sorted by: S2 before S10."""
    found: list[tuple[int, str, int]] = []
    for is_number, letters in groupby(text, key=str.isdecimal):
        together = "".join(letters)
        found.append((0, "", int(together)) if is_number else (1, together, 0))
    return found


def _without_names(title: str, names: NamesIn) -> Words:
    english = welsh = title
    for name in sorted(names(title), key=len, reverse=True):
        english = english.replace(name, "[name left out]")
        welsh = welsh.replace(name, "[hepgorwyd yr enw]")
    # A title is in whichever language it was given: nothing says which.
    return Words(en=english, cy=welsh)


# B: survey results


def survey_table(db: Database, review: Review, run: Run, rules: Disclosure) -> Table:
    """Every survey result of its latest period: share, answers, interval; best, median, worst of others."""
    results = survey_results(db, review, run)
    few = sum(_is_small(one, rules) for one in results)
    fewest = rules.fewest_answers
    said = Words(
        en=f"Shares with fewer than {fewest} answers are not printed.",
        cy=f"Nid yw cyfrannau â llai na {fewest} ateb yn cael eu hargraffu.",
    )
    columns = (
        Column(title=Words(en="Question", cy="Cwestiwn"), width=30),
        Column(title=Words(en="Who answered", cy="Pwy atebodd"), width=22),
        Column(title=Words(en="Share", cy="Cyfran"), width=13, align="end"),
        Column(title=Words(en="Answers", cy="Atebion"), width=12, align="end"),
        Column(title=Words(en="95 % interval", cy="Cyfwng 95 %"), width=13, align="end"),
        Column(title=Words(en="Best", cy="Gorau"), width=11, align="end"),
        Column(title=Words(en="Median", cy="Canolrif"), width=12, align="end"),
        Column(title=Words(en="Worst", cy="Gwaethaf"), width=13, align="end"),
    )
    found = [_survey_row(one, rules) for one in results]
    # A column of which nothing is known is none.
    kept = [place for place in range(len(columns)) if place < NAMED or any(row[place] for row in found)]
    return Table(
        id="appendix-b-survey",
        caption=Words(
            en="Survey results beside those of the other reviews",
            cy="Canlyniadau arolygon ochr yn ochr â rhai'r adolygiadau eraill",
        ),
        columns=tuple(columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in found),
        note=said if few else Words(),
        empty=Words(en="There were no survey results.", cy="Nid oedd unrhyw ganlyniadau arolwg."),
    )


def survey_results(db: Database, review: Review, run: Run) -> list[SurveyResult]:
    """The survey results of the latest period of each question and group that the run counted."""
    try:
        found = compare_surveys(db, review, named=())
    except EvidenceInvalid:
        return []
    counted = {row["id"] for row in rows(db, COUNTED, _of(review, run))}
    return [one for one in found.results if one.latest and one.item in counted]


def _is_small(one: SurveyResult, rules: Disclosure) -> bool:
    answers = one.answers if one.answers is not None else one.base
    return answers is not None and answers < rules.fewest_answers


def _survey_row(one: SurveyResult, rules: Disclosure) -> tuple[Words, ...]:
    aside = _aside(one)
    question = _named(one.question, [aside.en], [aside.cy])
    best, median, worst = _beside(one.comparison)
    others = (Words.same(best), Words.same(median), Words.same(worst))
    who = Words.same(one.group or one.strand)
    if _is_small(one, rules):
        fewer = Words(
            en=f"fewer than {rules.fewest_answers} answers", cy=f"llai na {rules.fewest_answers} ateb"
        )
        return (question, who, fewer, Words(), Words(), *others)
    answers = one.answers if one.answers is not None else one.base
    low, high = one.low, one.high
    interval = "" if low is None or high is None else f"{percentage(low / 100)}–{percent(high / 100)}"
    return (
        question,
        who,
        Words.same(one.marks.get("value", "") if one.share is None else f"{shown(one.share)} %"),
        Words.same(one.marks.get("base", "") if answers is None else f"{answers:,.0f}"),
        Words.same(interval),
        *others,
    )


def _aside(one: SurveyResult) -> Words:
    """What the share of a question is of, where it is not of those who answered as one wishes; or nothing."""
    if one.reversed:
        return Words(en="share who disagreed", cy="cyfran a oedd yn anghytuno")
    if one.better == "lower":
        return Words(en="less is better", cy="gorau po leiaf")
    return Words()


def _named(question: str, en: Sequence[str], cy: Sequence[str]) -> Words:
    """A question with what is said beside it in brackets."""
    said = {"en": "; ".join(filter(None, en)), "cy": "; ".join(filter(None, cy))}
    return Words(**{lang: f"{question} ({words})" if words else question for lang, words in said.items()})


def _beside(found: Comparison | None) -> tuple[str, str, str]:
    """Best, median and worst of the others, as they are read."""
    if found is None:
        return "", "", ""

    def share(other: Other | None) -> str:
        return "" if other is None else f"{shown(other.share)} %"

    median = "" if found.median is None else f"{shown(found.median)} %"
    return share(found.best), median, share(found.worst)


def survey_figures(db: Database, review: Review, run: Run, rules: Disclosure) -> dict[str, Figure]:
    """A chart for every domain with survey results: the shares that may be printed, highest first.

    Those of which less is better come last.
    """
    by_domain = defaultdict[str, list[SurveyResult]](list)
    for one in survey_results(db, review, run):
        if one.share is not None and not _is_small(one, rules):
            for domain in one.domains:
                by_domain[domain].append(one)
    titles = {name: Words.of(domain.title) for name, domain in run.policy.framework.domains.items()}
    return {
        domain: _figure(domain, titles[domain], by_domain[domain]) for domain in titles if domain in by_domain
    }


def _figure(domain: str, title: Words, results: Sequence[SurveyResult]) -> Figure:
    ordered = sorted(
        results,
        key=lambda one: (one.better == "lower", -(one.share or 0), one.question, one.group),
    )[:MOST_BARS]
    bars = tuple(_bar(one) for one in ordered)
    listed = {
        lang: "; ".join(f"{bar.label.spoken(lang)[0]} {bar.shown.spoken(lang)[0]}" for bar in bars)
        for lang in LANGUAGES
    }
    welsh = title.spoken("cy")[0]
    return Figure(
        id=f"figure-{domain}",
        caption=Words(en=f"{title.en}: answers in the surveys", cy=f"{welsh}: atebion yn yr arolygon"),
        alt=Words(
            en=f"Bar chart of shares of answers: {listed['en']}.",
            cy=f"Siart bar o gyfrannau'r atebion: {listed['cy']}.",
        ),
        axis=Words(en="Share of answers, in percent", cy="Cyfran o'r atebion, y cant"),
        bars=bars,
    )


def _bar(one: SurveyResult) -> Bar:
    beside = one.comparison
    ends = sorted(other.share for other in (beside.best, beside.worst) if other) if beside else []
    aside, who = _aside(one), one.group or one.strand
    return Bar(
        label=_named(one.question, [who, aside.en], [who, aside.cy]),
        shown=Words.same(f"{shown(one.share)} %"),
        value=one.share or 0.0,
        low=one.low,
        high=one.high,
        worst=ends[0] if len(ends) == 2 else None,
        best=ends[1] if len(ends) == 2 else None,
    )


# C: case files


@dataclass(frozen=True)
class Standard:
    """How the files of one group of people scored on one standard."""

    text: str
    counts: tuple[int, ...]
    """Files with score 1, 2, ... up to the best."""

    @property
    def files(self) -> int:
        """How many files were scored on it."""
        return sum(self.counts)


def case_file_tables(
    db: Database, review: Review, run: Run, framework: Framework, rules: Disclosure
) -> Iterator[Table]:
    """How many files were read for each group of people; then, for each, the spread of scores by standard."""
    scores = rows(db, SCORES, _of(review, run))
    strands = {strand.id: Words.of(strand.title) for strand in framework.strands}
    files = {name: files_read(row for row in scores if row["strand"] == name) for name in strands}
    read = {name: count for name, count in files.items() if count}
    hidden = _hidden(read, rules)
    yield _files_table(read, strands, hidden, rules)
    for name in read:
        # The rows of a table of scores would give a number of files away that is not printed.
        if name in hidden:
            continue
        for best in sorted({row["best"] for row in scores if row["strand"] == name}):
            found = [row for row in scores if row["strand"] == name and row["best"] == best]
            if table := spread_table(name, strands[name], int(best), found, rules):
                yield table


def files_read(scores: Iterable[Mapping[str, Any]]) -> int:
    """How many files were read: a source is one, or as many as have a score on the same standard."""
    found = Counter((row["source_id"], row["standard"]) for row in scores)
    by_source = defaultdict[int, int](int)
    for (source, _), times in found.items():
        by_source[source] = max(by_source[source], times)
    return sum(by_source.values())


def _hidden(read: Mapping[str, int], rules: Disclosure) -> set[str]:
    """The groups of people whose number of files is not printed."""
    # The number of all files can be counted in appendix A: it belongs to what is printed.
    counts = {**read, ALL: sum(read.values())}
    sums = [Sum(ALL, tuple(read))] if read else []
    return set(plan_suppression(counts, sums, rules.fewest_files).hidden) & set(read)


def _files_table(
    read: Mapping[str, int], strands: Mapping[str, Words], hidden: Collection[str], rules: Disclosure
) -> Table:
    fewer = Words(en="not printed", cy="nid argreffir")
    return Table(
        id="appendix-c-files",
        caption=Words(en="Case files read", cy="Ffeiliau achos a ddarllenwyd"),
        columns=(
            Column(title=Words(en="Group of people", cy="Grŵp o bobl"), width=3),
            Column(title=Words(en="Files", cy="Ffeiliau"), width=1, align="end"),
        ),
        rows=tuple(
            (strands[name], fewer if name in hidden else Words.same(f"{count:,}"))
            for name, count in read.items()
        ),
        note=_few_files(rules) if hidden else Words(),
        empty=Words(en="No case files were scored.", cy="Ni sgoriwyd unrhyw ffeiliau achos."),
    )


def _few_files(rules: Disclosure) -> Words:
    fewest = rules.fewest_files
    return Words(
        en=f"Numbers below {fewest}, and those from which they would follow, are not printed.",
        cy=f"Nid yw niferoedd o dan {fewest}, na'r rhai y byddent yn dilyn ohonynt, yn cael eu hargraffu.",
    )


def spread_table(
    strand: str, title: Words, best: int, found: Sequence[Mapping[str, Any]], rules: Disclosure
) -> Table | None:
    """The standards of one group of people with the spread of scores; None where all are on too few files."""
    standards = list(_standards(found, best))
    shown_ones = [one for one in standards if one.files >= rules.fewest_files]
    spans = merge_small([one.counts for one in shown_ones], rules.fewest_files)
    if not shown_ones or not spans:
        return None
    good = math.ceil(PART * best)
    # The share is printed where it follows from the columns: it must not say more than they do.
    with_share = any(span.first == good - 1 for span in spans)
    columns = [Column(title=Words(en="Standard", cy="Safon"), width=40)]
    columns += [Column(title=_scores(span), width=12, align="end") for span in spans]
    if with_share:
        over = Words(en=f"Share at {good} or more", cy=f"Cyfran ar {good} neu fwy")
        columns.append(Column(title=over, width=14, align="end"))
    missing = len(standards) - len(shown_ones)
    return Table(
        id=f"appendix-c-{strand}-{best}",
        caption=Words(
            en=f"Case files, {title.en.lower()}: files by score on each standard",
            cy=f"Ffeiliau achos, {title.spoken('cy')[0]}: ffeiliau yn ôl sgôr ar bob safon",
        ),
        columns=tuple(columns),
        rows=tuple(
            (
                Words.same(one.text),
                *(Words.same(f"{_in(one, span):,}") for span in spans),
                *([Words.same(percent(sum(one.counts[good - 1 :]) / one.files))] if with_share else []),
            )
            for one in shown_ones
        ),
        note=_spread_note(best, len(spans), missing, rules),
    )


def _standards(found: Sequence[Mapping[str, Any]], best: int) -> Iterator[Standard]:
    by_text = defaultdict[str, Counter[int]](Counter)
    for row in found:
        by_text[row["standard"]][min(max(round(row["score"]), 1), best)] += 1
    for text, scores in by_text.items():
        yield Standard(text, tuple(scores[score] for score in range(1, best + 1)))


def _in(one: Standard, span: Span) -> int:
    return sum(one.counts[span.first : span.last + 1])


def _scores(span: Span) -> Words:
    first, last = span.first + 1, span.last + 1
    if first == last:
        return Words(en=f"Score {first}", cy=f"Sgôr {first}")
    return Words(en=f"Scores {first} to {last}", cy=f"Sgorau {first} i {last}")


def _spread_note(best: int, columns: int, missing: int, rules: Disclosure) -> Words:
    fewest = rules.fewest_files
    english, welsh = [f"{best} is the best score."], [f"{best} yw'r sgôr orau."]
    if columns < best:
        english.append(f"Scores are joined so that no number is below {fewest}.")
        welsh.append(f"Mae sgorau wedi'u cyfuno fel nad oes unrhyw rif o dan {fewest}.")
    if missing:
        english.append(f"Standards scored in fewer than {fewest} files are left out.")
        welsh.append(f"Hepgorwyd safonau a sgoriwyd mewn llai na {fewest} ffeil.")
    return Words(en=" ".join(english), cy=" ".join(welsh))


def _of(review: Review, run: Run) -> dict[str, int]:
    return {"review": review.id, "event": run.event}
