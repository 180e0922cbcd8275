"""What shows data is kept by nobody on the way."""

import pytest
from django.test import Client

from evalhub.ledger.decide import decide_study
from tests.cast import a_team
from tests.site.cases import a_measured_study


@pytest.mark.django_db
def test_pages_files_and_refusals_are_not_stored() -> None:
    team = a_team()
    study = a_measured_study(team)
    [decision, *_] = decide_study(study=study)
    client = team.signed_in(team.olga)
    for path in (
        "/studies/",
        f"/studies/{study.pk}/",
        f"/decisions/{decision.pk}.json",
        "/nothing-here/",
        "/readyz",
    ):
        page = client.get(path)
        assert "no-store" in page.headers["Cache-Control"], path
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in Client().get("/studies/").headers["Cache-Control"]
