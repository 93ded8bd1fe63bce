"""The forms of a page as a browser would send them: their addresses, and what their fields hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class FormShown:
    """A form as a page shows it."""

    action: str
    files: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)
    """What each field holds, as it would be sent."""
    choices: dict[str, list[str]] = field(default_factory=dict)
    """What could be chosen, of those that offer something."""
    several: set[str] = field(default_factory=set)
    """Fields in which more than one may be chosen."""
    texts: set[str] = field(default_factory=set)
    """Fields in which something is typed."""


class _Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[FormShown] = []
        self.by_id: dict[str, FormShown] = {}
        self.outside: list[dict[str, str | None]] = []
        self.here: FormShown | None = None
        self.select = ""
        self.area = ""
        self.feed(text)
        for given in self.outside:
            if shown := self.by_id.get(given.get("form") or ""):
                self.control(shown, given)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            self.here = FormShown(given["action"] or "", given.get("enctype") == "multipart/form-data")
            self.found.append(self.here)
            if "id" in given:
                self.by_id[given["id"] or ""] = self.here
        elif tag == "input" and given.get("form"):
            self.outside.append(given)
        elif self.here is None:
            return
        elif tag == "input":
            self.control(self.here, given)
        elif tag == "textarea":
            self.area = given["name"] or ""
            self.here.texts.add(self.area)
            self.here.fields[self.area] = [""]
        elif tag == "select":
            self.select = given["name"] or ""
            self.here.choices[self.select] = []
        elif tag == "option" and self.select:
            value = given.get("value") or ""
            self.here.choices[self.select].append(value)
            if "selected" in given or self.select not in self.here.fields:
                self.here.fields[self.select] = [value]

    def handle_data(self, data: str) -> None:
        if self.area and self.here:
            kept = self.here.fields[self.area]
            kept[0] += data if kept[0] else data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.here = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""

    @staticmethod
    def control(shown: FormShown, given: dict[str, str | None]) -> None:
        name, kind, value = given.get("name") or "", given.get("type") or "text", given.get("value") or ""
        if not name or kind == "file":
            return
        if kind in ("radio", "checkbox"):
            shown.choices.setdefault(name, []).append(value)
            if kind == "checkbox":
                shown.several.add(name)
            if "checked" in given:
                shown.fields.setdefault(name, []).append(value)
            return
        shown.fields[name] = [value]
        if kind != "hidden":
            shown.texts.add(name)


def forms_of(text: str) -> list[FormShown]:
    """The forms of a page that change something, in its order."""
    return _Forms(text).found
