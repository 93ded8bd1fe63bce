"""How widespread a finding is: read, stored, shown in words, counted; without extents all is as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, WELSH, add, assess_plainly, item_at, last_event, new_review
from command_line import Say
from evidence_rows import Row, finding, good_domain, numbered_from_one
from example_framework import Desk
from example_framework import finding as small_finding
from form_bench import LEAD, SOURCE, Bench, made, opened, programme
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from random_evidence import random_rows
from scipy.stats import binom
from uncertainty_example import STRENGTHS, drawn, measure, near, resampler_of

from assessment.robustness.alternatives import load_baseline
from assessment.robustness.smallest import smallest_changes
from assessment.robustness.whatif import without
from assessment.runs.audit import audit_programme
from assessment.runs.verify import verify_run
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in, write_sheet
from evidence.coding.settlements import list_disagreements, settle
from evidence.digests import item_digest, item_fields
from evidence.erasing import ask_to_erase, blank
from evidence.extents import EXTENT_TEXT, RANGES, Extent, in_words, read_extent
from evidence.findings import Said, change_finding
from evidence.items import find_item, withdraw_item
from evidence.measures.compute import compute_measures
from evidence.rows import FindingRow
from joint_review.opening import UPGRADES
from joint_review.web.wording import describe_measure
from programme.database import Database, one, rows
from programme.reviews import Review
from rules.loader import digest_of
from rules.ratings import MeasureValue
from rules.rulebook import Measure

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

__all__ = ["made", "programme"]
N = 20_000
WEIGHTED = measure("findings", "share", weighted=True, where={"direction": ["strength"]})


def share(db: Database, *found: Row, what: Measure = STRENGTHS, key: str = "r1") -> MeasureValue:
    """A measure of carers in a review of these findings."""
    review = new_review(db, key, "wales-round-2", *found)
    return compute_measures(db, review, [what], last_event(db))["carers"]["m"]


# Reading ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7 of 30 files", Extent(7, 30, unit="files")),
        ("7 of the 30 files", Extent(7, 30, unit="files")),
        ("3 out of 4 teams.", Extent(3, 4, unit="teams")),
        ("7/30", Extent(7, 30)),
        ("7 / 30 files in 2007", Extent(7, 30, unit="files in 2007")),
        ("1,200 of 3,400 referrals", Extent(1200, 3400, unit="referrals")),
        ("0 of 3 teams", Extent(0, 3, unit="teams")),
        ("all 10 councils", Extent(10, 10, unit="councils")),
        ("All of the 10 councils", Extent(10, 10, unit="councils")),
        ("isolated", Extent(word="isolated")),
        ("some of the teams", Extent(word="some", unit="teams")),
        ("MOST  teams", Extent(word="most", unit="teams")),
        ("all", Extent(word="all")),
        ("7 o 30 o ffeiliau", Extent(7, 30, unit="ffeiliau")),
        ("7 o'r 30 ffeil", Extent(7, 30, unit="ffeil")),
        ("7 allan o 30", Extent(7, 30)),
        ("ynysig", Extent(word="isolated")),
        ("rhai timau", Extent(word="some", unit="timau")),
        ("Y rhan fwyaf o\u2019r timau", Extent(word="most", unit="timau")),
        ("y mwyafrif", Extent(word="most")),
        ("pob un o'r 10 cyngor", Extent(10, 10, unit="cyngor")),
        ("pob tîm", Extent(word="all", unit="tîm")),
        ("", None),
        (" . ", None),
    ],
)
def test_an_extent_is_read_as_people_write_it_in_english_and_welsh(text: str, found: Extent | None) -> None:
    assert read_extent(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *(
            "31 of 30 files",
            "7 of 0",
            "-1 of 3",
            "7 of 30.5",
            "7 of 30%",
            "7.5 of 30",
            "12,34 of 1000",
            "7of30",
        ),
        *(
            "23%",
            "0.4",
            "7",
            "7/30/2005",
            "about 7 of 30",
            "at least 7 of 30",
            "1 of 2 of 3",
            "\u0663 of \u0664",
        ),
        *("7 of 30 or more", "7 of 30 files and 3 of 4 teams", "7 of 30 to 35 files", "7 of 30, files"),
        *("nearly all", "all but two councils", "most 10 councils", "most if not all", "most of", "isolate"),
        *("none of 10", "half", "some to most", "almost every team", "1 of 12345678901"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"7 of 30 files\), or isolated, some, most or all"):
        read_extent(text)


EXTENTS = st.one_of(
    st.integers(1, 10**6).flatmap(lambda of: st.builds(Extent, st.integers(0, of), st.just(of))),
    st.builds(Extent, word=st.sampled_from(sorted(RANGES))),
)
UNITS = st.sampled_from(["", "files", "teams of adults", "minors' files", "cynghorau"])


@given(extent=EXTENTS, unit=UNITS)
def test_an_extent_is_read_again_from_its_own_words(shared_db: Database, extent: Extent, unit: str) -> None:
    whole = Extent(extent.found, extent.of, extent.word, unit)
    assert read_extent(whole.text) == whole
    columns = "? as extent_found, ? as extent_of, ? as extent_word, ? as extent_unit"
    said = [whole.found, whole.of, whole.word, whole.unit]
    assert one(shared_db, f"select {EXTENT_TEXT} from (select {columns}) e", said) == whole.text


def test_where_it_applies_is_said_in_words() -> None:
    said = {text: in_words(text) for text in ("7 of 30 files", "most teams", "some", "all", "")}
    assert list(said.values()) == ["in 7 of 30 files", "in most teams", "in some cases", "in all cases", ""]


# In and out ------------------------------------------------------------------------------------------------


def test_a_file_and_a_row_store_it_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.load_sources()
    given = ["7 of 30 files", "most teams", ""]
    found = [small_finding(f"p. {n}", extent=extent) for n, extent in enumerate(given)]
    desk.load_rows("findings", *found)
    columns = "extent_found, extent_of, extent_word, extent_unit"
    assert [tuple(row.values()) for row in desk.rows(f"select {columns} from evidence order by id")] == [
        (7, 30, None, "files"),
        (None, None, "most", "teams"),
        (None, None, None, ""),
    ]
    again = [
        small_finding(f"p. {n}", extent=text) for n, text in enumerate(["7/30 files", "Most teams.", ""])
    ]
    assert desk.load_rows("findings", *again).already_there == 3
    desk.close()


def test_a_wrong_extent_is_named_with_its_place_and_nothing_is_stored(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.load_sources()
    (said,) = desk.problems_of_rows(
        "findings", small_finding("p. 1"), small_finding("p. 2", extent="31 of 30")
    )
    assert said.startswith(
        "findings.csv, row 3, column 'extent': found '31 of 30'; expected how many of how many"
    )
    assert "31 of 30 is not possible" in said
    desk.close()


def test_a_date_that_a_spreadsheet_made_of_it_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.load_sources()
    book, row = Workbook(), small_finding(extent=date(2026, 7, 30))
    book.active.title = "findings"
    book.active.append(list(row))
    book.active.append(list(row.values()))
    book.save(tmp_path / "findings.xlsx")
    (said,) = desk.problems(tmp_path / "findings.xlsx")
    assert "column 'extent'" in said and "write '7 of 30', not '7/30'" in said
    desk.close()


def test_the_command_line_adds_lists_and_shows_it(say: Say, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.load_sources()
    desk.close()
    there = ("--db", str(desk.path))
    values = [f"{name}={value}" for name, value in small_finding(extent="most teams").items()]
    assert say("evidence", "add", "north", "findings", *values, "--by", "reviewer-1", *there)[0] == 0
    refused = [*values, "locator=p. 2", "extent=nearly all"]
    code, out, err = say("evidence", "add", "north", "findings", *refused, "--by", "reviewer-1", *there)
    assert code == 1 and "column 'extent': found 'nearly all'" in out + err
    listed = say("evidence", "list", "north", *there)[1]
    assert "strength, in" in listed and "most teams" in listed
    code, out, _ = say("evidence", "show", "north", "E1", *there)
    assert "extent  most teams" in out and "extent word" not in out
    (item,) = json.loads(say("evidence", "list", "north", "--json", *there)[1])["items"]
    assert item["extent"] == "most teams"


def test_an_item_without_an_extent_has_the_digest_it_always_had() -> None:
    """As it was before there were extents."""
    said = {
        "source": "I1",
        "locator": "p. 1",
        "finding": "Asked.",
        "direction": "strength",
        "significance": 2,
    }

    def digest(**more: Any) -> str:
        return item_digest("I1", "p. 1", item_fields(FindingRow(**said, **more)))

    before = ["I1", "p. 1", "finding", "all", "Asked.", "", "strength", "2", "None", "None", "", "None"]
    before += ["", "", "None", "None", "", "None", "None"]
    assert digest() == hashlib.sha256("\x1f".join(before).encode()).hexdigest()[:32]
    assert len({digest(extent=text) for text in ("", "most", "most teams", "1 of 2", "1 of 2 teams")}) == 5
    assert digest(extent="7 of 30 files") == digest(extent="7/30 files")


# Changing --------------------------------------------------------------------------------------------------


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        yield found


FINDING = {"quote": "Nobody asked.", "direction": "weakness", "significance": "2", "domain": "carers"}


async def test_a_page_records_it_and_shows_it_in_words(bench: Bench) -> None:
    done = await bench.send(f"{SOURCE}/record?page=1", FINDING | {"on_page": "1", "extent": "7 of 30 files"})
    assert done.status_code == 303
    said = "Weakness, important, in 7 of 30 files"
    assert said in (await bench.get(SOURCE)).text
    assert said in (await bench.get("/reviews/north/items/1")).text
    assert said in (await bench.get("/reviews/north/items")).text
    assert 'name="extent" value="7 of 30 files"' in (await bench.get(f"{SOURCE}?change=1")).text


async def test_a_wrong_one_is_said_at_its_field_and_what_was_typed_is_kept(bench: Bench) -> None:
    before = bench.state()
    done = await bench.send(f"{SOURCE}/record", FINDING | {"extent": "nearly all"})
    assert done.status_code == 400 and bench.state() == before
    said = "Expected how many of how many (7 of 30 files), or isolated, some, most or all (most teams)"
    assert f'<p class="wrong" id="wrong-extent">{said}' in done.text
    assert 'name="extent" value="nearly all"' in done.text


async def test_a_changed_extent_is_another_item_and_stays_in_the_history(bench: Bench) -> None:
    await bench.send(f"{SOURCE}/record", FINDING | {"extent": "7 of 30 files"})
    same = {"item": "1", "finding": "Nobody asked.", "direction": "weakness", "significance": "2"}
    state = bench.state()
    await bench.send(f"{SOURCE}/change", {**same, "domain": "carers"}, LEAD)
    assert bench.state() == state, "a form that does not name the field leaves it as it is"
    done = await bench.send(f"{SOURCE}/change", {**same, "domain": "carers", "extent": "9/30 files"}, LEAD)
    assert done.headers["location"].endswith("?item=2#E2")
    ((before, after),) = bench.rows("select before, after from event order by id desc limit 1")
    assert (json.loads(before)["extent"], json.loads(after)["extent"]) == ("7 of 30 files", "9 of 30 files")
    await bench.send(f"{SOURCE}/change", {**same, "item": "2", "domain": "carers", "extent": ""}, LEAD)
    found = bench.rows("select extent_of, withdrawn_event is null from evidence order by id")
    assert found == [(30, 0), (30, 0), (None, 1)]


def test_an_erased_finding_says_no_longer_what_was_looked_at(db: Database) -> None:
    row = finding("I1", extent="2 of 9 houses in Llanwddyn")
    review = new_review(db, "r1", "wales-round-2", row)
    said = Said(row["finding"], "strength", "2", domains=("carers",), extent="3 of 9 houses in Llanwddyn")
    number = change_finding(db, review, item_at(db, review, row), said, by="lead", at=AT)
    asked, _ = ask_to_erase(db, review, "item", f"E{number}", by="lead", because="Asked by letter.", at=AT)
    blank(db, review, asked.number, by="moderator-1", because="Agreed.", at=AT)
    left = rows(db, "select extent_found, extent_of, extent_unit from evidence where id = ?", [number])
    assert [tuple(one_.values())[:2] for one_ in left] == [(3, 9)] and "Llanwddyn" not in str(left)
    changed = one(
        db, "select after from event where action = 'evidence-change-item' or before like '%2 of 9%'"
    )
    assert "Llanwddyn" not in changed
    assert audit_programme(db, upgrades=UPGRADES).problems == ()


# Second coding ---------------------------------------------------------------------------------------------


def test_a_second_coder_neither_sees_nor_states_it_and_a_settlement_keeps_it(db: Database) -> None:
    row = finding("I1", extent="7 of 30 files")
    review = new_review(db, "r1", "wales-round-2", row)
    number = item_at(db, review, row)
    batch = draw_batch(db, review, coder="reviewer-2", items=1, by="lead", at=AT)["number"]
    assert "of 30" not in write_sheet(db, review, batch, "reviewer-2")
    same = CodedAs("strength", 2, None, ("carers",))
    code_item(db, review, batch, number, same, by="reviewer-2", at=AT)
    hand_in(db, review, batch, by="reviewer-2", at=AT)
    assert list_disagreements(db, review) == []
    other = draw_batch(db, review, coder="reviewer-3", items=1, by="lead", at=AT)["number"]
    code_item(db, review, other, number, CodedAs("weakness", 3, None, ("carers",)), by="reviewer-3", at=AT)
    hand_in(db, review, other, by="reviewer-3", at=AT)
    third = CodedAs("weakness", 1, None, ("carers",))
    new = settle(db, review, number, third, by="lead", because="Both looked again.", at=AT)
    assert new != number and find_item(db, review, new)["extent"] == "7 of 30 files"


# Counting --------------------------------------------------------------------------------------------------


def test_a_finding_counts_for_the_share_in_which_it_was_found(db: Database) -> None:
    strength, weakness = finding("I1", "strength", 3), finding("I1", "weakness", 2, extent="7 of 30 files")
    assert share(db, strength, weakness).value == pytest.approx(100 / (1 + 7 / 30), abs=1e-4)
    assert share(db, strength, weakness, what=WEIGHTED, key="r2").value == pytest.approx(
        300 / (3 + 14 / 30), abs=1e-4
    )


@pytest.mark.parametrize(
    ("word", "middle"), [("isolated", 0.075), ("some", 0.325), ("most", 0.75), ("all", 1)]
)
def test_a_word_counts_for_the_middle_of_its_range(db: Database, word: str, middle: float) -> None:
    found = share(db, finding("I1", "weakness"), finding("I1", extent=word))
    assert found.value == pytest.approx(100 * middle / (1 + middle), abs=1e-4)
    assert sum(RANGES[word]) / 2 == middle


def test_the_ranges_of_the_words_leave_no_gap() -> None:
    ends = [*RANGES.values()]
    assert ends[0][0] == 0 and ends[-1] == (1, 1)
    assert all(one_[1] == other[0] for one_, other in pairwise(ends))


def test_how_many_there_are_does_not_depend_on_it(db: Database) -> None:
    count = measure("findings", "count")
    assert share(db, *[finding("I1", extent="1 of 30 files")] * 1, finding("I1"), what=count).value == 2


def test_a_finding_that_was_found_nowhere_counts_for_nothing(db: Database) -> None:
    nowhere = finding("I1", "weakness", extent="0 of 30 files")
    assert share(db, finding("I1"), nowhere).value == 100
    assert share(db, finding("I1", extent="0 of 4 teams"), key="r2") == MeasureValue(None, 0)
    review = new_review(db, "r3", "wales-round-2", nowhere)
    assert ("carers", "m") not in resampler_of(db, review, STRENGTHS).drawn


def test_the_base_grows_with_the_number_looked_at_to_that_of_findings_alike(db: Database) -> None:
    bases = []
    for of in (2, 10, 50, 1000):
        extents = [f"{of // 2} of {of} files"] * 6
        found = share(db, *(finding("I1", extent=text) for text in extents), key=f"r{of}")
        low = 6 * (of // 2 / of) ** 2 / ((of // 2 / of) ** 2 + 0.25 / of)
        assert found.base == pytest.approx(low, abs=1e-4)
        bases.append(found.base)
    assert bases == sorted(bases) and bases[-1] < 6
    assert share(db, *(finding("I1", extent="all") for _ in range(6)), key="all").base == 6
    sure = share(db, *(finding("I1", extent="most") for _ in range(6)), key="most").base
    assert sure == pytest.approx(6 * 0.75**2 / (0.75**2 + 0.5**2 / 12), abs=1e-4)


def test_what_applies_everywhere_counts_like_what_says_nothing(db: Database) -> None:
    rows_ = [finding("I1", way, size) for way in ("strength", "weakness") for size in (1, 2, 3)]
    plain = share(db, *rows_, what=WEIGHTED)
    assert share(db, *({**row, "extent": "all"} for row in rows_), what=WEIGHTED, key="r2") == plain


def test_a_rulebook_may_let_every_finding_count_whole(db: Database) -> None:
    found = [finding("I1"), finding("I1", "weakness", extent="1 of 30 files")]
    whole = measure("findings", "share", where={"direction": ["strength"]}, by_extent=False)
    assert share(db, *found, what=whole).value == 50
    review = new_review(db, "r2", "wales-round-2", *found)
    values = drawn(resampler_of(db, review, whole), 500)[("carers", "m")]
    assert set(np.unique(values)) == {0, 50, 100}
    assert "however widespread" in " ".join(describe_measure(whole))
    assert "in 7 of 30 files as 7/30, isolated as 0.075, some as 0.325" in " ".join(
        describe_measure(STRENGTHS)
    )


def test_rulebooks_that_say_nothing_of_it_are_the_same_rulebooks() -> None:
    assert "by_extent" not in WELSH.rulebook.model_dump_json()
    whole = measure("findings", "share", by_extent=False)
    assert digest_of(whole) != digest_of(measure("findings", "share"))
    assert Measure.model_validate_json(whole.model_dump_json()) == whole


# Drawing ---------------------------------------------------------------------------------------------------


def test_k_of_n_is_drawn_as_a_proportion_of_n(db: Database) -> None:
    rows_ = [finding("I1", extent="3 of 8 files"), finding("I1", "weakness")]
    review = new_review(db, "r1", "wales-round-2", *rows_)
    values = drawn(resampler_of(db, review, STRENGTHS), N)[("carers", "m")]
    # Of two findings both are drawn in half of the draws; only then their shares are seen against each other.
    found = np.arange(9) / 8
    expected = {0.0: 0.25, 100.0: 0.25}
    for value, chance in zip(
        np.round(100 * found / (found + 1), 4), binom.pmf(np.arange(9), 8, 3 / 8), strict=True
    ):
        expected[float(value)] = expected.get(float(value), 0) + 0.5 * chance
    assert set(np.unique(values)) <= set(expected)
    assert near(np.array([np.mean(values == v) for v in expected]), np.array([*expected.values()]), N)


def test_a_word_is_drawn_from_its_whole_range(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", finding("I1", extent="some"), finding("I1", "weakness"))
    values = drawn(resampler_of(db, review, STRENGTHS), N)[("carers", "m")]
    shares = values[(values > 0) & (values < 100)] / (100 - values[(values > 0) & (values < 100)])
    assert 0.1499 <= shares.min() < 0.155 and 0.495 < shares.max() <= 0.5001
    assert near(np.histogram(shares, 7, (0.15, 0.5))[0] / len(shares), np.full(7, 1 / 7), len(shares))


@pytest.mark.parametrize("extent", ["0 of 5 teams", "5 of 5 teams"])
def test_none_or_all_of_few_is_no_certainty(db: Database, extent: str) -> None:
    rows_ = [finding("I1", extent=extent), finding("I1", "weakness")]
    review = new_review(db, "r1", "wales-round-2", *rows_)
    values = drawn(resampler_of(db, review, STRENGTHS), 5_000)[("carers", "m")]
    assert len(np.unique(values)) > 4


def test_draws_come_around_the_value_whatever_the_chunk(db: Database) -> None:
    random = Random(3)
    rows_ = [
        finding("I1", random.choice(["strength", "weakness"]), random.randint(1, 3), extent=extent)
        for extent in ["7 of 30 files", "most teams", "", "9 of 10 councils", "some", "", "2 of 3 teams"] * 6
    ]
    review = new_review(db, "r1", "wales-round-2", *rows_)
    resampler = resampler_of(db, review, WEIGHTED)
    values = drawn(resampler, 4_000, chunk=2_000)[("carers", "m")]
    assert np.array_equal(values, drawn(resampler, 4_000, chunk=333)[("carers", "m")])
    point = resampler.point["carers"]["m"]
    assert point.value is not None and abs(values.mean() - point.value) < 1
    assert point.low is not None and point.high is not None
    inside = np.mean((values > point.low) & (values < point.high))
    assert 0.85 < inside < 0.99


def test_what_is_drawn_of_other_domains_stays(db: Database) -> None:
    rows_ = [finding("I1", way) for way in ("strength", "weakness", "strength")]
    review = new_review(db, "r1", "wales-round-2", *rows_)
    before = drawn(resampler_of(db, review, STRENGTHS), 500)[("carers", "m")]
    add(db, review, finding("I1", domains="assessment", extent="1 of 3 teams"))
    found = drawn(resampler_of(db, review, STRENGTHS), 500)
    assert np.array_equal(found[("carers", "m")], before)


# As before, and what would change it -----------------------------------------------------------------------


def test_a_review_without_extents_is_what_it_was_to_the_last_bit(db: Database) -> None:
    """Measures and draws as the version before extents gave them (commit dec8e71), by their digests."""
    serious = {"direction": ["weakness"], "significance_at_least": 3}
    measures = [
        measure("findings", "share", "a", weighted=True, where={"direction": ["strength"]}),
        measure("findings", "share", "b", where=serious, among={"direction": ["strength", "weakness"]}),
    ]
    with numbered_from_one():
        found = random_rows(Random(7), 400, extents=False)
    review = new_review(db, "r1", "wales-round-2", *found)
    values = compute_measures(db, review, measures, last_event(db))
    text = json.dumps({d: {k: vars(v) for k, v in of.items()} for d, of in values.items()}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "2db1203f7f20fb778bcb67a1a9c7d32196b170e67bb7d585f6f7076d752673f2"
    draws = hashlib.sha256()
    for key, column in sorted(drawn(resampler_of(db, review, *measures), 500).items()):
        draws.update(repr(key).encode() + column.tobytes())
    assert draws.hexdigest() == "00045d9ca4152a9b5442a2feaa24cb2f0a809b6b48ae6b85d8b046a1b4dbc309"


def based(db: Database, *found: Row) -> tuple[Review, Any]:
    review = new_review(db, "r1", "wales-round-2", *found)
    return review, load_baseline(db, review, assess_plainly(db, review))


def test_runs_with_extents_verify_and_the_rating_follows_them(db: Database) -> None:
    weak = [finding("I1", "weakness", 2, extent="1 of 10 files") for _ in range(6)]
    review, _ = based(db, *good_domain("carers", 4, 0), *weak)
    run = assess_plainly(db, review)
    assert run.rating("carers").level_id == "mainly-good", "4 strengths against six tenths of a weakness"
    assert verify_run(db, review, run).same
    add(db, review, *({**row, "extent": ""} for row in weak), replace=True)
    later = assess_plainly(db, review)
    assert later.rating("carers").level_id == "inconsistent" and verify_run(db, review, run).same


def test_leaving_out_and_adding_findings_gives_what_really_doing_it_gives(db: Database) -> None:
    weak = [finding("I1", "weakness", 3, extent="4 of 10 files") for _ in range(4)]
    review, base = based(db, *good_domain("carers", 4, 0), *weak)
    number = item_at(db, review, weak[0])
    tried, level = without(db, base, [f"E{number}"]), assess_plainly(db, review).rating("carers").level
    further = [one_ for one_ in smallest_changes(db, base, "carers")["findings"] if one_["move"] == "down"]
    assert further
    for one_ in further:
        more = [finding("I1", one_["direction"], one_["significance"]) for _ in range(one_["number"])]
        add(db, review, *more[:-1], *good_domain("workforce"))
        assert assess_plainly(db, review).rating("carers").level == level
        add(db, review, more[-1])
        assert assess_plainly(db, review).rating("carers").level != level
        for row in more:
            withdraw_item(db, review, item_at(db, review, row), by="lead", because="A trial.", at=AT)
    withdraw_item(db, review, number, by="lead", because="Recorded twice.", at=AT)
    mine = next(change for change in tried["measures"] if change["measure"] == "strengths_share")
    after = assess_plainly(db, review).result.measures["carers"]["strengths_share"].value
    assert mine["after"] == after


def test_the_trail_says_it_in_words(say: Say, db: Database, tmp_path: Path) -> None:
    found = [*good_domain("carers"), finding("I1", "weakness", 2, extent="7 of 30 files")]
    assess_plainly(db, new_review(db, "r1", "wales-round-2", *found))
    there = ("--db", str(tmp_path / "programme.db"))
    shown = " ".join(say("trail", "r1", "carers", "--items", "9", *there)[1].split())
    assert "[weakness, important, in 7 of 30 files]" in shown
    assert '"extent": "7 of 30 files"' in say("trail", "r1", "carers", "--items", "9", "--json", *there)[1]


def test_a_finding_of_a_case_file_counts_by_its_extent_too(db: Database) -> None:
    row = finding("C1", "strength", 2, extent="7 of 30 files")
    review = new_review(db, "r1", "wales-round-2", row, finding("C1", "weakness", 2))
    [kind] = db.execute("select distinct kind from source where ref = 'C1'")
    assert kind == ("case_file",)
    found = compute_measures(db, review, [STRENGTHS], last_event(db))["carers"]["m"]
    assert found.value == pytest.approx(100 * (7 / 30) / (7 / 30 + 1))
    sql = "select extent from current_evidence order by id"
    assert [extent for (extent,) in db.execute(sql)] == ["7 of 30 files", ""]
