"""What was found, and where: sources, evidence items, tags, and the measures made of them.

Knows the frameworks (tags name their domains) but nothing of runs, decisions or pages.

Modules in reading order:

    schema      tables and columns of the working database, with their descriptions
    database    opening, creating and upgrading the file; transactions; the event record
    reviews     frameworks, reviews and lookups by name
    reviewfile  a review's details as a YAML file
    models      one row of each kind of evidence, with what may stand in every column
    encoding    which encoding a text file is in, and what is said of another
    tables      CSV, XLSX, YAML and JSON files as rows with their places
    layouts     the documented layouts, how a file's layout is recognised, templates
    staging     the temporary tables of an import, and the statements that decide about its rows
    intake      import: all rows checked, then stored at once or not at all
    items       one item: find, tag, withdraw; lists
    measures    measures per domain in SQL, with base and interval
    graph       source - item - domain - question as a networkx graph
    check       what a lead reviewer should look at before assessing
    counted     the (domain, item) pairs that count, as NumPy arrays
    scenarios   measures under many alternatives at once: some of the items left out
    pools       what is drawn together: case files, findings, respondents, published results
    draws       one pool drawn again many times
    resample    how the measures could have come out, chunk by chunk
"""
