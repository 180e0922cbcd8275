"""A reader of what is rendered of a decision, by rules of its own: no helper of the renderers.

A rendering is taken apart into blocks (a line, a cell, a sentence). Of each block every number must
be a number of the record, rounded to as many digits as stand there, or follow from some by the
arithmetic in `figures`. Every comparative word must stand in a sentence that `sentences` or
`headlines` know, whose own condition on the record's JSON must be true; a comparative that no rule
knows is a fault.
"""
