"""The page of a report, one heading at a time, and its forms: start, add, write, withdraw, freeze."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypedDict

from assessment.reasons.grid import CELL
from assessment.runs.recorded import latest_run
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import Declared, Menu, Page
from joint_review.web.pages.editions import REPORT, EditionNamed, edition_address, editions_of, head_of
from joint_review.web.request import Asked
from joint_review.web.run_view import Head
from joint_review.web.state import Part, RestsOn, State
from programme.database import Database, rows, rows_as
from programme.permissions import Action
from programme.reviews import Review, find_review
from report.check import Checked, Finding, check_report
from report.editions import bars_to_freezing, freeze
from report.markdown import refused_in
from report.marks import Support
from report.model import LANGUAGES, Language
from report.schema import KINDS, KINDS_OF_RECOMMENDATION, PURPOSES
from report.textfiles import ITEM_OF_LIST, Given, GivenParagraph, GivenTerms
from report.writing import Stored, start_report, withdraw_paragraph, write_report
from report.written import StoredReport, Terms, Writing, Written, find_report, headings_of
from rules.errors import UnknownName
from rules.words import listed, many

LABELLED = {"recommendations": "R", "priorities": "P"}
"""Headings whose paragraphs are numbered in a series of their own."""
STYLE_OF = {"recommendations": "recommendation", "priorities": "priority"}
MOST_ITEMS = 200
"""Items of a heading that the page names; all of them are in the list of items."""


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(REPORT, "report", report, Action.SEE_REPORT, menu=Menu("Report", 140)),
        Form(REPORT, "start", Action.WRITE_REPORT, start, rests_on=RestsOn(_started_then)),
        Form(REPORT, "add", Action.WRITE_REPORT, add, rests_on=None),
        Form(
            REPORT,
            "write",
            Action.WRITE_REPORT,
            write,
            rests_on=RestsOn(_text_then, fields=("text_en", "text_cy")),
        ),
        Form(REPORT, "withdraw", Action.WRITE_REPORT, withdraw, rests_on=RestsOn(_text_then)),
        Form(REPORT, "freeze", Action.FREEZE, put_edition, rests_on=RestsOn(_edition_then)),
    )


class HeadingShown(TypedDict):
    """A heading in the contents."""

    key: str
    title: str
    paragraphs: int
    errors: int
    warnings: int


class FindingShown(TypedDict):
    """A line of the check."""

    severity: str
    message: str
    hint: str


class SupportShown(TypedDict):
    """Something that a paragraph rests on."""

    name: str
    """As it is written in the text."""
    to: str
    """The address of the page that shows it, behind that of the review; empty where who asks sees none."""


class ParagraphShown(TypedDict):
    """A paragraph with what it rests on, and what the check says of it."""

    number: int
    style: str
    label: str
    """R4 or P2."""
    text_en: str
    text_cy: str
    stale: Language | None
    supports: list[SupportShown]
    findings: list[FindingShown]
    terms: str
    """Kind, basis and domains of a recommendation, in words."""


class ItemNamed(TypedDict):
    """An item that can be inserted."""

    name: str
    says: str
    source: str


class Draft(TypedDict):
    """The paragraph that is being written; empty for a new one."""

    number: int | None
    text_en: str
    text_cy: str
    style: str


class ReportPage(Head):
    """The report of a review under one heading."""

    kind: str
    kinds: list[str]
    started: bool
    assessed: bool
    run: int | None
    """The run that the check is against."""
    headings: list[HeadingShown]
    chosen: HeadingShown | None
    """The heading that is shown."""
    paragraphs: list[ParagraphShown]
    of_heading: list[FindingShown]
    """What the check says of the heading itself."""
    of_whole: list[FindingShown]
    """What it says of the whole report."""
    errors: int
    warnings: int
    editions: list[EditionNamed]
    bars: list[str]
    """What keeps the report from being frozen, for those who may freeze it."""
    items: list[ItemNamed]
    values: list[str]
    """Marks of values under this heading."""
    draft: Draft | None
    """What the form is filled in with, for those who may write."""
    purposes: list[str]
    sorts: list[str]
    domains: list[tuple[str, str]]


ITEMS = """
select e.id, e.text, s.ref from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null and e.id in (
  select t.evidence_id from tag t join domain d on d.id = t.domain_id join question q on q.id = d.question_id
  where t.withdrawn_event is null and :heading in (d.key, q.key))
order by e.id limit :most
"""
MEASURES = """
select distinct target || '.' || key as name from measure where run_id = :run and target = :heading order by 1
"""


def report(db: Database, asked: Asked) -> ReportPage:
    """The report of a review, with one heading of it; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    kind = asked.text("kind") or KINDS[0]
    if kind not in KINDS:
        raise UnknownName("kind of report", kind, KINDS)
    run = latest_run(db, review)
    started = bool(rows(db, "select 1 from report where review_id = ? and kind = ?", [review.id, kind]))
    empty: ReportPage = {
        **head_of(db, review, asked),
        "kind": kind,
        "kinds": list(KINDS),
        "started": started,
        "assessed": run is not None,
        "run": None,
        "headings": [],
        "chosen": None,
        "paragraphs": [],
        "of_heading": [],
        "of_whole": [],
        "errors": 0,
        "warnings": 0,
        "editions": editions_of(db, review, kind),
        "bars": [],
        "items": [],
        "values": [],
        "draft": None,
        "purposes": list(PURPOSES),
        "sorts": list(KINDS_OF_RECOMMENDATION),
        "domains": [(key, review.framework.title_of(key)) for key in review.framework.domains],
    }
    if not started or run is None:
        return empty
    stored = find_report(db, review, kind)
    return _written(db, stored, asked, empty)


def _written(db: Database, stored: StoredReport, asked: Asked, empty: ReportPage) -> ReportPage:
    """The page of a report that was started."""
    review = stored.review
    writing, checked = Writing(db, stored), check_report(db, stored)
    headings = list(_headings(stored, writing, checked))
    wanted = asked.text("heading")
    chosen = next((one for one in headings if one["key"] == wanted), None)
    if chosen is None and wanted:
        raise UnknownName("heading", wanted, [one["key"] for one in headings])
    chosen = chosen or next((one for one in headings if one["paragraphs"]), headings[0])
    key = chosen["key"]
    labels = {terms.paragraph: terms for terms in writing.recommendations}
    sees = Action.SEE_REVIEW in asked.may
    writes = Action.WRITE_REPORT in asked.may
    return {
        **empty,
        "run": checked.run,
        "headings": headings,
        "chosen": chosen,
        "paragraphs": [
            _paragraph(one, writing, labels.get(one.number), checked, sees)
            for one in writing.by_heading.get(key, [])
        ],
        "of_heading": _said(one for one in checked.findings if one.heading == key and not one.paragraph),
        "of_whole": _said(one for one in checked.findings if not one.heading),
        "errors": len(checked.errors),
        "warnings": len(checked.findings) - len(checked.errors),
        "bars": [bar.message for bar in bars_to_freezing(db, stored, PURPOSES[0])]
        if Action.FREEZE in asked.may
        else [],
        "items": _items(db, review, key) if writes and sees else [],
        "values": _values(db, review, key, checked.run) if writes else [],
        "draft": _draft(asked, key, writing) if writes else None,
    }


def _headings(stored: StoredReport, writing: Writing, checked: Checked) -> Iterator[HeadingShown]:
    counts = Counter((one.heading, one.severity) for one in checked.findings)
    for key, title in headings_of(stored.review.framework).items():
        yield {
            "key": key,
            "title": title.en,
            "paragraphs": len(writing.by_heading.get(key, [])),
            "errors": counts[key, "error"],
            "warnings": counts[key, "warning"],
        }


def _said(findings: Iterable[Finding]) -> list[FindingShown]:
    return [{"severity": one.severity, "message": one.message, "hint": one.hint} for one in findings]


def _paragraph(
    one: Written, writing: Writing, terms: Terms | None, checked: Checked, sees: bool
) -> ParagraphShown:
    about = [terms.kind, terms.basis, ", ".join(terms.domains)] if terms else []
    return {
        "number": one.number,
        "style": one.style,
        "label": terms.label if terms else "",
        "text_en": one.texts["en"],
        "text_cy": one.texts["cy"],
        "stale": one.stale,
        "supports": [
            {"name": each.support.mark, "to": support_address(each.support) if sees else ""}
            for each in writing.supports_of.get(one.number, [])
        ],
        "findings": _said(each for each in checked.findings if each.paragraph == one.number),
        "terms": "; ".join(filter(None, about)),
    }


def support_address(support: Support) -> str:
    """The page that shows what a paragraph rests on, behind the address of the review; '' where none does."""
    match support.kind:
        case "item":
            return f"/items/{support.target}"
        case "source":
            return f"/sources/{support.target}"
        case "rating":
            return f"/trail/{support.target}"
        case "measure":
            return "/trail/" + support.target.replace(".", "/", 1)
        case "survey":
            return "/surveys"
    return ""


def _items(db: Database, review: Review, heading: str) -> list[ItemNamed]:
    given = {"review": review.id, "heading": heading, "most": MOST_ITEMS}
    return [
        {"name": f"[E{row['id']}]", "says": row["text"], "source": row["ref"]}
        for row in rows(db, ITEMS, given)
    ]


def _values(db: Database, review: Review, heading: str, run: int) -> list[str]:
    """The marks of values that belong under a heading: its rating and measures, or the cell of the grid."""
    if heading not in review.framework.question_of and not review.framework.is_domain(heading):
        return [f"{{{CELL}}}"] if heading == "judgement" else []
    found = rows(db, MEASURES, {"run": run, "heading": heading})
    return [f"{{rating:{heading}}}", *(f"{{{row['name']}}}" for row in found)]


def _draft(asked: Asked, heading: str, writing: Writing) -> Draft:
    number = asked.whole("edit")
    if number is None:
        return {"number": None, "text_en": "", "text_cy": "", "style": "text"}
    stored = writing.all.get(number)
    if stored is not None and stored.withdrawn:
        return {"number": None, "text_en": "", "text_cy": "", "style": "text"}
    if stored is None or stored.heading != heading:
        known = [f"p{one.number}" for one in writing.by_heading.get(heading, [])]
        raise UnknownName("paragraph", f"p{number}", known)
    return {
        "number": number,
        "text_en": stored.texts["en"],
        "text_cy": stored.texts["cy"],
        "style": stored.style,
    }


# --- what the forms rest on --------------------------------------------------------------------------------

STARTED_THEN = """
select by, added_event as event from report
where review_id = :review and kind = :kind and added_event <= :event
"""


class _Text(TypedDict):
    text: str
    event: int


TEXT_THEN = """
select t.text, t.added_event as event from paragraph_text t join paragraph p on p.id = t.paragraph_id
join report r on r.id = p.report_id
where r.review_id = :review and r.kind = :kind and p.number = :number and t.lang = :lang
  and t.added_event <= :event order by t.id desc limit 1
"""
EDITION_THEN = """
select e.number, e.added_event as event from edition e join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind and e.added_event <= :event order by e.id desc limit 1
"""
WRITTEN_THEN = """
select 'p' || p.number as said, t.added_event as event
from paragraph_text t join paragraph p on p.id = t.paragraph_id join report r on r.id = p.report_id
where r.review_id = :review and r.kind = :kind and t.added_event <= :event order by t.id desc limit 1
"""
TITLES: dict[Language, str] = {"en": "In English", "cy": "In Welsh"}


def _asked(db: Database, sent: Sent, event: int) -> dict[str, object]:
    return {"review": find_review(db, sent.review).id, "kind": _kind(sent), "event": event}


def _started_then(db: Database, sent: Sent, event: int) -> State:
    """Whether the report was started."""
    found = rows(db, STARTED_THEN, _asked(db, sent, event))
    part = Part("Started", tuple(f"by {row['by']}" for row in found))
    return State({"started": part}, found[0]["event"] if found else None)


def _text_then(db: Database, sent: Sent, event: int) -> State:
    """What the paragraph said in both languages."""
    parts, last = {}, 0
    for lang in LANGUAGES:
        given = {**_asked(db, sent, event), "number": _number(sent) or 0, "lang": lang}
        found = rows_as(_Text, db, TEXT_THEN, given)
        parts[f"text_{lang}"] = Part(TITLES[lang], tuple(row["text"] for row in found))
        last = max([last, *(row["event"] for row in found)])
    return State(parts, last or None)


def _edition_then(db: Database, sent: Sent, event: int) -> State:
    """The latest edition, and the paragraph written last: who freezes a report has read it."""
    given = _asked(db, sent, event)
    editions, written = rows(db, EDITION_THEN, given), rows(db, WRITTEN_THEN, given)
    parts = {
        "edition": Part("Latest edition", tuple(str(row["number"]) for row in editions)),
        "written": Part("Written last", tuple(f"{row['said']}, event {row['event']}" for row in written)),
    }
    return State(parts, max((row["event"] for row in (*editions, *written)), default=None))


# --- the forms ---------------------------------------------------------------------------------------------


def _kind(sent: Sent) -> str:
    return sent.one_of("kind", KINDS) or KINDS[0]


def _number(sent: Sent) -> int | None:
    return sent.whole("number", least=1)


def _to(sent: Sent, heading: str, number: int | None = None) -> str:
    """The page under a heading, with the kind of report that the form was about."""
    kind = _kind(sent)
    more = f"&kind={kind}" if kind != KINDS[0] else ""
    return f"?heading={heading}{more}" + (f"#p{number}" if number else "")


def start(db: Database, sent: Sent) -> Done:
    """Start the report, or the summary."""
    made = start_report(
        db,
        find_review(db, sent.review),
        _kind(sent),
        record=sent.one_of("record", LANGUAGES) or LANGUAGES[0],
        by=sent.by,
        at=sent.at,
    )
    return Done(f"The {made.kind} is started.", to=_to(sent, "introduction"), more={"kind": made.kind})


def add(db: Database, sent: Sent) -> Done:
    """Write a new paragraph under a heading."""
    return _write(db, sent, None)


def write(db: Database, sent: Sent) -> Done:
    """Write other words of a paragraph that is there."""
    number = _number(sent)
    if number is None:
        raise Mistakes({"number": "Choose a paragraph."})
    return _write(db, sent, number)


def _write(db: Database, sent: Sent, number: int | None) -> Done:
    stored = find_report(db, find_review(db, sent.review), _kind(sent))
    heading = sent.one_of("heading", headings_of(stored.review.framework), needed="Choose a heading.")
    texts = {lang: _clean(sent, f"text_{lang}") for lang in LANGUAGES}
    if not any(texts.values()):
        words = "Write the paragraph." if number is None else "To take a paragraph out, withdraw it."
        raise Mistakes({f"text_{stored.record}": words})
    given = _given(sent, stored, heading, number, texts, Writing(db, stored))
    done = write_report(db, stored, given, by=sent.by, at=sent.at, translations_agree=sent.ticked("agree"))
    numbers = (*done.new, *done.changed)
    at = numbers[0] if numbers else number
    return Done(_done(done), to=_to(sent, heading, at), more={"paragraph": at})


def _clean(sent: Sent, name: str) -> str:
    """A text as it is stored; raises Mistakes for what is not read in a paragraph."""
    text = sent.text(name).replace("\r\n", "\n")
    if "\n\n" in text:
        raise Mistakes({name: "A blank line begins another paragraph: write that one by itself."})
    for _, what, hint in refused_in(text):
        raise Mistakes({name: f"{what.capitalize()} is not read in a paragraph. {hint}".strip()})
    return text


def _given(
    sent: Sent,
    stored: StoredReport,
    heading: str,
    number: int | None,
    texts: dict[Language, str],
    writing: Writing,
) -> Given:
    """The paragraph as files give it."""
    there = writing.all.get(number) if number else None
    labels = {terms.paragraph: terms.label for terms in writing.recommendations}
    label = labels.get(number or 0, "")
    terms: tuple[GivenTerms, ...] = ()
    if heading in LABELLED and number is None:
        series = [one for one in writing.recommendations if one.series == LABELLED[heading]]
        last = max((int(one.label[1:]) for one in series), default=0)
        label = f"{LABELLED[heading]}{last + 1}"
        if heading == "recommendations":
            sort = sent.one_of("sort", KINDS_OF_RECOMMENDATION) or KINDS_OF_RECOMMENDATION[1]
            domains = tuple(sent.texts("domain"))
            for name in domains:
                if name not in stored.review.framework.domains:
                    raise UnknownName("domain", name, stored.review.framework.domains)
            terms = (GivenTerms("", label, sort, sent.text("basis"), domains),)
    if label or heading in STYLE_OF:
        style = STYLE_OF.get(heading, "text")
    elif (there and there.style == "example") or (not there and sent.ticked("example")):
        style = "example"
    else:
        style = "list" if ITEM_OF_LIST.match(texts["en"] or texts["cy"]) else "text"
    # An empty text of a new paragraph is left out: there is nothing to take back.
    kept = {lang: text for lang, text in texts.items() if text or number}
    place = f"p{number}" if number else "The paragraph"
    one = GivenParagraph(place, heading, style, kept, None if label else number, label)
    return Given((one,), terms)


def _done(done: Stored) -> str:
    if not done.event:
        return "Nothing is different: nothing was stored."
    if done.new:
        return f"Paragraph {done.new[0]} is written."
    return f"Paragraph {done.changed[0]} is changed." if done.changed else "The paragraph is stored."


def withdraw(db: Database, sent: Sent) -> Done:
    """Take a paragraph out of the report."""
    stored = find_report(db, find_review(db, sent.review), _kind(sent))
    number = _number(sent)
    if number is None:
        raise Mistakes({"number": "Choose a paragraph."})
    because = sent.text("because", needed="Say why.")
    there = Writing(db, stored).all.get(number)
    withdraw_paragraph(db, stored, number, by=sent.by, because=because, at=sent.at)
    heading = there.heading if there else "introduction"
    return Done(f"Paragraph {number} is withdrawn.", to=_to(sent, heading), more={"paragraph": number})


def put_edition(db: Database, sent: Sent) -> Done:
    """Freeze an edition of the report."""
    stored = find_report(db, find_review(db, sent.review), _kind(sent))
    purpose = sent.one_of("purpose", PURPOSES, needed="Choose what it is for.")
    made = freeze(db, stored, purpose, by=sent.by, at=sent.at, because=sent.text("because"))
    said = f"Edition {made.number} is frozen on run {made.run}."
    if made.warnings:
        said += f" The check has {many(made.warnings, 'warning')}."
    if made.bodies:
        said += f" It must be cleared by {listed(made.bodies)}."
    return Done(said, to=f"/{edition_address(stored.kind, made.number)}", more={"edition": made.number})
