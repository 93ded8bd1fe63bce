"""The colours: all in one place, told from their ground in both schemes, the same in pages and pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from joint_review.web.assets import STATIC
from pictures import plots

REVIEW = (STATIC / "review.css").read_text(encoding="utf-8")
DARK_RULE = "@media screen and (prefers-color-scheme: dark) {\n  :root {"
FORCED_RULE = "@media (forced-colors: active) {\n  :root {"
COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|(?<![-\w])(?:white|black|red|green|blue|gr[ae]y)(?![-\w])"
)


def declared(css: str, opening: str) -> dict[str, str]:
    """The custom properties that a rule declares."""
    inside = css.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", inside))


SCHEMES = {"light": declared(REVIEW, ":root {"), "dark": declared(REVIEW, DARK_RULE)}
FORCED = declared(REVIEW, FORCED_RULE)

TEXTS = {
    "ground": ("ink", "quiet", "accent", "good", "bad"),
    "soft": ("ink", "quiet", "accent", "good", "bad"),
    "field": ("ink", "quiet", "bad"),
    "accent-soft": ("ink", "accent-ink", "accent"),
    "warn": ("ink", "warn-ink", "accent"),
    "top": ("on-top",),
    "button": ("on-button",),
    "button-over": ("on-button",),
    "chosen": ("ink", "quiet", "accent", "bad", "good"),
    "picked": ("ink",),
    "picked-soft": ("ink",),
    "mark": ("mark-ink",),
    "mark-soft": ("ink",),
    "mark-more": ("ink",),
    "stripe": ("quiet",),
    **{f"heat-{number}": ("heat-ink",) for number in range(1, 6)},
    **{f"shade-{number}": ("ink",) for number in range(4)},
    **{f"chance-{number}": ("ink",) for number in range(6)},
    "chance-0": ("ink", "quiet"),
}
"""What is written in which colours on which grounds, in the drawings of the pages too."""
SIGNS = {"ground": ("edge", "focus", "warn-line"), "field": ("edge",), "soft": ("edge", "focus")}
"""Lines, frames and marks that must be seen, but hold no words."""


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2, from 0 (black) to 1 (white)."""
    assert re.fullmatch("#[0-9a-f]{6}", colour), colour
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio by WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("on", "least"), [(TEXTS, 4.5), (SIGNS, 3)], ids=["texts", "frames and marks"])
def test_texts_frames_and_marks_can_be_told_from_their_ground(
    scheme: str, on: dict[str, list[str]], least: float
) -> None:
    colours = SCHEMES[scheme]
    found = {
        f"{name} on {ground}": round(contrast(colours[name], colours[ground]), 2)
        for ground, names in on.items()
        for name in names
    }
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


def test_every_colour_has_its_place_in_every_scheme() -> None:
    assert set(SCHEMES["light"]) == set(SCHEMES["dark"]) == set(FORCED)
    assert all(not COLOUR.search(value) for value in FORCED.values()), "forced colours are the reader's own"


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_colours_stand_at_the_top_and_nowhere_else(path: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    below = re.sub(r":root \{[^}]*\}", "", css)
    assert COLOUR.findall(below) == []
    used = set(re.findall(r"var\(--([\w-]+)\)", css))
    own = set(re.findall(r"--([\w-]+):", css))
    beside = path.name in ("report.css", "tagging.css")  # on pages that have review.css as well
    assert used <= (own | set(SCHEMES["light"]) if beside else own)
    if path.name != "review.css":
        assert {name: SCHEMES["light"][name] for name in own} == declared(css, ":root {") if own else True


def test_no_colour_is_left_that_nothing_uses() -> None:
    css = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.css"))
    assert set(SCHEMES["light"]) - set(re.findall(r"var\(--([\w-]+)\)", css)) == set()


def test_pictures_have_the_colours_of_the_pages() -> None:
    names = {
        "ink": plots.INK,
        "quiet": plots.QUIET,
        "line": plots.LINE,
        "edge": plots.EDGE,
        "accent": plots.ACCENT,
        "accent-soft": plots.PALE,
        "bad": plots.BAD,
        "ground": plots.GROUND,
    }
    assert names == {name: SCHEMES["light"][name] for name in names}
    assert {name: plots.DARK[light] for name, light in names.items()} == {
        name: SCHEMES["dark"][name] for name in names
    }


def test_a_picture_uses_no_other_colours_and_turns_dark_with_the_page() -> None:
    with plots.paper("A title", 300, 100) as page:
        page.axes.barh([0, 1], [2, 3], color=plots.ACCENT, edgecolor=plots.EDGE)
        page.axes.barh([2], [1], facecolor=plots.GROUND, hatch="////")
        svg = plots.as_svg(page, "Two bars.")
    style = svg[svg.index("<style>") : svg.index("</style>")]
    drawn = svg.replace(style, "")
    used = set(re.findall("#[0-9a-f]{6}", drawn))
    assert used <= set(plots.DARK)
    assert {plots.INK, plots.GROUND, plots.ACCENT} <= used
    for light in used:
        assert (
            f'[style*="fill: {light}"], [fill="{light}"] {{ fill: {plots.DARK[light]} !important }}' in style
        )


def test_motion_is_left_out_where_it_is_not_wanted() -> None:
    assert "@media (prefers-reduced-motion: reduce)" in REVIEW
    assert "transition: none" in REVIEW and "animation: none" in REVIEW
