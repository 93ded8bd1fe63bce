"""What an event can say was done: the actions of the programme itself, and how a stage declares its own."""

from __future__ import annotations

from enum import StrEnum


class EventAction(StrEnum):
    """An action as events record it, with the words that people read; a stage lists its own in a subclass.

    What is stored is the member's value, and files in use hold it: no value ever changes.
    """

    label: str

    def __new__(cls, stored: str, label: str) -> EventAction:
        """The member that is stored as one word or a few, and shown as `label`."""
        member = str.__new__(cls, stored)
        member._value_ = stored
        member.label = label
        return member


class ProgrammeAction(EventAction):
    """What is done to reviews, users and the file itself."""

    CREATE_REVIEW = "create review", "Review created"
    ADD_USER = "add user", "User added"
    DISABLE_USER = "disable user", "User disabled"
    GIVE_ROLE = "give role", "Role given"
    TAKE_ROLE = "take role", "Role taken away"
    RESTORE = "restore", "Database restored from a backup"
    UPGRADE = "upgrade", "Database upgraded by a newer version"
    REQUEST_ERASURE = "request erasure", "Erasure requested"
    ERASE = "erase", "Words erased"
    REFUSE_ERASURE = "refuse erasure", "Erasure refused or taken back"
    RETAIN = "retain", "Retention date set"
    CORRECT = "correct", "Details corrected"
    STORE_FRAMEWORKS = "store frameworks", "Frameworks brought up to date"
