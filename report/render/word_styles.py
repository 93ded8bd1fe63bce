"""How a report looks in Word: its styles, its lists, and the mark across a page, as WordprocessingML."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

INK, QUIET, LINE, ACCENT, PALE, SOFT = "1A2530", "4A5866", "C5CED6", "0B4A6F", "E3EEF5", "F4F6F8"
BAD, GOOD = "93261F", "1B5E38"
SHADES = ("F3F8FB", "E0EDF5", "CCE1EE", "B5D3E6", "9DC4DD")
"""Of the grid, from the worst corner to the best."""
FONT = "Arial"
MARGIN, LABEL = 567, 850
"""Room in the margin for the number of a paragraph, and beside it for R1 (twentieths of a point)."""
BULLETS, NUMBERS = 90, 91
"""The definitions of lists."""


def style(
    name: str,
    run: str = "",
    paragraph: str = "",
    *,
    based: str = "Normal",
    following: str = "",
    title: str = "",
) -> str:
    """The XML of a paragraph style."""
    own = "" if title else ' w:customStyle="1"'
    if name == "Normal":
        own = ' w:default="1"'
    then = f'<w:next w:val="{following}"/>' if following else ""
    base = f'<w:basedOn w:val="{based}"/>' if based else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{name}"{own}>'
        f'<w:name w:val="{title or name}"/>{base}{then}<w:qFormat/><w:pPr>{paragraph}</w:pPr>'
        f"<w:rPr>{run}</w:rPr></w:style>"
    )


NOT_BOLD = '<w:b w:val="0"/>'


def letters(size: float, colour: str = INK, *, bold: bool = False, italic: bool = False) -> str:
    """Run properties: letters of that size in points."""
    return (
        f"{'<w:b/>' if bold else NOT_BOLD}"
        f'{"<w:i/>" if italic else ""}<w:color w:val="{colour}"/>'
        f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>'
    )


def room(before: float, after: float, line: int = 276) -> str:
    """Paragraph properties: room before and after in points, and between lines in 240ths."""
    return (
        f'<w:spacing w:before="{round(before * 20)}" w:after="{round(after * 20)}" '
        f'w:line="{line}" w:lineRule="auto"/>'
    )


def hanging(left: int, by: int) -> str:
    """Paragraph properties: the first line begins so much before the others."""
    return f'<w:ind w:left="{left}" w:hanging="{by}"/>'


KEEP, NO_MORE = "<w:keepNext/>", "<w:keepNext/><w:keepLines/>"
BOX = f'<w:shd w:val="clear" w:color="auto" w:fill="{SOFT}"/>'
BAR = f'<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="{QUIET}"/></w:pBdr>'
UNDER = f'<w:pBdr><w:bottom w:val="single" w:sz="18" w:space="6" w:color="{ACCENT}"/></w:pBdr>'
TOP = f'<w:pBdr><w:top w:val="single" w:sz="48" w:space="12" w:color="{ACCENT}"/></w:pBdr>'
FRAME = "<w:pBdr>" + "".join(
    f'<w:{side} w:val="single" w:sz="8" w:space="6" w:color="{BAD}"/>'
    for side in ("top", "left", "bottom", "right")
)
FRAME += "</w:pBdr>"
BESIDE = '<w:framePr w:w="454" w:wrap="around" w:vAnchor="text" w:hAnchor="text" w:x="-567" w:y="40"/>'
"""In the margin, beside what follows."""
BEFORE = '<w:ind w:left="226" w:right="113"/>'
"""Another indent than that of the text of an example, so that one example does not run into the next."""
INDENT = '<w:ind w:left="227" w:right="113"/>'
FONTS = f'<w:rFonts w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}" w:eastAsia="{FONT}"/>'


def heading(level: int, size: float, colour: str, before: float, after: float, more: str = "") -> str:
    """The style of a heading."""
    return style(
        f"Heading{level}",
        FONTS + letters(size, colour, bold=True),
        f"{NO_MORE}{more}{room(before, after, 252)}<w:outlineLvl w:val='{level - 1}'/>",
        following="Normal",
        title=f"heading {level}",
    )


TABS = '<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="8618"/></w:tabs>'
STYLES = (
    style("Normal", FONTS + letters(11), room(0, 8), based="", title="Normal"),
    style("Title", FONTS + letters(32, bold=True), room(120, 14, 240), title="Title"),
    style("Subtitle", FONTS + letters(20, ACCENT), room(0, 14), title="Subtitle"),
    heading(1, 24, ACCENT, 0, 16, "<w:pageBreakBefore/>" + UNDER),
    heading(2, 16, ACCENT, 22, 8),
    heading(3, 12.5, INK, 14, 5),
    heading(4, 11, QUIET, 12, 4),
    style("Caption", FONTS + letters(10.5, bold=True), KEEP + room(14, 5), title="caption"),
    style("TOC1", letters(11, ACCENT, bold=True), TABS + room(8, 2), title="toc 1"),
    style("TOC2", letters(11), TABS + room(0, 2) + '<w:ind w:left="284"/>', title="toc 2"),
    style("Header", letters(9, QUIET), room(0, 0, 240), title="header"),
    style("Footer", letters(9, QUIET), room(0, 0, 240), title="footer"),
    style("ReportAuthors", letters(12, ACCENT, bold=True), TOP + room(0, 8)),
    style("ReportStatus", letters(12, BAD, bold=True), FRAME + room(220, 8) + '<w:ind w:left="113"/>'),
    style("ReportQuiet", letters(11, QUIET)),
    style("ReportContents", FONTS + letters(24, ACCENT, bold=True), KEEP + UNDER + room(0, 16, 252)),
    style("ReportAbout", FONTS + letters(12.5, ACCENT, bold=True), KEEP + room(36, 5)),
    style(
        "ReportFact",
        letters(10),
        '<w:tabs><w:tab w:val="left" w:pos="2268"/></w:tabs>' + room(0, 3) + hanging(2268, 2268),
    ),
    style("ReportNumbered", "", room(0, 8) + hanging(0, MARGIN)),
    style("ReportNumberLine", letters(8.5, QUIET), KEEP + room(0, 0, 240)),
    style("ReportLabel", letters(9.5, QUIET, bold=True), KEEP + BAR + BOX + room(8, 0) + BEFORE),
    style("ReportExample", "", BAR + BOX + room(0, 10) + INDENT),
    style("ReportRating", letters(11, QUIET), KEEP + BOX + room(2, 10, 320)),
    style(
        "ReportLabelled",
        "",
        f'<w:keepLines/><w:tabs><w:tab w:val="left" w:pos="0"/></w:tabs>{room(10, 4)}'
        f"{hanging(LABEL, LABEL + MARGIN)}",
    ),
    style("ReportUnder", letters(9.5, QUIET), room(0, 10) + f'<w:ind w:left="{LABEL}"/>'),
    style("ReportSmall", letters(9, QUIET), room(5, 10)),
    style(
        "ReportAxis",
        letters(9.5, ACCENT, bold=True),
        KEEP + room(0, 4) + '<w:ind w:left="2413"/><w:jc w:val="center"/>',
    ),
    style("ReportCell", letters(9), room(2, 2, 250)),
    style("ReportBullet", "", f'<w:numPr><w:numId w:val="{BULLETS}"/></w:numPr>' + room(0, 5)),
    style("ReportNumber", "", f'<w:numPr><w:numId w:val="{NUMBERS}"/></w:numPr>' + room(0, 5)),
)
"""All styles of a report; those of the template of the same name are replaced."""


def list_of(number: int, kind: str, mark: str) -> str:
    """The definition of a list."""
    return (
        f'<w:abstractNum w:abstractNumId="{number}"><w:multiLevelType w:val="singleLevel"/>'
        f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{mark}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr>{hanging(340, 283)}</w:pPr>'
        f'<w:rPr>{FONTS}<w:color w:val="{ACCENT}"/></w:rPr></w:lvl></w:abstractNum>'
    )


LISTS = (list_of(BULLETS, "bullet", "•"), list_of(NUMBERS, "decimal", "%1."))


def list_instance(number: int, definition: int) -> str:
    """A list that counts from 1."""
    return (
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="{definition}"/>'
        f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    )


SHAPES = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'


def across(words: str) -> str:
    """A run with words across the page, behind its text, as Word's own watermarks are."""
    return (
        f"<w:r><w:rPr><w:noProof/></w:rPr><w:pict {SHAPES}>"
        '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/>'
        '<v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/>'
        '<v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/>'
        '<v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>'
        '<v:shape id="PowerPlusWaterMarkObject1" type="#_x0000_t136" alt="" '
        'style="position:absolute;margin-left:0;margin-top:0;width:400pt;height:110pt;rotation:315;z-index:-251;'
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#e6edf2" stroked="f">'
        f'<v:textpath style="font-family:&quot;{FONT}&quot;;font-size:1pt" string={quoteattr(words)}/>'
        "</v:shape></w:pict></w:r>"
    )


def words_of(text: str, properties: str = "", kind: str = "t") -> str:
    """A run of text; line breaks and tabs in it are spaces."""
    said = escape(" ".join(text.split("\n")).replace("\t", " "))
    look = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{look}<w:{kind} xml:space="preserve">{said}</w:{kind}></w:r>'


TAB = "<w:r><w:tab/></w:r>"


def field(code: str, shown: str = "", properties: str = "") -> str:
    """A field of Word, with what is shown until it is computed."""
    look = f"<w:rPr>{properties}</w:rPr>" if properties else ""

    def mark(kind: str) -> str:
        return f'<w:r>{look}<w:fldChar w:fldCharType="{kind}"/></w:r>'

    return (
        f'{mark("begin")}<w:r>{look}<w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
        f"{mark('separate')}{words_of(shown, properties) if shown else ''}{mark('end')}"
    )
