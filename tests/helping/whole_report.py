"""A report with every kind of block, in English and partly in Welsh, for tests of what renders it."""

from __future__ import annotations

from datetime import UTC, datetime

from report.model import (
    Appendix,
    Bar,
    Bullets,
    Column,
    Example,
    Figure,
    Grid,
    Heading,
    Paragraph,
    Priority,
    Rated,
    Recommendation,
    Report,
    Run,
    Table,
    Text,
    Words,
)

MADE = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LEVELS = (
    Words(en="Poor", cy="Gwael"),
    Words(en="Inconsistent", cy="Anghyson"),
    Words(en="Mainly good", cy="Da ar y cyfan"),
    Words(en="Excellent", cy="Rhagorol"),
)
PLACED = (Words(en="Well placed", cy="Mewn sefyllfa dda"), Words(en="Badly placed"))
MARKUP = 'It cost $5 & more: <b>"bold"</b> #lorem(3) *not strong* {{ 7 * 7 }} \\ ~ @p1 -- 2004\'s'
"""What each of the formats could take for markup; it must be read as it is written."""


def text_of(en: str, cy: str = "", *supports: str) -> Text:
    """A text that ends with its supports."""
    runs = [Run(text=en)]
    for name in supports:
        runs += [Run(text=" "), Run(text=f"[{name}]", style="support", target=name)]
    return Text(en=tuple(runs), cy=(Run(text=cy),) if cy else ())


def source(number: int) -> tuple[Words, ...]:
    return (
        Words.same(f"S{number}"),
        Words(en=f"Minutes of meeting {number}", cy=f"Cofnodion cyfarfod {number}"),
    )


def whole_report(sources: int = 60, *, charts: bool = True) -> Report:
    """The report; its table of sources goes over more than one page."""
    rated = {"target": "carers", "title": Words(en="Support for carers", cy="Cymorth i ofalwyr")}
    bars = (
        Bar(
            label=Words(en="Carers had a break", cy="Cafodd gofalwyr seibiant"),
            shown=Words.same("62.4 %"),
            value=62.4,
            low=55.0,
            high=69.2,
            worst=40.0,
            best=81.5,
        ),
        Bar(label=Words(en="Carers were asked"), shown=Words.same("38 %"), value=38.0),
    )
    figure = Figure(
        id="f-carers",
        caption=Words(en="What carers said", cy="Yr hyn a ddywedodd gofalwyr"),
        alt=Words(en="Two bars: 62.4 per cent had a break, 38 per cent were asked."),
        axis=Words(en="Share who agreed, in per cent"),
        bars=bars,
    )
    blocks = (
        Heading(id="overall", level=1, text=Words(en="Overall judgement", cy="Dyfarniad cyffredinol")),
        Paragraph(
            id="p1",
            number=1,
            text=text_of("Services help most people.", "Mae tŷ, dŵr a gwŷr yn Llŷn.", "E12", "S1"),
        ),
        Grid(
            id="grid",
            caption=Words(en="Overall judgement on the two questions"),
            across=Words(en="How good are the services?", cy="Pa mor dda yw'r gwasanaethau?"),
            up=Words(en="How well placed is the council to improve?"),
            columns=LEVELS,
            rows=PLACED,
            column=1,
            row=0,
            alt=Words(en="Services are Inconsistent; the council is Well placed to improve."),
        ),
        Heading(id="carers", level=2, text=rated["title"], key="carers"),
        Rated(id="r-carers", **rated, scale=LEVELS, level=3),
        Rated(id="r-none", **rated, scale=LEVELS),
        Heading(id="carers-strengths", level=3, text=Words(en="Strengths")),
        Paragraph(
            id="p2",
            number=2,
            text=Text(
                en=(
                    Run(text="Carers "),
                    Run(text="always", style="emphasis"),
                    Run(text=" said that "),
                    Run(text="breaks", style="strong"),
                    Run(text=" help: "),
                    Run(text="62.4 %", style="number", target="carers.breaks"),
                    Run(text=" had one "),
                    Run(text="[E14]", style="support", target="E14"),
                    Run(text="."),
                )
            ),
        ),
        Bullets(id="p2-list", number=2, items=(text_of("short breaks"), text_of("a telephone line"))),
        Bullets(id="p3", number=3, ordered=True, items=(text_of("first ask"), text_of("then write"))),
        Bullets(id="p4", number=4, ordered=True, items=(text_of("count from one again"),)),
        Example(id="p5", number=5, text=text_of("One carer was telephoned every week.", "", "E15")),
        Paragraph(id="p6", number=6, text=text_of(MARKUP)),
        *([figure] if charts else []),
        Heading(
            id="recommendations",
            level=1,
            text=Words(en="Recommendations and priorities", cy="Argymhellion a blaenoriaethau"),
        ),
        Recommendation(
            id="p7",
            number=7,
            label="R1",
            sort="compliance",
            text=text_of("Assess every carer who asks.", "Asesu pob gofalwr sy'n gofyn."),
            basis=Words(en="Carers and Disabled Children Act 2000, section 1"),
            headings=(Words(en="Support for carers"), Words(en="Assessment")),
        ),
        Recommendation(
            id="p8", number=8, label="R2", sort="improvement", text=text_of("Answer letters within a week.")
        ),
        Priority(id="p9", number=9, label="P1", text=text_of("Make breaks easy to get.")),
        Appendix(
            id="appendix-a", letter="A", text=Words(en="Sources of evidence", cy="Ffynonellau tystiolaeth")
        ),
        Table(
            id="sources",
            caption=Words(en="Sources, by index number", cy="Ffynonellau"),
            columns=(Column(title=Words(en="Index"), width=1), Column(title=Words(en="Title"), width=4)),
            rows=tuple(source(number) for number in range(1, sources + 1)),
            note=Words(en="Minutes are authorised."),
        ),
        Appendix(id="appendix-c", letter="C", text=Words(en="Case files")),
        Table(
            id="files",
            caption=Words(en="Case files"),
            columns=(Column(title=Words(en="Strand")), Column(title=Words(en="Files"), align="end")),
            rows=(),
            empty=Words(en="No case files were read."),
        ),
    )
    return Report(
        title=Words(en="Joint review of social services", cy="Cydadolygiad o'r gwasanaethau cymdeithasol"),
        subject=Words(en="Porth Council", cy="Cyngor Porth"),
        authors=Words(en="The joint review team"),
        dated=Words(en="31 March 2006", cy="31 Mawrth 2006"),
        status=Words(en="Draft, not for publication", cy="Drafft, nid i'w gyhoeddi"),
        edition="2",
        languages=("en", "cy"),
        facts=((Words(en="Review"), Words.same("porth-2006")),),
        blocks=blocks,
    )
