"""Import: every row checked while the file streams in, then all stored at once or nothing at all.

Modules in reading order:

    layouts     the documented layouts, how a file's layout is recognised, templates (in templates/)
    staging     the temporary tables of an import, and the statements that decide about its rows
    codings     codings in an import: their row, and the statements that decide about staged ones
    respondents  survey respondents: characteristics, weights, results of answers
    importing   the import itself: rows checked, then stored at once or not at all
"""
