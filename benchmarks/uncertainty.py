"""How sure a run is, at speed: draws through arrays beside the same draws through the evaluator, one by one.

`measure_draws()` measures both on one made-up review with at least 300 measures and 133 rules, in this
process; `python benchmarks/uncertainty.py` prints what it found.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from assessment.robustness.uncertainty import Prepared, draw_run, prepare
from assessment.runs.run import Run, assess
from evidence.intake.importing import import_files
from joint_review.opening import init_programme
from programme.database import Database
from programme.reviews import Review, create_review
from rules.evaluate import Evaluator
from rules.inference import infer
from rules.loader import PolicySet, load_policy
from rules.ratings import MeasureValue
from rules.rulebook import Measure, Rulebook

FRAMEWORK = "wales-round-2"
AT = datetime(2009, 6, 1, tzinfo=UTC)
MEASURES = 300
STRANDS = ("all", "adults", "carers", "children-and-families", "older-people", "learning-disabilities")


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    measures: int
    """Measures that are drawn or held, over all domains."""
    rules: int
    draws: int
    seconds: float
    """Of all draws by arrays, from the open database to the probabilities."""
    sampled: int
    """Draws rated one by one by the evaluator."""
    sampled_seconds: float

    @property
    def draws_a_second(self) -> float:
        return self.draws / self.seconds

    @property
    def one_by_one_a_second(self) -> float:
        return self.sampled / self.sampled_seconds

    @property
    def ratio(self) -> float:
        """How many times as many draws a second the arrays make."""
        return self.draws_a_second / self.one_by_one_a_second


def large_policy() -> PolicySet:
    """The rules of the second Welsh round, with every measure also for single strands."""
    policy = load_policy(FRAMEWORK)
    book = policy.rulebook
    more: list[Measure] = []
    for strand in STRANDS:
        for measure in book.evidence_measures:
            if len(book.evidence_measures) + len(more) >= -(-MEASURES // len(policy.framework.domains)):
                break
            where = measure.where.model_copy(update={"strand": (strand,)})
            name = f"{measure.id}_{strand.replace('-', '_')}"
            more.append(measure.model_copy(update={"id": name, "where": where}))
    return PolicySet(
        policy.framework, Rulebook.model_validate({**dict(book), "measures": (*book.measures, *more)})
    )


def write_review(folder: Path, policy: PolicySet) -> list[Path]:
    """Sources, findings, case scores, survey results and answers for every domain."""
    rng = np.random.default_rng(8)
    domains = list(policy.framework.domains)
    sources = ["source,title,kind"]
    sources += [f"C{n},Case {n},case_file" for n in range(60)]
    sources += [f"I{n},Interview {n},interview" for n in range(40)]
    sources += [f"S{n},Survey {n},survey" for n in range(4)]
    findings = ["source,locator,finding,direction,significance,strand,domains"]
    scores = ["source,locator,standard,score,strand,domains"]
    results = ["source,locator,question,group,positive,base,strand,domains"]
    answers = ["source,respondent,question,group,answer,domains"]
    for domain in domains:
        for n in range(60):
            strand, direction = rng.choice(STRANDS), rng.choice(["strength", "weakness"])
            at = f"I{rng.integers(40)},{domain} {n}"
            findings.append(f"{at},Finding {n},{direction},{rng.integers(1, 4)},{strand},{domain}")
            score = rng.integers(1, 5)
            scores.append(f"C{n},{domain} {n},Standard {n},{score},{rng.choice(STRANDS)},{domain}")
        for n in range(6):
            strand, positive = STRANDS[n], rng.integers(40, 90)
            results.append(
                f"S{n % 3},{domain} {n},Q {domain} {n},G{n},{positive}%,{40 * n or ''},{strand},{domain}"
            )
        for n in range(400):
            answers.append(f"S3,{n},Own {domain},People,{rng.integers(1, 6)},{domain}")
    files = []
    for name, lines in (
        ("sources", sources),
        ("findings", findings),
        ("case-scores", scores),
        ("survey-results", results),
        ("survey-responses", answers),
    ):
        files.append(folder / f"{name}.csv")
        files[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


@contextmanager
def large_review() -> Iterator[tuple[Database, Review, Run, PolicySet]]:
    """A made-up review, imported and assessed."""
    with tempfile.TemporaryDirectory() as name:
        folder, policy = Path(name), large_policy()
        db, _ = init_programme(folder / "programme.db")
        try:
            review = create_review(
                db, "bench", "Nowhere", FRAMEWORK, window_from=None, window_to=None, by="benchmark", at=AT
            )
            import_files(db, review, write_review(folder, policy), by="benchmark", at=AT)
            run = assess(db, review, policy, on=AT.date(), by="benchmark", at=AT, use_engine=False)
            yield db, review, run, policy
        finally:
            db.conn.close()


def rate_one_by_one(prepared: Prepared, draws: int, seed: int) -> float:
    """The seconds that the evaluator takes for draws that are made already."""
    ((count, values),) = prepared.resampler.draw(draws, seed, chunk=draws)
    compiled = prepared.frozen.policy.compiled
    evaluators: dict[int, Evaluator] = {}

    def fire(rules, facts):  # type: ignore[no-untyped-def]
        return evaluators.setdefault(id(rules), Evaluator(rules)).fire(facts)

    start = perf_counter()
    for draw in range(count):
        measures = {
            domain: {
                name: MeasureValue(None if np.isnan(array[draw]) else float(array[draw]))
                for name, array in given.items()
            }
            for domain, given in values.items()
        }
        infer(compiled, measures, {}, fire)
    return perf_counter() - start


def measure_draws(draws: int = 10_000, sampled: int = 100, rounds: int = 3) -> Measured:
    """The median of a few rounds of each, in turns."""
    with large_review() as (db, review, run, policy):
        by_arrays, one_by_one = [], []
        for seed in range(rounds):
            start = perf_counter()
            prepared = prepare(db, review, run)
            draw_run(prepared, run, draws, seed, "resampled")
            by_arrays.append(perf_counter() - start)
            one_by_one.append(rate_one_by_one(prepared, sampled, seed))
        rules = sum(len(found) for found in policy.compiled.strata.values())
        measures = len(policy.rulebook.evidence_measures) * len(policy.framework.domains)
        seconds, single = float(np.median(by_arrays)), float(np.median(one_by_one))
        return Measured(measures, rules, draws, seconds, sampled, single)


if __name__ == "__main__":
    found = measure_draws()
    print(
        f"{found.measures} measures, {found.rules} rules: {found.draws:,} draws in {found.seconds:.2f} s,"
        f" {found.draws_a_second:,.0f} a second; one by one {found.one_by_one_a_second:,.0f} a second;"
        f" {found.ratio:,.0f} times as many"
    )
