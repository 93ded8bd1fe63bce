"""Words that are looked for in any text: phrases, and passages of which others may have quoted a part.

Words are compared whatever their capitals and what stands between them: "Siân O'Neill" is found in
"SIÂN  O’Neill's" and in "Interview_Siân_O'Neill.pdf", also where a line end divides one of the words. Of a
passage, six words in a row are found as well, wherever somebody quoted them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rules.letters import DIVIDED

WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
JOINED_WORD = re.compile(rf"(?:[^\W_]|[\u0300-\u036f]|{DIVIDED.pattern})+")
DIVIDED_HERE = re.compile(r"[^\w\u0300-\u036f]+")
"""What of such a word is none of its letters."""
RUN = 6
"""So many words in a row of a passage are a quotation of it."""
FEWEST = 3
"""A passage of fewer words is not looked for: others say the same without quoting it."""
MOST_KEYS = 100
"""With more words than this to look for, taking a text apart at once is as quick."""
SAMPLE, MOST_SAMPLES = 60, 40
"""Characters of a stretch that a file is searched for, and how many are: each goes through the whole file."""
BLOCK = "█"
"""Stands for a character, where those that stay must keep their places."""


class Sought:
    """What is looked for."""

    def __init__(self, phrases: Iterable[str], passages: Iterable[str] = ()) -> None:
        self._phrases: dict[str, set[tuple[str, ...]]] = {}
        self._runs: set[int] = set()
        self._keys: set[str] = set()
        """Words of which a text holds at least one if it holds anything that is looked for."""
        for phrase in phrases:
            self._add(tuple(word for word, _, _ in _words(phrase)))
        read = ([word for word, _, _ in _words(one, how)] for one in passages for how in _readings(one))
        for words in read:
            if FEWEST <= len(words) < RUN:
                self._add(tuple(words))
            for i in range(len(words) - RUN + 1):
                run = tuple(words[i : i + RUN])
                self._runs.add(hash(run))
                self._keys.add(max(run, key=len))

    def _add(self, words: tuple[str, ...]) -> None:
        if words:
            self._phrases.setdefault(words[0], set()).add(words)
            self._keys.add(max(words, key=len))

    def __bool__(self) -> bool:
        return bool(self._phrases or self._runs)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the words stand in a text: from and to, in order, those that touch as one."""
        if len(self._keys) <= MOST_KEYS:
            lowered = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
            joined_too = DIVIDED.sub("", lowered)
            if not any(key in lowered or key in joined_too for key in self._keys):
                return []
        return joined(
            span for pattern in _readings(text) for span in self._spans(list(_words(text, pattern)))
        )

    def _spans(self, words: Sequence[tuple[str, int, int]]) -> list[tuple[int, int]]:
        plain = [word for word, _, _ in words]
        found = [
            (words[i][1], words[i + len(phrase) - 1][2])
            for i, word in enumerate(plain)
            for phrase in self._phrases.get(word, ())
            if tuple(plain[i : i + len(phrase)]) == phrase
        ]
        if self._runs:
            found += [
                (words[i][1], words[i + RUN - 1][2])
                for i in range(len(plain) - RUN + 1)
                if hash(tuple(plain[i : i + RUN])) in self._runs
            ]
        return found

    def replaced(self, text: str, by: str) -> str:
        """The text with `by` in place of the words."""
        return _rewritten(text, self.spans(text), lambda _: by)

    def replaced_in_json(self, text: str, by: str) -> str:
        """The same in every string of a JSON text, which is written as events write it; else as any text."""
        if not self.spans(text):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return self.replaced(text, by)
        changed = each_string(value, lambda one: self.replaced(one, by))
        return text if changed == value else json.dumps(changed, ensure_ascii=False, sort_keys=True)


def _readings(text: str) -> list[re.Pattern[str]]:
    """How words are told apart; in two ways where one may be divided at a line end."""
    return [WORD, JOINED_WORD] if DIVIDED.search(text) else [WORD]


def _words(text: str, pattern: re.Pattern[str] = WORD) -> Iterator[tuple[str, int, int]]:
    for match in pattern.finditer(text):
        word = match[0] if pattern is WORD else DIVIDED_HERE.sub("", match[0])
        plain = word if word.isascii() else unicodedata.normalize("NFKC", word)
        yield plain.casefold(), match.start(), match.end()


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def blocked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with a block for every character in these stretches, blanks and line ends left."""
    return _rewritten(text, joined(spans), lambda words: re.sub(r"\S", BLOCK, words))


def _rewritten(text: str, spans: Iterable[tuple[int, int]], change: Callable[[str], str]) -> str:
    """The text with what is in these stretches changed; they are in order and do not overlap."""
    parts, after = [], 0
    for start, end in spans:
        parts += [text[after:start], change(text[start:end])]
        after = end
    return "".join([*parts, text[after:]])


def samples(passages: Sequence[str], most: int = MOST_SAMPLES) -> list[str]:
    """Short stretches of passages to look for in the bytes of a file: a whole one where it is short.

    A file keeps a long text in pieces, and a search for all of it finds none of them. Of more than `most`
    stretches those that are spread evenly over the passages are taken.
    """
    found = [
        piece[: SAMPLE - 1].rsplit(" ", 1)[0] if len(piece) > SAMPLE else piece
        for passage in passages
        for line in re.split(r'[\x00-\x1f"\\]+', passage)  # JSON writes these in another way
        for piece in (line[start : start + SAMPLE + 1].strip() for start in range(0, len(line), SAMPLE * 8))
        if len(piece.split()) >= FEWEST
    ]
    found = list(dict.fromkeys(found))
    return found if len(found) <= most else [found[n * len(found) // most] for n in range(most)]


def each_string(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every string in it changed, names of fields too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [each_string(one, change) for one in value]
    if isinstance(value, dict):
        return {change(name): each_string(one, change) for name, one in value.items()}
    return value
