"""A report as plain values: whole, the same after it was written and read, in two languages."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from report.model import (
    Bullets,
    Column,
    Grid,
    Heading,
    Paragraph,
    Rated,
    Report,
    Run,
    Table,
    Text,
    Words,
    from_json,
    paragraphs_of,
    texts_of,
    to_json,
)


def report_of(*blocks: object) -> Report:
    names = {"title": Words(en="Joint review"), "subject": Words(en="Porth Council", cy="Cyngor Porth")}
    return Report(**names, authors=Words(en="Two bodies"), dated=Words(en="31 March 2006"), blocks=blocks)


def test_a_report_reads_back_as_it_was_written() -> None:
    said = Text(
        en=(Run(text="Carers wait "), Run(text="62.4 %", style="number", target="carers.strengths_share")),
        cy=(Run(text="Mae gofalwyr yn aros "), Run(text="[E12]", style="support", target="E12")),
    )
    blocks = (Heading(id="carers", level=1, text=Words(en="Carers")), Paragraph(id="p1", number=1, text=said))
    report = report_of(*blocks)
    assert from_json(to_json(report)) == report
    assert to_json(from_json(to_json(report))) == to_json(report)


def test_where_a_language_has_no_text_the_other_is_shown_and_named() -> None:
    assert Words(en="Carers").spoken("cy") == ("Carers", "en")
    assert Words(cy="Gofalwyr").spoken("en") == ("Gofalwyr", "cy")
    assert Words.same("62 %").spoken("cy") == ("62 %", "cy")
    assert Text.plain("Carers wait.").spoken("cy")[1] == "en"
    assert Text().spoken("cy") == ((), "cy")


@pytest.mark.parametrize(
    ("runs", "read"),
    [
        ([("It is late ", "plain"), ("[E1]", "support"), (".", "plain")], "It is late."),
        ([("It is late. ", "plain"), ("[E1]", "support")], "It is late."),
        ([("Files ", "plain"), ("[E1]", "support"), (" were late.", "plain")], "Files were late."),
        ([("[E1]", "support"), (" Files were ", "plain"), ("late", "strong")], "Files were late"),
    ],
)
def test_a_text_reads_well_without_its_supports(runs: list[tuple[str, str]], read: str) -> None:
    text = Text(en=tuple(Run.model_validate({"text": words, "style": style}) for words, style in runs))
    assert text.words("en") == read


def test_supports_are_named_once_each() -> None:
    support = Run(text="[E1]", style="support", target="E1")
    other = Run(text="[R4]", style="support", target="R4")
    assert Text(en=(support, other, support), cy=(support,)).supports() == ("E1", "R4")


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ((Heading(id="a", level=2, text=Words(en="A")),), "heading a is of level 2 below one of level 0"),
        ((Paragraph(id="p1", text=Text()), Paragraph(id="p1", text=Text())), "used twice: p1"),
        (
            (Table(id="t", caption=Words(en="T"), columns=(Column(title=Words(en="A")),), rows=((),)),),
            "table t has 1 column, row 1 has 0 cells",
        ),
        (
            (Rated(id="r", target="x", title=Words(en="X"), scale=(Words(en="l"), Words(en="h")), level=3),),
            "rating r is above its scale",
        ),
        (
            (
                Grid(
                    id="g",
                    caption=Words(en="G"),
                    across=Words(en="A"),
                    alt=Words(en="A"),
                    columns=(Words(en="l"), Words(en="h")),
                    column=2,
                    row=0,
                ),
            ),
            "grid g has no such place",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(blocks: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        report_of(*blocks)


def test_a_paragraph_of_several_blocks_is_one_paragraph() -> None:
    blocks = (
        Paragraph(id="p7", number=7, text=Text.plain("They asked for:")),
        Bullets(id="p7-2", number=7, items=(Text.plain("breaks"), Text.plain("a telephone"))),
        Paragraph(id="p8", number=8, text=Text.plain("And got them.")),
    )
    found = paragraphs_of(report_of(*blocks))
    assert found == {7: blocks[:2], 8: blocks[2:]}
    assert [*texts_of(blocks[1], "en")] == ["breaks", "a telephone"]
