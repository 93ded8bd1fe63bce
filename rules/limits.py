"""How much of anything is taken in, named once: no form, file, address or command brings more.

What is over a limit is refused at once, with its place and what would do. The limits are far above what
people write and files hold; they are there so that one of them never costs everybody else the server.
"""

from __future__ import annotations

# --- what is written: fields of forms, options of commands, cells of tables, values of policy files ------

LONGEST_WORDS = 10_000
"""Characters of a note, a reason, a finding, a quote, a statement: some three printed pages."""
LONGEST_LINE = 500
"""Characters of what is one line: a title, a locator, a reference, a period, a group."""
LONGEST_NAME = 200
"""Characters of a name: an index number, a person, a respondent, a review, a unit."""
LONGEST_NUMERAL = 60
"""Characters of a number as people write it."""
MOST_NAMED = 200
"""Names in one list: domains of an item, members of a panel."""
LARGEST_POLICY = 2_000_000
"""Bytes of a framework, rulebook, cases or review file; the largest of the library is a twentieth of that."""

# --- files ------------------------------------------------------------------------------------------------

LARGEST_FILE = 50_000_000
"""Bytes of a file whose text is stored: a long report with many pictures; a larger one is mostly pictures."""
LONGEST_TEXT = 10_000_000
"""Characters of one source, about 3,000 printed pages; and of a cell that holds such a text."""
LONGEST_TOGETHER = 20_000_000
"""Characters of all the files that are added at once."""
MOST_PAGES = 5_000
"""Pages or sections of one source: more than any report has."""
LONGEST_PAGE = 200_000
"""Characters of a page that has its number from the file: the densest printed page has a tenth of that."""
LARGEST_TABLE = 2_000_000_000
"""Bytes of a table of evidence: some ten million rows."""
LARGEST_LISTS = 50_000_000
"""Bytes of a YAML or JSON file of evidence, which is read as a whole: some hundred thousand rows."""
MOST_TABLES = 100
"""Sheets of a workbook, or lists of a YAML or JSON file."""
MOST_COLUMNS = 1_000
"""Headers of a table, or keys of a row: a survey of one person a row has a column for every question."""
MOST_ROWS = 5_000_000
"""Rows of one table; a survey of so many answers is several files."""
MOST_MARKS = 30
"""Marks (accents, dots) on one letter, as in Unicode's Stream-Safe Text Format (UAX 15, section 13)."""

# --- time and memory --------------------------------------------------------------------------------------

READ_SECONDS = 120
"""Seconds for one file; a PDF of 5,000 pages takes about a minute."""
FORM_SECONDS = 90
"""Seconds for all the files of a form together, from when they have arrived, waiting for a turn included."""
READ_MEMORY = 550_000_000
"""Bytes of address space of the process that reads a file; two of them and the server stay below 1.5 GB."""

# --- what is said -----------------------------------------------------------------------------------------

MOST_PROBLEMS = 200
"""Problems that are listed; the rest are counted."""
LONGEST_SAID = 600
"""Characters of a message, a place or a hint; more of it is cut."""
MOST_COMPARED = 1_000
"""Names that a wrong one is compared with for 'did you mean'."""


def shortened(text: str, longest: int = LONGEST_SAID) -> str:
    """The text, or its beginning and '...' where it is longer."""
    return text if len(text) <= longest else text[: longest - 3] + "..."
