"""The door to Datasette: what the pages take from it, and all that differs between 0.65 and 1.0."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import datasette
from datasette import Forbidden, Response, hookimpl
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Request
from datasette.views.index import IndexView
from datasette.views.special import AuthTokenView

__all__ = ["Forbidden", "Request", "Response", "hookimpl", "tilde_decode", "tilde_encode"]


async def allowed(datasette: Any, actor: dict[str, Any] | None, action: str, database: str = "") -> bool:
    """Whether Datasette's own rules allow the actor an action, on a database where one is given."""
    if hasattr(datasette, "allowed"):  # 1.0
        from datasette.resources import DatabaseResource

        resource = DatabaseResource(database=database) if database else None
        return bool(await datasette.allowed(action=action, resource=resource, actor=actor))
    return bool(await datasette.permission_allowed(actor, action, resource=database or None, default=True))


def nothing() -> Any:
    """What the hook `permission_resources_sql` of 1.0 gives to refuse an action on everything."""
    from datasette.permissions import PermissionSQL

    return PermissionSQL(restriction_sql="select null as parent, null as child where 0")


async def own_index(datasette: Any, request: Any) -> Any:
    """Datasette's own home page."""
    request.scope = dict(request.scope, url_route={"kwargs": {"format": None}})
    view = IndexView(datasette)
    # 1.0 dispatches by method; 0.65 answers GET by `get`.
    return await view.get(request)


async def own_link(datasette: Any, request: Any) -> Any:
    """What Datasette itself answers to the link that signs its owner in."""
    return await AuthTokenView(datasette).get(request)


def use_link(datasette: Any, token: str) -> bool:
    """Whether this is the token of that link; it is no more after the first time."""
    wanted = datasette._root_token
    if not wanted or not secrets.compare_digest(token.encode(), wanted.encode()):
        return False
    datasette._root_token = None
    return True


def own_scripts() -> list[str]:
    """The scripts that Datasette's own templates put into the page itself, as the browser sees them."""
    folder = Path(datasette.__file__).parent / "templates"
    found = [
        rest.partition("</script>")[0]
        for template in sorted(folder.glob("*.html"))
        for rest in template.read_text(encoding="utf-8").split("<script>")[1:]
    ]
    # Whether columns may be faceted is the one thing that is written into a script.
    facet = "{{ datasette_allow_facet }}"
    filled = [script.replace(facet, value) for script in found for value in ("true", "false")]
    return sorted({script for script in filled if "{{" not in script and "{%" not in script})


def form_token(request: Any) -> str | None:
    """The token that forms of this visitor must carry; None on 1.0, which has none."""
    give = request.scope.get("csrftoken")
    return str(give()) if give else None
