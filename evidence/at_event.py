"""What counted at an event, as SQL: added by then, and not withdrawn by then.

Everything that counts has an event that added it and, once it is withdrawn, one that withdrew it
(`added_event`, `withdrawn_event`). A run names the last event it looked at. The functions here give a
condition for a table's alias and an event: a parameter (`:event`) or a column (`r.evidence_event`).
"""

from __future__ import annotations

DETAILS_OF_SOURCE = ("ref", "title", "kind", "dated", "status", "strand")
"""What can be corrected of a source: the columns of `source_was` that say something of it."""
PUBLISHED = "(e.kind = 'finding' or e.value is not null)"
"""SQL: the item `e` is a finding, or a number that is published; any other counts for nothing."""


def added_by(alias: str, event: str) -> str:
    """SQL: the row had been added by the event."""
    return f"{alias}.added_event <= {event}"


def not_withdrawn_by(alias: str, event: str) -> str:
    """SQL: the row had not been withdrawn by the event."""
    return f"({alias}.withdrawn_event is null or {alias}.withdrawn_event > {event})"


def counted_at(alias: str, event: str) -> str:
    """SQL: the row counted at the event."""
    return f"{added_by(alias, event)} and {not_withdrawn_by(alias, event)}"


def source_at(event: str) -> str:
    """SQL, in place of the table `source`: the sources with the details they had at the event.

    Later corrections are left out; the digest is the one of these details. `event` is a parameter.
    """
    said = ", ".join(f"{detail_then('o', name)} as {name}" for name in (*DETAILS_OF_SOURCE, "digest"))
    joined = was_of_source("o", event)
    return f"(select o.id, o.review_id, o.reference, o.added_event, {said} from source o {joined})"


def was_of_source(alias: str, event: str) -> str:
    """SQL: joined to a source, what its details were until its first correction after the event, if any."""
    was = f"{alias}_was"
    return (
        f"left join source_was {was} on {was}.id = (select min(x.id) from source_was x"
        f" where x.source_id = {alias}.id and x.added_event > {event})"
    )


def detail_then(alias: str, name: str) -> str:
    """SQL: a detail of a source that `was_of_source` is joined to, as it was at the event."""
    return f"iif({alias}_was.id is null, {alias}.{name}, {alias}_was.{name})"


COUNTED_PAIRS = f"""
from evidence e
join tag t on t.evidence_id = e.id
join domain d on d.id = t.domain_id
join {source_at(":event")} s on s.id = e.source_id
where e.review_id = :review
  and {counted_at("e", ":event")}
  and {counted_at("t", ":event")}
  and {PUBLISHED}
"""
"""SQL: every item `e` of a review with a domain `d` that its tag `t` ties it to, and its source `s`.

Numbers that are not published are not among them: they count for nothing, whatever is measured.
"""


PLACED_SINCE = """(
  select coalesce(max(id), 0) from event where action = 'upgrade' and instr(after, '"place_periods"'))"""
"""SQL: the event from which periods are read as times; 0 in a file in which they always were."""


def sorted_by(item: str = "e", dated: str = "s.dated") -> str:
    """SQL: what the period of a number is sorted by, as `programme.periods.Period.key` has it.

    `dated` is the date of its source: without a period it is as old as that, to the day; empty where nothing
    says when it was.
    """
    return (
        f"coalesce({item}.ends || ' ' || {item}.begins, {item}.turn,"
        f" case {item}.period when '' then {dated} || ' ' || {dated} end, '')"
    )


def sorted_by_words(item: str = "e", dated: str = "s.dated") -> str:
    """SQL: what periods were sorted by before they were read as times: by their words, or the year."""
    return f"coalesce(nullif({item}.period, ''), substr({dated}, 1, 4), '')"


def sorted_at(event: str, item: str = "e", dated: str = "s.dated") -> str:
    """SQL: what the period of a number was sorted by at an event."""
    since = f"{event} >= {PLACED_SINCE}"
    return f"case when {since} then {sorted_by(item, dated)} else {sorted_by_words(item, dated)} end"


OUTSIDE = """(
  case e.period when '' then s.dated else e.ends end < :window_from
  or case e.period when '' then s.dated else e.begins end > :window_to)"""
"""SQL: no day of the period of the item `e`, or of its source `s`, is in the window; null if not known."""


def came_between(alias: str, after: str, until: str) -> str:
    """SQL: the row was added after one event, and still counted at a later one."""
    return f"({alias}.added_event > {after} and {counted_at(alias, until)})"


def went_between(alias: str, after: str, until: str) -> str:
    """SQL: the row had been added by one event, and was withdrawn after it, by a later one."""
    return (
        f"({added_by(alias, after)} and {alias}.withdrawn_event > {after}"
        f" and {alias}.withdrawn_event <= {until})"
    )
