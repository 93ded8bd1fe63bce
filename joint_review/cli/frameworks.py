"""joint-review init, framework list / show."""

from __future__ import annotations

from pathlib import Path

import click

from joint_review.cli.commands import Commands
from joint_review.cli.options import db_option, json_option, say_set_aside, system_login
from joint_review.cli.show import heading, paragraph, show_json, show_table
from joint_review.opening import init_programme
from rules.framework import in_language
from rules.loader import library_ids, load_policy


@click.command()
@db_option
@json_option
def init(db_path: Path, as_json: bool) -> None:
    """Create a working database with the frameworks of the library.

    An existing database is upgraded and keeps everything in it.

    Example: joint-review init --db programme.db
    """
    db, changed = init_programme(db_path, login=system_login())
    db.conn.close()
    say_set_aside(db.set_aside)
    if as_json:
        show_json({"database": str(db_path), "frameworks": library_ids(), "changed": changed})
    else:
        click.echo(f"{db_path} is ready, with the frameworks {', '.join(library_ids())}.")


@click.group(cls=Commands)
def framework() -> None:
    """Show what is judged: questions, scales, domains, what reviewers look for."""


@framework.command("list")
@json_option
def list_frameworks(as_json: bool) -> None:
    """List the frameworks of the library.

    Example: joint-review framework list
    """
    found = [load_policy(name).framework for name in library_ids()]
    rows = [
        {
            "id": one.id,
            "title": in_language(one.title),
            "questions": len(one.questions),
            "domains": len(one.domains),
        }
        for one in found
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(
            rows,
            {"id": "id", "title": "framework", "questions": "questions", "domains": "domains"},
            [None] * 4,
        )


@framework.command()
@click.argument("framework_id", metavar="ID")
@click.option("--lang", default="en", show_default=True, help="Language of titles: en or cy.")
@json_option
def show(framework_id: str, lang: str, as_json: bool) -> None:
    """Show one framework.

    Example: joint-review framework show wales-round-2 --lang cy
    """
    one = load_policy(framework_id).framework
    if as_json:
        show_json(one.model_dump(mode="json"))
        return
    heading(in_language(one.title, lang))
    paragraph(one.reference)
    if one.note:
        paragraph(one.note)
    for question in one.questions:
        heading(f"{question.id}: {in_language(question.title, lang)}")
        levels = [f"{n} {in_language(lv.title, lang)} ({lv.id})" for n, lv in enumerate(question.scale, 1)]
        click.echo("Levels: " + "; ".join(levels))
        if question.domain_scale:
            levels = [
                f"{n} {in_language(lv.title, lang)} ({lv.id})"
                for n, lv in enumerate(question.domain_scale, 1)
            ]
            click.echo("Levels of domains: " + "; ".join(levels))
        for domain in question.domains:
            click.echo(f"\n  {domain.id}: {in_language(domain.title, lang)}")
            for look in domain.looks_for:
                paragraph(f"- {look}", "    ")
    click.echo("\nStrands: " + ", ".join(strand.id for strand in one.strands))
