"""What is paid once: training, the work on its data, this study. Pure."""

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
from evalhub.declare.cost_sheet import CostLine, Ends
from evalhub.declare.ownership import MOST, Ownership, PaidWork, TrainingCosts
from evalhub.declare.training import Hardware, TrainingCost


def training_line(said: Ownership, found: KnownCosts, gpu_price: GpuPrices) -> CostLine:
    name, asked, record = "training", said.training, found.training
    if not found.trained and asked is None:
        none = figure(name, (0, 0), "said", "nothing was trained for the candidate", fixed=True)
        return line("training", name, none)
    if asked is not None and asked.bill is not None:
        return line("training", name, said_figure("training bill", asked.bill))
    if asked is None and record.cost is not None:
        return _recorded_bill(record.cost, found.currency)
    hours = None if asked is None else asked.hours
    if hours is not None:
        lasted = said_figure("training hours", hours, "hours")
    elif (recorded := record.wall_hours) is not None and recorded <= MOST:
        source = RECORD
        lasted = figure("training hours", (recorded, recorded), "measured", source, "hours")
    else:
        return unknown(
            "training",
            name,
            "say ownership.training.hours (or its bill), or keep hours or cost in the training "
            "record",
        )
    rented = _machines(asked, record.hardware)
    return rented_line("training", name, rented, [lasted], found.currency, gpu_price)


def _recorded_bill(bill: TrainingCost, currency: str) -> CostLine:
    if bill.amount > MOST:
        return unknown("training", "training", f"the training record's bill is above {MOST:g}")
    if bill.currency is None:
        why = "the training record's cost has no currency: say it there, or ownership.training.bill"
        return unknown("training", "training", why)
    if bill.currency != currency:
        return unknown(
            "training",
            "training",
            f"the training record's bill is in {bill.currency} and this sheet in {currency}: "
            f"amounts of two currencies are never added; say ownership.training.bill in {currency}",
        )
    source = f"{RECORD} ({bill.source or 'who says so isn’t kept'})"
    ends = (bill.amount, bill.amount)
    return line("training", "training", figure("training bill", ends, "said", source))


def _machines(asked: TrainingCosts | None, hardware: Hardware) -> Rented:
    at = "ownership.training"
    if asked is None or (asked.gpu is None and asked.price is None):
        gpus = None if asked is None else asked.gpus
        return Rented(hardware.gpu, gpus or hardware.gpus or None, None, gpus is None, at)
    return Rented(asked.gpu or hardware.gpu, asked.gpus, asked.price, False, at)


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
    name = f"data ({called})"
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
    name = "evaluation (tokens)"
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
    people = "evaluation (reviewers)"
    if said.evaluation.reviewer_rate is None:
        spent = f"{found.review_hours:.3g} hours were spent"
        return [
            *lines,
            unknown("evaluation", people, f"{spent}; say ownership.evaluation.reviewer_rate"),
        ]
    hours = figure(f"{people}: hours", ends, "measured", "this study's reviews", "hours")
    rate = said_figure(f"{people}: rate", said.evaluation.reviewer_rate, "an hour")
    return [*lines, line("evaluation", people, hours, rate)]
