"""Runs: one assessment each, its inputs frozen, its result recorded and never changed.

Modules in reading order:

    schema      the tables of runs
    result      what a run concluded, as it is recorded and digested: figures, and no sentences
    format_1    the record that version 0.1.0 wrote, and its figures read from it
    run         one assessment: inputs frozen, proposals made, everything recorded
    summary     a run in words, as `assess` shows it
    recorded    what is recorded of runs: lists, facts, the decisions that counted
    verify      a run made again from its frozen inputs, and compared
    changes     what changed between two runs, and which change moved which rating
    judge       overall judgements from domain ratings alone, for many authorities
    audit       the whole record checked, with the results that runs recorded
"""
