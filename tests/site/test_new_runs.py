"""A run is started from its page, and goes on with another budget."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry
from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from tests.cast import Team, a_run, a_spending, a_team, a_test_set, a_version
from tests.site.test_campaign_pages import filled
from tests.site.test_run_verbs import LIVE

PAGE = "site:new_run"
ANSWERS = b'{"id": "q0000", "output": "right"}\n{"id": "q0001", "output": "wrong"}\n'


def start(client: Client, query: str = "", **said: Any) -> Any:
    path = reverse(PAGE) + query
    return client.post(path, filled(client.get(path), start="1", **said), follow=True)


def test_recorded_answers_become_a_run_and_the_same_again_is_the_same_run(
    eva: Client, team: Team
) -> None:
    version, items = a_version(team), a_test_set(team, items=2)

    def sent(**more: Any) -> Any:
        file = SimpleUploadedFile("answers.jsonl", ANSWERS)
        return start(eva, f"?version={version.pk}", items=items.pk, answers=file, **more)

    assert "is launched" in sent(option_lower="on").text
    run = Run.objects.get()
    [metric] = [each.metric for each in run.metrics.all()]
    assert (metric.name, metric.options.get("lower")) == ("exact_match", True)
    assert run.outputs.count() == 2
    sent(metric="length")
    assert Run.objects.get() == run
    assert {each.metric.name for each in run.metrics.all()} == {"exact_match", "length"}


def test_a_live_version_is_asked(eva: Client, team: Team) -> None:
    version, items = a_version(team, "live", backend=LIVE), a_test_set(team, items=2)
    start(eva, version=version.pk, items=items.pk)
    assert Run.objects.get().state == RunState.PENDING


def test_another_metric_shows_its_options_and_starts_nothing(eva: Client, team: Team) -> None:
    path = reverse(PAGE)
    page = eva.post(path, filled(eva.get(path), metric="json_fields", options="1"))
    assert "option_fields" in page.context["form"].fields
    assert not Run.objects.exists()


def test_what_is_wrong_is_said_beside_its_field(eva: Client, team: Team) -> None:
    version, items = a_version(team), a_test_set(team, items=2)
    right = {"version": version.pk, "items": items.pk}
    page = start(eva, **right)
    assert page.status_code == 400
    assert "no file of them is given" in page.text
    file = SimpleUploadedFile("answers.jsonl", ANSWERS + b'{"id": "q9", "output": "?"}\n')
    page = start(eva, **right, answers=file)
    assert "line 3" in str(page.context["form"].errors)
    page = start(eva, **right, metric="json_fields", option_fields="[")
    assert "isn&#x27;t JSON" in str(page.context["form"].errors["option_fields"])
    other = a_team("Others", "others")
    page = start(eva, version=version.pk, items=a_test_set(other, "theirs").pk)
    assert "of another project" in str(page.context["form"].errors["items"])
    assert not Run.objects.exists()


def test_nobody_starts_what_they_do_not_see(stranger: Client, team: Team) -> None:
    version, items = a_version(team, "live", backend=LIVE), a_test_set(team, items=2)
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="owner")
    page = start(stranger, version=version.pk, items=items.pk)
    assert {"version", "items"} <= page.context["form"].errors.keys()
    assert not Run.objects.exists()


@pytest.fixture
def spent(team: Team) -> Run:
    """A run that stopped, of which 2 of 5 tokens are spent."""
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[0, 1])
    a_spending(run, study="s")
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED)
    run.refresh_from_db()
    return run


def test_a_run_goes_on_with_another_budget_and_who_said_so_is_noted(
    eva: Client, team: Team, spent: Run
) -> None:
    assert "With another budget" in eva.get(reverse("site:run", args=[spent.pk])).text
    eva.post(reverse("site:resume_run", args=[spent.pk]), {"tokens": "123456"})
    spent.refresh_from_db()
    assert spent.budget is not None
    assert spent.budget.tokens == 123_456
    assert LogEntry.objects.filter(action="budget-set", by=team.eva).exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"tokens": "0"}, "tokens"),
        ({"tokens": "many"}, "tokens"),
        ({"money": "5"}, "money"),
        ({"tokens": "5", "of": "arm"}, "of"),
    ],
)
def test_a_budget_that_cannot_be_is_said_beside_its_field_and_nothing_goes_on(
    eva: Client, spent: Run, said: dict[str, str], field: str
) -> None:
    page = eva.post(reverse("site:resume_run", args=[spent.pk]), said)
    assert page.status_code == 400
    assert field in page.context["form"].errors
    assert page.context["form"][field].value() == said[field]
    spent.refresh_from_db()
    assert spent.state == RunState.CANCELLED
