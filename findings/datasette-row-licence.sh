#!/usr/bin/env bash
# datasette 0.65.x: a row's page names the licence of the data only after somebody has opened its table's page.
#
# Valid input: a database with one table, and metadata.yml with `license` at the top and a description of the
# table. Expected: the page of a row names the licence always, or never. Seen (0.65.5): the first request for
# /data/visit/1 answers without it; after one request for /data/visit, the same address answers with it, for
# everybody, until the server is started again. The table page writes what it inherits into the metadata that
# the server keeps (`update_with_inherited_metadata`), and row pages show what is there.
# It matters to whoever publishes under a licence or a handling marking: the same page shows it or not.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
"$tmp/env/bin/pip" install --quiet --disable-pip-version-check 'datasette==0.65.5'
cd "$tmp"
cat > try.py <<'PY'
import asyncio
import sqlite3

from datasette import __version__
from datasette.app import Datasette

connection = sqlite3.connect("data.db")
connection.execute("create table visit (id integer primary key, place text)")
connection.execute("insert into visit values (1, 'Day centre')")
connection.commit()
METADATA = {
    "license": "For the review team only",
    "databases": {"data": {"tables": {"visit": {"description": "Places that were visited."}}}},
}


async def main():
    server = Datasette(["data.db"], metadata=METADATA)
    await server.invoke_startup()
    named = []
    for path in ("/data/visit/1", "/data/visit", "/data/visit/1"):
        answer = await server.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        named.append("For the review team only" in answer.text)
    print("datasette", __version__, "licence named on row, table, row again:", named)
    assert named == [False, True, True], "the behaviour has changed"


asyncio.run(main())
PY
"$tmp/env/bin/python" -W ignore try.py
