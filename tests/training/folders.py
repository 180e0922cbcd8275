"""Folders as trainers leave them, made by hand after the sources of transformers 5.24, PEFT 0.21,
TRL 1.16, Axolotl (2026-07) and LLaMA-Factory (2026-08)."""

import json
from pathlib import Path
from typing import Any

HISTORY: list[dict[str, Any]] = [
    {"epoch": 0.5, "grad_norm": 1.2, "learning_rate": 0.0002, "loss": 1.9, "step": 10},
    {"epoch": 1.0, "eval_loss": 1.8, "eval_runtime": 0.4, "step": 20},
    {"epoch": 1.0, "grad_norm": 1.1, "learning_rate": 0.0001, "loss": 1.2, "step": 20},
    {"epoch": 2.0, "eval_loss": 1.3, "eval_runtime": 0.4, "step": 40},
    {"epoch": 2.0, "train_loss": 1.5, "train_runtime": 7200.5, "step": 40, "total_flos": 2e12},
]
ADAPTER = {
    "base_model_name_or_path": "/srv/models/small-1b",
    "bias": "none",
    "lora_alpha": 16,
    "lora_dropout": 0.05,
    "peft_type": "LORA",
    "r": 8,
    "target_modules": ["v_proj", "q_proj"],
    "use_dora": False,
    "use_rslora": False,
}
CARD = """\
---
library_name: peft
base_model: acme/small-1b
datasets:
- acme/tickets
model-index:
- name: out
  results: []
---

# out

## Training procedure

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 0.0002
- train_batch_size: 4
- eval_batch_size: 8
- seed: 42
- distributed_type: multi-GPU
- num_devices: 2
- gradient_accumulation_steps: 8
- total_train_batch_size: 64
- optimizer: Use adamw_torch_fused with betas=(0.9,0.999) and epsilon=1e-08
- lr_scheduler_type: cosine
- lr_scheduler_warmup_steps: 0.1
- num_epochs: 2.0

### Framework versions
"""
AXOLOTL = """\
base_model: acme/small-1b
load_in_4bit: true
adapter: qlora
datasets:
  - path: acme/tickets
    type: alpaca
  - path: ./data/more.jsonl
val_set_size: 0.1
output_dir: ./outputs/out
sequence_len: 2048
sample_packing: true
lora_r: 32
lora_alpha: 16
lora_dropout: 0.05
lora_target_modules:
  - q_proj
hub_token:
gradient_accumulation_steps: 4
micro_batch_size: 2
num_epochs: 1
optimizer: adamw_bnb_8bit
lr_scheduler: cosine
learning_rate: 2e-4
weight_decay: 0.0
"""
TRL_CARD = """\
---
base_model: acme/small-1b
library_name: transformers
model_name: out
tags:
- generated_from_trainer
- trl
- dpo
licence: license
---

# Model Card for out

This model was trained with DPO, a method introduced in [a paper](https://huggingface.co/papers/1).
"""
LLAMA_FACTORY = """\
cutoff_len: 2048
dataset: identity,tickets
do_train: true
finetuning_type: lora
gradient_accumulation_steps: 8
learning_rate: 5.0e-05
lora_alpha: 16
lora_dropout: 0
lora_rank: 8
lora_target: all
lr_scheduler_type: cosine
max_samples: 100000
model_name_or_path: acme/small-1b
num_train_epochs: 3.0
output_dir: saves/small/lora/train
per_device_train_batch_size: 2
quantization_bit: 4
stage: sft
warmup_steps: 0
"""


def state(**fields: Any) -> str:
    said = {
        "best_metric": 1.3,
        "best_model_checkpoint": "/srv/out/checkpoint-40",
        "epoch": 2.0,
        "global_step": 40,
        "log_history": HISTORY,
        "max_steps": 40,
        "num_input_tokens_seen": 0,
        "num_train_epochs": 2,
        "total_flos": 2e12,
        "train_batch_size": 4,
    }
    return json.dumps(said | fields, indent=2)


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def of_transformers(folder: Path) -> Path:
    """An adapter trained by transformers' own trainer, saved with its state and card."""
    results = json.dumps({"epoch": 2.0, "train_runtime": 7200.5, "train_samples": 1280})
    return written(
        folder,
        {
            "trainer_state.json": state(),
            "adapter_config.json": json.dumps(ADAPTER),
            "all_results.json": results,
            "README.md": CARD,
            "training_args.bin": "\x80\x04not to be unpickled",
            "checkpoint-20/trainer_state.json": state(global_step=20, epoch=1.0),
            "checkpoint-20/adapter_config.json": json.dumps(ADAPTER),
            "checkpoint-20/README.md": "---\nbase_model: acme/small-1b\n---\n\n# Card\n",
        },
    )


def of_axolotl(folder: Path) -> Path:
    """The card holds the configuration; the state is the newest checkpoint's."""
    card = CARD.replace(
        "\n## Training",
        "\n<details><summary>See axolotl config</summary>\n\naxolotl version: `0.13.0`\n```yaml\n"
        f"{AXOLOTL}\n```\n\n</details><br>\n\n## Training",
        1,
    )
    return written(
        folder,
        {
            "README.md": card,
            "adapter_config.json": json.dumps(ADAPTER | {"r": 32}),
            "debug.log": "",
            "checkpoint-20/trainer_state.json": state(global_step=20),
            "checkpoint-100/trainer_state.json": state(global_step=100),
        },
    )


def of_llama_factory(folder: Path) -> Path:
    """What its web page starts: with its arguments, and a log of a training begun twice."""
    log = [
        {"current_steps": 10, "total_steps": 40, "loss": 9.0, "lr": 5e-5, "epoch": 0.5},
        {"current_steps": 20, "total_steps": 40, "loss": 9.0, "lr": 5e-5, "epoch": 1.0},
        {"current_steps": 10, "total_steps": 40, "loss": 1.9, "lr": 5e-5, "epoch": 0.5},
        {"current_steps": 40, "total_steps": 40, "loss": 1.2, "epoch": 2.0,
         "elapsed_time": "1 day, 0:30:00", "remaining_time": "0:00:00"},
        {"current_steps": 40, "total_steps": 40, "eval_loss": 1.3, "epoch": 2.0,
         "elapsed_time": "1 day, 1:00:00"},
    ]  # fmt: skip
    return written(
        folder,
        {
            "training_args.yaml": LLAMA_FACTORY,
            "llamaboard_config.yaml": "top.booster: auto\n",
            "adapter_config.json": json.dumps(ADAPTER),
            "trainer_log.jsonl": "".join(json.dumps(each) + "\n" for each in log),
        },
    )
