"""What would change a rating, how sure it is, and where to look next.

Modules in reading order:

    alternatives  a recorded run, its rulebook applied to many alternatives at once
    smallest_evidence  the smallest changes of evidence that move a rating or the cell
    smallest    the same of measures
    whatif      some evidence left out, some measures set, leave-one-out
    sentences   what would change a rating, in plain words
    tornado     what moves a rating: each measure or domain alone through all it can be
    uncertainty  how sure a run is: its evidence drawn again many times
    profile     every rating with the levels its draws gave
    next_evidence  which evidence would most lower the chance of a wrong rating
"""
