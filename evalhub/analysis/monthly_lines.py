"""What is paid by the month: serving, upkeep, retraining; and what is saved on requests. Pure."""

from evalhub.analysis.cost_figures import (
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
from evalhub.analysis.ownership import Reckoning
from evalhub.declare.cost_sheet import UPFRONT, CostLine, Ends, Figure, Part
from evalhub.declare.ownership import HOURS_A_MONTH, Ownership, ServingCosts


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
