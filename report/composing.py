"""The model of a report, made from what is written and from one run: the parts and their order.

Title page, overall judgement as a grid, ratings of every heading; then, question by question and heading by
heading, what was found, with examples; recommendations, priorities; the appendices, which are made from the
tables and never typed. What is written under `appendix-a` and so on comes before the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assessment.reasons.grid import make_grid
from assessment.runs.run import Run as Assessed
from programme.calendar import day_words
from programme.database import Database
from programme.reviews import Review
from report.appendices import made_appendices
from report.markdown import Part, parts_of
from report.marks import Mark, supports_in
from report.model import (
    LANGUAGES,
    AnyBlock,
    Appendix,
    Bullets,
    Column,
    Example,
    Grid,
    Heading,
    Language,
    Paragraph,
    Priority,
    Rated,
    Recommendation,
    Report,
    Run,
    Table,
    Text,
    Words,
)
from report.placeholders import NO_RATING, Values
from report.practice import followed_practice
from report.schema import LAST_HEADINGS
from report.written import FIXED, StoredReport, Terms, Writing, Written, headings_of
from rules.errors import UnknownName
from rules.framework import Framework

BEING_WRITTEN = "writing"
"""What a report is for that is not frozen yet."""
STATUS: Mapping[str, Words] = {
    BEING_WRITTEN: Words(
        en="Being written: not for publication", cy="Wrthi'n cael ei ysgrifennu: nid i'w gyhoeddi"
    ),
    "moderation": Words(en="Draft: not for publication", cy="Drafft: nid i'w gyhoeddi"),
    "authority": Words(
        en="Draft, amended after comments: not for publication",
        cy="Drafft, wedi'i ddiwygio ar ôl sylwadau: nid i'w gyhoeddi",
    ),
    "publication": Words(),
}
"""The line on every page, by what an edition is for."""
TITLES: Mapping[str, Words] = {
    "report": Words(en="Review of {authority}", cy="Adolygiad o {authority}"),
    "summary": Words(en="Review of {authority}: summary", cy="Adolygiad o {authority}: crynodeb"),
}
"""The title where none is written."""
NO_BREAK = "\u00a0"
"""A space at which no line ends."""
UNIT = re.compile(r"(?<=[0-9]) (?=\S)")
"""The space between a figure and its unit."""
APPENDICES = {name: name[-1].upper() for name in LAST_HEADINGS if name.startswith("appendix-")}


@dataclass(frozen=True)
class EditionOf:
    """What is said of an edition in it."""

    purpose: str = BEING_WRITTEN
    number: int | None = None
    dated: date | None = None


Made = Mapping[str, Sequence[AnyBlock]]
"""What is made from tables: the appendices by letter, a chart by domain."""


def compose(db: Database, report: StoredReport, run: Assessed, edition: EditionOf) -> Report:
    """The model of a report as it is written now, its values filled in from a run.

    A summary has no appendices and no charts. Raises UnknownName for a value there is not.
    """
    made = made_appendices(db, report.review, run) if report.kind == "report" else {}
    return _Composing(db, report, run, made).report_of(edition)


class _Composing:
    """One report being put together."""

    def __init__(self, db: Database, report: StoredReport, run: Assessed, made: Made) -> None:
        self.db, self.stored, self.run, self.made = db, report, run, made
        self.review: Review = report.review
        self.framework: Framework = run.policy.framework
        self.writing = Writing(db, report)
        self.titles = headings_of(self.framework)
        texts = [text for one in self.writing.paragraphs for text in one.texts.values()]
        self.values = Values(db, self.review, run, supports_in(texts))
        self.terms = {terms.paragraph: terms for terms in self.writing.recommendations}

    def report_of(self, edition: EditionOf) -> Report:
        practice = self._practice()
        dated = edition.dated.isoformat() if edition.dated else ""
        return Report(
            kind="summary" if self.stored.kind == "summary" else "report",
            title=self._title(),
            subject=Words.same(self.review.authority),
            authors=practice,
            dated=Words(en=day_words(dated), cy=day_words(dated, "cy")),
            status=STATUS[edition.purpose],
            edition=str(edition.number or ""),
            record=self.stored.record,
            languages=self.writing.languages or (self.stored.record,),
            facts=self._facts(edition),
            blocks=tuple(self._blocks()),
        )

    def _practice(self) -> Words:
        """The bodies whose report it is."""
        try:
            bodies = followed_practice(self.db, self.review).practice.bodies
        except UnknownName:
            return Words()
        titles = [Words.of(body.title) for body in bodies]
        return Words(
            en=", ".join(title.en for title in titles), cy=", ".join(title.cy or title.en for title in titles)
        )

    def _title(self) -> Words:
        written = self.writing.by_heading.get("title", [])
        text = self._text(written[0]) if written else Text()
        if text:
            return Words(
                en=text.words("en") if text.en else "",
                cy=text.words("cy") if text.cy else "",
            )
        words, named = TITLES[self.stored.kind], self.review.authority
        return Words(en=words.en.format(authority=named), cy=words.cy.format(authority=named))

    def _facts(self, edition: EditionOf) -> tuple[tuple[Words, Words], ...]:
        inputs = self.run.result.inputs
        on = Words(en=day_words(inputs.on), cy=day_words(inputs.on, "cy"))
        facts = [
            (Words(en="Review", cy="Adolygiad"), Words.same(self.review.key)),
            (Words(en="Framework", cy="Fframwaith"), Words.of(self.framework.title)),
            (
                Words(en="Run", cy="Rhediad"),
                Words(en=f"{self.run.id}, {on.en}", cy=f"{self.run.id}, {on.cy}"),
            ),
            (Words(en="Digest of the run", cy="Crynodeb digidol y rhediad"), Words.same(self.run.digest)),
        ]
        if edition.number:
            facts.insert(0, (Words(en="Edition", cy="Argraffiad"), Words.same(str(edition.number))))
        return tuple(facts)

    # --- the parts in their order -----------------------------------------------------------------------

    def _blocks(self) -> Iterator[AnyBlock]:
        if "introduction" in self.writing.by_heading:
            yield self._heading("introduction", 1)
            yield from self._paragraphs("introduction")
        yield self._heading("judgement", 1)
        yield self._grid()
        yield from self._paragraphs("judgement")
        yield self._heading("ratings", 1)
        yield from self._paragraphs("ratings")
        yield self._ratings()
        for question in self.framework.questions:
            yield self._heading(question.id, 1)
            yield self._rated(question.id)
            yield from self._paragraphs(question.id)
            for domain in question.domains:
                yield self._heading(domain.id, 2)
                yield self._rated(domain.id)
                yield from self._paragraphs(domain.id)
                yield from self.made.get(domain.id, ())
        for name in ("recommendations", "priorities"):
            if name in self.writing.by_heading:
                yield self._heading(name, 1)
                yield from self._paragraphs(name)
        for name, letter in APPENDICES.items():
            made = self.made.get(letter, ())
            if made or name in self.writing.by_heading:
                yield Appendix(id=f"h-{name}", letter=letter, text=FIXED[name])
                yield from self._paragraphs(name)
                yield from made

    def _heading(self, name: str, level: int) -> Heading:
        return Heading(id=f"h-{name}", level=level, text=self.titles[name], key=name)

    def _paragraphs(self, heading: str) -> Iterator[AnyBlock]:
        for written in self.writing.by_heading.get(heading, []):
            yield from self._blocks_of(written)

    def _blocks_of(self, written: Written) -> Iterator[AnyBlock]:
        """A paragraph as blocks: its texts and lists, in both languages where they have the same parts."""
        number, terms = written.number, self.terms.get(written.number)
        if terms is not None:
            yield self._recommendation(written, terms)
            return
        parts = {lang: self._parts(written.texts[lang], lang) for lang in LANGUAGES}
        shapes = {lang: [part.is_list for part in found] for lang, found in parts.items() if found}
        if len(shapes) == 2 and shapes["en"] != shapes["cy"]:
            # Divided differently: a paragraph of each, so that no sentence is beside another one's.
            parts = {
                lang: tuple(_as_one(found) for found in [found] if found) for lang, found in parts.items()
            }
        count = max(len(found) for found in parts.values())
        for place in range(count):
            here = {lang: found[place] if place < len(found) else None for lang, found in parts.items()}
            name = f"p{number}" if place == 0 else f"p{number}-{place + 1}"
            shape = here["en"] or here["cy"]
            if shape is None:
                continue
            if shape.is_list:
                yield Bullets(id=name, number=number, items=tuple(_items(here)), ordered=shape.ordered)
                continue
            text = Text(
                en=here["en"].items[0] if here["en"] else (), cy=here["cy"].items[0] if here["cy"] else ()
            )
            if written.style == "example":
                yield Example(id=name, number=number, text=text)
            else:
                yield Paragraph(id=name, number=number, text=text)

    def _recommendation(self, written: Written, terms: Terms) -> AnyBlock:
        name, text = f"p{written.number}", self._text(written)
        if terms.series == "P":
            return Priority(id=name, number=written.number, label=terms.label, text=text)
        return Recommendation(
            id=name,
            number=written.number,
            label=terms.label,
            sort="compliance" if terms.kind == "compliance" else "improvement",
            text=text,
            basis=Words(en=terms.basis),
            headings=tuple(self.titles[name] for name in terms.domains if name in self.titles),
        )

    def _text(self, written: Written) -> Text:
        """A paragraph as one text in both languages."""
        runs: dict[Language, tuple[Run, ...]] = {}
        for lang in LANGUAGES:
            found = self._parts(written.texts[lang], lang)
            runs[lang] = _as_one(found).items[0] if found else ()
        return Text(en=runs["en"], cy=runs["cy"])

    def _parts(self, text: str, lang: Language) -> tuple[Part, ...]:
        def fill(mark: Mark) -> Run:
            if mark.is_filled:
                value = self.values.named(mark.name, lang)
                return Run(text=_unbroken(value.words), style="number", target=mark.name)
            target = f"{mark.name}:{mark.note}" if mark.note else mark.name
            return Run(
                text=f"[{mark.name}{', ' + mark.note if mark.note else ''}]", style="support", target=target
            )

        return tuple(_bound(part) for part in parts_of(text, fill)) if text else ()

    # --- what comes from the run --------------------------------------------------------------------------

    def _rated(self, target: str) -> Rated:
        return Rated(
            id=f"rating-{target}",
            target=target,
            title=self.titles[target],
            scale=tuple(Words.of(level.title) for level in self.framework.scale_of(target)),
            level=self.run.rating(target).level,
        )

    def _level(self, target: str) -> Words:
        level = self.run.rating(target).level
        if level is None:
            return Words(en=NO_RATING["en"].capitalize(), cy=NO_RATING["cy"].capitalize())
        return Words.of(self.framework.level(target, level).title)

    def _ratings(self) -> Table:
        """The ratings of all questions, each before those of its headings."""
        rows = [
            (self.titles[target], self._level(target))
            for question in self.framework.questions
            for target in (question.id, *(domain.id for domain in question.domains))
        ]
        return Table(
            id="ratings",
            caption=Words(en="Ratings of all questions and headings", cy="Sgoriau pob cwestiwn a phennawd"),
            columns=(
                Column(title=Words(en="Question or heading", cy="Cwestiwn neu bennawd"), width=70),
                Column(title=Words(en="Rating", cy="Sgôr"), width=30),
            ),
            rows=tuple(rows),
        )

    def _grid(self) -> Grid:
        """The position on the grid, with a sentence for those who do not see it."""
        questions = self.framework.questions
        second = questions[1] if len(questions) > 1 else None
        cell = self.run.result.cell
        column = row = None
        if cell is not None:
            column = self.framework.level_number(questions[0].id, cell[0]) - 1
            row = len(second.scale) - self.framework.level_number(second.id, cell[1]) if second else 0
        said = {lang: make_grid(self.framework, cell, lang).sentence() for lang in LANGUAGES}
        if cell is None:
            said["cy"] = "Nid oes safle ar y grid eto: mae cwestiwn heb sgôr."
        return Grid(
            id="grid",
            caption=Words(en="Position on the grid", cy="Safle ar y grid"),
            across=Words.of(questions[0].title),
            up=Words.of(second.title) if second else Words(),
            columns=tuple(Words.of(level.title) for level in questions[0].scale),
            rows=tuple(Words.of(level.title) for level in reversed(second.scale)) if second else (Words(),),
            column=column,
            row=row,
            alt=Words(en=said["en"], cy=said["cy"]),
        )


def _unbroken(words: str) -> str:
    """A figure with its unit, which no line end divides."""
    return UNIT.sub(NO_BREAK, words)


def _bound(part: Part) -> Part:
    """A part in which no line begins with what the words before it rest on."""
    return replace(part, items=tuple(tuple(_bound_runs(runs)) for runs in part.items))


def _bound_runs(runs: Sequence[Run]) -> Iterator[Run]:
    for run, after in zip(runs, [*runs[1:], None], strict=True):
        ends = after is not None and after.style == "support" and run.text.endswith(" ")
        # Between two supports a line may end.
        if ends and run.text.strip():
            run = run.model_copy(update={"text": run.text[:-1] + NO_BREAK})
        yield run


def _as_one(parts: Sequence[Part]) -> Part:
    """Paragraphs and lists as one paragraph, for what has room for one alone."""
    runs: list[Run] = []
    for part in parts:
        for item in part.items:
            runs += [Run(text=" "), *item] if runs else item
    return Part((tuple(runs),))


def _items(here: Mapping[Language, Part | None]) -> Iterator[Text]:
    """The items of a list, beside each other in both languages."""
    en, cy = (part.items if part else () for part in (here["en"], here["cy"]))
    for place in range(max(len(en), len(cy))):
        yield Text(
            en=en[place] if place < len(en) else (),
            cy=cy[place] if place < len(cy) else (),
        )
