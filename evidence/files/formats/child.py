"""The process that reads one file, and its limits.

`python -m evidence.files.formats.child KIND ENCODING < FILE`

It answers on standard output with JSON, {"sections", "numbered", "notes"} or {"refused": [what, hint,
remedies]}, and says on standard error how far it is: pages done, pages in all. What a file does to it is done
to it alone.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

from rules.errors import EvidenceInvalid

MEMORY = 1_500_000_000
"""Bytes of address space: a workbook or Word file of the largest size that is read needs about half."""
SECONDS = 120
"""A PDF of 5,000 pages takes about a minute."""
LONGEST_ANSWER = 100_000_000
"""Bytes: the longest text that is stored, several times over."""
SAVE_AGAIN = "Save it again, or as a PDF or a plain text."


def confine(seconds: int = SECONDS) -> None:
    """Limit this process for good: memory, processor time, what it can write. Where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's limit on time is the only one
        return
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: seconds + 5,
        resource.RLIMIT_FSIZE: LONGEST_ANSWER,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        with suppress(ValueError, OSError):  # some systems cannot limit memory
            resource.setrlimit(which, (most, most))


def say_progress(done: int, total: int) -> None:
    """Tell the parent how far the work is."""
    if done % 10 == 0:
        sys.stderr.write(f"{done} {total}\n")
        sys.stderr.flush()


def read(kind: str, data: bytes, encoding: str) -> dict[str, Any]:
    """The sections of a file, whether they are numbered pages, and notes; raises EvidenceInvalid."""
    if kind == "html":
        from evidence.files.formats.markup import html_sections
        from evidence.files.formats.plain import decode_html

        return {"sections": html_sections(decode_html(data, encoding)), "numbered": False, "notes": []}
    if kind == "word":
        from evidence.files.formats.word import word_sections

        return {"sections": word_sections(data), "numbered": False, "notes": []}
    if kind == "workbook":
        from evidence.files.formats.workbook import workbook_sections

        sections, notes = workbook_sections(data)
        return {"sections": sections, "numbered": False, "notes": notes}
    from evidence.files.formats.pdf import pdf_pages

    pages, notes = pdf_pages(data, say_progress)
    return {"sections": pages, "numbered": True, "notes": notes}


def answer(kind: str, data: bytes, encoding: str) -> dict[str, Any]:
    """What `read` gives, or why it cannot."""
    try:
        return read(kind, data, encoding)
    except EvidenceInvalid as error:
        return {"refused": [error.message, error.hint, [one.as_data() for one in error.remedies]]}
    except MemoryError:
        return {
            "refused": ["reading it needs more memory than is allowed.", "Divide it, or save it again.", []]
        }
    except RecursionError:
        return {"refused": ["it is nested too deeply.", SAVE_AGAIN, []]}
    # What a damaged file makes a reader raise is not for its documentation to say.
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return {"refused": [f"it is damaged ({said[:200]}).", SAVE_AGAIN, []]}


def main() -> None:
    """Read the file on standard input and answer."""
    confine()
    kind, encoding = sys.argv[1:3]
    said = json.dumps(answer(kind, sys.stdin.buffer.read(), encoding), ensure_ascii=False)
    sys.stdout.buffer.write(said.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main()
