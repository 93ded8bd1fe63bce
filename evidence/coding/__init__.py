"""What second reviewers make of items that somebody else recorded, and how far they agree.

Modules in reading order:

    schema      the tables of codings, batches and settlements
    codings     codings listed and withdrawn
    leaving     items that are changed or withdrawn leave the batches that are open
    states      batches and codings as they were at an event
    coefficients  agreement in figures: weighted kappa, Krippendorff's alpha and its draws
    agreement   how far reviewers agree about the items that several have coded
    second_coding  batches of items drawn for a blind second coding, and their sheets
    settlements  what was coded differently, and how someone other than its coders settled it
"""
