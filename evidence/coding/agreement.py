"""How far reviewers agree about the same items: shares, weighted kappa, Krippendorff's alpha, its interval.

Who has coded an item: its recorder (the item's own direction and significance, or score, with the tags the
recorder gave it) and whoever has a coding of it (`evidence.coding.codings`), but for codings of a batch that
was not handed in yet (`evidence.coding.second_coding`). Nothing else is compared: an item that one person
coded, or a domain that neither chose, is untouched and never counts as agreement.

What is compared, and on which items:
- `findings`: the judgement on a scale from -3 (serious weakness) over 0 (neutral) to 3 (serious strength),
  in the order in which it would move a rating. A neutral finding pulls neither way whatever its significance,
  so two neutral codings agree. On all findings that both coded; in a domain, on those that both tied to it.
- `case scores 1 to N`: the score, likewise; scores on different scales are never put together.
- `domains`: which domains the item bears on. The share is: of the items both coded and at least one of them
  tied to the domain, those that both did. (In all: of all these pairs of item and domain.) A recorder who
  tied the item to nothing has not chosen yet and is not compared; a coding without domains says "on none".

What came after is no independent coding: the recorder's tags count as they stood when somebody else's coding
of the item came in, and an item that was withdrawn since is still compared (a withdrawn coding is not).
Otherwise agreement would rise by settling, or by dropping, what people disagreed about.

The figures:
- Share: of all pairs of codings of one item, those that are the same.
- Kappa (linear weights) for two coders, and Krippendorff's alpha (ordinal) for any number: `coefficients`.
- Alpha of `domains` takes the whole set that a person chose as one value; two sets differ by the share of
  their domains that they have not in common (Jaccard; on sets as values: Passonneau, R. (2006), Measuring
  Agreement on Set-valued Items, LREC), so that domains neither chose play no part. For one domain there is
  neither alpha nor kappa: without the items that neither tied to it both are 0 or less however well people
  agree, and with them they count untouched text. (Alpha is then (1 - x) / (n - x): of n ties that two coders
  could have made on these items, x were not made.)
- The interval is the 2.5th to the 97.5th percentile of alpha in all draws. Draws in which all say the same
  have no alpha; with more than 5 % of those there is no interval. An interval from 1 to 1 means that no item
  differs, not that none ever would.

Cost: items x coders x domains for the arrays, and draws x kinds of item for every figure (`coefficients`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from evidence.at_event import counted_at
from evidence.coding.coefficients import (
    Flags,
    alpha_draws,
    count_values,
    distinct_rows,
    jaccard,
    krippendorff_alpha,
    tidy,
    weighted_kappa,
)
from evidence.measures.draws import stream
from evidence.measures.pairs import Codes, Numbers
from programme.database import Database, one, one_state, rows
from programme.names import same_person
from programme.reviews import Review
from rules.errors import EvidenceInvalid
from rules.remedy import DrawItems, ShowLayout
from rules.words import many

FEWEST = 100
"""Fewer draws than this say too little."""
LEVEL = (0.025, 0.975)
MOST_UNDEFINED = 0.05
"""With a larger share of draws without an alpha, no interval is given."""
FINDINGS, DOMAINS = "findings", "domains"

ALL_THE_SAME = "all codings are the same"
FOR_PAIRS = "only for two reviewers"
NOT_FOR_SETS = "not used for sets of domains"
NOT_FOR_ONE_DOMAIN = "not for one domain"
ONE_ITEM = "only one item"
TOO_MUCH_THE_SAME = "too little variety"
"""Why a figure is not there, as it is shown."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Figure:
    """How far some coders agree about one thing."""

    what: str
    """findings, case scores 1 to N, or domains."""
    domain: str | None
    """The domain; None for all."""
    title: str
    """The domain's title; '' for all."""
    coders: tuple[str, ...]
    """Two coders; empty for all together."""
    items: int
    """Items compared."""
    same: float
    """Share of the pairs of codings that are the same, 0 to 1."""
    kappa: float | None
    """Cohen's kappa with linear weights, -1 to 1; None with the reason in `no_kappa`."""
    no_kappa: str
    alpha: float | None
    """Krippendorff's alpha, 1 at most, 0 by chance; None with the reason in `no_alpha`."""
    no_alpha: str
    low: float | None
    """The ends of the 95 % interval of alpha; None with the reason in `no_interval`."""
    high: float | None
    no_interval: str


@dataclass(frozen=True)
class Coding:
    """What one person made of an item."""

    coder: str
    recorder: bool
    """Whether it is the item itself."""
    direction: str | None
    significance: int | None
    score: float | None
    domains: tuple[str, ...] | None
    """None where the recorder had tied the item to no domain yet."""
    note: str


@dataclass(frozen=True)
class Disagreement:
    """An item that people coded differently."""

    item: int
    text: str
    source: str
    locator: str
    withdrawn: bool
    difference: float
    """The largest distance of two judgements as a share of the scale, and of two sets of domains; 0 to 2."""
    codings: tuple[Coding, ...]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far the reviewers of a review agree."""

    review: str
    draws: int
    seed: int
    coders: tuple[str, ...]
    """Everybody who coded an item that somebody else coded, by name."""
    items_by_several: int
    """Items that two people or more have coded."""
    items_by_one: int
    """Items that count now and that only their recorder has coded: nothing is said about them."""
    withdrawn_since: int
    """Of the items by several, those that were withdrawn after they had been coded."""
    figures: tuple[Figure, ...]
    """Of all coders and of every two of them, over all domains and in each, where anything is compared."""
    disagreements: tuple[Disagreement, ...]
    """Every item that was coded differently, the largest difference first."""

    def overall(self) -> tuple[Figure, ...]:
        """The figures of all coders and all domains."""
        return tuple(figure for figure in self.figures if not figure.coders and figure.domain is None)

    def by_domain(self) -> tuple[Figure, ...]:
        """The figures of all coders in each domain."""
        return tuple(figure for figure in self.figures if not figure.coders and figure.domain is not None)

    def by_pair(self) -> tuple[Figure, ...]:
        """The figures of every two coders over all domains."""
        return tuple(figure for figure in self.figures if figure.coders and figure.domain is None)


# --- reading: who coded what -----------------------------------------------------------------------------

# Items with a coding that is shown, and when the first coding of each came in (one withdrawn since, too).
COMPARED = """
with compared as (
  select e.*, min(c.added_event) as first from evidence e join coding c on c.evidence_id = e.id
  where e.review_id = :review and exists (select 1 from shown_coding h
    where h.evidence_id = e.id and person(h.coded_by) <> person(e.recorded_by))
  group by e.id)
"""
JUDGED = "case direction when 'strength' then significance when 'weakness' then -significance else 0 end"
CODED = f"""{COMPARED}, coded as (
  select id, kind, scale_max, recorded_by as coder, 1 as recorder, direction, significance,
    case kind when 'case_score' then value end as score, '' as note from compared
  union all
  select e.id, e.kind, e.scale_max, c.coded_by, 0, c.direction, c.significance, c.score, c.note
  from compared e join shown_coding c on c.evidence_id = e.id)
select *, case kind when 'finding' then {JUDGED} when 'case_score' then score end as value
from coded order by id, coder
"""
CHOSEN = f"""{COMPARED}
select e.id, e.recorded_by as coder, d.key as domain from compared e
join tag t on t.evidence_id = e.id and person(t.tagged_by) = person(e.recorded_by)
  and {counted_at("t", "e.first")}
join domain d on d.id = t.domain_id
union
select e.id, c.coded_by, d.key from compared e
join shown_coding c on c.evidence_id = e.id
join coding_domain x on x.coding_id = c.id join domain d on d.id = x.domain_id
"""
NAMED = f"""{COMPARED}
select e.id, e.text, s.ref as source, e.locator, e.withdrawn_event is not null as withdrawn
from compared e join source s on s.id = e.source_id order by e.id
"""
BY_ONE = """
select count(*) from evidence e where e.review_id = :review and e.withdrawn_event is null
  and not exists (select 1 from shown_coding c
    where c.evidence_id = e.id and person(c.coded_by) <> person(e.recorded_by))
"""


@dataclass(frozen=True)
class _Codes:
    """Everybody's codings of the items that several coded, as arrays of items x coders (x domains)."""

    items: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    """The codings; `at_item` and `at_coder` say where each one stands."""
    at_item: Codes
    at_coder: Codes
    coders: tuple[str, ...]
    domains: tuple[str, ...]
    scale: Numbers
    """What every item is judged on: 0 nothing, -1 findings, else the best score there is."""
    value: Numbers
    """The judgements; NaN where there is none."""
    chosen: Flags
    """Whether the coder tied the item to the domain."""
    knows: Flags
    """Whether the coder has chosen domains for the item (or none of them, by a coding)."""


def _by_persons(coded: list[dict[str, Any]], ties: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The codings and choices with one spelling of every person's name, and one coding an item of each.

    Who recorded an item has coded it by that, in whatever spelling they code it again.
    """
    spelled: dict[str, str] = {}
    names = sorted({row["coder"] for row in (*coded, *ties)})
    for name in names:
        spelled[name] = next((one for one in spelled.values() if same_person(one, name)), name)
    for row in (*coded, *ties):
        row["coder"] = spelled[row["coder"]]
    once = {(row["id"], row["coder"]): row for row in sorted(coded, key=lambda row: row["recorder"])}
    return sorted(once.values(), key=lambda row: (row["id"], row["coder"]))


def _read(db: Database, review: Review) -> _Codes:
    where = {"review": review.id}
    items, ties = rows(db, NAMED, where), rows(db, CHOSEN, where)
    coded = _by_persons(rows(db, CODED, where), ties)
    number_of = {item["id"]: number for number, item in enumerate(items)}
    coders = tuple(sorted({row["coder"] for row in coded}))
    domains = tuple(review.framework.domains)
    coder_at = {name: number for number, name in enumerate(coders)}
    at_item = np.array([number_of[row["id"]] for row in coded], dtype=np.int64)
    at_coder = np.array([coder_at[row["coder"]] for row in coded], dtype=np.int64)
    value = np.full((len(items), len(coders)), np.nan)
    value[at_item, at_coder] = [np.nan if row["value"] is None else row["value"] for row in coded]
    scale = np.zeros(len(items))
    scale[at_item] = [_scale_of(row) for row in coded]
    chosen = np.zeros((len(items), len(coders), len(domains)), dtype=bool)
    if ties:
        domain_at = {name: number for number, name in enumerate(domains)}
        at = [(number_of[t["id"]], coder_at[t["coder"]], domain_at[t["domain"]]) for t in ties]
        chosen[tuple(np.array(at).T)] = True
    knows: Flags = np.any(chosen, axis=2)
    knows[at_item, at_coder] |= np.array([not row["recorder"] for row in coded], dtype=bool)
    return _Codes(
        items=tuple(items),
        rows=tuple(coded),
        at_item=at_item,
        at_coder=at_coder,
        coders=coders,
        domains=domains,
        scale=scale,
        value=value,
        chosen=chosen,
        knows=knows,
    )


def _scale_of(row: dict[str, Any]) -> float:
    if row["kind"] == "finding":
        return -1
    return float(row["scale_max"]) if row["kind"] == "case_score" else 0


# --- the whole ---------------------------------------------------------------------------------------------


def measure_agreement(
    db: Database,
    review: Review,
    *,
    draws: int = 1_000,
    seed: int = 0,
    progress: Progress = lambda done, total, what: None,
) -> Agreement:
    """How far the reviewers agree about the items that several of them have coded.

    The same codings, draws and seed give the same figures. Raises EvidenceInvalid where nobody has coded an
    item that somebody else recorded, for fewer than 100 draws, and for a seed below 0.
    """
    check_draws(draws, seed)
    with one_state(db):
        codes = _read(db, review)
        by_one = int(one(db, BY_ONE, {"review": review.id}))
    if not codes.items:
        alone = "was coded only by the reviewer who recorded it"
        raise EvidenceInvalid(
            f"every item of the review {review.key} {alone}: there is nothing to compare"
            if by_one
            else f"the review {review.key} has no items: there is nothing to compare",
            hint="Let a second reviewer code some items without seeing the first coding and hand them in, or"
            " import codings.",
            remedies=[DrawItems(review.key), ShowLayout("codings")],
        )
    figures: list[Figure] = []
    groups: list[tuple[int, ...]] = [tuple(range(len(codes.coders)))]
    groups += combinations(range(len(codes.coders)), 2)
    for done, group in enumerate(groups):
        progress(done, len(groups), "figures")
        coders = tuple(codes.coders[i] for i in group) if done else ()
        figures += _figures_of(codes, review, list(group), coders, draws, seed)
    progress(len(groups), len(groups), "figures")
    return Agreement(
        review=review.key,
        draws=draws,
        seed=seed,
        coders=codes.coders,
        items_by_several=len(codes.items),
        items_by_one=by_one,
        withdrawn_since=sum(item["withdrawn"] for item in codes.items),
        figures=tuple(figures),
        disagreements=_disagreements(codes),
    )


def check_draws(draws: int, seed: int) -> None:
    """Raise EvidenceInvalid for a number of draws or a seed that will not do."""
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < FEWEST:
        raise EvidenceInvalid(
            f"{draws!r} resamplings are too few for an interval", hint=f"Give at least {FEWEST}."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise EvidenceInvalid(f"{seed!r} is not a valid seed", hint="Give a whole number from 0 up.")


class _About(NamedTuple):
    """What a figure is of: see `Figure`."""

    what: str
    domain: str | None
    title: str
    coders: tuple[str, ...]


def _figures_of(
    codes: _Codes, review: Review, group: list[int], coders: tuple[str, ...], draws: int, seed: int
) -> Iterable[Figure]:
    """The figures of some coders: over all domains first, then domain by domain."""
    value, chosen, knows = codes.value[:, group], codes.chosen[:, group], codes.knows[:, group]
    names = tuple(codes.coders[i] for i in group)
    scales = [float(scale) for scale in np.unique(codes.scale) if scale]
    for number, domain in enumerate((None, *codes.domains), start=-1):
        title = "" if domain is None else review.framework.title_of(domain)
        for scale in scales:
            what = FINDINGS if scale < 0 else f"case scores 1 to {scale:g}"
            judged = value[codes.scale == scale]
            if domain is not None:
                judged = np.where(chosen[codes.scale == scale][:, :, number], judged, np.nan)
            judged = judged[(~np.isnan(judged)).sum(axis=1) > 1]
            if len(judged):
                random = stream(seed, what, domain or "", *names)
                yield _judgements(_About(what, domain, title, coders), judged, draws, random)
        share = _share_of_ties(chosen if domain is None else chosen[:, :, [number]], knows)
        if share is None:
            continue
        items, same = share
        if domain is None:
            alpha = _alpha_of_sets(chosen, knows, draws, stream(seed, DOMAINS, "", *names))
        else:
            alpha = _no_alpha(NOT_FOR_ONE_DOMAIN)
        no_kappa = NOT_FOR_SETS if domain is None else NOT_FOR_ONE_DOMAIN
        about = _About(DOMAINS, domain, title, coders)._asdict()
        yield Figure(**about, items=items, same=same, kappa=None, no_kappa=no_kappa, **alpha._asdict())


def _judgements(about: _About, judged: Numbers, draws: int, random: np.random.Generator) -> Figure:
    """The figure of judgements (items x coders, at least two in every row)."""
    counts = count_values(judged)
    pairs = counts.sum(axis=1) * (counts.sum(axis=1) - 1)
    same = float((counts * (counts - 1)).sum() / pairs.sum())
    kappa, no_kappa = None, FOR_PAIRS
    if judged.shape[1] == 2:
        kappa = weighted_kappa(judged)
        no_kappa = ALL_THE_SAME if kappa is None else ""
    alpha = _alpha_with_interval(counts, None, draws, random)
    return Figure(
        **about._asdict(),
        items=len(judged),
        same=tidy(same),
        kappa=kappa,
        no_kappa=no_kappa,
        **alpha._asdict(),
    )


def _share_of_ties(chosen: Flags, knows: Flags) -> tuple[int, float] | None:
    """Items with a domain that one of two coders chose, and the share of these that the other chose, too."""
    knowing = knows.sum(axis=1)[:, None]
    tied = (chosen & knows[:, :, None]).sum(axis=1)
    both = tied * (tied - 1) // 2
    either = knowing * (knowing - 1) // 2 - (knowing - tied) * (knowing - tied - 1) // 2
    if not either.any():
        return None
    return int(either.any(axis=1).sum()), tidy(float(both.sum() / either.sum()))


class _AlphaWords(NamedTuple):
    """Alpha with its interval, or why there is none."""

    alpha: float | None
    no_alpha: str
    low: float | None
    high: float | None
    no_interval: str


def _no_alpha(reason: str) -> _AlphaWords:
    return _AlphaWords(None, reason, None, None, reason)


def _alpha_with_interval(
    counts: Numbers, distance: Numbers | None, draws: int, random: np.random.Generator
) -> _AlphaWords:
    alpha = krippendorff_alpha(counts, distance)
    if alpha is None:
        return _no_alpha(ALL_THE_SAME)
    if len(counts) < 2:
        return _AlphaWords(alpha, "", None, None, ONE_ITEM)
    drawn = alpha_draws(counts, distance, draws, random)
    if np.isnan(drawn).mean() > MOST_UNDEFINED:
        return _AlphaWords(alpha, "", None, None, TOO_MUCH_THE_SAME)
    low, high = np.nanquantile(drawn, LEVEL)
    return _AlphaWords(alpha, "", tidy(float(low)), tidy(float(high)), "")


def _alpha_of_sets(chosen: Flags, knows: Flags, draws: int, random: np.random.Generator) -> _AlphaWords:
    """Alpha of the sets of domains that coders chose, on items for which anybody chose one."""
    compared = (knows.sum(axis=1) > 1) & (chosen & knows[:, :, None]).any(axis=(1, 2))
    chosen, knows = chosen[compared], knows[compared]
    sets, at, _ = distinct_rows(chosen[knows])
    counts = np.zeros((len(chosen), len(sets)))
    np.add.at(counts, (np.nonzero(knows)[0], at), 1)
    return _alpha_with_interval(counts, jaccard(sets, sets), draws, random)


# --- disagreements -------------------------------------------------------------------------------------


def find_disagreements(db: Database, review: Review) -> tuple[Disagreement, ...]:
    """Every item of a review that was coded differently, the largest difference first."""
    codes = _read(db, review)
    return _disagreements(codes) if codes.items else ()


def _disagreements(codes: _Codes) -> tuple[Disagreement, ...]:
    difference = _judged_apart(codes) + _tied_apart(codes)
    order = [int(i) for i in np.lexsort((np.arange(len(difference)), -difference)) if difference[i] > 0]
    codings: dict[int, list[Coding]] = {number: [] for number in order}
    for row, number, coder in zip(codes.rows, codes.at_item, codes.at_coder, strict=True):
        if int(number) in codings:
            codings[int(number)].append(_coding(codes, row, int(number), int(coder)))
    found = []
    for number in order:
        item = codes.items[number]
        found.append(
            Disagreement(
                item["id"],
                item["text"],
                item["source"],
                item["locator"],
                bool(item["withdrawn"]),
                tidy(float(difference[number])),
                tuple(sorted(codings[number], key=lambda coding: (not coding.recorder, coding.coder))),
            )
        )
    return tuple(found)


def _judged_apart(codes: _Codes) -> Numbers:
    """The distance of the lowest from the highest judgement of every item, as a share of its scale."""
    apart = np.zeros(len(codes.items))
    judged = codes.scale != 0
    width = np.where(codes.scale < 0, 6, codes.scale - 1)[judged]
    value = codes.value[judged]
    apart[judged] = (np.nanmax(value, axis=1) - np.nanmin(value, axis=1)) / width
    return apart


def _tied_apart(codes: _Codes) -> Numbers:
    """The largest distance of two coders' sets of domains, for every item."""
    apart = np.zeros(len(codes.items))
    for a, b in combinations(range(len(codes.coders)), 2):
        shared = (codes.chosen[:, a] & codes.chosen[:, b]).sum(axis=1)
        united = (codes.chosen[:, a] | codes.chosen[:, b]).sum(axis=1)
        both = codes.knows[:, a] & codes.knows[:, b] & (united > 0)
        apart = np.maximum(apart, np.where(both, 1 - shared / np.maximum(united, 1), 0))
    return apart


def _coding(codes: _Codes, row: dict[str, Any], number: int, coder: int) -> Coding:
    domains: Sequence[str] | None = None
    if codes.knows[number, coder]:
        domains = [codes.domains[i] for i in np.nonzero(codes.chosen[number, coder])[0]]
    return Coding(
        row["coder"],
        bool(row["recorder"]),
        row["direction"],
        row["significance"],
        row["score"],
        None if domains is None else tuple(domains),
        row["note"],
    )


# --- in words ------------------------------------------------------------------------------------------

STEPS = {1: "minor", 2: "important", 3: "serious"}


def describe_agreement(found: Agreement) -> str:
    """How many items several coded, and how far they agree: one sentence or two."""
    several = found.items_by_several
    said = f"{many(several, 'item was', 'items were')} coded by two reviewers or more"
    if found.withdrawn_since:
        said += f" ({found.withdrawn_since:,} withdrawn since)"
    said += f", and {found.items_by_one:,} by only one, which are left out here"
    figures = [
        f"{figure.what} {_alpha_in_words(figure)}, on {many(figure.items, 'item')}"
        for figure in found.overall()
    ]
    if not figures:
        return (
            f"{said}. Nothing on them can be compared: they hold no judgement, and the reviewers who recorded"
            " them tagged them to no domain."
        )
    return f"{said}. Krippendorff's alpha: {'; '.join(figures)}."


def _alpha_in_words(figure: Figure) -> str:
    if figure.alpha is None:
        return f"not defined ({figure.no_alpha})"
    return f"{figure.alpha:.2f} ({interval_words(figure) or f'no interval: {figure.no_interval}'})"


def interval_words(figure: Figure) -> str:
    """The interval of alpha in words; empty where there is none."""
    return "" if figure.low is None or figure.high is None else f"{figure.low:.2f} to {figure.high:.2f}"


def as_coding(said: Mapping[str, Any]) -> Coding:
    """A second reviewer's coding as `codings.list_codings` gives it."""
    names = ("direction", "significance", "score")
    judged = {name: said[name] for name in names}
    return Coding(said["coded_by"], False, **judged, domains=tuple(said["domains"]), note=said["note"])


def coding_words(coding: Coding, titles: Mapping[str, str] | None = None) -> str:
    """What somebody made of an item; domains by their `titles` where these are given, else by their ids."""
    parts = []
    if coding.direction is not None:
        weight = STEPS[coding.significance or 1]
        neutral = coding.direction == "neutral"
        parts.append(f"neutral ({weight})" if neutral else f"{weight} {coding.direction}")
    if coding.score is not None:
        parts.append(f"score {coding.score:g}")
    if coding.domains is None:
        parts.append("no domain chosen yet")
    else:
        parts.append(", ".join((titles or {}).get(name, name) for name in coding.domains) or "no domain")
    return "; ".join(parts) + (f" ({coding.note})" if coding.note else "")
