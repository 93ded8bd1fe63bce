"""Reviews beside each other: what is alike and rated unlike, and what other rules would move.

Modules in reading order:

    reviews     the reviews of a programme, each with its latest run and its position
    nearest     pairs of reviews whose evidence is alike but whose rating is not
    compare     all reviews under one framework: grid, profiles, what was decided differently
    overrides   how often what rules proposed was overridden: by review, rule and reviewer
    funnel      funnel limits of shares, with over-dispersion
    indicators  indicators against their comparators and over the years
    surveys     survey results beside those of the other reviews
    edits       where the rules of a target differ between two rulebooks, and what of it moves a rating
    fanout      the same work on many jobs: processes, or a Dask cluster (the one door to it)
    moves       what a changed rulebook moves, as `impact` gives it
    impact      what a changed rulebook would do to every review
"""
