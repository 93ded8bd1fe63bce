"""What moves a rating: by hand on a small review, and by trying value after value on the example."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from assessment_example import AT, ENGLISH, assess_plainly, new_review, rate_approved
from evidence_rows import Row, good_domain, survey, whole_review

from assessment.robustness.alternatives import Baseline, load_baseline
from assessment.robustness.tornado import Bar, Tornado, tornado
from assessment.runs.run import Run, infer_of_record, load_run
from programme.database import Database
from programme.reviews import create_review, find_review
from rules.errors import UnknownName

MEASURES = {
    "strengths_share": ((1, 2, 3), (2, 3)),
    "serious_weakness_share": ((1, 2, 3), (2, 3)),
    "survey_positive": ((1, 2, 3), (3,)),
    "cases_met": ((1, 2, 3), (3,)),
    "kinds": ((0, 3, 4), (3,)),
    "items": ((0, 3), (3,)),
    "findings": ((0, 3), (3,)),
    "at_comparator": ((3,), (3,)),
}
"""Carers with four strengths and a weakness, from two kinds of source, are mainly good (3): 80 % strengths,
but excellent asks for three kinds. Below 50 % they are inconsistent, below 20 % poor; Wilson's interval of
4 in 5 is 38 to 96 %. Serious weaknesses, now 0 % (0 to 43 %), hold down to inconsistent from 30 % and to
poor from 60 %. There are no surveys, cases or indicators; bad ones would lower the rating. Fewer than 5
items, 3 findings or 2 kinds are not enough; a third kind makes it excellent, as what is missing for that
counts as met."""


_numbers = itertools.count(1)


def moved(db: Database, target: str, *rows: Row) -> Tornado:
    review = new_review(db, f"t{next(_numbers)}", "wales-round-2", *rows)
    run = assess_plainly(db, review)
    return tornado(load_baseline(db, review, run), run, target)


def bars_of(found: Tornado) -> dict[str, Bar]:
    return {bar.name: bar for bar in found.bars}


def test_every_measure_reaches_the_levels_that_its_thresholds_say(db: Database) -> None:
    found = moved(db, "carers", *good_domain("carers"))
    assert (found.level, found.level_title, found.of) == (3, "Mainly good", "measures")
    assert {bar.name: (bar.reaches, bar.within) for bar in found.bars} == MEASURES


def test_the_furthest_stands_first_and_what_moves_nothing_last(db: Database) -> None:
    found = moved(db, "carers", *good_domain("carers"))
    assert [bar.name for bar in found.bars] == list(MEASURES)
    assert [bar.name for bar in found.bars if not bar.moves] == ["at_comparator"]


def test_a_measure_without_an_interval_stays_within_its_own_value(db: Database) -> None:
    # 66 % of an unknown number of people; survey results are one kind of source more.
    found = moved(db, "carers", *good_domain("carers"), survey("S1", "Are you asked?", 66))
    bar = bars_of(found)["survey_positive"]
    assert (bar.low, bar.high, bar.within) == (None, None, (3,))
    assert bar.shown == "66 %"


def test_of_a_question_the_domains_move(db: Database) -> None:
    # All seven domains are mainly good. One alone takes none of the shares below a half; only safeguarding
    # at poor holds the services down, and no measure of it gets so far within its interval.
    found = moved(db, "services", *whole_review())
    assert (found.level, found.of) == (3, "domains")
    bars = bars_of(found)
    assert (bars["safeguarding"].reaches, bars["safeguarding"].within) == ((2, 3), (3,))
    assert [bar.name for bar in found.bars if bar.moves] == ["safeguarding"]
    assert bars["carers"].shown == "Mainly good"


def test_without_one_of_just_enough_domains_the_question_has_no_rating(db: Database) -> None:
    names = ["getting-help", "assessment", "care-planning", "independence", "carers"]
    found = moved(db, "services", *whole_review(domains=names))
    bars = bars_of(found)
    assert all(bars[name].reaches == (0, 3) for name in names)
    assert bars["family-support"].shown == "no rating"
    assert not bars["family-support"].moves


def test_what_a_person_decided_stays_and_of_the_target_the_proposal_moves(db: Database) -> None:
    review = new_review(db, "decided", "wales-round-2", *whole_review())
    for target in ("carers", "services"):
        rate_approved(db, review, target, "poor", by="lead", because="Seen on visits.", at=AT)
    run = assess_plainly(db, review)
    base = load_baseline(db, review, run)
    carers, services = tornado(base, run, "carers"), tornado(base, run, "services")
    assert carers.decided and carers.level_title == "Mainly good"
    assert bars_of(carers)["strengths_share"].reaches == (1, 2, 3)
    assert services.decided and services.level_title == "Mainly good"
    decided = bars_of(services)["carers"]
    assert (decided.shown, decided.within) == ("Poor", (3,))


def test_ratings_that_are_left_to_people_have_no_measures_but_move_the_question(db: Database) -> None:
    review = create_review(
        db, "east", "East", "cqc-local-authority", window_from=None, window_to=None, by="lead", at=AT
    )
    for domain in review.framework.domains:
        rate_approved(db, review, domain, "good-standard", by="lead", because="Agreed.", at=AT)
    run = assess_plainly(db, review, ENGLISH)
    base = load_baseline(db, review, run)
    domain = next(iter(review.framework.domains))
    assert tornado(base, run, domain).bars == ()
    # Nine threes make 27 of 36, 75 %: good (63 to 87 %). One at 1 makes 25 of 36, rounded up
    # 70 %, and one at 4 makes 78 %; without one there is no rating.
    found = tornado(base, run, "overall")
    assert found.level_title == "Good"
    assert all(bar.reaches == (0, 3) for bar in found.bars)


def test_a_target_that_is_not_there_is_refused(db: Database) -> None:
    with pytest.raises(UnknownName, match="carer"):
        moved(db, "carer", *good_domain("carers"))


@pytest.fixture
def example(example_db: Path, connect: Callable[[Path], Database]) -> tuple[Baseline, Run]:
    db = connect(example_db)
    review = find_review(db, "wales-2004-08")
    run = load_run(db, review, None)
    return load_baseline(db, review, run), run


def test_no_value_tried_by_hand_reaches_another_level(example: tuple[Baseline, Run]) -> None:
    """The oracle is the plain inference, value by value, over a raster that holds every threshold."""
    (base, run), domain = example, "carers"

    def level_with(name: str, value: float | None) -> int:
        measures = {target: dict(values) for target, values in base.measures.items()}
        measures[domain][name] = dataclasses.replace(measures[domain][name], value=value)
        found = infer_of_record(base.policy, measures, base.decided, with_engine=False)
        return found.rating(domain).level or 0

    for bar in tornado(base, run, domain).bars:
        counts = base.policy.rulebook.measure(bar.name).is_count
        values: list[float | None] = [*range(7)] if counts else [None, *range(0, 101, 5)]
        tried = {value: level_with(bar.name, value) for value in values}
        assert {*tried.values(), level_with(bar.name, bar.value)} == set(bar.reaches), bar.name
        if bar.low is not None and bar.high is not None:
            inside = {at for v, at in tried.items() if v is not None and bar.low <= v <= bar.high}
            assert inside <= set(bar.within) <= set(bar.reaches)
            ends = {level_with(bar.name, end) for end in (bar.low, bar.high)}
            assert ends <= set(bar.within)
        else:
            assert bar.within == (level_with(bar.name, bar.value),)
