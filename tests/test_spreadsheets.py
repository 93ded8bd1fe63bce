"""Tables that go out as CSV hold no formula, and otherwise what they held."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.files.spreadsheets import OutgoingCsv, as_text

RISKY = "=+-@\t\r＝＋－＠"


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK(1)",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1+1",
        "\n=1",
        "＝1＋1",
        "-",
    ],
)
def test_what_a_spreadsheet_would_work_out_becomes_text(cell: str) -> None:
    assert as_text(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "-12.5", "+3", "1e5", "-1e-5", "Carers waited", "a=b", "2-3", "'x", "№"]
)
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert as_text(cell) == cell


CELLS = st.text(st.sampled_from("ab,\"'\n\r\t=+-@ 1.é＝"), max_size=8)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6)


@given(TABLES, st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]), st.integers(1, 9))
def test_every_cell_is_guarded_wherever_the_text_is_cut(
    table: list[list[str]], kind: tuple[str, Any], size: int
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=kind[0], quoting=kind[1]).writerows(table)
    body, out = text.getvalue().encode(), OutgoingCsv()
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    last = len(pieces) - 1
    made = b"".join(out.feed(piece, more=at < last) for at, piece in enumerate(pieces))
    found = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    assert found == [[as_text(cell) for cell in row] for row in table]
    for cell in (cell for row in found for cell in row):
        assert not cell.lstrip(" \n").startswith(tuple(RISKY)) or float(cell) is not None


def test_a_last_row_without_an_end_is_not_lost() -> None:
    out = OutgoingCsv()
    assert out.feed(b"a,b\n=1,", more=True) + out.feed(b"", more=False) == b"\xef\xbb\xbfa,b\n'=1,"


def test_a_cell_may_be_as_long_as_it_likes() -> None:
    cell = "x" * 1_000_000
    assert OutgoingCsv().feed(f'"={cell}",1\n'.encode(), more=False) == f'\ufeff"\'={cell}",1\n'.encode()


@pytest.mark.parametrize(("rows", "said"), [(2, False), (3, True), (4, False)])
def test_a_table_that_may_have_been_ended_says_so(rows: int, said: bool) -> None:
    out = OutgoingCsv(most=3, more="There may be more.")
    pieces = [b'a,b\r\n"1\r\n2",3', b"\r\n", b"4,5\r\n" * (rows - 1)]
    made = b"".join(out.feed(piece, more=True) for piece in pieces) + out.feed(b"", more=False)
    assert made.endswith(b'"There may be more."\r\n') is said
