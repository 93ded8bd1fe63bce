"""A report as HTML, PDF and Word: three renderers of one model; the same model gives the same bytes.

Modules in reading order:

    phrases      the set phrases of a report, in English and Welsh
    spoken       a report in one language as plain data for templates; the mark of a copy
    drawing      its charts, drawn once for all renderers
    page         HTML
    pdf          PDF: the one door to typst
    word_styles  how it looks in Word: styles, lists, the mark across a page
    tracked      two versions beside each other, for tracked changes
    word         Word: the one door to python-docx
"""
