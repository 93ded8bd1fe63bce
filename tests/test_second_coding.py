"""Blind second coding: what is drawn, that its coder sees nothing of the first coding, how it is settled."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from example_framework import (
    AT,
    Desk,
    contents,
    finding,
    source,
    write_csv,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.reasons.history import history_of
from assessment.runs.audit import audit_programme
from evidence.coding.agreement import Coding, measure_agreement
from evidence.coding.codings import list_codings, withdraw_coding
from evidence.coding.second_coding import (
    CodedAs,
    blind_to,
    code_item,
    draw_batch,
    find_batch,
    hand_in,
    items_to_code,
    list_batches,
    write_sheet,
)
from evidence.coding.settlements import list_disagreements, settle
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, change_finding, record_finding
from evidence.intake.importing import import_row
from evidence.items import tag_item, withdraw_item
from evidence.sources import SourceDetails, add_sources
from joint_review.cli import cli
from joint_review.opening import open_programme
from programme.database import one, rows
from rules.errors import DecisionRefused, EvidenceInvalid, ImportRefused, UnknownName, WordsMissing
from rules.remedy import Give, Part

FIRST, SECOND, THIRD = "reviewer-1", "reviewer-2", "lead-1"
REASON = "Both files say so."
WEAK = CodedAs("weakness", 3, None, ("carers",))
STRONG = CodedAs("strength", 1, None, ("assessment", "carers"))


class Office:
    """A desk where items are recorded, drawn, coded again and settled in few words."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.db, self.review = self.desk.db, self.desk.review
        self.desk.load_sources()
        self.desk.load_rows("sources", source("C1", "case_file"))

    def record(self, *locators: str, by: str = FIRST, **more: Any) -> None:
        found = [finding(place, f"Finding {place}", recorded_by=by, **more) for place in locators]
        self.desk.load_rows("findings", *found)

    def number(self, locator: str) -> int:
        """The item that counts now."""
        sql = "select id from evidence where locator = ? and withdrawn_event is null"
        return int(one(self.db, sql, [locator]))

    def draw(self, items: int, to: str = SECOND, seed: int = 0, by_domain: bool = False) -> list[str]:
        """The locators of what is drawn."""
        batch = draw_batch(
            *(self.db, self.review),
            **{"coder": to, "items": items, "seed": seed, "by_domain": by_domain, "by": "lead", "at": AT},
        )
        return self.places(batch["number"])

    def places(self, batch: int) -> list[str]:
        sql = """select e.locator from coding_batch_item i join evidence e on e.id = i.evidence_id
          where i.batch_id = ? order by e.locator"""
        return [row["locator"] for row in rows(self.db, sql, [batch])]

    def code(self, locator: str, said: CodedAs, batch: int = 1, by: str = SECOND, note: str = "") -> None:
        code_item(self.db, self.review, batch, self.number(locator), said, note=note, by=by, at=AT)

    def hand_in(self, batch: int = 1, by: str = SECOND, because: str = "") -> dict[str, Any]:
        return hand_in(self.db, self.review, batch, by=by, at=AT, because=because)

    def settle(self, locator: str, said: CodedAs, by: str = THIRD, because: str = REASON) -> int:
        return settle(self.db, self.review, self.number(locator), said, by=by, because=because, at=AT)

    def apart(self, batch: int | None = None, **more: Any) -> list[int]:
        return [row.item for row in list_disagreements(self.db, self.review, batch, **more)]

    def sheet(self, batch: int = 1, by: str = SECOND) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(write_sheet(self.db, self.review, batch, by))))

    def tags(self, number: int) -> list[str]:
        sql = """select d.key from tag t join domain d on d.id = t.domain_id
          where t.evidence_id = ? and t.withdrawn_event is null order by d.position"""
        return [row["key"] for row in rows(self.db, sql, [number])]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.desk.close()


@pytest.fixture
def coded(office: Office) -> Office:
    """One finding that two people see differently, in a batch that is handed in; and one they agree about."""
    office.record("p. 1", "p. 2", direction="strength", significance=2)
    office.draw(2)
    office.code("p. 1", WEAK)
    office.code("p. 2", CodedAs("strength", 2, None, ("carers",)))
    office.hand_in()
    return office


# --- drawing -----------------------------------------------------------------------------------------------


def test_what_the_coder_recorded_or_coded_before_is_never_drawn(office: Office) -> None:
    office.record("p. 1")
    office.record("p. 2", by=SECOND)
    office.record("p. 3", by=" Reviewer-2 ")
    office.record("p. 4")
    values = {"source": "I1", "locator": "p. 4", "coded_by": SECOND, "domains": ""}
    import_row(
        *(office.db, office.review, "codings", {**values, "direction": "neutral", "significance": "1"}),
        by=SECOND,
        at=AT,
    )
    assert office.draw(1) == ["p. 1"]
    with pytest.raises(EvidenceInvalid, match="only 0 items can be drawn for reviewer-2"):
        office.draw(1)


def test_what_took_the_place_of_a_coders_own_item_is_not_drawn_for_them(office: Office) -> None:
    office.record("p. 1", by=SECOND)
    office.record("p. 2")
    said = Said("Put otherwise.", "weakness", "1", domains=("carers",))
    change_finding(office.db, office.review, office.number("p. 1"), said, by=FIRST, at=AT)
    assert office.draw(1) == ["p. 2"]


def test_withdrawn_items_are_never_drawn(office: Office) -> None:
    office.record("p. 1", "p. 2")
    withdraw_item(office.db, office.review, office.number("p. 1"), by="lead", because="Twice.", at=AT)
    assert office.draw(1) == ["p. 2"]


def test_a_batch_is_drawn_by_the_digest_of_seed_source_and_locator(office: Office) -> None:
    # By another tool, printf '7\x1fI1\x1fp. 1' | sha256sum and so on, the digests of p. 1 to p. 4 begin with
    # 19768510, 0ad358e8, 7ffb2120 and da5ce067; the lowest are drawn first.
    office.record("p. 1", "p. 2", "p. 3", "p. 4")
    assert office.draw(1, seed=7) == ["p. 2"]
    assert office.draw(2, to="reviewer-3", seed=7) == ["p. 1", "p. 2"]
    assert office.draw(3, to="reviewer-4", seed=7) == ["p. 1", "p. 2", "p. 3"]


def test_two_coders_are_given_the_same_items_with_the_same_seed(office: Office) -> None:
    office.record(*(f"p. {n}" for n in range(1, 30)))
    assert office.draw(5, seed=3) == office.draw(5, to="reviewer-3", seed=3)
    assert office.draw(5, to="reviewer-4", seed=4) != office.places(1)


def test_more_items_with_the_same_seed_are_the_same_and_more(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.record(*(f"p. {n}" for n in range(1, 30)))
    few, many = office.draw(5), office.draw(12, to="reviewer-3")
    assert set(few) < set(many)
    office.desk.close()


ITEMS = st.lists(
    st.tuples(
        st.sampled_from([FIRST, SECOND, "REVIEWER-2", "reviewer-3"]),
        st.sets(st.sampled_from(["carers", "assessment", "leadership", "partnership"])),
        st.booleans(),
    ),
    min_size=1,
    max_size=15,
)


@settings(max_examples=12, deadline=None)
@given(items=ITEMS, seed=st.integers(0, 5), by_domain=st.booleans(), data=st.data())
def test_a_draw_holds_nothing_own_or_withdrawn_in_whatever_order_rows_came(
    items: list[tuple[str, set[str], bool]], seed: int, by_domain: bool, data: st.DataObject
) -> None:
    found = [
        finding(f"p. {n}", f"Finding {n}", recorded_by=by, domains=";".join(sorted(domains)))
        for n, (by, domains, _) in enumerate(items)
    ]
    free = {
        f"p. {n}": domains
        for n, (by, domains, dropped) in enumerate(items)
        if by in (FIRST, "reviewer-3") and not dropped
    }
    strata = set().union(*(domains or {""} for domains in free.values())) if free else set()
    if not free:
        return
    count = data.draw(st.integers(min(len(strata), len(free)), len(free)))
    drawn = []
    for shuffled in (found, random.Random(seed).sample(found, len(found))):
        with TemporaryDirectory() as folder:
            office = Office(Path(folder))
            office.desk.load_rows("findings", *shuffled)
            for n, (_, _, dropped) in enumerate(items):
                if dropped:
                    number = office.number(f"p. {n}")
                    withdraw_item(office.db, office.review, number, by="lead", because="No.", at=AT)
            drawn.append(office.draw(count, seed=seed, by_domain=by_domain))
            office.desk.close()
    assert drawn[0] == drawn[1] and len(drawn[0]) == count
    assert set(drawn[0]) <= set(free)
    if by_domain:
        covered = set().union(*(free[place] or {""} for place in drawn[0]))
        assert covered == strata


def test_by_domain_a_small_domain_is_represented_as_often_as_a_large_one(office: Office) -> None:
    office.record(*(f"p. {n}" for n in range(1, 41)))
    office.record("p. 41", "p. 42", domains="leadership")
    office.record("p. 43", domains="")
    drawn = office.draw(5, by_domain=True)
    assert {"p. 41", "p. 42", "p. 43"} < set(drawn)
    with pytest.raises(EvidenceInvalid, match="2 items cannot represent every domain") as caught:
        office.draw(2, to="reviewer-3", by_domain=True)
    assert caught.value.remedies == (Give(Part.ITEMS, ("3",)),)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"coder": " "}, "a batch needs a reviewer who codes it"),
        ({"items": 0}, "0 items cannot be drawn"),
        ({"seed": -1}, "-1 is not a valid seed"),
        ({"items": 3}, "only 2 items can be drawn for reviewer-2"),
    ],
)
def test_a_draw_that_cannot_be_made_is_refused_and_nothing_changes(
    office: Office, wrong: dict[str, Any], says: str
) -> None:
    office.record("p. 1", "p. 2")
    events = one(office.db, "select count(*) from event")
    how = {"coder": SECOND, "items": 1, "seed": 0, "by": "lead", "at": AT, **wrong}
    with pytest.raises(EvidenceInvalid, match=says):
        draw_batch(office.db, office.review, **how)
    assert one(office.db, "select count(*) from event") == events


def test_a_batch_says_how_it_was_drawn_and_how_far_it_is(office: Office) -> None:
    office.record("p. 1", "p. 2", "p. 3")
    office.record("p. 4", by=SECOND)
    office.draw(2, seed=5)
    office.code(office.places(1)[0], WEAK)
    [batch] = list_batches(office.db, office.review)
    assert batch == {
        **{"number": 1, "review": "north", "coder": SECOND, "seed": 5, "by_domain": False, "passages": False},
        **{"drawn_from": 3, "drawn_at": AT.isoformat(), "drawn_by": "lead", "items": 2, "coded": 1},
        **{"withdrawn": 0, "state": "open", "done_at": None, "done_by": None, "done_because": None},
    }
    with pytest.raises(UnknownName, match="there is no batch '2'"):
        find_batch(office.db, office.review, 2)


# --- blind -------------------------------------------------------------------------------------------------

SECRETS = ("weakness", "strength", "3", "leadership", "tag-note", FIRST)
"""What the first coding of the blind office says; nothing else there does."""


@pytest.fixture
def blind(office: Office) -> Office:
    """A batch with every kind of item, whose first coding is written in words that stand nowhere else."""
    first = {"recorded_by": FIRST, "domains": "leadership"}
    office.desk.load_rows("findings", finding("p. 7", "What was seen.", **{**first, "significance": "3"}))
    office.desk.load_rows("findings", finding("p. 8", "Put.", direction="weakness", **first))
    score = {"source": "C1", "locator": "no. 1", "standard": "Risk is assessed", "score": "3"}
    office.desk.load_rows("case-scores", {**score, **first})
    number = office.number("p. 7")
    tag_item(office.db, office.review, number, ["carers"], by=FIRST, at=AT, note="tag-note")
    withdraw_item(office.db, office.review, number, by=FIRST, because="No.", at=AT, domain="carers")
    tag_item(office.db, office.review, number, ["assessment"], by=FIRST, at=AT, note="tag-note")
    office.draw(3)
    return office


def test_nothing_of_the_first_coding_stands_in_the_sheet_or_the_data(blind: Office) -> None:
    sheet = write_sheet(blind.db, blind.review, 1, SECOND)
    data = json.dumps(items_to_code(blind.db, blind.review, 1, SECOND))
    # The numbers of items are no judgement, though they are digits.
    for text in (sheet.replace("E3", "E"), data.replace('"item": 3', "")):
        assert [word for word in SECRETS if word in text] == []
        assert "What was seen." in text and "Risk is assessed" in text
    # The first judgement is there to be found: the words are those that were stored.
    stored = json.dumps(rows(blind.db, "select * from evidence")) + json.dumps(
        rows(blind.db, "select * from tag")
    )
    assert all(word in stored for word in SECRETS if word != "leadership")


@pytest.fixture
def passages(office: Office) -> Office:
    """Two findings that quote a stored text, in the recorder's words, and one that quotes none."""
    text = "Carers waited\nfor a year.\n\nNobody asked.\n"
    given = [GivenFile("notes.txt", text.encode())]
    details = SourceDetails(ref="T1", kind="interview")
    add_sources(office.db, office.review, given, details, by="lead", at=AT)
    for quote, domain in (("Carers waited\nfor a year.", "carers"), ("Nobody asked.", "assessment")):
        said = Said("A failure of management.", "weakness", "3", domains=(domain,), note="Grave.")
        record_finding(office.db, office.review, "T1", Passage(quote), said, by=FIRST, at=AT)
    office.record("p. 1")
    return office


def test_of_passages_the_coder_reads_the_words_of_the_source_alone(passages: Office) -> None:
    batch = draw_batch(passages.db, passages.review, coder=SECOND, items=2, passages=True, by="lead", at=AT)
    assert (batch["passages"], batch["drawn_from"]) == (True, 2)
    shown = items_to_code(passages.db, passages.review, batch["number"], SECOND)
    assert [row["says"] for row in shown] == ["Carers waited for a year.", "Nobody asked."]
    sheet = write_sheet(passages.db, passages.review, batch["number"], SECOND)
    for text in (sheet, json.dumps(shown)):
        assert [word for word in ("failure", "Grave", "weakness", FIRST) if word in text] == []
    filled = [
        {**row, "direction": "weakness", "significance": "3", "domains": "carers"} for row in passages.sheet()
    ]
    passages.desk.load_rows("codings", *filled)
    hand_in(passages.db, passages.review, batch["number"], by=SECOND, at=AT)
    [apart] = list_disagreements(passages.db, passages.review)
    assert apart.text == "A failure of management."
    assert [one.domains for one in apart.codings] == [("assessment",), ("carers",)]


def test_what_quotes_no_stored_text_is_no_passage(passages: Office) -> None:
    with pytest.raises(EvidenceInvalid, match="only 2 items can be drawn") as refused:
        draw_batch(passages.db, passages.review, coder=SECOND, items=3, passages=True, by="lead", at=AT)
    assert "Items that quote no stored text are left out too." in (refused.value.hint or "")
    assert list_batches(passages.db, passages.review) == []


def test_a_batch_of_passages_is_drawn_on_the_command_line(passages: Office) -> None:
    path = passages.db.conn.execute("pragma database_list").fetchone()[2]
    command = ["coding", "draw", passages.review.key, "--to", SECOND, "--items", "1", "--passages"]
    done = CliRunner().invoke(cli, [*command, "--by", "lead", "--db", path, "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["passages"] is True
    listed = CliRunner().invoke(cli, ["coding", "list", passages.review.key, "--db", path])
    assert "passages, seed 0" in listed.stdout


def test_what_the_first_reviewer_does_meanwhile_changes_no_byte_of_the_sheet(blind: Office) -> None:
    before = write_sheet(blind.db, blind.review, 1, SECOND)
    number = blind.number("p. 8")
    tag_item(blind.db, blind.review, number, ["partnership"], by=FIRST, at=AT, note="Yes.")
    withdraw_item(blind.db, blind.review, number, by=FIRST, because="No.", at=AT, domain="leadership")
    assert write_sheet(blind.db, blind.review, 1, SECOND) == before


def test_nobody_else_is_given_the_items_of_a_batch(blind: Office) -> None:
    for read in (items_to_code, write_sheet):
        with pytest.raises(DecisionRefused, match="batch 1 was drawn for reviewer-2; only they can code it"):
            read(blind.db, blind.review, 1, FIRST)
    with pytest.raises(DecisionRefused):
        blind.code("p. 7", WEAK, by=FIRST)


def test_counted_items_are_shown_with_their_figures_which_are_no_judgement(office: Office) -> None:
    first = {"recorded_by": FIRST, "domains": "leadership"}
    survey = {"source": "S1", "locator": "row 1", "group": "Adults", "question": "Heard?"}
    office.desk.load_rows("survey-results", {**survey, "positive": 71, "base": 1200, **first})
    indicator = {"source": "N1", "locator": "row 1", "indicator": "Referrals", "period": "2004/05"}
    office.desk.load_rows("indicators", {**indicator, "value": 12.5, "better": "higher", **first})
    office.draw(2)
    assert [row["says"] for row in items_to_code(office.db, office.review, 1, SECOND)] == [
        "Referrals; only its domains are coded; 12.5; 2004/05",
        "Heard?; only its domains are coded; 71 percent; Adults; 1,200 answers",
    ]


def test_the_items_of_open_batches_are_hidden_from_their_coder_alone(blind: Office) -> None:
    numbers = {blind.number(place) for place in ("p. 7", "p. 8", "no. 1")}
    assert blind_to(blind.db, blind.review, "Reviewer-2") == numbers
    assert blind_to(blind.db, blind.review, FIRST) == frozenset()
    said = Said("Put otherwise.", "weakness", "1")
    changed = change_finding(blind.db, blind.review, blind.number("p. 8"), said, by=FIRST, at=AT)
    assert blind_to(blind.db, blind.review, SECOND) == numbers | {changed}
    blind.hand_in(because="Ill.")
    assert blind_to(blind.db, blind.review, SECOND) == frozenset()


def test_cells_that_a_spreadsheet_would_compute_are_written_as_text(office: Office) -> None:
    office.desk.load_rows("findings", finding("p. 1", "=1+1", recorded_by=FIRST))
    office.draw(1)
    assert office.sheet()[0]["says"] == "'=1+1"


# --- coding ------------------------------------------------------------------------------------------------


def test_a_sheet_imports_as_it_is_filled_and_shows_what_was_filled_in(blind: Office) -> None:
    sheet = blind.sheet()
    for row in sheet:
        row["domains"] = "carers; assessment"
        if row["source"] == "C1":
            row["score"] = "2"
        else:
            row |= {"direction": "neutral", "significance": "1", "note": "Not clear."}
    file = write_csv(blind.desk.folder / "codings.csv", sheet)
    assert blind.desk.load(file).added["codings"] == 3
    assert find_batch(blind.db, blind.review, 1)["coded"] == 3
    again = blind.sheet()
    assert [(row["direction"], row["score"], row["domains"]) for row in again] == [
        ("", "2.0", "assessment;carers"),
        ("neutral", "", "assessment;carers"),
        ("neutral", "", "assessment;carers"),
    ]
    assert blind.desk.load(write_csv(blind.desk.folder / "again.csv", again)).already_there == 3
    assert blind.desk.load(file).already_there == 3


def test_a_sheet_of_an_item_that_says_something_else_by_now_is_refused(blind: Office) -> None:
    sheet = [
        {**row, "direction": "neutral", "significance": "1"} for row in blind.sheet() if row["source"] == "I1"
    ]
    old = blind.number("p. 8")
    new = change_finding(blind.db, blind.review, old, Said("Else.", "weakness", "1"), by=FIRST, at=AT)
    [problem] = blind.desk.problems_of_rows("codings", *sheet)
    assert f"found E{old}, but the item at this source and locator is now E{new}." in problem
    assert "p. 8" not in [row["locator"] for row in blind.sheet()]


def test_whoever_changes_or_withdraws_an_item_takes_it_out_of_its_open_batches(office: Office) -> None:
    office.record("p. 1", "p. 2", "p. 3", "p. 4")
    office.draw(4)
    numbers = [office.number(f"p. {n}") for n in (1, 2, 3)]
    by: dict[str, Any] = {"by": FIRST, "at": AT}
    change_finding(office.db, office.review, numbers[0], Said("Else.", "weakness", "1"), **by)
    withdraw_item(office.db, office.review, numbers[1], because="No.", **by)
    row = finding("p. 3", "Imported again.", recorded_by=FIRST)
    office.desk.load_rows("findings", row, replace=True)
    left = {
        row["item"]: row["left"]["changed"]
        for row in items_to_code(office.db, office.review, 1, SECOND)
        if row["left"]
    }
    assert left == {numbers[0]: True, numbers[1]: False, numbers[2]: True}
    events = "select before, target from event where action = 'items leave batch' order by id"
    assert [tuple(row.values()) for row in rows(office.db, events)] == [
        (f'{{"items": ["E{number}"]}}', "batch 1") for number in numbers
    ]
    # What is handed in no longer has an item to lose.
    hand_in(office.db, office.review, 1, by=SECOND, because="Ill.", at=AT)
    withdraw_item(office.db, office.review, office.number("p. 4"), because="No.", **by)
    assert len(rows(office.db, events)) == 3


def test_a_sheet_that_was_imported_is_there_also_after_its_item_was_changed(office: Office) -> None:
    office.record("p. 1")
    office.draw(1)
    row = {**office.sheet()[0], "direction": "weakness", "significance": "3"}
    file = write_csv(office.desk.folder / "codings.csv", [row])
    office.desk.load(file)
    change_finding(
        office.db, office.review, office.number("p. 1"), Said("Else.", "weakness", "1"), by=FIRST, at=AT
    )
    before = contents(office.db)
    assert office.desk.load(file).already_there == 1
    assert contents(office.db) == before


def test_the_coder_changes_a_coding_until_the_batch_is_handed_in(office: Office) -> None:
    office.record("p. 1")
    office.draw(1)
    office.code("p. 1", WEAK)
    office.code("p. 1", STRONG, note="Seen again.")
    [row] = items_to_code(office.db, office.review, 1, SECOND)
    assert row["own"] == {
        **{"direction": "strength", "significance": 1, "score": None, "note": "Seen again."},
        "domains": ["assessment", "carers"],
    }
    office.hand_in()
    with pytest.raises(ImportRefused) as caught:
        office.code("p. 1", WEAK)
    assert "'reviewer-2' has handed in batch 1, and may since have seen how others coded item E1." in str(
        caught.value
    )
    assert [c["direction"] for c in list_codings(office.db, office.review, 1)] == ["strength"]


def test_only_the_items_of_the_batch_are_coded_in_it(office: Office) -> None:
    office.record("p. 1")
    office.draw(1)
    office.record("p. 2")
    with pytest.raises(UnknownName, match="there is no item of batch 1 'E2'"):
        office.code("p. 2", WEAK)


def test_a_batch_is_handed_in_when_all_is_coded_or_with_a_reason(office: Office) -> None:
    office.record("p. 1", "p. 2")
    office.draw(2)
    office.code("p. 1", WEAK)
    with pytest.raises(DecisionRefused, match="1 of 2 items not coded yet: E2"):
        office.hand_in()
    with pytest.raises(DecisionRefused, match="batch 1 was drawn for reviewer-2"):
        withdraw_item(office.db, office.review, 2, by="lead", because="Twice.", at=AT)
        office.hand_in(by=FIRST)
    # The item that is not coded was withdrawn, so that nothing is missing.
    assert office.hand_in()["state"] == "done"
    with pytest.raises(DecisionRefused, match="batch 1 was handed in by reviewer-2"):
        office.hand_in()


def test_somebody_else_hands_in_a_batch_with_a_reason_and_what_is_not_coded_is_not_compared(
    office: Office,
) -> None:
    office.record("p. 1", "p. 2")
    office.draw(2)
    office.code("p. 1", WEAK)
    batch = office.hand_in(by="lead", because="On leave.")
    assert (batch["done_by"], batch["done_because"], batch["coded"]) == ("lead", "On leave.", 1)
    found = measure_agreement(office.db, office.review, draws=100)
    assert (found.items_by_several, found.items_by_one) == (1, 1)


def test_codings_are_compared_and_shown_when_their_batch_is_handed_in(office: Office) -> None:
    office.record("p. 1")
    office.draw(1)
    office.code("p. 1", WEAK)
    assert list_codings(office.db, office.review, 1) == [] and office.apart() == []
    with pytest.raises(EvidenceInvalid, match="nothing to compare"):
        measure_agreement(office.db, office.review, draws=100)
    with pytest.raises(DecisionRefused, match="batch 1 is still open: reviewer-2 has coded 1 of 1 item"):
        office.apart(1)
    office.hand_in()
    assert [c["coded_by"] for c in list_codings(office.db, office.review, 1)] == [SECOND]
    assert office.apart() == office.apart(1) == [1]
    assert measure_agreement(office.db, office.review, draws=100).items_by_several == 1


def test_codings_without_a_batch_are_compared_at_once(office: Office) -> None:
    office.record("p. 1")
    row = {"source": "I1", "locator": "p. 1", "coded_by": SECOND, "direction": "weakness"}
    office.desk.load_rows("codings", {**row, "significance": 3, "domains": "carers"})
    assert office.apart() == [1]


# --- disagreements -----------------------------------------------------------------------------------------


def test_only_what_was_coded_differently_is_listed_with_everybodys_coding(coded: Office) -> None:
    [row] = list_disagreements(coded.db, coded.review, 1)
    assert (row.item, row.text, row.batches, row.settled) == (1, "Finding p. 1", [1], None)
    assert row.codings == (
        Coding(FIRST, True, "strength", 2, None, ("carers",), ""),
        Coding(SECOND, False, "weakness", 3, None, ("carers",), ""),
    )


def test_each_of_direction_significance_score_and_domains_makes_a_disagreement(office: Office) -> None:
    office.record("same", "direction", "significance", "domains", direction="strength", significance=2)
    office.desk.load_rows(
        "case-scores",
        *(
            {
                **{"source": "C1", "locator": place, "standard": "Risk", "score": 2},
                **{"domains": "carers", "recorded_by": FIRST},
            }
            for place in ("score", "same score")
        ),
    )
    office.draw(6)
    for place, said in {
        "same": CodedAs("strength", 2, None, ("carers",)),
        "direction": CodedAs("neutral", 2, None, ("carers",)),
        "significance": CodedAs("strength", 3, None, ("carers",)),
        "domains": CodedAs("strength", 2, None, ("carers", "assessment")),
        "score": CodedAs(score=3, domains=("carers",)),
        "same score": CodedAs(score=2, domains=("carers",)),
    }.items():
        office.code(place, said)
    office.hand_in()
    found = list_disagreements(office.db, office.review)
    assert {row.locator for row in found} == {"direction", "significance", "domains", "score"}


def test_who_has_still_to_code_an_item_is_not_told_that_others_differ_about_it(coded: Office) -> None:
    coded.draw(2, to="reviewer-3")
    assert coded.apart(to="reviewer-3") == []
    assert coded.apart(to=THIRD) == [1]
    coded.hand_in(2, by="lead", because="On leave.")
    assert coded.apart(to="reviewer-3") == [1]


# --- settling ----------------------------------------------------------------------------------------------


def test_another_judgement_puts_a_new_item_in_the_place_of_the_old_one(coded: Office) -> None:
    new = coded.settle("p. 1", STRONG)
    [old, item] = [rows(coded.db, "select * from evidence where id = ?", [n])[0] for n in (1, new)]
    changed = ("direction", "significance", "recorded_by", "digest", "added_event", "withdrawn_event")
    assert old["withdrawn_event"] == item["added_event"]
    assert (item["direction"], item["significance"], item["recorded_by"]) == ("strength", 1, THIRD)
    same = set(item) - {*changed, "id"}
    assert {name: old[name] for name in same} == {name: item[name] for name in same}
    assert coded.tags(new) == ["assessment", "carers"]
    assert {row["tagged_by"] for row in rows(coded.db, "select * from tag where evidence_id = ?", [new])} == {
        THIRD
    }


def test_a_score_is_settled_likewise(office: Office) -> None:
    score = {"source": "C1", "locator": "no. 1", "standard": "Risk", "score": 3, "domains": "carers"}
    office.desk.load_rows("case-scores", {**score, "recorded_by": FIRST})
    office.draw(1)
    office.code("no. 1", CodedAs(score=1, domains=("carers",)))
    office.hand_in()
    new = office.settle("no. 1", CodedAs(score=2, domains=("carers",)))
    assert one(office.db, "select value from evidence where id = ?", [new]) == 2
    stored = one(office.db, "select digest from evidence where id = ?", [new])
    # The digest is the one that a file with this score has: importing it changes nothing.
    report = office.desk.load_rows("case-scores", {**score, "score": 2, "recorded_by": THIRD})
    assert report.already_there and not report.added["items"]
    assert one(office.db, "select digest from evidence where id = ?", [new]) == stored


def test_the_recorders_judgement_stands_and_tags_become_those_that_were_settled(coded: Office) -> None:
    assert coded.settle("p. 1", CodedAs("strength", 2, None, ("leadership",))) == 1
    assert coded.tags(1) == ["leadership"]
    assert one(coded.db, "select withdrawn_event from evidence where id = 1") is None


def test_the_settlement_is_kept_with_person_reason_before_and_after(coded: Office) -> None:
    new = coded.settle("p. 1", STRONG)
    [row] = list_disagreements(coded.db, coded.review)
    assert row.settled == {
        **{"now": new, "settled_by": THIRD, "direction": "strength", "significance": 1, "score": None},
        **{"because": "Both files say so.", "at": AT.isoformat(), "domains": ["assessment", "carers"]},
    }
    [event] = rows(coded.db, "select * from event where action = 'settle'")
    assert (event["by"], event["because"], event["target"]) == (THIRD, "Both files say so.", "E1")
    assert json.loads(event["before"]) == {
        **{"direction": "strength", "significance": 2, "score": None},
        "domains": ["carers"],
    }
    assert json.loads(event["after"]) == {
        **{"direction": "strength", "significance": 1, "score": None},
        "domains": ["assessment", "carers"],
    }
    assert coded.apart(only_open=True) == []


def test_agreement_does_not_rise_by_settling(coded: Office) -> None:
    before = measure_agreement(coded.db, coded.review, draws=200)
    coded.settle("p. 1", WEAK)
    after = measure_agreement(coded.db, coded.review, draws=200)
    assert after.figures == before.figures
    assert (before.withdrawn_since, after.withdrawn_since) == (0, 1)


def test_agreement_does_not_rise_by_settling_tags_either(coded: Office) -> None:
    coded.record("p. 3", direction="strength", significance=2)
    coded.draw(1, to="reviewer-3", seed=1)
    [place] = coded.places(2)
    coded.code(place, CodedAs("strength", 2, None, ("leadership",)), 2, "reviewer-3")
    coded.hand_in(2, "reviewer-3")
    before = measure_agreement(coded.db, coded.review, draws=200)
    coded.settle(place, CodedAs("strength", 2, None, ("leadership",)))
    assert measure_agreement(coded.db, coded.review, draws=200).figures == before.figures


@pytest.mark.parametrize("by", [FIRST, SECOND, "REVIEWER-2", " reviewer-1 "])
def test_neither_the_first_nor_the_second_coder_settles(coded: Office, by: str) -> None:
    with pytest.raises(DecisionRefused, match=r"(recorded|coded) E1 and cannot settle it") as caught:
        coded.settle("p. 1", STRONG, by=by)
    assert caught.value.hint == "Someone other than its coders has to settle it."


def test_who_withdrew_their_coding_cannot_settle_either(coded: Office) -> None:
    coded.draw(2, to="reviewer-3")
    for place in ("p. 1", "p. 2"):
        coded.code(place, WEAK, 2, "reviewer-3")
    coded.hand_in(2, "reviewer-3")
    withdraw_coding(coded.db, coded.review, 1, "reviewer-3", by="lead", because="No.", at=AT)
    with pytest.raises(DecisionRefused, match="reviewer-3 coded E1"):
        coded.settle("p. 1", STRONG, by="reviewer-3")


def test_what_is_agreed_settled_withdrawn_or_still_being_coded_is_not_settled(coded: Office) -> None:
    with pytest.raises(DecisionRefused, match="no two reviewers coded E2 differently"):
        coded.settle("p. 2", STRONG)
    new = coded.settle("p. 1", STRONG)
    with pytest.raises(DecisionRefused, match=f"E1 was settled by lead-1; E{new} replaced it"):
        coded.settle("p. 1", WEAK)
    coded.record("p. 3", "p. 4")
    coded.draw(2, seed=2)
    for place in ("p. 3", "p. 4"):
        coded.code(place, WEAK, 2)
    coded.draw(3, to="reviewer-3")
    coded.hand_in(2)
    with pytest.raises(DecisionRefused, match="reviewer-3 is still coding E4"):
        coded.settle("p. 3", STRONG)
    number = coded.number("p. 4")
    withdraw_item(coded.db, coded.review, number, by="lead", because="Twice.", at=AT)
    with pytest.raises(DecisionRefused, match="was withdrawn by lead"):
        settle(coded.db, coded.review, number, STRONG, by=THIRD, because="So.", at=AT)


@pytest.mark.parametrize(
    ("said", "because", "kind", "says"),
    [
        (STRONG, " ", WordsMissing, "a settlement needs a reason"),
        (CodedAs(domains=("carers",)), "So.", EvidenceInvalid, "direction and significance are needed"),
        (CodedAs("strength", 4), "So.", EvidenceInvalid, "4 is not a significance"),
        (CodedAs("up", 1), "So.", UnknownName, "there is no direction 'up'"),
        (CodedAs("strength", 1, 2.0), "So.", EvidenceInvalid, "which no reviewer scores"),
        (CodedAs("strength", 1, None, ("carer",)), "So.", UnknownName, "there is no domain 'carer'"),
    ],
)
def test_a_settlement_that_does_not_fit_is_refused_and_nothing_changes(
    coded: Office, said: CodedAs, because: str, kind: type[Exception], says: str
) -> None:
    before = contents(coded.db)
    with pytest.raises(kind, match=says):
        coded.settle("p. 1", said, because=because)
    assert contents(coded.db) == before


def test_importing_the_first_files_again_after_settling_changes_nothing(office: Office) -> None:
    row = {**finding("p. 1", "Finding p. 1", domains=""), "recorded_by": FIRST}
    tags = {"source": "I1", "locator": "p. 1", "domain": "carers", "tagged_by": FIRST}
    office.desk.load_rows("findings", row)
    office.desk.load_rows("tags", tags)
    office.draw(1)
    sheet = [{**one, "direction": "weakness", "significance": "3"} for one in office.sheet()]
    office.desk.load_rows("codings", *sheet)
    office.hand_in()
    new = office.settle("p. 1", CodedAs("neutral", 1, None, ("leadership",)))
    before = contents(office.db)
    office.desk.load_rows("findings", row)
    office.desk.load_rows("tags", tags)
    assert office.desk.load_rows("codings", *sheet).already_there == 1
    bare = [{name: cell for name, cell in row.items() if name != "item"} for row in sheet]
    assert office.desk.load_rows("codings", *bare).already_there == 1
    assert contents(office.db) == before and office.tags(new) == ["leadership"]


def test_what_was_settled_is_neither_coded_nor_drawn_again(coded: Office) -> None:
    coded.settle("p. 1", STRONG)
    row = {"source": "I1", "locator": "p. 1", "coded_by": "reviewer-3", "domains": "carers"}
    [problem] = coded.desk.problems_of_rows("codings", {**row, "direction": "neutral", "significance": 1})
    assert "item E1 was settled by lead-1; it can no longer be coded." in problem
    assert coded.draw(1, to="reviewer-3") == ["p. 2"]


def test_the_place_of_a_quote_goes_over_to_the_new_item(office: Office) -> None:
    office.desk.load_rows("sources", source("T1", "document", text="Carers were asked. Plans were late."))
    row = finding("p. 1", source="T1", quote="Plans were late.", recorded_by=FIRST)
    office.desk.load_rows("findings", row)
    office.draw(1)
    office.code("p. 1", WEAK)
    office.hand_in()
    office.db.conn.execute(
        "insert into anchor (evidence_id, page, starts, ends, exact, prefix, suffix, added_event)"
        " values (1, 1, 19, 35, 'Plans were late.', '', '', 1)"
    )
    new = office.settle("p. 1", STRONG)
    sql = "select page, starts, ends, exact from anchor where evidence_id = ?"
    assert rows(office.db, sql, [new]) == rows(office.db, sql, [1])


# --- the record and the command line -------------------------------------------------------------------


def test_the_life_of_an_item_tells_draw_coding_hand_in_and_settlement(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    office = Office(tmp_path)
    office.record("p. 1", direction="strength", significance=2)
    office.draw(1)
    office.code("p. 1", WEAK, note="Seen.")
    office.hand_in()
    new = office.settle("p. 1", CodedAs("neutral", 1, None, ("leadership",)))
    office.desk.close()
    db = open_programme(path)
    names = ("what", "about", "by", "named", "said", "because")
    life = [tuple(step[name] for name in names) for step in history_of(db, 1)["life"]]
    assert life == [
        ("added", "", "lead", FIRST, "", ""),
        ("tagged", "carers", "lead", FIRST, "", ""),
        ("drawn to be coded again", "batch 1", "lead", SECOND, "", ""),
        ("coded", "carers", SECOND, SECOND, "weakness 3 Seen.", ""),
        ("codings handed in", "batch 1", SECOND, SECOND, "", ""),
        ("settled", "leadership", THIRD, THIRD, "neutral 1", REASON),
        ("withdrawn", f"replaced by E{new}", THIRD, None, "", REASON),
    ]
    [first, *_] = history_of(db, new)["life"]
    assert (first["what"], first["about"], first["by"]) == ("added", "in place of E1", THIRD)
    assert audit_programme(db).problems == ()
    db.conn.close()


def test_settlements_and_the_items_of_batches_are_never_changed(coded: Office) -> None:
    coded.settle("p. 1", STRONG)
    for table in ("settlement", "settlement_domain", "coding_batch_item"):
        for statement in (f"update {table} set id = id", f"delete from {table}"):
            with pytest.raises(Exception, match=f"rows of {table} are never changed"):
                coded.db.conn.execute(statement)


def test_the_whole_way_on_the_command_line(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.record("p. 1", "p. 2", direction="strength", significance=2)
    office.desk.close()
    path = str(tmp_path / "programme.db")

    def run(*words: str, by: str = "lead", fails: bool = False) -> str:
        asks_who = words[1] in ("draw", "done", "settle", "import")
        more = ["--by", by] if asks_who else []
        done = CliRunner().invoke(cli, [*words, *more, "--db", path])
        if fails:
            assert done.exception is not None
            return str(done.exception)
        assert done.exit_code == 0, done.output + str(done.exception)
        return done.output

    assert run("coding", "list", "north") == "No batches.\n"
    drawn = run("coding", "draw", "north", "--to", SECOND, "--items", "2", "--seed", "4")
    assert drawn.startswith("Batch 1: 2 of 2 items, drawn for reviewer-2 with seed 4.")
    text = run("coding", "sheet", "north", "1")
    assert json.loads(run("coding", "sheet", "north", "1", "--json"))[0]["own"] is None
    filled = list(csv.DictReader(io.StringIO(text)))
    for row, judged in zip(filled, ("weakness", "strength"), strict=True):
        row |= {"direction": judged, "significance": "2", "domains": "carers"}
    run("evidence", "import", "north", str(write_csv(tmp_path / "codings.csv", filled)), by=SECOND)
    assert "coded by" not in run("evidence", "show", "north", "E1")
    assert "still open" in run("coding", "disagreements", "north", "1", fails=True)
    assert "Batch 1 handed in: 2 of 2 items coded." in run("coding", "done", "north", "1", by=SECOND)
    assert "reviewer-2: important weakness; carers" in run("evidence", "show", "north", "E1")
    [codings] = json.loads(run("evidence", "show", "north", "E1", "--json"))["codings"]
    assert codings["direction"] == "weakness"
    listed = run("coding", "disagreements", "north", "1")
    assert "Coded differently: 1 item, 0 settled" in listed and "Finding p. 1" in listed
    judged = ("--direction", "neutral", "--significance", "1", "--domains", "carers; leadership")
    settling = ("coding", "settle", "north", "E1", *judged, "--because", "Both hold.")
    assert "coded E1 and cannot settle it" in run(*settling, by=SECOND, fails=True)
    assert "E1 settled. E3 replaces it" in run(*settling, by=THIRD)
    assert "settled as E3 by lead-1: neutral (minor); carers, leadership (Both hold.)" in " ".join(
        run("coding", "disagreements", "north").split()
    )
    assert json.loads(run("coding", "disagreements", "north", "--open", "--json")) == []
    assert "reviewer-2" in run("coding", "list", "north")
    assert json.loads(run("coding", "list", "north", "--json"))[0]["state"] == "done"
    assert "The record is intact" in run("audit", "verify")
