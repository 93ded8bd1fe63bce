"""The preview of a table that fits no layout: its mapping as fields of a form, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from evidence.intake.layouts import row_model
from evidence.mapping.from_file import ProposedFor
from evidence.mapping.kept import KeptMapping
from evidence.mapping.propose import COLUMNS_OF, IDENTIFIES
from evidence.mapping.spec import CHARACTERISTIC, WIDE, TableMapping, open_questions
from evidence.mapping.words import same_words
from evidence.rows import SOURCE_KINDS
from rules.framework import Framework, in_language

Options = list[tuple[str, str]]
LEAVE_OUT = ("", "leave out")
EACH_OPTION = "is:questions"
"""What is chosen for a column whose cells hold several answers."""
ROWS_SHOWN = 5
MOST_MEANINGS = 150
"""Words that are listed; those of a longer list are said in a file."""
ANSWERS: Options = [
    ("5", "5, strongly agree"),
    ("4", "4, agree"),
    ("3", "3, neither"),
    ("2", "2, disagree"),
    ("1", "1, strongly disagree"),
    ("", "not answered"),
]
MEANINGS: dict[str, Options] = {
    "answer": ANSWERS,
    "direction": [("strength", "strength"), ("weakness", "weakness"), ("neutral", "neutral")],
    "significance": [("1", "1, minor"), ("2", "2, important"), ("3", "3, serious")],
    "better": [("higher", "higher is better"), ("lower", "lower is better"), ("neither", "neither")],
}
"""What a word can mean, by column of the layout; of others it is typed."""
OF_SURVEYS = ("survey-responses", "survey-results")
ASK = ("?", "say what it means")


class ColumnShown(TypedDict):
    """A column of the table, and what it is."""

    name: str
    title: str
    use: str
    options: Options
    remark: str
    lower: bool | None
    """Whether agreeing with this question is bad; None where that cannot be said."""
    named: str | None
    """What is recorded instead of the header; None where headers are recorded of no column."""
    domains: str | None
    """The domains that the rows of the column bear on; None where they have none."""


class MeaningShown(TypedDict):
    """A word of the table, and what it means."""

    name: str
    column: str
    word: str
    means: str
    options: Options


class ValueShown(TypedDict):
    """What all rows have."""

    name: str
    column: str
    text: str
    says: str


class Preview(TypedDict):
    """All that the page shows of a table and its mapping."""

    token: str
    file: str
    layout: str
    layouts: list[str]
    rows: int
    tool: str
    kept: str
    """The name of the kept mapping that was filled in, if one was."""
    name: str
    columns: list[ColumnShown]
    meanings: list[MeaningShown]
    values: list[ValueShown]
    about: list[ValueShown]
    """The source: title, kind, date."""
    kinds: Options
    domains: list[str]
    """The titles of all domains."""
    titles: list[str]
    first: list[list[str]]


Text = Callable[[str], str | None]
"""What was typed into a field; None where it was not on the form."""


def preview_of(
    token: str, file: str, found: ProposedFor, kept: KeptMapping | None, framework: Framework, typed: Text
) -> Preview:
    """The preview of a table with what is proposed, or kept for its shape, or was typed."""
    mapping = mapping_for(found, kept)
    layout = mapping["layout"]
    columns = _columns(found, mapping, typed)
    hidden = [number for number, one in enumerate(columns) if IDENTIFIES in one["remark"]]
    titles = [one["title"] for one in columns]
    domains = [(key, in_language(domain.title)) for key, domain in framework.domains.items()]
    return {
        "token": token,
        "file": file,
        "layout": layout,
        "layouts": list(COLUMNS_OF),
        "rows": found.seen.rows,
        "tool": found.tool,
        "kept": kept.name if kept else "",
        "name": _or(typed("name"), kept.name if kept else file.rpartition(".")[0]),
        "columns": columns,
        "meanings": _meanings(found, mapping, domains, typed),
        "values": _values(mapping, typed),
        "about": _about(mapping, typed),
        "kinds": [("", ""), *((kind, kind.replace("_", " ")) for kind in SOURCE_KINDS)],
        "domains": [title for _, title in domains],
        "titles": [title for number, title in enumerate(titles) if number not in hidden],
        "first": [
            [text[:80] for number, text in enumerate(row) if number not in hidden]
            for row in found.seen.first[:ROWS_SHOWN]
        ],
    }


def mapping_for(found: ProposedFor, kept: KeptMapping | None) -> Mapping[str, Any]:
    """The mapping that the fields begin with, as its file has it."""
    if kept is None:
        return found.proposal.mapping
    said = kept.mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    proposed = found.proposal.mapping
    source = {**proposed.get("source", {}), **said.get("source", {})} if "source" in said else {}
    return {**said, "with": {**proposed.get("with", {}), **said.get("with", {})}, "source": source}


def typed_mapping(
    found: ProposedFor, kept: KeptMapping | None, framework: Framework, typed: Text
) -> TableMapping:
    """The mapping that the fields of a form say; raises ValueError (pydantic's) for what none can be."""
    mapping = {**mapping_for(found, kept)}
    uses = {}
    for column in _columns(found, mapping, typed):
        before = _use_of(mapping, column["title"])
        use = _said_use(column["use"], before, found.proposal.options.get(column["title"], ()))
        if column["lower"] is not None and isinstance(use, dict) and use.get("is") in ("question", "group"):
            with_ = {name: text for name, text in use.get("with", {}).items() if name != "better"}
            with_ |= {"better": "lower"} if column["lower"] else {}
            use = {name: part for name, part in {**use, "with": with_}.items() if part}
        uses[column["title"]] = _with_words(use, column)
    mapping["columns"] = uses
    mapping.pop("period_columns", None)
    if any(use == {"is": "period"} for use in uses.values()):
        mapping["period_columns"] = True
        mapping["columns"] = {title: use for title, use in uses.items() if use != {"is": "period"}}
    mapping["with"] = {one["column"]: one["text"] for one in _values(mapping, typed) if one["text"]}
    about = {one["column"]: one["text"] for one in _about(mapping, typed)}
    mapping["source"] = {name: text for name, text in about.items() if text} if about.get("title") else {}
    values: dict[str, dict[str, str]] = {}
    domains = [(key, in_language(domain.title)) for key, domain in framework.domains.items()]
    for one in _meanings(found, mapping, domains, typed):
        if one["means"] != ASK[0]:
            values.setdefault(one["column"], {})[one["word"]] = one["means"]
    mapping["values"] = values
    return TableMapping.model_validate({**mapping, "name": typed("name") or ""})


def _with_words(use: Any, column: ColumnShown) -> Any:
    """What a column is, with its full words and its domains."""
    if column["named"] is None or not isinstance(use, dict) or not use.get("is"):
        return use
    with_ = {name: text for name, text in use.get("with", {}).items() if name != "domains"}
    if column["domains"] and use["is"] != CHARACTERISTIC:
        with_["domains"] = column["domains"]
    said = {**use, "named": column["named"], "with": with_}
    return {name: part for name, part in said.items() if part}


def asked_for(mapping: TableMapping) -> dict[str, str]:
    """The fields that must be filled in before anything can be imported, with what is said of each."""
    fields = {**mapping.model.model_fields}
    said = {}
    for name in open_questions(mapping):
        field = "about-" if name in ("title", "kind") and name not in fields else "with-"
        said[f"{field}{name}"] = "Fill this in: every row needs it."
    return said


def _or(typed: str | None, other: str) -> str:
    return other if typed is None else typed


def _use_of(mapping: Mapping[str, Any], title: str) -> Any:
    found = {same_words(name): use for name, use in mapping.get("columns", {}).items()}
    return found.get(same_words(title), {"is": "period"} if mapping.get("period_columns") else "leave out")


def _as_choice(use: Any) -> str:
    if isinstance(use, str):
        return "" if use == "leave out" else f"holds:{use}"
    if use.get("leave_out"):
        return ""
    if use.get("options"):
        return EACH_OPTION
    return f"is:{use['is']}" if use.get("is") else f"holds:{use['holds']}"


def _said_use(choice: str, before: Any, options: Sequence[str]) -> Any:
    if choice == EACH_OPTION and _as_choice(before) != choice:
        return {"is": "question", "options": list(options)}
    if not choice:
        return "leave out"
    kind, _, name = choice.partition(":")
    if _as_choice(before) == choice:
        return before
    return {"is": name} if kind == "is" else name


def _columns(found: ProposedFor, mapping: Mapping[str, Any], typed: Text) -> list[ColumnShown]:
    layout = mapping["layout"]
    wide = [(f"is:{name}", f"{'an' if name[0] in 'aeiou' else 'a'} {name}") for name in WIDE.get(layout, {})]
    holds = [
        (f"holds:{name}", name.replace("_", " ")) for name in (*row_model(layout).model_fields, "review")
    ]
    options = [LEAVE_OUT, *wide, *holds]
    shown: list[ColumnShown] = []
    for number, column in enumerate(found.seen.columns):
        use = _or(typed(f"column-{number}"), _as_choice(_use_of(mapping, column.title)))
        remark = found.proposal.remarks.get(("columns", column.title), "")
        before = _use_of(mapping, column.title)
        several = found.proposal.options.get(column.title) or _options_of(before)
        said = f"questions, one for each option: {'; '.join(several)}"
        can_be = [*options, (EACH_OPTION, said)] if several else options
        one: ColumnShown = {
            "name": f"column-{number}",
            "title": column.title,
            "use": use if use in dict(can_be) else "",
            "options": can_be,
            "remark": remark,
            "named": _typed_of(typed, f"named-{number}", before, wide, lambda use: use.get("named", "")),
            "domains": _typed_of(
                *(
                    typed,
                    f"domains-{number}",
                    before,
                    wide if "domains" in row_model(layout).model_fields else [],
                ),
                lambda use: use.get("with", {}).get("domains", ""),
            ),
            "lower": _lower(number, _use_of(mapping, column.title), typed) if layout in OF_SURVEYS else None,
        }
        shown.append(one)
    return shown


def _typed_of(
    typed: Text, name: str, use: Any, wide: Options, said: Callable[[Mapping[str, Any]], str]
) -> str | None:
    """What was typed of a column, or the mapping says; None where no column can be what has it."""
    if not wide:
        return None
    return _or(typed(name), said(use) if isinstance(use, dict) else "")


def _options_of(use: Any) -> Sequence[str]:
    return use.get("options", ()) if isinstance(use, dict) else ()


def _lower(number: int, use: Any, typed: Text) -> bool:
    if typed(f"column-{number}") is not None:
        return bool(typed(f"lower-{number}"))
    return isinstance(use, dict) and use.get("with", {}).get("better") == "lower"


def _meanings(
    found: ProposedFor, mapping: Mapping[str, Any], domains: Options, typed: Text
) -> list[MeaningShown]:
    known: dict[tuple[str, str], str] = {
        (column, word): means
        for column, words in (
            *found.proposal.mapping.get("values", {}).items(),
            *mapping.get("values", {}).items(),
        )
        for word, means in words.items()
    }
    unknown = [(column, word) for column, words in found.proposal.unknown.items() for word in words]
    shown: list[MeaningShown] = []
    for number, (column, word) in enumerate([*known, *(pair for pair in unknown if pair not in known)]):
        if number == MOST_MEANINGS:
            break
        options = domains if column == "domains" else MEANINGS.get(column, [])
        means = _or(typed(f"word-{number}"), known.get((column, word), ASK[0]))
        shown.append(
            {
                "name": f"word-{number}",
                "column": column,
                "word": word,
                "means": means,
                "options": [ASK, *options] if options else [],
            }
        )
    return shown


def _values(mapping: Mapping[str, Any], typed: Text) -> list[ValueShown]:
    fields = row_model(mapping["layout"]).model_fields
    given = mapping.get("with", {})
    needed = [name for name, info in fields.items() if info.is_required()]
    held = {_as_choice(use).removeprefix("holds:") for use in mapping["columns"].values()}
    made = {name for use in mapping["columns"].values() for name in _made(mapping["layout"], use)}
    if mapping.get("period_columns"):
        made |= set(WIDE["indicators"]["period"])
    names = [*given, *(name for name in needed if name not in given and name not in held | made)]
    return [
        {
            "name": f"with-{name}",
            "column": name,
            "text": _or(typed(f"with-{name}"), given.get(name, "")),
            "says": (fields[name].description or "") if name in fields else "",
        }
        for name in names
    ]


def _made(layout: str, use: Any) -> Sequence[str]:
    choice = _as_choice(use)
    return WIDE[layout].get(choice.removeprefix("is:"), ()) if choice.startswith("is:") else ()


def _about(mapping: Mapping[str, Any], typed: Text) -> list[ValueShown]:
    if "source" not in mapping and typed("about-title") is None:
        return []
    given = mapping.get("source", {})
    names = {
        "title": "Its title; empty if the source is stored already.",
        "kind": "",
        "dated": "e.g. 31 May 2004",
    }
    return [
        {
            "name": f"about-{name}",
            "column": name,
            "text": _or(typed(f"about-{name}"), given.get(name, "")),
            "says": says,
        }
        for name, says in names.items()
    ]
