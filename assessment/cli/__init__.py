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

from assessment.cli.agreement import agreement
from assessment.cli.audit import audit, backup, history, restore
from assessment.cli.challenges import challenge
from assessment.cli.coding import coding
from assessment.cli.compare import compare
from assessment.cli.decisions import accept, approve, decisions, overrides, rate
from assessment.cli.evidence import evidence
from assessment.cli.explain import explain
from assessment.cli.frameworks import framework, init
from assessment.cli.options import Commands, say_error
from assessment.cli.panel import panel
from assessment.cli.records import diff, verify
from assessment.cli.reviews import review
from assessment.cli.rulebooks import rules
from assessment.cli.runs import assess, judge, trail
from assessment.cli.serve import serve
from assessment.cli.sources import source
from assessment.cli.surveys import indicators, surveys
from assessment.cli.uncertainty import confidence, next_, uncertainty
from assessment.cli.users import user
from assessment.cli.whatif import whatif


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
