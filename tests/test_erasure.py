"""Erasing: one person asks, another approves; no byte of the words is left, and the record is whole."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from assessment_example import AT, add, assess_plainly, new_programme, new_review
from evidence_rows import finding, good_domain, indicator, survey

from assessment.decisions.challenges import raise_challenge, reply_to_challenge
from assessment.decisions.decide import override
from assessment.runs.audit import audit_programme
from assessment.runs.run import load_run
from assessment.runs.verify import verify_run
from evidence.erasing import Erased, ask_to_erase, blank, clear, clear_file, preview
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.intake.importing import import_files
from evidence.items import ItemFilter, list_items, withdraw_item
from evidence.search import search_sources
from evidence.sources import SourceDetails, add_sources, find_page
from exchange.evidence import evidence_tables
from exchange.files import write_xlsx
from joint_review.opening import UPGRADES, open_programme
from programme.backup import back_up
from programme.check import RecordCheck, head_of_record
from programme.database import Database, one, rows
from programme.erasures import end_request, list_erasures
from programme.leftovers import search_bytes
from programme.reviews import Review, create_review, find_review
from programme.sought import MOST_SAMPLES, SAMPLE, samples
from programme.users import add_user, disable_user
from rules.errors import (
    DatabaseUnusable,
    DecisionRefused,
    EvidenceInvalid,
    ImportRefused,
    UnknownName,
    WordsMissing,
)

QUOTE = "The carer from Llanwddyn told us that nobody had rung her since the autumn"
NEIGHBOUR = "since the autumn. The team has a plan"
PAGE = f"Carers were asked in May. {QUOTE}. The team has a plan for every family in the valley."
FINDING = "The carer from Llanwddyn waited half a year for a call about her husband"
PARTLY = "nobody had rung her since the autumn"
NAME = "Zqŵen ap Zqfamily"
FILE = "Interview_Llanwddyn_May.txt"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review in which an item, what it quotes, and a person's name stand in many places; assessed."""
    folder = tmp_path_factory.mktemp("erasure")
    with closing(new_programme(folder).conn) as connection:
        _fill(Database(connection))
    return folder / "programme.db"


def _fill(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    add_sources(db, review, [GivenFile(FILE, PAGE.encode())], SourceDetails(kind="interview"), by=NAME, at=AT)
    told = Said(FINDING, "weakness", "3", domains=("carers",), note=f"She says “{PARTLY}”.")
    record_finding(db, review, "I-001", Passage(QUOTE, 1), told, by=NAME, at=AT)
    other = Said("The team has a plan.", "strength", "2", domains=("carers",))
    record_finding(db, review, "I-001", Passage(NEIGHBOUR, 1), other, by="reviewer-2", at=AT)
    assess_plainly(db, review)
    challenge = raise_challenge(
        *(db, review, "item", f"E{_item(db)}"),
        ground="other",
        text=f"She said '{PARTLY.upper()}', not that nobody called. {NAME} heard it differently.",
        by="moderator-1",
        at=AT,
    )
    reply_to_challenge(db, challenge["number"], text="Read the whole interview.", by="lead", at=AT)
    override(
        *(db, review, "carers", "poor"),
        by=NAME,
        because=f"As {FINDING[:1].lower()}{FINDING[1:]}; so says zqŵen ap  zqfamily's note.",
        at=AT,
    )


def _item(db: Database) -> int:
    return int(one(db, "select min(id) from evidence where quote like '%autumn%'"))


@pytest.fixture
def db(made: Path, tmp_path: Path) -> Iterator[Database]:
    path = Path(shutil.copy(made, tmp_path / "programme.db"))
    with closing(open_programme(path).conn) as connection:
        yield Database(connection)


@pytest.fixture
def review(db: Database) -> Review:
    return find_review(db, "r1")


def erased(db: Database, review: Review | None, kind: str, target: str, *spellings: str) -> Erased:
    """Asked for by the lead, approved by the moderator."""
    asked, _ = ask_to_erase(
        *(db, review, kind, target), by="lead", because="They asked for it.", at=AT, spellings=spellings
    )
    return clear(db, blank(db, review, asked.number, by="moderator-1", because="Article 17.", at=AT))


def audited(db: Database) -> RecordCheck:
    return audit_programme(db, upgrades=UPGRADES)


def bytes_of(folder: Path) -> bytes:
    """Every byte of every file in a folder, in small letters."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir())).lower()


def standing(folder: Path, *words: str) -> list[str]:
    """Those of the words that any file in the folder holds."""
    everything = bytes_of(folder)
    return [word for word in words if word.encode().lower() in everything]


def exported(db: Database, review: Review, path: Path) -> Path:
    with path.open("wb") as file:
        write_xlsx(evidence_tables(db, review), file)
    return path


# --- what is exported and imported ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["item", "source", "person"])
def test_an_export_made_afterwards_comes_back_unchanged_here_and_elsewhere(
    db: Database, review: Review, tmp_path: Path, kind: str
) -> None:
    target = {"item": f"E{_item(db)}", "source": "I-001", "person": NAME}[kind]
    erased(db, review if kind != "person" else None, kind, target)
    path = exported(db, review, tmp_path / "after.xlsx")
    report = import_files(db, review, [path], by="lead", at=AT)
    assert (sum(report.added.values()), report.replaced, report.withdrawn) == (0, 0, 0)
    other = create_review(
        db, "r2", "Other", "wales-round-2", window_from=None, window_to=None, by="lead", at=AT
    )
    import_files(db, other, [path], by="lead", at=AT)
    sql = "select text, quote from evidence where withdrawn_event is null and review_id = ? order by locator"
    assert rows(db, sql, [other.id]) == rows(db, sql, [review.id])
    assert audited(db).problems == ()


@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("withdrawing", [False, True])
def test_an_export_made_before_does_not_bring_the_words_back(
    db: Database, review: Review, tmp_path: Path, replacing: bool, withdrawing: bool
) -> None:
    path = tmp_path / "findings.csv"
    headers = "source,locator,finding,direction,significance,domains\n"
    path.write_text(
        f"{headers}C1,p. 77,The carer from Llanwddyn waited.,weakness,2,carers\n", encoding="utf-8"
    )
    import_files(db, review, [path], by="lead", at=AT)
    number = one(db, "select max(id) from evidence")
    if withdrawing:
        withdraw_item(db, review, number, by="lead", because="Consent was withdrawn.", at=AT)
    erased(db, review, "item", f"E{number}")
    with pytest.raises(ImportRefused) as caught:
        import_files(db, review, [path], by="lead", at=AT, replace=replacing)
    [problem] = caught.value.problems
    assert problem.where == "findings.csv, row 2"
    assert problem.message == f"words of item E{number} were erased on 1 June 2009."
    path.unlink()
    assert standing(tmp_path, "from Llanwddyn waited.") == []


def test_answers_from_before_do_not_name_again_who_answered_an_erased_survey(
    db: Database, review: Review, tmp_path: Path
) -> None:
    path = tmp_path / "survey-responses.csv"
    answers = "S0,person-17,Heard?,All,4\nS0,person-18,Heard?,All,2\n"
    path.write_text(f"source,respondent,question,group,answer\n{answers}", encoding="utf-8")
    import_files(db, review, [path], by="lead", at=AT)
    erased(db, review, "source", "S0")
    with pytest.raises(ImportRefused) as caught:
        import_files(db, review, [path], by="lead", at=AT)
    assert "who answered 'S0' was erased on 1 June 2009; 'person-17' is none of them now." in [
        problem.message for problem in caught.value.problems
    ]
    path.unlink()
    after = exported(db, review, tmp_path / "after.xlsx")
    assert sum(import_files(db, review, [after], by="lead", at=AT).added.values()) == 0


# --- an item -------------------------------------------------------------------------------------------


def test_no_byte_of_an_erased_item_is_left_in_any_file(db: Database, review: Review, tmp_path: Path) -> None:
    words = (FINDING, QUOTE, PARTLY, "rung her", "half a year", "The carer from Llanwddyn")
    assert standing(tmp_path, *words) == list(words)
    done = erased(db, review, "item", f"E{_item(db)}")
    assert done.cleared and done.searched.found == ()
    assert done.searched.bytes == sum(Path(name).stat().st_size for name in done.searched.files)
    assert standing(tmp_path, *words) == []
    db.conn.close()
    assert standing(tmp_path, *words) == []


def test_a_backup_made_afterwards_holds_none_of_the_words(
    db: Database, review: Review, tmp_path: Path
) -> None:
    erased(db, review, "item", f"E{_item(db)}")
    (tmp_path / "copies").mkdir()
    back_up(tmp_path / "programme.db", tmp_path / "copies" / "backup.db")
    assert standing(tmp_path / "copies", FINDING, QUOTE, PARTLY) == []
    with closing(open_programme(tmp_path / "copies" / "backup.db").conn) as connection:
        assert audited(Database(connection)).problems == ()


def test_search_finds_an_erased_item_no_more_and_its_page_by_the_other_words(
    db: Database, review: Review
) -> None:
    assert list_items(db, review, ItemFilter(search="husband"))[1] == 1
    assert search_sources(db, review, "autumn")[1] == 1
    erased(db, review, "item", f"E{_item(db)}")
    assert list_items(db, review, ItemFilter(search="husband"))[1] == 0
    assert search_sources(db, review, "autumn")[1] == 0
    assert search_sources(db, review, '"plan for every family"')[1] == 1


def test_words_around_an_erased_quote_keep_their_places(db: Database, review: Review) -> None:
    erased(db, review, "item", f"E{_item(db)}")
    page = find_page(db, review, "I-001", 1)["text"]
    assert len(page) == len(PAGE)
    assert page.startswith("Carers were asked in May. ███ █████ ████ █████████ ████ ") and page.endswith(
        "in the valley."
    )
    for row in rows(db, "select e.quote, a.* from anchor a join evidence e on e.id = a.evidence_id"):
        assert page[row["starts"] : row["ends"]] == row["exact"] == row["quote"]
    overlapping = one(db, "select quote from evidence where quote like '%The team has a plan'")
    assert overlapping == "█████ ███ ██████. The team has a plan"


def test_others_who_quoted_it_quote_it_no_more_and_keep_their_own_words(db: Database, review: Review) -> None:
    erased(db, review, "item", f"E{_item(db)}")
    challenge = one(db, "select text from challenge")
    assert challenge == f"She said '[erased 1]', not that nobody called. {NAME} heard it differently."
    assert one(db, "select text from challenge_reply") == "Read the whole interview."
    assert (
        one(db, "select note from tag where evidence_id = ?", [_erased_item(db)]) == "She says “[erased 1]”."
    )


def _erased_item(db: Database) -> int:
    return int(one(db, "select id from evidence where text like '[erased%'"))


def test_the_record_accepts_an_erasure_and_names_rows_columns_and_event(db: Database, review: Review) -> None:
    number = _item(db)
    head = head_of_record(db)
    done = erased(db, review, "item", f"E{number}")
    found = audited(db)
    assert found.problems == ()
    assert f"event {done.event} changed digest, quote, text of item E{number}" in found.revised
    assert audit_programme(db, upgrades=UPGRADES, lodged=str(head)).problems == ()


def test_figures_of_past_runs_are_repeated_and_what_is_not_is_named(db: Database, review: Review) -> None:
    run = load_run(db, review)
    number = _item(db)
    assert verify_run(db, review, run).not_repeated == ()
    done = erased(db, review, "item", f"E{number}")
    found = verify_run(db, review, run)
    assert found.same and found.differences == ()
    assert f"item E{number} (event {done.event})" in found.not_repeated
    again = assess_plainly(db, review, on=(AT + timedelta(days=1)).date())
    assert again.result.ratings == run.result.ratings and again.result.measures == run.result.measures


def test_withdrawing_an_item_erases_nothing(db: Database, review: Review, tmp_path: Path) -> None:
    number = _item(db)
    withdraw_item(db, review, number, by="reviewer-2", because="Recorded twice.", at=AT)
    assert standing(tmp_path, FINDING, QUOTE) == [FINDING, QUOTE]
    erased(db, review, "item", f"E{number}")
    assert standing(tmp_path, FINDING, QUOTE) == []
    assert audited(db).problems == ()


# --- who asks, who approves ------------------------------------------------------------------------------


def test_nobody_approves_their_own_request_however_the_name_is_spelled(db: Database, review: Review) -> None:
    asked, _ = ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because="Named.", at=AT)
    for name in ("lead", " LEAD ", "Ｌead"):
        with pytest.raises(DecisionRefused, match="who cannot approve it"):
            blank(db, review, asked.number, by=name, at=AT)
    with pytest.raises(WordsMissing):
        blank(db, review, asked.number, by=" ", at=AT)
    assert one(db, "select count(*) from revised_row") == 0


def test_a_request_alone_erases_nothing(db: Database, review: Review, tmp_path: Path) -> None:
    ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because="Named.", at=AT)
    assert standing(tmp_path, FINDING, QUOTE) == [FINDING, QUOTE]
    assert one(db, "select text from evidence where id = ?", [_item(db)]) == FINDING


def test_a_request_needs_a_reason_and_something_to_erase(db: Database, review: Review) -> None:
    with pytest.raises(WordsMissing, match="needs a reason"):
        ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because=" ", at=AT)
    with pytest.raises(EvidenceInvalid):
        ask_to_erase(db, review, "item", "E9999", by="lead", because="Named.", at=AT)
    with pytest.raises(UnknownName):
        ask_to_erase(db, review, "source", "D-999", by="lead", because="Named.", at=AT)
    with pytest.raises(DecisionRefused, match="nothing of"):
        ask_to_erase(db, review, "person", "Nobody Named So", by="lead", because="Named.", at=AT)
    for name in ("", "Jo", "123"):
        with pytest.raises(EvidenceInvalid):
            ask_to_erase(db, review, "person", name, by="lead", because="Named.", at=AT)
    assert list_erasures(db, review) == []


def test_a_request_is_refused_by_another_or_taken_back_and_is_then_over(db: Database, review: Review) -> None:
    for by, outcome in (("moderator-1", "refused"), ("lead", "taken back")):
        asked, _ = ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because="Named.", at=AT)
        ended = end_request(db, review, asked.number, by=by, because="It is needed.", at=AT)
        assert (ended.outcome, ended.ended_by) == (outcome, by)
        with pytest.raises(DecisionRefused, match="has ended"):
            blank(db, review, asked.number, by="moderator-2", at=AT)
    assert one(db, "select count(*) from revised_row") == 0


def test_the_same_is_asked_for_once(db: Database, review: Review) -> None:
    ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because="Named.", at=AT)
    with pytest.raises(DecisionRefused, match="already asked for, by request 1"):
        ask_to_erase(db, review, "item", f"e{_item(db)}", by="moderator-1", because="Named.", at=AT)


def test_what_comes_to_an_erased_source_later_is_erased_by_a_request_of_its_own(
    db: Database, review: Review, tmp_path: Path
) -> None:
    erased(db, review, "source", "I-001")
    with pytest.raises(DecisionRefused, match="nothing of I-001 is left to erase"):
        ask_to_erase(db, review, "source", "I-001", by="lead", because="Again.", at=AT)
    add(db, review, finding("I-001", locator="a later letter", finding=FINDING))
    assert standing(tmp_path, FINDING) == [FINDING]
    done = erased(db, review, "source", "I-001")
    assert done.preview.rows and standing(tmp_path, FINDING) == []
    assert audited(db).problems == ()


def test_a_preview_says_where_and_how_often_and_changes_nothing(db: Database, review: Review) -> None:
    events = one(db, "select count(*) from event")
    found = preview(db, review, "item", f"E{_item(db)}")
    places = {(place.table, place.column): place.rows for place in found.places}
    assert places[("evidence", "text")] == 1 and places[("source_page", "text")] == 1
    assert places[("challenge", "text")] == 1 and places[("decision", "because")] == 1
    assert places[("evidence", "quote")] == 2, "that of the neighbour, too, as far as it overlaps"
    assert found.tables > 30 and found.columns > 100
    assert one(db, "select count(*) from event") == events
    done = erased(db, review, "item", f"E{_item(db)}")
    assert done.preview.places == found.places


# --- what was altered by hand is still found ---------------------------------------------------------------


@contextmanager
def by_hand(db: Database) -> Iterator[sqlite3.Connection]:
    """Past the software: no trigger stands in the way, and all are put back unseen."""
    triggers = rows(db, "select name, sql from sqlite_master where type = 'trigger' and name like '%never%'")
    for trigger in triggers:
        db.conn.execute(f"drop trigger {trigger['name']}")
    yield db.conn
    for trigger in triggers:
        db.conn.execute(trigger["sql"])


HAND: dict[str, Callable[[sqlite3.Connection, int], object]] = {
    "an erased text is given other words": lambda raw, item: raw.execute(
        "update evidence set text = '[erased 1] All is well.' where id = ?", [item]
    ),
    "a figure of an erased item is changed": lambda raw, item: raw.execute(
        "update evidence set significance = 1 where id = ?", [item]
    ),
    "an item that was not erased is blanked": lambda raw, item: raw.execute(
        "update evidence set text = '[erased 1]' where id = 1"
    ),
    "one is blanked and listed as if it had been": lambda raw, item: _disguised(raw, 1),
    "the digest before is changed": lambda raw, item: raw.execute(
        "update revised_row set was = replace(was, 'a', 'b') where table_name = 'evidence'"
    ),
    "the list of what was erased is cut": lambda raw, item: raw.execute(
        "delete from revised_row where table_name = 'evidence' and row_id = ?", [item]
    ),
    "the approval is given to the one who asked": lambda raw, item: raw.execute(
        "update erasure_outcome set by = 'lead'"
    ),
    "the reason of an erased event is changed": lambda raw, item: raw.execute(
        "update event set because = '[erased 1] Nothing.' where action = 'rate'"
    ),
    "an erased row is taken away": lambda raw, item: raw.execute("delete from anchor"),
}


def _disguised(raw: sqlite3.Connection, item: int) -> None:
    """As somebody would who has read how it is done, but cannot seal it again from there on."""
    from programme.seals import each_digest

    seal_id, columns, salt = raw.execute(
        "select r.id, r.columns, s.salt from sealed_rows r join seal s on s.event_id = r.event_id"
        " where table_name = 'evidence' and column_name = '' and ? between first_id and last_id",
        [item],
    ).fetchone()
    names = columns.split(",")
    [[(_, was)]] = each_digest(raw, "evidence", names, item, item, salt)
    raw.execute("update evidence set text = '[erased 1]' where id = ?", [item])
    [[(_, now)]] = each_digest(raw, "evidence", names, item, item, "0" * 32)
    event = raw.execute("select max(added_event) from revised_row").fetchone()[0]
    raw.execute(
        "insert into revised_row (table_name, row_id, columns, seal_id, was, salt, now, added_event)"
        " values ('evidence', ?, 'text', ?, ?, ?, ?, ?)",
        [item, seal_id, was.hex(), "0" * 32, now.hex(), event],
    )


@pytest.mark.parametrize("name", HAND)
def test_what_is_altered_by_hand_is_found_beside_an_erasure(db: Database, review: Review, name: str) -> None:
    item = _item(db)
    erased(db, review, "item", f"E{item}")
    assert audited(db).problems == ()
    with by_hand(db) as raw:
        raw.execute("pragma foreign_keys=off")
        HAND[name](raw, item)
    assert audited(db).problems != ()


def test_an_erasure_does_not_make_good_what_was_altered_before_it(db: Database, review: Review) -> None:
    asked, _ = ask_to_erase(db, review, "item", f"E{_item(db)}", by="lead", because="Named.", at=AT)
    with by_hand(db) as raw:
        raw.execute("update evidence set significance = 1 where id = ?", [_item(db)])
    with pytest.raises(DatabaseUnusable, match="are not as it stored them"):
        blank(db, review, asked.number, by="moderator-1", at=AT)
    assert one(db, "select text from evidence where id = ?", [_item(db)]) == FINDING


def test_rows_of_an_erasure_are_never_changed_either(db: Database, review: Review) -> None:
    erased(db, review, "item", f"E{_item(db)}")
    for table in ("revised_row", "erasure", "erasure_outcome", "evidence", "source_page", "anchor", "event"):
        with pytest.raises(sqlite3.IntegrityError, match="are never changed"):
            db.conn.execute(f"update {table} set id = id + 1000")


# --- a source ------------------------------------------------------------------------------------------


def test_no_byte_of_an_erased_source_is_left_in_any_file(
    db: Database, review: Review, tmp_path: Path
) -> None:
    words = (PAGE, FINDING, QUOTE, PARTLY, "every family in the valley", "Interview Llanwddyn May", FILE)
    assert standing(tmp_path, *words) == list(words)
    done = erased(db, review, "source", "I-001")
    assert done.searched.found == ()
    db.conn.close()
    assert standing(tmp_path, *words, "The team has a plan", "Llanwddyn", "husband") == []


def test_an_erased_source_keeps_its_number_its_pages_and_its_figures(db: Database, review: Review) -> None:
    run = load_run(db, review)
    before = rows(db, "select direction, significance, kind from evidence order by id")
    erased(db, review, "source", "I-001")
    assert find_page(db, review, "I-001", 1)["title"] == "[erased 1]"
    assert set(find_page(db, review, "I-001", 1)["text"]) == {"█", " "}
    assert rows(db, "select direction, significance, kind from evidence order by id") == before
    assert verify_run(db, review, run).same
    assert audited(db).problems == ()


def test_who_answered_an_erased_survey_is_only_a_number_and_its_figures_stay(
    db: Database, review: Review, tmp_path: Path
) -> None:
    answered = [("zqresp-ann", "zqage-old"), ("zqresp-ben", "zqage-young"), ("zqresp-cat", "zqage-young")]
    for name, age in answered:
        who = {"source": "S0", "respondent": name}
        add(
            *(db, review, {**who, "question": "I am listened to", "group": "Carers", "answer": 4}),
            {**who, "characteristic": "age band", "category": age},
        )
    add(db, review, survey("S1", "I am listened to", 70, 200))
    run = assess_plainly(db, review)
    erased(db, review, "source", "S0")
    names = {name for (name,) in db.conn.execute("select respondent from survey_response")}
    assert len(names) == 3 and all(name.startswith("[erased 1.") for name in names)
    ages = db.conn.execute("select category, count(*) from respondent_characteristic group by category")
    assert sorted(count for _, count in ages) == [1, 2]
    assert standing(tmp_path, "zqresp", "zqage") == []
    assert verify_run(db, review, run).same
    assert audited(db).problems == ()


def test_names_that_series_of_figures_share_stay_and_are_named(db: Database, review: Review) -> None:
    shared, own = "Carers asked (per cent)", "Calls in the valley (number)"
    old = indicator(shared, "2006/07", 50.0, comparator=40, domains="carers")
    new = indicator(shared, "2007/08", 60.0, comparator=40, domains="carers")
    alone = indicator(own, "2007/08", 3.0, comparator=2, domains="carers")
    add(db, review, old | {"source": "N1"}, alone | {"source": "N1"}, new | {"source": "D1"})
    run = assess_plainly(db, review)
    done = erased(db, review, "source", "N1")
    assert any(shared in sentence for sentence in done.preview.kept)
    texts = {text for (text,) in db.conn.execute("select text from evidence where kind = 'indicator'")}
    assert shared in texts and own not in texts
    assert verify_run(db, review, run).same


def test_a_source_of_another_review_is_not_touched(db: Database, review: Review, tmp_path: Path) -> None:
    other = new_review(db, "r2", "wales-round-2")
    add_sources(db, other, [GivenFile(FILE, PAGE.encode())], SourceDetails(kind="interview"), by="l", at=AT)
    erased(db, review, "source", "I-001")
    assert find_page(db, other, "I-001", 1)["text"] == PAGE
    assert standing(tmp_path, PAGE) == [PAGE]


# --- a person ------------------------------------------------------------------------------------------


def test_a_name_is_replaced_wherever_it_stands_and_however_it_is_written(
    db: Database, review: Review, tmp_path: Path
) -> None:
    assert standing(tmp_path, NAME, "zqŵen ap  zqfamily") != []
    done = erased(db, review, "person", NAME)
    assert done.searched.found == ()
    assert standing(tmp_path, NAME, "zqŵen", "zqfamily") == []
    assert one(db, "select text from challenge").endswith("[person 1] heard it differently.")
    assert one(db, "select because from decision").endswith("so says [person 1]'s note.")
    assert audited(db).problems == ()


def test_what_one_person_did_still_shows_as_what_one_person_did(db: Database, review: Review) -> None:
    done = erased(db, review, "person", NAME)
    assert one(db, "select recorded_by from evidence where id = ?", [_item(db)]) == "[person 1]"
    assert one(db, "select by from decision") == "[person 1]"
    assert db.conn.execute("select distinct by from event where action = 'rate'").fetchall() == [
        ("[person 1]",)
    ]
    assert one(db, "select target from erasure") == "[person 1]"
    told = [sentence for sentence in audited(db).revised if "who did it can no longer be checked" in sentence]
    assert told and all(f"event {done.event} changed" in sentence for sentence in told)


def test_a_name_is_blocked_in_stored_text_and_quotes_stay_in_their_places(
    db: Database, review: Review
) -> None:
    text = f"We met {NAME} at home. It was late."
    add_sources(db, review, [GivenFile("home.txt", text.encode())], SourceDetails(), by="lead", at=AT)
    told = Said("They met at home.", "neutral", "1", domains=("carers",))
    record_finding(db, review, "D-001", Passage(f"{NAME} at home", 1), told, by="lead", at=AT)
    erased(db, review, "person", NAME)
    page = find_page(db, review, "D-001", 1)["text"]
    assert page == "We met █████ ██ ████████ at home. It was late."
    assert one(db, "select quote from evidence where quote like '%at home'") == "█████ ██ ████████ at home"
    assert audited(db).problems == ()


def test_other_spellings_of_a_name_are_erased_with_it(db: Database, review: Review, tmp_path: Path) -> None:
    text = "Zqwen Zqfamily-Zqother spoke first, then Z. Zqfamily."
    add_sources(db, review, [GivenFile("other.txt", text.encode())], SourceDetails(), by="lead", at=AT)
    erased(db, review, "person", NAME, "Zqwen Zqfamily-Zqother", "Z. Zqfamily")
    assert standing(tmp_path, NAME, "zqfamily", "zqother", "zqwen") == []


def test_a_name_in_another_review_stays_unless_all_reviews_are_meant(
    db: Database, review: Review, tmp_path: Path
) -> None:
    other = new_review(db, "r2", "wales-round-2")
    add_sources(db, other, [GivenFile("a.txt", f"By {NAME}.".encode())], SourceDetails(), by=NAME, at=AT)
    erased(db, review, "person", NAME)
    assert find_page(db, other, "D-001", 1)["text"] == f"By {NAME}."
    erased(db, None, "person", NAME)
    assert standing(tmp_path, NAME, "zqfamily") == []
    assert audited(db).problems == ()


def test_a_user_is_disabled_before_the_name_is_erased(db: Database, review: Review, tmp_path: Path) -> None:
    add_user(db, "zquser-1", role="reviewer", review="r1", by="lead", at=AT)
    add_sources(db, review, [GivenFile("a.txt", b"Read and done.")], SourceDetails(), by="zquser-1", at=AT)
    with pytest.raises(DecisionRefused, match="may still sign in"):
        ask_to_erase(db, None, "person", "zquser-1", by="lead", because="Left.", at=AT)
    disable_user(db, "zquser-1", by="lead", because="Left.", at=AT)
    erased(db, None, "person", "zquser-1")
    assert standing(tmp_path, "zquser") == []
    assert one(db, "select name from user") == "[person 1]"
    assert audited(db).problems == ()


def test_the_person_concerned_may_ask_and_may_not_approve(db: Database, review: Review) -> None:
    asked, _ = ask_to_erase(db, review, "person", NAME, by=NAME, because="I ask for it.", at=AT)
    mine, _ = ask_to_erase(db, review, "person", "moderator-1", by="lead", because="Asked.", at=AT)
    with pytest.raises(DecisionRefused, match="about the person who would approve"):
        blank(db, review, mine.number, by="moderator-1", at=AT)
    with pytest.raises(DecisionRefused, match="names the person"):
        blank(db, review, asked.number, by="moderator-1", because=f"{NAME} wrote to us.", at=AT)
    clear(db, blank(db, review, asked.number, by="moderator-1", because="A letter.", at=AT))
    assert list_erasures(db, review)[0].by == "[person 1]"


def test_erasing_again_what_was_erased_before_leaves_the_record_whole(
    db: Database, review: Review, tmp_path: Path
) -> None:
    erased(db, review, "person", NAME)
    erased(db, review, "item", f"E{_item(db)}")
    erased(db, review, "source", "I-001")
    assert audited(db).problems == ()
    assert standing(tmp_path, NAME, QUOTE, FINDING, "every family in the valley") == []


# --- files ---------------------------------------------------------------------------------------------


def test_words_that_an_older_state_of_the_file_left_behind_go_as_well(
    db: Database, review: Review, tmp_path: Path
) -> None:
    db.conn.execute("create temp table t (x)")
    db.conn.execute("create table scratch (x)")
    db.conn.execute("insert into scratch values (?)", [QUOTE * 100])
    db.conn.execute("drop table scratch")
    erased(db, review, "item", f"E{_item(db)}")
    assert standing(tmp_path, QUOTE) == []


def test_a_long_text_is_looked_for_in_stretches_since_a_file_keeps_it_in_pieces(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(3_000)]
    long = "\n".join(" ".join(words[start : start + 30]) for start in range(0, len(words), 30))
    file = tmp_path / "long.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table t (x)")
        connection.execute("insert into t values (?)", [long])
        connection.commit()
    assert search_bytes([file], [long]).found == ()
    found = samples([long])
    assert len(found) == MOST_SAMPLES and all(len(one) <= SAMPLE for one in found)
    assert search_bytes([file], found).found == (str(file),)
    assert samples(["As it is.", "two words", 'She said "not in the least" twice.']) == [
        "As it is.",
        "not in the least",
    ]


def test_words_that_another_review_holds_are_not_taken_for_an_older_state(
    db: Database, review: Review, tmp_path: Path
) -> None:
    other = new_review(db, "r2", "wales-round-2")
    add_sources(db, other, [GivenFile(FILE, PAGE.encode())], SourceDetails(), by="reviewer-9", at=AT)
    done = erased(db, review, "item", f"E{_item(db)}")
    assert done.cleared and done.searched.found == (str(tmp_path / "programme.db"),)
    assert standing(tmp_path, FINDING) == []


def test_who_reads_an_older_state_is_waited_for_and_it_is_said(
    db: Database, review: Review, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "programme.db", isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from event").fetchone()
        db.conn.execute("pragma busy_timeout=100")
        done = erased(db, review, "item", f"E{_item(db)}")
        assert not done.cleared
        assert done.searched.found, "the words are still in the file or its log"
        reader.execute("commit")
    cleared, searched = clear_file(db, [QUOTE, FINDING])
    assert cleared and searched.found == ()
    assert standing(tmp_path, QUOTE, FINDING) == []
