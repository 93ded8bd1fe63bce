"""The door to durable_rules: what is refused, what it fires, and what becomes of a child that fails."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_rules import review_of, reviews, rule_about

from rules import engine
from rules.engine import Engine, EngineWorker, check_facts, check_rules, fire_of_record
from rules.errors import EngineFailed, EngineRefused, EnginesDisagree
from rules.evaluate import Evaluator
from rules.rule import Condition, Fact, Firing, Rule

ROOT = Path(__file__).parent.parent
needs_engine = pytest.mark.skipif(
    not engine.available(), reason="durable_rules cannot be imported on this Python"
)

RULES = [rule_about("safe.enough", "safety", "share", Condition("value", "gte", 70))]
UNREADABLE = "gave an answer that could not be read"
FACTS: list[Fact] = [
    {"kind": "measure", "target": "safety", "measure": "share", "value": 71.5},
    {"kind": "measure", "target": "leadership", "measure": "share", "value": 90},
]
FIRED = [Firing("safe.enough", (0,))]


def rule(rule_id: str, *conditions: Condition) -> Rule:
    return Rule(rule_id, (conditions,))


def kind(value: Any) -> Condition:
    return Condition("kind", "eq", value)


# What the engine must not see -----------------------------------------------------------------------------

FORBIDDEN_FACTS: list[tuple[str, Any, str]] = [
    ("a list as a fact", [["kind", "a"]], "fact 0: It does not map keys to values."),
    ("nothing as a value", [{"kind": None}], "fact 0, key 'kind': A value of type NoneType"),
    ("a list as a value", [{"kind": ["a"]}], "A value of type list"),
    ("a dict as a value", [{"kind": {"a": 1}}], "A value of type dict"),
    ("a truth value", [{"value": True}], "A value of type bool"),
    ("bytes", [{"kind": b"a"}], "A value of type bytes"),
    ("not a number", [{"value": math.nan}], "nan has no plain decimal form"),
    ("infinity", [{"value": -math.inf}], "-inf has no plain decimal form"),
    ("a small float with an exponent", [{"value": 9e-05}], "9e-05 has no plain decimal form"),
    ("a large float with an exponent", [{"value": 1e22}], "1e\\+22 has no plain decimal form"),
    ("the first float with an exponent", [{"value": 1e16}], "1e\\+16 has no plain decimal form"),
    ("an integer beyond 2**53", [{"value": 2**53 + 1}], "beyond 2 to the power of 53"),
    ("text beyond 4,000 characters", [{"kind": "a" * 4001}], "longer than 4,000 characters"),
    ("incomplete character", [{"kind": "a\ud800"}], "incomplete character"),
    ("a key with a capital", [{"Kind": "a"}], "key 'Kind': This cannot be a key"),
    ("a key with a dot", [{"a.b": 1}], "This cannot be a key"),
    ("a key with a dollar", [{"$s": 1}], "This cannot be a key"),
    ("an empty key", [{"": 1}], "This cannot be a key"),
    ("a key that ends its line", [{"kind\n": 1}], "This cannot be a key"),
    ("a key that is a number", [{1: 1}], "key 1: This cannot be a key"),
    ("a key of 64 characters", [{"k" * 64: 1}], "This cannot be a key"),
    ("the key that names facts", [{"id": "F0"}], "key 'id': This cannot be a key"),
    ("the key that names states", [{"sid": "s0"}], "key 'sid': This cannot be a key"),
    ("the key of the sentinel", [{engine.SENTINEL: 1}], "'engine_sentinel': This cannot be a key"),
    ("more than 100 keys", [{f"k{n}": n for n in range(101)}], "more than 100 keys"),
    ("text where the rules have a number", [{"value": "high"}], "It is text; elsewhere it is a number"),
    ("a number where the rules have text", [{"kind": 3}], "It is a number; elsewhere it is text"),
    ("two types of a key of no rule", [{"note": "a"}, {"note": 1}], "fact 1, key 'note': It is a number"),
    ("more facts than memory allows", [{"kind": "a"}] * 100_001, "100,001 are more than 100,000"),
]
FORBIDDEN_RULES: list[tuple[str, list[Rule], str]] = [
    ("no pattern", [Rule("r", ())], "rule 'r': It has no pattern"),
    ("a pattern without conditions", [Rule("r", ((kind("a"),), ()))], "one without conditions"),
    (
        "two rules of one id",
        [rule("r", kind("a")), rule("r", kind("b"))],
        "rule 'r': Its id is not text, is empty, or is used twice",
    ),
    ("an id that is a number", [rule(5, kind("a"))], "rule 5: Its id is not text"),  # type: ignore[arg-type]
    ("an empty id", [rule("", kind("a"))], "is empty, or is used twice"),
    (
        "17 conditions",
        [rule("r", *[Condition(f"k{n}", "eq", n) for n in range(17)])],
        "more than 16 conditions",
    ),
    ("17 patterns", [Rule("r", ((kind("a"),),) * 17)], "more than 16 conditions"),
    ("an order of texts", [rule("r", Condition("kind", "gte", "a"))], "gte asks for a number"),
    ("another comparison", [rule("r", Condition("kind", "neq", "a"))], "'neq' is not a comparison"),  # type: ignore[arg-type]
    ("a truth value", [rule("r", kind(True))], "A value of type bool"),
    ("nothing", [rule("r", kind(None))], "A value of type NoneType"),
    ("a list", [rule("r", kind(["a"]))], "A value of type list"),
    ("not a number", [rule("r", Condition("value", "gte", math.nan))], "nan has no plain decimal form"),
    ("an exponent", [rule("r", Condition("value", "gte", 1e-05))], "no plain decimal form"),
    ("an integer beyond 2**53", [rule("r", Condition("value", "gte", -(2**53) - 1))], "power of 53"),
    ("long text", [rule("r", kind("a" * 4001))], "longer than 4,000 characters"),
    (
        "two types of one key",
        [rule("r", kind("a")), rule("q", kind(1))],
        "rule 'q', key 'kind': It is a number",
    ),
    ("a key of the engine", [rule("r", Condition("sid", "eq", "s0"))], "This cannot be a key"),
    ("the key of the sentinel", [rule("r", Condition(engine.SENTINEL, "eq", 1))], "This cannot be a key"),
    ("a key with a dollar", [rule("r", Condition("$and", "eq", 1))], "This cannot be a key"),
    ("4,001 rules", [rule(f"r{n}", kind(f"k{n % 9}")) for n in range(4001)], "4,001 are more than 4,000"),
    (
        "501 beginnings",
        [rule(f"r{n}", kind(f"k{n}")) for n in range(501)],
        "where all rules begin: 501 different",
    ),
    (
        "501 conditions after one",
        [rule(f"r{n}", kind("a"), Condition("target", "eq", f"t{n}")) for n in range(501)],
        "rule 'r0', kind eq 'a': 501 different conditions",
    ),
    (
        "251 same endings",
        [rule(f"r{n}", kind("a")) for n in range(251)],
        "251 patterns end in this condition",
    ),
    (
        "61 thresholds one value meets",
        [rule(f"r{n}", Condition("value", "gte", n)) for n in range(61)],
        "One fact can meet 61 conditions side by side",
    ),
    (
        "thresholds from both sides",
        [
            rule(f"r{n}", Condition("value", "gte" if n % 2 else "lt", 100 - n % 2 * 99 + n))
            for n in range(61)
        ],
        "One fact can meet 61 conditions side by side",
    ),
    (
        "thresholds of two keys that add up",
        [
            rule(f"r{m}.{n}", Condition("base", "gte", m), Condition("value", "gte", n))
            for m in range(31)
            for n in range(31)
        ],
        "One fact can meet 61 conditions side by side",
    ),
]


@pytest.fixture
def threads_before() -> set[threading.Thread]:
    """The threads that other tests have left (a cluster's client keeps one)."""
    return set(threading.enumerate())


def threads_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the engine sees nothing."""
    monkeypatch.setattr(engine, "_host", lambda: pytest.fail("the engine saw it"))


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(
    ("facts", "message"), [case[1:] for case in FORBIDDEN_FACTS], ids=[case[0] for case in FORBIDDEN_FACTS]
)
def test_forbidden_facts_are_refused_before_the_engine_sees_them(facts: Any, message: str) -> None:
    rules = [rule("r", kind("a"), Condition("value", "gte", 1))]
    for refuse in (
        lambda: check_facts(facts, rules),
        lambda: fire_of_record(rules, facts, None),
        lambda: EngineWorker(command=["not a program"]).fire(rules, facts),
    ):
        with pytest.raises(EngineRefused, match=message):
            refuse()
    started = Engine()
    started._rulesets[engine.digest_rules(rules)] = "as if registered"
    with pytest.raises(EngineRefused, match=message):
        started.fire(rules, facts)


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(
    ("rules", "message"), [case[1:] for case in FORBIDDEN_RULES], ids=[case[0] for case in FORBIDDEN_RULES]
)
def test_forbidden_rules_are_refused_before_the_engine_sees_them(rules: list[Rule], message: str) -> None:
    for refuse in (
        lambda: check_rules(rules),
        lambda: fire_of_record(rules, FACTS, None),
        lambda: Engine().fire(rules, FACTS),
        lambda: EngineWorker(command=["not a program"]).fire(rules, FACTS),
    ):
        with pytest.raises(EngineRefused, match=message):
            refuse()


def test_many_problems_are_told_at_once_and_the_rest_is_counted() -> None:
    with pytest.raises(EngineRefused) as refused:
        check_facts([{"value": math.inf}] * 25, [])
    assert str(refused.value).count("has no plain decimal form") == engine.MOST_SHOWN
    assert "... and 5 more" in str(refused.value)


AT_THE_LIMIT: list[tuple[str, list[Rule], list[Fact]]] = [
    (
        "500 beginnings",
        [rule(f"r{n}", kind(f"k{n}")) for n in range(500)],
        [{"kind": "k499"}, {"kind": "k0"}],
    ),
    ("60 thresholds met", [rule(f"r{n}", Condition("value", "gt", n)) for n in range(60)], [{"value": 60}]),
    (
        "60 thresholds of two keys",
        [
            rule(f"{m}.{n}", Condition("a", "gt", m), Condition("b", "lte", n))
            for m in range(30)
            for n in range(30)
        ],
        [{"a": 30, "b": 0}, {"a": 30.5, "b": -1}],
    ),
    ("250 same endings", [rule(f"r{n}", kind("a")) for n in range(250)], [{"kind": "a"}]),
    (
        "16 patterns",
        [Rule("r", tuple((kind(f"k{n}"),) for n in range(16)))],
        [{"kind": f"k{n}"} for n in range(16)],
    ),
    (
        "16 conditions",
        [rule("r", *(Condition(f"k{n}", "eq", n) for n in range(16)))],
        [{f"k{n}": n for n in range(16)}],
    ),
    ("100 keys", [rule("r", Condition("k99", "eq", 99))], [{f"k{n}": n for n in range(100)}]),
    ("4,000 characters", [rule("r", kind("a" * 4000))], [{"kind": "a" * 4000}, {"kind": "a" * 3999}]),
    ("2**53", [rule("r", Condition("v", "gt", 2**53 - 1))], [{"v": 2**53}, {"v": 2**53 - 1}]),
    (
        "the smallest float",
        [rule("r", Condition("v", "gte", 1e-4))],
        [{"v": 1e-4}, {"v": 0.00010001}, {"v": 0.0}],
    ),
    (
        "the largest float",
        [rule("r", Condition("v", "gte", 9999999999999998.0))],
        [{"v": 9999999999999998.0}],
    ),
    (
        "4,000 rules",
        [rule(f"r{n}", kind(f"k{n % 40}"), Condition("target", "eq", f"t{n // 40}")) for n in range(4000)],
        [{"kind": "k7", "target": "t77"}, {"kind": "k7"}],
    ),
]


@pytest.fixture(scope="module")
def worker() -> Iterator[EngineWorker]:
    with EngineWorker() as started:
        yield started


@needs_engine
@pytest.mark.parametrize(
    ("rules", "facts"), [case[1:] for case in AT_THE_LIMIT], ids=[case[0] for case in AT_THE_LIMIT]
)
def test_at_each_limit_the_engine_still_fires_what_the_evaluator_does(
    rules: list[Rule], facts: list[Fact], worker: EngineWorker
) -> None:
    assert fire_of_record(rules, facts, worker) == Evaluator(rules).fire(facts) != []


# The engine in this process -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_process() -> Engine:
    return Engine()


@needs_engine
@settings(max_examples=200, deadline=None)
@given(review=reviews(), random=st.randoms(use_true_random=False))
def test_engine_and_evaluator_agree_on_any_rules_and_facts_in_any_order(
    in_process: Engine, review: tuple[list[Rule], list[Fact]], random: Random
) -> None:
    rules, facts = review
    expected = Evaluator(rules).fire(facts)
    assert in_process.fire(rules, facts) == expected
    order = random.sample(range(len(facts)), len(facts))
    shuffled = in_process.fire(rules, [facts[at] for at in order])
    assert sorted(Firing(f.rule, tuple(order[at] for at in f.facts)) for f in shuffled) == expected


@needs_engine
@pytest.mark.parametrize(
    ("conditions", "facts", "fired"),
    [
        ([Condition("v", "eq", 1)], [{"v": 1}, {"v": 1.0}, {"v": 2}, {"w": 1}], [0, 1]),
        ([Condition("v", "eq", 1.0)], [{"v": 1}, {"v": 1.0}, {"v": 1.0001}], [0, 1]),
        ([Condition("v", "gte", 0.3)], [{"v": 0.1 + 0.2}, {"v": 0.3}, {"v": 0.29999999999999993}], [0, 1]),
        ([Condition("v", "eq", "1")], [{"v": "1"}, {"v": "1.0"}, {"v": "11"}, {"v": ""}], [0]),
        ([Condition("v", "gt", 0)], [{"v": -0.0}, {"v": 0}, {"v": 0.0001}], [2]),
        ([Condition("v", "gte", 1), Condition("v", "lt", 2)], [{"v": 1}, {"v": 2}, {"v": 1.5}, {}], [0, 2]),
    ],
)
def test_numbers_texts_and_missing_keys_mean_the_same_to_both(
    conditions: list[Condition], facts: list[Fact], fired: list[int], in_process: Engine
) -> None:
    rules = [rule("r", *conditions)]
    expected = [Firing("r", (at,)) for at in fired]
    assert in_process.fire(rules, facts) == Evaluator(rules).fire(facts) == expected


@needs_engine
def test_text_and_number_under_one_key_would_mislead_the_engine_and_are_refused(in_process: Engine) -> None:
    rules = [rule("r", Condition("v", "gte", 3))]
    assert Evaluator(rules).fire([{"v": "3"}]) == []
    with pytest.raises(EngineRefused, match="any text exceeds any number"):
        in_process.fire(rules, [{"v": "3"}])


@needs_engine
def test_a_review_of_300_facts_and_133_rules_agrees(in_process: Engine, worker: EngineWorker) -> None:
    rules, facts = review_of(20, 15, 133)
    assert (len(facts), len(rules)) == (300, 133)
    fired = fire_of_record(rules, facts, worker)
    assert in_process.fire(rules, facts) == fired == Evaluator(rules).fire(facts)
    assert 20 < len(fired) < 113


@needs_engine
def test_no_rules_or_no_facts_fire_nothing(in_process: Engine, worker: EngineWorker) -> None:
    for rules, facts in ((RULES, []), ([], FACTS), ([], [])):
        assert in_process.fire(rules, facts) == worker.fire(rules, facts) == []


@needs_engine
def test_reviews_one_after_another_and_at_once_never_see_each_others_facts(in_process: Engine) -> None:
    reviews = [[{**FACTS[0], "value": 60 + n}, *[FACTS[1]] * n] for n in range(20)]
    expected = [Evaluator(RULES).fire(facts) for facts in reviews]
    found: dict[int, list[list[Firing]]] = {}

    def fire_all(number: int) -> None:
        found[number] = [in_process.fire(RULES, facts) for facts in reviews]

    fire_all(0)
    threads = [threading.Thread(target=fire_all, args=(number,)) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), expected)


def hash_of_the_engine(name: str) -> int:
    """FNV-1a with 32 bits, by which the engine tells states and facts apart."""
    found = 0x811C9DC5
    for byte in name.encode():
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def test_the_names_of_states_and_facts_do_not_collide_in_the_engines_hash() -> None:
    states = Engine()._idle_states
    assert len({hash_of_the_engine(state) for state in states}) == engine.MOST_STATES
    facts = [f"F{position}" for position in range(engine.MOST_FACTS)]
    within_a_state = [*facts, "S", *(f"sid-{state}" for state in states)]
    assert len({hash_of_the_engine(name) for name in within_a_state}) == len(within_a_state)


@needs_engine
def test_an_error_in_an_action_is_raised_and_the_state_is_freed() -> None:
    class Faulty(Engine):
        def _action(self, rule: Rule) -> Any:
            return lambda c: 1 / 0

    faulty = Faulty()
    for _ in range(3):
        with pytest.raises(EngineFailed, match="division by zero"):
            faulty.fire(RULES, FACTS)
    assert len(faulty._idle_states) == engine.MOST_STATES


@needs_engine
def test_a_fact_asserted_twice_is_a_fault_and_its_state_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = Engine()
    faulty.fire(RULES, FACTS)
    host = engine._host()
    assert_facts = host.assert_facts
    monkeypatch.setattr(host, "assert_facts", lambda name, batch: assert_facts(name, [batch[0], batch[0]]))
    with pytest.raises(EngineFailed, match="reported MessageObservedException"):
        faulty.fire(RULES, FACTS)
    monkeypatch.undo()
    assert len(faulty._idle_states) == engine.MOST_STATES - 1
    assert faulty.fire(RULES, FACTS) == FIRED


@needs_engine
def test_the_engine_starts_no_thread(in_process: Engine, threads_before: set[threading.Thread]) -> None:
    in_process.fire(RULES, FACTS)
    assert threads_since(threads_before) == []


def test_rules_are_named_by_their_content_and_order() -> None:
    one, other = rule("a", Condition("v", "gte", 1)), rule("a", Condition("v", "gte", 1.0))
    assert engine.digest_rules([one]) == engine.digest_rules([rule("a", Condition("v", "gte", 1))])
    assert len({engine.digest_rules(rules) for rules in ([one], [other], [one, other], [other, one])}) == 4


# The engine in a process of its own -----------------------------------------------------------------------


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


@needs_engine
def test_one_worker_answers_many_requests_and_is_sent_the_rules_once(worker: EngineWorker) -> None:
    for _ in range(3):
        assert worker.fire(RULES, FACTS) == FIRED
    echo = """
        import json, sys
        for line in sys.stdin:
            print(json.dumps({"firings": [[str("rules" in json.loads(line)), [7]]]}), flush=True)
    """
    with EngineWorker(command=python(echo)) as echoing:
        sent = [echoing.fire(rules, FACTS)[0].rule for rules in (RULES, RULES, [], RULES)]
    assert sent == ["True", "False", "True", "False"]


@needs_engine
def test_nothing_is_left_of_a_worker_that_was_closed(threads_before: set[threading.Thread]) -> None:
    with EngineWorker() as closed:
        closed.fire(RULES, FACTS)
        assert closed._process
        child = closed._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert threads_since(threads_before) == []


FAILING: list[tuple[str, str, float, str]] = [
    ("ends at once", "raise SystemExit(3)", 20, "ended with exit code 3"),
    ("raises", "raise RuntimeError('no engine today')", 20, r"last words were:\n(?s:.)*no engine today"),
    ("is killed", "import os; os.kill(os.getpid(), 11)", 20, r"died of signal 11 \(Segmentation fault\)"),
    ("hangs", "import time; time.sleep(60)", 0.5, "gave no answer within 0.5 seconds and was stopped"),
    ("reads and hangs", "input(); import time; time.sleep(60)", 0.5, "gave no answer within 0.5 seconds"),
    ("closes its output", "import os, time; input(); os.close(1); time.sleep(60)", 20, "closed its output"),
    ("prints words", "input(); print('Hello!')", 20, "gave an answer that could not be read: b'Hello!"),
    ("prints a list", "input(); print([])", 20, UNREADABLE),
    ("prints a number of firings", """input(); print('{"firings": 3}')""", 20, UNREADABLE),
    ("prints half a firing", """input(); print('{"firings": [[1]]}')""", 20, UNREADABLE),
    ("prints an unknown error", """input(); print('{"error": "Grief"}')""", 20, UNREADABLE),
    ("prints no end of brackets", "input(); print('[' * 99999)", 20, UNREADABLE),
    ("prints bytes", "import os; input(); os.write(1, bytes([255, 254, 10]))", 20, UNREADABLE),
    ("prints without end", "import os; input()\nwhile True: os.write(1, b'x' * 65536)", 20, UNREADABLE),
    ("prints without reading", "import os\nwhile True: os.write(1, b'x' * 65536)", 0.5, "no answer within"),
]


@pytest.mark.parametrize(
    ("code", "seconds", "message"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING]
)
def test_a_worker_that_fails_becomes_a_clear_error_within_its_limit(
    code: str, seconds: float, message: str, threads_before: set[threading.Thread]
) -> None:
    started = time.monotonic()
    with EngineWorker(seconds, command=python(code)) as failing:
        with pytest.raises(EngineFailed, match=message) as failed:
            failing.fire(RULES, FACTS * 2_000)  # more than a pipe holds
        assert failing._process is None
    assert time.monotonic() - started < seconds + 5
    assert "run without the engine" in failed.value.hint
    assert threads_since(threads_before) == []


def test_a_worker_that_cannot_be_started_says_so() -> None:
    with (
        pytest.raises(EngineFailed, match=r"could not be started: .*not-a-program"),
        EngineWorker(command=["not-a-program"]),
    ):
        pass


AT_FIRST = """
    import pathlib, runpy, sys
    sys.path.insert(0, {root!r})
    first = pathlib.Path({marker!r})
    if not first.exists():
        first.touch()
        {does}
    runpy.run_module("rules.engine", run_name="__main__")
"""


def at_first(does: str, marker: Path) -> list[str]:
    return python(AT_FIRST.format(root=str(ROOT), marker=str(marker), does=does))


@needs_engine
def test_after_a_failure_the_next_request_is_answered_by_a_new_child(tmp_path: Path) -> None:
    with EngineWorker(command=at_first("raise SystemExit('tired')", tmp_path / "marker")) as worker:
        with pytest.raises(EngineFailed, match="tired"):
            worker.fire(RULES, FACTS)
        assert worker.fire(RULES, FACTS) == FIRED


@needs_engine
def test_a_child_that_died_between_requests_is_replaced() -> None:
    with EngineWorker() as worker:
        assert worker.fire(RULES, FACTS) == FIRED
        assert worker._process
        worker._process.kill()
        worker._process.wait()
        assert worker.fire(RULES, FACTS) == FIRED


@needs_engine
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer signal")
def test_an_interrupted_request_leaves_no_answer_behind_for_the_next(
    tmp_path: Path, threads_before: set[threading.Thread]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with EngineWorker(command=at_first("import time; time.sleep(60)", tmp_path / "marker")) as worker:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                worker.fire(RULES, [])
            assert worker.fire(RULES, FACTS) == FIRED
    finally:
        signal.signal(signal.SIGALRM, before)
    assert threads_since(threads_before) == []


@needs_engine
def test_a_crash_of_the_engine_itself_costs_one_answer(tmp_path: Path) -> None:
    crash = (
        "import durable.engine; from rules.engine import _host; "
        "_host().set_rulesets({'r': {'a': {'all': [{'m': {'v': 1}}], 'run': lambda c: None}}}); "
        "_host().assert_facts('r', [{'v': 9e-05, 'sid': 's', 'id': 'F0'}])"
    )
    with EngineWorker(command=at_first(crash, tmp_path / "marker")) as worker:
        with pytest.raises(EngineFailed, match=r"the engine's process (died of signal|ended with)"):
            worker.fire(RULES, FACTS)
        assert worker.fire(RULES, FACTS) == FIRED


@needs_engine
def test_what_the_child_refuses_or_reports_is_raised_as_its_own_kind() -> None:
    for error, kind_of in (("EngineRefused", EngineRefused), ("EngineFailed", EngineFailed)):
        answer = json.dumps({"error": error, "message": "as told", "hint": "do this"})
        answering = python(f"input(); print({answer!r})")
        with EngineWorker(command=answering) as worker, pytest.raises(kind_of, match="as told") as raised:
            worker.fire(RULES, FACTS)
        assert raised.value.hint == "do this"


# The firings of record ------------------------------------------------------------------------------------


class Mistaken(EngineWorker):
    """An engine that fires something else."""

    def fire(self, rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
        return [Firing("safe.enough", (1,)), *[Firing("imagined", (0, 1))] * 2]


def test_a_difference_between_the_engines_stops_the_run_and_names_both_sets() -> None:
    with pytest.raises(EnginesDisagree) as disagreed:
        fire_of_record(RULES, FACTS, Mistaken())
    assert str(disagreed.value).splitlines()[1:3] == [
        "  fired only by the engine: imagined on facts 0, 1; imagined on facts 0, 1; safe.enough on facts 1",
        "  fired only by the evaluator: safe.enough on facts 0",
    ]


def test_without_a_worker_the_evaluator_makes_the_firings_alone() -> None:
    assert fire_of_record(RULES, FACTS, None) == FIRED


@needs_engine
def test_the_record_names_both_engines() -> None:
    assert engine.engine_names() == ("evaluator", "durable_rules 2.0.28")


WITHOUT_DURABLE = """
    import sys
    sys.modules["durable"] = None
    sys.path.insert(0, {root!r})
"""


def test_where_durable_rules_is_absent_the_evaluator_fires_and_the_checks_refuse() -> None:
    code = textwrap.dedent(WITHOUT_DURABLE.format(root=str(ROOT))) + textwrap.dedent("""
        from rules.engine import available, check_facts, check_rules, engine_names, fire_of_record
        from rules.errors import EngineRefused
        from rules.rule import Condition, Firing, Rule

        assert not available()
        assert engine_names() == ("evaluator",)
        rules = [Rule("r", ((Condition("value", "gte", 1),),))]
        assert fire_of_record(rules, [{"value": 2}], None) == [Firing("r", (0,))]
        for refuse in (
            lambda: check_facts([{"value": 9e-05}], rules),
            lambda: check_rules(rules * 2),
            lambda: fire_of_record(rules, [{"value": True}], None),
        ):
            try:
                refuse()
            except EngineRefused:
                continue
            raise AssertionError("not refused")
    """)
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=30)


def test_a_worker_without_durable_rules_says_what_is_missing() -> None:
    code = (
        WITHOUT_DURABLE
        + """
    import runpy
    runpy.run_module("rules.engine", run_name="__main__")
    """
    )
    missing = pytest.raises(EngineFailed, match=r"durable_rules did not accept the rules: .*durable")
    with EngineWorker(command=python(code.format(root=str(ROOT)))) as worker, missing:
        worker.fire(RULES, FACTS)
