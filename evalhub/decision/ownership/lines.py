"""The lines of a cost sheet: what the study file says, what was measured, what a table knows. Pure.

The study file comes first, then the training record, then the table of prices. What none of them
knows is a line without an amount, which says what would make it known.
"""

from evalhub.decision.cost_model import TRAFFIC, CostModel
from evalhub.decision.ownership.figures import (
    ASSUMED,
    RECORD,
    STATED,
    ArmUse,
    GpuPrices,
    KnownCosts,
    Pair,
    Rented,
    figure,
    figure_stated,
    line,
    line_of_machines,
    unknown_line,
)
from evalhub.declare.cost_sheet import EACH_TIME, CostLine, Ends, Figure, Part
from evalhub.declare.ownership import (
    HOURS_A_MONTH,
    MOST,
    Ownership,
    PaidWork,
    ServingCosts,
    TrainingCosts,
)
from evalhub.declare.training import Hardware, TrainingCost

IN_ALL = "in all"
"""What all work on data is called where one sum stands for it."""


def cost_lines(
    ownership: Ownership,
    costs: KnownCosts,
    gpu_price: GpuPrices,
    *,
    assumed: Ownership | None = None,
) -> list[CostLine]:
    """All lines, in the order in which the sheet shows them.

    Args:
        ownership: all that is declared, by the study or for this sheet.
        assumed: the part of `ownership` that is declared for this sheet alone.
    """
    traffic = traffic_of(ownership, assumed)
    lines = [
        development_line(ownership, costs.candidate.name),
        training_line(ownership, costs, gpu_price),
        *data_lines(ownership, costs),
        *evaluation_lines(ownership, costs),
        serving_line("present", costs.baseline, ownership, costs, traffic, gpu_price),
        serving_line("serving", costs.candidate, ownership, costs, traffic, gpu_price),
    ]
    if saving := saving_line(ownership, costs, traffic):
        lines.append(saving)
    lines += [upkeep_line(ownership), retraining_line(ownership, CostModel(lines))]
    return lines if assumed is None else [_mark_assumed(each, assumed, costs) for each in lines]


def traffic_of(ownership: Ownership, assumed: Ownership | None = None) -> Figure | None:
    """Requests a month; None where nobody stated them."""
    if ownership.traffic is None:
        return None
    traffic = figure_stated(TRAFFIC, ownership.traffic, "requests a month")
    is_assumed = assumed is not None and assumed.traffic is not None
    return traffic.model_copy(update={"source": ASSUMED}) if is_assumed else traffic


def _mark_assumed(line: CostLine, assumed: Ownership, costs: KnownCosts) -> CostLine:
    """The line, with the source of each figure that is assumed for this sheet alone marked so."""
    tuned = costs.candidate.name
    by_arm = {
        "development": tuned in assumed.development,
        "present": costs.baseline.name in assumed.serving,
        "serving": tuned in assumed.serving,
    }
    is_assumed = by_arm.get(line.part, line.part in assumed.model_fields_set)
    figures = tuple(
        figure.model_copy(update={"source": ASSUMED})
        if figure.source == STATED and figure.name != TRAFFIC and is_assumed
        else figure
        for figure in line.figures
    )
    return line.model_copy(update={"figures": figures})


def development_line(ownership: Ownership, arm: str) -> CostLine:
    """What an arm's initial development cost. No retraining repeats it, and the baseline's, which
    runs already, is paid whatever is decided."""
    name = "initial development"
    costs = ownership.development.get(arm)
    if costs is None:
        missing = f"say ownership.development.{arm}, {{bill: 0}} if there was none"
        return unknown_line("development", name, missing)
    if costs.bill is not None:
        return line("development", name, figure_stated(f"{name}: bill", costs.bill))
    days = figure_stated(f"{name}: person-days", costs.person_days or (0, 0), "person-days")
    rate = figure_stated(f"{name}: rate", costs.rate or (0, 0), "a day")
    return line("development", name, days, rate)


def training_line(ownership: Ownership, costs: KnownCosts, gpu_price: GpuPrices) -> CostLine:
    name, training_costs, record = "training", ownership.training, costs.training
    if not costs.trained and training_costs is None:
        none = figure(name, (0, 0), "said", "nothing was trained for the candidate", fixed=True)
        return line("training", name, none)
    if training_costs is not None and training_costs.bill is not None:
        return line("training", name, figure_stated("training bill", training_costs.bill))
    if training_costs is None and record.cost is not None:
        return _bill_on_record(record.cost, costs.currency)
    hours = None if training_costs is None else training_costs.hours
    if hours is not None:
        lasted = figure_stated("training hours", hours, "hours")
    elif (recorded := record.wall_hours) is not None and recorded <= MOST:
        source = RECORD
        lasted = figure("training hours", (recorded, recorded), "measured", source, "hours")
    else:
        return unknown_line(
            "training",
            name,
            "say ownership.training.hours (or its bill), or keep hours or cost in the training "
            "record",
        )
    rented = _training_machines(training_costs, record.hardware)
    return line_of_machines("training", name, rented, [lasted], costs.currency, gpu_price)


def _bill_on_record(bill: TrainingCost, currency: str) -> CostLine:
    if bill.amount > MOST:
        return unknown_line("training", "training", f"the training record's bill is above {MOST:g}")
    if bill.currency is None:
        why = "the training record's cost has no currency: say it there, or ownership.training.bill"
        return unknown_line("training", "training", why)
    if bill.currency != currency:
        return unknown_line(
            "training",
            "training",
            f"the training record's bill is in {bill.currency} and this sheet in {currency}: "
            f"amounts of two currencies are never added; say ownership.training.bill in {currency}",
        )
    source = f"{RECORD} ({bill.source or 'who says so isn’t kept'})"
    ends = (bill.amount, bill.amount)
    return line("training", "training", figure("training bill", ends, "said", source))


def _training_machines(training_costs: TrainingCosts | None, hardware: Hardware) -> Rented:
    at = "ownership.training"
    if training_costs is None or (training_costs.gpu is None and training_costs.price is None):
        gpus = None if training_costs is None else training_costs.gpus
        return Rented(hardware.gpu, gpus or hardware.gpus or None, None, gpus is None, at)
    return Rented(
        training_costs.gpu or hardware.gpu, training_costs.gpus, training_costs.price, False, at
    )


def data_lines(ownership: Ownership, costs: KnownCosts) -> list[CostLine]:
    if ownership.data is None:
        if not costs.trained:
            none = figure(
                "data", (0, 0), "said", "nothing was trained for the candidate", fixed=True
            )
            return [line("data", "data", none)]
        return [
            unknown_line("data", "data", "say ownership.data: whose hours made it, at which rate")
        ]
    if not ownership.data:
        return [line("data", "data", figure_stated("data", (0, 0)))]
    return [_work(name, each) for name, each in ownership.data.items()]


def _work(called: str, work: PaidWork) -> CostLine:
    name = "data" if called == IN_ALL else f"data ({called})"
    if work.bill is not None:
        return line("data", name, figure_stated(f"{name}: bill", work.bill))
    rate = figure_stated(f"{name}: rate", work.rate or (0, 0), "an hour")
    if work.hours is not None:
        return line("data", name, figure_stated(f"{name}: hours", work.hours, "hours"), rate)
    low, high = work.an_hour or (1, 1)
    pace = figure(
        f"{name}: hours an example",
        Ends(low=1 / high, value=2 / (low + high), high=1 / low),
        "said",
        f"{low:g} examples an hour" if low == high else f"{low:g} to {high:g} examples an hour",
        "hours",
    )
    examples = figure_stated(f"{name}: examples", work.examples or (0, 0), "examples")
    return line("data", name, examples, pace, rate)


def evaluation_lines(ownership: Ownership, costs: KnownCosts) -> list[CostLine]:
    name = "this study's answers"
    if ownership.evaluation.tokens is not None:
        lines = [line("evaluation", name, figure_stated(name, ownership.evaluation.tokens))]
    elif costs.tokens is not None:
        ends = (costs.tokens, costs.tokens)
        source = "what this study's runs and judges cost, request by request"
        lines = [line("evaluation", name, figure(name, ends, "measured", source))]
    else:
        lines = [unknown_line("evaluation", name, costs.tokens_missing)]
    if costs.review_hours is None:
        return lines
    ends = (costs.review_hours, costs.review_hours)
    people = "this study's reviewers"
    if ownership.evaluation.reviewer_rate is None:
        spent = f"{costs.review_hours:.3g} hours were spent"
        return [
            *lines,
            unknown_line("evaluation", people, f"{spent}; say ownership.evaluation.reviewer_rate"),
        ]
    hours = figure(f"{people}: hours", ends, "measured", "this study's reviews", "hours")
    rate = figure_stated(f"{people}: rate", ownership.evaluation.reviewer_rate, "an hour")
    return [*lines, line("evaluation", people, hours, rate)]


def serving_line(
    part: Part,
    arm: ArmUse,
    ownership: Ownership,
    costs: KnownCosts,
    traffic: Figure | None,
    gpu_price: GpuPrices,
) -> CostLine:
    name = f"serving {arm.name}"
    serving_costs = ownership.serving.get(arm.name, ServingCosts())
    if serving_costs.monthly is not None:
        return line(part, name, figure_stated(f"{name}: bill", serving_costs.monthly, "a month"))
    at = f"ownership.serving.{arm.name}"
    if serving_costs.on_gpus:
        hours = (
            figure_stated(f"{name}: hours", serving_costs.hours, "hours a month")
            if serving_costs.hours
            else None
        )
        always = (HOURS_A_MONTH, HOURS_A_MONTH)
        hours = hours or figure(
            f"{name}: hours",
            always,
            "assumed",
            "all day, all month: 24 · 365 / 12",
            "hours a month",
        )
        rented = Rented(serving_costs.gpu, serving_costs.gpus, serving_costs.price, False, at)
        return line_of_machines(part, name, rented, [hours], costs.currency, gpu_price)
    if traffic is None:
        return unknown_line(part, name, "say how many requests a month are expected: traffic")
    if serving_costs.has_lengths:
        expected = _cost_by_length(arm, serving_costs, name)
        if expected is None:
            why = arm.missing or "one of prompt_tokens and completion_tokens isn't known"
            return unknown_line(part, name, why)
        return line(part, name, traffic, expected)
    if arm.per_request is None:
        why = arm.missing or "what its answers took isn't known"
        return unknown_line(part, name, f"{why}; or say {at}.monthly, or its gpu")
    source = f"its own answers to {costs.where}, each priced by itself at {_rates(arm)}"
    cost = figure(f"{name}: a request", arm.per_request, "measured", source, "a request")
    return line(part, name, traffic, cost)


def _cost_by_length(arm: ArmUse, serving_costs: ServingCosts, name: str) -> Figure | None:
    """Cost of one request of the stated length; None where a length or a price is unknown."""
    if arm.price is None:
        return None
    prompt = serving_costs.prompt_tokens or _both(arm.prompt)
    completion = serving_costs.completion_tokens or _both(arm.completion)
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


def saving_line(ownership: Ownership, costs: KnownCosts, traffic: Figure | None) -> CostLine | None:
    """The paired difference in cost, where both arms are priced by what was measured."""
    plain = all(
        ownership.serving.get(arm.name, ServingCosts()) == ServingCosts()
        for arm in (costs.baseline, costs.candidate)
    )
    if not plain or traffic is None or costs.saving is None:
        return None
    source = (
        f"{costs.baseline.name}'s cost less {costs.candidate.name}'s, item by item of {costs.where}"
    )
    saved = figure("saved a request", costs.saving, "measured", source, "a request")
    return line("saving", "saved on requests", traffic, saved)


def upkeep_line(ownership: Ownership) -> CostLine:
    upkeep = ownership.upkeep
    if upkeep is None:
        return unknown_line(
            "upkeep", "upkeep", "say ownership.upkeep, {monthly: 0} if there is none"
        )
    if upkeep.monthly is not None:
        return line("upkeep", "upkeep", figure_stated("upkeep: bill", upkeep.monthly, "a month"))
    hours = figure_stated("upkeep: hours", upkeep.hours or (0, 0), "hours a month")
    return line(
        "upkeep", "upkeep", hours, figure_stated("upkeep: rate", upkeep.rate or (0, 0), "an hour")
    )


def retraining_line(ownership: Ownership, sofar: CostModel) -> CostLine:
    retraining = ownership.retraining
    if retraining is None:
        return unknown_line(
            "retraining",
            "retraining",
            "say ownership.retraining.times_a_year, 0 if it is never retrained",
        )
    times = figure_stated("retraining: times", retraining.times_a_year, "times a year")
    if retraining.cost is not None:
        return line(
            "retraining",
            "retraining",
            times,
            figure_stated("retraining: cost", retraining.cost, "each"),
        )
    if retraining.times_a_year[1] > 0 and (lacking := sofar.lines_without_amount(EACH_TIME)):
        names = ", ".join(each.name for each in lacking)
        missing = (
            f"each costs as much as this time, where {names} is missing: say that, or "
            "ownership.retraining.cost"
        )
        return unknown_line("retraining", "retraining", missing, repeats=True)
    return line("retraining", "retraining", times, repeats=True)
