"""What is concluded from the evidence, by whom, and why: runs, decisions, trails, and the faces.

Modules in reading order:

    schema      the tables of runs and decisions
    database    opening the working database with all its tables
    run         one assessment: inputs frozen, proposals made, everything recorded
    decide      a person's own rating; what is decided counts from then on
    explain     why this rating and not the next one up
    trail       from a rating down to source and locator, level by level
    judge       overall judgements from domain ratings alone, for many authorities
    grid        the grid as data: cells, position, labels
    verify      a run made again from its frozen inputs, and compared
    changes     what changed between two runs, and which change moved which rating
    alternatives       a recorded run, its rulebook applied to many alternatives at once
    smallest           the smallest changes of measures that move a rating or the cell
    smallest_evidence  the same in evidence
    whatif             some evidence left out, some measures otherwise, leave-one-out
    uncertainty        how sure a run is: its evidence drawn again many times
    confidence         how confident people are: suggested by figures, signed by a person
    next_evidence      which evidence would most lower the chance of a wrong rating
    overview    lists and matrices the pages show
    pages       descriptions and canned queries for Datasette, from the schemas
    cli/        the `joint-review` command
    web/        the Datasette plugin
"""
