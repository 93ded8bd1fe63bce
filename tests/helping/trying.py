"""An action that events of tests record, where it does not matter what was done."""

from __future__ import annotations

from programme.actions import EventAction


class Tried(EventAction):
    """What tests do."""

    TRY = "try", "Tried"
    LAST = "the last word", "Had the last word"
