#!/usr/bin/env bash
# pyreadstat 1.3.7: a time of more than 24 hours is read as a time of day, and its days are lost without a word.
#
# Valid input: an SPSS file with a variable of format TIME8, which in SPSS is a duration (SPSS shows 26:30:00),
# and one of format MOYR8 (SPSS shows NOV 2019). Expected: 26:30 as a duration (or the 95,400 seconds), and a
# date of November 2019. Seen: datetime.time(2, 30) for the first, and the bare seconds since 1582 for the
# second, beside a DATE11 of the same moment that is read as a date. With disable_datetime_conversion=True all
# three come as seconds, from which they can be made.
# It matters to whoever sums times of waiting or care from survey files: 26:30 counts as 2:30.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
cd "$tmp"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'pyreadstat==1.3.7' 'pandas>=2.2'
cat > try.py <<'PY'
from datetime import datetime

import pandas
import pyreadstat

seconds = (datetime(2019, 11, 30) - datetime(1582, 10, 14)).total_seconds()
table = pandas.DataFrame({"care": [26.5 * 3600], "month": [seconds], "day": [seconds]})
formats = {"care": "TIME8", "month": "MOYR8", "day": "DATE11"}
pyreadstat.write_sav(table, "care.sav", variable_format=formats)
for how in ({}, {"disable_datetime_conversion": True}):
    read, about = pyreadstat.read_sav("care.sav", output_format="dict", **how)
    print(how, [about.original_variable_types[name] for name in read], [read[name][0] for name in read])
PY
"$tmp/env/bin/python" try.py | tee seen
diff seen - <<'SEEN' && echo "as recorded"
{} ['TIME8', 'MOYR8', 'DATE11'] [datetime.time(2, 30), 13794451200.0, datetime.date(2019, 11, 30)]
{'disable_datetime_conversion': True} ['TIME8', 'MOYR8', 'DATE11'] [95400.0, 13794451200.0, 13794451200.0]
SEEN
