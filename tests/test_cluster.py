"""Work shared out over a real Dask scheduler and its workers: the same result, clear words when it fails."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster_work
import pytest
from assessment_example import AT, WELSH, add, new_programme
from command_line import Say
from evidence_rows import SOURCES, good_domain

from comparison import fanout
from comparison.fanout import fan_out, fan_out_on_cluster
from comparison.impact import rules_impact
from joint_review.cli.impact import policy_named
from programme.reviews import create_review
from rules.errors import RunImpossible, WorkersFailed

ROOT = Path(__file__).parents[1]
RULES = str(ROOT / "examples" / "stricter-rules" / "rulebook.yml")
sys.path.append(str(ROOT / "benchmarks"))

from cluster import Cluster, running_cluster  # noqa: E402 - the benchmarks are no package

# The tests below stand in an order: the last ones leave the cluster without workers.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT / "tests" / "helping"),
    # A piece of work may cost one worker; the second one it costs is one too many.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), 2, ENVIRONMENT) as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "ALONE_SECONDS", 1.5)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six reviews, three of which the stricter rules of the example would move."""
    folder = tmp_path_factory.mktemp("programme")
    db = new_programme(folder)
    for number, strengths in enumerate((4, 5, 6, 5, 7, 5)):
        dates = {"window_from": None, "window_to": None}
        made = create_review(
            db, f"r{number}", f"Authority {number}", "wales-round-2", **dates, by="lead", at=AT
        )
        add(db, made, *SOURCES, *good_domain("carers", strengths, 10 - strengths))
    db.conn.close()
    return folder / "programme.db"


def on_cluster(work: Callable[..., int], shared: object, jobs: int, address: str) -> list[int]:
    return fan_out_on_cluster(work, shared, range(jobs), address=address, check=cluster_work.ready)


def test_a_cluster_gives_the_same_bytes_as_this_process(cluster: Cluster, programme: Path, say: Say) -> None:
    words = ("rules", "impact", "wales-round-2", RULES, "--db", str(programme), "--json")
    here, there = say(*words, "--workers", "1"), say(*words, "--cluster", cluster.address)
    assert here.code == there.code == 0
    assert here.out == there.out
    assert here.data["moved"]["down"] == 3


def test_results_come_in_the_order_of_the_jobs_and_progress_is_told(cluster: Cluster) -> None:
    seen: list[tuple[int, int]] = []
    found = fan_out_on_cluster(
        cluster_work.square,
        3,
        range(40),
        address=cluster.address,
        check=cluster_work.ready,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found == [3 * job * job for job in range(40)]
    assert found == fan_out(cluster_work.square, 3, range(40), workers=1)
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)


def test_a_worker_that_sees_another_database_is_named(
    cluster: Cluster, programme: Path, tmp_path: Path
) -> None:
    shutil.copy(programme, tmp_path / "copy.db")
    new_programme(tmp_path, "other.db").conn.close()
    db = new_programme(tmp_path, "mine.db")
    try:
        create_review(db, "r0", "A", "wales-round-2", window_from=None, window_to=None, by="lead", at=AT)
        for name, said in (("other.db", "is another database here"), ("none.db", "there is no database at")):
            with pytest.raises(WorkersFailed, match=said) as caught:
                rules_impact(db, tmp_path / name, WELSH, policy_named(RULES), cluster=cluster.address)
            assert str(caught.value).count("tcp://127.0.0.1:") == 2
    finally:
        db.conn.close()


def test_errors_of_the_work_come_back_as_they_are(cluster: Cluster) -> None:
    with pytest.raises(RunImpossible, match="job 0 cannot be done") as caught:
        on_cluster(cluster_work.refuse, 1, 1, cluster.address)
    assert caught.value.hint == "Leave it out."
    with pytest.raises(WorkersFailed, match="could not do the work: ZeroDivisionError"):
        on_cluster(cluster_work.stumble, 1, 1, cluster.address)


def test_a_worker_that_says_it_cannot_is_believed(cluster: Cluster) -> None:
    with pytest.raises(WorkersFailed, match=r"tcp://127.0.0.1:\d+: the disk is not mounted"):
        fan_out_on_cluster(cluster_work.square, 1, [1], address=cluster.address, check=cluster_work.reluctant)


def test_a_scheduler_that_does_not_answer_is_an_error_and_no_wait(
    programme: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CONNECT_SECONDS", 1.0)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "scheduler", "tcp://127.0.0.1"):
        start = time.monotonic()
        words = ("wales-round-2", RULES, "--db", str(programme), "--cluster", address)
        done = say("rules", "impact", *words)
        assert done.code == 1
        assert f"no Dask scheduler answers at {address}" in done.err
        assert "Traceback" not in done.err
        assert time.monotonic() - start < 30  # as long as Dask itself waits for one


def test_a_scheduler_that_falls_silent_is_an_error_and_no_wait(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CONNECT_SECONDS", 2.0)
    try:
        with pytest.raises(WorkersFailed, match="the Dask scheduler no longer answers"):
            on_cluster(cluster_work.halt, cluster.scheduler.pid, 1, cluster.address)
    finally:
        cluster.scheduler.send_signal(signal.SIGCONT)


def test_a_worker_with_another_version_or_without_the_package_is_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    about = tmp_path / "joint_review-0.0.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: joint-review\nVersion: 0.0.9\n")
    older = f"{tmp_path}{os.pathsep}{ENVIRONMENT['PYTHONPATH']}"
    workers = [cluster.add_worker(environment={**ENVIRONMENT, "PYTHONPATH": older})]
    # Without `site`, an editable installation is not found; what is really installed is.
    bare = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONPATH"}
    start = tmp_path / "bare" / "start.py"
    start.parent.mkdir()
    start.write_text(
        "import runpy, sys\n"
        f"sys.path.append({sysconfig.get_path('purelib')!r})\n"
        "del sys.argv[:2]\n"
        "runpy.run_module('distributed.cli.dask_worker', run_name='__main__', alter_sys=True)\n"
    )
    workers.append(cluster.add_worker((sys.executable, "-S", str(start)), environment=bare))
    try:
        cluster.wait()
        with pytest.raises(WorkersFailed) as caught:
            on_cluster(cluster_work.square, 1, 1, cluster.address)
        said = str(caught.value)
        assert said.count("tcp://127.0.0.1:") == 2
        assert "0.0.9 joint-review is installed there, here it is" in said
        assert "no joint-review is installed there" in said
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
            cluster.workers.remove(worker)


def test_work_that_costs_one_worker_after_the_other_is_given_up(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(WorkersFailed, match="died before the work was done"):
        on_cluster(cluster_work.note_and_die, str(tmp_path / "begun"), 4, cluster.address)
    assert (tmp_path / "begun").read_text(encoding="utf-8").count("begun") == 2


def test_a_cluster_without_workers_is_an_error_and_no_wait(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CONNECT_SECONDS", 1.0)
    with pytest.raises(WorkersFailed, match=r"the Dask scheduler at tcp://127.0.0.1:\d+ has no workers"):
        on_cluster(cluster_work.square, 1, 1, cluster.address)


def test_the_last_worker_lost_on_the_way_is_an_error_and_no_wait(cluster: Cluster, tmp_path: Path) -> None:
    for worker in cluster.workers:
        worker.wait()
    cluster.workers.clear()
    cluster.add_worker(environment=ENVIRONMENT)
    cluster.wait()
    with pytest.raises(WorkersFailed, match="the workers of the cluster have disconnected"):
        on_cluster(cluster_work.note_and_die, str(tmp_path / "begun"), 4, cluster.address)


def test_a_process_that_dies_is_an_error_here_as_well(tmp_path: Path) -> None:
    with pytest.raises(WorkersFailed, match="ended before the work was done"):
        fan_out(cluster_work.note_and_die, str(tmp_path / "begun"), [0, 1, 2], workers=2)
