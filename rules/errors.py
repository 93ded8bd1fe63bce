"""Every error the project raises on purpose, drawn once.

ReviewError                     what, where, what would do (exit code 1)
|- ProblemsFound                several problems of one file or rulebook, reported together
|- UnknownName                  an id that nothing carries, with "did you mean"
|- PolicyFileInvalid            a framework, rulebook or cases file that is not well formed (ProblemsFound)
|- ImportRefused                evidence files with problems; nothing was stored (ProblemsFound)
|- EvidenceInvalid              one item, tag or source that cannot be stored
|- DatabaseUnusable             missing, locked, truncated, newer, or not a database
|- EngineRefused                facts or rules the inference engine must never see
|- EngineFailed                 the inference engine crashed, hung or answered nonsense
|- EnginesDisagree              the engine's firings differ from the evaluator's; nothing is recorded
|- UserInvalid                  a user, role or password that will not do
|- SignInRefused                a name and password that sign nobody in, or too many tries
|- TextTooLong                  a text that is longer than what is stored
|- WordsMissing                 an action without who does it, why, or its text
|- WorkersFailed                processes or a cluster that could not do their part of the work
|- DecisionRefused              a decision, challenge or vote that may not be as things stand
|- RunImpossible                a run that cannot be made from what there is
`- RunUnreadable                a recorded run of another version that this one cannot read
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.grouping import grouped
from rules.limits import MOST_COMPARED, MOST_PROBLEMS, shortened
from rules.words import listed

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError

    # Who refuses something brings it; processes that refuse nothing need not load some thirty classes.
    from rules.remedy import Remedy

Word = Callable[["Remedy"], str]
"""How a face says a remedy: a sentence, or nothing where the remedy cannot be done there."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: where it is, what it is, how to correct it; each cut where it is long."""

    where: str
    message: str
    hint: str = ""
    remedies: tuple[Remedy, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for name in ("where", "message", "hint"):
            object.__setattr__(self, name, shortened(getattr(self, name)))

    def advice(self, word: Word = repr) -> str:
        """What would do: the hint, and each remedy as `word` says it."""
        return " ".join(filter(None, (self.hint, *map(word, self.remedies))))

    def worded(self, word: Word) -> str:
        """The problem in one line, each remedy as `word` says it."""
        return f"{self.where}: {self.message} {self.advice(word)}".rstrip()

    def __str__(self) -> str:
        return self.worded(repr)


class ReviewError(Exception):
    """Root of all errors: a message in the user's words, a place, a hint, and remedies as data."""

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", remedies: Sequence[Remedy] = ()
    ) -> None:
        message = "\n".join(map(shortened, message.split("\n")[: MOST_PROBLEMS + 2]))
        super().__init__(message)
        self.message = message
        self.where = shortened(where)
        self.hint = shortened(hint)
        self.remedies = tuple(remedies)

    def worded(self, word: Word) -> str:
        """The error as a face says it: the message, then in lines of their own the hint and the remedies."""
        place = f"{self.where}: " if self.where else ""
        return "\n  ".join(filter(None, (f"{place}{self.message}", *self._lines(word))))

    def _lines(self, word: Word) -> list[str]:
        return [self.hint, *map(word, self.remedies)]

    def __str__(self) -> str:
        return self.worded(repr)


class ProblemsFound(ReviewError):
    """All the problems of one or several files at once, in the order of the files.

    What says the same of several rows is one line. At most MOST_PROBLEMS lines; `more` says how many problems
    there are beyond.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[Problem],
        *,
        hint: str = "",
        more: int = 0,
        remedies: Sequence[Remedy] = (),
    ) -> None:
        super().__init__(message, hint=hint, remedies=remedies)
        lines, beyond = grouped(problems)
        self.problems = tuple(lines)
        self.more = more + beyond

    def _lines(self, word: Word) -> list[str]:
        more = f"... and {self.more:,} more of the same files" if self.more else ""
        return [*(problem.worded(word) for problem in self.problems), more, *super()._lines(word)]


class PolicyFileInvalid(ProblemsFound):
    """A framework, rulebook or cases file is not well formed."""


class ImportRefused(ProblemsFound):
    """Evidence files hold problems; none of their rows were stored."""


class UnknownName(ReviewError):
    """An id that is not known; the hint names the nearest ones."""

    def __init__(
        self, kind: str, given: str, allowed: Iterable[str], *, where: str = "", hint: str = ""
    ) -> None:
        said, names = shortened(given, LONGEST_NAMED), list(allowed)
        if kind in ("domain", "domain or question") and not hint:
            from rules.spellings import of_other_framework  # it knows what errors say

            hint = of_other_framework("domain", said, names)
        super().__init__(f"there is no {kind} {said!r}", where=where, hint=hint or suggest(given, names))
        self.given = given


class EvidenceInvalid(ReviewError):
    """One source, item or tag cannot be stored as given."""


class DatabaseUnusable(ReviewError):
    """The working database is missing, locked, truncated, newer than this software, or not a database."""


class EngineRefused(ReviewError):
    """Facts or rules that are known to crash, hang or silently mislead the inference engine."""


class EngineFailed(ReviewError):
    """The inference engine ended early, took too long, or reported an error."""


class EnginesDisagree(ReviewError):
    """The inference engine and the plain evaluator fired different rules; no rating is recorded."""


class UserInvalid(ReviewError):
    """A user, a role or a password is not valid."""


class SignInRefused(ReviewError):
    """The name or the password is wrong, or there were too many attempts."""


class WordsMissing(ReviewError):
    """An action lacks something that has to be recorded: who does it, why, or its text."""


class TextTooLong(ReviewError):
    """A name, a reason, a note or another text is longer than what is stored."""

    def __init__(self, what: str, length: int, longest: int) -> None:
        super().__init__(
            f"the {NAMES_OF_TEXTS.get(what, what)} has {length:,} characters; at most {longest:,} are stored",
            hint="Shorten it.",
        )


NAMES_OF_TEXTS = {"by": "name of the person", "because": "reason", "ref": "index number", "exact": "quote"}
"""What texts are called, where not by their column."""


class WorkersFailed(ReviewError):
    """Processes or a cluster could not do their part of the work; it has no result."""


class ReportNotRendered(ReviewError):
    """A report could not be made into a file of the format that was asked for."""


class DecisionRefused(ReviewError):
    """A decision, an approval, a challenge or a vote is not possible at present."""


class RunImpossible(ReviewError):
    """A run could not be recorded, shown or compared from what the database holds."""


class RunUnreadable(ReviewError):
    """A recorded run was made by another version, and this one cannot read its record."""


LONGEST_NAMED = 100
"""Characters of a name that is said or compared; comparing costs the square of its length, and more."""


def suggest(given: str, allowed: Iterable[str], *, most: int = 12) -> str:
    """A hint: 'did you mean ...?' when something is close, else the allowed values (at most `most`).

    Long names are compared with nothing, and of very many names the first MOST_COMPARED are.
    """
    names = sorted({str(name) for name in allowed})
    lowered = {name.lower(): name for name in names if len(name) <= LONGEST_NAMED}
    comparable = list(lowered)[:MOST_COMPARED] if len(str(given)) <= LONGEST_NAMED else []
    import difflib  # every process of a command loads this module, and few suggest anything

    close = difflib.get_close_matches(str(given).lower(), comparable, n=2, cutoff=0.6)
    if close:
        return "Did you mean " + listed((repr(lowered[name]) for name in close), "or") + "?"
    if not names:
        return ""
    shown = ", ".join(shortened(name, LONGEST_NAMED) for name in names[:most])
    shown += f" and {len(names) - most} more" if len(names) > most else ""
    return f"Allowed: {shown}."


def refuse(expected: str, hint: object = "") -> PydanticCustomError:
    """What a validator raises: what was expected, and a hint (anything whose str() says it)."""
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("expected", "{expected}", {"expected": expected, "hint": hint})


class Near:
    """The hint 'did you mean': found only when somebody reads it, for it is the dearest part of a problem."""

    def __init__(self, given: str, allowed: Iterable[str], otherwise: str = "") -> None:
        self.given, self.allowed, self.otherwise = given, allowed, otherwise

    def __str__(self) -> str:
        return (suggest(self.given, self.allowed) if self.given else "") or self.otherwise
