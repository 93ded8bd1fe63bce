"""The upgrades of the working database: one set a module, in the order in which `opening` names them.

Files in use have recorded the names of sets and upgrades: none ever changes, new ones come at the end.

Modules in reading order:

    evidence    the tables of the programme and of evidence
    assessment  the tables of users, runs and decisions
    report      the tables of reports, and the roles for them
"""
