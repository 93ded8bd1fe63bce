"""Import: every row checked while the file streams in, then all stored at once or nothing at all.

Modules in reading order:

    layouts     the documented layouts, how a file's layout is recognised, templates (in templates/)
    into        the reviews that rows go into: one, or those that a column `review` names
    refs        the sources that rows name, each with a number
    report      what an import did
    said        what is said of rows that are refused
    times       what the columns of a table show about dates and periods that could mean two things
    order       periods that cannot be put in order with the others of their series
    staging     the temporary tables of an import, and the statements that decide about its rows
    naming      what rows name: sources and people
    quotes      quotes of an import, looked for in the texts of their sources
    codings     codings in an import: their row, and the statements that decide about staged ones
    answers     single answers: what clashes, respondents written in two ways, questions turned round
    blanked     rows about what had words erased since
    sameplace   several findings at one place of a source
    respondents  survey respondents: characteristics, weights, results of answers
    importing   the import itself: rows checked, then stored at once or not at all
"""
