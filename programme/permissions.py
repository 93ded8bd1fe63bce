"""Who may do what: the one place that every page, form and address asks.

A role is held for one review or for all of them; what a role may do it may do there and nowhere else. What
nobody is named for nobody may do, and who is not signed in may do nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a user is to a review (an administrator: to the programme)."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    MODERATOR = "moderator"
    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    COORDINATOR = "coordinator"
    AUTHORITY = "authority"


class Action(StrEnum):
    """What can be done, in the words of the table in docs/security.md."""

    SEE_REVIEW = "see a review with its evidence, runs and trails"
    ADD_SOURCE = "add sources with their text"
    TAG = "record, tag, edit and withdraw evidence items; correct the details of sources"
    CORRECT_REVIEW = "correct the details of a review: authority, evidence window, note"
    CODE_AGAIN = "code items a second time, without sight of the first coding"
    SETTLE = "settle disagreements between reviewers"
    ASSESS = "assess a review"
    CHALLENGE = "challenge a rating, rule, measure, item or tag"
    REPLY = "reply to a challenge"
    CLOSE_CHALLENGE = "close a challenge with its outcome"
    PANEL = "open and close a panel on a rating"
    VOTE = "vote as a member of a panel"
    DECIDE = "accept or override a rating"
    APPROVE = "approve another person's override"
    SIGN_CONFIDENCE = "sign a statement of confidence"
    REQUEST_ERASURE = "see and make requests to erase words; set until when a review is kept"
    APPROVE_ERASURE = "approve or refuse another person's request to erase"
    SEE_REPORT = "see the report of a review, its check, its editions and what was said of them"
    WRITE_REPORT = "start and write a report"
    FREEZE = "freeze an edition of a report, and amend one"
    MODERATE = "pass or return an edition of a report, as its external moderator"
    CLEAR = "clear an edition of a report for a body"
    PLAN_REPORT = "see and plan dates, meetings, recipients and copies of a report"
    SEND = "send an edition of a report to the authority"
    SEE_SENT = "see editions that were sent to the authority, and its own comments"
    COMMENT = "comment on the accuracy of an edition that was sent, or record such comments"
    ANSWER = "answer a comment of the authority"
    PRESENT = "record the presentation of a report, and breaches of its embargo"
    PUBLISH = "publish a report"
    SEE_ALL_REVIEWS = "compare reviews; Datasette's tables, queries and SQL (a role for all reviews needed)"
    MANAGE_USERS = "add and disable users, give them roles and take roles away"


MAY: MappingProxyType[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.SEE_REVIEW: frozenset({Role.REVIEWER, Role.LEAD, Role.MODERATOR}),
        Action.ADD_SOURCE: frozenset({Role.REVIEWER, Role.LEAD}),
        Action.TAG: frozenset({Role.REVIEWER, Role.LEAD}),
        Action.CORRECT_REVIEW: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.CODE_AGAIN: frozenset({Role.REVIEWER, Role.LEAD}),
        Action.SETTLE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.ASSESS: frozenset({Role.LEAD}),
        Action.CHALLENGE: frozenset({Role.MODERATOR}),
        Action.REPLY: frozenset({Role.REVIEWER, Role.LEAD, Role.MODERATOR}),
        Action.CLOSE_CHALLENGE: frozenset({Role.MODERATOR}),
        Action.PANEL: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.VOTE: frozenset({Role.REVIEWER, Role.LEAD, Role.MODERATOR}),
        Action.DECIDE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.APPROVE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.SIGN_CONFIDENCE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.REQUEST_ERASURE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.APPROVE_ERASURE: frozenset({Role.LEAD, Role.MODERATOR}),
        Action.SEE_REPORT: frozenset({Role.REVIEWER, Role.LEAD, Role.MODERATOR, Role.MANAGER}),
        Action.WRITE_REPORT: frozenset({Role.LEAD}),
        Action.FREEZE: frozenset({Role.LEAD}),
        Action.MODERATE: frozenset({Role.MODERATOR}),
        Action.CLEAR: frozenset({Role.MANAGER}),
        Action.PLAN_REPORT: frozenset({Role.LEAD, Role.COORDINATOR, Role.MANAGER}),
        Action.SEND: frozenset({Role.LEAD, Role.COORDINATOR}),
        Action.SEE_SENT: frozenset({Role.LEAD, Role.MANAGER, Role.AUTHORITY}),
        Action.COMMENT: frozenset({Role.LEAD, Role.COORDINATOR, Role.AUTHORITY}),
        Action.ANSWER: frozenset({Role.REVIEWER, Role.LEAD, Role.MODERATOR}),
        Action.PRESENT: frozenset({Role.MANAGER}),
        Action.PUBLISH: frozenset({Role.MANAGER}),
        Action.SEE_ALL_REVIEWS: frozenset({Role.MODERATOR}),
        Action.MANAGE_USERS: frozenset({Role.ADMINISTRATOR}),
    }
)
"""Which roles may do it. An administrator manages users and sees no evidence by that; nor do a manager, who
clears and publishes reports, a co-ordinator, who looks after dates and copies, and the authority reviewed."""

OF_ALL_REVIEWS = frozenset({Action.SEE_ALL_REVIEWS, Action.MANAGE_USERS})
"""What concerns every review: only a role held for all reviews allows it."""


@dataclass(frozen=True, order=True)
class Held:
    """A role that a user holds."""

    role: Role
    review: str | None = None
    """Key of the review; None for all reviews."""


@dataclass(frozen=True)
class Actor:
    """Somebody who is signed in, with the roles held at this moment."""

    name: str
    held: frozenset[Held]

    def may(self, action: Action, review: str | None = None) -> bool:
        """Whether the actor may do this to a review (to all reviews where `review` is None)."""
        allowed = MAY[action]
        for_all = review is None or action in OF_ALL_REVIEWS
        return any(
            one.role in allowed and (one.review is None or (not for_all and one.review == review))
            for one in self.held
        )

    def reviews(self, action: Action) -> frozenset[str] | None:
        """The reviews to which the actor may do this; None for all of them."""
        if self.may(action):
            return None
        if action in OF_ALL_REVIEWS:
            return frozenset()
        allowed = MAY[action]
        return frozenset(one.review for one in self.held if one.role in allowed and one.review is not None)


def make_actor(name: str, held: Iterable[Held]) -> Actor:
    """An actor with these roles."""
    return Actor(name, frozenset(held))


OWNER = "root"
"""Who opened the pages with the link that `joint-review serve` prints: the person at the machine."""
OWNER_ROLES = tuple(Held(role) for role in Role)
"""What the owner holds: every role."""
