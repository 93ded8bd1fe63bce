"""What every page shows, as plain data: the JSON of the page, and what its template is given.

Each function answers one page and documents its shape. All raise UnknownName (or UnknownItem) for names
that nothing carries, and the trail RunImpossible for a review that was not assessed yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from datasette.utils import tilde_encode
from sqlite_utils import Database

from assessment import overview
from assessment.explain import explain
from assessment.explain_rule import explain_rules
from assessment.run import Run, load_run
from assessment.trail import find_measure, items_behind
from assessment.web import wording
from assessment.web.shown import Shown, base_of
from assessment.web.worked import Worked
from evidence.anchors import Standing, as_annotation, place_of
from evidence.check import check_evidence
from evidence.items import ItemFilter, find_item, list_items
from evidence.models import SOURCE_KINDS
from evidence.reviews import Review, find_review
from rules.errors import RunImpossible, UnknownName
from rules.framework import Framework, in_language
from rules.rulebook import Of

PAGE_SIZE = 50


def reviews(db: Database, *, page: int = 1, only: Collection[str] | None = None) -> dict[str, Any]:
    """The reviews named in `only` (None: all).

    `reviews`: key, authority, framework, framework_title, window_from, window_to, items, run, made_on, and
    `position`, per question {question, title, level, levels, level_title, status}; and `paging`.
    """
    paging = paging_of(overview.count_reviews(db, only), page)
    found = overview.reviews_with_position(db, only=only, limit=PAGE_SIZE, offset=paging["offset"])
    return {"reviews": found, "paging": paging}


def review(db: Database, key: str, *, run_id: int | None = None, language: str = "en") -> dict[str, Any]:
    """The overview of a review.

    `review`, `run` (its facts; None before the first), `runs`, `grid`, `questions` (each a rating with
    `domains`, ratings too), `matrix` with `kinds` and `most`, `gaps`, `check`, `language`, `languages`.
    A rating has target, title, status, level (1 the worst) of `levels`, level_title, proposed_title,
    because, and decision {by, at, because} where a person decided; and, as far as they can be worked out,
    rests_on and chance (see `worked.Worked.marks`).
    """
    found = find_review(db, key)
    run = _run_or_none(db, found, run_id)
    shown = Shown(db, found, run, language, Worked(db, found, run).marks() if run else {})
    return {
        **shown.head(),
        "run": shown.facts(),
        "runs": overview.runs_of(db, found),
        "grid": shown.grid(),
        "questions": shown.questions(),
        "matrix": _matrix(db, found, shown.language),
        "gaps": run.result["gaps"] if run else [],
        "check": _check(db, found),
    }


def trail(
    db: Database, key: str, target: str, *, run_id: int | None = None, language: str = "en"
) -> dict[str, Any]:
    """Why a target ('cell', a question or a domain) is rated as it is.

    `review`, `run`, and the rating (see `review`); `looks_for` (what reviewers look for); `next`: {title,
    criteria not met} of the level above the one the criteria reach, None at the top; `limits`: those that
    hold the rating down; `missing`: what is not enough; `parts`: every group of criteria with its role, how
    many are met, and the criteria; `lost` (the levels the rules did not give), `missed` (the criteria missed
    all the same, under best-fit) and `policy_words`, as `joint-review explain --json` gives them; `domains`
    (of a question); `questions`, `grid`, `neighbours` and `rules` (of the cell, as explain gives them).
    """
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown = Shown(db, found, run, language, Worked(db, found, run).marks())
    page = {**shown.head(), "run": shown.facts(), "target": target}
    if target == "cell":
        why = explain(run, "cell", shown.decisions)[0]
        return {
            **page,
            "kind": "cell",
            "title": why["title"],
            "because": why["because"],
            "status": why["status"],
            "rests_on": shown.marks.get("cell", {}).get("rests_on", []),
            "neighbours": why["neighbours"],
            "rules": why["rules"],
        } | {
            "grid": shown.grid(),
            "questions": shown.questions(),
        }
    return {**page, **shown.rating(target), **shown.explanation(target), "domains": shown.domains(target)}


def measure(
    db: Database, key: str, target: str, name: str, *, run_id: int | None = None, page: int = 1
) -> dict[str, Any]:
    """A measure of a target with what it is made of.

    `measure`: key, title, value, base, low, high, unit, shown, made_of, described (sentences), thresholds;
    `criteria` that test it; `items` behind it, a page of them (see `item_line`), with `paging`; `ratings`
    where it is made of ratings.
    """
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    run.rating(target)
    shown = Shown(db, found, run, "en")
    row = find_measure(db, run, target, name)
    definition = shown.rulebook.measure(name)
    outcomes = [o for o in run.rating(target)["outcomes"] if o["measure"] == name]
    numbers: list[dict[str, Any]] = []
    paging = paging_of(0, 1)
    if definition.of is not Of.RATINGS:
        _, total = items_behind(db, row["id"], limit=0)
        paging = paging_of(total, page)
        numbers, _ = items_behind(db, row["id"], limit=PAGE_SIZE, offset=paging["offset"])
    same = ("key", "title", "value", "base", "low", "high", "unit", "made_of")
    return {
        **shown.head(),
        "run": shown.facts(),
        "target": target,
        "target_title": shown.framework.title_of(target),
        "question": shown.framework.question_of[target].id,
        "question_title": shown.framework.title_of(shown.framework.question_of[target].id),
        "measure": {name: row[name] for name in same}
        | {
            "shown": shown.value_of(target, definition, row["value"]),
            "base_shown": base_of(definition, row["base"]),
            "described": wording.describe_measure(definition),
            "thresholds": sorted({number for o in outcomes for number in o["thresholds"]}),
        },
        "criteria": [
            {**criterion, "part_title": shown.part_title(target, criterion["part"])}
            for criterion in overview.criteria_testing(db, row["id"])
        ],
        "items": [item_line(found.framework, item) for item in numbers],
        "paging": paging,
        "ratings": shown.domains(target) if definition.of is Of.RATINGS else [],
    }


def rule(
    db: Database, key: str, name: str, *, run_id: int | None = None, language: str = "en"
) -> dict[str, Any]:
    """Why a rule fired in a run, or did not.

    `review`, `run`, `rule` (the name asked for), `rules` (as `joint-review explain --rule --json` gives them:
    most names stand for one rule), and `problem` {error, hint} where the recorded firings cannot be told.
    Raises UnknownName.
    """
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown = Shown(db, found, run, language)
    page = {**shown.head(), "run": shown.facts(), "rule": name, "rules": None, "problem": None}
    try:
        return page | {"rules": explain_rules(run, name)}
    except RunImpossible as error:
        return page | {"problem": {"error": wording.sentence(error.message), "hint": error.hint}}


class UnknownChoice(UnknownName):
    """A filter holds a name that is not among its choices."""


@dataclass(frozen=True)
class Wanted:
    """Which items were asked for, in the words of the form; empty means any."""

    domain: str = ""
    kind: str = ""
    source_kind: str = ""
    strand: str = ""
    direction: str = ""
    source: str = ""
    only: str = ""
    search: str = ""
    page: int = 1


def items(db: Database, key: str, wanted: Wanted) -> dict[str, Any]:
    """The items of a review that pass a filter, a page of them.

    `review`, `filter` (what was asked), `choices` (per field, [name, title] pairs), `items` (see
    `item_line`), `paging`. Raises UnknownChoice for a choice there is not.
    """
    found = find_review(db, key)
    choices = _choices(found.framework)
    for field, pairs in choices.items():
        given, names = getattr(wanted, field), [name for name, _ in pairs]
        if given and given not in names:
            raise UnknownChoice(wording.FIELDS[field].lower(), given, names)
    looks = overview.items_to_look_at(check_evidence(db, found)) if wanted.only else {}
    chosen = ItemFilter(
        domain=wanted.domain or None,
        kind=wanted.kind or None,
        strand=wanted.strand or None,
        source=wanted.source or None,
        source_kind=wanted.source_kind or None,
        direction=wanted.direction or None,
        withdrawn=wanted.only == "withdrawn",
        ids=looks.get(wanted.only),
        search=wanted.search,
        limit=0,
    )
    _, total = list_items(db, found, chosen)
    paging = paging_of(total, wanted.page)
    rows, _ = list_items(db, found, replace(chosen, limit=PAGE_SIZE, offset=paging["offset"]))
    given = {name: value for name, value in asdict(wanted).items() if value and name != "page"}
    return {
        **Shown(db, found, None, "en").head(),
        "filter": given,
        "choices": choices,
        "items": [item_line(found.framework, row) for row in rows],
        "paging": paging,
    }


def item(db: Database, key: str, number: int) -> dict[str, Any]:
    """One item with its source in context.

    `review`, and `item`: everything recorded about it, with `says` and `compared` (its number in words),
    `tags`, `context` {page {number, before, quote, after} or None, neighbours}, `table` (the table it is a
    cell of, or None), who added and withdrew it, `standing` in the text of its source (see
    `anchors.Standing`), and `annotation`: a W3C Web Annotation where its place is known, else None.
    """
    found = find_review(db, key)
    shown = find_item(db, found, number)
    context = shown["context"]
    neighbours = [item_line(found.framework, row) for row in context["neighbours"]]
    placed = place_of(db, number)
    here = placed.anchor if placed.standing is Standing.PLACED else None
    domains = [tag["domain"] for tag in shown["tags"] if not tag["withdrawn"]]
    where = f"../sources/{tilde_encode(shown['source'])}?page={here.page}" if here else ""
    return {
        **Shown(db, found, None, "en").head(),
        "item": {
            **shown,
            "says": wording.says(shown),
            "compared": wording.comparisons(shown),
            "strand_title": strand_title(found.framework, shown["strand"]),
            "context": {
                "page": _cut(context["page"]) if context["page"] else None,
                "before": [row for row in neighbours if row["id"] < number],
                "after": [row for row in neighbours if row["id"] > number],
            },
            "table": overview.table_around(db, shown),
            "standing": placed.standing,
            "annotation": as_annotation(shown, here, domains, where) if here else None,
        },
    }


def item_line(framework: Framework, row: Mapping[str, Any]) -> dict[str, Any]:
    """An item as lists show it: its row, `says`, `rests_on` and `strand_title`.

    Where they are known, also `domains` as {id, title}, and in `also` how many other domains use it.
    """
    unknown = dict.fromkeys(("base", "best", "worst", "comparator", "comparator_name", "better"))
    line = {"strand": "all", "significance": None, **unknown, **row}
    names = line.get("domains")
    if names is not None:
        line["domains"] = [{"id": d, "title": _title(framework, d)} for d in names.split(";")]
    if "uses" in line:
        line["also"] = max(0, line["uses"] - 1)
    if line["kind"] != "finding" or line["significance"]:
        line["says"] = wording.says(line)
    else:
        line["says"] = wording.DIRECTIONS[line["direction"]]
    line["rests_on"] = wording.rests_on(line)
    line["strand_title"] = strand_title(framework, line["strand"])
    return line


def paging_of(total: int, page: int) -> dict[str, int]:
    """`page` of `pages`, `total` rows, the first and last row shown, and the offset; raises UnknownName."""
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= page <= pages:
        raise UnknownName("page", str(page), ["1"] if pages == 1 else [f"1 to {pages}"])
    offset = (page - 1) * PAGE_SIZE
    return {
        "page": page,
        "pages": pages,
        "total": total,
        "first": min(total, offset + 1),
        "last": min(total, offset + PAGE_SIZE),
        "offset": offset,
    }


def _run_or_none(db: Database, found: Review, run_id: int | None) -> Run | None:
    try:
        return load_run(db, found, run_id)
    except RunImpossible:
        return None


def _matrix(db: Database, found: Review, language: str) -> dict[str, Any]:
    lines = overview.evidence_matrix(db, found)
    for line in lines:
        line["title"] = found.framework.title_of(line["domain"], language)
    most = max((count for line in lines for count in line["counts"].values()), default=0)
    kinds = [{"kind": kind, "title": wording.SOURCE_KINDS[kind]} for kind in SOURCE_KINDS]
    return {"kinds": kinds, "most": most, "rows": lines}


def _check(db: Database, found: Review) -> dict[str, Any]:
    """How many items there are to look at under each heading, and the domains with a problem."""
    checked = check_evidence(db, found)
    looks = [
        {
            "look": look,
            "title": wording.LOOKS[look],
            "because": wording.LOOKS_BECAUSE[look],
            "items": len(ids),
        }
        for look, ids in overview.items_to_look_at(checked).items()
    ]
    thin = [
        {name: domain[name] for name in ("key", "title", "problem", "items", "sources", "kinds")}
        for domain in checked.domains
        if domain["problem"]
    ]
    return {"problems": checked.problems, "items": looks, "domains": thin}


def _choices(framework: Framework) -> dict[str, Sequence[tuple[str, str]]]:
    return {
        "domain": [(domain.id, in_language(domain.title)) for domain in framework.domains.values()],
        "kind": list(wording.KINDS.items()),
        "source_kind": list(wording.SOURCE_KINDS.items()),
        "strand": [(strand.id, in_language(strand.title)) for strand in framework.strands],
        "direction": list(wording.DIRECTIONS.items()),
        "only": list(wording.LOOKS.items()),
    }


def _title(framework: Framework, domain: str) -> str:
    return framework.title_of(domain) if framework.is_domain(domain) else domain


def strand_title(framework: Framework, name: str) -> str:
    """The title of a strand; the name itself where the framework has none of that name."""
    for strand in framework.strands:
        if strand.id == name:
            return in_language(strand.title)
    return name


def _cut(page: dict[str, Any], around: int = 1500) -> dict[str, Any]:
    """The page with at most `around` letters on either side of the quote."""
    before, after = page["before"], page["after"]
    return {
        **page,
        "before": ("… " + before[-around:]) if len(before) > around else before,
        "after": (after[:around] + " …") if len(after) > around else after,
    }
