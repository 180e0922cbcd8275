"""Test sets that are tasks of lm-evaluation-harness, asked of any arm. Nothing is downloaded."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import Item, Output, Run, TestSetVersion
from evalhub.schemas.outside import OutsideError, check_from_web
from evalhub.studies.test_sets import AskedTestSet
from runners.backends.asking import BackendRequest
from runners.engines.harness import LmEvalTask, load
from runners.harness import _Likelihoods, client_for
from tests.cast import Team, a_test_set
from tests.fakes.openai_server import OpenAIServer
from tests.small_models import WITH_TORCH
from tests.studies.desks import Desk

needs_lm_eval = [
    pytest.mark.heavy,
    pytest.mark.lm_eval,
    pytest.mark.skipif(
        importlib.util.find_spec("lm_eval") is None, reason="needs the extra `lm-eval`"
    ),
]
CHOICES = {
    "task": "even_numbers",
    "output_type": "multiple_choice",
    "doc_to_text": "Is {{q}} even?",
    "doc_to_choice": "choices",
    "doc_to_target": "answer",
    "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    "metadata": {"version": 2.0},
}
WORDS = {
    "task": "say_even",
    "output_type": "generate_until",
    "fewshot_split": "train",
    "doc_to_text": "Is {{q}} even?",
    "doc_to_target": "You said: Is {{q}} even",
    "generation_kwargs": {"until": ["?"], "max_gen_toks": 5, "do_sample": False},
    "metric_list": [{"metric": "exact_match"}],
    "metadata": {"version": 1.0},
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two tasks on six documents: choices, and an answer in words."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "data.jsonl"
    rows = ({"q": i, "choices": ["yes", "absolutely not"], "answer": i % 2} for i in range(6))
    data.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    (tmp_path / "tasks").mkdir()
    for each in (CHOICES, WORDS):
        told = {
            **each,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": str(data)},
            "test_split": "train",
        }
        (tmp_path / "tasks" / f"{each['task']}.yaml").write_text(json.dumps(told))
    return tmp_path / "tasks"


@pytest.fixture
def desk(tmp_path: Path, tasks: Path, server: OpenAIServer) -> Desk:
    """Two arms at one server, which repeats what it is told, and the task in words."""
    desk = Desk(tmp_path)
    backend = {name: value for name, value in server.backend().items() if name != "type"}
    desk.study["arms"] = {
        "base": {"kind": "base", "backend": {"openai": backend}},
        "tuned": {
            "kind": "prompted",
            "parent": "base",
            "backend": {"openai": backend | {"model": "tuned"}},
        },
    }
    said = {"task": "say_even", "include_path": "tasks", "score": "exact_match", "limit": 5}
    desk.study["test_sets"] = {"even": {"lm_eval": said, "role": "development"}}
    return desk


class Likelihoods:
    """Says how likely texts are: the shorter the likelier, by one for each character."""

    def loglikelihood(self, pairs: list[tuple[str, str]]) -> list[tuple[float, bool]]:
        return [(-float(len(asked)), True) for _, asked in pairs]


class TestAsked:
    pytestmark = [*needs_lm_eval, pytest.mark.django_db(transaction=True)]

    def test_its_prompts_are_asked_and_its_scores_kept(
        self, desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["study", "run", str(desk.write())]) == 2
        version = TestSetVersion.objects.get()
        assert version.engine
        assert (version.engine["task_version"], version.engine["kind"]) == ("1.0", "generate_until")
        assert len(version.engine["prompts_sha256"]) == 64
        assert list(Item.objects.order_by("position").values_list("key", "input"))[:2] == [
            ("0", "Is 0 even?"),
            ("1", "Is 1 even?"),
        ]
        sent = server.requests[0]
        assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0, 5, ["?"])
        for each in Run.objects.all():
            assert (each.state, each.error, each.metrics.get().mean) == ("done", "", 1.0)
        first = Output.objects.order_by("pk")[0]
        assert (first.text, first.given_scores) == ("You said: Is 0 even", {"exact_match": 1.0})
        assert len(server.requests) == 10
        assert run(["study", "run", str(desk.file)]) == 2
        assert len(server.requests) == 10, "again, and nothing is asked again"
        assert TestSetVersion.objects.count() == 1

    def test_examples_before_a_document_are_drawn_once(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        desk.study["test_sets"]["even"]["lm_eval"]["num_fewshot"] = 1  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 2
        asked = {arm: set() for arm in ("echo", "tuned")}  # type: dict[str, set[str]]
        for each in server.requests:
            asked[each["model"]].add(each["messages"][0]["content"])
        assert asked["echo"] == asked["tuned"]
        assert all(each.count("even?") == 2 for each in asked["echo"])

    def test_likelihoods_are_refused_of_who_gives_none_before_anything_is_asked(
        self, desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.study["test_sets"]["even"]["lm_eval"] = {  # type: ignore[index]
            "task": "even_numbers",
            "include_path": "tasks",
        }
        assert run(["study", "run", str(desk.write())]) == 65
        assert "asks how likely given texts are" in capsys.readouterr().err
        assert not server.requests
        assert not TestSetVersion.objects.exists()

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"task": "no_such"}, "no_such is no task of lm-evaluation-harness"),
            ({"score": "bleu"}, "say_even has no metric 'bleu', but exact_match"),
            ({"include_path": "nowhere"}, "there is no folder"),
        ],
    )
    def test_what_cannot_be_asked_is_said_with_its_place(
        self, desk: Desk, said: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.study["test_sets"]["even"]["lm_eval"] |= said  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 65
        told = capsys.readouterr().err
        assert "field 'test_sets.even.lm_eval'" in told
        assert message in told

    def test_a_task_that_asks_something_else_by_now_is_not_asked(
        self, desk: Desk, tasks: Path, server: OpenAIServer
    ) -> None:
        assert run(["study", "run", str(desk.write())]) == 2
        TestSetVersion.objects.update(
            engine=TestSetVersion.objects.get().engine | {"prompts_sha256": "0" * 64}
        )
        with pytest.raises(Exception, match="asks something else where the worker runs"):
            client_for(Run.objects.all()[0])


class TestLikelihoods:
    pytestmark = [*needs_lm_eval, pytest.mark.django_db]

    def test_the_task_scores_them_as_it_always_does(self, team: Team, tasks: Path) -> None:
        """ " yes" is likelier than " absolutely not" (−4 and −15), and less likely a character
        of the choice (−4/3 and −15/14): acc takes the first, acc_norm the second."""
        task = load(LmEvalTask(task="even_numbers", include_path=str(tasks), limit=2))
        version = a_test_set(team, items=[{"key": key} for key in task.documents])
        questions = [BackendRequest(each.pk, 0, "", "") for each in version.items.all()]
        answered = [
            each for batch in _Likelihoods(task, Likelihoods()).answer(questions) for each in batch
        ]
        replies = [reply for _, reply in answered]
        assert [each.text for each in replies] == ["yes", "yes"]
        assert replies[0].choice_logprobs == [-4.0, -15.0]
        assert [each.given_scores for each in replies] == [
            {"acc": 1.0, "acc_norm": 0.0},
            {"acc": 0.0, "acc_norm": 1.0},
        ]
        assert task.prompts_sha256 == load(task.spec).prompts_sha256


def test_no_study_from_the_web_names_a_task() -> None:
    asked = AskedTestSet(lm_eval=LmEvalTask(task="arc_easy"), role="guard")
    assert asked.metric.options["score"] == "acc"
    with pytest.raises(OutsideError, match="is code"):
        check_from_web(asked, uploaded=(), aliases=())


class TestByAModel:
    pytestmark = [*needs_lm_eval, *WITH_TORCH, pytest.mark.django_db(transaction=True)]

    def test_a_model_in_the_worker_says_how_likely_the_choices_are(
        self, desk: Desk, tiny: Path
    ) -> None:
        said = {"task": "even_numbers", "include_path": "tasks", "score": "acc_norm"}
        desk.study["test_sets"] = {"even": {"lm_eval": said, "role": "development"}}
        for arm in ("base", "tuned"):
            backend = {"hf": {"model": str(tiny), "api": "completion"}}
            desk.study["arms"][arm]["backend"] = backend  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 2
        for each in Run.objects.all():
            assert (each.state, each.error) == ("done", "")
        output = Output.objects.order_by("pk")[0]
        likely = output.choice_logprobs
        assert len(likely) == 2
        assert all(each < 0 for each in likely)
        assert output.text == ("yes", "absolutely not")[likely[1] > likely[0]]
        assert output.given_scores.keys() == {"acc", "acc_norm"}
