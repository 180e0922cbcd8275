"""Fields of a record that later versions added: a record from before lacks them, and verifies."""

from evalhub.decision.document import LATER_SECTIONS

LATER = (*LATER_SECTIONS, "ledger_head", "caveats")
LATER_OF_LEDGER = ("begun", "restored")
LATER_OF_PEOPLE = ("plan_hash", "seal", "identities")
LATER_OF_CRITERIA = ("form", "most_lost", "needed_as_seen", "tails", "unseen", "chose")
LATER_OF_SPREADS = ("worst", "evenness", "skew_doubt")
LATER_OF_SLICES = ("p_value",)
LATER_OF_LOOKS = ("tries", "elsewhere", "claim", "together")
"""Sections, fields of `ledger`, of `people`, of criteria, of what they plan with, of slices, of
looks that a record of an earlier version lacks: where one isn't written there is none."""
