"""Style sheets and scripts: every link carries the digest of its file, so that no cache serves an old one."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from datasette.app import Datasette
from test_web import SHOWN, served

from joint_review.web.assets import STATIC, static_address

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
FILES = sorted(path.name for path in STATIC.iterdir())
LINKED = re.compile(r'(?:href|src)="([^"]*/-/static-plugins/joint-review/[^"]*)"')


def own_address(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"/-/static-plugins/joint-review/{name}?{digest}"


@pytest.mark.parametrize("name", FILES)
def test_the_address_of_a_file_changes_with_its_bytes(tmp_path: Path, name: str) -> None:
    there = Datasette([])
    path = tmp_path / name
    path.write_bytes((STATIC / name).read_bytes())
    before = static_address(there, name, tmp_path)
    assert before == static_address(there, name) == own_address(name)
    path.write_bytes(path.read_bytes() + b"\n")
    longer = static_address(there, name, tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    os.utime(path, ns=(1, 1))
    other = static_address(there, name, tmp_path)
    assert len({before, longer, other}) == 3


def test_under_another_base_address_files_are_found_there_and_once() -> None:
    there = Datasette([], settings={"base_url": "/reviews-of-2026/"})
    address = static_address(there, "tables.css")
    assert address == f"/reviews-of-2026{own_address('tables.css')}"
    assert there.urls.path(address) == address


async def test_every_file_that_a_page_links_has_its_own_digest_and_is_served(example_db: Path) -> None:
    linked: set[str] = set()
    async with served(example_db) as site:
        for path in [*SHOWN, "/programme", "/programme/evidence", "/nothing", "/-/sign-in"]:
            answer = await site.get(path)
            found = LINKED.findall(answer.text)
            assert found, f"{path} links no style sheet"
            linked |= set(found)
        for address in linked:
            sent = await site.datasette.client.get(address)
            assert sent.content == (STATIC / address.rpartition("/")[2].partition("?")[0]).read_bytes()
    assert linked == {own_address(name) for name in FILES}


def test_templates_take_every_address_from_one_place() -> None:
    templates = sorted((STATIC.parent / "templates").rglob("*.html"))
    other = [path.name for path in templates if "static_plugins" in path.read_text(encoding="utf-8")]
    assert other == []
