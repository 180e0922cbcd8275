"""Tasks of lm-evaluation-harness in a folder of YAML, on six documents, for tests that ask them."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.fakes.openai_server import OpenAIServer
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

THRICE = WORDS | {
    "task": "thrice",
    "doc_to_target": "yes",
    "generation_kwargs": {"until": ["?"], "do_sample": True, "temperature": 0.5},
    "repeats": 3,
    "filter_list": [
        {"name": "first", "filter": [{"function": "take_first"}]},
        {"name": "most", "filter": [{"function": "majority_vote"}, {"function": "take_first"}]},
    ],
}
ROLLING = {
    "task": "pages",
    "output_type": "loglikelihood_rolling",
    "doc_to_text": "",
    "doc_to_target": "{{page}}",
    "metric_list": [
        {"metric": each} for each in ("bits_per_byte", "byte_perplexity", "word_perplexity")
    ],
    "metadata": {"version": 1.0},
}
CORPUS = WORDS | {
    "task": "corpus",
    "metric_list": [{"metric": each} for each in ("bleu", "chrf", "ter")]
    + [{"metric": "exact_match", "aggregation": "median", "higher_is_better": True}],
}
LABELS = CHOICES | {
    "task": "labels",
    "metric_list": [{"metric": each} for each in ("acc", "mcc", "f1")],
}
BLEU = {"metric": "bleu", "higher_is_better": True}
OWN_BLEU = WORDS | {"task": "own_bleu", "metric_list": [BLEU | {"aggregation": "mean"}]}
MEDIAN = WORDS | {"task": "median", "metric_list": [BLEU | {"aggregation": "median"}]}
MANY = WORDS | {"task": "many", "doc_to_target": "choices", "metric_list": [{"metric": "bleu"}]}
SEVERAL = LABELS | {"task": "several", "doc_to_choice": ["yes", "absolutely not", "maybe"]}
STRICT = WORDS | {
    "task": "strict",
    "filter_list": [{"name": "first", "filter": [{"function": "take_first"}]}],
}
ERRORS = WORDS | {
    "task": "errors",
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": False}],
}
SAYS = {
    "group": "says",
    "task": ["say_even", "say_again"],
    "aggregate_metric_list": [{"metric": "exact_match"}],
    "metadata": {"version": 3.0},
}
GROUPS = (
    SAYS,
    SAYS | {"group": "bare", "aggregate_metric_list": None},
    SAYS
    | {
        "group": "by_task",
        "aggregate_metric_list": [{"metric": "exact_match", "weight_by_size": False}],
    },
    SAYS | {"group": "mixed", "task": ["says", "thrice"]},
    SAYS
    | {
        "group": "by_documents",
        "task": ["corpus"],
        "aggregate_metric_list": [{"metric": "bleu"}],
    },
)


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tasks on six documents: choices, answers in words, and groups of those."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "data.jsonl"
    rows = (
        {
            "q": i,
            "choices": ["yes", "absolutely not"],
            "answer": i % 2,
            "page": "é" * (i + 1) + " etc.",
            "about": f"text {i // 3}",
        }
        for i in range(6)
    )
    data.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    (tmp_path / "tasks").mkdir()
    for group in GROUPS:
        (tmp_path / "tasks" / f"{group['group']}.yaml").write_text(json.dumps(group))
    again = WORDS | {"task": "say_again", "tag": "word_tasks", "metadata": {"version": 1.5}}
    words = (WORDS, again, THRICE, CORPUS, STRICT, ERRORS, OWN_BLEU, MEDIAN, MANY)
    for each in (*words, CHOICES, ROLLING, LABELS, SEVERAL):
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
