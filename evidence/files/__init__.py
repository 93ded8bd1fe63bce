"""Files as people have them: tables as rows with their places, documents as text in pages.

Modules in reading order:

    damage      what is wrong with a damaged file, in words for people
    encoding    which encoding a text file is in, and what is said of another
    rawtable    a table as it is in a file: headers, rows with their places, problems
    grid        a sheet as rows of cells, and how a table is found among what is around it
    delimited   CSV files as tables
    numberformats  what a cell shows: the number formats of spreadsheets
    sharedtexts  the texts that the cells of an Excel workbook share
    xlsx        Excel workbooks as sheets of cells
    ods         OpenDocument spreadsheets as sheets of cells
    sheets      workbooks as tables
    spss        files of SPSS as tables
    lists       YAML and JSON files as tables
    apart       CSV, XLSX, ODS, YAML and JSON files as tables, in the process that reads them
    encoded     the cells of a table as JSON and back
    reading     having a file read in a process of its own, within limits
    tables      CSV, XLSX, ODS, YAML and JSON files as rows with their places
    formats/    the formats of files whose text is stored, and the process that reads them
    texts       the text of a file: checked by content, taken apart in that process, in pages
    spreadsheets  tables that go out, with no cell taken for a formula
"""
