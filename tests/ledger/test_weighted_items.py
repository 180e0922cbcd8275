"""Items with weights of their own, as of a sample of production: from their file to the record."""

from collections.abc import Mapping
from typing import Any

import pytest

from evalhub.api.shapes.campaigns import CampaignResultsOut
from evalhub.decision.verify import verify
from evalhub.declare.review import Anytime
from evalhub.ledger.verification import rows_at_home
from evalhub.registry.models import Study, StudyRun, TestSetVersion
from evalhub.stats.preference import win_score
from reviews.errors import PlanError
from reviews.models import Campaign
from reviews.results.campaign_results import campaign_results
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided
from tests.ledger.test_decide import REVIEW, asked, judge, judge_each
from tests.reviews import asking

pytestmark = pytest.mark.django_db

RARE, USUAL = 1.0, 9.0
"""200 items: every second is of a kind of which production has a tenth."""


def weights(count: int) -> list[dict[str, Any]]:
    return [{"weight": USUAL if i % 2 else RARE} for i in range(count)]


class Arms:
    """Base and tuned arm on questions."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.base = a_version(team, "base")
        self.tuned = a_version(team, "tuned", parent=self.base)

    def study(
        self,
        items: list[dict[str, Any]],
        *,
        won: range,
        lost: range = range(0),
        slug: str = "study",
        **fields: Any,
    ) -> Study:
        questions = a_test_set(self.team, "questions", items=items)
        n = len(items)
        a_run(self.base, questions, scores=[float(i in lost or i % 5 == 0) for i in range(n)])
        tuned = [float((i in won or i % 5 == 0) and i not in lost) for i in range(n)]
        a_run(self.tuned, questions, scores=tuned)
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=questions,
            slug=slug,
            **fields,
        )


@pytest.fixture
def arms(team: Team) -> Arms:
    return Arms(team)


def row_of(record: Mapping[str, Any]) -> dict[str, Any]:
    (row,) = record["weights"]["test_sets"]
    return dict(row)


def test_the_estimate_is_of_production_and_the_record_says_what_the_weights_cost(
    arms: Arms,
) -> None:
    """Of the 100 rare items 40 are won (those at 0, 10, 20, … are right before), of the usual none:
    .4 of a tenth. Effective n: (100·1 + 100·9)²/(100·1 + 100·81) = 10⁶/8200 = 121.95."""
    decision = decided(arms.study(weights(200), won=range(0, 100, 2)))
    (criterion,) = decision.record["criteria"]
    assert (criterion["n"], criterion["wins"], criterion["losses"]) == (200, 40, 0)
    assert criterion["difference"] == pytest.approx(0.4 * 0.1)
    assert criterion["method"].startswith("CR2 weighted")
    assert criterion["design_effect"] >= 1
    assert row_of(decision.record)["effective"] == pytest.approx(1e6 / 8200)
    assert decision.record["weights"]["sentences"] == [
        "Estimates on questions are weighted to production: the effective n of 200 items is 122."
    ]
    assert verify(decision.record).differences == []
    assert {each.state for each in rows_at_home(decision.document)} == {"matches"}


def test_without_weights_the_record_has_no_such_section(arms: Arms) -> None:
    record = decided(arms.study([{}] * 200, won=range(0, 100, 2))).record
    assert "weights" not in record
    assert record["criteria"][0]["difference"] == pytest.approx(0.2)


def test_weights_of_one_size_change_the_method_and_no_estimate(arms: Arms) -> None:
    record = decided(arms.study([{"weight": 7}] * 200, won=range(0, 100, 2))).record
    assert record["criteria"][0]["difference"] == pytest.approx(0.2)
    assert row_of(record)["effective"] == pytest.approx(200)


def test_another_weight_is_another_version_of_the_same_items(team: Team) -> None:
    first, second = (
        a_test_set(team, items=[{"weight": weight}, {"weight": 1}]) for weight in (1, 2)
    )
    assert first != second
    assert first.digest != second.digest
    digests = [list(each.items.values_list("digest", flat=True)) for each in (first, second)]
    assert digests[0] == digests[1]


def test_a_weight_that_is_changed_afterwards_is_found(arms: Arms) -> None:
    decision = decided(arms.study(weights(200), won=range(0, 100, 2)))
    TestSetVersion.objects.get().items.filter(position=0).update(weight=500.0)
    states = {each.what: each.state for each in rows_at_home(decision.document)}
    assert states["items"] == "differs"


def test_one_user_with_a_third_of_the_weight_is_said(arms: Arms) -> None:
    items = [
        each | {"cluster": "u0" if i < 67 else f"u{i // 2}"} for i, each in enumerate(weights(200))
    ]
    section = decided(arms.study(items, won=range(0, 100, 2))).record["weights"]
    assert section["status"] == "open"
    assert "One cluster carries 33.1% of the weight on questions" in section["sentences"][1]


def test_a_further_draw_is_weighted_by_itself_whatever_its_scale(arms: Arms) -> None:
    """The first 100 items weigh 1 and 9, the new ones 100 and 900: each sample counts by its size.
    First: 20 of 50 rare won, .04 in all; new: 40 of 50 rare lost, −.08 in all."""
    first = weights(100)
    decided(arms.study(first, won=range(0, 50, 2)))
    more = [{"weight": each["weight"] * 100} for each in weights(100)]
    study = arms.study(
        [*first, *more], won=range(0, 50, 2), lost=range(102, 202, 2), slug="extended"
    )
    record = decided(study).record
    assert record["extension"]["test_sets"][0]["items"] == [100, 100]
    (criterion,) = record["criteria"]
    lost = sum(1 for i in range(102, 200, 2)) / 50 * 0.1
    assert criterion["difference"] == pytest.approx((0.04 - lost) / 2)
    assert verify(record).differences == []


def test_people_s_preference_is_weighted_and_clustered_by_user(arms: Arms) -> None:
    """One person prefers the candidate on every item: all of the weight is won, and the interval
    rests on the users."""
    items = [each | {"cluster": f"u{i // 10}"} for i, each in enumerate(weights(200))]
    study = arms.study(items, won=range(0, 200, 2), review=REVIEW)
    judge(asked(study), arms.team.rui, "candidate")
    record = decided(study).record
    people = record["criteria"][-1]
    assert people["candidate"] == 1.0
    assert people["clusters"] < record["people"]["items"]
    assert verify(record).differences == []


def test_people_s_preference_is_clustered_by_user_where_all_items_count_alike(arms: Arms) -> None:
    """As in a sample whose strata have their shares."""
    items = [{"cluster": f"u{i // 10}"} for i in range(200)]
    study = arms.study(items, won=range(0, 200, 2), review=REVIEW)
    judge(asked(study), arms.team.rui, "candidate")
    record = decided(study).record
    assert record["criteria"][-1]["clusters"] <= 20 < record["people"]["items"]
    assert verify(record).differences == []


def test_a_review_s_own_results_are_weighted_and_clustered_as_the_decision(arms: Arms) -> None:
    """One person prefers the candidate on the usual items and the baseline on the rare ones: by
    votes that is near a half, by weight nine of ten."""
    items = [each | {"cluster": f"u{i // 10}"} for i, each in enumerate(weights(200))]
    study = arms.study(items, won=range(200), review=REVIEW)
    campaign = asked(study)
    by_item = {f"q{i:04}": "candidate" if i % 2 else "baseline" for i in range(200)}
    judge_each(campaign, arms.team.rui, by_item)
    people = decided(study).record["people"]
    results = campaign_results(Campaign.objects.get(pk=campaign.pk))
    assert results.overall is not None
    win = results.overall.win
    assert (win.score, win.wins, win.losses, win.items) == (
        pytest.approx(people["score"]),
        people["wins"],
        people["losses"],
        people["items"],
    )
    usual, rare = USUAL * people["wins"], RARE * people["losses"]
    assert win.score == pytest.approx(usual / (usual + rare))
    assert win.method.startswith("weighted, ")
    judged = list(campaign.pairs.values_list("item__key", "item__cluster", "item__weight"))
    limits = win_score(
        [by_item[key] for key, _, _ in judged],
        items=[cluster for _, cluster, _ in judged],
        raters=["rui"] * len(judged),
        weights=[weight for _, _, weight in judged],
    )
    assert (win.lower, win.upper) == (pytest.approx(limits.lower), pytest.approx(limits.upper))
    assert people["lower"] < win.lower, "a decision keeps a part of its level for later looks"
    assert "Each item counts by its weight" in results.text
    assert CampaignResultsOut.from_model(results).as_json()["weighted"] is True
    page = arms.team.signed_in(arms.team.olga).get(f"/campaigns/{campaign.pk}/results/")
    assert "Each item counts by its weight" in page.text


def test_a_review_of_weighted_items_has_no_early_stop(arms: Arms) -> None:
    study = arms.study(weights(200), won=range(0, 200, 2), review=REVIEW)
    base, tuned = (
        StudyRun.objects.get(arm__study=study, arm__name=name).run for name in ("base", "tuned")
    )
    with pytest.raises(PlanError, match="stopping: the limits of an early stop count items alike"):
        asking.a_review(
            study=study,
            baseline_run=base,
            candidate_run=tuned,
            stopping=Anytime(),
        )
