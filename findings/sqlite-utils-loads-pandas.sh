#!/usr/bin/env bash
# sqlite-utils 4.2.1: `sqlite-utils --version` and `import sqlite_utils` load pandas and numpy wherever they are
# installed, although nothing asks for them.
#
# Valid input: an environment with sqlite-utils, and pandas for other work. Expected: pandas is loaded when a
# DataFrame is handed over, if ever. Seen (4.2.1): sqlite_utils.db tries `import pandas` when it is imported, to
# know numpy's types; so does every command. `--version` takes two to four times the processor time, and more
# than 400 modules are loaded that are not needed.
# It matters to whoever calls the command, or imports the library, in an environment shared with analysts.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
for env in alone beside; do
  python3 -m venv "$tmp/$env"
  "$tmp/$env/bin/pip" install --quiet --disable-pip-version-check 'sqlite-utils==4.2.1'
done
"$tmp/beside/bin/pip" install --quiet --disable-pip-version-check 'pandas<4'
cat > "$tmp/try.py" <<'PY'
import os
import subprocess
import sys
from pathlib import Path

LOADED = "import sys, sqlite_utils; print(*sorted({m.partition('.')[0] for m in sys.modules}), len(sys.modules))"


def loaded(env):
    *names, count = subprocess.check_output([env / "bin" / "python", "-c", LOADED], text=True).split()
    return set(names) & {"numpy", "pandas"}, int(count)


def processor_time(env):
    best = 60.0
    for _ in range(9):
        process = subprocess.Popen([env / "bin" / "sqlite-utils", "--version"], stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        best = min(best, usage.ru_utime + usage.ru_stime)
    return best


alone, beside = (Path(sys.argv[1]) / name for name in ("alone", "beside"))
(without, few), (found, many) = loaded(alone), loaded(beside)
ratio = processor_time(beside) / processor_time(alone)
print("without pandas:", sorted(without), few, "modules; with it:", sorted(found), many, f"modules, {ratio:.1f} times the time")
assert not without and found == {"numpy", "pandas"} and many - few > 400 and ratio > 1.5, "the behaviour has changed"
PY
"$tmp/alone/bin/python" "$tmp/try.py" "$tmp"
