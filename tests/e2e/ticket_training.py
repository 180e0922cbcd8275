"""A training job: a tiny model learns which label a ticket has, and answers tickets it never saw.

python ticket_training.py FOLDER

It is run by an interpreter that has torch and transformers. FOLDER gets train.jsonl,
evals/tickets.jsonl (the test set) and out/answers.jsonl; each checkpoint is registered at
EVALHUB_SERVER.
"""

import json
import os
import random
import sys
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from evalhub.trainer_callback import RegisterVersions

LABELS = {"refund": "billing", "invoice": "billing", "late": "shipping", "parcel": "shipping"}
FILLERS = [f"n{i}" for i in range(12)]
WORDS = ["<pad>", "<eos>", "is", *dict.fromkeys(LABELS.values()), *LABELS, *FILLERS]
IGNORED = -100
TICKETS = 80


class Rows(torch.utils.data.Dataset):
    """Tickets with their labels, of which the label alone is learned."""

    def __init__(self, tickets: list[str]) -> None:
        self._ids = [ids(f"{ticket} is {label(ticket)}") for ticket in tickets]

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        found = torch.tensor(self._ids[index])
        labels = found.clone()
        labels[:-1] = IGNORED
        return {"input_ids": found, "labels": labels}


def ids(text: str) -> list[int]:
    return [WORDS.index(word) for word in text.split()]


def label(ticket: str) -> str:
    return next(LABELS[word] for word in ticket.split() if word in LABELS)


def tickets(count: int, seed: int) -> list[str]:
    """Different ones, each with one word that tells its label."""
    chance, found = random.Random(seed), dict[str, None]()
    while len(found) < count:
        words = [*chance.sample(FILLERS, 3), chance.choice(list(LABELS))]
        chance.shuffle(words)
        found[" ".join(words)] = None
    return list(found)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    folder = Path(sys.argv[1])
    torch.manual_seed(7)
    torch.set_num_threads(1)
    learned = tickets(600, seed=1)
    asked = [each for each in tickets(700, seed=2) if each not in learned][:TICKETS]
    write(folder / "train.jsonl", [{"text": f"{each} is {label(each)}"} for each in learned])
    write(
        folder / "evals" / "tickets.jsonl",
        [{"id": f"t{n}", "input": each, "reference": label(each)} for n, each in enumerate(asked)],
    )
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(WORDS), n_positions=16, n_embd=32, n_layer=2, n_head=2,
            bos_token_id=1, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip
    arguments = TrainingArguments(
        output_dir=str(folder / "out"), max_steps=150, save_steps=50, logging_steps=10,
        per_device_train_batch_size=16, learning_rate=5e-3, report_to=[], use_cpu=True,
        disable_tqdm=True, seed=7,
    )  # fmt: skip
    register = RegisterVersions(
        "tuned", project="support", data=folder / "train.jsonl", notes="reads tickets"
    )
    trainer = Trainer(model, arguments, train_dataset=Rows(learned), callbacks=[register])
    trainer.train()
    model.eval()
    with torch.no_grad():
        given = torch.tensor([ids(f"{each} is") for each in asked])
        said = model(given).logits[:, -1].argmax(-1).tolist()
    write(
        folder / "out" / "answers.jsonl",
        [{"id": f"t{n}", "output": WORDS[word]} for n, word in enumerate(said)],
    )


if __name__ == "__main__":
    main()
