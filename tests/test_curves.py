"""Funnel and trend as pictures: the same bytes, readable without colour, everything said in words, too."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from assessment_example import AT, add, new_programme, new_review
from evidence_rows import SOURCES, Row, indicator, survey

from comparison.indicators import Series, indicators_of
from comparison.surveys import Funnel, compare_surveys
from pictures.curves import funnel_plot, trend_plot
from pictures.plots import NARROW, WIDE
from programme.reviews import create_review

SVG = "{http://www.w3.org/2000/svg}"
SPREAD = [(70, 100), (80, 100), (80, 120), (80, 60), (90, 100), (40, 200), (99, 210)]


def funnel_of(
    folder: Path, results: Sequence[tuple[float, float | str]], named: Sequence[str] | None = None
) -> Funnel:
    """The funnel of the first of reviews of Council a, b, ... with these results."""
    db = new_programme(folder)
    try:
        reviews = []
        for number, result in enumerate(results):
            name = chr(97 + number)
            window: dict[str, None] = {"window_from": None, "window_to": None}
            reviews.append(
                create_review(db, name, f"Council {name}", "wales-round-2", **window, by="lead", at=AT)
            )
            add(db, reviews[-1], *SOURCES, survey("S1", "Treated with dignity", *result))
        (found,) = compare_surveys(db, reviews[0], named=named).funnels
        return found
    finally:
        db.conn.close()


def series_of(folder: Path, *rows: Row) -> Series:
    db = new_programme(folder)
    try:
        (found,) = indicators_of(db, new_review(db, "r1", "wales-round-2", *rows))
        return found
    finally:
        db.conn.close()


def texts(svg: str) -> list[str]:
    return [" ".join((node.text or "").split()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def described(svg: str) -> str:
    found = ET.fromstring(svg).find(f"{SVG}desc")
    assert found is not None
    return found.text or ""


def test_the_lines_of_a_funnel_are_named_and_the_own_point_is_marked(tmp_path: Path) -> None:
    found = funnel_of(tmp_path, SPREAD)
    assert found.drawn is not None and found.drawn.tau > 0
    svg = funnel_plot(found)
    said = texts(svg)
    assert said.count("95 %") == said.count("99.8 %") == 2
    assert said.count("95 % by chance") == said.count("99.8 % by chance") == 2
    assert f"pooled {found.drawn.target:.1f} %" in said
    assert {"Council a", "how many answered", "percent positive"} <= set(said)
    assert "Diamond: this review." in " ".join(said)
    assert "Council f 40 % of 200" in described(svg)


def test_where_chance_explains_the_spread_only_one_pair_of_limits_is_drawn(tmp_path: Path) -> None:
    found = funnel_of(tmp_path, [(80, 100), (81, 100), (79, 120), (80, 60), (82, 100)])
    assert found.drawn is not None and found.drawn.tau == 0
    svg = funnel_plot(found)
    assert not any("by chance" in text for text in texts(svg) if text.startswith("9"))
    assert "no more than chance allows" in described(svg)


def test_authorities_beyond_the_limits_are_named_unless_they_may_not_be(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    results = [(80.0, 100)] * 20 + [(20.0, 300)]
    open_ = funnel_plot(funnel_of(tmp_path / "1", results))
    closed = funnel_plot(funnel_of(tmp_path / "2", results, named=[]))
    assert "Council u" in texts(open_) and "Council u 20 % of 300" in described(open_)
    assert not {"Council u", "another authority"} & set(texts(closed))
    assert "Council u" not in closed and "another authority 20 % of 300" in described(closed)


def test_a_review_that_is_not_shown_is_told_why(tmp_path: Path) -> None:
    svg = funnel_plot(funnel_of(tmp_path, [(70, 9), *SPREAD, (60, "")]))
    under = " ".join(texts(svg))
    assert "This review is not shown: fewer than 10 answers." in under
    assert "Not shown, for an unknown base or too few answers: 1." in under


def test_no_funnel_is_drawn_of_too_few_reviews(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not drawn"):
        funnel_plot(funnel_of(tmp_path, SPREAD[:3]))


def test_a_trend_shows_every_value_the_comparator_and_which_direction_is_better(tmp_path: Path) -> None:
    found = series_of(
        tmp_path,
        indicator("Reviews in time", "2004/05", 50, "lower", 61, comparator_name="England", unit="percent"),
        indicator("Reviews in time", "2005/06", 40, "lower", unit="percent"),
        indicator("Reviews in time", "2007/08", 45, "lower", 60, comparator_name="England", unit="percent"),
    )
    svg = trend_plot(found)
    said = texts(svg)
    assert {"50", "40", "45", "60", "61", "England", "2004/05", "2005/06", "2007/08", "percent"} <= set(said)
    assert "; lower is better." in " ".join(said)
    assert described(svg).endswith("Values: 2004/05: 50 (England 61); 2005/06: 40; 2007/08: 45 (England 60).")


@pytest.mark.parametrize(
    "values", [[7.0], [0.0, 0.0], [12_644_817.0, 12_800_417.0, 12_197_132.0], [-3.5, 2.25]]
)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_text_of_a_trend_fits_on_the_paper(tmp_path: Path, values: list[float], width: int) -> None:
    rows = [indicator("Home care, hours", str(2003 + n), value) for n, value in enumerate(values)]
    assert outside(trend_plot(series_of(tmp_path, *rows), width), width) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("base", [12, 100, 210])
def test_every_text_of_a_funnel_fits_on_the_paper(tmp_path: Path, width: int, base: int) -> None:
    found = funnel_of(tmp_path, [(70, base), *SPREAD])
    name = "Ten councils of the second round, taken together"
    places = tuple(replace(place, authority=name) if place.own else place for place in found.places)
    assert outside(funnel_plot(replace(found, places=places), width), width) == []


def outside(svg: str, width: int) -> list[str]:
    """Texts that begin or end outside the paper, as far as their anchor says."""
    from pictures.plots import SMALL, text_width

    found = []
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", node.get("transform", ""))
        x = float(place[1]) if place else float(node.get("x", "0"))
        if "rotate(-90" in node.get("transform", ""):
            continue
        text = " ".join((node.text or "").split())
        wide = text_width(text, SMALL)
        style = node.get("style", "")
        left = x - (wide if "anchor: end" in style else wide / 2 if "anchor: middle" in style else 0)
        if left < -1 or left + wide > width + 1:
            found.append(f"{text} at {left:.0f}")
    return found


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_names_of_neighbours_in_a_funnel_do_not_lie_over_each_other(tmp_path: Path, width: int) -> None:
    """Three councils at the same place nearly, far above all others: each is named, in a line of its own."""
    neighbours = [(96, 200), (97, 202), (95, 204)]
    svg = funnel_plot(funnel_of(tmp_path, [(50, 500)] * 20 + neighbours), width)
    heights = {}
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        name = " ".join((node.text or "").split())
        place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", node.get("transform", ""))
        if name in ("Council u", "Council v", "Council w"):
            heights[name] = (float(place[2]) if place else float(node.get("y", "0")), node.get("style", ""))
    assert sorted(heights) == ["Council u", "Council v", "Council w"]
    for one, (height, style) in heights.items():
        for other, (beside, side) in heights.items():
            assert one == other or abs(height - beside) > 10 or ("end" in style) != ("end" in side)


def test_the_same_funnel_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    found = funnel_of(tmp_path, SPREAD)
    here = funnel_plot(found)
    assert funnel_plot(found) == here
    program = (
        "import pickle, sys; from pictures.curves import funnel_plot;"
        " sys.stdout.write(funnel_plot(pickle.load(sys.stdin.buffer)))"
    )
    import pickle

    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(found), capture_output=True, check=True
    )
    assert done.stdout.decode() == here
    assert "date" not in here.lower().replace("update", "")
