"""Users and their roles: who signs in, and what they are to which review. Nothing is deleted.

Passwords and sessions are not here but in a file of their own (programme.accounts), which no page shows.
"""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from typing import TypedDict

from programme.actions import ProgrammeAction
from programme.database import PROGRAM, Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.permissions import MAY, OWNER, Action, Held, Role, make_actor
from programme.reviews import find_review
from programme.seals import columns_of
from rules.errors import UnknownName, UserInvalid, suggest
from rules.remedy import Give, LeaveOut, Part
from rules.words import listed

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*")
LONGEST = 60
USERS = """
select u.name, u.disabled_event is not null as disabled, e.at as added_at, e.by as added_by
from user u join event e on e.id = u.added_event order by u.name
"""
ROLES = """
select u.name, r.role, v.key as review, e.at, e.by
from user_role r join user u on u.id = r.user_id join event e on e.id = r.added_event
left join review v on v.id = r.review_id
where r.withdrawn_event is null order by u.name, v.key, r.role
"""


def add_user(
    db: Database, name: str, *, role: str | None = None, review: str | None = None, by: str, at: datetime
) -> None:
    """Add a user, with a role if one is given.

    Raises UserInvalid for a name that will not do or is taken (also by a disabled user), UnknownName for a
    role or review there is not.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST or name in (OWNER, PROGRAM):
        raise UserInvalid(
            f"{name!r} cannot be a user's name",
            hint="Use lower-case letters and digits, parts joined by - or ., e.g. reviewer-1.",
        )
    if role is None and review is not None:
        raise UserInvalid("a review was given without a role in it", remedies=[Give(Part.ROLE)])
    with transaction(db):
        if one(db, "select 1 from user where name = ?", [name]):
            raise UserInvalid(
                f"there is already a user {name!r}", hint="Names are never used twice. Choose another name."
            )
        act = Act(ProgrammeAction.ADD_USER, by, at, target=name)
        event = add_event(db, act, after={"disabled": False})
        insert(db, "user", {"name": name, "added_event": event})
        if role is not None:
            _give(db, name, _held(role, review), by=by, at=at)


def disable_user(db: Database, name: str, *, by: str, because: str, at: datetime) -> None:
    """Disable a user for good: no sign-in and no session from then on; what they did stays."""
    with transaction(db):
        number = _number(db, name)
        act = Act(ProgrammeAction.DISABLE_USER, by, at, target=name, because=because)
        event = add_event(db, act, before={"disabled": False}, after={"disabled": True})
        db.conn.execute("update user set disabled_event = ? where id = ?", [event, number])


def give_role(db: Database, name: str, role: str, review: str | None, *, by: str, at: datetime) -> None:
    """Give a user a role for one review, or (with None) for all; raises UnknownName or UserInvalid."""
    with transaction(db):
        _give(db, name, _held(role, review), by=by, at=at)


def _give(db: Database, name: str, held: Held, *, by: str, at: datetime) -> None:
    number, review_id = _number(db, name), _review_id(db, held.review)
    if held in held_by(db, name):
        raise UserInvalid(f"{name} is already {_said(held)}")
    act = Act(ProgrammeAction.GIVE_ROLE, by, at, review_id, target=name)
    event = add_event(db, act, after={"role": held.role, "review": held.review})
    row = {"user_id": number, "review_id": review_id, "role": held.role, "added_event": event}
    insert(db, "user_role", row)


def take_role(db: Database, name: str, role: str, review: str | None, *, by: str, at: datetime) -> None:
    """Take a role from a user; raises UnknownName or UserInvalid where it is not held."""
    held = _held(role, review)
    with transaction(db):
        number, review_id = _number(db, name), _review_id(db, review)
        if held not in (mine := held_by(db, name)):
            has = ", ".join(sorted(map(_said, mine))) or "nothing"
            raise UserInvalid(f"{name} is not {_said(held)}", hint=f"{name} is: {has}.")
        act = Act(ProgrammeAction.TAKE_ROLE, by, at, review_id, target=name)
        event = add_event(db, act, before={"role": held.role, "review": review})
        db.conn.execute(
            "update user_role set withdrawn_event = ? where user_id = ? and role = ? and review_id is ?"
            " and withdrawn_event is null",
            [event, number, held.role, review_id],
        )


def held_by(db: Database, name: str) -> frozenset[Held]:
    """The roles that a user holds now; none for one who is disabled or does not exist."""
    found = db.conn.execute(HELD, [name])
    return frozenset(Held(Role(role), review) for role, review in found)


HELD = """
select r.role, v.key from user_role r join user u on u.id = r.user_id left join review v on v.id = r.review_id
where u.name = ? and u.disabled_event is null and r.withdrawn_event is null
"""


def is_user(db: Database, name: str) -> bool:
    """Whether there is such a user, not disabled."""
    return bool(one(db, "select 1 from user where name = ? and disabled_event is null", [name]))


def check_user(db: Database, name: str) -> None:
    """Raise UnknownName where there is no such user, UserInvalid where they are disabled."""
    _number(db, name)


def check_by(db: Database, by: str) -> None:
    """Raise UserInvalid unless `by` names a user, once somebody holds a role in the programme.

    The owner of the machine may act as `OWNER`, as on the pages.
    """
    if by == OWNER or is_user(db, by) or not one(db, HOLDERS):
        return
    names = [name for (name,) in db.execute(ENABLED).fetchall()]
    if one(db, "select 1 from user where name = ?", [by]):
        raise UserInvalid(f"the user {by} was disabled", remedies=[Give(Part.PERSON, _nearest(by, names))])
    if not by.strip():
        raise UserInvalid("who does this is missing", remedies=[Give(Part.PERSON, _nearest(by, names))])
    raise UserInvalid(
        f"there is no user {by!r}, and only users can act once there are users",
        hint=suggest(by, names),
        remedies=[Give(Part.PERSON, _nearest(by, names))],
    )


def check_may(db: Database, by: str, action: Action, review: str, what: str) -> None:
    """Raise UserInvalid where a user may not do something to a review; `what` says it: 'clear the report'.

    While there are no users, and for the owner of the machine, nobody is refused.
    """
    if by == OWNER or not _has_holders(db) or make_actor(by, held_by(db, by)).may(action, review):
        return
    check_by(db, by)
    roles = listed(sorted(role.value for role in MAY[action]), "or")
    raise UserInvalid(f"{by} may not {what} of {review}: that is for its {roles}")


def names_of_users(db: Database) -> frozenset[str] | None:
    """The names that people may be credited under, those of disabled users too; None while there are none.

    There are users once somebody holds a role in the programme.
    """
    if not _has_holders(db):
        return None
    return frozenset(name for (name,) in db.execute("select name from user").fetchall()) | {OWNER}


def check_assigned(db: Database, name: str) -> None:
    """Raise UserInvalid unless work can be given to this person: a user, once there are users."""
    if not _has_holders(db) or is_user(db, name):
        return
    names = [one_name for (one_name,) in db.execute(ENABLED).fetchall()]
    if one(db, "select 1 from user where name = ?", [name]):
        raise UserInvalid(f"the user {name} was disabled", hint=suggest(name, names))
    raise UserInvalid(
        f"there is no user {name!r}, and only users can be given work once there are users",
        hint=suggest(name, names),
    )


def _has_holders(db: Database) -> bool:
    """Whether somebody holds a role; nobody does in a file that has the tables of evidence alone."""
    return bool(columns_of(db.conn, "user_role") and one(db, HOLDERS))


HOLDERS = """
select 1 from user_role r join user u on u.id = r.user_id
where r.withdrawn_event is null and u.disabled_event is null limit 1
"""
ENABLED = "select name from user where disabled_event is null order by name"


def _nearest(name: str, names: list[str]) -> tuple[str, ...]:
    """Names to give instead: the ones most like it, and the owner's."""
    return (*difflib.get_close_matches(name.casefold(), names, n=2, cutoff=0.6), OWNER)


class RoleListed(TypedDict):
    """A role that a user holds."""

    role: str
    review: str | None
    """None: in all reviews."""
    at: str
    by: str


class UserListed(TypedDict):
    """A user with the roles they hold."""

    name: str
    disabled: bool
    added_at: str
    added_by: str
    roles: list[RoleListed]


class _User(TypedDict):
    name: str
    disabled: int
    added_at: str
    added_by: str


class _RoleRow(RoleListed):
    name: str


def list_users(db: Database) -> list[UserListed]:
    """All users by name."""
    roles: dict[str, list[RoleListed]] = {}
    for row in rows_as(_RoleRow, db, ROLES):
        held: RoleListed = {"role": row["role"], "review": row["review"], "at": row["at"], "by": row["by"]}
        roles.setdefault(row["name"], []).append(held)
    return [
        {
            "name": user["name"],
            "disabled": bool(user["disabled"]),
            "added_at": user["added_at"],
            "added_by": user["added_by"],
            "roles": roles.get(user["name"], []),
        }
        for user in rows_as(_User, db, USERS)
    ]


def _number(db: Database, name: str) -> int:
    found = rows(db, "select id, disabled_event from user where name = ?", [name])
    if not found:
        raise UnknownName("user", name, [row["name"] for row in rows(db, "select name from user")])
    if found[0]["disabled_event"] is not None:
        raise UserInvalid(f"the user {name} was disabled", hint="Add them under another name.")
    return int(found[0]["id"])


def _review_id(db: Database, review: str | None) -> int | None:
    return None if review is None else find_review(db, review).id


def _held(role: str, review: str | None) -> Held:
    if role not in list(Role):
        raise UnknownName("role", role, list(Role))
    if role == Role.ADMINISTRATOR and review is not None:
        raise UserInvalid(
            "the role of administrator is for the whole programme", remedies=[LeaveOut(Part.REVIEW)]
        )
    return Held(Role(role), review)


def _said(held: Held) -> str:
    return f"{held.role} of {held.review or 'all reviews'}"
