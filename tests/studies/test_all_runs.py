"""All runs of a study stopped, and taken up again, by one act at each door."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Scope, User
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run as evalhub
from evalhub.registry.models import Run, Study
from tests.api.conftest import Program
from tests.cast import Team
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db(transaction=True)
type Door = Callable[[str], str]
"""Takes "cancel" or "resume", and gives what is said."""


@pytest.fixture
def study(team: Team, tmp_path: object) -> Study:
    """Of four runs, two of which have ended well and two failed."""
    desk = Desk(tmp_path)  # type: ignore[arg-type]
    desk.study["project"] = team.project.slug
    study = ran(desk)
    failed = list(Run.objects.order_by("pk").values_list("pk", flat=True)[2:])
    Run.objects.filter(pk__in=failed).update(state="failed", error="the server was away")
    return study


@pytest.fixture
def door(
    request: pytest.FixtureRequest,
    study: Study,
    eva: Client,
    capsys: pytest.CaptureFixture[str],
) -> Door:
    def by_command(verb: str) -> str:
        word = {"resume": "retry"}.get(verb, verb)
        assert evalhub(["study", word, f"{study.project.slug}/{study.slug}"]) == 0
        return capsys.readouterr().out

    def by_page(verb: str) -> str:
        address = reverse(f"site:{verb}_study_runs", args=[study.pk])
        return eva.post(address, follow=True).text

    def program() -> Program:
        user = User.objects.get(username="eva")
        token = add_token(project=study.project, user=user, name="ci", scopes=[Scope.RUN], by=None)
        return Program(token.secret, study.project.slug)

    of_program = program()

    def by_program(verb: str) -> str:
        answer = of_program.post(f"/studies/{study.slug}/{verb}")
        assert answer.status_code == 200
        return str([each["state"] for each in answer.json()["runs"]])

    return {"command": by_command, "page": by_page, "program": by_program}[request.param]


def states() -> list[str]:
    return sorted(Run.objects.values_list("state", flat=True))


@pytest.mark.parametrize("door", ["command", "page", "program"], indirect=True)
def test_all_that_failed_is_taken_up_by_one_act_and_all_is_stopped_by_another(door: Door) -> None:
    assert states() == ["done", "done", "failed", "failed"]
    door("resume")
    assert states() == ["done", "done", "pending", "pending"]
    said = door("cancel")
    assert states() == ["cancelled", "cancelled", "done", "done"]
    assert "2 runs" in said or "cancelled" in said
    door("resume")
    assert states() == ["done", "done", "pending", "pending"]


def test_its_page_has_a_button_for_each_while_there_is_something_to_do(
    study: Study, eva: Client, rui: Client
) -> None:
    page = reverse("site:study", args=[study.pk])
    assert "Retry 2 runs</button>" in eva.get(page).text
    assert "Stop all its runs" not in eva.get(page).text
    eva.post(reverse("site:resume_study_runs", args=[study.pk]))
    assert "Stop all its runs" in eva.get(page).text
    assert "Retry 2 runs" not in eva.get(page).text
    for verb in ("cancel_study_runs", "resume_study_runs"):
        assert rui.post(reverse(f"site:{verb}", args=[study.pk])).status_code == 403
    assert states() == ["done", "done", "pending", "pending"]


def test_a_study_that_is_not_there_is_said(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evalhub(["study", "cancel", "nowhere/nothing"]) == 64
    assert "name it as PROJECT/STUDY" in capsys.readouterr().err
