"""Names of people in a text: words after a title such as Mr or Cllr, and the review's list of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

TITLES = (
    *("Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof", "Professor", "Sir", "Dame", "Lord", "Lady", "Rev"),
    *("Cllr", "Councillor", "Cyng", "Cynghorydd", "Y Cynghorydd", "Yr Athro", "Sister"),
)
"""What stands before a name, in English and Welsh."""
TITLED = re.compile(
    rf"\b(?:{'|'.join(sorted(TITLES, key=len, reverse=True))})\.?[ \u00a0]"
    r"[A-ZÂÊÎÔÛŴŶÁÉÍÓÚÀÈÌÒÙÄËÏÖÜ][\w’'-]{0,40}(?:[ \u00a0][A-ZÂÊÎÔÛŴŶÁÉÍÓÚÀÈÌÒÙÄËÏÖÜ][\w’'-]{0,40}){0,3}"
)
OFFICES = (
    "Inspector of",
    "Sister Ships",
    "Lord Chancellor",
    "Lord Lieutenant",
    "Lord Mayor",
    "Lady Mayoress",
)
"""What begins like a name and is an office."""


class Names:
    """The names that a text must not show."""

    def __init__(self, listed: Sequence[str]) -> None:
        names = sorted((" ".join(name.split()) for name in listed if name.strip()), key=len, reverse=True)
        spelled = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in names)
        self._listed = re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE) if names else None

    def found_in(self, text: str) -> Iterator[str]:
        """The names in a text, once each."""
        found = [one[0] for one in TITLED.finditer(text) if not one[0].startswith(OFFICES)]
        if self._listed is not None:
            found += [one[0] for one in self._listed.finditer(text)]
        yield from dict.fromkeys(" ".join(name.split()) for name in found)
