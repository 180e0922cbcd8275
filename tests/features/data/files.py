"""Small training files that are written for a test."""

import json
from pathlib import Path

EMPTY = ""
"""An answer that a report calls serious: the model would learn to say nothing."""


def a_training_file(folder: Path, *, rows: int = 120, empty: int = 0) -> Path:
    """Rows of a chat, each with its own question; `empty` of them have no answer."""
    path = folder / "train.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            answer = EMPTY if number < empty else f"It costs {number} euro, sent to street {number}"
            messages = [
                {"role": "user", "content": f"What is the price of article {number} today?"},
                {"role": "assistant", "content": answer},
            ]
            file.write(json.dumps({"messages": messages}) + "\n")
    return path
