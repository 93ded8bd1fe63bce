"""Everything that differs between Datasette 0.65 and 1.0."""

from __future__ import annotations

from typing import Any

from datasette.views.index import IndexView


async def allowed(datasette: Any, actor: dict[str, Any] | None, action: str, database: str = "") -> bool:
    """Whether Datasette's own rules allow the actor an action, on a database where one is given."""
    if hasattr(datasette, "allowed"):  # 1.0
        from datasette.resources import DatabaseResource

        resource = DatabaseResource(database=database) if database else None
        return bool(await datasette.allowed(action=action, resource=resource, actor=actor))
    return bool(await datasette.permission_allowed(actor, action, resource=database or None, default=True))


async def own_index(datasette: Any, request: Any) -> Any:
    """Datasette's own home page."""
    request.scope = dict(request.scope, url_route={"kwargs": {"format": None}})
    view = IndexView(datasette)
    # 1.0 dispatches by method; 0.65 answers GET by `get`.
    return await view.get(request)
