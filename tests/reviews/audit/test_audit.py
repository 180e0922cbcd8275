"""The blind audit: what it proves, and that each check can fail."""

import hashlib
import json
import uuid
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.declare.review import Design, Form
from reviews.audit.check import AuditCheck
from reviews.audit.check import judge_checks as judge_family
from reviews.audit.report import Audit, audit
from reviews.audit.scan import Scan
from reviews.audit.tokens import TokensTest, tokens_test
from reviews.blinding import candidate_on_left
from reviews.models import Assignment, AssignmentPurpose, Campaign, PairKind
from reviews.results.guess import pending_guesses, record_guess
from reviews.results.unblind import unblind
from tests.cast import Team, a_team
from tests.reviews.audit.made import FAULTS, made
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge, judge_all
from tests.tampering import administrator


def check(of: Audit, key: str) -> AuditCheck:
    return next(each for each in of.checks if each.key == key)


def judged(team: Team, items: int = 60, **plan: Any) -> Campaign:
    """Rui and Ruth judge everything with sides as dealt; they mostly agree."""
    campaign = a_campaign(team, items=items, **plan)
    wins = lambda position: "baseline" if position % 4 == 0 else "candidate"  # noqa: E731
    judge_all(campaign, {"rui": wins, "ruth": lambda p: "tie" if p % 5 == 0 else wins(p)})
    return campaign


def test_a_fair_campaign_passes_what_could_be_tested(team: Team) -> None:
    found = audit(judged(team))
    assert {each.key: each.status for each in found.checks} == {
        "record": "pass",
        "plan": "pass",
        "sides-of-seed": "pass",
        "balance": "pass",
        "independence": "pass",
        "items": "pass",
        "leaks": "pass",
        "telling": "not established",  # sixty items of four clusters
        "artefacts": "pass",
        "bytes": "pass",
        "tokens": "pass",
        "control": "not established",
        "position": "pass",
        "repeats": "not established",
        "gold": "not established",
        "identities": "pass",
        "accounts": "pass",
        "guess": "not established",
    }
    assert found.attention == []
    assert found.headline == "13 checks passed, 5 not established, 0 call for a look"
    assert [each.status for each in found.checks] == ["not established"] * 5 + ["pass"] * 13
    assert "60 pairs" in check(found, "leaks").tested
    assert check(found, "balance").numbers["blocks"] == 20


def test_the_document_is_canonical_and_carries_its_plan(team: Team) -> None:
    campaign = judged(team)
    first, second = audit(campaign), audit(Campaign.objects.get(pk=campaign.pk))
    assert first.text == second.text
    assert first.sha256 == hashlib.sha256(first.text.encode()).hexdigest()
    document = json.loads(first.text)
    assert document["false_alarms"]["at_most"] == 0.01
    assert document["plan_hash"] == campaign.plan_hash
    assert first.text == json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def test_events_are_in_it(team: Team) -> None:
    campaign = judged(team)
    unblind(campaign=campaign, by=team.olga)
    kinds = [(each["kind"], each["by"]) for each in audit(campaign).events]
    assert kinds == [
        ("opened", "the site"),
        ("sealed", "olga"),
        ("unblinded", "olga"),
    ]


def test_a_side_that_was_changed_later_shows_and_nothing_else_is_said(team: Team) -> None:
    campaign = judged(team)
    with administrator() as sql:
        sql(
            "UPDATE reviews_assignment SET candidate_on_left = NOT candidate_on_left WHERE id = %s",
            Assignment.objects.order_by("pk")[3].pk,
        )
    found = audit(campaign)
    assert [(each.key, each.status) for each in found.checks] == [("record", "attention")]
    assert "a judgment was changed or re-timed, or a turn was" in found.checks[0].found


def test_a_side_that_was_dealt_otherwise_shows(team: Team) -> None:
    campaign = a_campaign(team, items=12)
    ann = a_reviewer(campaign, "ann")
    for pair in campaign.pairs.all():
        side = candidate_on_left(campaign.seed, ann.key, ann.turns)
        judge(ann, pair, "candidate", on_left=side != (ann.turns == 3))
    found = audit(campaign)
    assert check(found, "sides-of-seed").status == "attention"
    assert check(found, "sides-of-seed").numbers["other"] == 1
    assert check(found, "balance").numbers["uneven"] == 1


def test_sides_tied_to_parity_show(team: Team) -> None:
    campaign = a_campaign(team, items=60)
    for name in ("rui", "ruth"):
        person = a_reviewer(campaign, name)
        for pair in campaign.pairs.all():
            judge(person, pair, "candidate", on_left=pair.position % 2 == 0)
    found = audit(campaign)
    assert check(found, "independence").status == "attention"
    assert check(found, "items").status == "attention"  # the same side for everyone


def test_a_changed_text_shows(team: Team) -> None:
    campaign = judged(team, items=12)
    output = campaign.pairs.first().candidate_output  # type: ignore[union-attr]
    type(output).objects.filter(pk=output.pk).update(text="Something else.")
    found = check(audit(campaign), "plan")
    assert found.status == "attention"
    assert found.numbers["texts_unchanged"] is False


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("I'm Claude, made by Anthropic.", "names-itself"),
        ("As an AI language model I can't.", "names-itself"),
        ("OpenAI trained me.", "vendor"),
        ("Sure.<|im_end|>", "template"),
        ("### Response: yes", "template"),
        ("[INST] hello [/INST]", "template"),
        ("canary-osprey would say so.", "arm"),
    ],
)
def test_an_answer_that_says_who_wrote_it_is_reported_and_not_dropped(
    team: Team, text: str, trait: str
) -> None:
    said: list[str | None] = [f"Answer {i}." for i in range(12)]
    campaign = a_campaign(team, answers=([*said], [text, *(f"Other {i}." for i in range(11))]))
    found = check(audit(campaign), "leaks")
    assert found.status == "attention"
    assert found.numbers["traits"][trait] == {"candidate": 1, "baseline": 0, "items": ["q0000"]}
    assert campaign.pairs.count() == 12


@pytest.mark.parametrize(
    "text", ["I am sure it is so.", "The llama ate.", "A human: no.", "See section <s 4>."]
)
def test_common_words_are_no_leaks(text: str) -> None:
    scan = Scan().read([("q", text, text)])
    assert not any(scan.candidate[trait.key] for trait in scan.traits() if trait.leaks)


@pytest.mark.parametrize(
    ("ending", "key", "status"),
    [
        ("\n", "bytes", "pass"),
        ("\r\nso.", "bytes", "pass"),
        ("\n\n- a point", "artefacts", "attention"),
    ],
)
def test_an_artefact_of_one_arm_is_named(team: Team, ending: str, key: str, status: str) -> None:
    """What pages take out tells nobody anything; what they show calls for a look."""
    base: list[str | None] = [f"Answer {i}." for i in range(12)]
    tuned: list[str | None] = [f"Other {i}.{ending}" for i in range(12)]
    found = check(audit(a_campaign(team, answers=(base, tuned))), key)
    assert found.status == status
    assert "12 of the candidate's answers, 0 of the baseline's" in found.found


def test_a_and_a_that_isnt_even_calls_for_a_look(team: Team) -> None:
    campaign = a_campaign(team, items=40, design=Design(controls=0.5))
    assert campaign.pairs.filter(kind=PairKind.CONTROL).count() == 20
    judge_all(campaign, {"rui": lambda _: "candidate"}, kind=PairKind.CONTROL)
    found = check(audit(campaign), "control")
    assert found.status == "attention"
    assert found.numbers["candidate"] == 20


def test_who_goes_by_the_side_is_found_by_repeats(team: Team) -> None:
    campaign = a_campaign(team)
    rui = a_reviewer(campaign, "rui")
    for pair in campaign.pairs.all():
        first = judge(rui, pair, "candidate", on_left=True)
        judge(
            rui,
            pair,
            "baseline",
            on_left=False,
            purpose=AssignmentPurpose.REPEAT,
            repeats=first.assignment,
        )
    found = audit(campaign)
    assert check(found, "repeats").status == "attention"
    assert check(found, "repeats").numbers["same_side"] == 12
    assert check(found, "position").status == "attention"


def test_guesses_are_compared_with_chance(team: Team) -> None:
    campaign = a_campaign(team, items=12, form=Form(guess=True))
    judge_all(campaign, {"rui": lambda _: "candidate", "ruth": lambda _: "tie"})
    for user in (team.rui, team.ruth):
        for each in pending_guesses(campaign=campaign, user=user):
            side = "left" if each.candidate_on_left else "right"
            record_guess(token=each.token, user=user, side=side)
    found = check(audit(campaign), "guess")
    assert (found.numbers["right"], found.numbers["wrong"]) == (10, 0)
    assert found.numbers["p"] == pytest.approx(2 / 2**10)
    assert found.status == "attention"


def test_the_queries_dont_grow(team: Team) -> None:
    small = judged(team, items=12)
    with CaptureQueriesContext(
        connection,
    ) as few:
        audit(small)
    large = judged(a_team("Other", "other"), items=60)
    with CaptureQueriesContext(connection) as many:
        audit(large)
    assert len(many) == len(few)


def test_tokens_that_tell_nothing_are_at_chance_and_a_leak_of_one_bit_is_found() -> None:
    rng = np.random.default_rng(3)
    sides = [bool(side) for side in rng.random(600) < 0.5]
    blind = [uuid.UUID(bytes=rng.bytes(16), version=4) for _ in sides]
    assert tokens_test(blind, sides).p_value > 0.01
    leaking = [
        uuid.UUID(int=token.int & ~1 | (side if rng.random() < 0.3 else rng.random() < 0.5))
        for token, side in zip(blind, sides, strict=True)
    ]
    found = tokens_test(leaking, sides)
    assert found.p_value < 1e-6
    assert found.agreeing > 350


def test_the_furthest_of_122_bits_is_judged_as_such() -> None:
    """All tokens alike: each bit agrees with the sides, or with the other sides, in half of them.
    One token of two turns on both sides: each bit agrees in exactly one of them."""
    token = uuid.UUID(int=0)
    assert tokens_test([token] * 2, [True, False]) == TokensTest(2, 1, 1.0)
    found = tokens_test([token] * 10, [False] * 10)
    assert found.p_value == pytest.approx(1 - (1 - 2 / 2**10) ** 122)


def test_too_few_turns_prove_nothing() -> None:
    few = made(np.random.default_rng(1), 20, 1)
    assert {each.key: each.status for each in few.audit()}["tokens"] == "not established"


def test_one_family_of_tests_keeps_its_level_whatever_it_is_made_of() -> None:
    """By p/weight: .004·11/5 = .0088, then .001·6/1 = .006 (not below .0088), then .2·5/5."""
    asked = [(0.001, 1), (0.004, 5), (0.2, 5)]
    tests = [
        AuditCheck(str(i), "", "", "", "pass", {}, p, weight) for i, (p, weight) in enumerate(asked)
    ]
    fact = AuditCheck("fact", "", "", "", "attention", {})
    found = sorted(judge_family([*tests, fact]), key=lambda each: each.key)
    assert [each.corrected for each in found] == [
        pytest.approx(0.0088),
        pytest.approx(0.0088),
        pytest.approx(0.2),
        None,
    ]
    assert [each.status for each in found] == ["attention", "attention", "pass", "attention"]


@pytest.mark.heavy
def test_a_fair_campaign_seldom_calls_for_a_look() -> None:
    """1% of 240 in four sizes, with its Monte Carlo error: 7 or fewer have a chance of .996."""
    rng = np.random.default_rng(29)
    looks = sum(
        any(each.status == "attention" for each in made(rng, *size).audit())
        for size in ((12, 1), (30, 2), (60, 2), (40, 4))
        for _ in range(60)
    )
    assert looks <= 7


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_by_the_check_for_it(name: str) -> None:
    fault, key = FAULTS[name]
    found = {each.key: each for each in made(np.random.default_rng(8), 120, 4, fault).audit()}
    assert found[key].status == "attention"
    corrected, p = found[key].corrected, found[key].p
    assert corrected is not None
    assert p is not None
    assert p <= corrected <= 0.01
