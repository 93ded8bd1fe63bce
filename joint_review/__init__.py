"""The faces of the product, and what only they need.

Modules in reading order:

    upgrades/   the upgrades of the working database, in their order
    opening     opening the working database with all its tables
    record      the record in a file checked as it is
    metadata    descriptions and canned queries for Datasette, from the schemas
    plain       how values look as JSON, for the commands and the pages alike
    stopping    being told to stop: the server ends within seconds, whatever is under way
    cli/        the `joint-review` command
    web/        the Datasette plugin
"""
