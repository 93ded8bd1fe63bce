"""Forms as tests send them: a server over two small reviews, people who are signed in, and their tokens."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from datasette.app import Datasette

from evidence.files.texts import GivenFile
from evidence.sources import SourceDetails, add_sources
from joint_review.metadata import metadata
from joint_review.opening import init_programme, open_programme
from joint_review.web.access import FILES
from programme.reviews import create_review, find_review

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = {"origin": "http://localhost"}
REVIEW = "/reviews/north"
SOURCE = f"{REVIEW}/sources/D-001"
TEXT = "Carers waited. Mae'r tŷ ar y dŵr. 𝒜 child was seen.\n\nNobody asked. Carers waited again."
REVIEWER = {"id": "reviewer-1", "held": [["reviewer", "north"]], "all_reviews": []}
LEAD = {"id": "lead-1", "held": [["lead", "north"]], "all_reviews": []}
MODERATOR = {"id": "moderator-1", "held": [["moderator", None]], "all_reviews": ["moderator"]}


@dataclass
class Bench:
    """A server over a database with a review, one source in it, and people who are signed in."""

    datasette: Datasette
    client: httpx.AsyncClient
    path: Path

    def cookies(self, actor: dict[str, Any] | None) -> dict[str, str]:
        return {"ds_actor": self.datasette.sign({"a": actor}, "actor")} if actor else {}

    async def get(self, path: str, actor: dict[str, Any] | None = REVIEWER) -> httpx.Response:
        self.client.cookies.update(self.cookies(actor))
        return await self.client.get(path)

    async def token(self, actor: dict[str, Any] | None = REVIEWER) -> str:
        """The token that a page gives out: everybody who is signed in may sign out."""
        self.client.cookies = httpx.Cookies(self.cookies(actor))
        found = re.search(r'name="csrftoken" value="([^"]+)"', (await self.client.get("/-/sign-in")).text)
        assert found
        return found[1]

    async def send(
        self, path: str, fields: dict[str, Any], actor: dict[str, Any] | None = REVIEWER, **more: Any
    ) -> httpx.Response:
        token = await self.token(actor)
        return await self.client.post(path, data={"csrftoken": token, **fields}, headers=HERE, **more)

    async def refused(
        self,
        path: str,
        fields: dict[str, Any],
        mistakes: dict[str, str],
        actor: dict[str, Any],
        query: str = "",
    ) -> str:
        """The page that comes back with the form and these mistakes; nothing is stored."""
        before = self.state()
        answer = await self.send(f"{path}.json", fields, actor)
        assert answer.status_code == 400 and answer.json()["mistakes"] == mistakes
        page = await self.send(f"{path}{query}", fields, actor)
        assert page.status_code == 400
        assert self.state() == before
        return page.text.replace("&#39;", "'")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.path) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def in_file(self, do: Any, review: str = "r1") -> Any:
        """What `do` gives of the database and a review."""
        db = open_programme(self.path)
        try:
            return do(db, find_review(db, review))
        finally:
            db.conn.close()

    def state(self) -> list[tuple[Any, ...]]:
        """What every table holds, by its number of rows and its last event."""
        names = [name for (name,) in self.rows("select name from sqlite_master where type = 'table'")]
        return [(name, *self.rows(f'select count(*) from "{name}"')[0]) for name in names]

    def items(self) -> list[tuple[Any, ...]]:
        return self.rows("select id, text, quote from evidence where withdrawn_event is null order by id")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two reviews, one of them with a source; never written to."""
    path = tmp_path_factory.mktemp("made") / "programme.db"
    db, _ = init_programme(path)
    window = {"window_from": date(2025, 1, 1), "window_to": date(2026, 12, 31)}
    for key in ("north", "south"):
        create_review(db, key, key.title(), "wales-round-2", **window, by="lead-1", at=AT)
    given = [GivenFile("plan.txt", TEXT.encode())]
    add_sources(db, find_review(db, "north"), given, SourceDetails(), by="lead-1", at=AT)
    db.conn.close()
    return path


@pytest.fixture
def programme(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "programme.db"))


@asynccontextmanager
async def opened(path: Path, **settings: Any) -> AsyncIterator[Bench]:
    """A server over the file, with one reading thread where the settings do not say otherwise."""
    settings = {"num_sql_threads": 1, **settings}
    datasette = Datasette([str(path)], metadata=metadata(path.stem), settings=settings)
    await datasette.invoke_startup()
    transport = httpx.ASGITransport(app=datasette.app(), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Bench(datasette, client, path)
    for one in datasette.databases.values():
        for connection in one._all_file_connections:
            connection.close()
        FILES.pop(
            one, None
        )  # and what watches the file, which is kept as long as Datasette's thread that writes


NAMES = {
    "review": "north",
    "source": "D-001",
    "number": "1",
    "target": "carers",
    "run": "1",
    "challenge": "1",
    "edition": "1",
}
"""A value for every name in the path of a form; a form with a new name needs one here."""


def filled(path: str) -> str:
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda match: NAMES[match[1]], path)
