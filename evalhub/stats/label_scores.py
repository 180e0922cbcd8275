"""Names of the scores of labels, and how many items they need. See `classification`."""

OF_ALL_LABELS = ("accuracy", "balanced_accuracy", "macro_f1", "micro_f1")
OF_ONE_LABEL = ("precision", "recall", "f1")

LEAST_ITEMS = 200
LEAST_OF_A_LABEL = 20
"""With fewer items, or fewer of a label, the intervals aren't known to hold their level."""
