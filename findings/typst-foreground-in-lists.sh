#!/usr/bin/env bash
# typst 0.15.2: what is drawn over every page is taken for part of a list that goes on to the next page.
#
# Valid input: a list over two pages, words across every page as `foreground`, PDF/UA-1 asked for. Expected: a
# file, as with the same words as `background`, which typst marks as no part of the content. Seen (0.15.2): it
# refuses with "invalid list (L) structure"; a table that goes on to the next page likewise.
# It matters to whoever marks copies across the page: name the mark an artifact (`pdf.artifact`).
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'typst==0.15.2'
cat > "$tmp/try.py" <<'PY'
import typst

MARK = "place(center + horizon, [Copy 7])"


def compiled(where: str, mark: str) -> str:
    head = f'#set document(title: "T")\n#set page(height: 60mm, {where}: {mark})\n= Heading\n'
    source = head + "".join(f"- item {number}\n" for number in range(12))
    try:
        made = typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"], timestamp=0)
    except typst.TypstError as error:
        return str(error)
    return "a file" if made else "nothing"


for where, mark in (("foreground", MARK), ("background", MARK), ("foreground", f"pdf.artifact({MARK})")):
    print("typst", typst.__version__, where, mark, "->", compiled(where, mark))
assert "invalid list" in compiled("foreground", MARK), "the behaviour has changed"
assert compiled("background", MARK) == compiled("foreground", f"pdf.artifact({MARK})") == "a file"
PY
"$tmp/env/bin/python" "$tmp/try.py"
