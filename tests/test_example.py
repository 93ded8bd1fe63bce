"""The worked example: it comes in without a complaint, carries no verdicts, and repeats to the byte."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from assessment_example import EXAMPLE, EXAMPLE_FILES, WELSH, assess_plainly, load_example, read_csv

from assessment.runs.run import Run
from evidence.rows import SOURCE_KINDS
from programme.database import Database, rows
from programme.reviews import Review
from rules.loader import load_policy

Made = tuple[Database, Review, Run]
TEXTS = {"findings": "finding", "survey-results": "question", "indicators": "indicator"}
LEVELS = [level.title["en"] for question in WELSH.framework.questions for level in question.scale]


def test_every_row_of_the_files_becomes_a_source_or_an_item(example: Made) -> None:
    db, review, _ = example
    counts = {path.stem: len(read_csv(path)) for path in EXAMPLE_FILES}
    found = Counter(
        row["kind"] for row in rows(db, "select kind from evidence where review_id = ?", [review.id])
    )
    assert found == {
        "finding": counts["findings"],
        "survey_result": counts["survey-results"],
        "indicator": counts["indicators"],
    }
    assert len(rows(db, "select 1 from source")) == counts["sources"]


def test_there_are_findings_on_all_thirteen_domains_and_for_several_strands(example: Made) -> None:
    db, _, _ = example
    found = rows(
        db,
        "select d.key, count(*) as findings from domain d join tag t on t.domain_id = d.id"
        " join evidence e on e.id = t.evidence_id where e.kind = 'finding' group by d.key",
    )
    assert {row["key"] for row in found} == set(WELSH.framework.domains)
    assert len(WELSH.framework.domains) == 13
    assert min(row["findings"] for row in found) >= 10
    findings = rows(db, "select strand, direction from evidence where kind = 'finding'")
    assert len(findings) >= 150
    assert len({row["strand"] for row in findings}) >= 5
    assert {row["direction"] for row in findings} == {"strength", "weakness", "neutral"}


def test_every_item_has_a_source_of_a_known_kind_and_a_locator(example: Made) -> None:
    db, _, _ = example
    found = rows(
        db, "select e.locator, s.ref, s.kind, s.reference from evidence e join source s on s.id = e.source_id"
    )
    assert all(row["locator"].strip() and row["ref"].strip() and row["reference"].strip() for row in found)
    assert {row["kind"] for row in found} <= set(SOURCE_KINDS)
    assert len({row["kind"] for row in found}) >= 6


@pytest.mark.parametrize(("layout", "column"), TEXTS.items())
def test_no_evidence_says_which_rating_a_domain_got(layout: str, column: str) -> None:
    """The level names of two words are the ratings' own; the others count only after a word of judging."""
    own = [re.escape(level.lower()) for level in LEVELS if " " in level]
    anyone = [re.escape(level.lower()) for level in LEVELS]
    said = re.compile(
        rf"\b({'|'.join(own)})\b"
        rf"|\b(judg\w+|graded|scored|came out|ranked)\W+(\w+\W+){{0,3}}({'|'.join(anyone)})\b"
        rf"|\b(rated|rating)\W+(\w+\W+){{0,2}}({'|'.join(set(anyone) - {'excellent'})})\b"
    )
    texts = [row[column] for row in read_csv(EXAMPLE / f"{layout}.csv")]
    assert [text for text in texts if said.search(text.lower())] == []
    assert said.search("seven of the ten were judged to be poor")
    assert said.search("services were mainly good")


def test_what_the_councils_got_stands_beside_the_evidence_and_is_never_imported() -> None:
    expected = read_csv(EXAMPLE / "expected.csv")
    assert [row["target"] for row in expected if row["target"] in WELSH.framework.domains] == list(
        WELSH.framework.domains
    )
    for row in expected:
        levels = {level.id for level in WELSH.framework.scale_of(row["target"])}
        assert row["rating_most_councils_got"] in levels
        assert set(filter(None, re.split(r"[;, ]+", row["alternatives"]))) <= levels
        assert row["locator"]
    assert "expected.csv" not in {path.name for path in EXAMPLE_FILES}


def test_two_runs_on_two_databases_are_the_same_to_the_byte(example: Made, db: Database) -> None:
    again = assess_plainly(db, load_example(db))
    assert again.result.text == example[2].result.text
    assert again.digest == example[2].digest


def test_every_domain_has_enough_evidence_for_a_proposal_and_the_ten_councils_get_a_cell(
    example: Made,
) -> None:
    _, _, run = example
    assert {rating.status for rating in run.result.ratings} == {"proposed"}
    assert list(run.sentences().gaps(run.result.ratings)) == []
    assert run.result.cell is not None


@pytest.mark.parametrize("framework", ["wales-round-1", "wales-round-2"])
def test_thresholds_are_one_set_per_question_and_none_is_made_for_a_domain(framework: str) -> None:
    policy = load_policy(framework)
    assert policy.rulebook.domains == {}
    for question in policy.framework.questions:
        rules = {id(policy.rulebook.rules_of(policy.framework, domain.id)) for domain in question.domains}
        assert len(rules) == (1 if question.domains else 0)


def test_both_questions_of_the_second_round_share_their_thresholds() -> None:
    services, organisation = WELSH.rulebook.domain_defaults.values()

    def tests(rules: object) -> list[tuple[str, str, str, object, str]]:
        criteria = rules.criteria()  # type: ignore[attr-defined]
        place = {part: n for n, part in enumerate(dict.fromkeys(part for part, _ in criteria))}
        return [
            (place[part], c.id, c.measure, c.test, c.threshold)
            for part, c in rules.criteria()  # type: ignore[attr-defined]
        ]

    assert tests(services) == tests(organisation)
