"""The addresses that a route answers to."""

from __future__ import annotations

import re

GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)")
ENDING = re.compile(r"\(\\\.\(\?P<format>[^)]*\)\)\?|\(\?P<format>\\\.json\)\?")
FILE = re.compile(r"\(\?P<kind>\\\.\(\?:([a-z|]+)\)\)")


def fill(pattern: str, names: dict[str, str]) -> list[str]:
    """The addresses that a route answers to, with these names in it, without an ending and with each."""
    if kinds := FILE.search(pattern):
        each = kinds[1].split("|")
        return [path for kind in each for path in fill(FILE.sub(rf"\\.{kind}", pattern), names)]
    found, endings = [], ("", ".json")
    if r"\w+" in pattern:
        endings += (".blob", ".xyz") if "<pks>" in pattern else (".csv", ".jsono")
    for ending in endings:
        path = GROUP.sub(lambda match: names[match[1]], ENDING.sub(ending, pattern))
        path = path.strip("^$").replace("\\.", ".").replace("\\/", "/")
        assert not re.search(r"[][()\\?*+^$]", path), f"say how the route {pattern} is filled in"
        if path not in found:
            found.append(path)
    return found
