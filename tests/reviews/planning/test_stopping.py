"""When a preference is clear before the plan's last judgment."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.review import Anytime, Design
from reviews.planning.stopping import (
    InterimEstimate,
    Judged,
    look,
    stratum_chances,
    stratum_shares,
)

RULE = Anytime(alpha=0.025)


def judged(choices: Sequence[str], *, raters: int = 1, strata: Sequence[str] = ("",)) -> Judged:
    """Item i//raters by reviewer i%raters says choices[i]."""
    items = [str(i // raters) for i in range(len(choices))]
    return Judged(
        choices=choices,
        items=items,
        clusters=items,
        raters=[i % raters for i in range(len(choices))],
        strata=[strata[i // raters % len(strata)] for i in range(len(choices))],
    )


def looked(choices: Sequence[str], *, items: int = 100, raters: int = 1) -> InterimEstimate:
    seats = {str(i): raters for i in range(items)}
    found = look(judged(choices, raters=raters), seats=seats, rule=RULE)
    assert found is not None
    return found


def test_nothing_is_known_of_nothing() -> None:
    assert look(judged([]), seats={"0": 1}, rule=RULE) is None


def test_a_clear_preference_is_clear_either_way() -> None:
    up = looked(["candidate"] * 25)
    assert up.winner == "candidate"
    assert up.p_better <= RULE.alpha < up.p_worse
    down = looked(["baseline"] * 25)
    assert down.winner == "baseline"
    assert (down.lower, down.upper) == pytest.approx((1 - up.upper, 1 - up.lower))
    assert down.p_worse == pytest.approx(up.p_better)


def test_ties_and_coins_stop_nothing() -> None:
    assert looked(["tie"] * 50).winner is None
    assert looked(["both-bad"] * 50).winner is None
    assert looked(["candidate", "baseline"] * 25).winner is None


def test_nineteen_items_are_too_few_however_clear() -> None:
    assert looked(["candidate"] * 19).winner is None
    assert looked(["candidate"] * 40, raters=4).winner is None  # of ten items


def test_judgments_of_one_item_count_once() -> None:
    """Three who always agree say no more than one; the second sequence costs a little."""
    one = looked((["candidate"] * 3 + ["baseline"]) * 10)
    three = looked((["candidate"] * 9 + ["baseline"] * 3) * 10, raters=3)
    assert three.items == one.items == 40
    assert three.complete == 40
    assert three.lower <= one.lower


def test_it_is_never_surer_than_the_interval_clustered_by_reviewer() -> None:
    """One of two reviewers loves the candidate and the other is indifferent: 60 items show it of
    these two, and nothing of others."""
    said = ["candidate", "tie"] * 60
    found = looked(said, items=60, raters=2)
    assert found.winner is None
    assert found.score == 0.75


def test_strata_dealt_by_priority_are_led_back_to_the_plan() -> None:
    """Stratum a favours the candidate and b the baseline, and a is asked three times as often:
    the score alone says candidate, the limits don't."""
    said = ["candidate", "candidate", "candidate", "baseline"] * 30
    seen = judged(said, strata=["a", "a", "a", "b"])
    seats = {str(i): 1 for i in range(300)}
    alone = look(seen, seats=seats, rule=RULE)
    led_back = look(seen, seats=seats, rule=RULE, shares={"a": 0.5, "b": 0.5})
    assert alone is not None
    assert alone.winner == "candidate"
    assert led_back is not None
    assert led_back.winner is None


def test_strata_far_from_their_shares_show_nothing_yet() -> None:
    """The first items of a plan may all be of a stratum that hardly has a share in it."""
    rare = judged(["candidate"] * 5, strata=["rare"])
    found = look(
        rare,
        seats={str(n): 1 for n in range(100)},
        rule=Anytime(),
        shares={"rare": 0.3, "usual": 0.7},
    )
    assert found is not None
    assert (found.p_better, found.p_worse, found.winner) == (1.0, 1.0, None)
    assert (found.lower, found.upper) == (0.0, 1.0)


def test_uncertain_strata_come_first_within_bounds() -> None:
    plan = {"clear": 0.5, "open": 0.5}
    strata = ["clear"] * 40 + ["open"] * 40
    shares = stratum_shares(strata, [1.0] * 40 + [1.0, 0.0] * 20, plan=plan)
    assert shares["open"] > shares["clear"] >= 0.25
    assert sum(shares.values()) == pytest.approx(1)
    chances = stratum_chances(shares, plan=plan)
    assert chances["open"] == 1
    assert chances["clear"] == pytest.approx(shares["clear"] / shares["open"])


def test_before_anything_is_known_every_stratum_has_its_share() -> None:
    plan = {"a": 0.2, "b": 0.3, "c": 0.5}
    assert stratum_shares([], [], plan=plan) == pytest.approx(plan)


def test_a_rule_goes_into_the_plan_and_comes_back() -> None:
    rule = Anytime(alpha=0.01, share=0.25, priority=True)
    assert validate(Anytime, rule.as_json()) == rule
    assert Design(stopping=rule).as_json()["stopping"] == rule.as_json()


@pytest.mark.parametrize(
    ("stopping", "field"),
    [
        ({"rule": "when I like it"}, "stopping"),
        ({"rule": "anytime", "peeks": 3}, "stopping.peeks"),
        ({"rule": "anytime", "alpha": 0}, "stopping.alpha"),
        ({"rule": "anytime", "share": 1.5}, "stopping.share"),
    ],
)
def test_another_rule_is_refused(stopping: dict[str, object], field: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        validate(Design, {"stopping": stopping})
    assert caught.value.field == field


def test_pandalm_stops_early_what_its_annotators_say_in_full(shared_data: Path) -> None:
    """llama-7b against the other four: 213 pairs, 639 judgments, win score .677. In a random order
    of the pairs 100 of them do, for the same winner."""
    said: list[list[str]] = []
    for line in (shared_data / "pandalm" / "comparisons.jsonl").read_text().splitlines():
        row = json.loads(line)
        if "llama-7b" in (models := row["cmp_key"].split("_")):
            names = {models[0] == "llama-7b": "candidate", models[0] != "llama-7b": "baseline"}
            labels = [int(row[f"annotator{k}"]) for k in (1, 2, 3)]
            said.append(["tie" if each == 0 else names[each == 1] for each in labels])
    order = np.random.default_rng(2).permutation(len(said))
    choices = [choice for i in order for choice in said[i]]
    whole = looked(choices, items=213, raters=3)
    assert (whole.judgments, whole.items) == (639, 213)
    assert whole.score == pytest.approx(0.677, abs=0.0005)
    assert whole.winner == "candidate"
    assert looked(choices[:300], items=213, raters=3).winner == "candidate"


@pytest.mark.heavy
def test_looking_at_nothing_again_and_again_claims_too_much_no_more_than_allowed() -> None:
    """200 campaigns of 60 coins, three reviewers of like mind, looked at every 15 judgments: looks
    may be wrong in 2.5%, both ways together; 11 would have a chance below 2%."""
    rng = np.random.default_rng(8)
    claimed = 0
    for _ in range(200):
        items = rng.integers(0, 2, 60)
        said = [["baseline", "candidate"][each] for each in items for _ in range(3)]
        claimed += any(
            looked(said[:n], items=60, raters=3).winner for n in range(60, len(said) + 1, 15)
        )
    assert claimed <= 10
