"""Read a file of answers to a test set's items, and score them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.arm_scores import ArmScores, by_item
from evalhub.decision.contributions import NOTHING, contribution_number
from evalhub.decision.sections.answers import AnswerTally, is_empty
from evalhub.decision.wording import count_text
from evalhub.io.answers import RecordedAnswer, read_answers
from evalhub.io.finish_reasons import end_of
from evalhub.io.identity import answers_digest, scores_digest
from evalhub.io.row_paths import RowMapping
from evalhub.io.rows import DataError
from evalhub.studies.files.compared_items import ComparedItem
from runners.metrics import Answer, MetricDeclaration, MetricScore, Scorer


@dataclass(frozen=True, slots=True)
class AnsweredFile:
    """A file of answers with their scores, by item in the order of samples."""

    path: Path
    answers: dict[str, list[RecordedAnswer]]
    scores: dict[str, list[MetricScore]]

    def answers_digest(self) -> str:
        return answers_digest(
            (answer.item_id, answer.sample, answer.text, answer.error or "", answer.tool_calls)
            for answers in self.answers.values()
            for answer in answers
        )

    def scores_digest(self) -> str:
        return scores_digest(
            (key, answer.sample, score.value)
            for key, answers in self.answers.items()
            for answer, score in zip(answers, self.scores[key], strict=True)
        )


def read_arm(
    path: Path, cases: dict[str, ComparedItem], fields: RowMapping, score: Scorer
) -> AnsweredFile:
    """A file's answers to these items, with scores. Raises DataError."""
    answers: dict[str, list[RecordedAnswer]] = {}
    for answer in read_answers(path, fields):
        if answer.item_id not in cases:
            raise DataError(
                f"{answer.item_id!r} isn't in the test set; an answer needs its item's id",
                file=str(path),
                line=answer.line,
                field=fields.id,
            )
        answers.setdefault(answer.item_id, []).append(answer)
    for samples in answers.values():
        samples.sort(key=lambda answer: answer.sample)
    reads = score.metric.reads_relevance
    scored = iter(
        score.batch(
            [
                (
                    Answer(
                        answer.text,
                        answer.latency_ms,
                        answer.prompt_tokens,
                        answer.completion_tokens,
                        answer.scores,
                        answer.finish_reason,
                        cases[key].question,
                        answer.tool_calls,
                        passages=answer.passages,
                        relevant=cases[key].relevant if reads else None,
                        answerable=cases[key].answerable if reads else True,
                    ),
                    cases[key].references,
                )
                for key, samples in answers.items()
                for answer in samples
                if answer.text is not None
            ]
        )
    )
    scores = {
        key: [
            MetricScore(None, f"no answer: {answer.error}") if answer.text is None else next(scored)
            for answer in samples
        ]
        for key, samples in answers.items()
    }
    return AnsweredFile(path, answers, _scored_together(scores, score.metric))


def _scored_together(
    scores: dict[str, list[MetricScore]], metric: MetricDeclaration
) -> dict[str, list[MetricScore]]:
    """The scores with the values that all answers have together; those of any other metric as they
    are."""
    adding = [
        (key, each.parts)
        for key, samples in scores.items()
        for each in samples
        if each.parts is not None
    ]
    if not metric.scored_together or not adding:
        return scores
    values: Iterator[float | None]
    try:
        values = iter(
            metric.together([key for key, _ in adding], [parts for _, parts in adding]).values
        )
        reason = ""
    except ValueError as error:
        values, reason = repeat(None), str(error)
    return {
        key: [
            each if each.parts is None else replace(each, value=next(values), reason=reason)
            for each in samples
        ]
        for key, samples in scores.items()
    }


def arm_scores(
    arm: AnsweredFile, keys: Sequence[str], test_set: str, *, scored_together: bool
) -> ArmScores:
    """The file's scores for the items with these keys."""
    by_key = [arm.scores.get(key, []) for key in keys]
    flat = [each for scores in by_key for each in scores]
    answered = [each for key in keys for each in arm.answers.get(key, [])]
    failed = [each for each in answered if each.text is None]
    failures = [
        f"{arm.path.name} holds {count_text(len(failed), 'error')} in place of "
        f"{'an answer' if len(failed) == 1 else 'answers'} to {test_set}, "
        f"{'' if len(failed) == 1 else 'first '}on line {answer.line} ({answer.error}): answer "
        f"{'this item' if len(failed) == 1 else 'these items'} again"
        for answer in failed[:1]
    ]
    return ArmScores(
        arm.path.name,
        *by_item([[each.value for each in scores] for scores in by_key]),
        reason=next(
            (
                score.reason
                for score, answer in zip(flat, answered, strict=True)
                if score.value is None and answer.text is not None
            ),
            "",
        ),
        failures=failures,
        extraction_misses=sum(each.extracted is False for each in flat),
        failed=np.array([each.text is None for each in answered], dtype=bool),
        contributions=_contributions(flat) if scored_together else None,
    )


def parts_of(
    arm: AnsweredFile, sources: Mapping[str, str]
) -> dict[tuple[str, int], tuple[Sequence[Any], str]]:
    """By item and sample what an answer adds to a score of all together, and the item's source."""
    return {
        (key, answer.sample): (score.parts, sources[key])
        for key, answers in arm.answers.items()
        for answer, score in zip(answers, arm.scores[key], strict=True)
        if score.parts is not None
    }


def _contributions(scores: Sequence[MetricScore]) -> NDArray[np.int64]:
    return np.array(
        [
            NOTHING if each.parts is None else contribution_number(json.dumps(each.parts))
            for each in scores
        ],
        dtype=np.int64,
    )


def items_without_match(arm: AnsweredFile) -> frozenset[str]:
    """Keys of items with an answer in which the extraction pattern found no match."""
    return frozenset(
        key for key, scores in arm.scores.items() if any(each.extracted is False for each in scores)
    )


def tally_of(arm: AnsweredFile, cases: Mapping[str, ComparedItem]) -> AnswerTally:
    """Counts of models that gave the answers, and of how the answers ended."""
    tally = AnswerTally()
    for answer in (one for answers in arm.answers.values() for one in answers):
        tally.count(
            1,
            finish_reason=answer.finish_reason,
            model=answer.served_model,
            fingerprint=answer.fingerprint,
        )
        tally.add_end(end_of(answer.finish_reason), answer.item_id)
        if answer.text is None:
            tally.add_end("failed", answer.item_id)
        elif is_empty(answer.text, answer.tool_calls, cases[answer.item_id].references):
            tally.add_end("empty", answer.item_id)
    return tally
