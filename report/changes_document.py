"""What changed from one edition to the next as a document of its own, for every renderer: what is sent.

Ratings that moved come first, then the register of comments with outcome, reason and effect, then the words:
every paragraph in which something is different, with what was removed and what was added marked. Evidence is
named by number alone. (The Welsh of the set phrases should be read by a Welsh speaker.)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from report.changes import Changes, Entry, MovedAlone
from report.differences import Change, Compared
from report.model import (
    LANGUAGES,
    AnyBlock,
    Column,
    Heading,
    Paragraph,
    Report,
    Run,
    Table,
    Text,
    Words,
)

TITLE = Words(
    en="What changed after comments on accuracy", cy="Yr hyn a newidiodd ar ôl sylwadau ar gywirdeb"
)
OUTCOMES = {
    "accepted": Words(en="Accepted", cy="Derbyniwyd"),
    "partly": Words(en="Accepted in part", cy="Derbyniwyd yn rhannol"),
    "not_accepted": Words(en="Not accepted", cy="Ni dderbyniwyd"),
    "": Words(en="No answer yet", cy="Dim ateb eto"),
}
NONE_MOVED = Words(en="No rating moved.", cy="Ni newidiodd unrhyw ddyfarniad.")
NOTHING = Words(en="nothing", cy="dim")
WHOLE = Words(en="whole report", cy="adroddiad cyfan")
LATE = Words(en="late", cy="hwyr")
CANNOT = Words(
    en="No rating can have moved: both editions rest on the same evidence, rules and decisions. Digest of the"
    " evidence of both:",
    cy="Ni allai unrhyw ddyfarniad fod wedi newid: mae'r ddau rifyn yn seiliedig ar yr un dystiolaeth,"
    " rheolau a phenderfyniadau. Crynodeb o dystiolaeth y ddau:",
)
SAME_EVIDENCE = Words(
    en="Both editions rest on the same evidence; what moved was decided by moderators or follows from the"
    " rules. Digest of the evidence of both:",
    cy="Mae'r ddau rifyn yn seiliedig ar yr un dystiolaeth; cymedrolwyr neu'r rheolau a newidiodd yr hyn a"
    " newidiodd. Crynodeb o dystiolaeth y ddau:",
)
STYLES = {Change.KEPT: "plain", Change.REMOVED: "removed", Change.ADDED: "added"}


def changes_document(found: Changes, after: Report) -> Report:
    """The changes between two editions as a report of their own, dressed as the later one."""
    edition = Words(
        en=f"Edition {found['after']} beside edition {found['before']}",
        cy=f"Rhifyn {found['after']} wrth ochr rhifyn {found['before']}",
    )
    blocks = (*_ratings(found), *_register(found), *_words(found))
    return after.model_copy(
        update={
            "title": TITLE,
            "facts": (),
            "status": edition,
            "edition": str(found["after"]),
            "blocks": blocks,
        }
    )


def _ratings(found: Changes) -> Iterator[AnyBlock]:
    yield Heading(id="what-changed", level=1, text=TITLE)
    yield Heading(id="ratings", level=2, text=Words(en="Ratings that moved", cy="Dyfarniadau a newidiodd"))
    yield Table(
        id="ratings-moved",
        caption=Words(en="Ratings before and after", cy="Dyfarniadau cyn ac ar ôl"),
        columns=(
            Column(title=Words(en="Rating", cy="Dyfarniad"), width=4),
            Column(title=Words(en="Before", cy="Cyn"), width=3),
            Column(title=Words(en="After", cy="Ar ôl"), width=3),
            Column(
                title=Words(
                    en="Comments that alone moved it", cy="Sylwadau a'i newidiodd ar eu pen eu hunain"
                ),
                width=3,
            ),
        ),
        rows=tuple(
            (
                Words.same(moved["title"]),
                Words.same(moved["before"]),
                Words.same(moved["after"]),
                Words.same(", ".join(map(str, moved["comments"]))) if moved["comments"] else NOTHING,
            )
            for moved in found["ratings"]
        ),
        empty=NONE_MOVED,
    )
    if found["same_evidence"]:
        said = CANNOT if found["nothing_can_have_moved"] else SAME_EVIDENCE
        digest = found["evidence_digest"]
        yield Paragraph(id="digests", text=Text.plain(f"{said.en} {digest}", f"{said.cy} {digest}"))


def _register(found: Changes) -> Iterator[AnyBlock]:
    yield Heading(id="comments", level=2, text=Words(en="Comments and answers", cy="Sylwadau ac atebion"))
    titles = {
        "number": (Words(en="Number", cy="Rhif"), 3),
        "paragraph": (Words(en="Paragraph", cy="Paragraff"), 3),
        "comment": (Words(en="Comment", cy="Sylw"), 7),
        "outcome": (Words(en="Outcome and reason", cy="Canlyniad a rheswm"), 6),
        "changed": (Words(en="What changed", cy="Yr hyn a newidiodd"), 5),
    }
    yield Table(
        id="register",
        caption=Words(en="Register of comments", cy="Cofrestr sylwadau"),
        columns=tuple(Column(title=title, width=width) for title, width in titles.values()),
        rows=tuple(_entry(entry) for entry in found["register"]),
        empty=Words(en="There were no comments.", cy="Ni chafwyd sylwadau."),
    )


def _entry(entry: Entry) -> tuple[Words, ...]:
    kind = {
        lang: f"{entry['number']} ({entry['kind']}{', ' + LATE.spoken(lang)[0] if entry['late'] else ''})"
        for lang in LANGUAGES
    }
    outcome = OUTCOMES[entry["outcome"]]
    said = {lang: f"{outcome.spoken(lang)[0]}. {entry['because']}".strip() for lang in LANGUAGES}
    changed = [*entry["changed"], *map(_moved, entry["alone"])]
    return (
        Words(**kind),
        WHOLE if entry["paragraph"] is None else Words.same(f"p{entry['paragraph']}"),
        Words.same(entry["text"] or entry["proposed_words"]),
        Words(**said),
        Words.same("; ".join(changed)) if changed else NOTHING,
    )


def _moved(moved: MovedAlone) -> str:
    return f"{moved['title']}: {moved['before']} → {moved['after']}"


def _words(found: Changes) -> Iterator[AnyBlock]:
    yield Heading(id="words", level=2, text=Words(en="Words", cy="Geiriau"))
    by_number = {lang: {one.number: one for one in found["words"].get(lang, ())} for lang in LANGUAGES}
    numbers = list(dict.fromkeys(number for lang in LANGUAGES for number in by_number[lang]))
    if not numbers:
        yield Paragraph(id="no-words", text=Text.plain("No words changed.", "Ni newidiodd unrhyw eiriau."))
    for place, number in enumerate(numbers, start=1):
        yield Paragraph(
            id=f"changed-{place}",
            text=Text(**{lang: _runs(number, by_number[lang].get(number)) for lang in LANGUAGES}),
        )


def _runs(number: str, compared: Compared | None) -> tuple[Run, ...]:
    if compared is None:
        return ()
    runs = [Run(text=f"{number}: ", style="strong")]
    for before, piece in pairwise((None, *compared.pieces)):
        # Read aloud, or without colours, what was put in is a word of its own.
        replaced = before and before.change == Change.REMOVED and piece and piece.change == Change.ADDED
        if before and replaced and not before.text[-1:].isspace():
            runs.append(Run(text=" "))
        if piece:
            runs.append(Run(text=piece.text, style=STYLES[piece.change]))
    return tuple(runs)
