"""A small working database in which every table has rows: of each thing that can be done, one or two."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from assessment_example import AT, WELSH, add, assess_plainly, new_review
from evidence_rows import good_domain, indicator, numbered_from_one, score, survey
from report_rows import add_report_rows

from assessment.decisions import decide
from assessment.decisions.challenges import close_challenge, raise_challenge, reply_to_challenge
from assessment.decisions.confidence import state_confidence
from assessment.decisions.panel import close_panel, open_panel, vote
from assessment.robustness.uncertainty import measure_uncertainty
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in
from evidence.coding.settlements import settle
from evidence.correcting import correct_source
from evidence.erasing import ask_to_erase, blank, clear
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.items import withdraw_item
from evidence.mapping.kept import keep_mapping
from evidence.mapping.spec import TableMapping
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import UPGRADES
from programme.answers import keep_answer
from programme.corrections import correct_review
from programme.database import Database, create_database, transaction
from programme.erasures import end_request
from programme.retention import set_retention
from programme.reviews import Review, store_frameworks
from programme.users import add_user, disable_user, take_role

WORDS = "They were lis-\ntened to. It was written down within two weeks."
OTHER_WORDS = "Nobody was asked. It took a year."
OF_LEADERS = CodedAs("weakness", 3, None, ("leadership",))


def fill_every_table(path: Path) -> Path:
    """A new working database at `path` with rows in every table, the same in every run."""
    with numbered_from_one():
        return _fill_every_table(path)


def _fill_every_table(path: Path) -> Path:
    db = create_database(path, UPGRADES)
    try:
        store_frameworks(db, [WELSH])
        _users(db)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 6, 2), *_figures())
        _answers(db, review)
        for ref, words in (("D-001", WORDS), ("D-002", OTHER_WORDS)):
            given = [GivenFile(f"{ref}.txt", words.encode())]
            add_sources(db, review, given, SourceDetails(), by="reviewer-1", at=AT)
            quote = words.partition(". ")[0] + "."
            said = Said(f"Seen in {ref}.", "strength", "2", domains=("carers",), note="A note.")
            record_finding(db, review, ref, Passage(quote, 1), said, by="reviewer-1", at=AT)
        run = assess_plainly(db, review)
        _codings(db, review)
        _mappings(db, review)
        withdraw_item(db, review, 1, by="reviewer-1", because="Recorded twice.", at=AT)
        _decisions(db, review)
        draws = measure_uncertainty(db, review, run, draws=100)
        for target in ("carers", "leadership"):
            state_confidence(
                *(db, review, run, target, "low", draws),
                because="Few were asked.",
                by="lead",
                at=AT,
                words={},
            )
        assess_plainly(db, review, on=(AT + timedelta(days=1)).date())
        _corrections(db, review)
        _erasures(db, review)
        add_report_rows(db, review, AT)
        with transaction(db) as joined:
            for number in (1, 2):
                keep_answer(joined, f"key {number}", {"message": "Done."}, at=AT)
    finally:
        db.conn.close()
    return path


def _corrections(db: Database, review: Review) -> None:
    for number in (1, 2):
        by: dict[str, Any] = {"by": "lead", "because": f"Written wrongly, {number}.", "at": AT}
        correct_source(db, review, "D-001", {"title": f"Notes {number}", "status": "draft"}, **by)
        correct_review(db, review, {"note": f"Note {number}.", "window_to": date(2010, 1, number)}, **by)


def _mappings(db: Database, review: Review) -> None:
    for name in ("survey of carers", "survey of adults"):
        said = {"name": name, "layout": "survey-responses", "columns": {"No": "respondent"}}
        keep_mapping(db, review, TableMapping.model_validate(said), "0" * 32, by="lead", at=AT)


def _erasures(db: Database, review: Review) -> None:
    for day, because in ((1, "The schedule."), (2, "An inquiry.")):
        set_retention(db, review, date(2030, 1, day), by="lead", because=because, at=AT)
    for kind, target in (("source", "D-002"), ("person", "gone-1"), ("item", "E2")):
        where = review if kind != "person" else None
        asked, _ = ask_to_erase(db, where, kind, target, by="lead", because="Asked by letter.", at=AT)
        if kind == "item":
            end_request(db, where, asked.number, by="moderator-1", because="It is needed.", at=AT)
        else:
            clear(db, blank(db, where, asked.number, by="moderator-1", because="Agreed.", at=AT))


def _users(db: Database) -> None:
    for name in ("reviewer-1", "reviewer-2", "lead", "moderator-1", "gone-1"):
        add_user(db, name, role="reviewer", by="lead", at=AT)
    disable_user(db, "gone-1", by="lead", because="Left the team.", at=AT)
    take_role(db, "lead", "reviewer", None, by="lead", at=AT)


def _figures() -> list[dict[str, Any]]:
    return [
        *(score("C1", number) for number in (1, 2, 3)),
        *(survey("S1", f"Question {number}", 70 + number, 200) for number in (1, 2)),
        *(indicator("Indicator", f"{year}/0{year - 1999}", 3.5, comparator=2) for year in (2006, 2007)),
    ]


def _answers(db: Database, review: Review) -> None:
    people = [("1", "under 65"), ("2", "65 and over"), ("3", "65 and over")]
    asked = {"source": "S0", "question": "Were you heard?", "group": "Carers", "answer": 4}
    waited = {**asked, "question": "Did you wait too long?", "answer": 2, "better": "lower"}
    known = {"source": "S0", "characteristic": "age"}
    add(
        db,
        review,
        *({**asked, "respondent": number} for number, _ in people),
        *({**waited, "respondent": number} for number, _ in people),
        {**asked, "question": "Were you asked?", "respondent": "1"},
        {**asked, "question": "Were you asked?", "respondent": "2", "answer": "Don't know"},
        *({**known, "respondent": number, "category": age} for number, age in people),
        *({**known, "category": age, "percent": "50%"} for age in ("under 65", "65 and over")),
    )


def _codings(db: Database, review: Review) -> None:
    for number, seed in enumerate((1, 2)):
        batch = draw_batch(db, review, coder="reviewer-2", items=4, seed=seed, by="lead", at=AT)["number"]
        of_batch = (
            "select i.evidence_id, e.kind from coding_batch_item i join evidence e on e.id = i.evidence_id"
            " where batch_id = ? order by 1"
        )
        found = db.execute(of_batch, [batch]).fetchall()
        for item, kind in found:
            told = {"finding": OF_LEADERS, "case_score": CodedAs(score=1.0, domains=("leadership",))}
            code_item(
                *(db, review, batch, item, told.get(kind, CodedAs(domains=("leadership",)))),
                **{"note": "Read again.", "by": "reviewer-2", "at": AT},
            )
        if number == 0:
            hand_in(db, review, batch, by="reviewer-2", at=AT)
            for item in [item for item, kind in found if kind == "finding"][:2]:
                settle(db, review, item, OF_LEADERS, by="lead", because="Both looked again.", at=AT)


def _decisions(db: Database, review: Review) -> None:
    for target in ("carers", "assessment"):
        decide.override(db, review, target, "poor", by="lead", because="Few were asked.", at=AT)
        decide.approve(db, review, target, by="moderator-1", because="Agreed.", at=AT)
    item = int(
        db.execute(
            "select max(id) from evidence where withdrawn_event is null and kind = 'finding'"
        ).fetchone()[0]
    )
    for kind, target in (("item", f"E{item}"), ("rating", "carers")):
        by = {"by": "moderator-1", "at": AT}
        found = raise_challenge(db, review, kind, target, ground="other", text="Not so.", **by)
        reply_to_challenge(db, found["number"], text="We looked again.", by="lead", at=AT)
        if kind == "item":
            withdraw_item(db, review, item, by="lead", because="Challenged.", at=AT)
            changed = (target,)
            close_challenge(db, found["number"], "upheld", because="Right.", changed=changed, **by)
        else:
            close_challenge(db, found["number"], "not upheld", because="Two sources say so.", **by)
    for target in ("care-planning", "safeguarding"):
        open_panel(db, review, target, ("reviewer-1", "reviewer-2"), by="moderator-1", at=AT)
        for name in ("reviewer-1", "reviewer-2"):
            vote(db, review, target, "poor", by=name, because="As I read it.", at=AT)
    open_panel(db, review, "workforce", ("reviewer-1", "reviewer-2"), by="moderator-1", at=AT)
    close_panel(db, review, "workforce", by="moderator-1", because="One is ill.", at=AT)
