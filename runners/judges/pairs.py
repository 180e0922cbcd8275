"""A judge is asked about two runs' answers, item by item and in both orders; what it said is read.

What it said stays: asking again asks for what is missing. Answers that read the same are no pair,
nor is an item to which one of the two has no answer.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import batched, product
from typing import Any

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.files.canonical import digest_of
from evalhub.registry.models import Item, JudgeRun, JudgeVote, ModelVersion, Output, Run
from evalhub.schemas.keys import Reach
from evalhub.schemas.pairwise import PairwiseQuestion
from runners.backends.asking import Answered, BackendRequest
from runners.backends.clients import client_of
from runners.judges.pairwise import asked_of, choice_of
from runners.metrics.json_verdict import VerdictError

ITEMS_AT_A_TIME = 500

type Progress = Callable[[int, int], None]
"""Called with how many verdicts there are, and how many there will be."""


@dataclass(frozen=True, slots=True)
class TwoAnswers:
    """An item with the two answers to it that differ."""

    item: Item
    baseline: str
    candidate: str


@dataclass(frozen=True, slots=True)
class AskedNow:
    """What came of asking: verdicts asked for now, and those to which there was no answer, with
    the first reason. They are asked for again the next time."""

    asked: int
    unanswered: int
    error: str


@transaction.atomic
def begin_judging(
    *,
    baseline: Run,
    candidate: Run,
    judge: ModelVersion,
    question: PairwiseQuestion,
    by: User | None,
) -> JudgeRun:
    """The judge's run on these answers, made where there is none: both have ended.

    Raises NotAllowedError where `by` doesn't evaluate in the project; None is the operator.
    """
    check_evaluates(by, baseline.test_set_version.test_set.project)
    made, _ = JudgeRun.objects.get_or_create(
        baseline=baseline,
        candidate=candidate,
        baseline_answers=baseline.answers_digest,
        candidate_answers=candidate.answers_digest,
        digest=digest_of({"judge": judge.digest, "asked": question.as_json()}),
        defaults={"judge": judge, "asked": question},
    )
    return made


def ask_pairs(
    judge_run: JudgeRun, *, reach: Reach, by: User | None, progress: Progress | None = None
) -> AskedNow:
    """Asks the judge for each verdict that is missing, and writes them as they come.

    Two processes at once pay twice for some, and one verdict stands. Raises BackendError where it
    is no use to ask on; what came by then stays.
    """
    check_evaluates(by, judge_run.baseline.test_set_version.test_set.project)
    total, done = 2 * count_pairs(judge_run), judge_run.votes.count()
    asked = unanswered = 0
    error = ""
    for some in batched(pairs_of(judge_run), ITEMS_AT_A_TIME):
        keys = [each.item.pk for each in some]
        there = set(judge_run.votes.filter(item__in=keys).values_list("item_id", "candidate_first"))
        missing = [
            (pair, first)
            for pair, first in product(some, (True, False))
            if (pair.item.pk, first) not in there
        ]
        questions = [
            BackendRequest(place, 0, _prompt(judge_run.asked, pair, first), "")
            for place, (pair, first) in enumerate(missing)
        ]
        asked += len(questions)
        if not questions:
            continue
        with closing(client_of(judge_run.judge, reach).answer(questions)) as batches:
            for batch in batches:
                heard = [each for each in batch if each[1].text is not None]
                failed = [each for each in batch if each[1].text is None]
                unanswered += len(failed)
                error = error or next((reply.error for _, reply in failed), "")
                _write(judge_run, missing, heard)
                done += len(heard)
                if progress is not None:
                    progress(done, total)
    return AskedNow(asked, unanswered, error)


def pairs_of(judge_run: JudgeRun) -> Iterator[TwoAnswers]:
    """The pairs that the judge is asked about, in the order of the items."""
    version = judge_run.baseline.test_set_version
    for start in range(0, version.item_count, ITEMS_AT_A_TIME):
        items = list(version.items.between(start, start + ITEMS_AT_A_TIME).order_by("position"))
        said = [_texts(run, items) for run in (judge_run.baseline, judge_run.candidate)]
        for item in items:
            before, after = (texts.get(item.pk) for texts in said)
            if before is not None and after is not None and before.strip() != after.strip():
                yield TwoAnswers(item, before, after)


def count_pairs(judge_run: JudgeRun) -> int:
    """How many pairs there are."""
    return sum(1 for _ in pairs_of(judge_run))


def _texts(run: Run, items: list[Item]) -> dict[int, str]:
    rows = Output.objects.filter(run=run, sample=0, text__isnull=False, item__in=items).order_by()
    return {item: text for item, text in rows.values_list("item_id", "text") if text is not None}


def _prompt(question: PairwiseQuestion, pair: TwoAnswers, candidate_first: bool) -> str:
    item = pair.item
    answers = (
        (pair.candidate, pair.baseline) if candidate_first else (pair.baseline, pair.candidate)
    )
    return asked_of(
        question,
        given=item.input,
        context=item.context,
        references=list(item.references),
        first=answers[0],
        second=answers[1],
    )


def _write(
    judge_run: JudgeRun, asked: list[tuple[TwoAnswers, bool]], heard: list[Answered]
) -> None:
    rows = []
    for question, reply in heard:
        pair, first = asked[question.item_id]
        rows.append(
            JudgeVote(
                judge_run=judge_run,
                item=pair.item,
                candidate_first=first,
                prompt_tokens=reply.prompt_tokens,
                completion_tokens=reply.completion_tokens,
                **_said(reply.text or "", first),
            )
        )
    JudgeVote.objects.bulk_create(rows, ignore_conflicts=True)


def _said(text: str, candidate_first: bool) -> Mapping[str, Any]:
    try:
        choice, reason = choice_of(text, candidate_first=candidate_first)
    except VerdictError as error:
        return {"choice": "", "reason": f"no verdict: {error}"[:300]}
    return {"choice": choice, "reason": reason[:300]}
