"""Runs: one assessment each, its inputs frozen, its result recorded and never changed.

Modules in reading order:

    schema      the tables of runs
    run         one assessment: inputs frozen, proposals made, everything recorded
    recorded    what is recorded of runs: lists, facts, the decisions that counted
    verify      a run made again from its frozen inputs, and compared
    changes     what changed between two runs, and which change moved which rating
    judge       overall judgements from domain ratings alone, for many authorities
    audit       the whole record checked, with the results that runs recorded
"""
