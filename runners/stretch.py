"""The stretch of a run that a worker holds: the items of one shard, or of a few claimed together.

Its items are read once. It knows what of them is answered and scored, writes what comes, a batch in
one transaction, and tells the shards how far they are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import batched
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from pydantic_core import to_json

from evalhub.registry.models import Item, Output, Run, Score
from evalhub.registry.rows import insert
from runners import shards
from runners.backends.asking import Answered, BackendClient, BackendRequest, Reply, limit_of
from runners.metrics import MetricScore
from runners.metrics.score import LONGEST_REASON
from runners.outages import DATABASE_AWAY
from runners.reusing import reusable_outputs
from runners.shards import ClaimLost, ShardClaim
from runners.spending import Meter

ANSWER_COLUMNS = (
    "run_id",
    "item_id",
    "sample",
    "text",
    "error",
    "latency_ms",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "logprob",
    "choice_logprobs",
    "reasoning",
    "tool_calls",
    "passages",
    "given_scores",
    "served_model",
    "fingerprint",
    "fault",
)
SCORE_COLUMNS = ("output_id", "metric_id", "value", "reason", "extracted", "parts")
ANSWERED = ExpressionWrapper(Q(text__isnull=False), BooleanField())
LOOKED_UP_AT_A_TIME = 1000
TOLD_EVERY_S = 3.0
"""A fraction of a lease."""

type ScoreRow = tuple[int, int, float | None, str, bool | None, str | None]
"""As SCORE_COLUMNS; the parts as JSON."""
type Written = tuple[int, Answered]
"""The primary key of an output, and what it holds."""


def score_row(output: int, metric: int, score: MetricScore) -> ScoreRow:
    parts = None if score.parts is None else to_json(score.parts).decode()
    return output, metric, score.value, score.reason[:LONGEST_REASON], score.extracted, parts


@dataclass(slots=True)
class _ShardProgress:
    """A claimed shard, its progress, and the progress that was last written, with the time.

    `answered` counts items all of whose answers are kept, those that ended in an error not among
    them; `done` those that are answered, or in error, and scored.
    """

    claim: ShardClaim
    answered: int = 0
    done: int = 0
    reported: tuple[int, int] | None = None
    reported_at: float = 0.0

    @property
    def progress(self) -> int:
        """What a run tells of it: recorded answers are all there, so that scores are counted."""
        return self.done if self.claim.shard.run.source else self.answered

    @property
    def got_on(self) -> bool:
        """Whether anything was done since the last report; answers of earlier runs don't count."""
        if self.reported is None:
            return self.progress > self.claim.shard.done
        return (self.answered, self.done) > self.reported


@dataclass
class Stretch:
    """Shards of one run that one worker has claimed, to be scored by these metrics."""

    claims: Sequence[ShardClaim]
    metrics: Sequence[int]
    items_read: bool = True
    """Whether more of the items is read than what answers are compared with."""
    client: BackendClient | None = field(default=None, init=False)
    """Who is asked, once somebody is."""
    fresh: bool = field(default=True, init=False)
    """Whether none of it was answered before, so that what is done is what was written here."""
    _left: Counter[int] = field(default_factory=Counter, init=False)
    """Scores that an output needs still, by its primary key."""
    _samples: Counter[int] = field(default_factory=Counter, init=False)
    """Samples of an item that are answered and scored."""
    _kept: Counter[int] = field(default_factory=Counter, init=False)
    """Answers to an item that are kept."""

    def __post_init__(self) -> None:
        self._held = [_ShardProgress(claim) for claim in self.claims]
        self._of_item: dict[int, _ShardProgress] = {}
        self._item_of: dict[int, int] = {}

    @property
    def run(self) -> Run:
        return self.claims[0].shard.run

    @cached_property
    def meter(self) -> Meter:
        """The meter that counts what the version's answers cost."""
        return Meter.of_run(self.run)

    @cached_property
    def items(self) -> dict[int, Item]:
        """The items by primary key, with their requests and references."""
        items_by_pk: dict[int, Item] = {}
        fields = ["position", "references"]
        if self.items_read:
            fields += ["key", "digest", "input", "context", "choices", "tools"]
            fields += ["relevant", "answerable"]
        of_version = Item.objects.filter(version=self.run.test_set_version_id).only(*fields)
        held_at = {at: held_shard for held_shard in self._held for at in held_shard.claim.positions}
        for start, stop in self._positions:
            for item in of_version.between(start, stop):
                items_by_pk[item.pk], self._of_item[item.pk] = item, held_at[item.position]
        return items_by_pk

    @property
    def is_done(self) -> bool:
        """Whether all items were answered and scored here, so that there is nothing to look up."""
        return self.fresh and all(
            held_shard.done == held_shard.claim.size for held_shard in self._held
        )

    @cached_property
    def _positions(self) -> list[tuple[int, int]]:
        """Position ranges (start, stop) of its items, adjacent shards merged: mostly one."""
        ranges: list[tuple[int, int]] = []
        for start, stop in sorted((claim.shard.start, claim.shard.stop) for claim in self.claims):
            if ranges and ranges[-1][1] == start:
                start, _ = ranges.pop()
            ranges.append((start, stop))
        return ranges

    @cached_property
    def _outputs(self) -> list[QuerySet[Output]]:
        """Those of its items that are there, in a few parts; `items` tells whether one is its own.

        By the ids of the items, to which `output_once` leads: who asks for positions leaves it to
        the statistics of PostgreSQL whether all outputs are gone through for each item.
        """
        at = {item.position: item.pk for item in self.items.values()}
        parts = [[at[position] for position in range(*positions)] for positions in self._positions]
        return [
            Output.objects.filter(run=self.run, item__gte=min(ids), item__lte=max(ids)).order_by()
            for ids in parts
        ]

    def unscored(self, metric: int) -> list[int]:
        """Primary keys of its outputs without a score of that metric, in order."""
        outputs = self._items_by_output()
        return sorted(outputs.keys() - _with_score(outputs, metric))

    def _items_by_output(self) -> dict[int, int]:
        """The items of its outputs that are there, by the outputs' primary keys."""
        rows = (row for part in self._outputs for row in part.values_list("pk", "item_id"))
        return {pk: item for pk, item in rows if item in self.items}

    def unanswered(self) -> list[BackendRequest]:
        """The requests for which there is no stored output yet."""
        existing = {
            (item, sample): answered
            for outputs in self._outputs
            for item, sample, answered in outputs.annotate(answered=ANSWERED).values_list(
                "item_id", "sample", "answered"
            )
            if item in self.items
        }
        self.fresh = not existing
        self._count_kept(item for (item, _), answered in existing.items() if answered)
        return [
            BackendRequest(item.pk, sample, item.input, item.context, item.choices, item.tools)
            for item in self.items.values()
            for sample in range(self.run.samples)
            if (item.pk, sample) not in existing
        ]

    def take_over(self, questions: Sequence[BackendRequest]) -> list[Written]:
        """Writes the answers that the same version has given to the same items before, in runs on
        versions of this test set; what was written. The run says how many there were.

        Raises ClaimLost.
        """
        run = self.run
        wanted = {
            (self.items[question.item_id].key, question.sample): question for question in questions
        }
        outputs = reusable_outputs(run, {key for key, _ in wanted})
        reused: dict[tuple[str, int], Answered] = {}
        for output in outputs.select_related("item").order_by("pk"):
            question = wanted.get((output.item.key, output.sample))
            if question and self.items[question.item_id].digest == output.item.digest:
                given = replace(question, passages=output.passages)
                reused[output.item.key, output.sample] = (given, _reply_of(output))
        if not reused:
            return []
        with transaction.atomic():
            written = self.write([*reused.values()], [], paid=False)
            Run.objects.filter(pk=run.pk).update(reused=F("reused") + len(written))
        return written

    def write(
        self, batch: Sequence[Answered], scores: Sequence[ScoreRow], *, paid: bool = True
    ) -> list[Written]:
        """Writes answers and scores, counts what the answers cost where they were `paid` for, tells
        how far the shards are and renews their leases: all of it or nothing, in one transaction.

        Returns what was written of the batch: without what others had written before. Raises
        ClaimLost once what a loser brings is written: it is paid for.
        """
        lost = False
        try:
            with transaction.atomic():
                written = self._write_answers(batch)
                if scores:
                    self._count(insert(Score, SCORE_COLUMNS, scores, returning=("output_id",)))
                try:
                    self.renew()
                except ClaimLost:
                    lost = True
                    for held_shard in self._held:
                        shards.record_progress(held_shard.claim, held_shard.progress)
                if paid and batch:  # last, for others wait for these rows until it is written
                    self.meter.count(batch)
        except DATABASE_AWAY:
            self.fresh = False  # what was counted here isn't there
            raise
        if lost:
            raise ClaimLost
        return written

    def renew(self) -> None:
        """Tells how far the shards are and renews their leases, of those of which there is nothing
        new only now and then. Raises ClaimLost."""
        if not self.fresh:
            self._look_up()
        limit = "" if self.client is None else limit_of(self.client)
        now, renewed = monotonic(), False
        for held_shard in self._held:
            if (
                held_shard.reported != (held_shard.answered, held_shard.done)
                or now - held_shard.reported_at > TOLD_EVERY_S
            ):
                self._renew(held_shard, limit)
                held_shard.reported, held_shard.reported_at, renewed = (
                    (held_shard.answered, held_shard.done),
                    now,
                    True,
                )
        if not renewed:  # whether the run goes on
            self._renew(self._held[0], limit)

    def _renew(self, held_shard: _ShardProgress, limit: str) -> None:
        shards.renew(held_shard.claim, held_shard.progress, limit, got_on=held_shard.got_on)

    def _look_up(self) -> None:
        """Recount in the database which items are answered and scored."""
        outputs = self._items_by_output()
        complete = set(outputs).intersection(
            *(_with_score(outputs, metric) for metric in self.metrics)
        )
        for held_shard in self._held:
            held_shard.done = 0
        for item, samples in Counter(outputs[output] for output in complete).items():
            if samples >= self.run.samples:
                self._of_item[item].done += 1

    def _write_answers(self, batch: Sequence[Answered]) -> list[Written]:
        if not batch:
            return []
        # Two who write the same ones do so in the same order, or they would wait for each other.
        answers_by_key = {
            (question.item_id, question.sample): (question, reply) for question, reply in batch
        }
        rows = [_answer_row(self.run.pk, *answers_by_key[key]) for key in sorted(answers_by_key)]
        keys = insert(Output, ANSWER_COLUMNS, rows, returning=("id", "item_id", "sample"))
        for output, item, _ in keys:
            self._left[output], self._item_of[output] = len(self.metrics), item
        self._count_kept(
            item for _, item, sample in keys if answers_by_key[item, sample][1].text is not None
        )
        return [(output, answers_by_key[item, sample]) for output, item, sample in keys]

    def _count_kept(self, items: Iterable[int]) -> None:
        for item in items:
            self._kept[item] += 1
            if self._kept[item] == self.run.samples:
                self._of_item[item].answered += 1

    def _count(self, scored: Iterable[tuple[int]]) -> None:
        for (output,) in scored:
            self._left[output] -= 1
            if self._left[output] == 0:
                item = self._item_of.pop(output)
                self._samples[item] += 1
                if self._samples[item] == self.run.samples:
                    self._of_item[item].done += 1


def _with_score(outputs: Iterable[int], metric: int) -> set[int]:
    """The ids of these outputs that have a score of the metric."""
    with_score: set[int] = set()
    for some in batched(outputs, LOOKED_UP_AT_A_TIME):
        scores = Score.objects.filter(output__in=some, metric=metric).order_by()
        with_score.update(scores.values_list("output_id", flat=True))
    return with_score


def _answer_row(run: int, question: BackendRequest, reply: Reply) -> tuple[Any, ...]:
    return (
        run,
        question.item_id,
        question.sample,
        reply.text,
        reply.error,
        reply.latency_ms,
        reply.prompt_tokens,
        reply.completion_tokens,
        reply.finish_reason,
        reply.logprob,
        _json(reply.choice_logprobs),
        reply.reasoning,
        _json(reply.tool_calls),
        _json(question.passages),
        _json(reply.given_scores),
        reply.served_model,
        reply.fingerprint,
        reply.fault,
    )


def _reply_of(output: Output) -> Reply:
    return Reply(
        text=output.text,
        latency_ms=output.latency_ms,
        prompt_tokens=output.prompt_tokens,
        completion_tokens=output.completion_tokens,
        finish_reason=output.finish_reason,
        logprob=output.logprob,
        choice_logprobs=output.choice_logprobs,
        reasoning=output.reasoning,
        tool_calls=output.tool_calls,
        served_model=output.served_model,
        fingerprint=output.fingerprint,
    )


def _json(value: Any) -> str | None:
    return None if value is None else to_json(value).decode()
