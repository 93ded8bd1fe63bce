"""Writing a report: it is started, its paragraphs are stored, and what they rest on.

What is written is given as a whole (`report.textfiles`) and stored in one transaction with one event: all of
it or, with every problem named, nothing. Paragraphs keep their numbers for good. Nothing is changed in place:
a new text is a new row, a withdrawn paragraph a row with an empty text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assessment.runs.recorded import latest_run
from assessment.runs.run import Run, load_run
from programme.database import Act, Database, add_event, insert, one, rows, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from report.actions import ReportAction
from report.markdown import refused_in
from report.marks import ITEM, Support, supports_in
from report.model import LANGUAGES, Language
from report.placeholders import Values
from report.schema import KINDS
from report.textfiles import Given, GivenParagraph, GivenTerms
from report.written import (
    StoredReport,
    Writing,
    Written,
    find_report,
    headings_of,
)
from rules.errors import DecisionRefused, ImportRefused, Problem, RunImpossible, UnknownName, suggest
from rules.remedy import Assess
from rules.words import many

ITEMS = """
select id from evidence where review_id = ? and id in (select value from json_each(?))
"""
SOURCES = "select ref from source where review_id = ?"


@dataclass(frozen=True)
class Stored:
    """What writing did: the numbers of paragraphs."""

    new: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be placed, and what was left out of files."""
    event: int | None = None
    """The event that recorded it; None where nothing was different."""


def start_report(
    db: Database, review: Review, kind: str = "report", *, record: str = "en", by: str, at: datetime
) -> StoredReport:
    """Start the report (or summary) of a review; its grid, ratings and headings come from the latest run.

    `record` is the language that counts where the two differ. Raises UnknownName, RunImpossible where the
    review was never assessed, and DecisionRefused where it was started before.
    """
    if kind not in KINDS:
        raise UnknownName("kind of report", kind, KINDS)
    if record not in LANGUAGES:
        raise UnknownName("language", record, LANGUAGES)
    by = check_person(by, "a report")
    with transaction(db):
        check_may(db, by, Action.WRITE_REPORT, review.key, f"start the {kind}")
        if one(db, "select 1 from report where review_id = ? and kind = ?", [review.id, kind]):
            raise DecisionRefused(
                f"the {kind} of {review.key} was started before", hint="Write it: nothing has to be started."
            )
        if latest_run(db, review) is None:
            raise RunImpossible(
                f"{review.key} was not assessed yet, and a report takes its ratings from a run",
                remedies=[Assess(review.key)],
            )
        event = add_event(
            db,
            Act(ReportAction.START, by, at, review.id, target=kind),
            after={"kind": kind, "language": record},
        )
        insert(
            db,
            "report",
            {
                "review_id": review.id,
                "kind": kind,
                "lang_of_record": record,
                "by": by,
                "added_event": event,
            },
        )
    return find_report(db, review, kind)


def write_report(
    db: Database,
    report: StoredReport,
    given: Given,
    *,
    by: str,
    at: datetime,
    because: str = "",
    translations_agree: bool = False,
) -> Stored:
    """Store what was written; returns which paragraphs are new, changed and withdrawn.

    `translations_agree`: texts that are given again as they are agree with those of the other language as
    these are now, so that they are no longer stale. Raises ImportRefused with every problem at once.
    """
    by = check_person(by, "a text")
    with transaction(db):
        check_may(db, by, Action.WRITE_REPORT, report.review.key, f"write the {report.kind}")
        run = load_run(db, report.review)
        changes = _Changes(db, report, run, given, translations_agree)
        changes.find()
        if changes.problems:
            count = many(len(changes.problems), "problem")
            raise ImportRefused(f"Nothing was stored: {count} found.", changes.problems)
        return changes.store(by, at, because)


@dataclass
class _Planned:
    """What becomes of one paragraph."""

    given: GivenParagraph | None
    """None: it is withdrawn."""
    stored: Written | None
    """None: it is new."""
    position: int
    texts: dict[Language, str]
    """The texts to be stored: only those that are different."""
    moved: bool = False
    number: int = 0
    supports: tuple[Support, ...] = ()
    texts_after: dict[Language, str] = field(default_factory=dict)


class _Changes:
    """What is different between what is stored and what was given."""

    def __init__(
        self, db: Database, report: StoredReport, run: Run, given: Given, translations_agree: bool
    ) -> None:
        self.db, self.report, self.given, self.agree = db, report, given, translations_agree
        self.now = Writing(db, report)
        self.labels = {terms.label: terms for terms in self.now.recommendations}
        self.problems: list[Problem] = []
        self.planned: list[_Planned] = []
        marked = supports_in(text for one in given.paragraphs for text in one.texts.values())
        named = [support for one in given.paragraphs for support in one.supports or ()]
        self.values = Values(db, report.review, run, (*marked, *named))
        self.items: set[str] = set()

    def problem(self, place: str, message: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(place, message, hint))

    # --- what was given, beside what is there ---------------------------------------------------------

    def find(self) -> None:
        """Find the paragraph of everything given, check what it rests on, and what is withdrawn."""
        taken: set[int] = set()
        by_heading: dict[str, int] = {}
        pairs = self._in_order()
        for given in self.given.paragraphs:
            stored = self._numbered(given, taken) or pairs.get(id(given))
            if stored is None and given.number is None:
                stored = self._same_words(given, taken)
            if stored is not None:
                taken.add(stored.number)
            at = by_heading[given.heading] = by_heading.get(given.heading, 0) + 1
            self._plan(given, stored, at)
        self._plan_withdrawn(taken)
        self._check_supports()
        self._check_terms()

    def _numbered(self, given: GivenParagraph, taken: set[int]) -> Written | None:
        number = given.number
        if given.label:
            number = self.labels[given.label].paragraph if given.label in self.labels else None
        if number is None:
            return None
        stored = self.now.all.get(number)
        if stored is None:
            known = [f"p{one.number}" for one in self.now.paragraphs]
            self.problem(given.place, f"there is no paragraph p{number}.", suggest(f"p{number}", known))
        elif number in taken:
            self.problem(given.place, f"p{number} is here for the second time.", "Keep one of them.")
        elif stored.heading != given.heading:
            hint = "Leave the number out: it is then another paragraph."
            self.problem(given.place, f"p{number} belongs to “{self._title(stored.heading)}”.", hint)
        elif stored.withdrawn and not given.label:
            hint = "Leave the number out: numbers are never used again."
            self.problem(given.place, f"p{number} was withdrawn.", hint)
        return stored

    def _title(self, heading: str) -> str:
        return headings_of(self.report.review.framework)[heading].en

    def _same_words(self, given: GivenParagraph, taken: set[int]) -> Written | None:
        for stored in self.now.by_heading.get(given.heading, []):
            same = any(stored.texts[lang] == text for lang, text in given.texts.items() if text)
            if same and stored.style == given.style and stored.number not in taken:
                return stored
        return None

    def _in_order(self) -> dict[int, Written]:
        """Texts in one language without numbers, all of a heading: in the order of the other language's."""
        found: dict[int, Written] = {}
        for heading, lang in self.given.whole:
            other: Language = "cy" if lang == "en" else "en"
            alone = [
                one
                for one in self.given.paragraphs
                if one.heading == heading and set(one.texts) == {lang} and not one.label
            ]
            if (heading, other) in self.given.whole or not alone or any(one.number for one in alone):
                continue
            stored = [one for one in self.now.by_heading.get(heading, []) if one.texts[other]]
            if any(one.texts[lang] for one in stored) or not stored:
                continue
            if len(stored) != len(alone):
                said = f"{many(len(alone), 'paragraph')} in {lang}, and {len(stored)} in {other}."
                hint = f"Give each its number, e.g. [p{stored[0].number}]."
                self.problem(alone[0].place, said, hint)
                continue
            found |= {id(one): there for one, there in zip(alone, stored, strict=True)}
        return found

    def _plan(self, given: GivenParagraph, stored: Written | None, at: int) -> None:
        for text in given.texts.values():
            for _, what, hint in refused_in(text):
                self.problem(given.place, f"{what} is not read in a paragraph.", hint)
        if stored is not None and stored.style != given.style and not given.label:
            styles = {stored.style, given.style}
            if not styles <= {"text", "list"}:
                hint = "Leave the number out: it is then another paragraph."
                said = f"p{stored.number} is of the style {stored.style}, not {given.style}."
                self.problem(given.place, said, hint)
        now: Mapping[Language, str] = stored.texts if stored else {}
        texts = {lang: text for lang, text in given.texts.items() if text != now.get(lang, "")}
        if not any(given.texts.values()) and stored is not None:
            texts = {lang: "" for lang in LANGUAGES if now[lang]}
        if self.agree and stored and stored.stale and stored.stale in given.texts:
            texts[stored.stale] = given.texts[stored.stale]
        # A table says nothing of order; nor does the other language of what is there.
        is_whole = {(given.heading, lang) for lang in given.texts} & self.given.whole
        keeps = stored is not None and (not is_whole or "en" not in given.texts)
        position = stored.position if stored and keeps else at if is_whole else self._last(given.heading)
        if given.label:
            position = int(given.label[1:])
        after = {lang: given.texts.get(lang, now.get(lang, "")) for lang in LANGUAGES}
        moved = stored is not None and position != stored.position
        planned = _Planned(given, stored, position, texts, moved, texts_after=after)
        planned.supports = self._supports_of(given, stored, after)
        self.planned.append(planned)

    def _last(self, heading: str) -> int:
        there = [one.position for one in self.now.by_heading.get(heading, [])]
        there += [one.position for one in self.planned if one.given and one.given.heading == heading]
        return max(there, default=0) + 1

    def _supports_of(
        self, given: GivenParagraph, stored: Written | None, after: Mapping[Language, str]
    ) -> tuple[Support, ...]:
        """What the paragraph rests on from now on: its marks, and what is named beside its text."""
        beside: Iterable[Support] = given.supports or ()
        if given.supports is None and stored is not None:
            before = set(supports_in(stored.texts.values()))
            there = [one.support for one in self.now.supports_of.get(stored.number, [])]
            beside = [support for support in there if support not in before]
        return tuple(dict.fromkeys((*supports_in(after.values()), *beside)))

    def _plan_withdrawn(self, taken: set[int]) -> None:
        for heading, lang in sorted(self.given.whole):
            for stored in self.now.by_heading.get(heading, []):
                if stored.number in taken or not stored.texts[lang]:
                    continue
                if any(plan.stored is stored for plan in self.planned):
                    continue
                kept = {other: stored.texts[other] for other in LANGUAGES if other != lang}
                # What is no longer there in English is no longer there in Welsh; the other way round it is.
                gone = lang == "en" or not any(kept.values())
                texts: dict[Language, str] = (
                    {one: "" for one in LANGUAGES if stored.texts[one]} if gone else {lang: ""}
                )
                after = {one: texts.get(one, stored.texts[one]) for one in LANGUAGES}
                supports = self._supports_of(GivenParagraph("", heading, stored.style, after), stored, after)
                self.planned.append(
                    _Planned(
                        None,
                        stored,
                        stored.position,
                        texts,
                        supports=() if gone else supports,
                        texts_after=after,
                    )
                )

    # --- what it rests on -----------------------------------------------------------------------------

    def _check_supports(self) -> None:
        named = {
            int(each.target[1:]) for plan in self.planned for each in plan.supports if each.kind == "item"
        }
        found = rows(self.db, ITEMS, [self.report.review.id, json.dumps(sorted(named))])
        self.items = {f"E{row['id']}" for row in found}
        sources = {row["ref"] for row in rows(self.db, SOURCES, [self.report.review.id])}
        labels = {terms.label for terms in self.now.recommendations}
        labels |= {one.label for one in self.given.paragraphs if one.label}
        for plan in self.planned:
            given = plan.given
            if given is None:
                continue
            checked: list[Support] = []
            for support in plan.supports:
                if support.kind == "recommendation" and support.target not in labels:
                    # An index number can look like the number of a recommendation.
                    if support.target in sources:
                        support = Support("source", support.target, support.note)
                    else:
                        hint = suggest(support.target, labels)
                        self.problem(given.place, f"there is no recommendation {support.target}.", hint)
                checked.append(support)
                self._check_support(given, support, sources)
            plan.supports = tuple(dict.fromkeys(checked))

    def _check_support(self, given: GivenParagraph, support: Support, sources: set[str]) -> None:
        if support.kind == "item":
            if support.target not in self.items and ITEM.fullmatch(support.target):
                nearest = self._nearest_item(int(support.target[1:]))
                self.problem(given.place, f"there is no item {support.target} in this review.", nearest)
        elif support.kind == "source":
            if support.target not in sources:
                hint = suggest(support.target, sources) or "Write a backslash before a plain bracket."
                self.problem(given.place, f"there is no source {support.target!r}.", hint)
        elif support.kind != "recommendation":
            try:
                self.values.check(support)
            except UnknownName as error:
                self.problem(given.place, f"{error.message}.", error.hint)

    def _nearest_item(self, number: int) -> str:
        found = one(
            self.db,
            "select id from evidence where review_id = ? order by abs(id - ?), id limit 1",
            [self.report.review.id, number],
        )
        return f"The nearest item is E{found}." if found else "The review has no items."

    def _check_terms(self) -> None:
        seen: set[str] = set()
        for one_label in [given.label for given in self.given.paragraphs if given.label]:
            if one_label in seen:
                place = [one.place for one in self.given.paragraphs if one.label == one_label][-1]
                self.problem(place, f"{one_label} is here for the second time.", "Keep one of them.")
            seen.add(one_label)

    # --- storing --------------------------------------------------------------------------------------

    def store(self, by: str, at: datetime, because: str) -> Stored:
        """Store what is different, with one event."""
        terms = self._changed_terms()
        plans = [plan for plan in self.planned if plan.texts or plan.moved or self._rests_on_other(plan)]
        if not plans and not terms:
            return Stored(notes=self.given.notes)
        highest = max(self.now.all, default=0)
        for plan in plans:
            if plan.stored is None:
                highest += 1
            plan.number = plan.stored.number if plan.stored else highest
        new = [plan.number for plan in plans if plan.stored is None]
        gone = [plan.number for plan in plans if plan.stored and not any(plan.texts_after.values())]
        changed = [plan.number for plan in plans if plan.number not in (*new, *gone)]
        act = Act(ReportAction.WRITE, by, at, self.report.review.id, self.report.kind, because)
        event = add_event(
            self.db,
            act,
            detail={
                "new": new,
                "changed": changed,
                "withdrawn": gone,
                "recommendations": [one.label for one in terms],
            },
        )
        for plan in plans:
            self._store_paragraph(plan, by, event)
        for one_terms in terms:
            self._store_terms(one_terms, by, event)
        return Stored(
            tuple(sorted(new)), tuple(sorted(changed)), tuple(sorted(gone)), self.given.notes, event
        )

    def _rests_on_other(self, plan: _Planned) -> bool:
        number = plan.stored.number if plan.stored else 0
        return {one.support for one in self.now.supports_of.get(number, [])} != set(plan.supports)

    def _store_paragraph(self, plan: _Planned, by: str, event: int) -> None:
        stored, given = plan.stored, plan.given
        if stored is None and given is not None:
            number = insert(
                self.db,
                "paragraph",
                {
                    "report_id": self.report.id,
                    "number": plan.number,
                    "heading": given.heading,
                    "style": given.style,
                    "added_event": event,
                },
            )
            if given.label:
                self._store_label(given.label, number, event)
        else:
            number = stored.id if stored else 0
        latest: dict[Language, int | None] = dict(stored.rows) if stored else {"en": None, "cy": None}
        texts = dict(plan.texts)
        if plan.moved and not texts and stored:
            # The place of the latest text counts: the same words again, made from what they were made from.
            lang: Language = "en" if stored.texts["en"] else "cy"
            texts[lang] = stored.texts[lang]
        for lang in ("en", "cy"):
            if lang in texts:
                latest[lang] = self._store_text(plan, number, lang, texts[lang], latest, by, event)
        self._store_supports(plan, number, event)

    def _store_text(
        self,
        plan: _Planned,
        paragraph: int,
        lang: Language,
        text: str,
        latest: Mapping[Language, int | None],
        by: str,
        event: int,
    ) -> int:
        other: Language = "cy" if lang == "en" else "en"
        made_from = None
        if lang != self.report.record and text and plan.texts_after.get(other):
            made_from = latest[other]
            if plan.moved and lang not in plan.texts:
                made_from = one(self.db, "select made_from from paragraph_text where id = ?", [latest[lang]])
        return insert(
            self.db,
            "paragraph_text",
            {
                "paragraph_id": paragraph,
                "lang": lang,
                "text": text,
                "position": plan.position,
                "made_from": made_from,
                "by": by,
                "added_event": event,
            },
        )

    def _store_label(self, label: str, paragraph: int, event: int) -> None:
        insert(
            self.db,
            "recommendation",
            {
                "report_id": self.report.id,
                "paragraph_id": paragraph,
                "series": label[0],
                "number": int(label[1:]),
                "added_event": event,
            },
        )

    def _store_supports(self, plan: _Planned, paragraph: int, event: int) -> None:
        there = self.now.supports_of.get(plan.stored.number, []) if plan.stored else []
        wanted = set(plan.supports)
        for stored in there:
            if stored.support not in wanted:
                self.db.conn.execute(
                    "update support set withdrawn_event = ? where id = ?", [event, stored.id]
                )
        before = {stored.support for stored in there}
        for support in plan.supports:
            if support not in before:
                insert(
                    self.db,
                    "support",
                    {
                        "paragraph_id": paragraph,
                        "kind": support.kind,
                        "target": support.target,
                        "note": support.note,
                        "added_event": event,
                    },
                )

    def _changed_terms(self) -> list[GivenTerms]:
        """The terms that are different; new recommendations without terms get plain ones."""
        given = {terms.label: terms for terms in self.given.terms}
        found = []
        for one_label in [each.label for each in self.given.paragraphs if each.label]:
            kind = "improvement" if one_label.startswith("R") else ""
            if one_label in self.labels and one_label not in given:
                continue
            terms = given.get(one_label) or GivenTerms("", one_label, kind, "", ())
            now = self.labels.get(one_label)
            if now is None or (now.kind, now.basis, now.domains) != (terms.kind, terms.basis, terms.domains):
                found.append(terms)
        return found

    def _store_terms(self, terms: GivenTerms, by: str, event: int) -> None:
        recommendation = one(
            self.db,
            "select id from recommendation where report_id = ? and series = ? and number = ?",
            [self.report.id, terms.label[0], int(terms.label[1:])],
        )
        insert(
            self.db,
            "recommendation_terms",
            {
                "recommendation_id": recommendation,
                "kind": terms.kind,
                "basis": terms.basis,
                "domains": json.dumps(list(terms.domains)),
                "by": by,
                "added_event": event,
            },
        )


def withdraw_paragraph(
    db: Database, report: StoredReport, number: int, *, by: str, because: str, at: datetime
) -> Stored:
    """Take a paragraph out of a report; its number is never used again. Raises UnknownName."""
    because = check_words(because, "a withdrawal")
    by = check_person(by, "a withdrawal")
    with transaction(db):
        check_may(db, by, Action.WRITE_REPORT, report.review.key, f"write the {report.kind}")
        now = Writing(db, report)
        stored = now.all.get(number)
        if stored is None or stored.withdrawn:
            raise UnknownName("paragraph", f"p{number}", [f"p{one.number}" for one in now.paragraphs])
        act = Act(ReportAction.WITHDRAW_PARAGRAPH, by, at, report.review.id, f"p{number}", because)
        event = add_event(db, act, before={"texts": dict(stored.texts)})
        for lang in LANGUAGES:
            if stored.texts[lang]:
                row = {"paragraph_id": stored.id, "lang": lang, "text": "", "position": stored.position}
                insert(db, "paragraph_text", {**row, "by": by, "added_event": event})
        db.conn.execute(
            "update support set withdrawn_event = ? where paragraph_id = ? and withdrawn_event is null",
            [event, stored.id],
        )
    return Stored(withdrawn=(number,), event=event)
