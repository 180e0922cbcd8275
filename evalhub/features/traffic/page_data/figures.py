"""Figures of production: hours of roll-ups added up. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from evalhub.features.traffic.storage.histogram import Histogram


class Sums(NamedTuple):
    """The columns of a roll-up that are plainly added up.

    `with_tokens` is how many of the requests say their tokens; likewise `with_cost`.
    """

    requests: int = 0
    errors: int = 0
    aborted: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    with_tokens: int = 0
    cost_usd: float = 0.0
    with_cost: int = 0

    @classmethod
    def together(cls, rows: Iterable[Iterable[Any]]) -> Self:
        """All of them added up, each in the order of the columns."""
        return cls(*map(sum, zip(*rows, strict=True)))


@dataclass(frozen=True, slots=True)
class Figures:
    """What pages say of any number of requests; `latency` is in milliseconds."""

    sums: Sums
    latency: Histogram

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """Roll-ups added up: the bytes of the latency, then the columns of `Sums`."""
        latencies, *columns = zip(*rows, strict=True)
        return cls(Sums(*map(sum, columns)), Histogram.read_together(latencies))

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        """All of them added up."""
        parts = list(parts)
        latency = Histogram.of(()).merge(*(part.latency for part in parts))
        return cls(Sums.together(part.sums for part in parts), latency)

    @property
    def requests(self) -> int:
        return self.sums.requests

    @property
    def error_share(self) -> float | None:
        """Of the requests; None without any."""
        return _ratio(self.sums.errors, self.requests)

    @property
    def prompt_length(self) -> float | None:
        """Mean tokens of a prompt, of the requests that say them; None without any."""
        return _ratio(self.sums.prompt_tokens, self.sums.with_tokens)

    @property
    def answer_length(self) -> float | None:
        """The same of an answer."""
        return _ratio(self.sums.completion_tokens, self.sums.with_tokens)

    @property
    def mean_cost(self) -> float | None:
        """Dollars a request, of those that say their cost; None without any."""
        return _ratio(self.sums.cost_usd, self.sums.with_cost)

    @property
    def p50(self) -> float | None:
        """The median latency in milliseconds, within 1%; None where no request says its own."""
        return self.latency.quantile(0.5)

    @property
    def p95(self) -> float | None:
        """The latency that 95% don't exceed, likewise."""
        return self.latency.quantile(0.95)


def _ratio(amount: float, count: int) -> float | None:
    return amount / count if count else None
