"""A mapping proposed for a file: for the first of its tables that is one of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evidence.files.rawtable import RawTable, header_name
from evidence.files.tables import open_tables
from evidence.intake.layouts import wanted
from evidence.mapping.exports import Export
from evidence.mapping.fitting import column_names, shape_of
from evidence.mapping.profile import TableSeen, look_at_export
from evidence.mapping.propose import Proposal, kind_of, propose
from programme.progress import Progress, no_progress
from rules.errors import EvidenceInvalid, ImportRefused, UnknownName
from rules.framework import Framework
from rules.limits import READ_SECONDS


@dataclass(frozen=True)
class ProposedFor:
    """A proposal with the table that it is for."""

    proposal: Proposal
    seen: TableSeen
    shape: str
    others: list[str]
    """Names of the other tables of the file."""
    tool: str
    """The tool for surveys that made the file, if one is recognised."""


def propose_for(
    path: Path,
    *,
    encoding: str = "utf-8",
    framework: Framework | None = None,
    layout: str | None = None,
    sheet: str = "",
    name: str = "",
    progress: Progress = no_progress,
    seconds: float = READ_SECONDS,
) -> ProposedFor:
    """The mapping proposed for a file, or for one of its sheets.

    `name` is what the file is called, if not as at `path`. Raises ImportRefused where it cannot be read,
    EvidenceInvalid where nothing can be proposed, UnknownName for a sheet that there is not.
    """
    called = name or path.name
    stem = Path(called).stem
    with open_tables(path, encoding, progress, called, wanted=wanted(layout), seconds=seconds) as tables:
        if sheet and not any(header_name(table.name) == header_name(sheet) for table in tables):
            raise UnknownName("sheet", sheet, [table.name for table in tables])
        found: tuple[RawTable, TableSeen] | None = None
        exports: dict[str, Export] = {}
        for table in tables:
            if sheet and header_name(table.name) != header_name(sheet):
                continue
            seen, export = look_at_export(table)
            exports[table.name] = export
            if sheet or layout or export.tool or kind_of(seen, stem):
                found = table, seen
                break
            found = found or (table, seen)
        if found is None or not found[1].columns:
            raise EvidenceInvalid(f"{called} holds no table", hint="Give a file with a row of headers.")
        table, seen = found
        if table.problems and not seen.rows:
            raise ImportRefused("Nothing can be proposed.", table.problems, more=table.more)
        export = exports[table.name]
        proposal = propose(seen, stem, framework, layout, export)
        others = [one.name for one in tables if one is not table]
        if others:
            proposal.mapping["sheet"] = table.name
    return ProposedFor(proposal, seen, shape_of(column_names(table)), others, export.tool)
