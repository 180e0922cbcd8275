"""Pairs that a mirror lost: left out, and filled the worst way, which may not turn a ship."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.decision.align import align
from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.charge import Charge
from evalhub.decision.criteria.preference import PreferenceRule
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.judge import judge
from evalhub.decision.judgments import Judgments
from evalhub.decision.lost_preference import lost_share, upper_share
from evalhub.decision.policy import Policy
from evalhub.decision.preference_evidence import PreferenceEvidence, preference_evidence
from evalhub.decision.requirements import requirement_of
from evalhub.declare.decision import ArmName, Arms
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict

Array = NDArray[np.float64]
ARMS = Arms(
    baseline=ArmName(name="now", digest="a" * 64), candidate=ArmName(name="copy", digest="b" * 64)
)
POLICY = validate(
    Policy,
    {
        "schema": "evalhub.policy/1",
        "failures": "worst",
        "criteria": {"traffic": {"role": "primary", "metric": "exact_match", "bounds": [0, 1]}},
    },
)
NOBODY = PreferenceEvidence()


def decided(
    baseline: Array,
    candidate: Array,
    lost: NDArray[np.bool_],
    people: PreferenceEvidence = NOBODY,
    weights: Array | None = None,
) -> DecisionRecord:
    """The record on scores of 0 and 1, of which the candidate's are lost in some places."""
    rows = np.arange(len(baseline))
    scores = np.where(lost, np.nan, candidate)
    requirement = requirement_of("traffic", POLICY.criteria["traffic"])
    aligned = align(
        requirement,
        [ItemLabel(f"q{row}", weight=None if weights is None else weights[row]) for row in rows],
        ArmScores("now", rows, baseline),
        ArmScores("copy", rows, scores, failed=lost, lost=lost if lost.any() else None),
        failures="worst",
    )
    evidence = Evidence(ARMS, [], [aligned], Charge(0.025), registered=False, people=people)
    return judge(evidence, POLICY)


def preferred(choices: NDArray[np.bool_], identical: int = 0) -> PreferenceEvidence:
    """What people prefer: of each item that differs and came, whether it is the candidate."""
    judgments = Judgments(
        ["candidate" if choice else "baseline" for choice in choices],
        [f"q{row}" for row in range(len(choices))],
        ["ada"] * len(choices),
        len(choices),
        identical,
    )
    rule = PreferenceRule(min_reviewers=1)
    return preference_evidence(judgments, rule, test_set="traffic", alpha=0.025, planned_gain=0.1)


def scores(draw: np.random.Generator, n: int, better: float, worse: float) -> tuple[Array, Array]:
    """Two arms' scores: shares of items that only one of them gets right, else both or neither."""
    kind = draw.choice(4, size=n, p=[better, worse, 0.5, 0.5 - better - worse])
    return (kind == 1) | (kind == 2), (kind == 0) | (kind == 2)  # type: ignore[return-value]


def test_without_lost_pairs_a_record_has_no_such_section() -> None:
    draw = np.random.default_rng(1)
    baseline, candidate = (each.astype(float) for each in scores(draw, 200, 0.3, 0.1))
    record = decided(baseline, candidate, np.zeros(200, dtype=bool))
    assert record.verdict is Verdict.SHIP
    assert "lost_pairs" not in record.as_json()


def test_a_ship_that_stands_with_lost_pairs_filled_the_worst_way_is_a_ship() -> None:
    draw = np.random.default_rng(1)
    baseline, candidate = (each.astype(float) for each in scores(draw, 500, 0.3, 0.1))
    record = decided(baseline, candidate, np.arange(500) < 15)
    assert record.verdict is Verdict.SHIP
    assert record.criteria[0].n == 485
    section = record.lost_pairs
    assert section is not None
    assert section.verdict_filled is Verdict.SHIP
    assert section.filled[0].n == 500
    assert section.sentences[0] == (
        "Of 500 pairs of traffic, 15 (3.0%) had an answer that never came: they are left out, and "
        "no people or judge compared them."
    )


def test_a_ship_that_lost_pairs_could_turn_is_invalid_and_shows_no_result() -> None:
    baseline = np.repeat([0.0, 1.0, 1.0], [40, 20, 440])
    candidate = np.repeat([1.0, 0.0, 1.0], [40, 20, 440])
    lost = np.arange(500) >= 485
    record = decided(baseline, candidate, lost)
    assert record.verdict is Verdict.INVALID
    assert record.invalid == (
        "15 of 500 pairs of traffic were lost, and with the worst score in their place it would "
        "not ship: find out why they were lost",
    )
    assert record.criteria == ()
    section = record.lost_pairs
    assert section is not None
    assert (section.filled, section.verdict_filled) == ((), None)
    assert section.criteria[0].lost == 15


def gain(n: int) -> tuple[Array, Array]:
    """Scores by which the candidate gains so much that no loss of single pairs matters."""
    return np.repeat([0.0, 1.0], [n // 2, n - n // 2]), np.ones(n)


def test_a_preference_is_filled_as_if_the_candidate_had_lost_each_lost_pair() -> None:
    baseline, candidate = gain(200)
    choices = np.arange(150) % 5 > 0  # 80% of the pairs that differ
    people = preferred(choices, identical=40)
    record = decided(baseline, candidate, np.arange(200) < 10, people)
    assert record.verdict is Verdict.SHIP, record.reasons
    assert record.lost_pairs is not None
    by_name = {row.name: row for row in record.lost_pairs.filled}
    filled, [whole] = by_name["Reviewers' preference"], people.criteria
    assert whole.difference == pytest.approx(0.3)
    assert filled.difference == pytest.approx(0.8 * 150 / 160 - 0.5), "of 190, 40 read the same"
    # Wilson's upper limit of 10 in 160: z² = 3.841459, 1 + z²/160 = 1.02400912
    most = (0.0625 + 3.841459 / 320) / 1.02400912
    most += (3.841459 * (0.0625 * 0.9375 / 160 + 3.841459 / 4 / 160**2)) ** 0.5 / 1.02400912
    share_error = 0.8 * (most - 0.0625)
    below = (((whole.difference - whole.lower) * 150 / 160) ** 2 + share_error**2) ** 0.5
    assert filled.lower == pytest.approx(filled.difference - below, abs=1e-6)
    [of_people] = [row for row in record.lost_pairs.criteria if row.name == filled.name]
    assert (of_people.pairs, of_people.lost) == (160, 10)


@pytest.mark.parametrize(
    ("events", "n", "upper"),
    [(81, 263, 0.3662), (15, 148, 0.1605), (0, 20, 0.1611), (1, 29, 0.1718)],
)
def test_the_upper_limit_of_a_share_is_wilson_s(events: int, n: int, upper: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 3."""
    assert upper_share(events / n, n, level=0.025) == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(
    ("asked", "answered", "moved", "bound"),
    [(106, 64, 21, (0.20, 0.59)), (31, 14, 3, (0.10, 0.65))],
)
def test_lost_answers_bound_a_share_as_manski_s_do(
    asked: int, answered: int, moved: int, bound: tuple[float, float]
) -> None:
    """Of homeless men and women, how many had left the streets, were all whom nobody found again on
    them, or off: Manski 1995, Identification problems in the social sciences, 2.2."""
    lost = np.arange(asked) >= answered
    scores = np.where(lost, np.nan, np.arange(asked) < moved)
    requirement = requirement_of("traffic", POLICY.criteria["traffic"])
    rows = np.arange(asked)
    means = []
    for sign in (1, -1):
        arm = ArmScores("copy", rows, scores if sign > 0 else 1 - scores, failed=lost, lost=lost)
        labels = [ItemLabel(str(row)) for row in rows]
        aligned = align(
            requirement, labels, ArmScores("now", rows, np.zeros(asked)), arm, failures="worst"
        )
        means.append(float(aligned.candidate.mean()))
    assert (means[0], 1 - means[1]) == pytest.approx(bound, abs=0.006)


def test_a_preference_that_lost_pairs_could_turn_makes_a_ship_invalid() -> None:
    baseline, candidate = gain(200)
    choices = np.arange(180) % 10 > 3  # 60%: more than half, and with 20 losses not surely
    record = decided(baseline, candidate, np.arange(200) < 20, preferred(choices))
    assert record.verdict is Verdict.INVALID
    assert record.invalid[0].startswith("20 of 200 pairs of ")
    unlost = decided(baseline[:180], candidate[:180], np.zeros(180, dtype=bool), preferred(choices))
    assert unlost.verdict is Verdict.SHIP


def test_lost_pairs_of_a_weighted_sample_count_by_their_weight() -> None:
    baseline, candidate = gain(200)
    lost = np.arange(200) >= 190
    people = preferred(np.arange(190) % 5 > 0)
    weights = np.where(lost, 3.0, 1.0)
    record = decided(baseline, candidate, lost, people, weights)
    assert record.lost_pairs is not None
    by_name = {row.name: row for row in record.lost_pairs.filled}
    filled = by_name["Reviewers' preference"]
    assert filled.difference == pytest.approx(0.8 * 190 / 220 - 0.5)


def test_pairs_that_were_lost_with_their_user_count_as_one_user() -> None:
    """20 users with ten pairs each, of whom one lost all: a share of .05 of 20 means of 0 and 1 has
    the variance .05 · .95 · 20/19 / 20 = .0025, as 19 pairs by themselves: .0475/.0025."""
    lost = np.arange(200) < 10
    requirement = requirement_of("traffic", POLICY.criteria["traffic"])
    rows = np.arange(200)
    labels = [ItemLabel(f"q{row}", cluster=f"u{row // 10}") for row in rows]
    candidate = ArmScores("copy", rows, np.where(lost, np.nan, 1.0), failed=lost, lost=lost)
    baseline = ArmScores("now", rows, np.ones(200))
    share = lost_share(align(requirement, labels, baseline, candidate, failures="worst"), alike=0)
    assert (share.pairs, share.lost, share.share) == (200, 10, 0.05)
    assert share.n == pytest.approx(0.0475 / 0.0025, rel=0.01)


@pytest.mark.heavy
def test_people_of_whom_the_worst_pairs_were_lost_make_no_false_ship() -> None:
    """An equally good candidate, of which a mirror loses 3% that people would give to the other."""
    draws, level, n, losses = 200, 0.025, 300, 9
    draw = np.random.default_rng(6)
    with_rule = forgetting = 0
    baseline, candidate = gain(n)
    for _ in range(draws):
        choices = np.sort(draw.random(n) < 0.5)[losses:]
        lost = np.arange(n) < losses
        people = preferred(choices)
        with_rule += decided(baseline, candidate, lost, people).verdict is Verdict.SHIP
        forgetting += people.criteria[0].lower > 0
    assert with_rule / draws <= level + 3 * (level * (1 - level) / draws) ** 0.5
    assert forgetting / draws > 1.5 * with_rule / draws, "what came is a choice of the easy ones"


def ships(
    draws: int, better: float, worse: float, *, at_random: bool, seed: int
) -> tuple[float, float]:
    """Shares of ships of 500 pairs of which 3% are lost, any or those that it gets wrong: of the
    rule, and of one that forgets what was lost."""
    draw = np.random.default_rng(seed)
    with_rule, forgetting = 0, 0
    for _ in range(draws):
        baseline, candidate = (each.astype(float) for each in scores(draw, 500, better, worse))
        order = draw.permutation(500)
        if not at_random:
            order = order[np.argsort(candidate[order] - baseline[order], kind="stable")]
        lost = np.zeros(500, dtype=bool)
        lost[order[:15]] = True
        with_rule += decided(baseline, candidate, lost).verdict is Verdict.SHIP
        none = np.zeros(485, dtype=bool)
        forgetting += decided(baseline[~lost], candidate[~lost], none).verdict is Verdict.SHIP
    return with_rule / draws, forgetting / draws


@pytest.mark.heavy
@pytest.mark.parametrize("at_random", [True, False])
def test_lost_pairs_make_no_false_ship_whether_at_random_or_not(at_random: bool) -> None:
    draws, level = 500, 0.025
    with_rule, forgetting = ships(draws, 0.1, 0.1, at_random=at_random, seed=2)
    assert with_rule <= level + 3 * (level * (1 - level) / draws) ** 0.5
    if not at_random:
        assert forgetting > 0.2, "what came is a choice of the easy ones"


@pytest.mark.heavy
def test_a_true_gain_is_shown_though_pairs_are_lost() -> None:
    with_rule, _ = ships(100, 0.3, 0.1, at_random=True, seed=4)
    assert with_rule > 0.9
