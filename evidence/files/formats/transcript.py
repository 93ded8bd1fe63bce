"""Transcripts and subtitles: who says what, and when, a paragraph for each turn."""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from evidence.files.formats.said import COMMENT, Said
from rules.errors import EvidenceInvalid
from rules.words import listed

LONGEST_TURN, LONGEST_RUN = 60, 180
"""Seconds after which a turn goes on in a new paragraph: at the end of a sentence, and anywhere."""
ENDS = (".", "!", "?", "…")
TAG = re.compile(r"<([^<>]{0,300})>")
VOICE = re.compile(r"v(?:\.[^\s]{0,80})?[ \t\n]{1,20}(?=\S)")
NAMED = re.compile(r"([^:<>\[\]\n]{1,60}):[ \t\n]")
"""The name that Zoom and others write before the words of a speaker."""
TIMES = re.compile(r"[ \t]{0,20}(?:\d{1,6}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}[ \t]{0,20}-->")
SIDE_BLOCKS = ("NOTE", "STYLE", "REGION")
MOST_LINES = 8
"""Lines that are named in a note."""
UNREADABLE = "Export it again as WebVTT (.vtt) or SubRip (.srt)."


@dataclass
class Turn:
    """What somebody says from some second on."""

    begins: float
    speaker: str
    words: str
    parts: bool = False
    """Whether a paragraph begins here, whoever speaks."""


def transcript_sections(text: str, form: str, said: Said) -> list[str]:
    """The turns of a transcript ('vtt' or 'srt'), each with time and speaker: [00:01:05] Chair: Welcome.

    Words that follow each other make one paragraph as long as one person speaks, so that a sentence is whole.
    What has no time that can be read is named in `said`. Raises EvidenceInvalid for another format.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        captions = webvtt.from_buffer(io.StringIO(text), format=form).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise EvidenceInvalid(f"it is damaged ({error}).", hint=UNREADABLE) from None
    read = {line.strip() for caption in captions for line in caption.raw_text.split("\n")}
    _name_the_rest(text, form, read, len(captions), said)
    cues = [(caption.start_in_seconds, list(spoken(caption.raw_text))) for caption in captions]
    turns = [
        Turn(float(begins), speaker, words) for begins, parts in cues for speaker, words in parts if words
    ]
    if not any(turn.speaker for turn in turns):
        _take_names(turns)
    return ["\n\n".join(_paragraphs(turns))]


def spoken(payload: str) -> Iterator[tuple[str, str]]:
    """What the words of a cue say: each speaker ('' for none) with their words, without tags."""
    speaker, words, at = "", [], 0
    for tag in TAG.finditer(payload):
        words.append(payload[at : tag.start()])
        at = tag.end()
        if voice := VOICE.match(tag[1]):
            yield speaker, _plain("".join(words))
            speaker, words = _plain(tag[1][voice.end() :]), []
        elif tag[1] == "/v":
            yield speaker, _plain("".join(words))
            speaker, words = "", []
    yield speaker, _plain("".join([*words, payload[at:]]))


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).split())


def _take_names(turns: Sequence[Turn]) -> None:
    """Take what is before the words as names, where they are: in most cues, or again and again."""
    found = [NAMED.match(f"{turn.words} ") for turn in turns]
    times = Counter(name[1].strip() for name in found if name)
    everywhere = sum(times.values()) * 2 >= len(turns)
    for turn, name in zip(turns, found, strict=True):
        if name and everywhere:
            turn.speaker, turn.words = name[1].strip(), turn.words[name.end() :].strip()
        elif name and times[name[1].strip()] > 1:
            # Written where the speaker changes: the words stay as they are, and begin a paragraph.
            turn.parts = True


def _paragraphs(turns: Sequence[Turn]) -> Iterator[str]:
    """The paragraphs: a new one where the speaker changes, and from time to time in a long turn."""
    begins, last, speaker, words = 0.0, 0.0, "", list[str]()
    for turn in turns:
        lasts = turn.begins - begins
        long = lasts >= LONGEST_RUN or (lasts >= LONGEST_TURN and bool(words) and words[-1].endswith(ENDS))
        if words and (turn.speaker != speaker or turn.parts or long or turn.begins - last >= LONGEST_TURN):
            yield _paragraph(begins, speaker, words)
            words = []
        if not words:
            begins, speaker = turn.begins, turn.speaker
        words.append(turn.words)
        last = turn.begins
    if words:
        yield _paragraph(begins, speaker, words)


def _paragraph(begins: float, speaker: str, words: Sequence[str]) -> str:
    minutes, seconds = divmod(int(begins), 60)
    hours, minutes = divmod(minutes, 60)
    who = f"{speaker}: " if speaker else ""
    return f"[{hours:02}:{minutes:02}:{seconds:02}] {who}{' '.join(words)}"


def _name_the_rest(text: str, form: str, read: set[str], cues: int, said: Said) -> None:
    """Name what is no cue: comments by their number, words without a time by their lines."""
    lost: list[int] = []
    joined: list[int] = []
    timed = 0
    for number, block in _blocks(text):
        if any(TIMES.match(line) for line in block[:2]):
            timed += 1
        elif form == "vtt" and (number == 1 or block[0].split()[0] in SIDE_BLOCKS):
            said.left_out[COMMENT] += block[0].startswith("NOTE")
        else:
            (joined if all(line.strip() in read for line in block) else lost).append(number)
    for numbers, what in (lost, "were left out"), (joined, "are under the time before"):
        if numbers:
            lines = [f"{number:,}" for number in numbers[:MOST_LINES]]
            more = [f"{len(numbers) - MOST_LINES:,} more"] if len(numbers) > MOST_LINES else []
            where = f"{'line' if len(numbers) == 1 else 'lines'} {listed([*lines, *more])}"
            said.add(f"{where}: no time that can be read, so the words there {what}")
    if timed > cues:
        raise EvidenceInvalid(f"it has {timed:,} times, of which {cues:,} can be read.", hint=UNREADABLE)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines between empty ones, each stretch with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
