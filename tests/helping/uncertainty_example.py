"""Rulebooks of one criterion, and the draws behind them, for tests of how sure a run is."""

from __future__ import annotations

from typing import Any

import numpy as np
from assessment_example import WELSH, last_event
from numpy.typing import NDArray

from evidence.measures.compute import compute_measures
from evidence.measures.resample import More, Resampler, load_resampler
from programme.database import Database
from programme.reviews import Review
from rules.loader import PolicySet
from rules.rulebook import Measure, Of, Rulebook, Statistic

Values = NDArray[np.float64]


def measure(of: str, statistic: str, name: str = "m", **more: Any) -> Measure:
    return Measure(id=name, title="A measure", of=Of(of), statistic=Statistic(statistic), **more)


SURVEY_MEAN = measure("survey_results", "mean")
CASES_MET = measure("case_scores", "share", where={"score_at_least": 3})
STRENGTHS = measure("findings", "share", where={"direction": ["strength"]})
KINDS = {"survey": SURVEY_MEAN, "cases": CASES_MET, "findings": STRENGTHS}


def one_criterion(tested: Measure, at_least: float) -> PolicySet:
    """Every domain is at its second level from a value of one measure up; questions are left to people."""
    criterion = {
        "id": "the-one",
        "measure": tested.id,
        "at_least": at_least,
        "because": "it is {value}",
        "reference": "A test.",
    }
    book = Rulebook(
        id="one-criterion",
        framework=WELSH.framework.id,
        version="1",
        title="One criterion",
        measures=(tested,),
        domain_defaults={
            "services": {"levels": {"inconsistent": [criterion]}},
            "organisation": {"levels": {"uncertainly": [criterion]}},
        },
        questions={"services": {"propose": "people"}, "organisation": {"propose": "people"}},
    )
    return PolicySet(WELSH.framework, book)


def resampler_of(
    db: Database, review: Review, *measures: Measure, event: int | None = None, findings: bool = True
) -> Resampler:
    """What is drawn for these measures."""
    event = last_event(db) if event is None else event
    point = compute_measures(db, review, measures, event)
    return load_resampler(db, review, measures, point, event, findings=findings)


def drawn(
    resampler: Resampler,
    draws: int = 20_000,
    *,
    seed: int = 1,
    chunk: int = 2_000,
    more: More | None = None,
) -> dict[tuple[str, str], Values]:
    """All draws of every domain and measure."""
    chunks = [values for _, values in resampler.draw(draws, seed, chunk=chunk, more=more)]
    return {
        (domain, name): np.concatenate([values[domain][name] for values in chunks])
        for domain in chunks[0]
        for name in chunks[0][domain]
    }


def near(found: Values | float, expected: Values | float, draws: int) -> bool:
    """Whether shares of draws lie within five Monte Carlo errors of probabilities (floored at 5 draws)."""
    error = np.sqrt(np.clip(np.asarray(expected) * (1 - np.asarray(expected)), 1 / draws, None) / draws)
    return bool(np.all(np.abs(np.asarray(found) - expected) <= 5 * error))
