"""A sealed plan as it is read today, in whichever version it was sealed. Pure."""

from collections.abc import Mapping
from typing import Any

from reviews.planning.design import Design
from reviews.planning.form import Form

FIRST = "evalhub.review-plan/1"


def read_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with every field that plans have now.

    Plans of the first version compared two arms on items sampled by tag, asked one question and
    ran to their end: what they don't say is off. What is stored never changes, for its hash is of
    what was sealed.
    """
    if plan["schema"] != FIRST:
        return dict(plan)
    design = Design()
    return {
        "kind": "pairs",
        "form": Form().as_json(),
        "arms": [plan["baseline"], plan["candidate"]],
        "combinations": design.combinations,
        "sampling": {
            "by": list(design.strata),
            "diverse": design.diverse,
            "near_copies": 0,
            "vendi": None,
        },
        "shares": {"controls": design.controls, "gold": design.gold, "repeats": Form().repeats},
        "practice": {"pairs": design.practice, "pass_mark": design.pass_mark},
        "known": dict(design.known),
        "stopping": dict(design.stopping),
        "requires": list(design.requires),
        "invited_only": design.invited_only,
        **plan,
    }
