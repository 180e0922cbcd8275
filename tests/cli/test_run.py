"""`evalhub run` as an operator runs it."""

import json

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import Run
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
NOBODY = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


def test_a_run_is_listed_cancelled_and_taken_up_again(team: Team, capsys: Capture) -> None:
    from runners.launch import launch

    made = launch(
        version=a_version(team, backend=NOBODY),
        test_set_version=a_test_set(team, items=3),
        metrics=[a_metric("length")],
        reach=OPERATOR,
    )
    number = str(made.pk)
    assert run(["run", "list"]) == 0
    assert capsys.readouterr().out.split()[:3] == [number, "pending", "0/3"]
    for command, said in [
        (["retry"], "hadn't stopped (waiting): nothing was changed."),
        (["cancel"], "is cancelled."),
        (["cancel"], "had ended (cancelled): nothing was changed."),
        (["retry"], "waits for a worker."),
    ]:
        assert run(["run", *command, number]) == 0
        assert capsys.readouterr().out == f"Run {number} {said}\n"
    assert run(["run", "show", number]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "  length: not counted yet"
    Run.objects.filter(pk=made.pk).update(reused=1200)
    assert run(["run", "show", number]) == 0
    assert "1,200 of its answers taken over" in capsys.readouterr().out
    assert run(["run", "list", "--state", "pending", "--project", "support-desk", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["done"], row["metrics"][0]["mean"]) == (made.pk, 0, None)
    assert row["reused"] == 1200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "7"], "there is no run 7: `evalhub run list` says which"),
        (["list", "--state", "asleep"], "is one of pending, running, done, failed, cancelled"),
    ],
)
def test_what_there_is_not_is_said(arguments: list[str], said: str, capsys: Capture) -> None:
    assert run(["run", *arguments]) == 64
    assert said in capsys.readouterr().err
