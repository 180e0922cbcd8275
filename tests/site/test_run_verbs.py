"""A run is cancelled and resumed from its page."""

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from runners.launch import launch
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version

LIVE = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


@pytest.fixture
def run(team: Team) -> Run:
    return launch(
        version=a_version(team, "live", backend=LIVE),
        test_set_version=a_test_set(team, items=5),
        metrics=[a_metric()],
        reach=OPERATOR,
    )


def test_an_evaluator_cancels_a_run_and_resumes_it(eva: Client, run: Run) -> None:
    page = reverse("site:run", args=[run.pk])
    assert "Cancel this run" in eva.get(page).text

    stopped = eva.post(reverse("site:cancel_run", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "Its answers are kept" in stopped.text
    assert "Resume this run" in stopped.text

    going = eva.post(reverse("site:resume_run", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert run.state == RunState.PENDING
    assert "goes on where it stopped" in going.text


@pytest.mark.parametrize("state", ["done", "running"])
def test_what_has_not_stopped_is_not_resumed(eva: Client, run: Run, state: str) -> None:
    Run.objects.update(state=state, answers_digest="of what was answered")
    before = [Run.objects.values().get(), *run.shards.values()]
    said = eva.post(reverse("site:resume_run", args=[run.pk]), follow=True)
    assert "nothing was changed" in said.text
    assert [Run.objects.values().get(), *run.shards.values()] == before


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_is_not_cancelled(eva: Client, run: Run, state: str) -> None:
    Run.objects.update(state=state, answers_digest="of what was answered")
    before = [Run.objects.values().get(), *run.shards.values()]
    said = eva.post(reverse("site:cancel_run", args=[run.pk]), follow=True)
    assert f"The run had ended ({state}), so nothing was changed" in said.text
    assert "The run is cancelled" not in said.text
    assert [Run.objects.values().get(), *run.shards.values()] == before


def test_a_look_changes_nothing(eva: Client, run: Run) -> None:
    assert eva.get(reverse("site:cancel_run", args=[run.pk])).status_code == 405
