"""Defaults and ends of ranges that options of the command line share with a declaration.

They stand apart so that a command that needs no declaration needn't load them all.
"""

MARGIN = 0.02
PLANNED_GAIN = 0.05
MOST_ALPHA = 0.25
SECONDS_A_SCORE = 60.0

JUDGE_FLOOR = 0.4
"""Agreement beyond chance that a judge must be shown to reach: "moderate" begins above it (Landis
and Koch 1977)."""
