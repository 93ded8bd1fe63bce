"""Frameworks and rulebooks read from the library (or a folder), checked as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from pydantic import BaseModel

from rules.compile import Compiled, compile_rulebook
from rules.errors import UnknownName, suggest
from rules.framework import Framework
from rules.policyfile import PolicyText, load_policy_file
from rules.rulebook import RATING_FILTERS, Criterion, Measure, Of, Policy, Rulebook, RuleSet, Statistic

LIBRARY = Path(__file__).parent / "library"


def digest_of(model: BaseModel) -> str:
    """SHA-256 (hex) of a model's canonical JSON: what a run names as its frozen input."""
    text = json.dumps(
        model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class PolicySet:
    """A framework and its rulebook, well formed and compiled."""

    framework: Framework
    rulebook: Rulebook

    @cached_property
    def compiled(self) -> Compiled:
        """The rules of the three strata."""
        return compile_rulebook(self.framework, self.rulebook)

    @cached_property
    def framework_digest(self) -> str:
        """SHA-256 of the framework."""
        return digest_of(self.framework)

    @cached_property
    def rulebook_digest(self) -> str:
        """SHA-256 of the rulebook."""
        return digest_of(self.rulebook)


def library_ids(library: Path = LIBRARY) -> list[str]:
    """The ids of the frameworks in the library, in alphabetical order."""
    return sorted(folder.name for folder in library.iterdir() if (folder / "framework.yml").is_file())


def load_policy(framework_id: str, library: Path = LIBRARY) -> PolicySet:
    """The framework and rulebook of the library; raises UnknownName or PolicyFileInvalid."""
    ids = library_ids(library)
    if framework_id not in ids:
        raise UnknownName("framework", framework_id, ids)
    return load_policy_folder(library / framework_id)


def load_policy_folder(folder: Path) -> PolicySet:
    """framework.yml and rulebook.yml of a folder; raises PolicyFileInvalid with all problems of a file."""
    framework = load_framework(folder / "framework.yml")
    return PolicySet(framework, load_rulebook(folder / "rulebook.yml", framework))


def load_framework(path: Path) -> Framework:
    """The framework in a YAML file; raises PolicyFileInvalid with all its problems."""
    return load_policy_file(path, Framework)[0]


def load_rulebook(path: Path, framework: Framework) -> Rulebook:
    """The rulebook in a YAML file, checked against `framework`; raises PolicyFileInvalid."""
    return load_policy_file(path, Rulebook, partial(_check_against, framework=framework))[0]


def _check_against(found: PolicyText, rulebook: Rulebook, framework: Framework) -> None:
    if rulebook.framework != framework.id:
        found.problem(
            ["framework"],
            f"this rulebook belongs to {rulebook.framework!r}, not to {framework.id!r}.",
        )
        return
    _check_measures(found, rulebook, framework)
    questions = {q.id: q for q in framework.questions}
    sections: list[tuple[str, Mapping[str, object], list[str]]] = [
        ("domain_defaults", questions, [q.id for q in framework.questions if q.domains]),
        ("domains", framework.domains, []),
        ("questions", questions, list(questions)),
    ]
    for section, allowed, needed in sections:
        blocks: dict[str, RuleSet] = getattr(rulebook, section)
        for name in sorted(set(needed) - set(blocks)):
            found.problem([section], f"the rules of {name!r} are missing here.")
        for name, rules in blocks.items():
            if name not in allowed:
                found.problem([section, name], f"{framework.id} has no {name!r}.", suggest(name, allowed))
            else:
                target = name
                if section == "domain_defaults":
                    inside = framework.question(name).domains
                    if not inside:
                        found.problem([section, name], f"the question {name!r} has no domains.")
                        continue
                    target = inside[0].id
                _RuleSetCheck(found, rulebook, framework, [section, name], target).check(rules)
    _check_single_domains_have_sources(found, rulebook)


def _check_measures(found: PolicyText, rulebook: Rulebook, framework: Framework) -> None:
    levels = {level.id for q in framework.questions for level in q.levels_of_domains}
    strands = {strand.id for strand in framework.strands}
    seen: set[str] = set()
    for position, measure in enumerate(rulebook.measures):
        path: list[str | int] = ["measures", position]
        if measure.id in seen:
            found.problem([*path, "id"], f"the measure {measure.id!r} appears twice here.")
        seen.add(measure.id)
        if measure.domain is not None and measure.domain not in framework.domains:
            hint = suggest(measure.domain, framework.domains)
            found.problem([*path, "domain"], f"{framework.id} has no domain {measure.domain!r}.", hint)
        for part in ("where", "among"):
            filters = getattr(measure, part)
            for name in RATING_FILTERS:
                level = getattr(filters, name)
                if level is not None and level not in levels:
                    found.problem(
                        [*path, part, name], f"no scale has a level {level!r}.", suggest(level, levels)
                    )
            for strand in filters.strand or ():
                if strand not in strands:
                    hint = suggest(strand, strands)
                    found.problem([*path, part, "strand"], f"{framework.id} has no strand {strand!r}.", hint)


def _check_single_domains_have_sources(found: PolicyText, rulebook: Rulebook) -> None:
    for name, rules in rulebook.domains.items():
        for part, position, criterion in _placed(rules):
            if "illustration" in criterion.reference.lower():
                found.problem(
                    ["domains", name, *part.split("/"), position, "reference"],
                    f"{criterion.id}: a threshold for a single domain needs a published reference.",
                    "Cite the document and section, or use the default of the question.",
                )


@dataclass
class _RuleSetCheck:
    """The checks of one block of rules against the framework."""

    found: PolicyText
    rulebook: Rulebook
    framework: Framework
    path: list[str | int]
    target: str

    def check(self, rules: RuleSet) -> None:
        scale = [level.id for level in self.framework.scale_of(self.target)]
        self._check_levels(rules, scale)
        for part, position, criterion in _placed(rules):
            at = [*self.path, *part.split("/"), position]
            self._check_criterion(at, criterion)
        for position, limit in enumerate(rules.limits):
            if limit.no_better_than not in scale:
                self.found.problem(
                    [*self.path, "limits", position, "no_better_than"],
                    f"the scale has no level {limit.no_better_than!r}.",
                    suggest(limit.no_better_than, scale),
                )
        self._check_ids(rules)

    def _check_levels(self, rules: RuleSet, scale: list[str]) -> None:
        for name in rules.levels:
            if name not in scale:
                self.found.problem(
                    [*self.path, "levels", name], f"the scale has no level {name!r}.", suggest(name, scale)
                )
        if rules.propose == "people":
            if rules.levels or rules.limits:
                self.found.problem(
                    [*self.path, "propose"],
                    "where people decide the level, there can be no criteria or limits.",
                )
            return
        first, rest = scale[0], scale[1:]
        empty = [name for name, criteria in rules.levels.items() if name in scale and not criteria]
        for name in empty:
            self.found.problem([*self.path, "levels", name], f"the level {name!r} has no criteria.")
        missing = [name for name in rest if name not in rules.levels]
        if rules.policy is Policy.SECURE_FIT:
            if first in rules.levels:
                self.found.problem(
                    [*self.path, "levels", first],
                    f"under secure-fit the lowest level, {first!r}, is what remains and takes no criteria.",
                )
        elif first not in rules.levels:
            missing.insert(0, first)
        for name in missing:
            self.found.problem([*self.path, "levels"], f"the level {name!r} has no criteria here.")

    def _check_criterion(self, at: list[str | int], criterion: Criterion) -> None:
        measures = {measure.id: measure for measure in self.rulebook.measures}
        measure = measures.get(criterion.measure)
        if measure is None:
            self.found.problem(
                [*at, "measure"],
                f"no measure is called {criterion.measure!r}.",
                suggest(criterion.measure, measures),
            )
            return
        about_ratings = not self.framework.is_domain(self.target)
        if (measure.of is Of.RATINGS) != about_ratings:
            made_of = "ratings" if about_ratings else "evidence"
            self.found.problem(
                [*at, "measure"], f"a measure of {made_of} is needed here, not {measure.id!r}."
            )
        elif about_ratings:
            self._check_levels_filtered(at, measure)
        for name in ("because", "reference"):
            if not getattr(criterion, name).strip():
                self.found.problem([*at, name], f"{name!r} is empty.")
        self._check_threshold(at, criterion, measure.statistic, measure.domain)

    def _check_levels_filtered(self, at: list[str | int], measure: Measure) -> None:
        names = [level.id for level in self.framework.question_of[self.target].levels_of_domains]
        somewhere = {level.id for q in self.framework.questions for level in q.levels_of_domains}
        for level in (measure.where.level_at_least, measure.where.level_at_most):
            if level in somewhere and level not in names:
                self.found.problem(
                    [*at, "measure"],
                    f"{measure.id!r} counts the level {level!r}, which {self.target!r} does not have.",
                    suggest(level, names),
                )

    def _check_threshold(
        self, at: list[str | int], criterion: Criterion, statistic: Statistic, domain: str | None
    ) -> None:
        given = criterion.threshold
        for value in given if isinstance(given, tuple) else (given,):
            place = [*at, criterion.test]
            if isinstance(value, str):
                if statistic is Statistic.RATING and domain is not None:
                    if domain not in self.framework.domains:
                        continue
                    allowed = [level.id for level in self.framework.scale_of(domain)]
                elif statistic is Statistic.LOWEST:
                    question = self.framework.question_of[self.target]
                    allowed = [level.id for level in question.levels_of_domains]
                else:
                    self.found.problem(place, f"a number is needed here, not {value!r}.")
                    continue
                if value not in allowed:
                    self.found.problem(place, f"the scale has no level {value!r}.", suggest(value, allowed))
            elif isinstance(value, bool) or not -1e12 < value < 1e12:
                self.found.problem(place, f"a plain number is needed here, not {value!r}.")
            elif value != round(value, 4):
                self.found.problem(place, f"thresholds have at most four decimals; found {value!r}.")

    def _check_ids(self, rules: RuleSet) -> None:
        seen: set[tuple[str, str]] = set()
        for part, position, criterion in _placed(rules):
            if (part, criterion.id) in seen:
                self.found.problem(
                    [*self.path, *part.split("/"), position, "id"],
                    f"the criterion {criterion.id!r} appears twice here.",
                )
            seen.add((part, criterion.id))


def _placed(rules: RuleSet) -> Iterator[tuple[str, int, Criterion]]:
    groups: Iterable[tuple[str, tuple[Criterion, ...]]] = [
        ("sufficiency", rules.sufficiency),
        *((f"levels/{level}", criteria) for level, criteria in rules.levels.items()),
        ("limits", rules.limits),
    ]
    for part, criteria in groups:
        for position, criterion in enumerate(criteria):
            yield part, position, criterion
