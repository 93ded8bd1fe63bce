"""What the style sheet of a page hides: the part of CSS that says so by an element's tag, class or id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

BRACES = re.compile(r"[{}]")
DISPLAY = re.compile(r"(?:^|;)\s{0,20}display\s{0,20}:\s{0,20}([a-z-]{1,30})")
SIMPLE = re.compile(r"([a-z][a-z0-9-]{0,40}|\*)?((?:[.#][\w-]{1,80}){0,6})")
PART = re.compile(r"([.#])([\w-]{1,80})")
COMBINATORS = re.compile(r"[ \t\n>+~]")
MOST_RULES = 5_000
"""Rules on display of one page."""
LONGEST_RULE = 5_000
"""Characters of the selectors, or of the declarations, of one rule."""


@dataclass(frozen=True)
class _Rule:
    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    hides: bool
    certain: bool
    """Whether it holds for every element that it fits; else it is one that may show it."""
    order: int

    @property
    def weight(self) -> tuple[int, int, int, int]:
        return len(self.ids), len(self.classes), bool(self.tag), self.order


class StyleSheet:
    """The rules of a page on what is shown. Where they leave it open, an element counts as shown."""

    def __init__(self, texts: Iterator[str]) -> None:
        self.rules: dict[str, list[_Rule]] = {}
        self.count = 0
        for text in texts:
            if "none" in text:
                self._read(text)

    def hides(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        """Whether an element is not shown."""
        if not self.rules:
            return False
        classes = frozenset((attributes.get("class") or "").split())
        name = attributes.get("id") or ""
        keys = [tag, "*", f"#{name}", *(f".{each}" for each in classes)]
        found = [
            rule
            for key in keys
            for rule in self.rules.get(key, ())
            if rule.tag in ("", tag) and rule.classes <= classes and rule.ids <= {name}
        ]
        if not found or any(not rule.hides and not rule.certain for rule in found):
            return False
        return max(found, key=lambda rule: rule.weight).hides

    def _read(self, text: str) -> None:
        text = _without_comments(text).lower()
        begins, nested = 0, 0
        braces = list(BRACES.finditer(text))
        for number, brace in enumerate(braces):
            before = text[begins : brace.start()]
            begins = brace.end()
            if brace[0] == "}":
                nested = max(0, nested - 1)
                continue
            nested += 1
            if before.strip().startswith("@") or number + 1 == len(braces):
                continue
            end = braces[number + 1]
            if end[0] == "}":
                self._rule(before, text[brace.end() : end.start()], nested > 1)

    def _rule(self, selectors: str, declarations: str, within: bool) -> None:
        if len(selectors) > LONGEST_RULE or len(declarations) > LONGEST_RULE:
            return
        displays: list[str] = DISPLAY.findall(declarations)
        if not displays:
            return
        hides = displays[-1] == "none"
        for selector in selectors.rpartition(";")[2].split(","):
            *others, last = COMBINATORS.split(selector.strip())
            simple = SIMPLE.fullmatch(last)
            certain = not others and not within
            if simple is None or not last or (hides and not certain) or self.count >= MOST_RULES:
                continue
            self.count += 1
            parts = PART.findall(simple[2])
            rule = _Rule(
                "" if simple[1] in (None, "*") else simple[1],
                frozenset(name for sign, name in parts if sign == "."),
                frozenset(name for sign, name in parts if sign == "#"),
                hides,
                certain,
                self.count,
            )
            key = next((sign + name for sign, name in parts), rule.tag or "*")
            self.rules.setdefault(key, []).append(rule)


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (begins := text.find("/*", at)) >= 0:
        parts.append(text[at:begins])
        ends = text.find("*/", begins + 2)
        at = len(text) if ends < 0 else ends + 2
    return "".join([*parts, text[at:]])
