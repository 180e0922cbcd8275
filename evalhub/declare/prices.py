"""Prices of tokens and their sources, and limits on what may be spent."""

import datetime
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from evalhub.declare.declaration import Declaration, invalid

PER_TOKENS = 1_000_000


def _day(text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise invalid(f"is no day: say it as 2026-11-26, not {text!r}") from None


Day = Annotated[str, AfterValidator(_day)]
"""A date as 2026-11-26."""


class Rates(Declaration):
    """What a million tokens cost."""

    prompt: float = Field(ge=0, description="a million tokens of the prompt")
    completion: float = Field(ge=0, description="a million tokens of the answer")
    cached_prompt: float | None = Field(
        None,
        ge=0,
        description="a million tokens of the prompt that the server had read before; by default "
        "they cost as much as the others",
    )

    def cost(self, *, prompt: int, completion: int, cached: int = 0) -> float:
        """Cost of so many tokens at these rates; `cached` are part of the prompt's."""
        again = self.prompt if self.cached_prompt is None else self.cached_prompt
        fresh = max(0, prompt - cached)
        paid = fresh * self.prompt + (prompt - fresh) * again + completion * self.completion
        return paid / PER_TOKENS


class LongPromptRates(Rates):
    """What a request with a longer prompt costs, all of its tokens."""

    above: int = Field(ge=1, description="tokens of the prompt above which these rates hold")


class Price(Rates):
    """What a million tokens of an arm cost, in the currency of the other arms.

    A request is priced by itself, and never a sum of requests: by the length of its prompt.
    """

    long_prompts: Annotated[tuple[LongPromptRates, ...], Field(max_length=8)] = Field(
        (), description="rates of requests with a longer prompt, where the provider has such"
    )

    @model_validator(mode="after")
    def _rise(self) -> Self:
        bounds = [each.above for each in self.long_prompts]
        if bounds != sorted(set(bounds)):
            raise invalid("each stands above the one before it", "long_prompts")
        return self

    @property
    def free(self) -> bool:
        prices = (self, *self.long_prompts)
        return not any(of.prompt or of.completion or of.cached_prompt for of in prices)

    def rates(self, prompt: int) -> Rates:
        """The rates of a request whose prompt has so many tokens."""
        longer = [each for each in self.long_prompts if prompt > each.above]
        return longer[-1] if longer else self


class Listed(Declaration):
    """The entry of a price table from which a price comes.

    Attributes:
        provider, model: the table's provider and its name of the model.
        since: the day from which it holds.
        source: the provider's own page of prices.
        table: "evalhub": the one that comes with it; "home": the operator's own.
    """

    provider: str
    model: str
    since: Day
    source: str
    table: Literal["evalhub", "home"]

    @property
    def in_words(self) -> str:
        whose = "the table of this home" if self.table == "home" else "evalhub's table"
        return (
            f"{self.provider}'s price of {self.model} since {self.since} by {whose} ({self.source})"
        )


class UsedPrice(Declaration):
    """A price in use, and its origin: `listed` is null if the study states the price."""

    price: Price
    listed: Listed | None = None

    @property
    def rates_in_words(self) -> str:
        return "; ".join(_rates_text(rates) for rates in (self.price, *self.price.long_prompts))

    @property
    def sentence(self) -> str:
        """The price, its day and its source, in words."""
        where = "as the study says" if self.listed is None else self.listed.in_words
        return f"{self.rates_in_words}, {where}"


def _rates_text(rates: Rates) -> str:
    cached = "" if rates.cached_prompt is None else f" ({rates.cached_prompt:g} where cached)"
    above = (
        f"above {rates.above:,} tokens of prompt: " if isinstance(rates, LongPromptRates) else ""
    )
    return f"{above}{rates.prompt:g}{cached} and {rates.completion:g} a million tokens"


class Hourly(Declaration):
    """What a machine or a GPU costs an hour, from the cheapest to the dearest that is listed;
    `source` says by whom and since when."""

    low: float
    high: float
    currency: str
    source: str


class SpendingBudget(Declaration):
    """What asking may cost in all; where it is reached, nothing more is asked."""

    tokens: int | None = Field(
        None, ge=1, le=10**15, description="tokens, those of prompts and answers together"
    )
    money: float | None = Field(
        None, gt=0, le=1e12, description="in the currency of the arms' prices"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.tokens is None and self.money is None:
            raise invalid("says how much may be spent: tokens, money or both")
        return self


class RunBudget(SpendingBudget):
    """A budget to which a run counts. A request changes the fields that it has."""

    of: Literal["study", "arm"] | None = Field(
        None, description="which; by default the one that is used up, or the only one"
    )


class Spent(Declaration):
    """The spending so far, of one model.

    Attributes:
        asked: the version; a judge's where a run's answers were judged.
        judge: whether it was asked what answers are worth.
        prompt_tokens, completion_tokens: as the server told them. Those of a prompt are counted
            once where it gave several answers at a time; an attempt that failed tells none.
        cached_tokens: of the prompt's, those that the server had read before.
        untold: answers of which the server told no tokens.
        money: null where no price is known.
        price: where it is known.
    """

    asked: str
    judge: bool
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    untold: int
    money: float | None
    price: UsedPrice | None
    sentence: str


def spending_text(
    *,
    prompt: int,
    completion: int,
    without_count: int,
    money: float | None,
    price: UsedPrice | None,
) -> str:
    """Tokens and money spent, with the price and its source, in words."""
    parts: Sequence[str] = [
        f"{prompt + completion:,} tokens ({prompt:,} of prompts, {completion:,} of answers)"
    ]
    if without_count:
        parts = [
            *parts,
            f"without those of {without_count:,} answers, which the server didn't tell",
        ]
    if price is None:
        return f"{', '.join(parts)}; no price of it is known"
    cost = "unknown" if money is None else f"{money:,.4g}"
    return f"{', '.join(parts)}; money: {cost}, at {price.sentence}"
