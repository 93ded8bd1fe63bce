#!/usr/bin/env bash
# dateparser 1.5.0: financial years are read as days, silently, and some ordinary Welsh dates not at all.
#
# Valid input: financial years as British statistics write them, and a Welsh date with "o" (which changes the first
# letter of the month: Mawrth, 1 o Fawrth). Expected: the period, or None for what is no date. Seen, on 15
# January 2026: 2021/22 is 22 January 2021, and 2018-19 is 19 January 2018: the month, which is not there, is taken from
# the clock, so that the same file reads differently next month.
# 1 o Fawrth 2026 is None, though Welsh is one of its languages and 1 Mawrth 2026 is read.
# It matters to whoever sorts survey waves or indicators by what it gives: a year becomes a day of it.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'dateparser==1.5.0'
cd "$tmp"
cat > try.py <<'PY'
import warnings
from datetime import datetime

warnings.simplefilter("ignore")
import dateparser

now = {"RELATIVE_BASE": datetime(2026, 1, 15)}
for words in ("2021/22", "2018-19", "1 Mawrth 2026", "1 o Fawrth 2026"):
    found = dateparser.parse(words, languages=["en", "cy"], settings=now)
    print(words, "->", found and found.date())
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
2021/22 -> 2021-01-22
2018-19 -> 2018-01-19
1 Mawrth 2026 -> 2026-03-01
1 o Fawrth 2026 -> None
SEEN
echo "as found: periods become days, and the Welsh date is not read"
