"""The `joint-review` command. Commands parse, call one function, show the result.

Modules in reading order:

    commands    how commands are found; errors said at the edge
    options     shared options, the clock, progress bars
    remedies    what would help, as the command or the option that does it
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
import os
import sys

import click

from joint_review.cli.commands import Entry, ImportedWhenCalled, say_error

ENTRIES = {
    "init": Entry("frameworks", "Make a working database with the frameworks of the library."),
    "framework": Entry(
        "frameworks", "See what is judged: questions, scales, domains, what reviewers look for."
    ),
    "review": Entry(
        "reviews", "Make and see reviews: one authority, one framework, the dates of the evidence window."
    ),
    "source": Entry("sources", "Store sources with their text, read them, search them."),
    "evidence": Entry("evidence", "Bring evidence in, tag it to domains, look at it, check it."),
    "assess": Entry("runs", "Assess a review: proposals for every domain, the questions and the grid cell."),
    "decisions": Entry(
        "decisions", "Show where every rating stands: proposed, accepted, overridden, approved or lapsed."
    ),
    "accept": Entry("decisions", "Accept what a run proposes for domains, questions or the cell."),
    "rate": Entry(
        "decisions",
        "Override what is proposed with a rating of your own; it counts once another person approves it.",
    ),
    "approve": Entry(
        "decisions",
        "Approve another person's rating of domains or questions; it counts from the next run on.",
    ),
    "challenge": Entry(
        "challenges", "Challenge ratings, or what stands behind them; reply, and close with an outcome."
    ),
    "panel": Entry(
        "panel", "Have several people rate independently: nobody sees a vote before all have voted."
    ),
    "explain": Entry(
        "explain", "Say why this rating and why not the next one up: of a domain, a question, 'cell', or all."
    ),
    "trail": Entry(
        "runs", "Show the tree from a rating down to source and locator: of a domain, a question, or 'cell'."
    ),
    "judge": Entry(
        "runs", "Judge many authorities at once from their domain ratings; no evidence or database is needed."
    ),
    "verify": Entry(
        "records", "Make a run again from its frozen inputs and compare the result byte for byte."
    ),
    "diff": Entry(
        "records", "Say what changed between two runs of a review, and which change moved which rating."
    ),
    "compare": Entry(
        "compare",
        "Compare all reviews under one framework: grid, profiles, like evidence that was rated unlike.",
    ),
    "overrides": Entry(
        "decisions",
        "Count how often each review, rule and reviewer was overridden, and find like evidence rated unlike.",
    ),
    "surveys": Entry(
        "surveys",
        "Show survey results beside the other reviews of the framework, and where funnels place them.",
    ),
    "indicators": Entry(
        "surveys",
        "Show indicators over the years: latest value, comparator, trend, and which direction is better.",
    ),
    "whatif": Entry(
        "whatif",
        "Say what would change a rating: the smallest changes, and every source and item left out in turn.",
    ),
    "uncertainty": Entry(
        "uncertainty",
        "Say how sure a run is: the probability of every level of every domain and question, and of every"
        " cell.",
    ),
    "confidence": Entry(
        "uncertainty",
        "Say how confident you are in the rating of a domain; it is kept with the run and never changed.",
    ),
    "next": Entry(
        "uncertainty",
        "Say where to look next: per domain, which evidence would most lower the chance of a wrong rating.",
        "next_",
    ),
    "agreement": Entry(
        "agreement", "Say how far reviewers agree about the items that two or more of them have coded."
    ),
    "coding": Entry(
        "coding", "Have items coded a second time, blind; see what was coded differently; settle it."
    ),
    "rules": Entry(
        "rulebooks", "Check, test and show rulebooks, and say what a change would do: how it is judged."
    ),
    "history": Entry(
        "audit",
        "Tell the life of an item: who added, tagged, coded, settled or withdrew it; which runs counted it.",
    ),
    "audit": Entry(
        "audit", "Check that the record is what it was: who did what, when and why, and what was stored."
    ),
    "backup": Entry(
        "audit",
        "Copy the working database to one file, also while others read and write it, and check the copy.",
    ),
    "restore": Entry(
        "audit",
        "Make a backup the working database, after checking it; what was there before is kept beside it.",
    ),
    "user": Entry("users", "Say who may sign in to the pages, and what they are to which review."),
    "serve": Entry("serve", "Open the pages of the working database in Datasette."),
}
"""Every command, in the order of work."""


@click.group(
    cls=ImportedWhenCalled, entries=ENTRIES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="joint-review")
def cli() -> None:
    """Judge public services from evidence: rules propose, people decide, everything can be traced.

    Example: joint-review init; joint-review review create --help
    """


def main() -> None:
    """Run the command line: exit code 1 with a message for what people can mend, 2 for usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old terminal shows '?' for what it does not know
    # No other package's hooks have a say in what is judged, and looking for them takes a tenth of the time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
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
