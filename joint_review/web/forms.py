"""Forms: the one way in which a page changes something.

A form belongs to a page, and its address is that of the page with one word more (`Form`). What happens to a
request, in this order:

1.  Whether who asks may do it, to the review in the address: before anything is read.
2.  The body, within limits, and the form's token, which a page of this server must have given out.
3.  `prepare`, where there is one: what takes long and changes nothing (reading uploaded files).
4.  In Datasette's one writing thread, and in one transaction: a form that was done before is answered as it
    was then (`NUMBER`); what the form rests on is compared with what is there now (`Form.rests_on`, see
    `state`); `act` does it. It checks the fields (`Sent.text` and the like, or its own with `Mistakes`) and
    calls one function of `evidence` or `assessment`, which is also what the command line calls. The clock is
    read and the name of who is signed in is taken here, and handed on as `at` and `by`. The answer is stored
    with the change.
5.  Done: 303 to the page with a message (`Done`); or, where something is wrong, the page again with status
    400, what is wrong beside its field, and what was typed kept. So too, with status 409, where somebody
    else changed what it rests on, which is shown beside what was typed; and with status 503, where the form
    could not be stored: the database stayed locked, or the disk is full.

Every form carries two things beside the token: a number of its own, made when it is rendered, and the number
of the last event when its page was read. A form without them (a program's) is done as often as it is sent,
on what is there when it comes in.

With `.json` behind the address the answers are {"ok": true, "message", ...} and {"ok": false, "error",
"mistakes", "problems", ...}. A GET leads to the page.

In a template, `{% import "frame/forms.html" as forms with context %}` gives the macros of fields; a form
begins with `{{ forms.token() }}`, which gives it the token and both numbers, and posts to `{{ address }}/`
and its name. `form` is the name of the form that could not be done, `refused` what is wrong in all
(`forms.refusal(refused)`), `mistakes` what is wrong by field and `typed` what was typed. `may` says what who
is signed in may do (`may.tag`).
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
import secrets
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic_core import PydanticCustomError

from evidence.coding.second_coding import refuse_blind
from evidence.files.texts import GivenFile
from evidence.rows import CONTROL
from joint_review.stopping import removed_at_the_end
from joint_review.web.access import actor_of, read, working_database, write
from joint_review.web.compat import Forbidden, Response, form_token
from joint_review.web.remedies import Refusal, problem_line, problem_words, refusal
from joint_review.web.state import SHOWN, Beside, ChangedMeanwhile, RestsOn, SetBack, merge
from joint_review.web.uploads import FormTooLarge, FormUnreadable, read_form
from programme.answers import Answer, find_answer, keep_answer
from programme.calendar import read_date
from programme.database import Database, transaction
from programme.permissions import Action, Actor
from rules.errors import DatabaseUnusable, ProblemsFound, ReviewError
from rules.limits import LONGEST_WORDS

MOST_VALUES = 300
"""Values of one field, e.g. items that are ticked: as many as a page shows."""
TOKEN, TOKEN_HEADER = "csrftoken", "x-csrftoken"
NUMBER = "form_number"
"""The field that tells one form that was given out from another, so that it is done once."""
LONGEST_NUMBER = 100
OF_THE_FRAME = frozenset({TOKEN, NUMBER, SHOWN})
"""Fields that are in every form, and that nobody types."""


CHOSEN = re.compile(r"[a-z0-9:._-]*")
"""What a field holds in which something is chosen, not typed: short names and numbers."""


def new_number() -> str:
    """A number for a form that is rendered, from the operating system's source of randomness."""
    return secrets.token_hex(16)


class Mistakes(ReviewError):
    """Fields of a form that will not do, each with what is wrong."""

    def __init__(self, mistakes: Mapping[str, str]) -> None:
        super().__init__("; ".join(mistakes.values()))
        self.mistakes = dict(mistakes)


@dataclass(frozen=True)
class Sent:
    """A form as it was sent: who, when, names from the address, fields, files."""

    names: Mapping[str, str]
    fields: Mapping[str, Sequence[str]]
    files: Sequence[GivenFile]
    actor: Actor
    at: datetime
    prepared: Any = None
    """What the form's `prepare` gave."""

    @property
    def by(self) -> str:
        """Who does it."""
        return self.actor.name

    @property
    def review(self) -> str:
        """Key of the review in the address."""
        return self.names["review"]

    def text(self, name: str, *, needed: str = "", longest: int = LONGEST_WORDS) -> str:
        """A field without blanks around it; raises Mistakes.

        `needed` is what is said when nothing stands in a field that must be filled in.
        """
        found = next(iter(self.texts(name, longest=longest)), "")
        if needed and not found:
            raise Mistakes({name: needed})
        return found

    def need(self, **said: str) -> None:
        """Raise Mistakes for all of these fields in which nothing stands, with what is said of each."""
        if wrong := {name: words for name, words in said.items() if not self.text(name)}:
            raise Mistakes(wrong)

    def texts(self, name: str, *, longest: int = LONGEST_WORDS) -> list[str]:
        """All values of a field that may be given several times, the empty ones left out; raises Mistakes."""
        found = [value.strip() for value in self.fields.get(name, ())]
        if any(len(value) > longest for value in found):
            raise Mistakes({name: f"This is longer than {longest:,} characters."})
        if len(found) > MOST_VALUES:
            raise Mistakes({name: f"Choose at most {MOST_VALUES} at a time."})
        if any(CONTROL.search(value) for value in found):
            raise Mistakes({name: "This contains a control character. Remove it."})
        return [value for value in found if value]

    def one_of(self, name: str, allowed: Iterable[str], *, needed: str = "") -> str:
        """A field with one of certain values (or nothing, unless `needed`); raises Mistakes."""
        found, names = self.text(name, needed=needed), list(allowed)
        if found and found not in names:
            raise Mistakes({name: f"{found[:40]!r} is not one of: {', '.join(names)}."})
        return found

    def whole(self, name: str, *, least: int = 0) -> int | None:
        """A field with a whole number, None where nothing stands; raises Mistakes."""
        found = self.text(name)
        if not found:
            return None
        if not (found.isascii() and found.isdigit() and len(found) < 16 and int(found) >= least):
            raise Mistakes({name: f"{found[:40]!r} is not a whole number from {least}."})
        return int(found)

    def day(self, name: str) -> date | None:
        """A field with a date as people write it, None where nothing stands; raises Mistakes."""
        try:
            return read_date(self.text(name, longest=40))
        except PydanticCustomError as error:
            hint = (error.context or {}).get("hint", "")
            raise Mistakes({name: f"This is not a date. {hint}".strip()}) from error

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))


@dataclass(frozen=True)
class Done:
    """What a form did."""

    message: str
    """One sentence for people, shown on the page that follows."""
    to: str = ""
    """What is put behind the address of the form's page, e.g. '#E12' or '/D-001'; or, beginning with
    '/reviews' or '/compare', an address of its own."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What a program is told beside the message."""
    then: Callable[[Database], Done] | None = None
    """What is done once the change is stored, outside its transaction; gives what was done in all."""

    @classmethod
    def as_stored(cls, answer: Answer) -> Done:
        """What `stored` gave."""
        return cls(answer["message"], answer["to"], answer["more"])

    def stored(self) -> Answer:
        """As JSON holds it."""
        return {"message": self.message, "to": self.to, "more": dict(self.more)}


Act = Callable[[Database, Sent], Done]
Prepare = Callable[[Any, Sent], Awaitable[Any]]


@dataclass(frozen=True)
class Form:
    """A form of a page."""

    page: str
    """The path of its page, as in `views.PAGES`."""
    name: str
    """What its own path has more than that of the page: one word."""
    action: Action
    """What one must be allowed to do, to the review in the path."""
    act: Act
    """What it does."""
    prepare: Prepare | None = None
    """What is done before, outside of the writing thread: given Datasette's database and what was sent."""
    files: bool = False
    """Whether files may come with it."""
    blind: bool = False
    """Whether who codes items of the review blind may send it: its answer tells what others made of none."""
    rests_on: RestsOn | None = field(kw_only=True)
    """What it was shown with and must not overwrite; None for a form that only adds something of its own."""

    @property
    def path(self) -> str:
        """The pattern of its path."""
        return f"{self.page}/{self.name}"


class Refused(Refusal):
    """What is wrong with a form in all, and sentences on what no field of it stands for."""

    problems: list[str]
    beside: list[Beside]
    """Where somebody else changed what the form rests on: each part as it was, is now and was typed."""
    changed_by: str
    """Who did, and when; empty where that is not so."""
    changed_at: str


@dataclass(frozen=True)
class Again:
    """A page that is shown again because its form could not be done."""

    form: str
    """Name of the form."""
    typed: Mapping[str, Sequence[str]]
    mistakes: Mapping[str, str]
    refused: Refused
    status: int = 400
    choices: Sequence[Any] = ()
    """What there is to choose from, where the error is that something was not clear."""
    shown: int | str = ""
    """The event up to which who typed it has seen what it rests on: the page may show more by now."""


@dataclass(frozen=True)
class LeftOut:
    """What a page that is shown again does not say by itself, since it shows the form no longer."""

    refused: bool
    """Whether it does not say what is wrong."""
    words: list[str]
    """What was typed and is not on it."""


def left_out(page: str, again: Again) -> LeftOut | None:
    """What of a form that could not be done is not on its page, as HTML; None where all of it is."""
    shown = html.unescape(page)
    words = [
        text.strip()
        for texts in again.typed.values()
        for text in texts
        if not CHOSEN.fullmatch(text.strip()) and text.strip() not in shown
    ]
    refused = 'class="refusal"' not in page
    return LeftOut(refused, words) if refused or words else None


Show = Callable[[Any, Any, Again], Awaitable[Any]]
Refuse = Callable[..., Awaitable[Any]]


async def submit(datasette: Any, request: Any, form: Form, show: Show, refuse: Refuse) -> Any:
    """The answer to a request to a form's address; `show` shows its page again, `refuse` an error."""
    names = {name: unquote(text) for name, text in request.url_vars.items() if text is not None}
    ending = names.pop("format", "")
    page = request.path.removesuffix(ending).removesuffix(f"/{form.name}")
    database = None
    try:
        database = await working_database(datasette, request.actor, form.action, names.get("review"))
        actor = actor_of(request.actor)
        if actor and "review" in names and not form.blind:
            await read(database, lambda db: refuse_blind(db, names["review"], actor.name))
        if request.method != "POST":
            query = f"?{request.query_string}" if request.query_string else ""
            return Response.redirect(f"{page}{ending}{query}", status=303)
        with _folder(form) as folder:
            return await _handle(
                datasette,
                request,
                form,
                show,
                names=names,
                page=page,
                ending=ending,
                database=database,
                folder=folder,
            )
    except FormTooLarge as error:
        return await refuse(datasette, request, error, database, status=413)
    except FormUnreadable as error:
        return await refuse(datasette, request, error, database, status=400)
    except OSError as error:
        return await refuse(datasette, request, _no_room(error), database)
    except (ReviewError, sqlite3.Error) as error:
        return await refuse(datasette, request, error, database)


async def typed(request: Any) -> list[str]:
    """What was written into a form that could not be taken: the texts of more than one word."""
    try:
        fields, _ = await read_form(request.headers.get("content-type", ""), request.receive, None)
    except (FormUnreadable, FormTooLarge):
        return []
    return [text.strip() for texts in fields.values() for text in texts if len(text.split()) > 1]


@contextmanager
def _folder(form: Form) -> Iterator[Path | None]:
    """Where the files of a form are put; others need no room, and go on where there is none."""
    if not form.files:
        yield None
        return
    with (
        tempfile.TemporaryDirectory(prefix="joint-review-") as folder,
        removed_at_the_end(Path(folder)) as put_aside,
    ):
        yield put_aside


async def _handle(
    datasette: Any,
    request: Any,
    form: Form,
    show: Show,
    *,
    names: dict[str, str],
    page: str,
    ending: str,
    database: Any,
    folder: Path | None,
) -> Any:
    fields, files = await read_form(request.headers.get("content-type", ""), request.receive, folder)
    _check_token(request, fields)
    actor = actor_of(request.actor)
    if actor is None:
        raise Forbidden("You need to sign in to change anything.")
    sent = Sent(names, fields, files, actor, datetime.now(UTC))
    key = await _key(form, sent)
    done = await _answered(database, key)
    try:
        if done is None:
            done = await _do(database, form, sent, key)
    except FormTooLarge:
        raise
    except ReviewError as error:
        # Sent twice at the same moment: what was there for the first may be refused to the second.
        done = await _answered(database, key)
        if done is None:
            again = _again(form, fields, error)
            if ending:
                said = {"ok": False, "status": again.status, "title": "Not done", **again.refused}
                del said["steps"]
                return Response.json({**said, "mistakes": again.mistakes}, status=again.status)
            return await show(datasette, request, again)
    if ending:
        return Response.json({"ok": True, "message": done.message, **done.more})
    datasette.add_message(request, done.message, datasette.INFO)
    return Response.redirect(_address(datasette, page, request, done.to), status=303)


async def _do(database: Any, form: Form, sent: Sent, key: str) -> Done:
    """Do a form, unless it has been done meanwhile; raises ReviewError."""
    if form.prepare:
        sent = replace(sent, prepared=await form.prepare(database, sent))

    def change(db: Database) -> Done:
        with transaction(db) as joined:
            if key and (answer := find_answer(joined, key)):
                return Done.as_stored(answer)
            merged = merge(joined, sent, form.rests_on)
            done = form.act(joined, merged.sent)
            done = replace(done, message=done.message + merged.words)
            if key:
                keep_answer(joined, key, done.stored(), at=sent.at)
        return done.then(db) if done.then else done

    found: Done = await write(database, change)
    return found


async def _answered(database: Any, key: str) -> Done | None:
    """What a form was answered that has been done before."""
    answer = await read(database, lambda db: find_answer(db, key)) if key else None
    return Done.as_stored(answer) if answer else None


async def _key(form: Form, sent: Sent) -> str:
    """What tells a form from every other: its number, who sent it, where, and all that it says.

    Somebody may go back to a page that was sent, and send it with other words: that is another form. Empty
    for a form without a number.
    """
    number = next(iter(sent.fields.get(NUMBER, ())), "")[:LONGEST_NUMBER]
    if not number:
        return ""
    fields = sorted((name, list(values)) for name, values in sent.fields.items() if name not in OF_THE_FRAME)
    said = json.dumps([number, sent.by, form.path, sorted(sent.names.items()), fields])
    files = await asyncio.to_thread(lambda: [(file.name, _digest_of(file)) for file in sent.files])
    return hashlib.sha256(json.dumps([said, files]).encode()).hexdigest()


def _digest_of(file: GivenFile) -> str:
    if isinstance(file.content, bytes):
        return hashlib.sha256(file.content).hexdigest()
    with file.content.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _no_room(error: OSError) -> ReviewError:
    """Files that came with a form could not be put aside to be read."""
    said = f"the server could not keep the files while reading them ({error.strerror or error})"
    return DatabaseUnusable(said, hint="Is its disk full? Nothing was changed; try again when there is room.")


def _check_token(request: Any, fields: Mapping[str, Sequence[str]]) -> None:
    """Raise Forbidden for a form without the token that its page gave out.

    Datasette looks for it too, but not in requests without cookies, and not for forms with files
    (`skip_csrf`), whose body it would read before anybody is asked for permission.
    """
    wanted = form_token(request)
    given = request.headers.get(TOKEN_HEADER) or next(iter(fields.get(TOKEN, ())), "")
    if wanted is not None and not secrets.compare_digest(wanted.encode(), given.encode()):
        raise Forbidden("this form is no longer valid: open the page again")


def _address(datasette: Any, page: str, request: Any, to: str) -> str:
    if to.startswith(("/reviews", "/compare")):
        return str(datasette.urls.path(to))
    if to.startswith(("/", "?")):
        return f"{page}{to}"
    query = f"?{request.query_string}" if request.query_string else ""
    return f"{page}{query}{to}"


def _again(form: Form, fields: Mapping[str, Sequence[str]], error: ReviewError) -> Again:
    typed = {name: list(values) for name, values in fields.items() if name not in OF_THE_FRAME}
    shown = next(iter(fields.get(SHOWN, ())), "")
    shown = shown if shown.isascii() and shown.isdigit() else ""
    if isinstance(error, Mistakes):
        wrong = ReviewError("please correct the fields marked below")
        places = getattr(error, "places", ())
        return Again(form.name, typed, error.mistakes, _refused(wrong), choices=places, shown=shown)
    if isinstance(error, ChangedMeanwhile):
        kept = {name: list(values) for name, values in error.kept.items() if name not in OF_THE_FRAME}
        return Again(form.name, kept, {}, _refused(error), 409, shown=error.event)
    if isinstance(error, ProblemsFound):
        beside = {problem.where: problem_words(problem) for problem in error.problems}
        mistakes = {name: words for name, words in beside.items() if name in typed}
        rest = [problem_line(problem) for problem in error.problems if problem.where not in mistakes]
        if error.more:
            rest.append(f"and {error.more:,} more")
        places = getattr(error, "places", ())
        return Again(form.name, typed, mistakes, _refused(error, rest), choices=places, shown=shown)
    if isinstance(error, SetBack):
        return Again(form.name, typed, {}, _refused(error), 409)
    choices = getattr(error, "places", ())
    # Locked, or no room on the disk: the form is right, and may be sent once more as it is.
    status = 503 if isinstance(error, DatabaseUnusable) else 400
    return Again(form.name, typed, {}, _refused(error), status, choices, shown)


def _refused(error: ReviewError, problems: Sequence[str] = ()) -> Refused:
    changed = error if isinstance(error, ChangedMeanwhile) else None
    return {
        **refusal(error),
        "problems": list(problems),
        "beside": changed.beside if changed else [],
        "changed_by": changed.by if changed else "",
        "changed_at": changed.at if changed else "",
    }
