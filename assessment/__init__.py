"""What is concluded of one review, by whom, and why.

Modules in reading order:

    actions     what events say was done in an assessment
    runs/       one assessment: inputs frozen, recorded, verified, compared with the one before
    reasons/    why this rating and no other; the trail down to the source; the life of an item
    robustness/  what would change a rating, how sure it is, where to look next
    decisions/  what people say of ratings: accepted, overridden, challenged, put to a panel
"""
