"""What forms were answered, kept for a week: a form that is sent twice is done once.

An answer is stored in the transaction of the change itself, so that it is there if and only if the change is,
whoever else writes, and after the server was killed too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypedDict

from programme.database import Database, insert, last_event, one

KEPT = timedelta(days=7)
"""How long an answer is kept: as long as a browser may send an old form again."""


class Answer(TypedDict):
    """What a form was answered."""

    message: str
    """One sentence for people."""
    to: str
    """Where the page that follows is; see `Done.to` of the forms."""
    more: Mapping[str, object]
    """What a program is told beside the message."""


def find_answer(db: Database, key: str) -> Answer | None:
    """The answer that was given to the form with this key; None for one that was not done yet."""
    found = one(db, "select answer from form_answer where key = ?", [key])
    answer: Answer | None = None if found is None else json.loads(found)
    return answer


def keep_answer(db: Database, key: str, answer: Answer, *, at: datetime) -> None:
    """Store the answer to a form inside the caller's `transaction`, and forget those older than `KEPT`."""
    oldest = (at - KEPT).isoformat(timespec="seconds")
    db.conn.execute("delete from form_answer where at < ?", [oldest])
    row = {"key": key, "at": at.isoformat(timespec="seconds"), "event": last_event(db)}
    insert(db, "form_answer", {**row, "answer": json.dumps(answer, ensure_ascii=False)})


def forget_answers(db: Database) -> None:
    """Forget all answers, inside the caller's `transaction`: they may quote what is erased."""
    db.conn.execute("delete from form_answer")
