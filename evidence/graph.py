"""The evidence of a review as a graph: source -> item -> domain -> question (the one door to networkx).

Nodes are pairs (kind, name); every edge points towards the judgement. The graph answers what counts cannot:
what a target rests on, what would lose its support without a source, what hangs loose.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
from sqlite_utils import Database

from evidence.at_event import added_by, counted_at
from programme.reviews import Review
from rules.errors import UnknownName

Node = tuple[str, str]

EDGES = f"""
select s.ref, s.kind, e.id, d.key
from source s
left join evidence e on e.source_id = s.id
  and {counted_at("e", ":event")}
left join tag t on t.evidence_id = e.id
  and {counted_at("t", ":event")}
left join domain d on d.id = t.domain_id
where s.review_id = :review and {added_by("s", ":event")}
"""


@dataclass(frozen=True)
class EvidenceGraph:
    """The graph of one review at one point in its event record.

    Its methods raise UnknownName for a domain, question or source that the review does not have.
    """

    graph: nx.DiGraph

    def support_of(self, target: str) -> tuple[list[str], list[str]]:
        """(sources, items) that a domain or question rests on, sorted by name."""
        below = nx.ancestors(self.graph, self._node(target, "domain", "question"))
        return _names(below, "source"), _names(below, "item")

    def lost_without(self, source: str) -> dict[str, int]:
        """How many items every domain would have left without a source, for the domains it supports."""
        mine = set(self.graph.successors(self._node(source, "source")))
        domains = {domain for item in mine for domain in self.graph.successors(item)}
        return {
            name: len(set(self.graph.predecessors((kind, name))) - mine) for kind, name in sorted(domains)
        }

    def loose_items(self) -> list[str]:
        """Items tagged to no domain, so that no judgement uses them."""
        return sorted(
            (name for kind, name in self.graph if kind == "item" and not self.graph.out_degree((kind, name))),
            key=int,
        )

    def kinds_of_sources(self, domain: str) -> dict[str, int]:
        """How many items each kind of source gives a domain."""
        counts: dict[str, int] = {}
        for item in self.graph.predecessors(self._node(domain, "domain")):
            kind = self.graph.nodes[next(self.graph.predecessors(item))]["kind"]
            counts[kind] = counts.get(kind, 0) + 1
        return dict(sorted(counts.items()))

    def rests_on_one_source(self) -> dict[str, str]:
        """Domains all of whose items come from a single source, with that source."""
        result = {}
        for kind, name in sorted(self.graph):
            if kind == "domain":
                sources = {
                    s for item in self.graph.predecessors((kind, name)) for s in self.graph.predecessors(item)
                }
                if len(sources) == 1:
                    result[name] = next(iter(sources))[1]
        return result

    def _node(self, name: str, *kinds: str) -> Node:
        for kind in kinds:
            if (kind, name) in self.graph:
                return kind, name
        raise UnknownName(" or ".join(kinds), name, [known for kind, known in self.graph if kind in kinds])


def _names(nodes: set[Node], kind: str) -> list[str]:
    names = [name for k, name in nodes if k == kind]
    return sorted(names, key=int) if kind == "item" else sorted(names)


def build_graph(db: Database, review: Review, event: int) -> EvidenceGraph:
    """The graph of everything that counted at `event`; linear in the number of items and tags."""
    graph = nx.DiGraph()
    for question in review.framework.questions:
        graph.add_node(("question", question.id))
        graph.add_edges_from(
            (("domain", domain.id), ("question", question.id)) for domain in question.domains
        )
    for ref, kind, item, domain in db.conn.execute(EDGES, {"review": review.id, "event": event}):
        graph.add_node(("source", ref), kind=kind)
        if item is not None:
            graph.add_edge(("source", ref), ("item", str(item)))
        if domain is not None:
            graph.add_edge(("item", str(item)), ("domain", domain))
    return EvidenceGraph(graph)
