"""What a Word document says, as python-docx-ng reads it: run apart, with that library in the path.

python-docx-ng is a fork of python-docx under the same name, so that one process cannot have both. It is given
files on the command line and prints one JSON value for each.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def read(name: str) -> dict[str, Any]:
    """Paragraphs with their styles, tables, pictures and properties; the words with all changes rejected, and
    with all accepted."""
    import docx

    document = docx.Document(name)
    section = document.sections[0]
    about = document.core_properties
    return {
        "paragraphs": [[one.style.name, one.text] for one in document.paragraphs],
        "tables": [
            {
                "title": table.title,
                "description": table.description,
                "header": bool(table.rows[0].repeat_as_header),
                "rows": [[cell.text for cell in row.cells] for row in table.rows],
            }
            for table in document.tables
        ],
        "pictures": [[shape.title, shape.description] for shape in document.inline_shapes],
        "page": [round(section.page_width.mm), round(section.page_height.mm)],
        "about": [about.title, about.author, about.language, about.keywords],
        "head": [one.text for one in section.header.paragraphs],
        "foot": [one.text for one in section.footer.paragraphs],
        "rejected": words(docx, name, "reject_all_revisions"),
        "accepted": words(docx, name, "accept_all_revisions"),
    }


def words(docx: Any, name: str, settle: str) -> dict[str, Any]:
    """The words of a document once all tracked changes are settled one way."""
    document = docx.Document(name)
    getattr(document, settle)()
    return {
        "paragraphs": [one.text for one in document.paragraphs],
        "tables": [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables],
    }


if __name__ == "__main__":
    print(json.dumps([read(name) for name in sys.argv[1:]]))
