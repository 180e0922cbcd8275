"""Ask a model what an example is made of. Each question is written before it is asked.

A process that dies has lost what was under way at that moment and nothing else: what was answered
is stored with the example that was made of it, and whoever goes on asks the rest. Two processes
that ask at once share the calls by leases.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from itertools import batched
from time import sleep
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.keys import Reach
from evalhub.declare.prices import UsedPrice
from evalhub.declare.prompt import Prompt
from evalhub.features.examples.models import CallPart, ExampleCall, ExampleCallQuerySet
from evalhub.features.examples.sources.variations import Input, question_in, variation_of
from evalhub.io.canonical import canonical_json, digest_of
from evalhub.registry.models import ModelVersion
from reviews.errors import QueueClosedError
from reviews.models import ExampleQueue, QueueState
from runners.backends import backend_of
from runners.backends.asking import Answered, BackendClient, BackendError, BackendRequest, Reply
from runners.backends.clients import client_of
from runners.reserving import bytes_sent
from runners.retrieval import with_contexts
from runners.spending import money_of, tokens_billed, used_price

AT_ONCE = 500
"""Calls that one process holds at a time."""
LEASE = timedelta(seconds=60)
RENEWED_AFTER = timedelta(seconds=15)
WAIT_S = 0.5

type Use = Callable[[Sequence[ExampleCall]], None]
"""Makes of answered calls what they are for, in the transaction that stores the answers."""
type CallProgress = Callable[[int, int], None]
"""Called with how many calls are answered or failed, and of how many."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A question for a model, with what becomes of its answer; fields as of `ExampleCall`."""

    kind: str
    part: CallPart
    input: Input
    context: str = ""
    number: int = 1
    draft: Mapping[str, Any] = field(default_factory=dict)
    parent: int | None = None
    user_hash: str = ""

    @property
    def input_digest(self) -> str:
        return hashlib.sha256(canonical_json([self.input, self.context])).hexdigest()


@dataclass(frozen=True, slots=True)
class MostPaid:
    """What calls may cost at most.

    Attributes:
        calls: how many would be made.
        tokens: of prompts and answers together; None: the version doesn't limit its answers.
        money: in the price's currency; None: likewise, or no price is known.
        price: None: no price is known.
    """

    calls: int
    tokens: int | None
    money: float | None
    price: UsedPrice | None


class VersionCalls:
    """A version that is asked for examples of a queue.

    Args:
        reach: which addresses and keys it may use.
        by: who asks; None: the operator.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        BackendError: its answers are recorded, so that there is nobody to ask.
    """

    def __init__(
        self, queue: ExampleQueue, version: ModelVersion, reach: Reach, by: User | None
    ) -> None:
        check_evaluates(by, queue.project)
        self.queue, self.version, self.reach, self.by = queue, version, reach, by
        self.backend = backend_of(version)
        if not self.backend.live:
            raise BackendError(
                f"the answers of {version} are recorded: there is nobody to ask. Name a version "
                "with a server, such as one of backend openai"
            )
        self.price = used_price(self.backend)

    def prompt_of(self, part: CallPart) -> Prompt:
        """The prompt around a call's input: the version's own for answers, and none for the
        instruction to vary a question."""
        return self.version.prompt if part == CallPart.ANSWER else Prompt()

    def calls(self) -> ExampleCallQuerySet:
        calls: ExampleCallQuerySet = ExampleCall.objects.filter(
            queue=self.queue, version=self.version
        )
        return calls

    def plan(self, planned: Iterable[PlannedCall]) -> int:
        """Writes calls that aren't there yet, `AT_ONCE` in a transaction, so that others may write
        meanwhile. Returns how many these are."""
        before: int = self.calls().count()
        for some in batched(planned, AT_ONCE):
            rows = map(self._row, some)
            ExampleCall.objects.bulk_create(rows, ignore_conflicts=True)
        count: int = self.calls().count()
        return count - before

    def most_paid(self, planned: Sequence[PlannedCall]) -> MostPaid:
        """What these calls may cost at most: no tokenizer makes more tokens of a text than it has
        bytes, and an answer has at most the sampling's `max_tokens`."""
        longest = self.version.sampling.max_tokens
        if longest is None:
            return MostPaid(len(planned), None, None, self.price)
        tokens, money = 0, 0.0
        for call in planned:
            asked = ModelVersion(prompt=self.prompt_of(call.part))
            prompt = bytes_sent(asked, _request(self._row(call)))
            tokens += prompt + longest
            if self.price is not None:
                rates = self.price.price.rates(prompt)
                money += rates.cost(prompt=prompt, completion=longest)
        return MostPaid(len(planned), tokens, None if self.price is None else money, self.price)

    def _row(self, call: PlannedCall) -> ExampleCall:
        """The call, not stored."""
        return ExampleCall(
            queue=self.queue,
            version=self.version,
            kind=call.kind,
            part=call.part,
            number=call.number,
            input=call.input,
            context=call.context,
            input_digest=call.input_digest,
            prompt_digest=self._prompt_digest(call),
            draft=dict(call.draft),
            parent_id=call.parent,
            user_hash=call.user_hash,
            by=self.by,
        )

    def _prompt_digest(self, call: PlannedCall) -> str:
        prompt: dict[str, Any] = {"sampling": self.version.sampling.as_json()}
        if call.part == CallPart.QUESTION:
            variation = variation_of(call.kind)
            return digest_of(prompt | {"messages": variation.messages("", number=1, each=1)})
        return digest_of(prompt | {"prompt": self.version.prompt.as_json()})

    def ask(
        self, calls: ExampleCallQuerySet, use: Use, *, progress: CallProgress = lambda *_: None
    ) -> None:
        """Asks those of the calls that aren't answered, until none is left.

        Calls that another process holds are waited for: until it has their answers, or until it
        was silent for `LEASE`.

        Raises:
            BackendError: the server can't be used, or refuses; what came before is stored.
            QueueClosedError: the queue is closed, or was meanwhile.
        """
        total = calls.count()
        while True:
            self._check_open()
            token = uuid.uuid4()
            held = _lease(calls, token)
            try:
                for part in CallPart:
                    of_part = [call for call in held if call.part == part]
                    if of_part:
                        self._ask_held(of_part, token, use, lambda: progress(_done(calls), total))
            finally:
                calls.held_by(token).update(lease_token=None, lease_until=None)
            if not held:
                if not calls.unanswered().exists():
                    return
                sleep(WAIT_S)

    def _ask_held(
        self, calls: Sequence[ExampleCall], token: uuid.UUID, use: Use, tell: Callable[[], None]
    ) -> None:
        part = CallPart(calls[0].part)
        requests: Sequence[BackendRequest] = [_request(call) for call in calls]
        by_pk = {call.pk: call for call in calls}
        renewed = timezone.now()

        def renew() -> None:
            nonlocal renewed
            self._check_open()
            if timezone.now() - renewed > RENEWED_AFTER:
                renewed = timezone.now()
                self.calls().held_by(token).update(lease_until=renewed + LEASE)

        if part == CallPart.ANSWER:
            requests, failed = with_contexts(requests, self.version, self.reach, waiting=renew)
            if failed:
                self._store(failed, by_pk, token, use)
        with closing(self._client(part).answer(requests)) as batches:
            for batch in batches:
                if batch:
                    self._store(batch, by_pk, token, use)
                    tell()
                renew()

    def _check_open(self) -> None:
        queues = ExampleQueue.objects.filter(pk=self.queue.pk, state=QueueState.CLOSED)
        if queues.exists():
            raise QueueClosedError

    def _client(self, part: CallPart) -> BackendClient:
        if self.prompt_of(part) == self.version.prompt:
            return client_of(self.version, self.reach)
        module = import_module(f"runners.backends.{self.backend.type}")
        client: BackendClient = module.Client.of(
            self.backend, Prompt(), self.version.sampling, self.reach
        )
        return client

    @transaction.atomic
    def _store(
        self,
        batch: Sequence[Answered],
        by_pk: Mapping[int, ExampleCall],
        token: uuid.UUID,
        use: Use,
    ) -> None:
        """Stores the replies, and what is made of them, at once. A reply to a call that another
        process took meanwhile is dropped."""
        now = timezone.now()
        answered = list[ExampleCall]()
        for request, reply in batch:
            call = by_pk[request.item_id]
            fields = self._reply_fields(reply, now) | {"attempts": call.attempts + 1}
            held = self.calls().held_by(token).unanswered().filter(pk=call.pk)
            if held.update(**fields, lease_token=None, lease_until=None):
                for name, value in fields.items():
                    setattr(call, name, value)
                if call.answered is not None:
                    answered.append(call)
        if answered:
            use(answered)

    def _reply_fields(self, reply: Reply, now: datetime) -> dict[str, Any]:
        paid = tokens_billed(reply)
        costs = paid is not None and self.price is not None
        fields: dict[str, Any] = {
            "finish_reason": reply.finish_reason[:40],
            "served_model": reply.served_model[:200],
            "prompt_tokens": None if paid is None else paid.prompt,
            "completion_tokens": None if paid is None else paid.completion,
            "latency_ms": reply.latency_ms,
            "cost": money_of(paid, self.price.price) if costs else None,  # type: ignore[arg-type, union-attr]
        }
        if reply.error:
            return fields | {"error": reply.error}
        return fields | {"answer": reply.text or "", "answered": now}


def ask_failed_again(calls: ExampleCallQuerySet) -> int:
    """Lets the calls that ended in an error be asked again. Returns how many."""
    count: int = calls.failed().update(error="")
    return count


def prompt_text(prompt: Prompt) -> str:
    """A prompt as an example keeps it: its JSON; "" for one that adds nothing to an input."""
    return "" if prompt == Prompt() else json.dumps(prompt.as_json(), ensure_ascii=False)


def _request(call: ExampleCall) -> BackendRequest:
    """What is sent: an input to answer, or the instruction to vary its question."""
    if call.part == CallPart.ANSWER:
        return BackendRequest(call.pk or 0, 0, call.input, call.context)
    messages = variation_of(call.kind).messages(
        question_in(call.input), number=call.number, each=call.draft["each"]
    )
    return BackendRequest(call.pk or 0, 0, messages, "")


def _done(calls: ExampleCallQuerySet) -> int:
    count: int = calls.exclude(answered=None, error="").count()
    return count


def _lease(calls: ExampleCallQuerySet, token: uuid.UUID) -> list[ExampleCall]:
    """Calls that this process asks from now on, the oldest."""
    now = timezone.now()
    free = calls.unanswered().free(now)
    pks = list(free.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    free.filter(pk__in=pks).update(lease_token=token, lease_until=now + LEASE)
    return list(calls.held_by(token).unanswered().order_by("pk"))
