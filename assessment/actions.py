"""What events say was done in an assessment: runs, decisions, challenges, panels."""

from __future__ import annotations

from programme.actions import EventAction


class AssessmentAction(EventAction):
    """What is done in assessing a review, as events record it."""

    ASSESS = "assess", "Review assessed"
    ACCEPT = "accept", "Rating accepted"
    OVERRIDE = "rate", "Rating overridden"
    TAKE_BACK = "take back rating", "Override taken back"
    APPROVE = "approve", "Override approved"
    CHALLENGE = "challenge", "Challenge raised"
    REPLY = "reply to challenge", "Reply to a challenge"
    CLOSE_CHALLENGE = "close challenge", "Challenge closed"
    STATE_CONFIDENCE = "state confidence", "Confidence stated"
    OPEN_PANEL = "open panel", "Panel opened"
    VOTE = "vote", "Vote given"
    CLOSE_PANEL = "close panel", "Panel closed"
