"""Prices of GPU hours: a dated table that comes with Evalhub, and an operator's own."""

import datetime
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalhub.declare.currencies import Currency
from evalhub.declare.declaration import Declaration, default_of, invalid, read_declaration
from evalhub.declare.prices import Day, Hourly
from evalhub.io.document import Document
from evalhub.prices.table import PriceTable

GPUS = Path(__file__).parent / "gpus.yaml"
HOMES_GPUS = "gpus.yaml"
"""An operator's own table, in EVALHUB_HOME."""
GPUS_START = "a table of GPU prices is a mapping that starts with schema: evalhub.gpu-prices/1"

Text = Annotated[str, Field(min_length=1, max_length=200)]


class HourlySince(Declaration):
    """What an hour of a machine costs, and from which day on."""

    since: Day
    hourly: float = Field(ge=0, description="an hour of the whole machine")
    seen: Day | None = Field(None, description="when somebody last saw it")
    seen_in: Text | None = Field(None, description="where, if not at the source itself")


class Machine(Declaration):
    """What is rented: a machine with one or more GPUs of one kind."""

    name: Text
    provider: Text
    gpu: Text = Field(description="which GPU it has")
    gpus: int = Field(1, ge=1, description="how many of them")
    source: Text = Field(description="its provider's own page of prices")
    prices: tuple[HourlySince, ...]

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        if not self.prices:
            raise invalid("is empty: say what it costs since when", "prices")
        days = [each.since for each in self.prices]
        if days != sorted(set(days)):
            raise invalid("from the oldest day to the newest, each day once", "prices")
        return self

    def hourly_on(self, day: datetime.date) -> HourlySince | None:
        """The price that held on a day; None where the table doesn't go back so far."""
        prices = [each for each in self.prices if each.since <= day.isoformat()]
        return prices[-1] if prices else None


class GpuTable(Declaration):
    """A file of prices of GPUs, all in one currency."""

    schema_: Literal["evalhub.gpu-prices/1"] = Field(alias="schema")
    currency: Currency = default_of(PriceTable, "currency")
    gpus: dict[Text, tuple[Text, ...]] = Field(
        {}, description="by the name of a GPU in this table, what else it is called"
    )
    machines: tuple[Machine, ...]


def hourly_of(home: Path, name: str, day: datetime.date) -> Hourly | None:
    """What a machine of this name costs an hour on a day; of a GPU's name, one such GPU, from the
    cheapest to the dearest that is listed. None where nobody wrote it down.

    The operator's table goes first. Raises evalhub.io.rows.DataError for what is wrong with it.
    """
    for table in _tables(home):
        whole = [each for each in table.machines if _plain(each.name) == _plain(name)]
        gpu = _gpu(table, name)
        priced = [
            (price.hourly / (1 if whole else machine.gpus), _sentence(machine, price))
            for machine in whole or table.machines
            if (whole or _plain(machine.gpu) == gpu)
            and (price := machine.hourly_on(day)) is not None
        ]
        if priced:
            amounts = [amount for amount, _ in priced]
            return Hourly(
                low=min(amounts),
                high=max(amounts),
                currency=table.currency,
                source="; ".join(source for _, source in priced),
            )
    return None


def machines_here(home: Path) -> Iterator[tuple[Machine, str]]:
    """All that are listed, each with its currency, the operator's own first. Raises
    evalhub.io.rows.DataError for what is wrong with the operator's table."""
    for table in _tables(home):
        for machine in table.machines:
            yield machine, table.currency


def _sentence(machine: Machine, price: HourlySince) -> str:
    of = f" for {machine.gpus} GPUs" if machine.gpus > 1 else ""
    seen = f", seen {price.seen} in {price.seen_in}" if price.seen and price.seen_in else ""
    return (
        f"{machine.name} of {machine.provider}: {price.hourly:g} an hour{of} since {price.since} "
        f"({machine.source}{seen})"
    )


def _gpu(table: GpuTable, name: str) -> str:
    for gpu, others in table.gpus.items():
        if _plain(name) in {_plain(gpu), *(_plain(each) for each in others)}:
            return _plain(gpu)
    return _plain(name)


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "-").replace("_", "-")


def _tables(home: Path) -> Iterator[GpuTable]:
    for path in (home / HOMES_GPUS, GPUS):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        yield _gpu_table(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _gpu_table(path: Path, changed: int, size: int) -> GpuTable:
    return read_declaration(GpuTable, Document(path), start=GPUS_START)
