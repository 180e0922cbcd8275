"""The life of a shard, from its claim to its end.

`launch` writes a run with its shards and enqueues it. A worker claims one, or a few at once where
its backend is asked much at a time (`shards.claim_next`), asks for the answers that are
missing, scores what is unscored, renewing its leases on the way (`runners.stretch`), and ends them:
completed, released (the worker stops, or the backend is away), or sent back after a failed attempt.
When no shard is left, the run is finished (`outcome.finish`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import batched
from time import monotonic
from typing import Any

from django.db import transaction

from evalhub.logs import about
from evalhub.registry.models import Item, Metric, Output, Run, Score
from evalhub.registry.rows import insert
from runners import shards
from runners.backends import backend_of
from runners.backends.asking import BackendError, Reply
from runners.harness import client_for
from runners.judged_metrics import ASKED_AT_A_TIME, scorer_of
from runners.metrics import Answer, MetricDeclaration, MetricScore, Scorer
from runners.metrics.own_source import OwnCodeError
from runners.metrics.score import Scorable
from runners.outages import DATABASE_AWAY, retry_while_away
from runners.outcome import finish, stop
from runners.prompting import question_of
from runners.queue import idle_in_this_process
from runners.retrieval import retrieve
from runners.sandbox.verdicts import run_at_a_time
from runners.shards import ClaimLost, ShardClaim
from runners.spending import BudgetSpent
from runners.stretch import SCORE_COLUMNS, ScoreRow, Stretch, Written, score_row

SCORED_AT_A_TIME = 500
# A pattern or a schema may take seconds for each answer, and the lease must be renewed meanwhile.
SCORED_BETWEEN_LOOKS = 5
LOOKS_EVERY_S = 5.0

logger = logging.getLogger(__name__)

Scorers = Sequence[tuple[int, Scorer]]


class Stopping(Exception):
    """The worker is being stopped."""


def process_shard(run_id: int, *, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Process a shard of the run, or the next few together; where none is claimable, finish the run
    if all are done.

    Returns whether there may be more to do. Two workers may do this at once, or one twice over:
    what is there already isn't made again. `stopping` is asked about every second; once it says
    yes, the shards are given back. A database that goes away while they are held is waited for, and
    what came from the model meanwhile is written then; where it was away before, OperationalError
    is raised.
    """
    with about(run=run_id):
        run = Run.objects.select_related("version").get(pk=run_id)
        claims = shards.claim_next(run_id, items=shards.items_in_flight(run))
        if not claims:
            finish(run_id)
            idle_in_this_process.announce()
            return False
        with about(shard=claims[0].shard.pk):
            _carry(claims, stopping)
    return True


def _carry(claims: Sequence[ShardClaim], stopping: Callable[[], bool]) -> None:
    """Takes the shards to their end, or gives them back and says why."""
    run = claims[0].shard.run
    try:
        _answer_and_score(claims, stopping)
        logger.info(
            "%d shards are done: %d items", len(claims), sum(claim.size for claim in claims)
        )
    except ClaimLost:
        logger.info("%s: left to others", run)
        _release(claims)
    except Stopping:
        _release(claims)
    except (BackendError, OwnCodeError) as error:
        _release(claims)
        stop(run.pk, f"{error}; run again to go on", unreachable=isinstance(error, BackendError))
        idle_in_this_process.announce()
    except DATABASE_AWAY:  # by no fault of the shards': it doesn't count as an attempt
        retry_while_away(lambda: _release(claims), stopping)
    except Exception as error:
        logger.exception("%s: failed", claims[0].shard)
        for claim in claims:
            shards.fail_attempt(claim, f"{type(error).__name__}: {error}")


def _release(claims: Sequence[ShardClaim]) -> None:
    """Release the shards that this worker still holds."""
    for claim in claims:
        shards.release(claim)


def _answer_and_score(claims: Sequence[ShardClaim], stopping: Callable[[], bool]) -> None:
    """Answer and score what is missing; between steps, check for a stop and report progress."""
    run = claims[0].shard.run
    metrics = list(Metric.objects.filter(runs__run=run).order_by("pk"))

    def tick() -> None:
        _look(stopping)
        stretch.renew()

    _look(stopping)
    scorers = _with_superseded([(each.pk, scorer_of(each, run, tick)) for each in metrics])
    live = backend_of(run.version).live
    read = live or any(function.metric.reads_item for _, function in scorers)
    stretch = Stretch(claims, [metric.pk for metric in metrics], items_read=read)
    if live:
        _answer(stretch, scorers, stopping)
    if not stretch.is_done:
        for metric_id, function in scorers:
            _score_missing(stretch, metric_id, function, tick)
    shards.complete(*claims)


def _with_superseded(scorers: Scorers) -> Scorers:
    """The scorers; a metric whose code isn't here any more leaves its answers unscored where the
    run is scored by newer code of it, and would stop the run otherwise."""
    usable = {function.metric.name for _, function in scorers if not function.metric.why_unusable}
    return [
        (key, replace(function, unscored=function.metric.why_unusable))
        if function.metric.name in usable
        else (key, function)
        for key, function in scorers
    ]


def _look(stopping: Callable[[], bool]) -> None:
    if stopping():
        raise Stopping


def _answer(stretch: Stretch, scorers: Scorers, stopping: Callable[[], bool]) -> None:
    """Asks the backend for the missing outputs, writes them as they arrive, and scores them while
    the next are on their way: the scores of a batch are written with the batch after it. What the
    version has answered before it isn't asked.

    What came is kept until it can be written: nothing is asked for twice.
    """
    run, meter, look = stretch.run, stretch.meter, partial(_look, stopping)
    missing = stretch.unanswered()
    if meter.budgets:
        scorers = _without_judges(stretch, scorers)
    reused = retry_while_away(partial(stretch.take_over, missing), stopping)
    scored = _score(stretch, reused, scorers, look)
    answered_keys = {(question.item_id, question.sample) for _, (question, _) in reused}
    left = [
        question for question in missing if (question.item_id, question.sample) not in answered_keys
    ]
    if not left:
        retry_while_away(partial(stretch.write, [], scored), stopping)
        return

    def waiting() -> None:
        look()
        retry_while_away(stretch.renew, stopping)

    def safely(work: Callable[[], None]) -> None:
        retry_while_away(work, stopping)

    left, failed = retrieve(run, left, waiting=waiting, safely=safely)
    if failed:
        written = retry_while_away(partial(stretch.write, failed, scored, paid=False), stopping)
        scored = _score(stretch, written, scorers, look)
    try:
        with closing(meter.lots(left, waiting)) as lots:
            for questions in lots:
                stretch.client = client_for(run, waiting)
                with closing(stretch.client.answer(questions)) as batches:
                    for batch in batches:
                        written = retry_while_away(partial(stretch.write, batch, scored), stopping)
                        look()
                        scored = _score(stretch, written, scorers, look)
                        meter.check()
    except BudgetSpent:
        retry_while_away(partial(stretch.write, [], scored), stopping)
        raise
    retry_while_away(partial(stretch.write, [], scored), stopping)


def _without_judges(stretch: Stretch, scorers: Scorers) -> Scorers:
    """Those that ask nobody. On a budget a judge is asked once all is answered: it would wait for
    room that this very stretch has reserved, and nobody would count what came meanwhile."""
    alone = [scorer for scorer in scorers if not scorer[1].metric.needs_model]
    stretch.fresh = stretch.fresh and len(alone) == len(scorers)
    return alone


def _score(
    stretch: Stretch, written: Sequence[Written], scorers: Scorers, look: Callable[[], None]
) -> list[ScoreRow]:
    """Score the outputs just written; on slow metrics, write part of the scores on the way."""
    rows, since = list[ScoreRow](), monotonic()

    def tick() -> None:
        look()
        stretch.renew()

    for metric_id, function in scorers:
        for some in batched(written, _together(function)):
            answers = [
                _scorable(
                    function.metric,
                    stretch.items[question.item_id],
                    reply,
                    reply.given_scores,
                    question.passages,
                )
                for _, (question, reply) in some
            ]
            errors = [reply.error for _, (_, reply) in some]
            scores = _score_answers(function, answers, errors, tick)
            for (output, _), score in zip(some, scores, strict=True):
                rows.append(score_row(output, metric_id, score))
            if function.metric.needs_model or monotonic() - since > LOOKS_EVERY_S:
                stretch.write([], rows)
                look()
                rows, since = [], monotonic()
    return rows


def _score_missing(
    stretch: Stretch, metric_id: int, function: Scorer, tick: Callable[[], None]
) -> None:
    """Writes the missing scores of the outputs that are there."""
    metric, asks = function.metric, function.metric.needs_model
    read = ["latency_ms", "prompt_tokens", "completion_tokens", "given_scores", "finish_reason"]
    read += ["tool_calls", *(["choice_logprobs"] if metric.needs_choices else [])]
    read += ["logprob"] if metric.scores_texts else []
    read += ["passages"] if metric.reads_passages else []
    outputs_of = Output.objects.only("item_id", "text", "error", *read)
    for keys in batched(stretch.unscored(metric_id), SCORED_AT_A_TIME):
        outputs = list(outputs_of.filter(pk__in=keys).order_by("pk"))
        rows, since = list[ScoreRow](), monotonic()
        for some in batched(outputs, _together(function)):
            answers = [
                _scorable(
                    metric,
                    stretch.items[output.item_id],
                    output,
                    output.given_scores,
                    output.passages if metric.reads_passages else None,
                )
                for output in some
            ]
            scores = _score_answers(function, answers, [answer.error for answer in some], tick)
            rows += [
                score_row(output.pk, metric_id, score)
                for output, score in zip(some, scores, strict=True)
            ]
            if asks or monotonic() - since > LOOKS_EVERY_S:
                _write_scores(rows)
                tick()
                rows, since = [], monotonic()
        _write_scores(rows)
        if len(keys) == SCORED_AT_A_TIME:
            tick()


def _write_scores(rows: Sequence[ScoreRow]) -> None:
    with transaction.atomic():
        insert(Score, SCORE_COLUMNS, rows, returning=("id",))


def _together(function: Scorer) -> int:
    """How many answers to score between two checks for a stop."""
    if function.metric.needs_model or function.metric.own:
        return ASKED_AT_A_TIME
    if function.metric.sandboxed:
        return run_at_a_time()
    return SCORED_BETWEEN_LOOKS if function.one_by_one else SCORED_AT_A_TIME


def _scorable(
    metric: MetricDeclaration,
    item: Item,
    source: Output | Reply,
    scores: Mapping[str, float] | None = None,
    passages: Sequence[Mapping[str, Any]] | None = None,
) -> Scorable | None:
    """The metric's input for an output; None where the output has no text."""
    if source.text is None:
        return None
    answer = Answer(
        source.text,
        source.latency_ms,
        source.prompt_tokens,
        source.completion_tokens,
        scores,
        source.finish_reason,
        question_of(item.input) if metric.reads_question else "",
        source.tool_calls,
        input=item.input if metric.needs_model else None,
        context=item.context if metric.needs_model else "",
        choices=item.choices if metric.needs_choices else None,
        choice_logprobs=source.choice_logprobs if metric.needs_choices else None,
        logprob=source.logprob if metric.scores_texts else None,
        passages=passages if metric.reads_passages else None,
        relevant=item.relevant if metric.reads_relevance else None,
        answerable=item.answerable if metric.reads_relevance else True,
    )
    return answer, item.references


def _score_answers(
    score: Scorer,
    answers: Sequence[Scorable | None],
    errors: Sequence[str],
    tick: Callable[[], None],
) -> list[MetricScore]:
    """One score an output: by one call of the metric, or unscored with the output's error."""
    whole = [answer for answer in answers if answer is not None]
    batch = _score_in_sandbox(score, whole, tick) if score.metric.sandboxed else score.batch(whole)
    scores = iter(batch)
    return [
        MetricScore(None, f"no answer: {error}") if answer is None else next(scores)
        for answer, error in zip(answers, errors, strict=True)
    ]


def _score_in_sandbox(
    score: Scorer, answers: Sequence[Scorable], tick: Callable[[], None]
) -> list[MetricScore]:
    """The scores of answers whose programs may run for longer than a lease."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        scores = pool.submit(score.batch, answers)
        while not wait([scores], timeout=LOOKS_EVERY_S).done:
            tick()
        return scores.result()
