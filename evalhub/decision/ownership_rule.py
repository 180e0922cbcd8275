"""Whether a record's budget of ownership is its policy's, and says what its section says. Pure."""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.ownership.criterion import OWNERSHIP
from evalhub.declare.decision import DecisionRecord

ASKED = "it is what the policy asks for"


def unlike_ownership(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where the criterion isn't the policy's, or doesn't say what the section says."""
    budgets: Any = record.policy.get("budgets")
    asked = budgets.get(OWNERSHIP) if isinstance(budgets, Mapping) else None
    rows = [(i, each) for i, each in enumerate(record.criteria) if each.role == OWNERSHIP]
    section = record.ownership
    if asked is None:
        for i, each in rows:
            yield Discrepancy(f"{at}criteria[{i}].name", each.name, None, "nobody asks for it")
        return
    critical = asked.get("tier", "critical") == "critical"
    if not rows and critical and not record.pending and not record.invalid:
        yield Discrepancy(f"{at}criteria", None, OWNERSHIP, "the policy asks for it")
    for i, each in rows:
        for name, said, due in (
            ("min_gain", each.min_gain, asked.get("net_monthly_min")),
            ("tier", each.tier, asked.get("tier")),
        ):
            if due is not None and said != due:
                yield Discrepancy(f"{at}criteria[{i}].{name}", said, due, ASKED)
        if section is None or not (section.net and section.present and section.monthly):
            yield Discrepancy(f"{at}ownership", None, None, "a criterion rests on a section")
            continue
        for name, said, due in (
            ("baseline", each.baseline, section.present.value),
            (
                "candidate",
                each.candidate,
                section.monthly.value,
            ),
            ("difference", each.difference, section.net.value),
            ("lower", each.lower, section.net.low),
            ("upper", each.upper, section.net.high),
        ):
            if not isclose(said, due, rel_tol=1e-6, abs_tol=1e-6):
                rule = "it is what the record's ownership says"
                yield Discrepancy(f"{at}criteria[{i}].{name}", said, due, rule)
    due = asked.get("traffic")
    if section is not None and due is not None and section.traffic != due:
        yield Discrepancy(f"{at}ownership.traffic", section.traffic, due, ASKED)
