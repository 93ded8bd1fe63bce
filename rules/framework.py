"""What is judged: a framework's questions, scales, domains and what reviewers look for."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from threading import RLock
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rules.errors import UnknownName
from rules.spellings import Spellings

BUILDING = RLock()


class PolicyModel(BaseModel):
    """Base of everything read from a policy file: frozen, unknown keys refused.

    What checks the values is built when the first one is read, since many commands read none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,), defer_build=True)

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build what checks the values, in one thread at a time (pydantic itself has no lock)."""
        with BUILDING:
            return super().model_rebuild(**options)


def _as_languages(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


def _has_english(value: dict[str, str]) -> dict[str, str]:
    if "en" not in value:
        raise ValueError("an English text (en) is needed")
    if not all(text.strip() for text in value.values()):
        raise ValueError("a text is empty")
    return value


Words = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], str],
    BeforeValidator(_as_languages),
    AfterValidator(_has_english),
    Field(description="A text, or texts per language: {en: ..., cy: ...}."),
]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]


def in_language(words: dict[str, str], language: str = "en") -> str:
    """The text in `language`, or in English where that language is not given."""
    return words.get(language, words["en"])


class Level(PolicyModel):
    """One level of a scale."""

    id: Id = Field(description="Short name of the level, e.g. mainly-good.")
    title: Words = Field(description="What people read, per language.")


class Domain(PolicyModel):
    """One heading under a question, rated on its own."""

    id: Id = Field(description="Short name of the domain, e.g. getting-help.")
    title: Words = Field(description="What people read, per language.")
    looks_for: tuple[str, ...] = Field(default=(), description="What reviewers look for under this heading.")
    reference: str = Field(default="", description="Where the heading comes from.")


class Question(PolicyModel):
    """One axis of the judgement: a question, its scale and its domains."""

    id: Id = Field(description="Short name of the question, e.g. services.")
    title: Words = Field(description="The question as it is asked.")
    scale: tuple[Level, ...] = Field(min_length=2, max_length=10, description="Levels, worst to best.")
    domain_scale: tuple[Level, ...] | None = Field(
        default=None, min_length=2, max_length=10, description="Levels of the domains where they differ."
    )
    domains: tuple[Domain, ...] = Field(default=(), description="The headings rated under the question.")

    @property
    def levels_of_domains(self) -> tuple[Level, ...]:
        """The scale on which the question's domains are rated."""
        return self.domain_scale or self.scale


class Strand(PolicyModel):
    """A group of people the evidence is about."""

    id: Id = Field(description="Short name of the strand, e.g. carers.")
    title: Words = Field(description="What people read, per language.")


class Framework(PolicyModel):
    """What is judged: one or two questions (the axes of the grid), their scales and domains."""

    id: Id = Field(description="Short name of the framework, e.g. wales-round-2.")
    title: Words = Field(description="What people read, per language.")
    reference: str = Field(description="The documents the framework is taken from.")
    note: str = Field(default="", description="A note for readers on this version.")
    strands: tuple[Strand, ...] = Field(min_length=1, description="Groups of people evidence may be about.")
    questions: tuple[Question, ...] = Field(min_length=1, max_length=2, description="The axes of the grid.")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Framework:
        targets = [q.id for q in self.questions] + [d.id for q in self.questions for d in q.domains]
        for kind, names in [
            ("question or domain", targets),
            ("strand", [s.id for s in self.strands]),
            *((f"level of {q.id}", [level.id for level in q.scale]) for q in self.questions),
            *((f"domain level of {q.id}", [lv.id for lv in q.levels_of_domains]) for q in self.questions),
        ]:
            twice = sorted(name for name, times in Counter(names).items() if times > 1)
            if twice:
                raise ValueError(f"{kind} named twice: {', '.join(twice)}")
        if "cell" in targets:
            raise ValueError("'cell' is the name of the grid position and cannot name a question or domain")
        return self

    @cached_property
    def question_of(self) -> dict[str, Question]:
        """The question of every domain, and of every question itself, by id."""
        found = {q.id: q for q in self.questions}
        found.update({d.id: q for q in self.questions for d in q.domains})
        return found

    @cached_property
    def domains(self) -> dict[str, Domain]:
        """All domains by id, in the order of the framework."""
        return {d.id: d for q in self.questions for d in q.domains}

    @cached_property
    def domain_names(self) -> Spellings:
        """The domains by id or title."""
        return Spellings("domain", {name: domain.title for name, domain in self.domains.items()})

    @cached_property
    def strand_names(self) -> Spellings:
        """The strands by id or title."""
        return Spellings("strand", {strand.id: strand.title for strand in self.strands})

    @cached_property
    def target_names(self) -> Spellings:
        """All that is rated, by id or title: domains and questions."""
        titles = {question.id: question.title for question in self.questions}
        return Spellings(
            "domain or question", {**titles, **{name: one.title for name, one in self.domains.items()}}
        )

    def question(self, question_id: str) -> Question:
        """The question with this id; raises UnknownName."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise UnknownName("question", question_id, [q.id for q in self.questions])

    def is_domain(self, target: str) -> bool:
        """Whether `target` is a domain (and not a question)."""
        return target in self.domains

    def title_of(self, target: str, language: str = "en") -> str:
        """The title of a domain or question; raises UnknownName."""
        self.check_target(target)
        words = self.domains[target].title if target in self.domains else self.question(target).title
        return in_language(words, language)

    def scale_of(self, target: str) -> tuple[Level, ...]:
        """The levels, worst to best, on which a domain or question is rated; raises UnknownName."""
        self.check_target(target)
        question = self.question_of[target]
        return question.levels_of_domains if target in self.domains else question.scale

    def level_number(self, target: str, level_id: str) -> int:
        """1 (worst) to n (best) for a level id of the target's scale; raises UnknownName."""
        names = [level.id for level in self.scale_of(target)]
        if level_id not in names:
            raise UnknownName(f"level of {target}", level_id, names)
        return names.index(level_id) + 1

    def level(self, target: str, number: int) -> Level:
        """The level with this number (1 is worst) on the target's scale."""
        return self.scale_of(target)[number - 1]

    def check_target(self, target: str) -> None:
        """Raise UnknownName unless `target` is a domain or a question of the framework."""
        if target not in self.question_of:
            raise UnknownName("domain or question", target, self.question_of)
