"""Panels: members rate a domain or question independently before anybody sees another's rating.

Who opens a panel names its members. Each gives one first vote, which is not changed; until all have voted,
nothing here tells the level of a vote but to who gave it. Then the spread shows: the median, the range, and
who gave what. As levels are ordered and have no distances, the median is a level of the scale, or the two
levels between which it falls. A panel may be closed before all have voted, with a reason that stands in the
record; then the votes that there are show, and no more can be given. A panel decides nothing: its spread is
what people have before them when they accept or override the rating.

Votes are kept in `vote`, which nobody is to read, and are copied to `shown_vote` when the panel is complete
or closed. `programme.hidden` holds connections to that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median_high, median_low
from typing import TypedDict

from assessment.actions import AssessmentAction
from assessment.decisions.standing import rating_in_words
from assessment.runs.recorded import latest_run
from programme.database import Act, Database, add_event, insert, one, rows_as, transaction
from programme.names import check_person, check_words, same_person
from programme.reviews import Review
from programme.users import check_assigned
from rules.errors import DecisionRefused
from rules.framework import in_language
from rules.limits import MOST_NAMED
from rules.remedy import Give, OpenPanel, Part, ShowPanel

FEWEST_MEMBERS = 2
PANELS = """
select p.id as number, p.target, s.state, p.by, a.at, p.on_run_id as run, x.proposed, c.by as closed_by,
  c.at as closed_at, c.because as closed_because
from panel p join panel_state s on s.id = p.id join event a on a.id = p.added_event
left join event c on c.id = p.closed_event
left join rating x on x.run_id = p.on_run_id and x.target = p.target
where p.review_id = :review and (:target is null or p.target = :target) order by p.id
"""
# Who is a member, and when they voted: not what.
MEMBERS = """
select m.panel_id, m.id, m.name, e.at from panel_member m left join vote v on v.member_id = m.id
left join event e on e.id = v.added_event
where m.panel_id in (select value from json_each(?)) order by m.id
"""
OPEN = "select id from panel_state where review_id = ? and target = ? and state = 'open'"
SHOWN = """
select panel_id, member, level, level_key, because from shown_vote
where panel_id in (select value from json_each(?)) order by level, member
"""
SHOW = """
insert into shown_vote (panel_id, vote_id, member, level, level_key, because, added_event)
select m.panel_id, v.id, m.name, v.level, v.level_key, v.because, :event
from vote v join panel_member m on m.id = v.member_id where m.panel_id = :panel order by v.level, m.name
"""
OWN = "select member_id, level_key, because from vote where member_id in (select value from json_each(?))"


class Member(TypedDict):
    """A member of a panel, and when they voted, if they have."""

    name: str
    voted_at: str | None


class OwnVote(TypedDict):
    """A vote as who gave it sees it."""

    level: str
    level_title: str
    because: str


class Vote(TypedDict):
    """A vote as everybody sees it once all have voted, or the panel was closed."""

    member: str
    level: str
    level_title: str
    because: str


class Closed(TypedDict):
    """By whom, when and why a panel was closed early."""

    by: str
    at: str
    because: str


class Spread(TypedDict):
    """How far the votes lie apart."""

    votes: int
    median: list[str]
    """The title of one level, or of the two between which it falls."""
    range: list[str]
    """The titles of the lowest and the highest."""
    agreed: bool
    """Whether all gave the same."""


class Opened(TypedDict):
    """A panel as it was opened."""

    number: int
    target: str
    state: str
    """open, complete or closed early."""
    by: str
    at: str
    run: int | None
    proposed: str | None
    """By that run."""


class Panel(Opened):
    """A panel as one person may see it."""

    title: str
    members: list[Member]
    waiting_for: list[str]
    """The names of those still to vote (or who did not)."""
    own_vote: OwnVote | None
    """None, too, on a connection for which votes are hidden (see `programme.hidden`)."""
    closed: Closed | None
    votes: list[Vote]
    """The worst first; none while it is open."""
    spread: Spread | None
    """None while it is open, and where nobody voted."""


class _PanelRow(Opened):
    closed_by: str | None
    closed_at: str
    closed_because: str


class _MemberRow(TypedDict):
    panel_id: int
    id: int
    name: str
    at: str | None


class _VoteRow(TypedDict):
    panel_id: int
    member: str
    level: int
    level_key: str
    because: str


class _OwnRow(TypedDict):
    member_id: int
    level_key: str | None
    """None where votes are hidden."""
    because: str


def open_panel(
    db: Database, review: Review, target: str, members: Sequence[str], *, by: str, at: datetime
) -> Panel:
    """Open a panel on a domain or question; returns it as `show_panels` does.

    Raises UnknownName, and DecisionRefused with fewer than two members, a member named twice, or while
    another panel is voting on the same.
    """
    review.framework.check_target(target)
    by = check_person(by, "a panel")
    if len(members) > MOST_NAMED:
        raise DecisionRefused(
            f"{len(members):,} members were named; a panel has at most {MOST_NAMED}", hint="Name fewer."
        )
    names = [check_person(name, "a place on a panel") for name in members]
    for name in names:
        check_assigned(db, name)
    twice = [name for at_, name in enumerate(names) if any(same_person(name, n) for n in names[:at_])]
    if twice:
        raise DecisionRefused(f"{twice[0]} is named twice as a member of the panel")
    if len(names) < FEWEST_MEMBERS:
        raise DecisionRefused("a panel needs at least two members", remedies=[Give(Part.MEMBERS)])
    with transaction(db):
        if one(db, OPEN, [review.id, target]) is not None:
            raise DecisionRefused(
                f"a panel is already voting on {rating_in_words(review.framework, target)}",
                remedies=[ShowPanel(review.key, target)],
            )
        run = latest_run(db, review)
        act = Act(AssessmentAction.OPEN_PANEL, by, at, review.id, target=target)
        event = add_event(db, act, detail={"run": run}, after={"members": names})
        row = {"review_id": review.id, "target": target, "on_run_id": run, "by": by, "added_event": event}
        number = insert(db, "panel", row)
        for name in names:
            insert(db, "panel_member", {"panel_id": number, "name": name})
    return show_panels(db, review, target, to=by)[-1]


def vote(
    db: Database, review: Review, target: str, level_id: str, *, by: str, at: datetime, because: str = ""
) -> Panel:
    """Give a member's first vote; returns the panel as the voter sees it.

    Raises UnknownName for a level, and DecisionRefused where no panel is voting, or for somebody who is no
    member or has voted. The event records that the member voted, not what.
    """
    level = review.framework.level_number(target, level_id)
    by = check_person(by, "a vote")
    with transaction(db):
        number = _open_panel(db, review, target)
        members = rows_as(_MemberRow, db, MEMBERS, [json.dumps([number])])
        mine = next((member for member in members if same_person(member["name"], by)), None)
        if mine is None:
            raise DecisionRefused(
                f"{by} is not a member of the panel on {rating_in_words(review.framework, target)}",
                hint=f"Its members: {', '.join(member['name'] for member in members)}.",
            )
        if mine["at"] is not None:
            raise DecisionRefused(
                f"{mine['name']} has already voted on {rating_in_words(review.framework, target)}",
                hint="A vote cannot be changed.",
            )
        act = Act(AssessmentAction.VOTE, by, at, review.id, target=target)
        event = add_event(db, act, detail={"panel": number}, before={"voted": False}, after={"voted": True})
        insert(
            db,
            "vote",
            {
                "member_id": mine["id"],
                "level": level,
                "level_key": level_id,
                "because": because.strip(),
                "added_event": event,
            },
        )
        if one(db, OPEN, [review.id, target]) is None:
            db.conn.execute(SHOW, {"panel": number, "event": event})
    return show_panels(db, review, target, to=by)[-1]


def close_panel(db: Database, review: Review, target: str, *, by: str, because: str, at: datetime) -> Panel:
    """Close a panel before all have voted; returns it with the votes there are. Raises DecisionRefused."""
    review.framework.check_target(target)
    by, because = check_person(by, "the end of a panel"), check_words(because, "closing a panel early")
    with transaction(db):
        number = _open_panel(db, review, target)
        members = rows_as(_MemberRow, db, MEMBERS, [json.dumps([number])])
        missing = [member["name"] for member in members if member["at"] is None]
        act = Act(AssessmentAction.CLOSE_PANEL, by, at, review.id, target=target, because=because)
        event = add_event(
            db,
            act,
            detail={"panel": number, "without": missing},
            before={"state": "open"},
            after={"state": "closed early"},
        )
        db.conn.execute("update panel set closed_event = ? where id = ?", [event, number])
        db.conn.execute(SHOW, {"panel": number, "event": event})
    return show_panels(db, review, target, to=by)[-1]


def _open_panel(db: Database, review: Review, target: str) -> int:
    number = one(db, OPEN, [review.id, target])
    if number is None:
        raise DecisionRefused(
            f"no panel is voting on {rating_in_words(review.framework, target)}",
            remedies=[OpenPanel(review.key, target)],
        )
    return int(number)


def show_panels(
    db: Database, review: Review, target: str | None = None, *, to: str | None = None
) -> list[Panel]:
    """The panels of a review (on one domain or question, if given), as the person `to` may see them."""
    if target is not None:
        review.framework.check_target(target)
    found = [
        row
        for row in rows_as(_PanelRow, db, PANELS, {"review": review.id, "target": target})
        if row["target"] in review.framework.question_of
    ]
    if not found:
        return []
    numbers = json.dumps([row["number"] for row in found])
    members: dict[int, list[_MemberRow]] = {}
    for member in rows_as(_MemberRow, db, MEMBERS, [numbers]):
        members.setdefault(member["panel_id"], []).append(member)
    votes: dict[int, list[_VoteRow]] = {}
    for given in rows_as(_VoteRow, db, SHOWN, [numbers]):
        votes.setdefault(given["panel_id"], []).append(given)
    own = _own_votes(db, members.values(), to) if to is not None else {}
    return [
        _shown(review, row, members.get(row["number"], []), votes.get(row["number"], []), own)
        for row in found
    ]


def _own_votes(db: Database, panels: Iterable[list[_MemberRow]], to: str) -> dict[int, _OwnRow]:
    """The vote of a person, by the number of the panel on which they gave it."""
    places = {}
    for members in panels:
        mine = next((m for m in members if m["at"] and same_person(m["name"], to)), None)
        if mine:
            places[mine["id"]] = mine["panel_id"]
    found = rows_as(_OwnRow, db, OWN, [json.dumps(list(places))]) if places else []
    return {places[row["member_id"]]: row for row in found}


def _shown(
    review: Review,
    row: _PanelRow,
    members: list[_MemberRow],
    votes: list[_VoteRow],
    own: Mapping[int, _OwnRow],
) -> Panel:
    target, closed_by = row["target"], row["closed_by"]
    closed: Closed | None = None
    if closed_by:
        closed = {"by": closed_by, "at": row["closed_at"], "because": row["closed_because"]}
    return {
        "number": row["number"],
        "target": target,
        "state": row["state"],
        "by": row["by"],
        "at": row["at"],
        "run": row["run"],
        "proposed": row["proposed"],
        "title": review.framework.title_of(target),
        "members": [{"name": member["name"], "voted_at": member["at"]} for member in members],
        "waiting_for": [member["name"] for member in members if member["at"] is None],
        "own_vote": _own_vote(review, target, own.get(row["number"])),
        "closed": closed,
        "votes": [
            {
                "member": vote["member"],
                "level": vote["level_key"],
                "level_title": _title(review, target, vote["level_key"]),
                "because": vote["because"],
            }
            for vote in votes
        ],
        "spread": _spread(review, target, [vote["level"] for vote in votes]),
    }


def _own_vote(review: Review, target: str, own: _OwnRow | None) -> OwnVote | None:
    if own is None or not own["level_key"]:
        return None
    level = own["level_key"]
    return {"level": level, "level_title": _title(review, target, level), "because": own["because"]}


def _title(review: Review, target: str, level_id: str) -> str:
    number = review.framework.level_number(target, level_id)
    return in_language(review.framework.level(target, number).title)


def _spread(review: Review, target: str, levels: Sequence[int]) -> Spread | None:
    if not levels:
        return None

    def titles(numbers: Iterable[int]) -> list[str]:
        return [in_language(review.framework.level(target, number).title) for number in numbers]

    return {
        "votes": len(levels),
        "median": titles(dict.fromkeys((median_low(levels), median_high(levels)))),
        "range": titles((min(levels), max(levels))),
        "agreed": min(levels) == max(levels),
    }
