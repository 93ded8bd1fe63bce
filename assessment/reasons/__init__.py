"""Why: this rating and not the next one up, down to the source.

Modules in reading order:

    margins     by how much a criterion is met or missed, in words
    not_proposed  the levels the rules did not give, and why
    rule        why a rule fired, or did not
    explain     why this rating and not the next one up; the cell and its neighbours
    trail       from a rating down to source and locator, level by level
    support     what ratings rest on and would lose without a source; a trail as a graph file
    grid        the grid as data: cells, position, labels
    history     the life of one item
"""
