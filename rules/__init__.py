"""What good looks like, and the engine that applies it. Knows nothing of evidence or reviews.

Modules in reading order:

    limits      how much of anything is taken in, named once for all layers
    letters     letters and their marks in one spelling
    words       numbers, shares, plurals and lists in sentences, for all layers
    remedy      what would help where something is refused, as data
    grouping    problems of tables grouped by cause: one line, with count and rows
    errors      the tree of all errors, and "did you mean"
    spellings   things with an id and a title, found by either
    framework   questions, scales, domains: what is judged
    rulebook    measures, criteria, limits, sufficiency, policies: how it is judged
    policyfile  YAML read with line numbers; all problems of a file at once
    loader      a framework and its rulebook from `library/`, checked as a whole
    stored      policies as databases hold them, each text parsed once
    rule        rules and facts in the plain form the engines take
    compile     from a rulebook to the rules of three strata
    evaluate    the plain evaluator: what fired, what did not, by how much
    engine      the one door to durable_rules, and the check of one engine against the other
    ratings     measures made of ratings
    propose     from criteria met to a level: policies, sufficiency, limits
    inference   the whole way from measures to ratings and the grid cell
    sentences   what people read of ratings: made when it is read, and no part of any digest
    arrays      the rules applied to many alternatives at once, in NumPy
    oddity      what lint says: one oddity of a rulebook with its counterexample
    ranges      where thresholds cut: the few values that stand for all a measure can be
    combinations  everything that can be said to one block of rules, in few combinations
    lint        what is odd in a rulebook, found by trying every combination
    cases       the cases of a rulebook, run and checked for coverage
    library/    frameworks, rulebooks and cases as YAML
"""
