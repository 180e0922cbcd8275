"""Costs of requests: priced one by one, counted as replies come, limited by budgets.

Who asks holds a `Meter`. It counts in the transaction that writes the answers; several workers and
processes add to the same rows, and each sees what all have spent and what all have under way.
"""

import datetime
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import host_and_port
from evalhub.declare.prices import Price, RunBudget, UsedPrice
from evalhub.declare.version import BackendDeclaration
from evalhub.prices.table import AskedAt, prices_here
from evalhub.registry.models import Metric, ModelVersion, Run, Spending, StudyBudget
from runners.backends import backend_of
from runners.backends.asking import Answered, BackendError, BackendRequest, Paid, Reply
from runners.backends.endpoints import endpoints
from runners.reserving import MostCost, Reservation, bytes_sent

WAIT_S = 0.5
SUPPOSED = 1_000
"""Tokens of an answer whose length nothing limits, before there is any."""


class BudgetSpent(BackendError):
    """A budget is used up: nothing more is asked."""


def used_price(
    backend: BackendDeclaration, own: Price | None = None, day: datetime.date | None = None
) -> UsedPrice | None:
    """The price of asking it on a day, by default today; None where nobody said one: nothing is
    guessed. Raises evalhub.io.rows.DataError for what is wrong with the operator's table."""
    if own is not None:
        return UsedPrice(price=own)
    query = asked_at(backend)
    if query is None:
        return None
    return prices_here(settings.HOME).of(query, day or timezone.now().date())


def asked_at(backend: BackendDeclaration) -> AskedAt | None:
    """Where it asks which model, as far as that is known in this process; None where nobody sells
    it, or otherwise than by its list price."""
    sold = backend.seller
    if sold is None:
        return None
    model, url, alias = sold
    if alias is not None:
        try:
            endpoint = endpoints().get(alias)
        except BackendError:  # who asks says what is wrong
            endpoint = None
        url = None if endpoint is None else endpoint.url
    if url is None or "${" in url:  # which only the worker knows
        return AskedAt(model, endpoint=alias or "")
    host, port = host_and_port(url)
    return AskedAt(model, host, port, alias or "")


@dataclass(slots=True)
class _Sum:
    """Total cost of some replies."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    longest: int = 0
    untold: int = 0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt + self.completion


def tokens_billed(reply: Reply) -> Paid | None:
    """The tokens that a reply was billed for; None where they weren't reported."""
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
    """Counts a version's costs on the run's row and on the budgets that apply.

    Args:
        spending: the primary key of its row.
        budgets: primary keys of those that what is asked counts on, in ascending order.
    """

    version: ModelVersion
    price: Price | None
    spending: int
    budgets: tuple[int, ...]
    _reservation: Reservation = field(init=False)
    _untold: int = field(default=0, init=False)
    """Answers of which nobody told the tokens since it was made."""

    def __post_init__(self) -> None:
        self._reservation = Reservation(self.budgets)

    @classmethod
    def of_run(cls, run: Run) -> "Meter":
        """The meter of the run's own version."""
        return cls._of(run, run.version, (run.budget_id, run.arm_budget_id))

    @classmethod
    def of_judge(cls, run: Run, judge: ModelVersion) -> "Meter":
        """Of what a judge says of the run's answers: it counts on the study's budget, and not on
        that of the arm that it judges."""
        return cls._of(run, judge, (run.budget_id,))

    @classmethod
    def _of(cls, run: Run, version: ModelVersion, budgets: Iterable[int | None]) -> "Meter":
        row, _ = Spending.objects.get_or_create(run=run, version=version)
        budget_ids = tuple(sorted({budget for budget in budgets if budget is not None}))
        return cls(version, None if row.price is None else row.price.price, row.pk, budget_ids)

    def count(self, batch: Sequence[Answered]) -> None:
        """Adds what the replies cost, in the caller's transaction: what was paid for twice counts
        twice. An error of which nobody told any tokens counts for nothing."""
        spent = self._sum(reply for _, reply in batch)
        if spent.tokens or spent.untold:
            self._add(spent)
        self._reservation.arrived(question for question, _ in batch)

    def _add(self, spent: _Sum) -> None:
        self._untold += spent.untold
        priced = self.price is not None
        Spending.objects.filter(pk=self.spending).update(
            prompt_tokens=F("prompt_tokens") + spent.prompt,
            cached_tokens=F("cached_tokens") + spent.cached,
            completion_tokens=F("completion_tokens") + spent.completion,
            untold=F("untold") + spent.untold,
            longest=Greatest("longest", spent.longest),
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
            paid = tokens_billed(reply)
            if paid is None:
                spent.untold += reply.text is not None
                continue
            spent.prompt += paid.prompt
            spent.cached += paid.cached
            spent.completion += paid.completion
            spent.longest = max(spent.longest, paid.completion)
            if self.price is not None:
                spent.money += money_of(paid, self.price)
        return spent

    def check(self) -> None:
        """Raises BudgetSpent where a budget is used up, and BackendError where none can be held."""
        if not self.budgets:
            return
        for budget in StudyBudget.objects.filter(pk__in=self.budgets).order_by("pk"):
            if budget.money is not None and self.price is None:
                raise BackendError(
                    f"{budget} is one of money, and no price of {self.version} is known: say its "
                    "price in the study file, or leave money out"
                )
            free = budget.tokens is None and self.price is not None and self.price.free
            if self._untold and not free:
                raise BackendError(
                    f"{backend_of(self.version).address} doesn't tell how many tokens its answers "
                    f"take, so that {budget} can't be held: leave it out"
                )
            if spent := budget.used_up:
                raise BudgetSpent(
                    f"{budget.sentence}, so that nothing more is asked: raise {spent}"
                )
        self._reservation.renew()

    def lots(
        self, questions: Sequence[BackendRequest], wait: Callable[[], None]
    ) -> Generator[Sequence[BackendRequest]]:
        """The questions, as many at a time as the budgets pay for at most; all where there is none.

        What a lot may cost is reserved until its answers are counted, or this is closed. While
        others have reserved what is left, `wait` is called about every WAIT_S seconds; it may raise
        to stop. Raises as `check`.
        """
        if not self.budgets:
            yield questions
            return
        sent = [bytes_sent(self.version, question) for question in questions]
        try:
            start = 0
            while start < len(questions):
                self.check()
                end = start + self._take_room(questions[start:], sent[start:])
                if end == start:
                    wait()
                    sleep(WAIT_S)
                    continue
                yield questions[start:end]
                start = end
        finally:
            self._reservation.release()

    def _take_room(self, questions: Sequence[BackendRequest], sent: Sequence[int]) -> int:
        """For how many of them there is room, which is reserved. Of an answer whose length nothing
        limits the longest so far is taken for the longest that comes; the first is asked alone."""
        longest = self.version.sampling.max_tokens
        if longest is None:
            longest = Spending.objects.values_list("longest", flat=True).get(pk=self.spending)
            questions = questions if longest else questions[:1]
        costs = (self._at_most(size, longest or SUPPOSED) for size in sent)
        return self._reservation.take(zip(questions, costs, strict=False))

    def _at_most(self, prompt: int, answer: int) -> MostCost:
        money = 0.0 if self.price is None else money_of(Paid(prompt, answer), self.price)
        return MostCost(prompt + answer, money)


@dataclass(frozen=True, slots=True)
class Charges:
    """The prices of a launched run, and the budgets that it counts on.

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
    """Stores the run's budgets and price, of its own version if it is resumed.

    None leaves both as they are, and takes a table's price where the run has none. So does a run
    that has ended without one: of the day on which it was launched. In the caller's transaction.
    """
    backend = backend_of(run.version)
    live = goes_on and backend.live
    has_own_price = (
        charges is not None and charges.price is not None and charges.price.listed is None
    )
    if backend.live and not has_own_price and (charges is None or not goes_on):
        _price_by_table(run, backend)
    if charges is None:
        return
    budgets = (charges.budget, charges.arm_budget)
    if (run.budget, run.arm_budget) != budgets:
        run.budget, run.arm_budget = budgets
        run.save(update_fields=["budget", "arm_budget"])
    asking = {metric.options.get("by") for metric in Metric.objects.filter(runs__run=run)}
    judges = (asking | {charges.pairwise}) & charges.judges.keys()
    prices = {run.version: charges.price} if live else {}
    if judges:
        project = run.version.model.project_id
        for judge in ModelVersion.objects.filter(model__project=project, digest__in=judges):
            prices[judge] = charges.judges[judge.digest]
    for version, price in prices.items():
        now = {"price": price}
        row, _ = Spending.objects.get_or_create(run=run, version=version, defaults=now)
        if row.price != price:
            Spending.objects.filter(pk=row.pk).update(**now)


def _price_by_table(run: Run, backend: BackendDeclaration) -> None:
    if run.spending.filter(version=run.version, price__isnull=False).exists():
        return
    if price := used_price(backend, day=run.created.date()):
        row, _ = Spending.objects.get_or_create(run=run, version=run.version)
        Spending.objects.filter(pk=row.pk, price__isnull=True).update(price=price)


def set_budget(run: Run, limits: RunBudget, *, by: User | None) -> StudyBudget:
    """The budget that a run counts on, brought to what is said and noted; in the caller's
    transaction. It holds for all that counts on it, until the study's file is run again.

    Raises DeclarationError, with the field below `budget`, where the run counts on no such budget,
    where as much is spent already, or where money is said and no price is known.
    """
    budget = _budget_of(run, limits)
    current = StudyBudget.objects.select_for_update().select_related("project").get(pk=budget.pk)
    was = current.sentence
    current.tokens = current.tokens if limits.tokens is None else limits.tokens
    current.money = current.money if limits.money is None else limits.money
    own = run.spending.filter(version=run.version_id).first()
    if limits.money is not None and (own is None or own.price is None):
        raise DeclarationError(f"no price of {run.version} is known: leave it out", "budget.money")
    if unit := current.used_up:
        spent = f"{current.spent_tokens:,}" if unit == "tokens" else f"{current.spent_money:,.4g}"
        raise DeclarationError(
            f"{spent} are spent already, so that nothing would be asked: say more", f"budget.{unit}"
        )
    current.save(update_fields=["tokens", "money"])
    note(
        Action.BUDGET_SET,
        by=by,
        project=current.project,
        what=f"{current}, by run {run.pk}",
        was=was,
        tokens=current.tokens,
        money=current.money,
    )
    return current


def _budget_of(run: Run, limits: RunBudget) -> StudyBudget:
    """The run's budget that the limits are for. Raises DeclarationError where it is unclear."""
    of = {"study": run.budget, "arm": run.arm_budget}
    budgets = {name: each for name, each in of.items() if each is not None}
    if not budgets:
        raise DeclarationError(
            f"run {run.pk} counts on no budget: a study's file says one", "budget"
        )
    if limits.of is not None and limits.of not in budgets:
        raise DeclarationError(f"run {run.pk} counts on no budget of its {limits.of}", "budget.of")
    if limits.of is not None:
        return budgets[limits.of]
    candidates = [budget for budget in budgets.values() if budget.used_up] or list(budgets.values())
    if len(candidates) > 1:
        raise DeclarationError(
            f"missing: say study ({budgets['study'].sentence}) or arm ({budgets['arm'].sentence})",
            "budget.of",
        )
    return candidates[0]
