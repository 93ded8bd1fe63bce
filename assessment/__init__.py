"""What is concluded from the evidence, by whom, and why: runs, decisions, trails, and the faces.

Modules in reading order:

    decision_tables  the tables of decisions, challenges and panels
    schema      the tables of runs and decisions
    database    opening the working database with all its tables
    run         one assessment: inputs frozen, proposals made, everything recorded
    decided     what people have decided, as far as it counts
    margins     by how much a criterion is met or missed, in words
    lost        the proposals that lost, and why
    explain_rule  why a rule fired, or did not
    explain     why this rating and not the next one up; the cell and its neighbours
    persons     when two names are one person's
    challenges  the challenge register: what is open bars the ratings that rest on it
    decide      ratings accepted, or overridden with a second person; where every decision stands
    panel       independent first votes, hidden until all have voted
    hidden      votes, blind codings and salts, hidden on connections people ask questions on
    trail       from a rating down to source and locator, level by level
    judge       overall judgements from domain ratings alone, for many authorities
    grid        the grid as data: cells, position, labels
    verify      a run made again from its frozen inputs, and compared
    compare     all reviews under one framework: grid, profiles, what was decided differently
    nearest     pairs of reviews whose evidence is alike but whose rating is not
    overrides   how often what rules proposed was overridden: by review, rule and reviewer
    edits       where the rules of a target differ between two rulebooks, and what of it moves a rating
    fanout      the same work on many jobs: processes, or a Dask cluster (the one door to it)
    impact      what a changed rulebook would do to every review
    audit       the whole record checked; the life of one item
    backup      the working database copied to one checked file, and restored from it
    changes     what changed between two runs, and which change moved which rating
    alternatives       a recorded run, its rulebook applied to many alternatives at once
    smallest           the smallest changes of measures that move a rating or the cell
    smallest_evidence  the same in evidence
    whatif             some evidence left out, some measures otherwise, leave-one-out
    whatif_words       what would change a rating, in plain words
    uncertainty        how sure a run is: its evidence drawn again many times
    confidence         how confident people are: suggested by figures, signed by a person
    next_evidence      which evidence would most lower the chance of a wrong rating
    funnel      funnel limits of shares, with over-dispersion
    surveys     survey results beside those of the other reviews
    indicators  indicators against their comparators and over the years
    tornado     what moves a rating: each measure or domain alone through all it can be
    profile     every rating with the levels its draws gave
    plots       plots as SVG: the one door to matplotlib
    charts      charts of rows: tornado, profile, chances of a wrong rating
    curves      charts of lines: funnel, an indicator over the years
    permissions  who may do what
    users       users and their roles
    accounts    passwords, sessions and secrets, in a file of their own
    overview    lists and matrices the pages show
    pages       descriptions and canned queries for Datasette, from the schemas
    cli/        the `joint-review` command
    web/        the Datasette plugin
"""
