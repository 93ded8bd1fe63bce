"""What was found, and where: sources, evidence items, tags, and the measures made of them.

Knows the frameworks (tags name their domains) but nothing of runs, decisions or pages.

Modules in reading order:

    actions     what events say was done to evidence
    schema      the tables of sources, items, tags and respondents, with their descriptions
    extents     how widespread a finding is, and what it counts for then
    scales      survey answers: the usual words as levels, what is said instead of an answer
    marks       what stands in place of a number that is suppressed or missing, and what it means
    numerals    numbers as people write them: thousands, money, percentages, marks
    rows        one row of each kind of evidence, with what may stand in every column
    files/      tables and documents as rows and pages
    at_event    what counted at an event, as SQL
    some_events  evidence with what some later events alone did to it
    late        evidence that was offered late, with a comment on the report
    series      the numbers of a review over time, and whether their periods can be put in order
    digests     what makes a source or an item the same one
    weights     weights of survey respondents by raking
    matching    the one matcher of words: quotes and searches, whatever printers made of the text
    anchors     where an item's quote stands in the text of its source
    search      full-text search of pages and items, and the index of divided words
    mapping/    a table that fits no layout turned into rows of one that does
    intake/     import: all rows checked, then stored at once or not at all
    items       items: find, tag one or many, withdraw; lists; the table an item is a cell of
    sources     sources with their text: added from files, listed, read, withdrawn
    correcting  details of a source corrected: index number, title, kind, date, status, group of people
    sentences   the paragraphs of a page and their sentences, as people read them
    findings    findings recorded from the text of a source, and changed
    states      items as they were at an event, and what has taken their place since
    erasing     words of sources, items and people erased, by another person's approval
    digested    digests made from words that are erased, and what replaces them
    erased      what counted at an event and had words erased since
    changed     whether what counts has changed since an event, without reading all of it
    measures/   measures per domain: now, without some items, drawn again
    coding/     blind second coding, agreement, settlements
    graph       source - item - domain - question as a networkx graph
    check       what a lead reviewer should look at before assessing
"""
