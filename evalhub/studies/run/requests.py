"""Requests that runs still need, their cost at most, and whether a budget covers it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max
from django.db.models.functions import Length
from pydantic_core import to_json

from evalhub.declare.keys import Reach
from evalhub.declare.plan import PlannedBudget, PlannedJudging, PlannedRun
from evalhub.declare.prices import PER_TOKENS, Price, UsedPrice
from evalhub.declare.prompt import Prompt
from evalhub.declare.retrievers import AnyRetriever, Retriever
from evalhub.io.held_texts import is_held_text
from evalhub.io.passages import KEPT
from evalhub.io.tools import message_text
from evalhub.registry.models import (
    DocumentText,
    ModelVersion,
    Output,
    Run,
    Study,
    StudyBudget,
    StudyRun,
)
from runners.backends import backend_of
from runners.backends.asking import BackendRequest
from runners.prompting import PromptError, chat
from runners.retrieval import with_contexts
from runners.reusing import reusable_outputs

CHARACTERS_A_TOKEN = 4
JUDGED_TOKENS = 1
"""That come back where only a choice's likelihood is asked for."""
SEARCHED = 200
"""Items of a run whose retrieved passages are looked up when it is planned."""

type Planned = PlannedRun | PlannedJudging


@dataclass(frozen=True, slots=True)
class _PlannedRequest:
    """A request that is made so many times: the characters that are sent, and the tokens that come
    back at most; None where nobody bounds them."""

    times: int
    characters: int
    longest: int | None


def plan_run(run: Run, *, arm: str, test_set: str, repeat: int) -> PlannedRun:
    """The open requests of one run, and their cost at most by the run's price."""
    live = backend_of(run.version).live
    used = _price(run) if live else None
    planned, reused = _open_requests(run) if live else ([], 0)
    requests = sum(each.times for each in planned)
    prompt = -(-sum(each.times * each.characters for each in planned) // CHARACTERS_A_TOKEN)
    completion = sum_known(
        None if request.longest is None else request.times * request.longest for request in planned
    )
    money = 0.0 if requests == 0 else None
    if used is not None and completion is not None:
        if used.price.long_prompts:
            money = sum(each.times * _at_most(used.price, each) for each in planned)
        else:
            money = used.price.cost(prompt=prompt, completion=completion)
    return PlannedRun(
        arm=arm,
        test_set=test_set,
        repeat=repeat,
        live=live,
        requests=requests,
        reused=reused,
        prompt_tokens=prompt,
        completion_tokens=completion,
        money=money,
        price=used,
    )


def plan_runs(study: Study) -> tuple[list[Run], list[PlannedRun]]:
    """A study's runs, each once, and the open requests of each."""
    links = StudyRun.objects.filter(arm__study=study).select_related(
        "arm",
        "test_set",
        "run__version",
        "run__test_set_version",
        "run__budget",
        "run__arm_budget",
    )
    runs: dict[int, Run] = {}
    planned: list[PlannedRun] = []
    for link in links.order_by("test_set__position", "arm__position", "repeat"):
        if link.run_id not in runs:
            runs[link.run_id] = link.run
            planned.append(
                plan_run(
                    link.run, arm=link.arm.name, test_set=link.test_set.name, repeat=link.repeat
                )
            )
    return list(runs.values()), planned


def short_budgets(study: Study) -> list[PlannedBudget]:
    """Budgets that may not cover the study's open requests. Reads the items only if there is a
    budget."""
    links = StudyRun.objects.filter(arm__study=study)
    if not links.exclude(run__budget=None, run__arm_budget=None).exists():
        return []
    return [each for each in plan_budgets(*plan_runs(study)) if each.enough is False]


def plan_budgets(runs: Iterable[Run], planned: Sequence[Planned]) -> list[PlannedBudget]:
    """The budgets of these runs, each with the possible cost of its runs and judges."""
    budgets: dict[int, StudyBudget] = {}
    for run in runs:
        budgets |= {each.pk: each for each in (run.budget, run.arm_budget) if each is not None}
    return [
        _beside(budget, [one for one in planned if not budget.arm or _is_of(budget.arm, one)])
        for _, budget in sorted(budgets.items())
    ]


def _is_of(arm: str, planned: Planned) -> bool:
    """Whether these are requests to the arm itself, and not to its judges."""
    return isinstance(planned, PlannedRun) and planned.arm == arm


def _beside(budget: StudyBudget, planned: Sequence[Planned]) -> PlannedBudget:
    back, money = (
        sum_known(each.completion_tokens for each in planned),
        sum_known(each.money for each in planned),
    )
    tokens = None if back is None else back + sum(each.prompt_tokens for each in planned)
    fits: list[bool | None] = []
    may = []
    if budget.tokens is not None:
        fits.append(None if tokens is None else budget.spent_tokens + tokens <= budget.tokens)
        may.append("an unknown number of tokens" if tokens is None else f"{tokens:,} tokens")
    if budget.money is not None:
        fits.append(None if money is None else budget.spent_money + money <= budget.money)
        may.append("an unknown amount of money" if money is None else f"{money:,.4g} in money")
    enough = False if False in fits else None if None in fits else True
    sentence = f"{budget.sentence}; what is still asked may take {' and '.join(may)}"
    if enough is False:
        sentence += ", more than is left: it stops where that is used up"
    return PlannedBudget(
        arm=budget.arm,
        tokens=budget.tokens,
        money=budget.money,
        spent_tokens=budget.spent_tokens,
        spent_money=budget.spent_money,
        enough=enough,
        sentence=f"{sentence}.",
    )


def sum_known[N: (int, float)](values: Iterable[N | None]) -> N | None:
    """The sum; None if a value is None."""
    all_values: Sequence[N | None] = list(values)
    return None if None in all_values else sum(each for each in all_values if each is not None)


def _price(run: Run) -> UsedPrice | None:
    own = run.spending.filter(version=run.version_id).first()
    return None if own is None else own.price


def _at_most(price: Price, request: _PlannedRequest) -> float:
    """The cost of a request with the longest answer."""
    tokens = request.characters / CHARACTERS_A_TOKEN
    rates = price.rates(int(tokens))
    return (tokens * rates.prompt + (request.longest or 0) * rates.completion) / PER_TOKENS


def _open_requests(run: Run) -> tuple[list[_PlannedRequest], int]:
    """The open requests for each item (one for each choice if a server scores choices), and how
    many answers are reused because the same version has given them before."""
    answered = set(
        Output.objects.filter(run=run, text__isnull=False).values_list("item_id", "sample")
    )
    before = set(reusable_outputs(run).values_list("item__key", "item__digest", "sample"))
    requests, reused, longest = list[_PlannedRequest](), 0, run.version.sampling.max_tokens
    backend = backend_of(run.version)
    judges = backend.queue == "api" and not backend.why_no_choices
    passages = _Passages(run.version)
    columns = ("pk", "key", "digest", "input", "context", "choices", "tools")
    # in an order independent of the file's: the first ones are a fair sample
    order = () if passages.retriever is None else ("digest", "pk")
    rows = run.test_set_version.items.order_by(*order).values_list(*columns)
    for item, key, digest, item_input, context, choices, tools in rows.iterator():
        missing = [each for each in range(run.samples) if (item, each) not in answered]
        reusable = sum((key, digest, each) in before for each in missing)
        reused += reusable
        if not (left := len(missing) - reusable):
            continue
        length = _length(run.version.prompt, item_input, passages.instead_of(context, item_input))
        length += len(to_json(tools)) if tools else 0
        if is_held_text(choices):
            requests.append(_PlannedRequest(left, len(item_input), JUDGED_TOKENS))
        elif judges and choices is not None:
            requests += [
                _PlannedRequest(left, length + len(choice), JUDGED_TOKENS) for choice in choices
            ]
        else:
            requests.append(_PlannedRequest(left, length, longest))
    return requests, reused


@dataclass(slots=True)
class _Passages:
    """What the version's retriever puts in place of an item's own context.

    The first SEARCHED items are searched for as the run does it, where this site has the documents.
    A search costs milliseconds where there are many, so each later item counts as long as the mean
    of these. A server or a program isn't asked: its passages count as the most that they may be.
    """

    version: ModelVersion
    _lengths: list[int] = field(default_factory=list, init=False)

    @property
    def retriever(self) -> AnyRetriever | None:
        prompt: Prompt = self.version.prompt
        return prompt.retriever

    def instead_of(self, context: str, item_input: Any) -> str:
        """The context that is sent. Raises BackendError if the documents are missing."""
        if self.retriever is None:
            return context
        if not isinstance(self.retriever, Retriever):
            return " " * self.retriever.most_characters
        if len(self._lengths) >= SEARCHED:
            return " " * round(sum(self._lengths) / len(self._lengths))
        question = BackendRequest(item_id=0, sample=0, input=item_input, context=context)
        [filled], _ = with_contexts([question], self.version, Reach())
        self._lengths.append(len(filled.context))
        return filled.context


def longest_passages(version: ModelVersion) -> list[dict[str, str]] | None:
    """Passages as long as a version's can be that are kept of an answer; None without a retriever.

    Of documents of this site: as many as it shows, each as long as the longest.
    """
    retriever = version.prompt.retriever
    if retriever is None:
        return None
    if isinstance(retriever, Retriever):
        digest = retriever.documents.removeprefix("sha256:")
        texts = DocumentText.objects.filter(
            documents__project=version.model.project_id, documents__digest=digest
        )
        longest = texts.aggregate(longest=Max(Length("text"), default=0))["longest"]
        most = min(KEPT, retriever.k * longest)
    else:
        most = retriever.most_characters
    return [{"id": "1", "text": "x" * most}]


def _length(prompt: Prompt, item_input: str | list[dict[str, str]], context: str) -> int:
    try:
        return sum(len(message_text(each)) for each in chat(prompt, item_input, context))
    except PromptError:
        return 0
