"""What changed of a decision's evidence since it was made is said, and nothing else is."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.cli.app import run as command
from evalhub.decision.policy import StudySettings
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import Run, Study, StudyRun, StudyTestSet, TrainingOverlap
from evalhub.registry.models.versions import Kind
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version, searched
from tests.ledger.test_decide import POLICY, REVIEW, Desk, asked, decided, judge
from tests.ledger.test_running_review import vote
from tests.reviews.asking import a_review


@pytest.fixture
def study(team: Team) -> Study:
    desk = Desk(team)
    desk.answered()
    return desk.study(review=REVIEW, policy=POLICY)


def said(decision: Decision) -> list[str]:
    """Read anew, as a page does."""
    found = Decision.objects.select_related("study__project").get(pk=decision.pk)
    return [each.sentence for each in changes_since(found)]


def test_nothing_has_changed_right_after_a_decision(study: Study, team: Team) -> None:
    assert said(decided(study)) == []
    campaign = asked(study)
    assert said(decided(study)) == []
    vote(campaign, team.rui, ["tie"], 3)
    assert said(decided(study)) == []
    judge(campaign, team.rui, "candidate")
    assert said(decided(study)) == []


def test_nor_where_the_baseline_is_chosen_and_people_are_heard_on_the_rest(team: Team) -> None:
    desk = Desk(team)
    desk.answered()
    prompted = a_version(team, "prompted", kind=Kind.PROMPTED)
    a_run(prompted, desk.questions, scores=[0.0] * 130 + [1.0] * 70)
    a_run(prompted, desk.sums, scores=[1.0] * 200 + [0.0] * 100)
    study = desk.study(
        review=REVIEW,
        alternatives=[prompted],
        policy={"development": {"share": 0.3, "seed": 0}, "min_reviewers": 1},
    )
    runs = StudyRun.objects.filter(arm__study=study, test_set__name="questions")
    before, after = (runs.get(arm__name=name).run for name in ("prompted", "tuned"))
    campaign = a_review(study=study, baseline_run=before, candidate_run=after, items=40, seed=1)
    decision = decided(study)
    assert said(decision) == []
    vote(campaign, team.rui, ["candidate"], 10)
    (change,) = said(decision)
    given = decided(study).record["people"]["judgments"]
    assert 0 < given < 10
    assert change.startswith(f"{given} judgments more: this read 0 of ")
    assert said(decided(study)) == []


def test_judgments_since_are_counted_and_an_end_is_said(study: Study, team: Team) -> None:
    campaign = asked(study)
    decision = decided(study)
    vote(campaign, team.rui, ["candidate"], 7)
    assert said(decision) == ["7 judgments more: this read 0 of 30, and there are 7"]
    judge(campaign, team.rui, "candidate")
    assert said(decision) == [
        "30 judgments more: this read 0 of 30, and there are 30",
        "Its review has ended",
    ]


def test_a_review_that_is_opened_closed_or_planned_anew_is_said(study: Study, team: Team) -> None:
    decision = decided(study)
    campaign = asked(study)
    assert said(decision) == ["A review was opened: 0 judgments so far"]
    decision = decided(study)
    close_campaign(campaign=campaign, by=team.olga)
    assert said(decision) == ["Its review has ended"]
    decision = decided(study)
    runs = [Run.objects.get(pk=pk) for pk in (campaign_runs(campaign))]
    a_review(study=study, baseline_run=runs[0], candidate_run=runs[1], items=10, seed=2)
    assert said(decision) == [
        "Another review was opened: 0 judgments so far",
    ]


def campaign_runs(campaign: Campaign) -> tuple[int, int]:
    pair = campaign.pairs.select_related("baseline_output", "candidate_output")[0]
    assert pair.candidate_output
    return pair.baseline_output.run_id, pair.candidate_output.run_id


def test_new_answers_of_either_arm_are_said_with_their_test_set(study: Study) -> None:
    decision = decided(study)
    link = StudyRun.objects.get(arm__study=study, arm__name="tuned", test_set__name="sums")
    said_now = [f"new {i}" for i in range(300)]
    link.run = a_run(
        link.run.version, link.run.test_set_version, scores=[1.0] * 300, answers=said_now
    )
    link.save()
    assert said(decision) == ["tuned has other answers to sums"]
    Run.objects.filter(pk=link.run_id).update(state="running")
    assert said(decision) == ["tuned is answering sums again"]


def other_policy(study: Study, team: Team) -> None:
    study.policy = StudySettings(alpha=0.05)
    study.save()


def other_margin(study: Study, team: Team) -> None:
    StudyTestSet.objects.filter(study=study, name="sums").update(margin=0.1)


def other_items(study: Study, team: Team) -> None:
    asked = study.test_sets.get(name="sums")
    newer = a_test_set(team, "sums", items=301)
    StudyTestSet.objects.filter(pk=asked.pk).update(test_set_version=newer)


def another_version(study: Study, team: Team) -> None:
    other = a_version(team, "tuned-again")
    study.arms.filter(name="tuned").update(version=other)


def trained(study: Study, team: Team) -> None:
    TrainingOverlap.objects.create(
        version=study.arms.get(name="tuned").version,
        test_set_version=study.test_sets.get(name="sums").test_set_version,
        source="0" * 64,
        rows=10,
        settings=searched(300),
        leaked={},
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (other_policy, "Significance level: 0.05 (was 0.025)"),
        (other_margin, "sums may lose less than 0.1 (was 0.02)"),
        (other_items, "sums has other items: sums v2, and this read sums v1"),
        (another_version, "tuned is another version"),
        (trained, "What tuned was trained on has been looked through"),
    ],
)
def test_what_a_study_asks_and_what_is_known_of_it(
    study: Study, team: Team, change: Callable[[Study, Team], None], sentence: str
) -> None:
    decision = decided(study)
    change(study, team)
    assert said(decision) == [sentence]


def test_an_older_decision_says_that_there_is_a_newer_one(study: Study) -> None:
    first = decided(study)
    asked(study)
    second = decided(study)
    assert said(first)[0] == "A newer decision on tuned was made"
    assert said(second) == []


def test_every_page_of_a_decision_says_it_above_everything(
    study: Study, team: Team, olga: Client
) -> None:
    campaign = asked(study)
    decision = decided(study)
    study_page = reverse("site:study", args=[study.pk])
    criterion = reverse("site:criterion", args=[decision.pk, 1])
    record = reverse("site:decision", args=[decision.pk])
    for page in (study_page, criterion):
        assert "Changed since this was decided" not in olga.get(page).text
    assert "Evalhub-Changed-Since" not in olga.get(record).headers
    judge(campaign, team.rui, "candidate")
    for page in (study_page, criterion):
        text = olga.get(page).text
        assert "there are 30" in text
        assert text.index("Changed since this was decided") < text.index("<h1")
    assert olga.get(record).headers["Evalhub-Changed-Since"] == "review"
    assert olga.get(record).json() == decision.record, "it has a digest"
    olga.post(reverse("site:decide", args=[study.pk]))
    assert "Changed since this was decided" not in olga.get(study_page).text


def test_the_command_that_signs_a_decision_says_it(
    study: Study, team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    decision = decided(study)
    asked(study)
    signs = ["decision", "sign", str(decision.pk), "--by", "olga", "--reason", "Read."]
    assert command(signs) == 0
    assert "? Changed since it was decided: A review was opened" in capsys.readouterr().err


def test_it_takes_as_many_queries_for_much_as_for_little(team: Team) -> None:
    counts = []
    for number, (items, judgments) in enumerate(((20, 2), (200, 40))):
        over = a_test_set(team, f"over-{number}", items=items)
        base, tuned = a_version(team, f"base-{number}"), a_version(team, f"tuned-{number}")
        a_run(base, over, scores=[0.0] * items)
        a_run(tuned, over, scores=[1.0] * items)
        study = a_study(
            team,
            baseline=base,
            candidate=tuned,
            primary=over,
            slug=f"study-{number}",
            review=REVIEW | {"test_set": over.test_set.slug},
            policy=POLICY,
        )
        runs = [Run.objects.get(version=each) for each in (base, tuned)]
        campaign = a_review(
            study=study, baseline_run=runs[0], candidate_run=runs[1], items=items, seed=1
        )
        decision = decided(study)
        vote(campaign, team.rui, ["tie"], judgments)
        found = Decision.objects.select_related("study__project").get(pk=decision.pk)
        with CaptureQueriesContext(connection) as captured:
            assert len(changes_since(found)) == 1
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 15, counts
