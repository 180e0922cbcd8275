"""Processor seconds that each metric takes for a million short answers, and its reference.

python -m tests.benchmarks.metric_speed [--seconds 1.5]

It prints the table of docs/reference/metric-speed.md. A metric scores as many of the answers as it
can in about `--seconds`, a million at most, and the time is scaled to a million; the reference
implementation, where there is one, is given the same answers in the same run. Answers and
references are 1 to 12 words, 200 different ones over and over. What a metric scores in a process
of its own counts too. Of a metric that all answers have together, the time of that step stands
beside; of one that runs code in the sandbox, the seconds of one answer by the clock, as
many at a time as there are cores.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, islice
from time import monotonic, process_time
from typing import Any

import psutil

from runners.metrics import METRICS, Answer, Scorer, metric_declaration, scorer
from tests.runners.metrics.reference_cases import CASES, SCHEMA, choices, documents, pairs
from tests.runners.metrics.rouge_score_reference import values

MILLION, FIRST = 1_000_000, 500
FEW = 20
"""Answers of a metric that runs each of them in the sandbox."""
LABELS = ("paid", "late", "other")
OPTIONS: dict[str, dict[str, Any]] = {
    "classification": {"score": "macro_f1", "labels": LABELS},
    "corpus_score": {"score": "bleu"},
    "json_schema": {"schema": SCHEMA},
    "regex_match": {"pattern": r"\d{4}"},
}
JSON = ("json_valid", "json_schema", "json_fields")

type Scorable = tuple[Answer, Sequence[Any]]


@dataclass(frozen=True)
class SpeedRow:
    """A metric's processor seconds for a million answers, from `answers` of them; `times` is that
    over its reference's, None without one. `together` is the time of the step that all answers
    have together, as many seconds for a million; None where there is no such step."""

    name: str
    seconds: float
    answers: int
    times: float | None
    together: float | None = None

    @property
    def line(self) -> str:
        times = "–" if self.times is None else f"{self.times:.2g}"
        took = _figure(self.seconds)
        if METRICS[self.name].sandboxed:
            took = f"{self.seconds / MILLION:.2g} an answer, in the sandbox"
        together = "–" if self.together is None else _figure(self.together)
        return f"| `{self.name}` | {took} | {together} | {self.answers:,} | {times} |"


def _figure(of_a_million: float) -> str:
    return f"{of_a_million:,.0f}" if of_a_million >= 10 else f"{of_a_million:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5)
    limit = parser.parse_args().seconds
    say("| metric | seconds a million | of all together | answers timed | times its reference |")
    say("| --- | --- | --- | --- | --- |")
    for name in METRICS:
        if reason := untimed(name):
            say(f"| `{name}` | {reason} | – | 0 | – |")
        else:
            say(timed(name, limit).line)


def untimed(name: str) -> str:
    """Why a metric has no time of its own; "" where it has one."""
    return "asks a model" if METRICS[name].needs_model else ""


def timed(name: str, limit: float) -> SpeedRow:
    metric = scorer(name, **OPTIONS.get(name, {}))
    least, most = (FEW, FEW) if metric.metric.sandboxed else (FIRST, MILLION)
    metric.batch(answers_for(name, least))  # what is loaded once
    first = seconds(lambda: metric.batch(answers_for(name, least)))
    count = min(most, max(least, int(limit / (max(first, 1e-6) / least))))
    answers = answers_for(name, count)
    spent = clock if metric.metric.sandboxed else seconds
    took = spent(lambda: metric.batch(answers))
    per_million = took * MILLION / count
    together = seconds_together(metric, answers) if metric.metric.scored_together else None
    beside = next((each for each in CASES if each.name == name), None)
    if name in PEERS:
        sample = answers[:20_000]
        PEERS[name](sample[:1])  # what is loaded once
        theirs = seconds(lambda: PEERS[name](sample)) / len(sample)
        ours = took / count + (together or 0.0) / MILLION
        return SpeedRow(name, per_million, count, ours / theirs, together)
    if beside is None:
        return SpeedRow(name, per_million, count, None, together)
    inputs = list(islice(cycle(beside.inputs[0]), min(count, 20_000)))
    beside.reference(inputs[0])
    theirs = seconds(lambda: [beside.reference(each) for each in inputs]) / len(inputs)
    return SpeedRow(name, per_million, count, took / count / theirs)


def _rouge(name: str) -> Callable[[list[Scorable]], object]:
    def all_of(answers: list[Scorable]) -> object:
        value = values(name, stem=False)
        return [value(answer.text, references[0]) for answer, references in answers]

    return all_of


def _sacrebleu(name: str) -> Callable[[list[Scorable]], object]:
    def all_of(answers: list[Scorable]) -> object:
        texts, references = zip(*answers, strict=True)
        return getattr(import_module("sacrebleu"), name)(
            [answer.text for answer in texts], [[right for (right,) in references]]
        )

    return all_of


PEERS = {
    "rouge_1": _rouge("rouge_1"),
    "rouge_2": _rouge("rouge_2"),
    "corpus_bleu": _sacrebleu("corpus_bleu"),
    "corpus_chrf": _sacrebleu("corpus_chrf"),
}
"""Reference implementations that no case of `reference_cases` holds, given all answers at once."""


def seconds_together(metric: Scorer, answers: list[Scorable]) -> float:
    """Seconds, scaled to a million answers, of the step that all of them have together."""
    scored = [score.parts or () for score in metric.batch(answers)]
    parts = list(islice(cycle(scored), max(FIRST, len(scored))))
    items = [f"item {number}" for number in range(len(parts))]
    metric.metric.together(items, parts)  # what is loaded once
    return seconds(lambda: metric.metric.together(items, parts)) * MILLION / len(parts)


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
    elif name in SPECIAL:
        made = [SPECIAL[name](given, wanted) for given, wanted in pairs()]
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


def _retrieved(given: str, wanted: str) -> Scorable:
    """The words of an answer as passages, of which those of the reference are relevant."""
    passages = [{"id": word, "text": word} for word in given.split()]
    return Answer(given, passages=passages, relevant=wanted.split()), []


def _labelled(given: str, wanted: str) -> Scorable:
    right, answered = (LABELS[len(text) % len(LABELS)] for text in (wanted, given))
    return Answer(answered), [right]


def _counted(given: str, wanted: str) -> Scorable:
    """With the counts of BLEU, as another harness hands them over."""
    names = metric_declaration("corpus_score", score="bleu").counts
    parts = scorer("corpus_bleu")(Answer(given), [wanted]).parts or ()
    return Answer(given, scores=dict(zip(names, parts, strict=True))), []


def _instructed(given: str, wanted: str) -> Scorable:
    checks = ["punctuation:no_comma", "length_constraints:number_words", "keywords:existence"]
    arguments = [{}, {"num_words": 5, "relation": "at least"}, {"keywords": wanted.split()[:2]}]
    return Answer(given), [{"instruction_id_list": checks, "kwargs": arguments}]


def _coded(given: str, wanted: str) -> Scorable:
    return Answer(f"def said(): return {given!r}"), [f"assert said() == {wanted!r}"]


def _queried(given: str, wanted: str) -> Scorable:
    fixture = "CREATE TABLE word (id INTEGER, name TEXT); INSERT INTO word VALUES (1, 'cat');"
    query = f"SELECT name, {len(wanted)} FROM word"
    return Answer(f"SELECT name, {len(given)} FROM word"), [{"query": query, "fixture": fixture}]


SPECIAL: dict[str, Callable[[str, str], Scorable]] = {
    "classification": _labelled,
    "code_tests": _coded,
    "context_precision": _retrieved,
    "context_recall": _retrieved,
    "corpus_score": _counted,
    "instructions": _instructed,
    "log_loss": lambda given, wanted: (Answer(given, logprob=-2.0 * len(given), asked=given), []),
    "pass_at_k": _coded,
    "sql_result": _queried,
}
"""What an answer is made of for metrics that need more than two texts."""


def seconds(call: Callable[[], object]) -> float:
    """Processor seconds of a call, those of this process's children too."""
    start = process_time() + _of_children()
    call()
    return process_time() + _of_children() - start


def clock(call: Callable[[], object]) -> float:
    """Seconds of a call by the clock: what runs in the sandbox is no child whose time is known."""
    start = monotonic()
    call()
    return monotonic() - start


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
