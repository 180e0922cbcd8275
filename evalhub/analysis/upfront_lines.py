"""What is paid once: training, the work on its data, this study. Pure."""

from collections.abc import Mapping
from typing import Any

from evalhub.analysis.cost_figures import (
    RECORD,
    GpuPrices,
    KnownCosts,
    Rented,
    figure,
    line,
    rented_line,
    said_figure,
    unknown,
)
from evalhub.schemas.cost_sheet import CostLine, Ends
from evalhub.schemas.currencies import CODES
from evalhub.schemas.ownership import MOST, Machines, Ownership, PaidWork


def training_line(said: Ownership, found: KnownCosts, gpu_price: GpuPrices) -> CostLine:
    name, asked, record = "training", said.training, found.training
    if not found.trained and asked is None:
        none = figure(name, (0, 0), "said", "nothing was trained for the candidate", fixed=True)
        return line("training", name, none)
    if asked is not None and asked.bill is not None:
        return line("training", name, said_figure("training bill", asked.bill))
    bill = record.get("cost")
    if asked is None and isinstance(bill, Mapping):
        return _recorded_bill(bill, found.currency)
    hours = None if asked is None else asked.hours
    if hours is not None:
        lasted = said_figure("training hours", hours, "hours")
    elif (recorded := _recorded_hours(record)) is not None:
        source = RECORD
        lasted = figure("training hours", (recorded, recorded), "measured", source, "hours")
    else:
        return unknown(
            "training",
            name,
            "say ownership.training.hours (or its bill), or keep hours or cost in the training "
            "record",
        )
    hardware = record.get("hardware")
    rented = _machines(asked, hardware if isinstance(hardware, Mapping) else {})
    return rented_line("training", name, rented, [lasted], found.currency, gpu_price)


def _recorded_bill(bill: Mapping[str, Any], currency: str) -> CostLine:
    amount, told = _number(bill.get("amount")), bill.get("currency")
    if amount is None or not isinstance(told, str) or told not in CODES:
        return unknown(
            "training",
            "training",
            "the training record's cost is no amount of 0 or more in a known currency: say "
            "ownership.training.bill",
        )
    if told != currency:
        return unknown(
            "training",
            "training",
            f"the training record's bill is in {told} and this sheet in {currency}: amounts of two "
            f"currencies are never added; say ownership.training.bill in {currency}",
        )
    source = f"{RECORD} ({bill.get('source') or 'who paid isn’t said'})"
    return line("training", "training", figure("training bill", (amount, amount), "said", source))


def _recorded_hours(record: Mapping[str, Any]) -> float | None:
    hours, seconds = _number(record.get("hours")), _number(record.get("seconds"))
    if hours is None and seconds is not None:
        hours = seconds / 3600
    return hours


def _number(value: object) -> float | None:
    """A record's number that can be reckoned with; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= MOST else None


def _machines(asked: Machines | None, hardware: Mapping[str, Any]) -> Rented:
    gpu, gpus, price = (None, None, None) if asked is None else (asked.gpu, asked.gpus, asked.price)
    recorded = gpu is None and price is None
    if gpu is None and isinstance(hardware.get("gpu"), str):
        gpu = hardware["gpu"]
    count = hardware.get("gpus")
    if recorded and gpus is None and isinstance(count, int) and count > 0:
        gpus = count
    return Rented(gpu, gpus, price, recorded, "ownership.training")


def data_lines(said: Ownership, found: KnownCosts) -> list[CostLine]:
    if said.data is None:
        if not found.trained:
            none = figure(
                "data", (0, 0), "said", "nothing was trained for the candidate", fixed=True
            )
            return [line("data", "data", none)]
        return [unknown("data", "data", "say ownership.data: whose hours made it, at which rate")]
    if not said.data:
        return [line("data", "data", said_figure("data", (0, 0)))]
    return [_work(name, each) for name, each in said.data.items()]


def _work(called: str, work: PaidWork) -> CostLine:
    name = f"data, {called}"
    if work.bill is not None:
        return line("data", name, said_figure(f"{name}: bill", work.bill))
    rate = said_figure(f"{name}: rate", work.rate or (0, 0), "an hour")
    if work.hours is not None:
        return line("data", name, said_figure(f"{name}: hours", work.hours, "hours"), rate)
    low, high = work.an_hour or (1, 1)
    pace = figure(
        f"{name}: hours an example",
        Ends(low=1 / high, value=2 / (low + high), high=1 / low),
        "said",
        f"{low:g} examples an hour" if low == high else f"{low:g} to {high:g} examples an hour",
        "hours",
    )
    examples = said_figure(f"{name}: examples", work.examples or (0, 0), "examples")
    return line("data", name, examples, pace, rate)


def evaluation_lines(said: Ownership, found: KnownCosts) -> list[CostLine]:
    name = "evaluation, tokens"
    if said.evaluation.tokens is not None:
        lines = [line("evaluation", name, said_figure(name, said.evaluation.tokens))]
    elif found.tokens is not None:
        ends = (found.tokens, found.tokens)
        source = "what this study's runs and judges cost, request by request"
        lines = [line("evaluation", name, figure(name, ends, "measured", source))]
    else:
        lines = [unknown("evaluation", name, found.tokens_missing)]
    if found.review_hours is None:
        return lines
    ends = (found.review_hours, found.review_hours)
    people = "evaluation, reviewers"
    if said.evaluation.reviewer_rate is None:
        spent = f"{found.review_hours:.3g} hours were spent"
        return [
            *lines,
            unknown("evaluation", people, f"{spent}; say ownership.evaluation.reviewer_rate"),
        ]
    hours = figure(f"{people}: hours", ends, "measured", "this study's reviews", "hours")
    rate = said_figure(f"{people}: rate", said.evaluation.reviewer_rate, "an hour")
    return [*lines, line("evaluation", people, hours, rate)]
