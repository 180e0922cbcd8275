"""What a policy's change is called: a sentence, never a document."""

from typing import Any

import pytest

from evalhub.decision.policy_changes import ORDERED
from evalhub.decision.policy_words import RULE, change_sentence

GUARD, SHARE = {"role": "guard", "margin": 0.1}, {"role": "guard", "relative_margin": 0.2}
GAIN = {"role": "primary", "min_gain": 0.05}


@pytest.mark.parametrize(
    ("field", "was", "now", "sentence"),
    [
        ("criteria.sums.margin", 0.02, 0.3, "sums may lose less than 0.3 (was 0.02)"),
        ("criteria.sums.min_gain", 0, 0.1, "sums must gain more than 0.1 (was 0)"),
        (
            "criteria.sums",
            GUARD,
            None,
            "sums isn’t required any more (was: may lose less than 0.1)",
        ),
        ("criteria.sums", None, GAIN, "sums is required too: must gain more than 0.05"),
        (
            "criteria.sums",
            GUARD,
            GAIN,
            "sums must gain more than 0.05 (was: may lose less than 0.1)",
        ),
        (
            "criteria.sums",
            GUARD,
            SHARE,
            "sums may lose less than 20% of the baseline’s score (was: may lose less than 0.1)",
        ),
        (
            "criteria.sums.metric",
            {"name": "exact"},
            {"name": "close", "by": 0.5},
            "sums: scored by close (by 0.5) (was: scored by exact)",
        ),
        ("alpha", 0.025, 0.01, "Significance level: 0.01 (was 0.025)"),
        ("ledger", "off", "all", "Repeated looks cost: everywhere (was nothing)"),
        ("largest_gain.sums", 0.1, None, "Largest gain that is believed, sums: nothing (was 0.1)"),
        ("budgets.cost.max_ratio", 1.1, 1.2, "Budget, cost max ratio: 1.2 (was 1.1)"),
        ("budgets.cost", {"max_ratio": 1.1}, None, "Budget, cost: not asked any more"),
        ("people", None, {"required": True}, "People: asked too (required yes)"),
        ("prices", [{"input": 1.0}], None, "Prices of the arms: nothing (was input 1)"),
    ],
)
def test_a_change_is_a_sentence(field: str, was: Any, now: Any, sentence: str) -> None:
    assert change_sentence(field, was, now) == sentence
    assert not any(each in sentence for each in '{}"[]')


def test_every_value_that_a_rule_orders_has_words() -> None:
    for name, values in ORDERED.items():
        if name in RULE and not isinstance(values[0], bool):
            assert set(values) == set(RULE[name].values), name
