"""What an asking of the baseline may cost."""

import pytest

from evalhub.cli.app import run
from evalhub.features.monitoring.models import Monitor, Watch
from evalhub.registry.models import Run, StudyBudget
from tests.fakes.openai_server import OpenAIServer
from tests.features.monitoring.answers.test_asking import ADD, Capture, asked, desk, promoted  # noqa: F401 (fixture)
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.heavy
def test_each_asking_has_a_budget_of_its_own_and_goes_on_with_a_higher_one(
    desk: Desk,  # noqa: F811
    capsys: Capture,
) -> None:
    desk.study["arms"]["base"]["sampling"] = {"max_tokens": 10}
    with OpenAIServer() as server:
        promoted(desk, server)
        add = [*ADD, "triage", "--budget-tokens"]
        assert run([*add, "20000"]) == 0
        watch = Watch.objects.get()
        assert asked(capsys)[1]["is_alarm"] is False
        assert watch.second_run.budget != Run.objects.get(asking__isnull=False).budget
        assert {each.tokens for each in StudyBudget.objects.all()} == {20000}

        monitor = watch.monitor
        budget = monitor.plan.budget.model_copy(update={"tokens": 100})
        monitor.plan = monitor.plan.model_copy(update={"budget": budget})
        monitor.save()
        code, told = asked(capsys)
        assert (code, told["is_alarm"]) == (69, None)
        assert "of 100 tokens spent" in told["report"]["error"]
        stopped = Run.objects.latest("pk")
        assert 0 < stopped.outputs.count() < 60
        assert run(["run", "retry", str(stopped.pk), "--budget-tokens", "9000"]) == 0
        assert "9,000 tokens spent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "field", "why"),
    [
        (["--budget-tokens", "-1"], "--budget-tokens", ""),
        (["--budget-money", "nan"], "--budget-money", ""),
        (["--budget-money", "-2"], "budget.money", "above 0"),
        (["--budget-money", "2"], "budget_money", "no price of"),
    ],
)
def test_what_is_wrong_with_it_is_said(
    desk: Desk,  # noqa: F811
    capsys: Capture,
    options: list[str],
    field: str,
    why: str,
) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        capsys.readouterr()
        assert run([*ADD, "triage", *options]) != 0
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert field in told
    assert why in told
    assert not Monitor.objects.exists()
