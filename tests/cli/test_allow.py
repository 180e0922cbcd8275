"""Whom `evalhub study run` sends a key to: only whom the operator, not the study file, names."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from evalhub.cli.app import run
from evalhub.registry.models import ModelVersion, Run, Study
from evalhub.workers.embedded import embedded_worker
from runners.launch import resume
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk, EchoDesk
from tests.workers.test_embedded import ended

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "sk-support-0123456789"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return EchoDesk(tmp_path)


def studied(desk: Desk, backend: dict[str, Any], *options: str) -> int:
    desk.study["arms"]["tuned"]["backend"] = {"openai": {"model": "echo", "retries": 0} | backend}
    return run(["study", "run", str(desk.write()), "--json", *options])


@pytest.mark.parametrize(
    "variable", ["EVALHUB_SECRET_KEY", "EVALHUB_MAIL_URL", "EVALHUB_DATABASE_URL", "PGPASSWORD"]
)
def test_a_study_file_does_not_send_the_site_s_secrets_to_a_server_it_names(
    desk: Desk, variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It sent the signing key, with which any sign-in link can be forged."""
    monkeypatch.setenv(variable, "smtps://eva:hunter2@mail.example.org")
    with OpenAIServer() as server:
        backend = {"url": server.url, "key_env": variable}
        assert studied(desk, backend, "--allow", "127.0.0.1") == 65
        told = capsys.readouterr().err
        assert "field 'arms.tuned.backend.openai.key_env'" in told
        assert f"{variable} belongs to this site, and is sent to no model" in told
        assert studied(desk, {"url": f"${{{variable}}}"}) == 65
        assert "hunter2" not in told + capsys.readouterr().err
        assert server.requests == []
    assert not Study.objects.exists()


def test_any_other_key_is_refused_too_before_anything_is_written_or_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with OpenAIServer() as server:
        asked = {"url": server.url, "key_env": "AWS_SECRET_ACCESS_KEY"}
        assert studied(desk, asked) == 65
        told = capsys.readouterr().err
        assert "study.yaml, line" in told
        assert "field 'arms.tuned.backend.openai.key_env'" in told
        host = f"127.0.0.1:{server.port}"
        assert f"nobody has said that AWS_SECRET_ACCESS_KEY may be sent to {host}" in told
        assert f"--allow {host}" in told
        assert server.requests == []
        assert studied(desk, asked, "--dry-run") == 65
    assert not Study.objects.exists()


def test_a_host_that_the_command_allows_gets_the_key_and_the_database_does_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPPORT_KEY", KEY)
    with OpenAIServer(key=KEY) as server:
        host = f"127.0.0.1:{server.port}"
        asked = {"url": server.url, "key_env": "SUPPORT_KEY"}
        assert studied(desk, asked, "--allow", host) == 0
        assert len(server.requests) == 60
    live = Run.objects.exclude(version__backend__type="recorded").get()
    assert live.reach.as_json() == {"operator": True, "hosts": [host]}
    digests = set(ModelVersion.objects.values_list("digest", flat=True))
    assert KEY not in capsys.readouterr().out
    assert not any(KEY in json.dumps(each.backend) for each in ModelVersion.objects.all())
    # Who allows what is no part of a version.
    assert studied(desk, asked, "--allow", "127.0.0.1") == 0
    assert set(ModelVersion.objects.values_list("digest", flat=True)) == digests


def test_another_process_keeps_to_what_the_command_allowed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works on the run later, a page's resumed run too, has the command's word and no
    other."""
    monkeypatch.setenv("SUPPORT_KEY", KEY)
    with OpenAIServer(key=KEY) as server:
        asked = {"url": server.url, "key_env": "SUPPORT_KEY"}
        with override_settings(REDIS_URL=""):
            assert studied(desk, asked, "--allow", f"127.0.0.1:{server.port}") == 0
        live = Run.objects.exclude(version__backend__type="recorded").get()
        live.outputs.update(text=None, error="lost")
        Run.objects.filter(pk=live.pk).update(state="failed")
        with embedded_worker():
            resume(live, by=None)
            assert ended(live).state == "done"
        assert len(server.requests) == 120
        live.outputs.update(text=None, error="lost")
        Run.objects.filter(pk=live.pk).update(state="failed", reach={"operator": True, "hosts": []})
        with embedded_worker():
            resume(live, by=None)
            again = ended(live)
        assert (again.state, again.unreachable) == ("failed", True)
        assert "nobody has said that SUPPORT_KEY may be sent to 127.0.0.1" in again.error
        assert len(server.requests) == 120


def test_what_is_no_host_is_a_wrong_option(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert studied(desk, {"url": "http://127.0.0.1:9/v1"}, "--allow", "http://127.0.0.1/v1") == 64
    said = capsys.readouterr().err
    assert "--allow" in said
    assert "isn't a host such as models.example.org or 127.0.0.1:8000" in said


def test_a_study_may_name_an_operator_s_endpoint_in_place_of_address_and_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPPORT_KEY", KEY)
    with OpenAIServer(key=KEY) as server:
        made = {"support": {"url": server.url, "key_env": "SUPPORT_KEY", "private": True}}
        assert studied(desk, {"endpoint": "support"}) == 69
        told = capsys.readouterr().err
        assert "there is no endpoint 'support' where the worker runs" in told
        with override_settings(ENDPOINTS=json.dumps(made)):
            assert studied(desk, {"endpoint": "support"}) == 0
        assert len(server.requests) == 60
    assert studied(desk, {"endpoint": "support", "key_env": "OTHER"}) == 65
    assert "belongs to the endpoint, which is named: leave it out" in capsys.readouterr().err
