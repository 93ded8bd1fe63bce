"""The pages, one module a subject.

Modules in reading order:

    overview    the list of reviews, and one review
    trail       why: the trail of a rating, a measure with its items, a rule
    items       the list of items with its filter, and one item in context
    assessing   the form that assesses a review, and what changed between two runs
    whatif      what would change a rating
    uncertainty  how sure a run is, where to look next, and the form to sign a statement
    compare     all reviews under one framework
    overrides   how often proposals were overridden, across reviews
    surveys     survey results beside those of other reviews, and its funnels
    indicators  indicators over the years, and its pictures
    agreement   how far reviewers agree
    sources     sources: list, search, adding files
    intake      a table imported: at once, or with a mapping that is shown first
    reading     a source read and tagged, and its forms
    details     details of a source and of a review, corrected; items of a source withdrawn
    coding      blind second coding and what was coded differently, and their forms
    coverage    what there is evidence for, and what a reviewer has still to do
    decisions   every rating with its decision, and the forms: accept, override, approve
    panel       panels, and their forms: open, vote, close
    erasure     requests to erase words, their approval, and until when a review is kept
    editions    an edition of a report, its files, and its forms: pass or return, settle, clear
    report      a report as it is written, and its forms: start, add, write, withdraw, freeze
    comments    comments of the authority on an edition, and the form that answers one
    report_changes  what changed between two editions of a report
    sent        what the authority sees: editions that were sent, and its own comments
    challenges  challenges, and their forms: raise, reply, close
    publication  dates of the report, who gets it, its copies and the embargo
"""
