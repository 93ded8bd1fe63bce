"""The trail: from a rating down to source and locator, nothing missing and nothing that does not belong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from assessment_example import AT, WELSH, add, assess_plainly, item_at, last_event, new_programme, new_review
from evidence_rows import SOURCES, finding, good_domain, indicator, score, survey, whole_review

from assessment.reasons.trail import MeasureNode, Node, find_measure, items_behind, trail_of
from assessment.runs.run import Run, load_run
from evidence.items import ItemFilter, find_item, list_items, tag_item, withdraw_item
from evidence.measures.compute import compute_measures
from joint_review.plain import plain
from programme.database import Database, one, rows
from programme.reviews import Review, create_review
from rules.errors import UnknownName
from rules.loader import PolicySet
from rules.rulebook import Measure, Of, Statistic

Made = tuple[Database, Review, Run]
SHARED = finding("I1", "weakness", 3, domains="carers;assessment;leadership")
ROWS = [
    *whole_review(),
    SHARED,
    score("C1", 3, domains="assessment"),
    score("C2", 1, domains="assessment;care-planning"),
    survey("S1", "Respect", 81.5, 200, domains="care-planning"),
    indicator("Assessed in time", "2007/08", 59, comparator=68, domains="assessment"),
    finding("D1", "neutral", 1, domains="safeguarding"),
    finding("O1", domains=""),
]


@pytest.fixture(scope="module")
def made(shared_db: Database) -> Made:
    """A review among others, with one withdrawn item, assessed; only looked at."""
    assess_plainly(shared_db, new_review(shared_db, "before", "wales-round-2", *good_domain("carers")))
    review = new_review(shared_db, "r1", "wales-round-2", *ROWS)
    withdraw_item(
        shared_db, review, item_at(shared_db, review, ROWS[0]), by="lead", because="Recorded twice.", at=AT
    )
    run = assess_plainly(shared_db, review)
    return shared_db, review, run


def measures_in(node: Node) -> Iterator[MeasureNode]:
    if isinstance(node, MeasureNode):
        yield node
    else:
        for below in node.below:
            yield from measures_in(below)


# The tree -------------------------------------------------------------------------------------------------


def test_a_domains_trail_holds_every_criterion_with_its_measure(made: Made) -> None:
    db, _, run = made
    tree = trail_of(db, run, "carers")
    rating = run.rating("carers")
    assert {
        name: getattr(tree, name) for name in ("kind", "target", "title", "status", "level", "because")
    } == {
        "kind": "domain",
        "target": "carers",
        "title": "Support for carers",
        "status": rating.status,
        "level": run.sentences().level_title("carers", rating.level),
        "because": run.sentences().because(rating),
    }
    assert [(node.part, node.key, node.met, node.margin) for node in tree.below] == [
        (o.part, o.criterion, o.met, o.margin) for o in rating.outcomes
    ]
    for node, outcome in zip(tree.below, rating.outcomes, strict=True):
        [measure] = node.below
        assert (measure.measure, measure.value, measure.base) == (
            outcome.measure,
            outcome.value,
            outcome.base,
        )


def test_a_questions_trail_holds_its_criteria_and_its_domains(made: Made) -> None:
    db, _, run = made
    tree = trail_of(db, run, "services", items=1)
    domains = [node.target for node in tree.below if node.kind == "domain"]
    assert domains == [domain.id for domain in WELSH.framework.question("services").domains]
    criteria = [node for node in tree.below if node.kind == "criterion"]
    assert len(criteria) == len(run.rating("services").outcomes)
    assert {node.below[0].made_of for node in criteria} == {"ratings"}
    assert all(node.below[0].below == [] for node in criteria)


def test_the_cells_trail_holds_both_questions(made: Made) -> None:
    db, _, run = made
    tree = trail_of(db, run, "cell", items=0)
    assert (tree.kind, tree.run, tree.cell) == ("cell", run.id, run.result.cell)
    assert [node.target for node in tree.below] == ["services", "organisation"]


def test_every_item_in_a_trail_belongs_to_the_domain_and_its_measure(made: Made) -> None:
    db, review, run = made
    tagged: dict[str, set[int]] = {}
    for row in ROWS[1:]:
        for domain in filter(None, row["domains"].split(";")):
            tagged.setdefault(domain, set()).add(item_at(db, review, row))
    for domain in review.framework.domains:
        for measure in measures_in(trail_of(db, run, domain, items=100)):
            made_of = WELSH.rulebook.measure(measure.measure)
            assert {item["id"] for item in measure.below} <= tagged[domain]
            for item in measure.below:
                assert made_of.of is Of.ITEMS or f"{item['kind']}s" == made_of.of.value
                assert item["source"] and item["locator"] and item["source_kind"]
                assert not item["withdrawn"]
        items = trail_of(db, run, domain, items=100).below[0].below[0]
        assert {item["id"] for item in items.below} == tagged[domain]


def test_items_in_lists_say_out_of_what_and_whether_on_few_answers(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    few = [
        {"source": "S1", "respondent": f"{n}", "question": "Heard", "group": "All", "answer": "5"}
        for n in range(9)
    ]
    judged, asked = score("C1", 2), survey("S1", "Respect", 81.5, 200)
    told = [{**row, "domains": "carers"} for row in few]
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"), judged, asked, *told)
    measure = find_measure(db, assess_plainly(db, review), "carers", "items")
    behind, _ = items_behind(db, measure["id"])
    listed, _ = list_items(db, review, ItemFilter())
    for items in (behind, listed):
        [case] = [item for item in items if item["kind"] == "case_score"]
        assert (case["value"], case["scale_max"]) == (2, 4)
        assert [item["text"] for item in items if item["small"]] == ["Heard"]
    beside = find_item(db, review, item_at(db, review, asked))["context"]["neighbours"]
    assert [(item["text"], item["small"]) for item in beside] == [("Heard", 1)]


def test_items_come_gravest_first_then_by_source(made: Made) -> None:
    db, review, run = made
    measure = find_measure(db, run, "carers", "strengths_share")
    found, total = items_behind(db, measure["id"])
    assert total == len(found) == 6
    order = [(-item["significance"], item["source"], item["id"]) for item in found]
    assert order == sorted(order)
    assert found[0]["id"] == item_at(db, review, SHARED)
    assert found[0]["uses"] == 3


def test_pages_of_items_miss_and_repeat_nothing_and_say_how_many_there_are(made: Made) -> None:
    db, _, run = made
    measure = find_measure(db, run, "assessment", "items")["id"]
    everything, total = items_behind(db, measure, limit=1000)
    assert total == len(everything) == 9
    pages = [items_behind(db, measure, limit=4, offset=offset) for offset in (0, 4, 8, 12)]
    assert [item["id"] for page, _ in pages for item in page] == [item["id"] for item in everything]
    assert [count for _, count in pages] == [9, 9, 9, 9]
    assert items_behind(db, measure, limit=0) == ([], 9)


def test_a_trail_shows_as_many_items_as_asked_and_names_the_number_of_all(made: Made) -> None:
    db, _, run = made
    tree = trail_of(db, run, "assessment", items=2, offset=8)
    node = tree.below[0].below[0]
    assert (node.measure, node.items_in_all, len(node.below)) == ("items", 9, 1)


def test_a_mistyped_target_or_measure_gets_the_nearest_one(made: Made) -> None:
    db, _, run = made
    with pytest.raises(UnknownName, match="Did you mean 'commissioning'"):
        trail_of(db, run, "comissioning")
    with pytest.raises(UnknownName, match="Did you mean 'strengths_share'"):
        find_measure(db, run, "carers", "strength_share")


# The views of Datasette -----------------------------------------------------------------------------------


def edges_of(db: Database, run: Run) -> nx.DiGraph:
    found = rows(db, "select * from trail_edge where run_id = ? or run_id is null", [run.id])
    return nx.DiGraph((row["from_node"], row["to_node"]) for row in found)


def test_the_edges_lead_from_the_run_to_every_source_that_counts(made: Made) -> None:
    db, review, run = made
    graph = edges_of(db, run)
    reached = nx.descendants(graph, f"run:{run.id}")
    used = rows(
        db,
        "select distinct s.id from source s join evidence e on e.source_id = s.id"
        " join tag t on t.evidence_id = e.id"
        " where s.review_id = ? and e.withdrawn_event is null and t.withdrawn_event is null",
        [review.id],
    )
    assert {node for node in reached if node.startswith("source:")} == {f"source:{row['id']}" for row in used}
    counted = {f"evidence:{item_at(db, review, row)}" for row in ROWS[1:] if row["domains"]}
    assert {node for node in reached if node.startswith("evidence:")} == counted


def test_no_edge_of_a_run_dangles(made: Made) -> None:
    db, _, run = made
    tables = {kind: f"select id from {kind}" for kind in ("run", "rating", "criterion", "measure")}
    tables |= {kind: f"select id from {kind}" for kind in ("evidence", "source")}
    known = {f"{kind}:{row['id']}" for kind, sql in tables.items() for row in rows(db, sql)}
    graph = edges_of(db, run)
    assert set(graph) <= known
    reached = nx.descendants(graph, f"run:{run.id}")
    leaves = {node.partition(":")[0] for node in reached if not graph.out_degree(node)}
    # A measure of ratings, or one with no data, ends a trail; all others end in a source.
    assert leaves <= {"source", "measure"}
    for node in reached:
        if node.startswith("measure:") and not graph.out_degree(node):
            measure = rows(db, "select * from measure where id = ?", [int(node.partition(":")[2])])[0]
            assert measure["made_of"] == "ratings" or not measure["value"]
    own = rows(db, "select from_node, to_node from trail_edge where run_id = ?", [run.id])
    assert {row["from_node"] for row in own} <= {f"run:{run.id}", *reached}
    assert nx.is_directed_acyclic_graph(graph)


def test_every_rating_of_a_run_hangs_below_the_run(made: Made) -> None:
    db, _, run = made
    reached = nx.descendants(edges_of(db, run), f"run:{run.id}")
    for kind in ("rating", "criterion"):
        own = rows(db, f"select id from {kind} where run_id = ?", [run.id])
        assert {f"{kind}:{row['id']}" for row in own} == {n for n in reached if n.startswith(f"{kind}:")}


# The items behind a measure are those that the measure counted ---------------------------------------------

FILTERED: list[tuple[str, str, dict[str, Any]]] = [
    ("items", "count", {}),
    ("items", "count", {"strand": ["carers"]}),
    ("items", "count", {"source_kind": ["survey", "document"]}),
    ("items", "kinds", {}),
    ("items", "sources", {"strand": ["all"]}),
    ("findings", "count", {"direction": ["weakness"], "significance_at_least": 2}),
    ("findings", "share", {"direction": ["strength", "neutral"]}),
    ("findings", "share", {"significance_at_least": 3, "strand": ["carers"]}),
    ("case_scores", "count", {"score_at_least": 2.5}),
    ("case_scores", "share", {"source_kind": ["case_file"]}),
    ("case_scores", "mean", {"strand": ["carers"]}),
    ("survey_results", "count", {"source_kind": ["survey"]}),
    ("indicators", "count", {}),
]


def several_measures() -> tuple[Measure, ...]:
    found = []
    for number, (of, statistic, filters) in enumerate(FILTERED):
        name = "among" if statistic == "share" else "where"
        found.append(
            Measure(
                id=f"m{number}",
                title="A measure",
                of=Of(of),
                statistic=Statistic(statistic),
                **{name: filters},
            )
        )
    return (*WELSH.rulebook.measures, *found)


POLICY = PolicySet(WELSH.framework, WELSH.rulebook.model_copy(update={"measures": several_measures()}))
"""The second Welsh round with more measures, whose items are recorded though no criterion tests them."""


def any_rows(seed: int, size: int = 60) -> list[dict[str, Any]]:
    order = random.Random(seed)
    made_by = [
        lambda about: finding(
            order.choice(["I1", "C1", "D1"]),
            order.choice(["strength", "weakness", "neutral"]),
            order.randint(1, 3),
            **about,
        ),
        lambda about: score(order.choice(["C1", "D1"]), order.choice([1, 2, 2.5, 3, 4]), **about),
        lambda about: survey(order.choice(["S1", "D1"]), f"Question {order.random()}", 50, 10, **about),
        lambda about: indicator(f"Indicator {order.random()}", "2007/08", 5, comparator=4, **about),
    ]
    domains = ["carers", "assessment", "carers;assessment", ""]
    return [
        order.choice(made_by)(
            {"domains": order.choice(domains), "strand": order.choice(["all", "carers", "adults"])}
        )
        for _ in range(size)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_items_behind_a_measure_are_those_it_counted(db: Database, seed: int) -> None:
    order = random.Random(seed)
    given = any_rows(seed)
    review = new_review(db, "r1", "wales-round-2", *given)
    new_review(db, "other", "wales-round-2", *any_rows(seed + 100, 20))
    for row in order.sample(given, 12):
        number, said = item_at(db, review, row), {"by": "lead", "because": "Unclear.", "at": AT}
        domain = order.choice([None, *filter(None, row["domains"].split(";"))])
        withdraw_item(db, review, number, domain=domain, **said)
    run = assess_plainly(db, review, POLICY)
    add(db, review, *any_rows(seed + 200, 10))
    behind: dict[int, set[int]] = {}
    for row in rows(db, "select * from measure_evidence where run_id = ?", [run.id]):
        behind.setdefault(row["measure_id"], set()).add(row["evidence_id"])
    compared = 0
    for row in rows(db, "select * from measure where run_id = ? and made_of <> 'ratings'", [run.id]):
        measure, items = POLICY.rulebook.measure(row["key"]), behind.get(row["id"], set())
        if measure.statistic is Statistic.COUNT:
            assert row["value"] == len(items), measure
        elif measure.statistic in (Statistic.KINDS, Statistic.SOURCES):
            column = "s.kind" if measure.statistic is Statistic.KINDS else "s.id"
            inside = ", ".join(map(str, items)) or "null"
            distinct = f"select count(distinct {column}) from evidence e join source s on s.id = e.source_id"
            assert row["value"] == one(db, f"{distinct} where e.id in ({inside})"), measure
        elif measure.of is not Of.SURVEY_RESULTS and not measure.weighted:
            assert row["base"] == len(items), measure
        compared += bool(items)
    assert compared >= 20


def test_the_items_behind_a_weighted_share_carry_its_weight(made: Made) -> None:
    db, _, run = made
    for domain in ("carers", "assessment", "safeguarding"):
        measure = find_measure(db, run, domain, "strengths_share")
        items, _ = items_behind(db, measure["id"], limit=1000)
        weights = [item["significance"] for item in items]
        strong = [item["significance"] for item in items if item["direction"] == "strength"]
        assert measure["value"] == pytest.approx(100 * sum(strong) / sum(weights), abs=1e-4)
        assert measure["base"] == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights), abs=1e-4)


# Older runs -----------------------------------------------------------------------------------------------


def test_the_trail_of_an_older_run_stays_as_it_was(db: Database) -> None:
    carers = [*good_domain("carers"), SHARED]
    review = new_review(db, "r1", "wales-round-2", *carers)
    run = assess_plainly(db, review)
    before = trail_of(db, run, "carers", items=100)
    gone, moved = (item_at(db, review, row) for row in carers[:2])
    withdraw_item(db, review, gone, by="lead", because="Recorded twice.", at=AT)
    withdraw_item(db, review, moved, by="lead", because="Elsewhere.", at=AT, domain="carers")
    tag_item(db, review, moved, ["workforce", "resources"], by="lead", at=AT)
    add(db, review, finding("O1"), finding("O1"))
    after = trail_of(db, load_run(db, review, run.id), "carers", items=100)

    def without_mark(tree: Node) -> Any:
        told = json.loads(json.dumps(tree, default=plain))
        for measure in (node for criterion in told["below"] for node in criterion["below"]):
            measure["below"] = [{**item, "withdrawn": None} for item in measure["below"]]
        return told

    assert without_mark(after) == without_mark(before)
    marked = {item["id"] for m in measures_in(after) for item in m.below if item["withdrawn"]}
    assert marked == {gone}


def test_a_review_of_thousands_of_items_pages_its_trail(db: Database) -> None:
    review = create_review(
        db, "big", "Council", "wales-round-2", window_from=date(2004, 1, 1), window_to=None, by="lead", at=AT
    )
    add(db, review, *SOURCES, *[finding("I1" if n % 2 else "G1") for n in range(3000)])
    run = assess_plainly(db, review)
    node = trail_of(db, run, "carers", items=5, offset=2998).below[0].below[0]
    assert (node.items_in_all, len(node.below), node.value) == (3000, 2, 3000)
    [share] = compute_measures(db, review, [WELSH.rulebook.measure("strengths_share")], last_event(db))[
        "carers"
    ].values()
    assert share.base == 3000
