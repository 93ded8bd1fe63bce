"""Mappings on the command line: proposed, imported with, kept, and used for the next file of its shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Say

AUDIT = "Case,Seen in time,Plan signed\n001,Met,Not met\n002,Partly met,N/A\n"


@pytest.fixture
def told(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Commands in a folder with a working database, a review of Leeds and one of York."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOINT_REVIEW_BY", "lead")
    say("init")
    for name in ("leeds", "york"):
        say("review", "create", name, "--authority", name.capitalize(), "--framework", "wales-round-2")
    return say


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def said(result: Any) -> str:
    assert result.code == 0, result.err
    return str(result.out)


def test_a_mapping_is_proposed_imported_with_kept_and_used_again(told: Say) -> None:
    audit = write("audit 1.csv", AUDIT)
    proposed = said(told("evidence", "map", audit, "--review", "leeds"))
    assert "#   joint-review evidence import leeds 'audit 1.csv' --map 'audit 1.yml'" in proposed
    mapping = write("audit 1.yml", proposed)
    assert yaml.safe_load(proposed)["source"] == {"title": "Case file {Case}", "kind": "case_file"}
    done = said(told("evidence", "import", "leeds", audit, "--map", mapping))
    assert "Added: 2 sources, 3 items." in done
    assert "audit 1.csv: columns left out: Case." in done
    assert "audit 1.csv: 1 cell gives no row, with N/A (1) in them." in done
    assert "Mapping kept for the next file of this shape: audit 1." in done

    later = write("audit 2.csv", AUDIT.replace("00", "01"))
    refused = told("evidence", "import", "leeds", later)
    assert refused.code == 1 and "Use it: --map 'audit 1'" in refused.err
    assert "kept already: --map 'audit 1'" in said(told("evidence", "map", later))
    assert "Added: 2 sources, 3 items." in said(told("evidence", "import", "leeds", later, "--map", "kept"))


def test_an_unknown_shape_is_told_how_to_get_a_mapping(told: Say) -> None:
    refused = told("evidence", "import", "leeds", write("audit.csv", AUDIT))
    assert refused.code == 1
    assert "A mapping makes it fit; see a proposal: joint-review evidence map audit.csv" in refused.err
    none = told("evidence", "import", "leeds", "audit.csv", "--map", "kept")
    assert none.code == 1 and "no mapping is kept for tables of the shape of audit.csv" in none.err
    unknown = told("evidence", "import", "leeds", "audit.csv", "--map", "audits")
    assert unknown.code == 1 and "there is no mapping 'audits'" in unknown.err


def test_what_is_open_is_given_with_the_command(told: Say) -> None:
    table = write("returns.csv", "Indicator,2019/20,2020/21\nAnswered in a day,90,91\n")
    mapping = write("returns.yml", said(told("evidence", "map", table)))
    asked = told("evidence", "import", "leeds", table, "--map", mapping)
    assert asked.code == 1 and "nothing gives 'better'" in asked.err and "--set better=..." in asked.err
    done = told("evidence", "import", "leeds", table, "--map", mapping, "--set", "better=higher")
    assert "Added: 1 source, 2 items." in said(done)
    for wrong in (("--set", "better"), ("--set", "better=higher")):
        assert told("evidence", "import", "leeds", table, *wrong).code == 2


def test_a_file_for_many_reviews_says_what_each_of_them_got(told: Say) -> None:
    sources = write(
        "sources.csv", "review,source,title,kind\nleeds,S1,One,survey\nyork,S1,Two,survey\n,S2,Three,survey\n"
    )
    done = said(told("evidence", "import", "leeds", sources))
    assert "Added: 3 sources." in done
    assert "Review leeds: 2 rows stored." in done and "Review york: 1 row stored." in done
    wide = write(
        "wide.csv",
        "Council,Indicator,Good is,2019/20\nLeeds,Seen in time,High,90\nYork,Seen in time,High,80\n",
    )
    mapping = write(
        "wide.yml", said(told("evidence", "map", wide, "--review", "leeds", "--layout", "indicators"))
    )
    assert "Review york: 2 rows stored." in said(told("evidence", "import", "leeds", wide, "--map", mapping))


def test_the_mapping_of_a_file_is_data_too(told: Say) -> None:
    import json

    found = json.loads(said(told("evidence", "map", write("audit.csv", AUDIT), "--json")))
    assert found["mapping"]["layout"] == "case-scores" and found["kept"] == []
