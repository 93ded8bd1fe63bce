"""Style sheets and scripts: every link carries the digest of its file, so that no cache serves an old one."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from datasette.app import Datasette
from reading import REVIEW, served

from joint_review.web.assets import STATIC, static_address

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
FILES = sorted(path.name for path in STATIC.iterdir())
LINKED = re.compile(r'(?:href|src)="([^"]*/-/static-plugins/joint-review/[^"]*)"')
PAGES = (
    *("/reviews", REVIEW, f"{REVIEW}/trail/carers", f"{REVIEW}/trail/cell", f"{REVIEW}/sources"),
    *(f"{REVIEW}/sources/S2", f"{REVIEW}/sources/add", f"{REVIEW}/coverage", f"{REVIEW}/decisions"),
    *(f"{REVIEW}/challenges", f"{REVIEW}/coding", f"{REVIEW}/disagreements", f"{REVIEW}/uncertainty"),
    *(f"{REVIEW}/items/1", "/compare/wales-round-2", "/programme", "/programme/evidence", "/nothing"),
    *(f"{REVIEW}/report", "/-/sign-in"),
)


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
        for path in PAGES:
            answer = await site.get(path)
            found = LINKED.findall(answer.text)
            assert found, f"{path} links no style sheet"
            linked |= set(found)
        for address in linked:
            sent = await site.datasette.client.get(address)
            assert sent.content == (STATIC / address.rpartition("/")[2].partition("?")[0]).read_bytes()
    assert linked == {own_address(name) for name in FILES}


def test_templates_take_every_address_from_one_place() -> None:
    own = re.compile(r"""(?:href|src)="\{\{ jr_static\('[\w.]+'\) \}\}\"""")
    links = re.compile(r"<link rel=.stylesheet.[^>]*>|<script[^>]*>")
    templates = [path.read_text(encoding="utf-8") for path in (STATIC.parent / "templates").rglob("*.html")]
    found = [link for text in templates for link in links.findall(text)]
    assert [link for link in found if not own.search(link)] == []
    assert len(found) >= 4 and "static_plugins" not in "".join(templates)
