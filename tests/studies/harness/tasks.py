"""Tasks of lm-evaluation-harness on a handful of documents. Nothing is downloaded."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

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
)


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
