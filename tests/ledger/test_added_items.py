"""Items added to a test set between two decisions: who pays, and what is judged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evalhub.decision.levels import level_of, level_of_stages
from evalhub.decision.verify import verify
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import Score, Study, StudyTestSet, TestSetVersion
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version, decided
from tests.ledger.test_extension import ALPHA, PRIMARY, Array, staged

pytestmark = pytest.mark.django_db


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


def test_new_items_are_a_second_look_and_both_stages_are_combined(desk: Desk) -> None:
    first = a_first_look(desk)
    assert first.verdict == "need-more-data"
    second = decided(an_extension(desk))
    level = level_of_stages((1, 2), alpha=ALPHA)
    assert second.record["rule"]["alphas"] == {"questions": pytest.approx(level)}
    extension = second.record["extension"]
    assert extension["test_sets"] == [
        {
            "test_set": "questions",
            "level": pytest.approx(level),
            "looks": [1, 2],
            "items": [100, 150],
            "weights": [1.0, 1.0],
        }
    ]
    assert extension["sentences"] == [
        "questions held 100 items at look 1; 150 were added for look 2. Each part is tested by "
        "itself, and the tests are combined."
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


def test_items_answered_alike_are_ties_in_both_stages(desk: Desk) -> None:
    """By a score of all answers together, whose parts alone tell what was answered: one answer is
    worth less in the better arm."""
    small, large = desk.questions(100), desk.questions(250)
    labels = ["right", "wrong"]
    asked = {"metric": a_metric("classification", score="macro_f1", labels=labels)}
    for on, won in ((small, range(6)), (large, [*range(6), *range(100, 115)])):
        for version, wrong, worth in ((desk.base, won, 0.9), (desk.tuned, (), 0.8)):
            scores = [0.2 if i in wrong else worth for i in range(on.item_count)]
            said = [labels[i in wrong] for i in range(on.item_count)]
            a_run(version, on, scores=scores, answers=said, **asked)
    for label in labels:
        Score.objects.filter(output__text=label).update(parts=["right", label])
    decided(desk.study(small, **asked))
    second = decided(desk.study(large, slug="extended", **asked))
    (criterion,) = second.record["criteria"]
    assert second.record["extension"]["test_sets"][0]["items"] == [100, 150]
    counts = (criterion["wins"], criterion["losses"], criterion["ties"])
    assert counts == (21, 0, 229)


def test_a_record_with_two_stages_is_verified(desk: Desk) -> None:
    a_first_look(desk)
    decision = decided(an_extension(desk))
    assert verify(decision.record, digest=decision.digest).differences == []


def test_to_decide_the_extension_again_changes_nothing(desk: Desk) -> None:
    a_first_look(desk)
    study = an_extension(desk)
    assert decided(study) == decided(study)
    assert Look.objects.count() == 2


def test_recorded_answers_that_changed_are_another_arm_s(desk: Desk) -> None:
    """They may come from anywhere: what was won on the old items isn't theirs to go on with."""
    a_first_look(desk)
    large = desk.questions(250)
    desk.answered(large, won=range(250), lost=[])
    decision = decided(desk.study(large, slug="extended"))
    (criterion,) = decision.record["criteria"]
    assert (criterion["wins"], criterion["losses"]) == (250, 0)
    assert decision.record["extension"] is None
    assert decision.record["alpha"] == pytest.approx(level_of(2, alpha=ALPHA))


def test_items_may_be_added_again_and_again(desk: Desk) -> None:
    """Whoever follows the advice to add items ends with a verdict, each time at what is left."""
    a_first_look(desk)
    decided(an_extension(desk))
    won, lost = [*range(6), *range(100, 115)], [*range(6, 8), *range(115, 118)]
    for look, items in ((3, 400), (4, 800)):
        larger = desk.questions(items)
        desk.answered(larger, won=won, lost=lost)
        decision = decided(desk.study(larger, slug=f"extended-{items}"))
        assert decision.verdict != "invalid"
        (row,) = decision.record["ledger"]["test_sets"]
        assert row["looks"] == list(range(1, look + 1))
        assert row["level"] == pytest.approx(level_of(look, alpha=ALPHA))
        assert decision.record["criteria"][0]["next_look"] == {
            "alpha": pytest.approx(level_of(look + 1, alpha=ALPHA)),
            "weights": [2.0 ** (look - 1), 2.0 ** (look - 1)],
        }
        assert verify(decision.record).differences == []
    (extended,) = decision.record["extension"]["test_sets"]
    assert extended["items"] == [100, 150, 150, 400]
    assert extended["weights"] == [1.0, 1.0, 2.0, 4.0]


def test_changed_items_are_a_new_look_without_a_first_stage(desk: Desk) -> None:
    """The levels of all looks add up to alpha, so this look's own level is right for all items."""
    a_first_look(desk)
    same = [{"input": f"questions: Question {i}?"} for i in range(50)]
    changed = desk.questions([*same, *({"input": f"Another question {i}?"} for i in range(200))])
    desk.answered(changed, won=range(20), lost=range(20, 22))
    decision = decided(desk.study(changed, slug="changed"))
    assert decision.record["extension"] is None
    assert decision.record["alpha"] == pytest.approx(level_of(2, alpha=ALPHA))
    assert decision.record["criteria"][0]["method"] == "exact score interval"


def test_new_items_of_old_clusters_do_not_stand_apart(desk: Desk) -> None:
    small = desk.questions(100, clusters=20)
    desk.answered(small, won=range(6), lost=range(6, 8))
    decided(desk.study(small))
    large = desk.questions(200, clusters=20)
    desk.answered(large, won=range(12), lost=range(12, 16))
    decision = decided(desk.study(large, slug="extended"))
    assert decision.record["extension"] is None
    assert decision.record["alpha"] == pytest.approx(level_of(2, alpha=ALPHA))


def test_another_candidate_on_the_larger_set_extends_nothing(desk: Desk) -> None:
    a_first_look(desk)
    large = desk.questions(250)
    desk.answered(large, won=range(20), lost=range(20, 22))
    other = a_version(desk.team, "other")
    a_run(other, large, scores=[1.0] * 250)
    decision = decided(desk.study(large, slug="other", candidate=other))
    assert decision.record["extension"] is None
    assert decision.record["ledger"]["test_sets"][0]["number"] == 2


def test_to_add_to_a_guard_leaves_the_primary_alone_and_the_next_candidate_pays(desk: Desk) -> None:
    primary = a_test_set(desk.team, "fresh", items=200)
    desk.answered(primary, won=range(40), lost=[])
    small = desk.questions(100)
    desk.answered(small, won=[], lost=range(3))
    first = decided(desk.study(primary, guards=[small]))
    large = desk.questions(250)
    desk.answered(large, won=[], lost=range(3))
    second = decided(desk.study(primary, slug="extended", guards=[large]))
    before, after = (each.record["criteria"][0] for each in (first, second))
    for field in ("lower", "upper", "status"):
        assert after[field] == before[field]
    fresh, guard = second.record["ledger"]["test_sets"]
    assert (fresh["looks"], fresh["counted"]) == ([1], True)
    assert (guard["looks"], guard["counted"]) == ([1, 2], True)
    assert guard["level"] == pytest.approx(level_of_stages((1, 2), alpha=ALPHA))
    assert second.record["ledger"]["sentences"][1].endswith("The next candidate pays for it.")
    assert verify(second.record).differences == []
    other = a_version(desk.team, "other", parent=desk.base)
    a_run(other, primary, scores=[1.0] * 199 + [0.0])
    third = decided(desk.study(primary, slug="other", candidate=other))
    assert third.record["ledger"]["test_sets"][0]["looks"] == [3]


def test_a_relative_guard_s_stages_are_combined_too(desk: Desk) -> None:
    primary = a_test_set(desk.team, "fresh", items=200)
    desk.answered(primary, won=range(40), lost=[])
    study = desk.study(primary, guards=[a_guard_set(desk, 100)])
    StudyTestSet.objects.filter(study=study, name="sums").update(relative_margin=0.1)
    decided(study)
    later = desk.study(primary, slug="later", guards=[a_guard_set(desk, 250)])
    StudyTestSet.objects.filter(study=later, name="sums").update(relative_margin=0.1)
    decision = decided(later)
    level = pytest.approx(level_of_stages((1, 2), alpha=ALPHA))
    assert decision.record["rule"]["alphas"] == {"sums": level}
    guard = decision.record["criteria"][1]
    assert (guard["n"], guard["test"]) == (250, "inverse-normal combination")
    assert guard["ratio_lower"] <= guard["ratio"] <= guard["ratio_upper"]
    assert verify(decision.record).differences == []


def a_guard_set(desk: Desk, items: int) -> TestSetVersion:
    sums = a_test_set(desk.team, "sums", items=items)
    desk.answered(sums, won=[], lost=range(3))
    return sums
