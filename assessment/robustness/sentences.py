"""What would change a rating, in plain words: what the command and the pages both say."""

from __future__ import annotations

import math
from collections.abc import Iterator

from assessment.reasons.grid import CELL
from assessment.robustness.smallest import SmallestChanges
from assessment.robustness.smallest_evidence import FurtherFindings, Least, OtherAnswers, OtherScores
from assessment.robustness.whatif import Flip, LeftOut, Resting, TriedChange
from rules.errors import ReviewError
from rules.words import SIGNIFICANCE, many

LISTED = 10
"""How many rows of a kind are shown; the JSON holds all."""
MOVED = {
    "up": "Up",
    "down": "Down",
    "rated": "Gets a rating",
    "unrated": "Loses its rating",
    "aside": "One question up, the other down",
}
"""What each move is called, in the order in which they are told."""
TO_MOVE = {
    "up": "to move it up",
    "down": "to move it down",
    "rated": "to give it a rating",
    "unrated": "to leave it unrated",
    "aside": "to move one question up and the other down",
}
"""What the changes of each move do, after how few they are."""
NOTHING = "No change to up to three measures would move it"
PLURAL = {"strength": "strengths", "weakness": "weaknesses"}


def describe_smallest(smallest: SmallestChanges) -> str:
    """By how few measures a rating moves which way: a sentence on what `smallest_changes` found."""
    sets = smallest["measures"]
    counts = [
        f"{min(sizes)} {words}"
        for move, words in TO_MOVE.items()
        if (sizes := [one["size"] for one in sets if one["move"] == move])
    ]
    least = f"Fewest changes needed: {'; '.join(counts)}" if counts else NOTHING
    title = smallest["title"] + ("" if smallest["title"].endswith("?") else ":")
    return f"{title} {smallest['before']} in run {smallest['run']}. {least}."


def in_evidence(smallest: SmallestChanges) -> list[dict[str, str]]:
    """The smallest changes said in evidence: {move, said, after}; case files, then findings, answers."""
    found: list[tuple[Least, str]] = [
        *((one, _scores(one)) for one in smallest["scores"]),
        *((one, _findings(one)) for one in smallest["findings"]),
        *((one, _answers(one)) for one in smallest["answers"]),
    ]
    return [
        {"move": MOVED[one["move"]], "said": _of(one, smallest) + said, "after": one["after"]}
        for one, said in found
    ]


def _of(one: Least, smallest: SmallestChanges) -> str:
    return "" if one["target"] == smallest["target"] else f"{one['title']}: "


def _scores(one: OtherScores) -> str:
    met = f"{one['number']:,} {one['change']} of the {many(one['of'], 'case-file score')}"
    return f"{met} were {one['standard']:g} or more (now {one['met']:,})"


def _findings(one: FurtherFindings) -> str:
    what = one["direction"] if one["number"] == 1 else PLURAL[one["direction"]]
    was = "was" if one["number"] == 1 else "were"
    return f"{one['number']:,} more {what} ({SIGNIFICANCE[one['significance']]}) {was} found"


def _answers(one: OtherAnswers) -> str:
    who = f"{one['number']:,} {one['change']} of the {one['of']:,} who answered"
    return f"{who} '{one['question']}' ({one['item']}, {one['source']}) were positive"


def describe_position(tried: TriedChange) -> str:
    """What becomes of the position on the grid, by `assessment.robustness.whatif.try_change`: 'stays ...'."""
    position = next(one for one in tried["ratings"] if one["target"] == CELL)
    return f"moves to {position['after']}" if position["changed"] else f"stays {position['before']}"


class Turn(Flip):
    """What flips without one source or item."""

    without: str
    what: str
    """'source' or 'item'."""
    text: str


def flips(turns: LeftOut, target: str | None) -> Iterator[Turn]:
    """What flips without one source, then without one item, by `assessment.robustness.whatif.leave_one_out`.

    Only of this domain or question; of any for the cell and for None.
    """
    named = [
        *((one["source"], "source", one["title"], one["flips"]) for one in turns["by_source"]),
        *((one["item"], "item", one["text"], one["flips"]) for one in turns["by_item"]),
    ]
    for without, what, text, found in named:
        for flip in found:
            if target in (None, CELL, flip["target"]):
                yield {"without": without, "what": what, "text": text, **flip}


def resting(turns: LeftOut, target: str | None) -> list[Resting]:
    """What rests on one source, by the same: of this domain or question; of any for the cell and for None."""
    return [one for one in turns["rests_on_one_source"] if target in (None, CELL, one["target"])]


SETTING = "Write TARGET.MEASURE=VALUE, e.g. carers.kinds=3."


def read_setting(text: str, target: str | None, hint: str = SETTING) -> tuple[tuple[str, str], float | None]:
    """(domain, measure) and value of 'carers.items=4', or of 'items=4' for a target; None for 'none'.

    Raises ReviewError, with `hint` where the text sets no measure.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    domain, dot, measure = name.rpartition(".")
    default = None if target == CELL else target
    if not equals or not measure or (dot and not domain) or not (domain or default):
        raise ReviewError(f"{text!r} does not set a measure", hint=hint)
    which = (domain or default or "", measure)
    if value.lower() in ("none", "missing"):
        return which, None
    try:
        number = float(value.rstrip("%").strip())
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        said = f"{value!r} is not a number, in {text!r}" if value else f"no value is given for {name}"
        raise ReviewError(said, hint="Write a number, or 'none'.")
    return which, number
