"""The backend `hf` beside hand-written batched `generate`, continuous batching and lm-eval's hf.

python -m tests.benchmarks.hf_speed [PROMPTS] [ROUNDS]

The same prompts of the demo's task, greedy, 24 tokens at most, on one thread; the ways take turns,
and of each the least processor time counts, which other work on the machine changes less than that
on the wall. Hand-written is the fastest of several batch sizes, sorted by length. Likewise base and
three adapters: each arm in batches of its own, and all in one queue. At the end the memory of the
base and of the base with three adapters. lm-eval stands in the table where its extra is installed.
"""

import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import psutil

from evalhub.declare.declaration import validate
from evalhub.declare.keys import Reach
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.demo import record
from evalhub.demo.gguf_adapter import PEFT_ADAPTER
from runners.backends import AnyBackend
from runners.backends.asking import BackendRequest
from runners.backends.hf import Client
from tests.small_models import needs_torch, small_model

TOKENS = 24
SIZES = (8, 16, 32)
BATCH_TOKENS = 6_000
"""About 32 prompts of the task: what is fastest on a processor."""


def client(model: Path, adapter: Path | None = None) -> Client:
    spec = {"type": "hf", "model": str(model), "batch_tokens": BATCH_TOKENS}
    spec |= {"adapter": str(adapter)} if adapter else {}
    settled = validate(AnyBackend, spec).resolve(Path)
    drawn = Sampling(temperature=0, max_tokens=TOKENS)
    return Client.of(settled, Prompt(), drawn, Reach(operator=True))


def asked(arm: Client, inputs: Sequence[Any]) -> list[str]:
    questions = [BackendRequest(at, 0, each, "") for at, each in enumerate(inputs)]
    found = {each.item_id: reply for batch in arm.answer(questions) for each, reply in batch}
    assert not any(reply.error for reply in found.values())
    return [found[at].text or "" for at in range(len(inputs))]


def by_hand(model: Any, tokenizer: Any, prompts: Sequence[str], size: int) -> list[str]:
    import torch

    order = sorted(range(len(prompts)), key=lambda at: -len(tokenizer.encode(prompts[at])))
    texts: dict[int, str] = {}
    for start in range(0, len(order), size):
        some = order[start : start + size]
        given = tokenizer(
            [prompts[at] for at in some],
            return_tensors="pt",
            padding=True,
            add_special_tokens=False,
            return_token_type_ids=False,
        )
        with torch.inference_mode():
            out = model.generate(**given, max_new_tokens=TOKENS, do_sample=False)
        said = out[:, given["input_ids"].shape[1] :]
        texts |= dict(
            zip(some, tokenizer.batch_decode(said, skip_special_tokens=True), strict=True)
        )
    return [texts[at] for at in range(len(prompts))]


def continuous(model: Any, tokenizer: Any, prompts: Sequence[str]) -> list[str]:
    from transformers import GenerationConfig

    ids = [tokenizer.encode(each, add_special_tokens=False) for each in prompts]
    settings = GenerationConfig(
        max_new_tokens=TOKENS, do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=2
    )
    found = model.generate_batch(inputs=ids, generation_config=settings)
    texts = [found[f"req_{at}"].generated_tokens for at in range(len(ids))]
    return [tokenizer.decode(each, skip_special_tokens=True) for each in texts]


def by_lm_eval(model: Any, tokenizer: Any, prompts: Sequence[str], size: int) -> list[str]:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=size)
    until = {"until": ["<|im_end|>"], "max_gen_toks": TOKENS, "do_sample": False}
    requests = [
        Instance("generate_until", doc={}, arguments=(each, until), idx=at)
        for at, each in enumerate(prompts)
    ]
    found: list[str] = harness.generate_until(requests, disable_tqdm=True)
    return found


def main() -> None:
    needs_torch()
    import transformers

    count, rounds = (int(each) for each in [*sys.argv[1:], "32", "2"][:2])
    folder = small_model()
    inputs = [item["input"] for item in record.test_sets()["triage"][:count]]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left")
    prompts = [
        tokenizer.apply_chat_template(each, add_generation_prompt=True, tokenize=False)
        for each in inputs
    ]
    before = psutil.Process().memory_info().rss
    base = client(folder)
    asked(base, inputs[:2])
    alone = psutil.Process().memory_info().rss
    arms = [base, *_adapters(folder)]
    for arm in arms:
        asked(arm, inputs[:2])
    shared = psutil.Process().memory_info().rss
    base_mb = os.path.getsize(folder / "model.safetensors") / 1e6

    plain = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ways: dict[str, Callable[[], Any]] = {
        f"hand-written generate, {size} at once": lambda size=size: by_hand(
            plain, tokenizer, prompts, size
        )
        for size in SIZES
    }
    ways["transformers' continuous batching"] = lambda: continuous(plain, tokenizer, prompts)
    if importlib.util.find_spec("lm_eval"):
        ways["lm-eval's hf, 32 at once"] = lambda: by_lm_eval(plain, tokenizer, prompts, 32)
    ways["evalhub's hf"] = lambda: asked(base, inputs)
    ways["evalhub's hf: base and three adapters, one after the other"] = lambda: [
        asked(arm, inputs) for arm in arms
    ]
    ways["evalhub's hf: base and three adapters, in one queue"] = lambda: _at_once(arms, inputs)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    said = {}
    for _ in range(rounds):
        for name, way in ways.items():
            start = process_time()
            said[name] = way()
            seconds[name].append(process_time() - start)
    least = {name: min(each) for name, each in seconds.items()}
    hand = min(least[name] for name in ways if name.startswith("hand"))
    lines = [f"{count} prompts, {TOKENS} tokens at most, least of {rounds}: processor seconds"]
    for name, each in least.items():
        times = 4 if "three adapters" in name else 1
        lines.append(f"{name:62}{each:7.1f}{each / times / hand:7.2f} × hand-written an arm")
    pairs = zip(said["evalhub's hf"], said["hand-written generate, 32 at once"], strict=True)
    same = sum(ours == theirs for ours, theirs in pairs)
    lines.append(f"answers equal to hand-written: {same} of {count}")
    lines.append(
        f"memory: {(alone - before) / 1e6:.0f} MB with the base, {(shared - before) / 1e6:.0f} MB "
        f"with three adapters: {(shared - before) / (alone - before):.3f} times; weights "
        f"{base_mb:.0f} MB"
    )
    sys.stdout.write("\n".join([*lines, ""]))


def _adapters(folder: Path) -> list[Client]:
    """Three adapters of the same size: the demo's, at three scales."""
    import json

    found = []
    for alpha in (8, 4, 2):
        copy = Path(tempfile.mkdtemp()) / "adapter"
        shutil.copytree(PEFT_ADAPTER, copy)
        settings = json.loads((copy / "adapter_config.json").read_text())
        (copy / "adapter_config.json").write_text(json.dumps(settings | {"lora_alpha": alpha}))
        found.append(client(folder, copy))
    return found


def _at_once(arms: Sequence[Client], inputs: Sequence[Any]) -> None:
    threads = [threading.Thread(target=asked, args=(arm, inputs)) for arm in arms]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


if __name__ == "__main__":
    main()
