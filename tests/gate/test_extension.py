"""Items added after a first look: both stages are combined, and the error rate holds."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.gate.decide import decide_study
from evalhub.gate.models import Decision, Look
from evalhub.registry.models import Study, StudyTestSet, TestSetVersion
from evalhub.schemas.criteria import Criterion
from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.sequential import combined_p_value
from evalhub.verdict.align import Aligned, ItemLabel, criterion_of
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.levels import STAGES, extended_level, level_of
from evalhub.verdict.test_set_extension import StageScores, p_combined
from evalhub.verdict.verify import verify
from tests.cast import Team, a_run, a_study, a_test_set, a_version

ALPHA = 0.025
PRIMARY = Requirement("triage", "primary", "triage", "exact_match")
GUARD = Requirement("sums", "guard", "sums", "exact_match", margin=0.05)

Array = NDArray[np.float64]


def staged(
    asked: Requirement,
    baseline: Array,
    candidate: Array,
    first: int,
    *,
    alpha: float = ALPHA,
    clusters: list[str] | None = None,
) -> Criterion:
    """The criterion of rows of which the `first` were looked at before."""
    stages = np.arange(len(baseline)) < first
    items = [ItemLabel(f"q{i}") for i in range(len(baseline))]
    rows = Aligned(asked, items, baseline, candidate, clusters, stages=stages)
    return criterion_of(rows, alpha=alpha, planned_gain=0.05)


def arms(won: int, lost: int, n: int) -> tuple[Array, Array]:
    baseline, candidate = np.zeros(n), np.zeros(n)
    candidate[:won] = 1
    baseline[won : won + lost] = 1
    return baseline, candidate


# The combined test, as pure arithmetic.


def test_two_stages_are_combined_with_equal_weights_whatever_their_sizes() -> None:
    """Normal differences: each stage's p is t's, and the combination (z1 + z2)/√2's."""
    rng = np.random.default_rng(1)
    parts = [rng.normal(0.03, 1, size) for size in (4000, 1000)]
    found = staged(PRIMARY, np.zeros(5000), np.concatenate(parts), 4000)
    z = [part.mean() / (part.std(ddof=1) / np.sqrt(len(part))) for part in parts]
    two_sided = 2 * (1 - normal_cdf(sum(z) / np.sqrt(2)))
    assert found.p_value == pytest.approx(two_sided, rel=0.02)
    assert found.test == "inverse-normal combination"
    assert found.method.startswith("inverse-normal combination of 4000 and 1000 items")


def test_the_interval_is_the_combined_test_turned_round() -> None:
    """Its ends for normal differences: where (z1 + z2)/√2 is just z of alpha."""
    rng = np.random.default_rng(2)
    parts = [rng.normal(0.1, 1, size) for size in (500, 300)]
    found = staged(PRIMARY, np.zeros(800), np.concatenate(parts), 500)
    se = [part.std(ddof=1) / np.sqrt(len(part)) for part in parts]
    means = [part.mean() for part in parts]
    precision = sum(1 / each for each in se)
    centre = sum(mean / each for mean, each in zip(means, se, strict=True)) / precision
    half = -normal_quantile(ALPHA) * np.sqrt(2) / precision
    assert (found.lower, found.upper) == pytest.approx((centre - half, centre + half), rel=0.01)
    assert found.difference == pytest.approx(np.concatenate(parts).mean())


def test_the_interval_and_the_p_value_are_one_test() -> None:
    baseline, candidate = arms(30, 12, 300)
    found = staged(PRIMARY, baseline, candidate, 100)
    stages = [
        StageScores(baseline[part], candidate[part]) for part in (slice(100), slice(100, 300))
    ]
    for end, alternative in ((found.lower, "greater"), (found.upper, "less")):
        p = p_combined(stages, bound=end, alternative=alternative)
        assert p == pytest.approx(ALPHA, rel=1e-6)


def test_turning_the_arms_round_turns_the_interval_round() -> None:
    baseline, candidate = arms(40, 12, 300)
    one, other = (
        staged(PRIMARY, *pair, 100) for pair in ((baseline, candidate), (candidate, baseline))
    )
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=1e-9)
    assert one.p_value == pytest.approx(other.p_value)


def test_one_stage_alone_is_the_ordinary_criterion() -> None:
    baseline, candidate = arms(40, 12, 300)
    whole = staged(PRIMARY, baseline, candidate, 300)
    assert (whole.method, whole.n) == ("exact score interval", 300)


def test_of_less_is_better_the_stages_turn_too() -> None:
    cost = Requirement("length", "primary", "triage", "length", higher_is_better=False)
    rng = np.random.default_rng(3)
    baseline = rng.normal(100, 5, 200)
    found = staged(cost, baseline, baseline - rng.normal(2, 1, 200), 120)
    assert found.lower > 0
    assert found.candidate < found.baseline


# How often a candidate that gains nothing ships, by simulation.

DRAWS = 20_000


def test_one_extension_after_need_more_data_keeps_the_false_ship_rate() -> None:
    """20,000 draws of z at the edge: the rate of both looks is what both may spend, .0190.

    The Monte Carlo error at .019 is √(.019·.981/20000) = .00097. Naive re-testing of all items
    at the first level ships .0249: more than was to be spent on it.
    """
    rng = np.random.default_rng(11)
    first, second = rng.normal(size=(2, DRAWS))
    start, level = level_of(1, alpha=ALPHA), extended_level(1, 2, alpha=ALPHA)
    budget = start + level_of(2, alpha=ALPHA)
    at_first = first > -normal_quantile(start)
    both = (first + second) / np.sqrt(2)
    combined = at_first | (both > -normal_quantile(level))
    naive = at_first | (both > -normal_quantile(start))
    error = 3 * np.sqrt(budget * (1 - budget) / DRAWS)
    assert combined.mean() == pytest.approx(budget, abs=error)
    assert naive.mean() > budget + error
    assert combined.mean() <= ALPHA


def test_the_rate_holds_when_the_size_of_the_extension_depends_on_the_first_look() -> None:
    """The worst habit: extend a little where the first look was good, a lot where it wasn't.

    Naive pooling then weighs the stages by sizes that were chosen after looking.
    """
    rng = np.random.default_rng(12)
    first, second = rng.normal(size=(2, DRAWS))
    start, level = level_of(1, alpha=ALPHA), extended_level(1, 2, alpha=ALPHA)
    budget = start + level_of(2, alpha=ALPHA)
    share = np.where(first > 1.5, 0.05, 5.0)
    at_first = first > -normal_quantile(start)
    combined = at_first | ((first + second) / np.sqrt(2) > -normal_quantile(level))
    pooled = (first + np.sqrt(share) * second) / np.sqrt(1 + share)
    naive = at_first | (pooled > -normal_quantile(start))
    error = 3 * np.sqrt(budget * (1 - budget) / DRAWS)
    assert combined.mean() == pytest.approx(budget, abs=error)
    assert naive.mean() > budget + error


@cache
def p_of(bound: float, won: int, lost: int, n: int) -> float:
    """One stage's p-value against a gain of at most `bound`; equal counts are tested once."""
    return StageScores(*arms(won, lost, n)).p_value(bound, "greater")


def ships(asked: Requirement, odds: Sequence[float], sizes: Sequence[int], draws: int) -> Array:
    """Of `draws` studies, the shares that pass at the first look, and at one of both."""
    rng = np.random.default_rng(13)
    start, level = level_of(1, alpha=ALPHA), extended_level(1, 2, alpha=ALPHA)
    counts = [rng.multinomial(n, odds, size=draws)[:, :2].tolist() for n in sizes]
    shipped = []
    for stages in zip(*counts, strict=True):
        p = [p_of(asked.bound, won, lost, n) for (won, lost), n in zip(stages, sizes, strict=True)]
        at_first = p[0] <= start
        shipped.append((at_first, at_first or combined_p_value(p, STAGES) <= level))
    return np.mean(shipped, axis=0)


@pytest.mark.parametrize(
    ("asked", "p_won", "p_lost"), [(PRIMARY, 0.1, 0.1), (GUARD, 0.05, 0.1)], ids=["gain", "margin"]
)
def test_yes_no_scores_at_the_edge_keep_it_too(
    asked: Requirement, p_won: float, p_lost: float
) -> None:
    """400 and 200 items, 2,000 studies: the rate is at most .0190, by 3 errors of .0031."""
    _, rate = ships(asked, [p_won, p_lost, 1 - p_won - p_lost], [400, 200], 2000)
    assert 0.005 < rate <= 0.019 + 3 * (0.019 * 0.981 / 2000) ** 0.5


def test_an_extension_finds_what_the_first_look_left_open() -> None:
    """A gain of .05, σ_d = .35: z = .05·√200/.35 = 2.02 at the first look, power .44 at .0152.

    With 400 more: (2.02 + 2.86)/√2 = 3.45 against 2.49, power .83 or more.
    """
    at_first, at_either = ships(PRIMARY, [0.0875, 0.0375, 0.875], [200, 400], 1000)
    assert at_first == pytest.approx(0.44, abs=0.06)
    assert at_either > 0.8


# The same through the database.


class Desk:
    """A tuned arm that gains 6 and loses 2 of the first 100 questions: too little to tell."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.base, self.tuned = a_version(team, "base"), a_version(team, "tuned")

    def questions(self, items: int | Sequence[Any], **fields: Any) -> TestSetVersion:
        return a_test_set(self.team, "questions", items=items, **fields)

    def answered(self, on: TestSetVersion, *, won: Sequence[int], lost: Sequence[int]) -> None:
        """The items of these numbers are won and lost; the other answers are right in both."""
        n = on.item_count
        a_run(self.base, on, scores=[float(i not in won) for i in range(n)])
        a_run(self.tuned, on, scores=[float(i not in lost) for i in range(n)])

    def study(self, on: TestSetVersion, slug: str = "study", **fields: Any) -> Study:
        asked = {"baseline": self.base, "candidate": self.tuned, "primary": on, "slug": slug}
        return a_study(self.team, **asked | fields)


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def decided(study: Study) -> Decision:
    return decide_study(study=study)[0]


def a_first_look(desk: Desk) -> Decision:
    small = desk.questions(100)
    desk.answered(small, won=range(6), lost=range(6, 8))
    return decided(desk.study(small))


def an_extension(desk: Desk, slug: str = "extended") -> Study:
    """150 new questions, of which 15 are won and 3 lost; the old answers as they were."""
    large = desk.questions(250)
    won = [*range(6), *range(100, 115)]
    desk.answered(large, won=won, lost=[*range(6, 8), *range(115, 118)])
    return desk.study(large, slug=slug)


@pytest.mark.django_db
def test_new_items_are_a_second_look_and_both_stages_are_combined(desk: Desk) -> None:
    first = a_first_look(desk)
    assert first.verdict == "need-more-data"
    second = decided(an_extension(desk))
    level = extended_level(1, 2, alpha=ALPHA)
    assert second.record["alpha"] == pytest.approx(level)
    extension = second.record["extension"]
    assert (extension["level"], extension["weights"]) == (pytest.approx(level), [1.0, 1.0])
    assert extension["test_sets"] == [
        {"test_set": "questions", "looks": [1, 2], "items": [100, 150]}
    ]
    assert extension["sentences"] == [
        "questions held 100 items at look 1; 150 were added for look 2. Each part is tested by "
        "itself, and the two tests are combined."
    ]
    (criterion,) = second.record["criteria"]
    expected = staged(PRIMARY, *arms_of_both(), 100, alpha=level)
    assert (criterion["n"], criterion["wins"], criterion["losses"]) == (250, 21, 5)
    assert criterion["lower"] == pytest.approx(expected.lower)
    assert criterion["p_value"] == pytest.approx(expected.p_value)
    assert "added to after look 1: look 2" in second.record["ledger"]["sentences"][0]
    assert Look.objects.get(number=2).extends == Look.objects.get(number=1)


def arms_of_both() -> tuple[Array, Array]:
    baseline, candidate = np.ones(250), np.ones(250)
    baseline[[*range(6), *range(100, 115)]] = 0
    candidate[[*range(6, 8), *range(115, 118)]] = 0
    return baseline, candidate


@pytest.mark.django_db
def test_a_record_with_two_stages_is_verified(desk: Desk) -> None:
    a_first_look(desk)
    decision = decided(an_extension(desk))
    assert verify(decision.record, digest=decision.digest).differences == []


@pytest.mark.django_db
def test_to_decide_the_extension_again_changes_nothing(desk: Desk) -> None:
    a_first_look(desk)
    study = an_extension(desk)
    assert decided(study) == decided(study)
    assert Look.objects.count() == 2


@pytest.mark.django_db
def test_the_first_stage_stays_what_was_seen_whatever_is_answered_now(desk: Desk) -> None:
    a_first_look(desk)
    large = desk.questions(250)
    desk.answered(large, won=range(250), lost=[])
    (criterion,) = decided(desk.study(large, slug="extended")).record["criteria"]
    assert (criterion["wins"], criterion["losses"]) == (6 + 150, 2)


@pytest.mark.django_db
def test_a_second_extension_is_refused(desk: Desk) -> None:
    a_first_look(desk)
    decided(an_extension(desk))
    larger = desk.questions(400)
    desk.answered(larger, won=range(60), lost=range(60, 64))
    decision = decided(desk.study(larger, slug="extended-again"))
    assert decision.verdict == "invalid"
    assert decision.record["invalid"] == [
        "questions has been extended once already (questions v2), and one extension is what the "
        "levels allow for: judge this candidate on a fresh test set"
    ]
    assert Look.objects.count() == 2


@pytest.mark.django_db
def test_changed_items_are_a_new_look_without_a_first_stage(desk: Desk) -> None:
    """The levels of all looks add up to alpha, so this look's own level is right for all items."""
    a_first_look(desk)
    changed = desk.questions([{"input": f"Another question {i}?"} for i in range(250)])
    desk.answered(changed, won=range(20), lost=range(20, 22))
    decision = decided(desk.study(changed, slug="changed"))
    assert decision.record["extension"] is None
    assert decision.record["alpha"] == pytest.approx(level_of(2, alpha=ALPHA))
    assert decision.record["criteria"][0]["method"] == "exact score interval"


@pytest.mark.django_db
def test_new_items_of_old_clusters_do_not_stand_apart(desk: Desk) -> None:
    small = desk.questions(100, clusters=20)
    desk.answered(small, won=range(6), lost=range(6, 8))
    decided(desk.study(small))
    large = desk.questions(200, clusters=20)
    desk.answered(large, won=range(12), lost=range(12, 16))
    decision = decided(desk.study(large, slug="extended"))
    assert decision.record["extension"] is None
    assert decision.record["alpha"] == pytest.approx(level_of(2, alpha=ALPHA))


@pytest.mark.django_db
def test_another_candidate_on_the_larger_set_extends_nothing(desk: Desk) -> None:
    a_first_look(desk)
    large = desk.questions(250)
    desk.answered(large, won=range(20), lost=range(20, 22))
    other = a_version(desk.team, "other")
    a_run(other, large, scores=[1.0] * 250)
    decision = decided(desk.study(large, slug="other", candidate=other))
    assert decision.record["extension"] is None
    assert decision.record["ledger"]["test_sets"][0]["number"] == 2


@pytest.mark.django_db
def test_an_extended_guard_pays_though_only_primaries_count(desk: Desk) -> None:
    """Its items are looked at twice, and once more must not make a loss likelier to pass."""
    primary = a_test_set(desk.team, "fresh", items=200)
    desk.answered(primary, won=range(40), lost=[])
    small = desk.questions(100)
    desk.answered(small, won=[], lost=range(3))
    decided(desk.study(primary, guards=[small]))
    large = desk.questions(250)
    desk.answered(large, won=[], lost=range(3))
    decision = decided(desk.study(primary, slug="extended", guards=[large]))
    assert decision.record["alpha"] == pytest.approx(extended_level(1, 2, alpha=ALPHA))
    assert [row["counted"] for row in decision.record["ledger"]["test_sets"]] == [True, True]


@pytest.mark.django_db
def test_a_relative_guard_s_stages_are_combined_too(desk: Desk) -> None:
    primary = a_test_set(desk.team, "fresh", items=200)
    desk.answered(primary, won=range(40), lost=[])
    study = desk.study(primary, guards=[a_guard_set(desk, 100)])
    StudyTestSet.objects.filter(study=study, name="sums").update(relative_margin=0.1)
    decided(study)
    later = desk.study(primary, slug="later", guards=[a_guard_set(desk, 250)])
    StudyTestSet.objects.filter(study=later, name="sums").update(relative_margin=0.1)
    decision = decided(later)
    assert decision.record["alpha"] == pytest.approx(extended_level(1, 2, alpha=ALPHA))
    guard = decision.record["criteria"][1]
    assert (guard["n"], guard["test"]) == (250, "inverse-normal combination")
    assert guard["ratio_lower"] <= guard["ratio"] <= guard["ratio_upper"]
    assert verify(decision.record).differences == []


def a_guard_set(desk: Desk, items: int) -> TestSetVersion:
    sums = a_test_set(desk.team, "sums", items=items)
    desk.answered(sums, won=[], lost=range(3))
    return sums
