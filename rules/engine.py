"""The one door to durable_rules: what it may see, how it is run, and how its firings are checked.

In reading order: `check_rules` and `check_facts` refuse whatever is known to crash, hang or mislead it;
`Engine` runs it in this process; `EngineWorker` runs an `Engine` in a process of its own, where a crash or a
hang costs one answer and not the caller; `fire_of_record` lets the evaluator check every firing. Nothing else
imports `durable`. Where it is absent (Python 3.13 and newer) the checks and the evaluator work all the same.

The limits were measured on durable_rules 2.0.28, each a step before the point of failure.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import hashlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import IO, Any, get_args

from rules.errors import EngineFailed, EngineRefused, EnginesDisagree, Problem
from rules.evaluate import Evaluator
from rules.rule import Condition, Fact, Firing, Operator, Rule

MOST_FACTS = 100_000  # 9 KB of memory each; the ids F0 to F1313999 do not collide in the engine's hash
MOST_KEYS = 100
LONGEST_STRING = 4_000
LARGEST_INTEGER = 2**53
MOST_RULES = 4_000
MOST_CONDITIONS = 16  # of a rule; a 17th pattern is an error inside the engine
MOST_NEXT = 500  # different conditions after the same beginning; at 512 the engine never returns
MOST_OPEN = 60  # conditions that one fact can hold open side by side; at 65 the fact is lost
MOST_ENDS = 250  # patterns that end in the same condition; at 256 it crashes
MOST_STATES = 1_024
MOST_SHOWN = 20
LONGEST_ANSWER = 2**26

KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
SENTINEL = "engine_sentinel"
RESERVED = ("id", "sid", SENTINEL)
STAGES = {"kind": 0, "domain": 1, "target": 1, "measure": 2}
TEXT, NUMBER = "text", "a number"
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
OPERATORS = get_args(Operator)


def available() -> bool:
    """Whether durable_rules can be imported on this Python."""
    try:
        import durable.engine  # noqa: F401
    except ImportError:
        return False
    return True


def engine_names() -> tuple[str, ...]:
    """What makes the firings here, for a run's record: ("evaluator", "durable_rules 2.0.28")."""
    if not available():
        return ("evaluator",)
    import importlib.metadata  # takes longer than the rest of a worker's start

    return ("evaluator", f"durable_rules {importlib.metadata.version('durable_rules')}")


# What the engine must not see -----------------------------------------------------------------------------


def check_rules(rules: Sequence[Rule]) -> None:
    """Raise EngineRefused, naming every problem, where the engine could not be trusted with these rules."""
    _refuse("rules", _problems_of_rules(rules))
    _refuse("rules", _problems_of_network(rules))


def check_facts(facts: Sequence[Fact], rules: Sequence[Rule]) -> None:
    """Raise EngineRefused, naming every problem, where the engine could not be trusted with these facts."""
    types = {c.key: _type_of(c.value) for rule in rules for pattern in rule.patterns for c in pattern}
    _refuse("facts", _problems_of_facts(facts, types))


def _refuse(what: str, problems: Iterator[Problem]) -> None:
    lines = [str(problem) for problem in problems]
    if lines:
        more = [f"... and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
        message = "\n  ".join(
            [f"the inference engine cannot work with these {what}", *lines[:MOST_SHOWN], *more]
        )
        raise EngineRefused(message)


def _problems_of_facts(facts: Sequence[Fact], types: dict[str, str]) -> Iterator[Problem]:
    if len(facts) > MOST_FACTS:
        yield Problem("facts", f"{len(facts):,} are more than {MOST_FACTS:,}.", "Aggregate them first.")
        return
    for position, fact in enumerate(facts):
        if not isinstance(fact, Mapping):
            yield Problem(f"fact {position}", "It does not map keys to values.", "Give a dict.")
            continue
        if len(fact) > MOST_KEYS:
            yield Problem(
                f"fact {position}", f"It has more than {MOST_KEYS} keys.", "Give only what rules test."
            )
        for key, value in fact.items():
            if not _sound(value, types.get(key)):
                yield from _problems_of_value(f"fact {position}, key {key!r}", key, value, types)


def _problems_of_rules(rules: Sequence[Rule]) -> Iterator[Problem]:
    if len(rules) > MOST_RULES:
        yield Problem("rules", f"{len(rules):,} are more than {MOST_RULES:,}.", "Divide the rulebook.")
    types: dict[str, str] = {}
    for rule_id, times in Counter(rule.id for rule in rules).items():
        if times > 1 or not rule_id or not isinstance(rule_id, str):
            yield Problem(f"rule {rule_id!r}", "Its id is not text, is empty, or is used twice.", "Name it.")
    for rule in rules:
        where = f"rule {rule.id!r}"
        if not rule.patterns or not all(rule.patterns):
            yield Problem(
                where, "It has no pattern, or one without conditions.", "Add a pattern with a condition."
            )
        if sum(map(len, rule.patterns)) > MOST_CONDITIONS:
            yield Problem(where, f"It has more than {MOST_CONDITIONS} conditions.", "Divide it.")
        for c in itertools.chain(*rule.patterns):
            key, comparison, value = c.key, c.comparison, c.value
            if comparison not in OPERATORS:
                hint = f"Use one of {', '.join(OPERATORS)}."
                yield Problem(f"{where}, key {key!r}", f"{comparison!r} is not a comparison.", hint)
            elif comparison != "eq" and isinstance(value, str):
                yield Problem(f"{where}, key {key!r}", f"{comparison} asks for a number.", "Use eq for text.")
            if not _sound(value, types.get(key)):
                yield from _problems_of_value(f"{where}, key {key!r}", key, value, types)


def _type_of(value: object) -> str:
    return TEXT if isinstance(value, str) else NUMBER


def _sound(value: object, type_of_key: str | None) -> bool:
    """Whether a value is sound beyond doubt: plain, and of the type its key has elsewhere."""
    if type(value) is str:
        return type_of_key is TEXT and len(value) <= LONGEST_STRING and value.isascii()
    if type(value) is float:
        return type_of_key is NUMBER and (1e-4 <= abs(value) < 1e16 or value == 0)
    return type(value) is int and type_of_key is NUMBER and abs(value) <= LARGEST_INTEGER


def _problems_of_value(where: str, key: object, value: object, types: dict[str, str]) -> Iterator[Problem]:
    """What is wrong with a key or its value; the type of a new key is entered into `types`."""
    if not isinstance(key, str) or not KEY.fullmatch(key) or key in RESERVED:
        hint = f"Use up to 63 of a to z, 0 to 9 and _, a letter first, and none of {', '.join(RESERVED)}."
        yield Problem(where, "This cannot be a key.", hint)
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        hint = "Give text or a number (for a truth value 1 or 0; for nothing, leave it out)."
        yield Problem(where, f"A value of type {type(value).__name__} is not possible.", hint)
    elif isinstance(value, str) and len(value) > LONGEST_STRING:
        yield Problem(where, f"The text is longer than {LONGEST_STRING:,} characters.", "Give an id of it.")
    elif isinstance(value, str) and HALF_CHARACTER.search(value):
        yield Problem(
            where, "The text contains an incomplete character.", "Read it again with its own encoding."
        )
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        yield Problem(where, "The integer is beyond 2 to the power of 53.", "Give another unit, or text.")
    elif isinstance(value, float) and not (1e-4 <= abs(value) < 1e16 or value == 0):
        hint = "Round it or give another unit; if there is no value, leave the fact out."
        yield Problem(where, f"{value!r} has no plain decimal form.", hint)
    elif types.setdefault(key, _type_of(value)) != _type_of(value):
        hint = "Use one type for a key everywhere: to the engine, any text exceeds any number."
        yield Problem(where, f"It is {_type_of(value)}; elsewhere it is {types[key]}.", hint)


@dataclass(slots=True)
class _Node:
    """A condition of the engine's network, which rules with the same beginning share."""

    rule: str
    condition: Condition | None
    next: dict[tuple[object, ...], _Node] = field(default_factory=dict)
    ends: int = 0

    def __str__(self) -> str:
        c = self.condition
        return f"rule {self.rule!r}, {c.key} {c.comparison} {c.value!r}" if c else "where all rules begin"


def _problems_of_network(rules: Sequence[Rule]) -> Iterator[Problem]:
    root = _Node("", None)
    nodes = [root]
    for rule in rules:
        for pattern in rule.patterns:
            node = root
            for c in _in_order(pattern):
                name = (c.key, c.comparison, isinstance(c.value, float), c.value)  # it keeps 1 and 1.0 apart
                if name not in node.next:
                    node.next[name] = _Node(rule.id, c)
                    nodes.append(node.next[name])
                node = node.next[name]
            node.ends += 1
    too_wide = [node for node in nodes if len(node.next) > MOST_NEXT]
    for node in too_wide:
        message = f"{len(node.next)} different conditions come next, more than {MOST_NEXT}."
        yield Problem(str(node), message, "Divide the rulebook, or use fewer thresholds.")
    for node in nodes:
        if node.ends > MOST_ENDS:
            message = f"{node.ends} patterns end in this condition, more than {MOST_ENDS}."
            yield Problem(str(node), message, "Merge rules that test the same.")
    if not too_wide and (most := _most_open(root)) > MOST_OPEN:
        message = f"One fact can meet {most} conditions side by side, more than {MOST_OPEN}."
        yield Problem("rules", message, "Test fewer thresholds of one measure, or divide the rulebook.")


def _in_order(pattern: Sequence[Condition]) -> list[Condition]:
    """Kind, target, measure, comparison: rules then share beginnings, which is quick and far from limits."""
    return sorted(pattern, key=lambda c: (STAGES.get(c.key, 3 if isinstance(c.value, str) else 4), c.key))


def _most_open(node: _Node) -> int:
    """How many of the conditions below a node one fact can hold open: the engine's stack has 64 places."""
    if not node.next:
        return 0
    values: dict[str, list[Condition]] = {}
    for child in node.next.values():
        if child.condition:
            values.setdefault(child.condition.key, []).append(child.condition)
    met = sum(_most_met(conditions) for conditions in values.values())
    return max(met, met - 1 + max(map(_most_open, node.next.values())))


def _most_met(conditions: list[Condition]) -> int:
    """How many of these conditions on one key a single value can meet (of text: one)."""
    if len(conditions) == 1 or isinstance(conditions[0].value, str):
        return 1
    ordered = [c for c in conditions if c.comparison != "eq"]
    equal = min(2, len(conditions) - len(ordered))  # to the engine, equal to 1 and to 1.0 are two
    values = sorted({c.value for c in ordered if not isinstance(c.value, str)})
    between = [(low + high) / 2 for low, high in itertools.pairwise(values)]
    points = [values[0] - 1, *values, *between, values[-1] + 1] if values else []
    return equal + max((sum(c.holds({c.key: point}) for c in ordered) for point in points), default=0)


# The engine in this process -------------------------------------------------------------------------------

_ruleset_numbers = itertools.count()


@functools.cache
def _host() -> Any:
    """The process's only Host, without the two timer threads that a Host starts and never stops."""
    import durable.engine

    class QuietHost(durable.engine.Host):  # type: ignore[misc]
        def _run(self) -> None:
            pass

    # The library measures the length of an action by the local wall clock: a change to summer time would drop
    # the actions left, and Python 3.12 warns of the function it calls.
    durable.engine._unix_now = time.monotonic
    return QuietHost()


@dataclass
class _Run:
    fired: list[Firing] = field(default_factory=list)
    finished: bool = False


class Engine:
    """durable_rules in this process. What `check_rules` and `check_facts` let through, it runs."""

    def __init__(self) -> None:
        self._rulesets: dict[str, str] = {}
        self._idle_states = [f"s{number}" for number in reversed(range(MOST_STATES))]
        self._runs: dict[str, _Run] = {}

    def fire(self, rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
        """All firings, sorted.

        Raises EngineRefused for what it must not see, EngineFailed where the library reports a fault.
        """
        name = self._register(rules)
        check_facts(facts, rules)
        return self._assert(name, facts) if rules and facts else []

    def _register(self, rules: Sequence[Rule]) -> str:
        """The library's name of these rules, registered once: what is registered stays in memory for good."""
        digest = digest_rules(rules)
        if digest not in self._rulesets:
            check_rules(rules)
            name = f"rules{next(_ruleset_numbers)}"
            definition = {
                f"r{number}": {
                    "all": [{f"p{at}": _as_written(pattern)} for at, pattern in enumerate(rule.patterns)],
                    "dist": 0,  # the same fact may serve two patterns
                    "run": self._action(rule),
                }
                for number, rule in enumerate(rules)
            }
            definition["sentinel"] = {"all": [{"s": {SENTINEL: 1}}], "pri": 60_000, "run": self._finish}
            try:
                if rules:
                    _host().set_rulesets({name: definition})
            except Exception as error:
                raise _failure(f"durable_rules did not accept the rules: {error}") from error
            self._rulesets[digest] = name
        return self._rulesets[digest]

    def _action(self, rule: Rule) -> Callable[[Any], None]:
        aliases = [f"p{at}" for at in range(len(rule.patterns))]

        def act(c: Any) -> None:
            positions = tuple(int(c._m[alias]["id"][1:]) for alias in aliases)
            self._runs[c.s.sid].fired.append(Firing(rule.id, positions))

        return act

    def _finish(self, c: Any) -> None:
        self._runs[c.s.sid].finished = True

    def _assert(self, name: str, facts: Sequence[Fact]) -> list[Firing]:
        from durable.engine import MessageNotHandledException

        if not self._idle_states:
            raise _failure(f"more than {MOST_STATES:,} runs at once, or abandoned, in one process")
        state = self._idle_states.pop()
        run = self._runs[state] = _Run()
        batch = [{**fact, "id": f"F{position}", "sid": state} for position, fact in enumerate(facts)]
        try:
            with contextlib.suppress(MessageNotHandledException):  # a fact that matches no rule is no fault
                _raise_swallowed(_host().assert_facts(name, batch))
            _raise_swallowed(_host().assert_fact(name, {SENTINEL: 1, "id": "S", "sid": state}))
            if not run.finished:
                raise RuntimeError("the last action did not run")
        except Exception as error:
            raise _failure(f"durable_rules reported {type(error).__name__}: {error}"[:2_000]) from error
        finally:
            del self._runs[state]
            if run.finished:  # else abandon the state: deleting one in which no action ran is a crash
                _host().delete_state(name, state)
                self._idle_states.append(state)
        return sorted(run.fired, key=attrgetter("rule", "facts"))


def digest_rules(rules: Sequence[Rule]) -> str:
    """A name for exactly these rules in this order."""
    return hashlib.sha256(json.dumps(_plain(rules), default=repr).encode()).hexdigest()


def _plain(rules: Sequence[Rule]) -> list[Any]:
    return [
        [r.id, [[[c.key, c.comparison, c.value] for c in pattern] for pattern in r.patterns]] for r in rules
    ]


def _as_written(pattern: Sequence[Condition]) -> dict[str, Any]:
    conditions = [
        {c.key: c.value} if c.comparison == "eq" else {f"${c.comparison}": {c.key: c.value}}
        for c in _in_order(pattern)
    ]
    return {"$and": conditions}


def _raise_swallowed(state: Any) -> None:
    """Raise what the library caught in an action and only left a note of."""
    if state and state.get("exception"):
        raise RuntimeError(state["exception"])


def _failure(message: str) -> EngineFailed:
    hint = "Run it again; if it happens again, run without the engine and report this message."
    return EngineFailed(message, hint=hint)


# The engine in a process of its own -----------------------------------------------------------------------


class EngineWorker:
    """An `Engine` in a child process: with EngineWorker() as worker: worker.fire(rules, facts).

    A child that dies, hangs or answers nonsense is stopped and becomes EngineFailed; the next call starts a
    new one. `seconds` limits each answer, the start of the child included. `command` is what is started.
    """

    def __init__(self, seconds: float = 60.0, command: Sequence[str] | None = None) -> None:
        self._seconds = seconds
        self._command = list(command or [sys.executable, "-m", "rules.engine"])
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> EngineWorker:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the child; nothing of it is left."""
        process, self._process = self._process, None
        if process and process.stdin and process.stdout:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what is still to be written to a dead child
                    pipe.close()
            process.wait()
        if self._errors:
            self._errors.close()
        self._known.clear()

    def fire(self, rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
        """All firings, sorted; raises as `Engine.fire` does, and EngineFailed where the child gives none."""
        digest = digest_rules(rules)
        with self._lock:
            if digest not in self._known:
                check_rules(rules)
            check_facts(facts, rules)
            if self._process is None or self._process.poll() is not None:
                self._start()
            request = {"digest": digest, "facts": [dict(fact) for fact in facts], "seconds": self._seconds}
            if digest not in self._known:
                request["rules"] = _plain(rules)
            firings = self._ask(request)
            self._known.add(digest)
        return firings

    def _start(self) -> None:
        self.close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=Path(__file__).resolve().parent.parent,
            )
        except OSError as error:
            self.close()
            raise _failure(f"the engine's process could not be started: {error}") from error

    def _ask(self, request: dict[str, Any]) -> list[Firing]:
        process = self._process
        if not (process and process.stdin and process.stdout):
            raise _failure("the engine's process is not running")
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        line = b""
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline(LONGEST_ANSWER)
        except OSError:
            pass  # the child no longer listens: no answer
        except BaseException:
            self.close()  # or its answer would be taken for that to the next request
            raise
        finally:
            timer.cancel()
            timer.join()
        try:
            if late.is_set():
                raise ValueError(f"gave no answer within {self._seconds:g} seconds and was stopped")
            if not line:
                raise ValueError(_how_it_ended(process))
            return _read_answer(line)
        except ValueError as error:
            failure = _failure(f"the engine's process {error}{self._last_words()}")
            self.close()
            raise failure from None

    def _last_words(self) -> str:
        """What the child wrote to its standard error, if anything: the last 2,000 bytes."""
        if not self._errors:
            return ""
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2_000))
        words = self._errors.read().decode(errors="replace").strip()
        return f"; its last words were:\n{words}" if words else ""


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return "closed its output"
    if code >= 0:
        return f"ended with exit code {code}"
    return f"died of signal {-code} ({signal.strsignal(-code)})"


def _read_answer(line: bytes) -> list[Firing]:
    """The firings in an answer; raises the error it tells of, ValueError where it makes no sense."""
    try:
        answer = json.loads(line)
        if "firings" in answer:
            return [Firing(str(rule), tuple(map(int, positions))) for rule, positions in answer["firings"]]
        kind = {"EngineRefused": EngineRefused, "EngineFailed": EngineFailed}[answer["error"]]
        message, hint = answer["message"], answer["hint"]
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        raise ValueError(f"gave an answer that could not be read: {line[:80]!r}") from None
    raise kind(message, hint=hint)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests line by line, in JSON, until they end: the child's side of `EngineWorker`."""
    engine = Engine()
    known: dict[str, list[Rule]] = {}
    for line in requests:
        request = json.loads(line)
        # A hang ends even if the parent is no longer there to end it.
        faulthandler.dump_traceback_later(request["seconds"] + 5, exit=True)
        if "rules" in request:
            known[request["digest"]] = [
                Rule(rule_id, tuple(tuple(Condition(*c) for c in pattern) for pattern in patterns))
                for rule_id, patterns in request["rules"]
            ]
        answer: dict[str, Any]
        try:
            firings = engine.fire(known[request["digest"]], request["facts"])
            answer = {"firings": [[firing.rule, firing.facts] for firing in firings]}
        except (EngineRefused, EngineFailed) as error:
            answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        faulthandler.cancel_dump_traceback_later()


# The firings of record ------------------------------------------------------------------------------------


def fire_of_record(rules: Sequence[Rule], facts: Sequence[Fact], worker: EngineWorker | None) -> list[Firing]:
    """The evaluator's firings, sorted, and with a worker: only if the engine's are the same.

    Raises EngineRefused for what the engine must not see (also without a worker, so that a run can be checked
    elsewhere), EngineFailed, and EnginesDisagree with the firings that only one of the two made.
    """
    check_rules(rules)
    check_facts(facts, rules)
    expected = Evaluator(rules).fire(facts)
    if worker is None:
        return expected
    found = worker.fire(rules, facts)
    if found != expected:
        raise EnginesDisagree(
            "the engine and the evaluator fired different rules; nothing was recorded"
            f"\n  fired only by the engine: {_name(Counter(found) - Counter(expected))}"
            f"\n  fired only by the evaluator: {_name(Counter(expected) - Counter(found))}",
            hint="One of them is wrong. Report this message together with the rulebook and the facts.",
        )
    return found


def _name(firings: Counter[Firing]) -> str:
    named = [f"{f.rule} on facts {', '.join(map(str, f.facts))}" for f in sorted(firings.elements())]
    more = f"; and {len(named) - MOST_SHOWN} more" if len(named) > MOST_SHOWN else ""
    return "; ".join(named[:MOST_SHOWN]) + more or "none"


if __name__ == "__main__":
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops this process
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed must not get between the answers
    serve(sys.stdin.buffer, _answers)
