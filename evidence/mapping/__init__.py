"""A mapping turns a table that fits no layout into rows of one that does.

It says what each column is (the respondent, a question, a year), what words in cells mean, and what all rows
have in common. The rows it makes go through the one import, as those of any layout do.

Modules in reading order:

    spec      what a mapping can say, and its file
    fitting   a mapping beside a table: whether it fits, and which column of the table is which
    mapped    the rows that a mapping makes of a table, each with the cells that it comes from
    words     words of cells that are known: directions, weights, scores, years, columns of people
    options   several answers in one cell: the options of a column, and those that a cell names
    headers   headers that are known
    profile   what is in the columns of a table, as far as a proposal needs it
    exports   exports of the tools for surveys: which tool made a table, and what is special in it
    propose   a mapping proposed from headers and values
    from_file  a mapping proposed for a file
    written   a mapping as YAML with comments
    schema    the table of the mappings that are kept
    kept      mappings kept in the programme, and the one for a table of the same shape
    choosing  the mappings of one import: which of its tables is read with which
"""
