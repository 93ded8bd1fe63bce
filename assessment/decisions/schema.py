"""The tables of decisions, challenges and panels: what each holds, column by column."""

from __future__ import annotations

from programme.columns import Table, columns, table, with_columns

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

KIND_OF_DECISION = columns("""
    kind text not null default 'override' check (kind in ('accept', 'override'))
      -- accept (the run's rating counts) or override (the person's own level counts; without a level, the
      -- last decision is taken back).
""")
"""The column that `decision` was given when ratings could be accepted as well as overridden."""

FIRST_TABLES: tuple[Table, ...] = (
    table(
        """
        decision -- Ratings that moderators decided; the latest one of a target is in force.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          target text not null -- The domain or question.
          level integer -- The level decided, 1 the worst; empty when a decision was taken back.
          level_key text -- Its short name.
          by text not null -- Who decided.
          because text not null -- The reason.
          on_run_id integer references run(id) -- The run whose proposal was looked at.
          proposed text -- What that run proposed.
          added_event integer not null references event(id) -- The event that recorded it.
        create index decision_of_review on decision(review_id, target)
        """,
        label="target",
        facets=("target", "by"),
        never_changed=True,
    ),
)

DECISION_TABLES: tuple[Table, ...] = (
    table(
        """
        approval -- Approvals of overrides by a second person, each with the run it was given on.
          id integer primary key -- Number of the row.
          decision_id integer not null references decision(id) -- The override approved.
          run_id integer not null references run(id) -- The run it was made on.
          by text not null -- Who made it.
          because text not null -- The person's comment, if any.
          added_event integer not null references event(id) -- The event that recorded it.
        create index approval_of_decision on approval(decision_id)
        """,
        label="by",
        facets=("by",),
        never_changed=True,
    ),
    table(
        f"""
        challenge -- Challenges to ratings and to what they rest on.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          kind text not null check (kind in {CHALLENGED})
            -- What is challenged: rating, rule, measure, item or tag.
          target text not null -- Its name, e.g. carers, carers.strengths_share, E12 or E12:carers.
          rating text -- The domain, question or cell it is about; empty for an item.
          evidence_id integer references evidence(id) -- The item, if it is about one.
          ground text not null check (ground in {GROUNDS}) -- The ground of the challenge.
          text text not null -- The challenge, in the words of the person who raised it.
          by text not null -- Who raised it.
          on_run_id integer references run(id) -- The run that the challenge is about.
          added_event integer not null references event(id) -- The event that recorded it.
        create index challenge_of_review on challenge(review_id)
        """,
        label="target",
        facets=("review_id", "kind", "ground", "by"),
        never_changed=True,
    ),
    table(
        """
        challenge_reply -- Replies to challenges.
          id integer primary key -- Number of the row.
          challenge_id integer not null references challenge(id) -- The challenge.
          text text not null -- The reply.
          by text not null -- Who replied.
          added_event integer not null references event(id) -- The event that recorded it.
        create index reply_to_challenge on challenge_reply(challenge_id)
        """,
        label="text",
        facets=("by",),
        never_changed=True,
    ),
    table(
        f"""
        challenge_outcome -- How challenges ended. A challenge without a row here is open.
          id integer primary key -- Number of the row.
          challenge_id integer not null unique references challenge(id) -- The challenge.
          outcome text not null check (outcome in {OUTCOMES})
            -- Upheld, partly upheld, not upheld or withdrawn.
          because text not null -- The reason, even if nothing was changed.
          by text not null -- Who closed it.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        label="outcome",
        facets=("outcome", "by"),
        never_changed=True,
    ),
    table(
        f"""
        challenge_effect -- What was changed because of a challenge. A closed one without a row here changed
          -- nothing.
          id integer primary key -- Number of the row.
          outcome_id integer not null references challenge_outcome(id) -- The outcome.
          kind text not null check (kind in {EFFECTS}) -- What was changed: item, tag, decision or rulebook.
          what text not null -- The change in words.
          event integer -- Number of the event that made the change; empty for the rulebook.
        create index effect_of_outcome on challenge_effect(outcome_id)
        """,
        label="what",
        facets=("kind",),
        never_changed=True,
    ),
    table(
        """
        panel -- Panels whose members rate a domain or question independently.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          target text not null -- The domain or question.
          on_run_id integer references run(id) -- The run whose proposal is voted on.
          by text not null -- Who opened it.
          added_event integer not null references event(id) -- The event that recorded it.
          closed_event integer references event(id) -- The event that closed it early, if one did.
        create index panel_of_review on panel(review_id, target)
        """,
        label="target",
        facets=("review_id", "target"),
    ),
    table(
        """
        panel_member -- The members of panels.
          id integer primary key -- Number of the row.
          panel_id integer not null references panel(id) -- The panel.
          name text not null -- The member.
          unique (panel_id, name)
        """,
        label="name",
        facets=("name",),
        never_changed=True,
    ),
    table(
        """
        vote -- Members' votes: hidden from everyone until they appear in `shown_vote`.
          id integer primary key -- Number of the row.
          member_id integer not null unique references panel_member(id) -- The member who voted.
          level integer not null -- The level voted for, 1 the worst.
          level_key text not null -- Its short name.
          because text not null -- The member's comment, if any.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        never_changed=True,
    ),
    table(
        """
        shown_vote -- The votes of panels that are complete or were closed early.
          id integer primary key -- Number of the row.
          panel_id integer not null references panel(id) -- The panel.
          vote_id integer not null unique references vote(id) -- The vote.
          member text not null -- Who voted.
          level integer not null -- The level voted for, 1 the worst.
          level_key text not null -- Its short name.
          because text not null -- The member's comment, if any.
          added_event integer not null references event(id) -- The event that made it visible.
        create index shown_vote_of_panel on shown_vote(panel_id)
        """,
        label="member",
        facets=("panel_id", "member"),
        never_changed=True,
    ),
)

DECISION_VIEWS: tuple[Table, ...] = (
    table(
        """
        decision_state -- The state of the latest decision on each domain, question and cell.
          id integer -- The decision.
          review_id integer -- The review.
          target text -- The domain or question, or cell.
          kind text -- accept or override.
          level integer -- The level decided.
          level_key text -- Its short name; for the cell, those of its questions.
          proposed text -- What the rules proposed.
          by text -- Who decided.
          because text -- The reason.
          at text -- When.
          run_id integer -- The run it was made on.
          approved_by text -- Who approved the override.
          approved_at text -- When.
          approved_run_id integer -- The run on which it was approved.
          lapsed_run_id integer -- The first run after it that changed the rating.
          state text
            -- accepted, override awaiting approval, approved, or lapsed: a later run changed the rating.
        """,
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
    table(
        """
        panel_state -- Every panel: how many members, how many have voted, and whether it is complete.
          id integer -- The panel.
          review_id integer -- The review.
          target text -- The domain or question.
          members integer -- How many members it has.
          voted integer -- How many have voted.
          state text -- open, complete (all have voted) or closed early.
        """,
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


_PARTS = "".join(
    f"""
      {part}_concern text not null check ({part}_concern in ('none', 'minor', 'moderate', 'serious'))
        -- Concern about {asked}, as the figures suggest.
      {part}_figures text not null -- The figures about {asked}.
      {part}_words text not null default '' -- The person's comment on {asked}."""
    for part, asked in PARTS_OF_CONFIDENCE.items()
)

CONFIDENCE = table(
    f"""
    confidence -- How confident people are in a domain's rating, after GRADE-CERQual; never changed, the
      -- latest counts.
      id integer primary key -- Number of the row.
      run_id integer not null references run(id) -- The run.
      target text not null -- The domain.
      level text not null check (level in ('high', 'moderate', 'low', 'very low'))
        -- Confidence in the rating, as stated by the person who signs.
      suggested_level text not null -- What the figures suggest.{_PARTS}
      draws integer not null -- How many simulated resamplings the figures rest on.
      seed integer not null -- The seed of the simulation.
      because text not null -- The statement, in the words of the person who signed it.
      by text not null -- Who signs it.
      added_event integer not null references event(id) -- The event that recorded it.
    create index confidence_of_run on confidence(run_id, target)
    """,
    label="target",
    facets=("target", "level", "by"),
    never_changed=True,
)

TABLES: tuple[Table, ...] = (
    *with_columns(FIRST_TABLES, "decision", KIND_OF_DECISION),
    CONFIDENCE,
    *DECISION_TABLES,
)
