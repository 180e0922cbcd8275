"""Time and memory of looking for a test set in training data, and of making fingerprints.

python -m tests.benchmarks.leakage_speed [--rows 100000] [--items 10000]

Made-up chats of about a hundred words a row against items of as many; nothing is shared.
"""

import argparse
import json
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.training import read_training, write_fingerprints


class Author:
    """Text of 30,000 made-up words, the first of them often and the last seldom."""

    def __init__(self, seed: int) -> None:
        self.deal = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = [
            "".join(self.deal.choices(letters, k=self.deal.randint(2, 9))) for _ in range(30_000)
        ]
        self.weights: list[float] = []
        total = 0.0
        for rank in range(30_000):
            total += 1 / (rank + 10)
            self.weights.append(total)

    def text(self, words: int) -> str:
        return " ".join(self.deal.choices(self.words, cum_weights=self.weights, k=words))


def write_chats(path: Path, rows: int) -> None:
    author = Author(3)
    with path.open("w") as stream:
        for _ in range(rows):
            chat = [
                {"role": "system", "content": "You answer customers kindly and completely."},
                {"role": "user", "content": author.text(60)},
                {"role": "assistant", "content": author.text(40)},
            ]
            stream.write(json.dumps({"messages": chat}) + "\n")


def made_up_items(count: int) -> Iterator[ItemTexts]:
    author = Author(4)
    for i in range(count):
        yield item_texts(str(i), author.text(70), [author.text(30)])


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    options = parser.parse_args()
    say = sys.stdout.write
    with TemporaryDirectory() as folder:
        train, hashes = Path(folder, "train.jsonl"), Path(folder, "hashes.jsonl")
        write_chats(train, options.rows)
        items = [*made_up_items(options.items)]
        for name, path in (("data", train), ("fingerprints", hashes)):
            if path is hashes:
                start = perf_counter()
                with hashes.open("w") as stream:
                    write_fingerprints(train, stream)
                sizes = [each.stat().st_size / 1e6 for each in (hashes, train)]
                say(
                    f"fingerprints made: {perf_counter() - start:.1f} s, "
                    f"{sizes[0]:.0f} MB of {sizes[1]:.0f} MB of data\n"
                )
            before, start = peak_mb(), perf_counter()
            (found,) = find_leakage(read_training(path), items)
            say(
                f"{found.items:,} items in {found.rows:,} rows of {name}: "
                f"{perf_counter() - start:.1f} s, {peak_mb() - before:.0f} MB more at most, "
                f"{len(found.leaked)} found\n"
            )


if __name__ == "__main__":
    main()
