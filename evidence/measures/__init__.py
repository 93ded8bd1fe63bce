"""Measures of a review's evidence: one number per domain, with base and interval.

Modules in reading order:

    compute     measures per domain in SQL, with base and interval
    pairs       the (domain, item) pairs that count, as NumPy arrays
    scenarios   measures under many alternatives at once: some of the items left out
    pools       what is drawn together: case files, findings, respondents, published results
    draws       one pool drawn again many times
    resample    how the measures could have come out, chunk by chunk
"""
