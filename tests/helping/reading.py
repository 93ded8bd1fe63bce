"""Pages as tests read them: a Datasette over working databases, who asks, and what markup must get right."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from click.testing import CliRunner
from datasette.app import Datasette
from datasette.database import Database as DatasetteDatabase
from datasette.utils import PrefixedUrlString

from joint_review.cli import cli
from joint_review.metadata import metadata
from joint_review.web.access import FILES

ROOT = {"id": "root"}
REVIEWER = {"id": "reviewer-1", "held": [["reviewer", "wales-2004-08"]], "all_reviews": []}
MODERATOR = {"id": "moderator-1", "held": [["moderator", None]], "all_reviews": ["moderator"]}
ELSEWHERE = {"id": "reviewer-2", "held": [["reviewer", "elsewhere"]], "all_reviews": []}
REVIEW = "/reviews/wales-2004-08"
SVG = "{http://www.w3.org/2000/svg}"
NEWER = hasattr(Datasette, "allowed")
"""Datasette 1.0: takes from `config` what 0.65 takes from `metadata`, and has no /-/metadata."""


@dataclass(frozen=True)
class Site:
    datasette: Datasette

    async def get(self, path: str, actor: dict[str, Any] | None = ROOT) -> httpx.Response:
        cookies = {"ds_actor": self.datasette.sign({"a": actor}, "actor")} if actor else None
        response: httpx.Response = await self.datasette.client.get(path, cookies=cookies)
        while response.is_redirect:
            path = PrefixedUrlString(response.headers["location"])
            response = await self.datasette.client.get(path, cookies=cookies)
        return response

    async def page(self, path: str, status: int = 200) -> str:
        response = await self.get(path)
        assert response.status_code == status, response.text
        return response.text

    async def json(self, path: str) -> dict[str, Any]:
        response = await self.get(path)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def refusals(*rows: tuple[str, int, str]) -> pytest.MarkDecorator:
    """Paths that show no page, each with its status, and words of what is said instead."""
    return pytest.mark.parametrize(("path", "status", "words"), rows)


@asynccontextmanager
async def served(*paths: Path, told: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Site]:
    told = metadata(paths[0].stem) if told is None else told
    config = {"config": told} if NEWER else {}
    # A slow machine fails no test: what must end in time has a test of its own (test_bounded).
    settings = {"sql_time_limit_ms": 30_000, **settings}
    datasette = Datasette([str(path) for path in paths], metadata=told, settings=settings, **config)
    opened: list[Any] = []
    connect = DatasetteDatabase.connect

    def remember(database: Any, *given: Any, **named: Any) -> Any:
        opened.append(connect(database, *given, **named))
        return opened[-1]

    # Datasette leaves the connections to its own tables in memory open; Python 3.13 warns of that.
    with patch.object(DatasetteDatabase, "connect", remember):
        await datasette.invoke_startup()
        try:
            yield Site(datasette)
        finally:
            if datasette.executor:
                datasette.executor.shutdown()
            for connection in opened:
                connection.close()
            for one in datasette.databases.values():
                FILES.pop(one, None)  # what watches the file, kept as long as Datasette's thread that writes


class Outline(HTMLParser):
    """What a page's markup must get right for everyone to use it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str] = []
        self.pointed_at: list[str] = []
        self.problems: list[str] = []
        self.language = ""
        self.landmarks: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag in ("main", "nav", "header", "footer"):
            self.landmarks.add(tag)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "label":
            self.labelled.add(given.get("for") or "")
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.controls.append(given.get("id") or "without id")
        if tag == "svg" and given.get("role") != "img" and given.get("aria-hidden") != "true":
            self.problems.append("an svg that is neither an image with a title nor hidden")
        self.pointed_at += (given.get("aria-labelledby") or "").split()
        inline = tag == "style" or (tag == "script" and "src" not in given) or "style" in given
        if inline or any(name.startswith("on") for name in given):
            self.problems.append(f"inline script or style: <{tag} {given}>")
        if tag == "th" and "scope" not in given:
            self.problems.append("a table heading without scope")


def said_by(*arguments: object) -> dict[str, Any]:
    """What a command says with --json."""
    found = CliRunner().invoke(cli, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    answer: dict[str, Any] = json.loads(found.output)
    return answer
