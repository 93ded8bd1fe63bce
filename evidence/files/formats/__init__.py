"""The formats of files whose text is stored: what a file really is, and its text by page or section.

Knows nothing of reviews or the database. All of it runs in a process of its own for each file, with limits
on time, memory, pages and characters (`child`).

Modules in reading order:

    content   what a file is, by its content, and whether its name says the same
    plain     plain text, Markdown and CSV: the encoding, and the sections
    said      what is said of a file beside its text: what was left out, counted
    raised    raised and lowered characters in plain text: 2007[1], never 20071
    formulas  equations as a line of text
    grid      where the cells of a table are: what a merged cell covers stays empty
    stylesheet  what the style sheet of a page hides
    markup    HTML as a browser would show it: scripts, styles and hidden parts are never text
    archive   Word and Excel files as archives: sizes, ratios, and no XML entities
    word_styles  what styles and lists of a Word document do to its text
    word_shown   what Word shows of a document, written so that every reader sees it
    word      Word documents
    word_tables  the tables of a Word document as rows of cells
    opendocument  OpenDocument texts
    richtext  rich text
    transcript  transcripts and subtitles: who says what, and when
    workbook  Excel workbooks
    pdf_lines    the text of a PDF page in pieces: raised digits apart, values beside labels
    pdf_forms    what is filled in, typed on or pinned to the pages of a PDF
    pdf       PDF files with a text layer
    pages     one spelling for every text, and sections as pages
    child     the process that reads one file, and its limits
"""
