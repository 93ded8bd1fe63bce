"""What ratings rest on, and what would be lost without a source, as pages say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from assessment.reasons.support import CELL, Share, Support, Supports
from assessment.robustness.whatif import Flip
from joint_review.web import wording
from joint_review.web.cache import TooLarge, Worked
from rules.errors import RunImpossible
from rules.framework import Framework

MOST_SOURCES, MOST_NEEDED = 100, 10
"""How many sources a page lists, and how many that something depends on."""


class SourceGives(TypedDict):
    """What a source gives a rating, and what becomes of it without."""

    source: str
    title: str
    kind: str
    items: int
    left: int
    """Items there are without it."""
    unmeasured: list[str]
    """Titles of measures with nothing left to count."""
    after: str | None
    """The rating without it, where it changes."""
    hidden: bool
    """Whether a person's rating counts, and only the proposal changes."""


class RestsOnOne(TypedDict):
    """A domain that rests on a single source, or kind of source."""

    target: str
    title: str
    on: str


class SupportShown(TypedDict):
    """What a rating rests on."""

    said: str
    """One sentence."""
    items: int
    sources: list[SourceGives]
    """Those that give most first, at most MOST_SOURCES."""
    more: int
    """How many are not listed."""
    needed: list[SourceGives]
    """Those of them without which something is lost, at most MOST_NEEDED."""
    more_needed: int
    tried: bool
    """Whether the ratings without each source are known."""
    one_source: list[RestsOnOne]
    one_kind: list[RestsOnOne]
    loose: int
    """Items tagged to no domain (of the cell)."""


class DomainResting(TypedDict):
    """A domain that rests on a source."""

    target: str
    title: str
    items: int
    left: int
    unmeasured: list[str]


class RestingOn(TypedDict):
    """What of the latest run rests on a source."""

    run: int
    domains: list[DomainResting]


def support_of(worked: Worked, framework: Framework, target: str, language: str) -> SupportShown | None:
    """What a target of a run rests on; None where the review is too large to tell on a page.

    Raises UnknownName.
    """
    if target != CELL[1]:
        framework.check_target(target)
    try:
        supports = worked.supports()
    except (RunImpossible, TooLarge):
        return None
    found = supports.targets[target]
    flips = _flips(worked, target)
    sources = [_source(framework, found, share, flips or {}, language) for share in found.shares]
    needed = [one for one in sources if one["after"] or one["unmeasured"] or not one["left"]]
    return {
        "said": _sentence(found),
        "items": found.items,
        "sources": sources[:MOST_SOURCES],
        "more": max(0, len(sources) - MOST_SOURCES),
        "needed": needed[:MOST_NEEDED],
        "more_needed": max(0, len(needed) - MOST_NEEDED),
        "tried": flips is not None,
        "one_source": list(_resting(framework, found.sole_source, language)),
        "one_kind": [
            {**one, "on": wording.SOURCE_KINDS[one["on"]].lower()}
            for one in _resting(framework, found.sole_kind, language)
        ],
        "loose": supports.loose if found.kind == "cell" else 0,
    }


def _sentence(found: Support) -> str:
    subject = "The position on the grid" if found.kind == "cell" else "This rating"
    if not found.items:
        return f"{subject} rests on no evidence: no item is tagged to it."
    kinds = ", ".join(f"{wording.SOURCE_KINDS[kind].lower()} ({count:,})" for kind, count in found.kinds)
    items, sources = wording.plural(found.items, "item"), wording.plural(len(found.shares), "source")
    return (
        f"{subject} rests on {items} from {sources} of {wording.plural(len(found.kinds), 'kind')}: {kinds}."
    )


def _flips(worked: Worked, target: str) -> dict[str, Flip] | None:
    """What becomes of the target without each source that changes it; None where that cannot be told."""
    try:
        turns = worked.turns()
    except (RunImpossible, TooLarge):
        return None
    return {
        one["source"]: flip for one in turns["by_source"] for flip in one["flips"] if flip["target"] == target
    }


def _source(
    framework: Framework, found: Support, share: Share, flips: dict[str, Flip], language: str
) -> SourceGives:
    flip = flips.get(share.source)
    return {
        "source": share.source,
        "title": share.title,
        "kind": share.kind,
        "items": share.items,
        "left": share.left,
        "unmeasured": [
            title if found.kind == "domain" else f"{framework.title_of(domain, language)}: {title}"
            for domain, title in share.unmeasured
        ],
        "after": flip["after"] if flip else None,
        "hidden": flip["hidden"] if flip else False,
    }


def _resting(framework: Framework, pairs: Iterable[tuple[str, str]], language: str) -> Iterable[RestsOnOne]:
    for domain, on in pairs:
        yield {"target": domain, "title": framework.title_of(domain, language), "on": on}


def resting_on(supports: Supports | None, framework: Framework, source: str) -> RestingOn | None:
    """What of the latest run rests on a source.

    None without a run, or where the review is too large to tell on a page.
    """
    if supports is None:
        return None
    found = supports.without(source)
    return {
        "run": supports.run,
        "domains": [
            {
                "target": support.target,
                "title": framework.title_of(support.target),
                "items": share.items,
                "left": share.left,
                "unmeasured": [title for _, title in share.unmeasured],
            }
            for support in found
            for share in support.shares
        ],
    }
