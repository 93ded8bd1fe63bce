"""The report of a review: written on evidence, moderated, checked for accuracy, published in time.

Above `pictures` and beside `exchange`: it reads what was concluded and shown, and none of that knows of it.
A report is one model of plain values (`model`). What is frozen in an edition is that model as canonical JSON;
all renderers (`render`) are given it, and neither read the database nor compute anything.

Modules in reading order:

    model             a report as plain values: blocks in their order, in English and Welsh
    schema            the tables: reports, editions, moderation, comments
    release_tables    the tables of dates, recipients, copies and publication
    states            what is read off them: how paragraphs read now, how far editions are
    actions           what events say was done to them
    practice          how an inspectorate goes about its reports: dates, bodies, thresholds
    milestones        the dates of a review, each with how it was computed
    calendar          the milestones as a calendar file, and on the review's pages
    marks             the marks in a text: what it rests on, what is filled in
    markdown          the text of a paragraph in runs and lists
    written           a report as it is stored: its paragraphs as they read now, what they rest on
    listed            names of people that no report of a review shows
    textfiles         Markdown files, tables and Word documents as paragraphs
    writing           a report is started, its paragraphs are stored
    textout           the text as a folder of files, with the numbers of its paragraphs
    placeholders      ratings, measures and survey results that are filled in from a run
    naming            names of people in a text
    typed             numbers and ratings that were typed into a text
    check             what rests on nothing, what has changed, what was typed
    appendices        tables made, never typed: sources, survey results, case files; charts
    withheld          what the practice keeps out of the appendices, before it does
    composing         the model, made from what is written and one run
    editions          a report frozen at one moment
    moderation        verdicts of the external moderator, clearance by the bodies
    points            the moderator's points, from a table
    named             editions and comments as people name them
    sending           an edition sent to the authority, and the last day for comments
    sheet             the comment sheet, out and in
    offered           evidence offered with a comment
    comments          comments of the authority and their answers
    meetings          meetings on a report: planned, held, called off
    amending          the edition that amends another after comments
    register          the register of comments
    differences       two versions of a report beside each other, word by word
    changes           what changed between two editions, and which comment moved what
    changes_document  the changes as a document
    recipients        who gets a report, and from which stage on
    copies            each recipient's own copy
    embargo           until when copies may not be passed on; breaches
    publication       presentation and publication
    render/           the model as HTML, PDF and Word
"""
