"""A score is said to be wrong; a metric is audited; no score changes by it."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from evalhub.features.erasure.redact import redact
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.features.table import REDACTORS
from evalhub.registry.models import Output, Run, RunMetric, Score
from tests.cast import Team, a_run, a_score_audit, a_study, a_test_set, a_version, opened


@pytest.fixture
def run(team: Team) -> Run:
    """Four answers, two of them right; the scores are open."""
    run = a_run(a_version(team), a_test_set(team, items=4), scores=[0, 1, 0, 1])
    opened(run)
    return run


def metric_of(run: Run) -> int:
    return run.metrics.get().metric_id


def dispute(client: Client, output: Output, **said: Any) -> Any:
    path = reverse("site:dispute_score", args=[metric_of(output.run), output.pk])
    return client.post(path, {"said": 1, "why": "a synonym of it"} | said, follow=True)


def test_a_score_is_disputed_from_the_run_s_page_and_stays(
    eva: Client, team: Team, run: Run
) -> None:
    output = run.outputs.order_by("pk")[0]
    address = reverse("site:dispute_score", args=[metric_of(run), output.pk])
    assert address in eva.get(reverse("site:run", args=[run.pk])).text
    assert eva.get(address).context["form"]["said"].value() == 1, "a fail should be a pass"
    page = dispute(eva, output)
    assert "a synonym of it" in page.text
    assert "no rate" in page.text
    case = ScoreCase.objects.get()
    assert (case.value, case.said, case.by, case.output) == (0, 1, team.eva, output)
    assert Score.objects.get(output=output).value == 0
    dispute(eva, output, why="once more")
    page = eva.get(reverse("site:metric_cases", args=[metric_of(run)]))
    assert page.context["shown"].answers == 1, "an answer counts once"


def test_sealed_scores_can_t_be_disputed_audited_or_seen(eva: Client, team: Team) -> None:
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[0, 1])
    output = run.outputs.order_by("pk")[0]
    address = reverse("site:dispute_score", args=[metric_of(run), output.pk])
    assert address not in eva.get(reverse("site:run", args=[run.pk])).text
    assert "sealed" in eva.get(address, follow=True).text
    assert "sealed" in dispute(eva, output).text
    draw = reverse("site:audit_metric", args=[metric_of(run)])
    page = eva.post(draw, {"project": "support-desk", "size": 2}, follow=True)
    assert "may be read here yet" in page.text
    assert not ScoreCase.objects.exists()
    assert not ScoreAudit.objects.exists()


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"said": 0}, "said", "the score as it is"),
        ({"said": 1.5}, "said", "lies between 0 and 1"),
        ({"said": "nan"}, "said", "number"),
        ({"said": ""}, "said", "required"),
        ({"why": " "}, "why", "say why"),
    ],
)
def test_what_cannot_be_said_is_told_beside_its_field(
    eva: Client, run: Run, said: dict[str, Any], field: str, told: str
) -> None:
    page = dispute(eva, run.outputs.order_by("pk")[0], **said)
    assert page.status_code == 400
    assert told in str(page.context["form"].errors[field])
    assert not ScoreCase.objects.exists()


def test_an_audit_is_checked_answer_by_answer_and_says_how_often_the_metric_errs(
    eva: Client, run: Run
) -> None:
    draw = reverse("site:audit_metric", args=[metric_of(run)])
    page = eva.post(draw, {"project": "support-desk", "size": 10}, follow=True)
    audit = ScoreAudit.objects.get()
    assert sorted(audit.drawn) == sorted(run.outputs.values_list("pk", flat=True))
    path = reverse("site:score_audit", args=[audit.pk])
    for _ in range(4):
        output = page.context["page"].output
        assert output.pk == audit.drawn[audit.cases.count()], "in the order of the draw"
        page = eva.post(path, {"output": output.pk, "said": 1}, follow=True)
    assert "are checked" in page.text
    overall, passes, fails = page.context["page"].shown.rates
    assert (overall.wrong, overall.checked) == (2, 4)
    assert (passes.wrong, passes.checked) == (0, 2)
    assert (fails.wrong, fails.checked) == (2, 2)
    # Clopper and Pearson: 0 of 2 has the upper limit 1 − .025^(1/2), 2 of 2 the lower .025^(1/2)
    assert passes.upper == pytest.approx(1 - 0.025**0.5)
    assert fails.lower == pytest.approx(0.025**0.5)
    page = eva.get(reverse("site:metric_cases", args=[metric_of(run)]))
    assert page.context["shown"].answers == 0, "what an audit asked for is no report"
    assert list(Score.objects.order_by("output").values_list("value", flat=True)) == [0, 1, 0, 1]


def test_an_answer_of_an_audit_is_checked_once_and_none_but_the_drawn(
    eva: Client, team: Team, run: Run
) -> None:
    audit = a_score_audit(team, run)
    path = reverse("site:score_audit", args=[audit.pk])
    again = eva.post(path, {"output": audit.drawn[0], "said": 1}, follow=True)
    assert "has checked this answer already" in again.text
    other = a_run(a_version(team, "other"), a_test_set(team, "other"), scores=[1] * 10)
    foreign = other.outputs.all()[0].pk
    answer = eva.post(path, {"output": foreign, "said": 1}, follow=True)
    assert "draw this answer" in answer.text
    assert audit.cases.count() == 1


@pytest.mark.parametrize("size", ["0", "1001", "many", ""])
def test_an_audit_of_no_size_isn_t_drawn(eva: Client, run: Run, size: str) -> None:
    draw = reverse("site:audit_metric", args=[metric_of(run)])
    page = eva.post(draw, {"project": "support-desk", "size": size}, follow=True)
    assert "draws 1 to 1,000" in page.text
    assert not ScoreAudit.objects.exists()


def test_cases_are_kept_as_they_were_said(team: Team, run: Run) -> None:
    a_score_audit(team, run)
    for model, changed in ((ScoreCase, {"said": 0.5}), (ScoreAudit, {"seed": 1})):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(**changed)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all()._raw_delete("default")


def test_redacting_an_item_takes_out_what_was_said_of_its_scores(team: Team, run: Run) -> None:
    a_score_audit(team, run)
    item = ScoreCase.objects.from_reports().get().output.item
    redact(
        project=team.project,
        test_set="questions",
        item=item.key,
        reason="asked",
        by=team.olga,
        redactors=REDACTORS,
    )
    assert ScoreCase.objects.from_reports().get().why == "[redacted]"


def test_a_study_s_page_counts_the_cases_against_its_metrics(eva: Client, team: Team) -> None:
    items = a_test_set(team, items=4)
    base, lora = a_version(team), a_version(team, "lora", parent=a_version(team))
    runs = [a_run(each, items, scores=[0, 1, 0, 1]) for each in (base, lora)]
    study = a_study(team, baseline=base, candidate=lora, primary=items)
    path = reverse("site:study", args=[study.pk]) + "?tab=evidence"
    eva.post(reverse("site:decide", args=[study.pk]))
    assert "said to be wrong" not in eva.get(path).text
    a_score_audit(team, runs[0])
    link = reverse("site:metric_cases", args=[metric_of(runs[0])])
    shown = eva.get(path).text
    assert "1 score by exact_match is said to be wrong" in shown
    assert f'href="{link}"' in shown


def test_nobody_else_says_anything(rui: Client, stranger: Client, team: Team, run: Run) -> None:
    audit = a_score_audit(team, run)
    output = run.outputs.order_by("pk")[1]
    assert rui.post(reverse("site:score_audit", args=[audit.pk])).status_code == 403
    assert dispute(rui, output, said=0).status_code == 403
    assert dispute(stranger, output, said=0).status_code == 403
    assert ScoreCase.objects.count() == 2
    assert RunMetric.objects.get().mean == 0.5
