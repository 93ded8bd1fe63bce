#!/usr/bin/env bash
# pysubs2 1.8.1: the identifier of a WebVTT cue becomes words of the cue before it, and speakers are not kept.
#
# Valid input: a transcript as Microsoft Teams exports it, with cue identifiers such as "c1a2-44/15-1" and voice
# tags. Expected: two cues with their words. Seen (1.8.1): the text of the first cue ends with the identifier
# of the second one, which nobody said. Identifiers of digits alone are recognised; the format allows any text
# without "-->". The names in voice tags are gone (`name` is empty).
# It matters to whoever quotes or searches a transcript: words stand in it that were never spoken.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'pysubs2==1.8.1'
cd "$tmp"
cat > try.py <<'PY'
import pysubs2

TEXT = """WEBVTT

c1a2-44/15-0
00:00:01.000 --> 00:00:02.000
<v Chair>Who was asked?</v>

c1a2-44/15-1
00:00:03.000 --> 00:00:04.000
<v Manager>Nobody.</v>
"""
cues = pysubs2.SSAFile.from_string(TEXT, format_="vtt")
print("pysubs2", pysubs2.VERSION, [(cue.name, cue.plaintext) for cue in cues])
assert [cue.plaintext for cue in cues] == ["Who was asked?\n\nc1a2-44/15-1", "Nobody."], "the behaviour has changed"
PY
"$tmp/env/bin/python" try.py
