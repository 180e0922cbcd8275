"""A decision is told to a real MLflow server: the newest that installs, in a place of its own.

MLFLOW_ENVIRONMENT names an environment that has one, where somebody doesn't want to wait.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from evalhub.cli.app import run
from evalhub.features.exporters.mlflow import export_mlflow
from evalhub.features.exporters.mlflow_aliases import tell_mlflow
from evalhub.features.exporters.mlflow_server import MlflowError, MlflowServer
from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.models import Decision
from evalhub.ledger.signoff import sign_off
from tests.cast import Team
from tests.features.exporters.desk import a_decision
from tests.features.exporters.environment import environment
from tests.services import a_free_port

READ = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1])
found = {}
for model in client.search_registered_models():
    versions = client.search_model_versions(f"name='{model.name}'")
    found[model.name] = {
        "aliases": dict(client.get_registered_model(model.name).aliases),
        "versions": [[v.version, v.tags, v.run_id, v.source] for v in versions],
    }
experiments = client.search_experiments(filter_string="name LIKE 'support-desk/%'")
runs = client.search_runs([each.experiment_id for each in experiments])
models = client.search_logged_models([each.experiment_id for each in experiments])
print(json.dumps({
    "models": found,
    "runs": [[r.info.run_name, r.info.status, r.data.tags, r.data.metrics] for r in runs],
    "logged": [[m.model_id, str(m.status), {e.key: e.value for e in m.metrics}] for m in models],
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which MLflow is installed."""
    if kept := os.environ.get("MLFLOW_ENVIRONMENT"):
        return Path(kept) / "bin" / "python"
    return environment(tmp_path_factory.mktemp("mlflow"), "mlflow")


@pytest.fixture(scope="module")
def server(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server's URL."""
    folder, port = tmp_path_factory.mktemp("server"), a_free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    stores += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [python, "-m", "mlflow", "server", *words, *stores],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"},
            start_new_session=True,
        )
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "log").read_text()
            with suppress(URLError, OSError), urlopen(f"{url}/health", timeout=2):
                break
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)


def read(python: Path, server: str) -> dict[str, Any]:
    """What MLflow's own client sees there."""
    done = subprocess.run([python, "-c", READ, server], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def decision(team: Team) -> Decision:
    return a_decision(team)


@pytest.mark.heavy
@pytest.mark.services
@pytest.mark.django_db
def test_a_real_server_has_run_metrics_version_tags_and_aliases(
    team: Team, decision: Decision, python: Path, server: str
) -> None:
    mlflow = MlflowServer(server)
    told = export_mlflow(decision=decision, by=team.eva, server=mlflow)
    assert (told.model, told.version, told.aliases) == (
        "support-desk.tuned",
        "1",
        ("challenger",),
    )
    assert export_mlflow(decision=decision, by=team.eva, server=mlflow) == told
    seen = read(python, server)
    ((name, status, tags, metrics),) = seen["runs"]
    assert (name, status) == ("tuned: ship", "FINISHED")
    assert tags["evalhub.decision"] == decision.digest
    criterion = decision.document.criteria[0]
    assert metrics["questions.exact_match"] == 0.7
    assert metrics["questions.exact_match.lower"] == pytest.approx(criterion.lower)
    ((model, state, of_model),) = seen["logged"]
    assert model.startswith("m-")
    assert state.endswith("READY")
    assert of_model["questions.exact_match"] == 0.7, "metrics carry the model's id"
    registered = seen["models"]["support-desk.tuned"]
    assert registered["aliases"] == {"challenger": "1"}
    ((_, version_tags, run_id, source),) = registered["versions"]
    assert version_tags["evalhub.verdict"] == "ship"
    assert version_tags["evalhub.decision"] == decision.digest
    assert (run_id, source) == (told.run, f"models:/{model}")

    promote(decision=decision, by=team.olga, reason="Ran a week.")
    assert "champion" in export_mlflow(decision=decision, by=None, server=mlflow).aliases
    assert read(python, server)["models"]["support-desk.tuned"]["aliases"] == {
        "challenger": "1",
        "champion": "1",
    }
    sign_off(decision=decision, by=team.olga, verdict="hold", reason="Legal.")
    assert export_mlflow(decision=decision, by=None, server=mlflow).aliases == ("champion",)
    seen = read(python, server)["models"]["support-desk.tuned"]
    assert seen["aliases"] == {"champion": "1"}
    assert seen["versions"][0][1]["evalhub.holds"] == "hold"


@pytest.mark.heavy
@pytest.mark.services
@pytest.mark.django_db
def test_a_hold_has_no_alias(team: Team, python: Path, server: str) -> None:
    team.project.slug = "other-desk"
    team.project.save()
    held = a_decision(team, gain=-12)
    assert run(["export", "mlflow", "--project", "other-desk", "--decision", str(held.pk)]) == 64
    asked = ["--project", "other-desk", "--decision", str(held.pk), "--to", server]
    assert run(["export", "mlflow", *asked]) == 0
    assert read(python, server)["models"]["other-desk.tuned"]["aliases"] == {}


@pytest.mark.heavy
@pytest.mark.services
@pytest.mark.django_db
def test_a_real_server_is_told_of_champion_and_challenger(
    team: Team, python: Path, server: str, settings: Any
) -> None:
    team.project.slug = "told-desk"
    team.project.save()
    settings.MLFLOW_URL = server
    shipped = a_decision(team)
    base, tuned = "told-desk.base", "told-desk.tuned"
    promote(decision=shipped, by=team.olga, reason="Runs now.", arm="baseline")
    assert tell_mlflow() == 2
    models = read(python, server)["models"]
    assert models[base]["aliases"] == {"champion": "1"}
    assert models[tuned]["aliases"] == {"challenger": "1"}
    ((_, tags, _, source),) = models[tuned]["versions"]
    assert tags["evalhub.decision"] == shipped.digest
    assert (tags["evalhub.verdict"], tags["evalhub.version"]) == ("ship", "tuned v1")
    assert source == "evalhub:/told-desk.tuned/1"
    promote(decision=shipped, by=team.olga, reason="Better.")
    assert tell_mlflow() == 2
    models = read(python, server)["models"]
    assert models[base]["aliases"] == {}
    assert models[tuned]["aliases"] == {"champion": "1"}
    told = export_mlflow(decision=shipped, by=None, server=MlflowServer(server))
    assert told.version == "1", "an export finds the version that is there"


@pytest.mark.django_db
def test_a_server_that_is_away_ends_with_69(
    decision: Decision, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{a_free_port()}"
    asked = ["--project", "support-desk", "--decision", str(decision.pk), "--to", url]
    assert run(["export", "mlflow", *asked]) == 69
    assert f"{url} can't be reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x", "isn't the URL of an MLflow server"),
        ("http://user:secret@x", "a password stands in MLFLOW_TRACKING_PASSWORD"),
    ],
)
def test_a_url_that_can_not_be(url: str, said: str) -> None:
    with pytest.raises(MlflowError, match=said) as raised:
        MlflowServer.of_environment(url)
    assert "secret" not in str(raised.value)


def test_the_sign_in_is_that_of_mlflow_s_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "olga")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pass")
    found = MlflowServer.of_environment("http://x/")
    assert asdict(found) == {"url": "http://x", "authorization": "Basic b2xnYTpwYXNz"}
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    assert MlflowServer.of_environment("http://x").authorization == "Bearer t"
