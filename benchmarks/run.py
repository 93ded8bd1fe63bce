"""Speed and memory beside peers, measured side by side in one run; prints one table.

    make bench              everything, about a quarter of an hour on two cores
    make bench QUICK=1      without the million items and with fewer rounds

Each measurement is a process of its own; rounds are interleaved (A B A B ...), so that whatever else the
machine does meanwhile falls on both. Times are medians, with the fastest and slowest round behind them (of
the engines: the middle half of the rounds). Ratios are ratios of medians, joint-review divided by what
stands beside it: below 1 is quicker or smaller. "of CPU" is the same ratio of processor time, which a busy
machine disturbs less; bounds are on the clock's.

In reading order: generate (made-up evidence), rounds (processes and rounds), startup (commands that should
answer at once), child (what is measured in a process of its own), engines (the same rules for all engines),
uncertainty (draws), leave_one_out, cluster (a Dask scheduler and workers), impact (a changed rulebook over
many reviews), spreadsheets (beside CSV), page (a trail page), report_check and report_files (a report),
server (of the pages), load (many at work at once), hostile (one who harms it), table. `cluster_demo` is what
`make cluster-demo` runs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from generate import FRAMEWORK, name_reviews, write_evidence, write_findings
from impact import WORKERS, measure_impact
from leave_one_out import measure_leave_one_out
from load import load_rows, measure_load
from page import measure_pages, page_rows
from report_check import check_rows, measure_check
from report_files import files_rows, measure_files
from rounds import Took, call, child, cpu, memory, rounds, say, seconds, shown, shown_ms
from spreadsheets import measure_spreadsheets
from startup import measure_start, start_rows
from table import Row, as_table, code, load, machine
from uncertainty import measure_draws

BIN = Path(sys.executable).parent
REVIEW = "bench"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured: the sizes of the reviews, and how many rounds."""

    sizes: tuple[int, ...]
    imports: int
    runs: int
    engines: int
    starts: int
    """Of every command whose start is measured."""
    reviews: int
    """Under a changed rulebook."""
    tags: int
    """That each of twenty reviewers posts while all are at work."""


FULL = Scale(
    sizes=(1_000, 10_000, 100_000, 1_000_000),
    imports=3,
    runs=5,
    engines=300,
    starts=15,
    reviews=150,
    tags=100,
)
QUICK = Scale(sizes=(1_000, 10_000, 100_000), imports=2, runs=3, engines=100, starts=7, reviews=30, tags=20)
AUTHORITIES, ROWS_OF_AUTHORITIES = 16, 40_000
LARGE = 1_000_000
"""From this size one import and three runs have to do."""


def new_programme(path: Path) -> Path:
    """A new working database with one empty review."""
    for leftover in path.parent.glob(path.name + "*"):
        leftover.unlink()
    call(BIN / "joint-review", "init", "--db", path)
    add_review(path, REVIEW)
    return path


def add_review(path: Path, review: str) -> None:
    create = (BIN / "joint-review", "review", "create", review, "--authority", "Nowhere")
    call(*create, "--framework", FRAMEWORK, "--by", "benchmark", "--db", path)


def import_(path: Path, files: Sequence[Path], review: str = REVIEW) -> Took:
    command = (BIN / "joint-review", "evidence", "import", review, *files, "--by", "benchmark")
    return call(*command, "--db", path)[0]


def assess(path: Path, review: str, seed: int) -> Took:
    """The first run in a process and one more: times of `assess` itself, memory of the whole process."""
    (first, again), took = child("assess", path, review, seed)
    return Took(first[0], first[1], took.memory, Took(again[0], again[1], took.memory))


def statements(path: Path, review: str) -> Took:
    (taken,), took = child("statements", path, review)
    return Took(taken[0], taken[1], took.memory)


def compared(measured: str, own: Sequence[Took], name: str, peer: Sequence[Took]) -> Row:
    """A line of times: ours beside those of `name`."""
    ratio, of_cpu = seconds(own) / seconds(peer), cpu(own) / cpu(peer)
    return Row(measured, shown(own), f"{name}: {shown(peer)}", ratio, of_cpu)


# --- import ------------------------------------------------------------------------------------------


def measure_import(folder: Path, scale: Scale) -> list[Row]:
    few, many = folder / "few", folder / "many"
    for at, count in ((few, 25_000), (many, 100_000)):
        say(f"making up {count:,} findings")
        at.mkdir()
        write_findings(at, count)
    own, typed, untyped, of_few = rounds(
        scale.imports,
        "importing 100,000 findings",
        _own(many),
        _peer(many),
        _peer(many, "--no-detect-types", "--silent"),
        _own(few),
    )
    shutil.rmtree(few)
    shutil.rmtree(many)
    what = "import of 100,000 findings"
    return [
        compared(what, own, "sqlite-utils insert --csv", typed).at_most(2, "half the speed"),
        compared(what, own, "sqlite-utils, no types, no progress bar", untyped),
        _peak(f"peak memory of the {what}", own, "25,000 findings", of_few).at_most(1.1, "flat"),
        Row("peak memory of sqlite-utils on the same", f"{memory(typed):.0f} MiB"),
    ]


def measure_authorities(folder: Path, scale: Scale) -> list[Row]:
    """Findings of 16 authorities in one file with a column `review`, beside as many of one authority."""
    names = [f"authority-{number}" for number in range(1, AUTHORITIES + 1)]
    one, many = folder / "one", folder / "by-authority"
    for at in (one, many):
        at.mkdir()
        write_findings(at, ROWS_OF_AUTHORITIES)
    name_reviews([many / "sources.csv", many / "findings.csv"], names)

    def measure(_: int) -> Took:
        path = new_programme(folder / "own.db")
        for name in names:
            add_review(path, name)
        return import_(path, [many / "sources.csv", many / "findings.csv"])

    of_many, of_one = rounds(scale.imports, "importing 16 authorities in one file", measure, _own(one))
    what = f"import of {ROWS_OF_AUTHORITIES:,} findings of {AUTHORITIES} authorities in one file"
    return [compared(what, of_many, "as many of one authority", of_one).at_most(1.2, "one import")]


def _peak(measured: str, own: Sequence[Took], name: str, peer: Sequence[Took]) -> Row:
    ratio = memory(own) / memory(peer)
    return Row(measured, f"{memory(own):.0f} MiB", f"{name}: {memory(peer):.0f} MiB", ratio)


def _own(at: Path) -> Callable[[int], Took]:
    def measure(_: int) -> Took:
        path = new_programme(at.parent / "own.db")
        return import_(path, [at / "sources.csv", at / "findings.csv"])

    return measure


def _peer(at: Path, *options: str) -> Callable[[int], Took]:
    """sqlite-utils on the findings alone: it gets neither sources nor domains to tie them to."""

    def measure(_: int) -> Took:
        path = at.parent / "peer.db"
        path.unlink(missing_ok=True)
        csv = at / "findings.csv"
        return call(BIN / "sqlite-utils", "insert", path, "findings", csv, "--csv", *options)[0]

    return measure


# --- growth ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grown:
    """What a review of one size took."""

    size: int
    imported: list[Took]
    disk: float
    """MiB of the working database after the import."""
    assessed: list[Took]
    bare: list[Took]
    """The same measures' statements alone."""


def measure_growth(folder: Path, scale: Scale) -> list[Row]:
    path = folder / "growth.db"
    found = [_grow(folder, path, size, scale) for size in scale.sizes]
    return [
        *(row for one in found if one.size >= 100_000 for row in _against_statements(one)),
        *_per_item("import of", found, lambda one: one.imported, lambda one: f", file {one.disk:.0f} MiB"),
        *(_flat(before, one) for before, one in pairwise(found) if before.size >= 100_000),
        *_per_item("run over", found, lambda one: one.assessed, lambda _: ""),
        *_small_review(folder, path, found, scale),
    ]


def _grow(folder: Path, path: Path, size: int, scale: Scale) -> Grown:
    say(f"making up {size:,} items")
    files = write_evidence(folder, size)
    (imported,) = rounds(
        1 if size >= LARGE else scale.imports,
        f"importing {size:,} items",
        lambda _: import_(new_programme(path), files),
    )
    disk = path.stat().st_size / 2**20
    assessed, bare = rounds(
        3 if size >= LARGE else scale.runs,
        f"runs over {size:,} items",
        lambda number: assess(path, REVIEW, number),
        lambda _: statements(path, REVIEW),
    )
    return Grown(size, imported, disk, assessed, bare)


def _against_statements(one: Grown) -> list[Row]:
    again = [took.again for took in one.assessed if took.again]
    what, bare = f"run over {one.size:,} items", "its bare GROUP BY statements"
    return [
        compared(what, one.assessed, bare, one.bare).at_most(3, "times its statements"),
        compared(f"{what}, a later one in its process", again, bare, one.bare),
    ]


def _flat(before: Grown, one: Grown) -> Row:
    what = f"peak memory of the import of {one.size:,} items"
    return _peak(what, one.imported, f"{before.size:,} items", before.imported).at_most(1.1, "flat")


def _per_item(
    verb: str, found: Sequence[Grown], took: Callable[[Grown], list[Took]], more: Callable[[Grown], str]
) -> list[Row]:
    """A line per size: time per item beside that at the size before."""
    rows, before = [], None
    for one in found:
        each, used = seconds(took(one)) / one.size * 1e6, cpu(took(one)) / one.size * 1e6
        own = f"{each:,.0f} µs an item; {shown(took(one))}, {memory(took(one)):.0f} MiB{more(one)}"
        row = Row(f"{verb} {one.size:,} items", own)
        if before:
            beside = f"at a tenth of the size: {before[0]:,.0f} µs an item"
            row = replace(row, beside=beside, ratio=each / before[0], of_cpu=used / before[1])
        rows.append(row)
        before = (each, used)
    return rows


def _small_review(folder: Path, path: Path, found: Sequence[Grown], scale: Scale) -> list[Row]:
    """The smallest review once more, this time in the file that already holds the largest."""
    small, large = found[0], found[-1]
    files = write_evidence(folder, small.size)
    add_review(path, "small")
    imported = [import_(path, files, "small")]
    (assessed,) = rounds(
        scale.runs, "runs over a small review in a large file", lambda n: assess(path, "small", n)
    )
    where, alone = f"1,000 items in the file with {large.size:,} more", "in a file of their own"
    return [
        compared(f"import of {where}", imported, alone, small.imported),
        compared(f"run over {where}", assessed, alone, small.assessed),
    ]


# --- engines -----------------------------------------------------------------------------------------

IN_PROCESS = ("run of record, engine in this process", "record, in process")
IN_WORKER = ("run of record, engine in its own process", "record, in a worker")
EXPLAINED = ("evaluator with explanations", "explanations")
BOTH = ("evaluator, firings and then explanations", "fire and explain")
FIRED = ("evaluator, firings alone", "evaluator")
PAIRS = (
    (*IN_PROCESS, "clipspy", False),
    (*IN_PROCESS, "zen-engine, expressions", False),
    (*IN_WORKER, "clipspy", False),
    (*IN_WORKER, "zen-engine, expressions", False),
    (*EXPLAINED, "zen-engine, table", True),
    (*EXPLAINED, "zen-engine, expressions", True),
    (*EXPLAINED, "zen-engine, expressions, traced", False),
    (*BOTH, "zen-engine, expressions", False),
    (*FIRED, "zen-engine, expressions", False),
)
"""(what, who of ours, beside whom, whether the issue sets a bound)."""


def measure_engines(scale: Scale) -> list[Row]:
    say(f"engines, {scale.engines} rounds")
    found, _ = child("engines", scale.engines)
    rows = []
    for name, result in found.items():
        if result["differ"]:
            sys.exit(f"{name}: these fired differently from the evaluator: {', '.join(result['differ'])}")
        about = f"{name}, {result['facts']} facts x {result['rules']} rules"
        count, times, used = str(result["firings"]), result["seconds"], result["cpu"]
        same = Row(f"{about}: firings", count, "every other engine: the same", bound="the same", held=True)
        rows.append(same)
        for what, own, peer, has_bound in PAIRS:
            ratio = statistics.median(times[own]) / statistics.median(times[peer])
            # What the worker takes is not counted in this process.
            of_cpu = statistics.median(used[own]) / statistics.median(used[peer])
            row = Row(f"{about}: {what}", shown_ms(times[own]), f"{peer}: {shown_ms(times[peer])}", ratio)
            row = row if own == IN_WORKER[1] else replace(row, of_cpu=of_cpu)
            rows.append(replace(row, bound="below 1", held=ratio < 1) if has_bound else row)
    return rows


# --- many alternatives, many reviews -----------------------------------------------------------------


def measure_alternatives(scale: Scale) -> list[Row]:
    """Draws, leave-one-out and a changed rulebook, each beside the plain way to the same."""
    say("draws of a run")
    drawn = measure_draws()
    say("leave-one-out over 5,000 items")
    left_out = measure_leave_one_out()
    say(f"a changed rulebook over {scale.reviews} reviews")
    changed = measure_impact(scale.reviews)
    took = left_out.loading + left_out.at_once
    all_of_them = left_out.items + left_out.sources
    alone, shared = seconds(changed.alone), seconds(changed.shared)
    efficiency = alone / (WORKERS * shared)
    what = f"rules impact, {changed.reviews} reviews of {changed.items:,} items"
    return [
        Row(
            f"{drawn.draws:,} draws, {drawn.measures} measures, {drawn.rules} rules",
            f"{drawn.seconds:.2f} s; {drawn.draws_a_second:,.0f} draws a second",
            f"the evaluator, one by one: {drawn.one_by_one_a_second:,.0f} draws a second",
            1 / drawn.ratio,
            bound="at most 3 s",
            held=drawn.seconds <= 3,
        ),
        Row(
            f"leave-one-out over {left_out.items:,} items and {left_out.sources} sources",
            f"{took:.2f} s, {left_out.loading:.2f} s of it loading",
            f"each from scratch: {left_out.from_scratch * 1000:.0f} ms, all"
            f" {left_out.from_scratch * all_of_them:,.0f} s",
            left_out.ratio,
            bound="at most 2 s",
            held=took <= 2,
        ),
        Row(
            f"{what}: one process",
            f"{shown(changed.alone)}, {alone / changed.reviews * 1000:.0f} ms a review;"
            f" {changed.moved} ratings move",
        ),
        Row(
            f"{what}: {WORKERS} Dask workers",
            f"{shown(changed.shared)}; efficiency {efficiency:.2f}",
            f"one process: {shown(changed.alone)}",
            shared / alone,
            cpu(changed.shared) / cpu(changed.alone),
            bound="efficiency at least 0.8",
            held=efficiency >= 0.8,
        ),
    ]


# --- many at work at once ------------------------------------------------------------------------------


def measure_many(folder: Path, scale: Scale) -> list[Row]:
    """Reviewers, moderators and an import at the same time, beside each of them alone."""
    return load_rows(measure_load(folder, tags=scale.tags))


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description="Speed and memory beside peers; prints one table.")
    parser.add_argument("--quick", action="store_true", help="without the million items, with fewer rounds")
    scale = QUICK if parser.parse_args().quick else FULL
    before, measured, start = load(), code(), perf_counter()
    with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as name:
        folder = Path(name)
        rows = [
            *start_rows(measure_start(folder, scale.starts)),
            *measure_import(folder, scale),
            *measure_authorities(folder, scale),
            *measure_spreadsheets(folder / "spreadsheets", scale.imports, large=scale is FULL),
            *measure_growth(folder, scale),
            *measure_engines(scale),
            *measure_alternatives(scale),
            *page_rows(measure_pages(folder)),
            *check_rows(measure_check(folder / "report")),
            *files_rows(measure_files(folder / "report-files")),
            *measure_many(folder, scale),
        ]
    print(f"{machine()}; code {measured}")
    if code() != measured:
        print("CAUTION: the code was changed while it was measured. Leave it alone and measure again.")
    print(
        f"Load average (1, 5, 15 minutes) before: {before}; after: {load()}; the benchmark itself is about 1."
        f" Rounds: {scale.imports} imports, {scale.runs} runs, {scale.engines} of the engines;"
        f" {(perf_counter() - start) / 60:.0f} minutes in all.\n"
    )
    print(as_table(rows))


if __name__ == "__main__":
    main()
