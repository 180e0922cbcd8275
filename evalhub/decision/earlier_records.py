"""Records of earlier versions: fields that they lack, and advice that they gave otherwise. Pure.

Earlier versions gave no number of items where the interval excludes what was planned; now two
numbers are given (evalhub.decision.needed). A record keeps its sentence, and is verified by the
rule that it was written by.
"""

from collections.abc import Mapping
from typing import Any

from evalhub.decision.as_seen import assumption_clause
from evalhub.decision.document import LATER_SECTIONS
from evalhub.decision.needed import NO_NUMBER
from evalhub.declare.criteria import Criterion

LATER = (*LATER_SECTIONS, "ledger_head", "caveats")
LATER_OF_LEDGER = ("begun", "restored")
LATER_OF_PEOPLE = ("plan_hash", "seal", "identities")
LATER_OF_CRITERIA = ("form", "most_lost", "needed_as_seen", "tails", "unseen", "chose")
LATER_OF_SPREADS = ("worst", "evenness", "skew_doubt")
LATER_OF_SLICES = ("p_value",)
LATER_OF_LOOKS = ("tries", "elsewhere", "claim", "together")
"""Sections, fields of `ledger`, of `people`, of criteria, of what they plan with, of slices, of
looks that a record of an earlier version lacks: where one isn't written there is none."""


def with_earlier_advice(
    due: dict[str, Any], written: Mapping[str, Any], criteria: tuple[Criterion, ...]
) -> None:
    """Put an earlier version's advice into `due`, the document that follows from a record's
    `criteria`, wherever the record as `written` has it."""
    for row, stored, criterion in zip(due["criteria"], written["criteria"], criteria, strict=False):
        why = "" if "needed_as_seen" in stored else _reason_ruled_out(criterion)
        if not why or (stored.get("needed_n"), stored.get("needed_why")) != (None, why):
            continue
        sentences = row["sentence"], row["sentence"].replace(row["needed_why"], why)
        due["reasons"] = [each.replace(*sentences) for each in due["reasons"]]
        row |= {"needed_n": None, "needed_why": why, "sentence": sentences[1]}
        if written["needed_n"] is None:  # the whole needed a number of each
            due["needed_n"] = None


def _reason_ruled_out(c: Criterion) -> str:
    """Why an earlier version promised no number: the interval excludes what would be assumed."""
    if c.factor is not None:
        end = c.ratio_upper if c.higher_is_better else c.ratio_lower
        if end is None or (end >= 1 if c.higher_is_better else end <= 1):
            return ""
        real = "a higher cost" if c.role == "budget" else "a loss"
        return f"{NO_NUMBER}: {real} looks real, since the interval leaves out 100%"
    if c.role == "guard":
        return f"{NO_NUMBER}: a loss looks real, since the interval lies below 0" * (c.upper < 0)
    if c.upper < (c.bound or 0.0) + c.gap:
        return (
            f"{NO_NUMBER}, since the interval leaves out that {assumption_clause(c)}: plan a "
            "smaller gain"
        )
    return ""
