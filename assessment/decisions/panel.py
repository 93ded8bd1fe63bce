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
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median_high, median_low
from typing import Any

from assessment.actions import AssessmentAction
from assessment.runs.recorded import latest_run
from programme.database import Database, add_event, insert, one, rows, transaction
from programme.names import check_person, check_words, same_person
from programme.reviews import Review
from rules.errors import DecisionRefused
from rules.framework import in_language
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


def open_panel(
    db: Database, review: Review, target: str, members: Sequence[str], *, by: str, at: datetime
) -> dict[str, Any]:
    """Open a panel on a domain or question; returns it as `show_panels` does.

    Raises UnknownName, and DecisionRefused with fewer than two members, a member named twice, or while
    another panel is voting on the same.
    """
    review.framework.check_target(target)
    by = check_person(by, "a panel")
    names = [check_person(name, "a place on a panel") for name in members]
    twice = [name for at_, name in enumerate(names) if any(same_person(name, n) for n in names[:at_])]
    if twice:
        raise DecisionRefused(f"{twice[0]} is named twice as a member of the panel")
    if len(names) < FEWEST_MEMBERS:
        raise DecisionRefused("a panel needs at least two members", remedies=[Give(Part.MEMBERS)])
    with transaction(db):
        if one(db, OPEN, [review.id, target]) is not None:
            raise DecisionRefused(
                f"a panel is voting on {target} already",
                remedies=[ShowPanel(review.key, target)],
            )
        run = latest_run(db, review)
        event = add_event(
            db,
            at=at,
            by=by,
            action=AssessmentAction.OPEN_PANEL,
            review_id=review.id,
            target=target,
            detail={"run": run},
            after={"members": names},
        )
        row = {"review_id": review.id, "target": target, "on_run_id": run, "by": by, "added_event": event}
        number = insert(db, "panel", row)
        for name in names:
            insert(db, "panel_member", {"panel_id": number, "name": name})
    return show_panels(db, review, target, to=by)[-1]


def vote(
    db: Database, review: Review, target: str, level_id: str, *, by: str, at: datetime, because: str = ""
) -> dict[str, Any]:
    """Give a member's first vote; returns the panel as the voter sees it.

    Raises UnknownName for a level, and DecisionRefused where no panel is voting, or for somebody who is no
    member or has voted. The event records that the member voted, not what.
    """
    level = review.framework.level_number(target, level_id)
    by = check_person(by, "a vote")
    with transaction(db):
        number = _open_panel(db, review, target)
        members = rows(db, MEMBERS, [json.dumps([number])])
        mine = next((member for member in members if same_person(member["name"], by)), None)
        if mine is None:
            raise DecisionRefused(
                f"{by} is no member of the panel on {target}",
                hint=f"Its members: {', '.join(member['name'] for member in members)}.",
            )
        if mine["at"] is not None:
            raise DecisionRefused(
                f"{mine['name']} has voted on {target} already", hint="A first vote is not changed."
            )
        event = add_event(
            db,
            at=at,
            by=by,
            action=AssessmentAction.VOTE,
            review_id=review.id,
            target=target,
            detail={"panel": number},
            before={"voted": False},
            after={"voted": True},
        )
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


def close_panel(
    db: Database, review: Review, target: str, *, by: str, because: str, at: datetime
) -> dict[str, Any]:
    """Close a panel before all have voted; returns it with the votes there are. Raises DecisionRefused."""
    review.framework.check_target(target)
    by, because = check_person(by, "the end of a panel"), check_words(because, "closing a panel early")
    with transaction(db):
        number = _open_panel(db, review, target)
        members = rows(db, MEMBERS, [json.dumps([number])])
        missing = [member["name"] for member in members if member["at"] is None]
        event = add_event(
            db,
            at=at,
            by=by,
            action=AssessmentAction.CLOSE_PANEL,
            review_id=review.id,
            target=target,
            because=because,
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
        raise DecisionRefused(f"no panel is voting on {target}", remedies=[OpenPanel(review.key, target)])
    return int(number)


def show_panels(
    db: Database, review: Review, target: str | None = None, *, to: str | None = None
) -> list[dict[str, Any]]:
    """The panels of a review (on one domain or question, if given), as the person `to` may see them.

    A panel is {number, target, title, state: open, complete or closed early, by, at, run, proposed: by that
    run, members: {name, voted_at or None}, waiting_for: the names of those still to vote (or who did not),
    own_vote: None or {level, level_title, because} of `to`, closed: None or {by, at, because}, votes,
    spread}. While it is open, `votes` is empty and `spread` None. Then `votes` are {member, level,
    level_title, because}, worst first, and `spread` {votes, median: one level title or two, range: the lowest
    and the highest, agreed: whether all gave the same}; None where nobody voted. `own_vote` is None, too, on
    a connection for which votes are hidden (see `programme.hidden`).
    """
    if target is not None:
        review.framework.check_target(target)
    found = [
        row
        for row in rows(db, PANELS, {"review": review.id, "target": target})
        if row["target"] in review.framework.question_of
    ]
    if not found:
        return []
    numbers = json.dumps([row["number"] for row in found])
    members, votes = _by_panel(rows(db, MEMBERS, [numbers])), _by_panel(rows(db, SHOWN, [numbers]))
    own = _own_votes(db, members.values(), to) if to is not None else {}
    return [
        _shown(review, row, members.get(row["number"], []), votes.get(row["number"], []), own)
        for row in found
    ]


def _by_panel(found: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    by_panel: dict[int, list[dict[str, Any]]] = {}
    for row in found:
        by_panel.setdefault(row["panel_id"], []).append(row)
    return by_panel


def _own_votes(db: Database, panels: Iterable[list[dict[str, Any]]], to: str) -> dict[int, dict[str, Any]]:
    """The vote of a person, by the number of the panel on which they gave it."""
    places = {}
    for members in panels:
        mine = next((m for m in members if m["at"] and same_person(m["name"], to)), None)
        if mine:
            places[mine["id"]] = mine["panel_id"]
    found = rows(db, OWN, [json.dumps(list(places))]) if places else []
    return {places[row["member_id"]]: row for row in found}


def _shown(
    review: Review,
    row: dict[str, Any],
    members: list[dict[str, Any]],
    votes: list[dict[str, Any]],
    own: dict[int, dict[str, Any]],
) -> dict[str, Any]:
    target = row["target"]
    closed = {name: row.pop(f"closed_{name}") for name in ("by", "at", "because")}
    return {
        **row,
        "title": review.framework.title_of(target),
        "members": [{"name": member["name"], "voted_at": member["at"]} for member in members],
        "waiting_for": [member["name"] for member in members if member["at"] is None],
        "own_vote": _own_vote(review, target, own.get(row["number"])),
        "closed": closed if closed["by"] else None,
        "votes": [{"member": vote["member"], **_vote(review, target, vote)} for vote in votes],
        "spread": _spread(review, target, [vote["level"] for vote in votes]),
    }


def _own_vote(review: Review, target: str, own: dict[str, Any] | None) -> dict[str, Any] | None:
    return _vote(review, target, own) if own and own["level_key"] else None


def _vote(review: Review, target: str, row: dict[str, Any]) -> dict[str, Any]:
    level = row["level_key"]
    return {"level": level, "level_title": _title(review, target, level), "because": row["because"]}


def _title(review: Review, target: str, level_id: str) -> str:
    number = review.framework.level_number(target, level_id)
    return in_language(review.framework.level(target, number).title)


def _spread(review: Review, target: str, levels: Sequence[int]) -> dict[str, Any] | None:
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
