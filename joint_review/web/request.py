"""What a request asks for: names from its path, values from its query string, checked in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any

from assessment.robustness.uncertainty import FEWEST
from joint_review.web.cache import BEYOND_PAGES, DRAWS, MOST_DRAWS
from pictures.plots import NARROW, WIDE
from programme.permissions import Action
from rules.errors import ReviewError, UnknownName

MOST_TEXTS = 20
"""How many things may be tried at once."""
PAIRS, MOST_PAIRS = 3, 50
"""Nearest pairs shown for every domain and question, unless told, and at most."""


class AskedWrongly(ReviewError):
    """The query string holds something that cannot be meant."""


@dataclass(frozen=True)
class Change:
    """What a reader wants to try."""

    without: tuple[str, ...] = ()
    """Sources, items, kinds of source, strands."""
    settings: tuple[str, ...] = ()
    """'carers.items=4', or 'items=4' for the target of the page."""


@dataclass(frozen=True)
class Asked:
    """A request as the pages need it: names from the path, values from the query string."""

    names: dict[str, str]
    values: Any
    seen: frozenset[str] | None
    """The reviews that who asks may see; None for all of them."""
    by: str = ""
    """Who asks."""
    may: frozenset[Action] = frozenset()
    """What they may do, to the review in the path."""
    reviews_of: Callable[[Action], frozenset[str] | None] = lambda action: frozenset()
    """The reviews to which they may do something; None for all of them."""

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number from 1; raises AskedWrongly."""
        text = self.values.get(name) or ""
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
            raise AskedWrongly(f"{name} must be a whole number from 1, not {text[:40]!r}")
        return int(text)

    def text(self, name: str) -> str:
        """A text; raises AskedWrongly when it is longer than anything one would type."""
        return next(iter(self.texts(name)), "")

    def texts(self, name: str) -> list[str]:
        """All texts of a name, the empty ones too; raises AskedWrongly for long ones, and for too many."""
        texts = [text.strip() for text in self.values.getlist(name)]
        if any(len(text) > 200 or "\0" in text for text in texts):
            raise AskedWrongly(f"{name} must be a text of at most 200 characters")
        if len(texts) > MOST_TEXTS:
            raise AskedWrongly(f"{name} may be given {MOST_TEXTS} times at most")
        return texts

    @property
    def page(self) -> int:
        """The page of a list."""
        return self.whole("page", 1) or 1

    @property
    def run(self) -> int | None:
        """The run asked for; None for the latest."""
        return self.whole("run")

    @property
    def language(self) -> str:
        """The language of titles; raises AskedWrongly."""
        text = self.text("lang") or "en"
        if not re.fullmatch("[a-z]{2}", text):
            raise AskedWrongly(f"lang must be a language like en or cy, not {text[:40]!r}")
        return text

    @property
    def draws(self) -> int:
        """How often to draw; raises AskedWrongly."""
        return self.draws_or(DRAWS)

    def draws_or(self, default: int) -> int:
        """How often to draw, unless told; raises AskedWrongly."""
        draws = self.whole("draws", default) or default
        if not FEWEST <= draws <= MOST_DRAWS:
            raise AskedWrongly(
                f"choose between {FEWEST} and {MOST_DRAWS:,} resamplings, not {draws:,}",
                hint=BEYOND_PAGES,
            )
        return draws

    @property
    def seed(self) -> int:
        """The seed of the draws; raises AskedWrongly."""
        text = self.text("seed") or "0"
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise AskedWrongly(f"seed must be a whole number from 0, not {text[:40]!r}")
        return int(text)

    @property
    def change(self) -> Change:
        """What to try: `without` (also with commas), and `set`, or `measure` and `value` as in the form."""
        without = [part.strip() for text in self.texts("without") for part in text.split(",")]
        pairs = zip_longest(self.texts("measure"), self.texts("value"), fillvalue="")
        settings = [*self.texts("set"), *(f"{name}={value}" for name, value in pairs if name or value)]
        return Change(tuple(part for part in without if part), tuple(text for text in settings if text))

    @property
    def until(self) -> date | None:
        """Up to which date runs count; None for all. Raises AskedWrongly."""
        text = self.text("until")
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise AskedWrongly(f"until must be a date like 2026-03-31, not {text[:40]!r}") from error

    @property
    def pairs(self) -> int:
        """How many nearest pairs are shown; raises AskedWrongly."""
        pairs = self.whole("nearest", PAIRS) or PAIRS
        if pairs > MOST_PAIRS:
            raise AskedWrongly(f"a page shows at most {MOST_PAIRS} of the most similar pairs, not {pairs:,}")
        return pairs

    @property
    def width(self) -> int:
        """How wide a picture is to be."""
        return NARROW if self.text("narrow") else WIDE

    @property
    def item(self) -> int:
        """The number of an item, written 12 or E12; raises UnknownName."""
        text = self.names["number"]
        if not re.fullmatch(r"[Ee]?[0-9]{1,15}", text):
            raise UnknownName("item", text, ["E1, E2, ..."])
        return int(text.lstrip("Ee"))
