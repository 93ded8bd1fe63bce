"""What people say of ratings: accepted or overridden, challenged, put to a panel, signed for.

Modules in reading order:

    schema      the tables of decisions, challenges, panels and statements of confidence
    effects     what was changed since an event: items, tags, decisions
    challenges  the challenge register: what is open bars the ratings that rest on it
    standing    where the decisions of a review stand, each part read once
    decide      ratings accepted, or overridden with a second person; the state of every decision
    states      decisions, challenges, panels and statements as they were at an event
    panel       independent first votes, hidden until all have voted
    confidence  how confident people are: suggested by figures, signed by a person
"""
