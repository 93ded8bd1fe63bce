"""What was found, and where: sources, evidence items, tags, and the measures made of them.

Knows the frameworks (tags name their domains) but nothing of runs, decisions or pages.

Modules in reading order:

    columns     how a table is described: columns, constraints, what people read about it
    coding_tables  the tables of codings, batches and settlements
    schema      tables and columns of the working database, with their descriptions
    seals       how events are sealed: each chained to the one before, with a digest of its rows
    database    opening, creating and upgrading the file; transactions; the event record
    record      the record checked: every event against its seal, every row against its event
    names       when two names are one person's
    reviews     frameworks, reviews and lookups by name
    reviewfile  a review's details as a YAML file
    models      one row of each kind of evidence, with what may stand in every column
    codings     what a further reviewer makes of an item: its row, and its import
    encoding    which encoding a text file is in, and what is said of another
    tables      CSV, XLSX, YAML and JSON files as rows with their places
    layouts     the documented layouts, how a file's layout is recognised, templates
    spreadsheets  CSV that goes out, with no cell taken for a formula
    weights     weights of survey respondents by raking; the one door to the library
    staging     the temporary tables of an import, and the statements that decide about its rows
    respondents  survey respondents in an import: characteristics, weights, results of answers
    intake      import: all rows checked, then stored at once or not at all
    formats/    the formats of files whose text is stored
    texts       the text of a file: checked by content, taken apart in a process of its own, in pages
    sources     sources with their text: added from files, listed, read, searched
    items       items: find, tag one or many, withdraw; lists
    anchors     where an item's quote stands in the text of its source
    findings    findings recorded from the text of a source, and changed
    measures    measures per domain in SQL, with base and interval
    graph       source - item - domain - question as a networkx graph
    check       what a lead reviewer should look at before assessing
    counted     the (domain, item) pairs that count, as NumPy arrays
    scenarios   measures under many alternatives at once: some of the items left out
    pools       what is drawn together: case files, findings, respondents, published results
    draws       one pool drawn again many times
    resample    how the measures could have come out, chunk by chunk
    coefficients  agreement in figures: weighted kappa, Krippendorff's alpha and its draws
    agreement   how far reviewers agree about the items that several have coded
    second_coding  batches of items drawn for a blind second coding, and their sheets
    settlements  what was coded differently, and a third person's settlement of it
"""
