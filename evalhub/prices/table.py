"""The table of prices: as it comes with Evalhub, and as an operator adds to it. Read anew when its
file has changed; what a price was on a day stays there beside what it is now."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalhub.declare.currencies import Currency
from evalhub.declare.declaration import Declaration, invalid, read_declaration
from evalhub.declare.outside import Outside
from evalhub.declare.prices import Day, Listed, Price, UsedPrice
from evalhub.io.document import Document

SHIPPED = Path(__file__).parent / "prices.yaml"
HOMES = "prices.yaml"
"""An operator's own table, in EVALHUB_HOME."""
START = "a table of prices is a mapping that starts with schema: evalhub.prices/1"
FINE_TUNED = "ft:"


Place = Annotated[str, Field(min_length=1, max_length=200)]


class PriceSince(Price):
    """A price and the day from which it holds."""

    since: Day
    source: str | None = Field(
        None, min_length=1, description="where it stands, if not at the provider's source"
    )
    seen: Day | None = Field(None, description="when it was last seen, if not when the others were")
    seen_in: Place | None = Field(None, description="where, if not where the others were")

    @property
    def plain(self) -> Price:
        return Price(
            prompt=self.prompt,
            completion=self.completion,
            cached_prompt=self.cached_prompt,
            long_prompts=self.long_prompts,
        )


class ListedModel(Declaration):
    """A model by the names that requests may call it, and what it cost since when."""

    names: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1)
    ] = Field(description="in requests; a * at the end stands for anything that may follow")
    prices: tuple[PriceSince, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.prices:  # a flaw of one would hide behind a length that is declared
            raise invalid("is empty: say what it costs since when", "prices")
        days = [each.since for each in self.prices]
        if days != sorted(set(days)):
            raise invalid("from the oldest day to the newest, each day once", "prices")
        for at, name in enumerate(self.names):
            if "*" in name[:-1] or name == "*":
                raise invalid("has a * at its end alone, after what it stands for", "names", at)
        return self

    def name_for(self, model: str) -> str | None:
        """The longest of its names that means the model, itself before a pattern. A pattern means
        no fine-tuned model unless it says so: what was tuned costs more."""
        if model in self.names:
            return model
        fine_tuned = model.startswith(FINE_TUNED)
        matches = [
            name
            for name in self.names
            if name.endswith("*")
            and model.startswith(name[:-1])
            and fine_tuned == name.startswith(FINE_TUNED)
        ]
        return max(matches, key=len, default=None)

    def on(self, day: datetime.date) -> PriceSince | None:
        """The price that held on a day; None where the table doesn't go back so far."""
        prices = [each for each in self.prices if each.since <= day.isoformat()]
        return prices[-1] if prices else None


class Provider(Declaration):
    """Who sells a model's answers, and where they are asked."""

    hosts: tuple[Annotated[str, Field(min_length=1), Outside("address")], ...] = Field(
        (), description="host, or host:port, of the addresses where its models are asked"
    )
    endpoints: tuple[Annotated[str, Field(min_length=1), Outside("alias")], ...] = Field(
        (), description="aliases of EVALHUB_ENDPOINTS that mean it"
    )
    source: str = Field(min_length=1, description="its own page of prices")
    seen: Day | None = Field(
        None, description="when somebody last saw these prices; else the day from which each holds"
    )
    seen_in: Place | None = Field(
        None, description="where they were seen, if not at the source itself"
    )
    models: tuple[ListedModel, ...]

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not (self.hosts or self.endpoints):
            raise invalid("missing: say at which hosts or endpoints it is asked", "hosts")
        if not self.models:
            raise invalid("is empty: name a model", "models")
        names: set[str] = set()
        for at, model in enumerate(self.models):
            for position, name in enumerate(model.names):
                if name in names:
                    raise invalid(f"{name!r} stands here twice", "models", at, "names", position)
                names.add(name)
        return self


class PriceTable(Declaration):
    """A file of prices, all in one currency."""

    schema_: Literal["evalhub.prices/1"] = Field(alias="schema")
    currency: Currency = "USD"
    providers: dict[Annotated[str, Field(min_length=1, max_length=80)], Provider]


@dataclass(frozen=True, slots=True)
class AskedAt:
    """Where a model is asked: at a host with its port, under an alias, or both."""

    model: str
    host: str = ""
    port: int | None = None
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of one provider, and in which table it stands."""

    provider: str
    of: Provider
    model: ListedModel
    table: Literal["evalhub", "home"]

    def last_checked(self, price: PriceSince) -> datetime.date:
        """When somebody last saw it."""
        return datetime.date.fromisoformat(price.seen or self.of.seen or price.since)

    def source_of(self, price: PriceSince) -> str:
        """Where it was seen: at its source, or in whose list of it."""
        return price.seen_in or self.of.seen_in or "its source"

    def holds_still(self, price: PriceSince) -> bool:
        """Whether none came after it."""
        return price == self.model.prices[-1]

    def price_on(self, name: str, day: datetime.date) -> UsedPrice | None:
        """The price on that day, with its source."""
        price = self.model.on(day)
        if price is None:
            return None
        entry = Listed(
            provider=self.provider,
            model=name,
            since=price.since,
            source=price.source or self.of.source,
            table=self.table,
        )
        return UsedPrice(price=price.plain, listed=entry)


@dataclass(frozen=True, slots=True)
class Prices:
    """The tables that hold here, the operator's own before the one that comes with Evalhub: of
    that nothing where the operator's is in another currency."""

    home: PriceTable | None
    shipped: PriceTable

    @property
    def currency(self) -> str:
        """That of all amounts by these tables."""
        return self.shipped.currency if self.home is None else self.home.currency

    def currency_of(self, entry: Listed) -> str:
        """That of a price which one of the two tables listed, also where the operator's table
        came later and is in another one."""
        table = self.shipped if entry.table == "evalhub" or self.home is None else self.home
        return table.currency

    def entries(self) -> Iterator[Entry]:
        """All models, in the order of the tables."""
        if self.home is not None:
            yield from _entries(self.home, "home")
        if self.home is None or self.home.currency == self.shipped.currency:
            yield from _entries(self.shipped, "evalhub")

    def hosts(self) -> list[str]:
        """The distinct hosts at which the models are served."""
        return list(dict.fromkeys(host for each in self.entries() for host in each.of.hosts))

    def of(self, query: AskedAt, day: datetime.date) -> UsedPrice | None:
        """The model's price there on that day; None where no table lists it.

        The operator's table goes first where it knows the model on that day.
        """
        for table in ("home", "evalhub"):
            matches = [
                (entry, name)
                for entry in self.entries()
                if entry.table == table and _sells(entry.of, query)
                if (name := entry.model.name_for(query.model))
            ]
            if matches:
                best = max(matches, key=lambda one: (one[1] == query.model, len(one[1])))
                if used := best[0].price_on(best[1], day):
                    return used
        return None


def surcharge(prices: Prices, used: UsedPrice) -> str:
    """How much more a hosted fine-tune's tokens cost than those of the model that it was made from,
    in words: "its tokens cost 2 times those of gpt-4.1-mini"; "" where it is none, or that isn't
    listed by the same provider.
    """
    listing = used.listed
    if listing is None or not listing.model.startswith(FINE_TUNED):
        return ""
    base = listing.model.removeprefix(FINE_TUNED).partition(":")[0]
    day = datetime.date.fromisoformat(listing.since)
    for entry in prices.entries():
        if entry.provider != listing.provider or (name := entry.model.name_for(base)) is None:
            continue
        if (price := entry.model.on(day)) is not None and price.prompt and price.completion:
            ratios = used.price.prompt / price.prompt, used.price.completion / price.completion
            times = " and ".join(dict.fromkeys(f"{each:g}" for each in ratios))
            return f"its tokens cost {times} times those of {name}"
    return ""


def prices_here(home: Path) -> Prices:
    """The tables, with the one in this folder if there is one. Raises evalhub.io.rows.DataError
    for what is wrong with that, with its line and field."""
    return Prices(_read(home / HOMES), _read(SHIPPED) or _check_shipped())


def _check_shipped() -> PriceTable:
    raise FileNotFoundError(SHIPPED)


def _read(path: Path) -> PriceTable | None:
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return _table(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _table(path: Path, changed: int, size: int) -> PriceTable:
    return read_declaration(PriceTable, Document(path), start=START)


def _entries(table: PriceTable, whose: Literal["evalhub", "home"]) -> Iterator[Entry]:
    for name, provider in table.providers.items():
        for model in provider.models:
            yield Entry(name, provider, model, whose)


def _sells(provider: Provider, query: AskedAt) -> bool:
    if query.endpoint and query.endpoint in provider.endpoints:
        return True
    hosts = {query.host, f"{query.host}:{query.port}"} if query.host else set()
    return not hosts.isdisjoint(provider.hosts)
