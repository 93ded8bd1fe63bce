"""What a form was shown with, compared with what is there when it comes in.

Every form carries the number of the last event at the time its page was read (`SHOWN`), and declares what it
rests on (`RestsOn`): a function that finds it as it was at an event, part by part. When the form comes in,
both states are found, that of then and that of now, in the transaction of the change:

- What nobody changed since is as the form says.
- A part that somebody else changed, and the form leaves as it was shown, stays as they made it.
- Of a field with several values (`ticks`) what they added or took away is kept beside what the form adds or
  takes away.
- What both changed differently, and what the form was only decided on (a part that is no field of it), is not
  done: `ChangedMeanwhile` shows every part as it was, as it is now and as it was typed, side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from programme.database import Database, last_event, rows
from rules.errors import ReviewError
from rules.words import listed

if TYPE_CHECKING:
    from joint_review.web.forms import Sent

SHOWN = "shown_at"
"""The field in which every form carries the number of the last event when it was shown."""


@dataclass(frozen=True)
class Part:
    """One part of what a form rests on: a field of it, or something that its page shows."""

    title: str
    """Empty for one that nobody need be told of: which row it is that counts now."""
    values: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """How people read the values; those that are not there are shown as they are."""

    def words(self, values: Sequence[str]) -> str:
        """Values as people read them."""
        return ", ".join(self.names.get(value, value) for value in values)


@dataclass(frozen=True)
class State:
    """What a form rests on, at an event."""

    parts: Mapping[str, Part]
    event: int | None = None
    """The event that made it so, for whoever is to be told who changed it and when."""


@dataclass(frozen=True)
class RestsOn:
    """What a form rests on: how it is found, and which parts are fields of the form."""

    find: Callable[[Database, Sent, int], State]
    """Given the form and the number of an event: the state at that event."""
    fields: tuple[str, ...] = ()
    """Parts that are fields with one value, which takes the place of what is there."""
    ticks: tuple[str, ...] = ()
    """Parts that are fields with several values, each for itself."""


class Beside(TypedDict):
    """A part as it was when the form was shown, as it is now, and as it was typed."""

    title: str
    was: str
    now: str
    yours: str
    differs: bool
    """Whether somebody else changed it."""


class ChangedMeanwhile(ReviewError):
    """What a form rests on has changed since it was shown, so that doing it would overwrite something."""

    def __init__(
        self, by: str, at: str, beside: list[Beside], kept: Mapping[str, Sequence[str]], event: int
    ) -> None:
        who = f"{by} changed it" if by else "it was changed"
        super().__init__(
            f"while you had this form open, {who}, so nothing was saved",
            hint="Compare the columns below. If the form is still there, send it again to save it as typed.",
        )
        self.by, self.at, self.beside, self.event = by, at, beside, event
        self.kept = kept
        """The fields as typed, with what others changed in those that were left as they were shown."""


class SetBack(ReviewError):
    """The database holds fewer events than when a form was shown."""


@dataclass(frozen=True)
class Merged:
    """A form with what others changed meanwhile."""

    sent: Sent
    kept: tuple[str, ...] = ()
    """Titles of the parts that others changed and that stay as they made them."""

    @property
    def words(self) -> str:
        """A sentence for who sent the form; empty where nothing was changed meanwhile."""
        return f" Changed by others meanwhile, and kept: {listed(self.kept)}." if self.kept else ""


def merge(db: Database, sent: Sent, rests_on: RestsOn | None) -> Merged:
    """The form as it is to be done now; raises ChangedMeanwhile where doing it would overwrite something.

    A form that carries no number of an event (a program's) is done as it is.
    """
    shown = sent.whole(SHOWN)
    if shown is None or rests_on is None:
        return Merged(sent)
    last = last_event(db)
    if shown > last:
        raise SetBack(
            "the database was restored from a backup while you had this form open, so nothing was saved",
            hint="Look at what is there now. To save what you typed, send the form again.",
        )
    if shown == last:
        return Merged(sent)
    was, now = rests_on.find(db, sent, shown), rests_on.find(db, sent, last)
    return _merged(db, sent, rests_on, was, now, last)


def _merged(db: Database, sent: Sent, rests_on: RestsOn, was: State, now: State, last: int) -> Merged:
    fields, kept, clash = dict(sent.fields), [], False
    for name in dict.fromkeys((*now.parts, *was.parts)):
        before, after = _values(was, name), _values(now, name)
        if before == after:
            continue
        title = (now.parts.get(name) or was.parts[name]).title
        mine = _normal(sent.texts(name))
        if name in rests_on.ticks:
            added = [value for value in after if value not in before and value not in mine]
            fields[name] = [value for value in mine if value not in before or value in after] + added
            kept.append(title)
        elif name in rests_on.fields and mine == before:
            fields[name] = list(now.parts[name].values) if name in now.parts else []
            kept.append(title)
        elif name not in rests_on.fields or mine != after:
            clash = True
    if clash:
        later = "select by, at from event where id = ? and id > ?"
        who = rows(db, later, [now.event, sent.whole(SHOWN)])
        by, at = (who[0]["by"], who[0]["at"]) if who else ("", "")
        raise ChangedMeanwhile(by, at, list(_beside(sent, rests_on, was, now)), fields, last)
    return Merged(replace(sent, fields=fields), tuple(title for title in kept if title))


def _values(state: State, name: str) -> tuple[str, ...]:
    return _normal(state.parts[name].values) if name in state.parts else ()


def _normal(values: Sequence[str]) -> tuple[str, ...]:
    """Values as a form sends them back: fields of one line hold no line ends."""
    return tuple(text for text in (" ".join(value.split()) for value in values) if text)


def _beside(sent: Sent, rests_on: RestsOn, was: State, now: State) -> Iterator[Beside]:
    for name in dict.fromkeys((*was.parts, *now.parts)):
        part = now.parts.get(name) or was.parts[name]
        before, after = _values(was, name), _values(now, name)
        mine = _normal(sent.texts(name)) if name in (*rests_on.fields, *rests_on.ticks) else ()
        if part.title and (before != after or (mine and set(mine) != set(before))):
            yield {
                "title": part.title,
                "was": part.words(before),
                "now": part.words(after),
                "yours": part.words(mine),
                "differs": before != after,
            }
