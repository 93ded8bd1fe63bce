"""Why this rating and why not the next one up, from a recorded run."""

from __future__ import annotations

from typing import Any

from assessment.run import Run
from rules.errors import UnknownName
from rules.framework import Framework, in_language


def explain(framework: Framework, run: Run, target: str | None = None) -> list[dict[str, Any]]:
    """The explanation of one target of a run ('cell' for the grid position), or of all of them.

    Each holds `target`, `title`, `status`, `level`, `proposed`, `because` (one sentence), and lists of
    criteria: `met` and `missed` of the level that the rules give before limits and of those below (secure-fit
    misses none of them), `next` (of the level above, met or not), `limits` (with whether they bind) and
    `sufficiency`. Raises UnknownName.
    """
    if target == "cell":
        return [explain_cell(framework, run)]
    if target is None:
        found = [_explain_rating(framework, rating) for rating in run.result["ratings"]]
        return [*found, explain_cell(framework, run)]
    names = [*(rating["target"] for rating in run.result["ratings"]), "cell"]
    if target not in names:
        raise UnknownName("domain or question", target, names)
    return [_explain_rating(framework, run.rating(target))]


def explain_cell(framework: Framework, run: Run) -> dict[str, Any]:
    """Why the authority stands where it does on the grid: the ratings of the questions."""
    parts = [run.rating(question.id) for question in framework.questions]
    said = "; ".join(f"{part['title']} {part['level_title'] or 'not rated'}" for part in parts)
    return {
        "target": "cell",
        "title": "Position on the grid",
        "status": "placed" if run.result["cell"] else "open",
        "level": run.result["cell"],
        "level_title": " / ".join(part["level_title"] or "not rated" for part in parts),
        "proposed": None,
        "because": said + ".",
        "met": [],
        "missed": [],
        "next": [],
        "next_level": None,
        "limits": [],
        "sufficiency": [],
    }


def _explain_rating(framework: Framework, rating: dict[str, Any]) -> dict[str, Any]:
    scale = framework.scale_of(rating["target"])
    names = [level.id for level in scale]
    outcomes = rating["outcomes"]
    level = rating["before_limits"] or 0
    above = scale[level] if level and level < len(scale) else None
    reached = [o for o in outcomes if o["part"] in names[:level]]
    return {
        "target": rating["target"],
        "title": rating["title"],
        "status": rating["status"],
        "level": rating["level_id"],
        "level_title": rating["level_title"],
        "proposed": rating["proposed_id"],
        "because": rating["because"],
        "met": [o for o in reached if o["met"]],
        "missed": [o for o in reached if not o["met"]],
        "next": [o for o in outcomes if above and o["part"] == above.id],
        "next_level": in_language(above.title) if above else None,
        "limits": [
            {**o, "binds": o["criterion"] in rating["limits"]} for o in outcomes if o["part"] == "limits"
        ],
        "sufficiency": [o for o in outcomes if o["part"] == "sufficiency"],
    }
