"""The ground floor: the working database, its reviews, its people, and its sealed record.

Knows the frameworks that reviews are judged by, but nothing of evidence, runs or pages.

Modules in reading order:

    columns     how a table is described: columns, constraints, what people read about it
    schema      the tables of frameworks and reviews, of the record, and of users
    actions     what events say was done: the actions of every stage, with labels
    files       files made whole, put aside, kept on the disk, closed to others
    logs        the log beside a database: whether it is its own, or another one's
    databasefile  the file under a database: whether it is still the one that was opened
    seals       how events are sealed: each chained to the one before, with a digest of its rows
    database    opening, creating and upgrading the file; transactions; the event record
    answers     what forms were answered, so that one sent twice is done once
    progress    how far long work has come
    names       what people say has a name and words; when two names are one person's
    calendar    dates as people write them, in English and Welsh
    workdays    working days by nation, and bank holidays with their names
    calendarfile  calendars as files that people's own calendars open
    periods     periods as people write them: when they begin and end, and which is later
    reviews     frameworks, reviews and lookups by name
    unchanged   reading a file without changing a byte of it
    problems    what a check found, so that no damage hides another
    shape       the schema of a file compared with what its upgrades make
    revisions   sealed rows that an event may change, and how a check tells them from altered ones
    corrections  details of reviews and sources that were wrong, corrected by an event
    chain       events checked against their seals, and the chain
    stored      stored rows checked against the seals of their events
    check       the record checked: every event against its seal, every row against its event
    sought      words that are looked for in any text
    erasures    requests to erase words, and how they end
    leftovers   what a file still holds of changed rows: cleared away, and looked for
    retention   until when reviews are kept, and what is due
    reviewfile  a review's details as a YAML file
    permissions  who may do what
    users       users and their roles
    accounts    passwords, sessions and secrets, in a file of their own
    bounded     what a statement of somebody's own may cost, in bytes
    disclosure  small numbers kept out of what is published, and what they would follow from
    hidden      votes, blind codings and salts, hidden on connections people ask questions on
    backup      the working database copied to one checked file, and restored from it
"""
