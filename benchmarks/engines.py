"""The same rules in the project's engines and in clipspy and zen-engine, each in its own terms.

`contenders` makes one ready form of every engine; `.run()` is what is timed (facts in, conclusions out) and
`.read(answer)` says, outside the clock, which rule fired on which facts, so that all can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import clips
import zen

from rules.compile import Stratum, facts_of
from rules.engine import Engine, EngineWorker, fire_of_record
from rules.evaluate import Evaluator
from rules.loader import load_policy
from rules.rule import Condition, Fact, Firing, Rule

Facts = Sequence[Fact]
Rules = Sequence[Rule]


@dataclass(frozen=True)
class Contender:
    """One engine, ready to be asked."""

    run: Callable[[], Any]
    read: Callable[[Any], list[Firing]]


# --- what they are asked -----------------------------------------------------------------------------


def made_up_rules(facts: int = 300, rules: int = 133, seed: int = 1) -> tuple[Rules, Facts]:
    """Rules and facts as compiled ones look: thresholds, missing measures, cells of a grid."""
    random = Random(seed)
    pairs = [(f"domain-{d}", f"measure_{m}") for d in range(1, 31) for m in range(1, 11)][: facts - 2]
    made_facts: list[Fact] = [
        {"kind": "rating", "target": question, "value": random.randint(1, 4)}
        for question in ("services", "organisation")
    ]
    for target, measure in pairs:
        value = None if random.random() < 0.1 else random.choice((random.randint(0, 100), 0.5))
        made_facts += facts_of(target, {measure: value})
    made_rules = [
        Rule(f"cell.{across}.{up}", (_rated("services", across), _rated("organisation", up)))
        for across in range(1, 5)
        for up in range(1, 5)
    ]
    for number in range(rules - len(made_rules)):
        target, measure = random.choice(pairs)
        about = (Condition("target", "eq", target), Condition("measure", "eq", measure))
        if number % 6 == 0:
            pattern: tuple[Condition, ...] = (Condition("kind", "eq", "missing"), *about)
        else:
            test = Condition("value", random.choice(("gte", "gt", "lte", "lt")), random.randrange(5, 96, 5))
            pattern = (Condition("kind", "eq", "measure"), *about, test)
        made_rules.append(Rule(f"{target}.part.criterion-{number}", (pattern,)))
    return made_rules, made_facts


def _rated(question: str, level: int) -> tuple[Condition, ...]:
    return (
        Condition("kind", "eq", "rating"),
        Condition("target", "eq", question),
        Condition("value", "eq", level),
    )


def welsh_rules(seed: int = 1) -> tuple[Rules, Facts]:
    """The domain rules of the second Welsh round as compiled, with made-up values of all their measures."""
    random = Random(seed)
    policy = load_policy("wales-round-2")
    facts: list[Fact] = []
    names = [measure.id for measure in policy.rulebook.evidence_measures]
    for domain in policy.framework.domains:
        values: dict[str, int | float | None] = {
            name: None if random.random() < 0.1 else random.randint(0, 100) for name in names
        }
        facts += facts_of(domain, values)
    return policy.compiled.strata[Stratum.DOMAIN], facts


# --- who is asked ------------------------------------------------------------------------------------


def contenders(rules: Rules, facts: Facts, worker: EngineWorker) -> dict[str, Contender]:
    """All engines ready for these rules and facts; `worker` runs already and has seen the rules once."""
    engine, evaluator = Engine(), Evaluator(rules)
    fire_of_record(rules, facts, worker)
    return {
        "evaluator": Contender(lambda: evaluator.fire(facts), list),
        "explanations": Contender(
            lambda: evaluator.explain(facts), lambda answer: _read_explanations(rules, facts, answer)
        ),
        "fire and explain": Contender(
            lambda: (evaluator.fire(facts), evaluator.explain(facts)), lambda answer: answer[0]
        ),
        # An Engine answers as an EngineWorker does, in this process.
        "record, in process": Contender(lambda: fire_of_record(rules, facts, engine), list),  # type: ignore[arg-type]
        "record, in a worker": Contender(lambda: fire_of_record(rules, facts, worker), list),
        "clipspy": _clips(rules, facts),
        "zen-engine, table": _zen(rules, facts, _zen_table(rules), _hits),
        "zen-engine, expressions": _zen(rules, facts, _zen_expressions(rules), _truths),
        "zen-engine, expressions, traced": _zen(rules, facts, _zen_expressions(rules), _truths, trace=True),
    }


def _read_explanations(rules: Rules, facts: Facts, answer: Any) -> list[Firing]:
    """Each pattern here asks for one fact, so that the nearest fact of a rule that fired is the only one."""
    fired = [Firing(e.rule, tuple(p.fact for p in e.patterns)) for e in answer if e.fired]
    return sorted(fired)


SIGNS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}

# CLIPS: one template for facts, one defrule per rule; what fires is handed to a Python function, which is
# quicker than asserting it and reading the facts back, as template.assert_fact is than parsing text.


def _clips(rules: Rules, facts: Facts) -> Contender:
    environment = clips.Environment()
    environment.build(
        "(deftemplate fact (slot kind) (slot target) (slot measure) (slot value (default 0)) (slot at))"
    )
    fired: list[tuple[int, ...]] = []

    def say(*numbers: int) -> None:
        fired.append(numbers)

    environment.define_function(say, name="say")
    for number, rule in enumerate(rules):
        patterns = " ".join(_clips_pattern(at, pattern) for at, pattern in enumerate(rule.patterns))
        places = " ".join(f"?at{at}" for at in range(len(rule.patterns)))
        environment.build(f"(defrule rule{number} {patterns} => (say {number} {places}))")
    template = environment.find_template("fact")

    def run() -> list[tuple[int, ...]]:
        environment.reset()
        fired.clear()
        for at, fact in enumerate(facts):
            slots = {k: clips.Symbol(v) if isinstance(v, str) else v for k, v in fact.items()}
            template.assert_fact(at=at, **slots)
        environment.run()
        return list(fired)

    return Contender(run, lambda answer: sorted(Firing(rules[n].id, tuple(at)) for n, *at in answer))


def _clips_pattern(at: int, pattern: Sequence[Condition]) -> str:
    slots = []
    for c in pattern:
        if isinstance(c.value, str):
            slots.append(f"({c.key} {c.value})")
        else:
            slots.append(f"({c.key} ?v{at}&:({SIGNS.get(c.comparison, '=')} ?v{at} {c.value}))")
    return f"(fact {' '.join(slots)} (at ?at{at}))"


# zen-engine: the facts as one document, {target: {measure: value}}; the rules as a decision table that
# collects its hits (a column per measure of a target), and as a node of expressions (which is quicker).


def _zen(
    rules: Rules,
    facts: Facts,
    node: dict[str, Any],
    conclude: Callable[[Rules, Any], list[Rule]],
    trace: bool = False,
) -> Contender:
    graph = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "request", "type": "inputNode"},
            {"id": "rules", "name": "rules", **node},
            {"id": "out", "name": "response", "type": "outputNode"},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "2", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(graph))
    document: dict[str, dict[str, Any]] = {}
    positions: dict[str, int] = {}
    for position, fact in enumerate(facts):
        target, name = _zen_place(fact)
        document.setdefault(target, {})[name] = fact.get("value")
        positions[f"{target}.{name}"] = position
    options = {"trace": True} if trace else {}

    def read(answer: Any) -> list[Firing]:
        return sorted(
            Firing(rule.id, tuple(positions[_zen_field(pattern)] for pattern in rule.patterns))
            for rule in conclude(rules, answer["result"])
        )

    return Contender(lambda: decision.evaluate(document, options), read)


def _zen_place(about: Fact) -> tuple[str, str]:
    return str(about["target"]).replace("-", "_"), str(about.get("measure", "rating"))


def _zen_field(pattern: Sequence[Condition]) -> str:
    return ".".join(_zen_place({c.key: c.value for c in pattern}))


def _zen_test(pattern: Sequence[Condition]) -> str:
    for c in pattern:
        if c.key == "value":
            return f"{SIGNS.get(c.comparison, '==')} {c.value}"
    return "== null"


def _zen_table(rules: Rules) -> dict[str, Any]:
    fields = sorted({_zen_field(pattern) for rule in rules for pattern in rule.patterns})
    columns = {field: f"column{number}" for number, field in enumerate(fields)}
    rows = []
    for number, rule in enumerate(rules):
        cells = {columns[_zen_field(pattern)]: _zen_test(pattern) for pattern in rule.patterns}
        rows.append({"_id": f"row{number}", **cells, "hit": str(number)})
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": columns[field], "name": field, "field": field} for field in fields],
        "outputs": [{"id": "hit", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    return {"type": "decisionTableNode", "content": content}


def _hits(rules: Rules, result: Any) -> list[Rule]:
    return [rules[int(hit["rule"])] for hit in result]


def _zen_expressions(rules: Rules) -> dict[str, Any]:
    def said(pattern: Sequence[Condition]) -> str:
        field, test = _zen_field(pattern), _zen_test(pattern)
        return f"{field} {test}" if test == "== null" else f"{field} != null and {field} {test}"

    expressions = [
        {"id": f"id{number}", "key": f"rule{number}", "value": " and ".join(map(said, rule.patterns))}
        for number, rule in enumerate(rules)
    ]
    return {"type": "expressionNode", "content": {"expressions": expressions}}


def _truths(rules: Rules, result: Any) -> list[Rule]:
    return [rules[int(key.removeprefix("rule"))] for key, holds in result.items() if holds]
