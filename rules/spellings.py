"""Things with an id and a title, found by either: what people read is what they write."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from rules.errors import Near, suggest
from rules.limits import LONGEST_NAME


class Spellings(Collection[str]):
    """The ids of some things, each also found by its title in any language.

    Capitals, blanks, hyphens and underscores do not count. A title that two things share means neither.
    """

    def __init__(self, what: str, titled: Mapping[str, Mapping[str, str]]) -> None:
        self.what = what
        """What they are called, e.g. 'domain'."""
        self.ids = dict.fromkeys(titled)
        meant: dict[str, set[str]] = {}
        for name, words in titled.items():
            for title in words.values():
                meant.setdefault(plain(title), set()).add(name)
        self._found = {title: min(names) for title, names in meant.items() if len(names) == 1}
        self._found |= {plain(name): name for name in titled}

    def __contains__(self, name: object) -> bool:
        return name in self.ids

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, text: str) -> str | None:
        """The id that a text means; None for none."""
        return text if text in self.ids else self._found.get(plain(text[:LONGEST_NAME]))

    def find_all(self, text: str) -> list[str]:
        """The names in a list divided by semicolons or commas: ids where they are known, else as written.

        A title may have commas of its own.
        """
        found: list[str] = []
        for part in text.split(";"):
            pieces = part.split(",")
            while pieces:
                for length in range(len(pieces), 0, -1):
                    name = ",".join(pieces[:length]).strip()
                    known = self.find(name) if name else None
                    if known or length == 1:
                        found += [known or name] if name else []
                        pieces = pieces[length:]
                        break
        return found

    def hint(self, text: str) -> str:
        """What may have been meant: of another framework, or the nearest ids and titles."""
        return of_other_framework(self.what, text, self.ids) or suggest(text, self.ids)


class NearName(Near):
    """The hint of `Spellings`, found only when somebody reads it."""

    def __init__(self, given: str, allowed: Spellings) -> None:
        super().__init__(given, allowed)
        self.spellings = allowed

    def __str__(self) -> str:
        return self.spellings.hint(self.given) if self.given else ""


def plain(text: str) -> str:
    """A name without what does not count: capitals, blanks, hyphens, underscores, forms of letters."""
    spelled = unicodedata.normalize("NFKC", text).casefold().replace("-", " ").replace("_", " ")
    return " ".join(spelled.replace("’", "'").split())


def of_other_framework(what: str, text: str, own: Collection[str] = ()) -> str:
    """'equity' is a domain of cqc-local-authority: where the library has something of this name; else empty.

    `own`: the ids of one's own, which are not looked for in the others.
    """
    for framework, names in _library()[what if what == "strand" else "domain"]:
        found = names.find(text)
        if found and found not in own:
            return f"{found!r} is a {what} of {framework}."
    return ""


@lru_cache(maxsize=1)
def _library() -> dict[str, list[tuple[str, Spellings]]]:
    from rules.loader import LIBRARY, library_ids, load_framework  # it loads what knows its spellings

    found = [load_framework(LIBRARY / name / "framework.yml") for name in library_ids()]
    return {
        "domain": [(one.id, one.domain_names) for one in found],
        "strand": [(one.id, one.strand_names) for one in found],
    }
