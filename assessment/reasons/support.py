"""What the ratings of a run rest on, and what would be lost without a source: the graph of a run.

    source -> item -> measure -> criterion -> domain -> measure -> criterion -> question -> firing -> cell

Built from the tables as they were when the run was made, in time that grows with the items and tags. It
answers how things hang together; what a rating would be without a source is another question, and needs the
rules: see assessment.robustness.whatif.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessment.runs.run import Run
from evidence.at_event import counted_at
from evidence.extents import EXTENT_TEXT
from evidence.graph import TAGGED, WOULD_COUNT, EvidenceGraph, Node, Said, as_graphml, build_graph
from evidence.measures.pairs import load_counted
from evidence.measures.scenarios import pairs_behind
from programme.database import Database, one, rows
from programme.reviews import Review
from rules.rulebook import Of

CELL: Node = ("cell", "cell")
COUNTS, TESTED, BEARS, PLACES = "counts in", "is tested by", "bears on", "places on the grid"
"""What the edges of a run say, besides those of the evidence."""

RATINGS = "select * from rating where run_id = ? order by id"
MEASURES = "select * from measure where run_id = ? order by id"
CRITERIA = """
select c.*, m.key as measure, f.rule
from criterion c
join measure m on m.id = c.measure_id
left join firing f on f.run_id = c.run_id and f.criterion_id = c.id
where c.run_id = ? order by c.id
"""
CELL_FIRINGS = "select id, rule from firing where run_id = ? and stratum = 'overall' order by id"
ITEMS = f"""
select e.id, e.kind, e.text, e.strand, e.direction, e.significance, {EXTENT_TEXT} as extent,
  e.value, e.unit, e.base, e.period, e.locator
from evidence e
where e.review_id = :review and {counted_at("e", ":event")}
"""
TABLE_OF = {"item": "evidence", "domain": "rating", "question": "rating", "cell": "run"}
"""The tables that nodes are rows of, where they have another name; ids are those of the view `trail_edge`."""


@dataclass(frozen=True)
class Share:
    """What one source gives a target."""

    source: str
    kind: str
    title: str
    items: int
    """Items of the source that support the target."""
    left: int
    """Items of other sources: what the target would rest on without this one."""
    unmeasured: tuple[tuple[str, str], ...]
    """(domain, title): the measures that criteria test, count items now, and would have none to count."""


@dataclass(frozen=True)
class Support:
    """What a target rests on: items tagged to it or to a domain below it, and their sources."""

    target: str
    kind: str
    """domain, question or cell."""
    items: int
    kinds: tuple[tuple[str, int], ...]
    """Kinds of source, each with its items; those that give most first."""
    shares: tuple[Share, ...]
    """Its sources, those that give most first."""
    sole_source: tuple[tuple[str, str], ...]
    """(domain, source): the domains at or below the target that rest on a single source."""
    sole_kind: tuple[tuple[str, str], ...]
    """(domain, kind): those that rest on a single kind of source."""


@dataclass(frozen=True)
class Supports:
    """What everything in a run rests on."""

    run: int
    targets: Mapping[str, Support]
    """By domain, question, and 'cell'."""
    loose: int
    """Items tagged to no domain, so that no rating uses them."""

    def without(self, source: str) -> list[Support]:
        """The domains that a source supports, each with the share of this source alone."""
        return [
            dataclasses.replace(found, shares=tuple(one for one in found.shares if one.source == source))
            for found in self.targets.values()
            if found.kind == "domain" and any(one.source == source for one in found.shares)
        ]


def run_graph(db: Database, review: Review, run: Run) -> EvidenceGraph:
    """The graph of a run, from the sources to the cell, with what its tables say of every node but items."""
    event = _event_of(db, run)
    then = dataclasses.replace(review, framework=run.policy.framework)
    graph = build_graph(db, then, event)
    for row in rows(db, RATINGS, [run.id]):
        graph.add(
            (row["kind"], row["target"]),
            **_same(row, "title", "status", "level", "level_title", "proposed", number="id"),
        )
    for row in rows(db, MEASURES, [run.id]):
        node = _measure(row["target"], row["key"])
        graph.add(node, of=row["target"], **_same(row, "title", "unit", "made_of", number="id"))
        graph.add(node, **_numbers(row, "value", "base", "low", "high"))
    for row in rows(db, CRITERIA, [run.id]):
        _add_criterion(graph, then, row)
    _count_items(graph, db, then, run, event)
    _count_ratings(graph, then, run)
    _place(graph, db, then, run)
    return graph


def _event_of(db: Database, run: Run) -> int:
    """The last event that counted in a run."""
    return int(one(db, "select evidence_event from run where id = ?", [run.id]))


def _same(row: Mapping[str, Any], *names: str, **others: str) -> dict[str, Said | None]:
    """Columns of a row as attributes: under their own names, or under `others`."""
    return {name: row[name] for name in names} | {name: row[column] for name, column in others.items()}


def _numbers(row: Mapping[str, Any], *names: str) -> dict[str, float | None]:
    """Columns with numbers, as the one type that an attribute has."""
    return {name: None if row[name] is None else float(row[name]) for name in names}


def _measure(target: str, key: str) -> Node:
    return "measure", f"{target}.{key}"


def _add_item(graph: EvidenceGraph, row: Mapping[str, Any]) -> None:
    said = _same(row, "strand", "direction", "significance", "extent", "unit", "period", "locator")
    node = ("item", str(row["id"]))
    graph.add(node, **_same(row, number="id", title="text", item_kind="kind"), **said)
    graph.add(node, **_numbers(row, "value", "base"))


def _add_criterion(graph: EvidenceGraph, review: Review, row: Mapping[str, Any]) -> None:
    target = row["target"]
    node = ("criterion", f"{target}.{row['part']}.{row['key']}")
    met, fired = bool(row["met"]), row["rule"] is not None
    said = _same(row, "part", "needed", "reference", number="id", title="statement")
    graph.add(node, of=target, met=met, fired=fired, **said, **_numbers(row, "margin"))
    graph.lead(_measure(target, row["measure"]), node, TESTED)
    graph.lead(node, ("domain" if review.framework.is_domain(target) else "question", target), BEARS)


def _count_items(graph: EvidenceGraph, db: Database, review: Review, run: Run, event: int) -> None:
    """The edges from items to the measures that count them, or would."""
    counted = load_counted(db, review, event)
    items: list[Node] = [("item", str(number)) for number in counted.item]
    known = set(graph.nodes())
    for measure in run.policy.rulebook.evidence_measures:
        counts, could = pairs_behind(counted, measure)
        of = [_measure(domain, measure.id) for domain in counted.domain.names]
        tested = could & np.array([node in known for node in of])[counted.domain.codes]
        for chosen, says in ((tested & counts, COUNTS), (tested & ~counts, WOULD_COUNT)):
            at = np.flatnonzero(chosen)
            pairs = zip(at.tolist(), counted.domain.codes[at].tolist(), strict=True)
            graph.lead_all(((items[pair], of[domain]) for pair, domain in pairs), says)


def _count_ratings(graph: EvidenceGraph, review: Review, run: Run) -> None:
    """The edges from domains to the measures of a question that count their ratings."""
    known = set(graph.nodes())
    for question in review.framework.questions:
        for measure in run.policy.rulebook.measures:
            node = _measure(question.id, measure.id)
            if measure.of is not Of.RATINGS or node not in known:
                continue
            for domain in question.domains:
                if measure.domain in (None, domain.id):
                    graph.lead(("domain", domain.id), node, COUNTS)


def _place(graph: EvidenceGraph, db: Database, review: Review, run: Run) -> None:
    """The cell, and the rule that places it, where one did."""
    place = one(db, "select cell from run where id = ?", [run.id])
    graph.add(CELL, number=run.id, title="Position on the grid", level_title=place or "none yet")
    rules = rows(db, CELL_FIRINGS, [run.id])
    for row in rules:
        graph.add(("firing", row["rule"]), number=row["id"], title=row["rule"])
        graph.lead(("firing", row["rule"]), CELL, PLACES)
    for question in review.framework.questions:
        graph.lead(("question", question.id), CELL, PLACES)
        for row in rules:
            graph.lead(("question", question.id), ("firing", row["rule"]), TESTED)


def supports_of(db: Database, review: Review, run: Run) -> Supports:
    """What every domain, every question and the cell of a run rest on."""
    graph = run_graph(db, review, run)
    sole = graph.sole_source()
    tested = {start for start, _, says in graph.edges() if says == TESTED}
    counting = {
        node: source
        for node, source in sole.items()
        if node in tested and node[0] == "measure" and graph.about(node)["made_of"] != Of.RATINGS.value
    }
    framework = run.policy.framework
    below = {"cell": set(framework.domains)}
    below |= {question.id: {domain.id for domain in question.domains} for question in framework.questions}
    below |= {domain: {domain} for domain in framework.domains}
    one_source = [(node[1], source) for node, source in sole.items() if node[0] == "domain"]
    one_kind = list(graph.rests_on_one_kind().items())
    found = {}
    for target, domains in below.items():
        given = graph.items_by_source(target)
        items = sum(given.values())
        kinds: dict[str, int] = {}
        shares = []
        for ref, count in given.items():
            source = graph.about(("source", ref))
            kind = str(source["source_kind"])
            kinds[kind] = kinds.get(kind, 0) + count
            lost = [graph.about(node) for node, only in counting.items() if only == ref]
            unmeasured = [(str(one["of"]), str(one["title"])) for one in lost if one["of"] in domains]
            shares.append(Share(ref, kind, str(source["title"]), count, items - count, tuple(unmeasured)))
        found[target] = Support(
            target,
            "cell" if target == "cell" else "domain" if framework.is_domain(target) else "question",
            items,
            tuple(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
            tuple(shares),
            tuple(pair for pair in one_source if pair[0] in domains),
            tuple(pair for pair in one_kind if pair[0] in domains),
        )
    return Supports(run.id, found, len(graph.loose_items()))


@dataclass(frozen=True)
class GraphFile:
    """The trail of a target as a GraphML file."""

    nodes: int
    edges: int
    content: bytes


def trail_graphml(db: Database, review: Review, run: Run, target: str) -> GraphFile:
    """Everything that a domain, a question or the 'cell' of a run rests on, as GraphML.

    The ids of nodes are those of the view `trail_edge`. Nodes say `kind`, `label` and `title`, and what the
    tables hold of them. An item that no measure of its domain counts leads to the domain itself. Raises
    UnknownName.
    """
    part = run_graph(db, review, run).part_below(target)
    there = set(part.nodes())
    for row in rows(db, ITEMS, {"review": review.id, "event": _event_of(db, run)}):
        if ("item", str(row["id"])) in there:
            _add_item(part, row)
    ids = {node: f"{TABLE_OF.get(node[0], node[0])}:{part.about(node)['number']}" for node in part.nodes()}
    edges = list(_edges_shown(part))
    content = as_graphml(
        ((ids[node], _attributes(part, node)) for node in ids),
        ((ids[start], ids[end], says) for start, end, says in edges),
        review=review.key,
        run=run.id,
        trail_of=target,
    )
    return GraphFile(len(ids), len(edges), content)


def _edges_shown(part: EvidenceGraph) -> Iterator[tuple[Node, Node, str]]:
    """The edges without those that other edges say better, or that say what is not counted."""
    counted = {
        (start, str(part.about(end)["of"]))
        for start, end, says in part.edges()
        if says == COUNTS and start[0] == "item"
    }
    for start, end, says in part.edges():
        if says != WOULD_COUNT and not (says == TAGGED and (start, end[1]) in counted):
            yield start, end, says


def _attributes(part: EvidenceGraph, node: Node) -> dict[str, Said]:
    said = {name: value for name, value in part.about(node).items() if name != "number" and value != ""}
    kind, name = node
    label = {"source": name, "item": f"E{name}"}.get(kind, str(said.get("title", name)))
    return {"kind": kind, "label": label, **said}
