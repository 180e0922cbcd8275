"""The pages, by what a person sees on them."""

import json
import re

from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Output, Run, StudyRun
from evalhub.registry.models.runs import RunState
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.site.cases import POLICY, a_measured_study


def test_no_study_yet_says_what_to_begin_with(olga: Client) -> None:
    page = olga.get(reverse("site:studies")).text
    assert "Make the demo’s study" in page
    assert "New comparison" in page


def test_the_list_shows_each_study_with_its_verdict(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    assert "No verdict yet" in olga.get(reverse("site:studies")).text
    decide_study(study=study)
    page = olga.get(reverse("site:studies")).text
    assert "✗ Hold" in page
    assert study.decisions.filter(arm="triage-lora").get().record["headline"] in page


def test_a_decided_study_shows_word_reasons_criteria_and_the_picture_aloud(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "Hold" in page
    for criterion in decision.record["criteria"]:
        assert criterion["sentence"] in page
        assert f'aria-label="{criterion["name"]}: difference' in page
    assert "Would a prompt do?" in page


def test_answers_begin_with_the_losses_of_the_criterion_that_fails(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    decide_study(study=study)
    page = olga.get(reverse("site:study", args=[study.pk]), {"outcome": "lost"}).text
    assert re.search(r">Lost <[^>]*>20<", page)
    assert "<p>wrong, says triage-lora v1</p>" in page
    assert "Page 1 of 3" in page


def test_a_page_that_is_not_there_shows_the_last_one(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    decide_study(study=study)
    address = reverse("site:study", args=[study.pk])
    for page in ("0", "99", "-3", "x", "9" * 100):
        assert olga.get(address, {"page": page, "outcome": "?"}).status_code == 200


def test_each_arm_has_its_own_verdict_the_candidate_in_question_first(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    decide_study(study=study)
    page = olga.get(reverse("site:study", args=[study.pk]), {"arm": "triage-prompted"})
    assert [tab.arm.name for tab in page.context["shown"].arms] == [
        "triage-lora",
        "triage-prompted",
    ]
    assert page.context["shown"].decision.arm == "triage-prompted"


def test_a_study_half_run_shows_how_far_it_is_and_asks_again(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    run = StudyRun.objects.filter(arm__study=study)[0].run
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    run.shards.update(done=7)
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "1 of 6 runs are still going" in page
    assert "7 of 40" in page
    progress = reverse("site:study_progress", args=[study.pk])
    assert f'hx-get="{progress}"' in page
    assert "hx-trigger" in olga.get(progress).text
    Run.objects.update(state=RunState.DONE)
    assert olga.get(progress).headers["HX-Refresh"] == "true"


def test_a_study_whose_runs_have_ended_is_followed_until_it_is_decided(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    asked = f"{reverse('site:study_progress', args=[study.pk])}?until=decided"
    assert asked in olga.get(reverse("site:study", args=[study.pk])).text
    assert olga.get(asked).status_code == 204
    decide_study(study=study)
    assert olga.get(asked).headers["HX-Refresh"] == "true"


def test_an_arm_that_failed_says_why(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    run = StudyRun.objects.filter(arm__study=study)[0].run
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, error="the endpoint said <no>")
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "1 of 6 runs failed" in page
    assert "the endpoint said &lt;no&gt;" in page


def test_a_study_without_runs_says_what_launches_them(olga: Client, team: Team) -> None:
    task = a_test_set(team)
    study = a_study(team, baseline=a_version(team), candidate=a_version(team, "lora"), primary=task)
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "Not started" in page
    assert "evalhub study run" in page


def test_the_same_answers_from_both_arms_are_shown_as_invalid_evidence(
    olga: Client, team: Team
) -> None:
    task = a_test_set(team)
    base, lora = a_version(team), a_version(team, "lora")
    for version in (base, lora):
        a_run(version, task, scores=[1] * 10)
    study = a_study(team, baseline=base, candidate=lora, primary=task, policy=POLICY)
    decide_study(study=study)
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "Invalid evidence" in page
    assert "Invalid evidence shows no result." in page
    assert "of this decision were deleted" not in page
    assert "was it applied?" in page


def test_deciding_again_takes_a_post_and_keeps_one_decision_for_one_evidence(
    eva: Client, team: Team
) -> None:
    study = a_measured_study(team)
    address = reverse("site:decide", args=[study.pk])
    assert eva.get(address).status_code == 405
    for _ in range(2):
        page = eva.post(address, follow=True)
    assert "Decided on the evidence as it is now" in page.text
    assert study.decisions.count() == 2  # one for each candidate arm


def test_deciding_too_early_says_what_is_waited_for(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    Run.objects.update(state=RunState.RUNNING)
    page = olga.post(reverse("site:decide", args=[study.pk]), follow=True)
    assert "can&#x27;t be decided yet" in page.text
    assert not Decision.objects.exists()


def test_the_record_is_the_document_that_was_kept(olga: Client, team: Team) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    answer = olga.get(reverse("site:decision", args=[decision.pk]))
    assert json.loads(answer.content) == decision.record


def test_a_run_shows_its_scores_and_answers_and_finds_errors_and_gaps(
    olga: Client, team: Team
) -> None:
    task = a_test_set(team, items=3)
    run = a_run(
        a_version(team), task, scores=[1, None, None], answers=["right", None, "a <b>bold</b> one"]
    )
    address = reverse("site:run", args=[run.pk])
    page = olga.get(address).text
    assert "a &lt;b&gt;bold&lt;/b&gt; one" in page
    errors = olga.get(address, {"show": "errors"})
    assert [each.output.error for each in errors.context["shown"].answers] == ["timed out"]
    unscored = olga.get(address, {"show": "unscored"}).context["shown"].answers
    assert len(unscored) == 2


def test_a_test_set_shows_the_version_that_is_asked_for(olga: Client, team: Team) -> None:
    old = a_test_set(team, items=2)
    new = a_test_set(team, items=3)
    address = reverse("site:test_set", args=[old.test_set_id])
    assert new.digest in olga.get(address).text
    assert old.digest in olga.get(address, {"version": "1"}).text


def test_a_version_shows_where_it_comes_from_and_no_secret(olga: Client, team: Team) -> None:
    base = a_version(team)
    backend = {
        "type": "openai",
        "url": "https://me:hunter2@models.example.org/v1?key=hunter2",
        "model": "small",
        "key_env": "MODEL_KEY",
        "extra": {"headers": {"Authorization": "hunter2"}},
    }
    lora = a_version(team, "lora", parent=base, training={"rank": 4})
    # Registration refuses a key: this one was written into the row.
    ModelVersion.objects.filter(pk=lora.pk).update(backend=backend)
    page = olga.get(reverse("site:version", args=[lora.pk])).text
    assert "hunter2" not in page
    assert "https://models.example.org/v1" in page
    assert "MODEL_KEY" in page
    assert reverse("site:version", args=[base.pk]) in page


def test_runs_test_sets_and_versions_are_listed(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    assert Output.objects.exists()
    for name, text in (
        ("runs", "triage-lora v1"),
        ("test_sets", "triage-reading"),
        ("versions", "few-shot"),
    ):
        assert text in olga.get(reverse(f"site:{name}")).text, study
