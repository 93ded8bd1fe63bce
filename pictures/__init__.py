"""Pictures as SVG, for pages and reports.

Modules in reading order:

    plots       what all pictures share: the one door to matplotlib
    charts      charts of rows: tornado, profile, chances of a wrong rating
    curves      charts of lines: funnel, an indicator over the years
    shares      bars of shares with intervals and the range of other reviews, as reports show them
"""
