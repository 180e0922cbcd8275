"""A real training in seconds: a GPT-2 of two layers with random weights, nothing fetched.

python tiny_training.py FOLDER SERVER trainer|lora

It is run by an interpreter that has torch, transformers, TRL and PEFT, and prints one JSON line.
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from evalhub.trainer_callback import RegisterVersions

WORDS = ["<pad>", "<eos>", "ticket", "billing", "shipping", "is", "about", "refund", "late"]
SETTINGS = {
    "max_steps": 6,
    "save_steps": 3,
    "logging_steps": 1,
    "per_device_train_batch_size": 2,
    "learning_rate": 1e-3,
    "report_to": [],
    "use_cpu": True,
    "disable_tqdm": True,
    "seed": 7,
}


class Rows(torch.utils.data.Dataset):
    """The rows of the file as token ids."""

    def __init__(self, texts: list[str]) -> None:
        self._ids = [[WORDS.index(word) for word in text.split()] for text in texts]

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        ids = torch.tensor(self._ids[index])
        return {"input_ids": ids, "labels": ids}


def main() -> None:
    folder, server, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    torch.manual_seed(7)
    torch.set_num_threads(1)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(WORDS), n_positions=16, n_embd=16, n_layer=2, n_head=2,
            bos_token_id=1, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip
    texts = ["ticket is about billing refund", "ticket is about shipping late"] * 6
    data = folder / "train.jsonl"
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    register = RegisterVersions("tiny", project="support", server=server, data=data)
    out = str(folder / "out")
    if how == "trainer":
        arguments = TrainingArguments(output_dir=out, **SETTINGS)
        trainer = Trainer(model, arguments, train_dataset=Rows(texts), callbacks=[register])
    else:
        trainer = sft(model, texts, out, register)
    result = trainer.train()
    sys.stdout.write(json.dumps({"steps": result.global_step, "loss": result.training_loss}) + "\n")


def sft(model: GPT2LMHeadModel, texts: list[str], out: str, register: RegisterVersions) -> Trainer:
    """TRL's trainer of an adapter, with a tokenizer that is made here."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    words = Tokenizer(
        models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<pad>")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return SFTTrainer(
        model,
        args=SFTConfig(output_dir=out, max_length=16, **SETTINGS),
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<pad>"
        ),
        peft_config=LoraConfig(r=2, target_modules=["c_attn"], task_type="CAUSAL_LM"),
        callbacks=[register],
    )


if __name__ == "__main__":
    main()
