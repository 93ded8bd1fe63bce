"""What goes out of a review: its evidence in the layouts of imports, and what was concluded of it.

Beside `report`: it reads all that the stages before it keep, and none of them knows of it.

Modules in reading order:

    tables      one table that goes out: its columns, and its rows as they are read
    evidence    evidence in the layouts that imports take, from their own declarations
    results     ratings, measures and decisions
    whole       all of a review, table by table
    files       tables as CSV or XLSX, and several of them as one file
"""
