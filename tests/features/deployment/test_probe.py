"""`evalhub probe`: a server is asked what the version answered, and the outcome is kept."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from django.db import IntegrityError, transaction
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.features.deployment.models import Probe
from evalhub.registry.models import ModelVersion, Output, Run
from runners.launch import launch
from tests.cast import OPERATOR, Team, a_metric, a_run, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.fakes.retriever_server import RetrieverServer
from tests.runners.test_launch import worked_through

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]
GREEDY = {"temperature": 0, "max_tokens": 16}
SECRET = "sk-probe-0123456789"


def says(text: str, logprob: float | None = None) -> web.Response:
    """An answer of four tokens, and how likely they are together."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    choice["message"] = {"role": "assistant", "content": text}
    if logprob is not None:
        choice["logprobs"] = {"content": [{"token": "t", "logprob": logprob / 4}] * 4}
    usage = {"prompt_tokens": 9, "completion_tokens": 4}
    return web.json_response({"choices": [choice], "usage": usage})


def as_base(prompt: str, attempt: int) -> web.Response:
    return says(f"base: {prompt}", -8.0)


def as_tuned(prompt: str, attempt: int) -> web.Response:
    return says(f"tuned: {prompt}", -2.0)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as made:
        yield made


def evaluated(
    team: Team,
    server: OpenAIServer,
    base: Callable[[str, int], web.Response] = as_base,
    tuned: Callable[[str, int], web.Response] = as_tuned,
    *,
    items: int = 40,
    **more: Any,
) -> ModelVersion:
    """A LoRA and its base, that both answered one test set at the server."""
    test_set = a_test_set(team, "questions", items=items)
    parent = a_version(team, "base", backend=server.backend(model="small"), sampling=GREEDY)
    spec = server.backend(model="support", retries=0, **more)
    version = a_version(team, "support", parent=parent, backend=spec, sampling=GREEDY)
    for each, answers in ((parent, base), (version, tuned)):
        server.misbehave = answers
        done = launch(version=each, test_set_version=test_set, metrics=[a_metric()], reach=OPERATOR)
        assert worked_through(done).state == "done"
    server.requests.clear()
    return version


def probed(server: OpenAIServer, *more: str) -> int:
    return run(["probe", "support", server.url, "--project", "support-desk", *more])


def test_a_server_that_answers_alike_is_asked_twice_and_kept(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    version = evaluated(team, server)
    server.misbehave = lambda prompt, attempt: says(f"tuned: {prompt}", -2.1)
    assert probed(server) == 0
    said = capsys.readouterr().out
    assert "support v1 at http://127.0.0.1" in said
    assert "answers as it was evaluated" in said
    assert "32 by their log-probabilities too, 0.05 apart at most, where 0.25 is near-ties" in said
    assert "32 of them its base answered otherwise: 32 are answered as the version did" in said
    assert len(server.requests) == 64
    asked = {each["messages"][0]["content"] for each in server.requests}
    assert len(asked) == 32
    assert {(each["temperature"], each["max_tokens"]) for each in server.requests} == {(0, 16)}
    assert {each["model"] for each in server.requests} == {"support"}
    kept = Probe.objects.get()
    assert (kept.version, kept.outcome, kept.model) == (version, "same", "support")
    assert kept.address == server.url
    assert kept.report["changed"] == 0
    assert "tuned:" not in json.dumps(kept.report), "answers stay where they can be taken out"
    server.requests.clear()
    assert probed(server, "--json") == 0
    again = {each["messages"][0]["content"] for each in server.requests}
    assert again == asked, "the same items each time"
    assert json.loads(capsys.readouterr().out)["outcome"] == "same"


def test_the_base_under_the_adapters_name_is_caught(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    evaluated(team, server)
    server.misbehave = as_base
    assert probed(server) == 1
    said = capsys.readouterr().out
    assert "answers otherwise than it was evaluated" in said
    assert "32 are answered as the base does: the adapter isn't applied" in said
    kept = Probe.objects.get()
    assert (kept.outcome, kept.report["as_parent"]) == ("differs", 32)


def test_an_adapter_that_moves_no_text_is_told_by_its_log_probabilities(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    evaluated(team, server, base=lambda *_: says("yes", -4.0), tuned=lambda *_: says("yes", -2.0))
    server.misbehave = lambda *_: says("yes", -4.0)
    assert probed(server) == 1
    assert "the adapter isn't applied" in capsys.readouterr().out
    server.misbehave = lambda *_: says("yes", -2.0)
    assert probed(server) == 0
    server.misbehave = lambda *_: says("yes", -2.9)  # neither: another adapter
    assert probed(server) == 1
    assert "isn't applied" not in capsys.readouterr().out
    server.misbehave = lambda *_: says("yes")  # as Ollama, which says no log-probabilities
    assert probed(server) == 0, "the kept ones tell that the base was another"


def test_a_version_is_asked_with_the_passages_that_its_answers_were_given(
    team: Team, server: OpenAIServer
) -> None:
    with RetrieverServer() as store:
        prompt = {"template": "{context} {input}", "retriever": store.retriever()}
        backend = server.backend(model="support", retries=0)
        version = a_version(team, "support", backend=backend, prompt=prompt, sampling=GREEDY)
        test_set = a_test_set(team, "questions", items=20)
        server.misbehave = lambda prompt, attempt: says(f"tuned: {prompt}", -2.0)
        done = launch(
            version=version, test_set_version=test_set, metrics=[a_metric()], reach=OPERATOR
        )
        assert worked_through(done).state == "done"
        store.size = 7  # a query finds others from now on
        assert probed(server) == 0
        assert len(store.queries) == 20, "nothing is searched for again"


def test_texts_alone_do_not_tell_an_adapter_from_a_base_that_says_the_same(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    evaluated(team, server, base=lambda *_: says("yes"), tuned=lambda *_: says("yes"))
    assert probed(server) == 2
    said = capsys.readouterr().out
    assert "support v1 at" in said
    assert "can't be told" in said
    assert "its base answers all but 0 of the 32 probes alike" in said
    assert "by their texts alone" in said


def test_items_that_the_base_answers_otherwise_are_half_of_the_probes(
    team: Team, server: OpenAIServer
) -> None:
    def now_and_then(prompt: str, attempt: int) -> web.Response:
        return says("tuned" if hash_of(prompt) % 4 == 0 else "yes")

    evaluated(team, server, base=lambda *_: says("yes"), tuned=now_and_then, items=80)
    server.misbehave = now_and_then
    assert probed(server) == 0
    report = Probe.objects.get().report
    assert report["telling"] >= 16
    assert report["borne_out"] == report["telling"]


def hash_of(prompt: str) -> int:
    return int("".join(each for each in prompt if each.isdigit()) or 0)


def test_an_adapter_of_another_base_is_caught_by_the_list_of_models(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    server.models = [{"id": "support", "parent": "small"}, {"id": "small", "root": "/m/small"}]
    evaluated(team, server, adapter_of="small")
    server.misbehave = as_tuned
    assert probed(server) == 0
    assert Probe.objects.latest("pk").report["parent"] == "small"
    server.models = [{"id": "support", "parent": "large"}, {"id": "large"}]
    assert probed(server) == 1
    said = capsys.readouterr().out
    assert "'support' is an adapter of 'large' there, and was evaluated on 'small'" in said
    server.models = [{"id": "support", "parent": "b"}, {"id": "b", "root": "/m/small"}]
    assert probed(server, "--base", "/m/small") == 0, "a base is also known by where it came from"
    server.models = [{"id": "other"}]
    assert probed(server) == 0
    assert "It lists no model 'support'; it lists 'other'" in capsys.readouterr().out


def test_answers_that_are_drawn_cannot_be_told(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    evaluated(team, server)
    server.misbehave = lambda prompt, attempt: says(f"draw {attempt}: {prompt}")
    assert probed(server) == 2
    assert "32 of 32 probes are answered in two ways" in capsys.readouterr().out


def test_errors_are_no_answers(team: Team, server: OpenAIServer, capsys: Capture) -> None:
    evaluated(team, server)

    def half(prompt: str, attempt: int) -> web.Response:
        return as_tuned(prompt, attempt) if hash_of(prompt) % 2 else http_error(500)

    server.misbehave = half
    assert probed(server) == 2
    assert "probes got no answer" in capsys.readouterr().out
    assert Probe.objects.get().report["errors"] == ["HTTP 500: out of order"]


def test_what_was_taken_out_is_not_asked(team: Team, server: OpenAIServer) -> None:
    version = evaluated(team, server, items=20)
    gone = Output.objects.filter(run__version=version).order_by("pk")[:10]
    for each in gone:
        Output.objects.filter(pk=each.pk).update(text_sha256="0" * 64, text="[redacted]")
    assert probed(server) == 0
    assert len(server.requests) == 20
    taken_out = {each.item.input for each in gone.select_related("item")}
    assert not taken_out & {each["messages"][0]["content"] for each in server.requests}


def test_what_answered_in_the_worker_is_asked_of_a_server_in_the_same_way(
    team: Team, server: OpenAIServer
) -> None:
    """Greedy, 512 tokens at most, by the name that serve-config gives, as hf answers."""
    backend = {"type": "hf", "model": "team/small", "revision": "0" * 40, "engine": "x"}
    test_set = a_test_set(team, "questions", items=10)
    prompt = {"system": "Be short.", "template": "Q: {input}"}
    version = a_version(team, "support", backend=backend, prompt=prompt)
    items = list(test_set.items.order_by("position"))
    answers = [f"tuned: Q: {each.input}" for each in items]
    answered = a_run(version, test_set, scores=[0.0] * 10, answers=answers)
    Run.objects.filter(pk=answered.pk).update(source="")
    server.misbehave = lambda prompt, attempt: says(f"tuned: {prompt}")
    assert probed(server) == 0
    (said,) = {
        (each["model"], each["temperature"], each["max_tokens"], each["messages"][0]["content"])
        for each in server.requests
    }
    assert said == ("support-v1", 0, 512, "Be short.")
    report = Probe.objects.get().report
    assert (report["probes"], report["telling"]) == (10, None)


def test_what_cannot_be_compared_is_refused(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    a_version(team, "support")
    words = ["probe", "support", "--project", "support-desk"]
    for more, code, said in (
        ([server.url], 64, "has no finished run in which it was asked item by item"),
        ([server.url, "--test-set", "x"], 64, "has no finished run on x"),
        ([], 64, "give one of a URL and --endpoint"),
        ([server.url, "--endpoint", "here"], 64, "give one of a URL and --endpoint"),
    ):
        assert run([*words, *more]) == code
        assert said in capsys.readouterr().err
    assert not Probe.objects.exists()


def test_a_server_that_cannot_be_used_is_no_answer(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    evaluated(team, server)
    server.misbehave = lambda *_: http_error(404, "no model of this name")
    assert probed(server) == 69
    assert "no model of this name" in capsys.readouterr().err
    words = ["probe", "support", "--project", "support-desk"]
    assert run([*words, "file:///etc/passwd"]) == 65
    assert run([*words, "http://user:pass@127.0.0.1/v1"]) == 65
    assert "pass@" not in capsys.readouterr().err
    server.stop()
    assert probed(server) == 69
    assert "nothing answers at" in capsys.readouterr().err
    assert not Probe.objects.exists()


def test_a_key_goes_where_the_operator_allows_and_is_kept_nowhere(
    team: Team, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    evaluated(team, server)
    server.key, server.misbehave = SECRET, as_tuned
    monkeypatch.setenv("PROBE_KEY", SECRET)
    assert probed(server, "--key-env", "PROBE_KEY") == 69
    assert "nobody has said that PROBE_KEY may be sent to 127.0.0.1" in capsys.readouterr().err
    assert probed(server, "--key-env", "PROBE_KEY", "--allow", "127.0.0.1") == 0
    kept = Probe.objects.get()
    assert SECRET not in json.dumps([kept.report, kept.address, kept.why])
    assert "PROBE_KEY" not in json.dumps([kept.report, kept.address])


def test_an_alias_stands_for_address_and_key(
    team: Team, server: OpenAIServer, settings: Any, capsys: Capture
) -> None:
    evaluated(team, server)
    server.misbehave = as_tuned
    settings.ENDPOINTS = json.dumps({"here": {"url": server.url, "private": True}})
    words = ["probe", "support@1", "--project", "support-desk", "--endpoint"]
    assert run([*words, "here"]) == 0
    assert Probe.objects.get().address == "endpoint here"
    assert run([*words, "there"]) == 69
    assert "there is no endpoint 'there'" in capsys.readouterr().err


def test_an_outcome_stays_and_is_on_the_versions_page(team: Team, server: OpenAIServer) -> None:
    version = evaluated(team, server)
    server.misbehave = as_base
    probed(server)
    kept = Probe.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Probe.objects.update(outcome="same")
    with pytest.raises(IntegrityError), transaction.atomic():
        Probe.objects.all().delete()
    page = team.signed_in(team.eva).get(reverse("site:version", args=[version.pk]))
    read = " ".join(page.content.decode().split())
    assert "Handed over" in read
    assert "answers otherwise" in read
    assert kept.why.split(";")[0] in read
    assert server.url in read
