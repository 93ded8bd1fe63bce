"""Plots: the same bytes everywhere, titled and described, and everything where the figures say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assessment.robustness.next_evidence import DomainNext, Gain, Next
from assessment.robustness.profile import Line, Profile, Section, make_profile
from assessment.robustness.tornado import Bar, Tornado
from assessment.robustness.uncertainty import Chance, TargetChances, Uncertainty
from evidence.measures.pools import SampleSizes
from pictures.charts import chances_plot, profile_plot, tornado_plot
from pictures.plots import ACCENT, INK, MARGIN, NARROW, WIDE, as_svg, paper, text_width, wrapped
from pictures.shares import Share, Shares, shares_picture, shares_plot
from rules.loader import load_policy

SVG = "{http://www.w3.org/2000/svg}"
LEVELS = ("Gwael", "Anghyson", "Da ar y cyfan", "Rhagorol")
both_widths = pytest.mark.parametrize("width", [WIDE, NARROW])


def bar(name: str, reaches: tuple[int, ...], within: tuple[int, ...]) -> Bar:
    return Bar(name, f"Measure {name}", "%", 50, "50 %", 40.0, 60.0, reaches, within)


TORNADO = Tornado(
    run=1,
    target="carers",
    title="Cymorth i ofalwyr: tŷ a dŵr <&> $5",
    levels=LEVELS,
    level=2,
    level_title="Anghyson",
    decided=False,
    of="measures",
    bars=(bar("wide", (1, 2, 3), (2, 3)), bar("gap", (0, 2), (2,)), bar("still", (2,), (2,))),
)
PROFILE = Profile(
    run=1,
    draws=1_000,
    sections=(
        Section(
            "services",
            "Pa mor dda yw'r gwasanaethau?",
            LEVELS,
            (
                Line("carers", "Cymorth i ofalwyr", "proposed", 2, (0.0, 0.25, 0.5, 0.25, 0.0), 1, 3),
                Line("services", "Gwasanaethau", "decided", 4, (0.0, 0.0, 0.0, 0.0, 1.0), 4, 4),
            ),
        ),
    ),
)


def domain_next(target: str, wrong: float | None, best: Gain | None) -> DomainNext:
    title = f"Domain {target}"
    return DomainNext(
        target,
        title,
        "proposed",
        "Anghyson",
        (),
        (),
        wrong,
        0.01,
        (),
        best,
        (),
        SampleSizes(),
        f"{title} said.",
    )


NEXT = Next(
    "north",
    1,
    1_000,
    0,
    "Assumed.",
    (
        domain_next("gap", None, None),
        domain_next("high", 0.4, Gain("interviews", 8, 0.1, 0.3, 0.01)),
        domain_next("low", 0.2, None),
    ),
)
SHARES = Shares(
    "Yr hyn a ddywedodd gofalwyr: tŷ a dŵr <&> $5",
    "Two bars said in words.",
    "Share who agreed, in percent",
    (
        Share(
            "Carers who look after more than one person had a break last year",
            "100 %",
            100,
            (90, 100),
            (0, 100),
        ),
        Share("Carers were asked", "25 %", 25),
    ),
)
DRAWN = {
    "shares": lambda width: shares_plot(SHARES, width),
    "tornado": lambda width: tornado_plot(TORNADO, width),
    "profile": lambda width: profile_plot(PROFILE, width),
    "chances": lambda width: chances_plot(NEXT, width),
}
every_plot = pytest.mark.parametrize("name", list(DRAWN))


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(SVG + "text")]


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float, bool]]:
    """(left, top, width, height, dark) of the filled areas."""
    found = []
    for path in root.iter(SVG + "path"):
        style = path.get("style") or ""
        if f"stroke: {ACCENT}" not in style or "stroke-linejoin: miter" not in style:
            continue
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d") or "")]
        xs, ys = numbers[0::2], numbers[1::2]
        box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        found.append((*(round(number, 1) for number in box), f"fill: {ACCENT}" in style))
    return found


@every_plot
@both_widths
def test_the_same_data_gives_the_same_bytes(name: str, width: int) -> None:
    assert DRAWN[name](width) == DRAWN[name](width)


def test_another_process_with_settings_of_its_own_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.fonttype: path\naxes.facecolor: red\n")
    program = "import sys, test_plots as t; sys.stdout.buffer.write(t.profile_plot(t.PROFILE).encode())"
    environment = {"MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == profile_plot(PROFILE)


@every_plot
@both_widths
def test_a_plot_is_an_svg_with_title_and_description_and_nothing_from_elsewhere(
    name: str, width: int
) -> None:
    text = DRAWN[name](width)
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("role")) == (SVG + "svg", "img")
    assert root.get("aria-labelledby") == "title desc"
    assert [(child.tag, child.get("id")) for child in root[:2]] == [
        (SVG + "title", "title"),
        (SVG + "desc", "desc"),
    ]
    assert all(child.text for child in root[:2])
    assert root.get("viewBox") == f"0 0 {width} {root.get('height')}"
    # No timestamp, no name of the software, nothing fetched.
    assert not re.search(r"20\d\d-\d\d|atplotlib|<script|<image|<metadata|DOCTYPE", text)
    assert set(re.findall(r"https?://[^\"]*", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


@every_plot
@both_widths
def test_every_text_stands_inside_the_plot(name: str, width: int) -> None:
    root = ElementTree.fromstring(DRAWN[name](width))
    for element in root.iter(SVG + "text"):
        style, x = element.get("style") or "", float(element.get("x") or 0)
        size = float(re.findall(r"font-size: ([\d.]+)px", style)[0])
        wide = text_width(element.text or "", size, bold="font-weight: 700" in style or "bold" in style)
        anchor = re.findall(r"text-anchor: (\w+)", style)
        left = x - wide / 2 if anchor == ["middle"] else x - wide if anchor == ["end"] else x
        assert left >= 0 and left + wide <= width + 1, element.text
        assert 0 < float(element.get("y") or 0) < float(root.get("height") or 0), element.text


def test_letters_of_welsh_and_signs_of_markup_stay_what_they_are() -> None:
    root = ElementTree.fromstring(tornado_plot(TORNADO))
    assert root[0].text == "What moves: Cymorth i ofalwyr: tŷ a dŵr <&> $5"
    assert "What moves: Cymorth i ofalwyr: tŷ a dŵr <&> $5" in texts(root)


def test_a_bar_covers_the_columns_of_the_levels_it_reaches() -> None:
    root = ElementTree.fromstring(tornado_plot(TORNADO, WIDE))
    # Names take 236 of 704 pixels; five columns (no rating, four levels) share the rest. A bar leaves
    # 3 pixels free on either side.
    column = (704 - 236) / 5
    left = MARGIN + 236 + 3

    def spans(columns: int, count: int) -> tuple[float, float]:
        return round(left + columns * column, 1), round(count * column - 6, 1)

    found = [(x, wide, dark) for x, _, wide, _, dark in boxes(root)]
    expected = [
        (*spans(1, 3), False),  # wide: 1 to 3
        (*spans(2, 2), True),  # within: 2 and 3
        (*spans(0, 1), False),  # gap: no rating ...
        (*spans(2, 1), False),  # ... and 2
        (*spans(2, 1), True),
    ]
    assert found[:5] == expected
    lines = [
        path.get("d") or ""
        for path in root.iter(SVG + "path")
        if f"stroke: {INK}" in (path.get("style") or "")
    ]
    middle = MARGIN + 236 + 2.5 * column
    upright = [float(line.split()[1]) for line in lines]
    assert upright[:2] == pytest.approx([middle, middle]), "the level of the run"
    said = " ".join(texts(root))
    assert "Alone they move nothing: Measure still (50 %)." in said
    assert all(title in said for title in ("No rating", "Gwael", "Anghyson", "Rhagorol"))


def test_where_nothing_is_ever_unrated_there_is_no_column_for_it() -> None:
    rated = replace(TORNADO, bars=TORNADO.bars[:1])
    assert "No rating" not in texts(ElementTree.fromstring(tornado_plot(rated)))


def test_where_nothing_moves_the_plot_says_so() -> None:
    still = replace(TORNADO, bars=TORNADO.bars[2:])
    assert "No measure alone moves it." in texts(ElementTree.fromstring(tornado_plot(still)))


@both_widths
def test_columns_of_the_profile_are_as_high_as_the_share_of_draws(width: int) -> None:
    root = ElementTree.fromstring(profile_plot(PROFILE, width))
    drawn = boxes(root)[:4]
    # 24 pixels stand for all draws; the level of the run is filled, others hatched.
    assert [(high, dark) for _, _, _, high, dark in drawn] == [
        (6.0, False),
        (12.0, True),
        (6.0, False),
        (24.0, True),
    ]
    assert [text for text in texts(root) if text.isdigit()] == ["25", "50", "25", "100"]
    assert "(decided)" in " ".join(texts(root))


def test_bars_of_chances_are_as_long_as_the_chances() -> None:
    root = ElementTree.fromstring(chances_plot(NEXT, WIDE))
    now, then, other = (wide for _, _, wide, _, _ in boxes(root)[:3])
    assert now / other == pytest.approx(2, abs=0.01)
    assert now / then == pytest.approx(4, abs=0.03)
    said = texts(root)
    assert "10 % with 8 more interviews" in said
    assert "no rating yet: close the gap first" in said
    assert "Resamplings that give a different level (%)" in said


def test_the_profile_holds_95_percent_of_the_draws_that_give_a_rating() -> None:
    framework = load_policy("wales-round-2").framework

    def chances(name: str, shares: tuple[float, ...]) -> TargetChances:
        levels = tuple(
            Chance(n + 1, level.id, level.id, shares[n], 0.01)
            for n, level in enumerate(framework.scale_of(name))
        )
        alone = Chance(None, None, "not rated", shares[-1], 0.01)
        kind = "domain" if framework.is_domain(name) else "question"
        question = framework.question_of[name].id
        level = levels[1].level_id
        return TargetChances(
            name, name, kind, question, "proposed", level, "", 0.5, 0.01, (*levels, alone), (), None
        )

    shares = dict.fromkeys(framework.question_of, (0.02, 0.96, 0.02, 0.0, 0.0))
    shares["carers"] = (0.03, 0.5, 0.46, 0.01, 0.0)
    shares["getting-help"] = (0.01, 0.2, 0.0, 0.0, 0.79)
    shares["leadership"] = (0.0, 0.0, 0.0, 0.0, 1.0)
    targets = tuple(chances(name, of) for name, of in shares.items())
    profile = make_profile(framework, Uncertainty("r", 1, 100, 0, "resampled", targets, (), ""), "cy")
    lines = {line.target: line for section in profile.sections for line in section.lines}
    assert (lines["care-planning"].low, lines["care-planning"].high) == (2, 2)
    assert (lines["carers"].low, lines["carers"].high) == (1, 3)
    # Of the 21 % of draws with a rating, one in 21 is poor: more than 2.5 %.
    assert (lines["getting-help"].low, lines["getting-help"].high) == (1, 2)
    assert (lines["leadership"].low, lines["leadership"].high) == (None, None)
    assert lines["carers"].chances == (0.0, 0.03, 0.5, 0.46, 0.01)
    assert lines["carers"].level == 2
    assert profile.sections[0].levels[0] == "Gwael"
    assert [section.lines[-1].target for section in profile.sections] == ["services", "organisation"]


def test_text_is_broken_between_words_only_and_fits() -> None:
    text = "Strengths among strengths and weaknesses, weighted by significance"
    lines = wrapped(text, 150)
    assert " ".join(lines) == text
    assert all(text_width(line) <= 150 for line in lines)
    assert wrapped("Llanfairpwllgwyngyll", 20) == ["Llanfairpwllgwyngyll"]
    assert text_width("aa") > text_width("a") > 0


def test_a_plot_of_its_own_needs_only_paper() -> None:
    with paper("A title that is too long for one line of a narrow page", NARROW, 100, left=50) as page:
        page.axes.plot([0, 1], [0, 1], "o-", color=ACCENT)
        page.axes.set_xlabel("Year")
        page.axes.set_ylabel("Percent")
        root = ElementTree.fromstring(as_svg(page, "A line that rises."))
    assert root[1].text == "A line that rises."
    said = texts(root)
    assert "Year" in said and "Percent" in said
    assert sum("title" in text or "narrow" in text for text in said) == 2


@pytest.mark.parametrize("module", ["joint_review.cli", "joint_review.web"])
def test_matplotlib_is_not_loaded_before_the_first_plot(module: str) -> None:
    program = f"import sys, {module}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_bars_of_shares_are_as_long_as_the_shares() -> None:
    root = ElementTree.fromstring(shares_plot(SHARES))
    bars = []
    for path in root.iter(SVG + "path"):
        if f"fill: {ACCENT}" in (path.get("style") or ""):
            xs = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d") or "")][0::2]
            bars.append(max(xs) - min(xs))
    whole, quarter = bars
    assert whole == pytest.approx(4 * quarter, abs=0.1)


def test_a_chart_of_shares_names_only_what_it_shows() -> None:
    said = " ".join(texts(ElementTree.fromstring(shares_plot(SHARES))))
    assert "95 % interval" in said
    assert SHARES.others in said
    plain = replace(SHARES, rows=(SHARES.rows[1],))
    assert "interval" not in " ".join(texts(ElementTree.fromstring(shares_plot(plain))))
    assert SHARES.title not in said, "the page shows it"


def test_a_picture_for_word_has_the_size_of_its_plot_and_the_same_bytes() -> None:
    made = shares_picture(SHARES, WIDE, dots=144)
    assert made == shares_picture(SHARES, WIDE, dots=144)
    height = float(ElementTree.fromstring(shares_plot(SHARES)).get("height") or 0)
    # Width and height, in the first chunk of a PNG file.
    assert (int.from_bytes(made[16:20]), int.from_bytes(made[20:24])) == (2 * WIDE, 2 * height)
    assert b"matplotlib" not in made.lower()
