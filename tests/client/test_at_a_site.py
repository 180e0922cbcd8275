"""`evalhub gate --server`, `push`, `status` and `pull`, against the real site with its worker."""

import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evalhub.accounts.models import Scope
from evalhub.cli.app import run
from evalhub.client.connection import Connection
from evalhub.client.server import Server
from evalhub.client.studies import UndecidedError, wait_for_decision
from evalhub.ledger.models import Decision, Look
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import ModelVersion, Run, Study
from tests.cast import Team, a_team
from tests.client.conftest import a_token
from tests.fakes.breaking_proxy import HALF, LOST, SENT_BACK, UNHEARD, BreakingProxy
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def gate(desk: Desk, site: str, *arguments: str | Path) -> int:
    return run(["gate", str(desk.write()), "--server", site, *map(str, arguments)])


@pytest.mark.heavy
def test_a_gate_at_a_site_ends_as_it_does_here_and_the_second_time_the_same(
    desk: Desk, site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit, markdown, out = (tmp_path / name for name in ("j.xml", "m.md", "r.json"))
    assert gate(desk, site, "--junit", junit, "--markdown", markdown, "--out", out) == 0
    printed = capsys.readouterr()
    assert "Ship tuned gains 0.50 on triage" in printed.out
    assert "4 of 4 runs" in printed.err
    study = Study.objects.get()
    assert f"{site}/studies/{study.pk}/?arm=tuned" in printed.err
    assert json.loads(out.read_text()) == Decision.objects.get().record
    assert ElementTree.parse(junit).getroot().attrib["failures"] == "0"
    assert "### Won" in markdown.read_text()
    looks = Look.objects.count()
    assert gate(desk, site) == 0
    assert (Decision.objects.count(), Look.objects.count(), Run.objects.count()) == (1, looks, 4)


@pytest.mark.heavy
@pytest.mark.parametrize("how", [LOST, UNHEARD, HALF, SENT_BACK])
def test_a_network_that_breaks_at_each_request_costs_nothing_twice(
    desk: Desk, site: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every second request is broken, whatever it is."""
    with BreakingProxy(site, lambda method, path, before: "" if before % 2 else how) as network:
        assert gate(desk, network.url) == 0
        broken = [each for each in network.passed if each[2]]
        assert {each[0] for each in broken} == {"GET", "PATCH", "POST"}
    assert "trying again" in capsys.readouterr().err
    counts = [each.objects.count() for each in (Study, Run, Decision, ModelVersion)]
    assert counts == [1, 4, 1, 2]


@pytest.mark.heavy
def test_a_large_file_goes_on_where_it_broke_off(
    desk: Desk, site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("evalhub.client.uploads.PART", 4096)
    desk.answers("tuned", "sums", ["right" + "!" * 200] * 300)
    large = hashlib.sha256((tmp_path / "tuned.sums.jsonl").read_bytes()).hexdigest()
    with BreakingProxy(site) as network:
        network.breaks = lambda method, path, before: (
            HALF if method == "PATCH" and before % 7 == 0 and path.endswith(large) else ""
        )
        assert gate(desk, network.url) == 0
        sent = [each for each in network.passed if each[0] == "PATCH" and each[1].endswith(large)]
        broken = [each for each in sent if each[2]]
        parts = (tmp_path / "tuned.sums.jsonl").stat().st_size / 4096
        assert len(broken) >= 2
        # of each break: the part again, which is refused, and again from where it is
        assert len(sent) <= parts + 1 + 2 * len(broken), "what arrived isn't sent again"
        before = len(network.passed)
        assert gate(desk, network.url) == 0
        again = [each for each in network.passed[before:] if each[0] == "PATCH"]
        assert again == []


@pytest.mark.heavy
def test_the_answer_is_about_what_was_pushed_whatever_came_before(
    desk: Desk, site: str, tmp_path: Path
) -> None:
    desk.answers("worse", "triage", ["wrong, too"] * 60)
    desk.answers("worse", "sums", ["nothing"] * 300)
    worse = "--answers", tmp_path / "worse.{test_set}.jsonl"
    assert [gate(desk, site), gate(desk, site, *worse), gate(desk, site)] == [0, 1, 0]
    assert [gate(desk, site, *worse), gate(desk, site)] == [1, 0]
    desk.study["test_sets"]["triage"]["min_gain"] = 0.9
    assert gate(desk, site) == 1
    del desk.study["test_sets"]["triage"]["min_gain"]
    assert gate(desk, site) == 0


@pytest.mark.heavy
def test_of_what_somebody_else_handed_in_meanwhile_nothing_is_told(
    desk: Desk, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where only the answers are others, of a version that is the same."""
    assert run(["push", str(desk.write()), "--server", site, "--json"]) == 0
    ours = json.loads(capsys.readouterr().out)
    desk.answers("tuned", "triage", ["wrong, too"] * 60)
    assert run(["push", str(desk.write()), "--server", site]) == 0
    connection = Connection(Server.of(site, None), desk.study["project"])
    with pytest.raises(UndecidedError, match="somebody else has handed in the study"):
        wait_for_decision(connection, ours, arm="tuned", until=1e12)


@pytest.mark.heavy
def test_what_a_person_overrode_is_held_back(
    desk: Desk, site: str, team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit = tmp_path / "j.xml"
    assert gate(desk, site) == 0
    sign_off(decision=Decision.objects.get(), by=team.olga, reason="Not yet", verdict="hold")
    assert gate(desk, site, "--junit", junit) == 1
    assert "Held back all the same: A person overrode it: hold" in capsys.readouterr().err
    assert ElementTree.parse(junit).getroot().attrib["failures"] == "1"


@pytest.mark.heavy
def test_a_token_that_may_not_decide_waits_for_the_worker(
    desk: Desk, site: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = a_token(team, Scope.READ, Scope.INGEST, Scope.RUN)
    monkeypatch.setenv("EVALHUB_TOKEN", secret)
    assert gate(desk, site) == 0


def wrong_answers(desk: Desk, **_: Any) -> list[str]:
    desk.line("new.jsonl", '{"id": "q0", "output": "x"}', '{"id": "nobody", "output": "x"}')
    del desk.study["test_sets"]["sums"]
    return ["--answers", str(desk.folder / "new.jsonl")]


def no_alias(desk: Desk, **_: Any) -> list[str]:
    backend = {"endpoint": "nobody", "model": "m"}
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    return []


def other_token(monkeypatch: pytest.MonkeyPatch, **_: Any) -> list[str]:
    monkeypatch.setenv("EVALHUB_TOKEN", "evh_unknown")
    return []


def other_project(desk: Desk, **_: Any) -> list[str]:
    desk.study["project"] = a_team("Other", "other").project.slug
    return []


def reading(team: Team, monkeypatch: pytest.MonkeyPatch, **_: Any) -> list[str]:
    monkeypatch.setenv("EVALHUB_TOKEN", a_token(team, Scope.READ))
    return []


def no_file(desk: Desk, **_: Any) -> list[str]:
    (desk.folder / "base.triage.jsonl").unlink()
    return []


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (wrong_answers, 65, "new.jsonl, line 2, field 'id': there is no item 'nobody'"),
        (no_alias, 65, "'arms.tuned.backend.openai.endpoint': no operator has made an endpoint"),
        (other_token, 64, "HTTP 401"),
        (other_project, 64, "HTTP 404): There is nothing here that you may see. Is other the"),
        (reading, 64, "The token needs the scope ingest"),
        (no_file, 65, "field 'arms.base.backend.recorded': 'base.triage.jsonl' can't be read"),
    ],
)
def test_what_the_site_refuses_is_told_as_our_own_and_nothing_is_left(
    desk: Desk,
    site: str,
    team: Team,
    change: Any,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = change(desk=desk, team=team, monkeypatch=monkeypatch)
    assert gate(desk, site, *arguments) == code
    assert says in capsys.readouterr().err
    assert not Study.objects.exists()


@pytest.mark.heavy
def test_push_status_and_pull_are_the_same_in_three_steps(
    desk: Desk, site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = str(desk.write()), "--server", site
    assert run(["status", *at]) == 64
    assert "`evalhub push` sends it" in capsys.readouterr().err
    assert run(["push", *at]) == 0
    assert "tuned on triage" in capsys.readouterr().out
    assert gate(desk, site) == 0
    capsys.readouterr()
    assert run(["status", *at]) == 0
    assert "tuned: ship" in capsys.readouterr().out
    assert run(["status", *at, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "decided"
    assert run(["pull", *at, "--out", str(tmp_path / "r.json")]) == 0
    assert run(["decision", "verify", str(tmp_path / "r.json")]) == 0
    assert run(["pull", *at, "--out", str(tmp_path / "r.json"), "--candidate", "base"]) == 69


@pytest.mark.heavy
def test_a_study_that_is_read_freely_has_no_verdict(desk: Desk, site: str, tmp_path: Path) -> None:
    for each in desk.study["test_sets"].values():
        each["role"] = "development"
    assert gate(desk, site, "--junit", tmp_path / "j.xml") == 2
    assert ElementTree.parse(tmp_path / "j.xml").getroot().attrib["errors"] == "1"


@pytest.mark.heavy
def test_an_adapter_that_only_the_pipeline_reaches_is_asked_from_here_and_once(
    desk: Desk, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del desk.study["test_sets"]["sums"]
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"What is right of {i}?", "reference": "right"}
            for i in range(60)
        ),
    )
    with OpenAIServer() as server:
        backend = {"url": server.url, "model": "old", "retries": 0}
        desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
        assert gate(desk, site, "--adapter", "support-v7") == 0
        assert {each["model"] for each in server.requests} == {"support-v7"}
        assert gate(desk, site, "--adapter", "support-v7") == 0
        assert len(server.requests) == 60
    (arm,) = Study.objects.get().arms.filter(name="tuned")
    assert arm.version.backend == {"type": "recorded"}
    assert arm.version.notes == "answers of support-v7, asked by the pipeline"
    assert "60 of 60" in capsys.readouterr().err


@pytest.mark.heavy
def test_an_adapter_that_the_site_reaches_is_asked_by_its_worker_and_once(
    desk: Desk, site: str, settings: Any
) -> None:
    del desk.study["test_sets"]["sums"]
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"What is right of {i}?", "reference": "right"}
            for i in range(60)
        ),
    )
    desk.study["arms"]["tuned"]["backend"] = {"openai": {"endpoint": "vllm", "model": "old"}}
    with OpenAIServer() as server:
        settings.ENDPOINTS = json.dumps({"vllm": {"url": server.url, "private": True}})
        assert gate(desk, site, "--adapter", "support-v7") == 0
        assert gate(desk, site, "--adapter", "support-v7") == 0
        assert [each["model"] for each in server.requests] == ["support-v7"] * 60


@pytest.mark.heavy
def test_a_model_that_does_not_answer_is_69_and_nothing_is_handed_in(
    desk: Desk, site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = {"url": "http://127.0.0.1:9/v1", "model": "m", "retries": 0}
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    assert gate(desk, site, "--junit", tmp_path / "j.xml") == 69
    assert "nothing answers at http://127.0.0.1:9/v1" in capsys.readouterr().err
    assert ElementTree.parse(tmp_path / "j.xml").getroot().attrib["errors"] == "1"
    assert not Study.objects.exists()


@pytest.mark.heavy
def test_evidence_comes_as_files_from_a_site(
    desk: Desk, site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(desk, site) == 0
    study = Study.objects.get()
    there = ["--project", study.project.slug, "--server", site]
    of_study = [*there, "--study", study.slug]

    def exported(*arguments: str) -> int:
        return run(["export", *arguments])

    assert exported("answers", *of_study, "--out", str(tmp_path / "answers.jsonl")) == 0
    runs = Run.objects.filter(studies__arm__study=study).distinct()
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert len(lines) == sum(each.outputs.count() for each in runs)
    assert exported("report", *of_study, "--out", str(tmp_path / "report.html")) == 0
    assert Decision.objects.get().digest in (tmp_path / "report.html").read_text()
    assert exported("every-eval-ever", *of_study, "--out", str(tmp_path / "eee")) == 0
    assert len([each for each in (tmp_path / "eee").rglob("*") if each.is_file()]) == 4
    capsys.readouterr()
    assert exported("report", *there, "--study", "none", "--out", str(tmp_path / "r.html")) != 0
    assert "nothing is decided in a study 'none'" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()
    assert exported("mlflow", *of_study, "--to", "http://127.0.0.1:9") == 64
