"""A judge is asked about two runs' answers, item by item and in both orders; what it said is read.

What it said stays: asking again asks for what is missing. Answers that read the same are no pair,
nor is an item to which one of the two has no answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import batched, chain, product
from typing import Any

from evalhub.declare.judges import PairwiseQuestion
from evalhub.declare.keys import Reach
from evalhub.io.items import EDITED
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.registry.models import Item, Output, Run
from runners.backends.asking import Answered, BackendRequest, Reply
from runners.backends.clients import client_of
from runners.metrics.json_verdict import VerdictError, quote, read_verdict, text_in
from runners.metrics.judged import MATERIAL, as_material
from runners.spending import Meter

ITEMS_AT_A_TIME = 500

_ASKED = """\
Compare two answers by a rubric. {material_is}

Rubric:
{rubric}

Material:
{material}

Which of the two fulfils the rubric better? The order in which they stand says nothing of them. \
Say why first. Reply with one JSON object and nothing else:
{{"reason": "one sentence", "better": "first", "second" or "neither"}}"""


@dataclass(frozen=True, slots=True)
class TwoAnswers:
    """An item with the two answers to it that differ."""

    item: Item
    baseline: str
    candidate: str


@dataclass(frozen=True, slots=True)
class AskResult:
    """What came of asking: verdicts asked for now, and those to which there was no answer, with
    the first reason. They are asked for again the next time."""

    asked: int
    unanswered: int
    error: str


def ask_pairs(
    judge_run: JudgeRun,
    *,
    reach: Reach,
    meter: Meter,
    look: Callable[[], None],
    keep: Callable[[Sequence[JudgeVote], Sequence[Answered]], None],
) -> AskResult:
    """Asks the judge for each verdict that is missing.

    `keep` is handed them as they come, with all that was replied, and about every half second none,
    so that its lease is renewed; it and `look`, which is called before anything is asked of some
    answers that were read, may raise to stop. Raises BackendError where it is no use to ask on, or
    a budget is used up; what came by then is kept.
    """
    question_count = unanswered = 0
    error = ""
    for some in batched(pairs_of(judge_run), ITEMS_AT_A_TIME):
        look()
        keys = [each.item.pk for each in some]
        answered = set(
            judge_run.votes.filter(item__in=keys).values_list("item_id", "candidate_first")
        )
        missing = [
            (pair, first)
            for pair, first in product(some, (True, False))
            if (pair.item.pk, first) not in answered
        ]
        questions = [
            BackendRequest(number, 0, prompt_of(judge_run.asked, pair, first), "")
            for number, (pair, first) in enumerate(missing)
        ]
        question_count += len(questions)
        if not questions:
            continue
        with closing(meter.lots(questions, look)) as lots:
            for batch in chain.from_iterable(_batches(judge_run, reach, lot, look) for lot in lots):
                failed = [reply.error for _, reply in batch if reply.text is None]
                unanswered += len(failed)
                error = error or next(iter(failed), "")
                votes = [
                    _vote(judge_run, *missing[question.item_id], reply)
                    for question, reply in batch
                    if reply.text is not None
                ]
                keep(votes, batch)
                meter.check()
    return AskResult(question_count, unanswered, error)


def _batches(
    judge_run: JudgeRun,
    reach: Reach,
    questions: Sequence[BackendRequest],
    look: Callable[[], None],
) -> Iterator[Sequence[Answered]]:
    with closing(client_of(judge_run.judge, reach, look).answer(questions)) as batches:
        yield from batches


def pairs_of(judge_run: JudgeRun) -> Iterator[TwoAnswers]:
    """The pairs that the judge is asked about, in the order of the items."""
    version = judge_run.baseline.test_set_version
    for start in range(0, version.item_count, ITEMS_AT_A_TIME):
        items = list(version.items.between(start, start + ITEMS_AT_A_TIME).order_by("position"))
        texts_by_arm = [_texts(run, items) for run in (judge_run.baseline, judge_run.candidate)]
        for item in items:
            before, after = (texts.get(item.pk) for texts in texts_by_arm)
            if before is not None and after is not None and before.strip() != after.strip():
                yield TwoAnswers(item, before, after)


def count_pairs(judge_run: JudgeRun) -> int:
    """How many pairs there are."""
    return sum(1 for _ in pairs_of(judge_run))


def _texts(run: Run, items: list[Item]) -> dict[int, str]:
    rows = Output.objects.filter(run=run, sample=0, text__isnull=False, item__in=items).order_by()
    return {item: text for item, text in rows.values_list("item_id", "text") if text is not None}


def prompt_of(question: PairwiseQuestion, pair: TwoAnswers, candidate_first: bool) -> str:
    """What the judge is asked about a pair, with the one answer first or the other. It isn't shown
    a reference that leans to the baseline."""
    item = pair.item
    answers = (
        (pair.candidate, pair.baseline) if candidate_first else (pair.baseline, pair.candidate)
    )
    return judge_prompt(
        question,
        item_input=item.input,
        context=item.context,
        references=[] if EDITED.items() <= item.metadata.items() else list(item.references),
        first=answers[0],
        second=answers[1],
    )


def judge_prompt(
    question: PairwiseQuestion,
    *,
    item_input: Any,
    context: str,
    references: list[Any],
    first: str,
    second: str,
) -> str:
    """What the judge is asked about two answers to one item, in this order."""
    material = {
        "question": item_input,
        "context": context,
        "right_answers": [each for each in references if each is not None],
    }
    answers = {"first_answer": first, "second_answer": second}
    return _ASKED.format(
        material_is=MATERIAL,
        rubric=question.rubric,
        # An answer may be empty, and is shown so.
        material=as_material(material, always=answers),
    )


def choice_of(text: str, *, candidate_first: bool) -> tuple[str, str]:
    """Which arm the judge chose ("tie": neither), and its reason.

    Raises VerdictError where it is no verdict that was asked for.
    """
    verdict = read_verdict(text)
    better = verdict.get("better")
    arms = ("candidate", "baseline") if candidate_first else ("baseline", "candidate")
    choices = {"first": arms[0], "second": arms[1], "neither": "tie"}
    if not isinstance(better, str) or better not in choices:
        raise VerdictError(f"its better is {quote(str(better))}, not first, second or neither")
    return choices[better], text_in(verdict, "reason")


def _vote(judge_run: JudgeRun, pair: TwoAnswers, first: bool, reply: Reply) -> JudgeVote:
    return JudgeVote(
        judge_run=judge_run,
        item=pair.item,
        candidate_first=first,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        **_vote_fields(reply.text or "", first),
    )


def _vote_fields(text: str, candidate_first: bool) -> Mapping[str, Any]:
    try:
        choice, reason = choice_of(text, candidate_first=candidate_first)
    except VerdictError as error:
        return {"choice": "", "reason": f"no verdict: {error}"[:300]}
    return {"choice": choice, "reason": reason[:300]}
