"""A candidate that was trained on what it is judged by."""

import pytest

from evalhub.decision.verify import verify
from evalhub.registry.models import ModelVersion, Study, TestSetVersion, TrainingOverlap
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided, searched

pytestmark = pytest.mark.django_db


class Desk:
    """A tuned arm that gains `gained` of 200 questions, the first ones, and no sums."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200)
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        self.tuned = a_version(team, "tuned", parent=self.base)

    def study(self, gained: int, **policy: str) -> Study:
        a_run(self.base, self.questions, scores=[0.0] * 200)
        a_run(self.tuned, self.questions, scores=[1.0] * gained + [0.0] * (200 - gained))
        for version in (self.base, self.tuned):
            a_run(version, self.sums, scores=[1.0] * 300, answers=[f"{version}"] * 300)
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            guards=[self.sums],
            policy=policy,
        )

    def leaked(
        self,
        items: int,
        version: ModelVersion | None = None,
        on: TestSetVersion | None = None,
        how: str = "exact",
    ) -> None:
        """The first items of the questions stand in the version's training rows."""
        match = {"part": "input", "how": how, "line": 12, "share": 1.0}
        TrainingOverlap.objects.create(
            version=version or self.tuned,
            test_set_version=on or self.questions,
            source="0" * 64,
            rows=1000,
            settings=searched(200),
            leaked={f"q{i:04}": [match] for i in range(items)},
        )


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def test_a_gain_that_is_all_on_leaked_items_is_no_evidence(desk: Desk) -> None:
    desk.leaked(40)
    decision = decided(desk.study(gained=40))
    assert decision.verdict == "invalid"
    assert decision.record["invalid"] == [
        "tuned was trained on items that it is judged by, and the verdict hangs on them: judge it "
        "on items that it hasn't seen"
    ]
    leakage = decision.record["leakage"]
    assert leakage["test_sets"] == [
        {"test_set": "questions", "items": 200, "leaked": 40, "kinds": {"exact": 40}}
    ]
    assert (leakage["verdict_all"], leakage["verdict_clean"], leakage["clean"]) == (None, None, [])
    assert decision.record["criteria"] == []


def test_a_gain_that_stands_without_them_ships_and_says_so(desk: Desk) -> None:
    desk.leaked(20)
    decision = decided(desk.study(gained=100))
    assert decision.verdict == "ship"
    leakage = decision.record["leakage"]
    assert (leakage["verdict_all"], leakage["verdict_clean"]) == ("ship", "ship")
    assert decision.record["criteria"][0]["n"] == 200
    assert verify(decision.record, digest=decision.digest).differences == []


def test_training_data_that_hold_no_item_are_said_to(desk: Desk) -> None:
    desk.leaked(0)
    decision = decided(desk.study(gained=100))
    assert decision.verdict == "ship"
    assert decision.record["leakage"]["test_sets"][0]["leaked"] == 0


def test_data_that_nobody_looked_at_say_nothing(desk: Desk) -> None:
    assert decided(desk.study(gained=100)).record["leakage"] is None


def test_what_the_parent_was_trained_on_counts_too(desk: Desk) -> None:
    desk.leaked(40, version=desk.base)
    assert decided(desk.study(gained=40)).verdict == "invalid"


def test_nothing_clean_to_judge_by_is_no_evidence(desk: Desk) -> None:
    desk.leaked(200, how="13-gram")
    decision = decided(desk.study(gained=100))
    assert decision.record["invalid"] == [
        "tuned was trained on every item of a test set, or on every item of a tag of its mix: "
        "nothing clean is left to judge"
    ]
    leakage = decision.record["leakage"]
    assert leakage["verdict_clean"] is None
    assert leakage["test_sets"][0]["kinds"] == {"13-gram": 200}


def test_the_clean_items_are_weighted_to_production_s_mix_by_themselves(desk: Desk) -> None:
    """Half of the rare tag's items leak; the other half still stands for its tenth of production.

    40 of the 100 rare items are won and none of the 100 common ones: .1·.4 on all items. Of the 50
    clean rare items 15 are won: .1·15/50 = .03.
    """
    desk.questions = a_test_set(desk.team, "mixed", items=200, tags=["rare", "common"])
    a_run(desk.base, desk.questions, scores=[0.0] * 200)
    won = [i for i in range(0, 200, 2) if i < 50 or i >= 170]
    a_run(desk.tuned, desk.questions, scores=[float(i in won) for i in range(200)])
    study = a_study(
        desk.team,
        baseline=desk.base,
        candidate=desk.tuned,
        primary=desk.questions,
        slug="mixed",
        policy={"leakage": "report"},
    )
    study.test_sets.update(mix={"rare": 0.1, "common": 0.9})
    match = {"part": "input", "how": "exact", "line": 12, "share": 1.0}
    TrainingOverlap.objects.create(
        version=desk.tuned,
        test_set_version=desk.questions,
        source="0" * 64,
        rows=1000,
        settings=searched(200),
        leaked={f"q{i:04}": [match] for i in range(0, 100, 2)},
    )
    record = decided(study).record
    assert record["criteria"][0]["difference"] == pytest.approx(0.1 * 40 / 100)
    (clean,) = record["leakage"]["clean"]
    assert (clean["n"], clean["difference"]) == (150, pytest.approx(0.1 * 15 / 50))


def test_a_policy_may_only_report_it_or_not_look(desk: Desk) -> None:
    desk.leaked(40)
    study = desk.study(gained=40, leakage="report")
    reported = decided(study)
    assert reported.verdict == "ship"
    leakage = reported.record["leakage"]
    assert (leakage["verdict_all"], leakage["verdict_clean"]) == ("ship", "need-more-data")
    clean = {row["name"]: row for row in leakage["clean"]}
    assert (clean["questions"]["n"], clean["questions"]["difference"]) == (160, 0.0)
    assert clean["sums"]["n"] == 300
    study.policy = {"leakage": "off"}
    study.save()
    assert decided(study).record["leakage"] is None
