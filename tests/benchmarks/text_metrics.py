"""How long text metrics take on many answers, beside the library underneath called directly.

python -m tests.benchmarks.text_metrics [--answers 100000]

Answers and references are 20 words drawn from 2,000, half of them the same. Processor time, which
other work on the machine changes less; the goal is the library's time and a fifth.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

from runners.metrics import Answer, scorer

GOAL = 1.2
BESIDE = ("exact_match", "contains", "token_f1", "json_valid", "length", "rouge_l")
"""Metrics without a library."""

type Pairs = Sequence[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    pairs = drawn(parser.parse_args().answers)
    batch = [(Answer(given), [wanted]) for given, wanted in pairs]
    over = []
    for name, library in (("bleu", bleu), ("chrf", chrf)):
        theirs, ours = seconds(lambda f=library: f(pairs)), seconds(scored(name, batch))
        say(f"{name:12} library {theirs:7.2f}s  here {ours:7.2f}s  {ours / theirs:5.2f} times")
        if ours > GOAL * theirs:
            over.append(name)
    for name in BESIDE:
        took = seconds(scored(name, batch))
        say(f"{name:12} {'':18}here {took:7.2f}s  {took / len(pairs) * 1e6:5.1f} µs an answer")
    sys.exit(f"over the goal: {', '.join(over)}" if over else 0)


def drawn(answers: int) -> Pairs:
    rng = random.Random(1)
    words = [f"word{number}" for number in range(2_000)]
    pairs = []
    for _ in range(answers):
        same, given, wanted = (rng.choices(words, k=10) for _ in range(3))
        pairs.append((" ".join(same + given), " ".join(same + wanted)))
    return pairs


def scored(name: str, batch: Sequence[Any]) -> Callable[[], object]:
    metric = scorer(name)
    return lambda: metric.batch(batch)


def bleu(pairs: Pairs) -> None:
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(effective_order=True)
    for given, wanted in pairs:
        metric.sentence_score(given, [wanted])


def chrf(pairs: Pairs) -> None:
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    for given, wanted in pairs:
        metric.sentence_score(given, [wanted])


def seconds(call: Callable[[], object]) -> float:
    start = process_time()
    call()
    return process_time() - start


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
