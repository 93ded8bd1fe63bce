"""The `joint-review` command. Commands parse, call one function, show the result.

Modules in reading order:

    commands    how commands are found; errors said at the edge
    options     shared options, the clock
    progress    a bar for long work
    remedies    what would help, as the command or the option that does it
    show        how results look on a terminal
    frameworks  init, framework list / show
    reviews     review create / list / show / retain / due
    sources     source add / list / show / search
    exporting   tables of a review written into a file
    evidence    evidence import / export / template / add / tag / list / show / withdraw / check
    runs        assess, trail, judge
    decisions   decisions, accept, rate, approve, overrides
    challenges  challenge add / list / show / reply / close
    panel       panel open / vote / show / close
    explain     explain
    report      report start / write / text / withdraw / names / check / freeze / render
    moderation  report moderate / settle / clear / send
    comments    report comments / answer / amend / changes
    meetings    meeting plan / held / off / list
    sent_files  the files of a sending: edition, comment sheet, changes
    publication  publication plan / start / move / calendar / consult / present / breach / publish
    copies      publication recipients / copies / used / readers, report copy-of
    records     verify, diff
    audit       audit verify / head, history, backup, restore
    erasing     erase source / item / person / list / show / approve / refuse / clean
    compare     compare
    surveys     surveys, indicators
    whatif      whatif
    uncertainty  uncertainty, confidence, next
    agreement   agreement
    coding      coding draw / list / sheet / done / disagreements / settle
    rulebooks   rules check / lint / test / show
    impact      rules impact
    secrets_apart  passwords and secrets closed to others, and kept out of git
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
    "init": Entry("frameworks", "Create a working database with the frameworks of the library."),
    "framework": Entry(
        "frameworks", "Show what is judged: questions, scales, domains, what reviewers look for."
    ),
    "review": Entry(
        "reviews", "Create and show reviews: one authority, one framework, the dates of the evidence window."
    ),
    "source": Entry("sources", "Store sources with their text, read them, search them."),
    "evidence": Entry("evidence", "Import evidence, tag it to domains, show it, check it."),
    "assess": Entry(
        "runs", "Assess a review: propose ratings of all domains and questions, and the position on the grid."
    ),
    "decisions": Entry(
        "decisions", "Show the state of every rating: proposed, accepted, overridden, approved or lapsed."
    ),
    "accept": Entry(
        "decisions", "Accept what a run proposes for domains, questions or 'cell', the position on the grid."
    ),
    "rate": Entry(
        "decisions",
        "Override a proposal with a rating of your own; it takes effect once another person approves it.",
    ),
    "approve": Entry(
        "decisions",
        "Approve another person's rating of domains or questions; it takes effect in the next run.",
    ),
    "challenge": Entry(
        "challenges",
        "Challenge ratings, or what they rest on; reply to challenges, and close them with an outcome.",
    ),
    "panel": Entry(
        "panel", "Let several people rate independently: votes are hidden until all members have voted."
    ),
    "explain": Entry(
        "explain",
        "Explain a rating and why it is not one level higher: a domain, a question, 'cell', or all.",
    ),
    "trail": Entry(
        "runs",
        "Show the trail from a rating down to the place in its sources: a domain, a question, or 'cell'.",
    ),
    "judge": Entry(
        "runs", "Judge many authorities at once from their domain ratings; no evidence or database is needed."
    ),
    "verify": Entry("records", "Repeat a run from its frozen inputs and compare the result byte for byte."),
    "diff": Entry(
        "records", "Show what changed between two runs of a review, and which change moved which rating."
    ),
    "compare": Entry(
        "compare",
        "Compare all reviews under one framework: grid, profiles, similar evidence rated differently.",
    ),
    "overrides": Entry(
        "decisions",
        "Count overrides by review, rule and reviewer, and find similar evidence that was rated differently.",
    ),
    "surveys": Entry(
        "surveys",
        "Show survey results beside those of other reviews under the same framework, with funnel limits.",
    ),
    "indicators": Entry(
        "surveys",
        "Show indicators over the years: latest value, comparator, trend, and which direction is better.",
    ),
    "whatif": Entry(
        "whatif",
        "Show what would change a rating: the smallest changes, and every source and item left out in turn.",
    ),
    "uncertainty": Entry(
        "uncertainty",
        "Show how sure a run is: the probability of each level of each domain and question, and of each"
        " cell.",
    ),
    "confidence": Entry(
        "uncertainty",
        "State how confident you are in the rating of a domain; the statement is kept with the run.",
    ),
    "next": Entry(
        "uncertainty",
        "Show where to look next: the evidence that would make ratings least likely to change.",
        "next_",
    ),
    "agreement": Entry(
        "agreement", "Show how far reviewers agree on the items that two or more of them have coded."
    ),
    "coding": Entry(
        "coding", "Have items coded a second time, without sight of the first coding; settle the differences."
    ),
    "rules": Entry(
        "rulebooks", "Check, test and show rulebooks, and show which ratings a changed rulebook would move."
    ),
    "report": Entry(
        "report",
        "Write the report of a review: text, check, editions, moderation, comments of the authority.",
    ),
    "meeting": Entry(
        "meetings", "Plan the meetings on a report, record that they were held, or call them off."
    ),
    "publication": Entry(
        "publication",
        "Plan the dates of a report, give copies, keep the embargo, record the presentation, publish.",
    ),
    "history": Entry(
        "audit",
        "Show the history of an item: who added, tagged, coded, settled or withdrew it; which runs counted"
        " it.",
    ),
    "erase": Entry(
        "erasing",
        "Erase the words of a source or an item, or the name of a person: one asks, another approves.",
    ),
    "audit": Entry(
        "audit",
        "Check that the record has not been altered: who did what, when and why, and what was stored.",
    ),
    "backup": Entry(
        "audit",
        "Copy the working database to one file, even while others read and write it, and check the copy.",
    ),
    "restore": Entry(
        "audit",
        "Check a backup and make it the working database; the database it replaces is kept beside it.",
    ),
    "user": Entry("users", "Manage who may sign in to the pages, and their roles in each review."),
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
        click.echo("Stopped. No partial changes were saved.", err=True)
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
