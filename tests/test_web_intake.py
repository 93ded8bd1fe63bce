"""A table imported on a page: one that fits a layout at once, any other once its mapping was looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from form_bench import HERE, LEAD, REVIEW, REVIEWER, Bench, made, opened, programme
from form_fields import forms_of

from joint_review.web import waiting
from joint_review.web.waiting import MOST_WAITING, find_waiting, put_to_wait

__all__ = ["made", "programme"]

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

IMPORT = f"{REVIEW}/import"
SURVEY = (
    "Respondent,E-mail,Age band,I was heard,I felt ignored\n"
    "1,a@example.org,18 to 64,Strongly agree,Disagree\n"
    "2,b@example.org,65 and over,Agree,Mostly so\n"
    "3,c@example.org,65 and over,Disagree,Agree\n"
)


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        yield found


def file(name: str, text: str) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (name, text.encode()))]


def fields_of(page: str) -> dict[str, list[str]]:
    """What the form of the preview holds as it is shown."""
    (form,) = (one for one in forms_of(page) if one.action.endswith("/import/table"))
    found = {name: list(values) for name, values in form.fields.items()}
    found.pop("again", None)
    return found


async def send(bench: Bench, fields: dict[str, Any], **more: Any) -> Any:
    return await bench.send(f"{IMPORT}/table", {n: v for n, v in fields.items() if n != "csrftoken"}, **more)


async def preview(bench: Bench, name: str = "carers 2023.csv", text: str = SURVEY) -> Any:
    return await send(bench, {}, files=file(name, text))


async def test_a_table_that_fits_a_layout_is_imported_at_once(bench: Bench) -> None:
    table = "source,title,kind\nX-1,One,document\n"
    done = await send(bench, {}, files=file("from the field.csv", table))
    assert done.status_code == 303 and done.headers["location"] == f"{REVIEW}/sources"
    assert bench.rows("select title from source where ref = 'X-1'") == [("One",)]
    assert bench.rows("select target from event order by id desc limit 1") == [("from the field.csv",)]


async def test_the_order_of_dates_is_chosen_and_stays_chosen(bench: Bench) -> None:
    table = "source,title,kind,dated\nX-1,One,document,08/10/2021\n"
    refused = await send(bench, {}, files=file("sources.csv", table))
    assert refused.status_code == 400 and "Enter the order of dates: day-first." in refused.text
    done = await send(bench, {"dates": "month-first"}, files=file("sources.csv", table))
    assert done.status_code == 303, done.text
    assert bench.rows("select dated from source where ref = 'X-1'") == [("2021-08-10",)]
    page = await send(bench, {"dates": "day-first"}, files=file("carers 2023.csv", SURVEY))
    assert fields_of(page.text)["dates"] == ["day-first"]


async def test_a_table_that_fits_none_is_shown_with_its_mapping_and_stores_nothing(bench: Bench) -> None:
    before = bench.state()
    page = await preview(bench)
    assert page.status_code == 400
    assert "This table fits no layout. Check what each column is, then import it." in page.text
    assert "identifies people, so it is never imported" in page.text
    assert "18 to 64" in page.text and "a@example.org" not in page.text
    fields = fields_of(page.text)
    assert [fields[f"column-{number}"] for number in range(5)] == [
        *(["holds:respondent"], [""], ["is:characteristic"], ["is:question"], ["is:question"])
    ]
    assert fields["with-source"] == ["carers 2023"] and fields["name"] == ["carers 2023"]
    assert bench.state() == before


async def test_the_mapping_is_changed_and_all_rows_are_imported(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    assert fields["word-0"] == ["?"]
    changed = {"word-0": "4", "column-2": "", "with-group": "Carers", "with-source": "S-9"}
    done = await send(bench, {**fields, **changed})
    assert done.status_code == 303, done.text
    stored = bench.rows("select respondent, question, group_name, answer from survey_response order by 1, 2")
    assert stored == [
        ("1", "I felt ignored", "Carers", 2),
        ("1", "I was heard", "Carers", 5),
        ("2", "I felt ignored", "Carers", 4),
        ("2", "I was heard", "Carers", 4),
        ("3", "I felt ignored", "Carers", 4),
        ("3", "I was heard", "Carers", 2),
    ]
    assert bench.rows("select count(*) from respondent_characteristic") == [(0,)]
    assert bench.rows("select name, layout from kept_mapping") == [("carers 2023", "survey-responses")]
    assert "example.org" not in str(bench.rows("select * from kept_mapping"))


async def test_a_question_is_given_its_domains_and_its_full_words(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    assert fields["named-3"] == [""] and fields["domains-3"] == [""]
    given = {"named-3": "Did staff listen to you?", "domains-3": "Support for carers; leadership"}
    page = await send(bench, {**fields, **given, "with-group": "Carers"})
    assert page.status_code == 400 and fields_of(page.text)["named-3"] == ["Did staff listen to you?"]
    again = fields_of(page.text)
    assert again["domains-3"] == ["Support for carers; leadership"]
    done = await send(bench, {**again, "word-0": "4"})
    assert done.status_code == 303, done.text
    tagged = """select d.key from evidence e join tag t on t.evidence_id = e.id
      join domain d on d.id = t.domain_id where e.text = 'Did staff listen to you?' order by 1"""
    assert bench.rows(tagged) == [("carers",), ("leadership",)]
    assert bench.rows("select count(*) from survey_response where question = 'I was heard'") == [(0,)]
    kept = fields_of((await preview(bench, "carers 2024.csv")).text)
    assert kept["named-3"] == ["Did staff listen to you?"] and kept["domains-3"] == again["domains-3"]


async def test_a_domain_that_there_is_not_is_named_with_its_column(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    page = await send(bench, {**fields, "domains-3": "carrers", "word-0": "4", "with-group": "Carers"})
    assert page.status_code == 400 and "carrers" in page.text and "I was heard" in page.text
    assert "Did you mean" in page.text


async def test_several_answers_in_a_cell_can_be_chosen_as_a_question_for_each_option(bench: Bench) -> None:
    table = "Respondent,I was heard,Which?\n1,Agree,Day care;Home care\n2,Agree,Day care\n"
    page = await preview(bench, "ticked.csv", table)
    assert "several answers in one cell: left out, unless each becomes a question" in page.text
    assert "questions, one for each option: Day care; Home care" in page.text
    fields = fields_of(page.text)
    assert fields["column-2"] == [""]
    done = await send(bench, {**fields, "column-2": "is:questions"})
    assert done.status_code == 303, done.text
    stored = bench.rows(
        "select question, answer from survey_response where question like 'Which%' order by 1, 2"
    )
    assert stored == [*[("Which?: Day care", 5)] * 2, ("Which?: Home care", 1), ("Which?: Home care", 5)]
    again = fields_of((await preview(bench, "next.csv", table.replace(";Home care", ""))).text)
    assert again["column-2"] == ["is:questions"]


async def test_problems_name_cells_of_the_file_and_what_was_chosen_stays(bench: Bench) -> None:
    fields, before = fields_of((await preview(bench)).text), bench.state()
    page = await send(bench, {**fields, "with-group": "Carers and others"})
    assert page.status_code == 400
    assert "carers 2023.csv, row 3, column &#39;I felt ignored&#39;: found &#39;Mostly so&#39;" in page.text
    again = fields_of(page.text)
    assert again["with-group"] == ["Carers and others"] and again["waiting"] == fields["waiting"]
    assert bench.state() == before


async def test_what_is_open_is_asked_for_beside_its_field(bench: Bench) -> None:
    page = await preview(bench, "returns.csv", "Indicator,2019/20,2020/21\nAnswered in a day,90,91\n")
    fields = fields_of(page.text)
    asked = await send(bench, fields)
    assert asked.status_code == 400 and "Fill this in: every row needs it." in asked.text
    done = await send(bench, {**fields_of(asked.text), "with-better": "higher"})
    assert done.status_code == 303, done.text
    assert bench.rows("select period, value from evidence where kind = 'indicator'") == [
        ("2019/20", 90.0),
        ("2020/21", 91.0),
    ]


async def test_the_kept_mapping_is_filled_in_for_the_next_file_but_not_its_source(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    await send(bench, {**fields, "word-0": "4", "with-group": "Carers", "with-source": "S-9"})
    page = await preview(bench, "carers 2024.csv", SURVEY.replace("Disagree", "Agree"))
    assert "The mapping “carers 2023”, kept for tables of this shape, is filled in." in page.text
    fields = fields_of(page.text)
    assert fields["with-group"] == ["Carers"] and fields["with-source"] == ["carers 2024"]
    done = await send(bench, fields)
    assert done.status_code == 303, done.text
    assert bench.rows("select count(*) from survey_response r join source s on s.id = r.source_id"
                      " where s.ref = 'carers 2024'") == [(6,)]  # fmt: skip


async def test_another_layout_is_proposed_again(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    page = await send(bench, {**fields, "layout": "findings", "again": "1"})
    assert page.status_code == 400
    assert fields_of(page.text)["layout"] == ["findings"]


async def test_a_table_waits_for_its_sender_in_this_review_alone(bench: Bench) -> None:
    fields = fields_of((await preview(bench)).text)
    other = await send(bench, fields, actor=LEAD)
    assert other.status_code == 400 and "The table is no longer here. Choose it again." in other.text
    (token,) = fields["waiting"]
    assert find_waiting(token, by=REVIEWER["id"], review="north")
    assert not find_waiting(token, by=REVIEWER["id"], review="south")
    assert not find_waiting("x", by=REVIEWER["id"], review="north")


async def test_rows_of_other_reviews_are_refused_and_nothing_is_told_of_those(bench: Bench) -> None:
    before = bench.state()
    table = "review,source,title,kind\nsouth,X-1,One,document\nnorth,X-2,Two,document\n"
    page = await send(bench, {}, files=file("sources.csv", table))
    assert page.status_code == 400
    assert "only rows of the review &#39;north&#39; are imported here" in page.text
    missing = await send(bench, {}, files=file("sources.csv", table.replace("south", "nowhere")))
    assert page.text.count("south") == missing.text.count("nowhere")
    assert bench.state() == before


def test_only_so_many_tables_wait_and_none_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    by = {"by": "reviewer-1", "review": "north"}
    tokens = [
        put_to_wait(**by, name="a.csv", data=b"x", encoding="utf-8").token for _ in range(MOST_WAITING + 1)
    ]
    assert find_waiting(tokens[0], **by) is None and find_waiting(tokens[-1], **by) is not None
    monkeypatch.setattr(waiting, "KEPT_SECONDS", -1)
    assert find_waiting(tokens[-1], **by) is None


async def test_what_is_no_table_or_too_large_is_refused(bench: Bench) -> None:
    before = bench.state()
    for name, text, said in (
        ("a.pdf", "x", "files of type &#39;.pdf&#39; are not read"),
        ("a.csv", "", "the file is empty"),
        ("a.csv", "x" * 5_000_001, "A page imports at most 5 MB."),
    ):
        page = await send(bench, {}, files=file(name, text))
        assert page.status_code == 400 and said in page.text, name
    none = await send(bench, {})
    assert none.status_code == 400 and "Choose a file." in none.text
    assert HERE and bench.state() == before
