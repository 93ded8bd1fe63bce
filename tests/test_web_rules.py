"""The pages on why a rule fired or not, and what the trail says of proposals that lost and of other cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from assessment_example import WELSH, assess_plainly, new_programme, new_review, rewrite_results
from evidence_rows import finding
from reading import REVIEW, Site, refusals, said_by, served

from rules.loader import PolicySet
from rules.rulebook import Policy

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")


@pytest.mark.parametrize(
    "rule", ["getting-help.excellent.strengths", "carers.strengths", "cell.mainly-good.uncertainly"]
)
async def test_why_a_rule_fired_or_not_is_what_the_command_says(
    site: Site, example_db: Path, rule: str
) -> None:
    page = await site.json(f"{REVIEW}/rule/{rule}.json")
    assert page["rules"] == said_by("explain", "wales-2004-08", "--rule", rule, "--db", example_db)
    text = await site.page(f"{REVIEW}/rule/{rule}")
    for one in page["rules"]:
        assert one["because"].split(" (")[0] in text


async def test_a_rule_that_did_not_fire_says_what_was_observed_and_asked(site: Site) -> None:
    text = await site.page(f"{REVIEW}/rule/getting-help.excellent.strengths")
    # 78 % of strengths where 80 are asked: see the published counts in test_web.
    for words in ("Why did this rule not apply?", "✗ did not apply", "at least 80 %", "not met, by 2"):
        assert words in text, words
    assert f'href="{REVIEW}/trail/getting-help"' in text
    assert f'href="{REVIEW}/trail/getting-help/strengths_share"' in text
    fired = await site.page(f"{REVIEW}/rule/getting-help.mainly-good.strengths")
    assert "Why did this rule apply?" in fired and "✓ applied" in fired


async def test_every_criterion_leads_to_its_rule(site: Site) -> None:
    for target in ("getting-help", "services"):
        trail = await site.json(f"{REVIEW}/trail/{target}.json")
        text = await site.page(f"{REVIEW}/trail/{target}")
        for part in trail["parts"]:
            for criterion in part["criteria"]:
                assert f'href="{REVIEW}/rule/{criterion["rule"]}"' in text
                (rule, *_) = (await site.json(f"{REVIEW}/rule/{criterion['rule']}.json"))["rules"]
                assert rule["criterion"] == criterion["criterion"] and rule["part"] == criterion["part"]


async def test_a_rule_of_an_earlier_run_is_told_of_that_run(example_copy: Path) -> None:
    async with served(example_copy) as site:
        text = await site.page(f"{REVIEW}/rule/carers.mainly-good.strengths?run=1&lang=cy")
        assert "Run 1 of 1 June 2009" in text
        assert f'href="{REVIEW}/trail/carers?run=1&amp;lang=cy"' in text


async def test_where_a_run_does_not_give_what_it_recorded_nothing_is_said_of_its_rules(
    example_copy: Path,
) -> None:
    def change(result: Any) -> None:
        result["measures"]["carers"]["strengths_share"]["value"] = 99

    rewrite_results(example_copy, change)
    async with served(example_copy) as site:
        text = await site.page(f"{REVIEW}/rule/carers.mainly-good.strengths")
        assert "do not give the firings that it recorded" in text and "verify run 1" in text
        assert "✓ applied" not in text and "✗ did not apply" not in text


@refusals(
    ("rule/carers.mainly-good.strength", 404, "Did you mean"),
    ("rule/nothing", 404, "There is no rule"),
    ("rule/carers.mainly-good.strengths?run=99", 404, "There is no run"),
    ("rule/carers.mainly-good.strengths?run=x", 400, "Run must be a whole number from 1"),
)
async def test_a_rule_there_is_not_is_said_in_words(site: Site, path: str, status: int, words: str) -> None:
    assert words in await site.page(f"{REVIEW}/{path}", status)


async def test_the_proposals_that_lost_are_what_the_command_says(site: Site, example_db: Path) -> None:
    page = await site.json(f"{REVIEW}/trail/carers.json")
    (told,) = said_by_list("explain", "wales-2004-08", "carers", db=example_db)
    assert page["lost"] == told["lost"] and page["missed"] == told["missed"] == []
    text = await site.page(f"{REVIEW}/trail/carers")
    lost = text[text.index('<h2 id="lost">') :].partition("</section>")[0]
    assert re.findall(r'<th scope="row">([^<]*)', lost) == ["Excellent", "Mainly good", "Inconsistent"]
    assert (
        "trengths make up 18.0 % of what was found (at least 20 % needed; not met, by 2 percentage points)"
        in lost
    )
    assert "the highest level whose criteria are all met, together with those of every level below" in lost


async def test_the_neighbouring_cells_say_what_each_takes(site: Site, example_db: Path) -> None:
    page = await site.json(f"{REVIEW}/trail/cell.json")
    (told,) = said_by_list("explain", "wales-2004-08", "cell", db=example_db)
    assert page["neighbours"] == told["neighbours"] and page["rules"] == told["rules"]
    assert len(page["neighbours"]) == 4
    text = await site.page(f"{REVIEW}/trail/cell")
    for cell in page["neighbours"]:
        assert f'<a href="{REVIEW}/rule/{cell["rule"]}">{cell["title"]}</a>' in text
        assert cell["because"] in text
    assert text.count(f'href="{REVIEW}/rule/cell.') == 4 + 16


async def test_under_best_fit_what_the_level_misses_is_said(tmp_path: Path) -> None:
    """One finding of five is a strength (20 %), and without surveys and case files their criteria are met: of
    mainly good 2 of 3. So of inconsistent, if it asks for 30 % of strengths; of equals the lower is proposed.
    """
    rules = WELSH.rulebook.domain_defaults["services"]
    inconsistent = rules.levels["inconsistent"]
    harder = (inconsistent[0].model_copy(update={"at_least": 30}), *inconsistent[1:])
    changed = rules.model_copy(
        update={"policy": Policy.BEST_FIT, "levels": {**rules.levels, "inconsistent": harder}, "limits": ()}
    )
    defaults = {**WELSH.rulebook.domain_defaults, "services": changed}
    policy = PolicySet(WELSH.framework, WELSH.rulebook.model_copy(update={"domain_defaults": defaults}))
    db = new_programme(tmp_path)
    ways = ["strength", *["weakness"] * 4]
    rows = [finding(("I1", "G1")[n % 2], way, 1) for n, way in enumerate(ways)]
    assess_plainly(db, new_review(db, "north", "wales-round-2", *rows), policy)
    db.conn.close()
    async with served(tmp_path / "programme.db") as site:
        page = await site.json("/reviews/north/trail/carers.json")
        assert page["level_title"] == "Inconsistent"
        assert [one["criterion"] for one in page["missed"]] == ["strengths"]
        text = await site.page("/reviews/north/trail/carers")
        missed = text[text.index('<h2 id="missed">') : text.index('<h2 id="lost">')]
        assert "strengths make up 20 % of what was found" in missed and "at least 30 % needed" in missed


async def test_where_no_level_is_proposed_no_proposal_is_said_to_have_lost(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    assess_plainly(db, new_review(db, "north"))
    db.conn.close()
    async with served(tmp_path / "programme.db") as site:
        text = await site.page("/reviews/north/trail/carers")
        assert "Why no level is proposed" in text and "Why not another level?" not in text
        assert "once every question has a rating" in await site.page("/reviews/north/trail/cell")


def said_by_list(*arguments: str, db: Path) -> list[dict[str, object]]:
    said: object = said_by(*arguments, "--db", db)
    assert isinstance(said, list)
    return said
