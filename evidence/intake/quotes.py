"""The quotes of an import, looked for in the stored and incoming texts of their sources."""

from __future__ import annotations

from collections.abc import Callable

from evidence.anchors import texts_of
from evidence.intake.staging import NEW_TEXTS
from evidence.matching import Matcher, Pages
from evidence.search import store_pages
from programme.database import Database, one

# Quotes whose very words are in no page of their source, if its text is stored or comes in: few, and the
# matcher looks for them again (`evidence.matching`).
QUOTES_TO_FIND = """
select i.place, r.ref, r.ref_no, r.source_id, r.is_new, i.quote
from incoming_item i join incoming_ref r using (ref_no)
where i.quote <> '' and (
  (not r.is_new and exists (select 1 from source_page p where p.source_id = r.source_id)
    and not exists (select 1 from source_page p where p.source_id = r.source_id and instr(p.text, i.quote)))
  or (r.is_new and exists (select 1 from incoming_source s
    where s.ref_no = i.ref_no and s.text <> '' and not instr(s.text, i.quote))))
order by r.ref_no, i.n
"""
INCOMING_TEXT = "select text from incoming_source where ref_no = ? and text <> '' limit 1"


def check_quotes(db: Database, problem: Callable[[str, str, str], None]) -> None:
    """Say of every staged quote that it is not in the text of its source, however it is written there.

    Every source with quotes that are not in it word for word is gone through once, and once more for each.
    """
    matcher, of = Matcher(()), None
    for place, ref, ref_no, source_id, is_new, quote in db.conn.execute(QUOTES_TO_FIND):
        if of != ref_no:
            of, matcher = ref_no, Matcher(_pages_of(db, ref_no, source_id, bool(is_new)))
        if not matcher.find(quote, most=1):
            problem(
                f"{place}, column 'quote'",
                f"these words are not in the stored text of source {ref!r}.",
                "Quote word for word.",
            )


def _pages_of(db: Database, ref_no: int, source_id: int, is_new: bool) -> Pages:
    """The pages of a source that is stored, or that comes in with the import."""
    if not is_new:
        return texts_of(db, source_id)
    return list(enumerate(_as_pages(one(db, INCOMING_TEXT, [ref_no])), start=1))


def _as_pages(text: str) -> list[str]:
    """The pages of a text that comes in with its source."""
    pages = text.split("\f")
    if len(pages) > 1 and not pages[-1].strip():
        pages.pop()
    return pages


def store_texts(db: Database) -> None:
    """Store the pages of the sources that came in with a text, inside the caller's transaction."""
    for source_id, text in db.conn.execute(NEW_TEXTS):
        store_pages(db, source_id, _as_pages(text))
