"""What a reader says of a file beside its text: what it left out, and what it could not read, counted."""

from __future__ import annotations

from collections import Counter

from rules.words import listed, many

HIDDEN = "hidden passage"
PICTURE = "picture"
EQUATION = "equation"
COMMENT = "comment"
STAMP = "stamp"
EMBEDDED = "embedded part"

LEFT_OUT = {
    HIDDEN: "",
    PICTURE: "",
    COMMENT: "",
    STAMP: "",
    EMBEDDED: " (a frame, a film, a chart or another file)",
}
"""What is left out, and what is said behind its number, in the order in which it is said."""
LONGEST_NAME = 40
"""Characters of a name from a file that are shown."""
MOST_NAMES = 5
"""Names from a file in one note."""


class Said:
    """The notes on one file; filled while it is read."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self.equations = 0
        """Those of which a part could not be read."""
        self.unread: Counter[str] = Counter()
        """What the reader does not know, by its name in the file."""
        self.more: list[str] = []
        """Whole sentences, without their full stops."""

    def add(self, sentence: str) -> None:
        """Say a sentence once."""
        if sentence not in self.more:
            self.more.append(sentence)

    def notes(self) -> list[str]:
        """The notes, each a sentence without its full stop."""
        found = []
        for what, detail in LEFT_OUT.items():
            if count := self.left_out[what]:
                found.append(f"{many(count, what)} {'was' if count == 1 else 'were'} left out{detail}")
        if self.equations:
            found.append(f"{many(self.equations, EQUATION)} could not be read completely: check the text")
        if self.unread:
            names = [name[:LONGEST_NAME] for name, _ in self.unread.most_common(MOST_NAMES)]
            more = len(self.unread) - len(names)
            names += [f"{more} more"] if more else []
            found.append(f"parts that the reader does not know were left out: {listed(names)}")
        return [*found, *self.more]
