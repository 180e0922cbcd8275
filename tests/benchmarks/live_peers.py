"""lm-evaluation-harness on the prompts of `live_run`, by its own command, where it is installed."""

import importlib.util
import json
import os
import sys
from pathlib import Path

INSTALLED = importlib.util.find_spec("lm_eval") is not None


def lm_eval_command(folder: Path, items: Path, port: int, at_once: int) -> list[str]:
    """Its command for a task of these items, which is written into the folder: answers as chat, one
    score by exact match, and its log of samples."""
    task = {
        "task": "questions",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": str(items)},
        "test_split": "train",
        "output_type": "generate_until",
        "doc_to_text": "{{input}}",
        "doc_to_target": "{{reference}}",
        "generation_kwargs": {"until": [], "max_gen_toks": 16},
        "metric_list": [{"metric": "exact_match"}],
    }
    (folder / "questions.yaml").write_text(json.dumps(task))
    server = f"http://127.0.0.1:{port}/v1/chat/completions"
    model = f"model=slow,base_url={server},num_concurrent={at_once},tokenized_requests=False"
    told = ["--model", "local-chat-completions", "--model_args", model, "--apply_chat_template"]
    told += ["--tasks", "questions", "--include_path", str(folder)]
    told += ["--output_path", str(folder / "said"), "--log_samples"]
    return [sys.executable, "-m", "lm_eval", *told]


def lm_eval_environment(folder: Path) -> dict[str, str]:
    """Nothing of before is at hand, and no hub is asked."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return {**os.environ, **offline, "HF_HOME": str(folder / "hf"), "OPENAI_API_KEY": "none"}
