"""The graph of a run: it holds what the tables hold; what it says is lost is tried by taking sources away."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest
from assessment_example import AT, assess_plainly, new_programme, new_review
from click.testing import CliRunner, Result
from datasette.utils import MultiParams
from evidence_rows import Row, finding, good_domain, survey, whole_review
from random_evidence import random_rows

from assessment.reasons.support import Supports, run_graph, supports_of, trail_graphml
from assessment.runs.run import Run, load_run
from evidence.items import withdraw_item
from joint_review.cli import cli
from joint_review.opening import open_programme
from joint_review.web import support as on_pages
from joint_review.web.cache import Worked, supports_of_latest
from joint_review.web.pages import reading
from joint_review.web.pages import trail as of_trail
from joint_review.web.request import Asked
from programme.database import Database, one, rows
from programme.reviews import Review, find_review
from rules.errors import UnknownName
from rules.framework import in_language

GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
READS = {"boolean": {"true": True, "false": False}.__getitem__, "long": int, "double": float, "string": str}
"""How a value is read by its declared type, as the GraphML schema has it."""
HARD = "Above\x0bbelow\x0c \ufffe\uffff \x80\x9f <b>&amp;\"'\u202e ]]> \r\n dŵr 🧾 \U0010ffff done"
"""The hardest text that a finding may be: some of it no XML file can hold."""
ROWS = [
    *whole_review(),
    *random_rows(Random(11), 60),
    *good_domain("resources", 3, 2),
    survey("S1", "Only here", 60, 80, domains="performance-management"),
    finding("O1", domains=""),
]
Made = tuple[Database, Review, Run]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A review among others with evidence of all kinds, one item withdrawn, assessed; only looked at."""
    folder = tmp_path_factory.mktemp("support")
    db = new_programme(folder)
    assess_plainly(db, new_review(db, "before", "wales-round-2", *good_domain("carers")))
    review = new_review(db, "r1", "wales-round-2", *ROWS)
    withdraw_item(db, review, first_item(db, review), by="lead", because="Recorded twice.", at=AT)
    yield db, review, assess_plainly(db, review)
    db.conn.close()


@pytest.fixture(scope="module")
def supports(made: Made) -> Supports:
    return supports_of(*made)


def first_item(db: Database, review: Review) -> int:
    return int(one(db, "select min(id) from evidence where review_id = ?", [review.id]))


TAGGED = """
select count(distinct e.id) as items, count(distinct e.source_id) as sources, count(distinct s.kind) as kinds
from run r join evidence e on e.review_id = r.review_id join source s on s.id = e.source_id
join tag t on t.evidence_id = e.id join domain d on d.id = t.domain_id
where r.id = :run and e.added_event <= r.evidence_event and e.withdrawn_event is null
  and t.withdrawn_event is null and d.key in (select value from json_each(:domains))
"""
COUNTING = """
select m.target || '.' || m.key as measure, count(*) as items from measure m
join measure_evidence b on b.measure_id = m.id where m.run_id = ? group by m.id
"""


def domains_below(review: Review, target: str) -> list[str]:
    if target == "cell":
        return list(review.framework.domains)
    if review.framework.is_domain(target):
        return [target]
    return [domain.id for domain in review.framework.question(target).domains]


# What rests on what ----------------------------------------------------------------------------------------


def test_every_target_rests_on_what_the_tables_hold(made: Made, supports: Supports) -> None:
    db, review, run = made
    assert len(supports.targets) == len(review.framework.domains) + 3
    for target, found in supports.targets.items():
        domains = json.dumps(domains_below(review, target))
        [row] = rows(db, TAGGED, {"run": run.id, "domains": domains})
        assert (found.items, len(found.shares), len(found.kinds)) == (
            row["items"],
            row["sources"],
            row["kinds"],
        )
        assert sum(items for _, items in found.kinds) == found.items
        assert all(share.items + share.left == found.items for share in found.shares)


def test_measures_count_the_items_that_the_database_lists(made: Made) -> None:
    db, _, run = made
    found: dict[str, int] = {}
    for start, end, says in run_graph(*made).edges():
        if start[0] == "item" and says == "counts in":
            found[end[1]] = found.get(end[1], 0) + 1
    assert found == {row["measure"]: row["items"] for row in rows(db, COUNTING, [run.id])}
    assert len(found) > 60


def test_the_graph_file_has_every_step_of_the_trail(made: Made) -> None:
    db, review, run = made
    graph = nx.read_graphml(io.BytesIO(trail_graphml(db, review, run, "cell").content))
    steps = {
        (row["to_node"], row["from_node"])
        for row in rows(db, "select * from trail_edge where run_id = ?", [run.id])
    }
    assert steps <= set(graph.edges)
    more = {(start.partition(":")[0], end.partition(":")[0]) for start, end in set(graph.edges) - steps}
    assert more == {
        ("source", "evidence"),
        ("rating", "measure"),
        *({("rating", "firing"), ("firing", "run")} if run.result.cell else ()),
    }
    sources = {(start, end) for start, end in graph.edges if start.startswith("source:")}
    known = {
        (row["to_node"], row["from_node"])
        for row in rows(db, "select * from trail_edge where run_id is null")
    }
    assert sources <= known


def test_items_without_a_domain_support_nothing_and_are_counted(made: Made, supports: Supports) -> None:
    db, review, _ = made
    loose = one(
        db,
        "select count(*) from evidence e where e.review_id = ? and e.withdrawn_event is null"
        " and not exists (select 1 from tag t where t.evidence_id = e.id)",
        [review.id],
    )
    assert supports.loose == loose > 1


# What would be lost without a source -----------------------------------------------------------------------


def taken_away(made: Made, folder: Path, source: str) -> tuple[dict[str, int], set[str], Run]:
    """Items by domain, measures with items, and the run, on a copy without the items of a source."""
    before, review, _ = made
    before.conn.execute("pragma wal_checkpoint(truncate)")
    file = one(before, "select file from pragma_database_list where name = 'main'")
    path = folder / f"without-{source}.db"
    shutil.copy(file, path)
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        mine = rows(
            db,
            "select e.id from evidence e join source s on s.id = e.source_id"
            " where s.review_id = ? and s.ref = ? and e.withdrawn_event is null",
            [review.id, source],
        )
        for row in mine:
            withdraw_item(db, review, row["id"], by="lead", because="To see what is lost.", at=AT)
        run = assess_plainly(db, review)
        left = {}
        for domain in review.framework.domains:
            [row] = rows(db, TAGGED, {"run": run.id, "domains": json.dumps([domain])})
            left[domain] = int(row["items"])
        return left, {row["measure"] for row in rows(db, COUNTING, [run.id])}, run


def test_what_is_lost_without_a_source_is_what_withdrawing_its_items_takes(
    made: Made, supports: Supports, tmp_path: Path
) -> None:
    db, review, run = made
    measured = {row["measure"] for row in rows(db, COUNTING, [run.id])}
    titles = {row["key"]: row["title"] for row in rows(db, "select key, title from measure")}
    tested = {
        f"{row['target']}.{row['key']}"
        for row in rows(db, "select m.target, m.key from criterion c join measure m on m.id = c.measure_id")
    }
    worked = Worked(db, review, run)
    lost_somewhere, moved_somewhere = 0, 0
    for source in sorted({share.source for found in supports.targets.values() for share in found.shares}):
        left, still, after = taken_away(made, tmp_path, source)
        for found in supports.without(source):
            [share] = found.shares
            gone = {name for name in measured - still if name.startswith(f"{found.target}.")} & tested
            said = {(found.target, titles[name.partition(".")[2]]) for name in gone}
            assert share.left == left[found.target]
            assert set(share.unmeasured) == said
            lost_somewhere += len(gone)
            page = on_pages.support_of(worked, review.framework, found.target, "en")
            assert page is not None
            [shown] = [one for one in page["sources"] if one["source"] == source]
            old, new = run.rating(found.target), after.rating(found.target)
            assert (shown["after"] is not None) == (old.level != new.level)
            assert shown["after"] in (None, title_of(review, new))
            moved_somewhere += shown["after"] is not None
    assert lost_somewhere >= 5
    assert moved_somewhere >= 1


def title_of(review: Review, rating: Any) -> str:
    if not rating.level:
        return "no rating"
    return in_language(review.framework.level(rating.target, rating.level).title)


def test_an_older_result_that_would_count_is_support_too(tmp_path: Path) -> None:
    old = survey("S0", "Respect", 40, 100, domains="carers", period="2004/05")
    new = survey("S1", "Respect", 80, 100, domains="carers", period="2006/07")
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers"), old, new)
        found = supports_of(db, review, assess_plainly(db, review))
        assert [share.unmeasured for share in found.targets["carers"].shares if share.source == "S1"] == [()]


def test_domains_that_rest_on_one_source_or_one_kind_are_named(tmp_path: Path) -> None:
    ones: list[Row] = [finding("I1", domains="carers") for _ in range(6)]
    same = [finding(ref, domains="workforce") for ref in ("C1", "C2")]
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *ones, *same, *good_domain("resources"))
        found = supports_of(db, review, assess_plainly(db, review))
    cell = found.targets["cell"]
    assert cell.sole_source == (("carers", "I1"),)
    assert cell.sole_kind == (("carers", "interview"), ("workforce", "case_file"))
    assert found.targets["services"].sole_kind == (("carers", "interview"),)
    assert found.targets["safeguarding"].items == 0
    assert [support.target for support in found.without("C1")] == ["workforce"]


# As a file -------------------------------------------------------------------------------------------------


def declared(content: bytes) -> tuple[ElementTree.Element, dict[str, ElementTree.Element]]:
    root = ElementTree.fromstring(content)
    keys = {key.attrib["id"]: key for key in root.iter(f"{GRAPHML}key")}
    assert len(keys) == len(list(root.iter(f"{GRAPHML}key"))), "a key is declared twice"
    return root, keys


@pytest.mark.parametrize("target", ["carers", "services", "cell"])
def test_a_graph_file_keeps_to_the_schema_of_graphml(example: Made, target: str) -> None:
    db, review, run = example
    made = trail_graphml(db, review, run, target)
    root, keys = declared(made.content)
    [graph] = root.findall(f"{GRAPHML}graph")
    assert graph.attrib["edgedefault"] == "directed"
    nodes = [node.attrib["id"] for node in graph.findall(f"{GRAPHML}node")]
    edges = [(edge.attrib["source"], edge.attrib["target"]) for edge in graph.findall(f"{GRAPHML}edge")]
    assert (len(nodes), len(edges)) == (made.nodes, made.edges)
    assert len(set(nodes)) == len(nodes) and len(set(edges)) == len(edges)
    assert {end for edge in edges for end in edge} <= set(nodes)
    assert all(re.fullmatch(r"[\w.:-]+", name) for name in nodes), "no name for XML (NMTOKEN)"
    for scope in ("graph", "node", "edge"):
        for holder in [graph] if scope == "graph" else graph.findall(f"{GRAPHML}{scope}"):
            given = [data.attrib["key"] for data in holder.findall(f"{GRAPHML}data")]
            assert len(set(given)) == len(given)
            for data in holder.findall(f"{GRAPHML}data"):
                key = keys[data.attrib["key"]]
                assert key.attrib["for"] == scope
                READS[key.attrib["attr.type"]](data.text or "")


def test_gephi_finds_its_labels_and_no_other_attribute_is_taken_for_one(example: Made) -> None:
    db, review, run = example
    _, keys = declared(trail_graphml(db, review, run, "cell").content)
    taken_by_gephi = {
        "d3",
        "d7",
        "x",
        "y",
        "z",
        "xpos",
        "ypos",
        "size",
        "r",
        "g",
        "b",
        "color",
        "weight",
        "id",
    }
    assert not taken_by_gephi & set(keys)
    assert all(key.attrib["attr.name"] == name for name, key in keys.items())
    assert keys["label"].attrib["for"] == "node" and keys["edgelabel"].attrib["for"] == "edge"


def test_nodes_say_what_they_are(example: Made) -> None:
    db, review, run = example
    graph = nx.read_graphml(io.BytesIO(trail_graphml(db, review, run, "cell").content))
    kinds = {said["kind"] for _, said in graph.nodes(data=True)}
    assert kinds == {"source", "item", "measure", "criterion", "domain", "question", "firing", "cell"}
    assert all(said["label"] for _, said in graph.nodes(data=True))
    item = one(db, "select e.id from evidence e join tag t on t.evidence_id = e.id where kind = 'finding'")
    [row] = rows(db, "select text, direction, significance from evidence where id = ?", [item])
    said = graph.nodes[f"evidence:{item}"]
    assert (said["label"], said["title"]) == (f"E{item}", row["text"])
    assert (said["direction"], said["significance"]) == (row["direction"], row["significance"])
    [carers] = [said for _, said in graph.nodes(data=True) if said.get("title") == "Support for carers"]
    assert carers["level"] == run.rating("carers").level
    met = [said["met"] for _, said in graph.nodes(data=True) if said["kind"] == "criterion"]
    assert met.count(True) == one(db, "select sum(met) from criterion where run_id = ?", [run.id])
    assert graph.graph["trail_of"] == "cell" and graph.graph["run"] == run.id
    assert nx.is_directed_acyclic_graph(graph)


def test_the_same_run_gives_the_same_bytes(example: Made, tmp_path: Path) -> None:
    db, review, run = example
    first = trail_graphml(db, review, run, "services").content
    db.conn.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(one(db, "select file from pragma_database_list where name = 'main'"), tmp_path / "copy.db")
    with closing(open_programme(tmp_path / "copy.db").conn) as connection:
        again = Database(connection)
        there = find_review(again, review.key)
        assert trail_graphml(again, there, load_run(again, there), "services").content == first


def test_the_hardest_text_that_can_be_stored_is_read_again(tmp_path: Path) -> None:
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers"), finding("I1", finding=HARD))
        stored = one(db, "select text from evidence order by id desc limit 1")
        assert {"\ufffe", "\uffff", "<", "]"} <= set(stored), "what is stored is not as hard as it could be"
        content = trail_graphml(db, review, assess_plainly(db, review), "carers").content
    graph = nx.read_graphml(io.BytesIO(content))
    last = max(int(name.partition(":")[2]) for name in graph if name.startswith("evidence:"))
    shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", re.sub("\r\n?", "\n", stored))
    assert graph.nodes[f"evidence:{last}"]["title"] == shown


def test_a_graph_holds_nothing_of_other_reviews_nor_of_what_came_later(made: Made) -> None:
    db, review, run = made
    graph = nx.read_graphml(io.BytesIO(trail_graphml(db, review, run, "cell").content))
    items = {int(name.partition(":")[2]) for name in graph if name.startswith("evidence:")}
    own = {row["id"] for row in rows(db, "select id from evidence where review_id = ?", [review.id])}
    assert items < own
    assert first_item(db, review) not in items, "it was withdrawn before the run"
    with pytest.raises(UnknownName, match="Did you mean 'carers'"):
        trail_graphml(db, review, run, "carer")


# On the command line ---------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        assess_plainly(db, new_review(db, "r1", "wales-round-2", *good_domain("carers")))
    return tmp_path / "programme.db"


def trail(path: Path, *words: object) -> Result:
    return CliRunner().invoke(cli, ["trail", "r1", *map(str, words), "--db", str(path)])


def test_a_trail_is_written_as_a_file_for_its_owner_alone(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "carers.graphml"
    done = trail(path, "carers", "--graph", file)
    assert done.exit_code == 0, done.output
    graph = nx.read_graphml(file)
    assert f"{len(graph)} nodes, {graph.number_of_edges()} edges." in done.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(tmp_path.glob("carers*")) == [file]
    said = json.loads(trail(path, "carers", "--graph", file, "--replace", "--json").stdout)
    assert said == {"file": str(file), "run": 1, "nodes": len(graph), "edges": graph.number_of_edges()}


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.graphml"
    file.write_text("mine", encoding="utf-8")
    refused = trail(path, "carers", "--graph", file)
    assert refused.exit_code == 1 and "--replace" in str(refused.exception)
    assert file.read_text(encoding="utf-8") == "mine"
    assert trail(path, "carers", "--graph", file, "--replace").exit_code == 0
    assert file.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("target", "name", "message"),
    [
        ("carers", "programme.db", "is the working database itself"),
        ("carers", ".", "is a folder"),
        ("carers", "nowhere/carers.graphml", "does not exist"),
        ("carer", "carers.graphml", "or cell 'carer'"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(
    path: Path, tmp_path: Path, target: str, name: str, message: str
) -> None:
    before = path.read_bytes()
    refused = trail(path, target, "--graph", tmp_path / name, "--replace")
    assert refused.exit_code == 1 and message in str(refused.exception)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.suffix in (".graphml", ".part")] == []


def test_replace_without_a_graph_file_is_a_mistake_of_use(path: Path) -> None:
    assert trail(path, "carers", "--replace").exit_code == 2


def asked(review: Review, **names: str) -> Asked:
    return Asked({"review": review.key, **names}, MultiParams({}), None, "lead")


# On the pages ----------------------------------------------------------------------------------------------


def test_the_trail_page_says_what_the_rating_rests_on(example: Made) -> None:
    db, review, run = example
    page = of_trail.trail(db, asked(review, target="carers"))["support"]
    assert page["said"] == (
        "This rating rests on 31 items from 6 sources of 5 kinds: surveys (11), documents (8),"
        " indicator returns (6), group meetings (5), interviews (1)."
    )
    needed = {one["source"]: (one["left"], one["unmeasured"], one["after"]) for one in page["needed"]}
    assert needed["S2"] == (20, ["People surveyed who answered positively"], "Inconsistent")
    assert "R4" not in needed, "without it the rating stays what it is"
    cell = of_trail.trail(db, asked(review, target="cell"))["support"]
    assert cell["loose"] == supports_of(db, review, run).loose == 21
    assert "Support for carers: People surveyed who answered positively" in [
        title for one in cell["needed"] for title in one["unmeasured"]
    ]


def test_the_page_of_a_source_says_what_rests_on_it(example: Made) -> None:
    db, review, run = example
    found = reading.source(db, asked(review, source="S2"))["resting"]
    assert found["run"] == run.id
    assert found["domains"][2] == {
        "target": "carers",
        "title": "Support for carers",
        "items": 11,
        "left": 20,
        "unmeasured": ["People surveyed who answered positively"],
    }


def test_where_no_run_was_made_nothing_is_said_to_rest_on_a_source(tmp_path: Path) -> None:
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
        assert supports_of_latest(db, review) is None
        assert reading.source(db, asked(review, source="I1"))["resting"] is None


def test_a_review_too_large_for_a_page_is_left_to_the_command_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joint_review.web import cache

    monkeypatch.setattr(cache, "MOST_ITEMS", 3)
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        page: dict[str, Any] = of_trail.trail(db, asked(find_review(db, "r1"), target="carers"))
        assert page["support"] is None
        assert supports_of_latest(db, find_review(db, "r1")) is None


def test_an_unknown_target_is_not_found_however_the_page_is_made(example: Made) -> None:
    db, review, _ = example
    with pytest.raises(UnknownName, match="Did you mean 'carers'"):
        of_trail.trail(db, asked(review, target="carer"))
