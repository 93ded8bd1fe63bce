"""The tables of decisions, challenges and panels: what each holds, column by column."""

from __future__ import annotations

from programme.columns import ID, Column, Table, with_columns

C = Column
REVIEW = C("review_id", "integer not null references review(id)", "The review.")
RUN = C("run_id", "integer not null references run(id)", "The run.")
ADDED = C("added_event", "integer not null references event(id)", "The event that recorded it.")
BY = C("by", "text not null", "Who made it.")

GROUNDS = (
    "not supported",
    "contradicted",
    "one source",
    "out of date",
    "used twice",
    "wrong domain",
    "other",
)
"""The grounds of a challenge."""
CHALLENGED = ("rating", "rule", "measure", "item", "tag")
"""What a challenge may be to."""
OUTCOMES = ("upheld", "partly upheld", "not upheld", "withdrawn")
"""How a challenge may end: the words in which ombudsmen decide complaints."""
EFFECTS = ("item", "tag", "decision", "rulebook")
"""What may be changed because of a challenge."""


def _one_of(name: str, words: tuple[str, ...]) -> str:
    return f"text not null check ({name} in ({', '.join(repr(word) for word in words)}))"


KIND_OF_DECISION = (
    C(
        "kind",
        "text not null default 'override' check (kind in ('accept', 'override'))",
        "accept (the run's rating counts) or override (the person's own level counts; without a level, the"
        " last decision is taken back).",
    ),
)
"""The column that `decision` was given when ratings could be accepted as well as overridden."""

FIRST_TABLES: tuple[Table, ...] = (
    Table(
        "decision",
        "Ratings that moderators decided; the latest one of a target is in force.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review."),
            C("target", "text not null", "The domain or question."),
            C("level", "integer", "The level decided, 1 the worst; empty when a decision was taken back."),
            C("level_key", "text", "Its short name."),
            C("by", "text not null", "Who decided."),
            C("because", "text not null", "The reason."),
            C("on_run_id", "integer references run(id)", "The run whose proposal was looked at."),
            C("proposed", "text", "What that run proposed."),
            C("added_event", "integer not null references event(id)", "The event that recorded it."),
        ),
        label="target",
        facets=("target", "by"),
        indexes=("create index decision_of_review on decision(review_id, target)",),
        never_changed=True,
    ),
)

DECISION_TABLES: tuple[Table, ...] = (
    Table(
        "approval",
        "Approvals of overrides by a second person, each with the run it was given on.",
        (
            ID,
            C("decision_id", "integer not null references decision(id)", "The override approved."),
            C("run_id", "integer not null references run(id)", "The run it was made on."),
            BY,
            C("because", "text not null", "The person's comment, if any."),
            ADDED,
        ),
        label="by",
        facets=("by",),
        indexes=("create index approval_of_decision on approval(decision_id)",),
        never_changed=True,
    ),
    Table(
        "challenge",
        "Challenges to ratings and to what they rest on.",
        (
            ID,
            REVIEW,
            C("kind", _one_of("kind", CHALLENGED), "What is challenged: rating, rule, measure, item or tag."),
            C("target", "text not null", "Its name, e.g. carers, carers.strengths_share, E12 or E12:carers."),
            C("rating", "text", "The domain, question or cell it is about; empty for an item."),
            C("evidence_id", "integer references evidence(id)", "The item, if it is about one."),
            C("ground", _one_of("ground", GROUNDS), "The ground of the challenge."),
            C("text", "text not null", "The challenge, in the words of the person who raised it."),
            C("by", "text not null", "Who raised it."),
            C("on_run_id", "integer references run(id)", "The run that the challenge is about."),
            ADDED,
        ),
        label="target",
        facets=("review_id", "kind", "ground", "by"),
        indexes=("create index challenge_of_review on challenge(review_id)",),
        never_changed=True,
    ),
    Table(
        "challenge_reply",
        "Replies to challenges.",
        (
            ID,
            C("challenge_id", "integer not null references challenge(id)", "The challenge."),
            C("text", "text not null", "The reply."),
            C("by", "text not null", "Who replied."),
            ADDED,
        ),
        label="text",
        facets=("by",),
        indexes=("create index reply_to_challenge on challenge_reply(challenge_id)",),
        never_changed=True,
    ),
    Table(
        "challenge_outcome",
        "How challenges ended. A challenge without a row here is open.",
        (
            ID,
            C("challenge_id", "integer not null unique references challenge(id)", "The challenge."),
            C("outcome", _one_of("outcome", OUTCOMES), "Upheld, partly upheld, not upheld or withdrawn."),
            C("because", "text not null", "The reason, even if nothing was changed."),
            C("by", "text not null", "Who closed it."),
            ADDED,
        ),
        label="outcome",
        facets=("outcome", "by"),
        never_changed=True,
    ),
    Table(
        "challenge_effect",
        "What was changed because of a challenge. A closed one without a row here changed nothing.",
        (
            ID,
            C("outcome_id", "integer not null references challenge_outcome(id)", "The outcome."),
            C("kind", _one_of("kind", EFFECTS), "What was changed: item, tag, decision or rulebook."),
            C("what", "text not null", "The change in words."),
            C("event", "integer", "Number of the event that made the change; empty for the rulebook."),
        ),
        label="what",
        facets=("kind",),
        indexes=("create index effect_of_outcome on challenge_effect(outcome_id)",),
        never_changed=True,
    ),
    Table(
        "panel",
        "Panels whose members rate a domain or question independently.",
        (
            ID,
            REVIEW,
            C("target", "text not null", "The domain or question."),
            C("on_run_id", "integer references run(id)", "The run whose proposal is voted on."),
            C("by", "text not null", "Who opened it."),
            ADDED,
            C("closed_event", "integer references event(id)", "The event that closed it early, if one did."),
        ),
        label="target",
        facets=("review_id", "target"),
        indexes=("create index panel_of_review on panel(review_id, target)",),
    ),
    Table(
        "panel_member",
        "The members of panels.",
        (
            ID,
            C("panel_id", "integer not null references panel(id)", "The panel."),
            C("name", "text not null", "The member."),
        ),
        ("unique (panel_id, name)",),
        label="name",
        facets=("name",),
        never_changed=True,
    ),
    Table(
        "vote",
        "Members' votes: hidden from everyone until they appear in `shown_vote`.",
        (
            ID,
            C("member_id", "integer not null unique references panel_member(id)", "The member who voted."),
            C("level", "integer not null", "The level voted for, 1 the worst."),
            C("level_key", "text not null", "Its short name."),
            C("because", "text not null", "The member's comment, if any."),
            ADDED,
        ),
        never_changed=True,
    ),
    Table(
        "shown_vote",
        "The votes of panels that are complete or were closed early.",
        (
            ID,
            C("panel_id", "integer not null references panel(id)", "The panel."),
            C("vote_id", "integer not null unique references vote(id)", "The vote."),
            C("member", "text not null", "Who voted."),
            C("level", "integer not null", "The level voted for, 1 the worst."),
            C("level_key", "text not null", "Its short name."),
            C("because", "text not null", "The member's comment, if any."),
            C("added_event", "integer not null references event(id)", "The event that made it visible."),
        ),
        label="member",
        facets=("panel_id", "member"),
        indexes=("create index shown_vote_of_panel on shown_vote(panel_id)",),
        never_changed=True,
    ),
)

DECISION_VIEWS: tuple[Table, ...] = (
    Table(
        "decision_state",
        "The state of the latest decision on each domain, question and cell.",
        (
            C("id", "integer", "The decision."),
            C("review_id", "integer", "The review."),
            C("target", "text", "The domain or question, or cell."),
            C("kind", "text", "accept or override."),
            C("level", "integer", "The level decided."),
            C("level_key", "text", "Its short name; for the cell, those of its questions."),
            C("proposed", "text", "What the rules proposed."),
            C("by", "text", "Who decided."),
            C("because", "text", "The reason."),
            C("at", "text", "When."),
            C("run_id", "integer", "The run it was made on."),
            C("approved_by", "text", "Who approved the override."),
            C("approved_at", "text", "When."),
            C("approved_run_id", "integer", "The run on which it was approved."),
            C("lapsed_run_id", "integer", "The first run after it that changed the rating."),
            C(
                "state",
                "text",
                "accepted, override awaiting approval, approved, or lapsed: a later run changed the rating.",
            ),
        ),
        label="target",
        facets=("review_id", "state", "by"),
        select="""select s.id, s.review_id, s.target, s.kind, s.level, s.level_key, s.proposed, s.by,
  s.because, s.at, s.run_id, s.approved_by, s.approved_at, s.approved_run_id, s.lapsed_run_id,
  case when s.kind = 'override' and s.approved_run_id is null then 'override awaiting approval'
    when s.lapsed_run_id is not null then 'lapsed'
    when s.kind = 'accept' then 'accepted' else 'approved' end as state
from (
  select d.id, d.review_id, d.target, d.kind, d.level, d.level_key, d.proposed, d.by, d.because, e.at,
    d.on_run_id as run_id, a.by as approved_by, v.at as approved_at, a.run_id as approved_run_id,
    case d.kind when 'accept' then (
      select min(r.id) from run r left join rating x on x.run_id = r.id and x.target = d.target
      where r.review_id = d.review_id and r.id > d.on_run_id
        and case d.target when 'cell' then r.cell else x.level_key end is not d.level_key)
    else (
      select min(r.id) from run r left join rating x on x.run_id = r.id and x.target = d.target
      where r.review_id = d.review_id and r.id > a.run_id
        and x.proposed is not (select p.proposed from rating p
          where p.run_id = a.run_id and p.target = d.target))
    end as lapsed_run_id
  from decision d join event e on e.id = d.added_event
  left join approval a on a.id = (select max(id) from approval where decision_id = d.id)
  left join event v on v.id = a.added_event
  where d.id = (select max(o.id) from decision o where o.review_id = d.review_id and o.target = d.target)
    and not (d.kind = 'override' and d.level is null)) s""",
    ),
    Table(
        "panel_state",
        "Every panel: how many members, how many have voted, and whether it is complete.",
        (
            C("id", "integer", "The panel."),
            C("review_id", "integer", "The review."),
            C("target", "text", "The domain or question."),
            C("members", "integer", "How many members it has."),
            C("voted", "integer", "How many have voted."),
            C("state", "text", "open, complete (all have voted) or closed early."),
        ),
        label="target",
        facets=("review_id", "state"),
        select="""select p.id, p.review_id, p.target, count(m.id) as members, count(v.id) as voted,
  case when p.closed_event is not null then 'closed early'
    when count(v.id) = count(m.id) then 'complete' else 'open' end as state
from panel p join panel_member m on m.panel_id = p.id left join vote v on v.member_id = m.id
group by p.id""",
    ),
)


PARTS_OF_CONFIDENCE = {
    "methods": "how the evidence was gathered",
    "coherence": "whether the evidence agrees",
    "adequacy": "whether there is enough evidence",
    "relevance": "whether the evidence is about this domain, these people and this time",
}
"""The four parts of a statement of confidence and what each asks (see assessment.decisions.confidence)."""


CONFIDENCE = Table(
    "confidence",
    "How confident people are in a domain's rating, after GRADE-CERQual; never changed, the latest counts.",
    (
        ID,
        RUN,
        C("target", "text not null", "The domain."),
        C(
            "level",
            "text not null check (level in ('high', 'moderate', 'low', 'very low'))",
            "Confidence in the rating, as stated by the person who signs.",
        ),
        C("suggested_level", "text not null", "What the figures suggest."),
        *(
            column
            for part, asked in PARTS_OF_CONFIDENCE.items()
            for column in (
                C(
                    f"{part}_concern",
                    f"text not null check ({part}_concern in ('none', 'minor', 'moderate', 'serious'))",
                    f"Concern about {asked}, as the figures suggest.",
                ),
                C(f"{part}_figures", "text not null", f"The figures about {asked}."),
                C(f"{part}_words", "text not null default ''", f"The person's comment on {asked}."),
            )
        ),
        C("draws", "integer not null", "How many simulated resamplings the figures rest on."),
        C("seed", "integer not null", "The seed of the simulation."),
        C("because", "text not null", "The statement, in the words of the person who signed it."),
        C("by", "text not null", "Who signs it."),
        C("added_event", "integer not null references event(id)", "The event that recorded it."),
    ),
    label="target",
    facets=("target", "level", "by"),
    indexes=("create index confidence_of_run on confidence(run_id, target)",),
    never_changed=True,
)

TABLES: tuple[Table, ...] = (
    *with_columns(FIRST_TABLES, "decision", KIND_OF_DECISION),
    CONFIDENCE,
    *DECISION_TABLES,
)
