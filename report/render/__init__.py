"""A report as HTML, PDF and Word: three renderers of one model; the same model gives the same bytes.

Modules in reading order:

    phrases     the set phrases of a report, in English and Welsh
"""
