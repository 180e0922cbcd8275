"""What counts as easier than the last policy on the same items: stricter or equal never does."""

from collections.abc import Mapping
from typing import Any

import pytest

from evalhub.decision.judged_policies import JudgedPolicy, changes_since_last, policy_of_record
from evalhub.decision.policy import StudySettings
from evalhub.decision.policy_changes import Effect
from evalhub.decision.sections.policy_since import policy_caveats, policy_section
from evalhub.declare.declaration import validate

JUDGE = {"by": "j" * 64, "test_set": "triage", "rubric": "Right is right.", "tier": "critical"}
Criteria = Mapping[str, dict[str, Any]]
TRIAGE = {"role": "primary", "min_gain": 0.05, "planned_gain": 0.05}
SUMS = {"role": "guard", "margin": 0.02}
FORM = {"role": "guard", "margin": 0.05, "metric": "length"}
ASKED: Criteria = {"triage": TRIAGE, "sums": SUMS}


def asked(
    criteria: Criteria = ASKED,
    *,
    answers: str = "first",
    people: dict[str, Any] | None = None,
    **policy: Any,
) -> JudgedPolicy:
    """A policy by whose criteria items of the same name were judged, or of their field `items`."""
    rows = [
        {"name": name, "test_set": name, "tier": "critical", "metric": "exact_match"}
        | {"higher_is_better": True}
        | {field: value for field, value in each.items() if field != "items"}
        for name, each in criteria.items()
    ]
    evidence = [
        {
            "test_set": name,
            "digest": each.get("items", name),
            "metric": each.get("metric", "exact_match"),
            "metric_options": {},
            "baseline_answers": "base",
            "candidate_answers": answers,
        }
        for name, each in criteria.items()
    ]
    settings = validate(StudySettings, policy).as_json()
    return policy_of_record(
        settings, rows, evidence, preference=people, decision="d" * 64, decided="2026-11-29"
    )


def eased(now: JudgedPolicy, *earlier: JudgedPolicy, **sharing: set[str]) -> list[str]:
    """The fields that are easier than the last of `earlier`."""
    since = changes_since_last(now, earlier, sharing)
    return [each.field for each in since[1] if each.effect is Effect.EASIER] if since else []


def changed(**criteria: dict[str, Any] | None) -> Criteria:
    known = {**ASKED, **criteria}
    return {name: each for name, each in known.items() if each}


HOLDS: dict[str, tuple[JudgedPolicy, JudgedPolicy, list[str]]] = {
    "min_gain": (
        asked(),
        asked(changed(triage=TRIAGE | {"min_gain": 0.0})),
        ["criteria.triage.min_gain"],
    ),
    "margin": (asked(), asked(changed(sums=SUMS | {"margin": 0.1})), ["criteria.sums.margin"]),
    "tails": (
        asked(changed(sums=SUMS | {"tails": "bounded"})),
        asked(),
        ["criteria.sums.tails"],
    ),
    "guard left out": (asked(), asked(changed(sums=None)), ["criteria.sums"]),
    "guard by another metric": (
        asked(),
        asked(changed(sums=SUMS | {"metric": "contains"})),
        ["criteria.sums (as it was)"],
    ),
    "guard on form left out": (
        asked(changed(form=FORM | {"items": "triage"})),
        asked(),
        ["criteria.form"],
    ),
    "guard advisory": (
        asked(),
        asked(changed(sums=SUMS | {"tier": "advisory"})),
        ["criteria.sums.tier"],
    ),
    "primary made a guard": (
        asked(changed(more=TRIAGE)),
        asked(changed(more=SUMS)),
        ["criteria.more"],
    ),
    "primary left out": (asked(changed(more=TRIAGE)), asked(), ["criteria.more"]),
    "alpha": (asked(alpha=0.01), asked(alpha=0.05), ["alpha"]),
    "harm_alpha": (asked(), asked(harm_alpha=0.001), ["harm_alpha"]),
    "leakage": (asked(), asked(leakage="off"), ["leakage"]),
    "budget": (
        asked(budgets={"cost": {"max_ratio": 1.1}}),
        asked(budgets={"cost": {"max_ratio": 2.0}}),
        ["budgets.cost.max_ratio"],
    ),
    "budget left out": (asked(budgets={"cost": {"max_ratio": 1.1}}), asked(), ["budgets.cost"]),
    "people's gain": (
        asked(people={"min_gain": 0.1, "required": True}),
        asked(people={"min_gain": 0.0, "required": True}),
        ["people.min_gain"],
    ),
    "people not required": (
        asked(people={"min_gain": 0.1, "required": True}),
        asked(people={"min_gain": 0.1, "required": False}),
        ["people.required"],
    ),
    "judge's tier": (
        asked(pairwise=JUDGE),
        asked(pairwise=JUDGE | {"tier": "supporting"}),
        ["pairwise.tier"],
    ),
    "judge's floor": (
        asked(pairwise=JUDGE | {"floor": 0.6}),
        asked(pairwise=JUDGE | {"floor": 0.2}),
        ["pairwise.floor"],
    ),
    "judge's gain": (
        asked(pairwise=JUDGE | {"min_gain": 0.1}),
        asked(pairwise=JUDGE | {"min_gain": 0.0}),
        ["pairwise.min_gain"],
    ),
    "judge left out": (asked(pairwise=JUDGE), asked(), ["pairwise"]),
    "for another candidate": (asked(), asked(alpha=0.05, answers="second"), ["alpha"]),
    "under another name": (
        asked(),
        asked({"tickets": TRIAGE | {"items": "triage", "min_gain": 0.0}, "sums": SUMS}),
        ["criteria.tickets.min_gain"],
    ),
}


@pytest.mark.parametrize("way", HOLDS)
def test_what_is_easier(way: str) -> None:
    was, now, fields = HOLDS[way]
    assert eased(now, was) == fields


@pytest.mark.parametrize("way", HOLDS)
def test_the_other_way_round_and_the_same_again_are_none(way: str) -> None:
    was, now, _fields = HOLDS[way]
    assert eased(now, now) == []
    assert eased(was, was) == []
    turned = eased(was, now)
    # what took the place of another is left out in its turn
    assert turned == (["criteria.sums (as it was)"] if way == "guard by another metric" else [])


def test_what_nobody_judged_before_is_none() -> None:
    assert eased(asked(alpha=0.05)) == []


def test_a_fresh_primary_starts_afresh_and_its_guards_don_t() -> None:
    fresh = asked({"fresh": TRIAGE | {"min_gain": 0.0}, "sums": SUMS}, alpha=0.05)
    assert eased(fresh, asked()) == []
    lax = asked({"fresh": TRIAGE, "sums": SUMS | {"margin": 0.3}})
    assert eased(lax, asked()) == ["criteria.sums.margin"]
    as_a_guard = asked({"fresh": TRIAGE, "triage": SUMS})
    assert eased(as_a_guard, asked()) == [], "what had to gain once may be guarded"


def test_a_version_that_shares_an_item_is_the_same_items() -> None:
    grown = asked(changed(triage=TRIAGE | {"items": "triage 2", "min_gain": 0.0}))
    assert eased(grown, asked(), **{"triage 2": {"triage", "triage 2"}}) == [
        "criteria.triage.min_gain"
    ]
    assert eased(grown, asked()) == []


def test_a_primary_by_another_metric_is_another_claim_and_no_way_round() -> None:
    detour = asked(changed(triage=TRIAGE | {"metric": "contains", "min_gain": 0.0}), answers="2")
    assert eased(detour, asked()) == []
    back = asked(changed(triage=TRIAGE | {"min_gain": 0.0}), answers="3")
    assert eased(back, asked(), detour) == ["criteria.triage.min_gain"]


def test_it_is_the_last_that_counts_but_for_what_was_decided_already() -> None:
    lax, strict = asked(alpha=0.05), asked()
    assert eased(asked(alpha=0.03, answers="new"), strict, lax) == []
    assert eased(asked(alpha=0.05, answers="new"), lax, strict) == ["alpha"]
    assert eased(asked(alpha=0.05), lax, strict) == [], "these very answers were judged by it first"
    assert eased(asked(alpha=0.05), strict, lax) == ["alpha"], "as it said the first time"


def test_a_policy_has_a_digest_of_what_it_asks_on_which_items_whatever_they_are_called() -> None:
    renamed = asked({"tickets": TRIAGE | {"items": "triage"}, "sums": SUMS}, answers="second")
    assert renamed.digest == asked().digest
    others = [asked(alpha=0.03), asked(changed(sums=None)), asked(pairwise=JUDGE)]
    others.append(asked({"triage": TRIAGE | {"items": "other"}, "sums": SUMS}))
    assert len({each.digest for each in (asked(), *others)}) == 5


def test_the_words_of_several_changes_and_of_an_alpha() -> None:
    since = changes_since_last(asked(changed(sums=None), alpha=0.05), [asked()], {})
    assert since is not None
    section = policy_section(since[1], digest="d" * 64, decided="2026-11-29")
    told = [each.sentence for each in policy_caveats(section, alpha=0.05)]
    assert told == ["policy eased after the look: Significance level: 0.05 (was 0.025) and 1 more"]
    (alone,) = policy_caveats(None, alpha=0.06)
    assert (alone.code, alone.holds) == ("large-alpha", True)
    assert not any(each.holds for each in policy_caveats(section, alpha=0.06, accepted="Yes."))
