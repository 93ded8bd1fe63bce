"""The evidence as a graph: what a rating rests on, what a source carries, what hangs loose."""

from __future__ import annotations

import networkx as nx
import pytest
from assessment_example import AT, add, item_at, last_event, load_example, new_review
from evidence_rows import SOURCES, Row, finding, survey

from evidence.graph import EvidenceGraph, build_graph
from evidence.items import tag_item, withdraw_item
from programme.database import Database
from programme.reviews import Review
from rules.errors import UnknownName

SHARED = finding("I1", domains="carers;assessment")
ALONE = finding("I1", domains="carers")
OTHER = survey("S1", "Respect", 80, domains="carers")
FAR = finding("D1", domains="leadership")
LOOSE = finding("O1", domains="")
ROWS = (SHARED, ALONE, OTHER, FAR, LOOSE)


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db, "r1", "wales-round-2", *ROWS)


@pytest.fixture
def graph(db: Database, review: Review) -> EvidenceGraph:
    return build_graph(db, review, last_event(db))


def names(db: Database, review: Review, *rows: Row) -> list[str]:
    return sorted((str(item_at(db, review, row)) for row in rows), key=int)


def test_a_domain_rests_on_its_items_and_their_sources(
    db: Database, review: Review, graph: EvidenceGraph
) -> None:
    assert graph.support_of("carers") == (["I1", "S1"], names(db, review, SHARED, ALONE, OTHER))
    assert graph.support_of("assessment") == (["I1"], names(db, review, SHARED))


def test_a_question_rests_on_everything_below_its_domains(
    db: Database, review: Review, graph: EvidenceGraph
) -> None:
    assert graph.support_of("services") == (["I1", "S1"], names(db, review, SHARED, ALONE, OTHER))
    assert graph.support_of("organisation") == (["D1"], names(db, review, FAR))


def test_a_domain_without_evidence_rests_on_nothing(graph: EvidenceGraph) -> None:
    assert graph.support_of("resources") == ([], [])
    assert graph.kinds_of_sources("resources") == {}


def test_without_a_source_its_domains_keep_what_others_say(graph: EvidenceGraph) -> None:
    assert graph.lost_without("I1") == {"assessment": 0, "carers": 1}
    assert graph.lost_without("S1") == {"carers": 2}
    assert graph.lost_without("D1") == {"leadership": 0}


def test_nothing_is_lost_without_a_source_that_no_domain_uses(graph: EvidenceGraph) -> None:
    assert graph.lost_without("O1") == {}
    assert graph.lost_without("C1") == {}


def test_items_without_a_domain_hang_loose(db: Database, review: Review, graph: EvidenceGraph) -> None:
    assert graph.loose_items() == names(db, review, LOOSE)


def test_loose_items_come_in_the_order_of_their_numbers(db: Database) -> None:
    review = new_review(db, "r2", "wales-round-2", *[finding("I1", domains="") for _ in range(12)])
    loose = build_graph(db, review, last_event(db)).loose_items()
    assert [int(name) for name in loose] == list(range(1, 13))


def test_the_kinds_of_sources_of_a_domain_are_counted_by_items(graph: EvidenceGraph) -> None:
    assert graph.kinds_of_sources("carers") == {"interview": 2, "survey": 1}


def test_domains_that_rest_on_one_source_are_named_with_it(graph: EvidenceGraph) -> None:
    assert graph.rests_on_one_source() == {"assessment": "I1", "leadership": "D1"}


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda graph: graph.support_of("carer"), "carers"),
        (lambda graph: graph.support_of("organization"), "organisation"),
        (lambda graph: graph.kinds_of_sources("assesment"), "assessment"),
        (lambda graph: graph.lost_without("I11"), "I1"),
    ],
)
def test_a_name_that_is_not_there_is_an_error_with_the_nearest_one(
    graph: EvidenceGraph, call: object, hint: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        call(graph)  # type: ignore[operator]
    assert f"'{hint}'" in caught.value.hint


def test_the_graph_at_an_event_knows_nothing_of_what_came_later(db: Database, review: Review) -> None:
    then = last_event(db)
    before = build_graph(db, review, then).graph
    number = item_at(db, review, ALONE)
    add(db, review, {**SOURCES[0], "source": "C9"}, finding("C9", domains="carers"))
    withdraw_item(db, review, item_at(db, review, OTHER), by="lead", because="Wrong table.", at=AT)
    withdraw_item(db, review, number, by="lead", because="Unclear.", at=AT, domain="carers")
    tag_item(db, review, number, ["workforce"], by="lead", at=AT)
    assert nx.utils.graphs_equal(build_graph(db, review, then).graph, before)
    now = build_graph(db, review, last_event(db))
    assert now.support_of("carers")[0] == ["C9", "I1"]
    assert now.support_of("workforce")[1] == [str(number)]


def test_every_edge_leads_towards_the_judgement(db: Database, review: Review, graph: EvidenceGraph) -> None:
    steps = {(start[0], end[0]) for start, end in graph.graph.edges}
    assert steps == {("source", "item"), ("item", "domain"), ("domain", "question")}
    assert nx.is_directed_acyclic_graph(graph.graph)


def test_in_the_worked_example_every_question_rests_on_many_sources(db: Database) -> None:
    found = build_graph(db, load_example(db), last_event(db))
    assert found.rests_on_one_source() == {}
    for question in ("services", "organisation"):
        sources, items = found.support_of(question)
        assert len(sources) >= 8
        assert len(items) >= 150
