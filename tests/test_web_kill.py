"""A server that is killed in the middle of many forms loses nothing that it answered as saved."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import httpx
from serving import Server, serving
from visitors import SOURCE, WAIT, Visitor, assert_whole, finding, findings, new_programme

from joint_review.web.forms import NUMBER

WRITERS = ("reviewer-1", "reviewer-2", "reviewer-3")
EACH = 60
"""Findings that each writer has to record."""
BEFORE = 15
"""Answers after which the server is killed."""


def numbered(number: int, name: str) -> dict[str, str]:
    """The form of a finding with the number that its page gave it."""
    return {**finding(number, name), NUMBER: f"{name} {number}"}


class Writing:
    """What several writers were answered, and which of their forms had no answer."""

    def __init__(self) -> None:
        self.lock, self.enough = Lock(), Event()
        self.saved: list[str] = []
        self.unanswered: dict[str, int] = {}

    def write(self, server: Server, name: str) -> None:
        """Record findings, until all are recorded or the server is gone."""
        with Visitor(server.address, name) as writer:
            assert writer.sign_in().status_code == 303
            writer.read(SOURCE)
            for number in range(EACH):
                sent = numbered(number, name)
                try:
                    answer = writer.send(f"{SOURCE}/record", sent)
                except httpx.TransportError:
                    self.unanswered[name] = number
                    return
                assert answer.status_code == 303, answer.text
                with self.lock:
                    self.saved.append(sent["finding"])
                    if len(self.saved) == BEFORE:
                        self.enough.set()


def test_what_was_answered_as_saved_is_there_once_after_a_kill_and_the_rest_can_be_sent_again(
    tmp_path: Path,
) -> None:
    path = new_programme(tmp_path / "programme.db", *WRITERS)
    writing = Writing()
    with serving(path) as server, ThreadPoolExecutor(len(WRITERS)) as threads:
        work = [threads.submit(writing.write, server, name) for name in WRITERS]
        assert writing.enough.wait(WAIT), [one.exception(0) for one in work if one.done()]
        server.process.send_signal(signal.SIGKILL)
        for one in work:
            one.result(WAIT)
    assert BEFORE <= len(writing.saved) < EACH * len(WRITERS)

    with serving(path) as server:
        # Opened by the server alone, as it was left.
        with Visitor(server.address, WRITERS[0]) as reader:
            assert reader.sign_in().status_code == 303
            assert reader.read(SOURCE).status_code == 200
        found = findings(path)
        assert all(domain == "carers" for _, domain in found), "a finding without its tag"
        times = Counter(text for text, _ in found)
        assert set(times.values()) == {1}
        assert times.keys() >= set(writing.saved)
        # Saved, but not answered: the last form of each writer at most.
        last = {finding(number, name)["finding"] for name, number in writing.unanswered.items()}
        assert set(times) - set(writing.saved) <= last
        assert_whole(path)

        for name, number in writing.unanswered.items():
            with Visitor(server.address, name) as writer:
                writer.sign_in()
                writer.read(SOURCE)
                answer = writer.send(f"{SOURCE}/record", numbered(number, name))
            # The form itself says that it was sent before: it is answered as if nothing had happened.
            assert answer.status_code == 303
        assert Counter(text for text, _ in findings(path)) == Counter({*writing.saved, *last})
        assert_whole(path)
