"""Champion and challenger are told to an MLflow server, after the registry's own move, until it
has understood."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.features.exporters.mlflow_aliases import tell_mlflow
from evalhub.features.exporters.models import MlflowAlias
from evalhub.features.lifecycle.moves import put_in_shadow, retire
from evalhub.features.lifecycle.promotion import promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.fakes.mlflow_server import MlflowRegistry
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def mlflow(settings: Any) -> Iterator[MlflowRegistry]:
    with MlflowRegistry() as server:
        settings.MLFLOW_URL = server.url
        yield server


@pytest.fixture
def base(team: Team) -> ModelVersion:
    return a_version(team, "base")


@pytest.fixture
def tuned(team: Team, base: ModelVersion) -> ModelVersion:
    return a_version(team, "tuned", parent=base)


def test_a_ship_is_the_challenger_and_once_it_is_promoted_the_champion(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    assert tell_mlflow() == 0
    shipped = decided(team, base, tuned, slug="first")
    assert tell_mlflow() == 1
    assert mlflow.holders() == {"challenger": ("support-desk.tuned", "tuned v1")}
    tags = mlflow.tags["support-desk.tuned", "1"]
    assert tags["evalhub.decision"] == shipped.digest
    assert (tags["evalhub.verdict"], tags["evalhub.digest"]) == ("ship", tuned.digest)
    promote(decision=shipped, by=team.eva, reason="It has run for a week.")
    assert tell_mlflow() == 2
    assert mlflow.holders() == {"champion": ("support-desk.tuned", "tuned v1")}
    asked = len(mlflow.asked)
    assert tell_mlflow() == 0
    assert len(mlflow.asked) == asked, "what is told isn't told again"
    assert len(mlflow.tags) == 1, "one version of ours is one there"


def test_a_rollback_takes_the_alias_back_across_models(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    shipped = decided(team, base, tuned, slug="first")
    promote(decision=shipped, by=team.eva, reason="Runs now.", arm="baseline")
    tell_mlflow()
    assert mlflow.holders() == {
        "champion": ("support-desk.base", "base v1"),
        "challenger": ("support-desk.tuned", "tuned v1"),
    }
    assert "evalhub.verdict" not in mlflow.tags["support-desk.base", "1"], "of another version"
    promote(decision=shipped, by=team.eva, reason="Better.")
    tell_mlflow()
    assert mlflow.holders() == {"champion": ("support-desk.tuned", "tuned v1")}
    roll_back(version=tuned, by=team.olga, reason="Complaints.")
    tell_mlflow()
    assert mlflow.holders()["champion"] == ("support-desk.base", "base v1")


def test_a_challenger_is_no_longer_one_once_it_does_not_ship_or_is_retired(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    first = decided(team, base, tuned, slug="first")
    other = a_version(team, "other", parent=base)
    second = decided(team, base, other, slug="second")
    tell_mlflow()
    assert mlflow.holders() == {"challenger": ("support-desk.other", "other v1")}, "the newest"
    sign_off(decision=second, by=team.olga, verdict="hold", reason="Legal.")
    tell_mlflow()
    assert mlflow.holders() == {"challenger": ("support-desk.tuned", "tuned v1")}
    put_in_shadow(version=tuned, by=team.olga, reason="A tenth is mirrored.")
    tell_mlflow()
    assert mlflow.holders() == {"challenger": ("support-desk.tuned", "tuned v1")}
    retire(version=tuned, by=team.olga, reason="Given up.")
    tell_mlflow()
    assert mlflow.holders() == {}
    assert first.verdict == "ship"
    row = MlflowAlias.objects.get(alias="challenger")
    assert (row.version, row.state, row.told_name) == (None, "told", "")


def test_a_hold_is_nobody_s_challenger(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    decided(team, base, tuned, gain=0, slug="first")
    assert tell_mlflow() == 0
    assert mlflow.asked == []


def test_a_server_that_is_away_holds_up_no_promotion_and_is_told_later(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry, capsys: Capture
) -> None:
    mlflow.away = True
    shipped = decided(team, base, tuned, slug="first")
    promote(decision=shipped, by=team.eva, reason="Now.")
    assert tell_mlflow() == 0
    row = MlflowAlias.objects.get()
    assert (row.state, row.attempts, row.error) == (
        "waiting",
        1,
        "MLflow answers 503 to registered-models/create",
    )
    first_wait = row.due_at - timezone.now()
    assert timedelta(0) < first_wait <= timedelta(seconds=5)
    assert tell_mlflow() == 0
    assert MlflowAlias.objects.get().attempts == 1, "it isn't due"
    MlflowAlias.objects.update(due_at=timezone.now())
    tell_mlflow()
    row = MlflowAlias.objects.get()
    assert row.attempts == 2
    assert row.due_at - timezone.now() > timedelta(minutes=4), "and later each time"
    assert run(["mlflow", "status"]) == 0
    said = capsys.readouterr().out
    assert (
        "support-desk  champion: tuned v1, which MLflow is to be told (MLflow answers 503" in said
    )
    mlflow.away = False
    MlflowAlias.objects.update(due_at=timezone.now(), attempts=40)
    assert tell_mlflow() == 1, "it is never given up"
    assert mlflow.holders() == {"champion": ("support-desk.tuned", "tuned v1")}


@pytest.mark.django_db(transaction=True)
def test_what_moves_while_the_server_is_told_is_told_once_more(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    shipped = decided(team, base, tuned, slug="first")
    promote(decision=shipped, by=team.eva, reason="First.", arm="baseline")
    held = mlflow._held

    def moved_meanwhile(what: str, given: dict[str, Any]) -> dict[str, Any]:
        if what == "POST registered-models/alias" and given["alias"] == "champion":
            MlflowAlias.objects.filter(alias="champion").update(
                version=tuned, attempts=0, due_at=timezone.now()
            )
        return held(what, given)

    mlflow._held = moved_meanwhile  # type: ignore[method-assign]
    promote(decision=shipped, by=team.eva, reason="Better.")
    tell_mlflow()
    mlflow._held = held  # type: ignore[method-assign]
    tell_mlflow()
    assert mlflow.holders() == {"champion": ("support-desk.tuned", "tuned v1")}


def test_the_commands_say_what_is_told_and_tell_it_again(
    team: Team,
    base: ModelVersion,
    tuned: ModelVersion,
    mlflow: MlflowRegistry,
    capsys: Capture,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shipped = decided(team, base, tuned, slug="first")
    promote(decision=shipped, by=team.eva, reason="Now.")
    assert run(["mlflow", "status"]) == 0
    assert "No alias yet" in capsys.readouterr().err
    mlflow.token = "t0ken-of-mlflow"
    assert run(["mlflow", "sync"]) == 69
    assert "MLflow answers 401" in capsys.readouterr().out
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken-of-mlflow")
    assert run(["mlflow", "sync", "--project", "support-desk"]) == 0
    said = capsys.readouterr()
    assert "champion: tuned v1, as MLflow was told: support-desk.tuned version 1" in said.out
    assert "t0ken" not in said.out + said.err
    mlflow.aliases["support-desk.tuned"].clear()  # somebody there has taken it away
    assert tell_mlflow() == 0
    assert run(["mlflow", "sync", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["alias"], row["state"], row["mlflow_version"]) == ("champion", "told", "1")
    assert mlflow.holders() == {"champion": ("support-desk.tuned", "tuned v1")}
    settings.MLFLOW_URL = ""
    assert tell_mlflow() == 0
    assert run(["mlflow", "sync"]) == 64
    assert "EVALHUB_MLFLOW_URL" in capsys.readouterr().err


def test_an_address_with_a_password_is_refused_and_not_repeated(
    team: Team, base: ModelVersion, tuned: ModelVersion, settings: Any
) -> None:
    settings.MLFLOW_URL = "http://user:sesame@127.0.0.1:1"
    decided(team, base, tuned, slug="first")
    assert tell_mlflow() == 0
    error = MlflowAlias.objects.get().error
    assert "never in the URL" in error
    assert "sesame" not in error


def test_a_version_s_page_says_which_aliases_it_has(
    team: Team, base: ModelVersion, tuned: ModelVersion, mlflow: MlflowRegistry
) -> None:
    shipped = decided(team, base, tuned, slug="first")
    promote(decision=shipped, by=team.eva, reason="Now.")
    page = reverse("site:version", args=[tuned.pk])

    def read(client: Client) -> str:
        return " ".join(client.get(page).content.decode().split())

    eva = team.signed_in(team.eva)
    mlflow.away = True
    tell_mlflow()
    assert (
        "The alias <strong>champion</strong> is this version’s, which MLflow is to be told"
        in read(eva)
    )
    mlflow.away = False
    MlflowAlias.objects.update(due_at=timezone.now())
    tell_mlflow()
    assert "is this version’s, as MLflow was told: support-desk.tuned version 1" in read(eva)
