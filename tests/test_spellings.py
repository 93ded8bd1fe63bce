"""Titles are taken wherever ids are; filters that match nothing and people who are no users are refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, WELSH, add, new_review
from command_line import Say
from evidence_rows import finding, whole_review

from assessment.decisions.panel import open_panel
from evidence.coding.second_coding import draw_batch
from evidence.intake.importing import import_files
from evidence.items import ItemFilter, find_item, list_items, tag_item, tagged_to
from programme.database import Database, last_event
from programme.reviews import Review
from programme.users import add_user, disable_user
from rules.errors import ImportRefused, UnknownName, UserInvalid
from rules.spellings import Spellings, of_other_framework
from rules.words import shown_value

DOMAINS = WELSH.framework.domain_names


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db, "r1", "wales-round-2", *whole_review())


# Ids and titles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["getting-help", "Getting help", " GETTING  HELP ", "getting_help"])
def test_a_domain_is_found_by_id_or_title_however_it_is_written(name: str) -> None:
    assert DOMAINS.find(name) == "getting-help"


def test_every_title_of_the_library_is_found_in_every_language() -> None:
    for name, domain in WELSH.framework.domains.items():
        for title in domain.title.values():
            assert DOMAINS.find(title) == name
    for strand in WELSH.framework.strands:
        assert WELSH.framework.strand_names.find(strand.title["cy"]) == strand.id


def test_a_title_that_two_things_share_means_neither() -> None:
    names = Spellings("domain", {"a": {"en": "Care"}, "b": {"en": "care"}, "c": {"en": "Other"}})
    assert (names.find("Care"), names.find("a"), names.find("other")) == (None, "a", "c")


def test_titles_with_commas_stay_whole_in_a_list() -> None:
    names = Spellings("domain", {"c": {"en": "Care, integration and continuity"}, "e": {"en": "Equity"}})
    assert names.find_all("Care, integration and continuity; Equity") == ["c", "e"]
    assert names.find_all("e, care, integration and continuity") == ["e", "c"]
    assert names.find_all("e,c;unknown") == ["e", "c", "unknown"]
    assert names.find_all(" ; ,") == []


def test_a_domain_of_another_framework_is_named_with_it(db: Database, review: Review) -> None:
    assert of_other_framework("domain", "Equity in experience and outcomes") == (
        "'equity' is a domain of cqc-local-authority."
    )
    with pytest.raises(UnknownName) as caught:
        tag_item(db, review, 1, ["equity"], by="reviewer-1", at=AT)
    assert caught.value.hint == "'equity' is a domain of cqc-local-authority."


def test_findings_are_imported_with_titles_of_domains_and_groups_of_people(
    db: Database, review: Review, tmp_path: Path
) -> None:
    text = (
        "source,locator,finding,direction,significance,strand,domains\n"
        "I1,p. 90,Nobody asked.,weakness,2,Older people,Getting help; Support for carers\n"
    )
    (tmp_path / "findings.csv").write_text(text, encoding="utf-8")
    titles = {WELSH.framework.title_of(name): name for name in ("getting-help", "carers")}
    text = text.replace("Support for carers", next(t for t, name in titles.items() if name == "carers"))
    (tmp_path / "findings.csv").write_text(text, encoding="utf-8")
    import_files(db, review, [tmp_path / "findings.csv"], by="reviewer-1", at=AT)
    item = find_item(db, review, db.execute("select max(id) from evidence").fetchone()[0])
    assert (item["strand"], sorted(tagged_to(item))) == ("older-people", ["carers", "getting-help"])


def test_an_unknown_domain_in_many_rows_is_said_once_with_the_nearest(db: Database, review: Review) -> None:
    rows = [finding("I1", locator=f"p. {number}", domains="carrers") for number in range(100, 130)]
    with pytest.raises(ImportRefused) as caught:
        add(db, review, *rows)
    [problem] = caught.value.problems
    assert "(30 times)" in problem.message
    assert "Did you mean 'carers'" in problem.hint


def test_items_are_tagged_by_title(db: Database, review: Review) -> None:
    title = WELSH.framework.title_of("leadership")
    tag_item(db, review, 1, [title.upper()], by="reviewer-1", at=AT)
    assert "leadership" in tagged_to(find_item(db, review, 1))


def test_what_another_framework_rates_is_named_with_it_wherever_it_is_asked_for() -> None:
    said = "'equity' is a domain of cqc-local-authority."
    assert UnknownName("domain or question", "EQUITY", WELSH.framework.question_of).hint == said
    with pytest.raises(UnknownName) as caught:
        WELSH.framework.title_of("equity")
    assert caught.value.hint == said


@pytest.mark.parametrize("words", [["explain"], ["trail"]])
def test_commands_take_the_title_of_what_is_rated(say: Say, tmp_path: Path, words: list[str]) -> None:
    db = str(tmp_path / "p.db")
    said = say("init", "--db", db)
    assert said.code == 0
    say("review", "create", "r1", "--authority", "A", "--framework", "wales-round-2", "--db", db)
    say("assess", "r1", "--db", db)
    by_id, by_title = (
        say(*words, "r1", name, "--json", "--db", db)
        for name in ("carers", WELSH.framework.title_of("carers"))
    )
    assert by_id.code == by_title.code == 0
    assert json.loads(by_id.out) == json.loads(by_title.out)


# Filters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"kind": "findngs"}, "there is no kind of item 'findngs'"),
        ({"source_kind": "memo"}, "there is no kind of source 'memo'"),
        ({"direction": "bad"}, "there is no direction 'bad'"),
        ({"strand": "nobody"}, "there is no strand 'nobody'"),
        ({"source": "Z-9"}, "there is no source 'Z-9'"),
        ({"domain": "equity"}, "there is no domain 'equity'"),
    ],
)
def test_a_filter_that_can_match_nothing_is_refused(
    db: Database, review: Review, chosen: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnknownName, match=said) as caught:
        list_items(db, review, ItemFilter(**chosen))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("chosen", "same"),
    [
        ({"kind": "Findings"}, {"kind": "finding"}),
        ({"kind": "case score"}, {"kind": "case_score"}),
        ({"source_kind": "Group meeting"}, {"source_kind": "group_meeting"}),
        ({"direction": "Weakness"}, {"direction": "weakness"}),
        ({"strand": "All groups"}, {"strand": "all"}),
        ({"domain": "Getting help"}, {"domain": "getting-help"}),
    ],
)
def test_a_filter_takes_what_people_read(
    db: Database, review: Review, chosen: dict[str, Any], same: dict[str, Any]
) -> None:
    assert list_items(db, review, ItemFilter(**chosen)) == list_items(db, review, ItemFilter(**same))


def test_a_filter_that_matches_nothing_yet_is_no_mistake(db: Database, review: Review) -> None:
    assert list_items(db, review, ItemFilter(kind="indicator", direction="weakness")) == ([], 0)
    assert list_items(db, review, ItemFilter(search="zzz")) == ([], 0)


# People ----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_users(db: Database, review: Review) -> Review:
    for name in ("lead-1", "anna", "gone-1"):
        add_user(db, name, role="reviewer", by="administrator-1", at=AT)
    disable_user(db, "gone-1", by="administrator-1", because="Left.", at=AT)
    return review


@pytest.mark.parametrize(("column", "name"), [("recorded_by", "ana"), ("recorded_by", "Anna")])
def test_rows_that_credit_somebody_who_is_no_user_are_refused(
    db: Database, with_users: Review, column: str, name: str
) -> None:
    before = last_event(db)
    rows = [finding("I1", locator=f"p. {number}", **{column: name}) for number in range(200, 203)]
    with pytest.raises(ImportRefused) as caught:
        add(db, with_users, *rows)
    [problem] = caught.value.problems
    assert f"there is no user {name!r}. (3 times)" in problem.message
    assert problem.hint == "Did you mean 'anna'?"
    assert last_event(db) == before


def test_users_of_before_may_be_credited(db: Database, with_users: Review) -> None:
    add(db, with_users, finding("I1", locator="p. 300", recorded_by="gone-1"))
    add(db, with_users, finding("I1", locator="p. 301", recorded_by="anna"))
    credited = "select recorded_by from evidence where locator in ('p. 300', 'p. 301') order by locator"
    assert [name for (name,) in db.execute(credited)] == ["gone-1", "anna"]


def test_work_is_given_to_users_alone_once_there_are_users(db: Database, with_users: Review) -> None:
    for name, said in (("ana", "there is no user 'ana'"), ("gone-1", "was disabled")):
        with pytest.raises(UserInvalid, match=said):
            draw_batch(db, with_users, coder=name, items=1, by="lead-1", at=AT)
        with pytest.raises(UserInvalid, match=said):
            open_panel(db, with_users, "carers", ("anna", name), by="lead-1", at=AT)
    assert draw_batch(db, with_users, coder="anna", items=1, by="lead-1", at=AT)["coder"] == "anna"


# What messages say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ("carers", "'carers'"),
        (True, "'true'"),
        (2.5, "2.5"),
        (date(2004, 5, 31), "'2004-05-31'"),
        (["x"], "a list"),
        ({"a": 1}, "keys with values"),
    ],
)
def test_messages_say_what_stands_there_not_how_the_program_holds_it(value: object, said: str) -> None:
    assert shown_value(value) == said


def test_a_file_of_lists_with_values_of_other_kinds_is_refused_in_plain_words(
    db: Database, review: Review, tmp_path: Path
) -> None:
    row = {"source": "I1", "locator": {"a": 1}, "finding": ["x"], "direction": True, "significance": 2}
    (tmp_path / "f.json").write_text(json.dumps({"findings": [row]}), encoding="utf-8")
    with pytest.raises(ImportRefused) as caught:
        import_files(db, review, [tmp_path / "f.json"], by="reviewer-1", at=AT)
    said = " ".join(map(str, caught.value.problems))
    assert not set("{}[]") & set(said)
    assert "True" not in said and "found keys with values" in said and "found a list" in said
