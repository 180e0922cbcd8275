"""The lines of a cost sheet: what the study file says, what was measured, what a table knows. Pure.

The study file comes first, then the training record, then the table of prices. What none of them
knows is a line without an amount, which says what would make it known.
"""

from evalhub.decision.ownership.figures import (
    ASSUMED,
    RECORD,
    SAID,
    ArmUse,
    GpuPrices,
    KnownCosts,
    Pair,
    Rented,
    figure,
    line,
    rented_line,
    said_figure,
    unknown,
)
from evalhub.decision.ownership.sheet import TRAFFIC, Reckoning
from evalhub.declare.cost_sheet import UPFRONT, CostLine, Ends, Figure, Part
from evalhub.declare.ownership import (
    HOURS_A_MONTH,
    MOST,
    Ownership,
    PaidWork,
    ServingCosts,
    TrainingCosts,
)
from evalhub.declare.training import Hardware, TrainingCost


def cost_lines(
    said: Ownership, found: KnownCosts, gpu_price: GpuPrices, *, assumed: Ownership | None = None
) -> list[CostLine]:
    """All lines, in the order in which they are read.

    Args:
        said: all that is said, by the study or for this sheet.
        assumed: what of it is said for this sheet alone.
    """
    traffic = traffic_of(said, assumed)
    lines = [
        training_line(said, found, gpu_price),
        *data_lines(said, found),
        *evaluation_lines(said, found),
        serving_line("present", found.baseline, said, found, traffic, gpu_price),
        serving_line("serving", found.candidate, said, found, traffic, gpu_price),
    ]
    if saving := saving_line(said, found, traffic):
        lines.append(saving)
    lines += [upkeep_line(said), retraining_line(said, Reckoning(lines))]
    return lines if assumed is None else [_told(each, assumed, found) for each in lines]


def traffic_of(said: Ownership, assumed: Ownership | None = None) -> Figure | None:
    """Requests a month; None where nobody said."""
    if said.traffic is None:
        return None
    found = said_figure(TRAFFIC, said.traffic, "requests a month")
    here = assumed is not None and assumed.traffic is not None
    return found.model_copy(update={"source": ASSUMED}) if here else found


def _told(line: CostLine, assumed: Ownership, found: KnownCosts) -> CostLine:
    """The line, whose figures say what is assumed for this sheet alone."""
    arm = {"present": found.baseline.name, "serving": found.candidate.name}.get(line.part)
    here = line.part in assumed.model_fields_set if arm is None else arm in assumed.serving
    figures = tuple(
        each.model_copy(update={"source": ASSUMED})
        if each.source == SAID and each.name != TRAFFIC and here
        else each
        for each in line.figures
    )
    return line.model_copy(update={"figures": figures})


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
    rented = _training_machines(asked, record.hardware)
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


def _training_machines(asked: TrainingCosts | None, hardware: Hardware) -> Rented:
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


def serving_line(
    part: Part,
    arm: ArmUse,
    said: Ownership,
    found: KnownCosts,
    traffic: Figure | None,
    gpu_price: GpuPrices,
) -> CostLine:
    name = f"serving {arm.name}"
    asked = said.serving.get(arm.name, ServingCosts())
    if asked.monthly is not None:
        return line(part, name, said_figure(f"{name}: bill", asked.monthly, "a month"))
    at = f"ownership.serving.{arm.name}"
    if asked.hosted:
        hours = said_figure(f"{name}: hours", asked.hours, "hours a month") if asked.hours else None
        always = (HOURS_A_MONTH, HOURS_A_MONTH)
        hours = hours or figure(
            f"{name}: hours",
            always,
            "assumed",
            "all day, all month: 24 · 365 / 12",
            "hours a month",
        )
        rented = Rented(asked.gpu, asked.gpus, asked.price, False, at)
        return rented_line(part, name, rented, [hours], found.currency, gpu_price)
    if traffic is None:
        return unknown(part, name, "say how many requests a month are expected: traffic")
    if asked.lengths_said:
        expected = _expected(arm, asked, name)
        if expected is None:
            why = arm.missing or "one of prompt_tokens and completion_tokens isn't known"
            return unknown(part, name, why)
        return line(part, name, traffic, expected)
    if arm.per_request is None:
        why = arm.missing or "what its answers took isn't known"
        return unknown(part, name, f"{why}; or say {at}.monthly, or its gpu")
    source = f"its own answers to {found.where}, each priced by itself at {_rates(arm)}"
    cost = figure(f"{name}: a request", arm.per_request, "measured", source, "a request")
    return line(part, name, traffic, cost)


def _expected(arm: ArmUse, asked: ServingCosts, name: str) -> Figure | None:
    """What one request of the expected length costs; None where its other half or its price isn't
    known."""
    if arm.price is None:
        return None
    prompt = asked.prompt_tokens or _both(arm.prompt)
    completion = asked.completion_tokens or _both(arm.completion)
    if prompt is None or completion is None:
        return None
    price = arm.price.price

    def at(sent: float, back: float) -> float:
        return price.rates(round(sent)).cost(prompt=round(sent), completion=round(back))

    lengths = f"{_span(prompt)} tokens sent and {_span(completion)} back"
    return figure(
        f"{name}: a request",
        Ends(
            low=at(prompt[0], completion[0]),
            value=at(sum(prompt) / 2, sum(completion) / 2),
            high=at(prompt[1], completion[1]),
        ),
        "said",
        f"a request of {lengths}, at {_rates(arm)}",
        "a request",
    )


def _both(value: float | None) -> Pair | None:
    return None if value is None else (value, value)


def _span(ends: Pair) -> str:
    low, high = ends
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _rates(arm: ArmUse) -> str:
    return "a price that isn't kept" if arm.price is None else arm.price.sentence


def saving_line(said: Ownership, found: KnownCosts, traffic: Figure | None) -> CostLine | None:
    """The paired difference, where both arms are priced by what was measured."""
    plain = all(
        said.serving.get(each.name, ServingCosts()) == ServingCosts()
        for each in (found.baseline, found.candidate)
    )
    if not plain or traffic is None or found.saving is None:
        return None
    source = (
        f"{found.baseline.name}'s cost less {found.candidate.name}'s, item by item of {found.where}"
    )
    saved = figure("saved a request", found.saving, "measured", source, "a request")
    return line("saving", "saved on requests", traffic, saved)


def upkeep_line(said: Ownership) -> CostLine:
    asked = said.upkeep
    if asked is None:
        return unknown("upkeep", "upkeep", "say ownership.upkeep, {monthly: 0} if there is none")
    if asked.monthly is not None:
        return line("upkeep", "upkeep", said_figure("upkeep: bill", asked.monthly, "a month"))
    hours = said_figure("upkeep: hours", asked.hours or (0, 0), "hours a month")
    return line(
        "upkeep", "upkeep", hours, said_figure("upkeep: rate", asked.rate or (0, 0), "an hour")
    )


def retraining_line(said: Ownership, sofar: Reckoning) -> CostLine:
    asked = said.retraining
    if asked is None:
        return unknown(
            "retraining",
            "retraining",
            "say ownership.retraining.times_a_year, 0 if it is never made anew",
        )
    times = said_figure("retraining: times", asked.times_a_year, "times a year")
    if asked.cost is not None:
        return line(
            "retraining", "retraining", times, said_figure("retraining: cost", asked.cost, "each")
        )
    if asked.times_a_year[1] > 0 and (lacking := sofar.unknown(UPFRONT)):
        names = ", ".join(each.name for each in lacking)
        return unknown(
            "retraining",
            "retraining",
            f"it is taken to cost what was paid once, of which {names} isn't known: say "
            "ownership.retraining.cost",
        )
    return line("retraining", "retraining", times, repeats=True)
