"""Full-text search of pages and items: what is asked for, what is found, and the index of divided words.

SQLite keeps the index of every text by itself. Texts with words that a printer divided or drew as one
letter have a second one, of the words as they are read (see `evidence.matching`); it is written here,
whenever pages or items are stored or blanked, and a search looks into both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from evidence.matching import as_searched, plainly
from programme.database import Database, one, rows
from programme.reviews import Review
from rules.errors import EvidenceInvalid
from rules.limits import LONGEST_LINE

SEARCHED = {"source_page": ("text",), "evidence": ("text", "quote", "locator")}
"""The tables that are searched, with the columns."""
INDEX_OF_DIVIDED = """
create virtual table {table}_divided_fts
using fts5(text, hyphened, tokenize='unicode61 remove_diacritics 2')
"""
MOST_WORDS = 50
"""Words of one search; SQLite refuses some hundreds."""
AROUND = 24
"""Words of a page that are shown around what was found."""
FOUND, UNTIL = "\x02", "\x03"
"""Put around what was found; no stored text holds them."""

# --- the index of divided words ---------------------------------------------------------------------------


def store_pages(db: Database, source_id: int, pages: Sequence[str]) -> None:
    """Store the pages of a new source, and index them, inside the caller's transaction."""
    numbered = list(enumerate(pages, start=1))
    db.conn.executemany(
        "insert into source_page (source_id, number, text) values (?, ?, ?)",
        [(source_id, number, page) for number, page in numbered],
    )
    divided = [(number, found) for number, page in numbered if (found := as_searched(page))]
    db.conn.executemany(
        "insert into source_page_divided_fts (rowid, text, hyphened)"
        " select id, ?, ? from source_page where source_id = ? and number = ?",
        [(*found, source_id, number) for number, found in divided],
    )


# Few rows have what the index is for: SQLite leaves out the others before Python looks at a text.
PERHAPS = "(instr({text}, '-' || char(10)) or instr({text}, '‐' || char(10)) or {text} glob '*[ﬀ-ﬆ]*')"


def index_divided(db: Database, table: str, where: str = "1", parameters: Sequence[Any] = ()) -> None:
    """Put rows of a table into the index of divided words, inside the caller's transaction."""
    together = " || char(10) || ".join(SEARCHED[table])
    perhaps = PERHAPS.format(text=f"({together})")
    found = db.execute(f"select id, {together} from {table} where ({where}) and {perhaps}", [*parameters])
    while some := found.fetchmany(1_000):
        db.conn.executemany(
            f"insert into {table}_divided_fts (rowid, text, hyphened) values (?, ?, ?)",
            [(row, *divided) for row, text in some if (divided := as_searched(text))],
        )


def index_items(db: Database, event: int) -> None:
    """Index the items that an event added, inside its transaction."""
    index_divided(db, "evidence", "added_event = ?", [event])


def index_again(db: Database, changed: Iterable[tuple[str, int]]) -> None:
    """Index rows (table, number) whose words were changed, inside the caller's transaction."""
    for table, number in changed:
        if table in SEARCHED:
            db.execute(f"delete from {table}_divided_fts where rowid = ?", [number])
            index_divided(db, table, "id = ?", [number])


# --- what is asked for ------------------------------------------------------------------------------------

ASKED = re.compile(r'"([^"]*)"?|([^\s"]+)')


def as_query(words: str) -> str:
    """What people type as a full-text query: every word must stand on the page, "these words" in this order.

    A word that ends with * stands for all that begin so. Nothing else means anything to the search. Raises
    EvidenceInvalid where there is no word, or more than MOST_WORDS.
    """
    if len(words.split()) > MOST_WORDS or len(words) > 4 * LONGEST_LINE:
        raise EvidenceInvalid(f"a search can have at most {MOST_WORDS} words", hint="Give fewer.")
    asked = []
    for phrase, word in ASKED.findall(plainly(words.replace("\0", " "))):
        text = phrase or word
        if any(char.isalnum() for char in text):
            prefix = "*" if word.endswith("*") else ""
            asked.append('"' + text.replace('"', '""') + '"' + prefix)
    if not asked:
        raise EvidenceInvalid("there is no word to search for", hint="Give a word, e.g. carers.")
    return " ".join(asked)


class PageFound(TypedDict):
    """A page that holds the words searched for."""

    source: str
    title: str
    kind: str
    page: int
    snippet: str
    """A stretch of the page on one line."""
    found: list[list[int]]
    """From and to of every word found in it, in characters."""


# --- what is found ----------------------------------------------------------------------------------------


def search_sources(
    db: Database, review: Review, words: str, *, limit: int = 50, offset: int = 0
) -> tuple[list[PageFound], int]:
    """The pages of a review's sources that hold all the words, and how many there are.

    Case and accents do not matter: dwr finds dŵr, and the other way round; nor does whether a word is divided
    at a line end. In the order of index numbers and pages. Cost grows with the pages that hold the words, in
    all reviews. Raises EvidenceInvalid like `as_query`.
    """
    parameters = {"words": as_query(words), "review": review.id, "limit": limit, "offset": offset}
    pages = rows(db, PAGES, parameters)
    said = _snippets(db, parameters["words"], [row["id"] for row in pages])
    found: list[PageFound] = [
        {
            "source": row["source"],
            "title": row["title"],
            "kind": row["kind"],
            "page": row["page"],
            "snippet": snippet,
            "found": words_found,
        }
        for row in pages
        for snippet, words_found in [_marked(said[row["id"]])]
    ]
    return found, int(one(db, COUNT, parameters))


HITS = """
from (select rowid as id from source_page_fts where source_page_fts match :words
  union select rowid from source_page_divided_fts where source_page_divided_fts match :words) f
cross join source_page p on p.id = f.id cross join source s on s.id = p.source_id
where s.review_id = :review
"""
COUNT = f"select count(*) {HITS}"
PAGES = f"""
select p.id, s.ref as source, s.title, s.kind, p.number as page {HITS}
order by s.ref, p.number limit :limit offset :offset
"""
# Snippets are made of the pages shown alone: they are the dearest part. The + keeps SQLite from searching the
# index anew for every page.
SNIPPETS = """
select rowid as id, snippet({index}, 0, :found, :until, ' … ', :around) as said from {index}
where {index} match :words and +rowid in (select value from json_each(:pages))
"""


def _snippets(db: Database, words: Any, pages: Sequence[int]) -> dict[int, str]:
    """What is shown of each page: as it is written, if the words are found so."""
    given: Mapping[str, Any] = {
        "words": words,
        "pages": json.dumps(list(pages)),
        "found": FOUND,
        "until": UNTIL,
        "around": AROUND,
    }
    return {
        row["id"]: row["said"]
        for index in ("source_page_divided_fts", "source_page_fts")
        for row in rows(db, SNIPPETS.format(index=index), given)
    }


ITEMS = """
select rowid from evidence_fts where evidence_fts match :search
union select rowid from evidence_divided_fts where evidence_divided_fts match :search
"""
"""The numbers of the items that hold words."""


def as_query_of_items(words: str) -> str:
    """Words in any order, as `ITEMS` looks for them; empty for none."""
    searched = plainly(words.replace("\0", " ")).split()
    return " ".join('"' + word.replace('"', '""') + '"' for word in searched)


def _marked(said: str) -> tuple[str, list[list[int]]]:
    """A snippet without its marks, and where they were."""
    text, found = "", []
    for number, part in enumerate(re.split(f"[{FOUND}{UNTIL}]", said.replace("\n", " ").replace("\t", " "))):
        if number % 2:
            found.append([len(text), len(text) + len(part)])
        text += part
    return text, found
