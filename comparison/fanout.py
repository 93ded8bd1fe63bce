"""The same work on many jobs: in this process, in several, or on a Dask cluster; the one door to Dask.

Results come back in the order of the jobs, however they were made. What is shipped to a cluster is a name
(module and function), what all jobs share, and each job: plain data that the caller answers for. The
functions themselves are looked up in the package installed there, whose version must be this one; the
scheduler needs no package of ours. Whoever may talk to a Dask scheduler can run any program on its workers:
keep it on a network of your own, or use Dask's TLS (an address `tls://...`, certificates in Dask's
configuration).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from typing import Any, TypeVar

from rules.errors import ReviewError, WorkersFailed
from rules.remedy import Give, Install, LeaveOut, Part

Shared = TypeVar("Shared")
Job = TypeVar("Job")
Result = TypeVar("Result")
Work = Callable[[Shared, Job], Result]
Check = Callable[[Shared], str | None]
"""What keeps a worker from doing the work, in words; None if nothing does."""
Progress = Callable[[int, int], None]

CONNECT_SECONDS = 10.0
"""How long a scheduler, and its first worker, may take to answer."""
READY_SECONDS = 60.0
"""How long the workers may take to load the package and look at what they need."""
ALONE_SECONDS = 10.0
"""How long a cluster may be without any worker while there is work left."""
STUCK_SECONDS = 900.0
"""How long not one job may come back."""
LOOK_SECONDS = 0.02
"""How often is looked what has come back."""
MOST_TOGETHER = 4
"""How many jobs are sent to a worker together at most."""
PACKAGE = "joint-review"


def fan_out(
    work: Work[Shared, Job, Result],
    shared: Shared,
    jobs: Sequence[Job],
    *,
    workers: int,
    progress: Progress = lambda done, total: None,
) -> list[Result]:
    """`work(shared, job)` of every job, in `workers` processes; 1 is this process.

    `work` is a function of a module, its arguments and results can be pickled. Raises what `work` raises, and
    WorkersFailed when a process dies.
    """
    results: dict[int, Result] = {}
    if workers == 1 or len(jobs) < 2:
        for number, job in enumerate(jobs):
            results[number] = work(shared, job)
            progress(len(results), len(jobs))
        return list(results.values())
    # Not forked: a child must not inherit the open database.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        numbers = {pool.submit(work, shared, job): number for number, job in enumerate(jobs)}
        try:
            for future in as_completed(numbers):
                results[numbers[future]] = future.result()
                progress(len(results), len(jobs))
        except BrokenProcessPool as error:
            raise WorkersFailed(
                "a process that did part of the work ended before the work was done",
                hint="It may have run out of memory: try fewer at once.",
                remedies=[Give(Part.WORKERS, ("1",))],
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return [results[number] for number in range(len(jobs))]


def fan_out_on_cluster(
    work: Work[Shared, Job, Result],
    shared: Shared,
    jobs: Sequence[Job],
    *,
    address: str,
    check: Check[Shared],
    progress: Progress = lambda done, total: None,
) -> list[Result]:
    """`work(shared, job)` of every job, on the workers of the Dask scheduler at `address`.

    Every worker there is first asked for the version of this package and for what `check(shared)` says of
    it. Raises WorkersFailed where the scheduler cannot be reached, a worker cannot do the work, or workers
    die, and what `work` raises.
    """
    with _connected(address) as client:
        addresses = _addresses(client, address)
        _refuse_other_versions(client, addresses, check.__module__)
        # Sent with every job and not kept on the workers: what is kept there is lost with them.
        known = pickle.dumps(shared)
        said = _ask_each(client, addresses, _by_name(check), known, [()])
        _refuse({address: text for address, (text,) in zip(addresses, said, strict=True) if text})
        call = _by_name(work)
        size = _batch(len(jobs), len(addresses))
        batches = [[(job,) for job in jobs[start : start + size]] for start in range(0, len(jobs), size)]
        futures = [client.submit(call, known, batch, pure=False) for batch in batches]

        def step(done: int, total: int) -> None:
            progress(min(done * size, len(jobs)), len(jobs))

        found = _results(client, futures, STUCK_SECONDS, step)
        return [result for results in found for result in results]


def _batch(jobs: int, workers: int) -> int:
    """How many jobs are sent together: Dask takes 3 ms for each thing sent, but no worker shall wait long."""
    return max(1, min(MOST_TOGETHER, jobs // (8 * workers)))


def _by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function without ties to this package, which looks `function` up where it is called.

    It takes the first argument pickled, as the scheduler has no need of this package, and a list of all
    others: it is called once for each.
    """
    module, name = function.__module__, function.__qualname__

    def call(known: bytes, batch: Sequence[tuple[Any, ...]]) -> list[Any]:
        import importlib
        import pickle

        work, shared = getattr(importlib.import_module(module), name), pickle.loads(known)
        return [work(shared, *job) for job in batch]

    return call


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
        from distributed.comm.registry import get_backend
    except ImportError as error:
        raise WorkersFailed("Dask is not installed here", remedies=[Install("cluster")]) from error
    connect: Any = Client
    try:
        # A client made with an address that is none fails late, and again when it is thrown away.
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise WorkersFailed(
            f"no Dask scheduler answers at {address}: {_first_line(error)}",
            hint="Give the address that it prints when it starts.",
            remedies=[Give(Part.CLUSTER, ("tcp://127.0.0.1:8786",))],
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(TimeoutError):
            client.close(timeout=CONNECT_SECONDS)


def _addresses(client: Any, address: str) -> list[str]:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError as error:
        raise WorkersFailed(
            f"the Dask scheduler at {address} has no workers",
            hint="Start some where this package is installed: dask worker ADDRESS",
        ) from error
    return _workers(client)


def _workers(client: Any) -> list[str]:
    try:
        about = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=CONNECT_SECONDS)
    except (TimeoutError, OSError) as error:
        raise WorkersFailed("the Dask scheduler no longer answers", hint="See its log.") from error
    return sorted(about["workers"])


def _refuse_other_versions(client: Any, addresses: Sequence[str], module: str) -> None:
    """Raise WorkersFailed unless every worker has this version of this package."""
    wanted, package = version(PACKAGE), PACKAGE

    def installed() -> str:
        import importlib
        import importlib.metadata

        try:
            importlib.import_module(module)
            return importlib.metadata.version(package)
        except ImportError:
            return ""

    found = _ask_each(client, addresses, installed)
    _refuse(
        {
            address: f"{it or 'no'} {package} is installed there, here it is {wanted}"
            for address, it in zip(addresses, found, strict=True)
            if it != wanted
        }
    )


def _refuse(problems: Mapping[str, str]) -> None:
    if problems:
        lines = "".join(f"\n  {address}: {text}" for address, text in problems.items())
        raise WorkersFailed(
            f"not every worker of the cluster can do the work:{lines}",
            hint="Repair these workers or stop them. Nothing was done.",
        )


def _ask_each(client: Any, addresses: Sequence[str], call: Callable[..., Any], *given: Any) -> list[Any]:
    futures = [
        client.submit(call, *given, workers=[address], allow_other_workers=False, pure=False)
        for address in addresses
    ]
    return _results(client, futures, READY_SECONDS, lambda done, total: None)


def _results(client: Any, futures: list[Any], patience: float, progress: Progress) -> list[Any]:
    """What the futures give, in their order, each fetched while others are still at work.

    Raises as soon as one fails or no answer can be expected.
    """
    found: dict[int, Any] = {}
    moved = seen = looked = time.monotonic()
    while len(found) < len(futures):
        time.sleep(LOOK_SECONDS)
        waiting = [number for number in range(len(futures)) if number not in found]
        # Before anything else: why work failed says more than that the workers have gone.
        for number in waiting:
            if futures[number].status in ("error", "cancelled"):
                _result(futures[number])
        now = time.monotonic()
        if client.status != "running":
            raise WorkersFailed("the connection to the Dask scheduler was lost", hint="See its log.")
        if now - looked > 1:
            looked = now
            seen = now if _workers(client) else seen
        if looked - seen > ALONE_SECONDS:
            raise WorkersFailed("the workers of the cluster have disconnected", hint="See their logs.")
        if now - moved > patience:
            raise WorkersFailed(
                f"the cluster has given no answer for {patience:,.0f} seconds", hint="See its workers' logs."
            )
        done = len(found)
        for number in waiting:
            if futures[number].done():
                with contextlib.suppress(_Lost):
                    found[number] = _result(futures[number])
        if len(found) > done:
            moved = time.monotonic()
            progress(len(found), len(futures))
    return [found[number] for number in range(len(futures))]


class _Lost(Exception):
    """A result went with its worker before it was fetched; the scheduler has it made again."""


def _result(future: Any) -> Any:
    """What a future holds; its error, if it is one of ours, else as WorkersFailed."""
    from distributed import KilledWorker

    try:
        return future.result(timeout=CONNECT_SECONDS)
    except ReviewError:
        raise
    except (KilledWorker, CancelledError) as error:
        raise WorkersFailed(
            "workers of the cluster died before the work was done, one after the other",
            hint="They may have run out of memory: see their logs, or use only this machine.",
            remedies=[LeaveOut(Part.CLUSTER)],
        ) from error
    except Exception as error:
        if isinstance(error, TimeoutError) and future.status != "error":
            raise _Lost from error
        raise WorkersFailed(
            f"a worker of the cluster could not do the work: {type(error).__name__}: {_first_line(error)}",
            hint="See its log.",
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
