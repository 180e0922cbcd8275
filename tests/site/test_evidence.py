"""What a verdict rests on beside its criteria, who signed it, and how often a set was asked."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership, Role
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import SignOff
from evalhub.registry.models import Run, StudyRun, TrainingOverlap
from tests.cast import Team, a_run, a_team, a_test_set, searched
from tests.site.cases import a_measured_study


def read(html: str) -> str:
    """What a page says, without the links that explain its words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_a_study_says_what_its_candidate_pays_and_how_to_verify(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    page = olga.get(reverse("site:study", args=[study.pk]), {"tab": "evidence"}).text
    assert "The first candidate on triage-task" in page
    assert decision.digest in page
    assert "evalhub decision verify FILE" in page


def test_leaked_items_and_both_verdicts_are_said(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    arm = study.arms.get(name="triage-lora")
    reading = study.test_sets.get(name="triage-reading").test_set_version
    TrainingOverlap.objects.create(
        version=arm.version,
        test_set_version=reading,
        source="0" * 64,
        rows=10,
        settings=searched(40),
        leaked={"q0001": [{"part": "input", "how": "exact", "line": 3, "share": 1.0}]},
    )
    decide_study(study=study)
    page = olga.get(reverse("site:study", args=[study.pk]), {"tab": "evidence"}).text
    assert "1 of 40 items of triage-reading was found" in page
    assert "1 × exact" in page
    assert "the verdict is the same: hold" in page
    assert "triage-reading on the 39 clean items" in page


def test_the_noise_floor_is_said_and_drawn(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    first = StudyRun.objects.get(arm__role="baseline", test_set__name="triage-task")
    again = a_run(
        first.run.version,
        first.run.test_set_version,
        scores=[1] + [0] * 19 + [1] * 20,
        answers=[f"again {i}" for i in range(40)],
    )
    Run.objects.filter(pk=again.pk).update(repeat=1)
    StudyRun.objects.create(arm=first.arm, test_set=first.test_set, run=again, repeat=1)
    decision = decide_study(study=study)[0]
    page = olga.get(reverse("site:study", args=[study.pk]), {"tab": "runs"}).text
    assert "a second run of the baseline differs from the first by +0.025" in page
    assert 'class="noise"' in page
    assert "Shaded: the noise floor" in read(page)
    assert "triage-base, run again" in page
    alone = olga.get(reverse("site:criterion", args=[decision.pk, 1])).text
    assert "a second run of itself" in alone


def test_a_test_set_shows_every_look_at_it_and_what_the_next_costs(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    task = study.test_sets.get(name="triage-task").test_set_version
    address = reverse("site:test_set", args=[task.test_set_id])
    assert "Nobody has been judged by these items yet" in olga.get(address).text
    decide_study(study=study)
    page = olga.get(address).text
    assert "triage-lora v1" in page
    assert "triage-prompted v1" in page
    assert "would be look 3, judged at 6.8% of" in read(page)


def test_looks_of_another_project_at_the_same_items_are_counted_and_not_named(
    team: Team,
) -> None:
    decide_study(study=a_measured_study(team))
    theirs = a_team("Other desk", "other-desk")
    Membership.objects.create(project=theirs.project, user=theirs.sam, role=Role.OWNER)
    task = a_test_set(theirs, "triage-task", items=40, tags=["tag0", "tag1"])
    sam = theirs.signed_in(theirs.sam)
    page = sam.get(reverse("site:test_set", args=[task.test_set_id])).text
    assert page.count("in another project, at items that are here too") == 2
    assert "would be look 3" in read(page)
    assert "triage-lora" not in page


def test_an_evaluator_signs_a_decision_off(eva: Client, team: Team) -> None:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    page = eva.get(reverse("site:study", args=[study.pk]), {"tab": "history"}).text
    assert "Nobody has signed this decision yet" in read(page)
    answer = eva.post(
        reverse("site:sign", args=[decision.pk]),
        {"verdict": "hold", "reason": "Read the twenty losses."},
        follow=True,
    )
    assert "Signed off: Hold" in answer.text
    assert "Read the twenty losses." in answer.text
    assert "has overridden this verdict" not in answer.text
    assert "signed off" in eva.get(reverse("site:studies")).text


def test_who_overrides_it_is_named_at_the_top_and_the_decision_stays(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    record = decision.record
    page = olga.post(
        reverse("site:sign", args=[decision.pk]),
        {"verdict": "ship", "reason": "Nobody reads with it."},
        follow=True,
    ).text
    assert "olga has overridden this verdict" in page
    assert "no longer holds" not in page
    assert "overridden:" in olga.get(reverse("site:studies")).text
    decision.refresh_from_db()
    assert decision.record == record


def test_a_reason_is_asked_for(olga: Client, team: Team) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    page = olga.post(
        reverse("site:sign", args=[decision.pk]),
        {"verdict": "ship", "reason": " "},
        follow=True,
    )
    assert "Not signed: a sign-off says why" in page.text
    assert not SignOff.objects.exists()


@pytest.mark.parametrize("who", ["rui", "stranger"])
def test_nobody_else_signs(who: str, request: pytest.FixtureRequest, team: Team) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    client: Client = request.getfixturevalue(who)
    answer = client.post(reverse("site:sign", args=[decision.pk]), {"reason": "Mine."})
    assert answer.status_code == 403
    assert not SignOff.objects.exists()


def test_a_look_at_the_form_signs_nothing(olga: Client, team: Team) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    assert olga.get(reverse("site:sign", args=[decision.pk])).status_code == 405
