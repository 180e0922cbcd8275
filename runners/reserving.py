"""Reserves room on budgets before requests are sent, for their largest cost.

Who asks holds a `Reservation`. It is made under the locks of its budgets, so that of several
workers and processes each sees what all the others may still cost.
"""

import datetime
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from pydantic_core import to_json

from evalhub.io.held_texts import is_held_text
from evalhub.registry.models import ModelVersion, Reserved, StudyBudget
from runners.backends.asking import BackendRequest
from runners.prompting import PromptError, chat

RESERVED_FOR = datetime.timedelta(seconds=60)
"""After that what a lost worker has reserved is free again."""
RENEWED_EVERY_S = 5.0

type Key = tuple[int, int]
"""An item and which answer to it."""


@dataclass(frozen=True, slots=True)
class MostCost:
    """What one answer may cost."""

    tokens: int
    money: float


def bytes_sent(version: ModelVersion, question: BackendRequest) -> int:
    """Bytes of what is sent for a question, as JSON in UTF-8: no tokenizer makes more tokens of
    it, and what a chat template adds is less than what JSON does. For each of its choices it is
    sent anew."""
    content = question.input
    if is_held_text(question.choices):
        return len(to_json(content))
    with suppress(PromptError):
        content = chat(version.prompt, content, question.context)
    prompt = len(to_json([content, list(question.tools or ())]))
    choices = question.choices or ()
    return prompt * max(1, len(choices)) + sum(len(to_json(choice)) for choice in choices)


@dataclass(slots=True)
class Reservation:
    """What one who asks has reserved on budgets, until the answers are there.

    Args:
        budgets: primary keys in ascending order.
    """

    budgets: tuple[int, ...]
    _holder: uuid.UUID = field(default_factory=uuid.uuid4, init=False)
    _open: dict[Key, MostCost] = field(default_factory=dict, init=False)
    _renewed: float = field(default=0.0, init=False)

    def take(self, priced: Iterable[tuple[BackendRequest, MostCost]]) -> int:
        """Reserves for the first of the questions, as many as may be paid for together; how many.

        One that is more than what is left is asked alone, while nothing else is under way on its
        budgets. 0: others have reserved what is left, or have spent it meanwhile.
        """
        before, self._open = self._open, {}
        now = timezone.now()
        with transaction.atomic():
            budgets = list(
                StudyBudget.objects.select_for_update().filter(pk__in=self.budgets).order_by("pk")
            )
            reserved = Reserved.objects.filter(budget__in=self.budgets).exclude(holder=self._holder)
            reserved.filter(until__lte=now).delete()
            sums = reserved.order_by().values_list("budget").annotate(Sum("tokens"), Sum("money"))
            others = {pk: MostCost(tokens, money) for pk, tokens, money in sums}
            left = [_Left.of(budget, others.get(budget.pk)) for budget in budgets]
            spent = any(budget.used_up for budget in budgets)
            for question, cost in priced:
                fits = all(budget.pays(cost) for budget in left)
                if spent or (not fits and (self._open or others)):
                    break
                self._open[_key(question)] = cost
                if not fits:
                    break
                for budget_left in left:
                    budget_left.less(cost)
            if self._open or before:
                self._tell()
        return len(self._open)

    def arrived(self, questions: Iterable[BackendRequest]) -> None:
        """Frees what was reserved for them, in the transaction that counts what they cost."""
        keys = [key for question in questions if (key := _key(question)) in self._open]
        for key in keys:
            del self._open[key]
        if keys:
            self._tell()

    def renew(self) -> None:
        """Renew the reservation from time to time while its requests are under way."""
        if self._open and monotonic() - self._renewed > RENEWED_EVERY_S:
            self._tell()

    def release(self) -> None:
        """Free all that is reserved; while the database is away it expires by itself."""
        if self._open:
            self._open = {}
            with suppress(OperationalError, InterfaceError):
                self._rows().delete()

    def _tell(self) -> None:
        if not self._open:
            self._rows().delete()
            return
        costs = self._open.values()
        now = {
            "tokens": sum(cost.tokens for cost in costs),
            "money": sum(cost.money for cost in costs),
            "until": timezone.now() + RESERVED_FOR,
        }
        if self._rows().update(**now) == 0:
            Reserved.objects.bulk_create(
                Reserved(budget_id=pk, holder=self._holder, **now) for pk in self.budgets
            )
        self._renewed = monotonic()

    def _rows(self) -> QuerySet[Reserved]:
        return Reserved.objects.filter(holder=self._holder)


@dataclass(slots=True)
class _Left:
    """Tokens and money left of a budget; None where it has no limit."""

    tokens: int | None
    money: float | None

    @classmethod
    def of(cls, budget: StudyBudget, reserved: MostCost | None) -> "_Left":
        others = reserved or MostCost(0, 0.0)
        tokens, money = budget.tokens, budget.money
        return cls(
            None if tokens is None else tokens - budget.spent_tokens - others.tokens,
            None if money is None else money - budget.spent_money - others.money,
        )

    def pays(self, cost: MostCost) -> bool:
        of_tokens = self.tokens is None or cost.tokens <= self.tokens
        return of_tokens and (self.money is None or cost.money <= self.money)

    def less(self, cost: MostCost) -> None:
        if self.tokens is not None:
            self.tokens -= cost.tokens
        if self.money is not None:
            self.money -= cost.money


def _key(question: BackendRequest) -> Key:
    return question.item_id, question.sample
