"""The life of a shard, from its claim to its end.

`launch` writes a run with its shards and enqueues it. A worker claims one (`shards.claim_next`),
asks for the answers that are missing, scores what is unscored, renewing its lease on the way
(`shards.renew`), and ends it: completed, released (the worker stops, or the backend is away), or
sent back after a failed attempt. When no shard is left, the run is finished (`outcome.finish`).
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import batched
from time import monotonic

from django.db import OperationalError
from django.db.models import Exists, OuterRef, QuerySet

from evalhub.logs import about
from evalhub.registry.models import Item, Metric, Output, Score
from runners import shards
from runners.backends import backend_of
from runners.backends.asking import BackendError, BackendRequest
from runners.backends.clients import client_of
from runners.judges.asking import ASKED_AT_A_TIME, scorer_of
from runners.metrics import Answer, MetricScore, Scorer
from runners.outcome import finish, stop
from runners.prompting import question_of
from runners.shards import ClaimLost, ShardClaim

SCORED_AT_A_TIME = 500
# A pattern or a schema may take seconds for each answer, and the lease must be renewed meanwhile.
SCORED_BETWEEN_LOOKS = 5
LOOKS_EVERY_S = 5.0

logger = logging.getLogger(__name__)

Scorers = Sequence[tuple[int, Scorer]]


class Stopping(Exception):
    """The worker is being stopped."""


def process_shard(run_id: int, *, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Process one shard of the run; where none is claimable, finish the run if all are done.

    Returns whether there may be more to do. Two workers may do this at once, or one twice over:
    what is there already isn't made again. `stopping` is asked about every second; once it says
    yes, the shard is given back. Raises OperationalError where the database is away: the lease
    ends by itself.
    """
    with about(run=run_id):
        claim = shards.claim_next(run_id)
        if claim is None:
            finish(run_id)
            return False
        with about(shard=claim.shard.pk):
            _carry(claim, stopping)
    return True


def _carry(claim: ShardClaim, stopping: Callable[[], bool]) -> None:
    """Takes the shard to its end, or gives it back and says why."""
    try:
        _answer_and_score(claim, stopping)
        shards.complete(claim)
        logger.info("a shard is done: %d items", claim.size)
    except ClaimLost:
        logger.info("%s: left to others", claim.shard)
    except Stopping:
        shards.release(claim)
    except BackendError as error:
        shards.release(claim)
        stop(claim.shard.run_id, f"{error}; run again to go on")
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("%s: failed", claim.shard)
        shards.fail_attempt(claim, f"{type(error).__name__}: {error}")


def _answer_and_score(claim: ShardClaim, stopping: Callable[[], bool]) -> None:
    """Does what is missing; between two steps looks whether to go on, and tells how far it is."""
    metrics = Metric.objects.filter(runs__run=claim.shard.run_id).order_by("pk")

    def tick() -> None:
        if stopping():
            raise Stopping
        shards.renew(claim, _items_done(claim, scorers))

    scorers = [(each.pk, scorer_of(each, claim.shard.run, tick)) for each in metrics]

    def score() -> None:
        for metric_id, function in scorers:
            _score(claim, metric_id, function, tick)

    tick()
    if backend_of(claim.shard.run.version).live:
        _answer(claim, score, tick)
    score()


def _answer(claim: ShardClaim, score: Callable[[], None], tick: Callable[[], None]) -> None:
    """Asks the backend for the missing outputs; writes and scores them as they arrive."""
    run = claim.shard.run
    there = set(_outputs(claim).values_list("item_id", "sample"))
    questions = [
        BackendRequest(item.pk, sample, item.input, item.context, item.choices, item.tools)
        for item in _items(claim)
        for sample in range(run.samples)
        if (item.pk, sample) not in there
    ]
    if not questions:
        return
    with closing(client_of(run.version, run.reach).answer(questions)) as batches:
        for batch in batches:
            Output.objects.bulk_create(
                [
                    Output(
                        run=run,
                        item_id=question.item_id,
                        sample=question.sample,
                        text=reply.text,
                        error=reply.error,
                        latency_ms=reply.latency_ms,
                        prompt_tokens=reply.prompt_tokens,
                        completion_tokens=reply.completion_tokens,
                        finish_reason=reply.finish_reason,
                        logprob=reply.logprob,
                        choice_logprobs=reply.choice_logprobs,
                        reasoning=reply.reasoning,
                        tool_calls=reply.tool_calls,
                    )
                    for question, reply in batch
                ],
                ignore_conflicts=True,
            )
            score()
            tick()


def _score(claim: ShardClaim, metric_id: int, function: Scorer, tick: Callable[[], None]) -> None:
    """Writes the missing scores of the outputs that are there."""
    unscored = _outputs(claim).exclude(_scored_by(metric_id)).order_by("pk")
    metric, asks = function.metric, function.metric.needs_model
    given = ["latency_ms", "prompt_tokens", "completion_tokens", "given_scores", "finish_reason"]
    read = ["item__input"] if metric.reads_question or asks else []
    read += ["item__references", *(["item__context"] if asks else [])]
    unscored = unscored.select_related("item").only("text", "error", *given, *read)
    last = 0
    together = SCORED_BETWEEN_LOOKS if function.one_by_one else SCORED_AT_A_TIME
    if asks:
        together = ASKED_AT_A_TIME
    while outputs := list(unscored.filter(pk__gt=last)[:SCORED_AT_A_TIME]):
        rows, written = list[Score](), monotonic()
        for some in batched(outputs, together):
            rows += _scores(some, metric_id, function)
            if asks or monotonic() - written > LOOKS_EVERY_S:
                Score.objects.bulk_create(rows, ignore_conflicts=True)
                tick()
                rows, written = [], monotonic()
        Score.objects.bulk_create(rows, ignore_conflicts=True)
        last = outputs[-1].pk
        if len(outputs) == SCORED_AT_A_TIME:
            tick()


def _scores(outputs: Sequence[Output], metric_id: int, score: Scorer) -> list[Score]:
    """The scores of some outputs, those that hold an answer by one call of the metric."""
    answers = [
        (
            Answer(
                each.text,
                each.latency_ms,
                each.prompt_tokens,
                each.completion_tokens,
                each.given_scores,
                each.finish_reason,
                question_of(each.item.input) if score.metric.reads_question else "",
                input=each.item.input if score.metric.needs_model else None,
                context=each.item.context if score.metric.needs_model else "",
            ),
            each.item.references,
        )
        for each in outputs
        if each.text is not None
    ]
    scored = iter(score.batch(answers))
    rows = []
    for output in outputs:
        if output.text is None:
            found = MetricScore(None, f"no answer: {output.error}")
        else:
            found = next(scored)
        rows.append(
            Score(
                output=output,
                metric_id=metric_id,
                value=found.value,
                reason=found.reason[:300],
                extracted=found.extracted,
            )
        )
    return rows


def _items_done(claim: ShardClaim, scorers: Scorers) -> int:
    done = _outputs(claim)
    for metric_id, _ in scorers:
        done = done.filter(_scored_by(metric_id))
    return min(claim.size, done.count() // claim.shard.run.samples)


def _scored_by(metric_id: int) -> Exists:
    return Exists(Score.objects.filter(output=OuterRef("pk"), metric=metric_id))


def _items(claim: ShardClaim) -> QuerySet[Item]:
    items = Item.objects.filter(version=claim.shard.run.test_set_version_id)
    found: QuerySet[Item] = items.between(claim.shard.start, claim.shard.stop)
    return found


def _outputs(claim: ShardClaim) -> QuerySet[Output]:
    return Output.objects.filter(
        run=claim.shard.run_id,
        item__version=claim.shard.run.test_set_version_id,
        item__position__gte=claim.shard.start,
        item__position__lt=claim.shard.stop,
    )
