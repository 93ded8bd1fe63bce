"""The report of a review: written on evidence, moderated, checked for accuracy, published in time.

Above `pictures` and beside `exchange`: it reads what was concluded and shown, and none of that knows of it.
A report is one model of plain values (`model`). What is frozen in an edition is that model as canonical JSON;
all renderers (`render`) are given it, and neither read the database nor compute anything.

Modules in reading order:

    model           a report as plain values: blocks in their order, in English and Welsh
    schema          the tables: reports, editions, moderation, comments
    release_tables  the tables of dates, recipients, copies and publication
    states          what is read off them: how paragraphs read now, how far editions are
    actions         what events say was done to them
    differences     two versions of a report beside each other, word by word
    render/         the model as HTML, PDF and Word
"""
