"""A review in which every form of every page can be sent, and the forms of its pages as they are found there.

`made_scene` is built by hand, since what a form needs to be offered at all is particular: an open challenge,
a panel on which who asks has still to vote, an override of somebody else's, a batch, a quote with two places.
Which forms there are is not: `find_forms` follows the links of the pages until every declared form was seen.
"""

from __future__ import annotations

import html
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from assessment_example import AT, add, assess_plainly, new_programme, new_review
from evidence_rows import finding, whole_review
from form_bench import HERE, Bench, opened
from form_fields import FormShown, forms_of
from report_example import BODIES, freeze, send_edition, write_report

from assessment.decisions import decide
from assessment.decisions.challenges import raise_challenge
from assessment.decisions.panel import open_panel
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in
from evidence.erasing import ask_to_erase
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.sources import SourceDetails, add_sources
from joint_review.web.forms import Form
from joint_review.web.routes import all_forms, all_pages
from programme.database import Database
from programme.reviews import Review
from programme.users import add_user, give_role
from report.comments import receive_comments
from report.moderation import Point, clear, moderate
from report.sheet import CommentRow
from report.textfiles import Given, GivenParagraph
from report.writing import start_report
from report.writing import write_report as write_report_as_given
from report.written import headings_of

HOME = "/reviews/r1"
READY = "r2"
"""The review of which a report can be frozen."""
STARTS = (HOME, f"/reviews/{READY}/report")
"""Where the links that are followed begin."""
ALL = [["reviewer", "r1"], ["lead", "r1"], ["moderator", "r1"], ["lead", READY]]
ROLES = {
    **{"first-1": "lead", "second-1": "lead", "coder-1": "reviewer"},
    **{"outsider-1": "moderator", "outsider-2": "moderator", "manager-1": "manager", "manager-2": "manager"},
}
MINE, THEIRS = ({"id": name, "held": ALL, "all_reviews": []} for name in ("first-1", "second-1"))
CODER, OUTSIDER, OTHER_OUTSIDER, MANAGER, OTHER_MANAGER = (
    {"id": name, "held": [[role, "r1"]], "all_reviews": []} for name, role in list(ROLES.items())[2:]
)
ALONE = {"moderate": OUTSIDER, "clear": MANAGER}
"""Who sends a form that the team itself may not, by its name."""
TEXT = "Carers waited. Nobody asked. Carers waited again."
SAID: dict[str, str] = {
    "kind": "rating",
    "target": "getting-help",
    "on": "2009-06-01",
    "items": "1",
    "seed": "7",
    **dict.fromkeys(("changed", "ref", "encoding", "start"), ""),
    "dated": "2007-05-31",
    "quote": "Nobody asked.",
    "draws": "100",
    "score": "3",
    "extent": "3 of 5 files",
    "until": "2032-03-31",
    "window_from": "2004-01-01",
    "window_to": "2009-01-01",
}
"""What a field holds that does not take any words, by its name; a new one of that kind needs a line here."""
RIVAL: dict[str, str] = {"extent": "most teams", "until": "2033-03-31", "window_to": "2010-01-01"}
"""What it holds of who fills the same form in beside."""
OF_FORM: dict[str, dict[str, str]] = {
    "erasure/request": {"kind": "item", "target": "E2"},
    "2/moderate": {"must": ""},
}
"""The same for one form, where its fields have names that other forms have too."""
VISITED = 4
"""How many addresses of one page are looked at, which differ in the values of their queries alone."""


def make_scene(folder: Path) -> Path:
    """The working database."""
    db = new_programme(folder)
    try:
        review = new_review(db, "r1", "wales-round-2", *whole_review())
        by: dict[str, Any] = {"by": "lead-9", "at": AT}
        add_sources(db, review, [GivenFile("plan.txt", TEXT.encode())], SourceDetails(), **by)
        two_places = finding("D-001", quote="Carers waited", locator="page 1", recorded_by="reviewer-8")
        add(db, review, two_places)
        said = Said("They were not asked.", "weakness", "2", domains=("carers",))
        record_finding(db, review, "D-001", Passage("Nobody asked.", 1), said, by="reviewer-8", at=AT)
        run = assess_plainly(db, review, by="lead-9")
        for coder, items, seed in (("reviewer-7", 1, 0), ("coder-1", 2, 1)):
            batch = draw_batch(db, review, coder=coder, items=items, seed=seed, by="lead-9", at=AT)["number"]
            if coder == "reviewer-7":
                (number,) = db.conn.execute("select evidence_id from coding_batch_item").fetchone()
                code_item(
                    *(db, review, batch, number, CodedAs("weakness", 3, None, ("carers",))),
                    **{"by": coder, "at": AT},
                )
                hand_in(db, review, batch, by=coder, at=AT)
        first, second, third = list(review.framework.domains)[:3]
        decide.override(db, review, first, "poor", because="Seen.", run=run.id, **by)
        open_panel(db, review, second, ("first-1", "second-1", "coder-1"), **by)
        raise_challenge(db, review, "rating", third, ground="other", text="One visit only.", **by)
        add(db, review, finding("I1", "weakness", locator="later"))
        for asks, item in (("first-1", "E3"), ("lead-9", "E1")):
            ask_to_erase(db, review, "item", item, by=asks, because="Asked for by its subject.", at=AT)
        _report(db, review)
        _ready_to_freeze(db)
        # Last: once there are users, only they are credited.
        for name, role in ROLES.items():
            add_user(db, name, role=role, review="r1", by="administrator-1", at=AT)
        for name in ("first-1", "second-1"):
            give_role(db, name, "lead", READY, by="administrator-1", at=AT)
    finally:
        db.conn.close()
    return folder / "programme.db"


def _report(db: Database, review: Review) -> None:
    """A report of which one edition was sent and commented on, and another waits to be moderated; a summary
    that waits to be cleared."""
    report = write_report(db, review, {1: "Carers waited.", 2: "They were not asked."})
    first = freeze(db, review, report)
    by: dict[str, Any] = {"by": "moderator-9", "at": AT}
    moderate(db, first, "passed", points=[Point("Say how many.", "should", "p1")], because="Sound.", **by)
    for body in BODIES:
        clear(db, first, body, by=f"manager of {body}", at=AT)
    send_edition(db, first)
    receive_comments(db, first, [CommentRow(1, "B", "It was one carer.")], by="director-9", at=AT)
    freeze(db, review, report)
    summary = start_report(db, review, "summary", by="lead-9", at=AT).id
    moderate(db, freeze(db, review, summary), "passed", because="Sound.", **by)


def _ready_to_freeze(db: Database) -> None:
    """Another review, of which nothing keeps the report from being frozen, and no summary was started."""
    review = new_review(db, READY, "wales-round-2", *whole_review())
    run = assess_plainly(db, review, by="lead-9")
    targets = [rating.target for rating in run.result.ratings if rating.level is not None]
    decide.accept(db, review, *targets, *(["cell"] if run.result.cell else []), by="moderator-9", at=AT)
    report = start_report(db, review, by="lead-9", at=AT)
    said = [
        GivenParagraph(f"{key}", key, "text", {"en": f"What was found is {{rating:{key}}}."})
        for key in headings_of(review.framework)
        if key in targets
    ]
    write_report_as_given(db, report, Given(tuple(said)), by="lead-9", at=AT)


def scene(path: Path) -> AbstractAsyncContextManager[Bench]:
    """A server over the file, with as many reading threads as a real one has."""
    return opened(path, num_sql_threads=3)


@dataclass(frozen=True)
class Found:
    """A form that some page shows to somebody."""

    form: Form
    page: str
    """The address of the page."""
    actor: dict[str, Any]

    @property
    def rival(self) -> dict[str, Any]:
        """Who else has it open: another person, or who alone may send it in a second window."""
        if self.actor is OUTSIDER or self.actor is MANAGER:
            return OTHER_OUTSIDER if self.actor is OUTSIDER else OTHER_MANAGER
        alone = self.actor is CODER or self.form.path.endswith("/erasure/take-back")
        return self.actor if alone else THEIRS


def form_at(action: str) -> Form | None:
    """The declared form of an address."""
    path = urlsplit(action).path
    return next((form for form in all_forms() if re.fullmatch(form.path, path)), None)


async def find_forms(bench: Bench) -> dict[str, Found]:
    """Every form that pages of the review show, by its path, as links lead to it."""
    found: dict[str, Found] = {}
    for actor in (MINE, CODER, OUTSIDER, MANAGER):
        todo, seen = [*STARTS, f"{HOME}/report"], dict[tuple[str, frozenset[str]], set[str]]()
        while todo and len(found) < len(all_forms()):
            address = todo.pop(0)
            answer = await bench.get(address, actor)
            if answer.is_redirect:
                address = answer.headers["location"]
                answer = await bench.get(address, actor)
            if answer.status_code != 200:
                continue
            for shown in forms_of(answer.text):
                form = form_at(urljoin(address, shown.action))
                if form and ALONE.get(form.name, actor) is actor:
                    found.setdefault(form.path, Found(form, address, actor))
            for link in re.findall(r'href="([^"#]+)', answer.text):
                target = urljoin(address, html.unescape(link))
                if (kind := _kind(target)) and target not in seen.setdefault(kind, set()):
                    if len(seen[kind]) < VISITED:
                        todo.append(target)
                    seen[kind].add(target)
    return found


def _kind(address: str) -> tuple[str, frozenset[str]] | None:
    """The page of an address, and the names in its query; None for what is no page with a form to be seen."""
    parts = urlsplit(address)
    pages = [page.path for page, template in all_pages() if template and re.fullmatch(page.path, parts.path)]
    if not pages or not parts.path.startswith(STARTS) or pages[0] in WITHOUT:
        return None
    return pages[0], frozenset(re.findall(r"(\w+)=", parts.query))


OF_FORMS = {form.page for form in all_forms()}
WITHOUT = {
    page.path
    for page, template in all_pages()
    if page.path not in OF_FORMS and page.path.rpartition("/")[2] not in ("panel", "sources", "sent")
}
"""Pages that show no form of their own and lead to none."""


def filled_in(shown: FormShown, words: str, last: bool = False) -> dict[str, list[str]]:
    """What a form holds once somebody has filled it in: the first (or last) of each choice, and words."""
    fields = {name: list(values) for name, values in shown.fields.items()}
    own = "/".join(urlsplit(shown.action).path.split("/")[-2:])
    said = {**SAID, **(RIVAL if last else {}), **OF_FORM.get(own, {})}
    for name, values in shown.choices.items():
        wanted = [value for value in values if value]
        if said.get(name) in wanted:
            fields[name] = [said[name]]
        elif name in shown.several and len(wanted) > 1:
            fields[name] = wanted[-2:] if last else wanted[:2]
        else:
            fields[name] = [wanted[-1 if last else 0]]
    for name in shown.texts:
        fields[name] = [said.get(name, f"{words} ({name})")]
    return fields


async def send(
    bench: Bench, action: str, fields: dict[str, list[str]], actor: dict[str, Any], file: str = ""
) -> httpx.Response:
    """The answer to a form."""
    bench.client.cookies.update(bench.cookies(actor))
    files = [("files", ("given.txt", file.encode()))] if file else None
    if file and urlsplit(action).path.endswith("/import/table"):
        table = f"source,title,kind\nT-1,{file},document\n"
        files = [("files", ("sources.csv", table.encode()))]
    return await bench.client.post(action, data=fields, headers=HERE, files=files)
