"""A programme with people at work in it, for the pictures of the guides: see `examples/fieldwork/`.

Two reviews: the made-up week of fieldwork, read and tagged and partly coded a second time, and the worked
example, challenged, voted on and decided. Everything is done through the same functions as on the pages.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from argon2 import PasswordHasher
from generated import EXAMPLE, programme

from assessment.decisions.challenges import close_challenge, raise_challenge, reply_to_challenge
from assessment.decisions.decide import accept, approve, override
from assessment.decisions.panel import open_panel, vote
from assessment.runs.run import assess
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in, items_to_code
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.items import withdraw_item
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import open_programme
from programme.accounts import open_accounts
from programme.database import Database
from programme.reviewfile import read_review_file
from programme.reviews import Review, create_review, find_review
from programme.users import add_user, give_role
from rules.loader import load_policy

TEXTS = EXAMPLE.parent / "fieldwork"
MONDAY = datetime(2026, 1, 19, 9, 0, tzinfo=UTC)
PASSWORD = "four plain words together"
PEOPLE: dict[str, tuple[tuple[str, str | None], ...]] = {
    "reviewer-1": (("reviewer", "fieldwork"), ("reviewer", "wales-2004-08")),
    "reviewer-2": (("reviewer", "fieldwork"),),
    "reviewer-3": (("reviewer", "fieldwork"),),
    "lead-1": (("lead", "fieldwork"), ("lead", "wales-2004-08")),
    "moderator-1": (("moderator", None),),
    "moderator-2": (("moderator", None),),
}
"""Who may sign in, each with roles and the review each is for (None: all)."""
PANEL = ("lead-1", "moderator-1", "moderator-2")
LATER = "What was seen in the fieldwork says so."
CHALLENGES = (
    (
        "rating",
        "carers",
        "one source",
        "What the reports on adult services say carries all of it.",
    ),
    ("item", "E48", "not supported", "Which report says this?"),
)
SOURCES = (
    ("group-meeting-with-carers.md", "group_meeting", "2026-01-14", "carers", "Group meeting with carers"),
    ("case-file-7.md", "case_file", "2026-01-15", "older-people", "Case file 7"),
    ("cyfarfod-gofalwyr.md", "group_meeting", "2026-01-16", "carers", "Cyfarfod â gofalwyr"),
)
FOUND = (
    ("Most\nhad found the information line by chance.", 1, "weakness", "2", "getting-help", ""),
    (
        "Those who had got through said that the people on the line were\nfriendly and knew what they were"
        " talking about.",
        1,
        "strength",
        "2",
        "getting-help",
        "",
    ),
    (
        "Seven of the eleven had never been told that they could ask for an assessment of their own needs.",
        1,
        "weakness",
        "3",
        "carers assessment",
        "They are entitled to one, whoever they care for.",
    ),
    ("they were listened to, and it was written up within two weeks", 1, "strength", "2", "carers", ""),
    ("every new worker starts from the beginning", 1, "weakness", "2", "", ""),
    ("The referral was looked at on the day it came in.", 2, "strength", "2", "getting-help", ""),
    ("The views of the older person are set down in their own words.", 2, "strength", "2", "assessment", ""),
    ("was not asked about her own needs", 2, "weakness", "3", "carers", ""),
    ("signed by everybody concerned", 2, "strength", "1", "care-planning", ""),
    ("The review was due in October\nand took place in January", 2, "weakness", "2", "care-planning", ""),
    ("Nothing was said about the late review.", 2, "weakness", "2", "performance-management", ""),
    ("Dywedodd pedwar na chawsant wybodaeth yn Gymraeg.", 3, "weakness", "2", "", ""),
)
"""What reviewer-1 found: the words, the source they stand in, and what is made of them."""
SECOND = {
    "signed by everybody concerned": CodedAs("strength", 1, domains=("care-planning",)),
    "was not asked about her own needs": CodedAs("weakness", 3, domains=("carers",)),
}
"""What reviewer-2 made of some of it without seeing that; of the rest, important weaknesses of carers."""


@functools.cache
def at_work() -> Path:
    """The programme as it stands when all of this has been done, a minute for each step from Monday on."""
    steps = (MONDAY + timedelta(minutes=number) for number in count())
    folder = programme().parent / "at-work"
    folder.mkdir()
    path = Path(shutil.copy(programme(), folder / "programme.db"))
    db = open_programme(path)
    create_review(db, **read_review_file(TEXTS / "review.yml"), by="lead-1", at=next(steps))
    accounts = open_accounts(path, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    for name, roles in PEOPLE.items():
        add_user(db, name, by="administrator-1", at=next(steps))
        accounts.set_password(name, PASSWORD, at=next(steps))
        for role, review in roles:
            give_role(db, name, role, review, by="administrator-1", at=next(steps))
    _read_and_tag(db, find_review(db, "fieldwork"), steps)
    _decide(db, find_review(db, "wales-2004-08"), steps)
    db.conn.close()
    return path


def _read_and_tag(db: Database, review: Review, steps: Iterator[datetime]) -> None:
    """Findings of reviewer-1, some coded again by reviewer-2 and settled, others by reviewer-3 just now."""
    refs = []
    for name, kind, dated, strand, title in SOURCES:
        given = [GivenFile(name, (TEXTS / name).read_bytes())]
        details = SourceDetails(title=title, kind=kind, dated=dated, strand=strand)
        refs.append(add_sources(db, review, given, details, by="lead-1", at=next(steps)).added[0]["source"])
    for words, source, direction, significance, domains, note in FOUND:
        said = Said("", direction, significance, SOURCES[source - 1][3], tuple(domains.split()), note)
        passage = Passage(words)
        record_finding(db, review, refs[source - 1], passage, said, by="reviewer-1", at=next(steps))
    batch = draw_batch(db, review, coder="reviewer-2", items=6, seed=1, by="lead-1", at=next(steps))["number"]
    for row in items_to_code(db, review, batch, "reviewer-2"):
        made = SECOND.get(row["quote"], CodedAs("weakness", 2, domains=("carers",)))
        code_item(db, review, batch, row["item"], made, by="reviewer-2", at=next(steps))
    hand_in(db, review, batch, by="reviewer-2", at=next(steps))
    draw_batch(db, review, coder="reviewer-3", items=4, seed=2, by="lead-1", at=next(steps))


def _decide(db: Database, review: Review, steps: Iterator[datetime]) -> None:
    """The worked example challenged, put to a panel, overridden, approved, and assessed again."""
    raised = [
        raise_challenge(db, review, kind, target, ground=ground, text=text, by="moderator-1", at=next(steps))
        for kind, target, ground, text in CHALLENGES
    ]
    first, second = (challenge["number"] for challenge in raised)
    reply_to_challenge(db, first, text="We looked: see E48.", by="lead-1", at=next(steps))
    because = "It could not be found in the source."
    withdraw_item(db, review, 48, by="lead-1", because=because, at=next(steps))
    close_challenge(db, second, "upheld", because=because, changed=["E48"], by="moderator-1", at=next(steps))
    panels = {"workforce": ("uncertainly", "well", "uncertainly"), "leadership": ("well",)}
    for target, levels in panels.items():
        open_panel(db, review, target, PANEL, by="lead-1", at=next(steps))
        for name, level in zip(PANEL, levels, strict=False):
            vote(db, review, target, level, because="As I read it.", by=name, at=next(steps))
    override(db, review, "independence", "inconsistent", by="lead-1", because=LATER, at=next(steps))
    approve(db, review, "independence", by="moderator-1", at=next(steps))
    override(db, review, "resources", "well", by="moderator-1", because=LATER, at=next(steps))
    policy = load_policy(review.framework.id)
    at = next(steps)
    assess(db, review, policy, on=at.date(), by="lead-1", at=at, use_engine=False)
    accept(db, review, "commissioning", by="moderator-1", at=next(steps))
