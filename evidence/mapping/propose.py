"""A mapping proposed from headers and values: always the same for the same table, and never imported unseen.

What cannot be told from the table is left open, with a remark: an import asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from evidence.intake.layouts import LAYOUTS, row_model
from evidence.mapping.exports import Export, is_of_tool
from evidence.mapping.headers import CASES, CHARACTERISTICS, COMPARED, column_of
from evidence.mapping.profile import ColumnSeen, TableSeen
from evidence.mapping.spec import LEFT_OUT, TableMapping
from evidence.mapping.words import (
    GRADES,
    MEANINGS,
    is_period,
    is_personal,
    is_taken,
    plain_header,
    same_words,
)
from evidence.rows import SurveyResponseRow
from evidence.scales import may_be_bad, read_answer
from rules.errors import EvidenceInvalid, UnknownName
from rules.framework import Framework, in_language
from rules.words import listed, many

NO_EXPORT = Export("")
COLUMNS_OF: dict[str, tuple[str, ...]] = {
    "findings": (
        *("source", "locator", "finding", "direction", "significance", "domains", "quote", "strand"),
        *("recorded_by", "recorded_on", "review"),
    ),
    "case-scores": ("review", "strand", "recorded_by", "recorded_on"),
    "survey-responses": ("respondent", "group", "strand", "review"),
    "indicators": ("indicator", "unit", "better", "period", "value", "domains", "strand", "review"),
}
"""The columns that a table of a kind may hold, as a proposal looks for them."""
KIND_OF_SOURCE = {"survey-responses": "survey", "case-scores": "case_file", "indicators": "indicator_return"}
MUST_FIT = ("type", "judgement", "+", "area", "number", "no", "id", "priority", "weight", "name", "impact")
"""Headers that stand for a column only where its values fit."""
WORDED = ("direction", "significance", "better")
AGREEING_BAD = "is agreeing bad here?"
IDENTIFIES = "identifies people, so it is never imported"
"""What is remarked on a column that says who somebody is; pages do not show what is in it."""
SHOWN, MOST_SHOWN = 5, 70
"""How many values a remark names, and in how many characters."""


@dataclass
class Proposal:
    """A mapping as its file has it, and what is remarked on its parts."""

    mapping: dict[str, Any]
    remarks: dict[tuple[str, ...], str] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Words of cells whose meaning has to be said, by column of the layout."""
    options: dict[str, list[str]] = field(default_factory=dict)
    """What the cells of columns that are left out name several of at once, by their titles."""

    def as_mapping(self) -> TableMapping:
        """The mapping; what is left open is empty in it."""
        return TableMapping.model_validate(self.mapping)

    def remark(self, *path: str, said: str) -> None:
        """Remark something on a part, beside what was remarked before."""
        before = self.remarks.get(path)
        self.remarks[path] = f"{before}; {said}" if before else said


def propose(
    seen: TableSeen,
    stem: str,
    framework: Framework | None = None,
    layout: str | None = None,
    export: Export = NO_EXPORT,
) -> Proposal:
    """A mapping of a table from the file `stem`; raises EvidenceInvalid where none can be told.

    With a `framework`, titles of domains are turned into its ids. `export` says what is special in the
    table of a tool.
    """
    if layout is not None and layout not in LAYOUTS:
        raise UnknownName("layout", layout, LAYOUTS)
    kind = layout or ("survey-responses" if export.tool else kind_of(seen, stem))
    if kind not in COLUMNS_OF:
        what = (
            f"tables of the layout {kind!r} need no mapping" if kind else "no kind of evidence is recognised"
        )
        raise EvidenceInvalid(
            f"{what}, so no mapping can be proposed",
            hint=f"A proposal is made for: {', '.join(COLUMNS_OF)}.",
        )
    proposal = Proposal({"layout": kind, "with": {}, "source": {}, "columns": {}, "values": {}})
    if export.skip:
        proposal.mapping["skip"] = export.skip
        proposal.remark("skip", said="rows below the headers that hold no data")
    if export.leave_out_rows:
        proposal.mapping["leave_out_rows"] = dict(export.leave_out_rows)
        proposal.remark("leave_out_rows", said=f"{export.tool}: trials, and answers that were never sent")
    _Proposing(seen, stem, framework, proposal, export).fill()
    return proposal


# --- what kind of table it is ------------------------------------------------------------------------------


def answers_in(column: ColumnSeen) -> bool:
    """Whether a column holds answers on a scale of agreement, as words or as 1 to 5."""
    taken = _all(column, lambda text: is_taken(SurveyResponseRow, "answer", text))
    return taken and any(map(is_answer, column.few))


def is_answer(text: str) -> bool:
    """Whether a text is a level of the scale, not what is said instead of an answer."""
    return is_taken(SurveyResponseRow, "answer", text) and isinstance(read_answer(text), int)


def grades_in(column: ColumnSeen) -> bool:
    """Whether a column holds scores or grades of case files."""
    none = MEANINGS["score"]
    words = [same_words(text) for text in column.few if same_words(text) not in none]
    if not words or len(words) > 10:
        return False
    if all(word.isdigit() and 0 < int(word) <= 10 for word in words):
        return True
    return scale_of(words) is not None


def scale_of(words: list[str]) -> tuple[tuple[str, ...], ...] | None:
    """The scale that all of these words are grades of."""
    return next((scale for scale in GRADES if all(any(w in grade for grade in scale) for w in words)), None)


def _all(column: ColumnSeen, test: Callable[[str], bool]) -> bool:
    return column.filled > 0 and column.different <= len(column.words) and all(map(test, column.words))


def kind_of(seen: TableSeen, stem: str) -> str:
    """The layout that a table comes nearest to; empty where none stands out."""
    columns = [one for one in seen.columns if one.filled and not is_personal(one.title)]
    titles = {plain_header(one.title) for one in columns}
    of_findings = {column_of(one.title, ("finding", "direction")) for one in columns}
    periods = [one for one in columns if is_period(one.title)]
    if {"finding", "direction"} <= of_findings or (
        "finding" in of_findings and any(_fits(one, "direction") for one in columns)
    ):
        return "findings"
    if len(periods) >= 2 and sum(2 * one.numbers >= one.filled for one in periods) >= 1:
        return "indicators"
    answers = [one for one in columns if answers_in(one)]
    grades = [one for one in columns if grades_in(one)]
    about_cases = bool(titles & set(CASES)) or any(word in plain_header(stem) for word in ("audit", "case"))
    if about_cases and len(grades) >= 2:
        return "case-scores"
    if answers and (any(not one.numbers for one in answers) or len(answers) >= 2):
        return "survey-responses"
    if len(grades) >= 2:
        return "case-scores"
    if any(column_of(one.title, ("period",)) for one in columns) and any(
        one.numbers == one.filled for one in columns if not column_of(one.title, ("period",))
    ):
        return "indicators"
    return ""


def _fits(column: ColumnSeen, name: str) -> bool:
    """Whether all values of a column are ones that a column of the layout takes, or words of them."""
    model = row_model("findings" if name in ("direction", "significance") else "indicators")
    return _all(column, lambda text: same_words(text) in MEANINGS[name] or is_taken(model, name, text))


# --- the proposal ------------------------------------------------------------------------------------------


class _Proposing:
    """A proposal under way."""

    def __init__(
        self,
        seen: TableSeen,
        stem: str,
        framework: Framework | None,
        proposal: Proposal,
        export: Export,
    ) -> None:
        self.seen, self.stem, self.framework, self.named = seen, stem, framework, export.named
        self.respondent, self.tool = export.respondent, export.tool
        self.proposal = proposal
        self.layout: str = proposal.mapping["layout"]
        self.uses: dict[str, Any] = proposal.mapping["columns"]
        self.taken: dict[str, str] = {}
        """The column of the table that holds a column of the layout."""
        self.scales: dict[str, int] = {}
        """The best score of each column of scores."""
        self.numbered: list[str] = []
        """The columns that hold scores as numbers."""

    def remark(self, *path: str, said: str) -> None:
        self.proposal.remark(*path, said=said)

    def fill(self) -> None:
        """Say of every column what it is, then what all rows have in common."""
        for column in self.seen.columns:
            self.uses[column.title] = self._use(column)
        {
            "findings": self._findings,
            "case-scores": self._scores,
            "survey-responses": self._answers,
            "indicators": self._indicators,
        }[self.layout]()
        mapping = self.proposal.mapping
        self.proposal.mapping = {name: part for name, part in mapping.items() if part or name == "columns"}

    def _use(self, column: ColumnSeen) -> Any:
        at = ("columns", column.title)
        personal = is_personal(column.title) or is_personal(self.named.get(column.title, ""))
        if column.who or (personal and not self._is_thing(column)):
            self.remark(*at, said=IDENTIFIES)
            return LEFT_OUT
        if not column.filled:
            self.remark(*at, said="nothing is in it")
            return LEFT_OUT
        name = self._column_of(column)
        if name:
            self.taken[name] = column.title
            self._word_values(column, name)
            self.remark(*at, said=_examples(column))
            return name
        wide = self._wide(column)
        if wide is None:
            self.remark(*at, said=_examples(column))
        return LEFT_OUT if wide is None else wide

    def _is_thing(self, column: ColumnSeen) -> bool:
        return self.layout == "indicators" and plain_header(column.title) == "name"

    def _column_of(self, column: ColumnSeen) -> str:
        """The column of the layout that a column of the table holds."""
        if column.title == self.respondent and column.different == column.filled:
            return "respondent"
        wanted = tuple(name for name in COLUMNS_OF[self.layout] if name not in self.taken)
        name = column_of(column.title, wanted)
        if name in WORDED and plain_header(column.title) in MUST_FIT and not _fits(column, name):
            return ""
        if name == "review" and column.numbers == column.filled:
            return ""
        if name == "domains" and plain_header(column.title) in MUST_FIT and not self._has_domains(column):
            return ""
        if name == "value" and any(is_period(one.title) for one in self.seen.columns):
            return ""
        if name == "respondent" and (self.respondent or column.different < column.filled):
            return ""
        if name == "period" and not _all_some(column, is_period):
            return ""
        return name

    def _wide(self, column: ColumnSeen) -> dict[str, str] | None:
        """What a column is of which every cell makes a row; None if it is not one."""
        at = ("columns", column.title)
        if self.layout == "indicators":
            if plain_header(column.title) in COMPARED:
                self.remark(*at, said="a figure to compare with belongs to one period, so it is not imported")
                return None
            if is_period(column.title):
                return {"is": "period"}
            if 2 * column.numbers <= column.filled:
                return None
            others = [column_of(one.title, ("period", "indicator")) for one in self.seen.columns]
            if "indicator" in others:
                # Every row has an indicator of its own, so a number beside it is no other one.
                self.remark(*at, said="if these are the values, write: value")
                return None
            return {"is": "indicator"} if "period" in others else None
        if self.layout == "case-scores":
            if not grades_in(column) or plain_header(column.title) in CASES:
                return None
            self._grade(column)
            return self._with_name(column, {"is": "standard"})
        if self.layout == "survey-responses":
            return self._of_survey(column)
        return None

    def _of_survey(self, column: ColumnSeen) -> dict[str, str] | None:
        at = ("columns", column.title)
        if self.tool and is_of_tool(column.title):
            return None
        asked = plain_header(self.named.get(column.title, column.title))
        if {plain_header(column.title), asked} & set(CHARACTERISTICS) and column.few:
            self.remark(*at, said=_examples(column))
            return self._with_name(column, {"is": "characteristic"})
        options = [] if answers_in(column) else column.options
        if options and not self._mostly_answers(column):
            self.proposal.options[column.title] = options
            self.remark(*at, said="several answers in one cell: left out, unless each becomes a question")
            return None
        if answers_in(column) or self._mostly_answers(column):
            self._word_values(column, "answer")
            if column.numbers == column.filled:
                self.remark(*at, said="are these answers, and is 5 the best?")
            if may_be_bad(asked):
                self.remark(*at, said=AGREEING_BAD)
            return self._with_name(column, {"is": "question"})
        return None

    def _mostly_answers(self, column: ColumnSeen) -> bool:
        known = sum(times for text, times in column.words.items() if is_answer(text))
        return 0 < column.different <= 12 and 2 * known > column.filled and not column.numbers

    def _with_name(self, column: ColumnSeen, use: dict[str, str]) -> dict[str, str]:
        name = self.named.get(column.title, "")
        return {**use, "named": name} if name and name != column.title else use

    def _meanings(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.proposal.mapping["values"].setdefault(name, {})
        return found

    def _word_values(self, column: ColumnSeen, name: str) -> None:
        """What the words of a column mean, as far as its layout does not take them by itself."""
        if name == "domains":
            self._titles(column)
        if name not in (*WORDED, "answer"):
            return
        model = row_model(self.layout)
        for text in column.few:
            if same_words(text) in MEANINGS.get(name, {}) and not is_taken(model, name, text):
                self._meanings(name)[text] = MEANINGS[name][same_words(text)]
            elif not is_taken(model, name, text):
                unknown = self.proposal.unknown.setdefault(name, [])
                unknown += [text] if text not in unknown else []
        if not self.proposal.mapping["values"].get(name):
            self.proposal.mapping["values"].pop(name, None)

    def _has_domains(self, column: ColumnSeen) -> bool:
        """Whether a column holds a domain of the framework; True where no framework is known."""
        if self.framework is None:
            return True
        names = {*_ids_by_title(self.framework), *map(same_words, self.framework.domains)}
        return any(same_words(part) in names for text in column.words for part in (text, *text.split(";")))

    def _titles(self, column: ColumnSeen) -> None:
        """The ids of the domains whose titles are in a column."""
        if self.framework is None:
            return
        ids = _ids_by_title(self.framework)
        for text in column.few:
            for part in (text,) if same_words(text) in ids else text.split(";"):
                name = part.strip()
                if same_words(name) in ids:
                    self._meanings("domains")[name] = ids[same_words(name)]
                elif name and name not in self.framework.domains:
                    unknown = self.proposal.unknown.setdefault("domains", [])
                    unknown += [name] if name not in unknown else []
        if not self.proposal.mapping["values"].get("domains"):
            self.proposal.mapping["values"].pop("domains", None)

    def _grade(self, column: ColumnSeen) -> None:
        words = [same_words(text) for text in column.few if same_words(text) not in MEANINGS["score"]]
        scale = scale_of(words)
        for text in column.few:
            word = same_words(text)
            if word in MEANINGS["score"]:
                self._meanings("score")[text] = ""
            elif scale:
                number = next(i for i, grade in enumerate(scale, start=1) if word in grade)
                self._meanings("score")[text] = str(number)
        self.scales[column.title] = len(scale) if scale else max(4, *(int(word) for word in words))
        if not scale:
            self.numbered.append(column.title)

    # --- what all rows have in common, by layout -----------------------------------------------------------

    def _common(self, **said: str) -> None:
        given = self.proposal.mapping["with"]
        for name, text in said.items():
            given.setdefault(name, text)

    def _source(self) -> None:
        """One source for the file, unless a column names the sources."""
        if "source" in self.taken:
            return
        self._common(source=self.stem)
        self.remark("with", "source", said="index number of the source")
        kind = KIND_OF_SOURCE.get(self.layout, "")
        self.proposal.mapping["source"] = {"title": self.stem, "kind": kind, "dated": ""}
        self.remark("source", said="recorded if it is not there yet")
        self.remark("source", "dated", said="its date, e.g. 31 May 2004")
        if not kind:
            self.remark("source", "kind", said="open: which kind of source it is")

    def _findings(self) -> None:
        self._source()
        if "locator" not in self.taken:
            self._common(locator="row {row}")
        self._ask("finding", "direction", "significance")

    def _scales(self) -> None:
        """The best score: one for all standards, or one for each where their scales differ."""
        if self.numbered:
            # A standard of which nobody scored the best is on the scale of the others.
            best = max(self.scales[title] for title in self.numbered)
            self.scales |= dict.fromkeys(self.numbered, best)
            self.remark("with", "scale_max", said="the best possible score?")
        if len(set(self.scales.values())) == 1:
            self._common(scale_max=str(next(iter(self.scales.values()))))
            return
        for title, best in self.scales.items():
            self.uses[title] = {**self.uses[title], "with": {"scale_max": str(best)}}

    def _scores(self) -> None:
        self._scales()
        case = next((one.title for one in self.seen.columns if plain_header(one.title) in CASES), "")
        if case:
            self.uses[case] = LEFT_OUT
            self.remarks_of(case, "numbers the case files: it is in 'with' and 'source', in braces")
            self._common(source=f"C-{{{case}}}", locator="{column}")
            self.proposal.mapping["source"] = {"title": f"Case file {{{case}}}", "kind": "case_file"}
            self.remark("source", said="one for every case file, recorded if it is not there yet")
        else:
            self._source()
            self._common(locator="row {row}, {column}")
        if "score" in self.proposal.unknown:
            self.remark("values", "score", said="say what every word scores")

    def remarks_of(self, title: str, said: str) -> None:
        """Replace what is remarked on a column."""
        self.proposal.remarks[("columns", title)] = said

    def _answers(self) -> None:
        self._source()
        if "respondent" not in self.taken:
            self._common(respondent="{row}")
            self.remark("with", "respondent", said="no column numbers the respondents, so their rows do")
        if "group" not in self.taken:
            self._common(group="All respondents")
            self.remark("with", "group", said="who answered")
        if not any(isinstance(use, dict) and use["is"] == "question" for use in self.uses.values()):
            self.remark("columns", said="open: no column holds answers on a scale")

    def _indicators(self) -> None:
        self._source()
        wide = {use["is"] for use in self.uses.values() if isinstance(use, dict)}
        if "period" in wide:
            by_name = self.taken.get("indicator")
            self._common(locator=f"{{{by_name}}}, {{column}}" if by_name else "row {row}, {column}")
            self.proposal.mapping["columns"] = {
                title: use for title, use in self.uses.items() if use != {"is": "period"}
            }
            self.proposal.mapping["period_columns"] = True
            years = [title for title, use in self.uses.items() if use == {"is": "period"}]
            self.remark("period_columns", said=f"here: {listed(years)}")
        elif "indicator" in wide:
            period = self.taken.get("period")
            self._common(locator=f"{{column}}, {{{period}}}" if period else "row {row}, {column}")
        else:
            self._common(locator="row {row}")
            self._ask("period", "value")
        self._ask(*(() if "indicator" in wide else ("indicator",)), "better")

    def _ask(self, *names: str) -> None:
        """Leave open what every row needs and no column holds."""
        for name in names:
            if name not in self.taken:
                self._common(**{name: ""})
                said = row_model(self.layout).model_fields[name].description or ""
                self.remark("with", name, said=f"open, for every row: {said.rstrip('.')}")


def _ids_by_title(framework: Framework) -> dict[str, str]:
    """The ids of domains by their titles in either language, as `same_words` makes them."""
    return {
        same_words(in_language(domain.title, language)): key
        for key, domain in framework.domains.items()
        for language in ("cy", "en")
    }


def _all_some(column: ColumnSeen, test: Callable[[str], bool]) -> bool:
    return bool(column.words) and all(map(test, column.words))


def _examples(column: ColumnSeen) -> str:
    """How many values a column has, and some of them."""
    some = [text if len(text) <= 40 else f"{text[:37]}..." for text in list(column.words)[:SHOWN]]
    if column.longest > 200:
        return f"{many(column.filled, 'text')}"
    while len(some) > 1 and len(", ".join(some)) > MOST_SHOWN:
        some.pop()
    more = f" and {column.different - len(some):,} more" if column.different > len(some) else ""
    return f"{', '.join(some)}{more}"
