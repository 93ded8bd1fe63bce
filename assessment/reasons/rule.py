"""Why a rule fired in a recorded run, or why it did not: condition by condition.

The facts are made again from what the run recorded (its measures and ratings), the rules from its frozen
rulebook. What fires on them must be what the run recorded; otherwise nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assessment.reasons.margins import by_how_much, distance_words, value_words
from assessment.runs.run import Run
from rules.compile import Compiled, Meaning, Stratum, facts_of, rating_fact
from rules.errors import RunImpossible, UnknownName
from rules.evaluate import Evaluator, PatternExplained, Tried
from rules.framework import in_language
from rules.rule import Comparison, Condition, Fact, Rule, Value
from rules.rulebook import Limit

ASKED: dict[Comparison, str] = {
    "eq": "exactly {}",
    "gte": "at least {}",
    "gt": "more than {}",
    "lte": "at most {}",
    "lt": "less than {}",
}
MISSING = Condition("kind", "eq", "missing")
"""What a rule asks that fires where its measure has no value."""
MOST_NAMED = 12

Found = tuple[Stratum, Rule]


def explain_rules(run: Run, name: str) -> list[dict[str, Any]]:
    """Why each rule that `name` stands for fired in a run, or did not; most names stand for one rule.

    `name` is the id of a rule ('carers.mainly-good.strengths', 'cell.poor.badly'), or a target with the id of
    a criterion: 'carers.strengths' stands for its rules in every part. Each explanation holds

        rule, stratum, fired, because   the sentence: what was observed, what was asked, by how much
        kind                            'criterion' or 'cell'
        target, title                   the domain or question; of a cell 'cell' and its title
        part, part_title, criterion     where the criterion stands; None of a cell
        statement, needed, reference    the rulebook's words; None of a cell
        measure                         {id, title, unit, value, value_words, base, low, high}; None of a cell
        patterns                        each {held, fact, conditions}; a condition {key, comparison, asked,
                                        asked_words, observed, observed_words, held, margin, by_how_much};
                                        `fact` is the nearest one, None where there is none of the kind
        same_criterion                  the other rules of the criterion: [{rule, fired}]
        rating                          {level, level_title, status, because} of the target in the run

    Raises UnknownName, and RunImpossible where the recorded measures do not give the recorded firings.
    """
    chosen = find_rules(run.policy.compiled, name)
    facts = facts_of_run(run)
    fired = check_firings(run, facts)
    return [_explain(run, stratum, rule, facts[stratum], fired) for stratum, rule in chosen]


def explain_cell_rules(run: Run) -> list[dict[str, Any]]:
    """The rules of the cells of the grid: see `explain_rules`."""
    facts = facts_of_run(run)
    fired = check_firings(run, facts)
    rules = run.policy.compiled.strata[Stratum.OVERALL]
    return [_explain(run, Stratum.OVERALL, rule, facts[Stratum.OVERALL], fired) for rule in rules]


def find_rules(compiled: Compiled, name: str) -> list[Found]:
    """The rules that a rule's id, or a criterion's with its target, stands for; raises UnknownName."""
    known = {rule.id: (stratum, rule) for stratum, rules in compiled.strata.items() for rule in rules}
    if name in known:
        return [known[name]]
    of_criterion = [
        known[rule_id]
        for (target, part, criterion), ids in compiled.rules_of.items()
        if name in (f"{target}.{criterion}", f"{target}.{part}.{criterion}")
        for rule_id in ids
    ]
    if of_criterion:
        return of_criterion
    unknown = UnknownName("rule", name, known)
    begin_so = [rule_id for rule_id in known if rule_id.startswith(name)] if name else []
    if begin_so:
        more = len(begin_so) - MOST_NAMED
        shown = ", ".join(begin_so[:MOST_NAMED]) + (f" or {more} more" if more > 0 else "")
        unknown.hint = f"Did you mean {shown}?"
    raise unknown


def facts_of_run(run: Run) -> dict[Stratum, list[Fact]]:
    """The facts of every stratum, made again from the measures and ratings that a run recorded."""
    framework, measures = run.policy.framework, run.result["measures"]

    def facts(target: str) -> Iterator[Fact]:
        values = {name: measure["value"] for name, measure in measures.get(target, {}).items()}
        yield from facts_of(target, values)

    levels = [(question.id, run.rating(question.id)["level"]) for question in framework.questions]
    return {
        Stratum.DOMAIN: [fact for domain in framework.domains for fact in facts(domain)],
        Stratum.QUESTION: [fact for question, _ in levels for fact in facts(question)],
        Stratum.OVERALL: [rating_fact(question, level) for question, level in levels if level is not None],
    }


def check_firings(run: Run, facts: dict[Stratum, list[Fact]]) -> set[str]:
    """The rules that fire on the facts of a run; raises RunImpossible unless the run recorded the same."""
    strata = run.policy.compiled.strata
    fired = {
        (str(stratum), firing.rule)
        for stratum, rules in strata.items()
        for firing in Evaluator(rules).fire(facts[stratum])
    }
    recorded = {(stratum, rule) for stratum, rule in run.result["firings"]}
    if fired != recorded:
        different = sorted(rule for _, rule in fired ^ recorded)
        more = f" and {len(different) - 3} more" if len(different) > 3 else ""
        raise RunImpossible(
            f"the measures that run {run.id} recorded do not give the firings it recorded:"
            f" {', '.join(different[:3])}{more}",
            hint=f"See where it differs: joint-review verify {run.id}",
        )
    return {rule for _, rule in fired}


def _explain(
    run: Run, stratum: Stratum, rule: Rule, facts: Sequence[Fact], fired: set[str]
) -> dict[str, Any]:
    [found] = Evaluator([rule]).explain(facts)
    compiled = run.policy.compiled
    meaning = compiled.meaning.get(rule.id)
    patterns = [
        _pattern(run, meaning, asked, one, facts)
        for asked, one in zip(rule.patterns, found.patterns, strict=True)
    ]
    told = {"rule": rule.id, "stratum": str(stratum), "fired": found.fired}
    if meaning is None:
        return {**told, **_cell(run, patterns, found.fired), "patterns": patterns}
    return {**told, **_criterion(run, rule, meaning, patterns, fired), "patterns": patterns}


def _pattern(
    run: Run,
    meaning: Meaning | None,
    asked: Sequence[Condition],
    found: PatternExplained,
    facts: Sequence[Fact],
) -> dict[str, Any]:
    tried = found.tried or [Tried(condition, False, None, None) for condition in asked]
    about = next(condition.value for condition in asked if condition.key == "target")
    return {
        "held": found.held,
        "fact": None if found.fact is None else dict(facts[found.fact]),
        "conditions": [_condition(run, meaning, str(about), one) for one in tried],
    }


def _condition(run: Run, meaning: Meaning | None, target: str, tried: Tried) -> dict[str, Any]:
    condition = tried.condition
    return {
        "key": condition.key,
        "comparison": condition.comparison,
        "asked": condition.value,
        "asked_words": ASKED[condition.comparison].format(_words(run, meaning, target, condition.value)),
        "observed": tried.observed,
        "observed_words": None if tried.observed is None else _words(run, meaning, target, tried.observed),
        "held": tried.held,
        "margin": None if tried.margin is None else round(tried.margin, 4),
        "by_how_much": _by_how_much(run, meaning, target, tried),
    }


def _words(run: Run, meaning: Meaning | None, target: str, value: Value) -> str:
    """A value as people read it: a measure's with its unit, a rating as the title of its level."""
    framework, rulebook = run.policy.framework, run.policy.rulebook
    if isinstance(value, str):
        return value
    if meaning is not None:
        return value_words(run.policy, target, rulebook.measure(meaning.criterion.measure), value)
    return in_language(framework.level(target, int(value)).title)


def _by_how_much(run: Run, meaning: Meaning | None, target: str, tried: Tried) -> str:
    margin, asked = tried.margin, tried.condition
    if margin is None:
        return "as asked" if tried.held else ""
    if meaning is None:
        size = abs(int(margin))
        return "as asked" if tried.held else f"{size} level{'s' if size > 1 else ''} away"
    measure = run.policy.rulebook.measure(meaning.criterion.measure)
    if asked.comparison == "eq" and not tried.held:
        return f"{distance_words(run.policy, target, measure, round(margin, 4))} away"
    told = {"met": tried.held, "value": tried.observed, "margin": round(margin, 4)}
    return by_how_much(run.policy, target, measure, told)


def _rating(run: Run, target: str) -> dict[str, Any]:
    rating = run.rating(target)
    same = ("status", "level_title", "because")
    return {"level": rating["level_id"], **{name: rating[name] for name in same}}


def _criterion(
    run: Run, rule: Rule, meaning: Meaning, patterns: Sequence[dict[str, Any]], fired: set[str]
) -> dict[str, Any]:
    policy, target = run.policy, meaning.target
    measure = policy.rulebook.measure(meaning.criterion.measure)
    recorded = run.result["measures"][target][measure.id]
    outcome = next(
        o
        for o in run.rating(target)["outcomes"]
        if (o["part"], o["criterion"]) == (meaning.part, meaning.criterion.id)
    )
    others = [
        {"rule": rule_id, "fired": rule_id in fired}
        for rule_id in policy.compiled.rules_of[(target, meaning.part, meaning.criterion.id)]
        if rule_id != rule.id
    ]
    said = _said(run, rule, meaning, outcome, patterns[0], rule.id in fired)
    instead = [other["rule"] for other in others if other["fired"]]
    if instead and rule.id not in fired:
        said += f" The criterion is met by {instead[0]}."
    return {
        "kind": "criterion",
        "because": said,
        "target": target,
        "title": policy.framework.title_of(target),
        "part": meaning.part,
        "part_title": _part_title(run, meaning),
        "criterion": meaning.criterion.id,
        "statement": outcome["statement"],
        "needed": outcome["needed"],
        "reference": meaning.criterion.reference,
        "measure": {
            "id": measure.id,
            "title": in_language(measure.title),
            "unit": measure.unit,
            "value_words": value_words(policy, target, measure, recorded["value"]),
            **{name: recorded[name] for name in ("value", "base", "low", "high")},
        },
        "same_criterion": others,
        "rating": _rating(run, target),
    }


def _part_title(run: Run, meaning: Meaning) -> str:
    for level in run.policy.framework.scale_of(meaning.target):
        if level.id == meaning.part:
            return in_language(level.title)
    return {"sufficiency": "Enough evidence", "limits": "Limits"}[meaning.part]


def _said(
    run: Run, rule: Rule, meaning: Meaning, outcome: dict[str, Any], pattern: dict[str, Any], fired: bool
) -> str:
    """The sentence about a criterion's rule."""
    title, statement = run.policy.framework.title_of(meaning.target), outcome["statement"]
    role = f"a criterion of {_part_title(run, meaning)} for {title}"
    if isinstance(meaning.criterion, Limit):
        ceiling = run.policy.framework.level_number(meaning.target, meaning.criterion.no_better_than)
        best = in_language(run.policy.framework.level(meaning.target, ceiling).title)
        role = f"the limit of {title} to no better than {best}"
    elif meaning.part == "sufficiency":
        role = f"a criterion of enough evidence for {title}"
    if MISSING in rule.patterns[0]:
        if fired:
            return f"It fired: {statement}, and the rulebook lets that meet {role}."
        return f"It did not fire: it asks that there be no value, but {statement}."
    test = pattern["conditions"][-1]
    asked = test["asked_words"]
    if pattern["fact"] is None:
        return f"It did not fire: {statement}, and {role} takes {asked}."
    if fired:
        return f"It fired: {statement}, and {role} takes {asked} ({test['by_how_much']})."
    return f"It did not fire: {statement}, but {role} takes {asked} ({test['by_how_much']})."


def _cell(run: Run, patterns: Sequence[dict[str, Any]], fired: bool) -> dict[str, Any]:
    framework = run.policy.framework
    parts, titles = [], []
    for question, pattern in zip(framework.questions, patterns, strict=True):
        asked = pattern["conditions"][-1]
        wanted = in_language(framework.level(question.id, int(asked["asked"])).title)
        titles.append(wanted)
        name = in_language(question.title)
        if pattern["held"]:
            parts.append((True, f"{name} is rated {wanted}"))
        elif pattern["fact"] is None:
            parts.append((False, f"{name} is not rated"))
        else:
            parts.append((False, f"{name} is rated {asked['observed_words']}, not {wanted}"))
    said = "; ".join(text for held, text in parts if held == fired)
    return {
        "kind": "cell",
        "because": f"It {'fired' if fired else 'did not fire'}: {said}.",
        "target": "cell",
        "title": " / ".join(titles),
        **dict.fromkeys(("part", "part_title", "criterion", "statement", "needed", "reference", "measure")),
        "same_criterion": [],
        "rating": {
            "level": run.result["cell"],
            "level_title": " / ".join(
                run.rating(q.id)["level_title"] or "not rated" for q in framework.questions
            ),
            "status": "placed" if run.result["cell"] else "open",
            "because": "",
        },
    }
