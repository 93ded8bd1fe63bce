#!/usr/bin/env bash
# asgi-csrf 0.11 with python-multipart 0.0.34: every form with files is answered with an error of the server.
#
# Valid input: a multipart form whose first field is the right token, as asgi-csrf asks for. Expected: it is
# handed on, as the same form is without files (urlencoded). Seen: TypeError, FormParser.__init__() got an
# unexpected keyword argument 'FileClass', thus status 500. asgi-csrf asks for python-multipart in any version,
# so that a fresh installation of today has both; with python-multipart 0.0.20 the same form is taken.
# It matters to every plugin of Datasette 0.65 that takes files: Datasette puts asgi-csrf before all pages.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
cd "$tmp"
cat > try.py <<'PY'
import asyncio

import httpx
from asgi_csrf import asgi_csrf


async def app(scope, receive, send):
    answer = b"taken"
    if scope["method"] == "GET":
        answer = scope["csrftoken"]().encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": answer})


async def main():
    transport = httpx.ASGITransport(app=asgi_csrf(app, signing_secret="any", always_protect={"/"}))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        token = (await client.get("/")).text
        seen = [(await client.post("/", data={"csrftoken": token, "note": "Seen."})).text]
        try:
            parts = {"csrftoken": (None, token), "plan": ("plan.txt", b"Carers waited.")}
            seen.append((await client.post("/", files=parts)).text)
        except TypeError as error:
            seen.append(str(error))
    print("; ".join(seen))


asyncio.run(main())
PY
for version in 0.0.20 0.0.34; do
  "$tmp/env/bin/pip" install --quiet --disable-pip-version-check \
    'asgi-csrf==0.11' "python-multipart==$version" 'httpx==0.28.1'
  echo "python-multipart $version: $("$tmp/env/bin/python" try.py)"
done | tee seen
diff seen - <<'SEEN' && echo "as recorded"
python-multipart 0.0.20: taken; taken
python-multipart 0.0.34: taken; FormParser.__init__() got an unexpected keyword argument 'FileClass'
SEEN
