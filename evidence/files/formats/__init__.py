"""The formats of files whose text is stored: what a file really is, and its text by page or section.

Knows nothing of reviews or the database. All of it runs in a process of its own for each file, with limits
on time, memory, pages and characters (`child`).

Modules in reading order:

    content   what a file is, by its content, and whether its name says the same
    plain     plain text, Markdown and CSV: the encoding, and the sections
    markup    HTML as a browser would show it: scripts, styles and hidden parts are never text
    archive   Word and Excel files as archives: sizes, ratios, and no XML entities
    word      Word documents
    workbook  Excel workbooks
    pdf       PDF files with a text layer
    pages     one spelling for every text, and sections as pages
    child     the process that reads one file, and its limits
"""
