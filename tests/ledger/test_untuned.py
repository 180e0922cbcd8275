"""The best arm that isn't fine-tuned as the baseline: chosen on some items, met on the rest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.needed import items_needed
from evalhub.decision.sections.baseline_choice import answer, best
from evalhub.declare.study import Development
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item, ModelVersion, Output, StudyTestSet, TestSetVersion
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version
from tests.decision.made_up import a_criterion, a_guard

pytestmark = pytest.mark.heavy

# The split and the choice are pure.


def test_the_split_takes_about_its_share_and_depends_on_the_seed() -> None:
    keys = [f"q{i}" for i in range(10_000)]
    one, other = (
        {key for key in keys if Development(share=0.3, seed=seed).holds(key, "")} for seed in (0, 1)
    )
    assert len(one) == pytest.approx(3000, abs=3 * (10_000 * 0.3 * 0.7) ** 0.5)
    assert len(one & other) == pytest.approx(900, abs=120)


def test_items_of_one_cluster_stand_on_one_side() -> None:
    split = Development(share=0.5, seed=3)
    for cluster in (f"c{i}" for i in range(50)):
        assert len({split.holds(f"q{i}", cluster) for i in range(20)}) == 1


def test_new_items_move_none_that_were_there() -> None:
    split = Development(share=0.3, seed=0)
    before = [split.holds(f"q{i}", "") for i in range(100)]
    assert [split.holds(f"q{i}", "") for i in range(200)][:100] == before


def test_the_highest_mean_is_chosen_and_of_equals_the_first() -> None:
    low, high = np.array([0.0, 1, 0, 0]), np.array([1.0, 1, 0, 1])
    assert best({"base": [low], "few-shot": [high]}) == "few-shot"
    assert best({"base": [high], "few-shot": [high]}) == "base"


def test_several_primaries_count_alike_whatever_their_units() -> None:
    """+1 character of 100 is less than +.5 of right answers, though the number is larger."""
    rng = np.random.default_rng(4)
    length, right = rng.normal(100, 20, 400), (rng.random(400) < 0.3).astype(float)
    longer, better = length + 1, np.maximum(right, rng.random(400) < 0.5)
    assert best({"longer": [longer, right], "better": [length, better]}) == "better"


# What the data say of the fine-tune.


def said(*criteria: Criterion, primaries: Any = "all-of") -> str:
    return answer(criteria, planned_gain=0.05, primaries=primaries)


def test_a_shown_gain_is_worth_a_fine_tune() -> None:
    assert said(a_criterion(0.01, 0.2), a_guard(-0.3, -0.2)) == "fine-tune"


def test_a_gain_shown_to_stay_below_the_planned_one_is_not() -> None:
    assert said(a_criterion(-0.03, 0.049)) == "don't-fine-tune"
    assert said(a_criterion(-0.2, -0.1)) == "don't-fine-tune"
    assert said(a_criterion(-0.03, 0.069, min_gain=0.02)) == "don't-fine-tune"


def test_what_is_neither_shown_nor_ruled_out_is_called_so() -> None:
    assert said(a_criterion(-0.03, 0.051)) == "not-shown"


def test_of_several_primaries_all_or_one_must_gain() -> None:
    gain, nothing, open_ = a_criterion(0.01, 0.2), a_criterion(-0.03, 0.02), a_criterion(-0.1, 0.1)
    assert said(gain, nothing) == "don't-fine-tune"
    assert said(gain, open_) == "not-shown"
    assert said(gain, nothing, primaries="any-of") == "fine-tune"
    assert said(open_, nothing, primaries="any-of") == "not-shown"
    assert said(nothing, nothing, primaries="any-of") == "don't-fine-tune"


def test_a_chosen_arm_is_not_favoured_by_the_items_that_chose_it() -> None:
    """Ten prompts and a fine-tune, all as good: on the judged items no difference is left.

    On the items that chose it the best of ten leads by 1.54 standard errors (the mean of the
    largest of ten normal draws), and the fine-tune would look worse for nothing.
    """
    rng = np.random.default_rng(5)
    leads: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(400):
        scores = (rng.random((11, 600)) < 0.5).astype(float)
        chooses = np.array([Development(share=0.3, seed=9).holds(f"q{i}", "") for i in range(600)])
        arms = {str(i): [scores[i][chooses]] for i in range(10)}
        chosen = int(best(arms))
        for on in (True, False):
            rows = chooses == on
            leads[on].append(scores[chosen][rows].mean() - scores[10][rows].mean())
    assert np.mean(leads[True]) == pytest.approx(1.54 * 0.5 / np.sqrt(chooses.sum()), rel=0.15)
    assert np.mean(leads[False]) == pytest.approx(0, abs=3 * 0.5 * (2 / 420 / 400) ** 0.5)


# The same through the database.


class Desk:
    """A base, a prompt, an adapter; 1,000 questions as primary and 300 sums as guard."""

    def __init__(self, team: Team, **fields: Any) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=1000, **fields)
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        self.prompted = a_version(team, "prompted", kind=Kind.PROMPTED)
        self.tuned = a_version(team, "tuned", parent=self.base)

    def answered(self, base: float, prompted: float, tuned: float) -> None:
        """Each arm gets this share of the questions right, of every run of ten alike."""
        for version, share in ((self.base, base), (self.prompted, prompted), (self.tuned, tuned)):
            self.answer(version, self.questions, share)
            a_run(version, self.sums, scores=[1.0] * 200 + [0.0] * 100)

    def answer(self, version: ModelVersion, on: TestSetVersion, share: float) -> None:
        rng = np.random.default_rng(6)
        a_run(version, on, scores=[float(x < share) for x in rng.random(on.item_count)])

    def decided(self, seed: int = 0, **fields: Any) -> Decision:
        policy = {"development": {"share": 0.3, "seed": seed}}
        study = a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            alternatives=[self.prompted],
            primary=self.questions,
            guards=[self.sums],
            **{"policy": policy} | fields,
        )
        (decision,) = decide_study(study=study)
        return decision


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def development_keys(version: TestSetVersion, seed: int = 0) -> set[str]:
    split = Development(share=0.3, seed=seed)
    rows: Sequence[tuple[str, str]] = list(
        Item.objects.filter(version=version).values_list("key", "cluster")
    )
    return {key for key, cluster in rows if split.holds(key, cluster)}


@pytest.mark.django_db
def test_the_prompt_is_the_rival_where_it_does_best_and_only_the_fine_tune_is_judged(
    desk: Desk,
) -> None:
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    decision = desk.decided()
    record, held = decision.record, len(development_keys(desk.questions))
    assert record["arms"]["baseline"]["name"] == "prompted"
    choice = record["baseline_choice"]
    assert (choice["chosen"], choice["share"], choice["seed"]) == ("prompted", 0.3, 0)
    assert choice["test_sets"] == [
        {
            "test_set": "questions",
            "metric": "exact_match",
            "development": held,
            "judged": 1000 - held,
        }
    ]
    assert [(row["name"], row["kind"]) for row in choice["arms"]] == [
        ("base", "base"),
        ("prompted", "prompted"),
    ]
    assert choice["arms"][1]["scores"] == [pytest.approx(0.6, abs=0.1)]
    assert (choice["answer"], decision.verdict) == ("fine-tune", "ship")


@pytest.mark.django_db
def test_primaries_are_judged_on_the_rest_and_guards_on_all_items(desk: Desk) -> None:
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    primary, guard = desk.decided().record["criteria"]
    assert primary["n"] == 1000 - len(development_keys(desk.questions))
    assert guard["n"] == 300
    assert (primary["chose"], guard["chose"]) == (len(development_keys(desk.questions)), 0)


def test_the_advice_counts_the_items_that_will_choose() -> None:
    """As many more as are judged would settle it; of what is added 30% isn't."""
    look = NextLook(alpha=0.01, weights=(1.0, 1.0))
    plain = a_criterion(-0.02, 0.08, n=700, next_look=look)
    chosen = plain.model_copy(update={"chose": 300})
    alone, beside = (items_needed(each, questions=1, plan=look) for each in (plain, chosen))
    assert alone.n is not None
    assert beside.n is not None
    assert (beside.n - 1000) * 0.7 == pytest.approx(alone.n - 700, abs=1)
    assert "of which 30% choose the baseline and aren't judged" in beside.why


@pytest.mark.django_db
def test_what_happens_on_the_items_that_choose_does_not_reach_the_verdict(desk: Desk) -> None:
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    first = desk.decided()
    chosen_by = Output.objects.filter(
        run__version=desk.tuned,
        item__version=desk.questions,
        item__key__in=development_keys(desk.questions),
    )
    for output in chosen_by:
        output.scores.update(value=0.0)
    (again,) = decide_study(study=first.study)
    assert again.record["criteria"] == first.record["criteria"]


@pytest.mark.django_db
def test_a_prompt_that_does_as_well_is_said_to(desk: Desk) -> None:
    desk.answered(base=0.3, prompted=0.7, tuned=0.7)
    decision = desk.decided()
    choice = decision.record["baseline_choice"]
    assert choice["answer"] == "don't-fine-tune"
    assert choice["sentences"][0] == (
        "prompted does as well: don't fine-tune. tuned is shown not to gain on it what the study "
        "was planned to find."
    )
    assert decision.verdict != "ship"


@pytest.mark.django_db
def test_the_base_itself_may_be_the_best_untuned_arm(desk: Desk) -> None:
    desk.answered(base=0.5, prompted=0.3, tuned=0.7)
    decision = desk.decided()
    assert decision.record["arms"]["baseline"]["name"] == "base"
    assert [row["arm"] for row in decision.record["alternatives"]] == ["prompted"]


@pytest.mark.django_db
def test_of_a_cost_the_least_is_best(team: Team) -> None:
    desk, length = Desk(team), a_metric("length")
    for version, mean in ((desk.base, 100), (desk.prompted, 80), (desk.tuned, 60)):
        scores = [mean + i % 7 for i in range(1000)]
        a_run(version, desk.questions, scores=scores, metric=length)
        a_run(version, desk.sums, scores=[50.0] * 300, metric=length)
    assert desk.decided(metric=length).record["baseline_choice"]["chosen"] == "prompted"


@pytest.mark.django_db
def test_a_rival_that_can_not_be_scored_leaves_no_fair_choice(desk: Desk) -> None:
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    Output.objects.filter(run__version=desk.prompted, item__key="q0007").delete()
    decision = desk.decided()
    assert decision.verdict == "invalid"
    assert (
        "prompted has no answer to 1 of 1,000 items of questions" in decision.record["invalid"][0]
    )
    assert decision.record["baseline_choice"] is None


@pytest.mark.django_db
def test_too_few_items_to_choose_on_are_no_choice(team: Team) -> None:
    desk = Desk(team, clusters=1)
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    decision = desk.decided()
    assert decision.verdict == "invalid"
    assert decision.record["invalid"][0] == (
        "questions has too few items to choose the baseline on some and judge on the rest"
    )


@pytest.mark.django_db
def test_another_seed_is_another_claim_and_pays(desk: Desk) -> None:
    """Or one would draw until the split is kind. The arm that is shown beside costs nothing."""
    desk.answered(base=0.3, prompted=0.6, tuned=0.7)
    numbers = [
        desk.decided(seed, slug=f"study-{seed}").record["ledger"]["test_sets"][0]["number"]
        for seed in (0, 1)
    ]
    assert numbers == [1, 2]
    assert StudyTestSet.objects.count() == 4


@pytest.mark.django_db
def test_the_best_arm_is_the_best_on_production_s_mix(team: Team) -> None:
    """The prompted arm gets all of the rare tag right and half of the common one; the base 60% of
    both: better on the items as they are (.75), worse where a tenth is rare (.55)."""
    desk = Desk(team, tags=["rare", "common"])
    desk.answered(base=0.6, prompted=0.6, tuned=0.9)
    prompted = desk.prompted.runs.get(test_set_version=desk.questions)
    for output in prompted.outputs.select_related("item"):
        common_right = output.item.position % 4 == 1
        output.scores.update(value=float("rare" in output.item.tags or common_right))
    study = a_study(
        team,
        baseline=desk.base,
        candidate=desk.tuned,
        alternatives=[desk.prompted],
        primary=desk.questions,
        policy={"development": {"share": 0.3, "seed": 0}},
    )
    study.test_sets.update(mix={"rare": 0.1, "common": 0.9})
    (decision,) = decide_study(study=study)
    choice = decision.record["baseline_choice"]
    assert choice["chosen"] == "base"
    by_arm = {arm["name"]: arm["scores"][0] for arm in choice["arms"]}
    assert by_arm["prompted"] == pytest.approx(0.55, abs=0.05)
