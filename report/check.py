"""What the check of a report finds, all at once: what rests on nothing, what has changed, what was typed.

An error keeps an edition from being frozen; a warning does not. Everything is read from the database in a few
questions, however many paragraphs there are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypedDict

from assessment.runs.recorded import latest_run
from assessment.runs.run import Run, load_run
from evidence.at_event import OUTSIDE, counted_at
from programme.database import Database, one, rows, rows_as
from programme.reviews import Review
from report.listed import listed_names
from report.marks import marks_in, supports_in, without_marks
from report.model import LANGUAGES, Language
from report.naming import Names
from report.placeholders import Values
from report.practice import followed_practice
from report.typed import TypedNumber, rating_in_words, typed_numbers
from report.written import (
    StoredReport,
    StoredSupport,
    Writing,
    Written,
    headings_of,
)
from rules.errors import RunImpossible, UnknownName, suggest
from rules.remedy import Assess
from rules.words import many

MOST_NAMED = 0.4
"""Of the items that count, at most this share is named in the text: a report gives examples."""
MOST_EXAMPLES = 6
"""Examples under one heading."""
MOST_HEADINGS = 3
"""Headings that one item carries."""
FREE = ("title", "introduction", "ratings", "appendix-a", "appendix-b", "appendix-c")
"""Headings whose paragraphs need not rest on anything."""
ITEMS = f"""
select e.id, e.withdrawn_event, coalesce({OUTSIDE}, 0) as outside, {counted_at("e", ":event")} as counted,
  case when e.withdrawn_event is not null then (
    select max(n.id) from evidence n where n.source_id = e.source_id and n.locator = e.locator
      and n.added_event >= e.withdrawn_event and n.withdrawn_event is null) end as replaced_by
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.id in (select value from json_each(:items))
"""
# How many items of the review count at an event, without reading the items themselves.
COUNTED = f"select count(*) from evidence e where e.review_id = :review and {counted_at('e', ':event')}"
CORRECTED = """
select s.ref, max(w.added_event) as event from source s join source_was w on w.source_id = s.id
where s.review_id = :review and s.ref in (select value from json_each(:refs)) group by s.ref
"""
# The last run that counted when a text was written, for every event at which one was.
RUN_THEN = """
select j.value as event, (
  select max(id) from run where review_id = :review and added_event <= j.value) as run
from json_each(:events) j
"""
WRITTEN_AT = """
select p.number, max(t.added_event) as event from paragraph_text t join paragraph p on p.id = t.paragraph_id
where p.report_id = ? group by p.number
"""


@dataclass(frozen=True)
class Finding:
    """Something that the check found."""

    kind: str
    """In one word or two, e.g. unsupported."""
    severity: Literal["error", "warning"]
    message: str
    hint: str = ""
    heading: str = ""
    """The heading it is under, if under one."""
    paragraph: int | None = None
    """The number of the paragraph, if it is in one."""


@dataclass(frozen=True)
class Checked:
    """All that the check found, in the order of the report."""

    run: int
    findings: tuple[Finding, ...]
    paragraphs: int
    named: int
    """Items that the text names."""
    items: int
    """Items that count."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps an edition from being frozen."""
        return tuple(one for one in self.findings if one.severity == "error")


class _Item(TypedDict):
    id: int
    withdrawn_event: int | None
    outside: int
    counted: int
    replaced_by: int | None
    """The item in its place in the source, once it was withdrawn."""


def check_report(db: Database, report: StoredReport, *, for_publication: bool = False) -> Checked:
    """Check a report against the latest run of its review.

    `for_publication`: every language that the practice asks for is needed. Raises RunImpossible where the
    review was never assessed.
    """
    if latest_run(db, report.review) is None:
        raise RunImpossible(f"{report.review.key} was not assessed yet", remedies=[Assess(report.review.key)])
    return _Check(db, report, load_run(db, report.review), for_publication).checked()


class _Check:
    """One check: what it needs is read when it is first asked for."""

    def __init__(self, db: Database, report: StoredReport, run: Run, for_publication: bool) -> None:
        self.db, self.report, self.run = db, report, run
        self.for_publication = for_publication
        self.review: Review = report.review
        self.framework = run.policy.framework
        self.writing = Writing(db, report)
        self.titles = headings_of(self.framework)
        self.values = Values(db, self.review, run, (one.support for one in self.writing.supports))
        self.names = Names(listed_names(db, self.review))

    def checked(self) -> Checked:
        """All findings: paragraph by paragraph, then heading by heading, then of the whole report."""
        found: list[Finding] = []
        for written in self.writing.paragraphs:
            found += self._paragraph(written)
        found += self._headings()
        found += self._whole()
        order = {name: place for place, name in enumerate(self.titles)}
        found.sort(key=lambda one: (order.get(one.heading, len(order)), one.severity == "warning"))
        return Checked(
            self.run.id, tuple(found), len(self.writing.paragraphs), len(self._named_items), self._counted
        )

    # --- one paragraph ----------------------------------------------------------------------------------

    def _paragraph(self, written: Written) -> Iterator[Finding]:
        def say(kind: str, message: str, hint: str = "", *, error: bool = True) -> Finding:
            severity: Literal["error", "warning"] = "error" if error else "warning"
            return Finding(kind, severity, message, hint, written.heading, written.number)

        supports = self.writing.supports_of.get(written.number, [])
        if not supports and written.heading not in FREE:
            is_found = written.style in ("text", "example", "list")
            hint = "Name what it rests on: [E12], a source, or a value from the run."
            yield say("unsupported", "rests on nothing", hint, error=is_found)
        for support in supports:
            yield from (say(*said) for said in self._support(written, support))
        for lang in LANGUAGES:
            if not (text := written.texts[lang]):
                continue
            for mark in marks_in(text):
                if mark.is_filled:
                    try:
                        self.values.named(mark.name, lang)
                    except UnknownName as unknown:
                        yield say("unknown value", unknown.message, unknown.hint)
            plain = without_marks(text)
            for name in self.names.found_in(plain):
                yield say("name", f"names a person: “{name}”", "Say what the person is to the review.")
            for word, target in rating_in_words(self.framework, written.heading, plain, lang):
                level = self.run.rating(target).level
                now = self._level(target, lang)
                if word.casefold() != now.casefold():
                    said = f"says “{word}”; run {self.run.id} rates “{self._title(target)}” {now}"
                    yield say("rating", said, f"Write {{rating:{target}}}.")
                elif level is not None:
                    said = f"the rating of “{self._title(target)}” is typed"
                    yield say("typed rating", said, f"Write {{rating:{target}}}.", error=False)
            for number in typed_numbers(plain):
                yield say(
                    "typed number", f"“{number.shown}” is typed", self._instead(written, number), error=False
                )
        yield from self._languages(written)

    def _languages(self, written: Written) -> Iterator[Finding]:
        there = {lang: text for lang, text in written.texts.items() if text}
        if written.stale and written.stale in there:
            name = {"en": "English", "cy": "Welsh"}[written.stale]
            said = f"the {name} was made from words that have changed since"
            yield self._found(written, "stale", said, f"Write the {name} again.", error=self.for_publication)
        if len(there) == 2:
            marked = {lang: set(supports_in([text])) for lang, text in there.items()}
            if missing := sorted(marked["en"] ^ marked["cy"]):
                named = ", ".join(one.mark for one in missing[:5])
                said = f"English and Welsh do not rest on the same: {named}"
                yield self._found(written, "languages", said, "Put the same marks in both.")
        elif self.for_publication:
            for lang in self._needed_languages:
                if not written.texts[lang]:
                    name = {"en": "English", "cy": "Welsh"}[lang]
                    yield self._found(written, "language missing", f"has no {name} text", "Write it.")

    def _found(
        self, written: Written, kind: str, message: str, hint: str = "", *, error: bool = True
    ) -> Finding:
        severity: Literal["error", "warning"] = "error" if error else "warning"
        return Finding(kind, severity, message, hint, written.heading, written.number)

    @cached_property
    def _needed_languages(self) -> tuple[Language, ...]:
        try:
            return followed_practice(self.db, self.review).practice.languages.needed
        except UnknownName:
            return (self.report.record,)

    def _instead(self, written: Written, number: TypedNumber) -> str:
        """Which measure of the heading has the number that was typed, if one has."""
        headings = [written.heading] if written.heading in self.run.result.measures else []
        for heading in headings or self.run.result.measures:
            if number.value is not None:
                for name in self.values.with_value(number.value, heading):
                    return f"Write {{{name}}}, which has this value."
        return "Take it from the run, so that it is right in every edition: see the measures of the heading."

    def _level(self, target: str, lang: Language) -> str:
        return self.values.named(f"rating:{target}", lang).words

    def _title(self, target: str) -> str:
        return self.titles[target].en

    # --- what paragraphs rest on ------------------------------------------------------------------------

    def _support(self, written: Written, stored: StoredSupport) -> Iterator[tuple[str, str, str]]:
        support = stored.support
        if support.kind == "item":
            item = self._items.get(int(support.target[1:]))
            if item is None or item["withdrawn_event"] is not None:
                other = item["replaced_by"] if item else None
                hint = f"E{other} is in its place: read it." if other else "Change the sentence."
                yield "withdrawn", f"{support.target} was withdrawn", hint
            elif not item["counted"]:
                hint = "Assess the review again."
                yield "not counted", f"{support.target} came after run {self.run.id}", hint
        elif support.kind == "recommendation":
            known = {terms.label for terms in self.writing.recommendations if not terms.withdrawn}
            if support.target not in known:
                yield "withdrawn", f"{support.target} was withdrawn", suggest(support.target, known)

    @cached_property
    def _named_items(self) -> dict[int, set[str]]:
        """The items that the text names, each with the headings it is named under."""
        found: dict[int, set[str]] = {}
        for stored in self.writing.supports:
            if stored.support.kind == "item":
                number = int(stored.support.target[1:])
                found.setdefault(number, set()).add(self.writing.all[stored.paragraph].heading)
        return found

    @cached_property
    def _items(self) -> dict[int, _Item]:
        told = {
            "review": self.review.id,
            "event": self.run.event,
            "items": json.dumps(sorted(self._named_items)),
            "window_from": self.review.window_from,
            "window_to": self.review.window_to,
        }
        return {row["id"]: row for row in rows_as(_Item, self.db, ITEMS, told)}

    @cached_property
    def _counted(self) -> int:
        return int(one(self.db, COUNTED, {"review": self.review.id, "event": self.run.event}))

    # --- headings and the whole -------------------------------------------------------------------------

    def _headings(self) -> Iterator[Finding]:
        advised = {
            name for terms in self.writing.recommendations if not terms.withdrawn for name in terms.domains
        }
        for domain in self.framework.domains:
            written = self.writing.by_heading.get(domain, [])
            rating = self.run.rating(domain)
            if rating.level is not None and not written and self.report.kind == "report":
                hint = "Write what was found, with examples of evidence."
                yield Finding("not written", "error", "is rated and not written of", hint, domain)
            scale = self.framework.scale_of(domain)
            is_weak = rating.level is not None and rating.level <= len(scale) // 2
            if is_weak and domain not in advised and self.report.kind == "report":
                said = f"is rated {self._level(domain, 'en')} and no recommendation is about it"
                yield Finding("no recommendation", "warning", said, "Recommend what should be done.", domain)
            examples = sum(one.style == "example" for one in written)
            if examples > MOST_EXAMPLES:
                said = f"has {many(examples, 'example')}; a report gives at most {MOST_EXAMPLES} a heading"
                yield Finding("many examples", "warning", said, "Keep the most telling ones.", domain)

    def _whole(self) -> Iterator[Finding]:
        for terms in self.writing.recommendations:
            if terms.withdrawn:
                continue
            if terms.kind == "compliance" and not terms.basis.strip():
                yield self._of_terms(
                    "no basis",
                    f"{terms.label} is for compliance and names no statute or guidance",
                    "Name it with its section, or make it an improvement.",
                    terms.paragraph,
                )
        carried = {number: names for number, names in self._named_items.items() if len(names) > MOST_HEADINGS}
        for number, names in sorted(carried.items()):
            said = f"E{number} is named under {many(len(names), 'heading')}"
            hint = "One finding should not carry so much: name others."
            yield Finding("carries much", "warning", said, hint)
        outside = sorted(number for number, item in self._items.items() if item["outside"])
        for number in outside:
            said = f"E{number} is from outside the evidence window"
            yield Finding("outside the window", "warning", said, "Say of when it is, or name another.")
        if self._counted and len(self._named_items) > MOST_NAMED * self._counted:
            share = round(100 * len(self._named_items) / self._counted)
            said = f"names {share} % of all items; a report gives examples and does not set out all evidence"
            yield Finding("names much", "warning", said, f"Stay below {MOST_NAMED:.0%}.".replace("%", " %"))
        yield from self._changed()

    def _of_terms(self, kind: str, message: str, hint: str, paragraph: int) -> Finding:
        heading = self.writing.all[paragraph].heading
        return Finding(kind, "error", message, hint, heading, paragraph)

    # --- what has changed since it was written ------------------------------------------------------------

    def _changed(self) -> Iterator[Finding]:
        """Ratings, measures and sources that have changed since their paragraph was written."""
        events = {row["number"]: row["event"] for row in rows(self.db, WRITTEN_AT, [self.report.id])}
        told = {"review": self.review.id, "events": json.dumps(sorted(set(events.values())))}
        run_then = {row["event"]: row["run"] for row in rows(self.db, RUN_THEN, told)}
        read: dict[int, Values] = {self.run.id: self.values}
        corrected = self._corrected()
        for written in self.writing.paragraphs:
            then = run_then.get(events[written.number])
            changed: Counter[str] = Counter()
            for stored in self.writing.supports_of.get(written.number, []):
                support = stored.support
                if support.kind == "source" and corrected.get(support.target, 0) > events[written.number]:
                    changed[f"{support.target} was corrected"] += 1
                if support.kind not in ("rating", "measure", "survey") or then in (None, self.run.id):
                    continue
                if then not in read:
                    read[then] = Values(self.db, self.review, load_run(self.db, self.review, then))
                before, now = _value(read[then], support), _value(self.values, support)
                if before != now and now is not None:
                    changed[f"{support.mark} was {before or 'unknown'} and is {now}"] += 1
            for said in changed:
                hint = "Read the sentence again: its number is new, its words are not."
                yield self._found(written, "changed since", said, hint, error=False)

    def _corrected(self) -> dict[str, int]:
        refs = sorted({one.support.target for one in self.writing.supports if one.support.kind == "source"})
        told = {"review": self.review.id, "refs": json.dumps(refs)}
        return {row["ref"]: row["event"] for row in rows(self.db, CORRECTED, told)}


def _value(values: Values, support: Any) -> str | None:
    try:
        return values.value(support, "en").words
    except UnknownName:
        return None


def by_kind(checked: Checked) -> Mapping[str, int]:
    """How many findings there are of every kind."""
    return Counter(one.kind for one in checked.findings)
