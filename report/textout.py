"""The text of a report as a folder of files, with the numbers of its paragraphs, to edit and give back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from report.model import Language
from report.textfiles import COLUMNS, RECOMMENDATIONS
from report.written import Writing, Written


def text_files(writing: Writing) -> dict[str, str]:
    """What each file is called, and its content: a Markdown file a heading, and the recommendations."""
    found = {
        f"{heading}.md": _file(heading, writing)
        for heading in writing.by_heading
        if heading not in ("recommendations",)
    }
    if terms := _recommendations(writing):
        found[f"{RECOMMENDATIONS}.csv"] = terms
    return found


def _file(heading: str, writing: Writing) -> str:
    """The paragraphs under a heading in the language of record, each with its other language below."""
    record = writing.report.record
    other: Language = "cy" if record == "en" else "en"
    labels = {terms.paragraph: terms.label for terms in writing.recommendations}
    blocks = [f"heading: {heading}" + (f"\nlang: {record}" if record != "en" else "")]
    for written in writing.by_heading[heading]:
        first, second = (record, other) if written.texts[record] else (other, record)
        mark = f"{labels[written.number]}: " if written.number in labels else f"[p{written.number}] "
        lead = f"{first}: " if first != record else ""
        blocks.append(f"{mark}{lead}{_as_block(written, written.texts[first])}")
        if written.texts[second]:
            blocks.append(f"{second}: {written.texts[second]}")
    return "\n\n".join(blocks) + "\n"


def _as_block(written: Written, text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n")) if written.style == "example" else text


def _recommendations(writing: Writing) -> str:
    rows = list(_rows(writing))
    if not rows:
        return ""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS[RECOMMENDATIONS])
    table.writerows(rows)
    return out.getvalue()


def _rows(writing: Writing) -> Iterator[list[str]]:
    for terms in writing.recommendations:
        if terms.series == "R" and not terms.withdrawn:
            texts = writing.all[terms.paragraph].texts
            yield [terms.label, terms.kind, terms.basis, texts["en"], texts["cy"], ", ".join(terms.domains)]
