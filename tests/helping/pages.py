"""Every page of the plugin over the worked example: the paths of its routes, filled in."""

from __future__ import annotations

import re

from joint_review.web import register_routes

NAMES = {
    "review": "wales-2004-08",
    "target": "getting-help",
    "measure": "strengths_share",
    "number": "1",
    "source": "R1",
    "rule": "getting-help.excellent.strengths",
    "indicator": "0d6529c3fe9b",
    "funnel": "000000000000",
    "framework": "wales-round-2",
    "challenge": "1",
    "format": ".json",
}
"""A value that exists for every name in a route; a page with a new name needs a line here."""


def filled() -> list[str]:
    """Every path of the plugin, filled in, from the routes it registers; pages as JSON.

    Not the files of lists, which `test_web_exchange.py` asks for, nor the pages of editions of a report, of
    which the example has none: those are in `test_web_report.py` and `test_access.py`.
    """
    name = r"\(\?P<(\w+)>[^)]*\)\??"
    return [
        re.sub(name, lambda match: NAMES[match[1]], pattern).strip("^$").replace("\\.", ".")
        for pattern, _ in register_routes()
        if not pattern.startswith("^/-/") and not re.search(r"\(\?P<kind>|/report/|/sent/", pattern)
    ]
