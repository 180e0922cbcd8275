"""Processor seconds that each metric takes for a million short answers, and its reference.

python -m tests.benchmarks.metric_speed [--seconds 1.5]

It prints the table of docs/reference/metric-speed.md. A metric scores as many of the answers as it
can in about `--seconds`, a million at most, and the time is scaled to a million; the reference
implementation, where there is one, is given the same answers in the same run. Answers and
references are 1 to 12 words, 200 different ones over and over. What a metric scores in a process
of its own counts too.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from time import process_time
from typing import Any

import psutil

from runners.metrics import METRICS, Answer, scorer
from tests.runners.metrics.reference_cases import CASES, SCHEMA, choices, documents, pairs

MILLION, FIRST = 1_000_000, 500
OPTIONS: dict[str, dict[str, Any]] = {
    "corpus_score": {"score": "bleu"},
    "json_schema": {"schema": SCHEMA},
    "regex_match": {"pattern": r"\d{4}"},
}
NOT_TIMED = {"corpus_score": "scored once all answers are there"}
"""Metrics that have no time of their own, and why; those that ask a model have none either."""
JSON = ("json_valid", "json_schema", "json_fields")

type Scorable = tuple[Answer, Sequence[Any]]


@dataclass(frozen=True)
class SpeedRow:
    """A metric's processor seconds for a million answers, from `answers` of them; `times` is that
    over its reference's, None without one."""

    name: str
    seconds: float
    answers: int
    times: float | None

    @property
    def line(self) -> str:
        times = "–" if self.times is None else f"{self.times:.2g}"
        took = f"{self.seconds:,.0f}" if self.seconds >= 10 else f"{self.seconds:.1f}"
        return f"| `{self.name}` | {took} | {self.answers:,} | {times} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5)
    limit = parser.parse_args().seconds
    say("| metric | seconds a million | answers timed | times its reference |")
    say("| --- | --- | --- | --- |")
    for name in METRICS:
        if reason := untimed(name):
            say(f"| `{name}` | {reason} | 0 | – |")
        else:
            say(timed(name, limit).line)


def untimed(name: str) -> str:
    """Why a metric has no time of its own; "" where it has one."""
    if METRICS[name].needs_model:
        return "asks a model"
    return NOT_TIMED.get(name, "")


def timed(name: str, limit: float) -> SpeedRow:
    metric = scorer(name, **OPTIONS.get(name, {}))
    metric.batch(answers_for(name, FIRST))  # what is loaded once
    first = seconds(lambda: metric.batch(answers_for(name, FIRST)))
    count = min(MILLION, max(FIRST, int(limit / (max(first, 1e-6) / FIRST))))
    answers = answers_for(name, count)
    took = seconds(lambda: metric.batch(answers))
    per_million = took * MILLION / count
    beside = next((each for each in CASES if each.name == name), None)
    if beside is None:
        return SpeedRow(name, per_million, count, None)
    inputs = list(islice(cycle(beside.inputs[0]), min(count, 20_000)))
    beside.reference(inputs[0])
    theirs = seconds(lambda: [beside.reference(each) for each in inputs]) / len(inputs)
    return SpeedRow(name, per_million, count, took / count / theirs)


def answers_for(name: str, count: int) -> list[Scorable]:
    """That many answers with their references, as the metric needs them."""
    kind = METRICS[name]
    if kind.reads_choices:
        made: list[Scorable] = [
            (Answer("", choices=texts, choice_logprobs=sums), [right])
            for texts, sums, right in choices()
        ]
    elif name in JSON:
        made = [(Answer(text), ['{"order": 7, "paid": true}']) for text in documents()]
    elif name == "tool_call_match":
        call = {"name": "book", "arguments": {"day": "Monday"}}
        made = [(Answer(given, tool_calls=[call]), [call]) for given, _ in pairs()]
    else:
        made = [
            (
                Answer(
                    given,
                    latency_ms=7.0,
                    prompt_tokens=9,
                    completion_tokens=5,
                    scores={"score": 0.5},
                    asked=wanted,
                ),
                ["A" if name == "multiple_choice" else "42" if name == "numeric_match" else wanted],
            )
            for given, wanted in pairs()
        ]
    return list(islice(cycle(made), count))


def seconds(call: Callable[[], object]) -> float:
    """Processor seconds of a call, those of this process's children too."""
    start = process_time() + _of_children()
    call()
    return process_time() + _of_children() - start


def _of_children() -> float:
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return total


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
