"""Running the command `joint-review` inside the test's own process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from joint_review.cli import main


class Done(NamedTuple):
    """What a command did: its exit code, what it wrote, and its errors."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it wrote, read as JSON."""
        return json.loads(self.out)


Say = Callable[..., Done]
"""Takes the words that come behind `joint-review`, as the fixture `say` does."""


def run_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Done:
    """Run `joint-review WORDS...`, as the shell would."""
    monkeypatch.setattr(sys, "argv", ["joint-review", *words])
    capsys.readouterr()
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    return Done(code, *capsys.readouterr())
