"""The report of a review: written on evidence, moderated, checked for accuracy, published in time.

A report is one model of plain values (`model`). What is frozen in an edition is that model as canonical JSON;
all renderers (`render`) are given it, and neither read the database nor compute anything.

Modules in reading order:

    model        a report as plain values: blocks in their order, in English and Welsh
    differences  two versions of a report beside each other, word by word
    render/      the model as HTML, PDF and Word
"""
