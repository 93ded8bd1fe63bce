#!/usr/bin/env bash
# webvtt-py 0.6.0: of a cue in which two people speak only the first one is known, and &amp; stays as it is.
#
# Valid input: a cue with two voice spans, and a character reference, as the WebVTT standard has them. Expected:
# both speakers, and "&". Seen (0.6.0): `voice` is the first speaker, `text` joins the words of both, so that
# the second one's words are the first one's; `text` holds "&amp;". `raw_text` has everything.
# It matters to whoever records who said what.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'webvtt-py==0.6.0'
cd "$tmp"
cat > try.py <<'PY'
import io

import webvtt

TEXT = """WEBVTT

00:00:01.000 --> 00:00:02.000
<v Chair>Who asked carers &amp; families?</v>
<v Manager>Nobody.</v>
"""
[cue] = webvtt.from_buffer(io.StringIO(TEXT))
print("webvtt-py", webvtt.__version__, repr(cue.voice), repr(cue.text))
assert (cue.voice, cue.text) == ("Chair", "Who asked carers &amp; families?\nNobody."), "the behaviour has changed"
PY
"$tmp/env/bin/python" try.py
