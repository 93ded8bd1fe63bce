"""Survey respondents in an import: their answers, what is known of them, their weights, the results.

Where a survey (or one of its groups) has margins, everybody in it who answered anything gets one weight, by
raking to all of its margins (see `evidence.weights`), and every result made of the answers is weighted: its
value is the weighted share, its base the effective number of answers (Kish), so that intervals stand on it.
Weights and results are made anew whenever more answers, characteristics or margins come in.

The statements here decide about staged rows as those in `evidence.intake.staging` do, in the same import, and
before anything is decided about items. Of a survey with margins all respondents are read once per import.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evidence.intake.answers import check_answers, other_spelling
from evidence.intake.staging import new_of_reviews, rows_of_reviews
from evidence.rows import MadeResult
from evidence.scales import NEGATIVE_TO, POSITIVE_FROM
from evidence.weights import MILLION, NoWeights, effective_base, rake
from programme.database import Database, one, rows
from rules.errors import suggest
from rules.remedy import Remedy, Replace
from rules.words import listed, many

MOST_OFF = 1.0
"""Shares that were rounded may miss 100 % by as much as rounding explains, and by one per cent at most."""
CHUNK = 2_000

Say = Callable[..., None]
"""Is told of a problem: place, message, hint, and what remedies there are."""
Found = Callable[[str], list[dict[str, Any]]]

STAGE_CHARACTERISTIC = """
insert into incoming_characteristic (place, ref_no, respondent, characteristic, category)
values (?, ?, ?, ?, ?)
"""
STAGE_MARGIN = """
insert into incoming_margin (place, ref_no, group_name, characteristic, category, percent, people)
values (?, ?, ?, ?, ?, ?, ?)
"""

INCOMING = """
select exists (select 1 from incoming_response) or exists (select 1 from incoming_characteristic)
  or exists (select 1 from incoming_margin)
"""
INDEXES = (
    "create index temp.incoming_answer on incoming_response (ref_no, respondent, question)",
    "create index temp.incoming_known on incoming_characteristic (ref_no, respondent, characteristic)",
)

# --- rows that clash ---------------------------------------------------------------------------------

CLASHING_CHARACTERISTICS = """
select i.n, i.place, i.respondent, i.characteristic, i.category, f.category as before, f.place as other
from (select ref_no, respondent, characteristic, min(n) as n, place, category
      from incoming_characteristic group by ref_no, respondent, characteristic having count(*) > 1) f
join incoming_characteristic i on i.ref_no = f.ref_no and i.respondent = f.respondent
  and i.characteristic = f.characteristic and i.n > f.n
where i.category <> f.category
union all
select i.n, i.place, i.respondent, i.characteristic, i.category, r.category, null
from incoming_characteristic i join incoming_ref f using (ref_no)
join respondent_characteristic r on r.source_id = f.source_id and r.respondent = i.respondent
  and r.characteristic = i.characteristic
where r.category <> i.category
"""
UNKNOWN_RESPONDENTS = """
select c.n, c.place, f.ref, c.ref_no, c.respondent
from incoming_characteristic c join incoming_ref f using (ref_no)
where f.source_id is not null and not exists (select 1 from incoming_response i
    where i.ref_no = c.ref_no and i.respondent = c.respondent)
  and not exists (select 1 from survey_response r
    where r.source_id = f.source_id and r.respondent = c.respondent)
"""

# --- margins, and whom they are for ------------------------------------------------------------------

# The surveys with margins that anything comes in for, each with the place to name if all of it has a problem.
SURVEYS = """
select f.ref_no, f.ref, coalesce(
  (select place from incoming_margin m where m.ref_no = f.ref_no order by n limit 1),
  (select place from incoming_characteristic c where c.ref_no = f.ref_no order by n limit 1),
  (select place from incoming_response r where r.ref_no = f.ref_no order by n limit 1)) as place
from incoming_ref f
where f.source_id is not null and (exists (select 1 from incoming_margin m where m.ref_no = f.ref_no)
  or (exists (select 1 from population_margin m where m.source_id = f.source_id and m.withdrawn_event is null)
    and (exists (select 1 from incoming_characteristic c where c.ref_no = f.ref_no)
      or exists (select 1 from incoming_response r where r.ref_no = f.ref_no))))
order by f.ref
"""
INCOMING_MARGINS = """
select place, group_name, characteristic, category, percent, people from incoming_margin
where ref_no = :ref_no order by n
"""
STORED_MARGINS = """
select m.group_name, m.characteristic, m.category, m.percent, m.people
from incoming_ref f join population_margin m on m.source_id = f.source_id
where f.ref_no = :ref_no and m.withdrawn_event is null order by m.id
"""
DECIDED_MARGINS = """
update incoming_margin set state = :state
where ref_no = :ref_no and group_name = :group_name and characteristic = :characteristic
"""
# Everybody who answered anything: stored answers and those coming in.
PEOPLE = """
with answered as materialized (
  select i.respondent from incoming_response i
  where i.ref_no = :ref_no and i.answer is not null and :group_name in ('', i.group_name)
  union
  select r.respondent
  from incoming_ref f cross join survey_response r on r.source_id = f.source_id
  where f.ref_no = :ref_no and r.answer is not null and :group_name in ('', r.group_name)),
known as materialized (
  select respondent{categories}
  from (
    select respondent, characteristic, category from incoming_characteristic where ref_no = :ref_no
    union all
    select c.respondent, c.characteristic, c.category
    from incoming_ref f cross join respondent_characteristic c on c.source_id = f.source_id
    where f.ref_no = :ref_no)
  group by respondent)
select a.respondent{columns} from answered a left join known k on k.respondent = a.respondent
order by a.respondent
"""
CATEGORY_OF = ", max(case when characteristic = :c{number} then category end) as c{number}"
GROUPS = """
select group_name from incoming_response where ref_no = :ref_no
union
select r.group_name from incoming_ref f join survey_response r on r.source_id = f.source_id
where f.ref_no = :ref_no
"""
STAGE_WEIGHT = """
insert into incoming_weight (ref_no, group_name, respondent, weight) values (?, ?, ?, ?)
"""

# --- results of all answers, stored and coming in ----------------------------------------------------

# For every question and group that anything comes in for, or whose respondents have other weights now; of the
# latter only those whose result is there, for what a person withdrew is not made again.
RESULTS = f"""
with reweighed as materialized (
  select distinct w.ref_no, w.group_name
  from incoming_weight w join incoming_ref f using (ref_no)
  left join respondent_weight s on s.source_id = f.source_id and s.respondent = w.respondent
    and s.group_name = w.group_name and s.withdrawn_event is null
  where s.id is null or cast(round(s.weight * {MILLION}) as integer) <> w.weight),
named as (
  select ref_no, question, group_name, min(n) as n, place, coalesce(group_concat(domains, ';'), '') as domains
  from (select ref_no, question, group_name, domains, min(n) as n, place
        from incoming_response group by ref_no, question, group_name, domains)
  group by ref_no, question, group_name),
asked as materialized (
  select distinct w.ref_no, f.source_id, r.question, r.group_name
  from reweighed w cross join incoming_ref f using (ref_no)
  cross join survey_response r on r.source_id = f.source_id and w.group_name in ('', r.group_name)
  union
  select q.ref_no, f.source_id, r.question, r.group_name
  from incoming_question q cross join incoming_ref f using (ref_no)
  cross join survey_response r on r.source_id = f.source_id and r.question = q.question
  where q.turned),
touched as materialized (
  select ref_no, question, group_name, n, place, domains from named
  union all
  select a.ref_no, a.question, a.group_name, null, '', ''
  from asked a cross join evidence e on e.source_id = a.source_id
    and e.locator = 'question ' || a.question || ', group ' || a.group_name and e.withdrawn_event is null
  where not exists (select 1 from named n
    where n.ref_no = a.ref_no and n.question = a.question and n.group_name = a.group_name)),
directed as materialized (
  select q.ref_no, q.question, coalesce(i.lower, exists (select 1 from reversed_question s
      where s.source_id = f.source_id and s.question = q.question and s.withdrawn_event is null)) as lower
  from (select distinct ref_no, question from touched) q join incoming_ref f using (ref_no)
  left join incoming_question i on i.ref_no = q.ref_no and i.question = q.question),
answers as (
  select ref_no, respondent, question, group_name, strand, answer
  from incoming_response group by ref_no, respondent, question
  union all
  select f.ref_no, r.respondent, r.question, r.group_name, r.strand, r.answer
  from incoming_ref f join survey_response r on r.source_id = f.source_id
  where f.ref_no in (select ref_no from touched) and not exists (select 1 from incoming_response i
    where i.ref_no = f.ref_no and i.respondent = r.respondent and i.question = r.question)),
good as (
  select a.*, d.lower,
    case when d.lower then a.answer <= {NEGATIVE_TO} else a.answer >= {POSITIVE_FROM} end as good
  from answers a left join directed d on d.ref_no = a.ref_no and d.question = a.question),
counted as (
  select a.ref_no, a.question, a.group_name, count(a.answer) as answers, max(a.lower) as lower,
    coalesce(sum(a.good), 0) as positive,
    sum(w.weight) filter (where a.answer is not null) as weights,
    sum(w.weight * a.good) filter (where a.answer is not null) as positive_weights,
    sum((w.weight * w.weight + {MILLION // 2}) / {MILLION}) filter (where a.answer is not null) as squares,
    case when min(a.strand) = max(a.strand) then min(a.strand) else 'all' end as strand
  from good a left join incoming_weight w
    on w.ref_no = a.ref_no and w.respondent = a.respondent and w.group_name in ('', a.group_name)
  group by a.ref_no, a.question, a.group_name)
select f.review_id, f.ref, t.question, t.group_name, t.place, t.domains, c.strand, c.answers, c.positive,
  c.weights, c.positive_weights, c.squares, c.lower
from touched t join counted c using (ref_no, question, group_name) join incoming_ref f using (ref_no)
order by t.n, f.ref, t.question, t.group_name
"""

# --- counting and storing ----------------------------------------------------------------------------

COUNTS = f"""
with characteristics as ({rows_of_reviews("incoming_characteristic")}),
known as (
  {new_of_reviews("incoming_characteristic", "respondent_characteristic", "respondent", "characteristic")}),
margins as ({rows_of_reviews("incoming_margin")}),
weighed as (
  select review_id, count(*) as added from (
    select distinct f.review_id, ref_no, group_name, characteristic, category
    from incoming_margin join incoming_ref f using (ref_no) where state <> 'same')
  group by review_id)
select v.review_id, coalesce(k.added, 0) as characteristics, coalesce(w.added, 0) as margins,
  coalesce(c.all_of_them, 0) - coalesce(k.added, 0) + coalesce(m.all_of_them, 0) - coalesce(w.added, 0)
    as already_there
from (select distinct review_id from incoming_ref) v
left join characteristics c using (review_id) left join known k using (review_id)
left join margins m using (review_id) left join weighed w using (review_id)
"""
STORE = (
    """
insert into respondent_characteristic (source_id, respondent, characteristic, category, added_event)
select f.source_id, i.respondent, i.characteristic, i.category, f.event
from incoming_characteristic i join incoming_ref f using (ref_no)
where not exists (select 1 from respondent_characteristic s where s.source_id = f.source_id
  and s.respondent = i.respondent and s.characteristic = i.characteristic)
group by i.ref_no, i.respondent, i.characteristic
order by f.source_id, i.respondent, i.characteristic
""",
    """
update population_margin set withdrawn_event = c.event
from (select distinct f.source_id, i.group_name, i.characteristic, f.event
  from incoming_margin i join incoming_ref f using (ref_no) where i.state = 'changed') c
where withdrawn_event is null and population_margin.source_id = c.source_id
  and population_margin.group_name = c.group_name and population_margin.characteristic = c.characteristic
""",
    """
insert into population_margin
  (source_id, group_name, characteristic, category, percent, people, added_event)
select distinct f.source_id, i.group_name, i.characteristic, i.category, i.percent, i.people, f.event
from incoming_margin i join incoming_ref f using (ref_no) where i.state <> 'same'
order by f.source_id, i.group_name, i.characteristic, i.category
""",
    f"""
update respondent_weight set withdrawn_event = o.event
from (select s.id, f.event from incoming_weight w join incoming_ref f using (ref_no)
  join respondent_weight s on s.source_id = f.source_id and s.respondent = w.respondent
    and s.group_name = w.group_name and s.withdrawn_event is null
  where cast(round(s.weight * {MILLION}) as integer) <> w.weight) o
where o.id = respondent_weight.id
""",
    f"""
insert into respondent_weight (source_id, group_name, respondent, weight, added_event)
select f.source_id, w.group_name, w.respondent, w.weight / {MILLION}.0, f.event
from incoming_weight w join incoming_ref f using (ref_no)
where not exists (select 1 from respondent_weight s where s.source_id = f.source_id
  and s.respondent = w.respondent and s.group_name = w.group_name and s.withdrawn_event is null)
order by f.source_id, w.group_name, w.respondent
""",
)

Amounts = dict[str, tuple[float | None, float | None]]
"""The margin of one characteristic: percent or people by category."""


@dataclass
class _Margin:
    """The margin of one characteristic for one group of a survey."""

    amounts: Amounts
    place: str
    """Where it stands; what stored it, or what it was found with, if it does not come in."""
    places: dict[str, str]
    """Where every category of it stands, as far as it comes in."""

    def shares(self) -> dict[str, float]:
        """What every category has, in percent or in people."""
        return {
            name: (people or 0.0) if percent is None else percent
            for name, (percent, people) in self.amounts.items()
        }


class Respondents:
    """The survey respondents of one import."""

    def __init__(self, db: Database, say: Say, found: Found, strands: Mapping[int, Collection[str]]) -> None:
        """`say` is told place, message and hint of every problem; `found` gives the rows that have one.

        `strands` are those of every review.
        """
        self.db, self.say, self.found, self.strands = db, say, found, strands
        self.wrong = 0

    def _problem(self, place: str, message: str, hint: str, *remedies: Remedy) -> None:
        self.wrong += 1
        self.say(place, message, hint, *remedies)

    def decide(self, replace: bool) -> bool:
        """Check what comes in and weight the respondents; False if something is wrong.

        With `replace`, margins that say something else take the place of those that are there.
        """
        if not one(self.db, INCOMING):
            return True
        for index in INDEXES:
            self.db.conn.execute(index)
        check_answers(self.db, self._problem, self.found, replace)
        self._check_rows()
        clashes = self.wrong
        for survey in rows(self.db, SURVEYS):
            for group, margins in self._margins_of(survey, replace).items():
                if not clashes:
                    self._weigh(survey, group, margins)
        return not self.wrong

    def _check_rows(self) -> None:
        for row in self.found(CLASHING_CHARACTERISTICS):
            self._problem(
                row["place"],
                f"respondent {row['respondent']!r} has two categories of {row['characteristic']!r}:"
                f" {row['category']!r} here, {row['before']!r} in {row['other'] or 'what is stored'}.",
                "Give each respondent one category of a characteristic.",
            )
        for row in self.found(UNKNOWN_RESPONDENTS):
            near = other_spelling(self.db, row["ref_no"], row["respondent"])
            self._problem(
                f"{row['place']}, column 'respondent'",
                f"there are no answers of a respondent {row['respondent']!r} to {row['ref']!r}.",
                f"Did you mean {near!r}?"
                if near
                else "Import the survey responses first, or together with this file.",
            )

    # --- margins -------------------------------------------------------------------------------------

    def _margins_of(self, survey: Mapping[str, Any], replace: bool) -> dict[str, dict[str, _Margin]]:
        """The margins of a survey that hold after this import, by group and characteristic."""
        coming: dict[tuple[str, str], _Margin] = {}
        ref_no = {"ref_no": survey["ref_no"]}
        for row in rows(self.db, INCOMING_MARGINS, ref_no):
            key = (row["group_name"], row["characteristic"])
            margin = coming.setdefault(key, _Margin({}, row["place"], {}))
            given = (row["percent"], row["people"])
            if margin.amounts.setdefault(row["category"], given) != given:
                self._problem(
                    row["place"],
                    f"the category {row['category']!r} appears twice, with different numbers"
                    f" (also {margin.places[row['category']]}).",
                    "Give every category of a characteristic once.",
                )
            margin.places.setdefault(row["category"], row["place"])
        stored: dict[tuple[str, str], _Margin] = {}
        for row in rows(self.db, STORED_MARGINS, ref_no):
            key = (row["group_name"], row["characteristic"])
            margin = stored.setdefault(key, _Margin({}, survey["place"], {}))
            margin.amounts[row["category"]] = (row["percent"], row["people"])
        for (group, characteristic), margin in coming.items():
            self._check_margin(characteristic, margin)
            before = stored.get((group, characteristic))
            state = "new" if before is None else "changed" if before.amounts != margin.amounts else "same"
            if state == "changed" and not replace:
                self._problem(
                    margin.place,
                    f"the margin of {characteristic!r} is already there, with different content.",
                    "Give all its categories together.",
                    Replace("weight by them instead"),
                )
            named = {"group_name": group, "characteristic": characteristic, "state": state}
            self.db.conn.execute(DECIDED_MARGINS, {**ref_no, **named})
        found: dict[str, dict[str, _Margin]] = {}
        for (group, characteristic), margin in sorted({**stored, **coming}.items(), key=lambda one: one[0]):
            found.setdefault(group, {})[characteristic] = margin
        if "" in found and len(found) > 1:
            self._problem(
                survey["place"],
                f"the survey {survey['ref']!r} has margins for all respondents and for some groups.",
                "Give margins for all respondents, or for each group, but not both.",
            )
        return found

    def _check_margin(self, characteristic: str, margin: _Margin) -> None:
        percents = [percent for percent, _ in margin.amounts.values() if percent is not None]
        if len(percents) not in (0, len(margin.amounts)):
            self._problem(
                margin.place,
                f"the margin of {characteristic!r} gives shares for some categories and people for others.",
                "Give all of them in percent, or all of them in people.",
            )
        elif percents and abs(sum(percents) - 100) > _rounding(percents):
            self._problem(
                margin.place,
                f"the shares of {characteristic!r} add up to {sum(percents):.10g} %, not to 100 %.",
                "Give every category of the people the survey is about, and the shares of all.",
            )
        elif not percents and not any(people for _, people in margin.amounts.values()):
            self._problem(
                margin.place,
                f"the margin of {characteristic!r} counts no people.",
                "Give how many people there are.",
            )

    # --- weights -------------------------------------------------------------------------------------

    def _weigh(self, survey: Mapping[str, Any], group: str, margins: Mapping[str, _Margin]) -> None:
        """Weight everybody in a group of a survey (or in all of it) who answered."""
        whom = f"{group!r} in {survey['ref']!r}" if group else repr(survey["ref"])
        asked = {f"c{number}": name for number, name in enumerate(margins)}
        categories = "".join(CATEGORY_OF.format(number=number) for number in range(len(margins)))
        columns = "".join(f", k.{name}" for name in asked)
        unit = {"ref_no": survey["ref_no"], "group_name": group}
        sql = PEOPLE.format(categories=categories, columns=columns)
        people = self.db.conn.execute(sql, {**unit, **asked}).fetchall()
        if not people:
            self._say_nobody(survey, group, whom, next(iter(margins.values())).place)
            return
        codes, shares = [], []
        for number, (characteristic, margin) in enumerate(margins.items(), start=1):
            given = [person[number] for person in people]
            self._check_categories(whom, characteristic, margin, given, [person[0] for person in people])
            amounts = sorted(margin.shares().items())
            code = {name: position for position, (name, _) in enumerate(amounts)}
            codes.append([code.get(category, -1) for category in given])
            shares.append(np.array([amount for _, amount in amounts]))
        if self.wrong:
            return
        try:
            weights = rake(np.array(codes, dtype=np.int64).T, shares)
        except NoWeights:
            self._problem(
                next(iter(margins.values())).place,
                f"no weights of the respondents to {whom} meet the margins of"
                f" {listed(map(repr, margins))} at once: some combinations of categories have too few"
                " respondents, or none.",
                "Merge categories, in the margins and of the respondents, or leave out a characteristic.",
            )
            return
        found = zip(people, weights.tolist(), strict=True)
        named = ((survey["ref_no"], group, person[0], weight) for person, weight in found)
        self.db.conn.executemany(STAGE_WEIGHT, named)

    def _say_nobody(self, survey: Mapping[str, Any], group: str, whom: str, place: str) -> None:
        groups = [row["group_name"] for row in rows(self.db, GROUPS, {"ref_no": survey["ref_no"]})]
        if not groups:
            self._problem(
                place,
                f"{survey['ref']!r} has margins, but no respondents.",
                "Import the survey responses first, or together with this file.",
            )
        elif group and group not in groups:
            self._problem(
                place, f"no respondent to {survey['ref']!r} belongs to {group!r}.", suggest(group, groups)
            )
        else:
            self._problem(
                place,
                f"no respondent to {whom} answered anything, so there are no respondents to weight.",
                "Leave the margins out, or import the answers.",
            )

    def _check_categories(
        self, whom: str, characteristic: str, margin: _Margin, given: list[str | None], people: list[str]
    ) -> None:
        """The categories of those who answered beside those of the margin."""
        missing = [person for person, category in zip(people, given, strict=True) if category is None]
        if missing:
            self._problem(
                margin.place,
                f"{len(missing):,} of {len(people):,} respondents to {whom}"
                f" {'has' if len(missing) == 1 else 'have'} no {characteristic!r}"
                f" (the first: {missing[0]!r}).",
                "Import it for all who answered; leave the category empty if a respondent did not say.",
            )
        if len(missing) == len(people):
            return
        counted = dict.fromkeys(sorted({category for category in given if category}), 0)
        for category in given:
            if category:
                counted[category] += 1
        for category in sorted(set(counted) - set(margin.amounts)):
            self._problem(
                margin.place,
                f"{many(counted[category], 'respondent')} to {whom}"
                f" {'has' if counted[category] == 1 else 'have'} {characteristic!r} {category!r},"
                " which has no margin.",
                suggest(category, margin.amounts),
            )
        shares = margin.shares()
        for category, share in shares.items():
            place = margin.places.get(category, margin.place)
            if share and category not in counted:
                self._problem(
                    place,
                    f"no respondent to {whom} has {characteristic!r} {category!r}.",
                    "Merge it with another category, in the margins and of the respondents.",
                )
            if not share and category in counted:
                self._problem(
                    place,
                    f"by the margin, no people have {characteristic!r} {category!r}, but"
                    f" {many(counted[category], 'respondent')} to {whom}"
                    f" {'does' if counted[category] == 1 else 'do'}.",
                    "Give how many they are, or merge it with another category.",
                )

    # --- results -------------------------------------------------------------------------------------

    def results(self) -> Iterator[tuple[int, list[tuple[str, MadeResult]]]]:
        """The results of all answers by review, with the places to name; none where nobody answered."""
        cursor = self.db.conn.execute(RESULTS)
        names = [column[0] for column in cursor.description]
        while chunk := cursor.fetchmany(CHUNK):
            made: dict[int, list[tuple[str, MadeResult]]] = {}
            for values in chunk:
                row = dict(zip(names, values, strict=True))
                if result := self._result(row):
                    made.setdefault(row["review_id"], []).append(result)
            yield from made.items()

    def _result(self, row: dict[str, Any]) -> tuple[str, MadeResult] | None:
        if row["answers"] == 0:
            self._problem(
                row["place"],
                f"no respondent of {row['group_name']!r} answered {row['question']!r}.",
                "Leave the question out for this group.",
            )
            return None
        if row["strand"] not in self.strands[row["review_id"]]:
            self._problem(
                row["place"],
                f"the answers of {row['group_name']!r} to {row['question']!r} name several strands.",
                "Give one strand for the whole group.",
            )
            return None
        base, design_effect = float(row["answers"]), None
        share = 100 * row["positive"] / row["answers"]
        if row["weights"]:
            share = 100 * row["positive_weights"] / row["weights"]
            effective = min(effective_base(row["weights"], row["squares"] * MILLION), base)
            base, design_effect = round(effective, 4), round(base / effective, 4)
        result = MadeResult(
            source=row["ref"],
            locator=f"question {row['question']}, group {row['group_name']}",
            strand=row["strand"],
            group=row["group_name"],
            question=row["question"],
            positive=f"{share:.10f}%",
            base=base,
            answers=row["answers"],
            design_effect=design_effect,
            reversed=bool(row["lower"]),
            domains=tuple(sorted({name for name in row["domains"].split(";") if name})),
        )
        return row["place"], result


def _rounding(percents: list[float]) -> float:
    """By how much shares may miss 100 % together: half of the last decimal of each, one per cent at most."""
    decimals = next(n for n in range(16) if n == 15 or all(round(p, n) == p for p in percents))
    return min(MOST_OFF, len(percents) * 0.5 * 10.0**-decimals + 1e-9)
