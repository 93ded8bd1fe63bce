"""People who use the pages of a real server without a browser: they sign in, read, and send the forms."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from assessment.runs.audit import audit_programme
from evidence.files.texts import GivenFile
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import init_programme, open_programme
from joint_review.web.signin import SIGN_IN
from programme.accounts import open_accounts
from programme.database import Database
from programme.reviews import create_review, find_review
from programme.users import add_user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "four plain words together"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
REVIEW = "/reviews/north"
SOURCE = f"{REVIEW}/sources/D-001"
SENTENCES = 200
WAIT = 120
"""Seconds, of which hardly any is needed on a machine that does nothing else."""


def new_programme(path: Path, *names: str) -> Path:
    """A working database with a review, a source of many sentences, and reviewers with a password."""
    programme_without_sources(path, *names)
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        text = "\n\n".join(sentence(number) for number in range(SENTENCES))
        given = [GivenFile("plan.txt", text.encode())]
        add_sources(db, find_review(db, "north"), given, SourceDetails(), by="lead-1", at=AT)
    return path


def programme_without_sources(path: Path, *names: str) -> Path:
    """A working database with an empty review, and reviewers with a password."""
    db, _ = init_programme(path)
    with closing(db.conn):
        window = {"window_from": date(2025, 1, 1), "window_to": date(2026, 12, 31)}
        create_review(db, "north", "North", "wales-round-2", **window, by="lead-1", at=AT)
        accounts = open_accounts(path, QUICK)
        for name in names:
            add_user(db, name, role="reviewer", review="north", by="administrator-1", at=AT)
            accounts.set_password(name, PASSWORD, at=AT)
    return path


def sentence(number: int) -> str:
    """One of the sentences of the source, like no other."""
    return f"Carer number {number:03} was asked what would help, and answered."


def finding(number: int, who: str, domain: str = "carers") -> dict[str, str]:
    """The form of a finding that quotes a sentence, with its tag."""
    return {
        "quote": sentence(number),
        "on_page": "1",
        "finding": f"Finding {number:03}, as {who} sees it",
        "direction": "strength",
        "significance": "2",
        "strand": "all",
        "domain": domain,
    }


class Visitor:
    """Somebody at a browser of their own; use it as a context manager."""

    def __init__(self, address: str, name: str) -> None:
        self.name, self.address, self.token = name, address, ""
        # The server closes a connection that nobody used for five seconds.
        unused = httpx.Limits(keepalive_expiry=2)
        self.client = httpx.Client(base_url=address, timeout=WAIT, limits=unused, verify=False)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def read(self, path: str) -> httpx.Response:
        """A page, and the token of its forms."""
        answer = self.client.get(path)
        if found := re.search(r'name="csrftoken" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    def send(self, path: str, fields: dict[str, str], **more: Any) -> httpx.Response:
        """A form of the page that was read last."""
        data = {"csrftoken": self.token, **fields}
        return self.client.post(path, data=data, headers={"origin": self.address}, **more)

    def sign_in(self) -> httpx.Response:
        """Sign in with name and password."""
        self.read(SIGN_IN)
        return self.send(SIGN_IN, {"name": self.name, "password": PASSWORD})


def findings(path: Path) -> list[tuple[str, str]]:
    """Words and domain of every finding that counts, once for every tag, as they stand in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return [(text, domain) for text, domain in connection.execute(FINDINGS)]


FINDINGS = """
select e.text, d.key from evidence e
left join tag t on t.evidence_id = e.id left join domain d on d.id = t.domain_id
where e.withdrawn_event is null and t.withdrawn_event is null order by e.id, t.id
"""


def assert_whole(path: Path) -> None:
    """The file is sound, its references too, and its record is as it was sealed."""
    with closing(open_programme(path).conn) as connection:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert audit_programme(Database(connection)).problems == ()
