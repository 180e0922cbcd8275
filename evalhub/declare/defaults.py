"""Defaults and limits that command-line options share with a declaration.

They stand apart so that a command that needs no declaration needn't load them all.
"""

MARGIN = 0.02
PLANNED_GAIN = 0.05
MOST_ALPHA = 0.25
SECONDS_A_SCORE = 60.0

JUDGE_FLOOR = 0.4
"""Agreement beyond chance that a judge must be shown to reach: "moderate" begins above it (Landis
and Koch 1977)."""

ENOUGH_REVIEWERS = 3
"""People who must have judged where a policy doesn't say how many. What one or two like by taste
passes for everybody's preference too often (docs/reference/verdict-rates.md)."""
MOST_UNANSWERED = 0.5
"""The share of an arm's answers to a test set that may be empty or have failed."""

HERE = "."
"""The folder in which a program is started: that of the file which declares it."""
