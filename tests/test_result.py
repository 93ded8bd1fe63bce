"""A run is its figures: sentences and titles can change, and what was recorded stays what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import lzma
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from assessment_example import ENGLISH, NO_INPUTS, WELSH, assess_plainly, new_review
from click.testing import CliRunner
from evidence_rows import finding, whole_review
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_rulebooks import evidence_values, infer_alone, policy_sets

from assessment.runs.audit import audit_programme
from assessment.runs.result import FORMAT, canonical, make_result, read_result
from assessment.runs.run import Run, load_run
from assessment.runs.summary import summarise_run
from assessment.runs.verify import verify_run
from joint_review.cli import cli
from joint_review.opening import open_programme
from joint_review.plain import plain
from programme.database import Database, one
from programme.reviews import Review, find_review
from rules.engine import fire_of_record
from rules.errors import RunUnreadable
from rules.inference import infer
from rules.loader import PolicySet

ROOT = Path(__file__).parent.parent
OLD = Path(__file__).parent / "files" / "made-by-0.1.0.db.xz"


@pytest.fixture
def review(db: Database) -> Review:
    """Proposals, a domain without evidence, and one that a limit holds down."""
    domains = [d for d in WELSH.framework.domains if d != "workforce"]
    serious = [finding("G1", "weakness", 3, domains="safeguarding") for _ in range(3)]
    return new_review(db, "r1", "wales-round-2", *whole_review(domains=domains), *serious)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Database]:
    """The database that version 0.1.0 made; its runs are in format 1."""
    path = tmp_path / "old.db"
    path.write_bytes(lzma.decompress(OLD.read_bytes()))
    opened = open_programme(path)
    yield opened
    opened.conn.close()


def rewrite(db: Database, run: int, change: Callable[[Any], None], *, seal: bool) -> None:
    """Change a recorded result past the triggers that forbid it; with `seal`, its digest as well."""
    kept = db.conn.execute("select sql from sqlite_master where name = 'run_never_update'").fetchone()[0]
    db.conn.execute("drop trigger run_never_update")
    body = json.loads(one(db, "select result from run where id = ?", [run]))
    change(body)
    text = canonical(body)
    db.conn.execute("update run set result = ? where id = ?", [text, run])
    if seal:
        digest = hashlib.sha256(text.encode()).hexdigest()
        db.conn.execute("update run set result_digest = ? where id = ?", [digest, run])
    db.conn.execute(kept)
    db.conn.commit()


# Words are no part of it ----------------------------------------------------------------------------------

OTHERWISE_SAID = """
import ast, importlib.util, json, re, sys
from pathlib import Path

root, mark, *databases = sys.argv[1:]
SQL = "select|insert|update|delete|create|pragma|with|drop|begin|commit|from|where|and"
SQL = re.compile(r"^[\\s,(]*(" + SQL + r")\\b")
# Tables are no wording, and the engine runs in a process of its own.
LEFT = ("schema", "engine")
changed = []

def is_words(value):
    if not isinstance(value, str) or SQL.match(value):
        return False
    return " " in value and re.search("[A-Za-z]{2,}", value)

class OtherWords(ast.NodeTransformer):
    def visit_JoinedStr(self, node):
        parts = [p.value for p in node.values if isinstance(p, ast.Constant)]
        return node if any(SQL.match(str(part)) for part in parts) else self.generic_visit(node)

    def visit_Constant(self, node):
        if not is_words(node.value):
            return node
        changed.append(node.value)
        return ast.copy_location(ast.Constant(mark + node.value), node)

    def visit_Expr(self, node):  # docstrings stay
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        tree = ast.parse(self.get_source(name))
        if name.rpartition(".")[2] not in LEFT:
            tree = ast.fix_missing_locations(OtherWords().visit(tree))
        return compile(tree, self.path, "exec")

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in ("rules", "assessment"):
            return None
        at = Path(root, *name.split("."))
        file = at / "__init__.py" if at.is_dir() else at.with_suffix(".py")
        inside = [str(at)] if at.is_dir() else None
        return importlib.util.spec_from_file_location(
            name, file, loader=Loader(name, str(file)), submodule_search_locations=inside
        )

sys.meta_path.insert(0, Finder)

from assessment.reasons.explain import explain_all
from assessment.runs.run import find_run
from assessment.runs.verify import verify_run
from joint_review.opening import open_programme

told = []
for path in databases:
    db = open_programme(Path(path))
    for (number,) in db.conn.execute("select id from run order by id").fetchall():
        review, run = find_run(db, number)
        done = verify_run(db, review, run)
        words = run.sentences()
        told.append({
            "run": number, "same": done.same, "differences": done.differences, "digest": run.digest,
            "record": run.result.digest, "because": [words.because(r) for r in run.result.ratings],
            "explained": [one.because for one in explain_all(run)],
        })
    db.conn.close()
print(json.dumps({"changed": len(changed), "runs": told}))
"""


def test_with_every_sentence_of_the_rules_and_the_assessment_changed_runs_are_the_same(
    db: Database, review: Review, old: Database, tmp_path: Path
) -> None:
    runs = [assess_plainly(db, review), *(load_run(old, find_review(old, key), n) for n, key in SOME.items())]
    for opened in (db, old):
        opened.conn.execute("pragma wal_checkpoint(truncate)")
    paths = [str(tmp_path / name) for name in ("programme.db", "old.db")]
    done = subprocess.run(
        [sys.executable, "-c", OTHERWISE_SAID, str(ROOT), "Otherwise said: ", *paths],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["changed"] > 200, "words are looked for in all modules of the rules and the assessment"
    found = [told["runs"][0], *(again for again in told["runs"][1:] if again["run"] in SOME)]
    for run, again in zip(runs, found, strict=True):
        assert again["differences"] == [] and again["same"]
        assert (again["digest"], again["record"]) == (run.digest, run.result.digest)
        for rating, sentence in zip(run.result.ratings, again["because"], strict=True):
            before = run.sentences().because(rating)
            assert sentence != before and "Otherwise said: " in sentence
        assert any("Otherwise said: " in sentence for sentence in again["explained"])


SOME = {1: "wales-2004-08", 6: "wales-2004-08", 7: "fieldwork"}


def other_titles(value: Any, name: str = "") -> Any:
    """A framework or rulebook in which every title reads differently."""
    if isinstance(value, dict):
        if name == "title":
            return {language: f"Another {text}" for language, text in value.items()}
        return {key: other_titles(child, key) for key, child in value.items()}
    return [other_titles(child) for child in value] if isinstance(value, list) else value


def test_titles_and_sentences_of_a_framework_are_not_in_the_result(db: Database, review: Review) -> None:
    run = assess_plainly(db, review)
    framework, rulebook = (
        type(model).model_validate(other_titles(model.model_dump(mode="json", exclude_unset=True)))
        for model in (WELSH.framework, WELSH.rulebook)
    )
    other = PolicySet(framework, rulebook)
    inference = infer(other.compiled, run.result.measures, {}, partial(fire_of_record, worker=None))
    again = make_result(other, run.result.inputs, inference)
    assert (again.text, again.digest) == (run.result.text, run.result.digest)
    rating = run.rating("carers")
    assert Run(1, "r1", "", again, other).sentences().because(rating) != run.sentences().because(rating)
    words = {run.sentences().rating(r).because for r in run.result.ratings}
    words |= {level.title["en"] for q in WELSH.framework.questions for level in q.scale}
    words |= {o.statement for r in run.result.ratings for o in run.sentences().rating(r).outcomes}
    words |= {WELSH.framework.title_of(target) for target in WELSH.framework.question_of}
    assert [text for text in words if text in run.result.text] == []


def test_who_reads_welsh_gets_the_titles_in_welsh(db: Database, review: Review) -> None:
    run = assess_plainly(db, review)
    scale = WELSH.framework.scale_of("carers")
    level = run.rating("carers").level
    assert level and run.sentences("cy").level_title("carers", level) == scale[level - 1].title["cy"]


# The format -----------------------------------------------------------------------------------------------


def keys_of(value: Any) -> list[str]:
    return sorted(value)


def test_format_2_is_these_fields_and_another_field_is_another_format(db: Database, review: Review) -> None:
    record = json.loads(assess_plainly(db, review).result.text)
    assert record["format"] == FORMAT == 2
    assert keys_of(record) == [
        *("cell", "firings", "format", "framework", "inputs", "measures", "ratings", "rulebook"),
        "rulebook_version",
    ]
    assert keys_of(record["inputs"]) == [
        *("decided", "engines", "evidence", "framework", "on", "review", "rulebook", "seed", "software")
    ]
    assert keys_of(record["ratings"][0]) == [
        *("before_limits", "kind", "level", "level_id", "limits", "outcomes", "proposed", "proposed_id"),
        *("status", "target"),
    ]
    assert keys_of(record["ratings"][0]["outcomes"][0]) == [
        *("base", "criterion", "high", "low", "margin", "measure", "met", "no_better_than", "part", "test"),
        *("thresholds", "value"),
    ]
    assert keys_of(record["measures"]["carers"]["items"]) == ["base", "high", "low", "value"]
    assert record["firings"][0][0] == "domain"


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(policy=policy_sets(most_domains=2, most_levels=3), data=st.data())
def test_a_result_that_is_recorded_and_read_is_the_same_to_the_byte(
    policy: PolicySet, data: st.DataObject
) -> None:
    measures = data.draw(evidence_values(policy))
    target = data.draw(st.sampled_from(list(policy.framework.question_of)))
    levels = st.integers(1, len(policy.framework.scale_of(target)))
    decided = {target: data.draw(levels)} if data.draw(st.booleans()) else {}
    inputs = dataclasses.replace(NO_INPUTS, decided=decided)
    result = make_result(policy, inputs, infer_alone(policy, measures, decided))
    assert read_result(result.text) == (FORMAT, result)
    assert read_result(result.text)[1].text == result.text


@pytest.mark.parametrize("number", [0, 3, 99, "2", None, True, 2.5])
def test_a_format_that_is_not_known_is_refused_with_what_to_do(
    db: Database, review: Review, number: Any
) -> None:
    run = assess_plainly(db, review)
    rewrite(db, run.id, lambda body: body.update(format=number), seal=True)
    with pytest.raises(RunUnreadable) as caught:
        load_run(db, review)
    assert f"in format {json.dumps(number)}, and joint-review " in caught.value.message
    assert "reads formats 1 and 2" in caught.value.message
    assert caught.value.hint.startswith("Update joint-review to the version")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(more=1), "more: Unexpected keyword argument"),
        (lambda body: body["ratings"][0].pop("status"), "ratings/0/status: Field required"),
        (lambda body: body["ratings"][0]["outcomes"][0].update(statement=""), "statement: Unexpected"),
        (lambda body: body["measures"]["carers"]["items"].update(value="5"), "measures/carers/items/value"),
        (lambda body: body["firings"].append(["elsewhere", "x"]), "firings/"),
    ],
)
def test_a_record_that_is_not_of_its_format_is_refused_with_the_place(
    db: Database, review: Review, change: Callable[[Any], None], said: str
) -> None:
    run = assess_plainly(db, review)
    rewrite(db, run.id, change, seal=True)
    with pytest.raises(RunUnreadable) as caught:
        load_run(db, review)
    assert f"cannot read its record: {said}" in caught.value.message or said in caught.value.message


# Format 1 -------------------------------------------------------------------------------------------------


def without_sentences(value: Any) -> Any:
    """A summary with its ids, levels, figures and titles alone."""
    if isinstance(value, dict):
        sentences = {"because", "statement", "needed", "missing"}
        return {name: without_sentences(one) for name, one in value.items() if name not in sentences}
    return [without_sentences(one) for one in value] if isinstance(value, list) else value


def test_runs_of_format_1_are_read_and_made_again_in_format_2(old: Database) -> None:
    for number, key in SOME.items():
        run = load_run(old, find_review(old, key), number)
        assert run.format == 1
        recorded = json.loads(one(old, "select result from run where id = ?", [number]))
        assert run.result.inputs.digest == recorded["inputs"]["digest"]
        assert [r.level_id for r in run.result.ratings] == [r["level_id"] for r in recorded["ratings"]]
        summary = summarise_run(find_review(old, key), run)
        shown = json.loads(json.dumps(summary, default=plain))
        assert without_sentences(shown) == without_sentences(recorded)
        assert shown != recorded, "sentences are today's, not those of the day of the run"


def set_first_margin(body: Any) -> None:
    body["ratings"][0]["outcomes"][0]["margin"] = 99


def set_first_statement(body: Any) -> None:
    body["ratings"][0]["outcomes"][0]["statement"] = "another sentence"


def set_level(body: Any) -> None:
    body["ratings"][0].update(level=1, level_id="poor", level_title="Poor")


def drop_firing(body: Any) -> None:
    del body["firings"][0]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (set_first_margin, "ratings[0].outcomes[0].margin: recorded 99"),
        (set_level, "ratings[0].level: recorded 1"),
        (drop_firing, "firings: recorded"),
    ],
)
def test_a_figure_level_or_firing_changed_in_format_1_is_found(
    old: Database, change: Callable[[Any], None], place: str
) -> None:
    rewrite(old, 1, change, seal=True)
    review = find_review(old, "wales-2004-08")
    done = verify_run(old, review, load_run(old, review, 1))
    assert not done.same
    assert any(text.startswith(place) for text in done.differences)


def test_a_sentence_changed_in_format_1_breaks_the_digest_or_the_seal(old: Database) -> None:
    review = find_review(old, "wales-2004-08")
    rewrite(old, 1, set_first_statement, seal=False)
    done = verify_run(old, review, load_run(old, review, 1))
    assert not done.same
    assert done.differences == ("the record does not match its digest",)
    rewrite(old, 1, set_first_statement, seal=True)
    assert verify_run(old, review, load_run(old, review, 1)).same, "sentences are not compared"
    assert any("run" in problem.what for problem in audit_programme(old).problems), "the seal covers them"


def test_the_command_says_what_was_compared(old: Database, db: Database, review: Review) -> None:
    said = {}
    for opened, number in ((old, 1), (db, assess_plainly(db, review).id)):
        path = next(row[2] for row in opened.conn.execute("pragma database_list") if row[1] == "main")
        done = CliRunner().invoke(cli, ["verify", str(number), "--db", path])
        assert done.exit_code == 0
        said[opened] = done.output
    assert (
        "Run 1 was recorded in format 1: its figures, levels and firings are the same. Sentences are not"
        " compared.\n"
    ) in said[old]
    assert "byte for byte" not in said[old]
    assert "byte for byte the same" in said[db] and "format" not in said[db]


def test_a_run_of_format_1_with_the_same_inputs_is_the_run_that_is_already_there(
    db: Database, review: Review
) -> None:
    """As 0.1.0 recorded it: the same inputs, its own words and its own digest of them."""
    first = assess_plainly(db, review)

    def as_recorded_by_0_1_0(body: Any) -> None:
        body.clear()
        body.update(json.loads(json.dumps(summarise_run(review, first), default=plain)))

    rewrite(db, first.id, as_recorded_by_0_1_0, seal=True)
    again = assess_plainly(db, review)
    assert (again.id, again.is_new, again.format) == (first.id, False, 1)
    assert again.digest == one(db, "select result_digest from run") != first.digest
    assert again.result == first.result
    assert verify_run(db, review, again).same


def test_a_run_left_to_people_has_no_figures_to_lose(db: Database) -> None:
    run = assess_plainly(db, new_review(db, "cqc", "cqc-local-authority"), ENGLISH)
    assert read_result(run.result.text) == (FORMAT, run.result)
    assert {rating.status for rating in run.result.ratings} == {"open", "insufficient"}
