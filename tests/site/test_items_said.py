"""What judges and people said of an item, in the item browser: once it may be read."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Action, LogEntry
from evalhub.declare.review import Form
from evalhub.judges.models import JudgeRun
from evalhub.registry.models import Run, Study, TrainingOverlap
from reviews.models import Campaign
from reviews.results.unblind import unblind
from tests.cast import Team, a_judging, a_run, a_study, a_test_set, a_version, searched
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer, judge
from tests.tampering import administrator

ITEMS = 8


@pytest.fixture
def study(team: Team) -> Study:
    """The candidate gains q0000 and q0001, and loses q0002 and q0003."""
    over = a_test_set(team, items=ITEMS)
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    said = [[f"{arm} says {i}" for i in range(ITEMS)] for arm in ("One", "The other")]
    a_run(base, over, scores=[0, 0, 1, 1, 1, 1, 1, 1], answers=said[0])
    a_run(lora, over, scores=[1, 1, 0, 0, 1, 1, 1, 1], answers=said[1])
    return a_study(team, baseline=base, candidate=lora, primary=over)


def runs(study: Study) -> list[Run]:
    return [link.run for arm in study.arms.all() for link in arm.runs.all()]


@pytest.fixture
def judged(study: Study, team: Team) -> JudgeRun:
    """The judge prefers the candidate's everywhere, but on q0004, where it goes by the order."""
    found = a_judging(*runs(study), judge=a_version(team, "judge"))
    found.votes.filter(item__key="q0004", candidate_first=False).update(choice="baseline")
    found.votes.filter(item__key="q0002").update(reason="It is <b>kinder</b>.")
    return found


@pytest.fixture
def review(study: Study) -> Campaign:
    """Ended: people prefer the baseline's, but on q0001, on which they disagree."""
    baseline, candidate = runs(study)
    found = a_review(
        study=study,
        baseline_run=baseline,
        candidate_run=candidate,
        items=ITEMS,
        reviewers_per_item=2,
        form=Form(rationale="optional", flags=("unsafe",)),
    )
    ben, bob = a_reviewer(found, "ben"), a_reviewer(found, "bob")
    for pair in found.pairs.select_related("item").order_by("position"):
        judge(ben, pair, "baseline", rationale="It is <i>garbled</i> wrong.")
        judge(bob, pair, "candidate" if pair.item.key == "q0001" else "baseline")
    return found


def keys(client: Client, study: Study, **query: str) -> list[str]:
    page = client.get(reverse("site:study_items", args=[study.pk]), query).text
    return sorted(re.findall(r"data-item>([^<]*)<", page))


def one(client: Client, study: Study, key: str) -> str:
    return client.get(reverse("site:study_item", args=[study.pk, "questions", key])).text


def test_the_items_are_found_on_which_a_judge_disagrees(
    olga: Client, study: Study, judged: JudgeRun
) -> None:
    assert keys(olga, study, judge="metric") == ["q0002", "q0003"]
    assert keys(olga, study, judge="itself") == ["q0004"]
    page = one(olga, study, "q0002")
    assert "It is &lt;b&gt;kinder&lt;/b&gt;." in page
    assert "base stood first" in page
    assert "It chose by the order" not in page
    assert "It chose by the order" in one(olga, study, "q0004")


def test_whom_a_judge_preferred_is_sealed_with_the_scores(
    olga: Client, study: Study, judged: JudgeRun
) -> None:
    JudgeRun.objects.update(opened=None)
    assert len(keys(olga, study, judge="metric")) == ITEMS
    assert "stood first" not in one(olga, study, "q0002")


def test_votes_with_reasons_stand_there_once_the_models_are_named(
    olga: Client, study: Study, review: Campaign, team: Team
) -> None:
    assert "garbled" not in one(olga, study, "q0003")
    assert len(keys(olga, study, votes="baseline")) == ITEMS
    unblind(campaign=review, by=team.olga)
    page = one(olga, study, "q0003")
    assert "It is &lt;i&gt;garbled&lt;/i&gt; wrong." in page
    assert page.count("<strong>base is better</strong>") == 2
    assert keys(olga, study, votes="split") == ["q0001"]
    assert len(keys(olga, study, votes="baseline")) == ITEMS - 1
    assert LogEntry.objects.filter(action=Action.SAW_RESULTS, by=team.olga).count() == 1


def test_the_items_are_found_on_which_the_judge_and_people_disagree(
    olga: Client, study: Study, review: Campaign, judged: JudgeRun, team: Team
) -> None:
    unblind(campaign=review, by=team.olga)
    torn = {"q0001", "q0004"}  # people are, and the judge is
    everything = {f"q{i:04}" for i in range(ITEMS)}
    assert set(keys(olga, study, judge="people")) == everything - torn


def test_a_review_whose_record_was_changed_is_shown_nowhere(
    olga: Client, study: Study, review: Campaign, team: Team
) -> None:
    unblind(campaign=review, by=team.olga)
    with administrator() as sql:
        assert sql("UPDATE reviews_judgment SET seconds = 1 WHERE rationale = %s", "") > 0
    assert "garbled" not in one(olga, study, "q0003")


def test_an_item_says_where_else_it_was_seen(olga: Client, team: Team) -> None:
    over = a_test_set(team, items=[{"input": "Why?"}, {"input": " why? "}, {"input": "When?"}])
    run = a_run(a_version(team), over, scores=[1, 1, 1])
    match = {"part": "input", "how": "exact", "line": 12, "share": 1.0}
    TrainingOverlap.objects.create(
        version=run.version,
        test_set_version=over,
        rows=20,
        settings=searched(3),
        leaked={"q0002": [match]},
    )
    pages = [olga.get(reverse("site:run_item", args=[run.pk, f"q{i:04}"])).text for i in range(3)]
    assert "Asked again in this test set" in pages[0]
    assert "Asked again" not in pages[2]
    assert "In base v1’s training data" in pages[2]
    assert "training data" not in pages[0]
