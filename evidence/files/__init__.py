"""Files as people have them: tables as rows with their places, documents as text in pages.

Modules in reading order:

    encoding    which encoding a text file is in, and what is said of another
    tables      CSV, XLSX, YAML and JSON files as rows with their places
    formats/    the formats of files whose text is stored
    texts       the text of a file: checked by content, taken apart in a process of its own, in pages
    spreadsheets  CSV that goes out, with no cell taken for a formula
"""
