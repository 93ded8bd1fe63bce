"""What events say was done to a report: written, frozen, moderated, cleared, sent, answered, published."""

from __future__ import annotations

from programme.actions import EventAction


class ReportAction(EventAction):
    """What is done to a report, as events record it."""

    START = "start report", "Report started"
    WRITE = "write report", "Report written"
    WITHDRAW_PARAGRAPH = "withdraw paragraph", "Paragraph withdrawn"
    LIST_NAME = "list name", "Name added to the names that no report shows"
    UNLIST_NAME = "unlist name", "Name taken off the names that no report shows"
    FREEZE = "freeze report", "Edition frozen"
    AMEND = "amend report", "Amended edition frozen"
    MODERATE = "moderate report", "Edition moderated"
    SETTLE_POINT = "settle point", "Point of the moderator settled"
    CLEAR = "clear report", "Edition cleared"
    WITHDRAW_CLEARANCE = "withdraw clearance", "Clearance withdrawn"
    SEND = "send report", "Edition sent to the authority"
    RECEIVE_COMMENTS = "receive comments", "Comments received"
    OFFER = "offer evidence", "Evidence offered with a comment"
    RELEASE_SOURCE = "release source", "Evidence offered with a comment released for tagging"
    ANSWER = "answer comment", "Comment answered"
    FOLLOW_PRACTICE = "follow practice", "Practice of the review set"
    MOVE_DATE = "move date", "Date moved"
    ADD_RECIPIENT = "add recipient", "Recipient added"
    WITHDRAW_RECIPIENT = "withdraw recipient", "Recipient withdrawn"
    MAKE_COPIES = "make copies", "Copies made"
    RECORD_COPY = "record copy", "Sending or opening of a copy recorded"
    PLAN_MEETING = "plan meeting", "Meeting planned"
    HOLD_MEETING = "hold meeting", "Meeting held"
    CALL_OFF = "call off meeting", "Meeting called off"
    CONSULT = "consult director", "Director consulted"
    PRESENT = "present report", "Presentation recorded"
    WITHDRAW_PRESENTATION = "withdraw presentation", "Presentation withdrawn"
    PUBLISH = "publish report", "Report published"
    BREACH = "record breach", "Breach of the embargo recorded"
