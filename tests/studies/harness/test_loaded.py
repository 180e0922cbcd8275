"""Tasks of lm-evaluation-harness as they are loaded, and how they score."""

import re
from pathlib import Path

import pytest

from evalhub.schemas.outside import OutsideError, check_from_web
from evalhub.studies.test_sets import AskedTestSet
from runners.backends.asking import BackendRequest, TextLikelihood
from runners.engines.errors import EngineError
from runners.engines.harness import LmEvalTask, load
from runners.harness import _Likelihoods
from tests.cast import Team, a_test_set
from tests.studies.harness.tasks import a_copy, needs_lm_eval


class Likelihoods:
    """Says how likely texts are: the shorter the likelier, by one for each character."""

    def loglikelihood(self, pairs: list[tuple[str, str]]) -> list[TextLikelihood]:
        return [TextLikelihood(-float(len(asked)), greedy=True) for _, asked in pairs]


class TestScores:
    pytestmark = needs_lm_eval

    @pytest.mark.parametrize(
        ("task", "score", "message"),
        [
            *(
                (task, score, f"{score} of all documents together, which no document has by")
                for task, score in (
                    ("corpus", "chrf"),
                    ("corpus", "ter"),
                    ("corpus", "exact_match"),
                    ("labels", "mcc"),
                    ("labels", "f1"),
                )
            ),
            ("pages", "byte_perplexity", "score: bits_per_byte is its logarithm to base 2"),
            ("pages", "word_perplexity", "the exponential of a mean, which is no mean over docu"),
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
        assert [each.asked for each in task.documents.values()] == [
            [
                ["loglikelihood", ["Question: Two and two?\nAnswer:", " four"]],
                ["loglikelihood", ["Question: Two and two?\nAnswer:", " five"]],
            ]
        ]
        assert task.engine()["lm_eval"]["data"] == str(tmp_path)
        assert task.version == "1.0"


def test_a_task_from_before_there_was_data_or_clusters_is_known_as_it_was() -> None:
    assert not {"data", "cluster"} & LmEvalTask(task="arc_easy").as_json().keys()


def test_no_study_from_the_web_names_a_task() -> None:
    asked = AskedTestSet(lm_eval=LmEvalTask(task="arc_easy"), role="guard")
    assert asked.metric.options["score"] == "acc"
    with pytest.raises(OutsideError, match="is code"):
        check_from_web(asked, uploaded=(), aliases=())
