"""How the values of this program look as JSON: what the commands and the pages both give."""

from __future__ import annotations

from dataclasses import fields, is_dataclass


def plain(value: object) -> dict[str, object]:
    """A dataclass as an object with a key per field, for `json.dumps(..., default=plain)`."""
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no form as JSON")
    return {part.name: getattr(value, part.name) for part in fields(value)}
