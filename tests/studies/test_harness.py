"""Test sets that are tasks of lm-evaluation-harness, asked of any arm. Nothing is downloaded."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item, Output, Run, Spending, TestSetVersion
from evalhub.studies.file.test_sets import AskedTestSet
from runners.backends.asking import BackendRequest, TextLikelihood
from runners.engines.errors import EngineError
from runners.engines.harness import LmEvalTask, load
from runners.harness import _Likelihoods, client_for
from tests.cast import Team, a_test_set
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.small_models import WITH_TORCH, an_adapter
from tests.studies.desks import Desk
from tests.studies.harness_tasks import desk, needs_lm_eval, tasks

__all__ = ["desk", "tasks"]


class Likelihoods:
    """Says how likely texts are: the shorter the likelier, by one for each character."""

    def loglikelihood(self, pairs: list[tuple[str, str]]) -> list[TextLikelihood]:
        return [TextLikelihood(-float(len(asked)), greedy=True) for _, asked in pairs]


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

    def test_likelihoods_are_asked_of_a_server_that_says_them(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        """Each word is as unlikely as it is long: " yes" −4, " absolutely not" −11 and −4."""
        server.echo = lambda prompt: [
            (word, -float(len(word)) if at else None, -1.0)
            for at, word in enumerate(re.findall(r"\s*\S+", prompt))
        ]
        desk.study["test_sets"]["even"]["lm_eval"] = {  # type: ignore[index]
            "task": "even_numbers",
            "include_path": "tasks",
            "score": "acc_norm",
        }
        for arm in desk.study["arms"].values():  # type: ignore[attr-defined]
            arm["backend"]["openai"]["echo"] = True
        assert run(["study", "run", str(desk.write())]) == 2
        for each in Run.objects.all():
            assert (each.state, each.error, each.metrics.get().mean) == ("done", "", 0.5)
        output = Output.objects.order_by("pk")[0]
        assert (output.text, output.choice_logprobs) == ("yes", [-4.0, -15.0])
        assert output.given_scores == {"acc": 1.0, "acc_norm": 0.0}
        assert len(server.requests) == 2 * (1 + 6 * 2)
        spent = Spending.objects.order_by("pk")[0]
        asked = [f"Is {at} even?" for at in range(6)]
        words = sum(len(f"{each} yes {each} absolutely not".split()) for each in asked)
        assert (spent.prompt_tokens, spent.completion_tokens) == (words, 6 * 2 * 3)

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"task": "no_such"}, "no_such is no task of lm-evaluation-harness"),
            (
                {"task": "word_tasks"},
                "a tag, which has no score of its own: make a test set of each of its tasks, "
                "say_again",
            ),
            ({"score": "bleu"}, "say_even has no metric 'bleu', but exact_match"),
            (
                {"task": "corpus", "score": "exact_match"},
                "corpus has exact_match of all documents together by a function of its own, which "
                "no document has by itself, so that two arms can't be compared on it document by",
            ),
            (
                {"task": "own_bleu", "score": "bleu"},
                "own_bleu has bleu as a mean over documents: say metric: {name: recorded, score: "
                "'bleu'} beside it",
            ),
            (
                {"task": "errors"},
                "errors has a exact_match that is better low: say metric: {name: recorded, score: "
                "exact_match, higher_is_better: false} beside it",
            ),
            ({"include_path": "nowhere"}, " has an include_path that is no folder: '"),
            (
                {"task": "bare"},
                "bare is a group that has no 'exact_match' of its own, nor any other: make a test "
                "set of each of its tasks, say_even, say_again",
            ),
            ({"task": "by_task"}, "isn't the mean over its documents: make a test set of each"),
            (
                {"task": "mixed", "score": "exact_match,most"},
                "tasks end or draw answers differently: make a test set of each",
            ),
        ],
    )
    def test_what_cannot_be_asked_is_said_with_its_place(
        self,
        desk: Desk,
        server: OpenAIServer,
        said: dict[str, Any],
        message: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        desk.study["test_sets"]["even"]["lm_eval"] |= said  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 65
        told = capsys.readouterr().err
        assert "field 'test_sets.even.lm_eval'" in told
        assert message in told
        assert not server.requests, "nothing was asked, and nothing paid"
        assert not TestSetVersion.objects.exists()

    def test_documents_of_one_text_are_one_cluster(self, desk: Desk) -> None:
        desk.study["test_sets"]["even"]["lm_eval"]["cluster"] = "about"  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 2
        clusters = Item.objects.order_by("position").values_list("cluster", flat=True)
        assert list(clusters) == ["text 0"] * 3 + ["text 1"] * 2

    def test_pages_are_scored_by_bits_a_byte_as_the_harness_has_it(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        """A word is as unlikely as twice its characters, after a token that begins each text."""
        server.echo = lambda prompt: [
            ("", None, -1.0),
            *((word, -2.0 * len(word), -1.0) for word in re.findall(r"\s*\S+", prompt)),
        ]
        said = {"task": "pages", "include_path": "tasks", "score": "bits_per_byte"}
        desk.study["test_sets"]["even"]["lm_eval"] = said  # type: ignore[index]
        for arm in desk.study["arms"].values():  # type: ignore[attr-defined]
            arm["backend"]["openai"]["echo"] = True
        assert run(["study", "run", str(desk.write())]) == 2
        from lm_eval.api.metrics import bits_per_byte

        pages = ["é" * (i + 1) + " etc." for i in range(6)]
        outputs = list(Output.objects.filter(run=Run.objects.all()[0]).order_by("item__position"))
        pairs = [
            (each.logprob, len(page.encode())) for each, page in zip(outputs, pages, strict=True)
        ]
        assert all(likelihood < 0 for likelihood, _ in pairs)
        whole = bits_per_byte(pairs)
        scored = [each.given_scores["bits_per_byte"] for each in outputs]
        assert sum(scored) / 6 == pytest.approx(whole)
        for each in Run.objects.all():
            assert (each.state, each.error) == ("done", "")
            assert each.metrics.get().mean == pytest.approx(whole)

    def test_a_group_is_one_test_set_of_all_its_tasks(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        desk.study["test_sets"]["even"]["lm_eval"] |= {  # type: ignore[index]
            "task": "says",
            "limit": 2,
        }
        assert run(["study", "run", str(desk.write())]) == 2
        version = TestSetVersion.objects.get()
        assert version.engine
        assert version.engine["task_version"] == "3.0"
        assert version.engine["task_versions"] == {"say_even": "1.0", "say_again": "1.5"}
        said = Item.objects.order_by("position").values_list("key", "tags")
        assert [*said] == [
            (f"{name}/{at}", [name]) for name in ("say_even", "say_again") for at in "01"
        ]
        for each in Run.objects.all():
            assert (each.state, each.outputs.count(), each.metrics.get().mean) == ("done", 4, 1.0)

    def test_answers_that_a_task_scores_together_are_asked_and_scored_so(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        server.misbehave = lambda prompt, attempt: saying(("no", "yes?", "yes")[attempt % 3])
        desk.study["test_sets"]["even"]["lm_eval"] |= {  # type: ignore[index]
            "task": "thrice",
            "score": "exact_match,most",
            "limit": 2,
        }
        assert run(["study", "run", str(desk.write())]) == 2
        for each in Run.objects.all():
            assert (each.state, each.error, each.metrics.get().mean) == ("done", "", 1.0)
        assert len(server.requests) == 2 * 2 * 3
        assert server.requests[0]["temperature"] == 0.5
        for output in Output.objects.all():
            assert output.given_scores["exact_match,most"] == 1.0
            texts = [each.partition(" ") for each in output.text.split("\n\n")]
            assert [mark for mark, _, _ in texts] == ["[1/3]", "[2/3]", "[3/3]"]
            assert sorted(text for _, _, text in texts) == ["no", "yes", "yes"]
            assert (output.prompt_tokens, output.completion_tokens) == (27, 3)
            assert output.given_scores["exact_match,first"] == float(texts[0][2] == "yes")

    def test_one_of_them_that_fails_is_that_document_s_error(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        server.misbehave = lambda prompt, attempt: (
            http_error(400, "too long") if attempt % 3 == 1 else saying("yes")
        )
        desk.study["test_sets"]["even"]["lm_eval"] |= {  # type: ignore[index]
            "task": "thrice",
            "score": "exact_match,most",
            "limit": 1,
        }
        assert run(["study", "run", str(desk.write())]) != 0
        assert re.match(r"answer \d of 3: .*too long", Output.objects.all()[0].error)

    def test_a_task_that_asks_something_else_by_now_is_not_asked(
        self, desk: Desk, tasks: Path, server: OpenAIServer
    ) -> None:
        assert run(["study", "run", str(desk.write())]) == 2
        TestSetVersion.objects.update(
            engine=TestSetVersion.objects.get().engine | {"prompts_sha256": "0" * 64}
        )
        with pytest.raises(Exception, match="asks something else where the worker runs"):
            client_for(Run.objects.all()[0])


class TestScores:
    pytestmark = needs_lm_eval

    @pytest.mark.parametrize(
        ("task", "score", "message"),
        [
            ("corpus", "exact_match", "exact_match of all documents together by a function of its"),
            ("median", "bleu", "bleu of all documents together by a function of its own, which no"),
            ("several", "f1", "f1 of more labels than 0 and 1, which the harness refuses"),
            ("many", "bleu", "has a document whose bleu can't be had: is no pair of texts, but a"),
            ("by_documents", "bleu", "bleu is of one task's documents: make a test set of each of"),
            ("strict", "exact_match", "say it as `score`, one of 'exact_match,first'"),
            ("thrice", "exact_match", "one of 'exact_match,first', 'exact_match,most'"),
        ],
    )
    def test_what_no_document_has_by_itself_is_refused_when_the_task_is_loaded(
        self, tasks: Path, task: str, score: str, message: str
    ) -> None:
        with pytest.raises(EngineError, match=re.escape(message)):
            load(LmEvalTask(task=task, include_path=str(tasks), score=score))

    def test_a_cluster_is_a_field_that_every_document_has(self, tasks: Path) -> None:
        asked = {"task": "say_even", "include_path": str(tasks), "score": "exact_match"}
        with pytest.raises(EngineError, match="has no 'topic' in document '0': it names no clu"):
            load(LmEvalTask(**asked, cluster="topic"))
        rows = list(load(LmEvalTask(**asked, cluster="q")).rows())
        assert [each["cluster"] for each in rows] == ["0", "1", "2", "3", "4", "5"]


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


def a_copy(folder: Path, name: str, rows: list[dict[str, Any]], *configs: str) -> None:
    """A copy of a data set of the hub, as it lies there: a split in a file, and what it holds told
    at the head of its README."""
    place = folder / name
    place.mkdir(parents=True)
    splits = ("train", "validation", "test")
    files = [{"split": each, "path": "rows.jsonl"} for each in splits]
    told = [{"config_name": each, "data_files": files} for each in configs]
    (place / "README.md").write_text(f"---\n{json.dumps({'configs': told})}\n---\n")
    (place / "rows.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))


class TestData:
    pytestmark = needs_lm_eval

    def test_a_task_of_the_harness_s_own_is_asked_without_the_hub(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
        asked = LmEvalTask(task="arc_easy", data=str(tmp_path), score="acc_norm")
        with pytest.raises(EngineError, match="hf download --repo-type dataset allenai/ai2_arc"):
            load(asked)
        choices = {"text": ["four", "five"], "label": ["A", "B"]}
        row = {"id": "1", "question": "Two and two?", "choices": choices, "answerKey": "A"}
        a_copy(tmp_path, "allenai/ai2_arc", [row], "ARC-Easy", "ARC-Challenge")
        task = load(asked)
        assert [each.requests_json for each in task.documents.values()] == [
            [
                ["loglikelihood", ["Question: Two and two?\nAnswer:", " four"]],
                ["loglikelihood", ["Question: Two and two?\nAnswer:", " five"]],
            ]
        ]
        assert task.engine()["lm_eval"]["data"] == str(tmp_path)
        assert task.version == "1.0"


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

    def test_an_adapter_is_known_by_the_choices_that_it_moves_and_a_dead_one_by_none(
        self, desk: Desk, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        an_adapter(tmp_path / "tuned")
        an_adapter(tmp_path / "dead", zero=True)
        said = {"task": "even_numbers", "include_path": "tasks", "score": "acc"}
        desk.study["test_sets"] = {"even": {"lm_eval": said, "role": "primary"}}
        base = {"model": str(tiny), "api": "completion"}
        arms = {
            name: {
                "kind": "lora",
                "parent": "base",
                "backend": {"hf": base | {"adapter": str(tmp_path / name)}},
            }
            for name in ("tuned", "dead")
        }
        desk.study["arms"] = {"base": {"kind": "base", "backend": {"hf": base}}} | arms
        desk.study |= {"baseline": "base", "candidate": "tuned"}
        run(["study", "run", str(desk.write()), "--json"])
        decisions = {each.arm: each.record for each in Decision.objects.all()}
        found = decisions["tuned"]["applied"]
        assert (found["measure"], found["state"]) == ("log-probabilities", "moved")
        (why,) = decisions["dead"]["invalid"]
        assert why.startswith("dead: the adapter changed nothing. The log-probabilities of its 6")
