"""The pages on how sure a run is and where to look next, as plain data, and the form to sign a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import urlencode

from assessment.decisions.confidence import (
    CONCERN_WORDS,
    CONCERNS,
    LEVELS,
    Statement,
    Suggestion,
    state_confidence,
    statements_of,
    suggest_confidence,
    words_of,
)
from assessment.decisions.schema import PARTS_OF_CONFIDENCE
from assessment.decisions.states import statement_then
from assessment.robustness.next_evidence import DomainNext, Next
from assessment.robustness.profile import Line, Profile, make_profile
from assessment.robustness.uncertainty import FEWEST, TargetChances, Uncertainty
from assessment.runs.run import Run, load_run
from evidence.measures.pools import SampleSizes
from joint_review.web import wording
from joint_review.web.access import read
from joint_review.web.cache import DRAWS, MOST_DRAWS, TooLarge, Worked
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import REVIEW, Declared, Page, Picture
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import GridShown, Head, RunShown, Said, Shown
from joint_review.web.state import Part, RestsOn, State
from pictures.charts import chances_plot, profile_plot
from programme.database import Database
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import RunImpossible, UnknownName
from rules.sentences import Gap

UNCERTAINTY, NEXT = REVIEW + "/uncertainty", REVIEW + "/next"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(UNCERTAINTY, "uncertainty", uncertainty),
        Picture(UNCERTAINTY + r"/profile\.svg", profile_picture),
        Page(NEXT, "next", next_evidence),
        Picture(NEXT + r"/chances\.svg", chances_picture),
        Form(UNCERTAINTY, "sign", Action.SIGN_CONFIDENCE, sign, draw_for_statement, rests_on=STATED),
    )


class ConfidenceOf(TypedDict):
    """What the figures suggest of a domain, and the latest statement on it."""

    suggested: Suggestion
    stated: Statement | None


class LineShown(TypedDict):
    """How sure a domain or question is."""

    target: str
    title: str
    by_rules: bool
    """Whether it is what the rules alone give, beside a person's rating."""
    is_question: bool
    status: str
    level: int
    level_title: str
    range: str
    chances: list[float]
    error: float


class SectionShown(TypedDict):
    """The domains of one question."""

    title: str
    levels: tuple[str, ...]
    rows: list[LineShown]


class PartShown(TypedDict):
    """A part of confidence, as the figures suggest."""

    title: str
    concern: str
    figures: str


class Signed(TypedDict):
    """A statement that somebody signed."""

    level: str
    by: str
    at: str
    because: str
    suggested_level: str
    words: list[tuple[str, str]]
    """What a part asks, and what they say about it."""


class ConfidenceShown(TypedDict):
    """What the figures suggest of a domain, and every statement on it, the latest first."""

    target: str
    title: str
    level: str
    parts: list[PartShown]
    signed: list[Signed]


class PartToSign(TypedDict):
    """A part of confidence, as the form names it."""

    name: str
    title: str
    said: str


class Signing(TypedDict):
    """A domain as the form needs it that signs a statement on it."""

    target: str
    title: str
    suggested: str
    levels: list[str]
    """The best first."""
    parts: list[PartToSign]


class UncertaintyListed(TypedDict):
    """The rows of the page."""

    sections: list[SectionShown]
    confidence: list[ConfidenceShown]


class UncertaintyPage(Head):
    """How sure a run is."""

    run: RunShown | None
    draws: int
    seed: int
    said: str | None
    """One sentence."""
    uncertainty: Uncertainty | None
    """As `joint-review uncertainty --json` gives it, like `confidence`."""
    confidence: dict[str, ConfidenceOf] | None
    profile: Profile | None
    grid: GridShown | None
    """With the `chance` of every cell."""
    nowhere: float | None
    """The chance of no position."""
    problem: Refusal | None
    """Where nothing can be drawn."""
    signing: Signing | None
    """The domain that was asked for."""


class UncertaintyDrawn(UncertaintyPage):
    """The same where something can be drawn."""

    listed: UncertaintyListed


class NextRow(TypedDict):
    """A domain, and what it rests on."""

    target: str
    title: str
    level_title: str
    missing: Sequence[str]
    chance: float | None
    """That its rating is wrong; None where it cannot be rated."""
    said: str
    sizes: str


class NextLine(NextRow):
    """The same, with what more evidence would do, by amount."""

    then: list[float | None]
    is_best: list[bool]


class NextListed(TypedDict):
    """The rows of the page."""

    amounts: list[str]
    gaps: list[NextLine]
    rated: list[NextLine]
    error: float


class NextPage(Said):
    """Where to look next."""

    run: RunShown | None
    gaps: list[Gap]
    draws: int
    seed: int
    next: Next | None
    """As `joint-review next --json` gives it."""


class NextDrawn(NextPage):
    """The same where something can be drawn."""

    listed: NextListed


def _of_run(db: Database, asked: Asked) -> tuple[Review, Run, Worked]:
    """The review, the run that was asked for, and what is worked out of it."""
    review = find_review(db, asked.names["review"])
    run = load_run(db, review, asked.run)
    return review, run, Worked(db, review, run)


def uncertainty(db: Database, asked: Asked) -> UncertaintyPage | UncertaintyDrawn:
    """How sure a run is; raises UnknownName."""
    draws, seed, sign = asked.draws, asked.seed, asked.text("sign")
    found, run, worked = _of_run(db, asked)
    shown = Shown(db, found, run, asked.language)
    page: UncertaintyPage = {
        **shown.head(),
        "run": shown.facts(),
        "draws": draws,
        "seed": seed,
        "said": None,
        "uncertainty": None,
        "confidence": None,
        "profile": None,
        "grid": None,
        "nowhere": None,
        "problem": None,
        "signing": None,
    }
    try:
        sure = worked.sure(draws, seed)
    except (RunImpossible, TooLarge) as error:
        return {**page, "problem": refusal(error)}
    suggested = suggest_confidence(db, found, run, sure)
    statements = statements_of(db, run)
    stated = {row["target"]: row for row in statements}
    profile = make_profile(shown.framework, sure, shown.language)
    grid = shown.grid()
    chances = {cell.levels: cell.probability for cell in sure.cells}
    for row in grid["rows"]:
        for cell in row["cells"]:
            cell["chance"] = chances[cell["levels"]]
    return {
        **page,
        "said": _said(sure),
        "uncertainty": sure,
        "confidence": {
            name: {"suggested": one, "stated": stated.get(name)} for name, one in suggested.items()
        },
        "profile": profile,
        "grid": grid,
        "nowhere": chances[None],
        "signing": _signing(shown, suggested, sign) if sign else None,
        "listed": {
            "sections": list(_sections(profile, sure)),
            "confidence": list(_confidence(shown, suggested, statements)),
        },
    }


def profile_picture(db: Database, asked: Asked) -> str:
    """The picture of the page on how sure a run is, as SVG."""
    draws, seed, width = asked.draws, asked.seed, asked.width
    found, run, worked = _of_run(db, asked)
    shown = Shown(db, found, run, asked.language)
    sure = worked.sure(draws, seed)

    def draw() -> str:
        return profile_plot(make_profile(shown.framework, sure, shown.language), width)

    return worked.once(("profile", draws, seed, shown.language, width), draw)


def next_evidence(db: Database, asked: Asked) -> NextPage | NextDrawn:
    """Where to look next."""
    draws, seed = asked.draws, asked.seed
    found, run, worked = _of_run(db, asked)
    shown = Shown(db, found, run, asked.language)
    page: NextPage = {
        **shown.head(),
        "run": shown.facts(),
        "gaps": list(shown.words.gaps(run.result.ratings)),
        "draws": draws,
        "seed": seed,
        "said": None,
        "next": None,
        "problem": None,
    }
    try:
        ahead = worked.ahead(draws, seed)
    except (RunImpossible, TooLarge) as error:
        return {**page, "problem": refusal(error)}
    return {**page, "said": _next_said(ahead), "next": ahead, "listed": _next_listed(shown, ahead)}


def chances_picture(db: Database, asked: Asked) -> str:
    """The picture of the page on where to look next, as SVG."""
    draws, seed, width = asked.draws, asked.seed, asked.width
    _, _, worked = _of_run(db, asked)
    ahead = worked.ahead(draws, seed)
    return worked.once(("chances", draws, seed, width), lambda: chances_plot(ahead, width))


def _said(sure: Uncertainty) -> str:
    here = next(cell for cell in sure.cells if cell.here)
    domains = [target for target in sure.targets if target.kind == "domain"]
    least = min(domains, key=lambda target: target.agreement) if domains else None
    position = "leave it without a position" if here.levels is None else f"give its position, {here.title}"
    said = f"{wording.percent(here.probability)} of {sure.draws:,} simulated resamplings {position}."
    if least and least.agreement < 1:
        said += f" Least sure is {least.title}: {wording.percent(least.agreement)} give {least.level_title}."
    return said


def _sections(profile: Profile, sure: Uncertainty) -> Iterable[SectionShown]:
    for section in profile.sections:
        titles = ("no rating", *section.levels)
        rows: list[LineShown] = []
        for line in section.lines:
            chances = sure.target(line.target)
            rows.append(_row(line, chances, titles, section.question))
            if chances.rules_alone:
                alone = chances.rules_alone
                rows.append(
                    {
                        **rows[-1],
                        "title": f"{line.title}, by the rules alone",
                        "by_rules": True,
                        "level_title": "",
                        "range": "",
                        "chances": [one.probability for one in alone],
                        "error": max(one.error for one in alone),
                    }
                )
        yield {"title": section.title, "levels": section.levels, "rows": rows}


def _row(line: Line, chances: TargetChances, titles: tuple[str, ...], question: str) -> LineShown:
    span = ""
    if line.low and line.high:
        span = titles[line.low] if line.low == line.high else f"{titles[line.low]} to {titles[line.high]}"
    return {
        "target": line.target,
        "title": line.title,
        "by_rules": False,
        "is_question": line.target == question,
        "status": line.status,
        "level": line.level,
        "level_title": titles[line.level],
        "range": span,
        "chances": [*line.chances[1:], line.chances[0]],
        "error": max(one.error for one in chances.levels),
    }


def _confidence(
    shown: Shown, suggested: Mapping[str, Suggestion], statements: Sequence[Statement]
) -> Iterable[ConfidenceShown]:
    """Per domain what the figures suggest, and every statement people signed, the latest first."""
    for name, one in suggested.items():
        mine = [row for row in reversed(statements) if row["target"] == name]
        parts: list[PartShown] = [
            {
                "title": PARTS_OF_CONFIDENCE[part],
                "concern": CONCERN_WORDS[CONCERNS.index(found.concern)],
                "figures": found.figures,
            }
            for part, found in one.parts.items()
        ]
        signed: list[Signed] = [
            {
                "level": row["level"],
                "by": row["by"],
                "at": row["at"],
                "because": row["because"],
                "suggested_level": row["suggested_level"],
                "words": [
                    (PARTS_OF_CONFIDENCE[part], words) for part, words in words_of(row).items() if words
                ],
            }
            for row in mine
        ]
        title = shown.framework.title_of(name, shown.language)
        yield {"target": name, "title": title, "level": one.level, "parts": parts, "signed": signed}


def _signing(shown: Shown, suggested: Mapping[str, Suggestion], target: str) -> Signing:
    if target not in suggested:
        raise UnknownName("domain", target, suggested)
    parts = suggested[target].parts
    said = {
        name: f"{CONCERN_WORDS[CONCERNS.index(one.concern)]}: {one.figures}" for name, one in parts.items()
    }
    return {
        "target": target,
        "title": shown.framework.title_of(target, shown.language),
        "suggested": suggested[target].level,
        "levels": list(reversed(LEVELS)),
        "parts": [
            {"name": name, "title": title, "said": said[name]} for name, title in PARTS_OF_CONFIDENCE.items()
        ],
    }


def _next_said(ahead: Next) -> str:
    gaps = [domain for domain in ahead.domains if domain.chance_wrong is None]
    helped = [domain for domain in ahead.domains if domain.best]
    if not ahead.domains:
        return "This framework has no domains, so there is nothing to look at one by one."
    first = gaps[0] if gaps else helped[0] if helped else ahead.domains[0]
    count = f"The rules cannot rate {len(gaps)} of {wording.plural(len(ahead.domains), 'domain')} yet."
    return f"{count if gaps else 'Every domain can be rated.'} Look first at {first.title}: {first.said}"


def _next_listed(shown: Shown, ahead: Next) -> NextListed:
    amounts = list(dict.fromkeys((gain.amount, gain.kind) for one in ahead.domains for gain in one.gains))
    rows: list[NextLine] = []
    for domain in ahead.domains:
        gains = {(gain.amount, gain.kind): gain for gain in domain.gains}
        rows.append(
            {
                **_next_row(shown, domain),
                "then": [gains[one].chance_wrong if one in gains else None for one in amounts],
                "is_best": [bool(domain.best) and gains.get(one) == domain.best for one in amounts],
            }
        )
    return {
        "amounts": [f"{amount} more {kind}" for amount, kind in amounts],
        "gaps": [row for row in rows if row["chance"] is None],
        "rated": [row for row in rows if row["chance"] is not None],
        "error": max((gain.error for one in ahead.domains for gain in one.gains), default=0.0),
    }


def _next_row(shown: Shown, domain: DomainNext) -> NextRow:
    return {
        "target": domain.target,
        "title": shown.framework.title_of(domain.target, shown.language),
        "level_title": domain.level_title or "Not rated",
        "missing": domain.missing,
        "chance": domain.chance_wrong,
        "said": domain.said,
        "sizes": _sizes(domain.sizes),
    }


def _sizes(sizes: SampleSizes) -> str:
    results = sizes.results_of_answers + sizes.results_published + sizes.results_without_base
    answers = []
    if sizes.results_without_base:
        answers.append(f"{sizes.results_without_base} without a base")
    if sizes.smallest_base is not None:
        answers.append(f"the smallest of {wording.plural(sizes.smallest_base, 'answer')}")
    interviews = wording.plural(
        sizes.interviews, "interview or group meeting", "interviews and group meetings"
    )
    parts = [
        wording.plural(sizes.findings, "finding")
        + f", {sizes.findings_of_interviews} of them from {interviews}",
        wording.plural(sizes.case_files, "case file"),
        wording.plural(results, "survey result") + (f" ({', '.join(answers)})" if answers else ""),
    ]
    if sizes.respondents:
        parts.append(wording.plural(sizes.respondents, "respondent"))
    return "; ".join(parts)


# --- the form ----------------------------------------------------------------------------------------------


def _stated_then(db: Database, sent: Sent, event: int) -> State:
    """The latest statement on the domain, which this one would replace."""
    then = statement_then(db, sent.whole("run", least=1) or 0, sent.text("domain"), event)
    return State({"stated": Part("Statement in force", then.words)}, then.event)


STATED = RestsOn(_stated_then)


async def draw_for_statement(database: Any, sent: Sent) -> tuple[Run, Uncertainty]:
    """The run that the page showed, and what its draws gave: some seconds of work, unless still in memory."""
    run_id = sent.whole("run", least=1)
    draws, seed = sent.whole("draws"), sent.whole("seed")
    draws = DRAWS if draws is None else draws
    if not FEWEST <= draws <= MOST_DRAWS:
        raise Mistakes({"draws": f"Choose between {FEWEST} and {MOST_DRAWS:,} resamplings."})

    def work_out(db: Database) -> tuple[Run, Uncertainty]:
        found = find_review(db, sent.review)
        run = load_run(db, found, run_id)
        return run, Worked(db, found, run).sure(draws, seed or 0)

    return await read(database, work_out)


def sign(db: Database, sent: Sent) -> Done:
    """Sign a statement of confidence in a domain's rating, beside what the figures suggest."""
    run, sure = sent.prepared
    review = find_review(db, sent.review)
    domain = sent.text("domain", needed="Choose a domain.")
    sent.need(level="Choose a level.", because="Say why.")
    level, because = sent.one_of("level", LEVELS), sent.text("because")
    words = {part: sent.text(f"on-{part}") for part in PARTS_OF_CONFIDENCE}
    state_confidence(
        db, review, run, domain, level, sure, because=because, by=sent.by, at=sent.at, words=words
    )
    title = run.policy.framework.title_of(domain)
    shown = {"run": run.id, "draws": sure.draws, "seed": sure.seed}
    return Done(
        f"Your statement on {title} is signed: {level} confidence.",
        to=f"?{urlencode(shown)}#confidence-{domain}",
        more={"domain": domain, "level": level, "run": run.id},
    )
