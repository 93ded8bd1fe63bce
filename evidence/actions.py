"""What events say was done to evidence: sources, items, tags and codings."""

from __future__ import annotations

from programme.actions import EventAction


class EvidenceAction(EventAction):
    """What is done to evidence, as events record it."""

    IMPORT = "import", "Evidence imported"
    KEEP_MAPPING = "keep mapping", "Mapping of a table kept"
    ADD_SOURCES = "add sources", "Sources added"
    RECORD_ITEM = "record item", "Finding recorded"
    CHANGE_ITEM = "change item", "Finding changed"
    CHANGE_TAGS = "change tags", "Tags changed"
    PLACE_QUOTE = "place quote", "Place of a quote confirmed"
    TAG = "tag", "Items tagged"
    WITHDRAW_TAG = "withdraw tag", "Tags withdrawn"
    WITHDRAW_ITEM = "withdraw item", "Items withdrawn"
    WITHDRAW_CODING = "withdraw coding", "Coding withdrawn"
    DRAW_BATCH = "draw items to code again", "Items drawn for second coding"
    LEAVE_BATCH = "items leave batch", "Items left a second coding"
    HAND_IN = "hand in codings", "Codings handed in"
    SETTLE = "settle", "Disagreement settled"
