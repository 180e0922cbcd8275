"""What asking costs: priced request by request, counted as answers come, held to a budget.

Who asks holds a `Meter`. It counts in the transaction that writes the answers; several workers and
processes add to the same rows, and each sees what all have spent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from evalhub.registry.models import Metric, ModelVersion, Run, Shard, Spending, StudyBudget
from evalhub.registry.models.runs import ShardState
from evalhub.schemas.prices import Price, UsedPrice
from runners.backends import backend_of
from runners.backends.asking import BackendError, Paid, Reply
from runners.pricing import used_price

LOTS = 4
"""A quarter of a share is asked at a time: others may have begun that nobody sees yet."""


class BudgetSpent(BackendError):
    """A budget is used up: nothing more is asked."""


@dataclass(slots=True)
class _Sum:
    """What some replies cost."""

    answers: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    untold: int = 0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt + self.completion


def paid_for(reply: Reply) -> Paid | None:
    """The tokens that a reply was paid for with; None where nobody told them."""
    if reply.paid is not None:
        return reply.paid
    if reply.prompt_tokens is None or reply.completion_tokens is None:
        return None
    return Paid(reply.prompt_tokens, reply.completion_tokens)


def money_of(paid: Paid, price: Price) -> float:
    """What one request cost, by the length of its own prompt."""
    rates = price.rates(paid.prompt)
    return rates.cost(prompt=paid.prompt, completion=paid.completion, cached=paid.cached)


@dataclass(slots=True)
class Meter:
    """Counts what asking one version costs, on a run's row of it and on the budgets that hold.

    Args:
        spending: its row, or None where none is kept: a judge of pairs.
        budgets: primary keys of those that what is asked counts on, in ascending order.
    """

    version: ModelVersion
    price: Price | None
    spending: int | None
    budgets: tuple[int, ...]
    _seen: _Sum = field(default_factory=_Sum, init=False)
    """What was counted since it was made."""

    @classmethod
    def of_run(cls, run: Run) -> "Meter":
        """Of what the run's own version answers."""
        return cls._of(run, run.version, (run.budget_id, run.arm_budget_id))

    @classmethod
    def of_judge(cls, run: Run, judge: ModelVersion) -> "Meter":
        """Of what a judge says of the run's answers: it counts on the study's budget, and not on
        that of the arm that it judges."""
        return cls._of(run, judge, (run.budget_id,))

    @classmethod
    def _of(cls, run: Run, version: ModelVersion, budgets: Iterable[int | None]) -> "Meter":
        row, _ = Spending.objects.get_or_create(run=run, version=version)
        held = tuple(sorted({each for each in budgets if each is not None}))
        return cls(version, None if row.price is None else row.price.price, row.pk, held)

    def count(self, replies: Iterable[Reply]) -> None:
        """Adds what the replies cost, in the caller's transaction: what was paid for twice counts
        twice. An error of which nobody told any tokens counts for nothing."""
        spent = self._sum(replies)
        if not (spent.tokens or spent.untold):
            return
        seen = self._seen
        seen.answers += spent.answers
        seen.prompt += spent.prompt
        seen.completion += spent.completion
        seen.untold += spent.untold
        seen.money += spent.money
        priced = self.price is not None
        if self.spending is not None:
            Spending.objects.filter(pk=self.spending).update(
                prompt_tokens=F("prompt_tokens") + spent.prompt,
                cached_tokens=F("cached_tokens") + spent.cached,
                completion_tokens=F("completion_tokens") + spent.completion,
                untold=F("untold") + spent.untold,
                **({"money": Coalesce(F("money"), 0.0) + spent.money} if priced else {}),
            )
        for budget in self.budgets:
            StudyBudget.objects.filter(pk=budget).update(
                spent_tokens=F("spent_tokens") + spent.tokens,
                **({"spent_money": F("spent_money") + spent.money} if priced else {}),
            )

    def _sum(self, replies: Iterable[Reply]) -> _Sum:
        spent = _Sum()
        for reply in replies:
            paid = paid_for(reply)
            if paid is None:
                spent.untold += reply.text is not None
                continue
            spent.answers += 1
            spent.prompt += paid.prompt
            spent.cached += paid.cached
            spent.completion += paid.completion
            if self.price is not None:
                spent.money += money_of(paid, self.price)
        return spent

    def check(self) -> None:
        """Raises BudgetSpent where a budget is used up, and BackendError where none can be held."""
        if not self.budgets:
            return
        for budget in self._held():
            if budget.money is not None and self.price is None:
                raise BackendError(
                    f"{budget} is one of money, and no price of {self.version} is known: say its "
                    "price in the study file, or leave money out"
                )
            free = budget.tokens is None and self.price is not None and self.price.free
            if self._seen.untold and not free:
                raise BackendError(
                    f"{backend_of(self.version).address} doesn't tell how many tokens its answers "
                    f"take, so that {budget} can't be held: leave it out"
                )
            if gone := budget.gone:
                raise BudgetSpent(f"{budget.sentence}, so that nothing more is asked: raise {gone}")

    def room(self, questions: int, *, least: int) -> int:
        """How many of the questions may be asked before it is looked again: by what answers have
        cost so far, those that are paid for by this one's share of what is left, among all that are
        at work on the budget; and its share of `least`, one at least, in any case."""
        if not self.budgets:
            return questions
        seen, room = self._seen, questions
        held = self._held()
        share = max([1, *(_at_work(budget) for budget in held)])
        least = max(1, least // share)
        if not seen.answers:
            return min(questions, least)
        for budget in held:
            for most, spent, each in (
                (budget.tokens, budget.spent_tokens, seen.tokens / seen.answers),
                (budget.money, budget.spent_money, seen.money / seen.answers),
            ):
                if most is not None and each > 0:
                    room = min(room, int((most - spent) / each / (LOTS * share)))
        return min(questions, max(least, room))

    def _held(self) -> list[StudyBudget]:
        return list(StudyBudget.objects.filter(pk__in=self.budgets).order_by("pk"))


def _at_work(budget: StudyBudget) -> int:
    """Parts of runs that workers hold now and that count on the budget."""
    held = Shard.objects.filter(Q(run__budget=budget) | Q(run__arm_budget=budget))
    return held.filter(state=ShardState.CLAIMED).count()


@dataclass(frozen=True, slots=True)
class Charges:
    """By what a launched run is priced, and which budgets it counts on.

    Attributes:
        price: what the study says of the arm, with its source; None: no price is known.
        judges: likewise, by a judge's digest.
        pairwise: the digest of the judge that compares the run's answers, if one does.
    """

    price: UsedPrice | None = None
    judges: Mapping[str, UsedPrice | None] = field(default_factory=dict)
    pairwise: str = ""
    budget: StudyBudget | None = None
    arm_budget: StudyBudget | None = None


def begin(run: Run, charges: Charges | None, *, goes_on: bool) -> None:
    """Notes on which budgets a run counts and by what it is priced, its own version if it goes on.

    None leaves both as they are, and takes a table's price where the run has none. In the caller's
    transaction.
    """
    live = goes_on and backend_of(run.version).live
    if charges is None:
        if live and (price := used_price(backend_of(run.version))):
            row, _ = Spending.objects.get_or_create(run=run, version=run.version)
            Spending.objects.filter(pk=row.pk, price__isnull=True).update(price=price)
        return
    held = (charges.budget, charges.arm_budget)
    if (run.budget, run.arm_budget) != held:
        run.budget, run.arm_budget = held
        run.save(update_fields=["budget", "arm_budget"])
    asking = {each.options.get("by") for each in Metric.objects.filter(runs__run=run)}
    judges = (asking | {charges.pairwise}) & charges.judges.keys()
    asked = {run.version: charges.price} if live else {}
    if judges:
        project = run.version.model.project_id
        for judge in ModelVersion.objects.filter(model__project=project, digest__in=judges):
            asked[judge] = charges.judges[judge.digest]
    for version, price in asked.items():
        now = {"price": price}
        row, _ = Spending.objects.get_or_create(run=run, version=version, defaults=now)
        if row.price != price:
            Spending.objects.filter(pk=row.pk).update(**now)
