"""A decision's record: who, when, what it rests on, whether it verifies, who stands by it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action
from evalhub.features.lifecycle.promotion import promote
from evalhub.io.canonical import digest_of
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import Score
from tests.cast import Team
from tests.site.cases import a_measured_study
from tests.tampering import rewritten


@pytest.fixture
def decision(team: Team) -> Decision:
    return decide_study(study=a_measured_study(team), by=team.eva)[0]


def page_of(client: Client, decision: Decision) -> str:
    return client.get(reverse("site:record", args=[decision.pk])).text


def verified(client: Client, decision: Decision) -> str:
    return client.post(reverse("site:verify_decision", args=[decision.pk])).text


def test_it_says_who_decided_what_when_and_on_which_evidence(
    olga: Client, decision: Decision
) -> None:
    page = page_of(olga, decision)
    assert f"<h1>Decision {decision.pk}: triage-lora instead of triage-base?</h1>" in page
    assert decision.record["headline"] in page
    assert re.search(r"Decided <time [^>]+>[^<]+</time> by eva · ", page)
    assert decision.created.isoformat()[:16] in page
    assert ">look</a> 1 on triage-task" in page
    assert reverse("site:decision", args=[decision.pk]) in page, "the JSON comes second"


def test_each_reason_leads_to_the_items_that_made_it(olga: Client, decision: Decision) -> None:
    page = page_of(olga, decision)
    study = reverse("site:study", args=[decision.study_id])
    assert f'href="{study}?arm=triage-lora&amp;tab=answers&amp;test_set=triage-reading' in page


def test_digests_and_what_it_rests_on_are_folded_away(olga: Client, decision: Decision) -> None:
    page = page_of(olga, decision)
    shown, _, folded = page.partition('<details class="fold">')
    for digest in (decision.digest, decision.content, decision.document.evidence[0].digest):
        assert digest not in shown
        assert digest in folded
    for each in decision.document.evidence:
        assert reverse("site:run", args=[each.candidate_run]) in folded


def test_a_study_that_decided_by_itself_names_who_started_it(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    page = page_of(olga, decide_study(study=study)[0])
    assert "</time> by the site’s operator" in page
    note(
        Action.STUDY_STARTED,
        by=team.eva,
        project=study.project,
        what=f"{study.in_the_log}{study}",
    )
    page = page_of(olga, decide_study(study=study)[0])
    assert "</time> by itself, for eva who started the study" in page


def test_it_verifies_by_a_button(olga: Client, decision: Decision) -> None:
    assert "Verified." not in page_of(olga, decision)
    assert "Verify it now" in page_of(olga, decision)
    page = verified(olga, decision)
    assert "<strong>Verified.</strong>" in page
    assert "From the record’s own numbers follows hold" in page
    assert page.count(">matches</span>") > 5
    assert ">differs<" not in page


def test_a_score_that_was_changed_since_is_named(olga: Client, decision: Decision) -> None:
    run = decision.document.evidence[0].candidate_run
    score = Score.objects.filter(output__run=run).first()
    assert score
    Score.objects.filter(pk=score.pk).update(value=1 - (score.value or 0))
    page = verified(olga, decision)
    assert "<strong>Not verified.</strong>" in page
    assert "scores of triage-lora</span> isn’t what was recorded" in page
    assert page.count(">differs</span>") == 1


def test_a_record_that_was_changed_says_what_should_stand_there(
    olga: Client, decision: Decision
) -> None:
    record = decision.record | {"verdict": "ship"}
    rewritten(decision, record=record)
    page = verified(olga, decision)
    assert "<strong>Not verified.</strong>" in page
    assert "verdict</span> is ship and should be hold" in page
    assert "the record isn’t the one" in page.replace("&#x27;", "’")


def by_an_older_version(decision: Decision, **fields: object) -> None:
    """As an older version would have written and kept it."""
    older = {"version": "0.0.9", "digest": "0" * 64}
    record = decision.record | {"code": older} | fields
    rewritten(decision, record=record, digest=digest_of(record))


def test_what_an_older_version_decided_is_unchanged_and_judged_by_the_present_rule(
    olga: Client, decision: Decision
) -> None:
    by_an_older_version(decision)
    page = verified(olga, decision)
    assert "<strong>Verified: unchanged.</strong> Evalhub 0.0.9 decided it" in page
    assert "the same verdict, hold, follows" in page
    assert "The code</span> is another by now" in page
    assert "What it rests on</span> is as it was recorded" in page
    assert ">differs<" not in page


def test_a_rule_that_has_changed_is_told_from_a_record_that_was_changed(
    olga: Client, decision: Decision
) -> None:
    by_an_older_version(decision, headline="As one said it then")
    page = verified(olga, decision)
    assert "<strong>Unchanged, and judged otherwise today.</strong>" in page
    assert "headline</span> is As one said it then and would be" in page
    rewritten(decision, digest="0" * 64)
    page = verified(olga, decision)
    assert "<strong>Not verified.</strong>" in page
    assert "headline</span> is As one said it then and should be" in page
    assert "something in it was changed" in page


def test_to_verify_takes_a_post_and_writes_nothing(olga: Client, decision: Decision) -> None:
    assert olga.get(reverse("site:verify_decision", args=[decision.pk])).status_code == 405
    verified(olga, decision)
    assert Decision.objects.get(pk=decision.pk).record == decision.record


def test_sign_offs_and_a_newer_decision_stand_beside_it(
    olga: Client, team: Team, decision: Decision
) -> None:
    sign_off(decision=decision, by=team.olga, reason="We read it", verdict="ship")
    page = page_of(olga, decision)
    assert "We read it" in page
    Score.objects.filter(output__run=decision.document.evidence[0].candidate_run).update(value=0)
    newer = decide_study(study=decision.study)[0]
    assert reverse("site:record", args=[newer.pk]) in page_of(olga, decision)
    assert f'Before it: <a href="{reverse("site:record", args=[decision.pk])}"' in page_of(
        olga, newer
    )


def test_the_study_leads_to_the_page(olga: Client, decision: Decision) -> None:
    page = olga.get(reverse("site:study", args=[decision.study_id])).text
    address = reverse("site:record", args=[decision.pk])
    assert f'href="{address}">Decision</a>' in page


def test_a_promotion_by_it_is_named(olga: Client, team: Team, decision: Decision) -> None:
    sign_off(decision=decision, by=team.olga, reason="We read it", verdict="ship")
    promote(decision=decision, by=team.olga, reason="It serves now")
    assert "It serves now" in page_of(olga, decision)
