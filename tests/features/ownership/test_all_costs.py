"""Every decided study is listed with what its answers cost, and leads to its own costs."""

from django.test import Client

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Spending
from tests.cast import Team, a_team
from tests.site.cases import a_measured_study


def test_a_decided_study_is_listed_with_what_was_paid(olga: Client, team: Team) -> None:
    assert "Nothing is decided yet" in olga.get("/costs/").text
    study = a_measured_study(team)
    assert "Nothing is decided yet" in olga.get("/costs/").text
    decide_study(study=study)
    shown = olga.get("/costs/").text
    assert f'href="/studies/{study.pk}/cost/"' in shown
    assert "not known" in shown
    runs = {row.run for arm in study.arms.all() for row in arm.runs.select_related("run")}
    for run in runs:
        Spending.objects.create(run=run, version=run.version, money=1.5)
    assert f'data-label="Paid for answers">{1.5 * len(runs):g}' in olga.get("/costs/").text


def test_studies_of_others_aren_t_listed(team: Team, olga: Client) -> None:
    other = a_team("Others", "others")
    study = a_measured_study(other)
    decide_study(study=study)
    other.project.memberships.filter(user=team.olga).delete()
    assert study.name not in olga.get("/costs/").text
