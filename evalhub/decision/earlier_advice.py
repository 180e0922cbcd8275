"""Advice of earlier versions: no number of items where the interval excludes what was planned.

Now two numbers are said there (evalhub.decision.needed). A record of before keeps its sentence, and
is verified by the rule that it was written by. Pure.
"""

from collections.abc import Mapping
from typing import Any

from evalhub.decision.criterion import Criterion
from evalhub.decision.needed import NO_NUMBER


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
        real = "a higher cost" if not c.kind.of_quality else "a loss"
        return f"{NO_NUMBER}: {real} looks real, since the interval leaves out 100%"
    if not c.kind.plans_gain:
        return f"{NO_NUMBER}: a loss looks real, since the interval lies below 0" * (c.upper < 0)
    if c.upper < (c.bound or 0.0) + c.gap:
        return (
            f"{NO_NUMBER}, since the interval leaves out that {c.kind.assumption(c)}: plan a "
            "smaller gain"
        )
    return ""
