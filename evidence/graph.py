"""The evidence of a review as a graph: source -> item -> domain -> question (the one door to networkx).

Nodes are pairs (kind, name); every edge points towards the judgement. The graph answers what counts cannot:
what a target rests on, what would lose its support without a source, what hangs loose. A run puts its
measures and criteria between items and domains: see assessment.reasons.support.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.at_event import added_by, counted_at, source_at
from programme.database import Database
from programme.reviews import Review
from rules.errors import UnknownName
from rules.words import listed

if TYPE_CHECKING:
    import networkx as nx

Node = tuple[str, str]
Said = str | int | float | bool
"""What an attribute of a node may be: what GraphML has a type for."""

EDGES = f"""
select s.id as source_id, n.ref, s.kind, s.title, e.id, d.key
from {source_at(":event")} s join source n on n.id = s.id
left join evidence e on e.source_id = s.id
  and {counted_at("e", ":event")}
left join tag t on t.evidence_id = e.id
  and {counted_at("t", ":event")}
left join domain d on d.id = t.domain_id
where s.review_id = :review and {added_by("s", ":event")}
order by n.ref, e.id, d.position
"""
TAGGED, PART, HOLDS = "is tagged to", "is part of", "holds"
"""What edges say: an item of a domain, a domain of a question, a source of an item."""
WOULD_COUNT = "would count"
"""An item that a measure passes over for a later result: it would count without that one."""
MANY = ""
"""In place of a name where there are several."""
NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 file can hold, in no form."""


@dataclass(frozen=True)
class EvidenceGraph:
    """The graph of one review at one point in its event record.

    Its methods raise UnknownName for a domain, question or source that the review does not have.
    """

    graph: nx.DiGraph

    def add(self, node: Node, **said: Said | None) -> None:
        """Put a node into the graph, or say more of one; what is None is not said."""
        self.graph.add_node(node, **{name: value for name, value in said.items() if value is not None})

    def lead(self, start: Node, end: Node, says: str) -> None:
        """Put an edge into the graph."""
        self.graph.add_edge(start, end, says=says)

    def lead_all(self, pairs: Iterable[tuple[Node, Node]], says: str) -> None:
        """Put many edges into the graph that say the same."""
        self.graph.add_edges_from(pairs, says=says)

    def edges(self) -> Iterator[tuple[Node, Node, str]]:
        """Every edge: from, to, and what it says."""
        yield from self.graph.edges(data="says")

    def nodes(self) -> Iterator[Node]:
        """Every node."""
        yield from self.graph

    def support_of(self, target: str) -> tuple[list[str], list[str]]:
        """(sources, items) that a domain or question rests on, sorted by name."""
        items = self._items_of(self._node(target, "domain", "question", "cell"))
        return sorted({self._source_of(item)[1] for item in items}), sorted(
            (name for _, name in items), key=int
        )

    def items_by_source(self, target: str) -> dict[str, int]:
        """How many items every source gives a target, those that give most first."""
        counts: dict[str, int] = {}
        for item in self._items_of(self._node(target, "domain", "question", "cell")):
            ref = self._source_of(item)[1]
            counts[ref] = counts.get(ref, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def lost_without(self, source: str) -> dict[str, int]:
        """How many items every domain would have left without a source, for the domains it supports."""
        mine = set(self.graph.successors(self._node(source, "source")))
        domains = {node for item in mine for node in self.graph.successors(item) if node[0] == "domain"}
        return {node[1]: len(self._items_of(node) - mine) for node in sorted(domains)}

    def loose_items(self) -> list[str]:
        """Items tagged to no domain, so that no judgement uses them."""
        return sorted(
            (name for kind, name in self.graph if kind == "item" and not self.graph.out_degree((kind, name))),
            key=int,
        )

    def kinds_of_sources(self, domain: str) -> dict[str, int]:
        """How many items each kind of source gives a domain."""
        counts: dict[str, int] = {}
        for item in self._items_of(self._node(domain, "domain")):
            kind = self.about(self._source_of(item))["source_kind"]
            counts[str(kind)] = counts.get(str(kind), 0) + 1
        return dict(sorted(counts.items()))

    def rests_on_one_source(self) -> dict[str, str]:
        """Domains all of whose items come from a single source, with that source."""
        return {name: source for (kind, name), source in self.sole_source().items() if kind == "domain"}

    def rests_on_one_kind(self) -> dict[str, str]:
        """Domains all of whose items come from a single kind of source, with that kind."""
        found = self._sole({n: str(self.about(n)["source_kind"]) for n in self.graph if n[0] == "source"})
        return {name: kind for (node, name), kind in sorted(found.items()) if node == "domain"}

    def sole_source(self) -> dict[Node, str]:
        """What rests on evidence of a single source, with that source: nothing would support it without.

        Domains, questions, and whatever else lies between items and judgement. An item that would count if a
        later result went (`would count`) is support, too. Linear in nodes and edges.
        """
        found = self._sole({node: node[1] for node in self.graph if node[0] == "source"})
        return {node: name for node, name in sorted(found.items()) if node[0] not in ("source", "item")}

    def _sole(self, marks: Mapping[Node, str]) -> dict[Node, str]:
        """The one mark among all that lead to a node; nodes with none or with several are left out."""
        import networkx as nx

        found: dict[Node, str] = dict(marks)
        for node in nx.topological_sort(self.graph):
            below = {found[before] for before in self.graph.pred[node] if before in found}
            if below:
                found[node] = next(iter(below)) if len(below) == 1 else MANY
        return {node: mark for node, mark in found.items() if mark != MANY}

    def about(self, node: Node) -> Mapping[str, Said]:
        """What is known of a node."""
        found: Mapping[str, Said] = self.graph.nodes[node]
        return found

    def part_below(self, target: str) -> EvidenceGraph:
        """The part of the graph that a domain, a question or the cell rests on, with it."""
        import networkx as nx

        node = self._node(target, "domain", "question", "cell")
        return EvidenceGraph(self.graph.subgraph(nx.ancestors(self.graph, node) | {node}).copy())

    def _items_of(self, target: Node) -> set[Node]:
        """The items tagged to a domain, or to one of those below."""
        if target[0] == "domain":
            return {node for node in self.graph.predecessors(target) if node[0] == "item"}
        below = [node for node in self.graph.predecessors(target) if node[0] in ("domain", "question")]
        return {item for node in below for item in self._items_of(node)}

    def _source_of(self, item: Node) -> Node:
        found: Node = next(iter(self.graph.pred[item]))
        return found

    def _node(self, name: str, *kinds: str) -> Node:
        for kind in kinds:
            if (kind, name) in self.graph:
                return kind, name
        raise UnknownName(listed(kinds, "or"), name, [known for kind, known in self.graph if kind in kinds])


def build_graph(db: Database, review: Review, event: int) -> EvidenceGraph:
    """The graph of everything that counted at `event`; linear in the number of items and tags."""
    import networkx as nx

    found = EvidenceGraph(nx.DiGraph())
    for question in review.framework.questions:
        found.add(("question", question.id))
        above: Node = ("question", question.id)
        found.lead_all(((("domain", domain.id), above) for domain in question.domains), PART)
    known = set()
    for row in db.conn.execute(EDGES, {"review": review.id, "event": event}):
        number, ref, kind, title, item, tagged = row
        if ref not in known:
            known.add(ref)
            found.add(("source", ref), number=number, source_kind=kind, title=title)
        if item is not None:
            found.lead(("source", ref), ("item", str(item)), HOLDS)
        if tagged is not None:
            found.lead(("item", str(item)), ("domain", tagged), TAGGED)
    return found


def as_graphml(
    nodes: Iterable[tuple[str, Mapping[str, Said]]], edges: Iterable[tuple[str, str, str]], **about: Said
) -> bytes:
    """A directed graph as a GraphML file, from nodes (id, attributes) and edges (from, to, what it says).

    The same graph gives the same bytes: nodes and edges come in the order of their ids. Every attribute is
    declared with one type, under its own name: Gephi takes any key called d3 or d7, as networkx numbers them,
    for a label. What an edge says is its `edgelabel`; `about` is said of the whole. Characters that XML
    cannot hold become U+FFFD. The ids must be names for XML: letters, digits, '.', '-', '_' and ':'.
    """
    import networkx as nx

    graph = nx.DiGraph(**{name: _for_xml(value) for name, value in sorted(about.items())})
    for name, said in sorted(nodes, key=lambda node: node[0]):
        graph.add_node(name, **{key: _for_xml(value) for key, value in said.items()})
    for start, end, says in sorted(edges):
        graph.add_edge(start, end, edgelabel=_for_xml(says))
    out = io.BytesIO()
    # The writer that needs no lxml: the other one's bytes depend on what is installed.
    nx.write_graphml_xml(graph, out, named_key_ids=True)
    return _with_booleans(graph, out.getvalue())


def _with_booleans(graph: nx.DiGraph, content: bytes) -> bytes:
    """The file with 'true' and 'false' as XML spells them; networkx writes Python's words."""
    names = {name for _, said in graph.nodes(data=True) for name in said if isinstance(said[name], bool)}
    for name, word in itertools.product(sorted(names), ("True", "False")):
        opened = f'<data key="{name}">'
        content = content.replace(f"{opened}{word}<".encode(), f"{opened}{word.lower()}<".encode())
    return content


def _for_xml(value: Said) -> Said:
    """The value, of a text only what an XML file can hold, with the line ends that readers make of it."""
    if not isinstance(value, str):
        return value
    return NOT_IN_XML.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))
