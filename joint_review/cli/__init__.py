"""The `joint-review` command. Commands parse, call one function, show the result.

Modules in reading order:

    options     shared options, the clock, progress bars, errors said at the edge
    show        how results look on a terminal
    frameworks  init, framework list / show
    reviews     review create / list / show
    sources     source add / list / show / search
    evidence    evidence import / template / add / tag / list / show / withdraw / check
    runs        assess, trail, judge
    decisions   decisions, accept, rate, approve, overrides
    challenges  challenge add / list / show / reply / close
    panel       panel open / vote / show / close
    explain     explain
    records     verify, diff
    audit       audit verify / head, history, backup, restore
    compare     compare
    surveys     surveys, indicators
    whatif      whatif
    uncertainty  uncertainty, confidence, next
    agreement   agreement
    coding      coding draw / list / sheet / done / disagreements / settle
    rulebooks   rules check / lint / test / show
    impact      rules impact
    users       user add / list / role / password / disable
    serve       serve
"""

from __future__ import annotations

import io
import sys

import click

from joint_review.cli.agreement import agreement
from joint_review.cli.audit import audit, backup, history, restore
from joint_review.cli.challenges import challenge
from joint_review.cli.coding import coding
from joint_review.cli.compare import compare
from joint_review.cli.decisions import accept, approve, decisions, overrides, rate
from joint_review.cli.evidence import evidence
from joint_review.cli.explain import explain
from joint_review.cli.frameworks import framework, init
from joint_review.cli.options import Commands, say_error
from joint_review.cli.panel import panel
from joint_review.cli.records import diff, verify
from joint_review.cli.reviews import review
from joint_review.cli.rulebooks import rules
from joint_review.cli.runs import assess, judge, trail
from joint_review.cli.serve import serve
from joint_review.cli.sources import source
from joint_review.cli.surveys import indicators, surveys
from joint_review.cli.uncertainty import confidence, next_, uncertainty
from joint_review.cli.users import user
from joint_review.cli.whatif import whatif


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="joint-review")
def cli() -> None:
    """Judge public services from evidence: rules propose, people decide, everything can be traced.

    Example: joint-review init; joint-review review create --help
    """


for command in (
    init,
    framework,
    review,
    source,
    evidence,
    assess,
    decisions,
    accept,
    rate,
    approve,
    challenge,
    panel,
    explain,
    trail,
    judge,
    verify,
    diff,
    compare,
    overrides,
    surveys,
    indicators,
    whatif,
    uncertainty,
    confidence,
    next_,
    agreement,
    coding,
    rules,
    history,
    audit,
    backup,
    restore,
    user,
    serve,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line: exit code 1 with a message for what people can mend, 2 for usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old terminal shows '?' for what it does not know
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing half done was kept.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        said = say_error(error)
        if said is None:
            raise
        click.echo(f"Error: {said}", err=True)
        sys.exit(1)
