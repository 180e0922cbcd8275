"""How long it takes to look for near-copies of a test set in others that were looked at.

python -m tests.benchmarks.near_copies_speed [--items 10000] [--others 10] [--words 15]

The others hold as many made-up items of the same vocabulary; the last one is a copy of the new set
with "Please: " in front of each. CPU seconds of this process, which reads no database; what was
found is kept for each pair of versions, so that nobody waits for it twice.
"""

import argparse
import random
import sys
from time import process_time

from evalhub.ledger.leakage.copies import ItemWords, copies_between, copies_within

LIMIT_S = 15.0
"""For 10,000 items of 15 words beside ten sets of as many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="of each test set")
    parser.add_argument("--others", type=int, default=10)
    parser.add_argument("--words", type=int, default=15, help="of each item")
    options = parser.parse_args()
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abdefgiklmnoprstu", k=7)) for _ in range(20_000)]

    def made() -> list[str]:
        return [" ".join(rng.choices(vocabulary, k=options.words)) for _ in range(options.items)]

    new = made()
    others = [*(made() for _ in range(options.others - 1)), [f"Please: {each}" for each in new]]
    start = process_time()
    words = ItemWords.of(new)
    repeated = len(copies_within(words))
    within = process_time()
    found = [len(copies_between(words, ItemWords.of(each))) for each in others]
    between = process_time()
    sys.stdout.write(
        f"{options.items:,} items of {options.words} words: {within - start:.1f} s for "
        f"{repeated} near-copies of each other, {between - within:.1f} s beside "
        f"{options.others} sets, which hold {found}\n"
    )
    assert found == [0] * (options.others - 1) + [options.items]
    sys.exit(between - start > LIMIT_S)


if __name__ == "__main__":
    main()
