"""Single answers in an import: those that clash, respondents written in two ways, questions turned round.

A spreadsheet takes the zeros from `0001`: the same answers would count twice. Where agreeing with a question
is bad, the answers are turned round before shares are made: the result is the share who disagree. What a file
does not say of a question stays as it is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evidence.scales import may_be_bad
from programme.database import Database, rows
from rules.remedy import Remedy, Replace

Problem = Callable[..., None]
"""Is told of a problem: place, message, hint, and what remedies there are."""
Found = Callable[[str], list[dict[str, Any]]]

CLASHING_RESPONSES = """
select i.n, i.place, i.respondent, i.question, f.place as other
from (select ref_no, respondent, question, min(n) as n, place, group_name, strand, answer
      from incoming_response group by ref_no, respondent, question having count(*) > 1) f
join incoming_response i
  on i.ref_no = f.ref_no and i.respondent = f.respondent and i.question = f.question and i.n > f.n
where i.answer is not f.answer or i.group_name <> f.group_name or i.strand <> f.strand
union all
select i.n, i.place, i.respondent, i.question, null
from incoming_response i join incoming_ref f using (ref_no)
join survey_response r
  on r.source_id = f.source_id and r.respondent = i.respondent and r.question = i.question
where r.answer is not i.answer or r.group_name <> i.group_name or r.strand <> i.strand
"""
# Numbers that differ in nothing but zeros before them; one line for each survey.
WRITTEN_TWICE = """
with coming as materialized (
  select ref_no, respondent, min(n) as n, place, ltrim(respondent, '0') as number
  from incoming_response where respondent not glob '*[^0-9]*' group by ref_no, respondent),
known as materialized (
  select ref_no, respondent, n, place, number from coming
  union all
  select f.ref_no, r.respondent, 0, null, ltrim(r.respondent, '0')
  from (select distinct ref_no from coming) c join incoming_ref f using (ref_no)
  join (select distinct source_id, respondent from survey_response
    where source_id in (select source_id from incoming_ref)) r on r.source_id = f.source_id
  where r.respondent not glob '*[^0-9]*')
select min(c.n) as n, c.place, f.ref, c.respondent, k.respondent as before, k.place as other,
  count(distinct c.respondent) as people
from coming c join known k on k.ref_no = c.ref_no and k.number = c.number and k.respondent <> c.respondent
  and k.n < c.n
join incoming_ref f on f.ref_no = c.ref_no
group by c.ref_no
"""
OTHER_SPELLINGS = """
select respondent from (
  select respondent from incoming_response where ref_no = :ref_no and ltrim(respondent, '0') = :number
  union
  select r.respondent from incoming_ref f join survey_response r on r.source_id = f.source_id
  where f.ref_no = :ref_no and ltrim(r.respondent, '0') = :number)
order by length(respondent) desc limit 1
"""

# --- questions where agreeing is bad -----------------------------------------------------------------

QUESTIONS = """
insert into incoming_question (ref_no, question, lower)
select ref_no, question, max(better = 'lower') from incoming_response group by ref_no, question
"""
TWO_WAYS = """
select min(i.n) as n, i.place, i.question, i.better, f.better as before, f.place as other
from (select ref_no, question, min(n) as n, place, better from incoming_response
      where better is not null group by ref_no, question having count(distinct better) > 1) f
join incoming_response i on i.ref_no = f.ref_no and i.question = f.question
where i.better <> f.better group by i.ref_no, i.question
"""
IS_REVERSED = """exists (select 1 from reversed_question s
    where s.source_id = f.source_id and s.question = q.question and s.withdrawn_event is null)"""
TURNED = f"""
update incoming_question as q set turned = 1
from incoming_ref f, (select distinct source_id, question from survey_response
  where source_id in (select source_id from incoming_ref)) r
where f.ref_no = q.ref_no and r.source_id = f.source_id and r.question = q.question
  and q.lower is not null and q.lower <> {IS_REVERSED}
"""
TURNED_QUESTIONS = """
select min(i.n) as n, i.place, f.ref, i.question, q.lower
from incoming_question q join incoming_ref f using (ref_no)
join incoming_response i on i.ref_no = q.ref_no and i.question = q.question and i.better is not null
where q.turned group by q.ref_no, q.question
"""
STORE = (
    """
update reversed_question set withdrawn_event = f.event
from incoming_question q join incoming_ref f using (ref_no)
where withdrawn_event is null and reversed_question.source_id = f.source_id
  and reversed_question.question = q.question and q.turned and not q.lower
""",
    f"""
insert into reversed_question (source_id, question, added_event)
select f.source_id, q.question, f.event
from incoming_question q join incoming_ref f using (ref_no)
where q.lower and not {IS_REVERSED} order by f.source_id, q.question
""",
)
WAYS = {0: "higher", 1: "lower"}
NEW_QUESTIONS = """
select f.ref, q.question from incoming_question q join incoming_ref f using (ref_no)
where q.lower is null and not exists (select 1 from survey_response r
  where r.source_id = f.source_id and r.question = q.question)
order by q.ref_no, q.question
"""
"""Questions that are new in their survey, and of which nothing says whether agreeing is good."""
MOST_ASKED = 5

NOT_ANSWERED = """
select said, count(*) as answers from (
  select max(i.said) as said from incoming_response i join incoming_ref f using (ref_no)
  where i.said is not null and not exists (select 1 from survey_response r where r.source_id = f.source_id
    and r.respondent = i.respondent and r.question = i.question)
  group by i.ref_no, i.respondent, i.question)
group by said order by answers desc, said
"""
"""What comes in that was said instead of an answer, and how often."""


def check_answers(db: Database, say: Problem, found: Found, replace: bool) -> None:
    """Say what is wrong with the answers that come in, and note which questions are turned round.

    With `replace`, a question of which the file says another direction than is stored is turned.
    """
    for row in found(CLASHING_RESPONSES):
        say(
            row["place"],
            f"respondent {row['respondent']!r} answers {row['question']!r} differently"
            f" in {row['other'] or 'what is stored'}.",
            "Each respondent belongs to one group and answers a question once.",
        )
    for row in found(WRITTEN_TWICE):
        more = row["people"] - 1
        say(
            row["place"],
            f"respondent {row['respondent']!r} of {row['ref']!r} is {row['before']!r} in"
            f" {row['other'] or 'what is stored'}{f', and {more:,} more likewise' if more else ''}."
            " They would count twice.",
            f"Spreadsheets take zeros away: write the numbers as they were ({row['before']!r}). Give other"
            " people other numbers.",
        )
    db.conn.execute(QUESTIONS)
    for row in found(TWO_WAYS):
        say(
            f"{row['place']}, column 'better'",
            f"the question {row['question']!r} has {row['better']!r} here and {row['before']!r} in"
            f" {row['other']}.",
            "Give one value for all answers to a question.",
        )
    db.conn.execute(TURNED)
    for row in [] if replace else found(TURNED_QUESTIONS):
        turned: Remedy = Replace("count the stored answers in the same direction")
        say(
            f"{row['place']}, column 'better'",
            f"{row['question']!r} in {row['ref']!r} is stored with {WAYS[1 - row['lower']]!r}, not with"
            f" {WAYS[row['lower']]!r}.",
            "Give the value that is stored.",
            turned,
        )


def taken_as_good(db: Database) -> list[str]:
    """What to ask about new questions where agreeing is counted as good, and by their words may be bad."""
    found = [row for row in rows(db, NEW_QUESTIONS) if may_be_bad(row["question"])]
    if not found:
        return []
    asked = [f"{row['question']!r} ({row['ref']})" for row in found[:MOST_ASKED]]
    more = f" and {len(found) - MOST_ASKED:,} more" if len(found) > MOST_ASKED else ""
    return [
        f"Agreeing is counted as good, as nothing was recorded about it: {', '.join(asked)}{more}. Where it"
        " is bad, give 'lower' as 'better' of the question and import again, replacing what is stored."
    ]


def other_spelling(db: Database, ref_no: int, respondent: str) -> str:
    """The number of a respondent with answers that differs from this one in zeros before it; or ''."""
    if not respondent.isdecimal():
        return ""
    given = {"ref_no": ref_no, "number": respondent.lstrip("0")}
    found = rows(db, OTHER_SPELLINGS, given)
    return str(found[0]["respondent"]) if found else ""
