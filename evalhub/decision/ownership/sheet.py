"""The sheet of what owning a model costs: totals, break-even, and what they depend on. Pure."""

from collections.abc import Sequence

from evalhub.decision.cost_model import BENEFITS, TRAFFIC, CostModel
from evalhub.decision.wording import round_money
from evalhub.declare.cost_sheet import (
    EACH_TIME,
    UPFRONT,
    BreakEven,
    CostLine,
    CostSheet,
    Ends,
    Figure,
    Part,
    Swing,
    Tornado,
)

LARGEST = 5
TENTH = 0.1


def break_even(reckoning: CostModel) -> BreakEven:
    """Months until savings have paid the costs up front, at best and at worst."""
    unknown = reckoning.lines_without_amount(UPFRONT)
    if not reckoning.net_is_known:
        why = f"Not known yet. Missing: {_names(_causes(reckoning)) or 'a monthly bill'}."
        return BreakEven(low=None, value=None, high=None, never=False, sentence=why)
    best = min(
        (
            months
            for at in reckoning.corners(good=True)
            if (months := reckoning.outcome(at).months) is not None
        ),
        default=None,
    )
    worst = [reckoning.outcome(at).months for at in reckoning.corners(good=False)]
    value = reckoning.outcome(reckoning.middle).months
    if best is None:
        sentence = _never(reckoning.range_of(lambda at: reckoning.outcome(at).net, gain=True))
        return BreakEven(low=None, value=None, high=None, never=True, sentence=sentence)
    finite = [each for each in worst if each is not None]
    high = max(finite) if len(finite) == len(worst) else None
    if unknown:
        sentence = f"After {months_in_words(best)} months or more. Missing: {_names(unknown)}."
        return BreakEven(low=best, value=None, high=None, never=False, sentence=sentence)
    if high is None:
        sentence = f"After {months_in_words(best)} months at best, never at worst."
    elif months_in_words(best) == months_in_words(high):
        sentence = f"After {months_in_words(best)} months."
    else:
        sentence = f"After {months_in_words(best)} to {months_in_words(high)} months."
    return BreakEven(low=best, value=value, high=high, never=False, sentence=sentence)


def tornado(reckoning: CostModel) -> Tornado | None:
    """The figures with the largest effect on break-even, or, where nothing is saved, on the monthly
    net.

    Each goes from its low end to its high one while all others stay at their value. What was said
    without a range goes 10% either way; counts, and what was measured exactly, stay.
    """
    if not reckoning.net_is_known:
        return None
    middle = reckoning.outcome(reckoning.middle)
    at = middle.months
    of_net = at is None or bool(reckoning.lines_without_amount(UPFRONT)) or middle.upfront == 0

    def outcome(name: str, value: float) -> float | None:
        result = reckoning.outcome(reckoning.middle | {name: value})
        return result.net if of_net else result.months

    swings = [
        Swing(
            figure=figure,
            varied="tenth"
            if not figure.ranged
            else "interval"
            if figure.origin == "measured"
            else "range",
            at_low=outcome(
                figure.name, figure.low if figure.ranged else figure.value * (1 - TENTH)
            ),
            at_high=outcome(
                figure.name, figure.high if figure.ranged else figure.value * (1 + TENTH)
            ),
        )
        for figure in reckoning.figures.values()
        if figure.ranged or not (figure.fixed or figure.origin == "measured")
    ]
    moved = [each for each in swings if each.at_low != each.at_high]
    if not moved:
        return None
    moved.sort(key=_width, reverse=True)
    return Tornado(
        of="net" if of_net else "break-even",
        at=middle.net if of_net or at is None else at,
        swings=tuple(moved[:LARGEST]),
    )


def cost_sheet(
    lines: Sequence[CostLine],
    *,
    study: str,
    baseline: str,
    candidate: str,
    currency: str,
    traffic: Figure | None,
    notes: Sequence[str] = (),
) -> CostSheet:
    """The whole sheet of these lines, each with its amount."""
    reckoning = CostModel(lines)
    monthly: tuple[Part, ...] = ("serving", "upkeep", "retraining")
    net = reckoning.range_of(lambda at: reckoning.outcome(at).net, gain=True)

    def total(parts: tuple[Part, ...]) -> Ends | None:
        present_parts = {each.part for each in lines}
        if reckoning.lines_without_amount(parts) or not set(parts) <= present_parts:
            return None
        return reckoning.range_of(
            lambda at: sum(
                reckoning.amount(each, at) for part in parts for each in reckoning.of(part)
            ),
            gain=parts == ("present",),
        )

    return CostSheet(
        study=study,
        baseline=baseline,
        candidate=candidate,
        currency=currency,
        traffic=traffic,
        lines=tuple(_with_requests(reckoning, each, traffic) for each in lines),
        upfront=reckoning.range_of(reckoning.upfront, gain=False)
        if any(reckoning.of(part) for part in UPFRONT)
        else None,
        present=total(("present",)),
        monthly=total(monthly),
        net_monthly=net if reckoning.net_is_known else None,
        net_per_request=_divide_by_traffic(net, traffic) if reckoning.net_is_known else None,
        break_even=break_even(reckoning),
        tornado=tornado(reckoning),
        unknown=tuple(f"{each.name}: {each.missing}" for each in lines if each.missing),
        notes=tuple(notes),
    )


def months_in_words(months: float) -> str:
    """Months as text: 5.64, 26.3, 1,240."""
    return f"{months:,.0f}" if months >= 100 else f"{months:.3g}"


def _never(net: Ends) -> str:
    """Why nothing is ever paid back, from what is saved a month at best: nothing, or less."""
    if net.high == 0:
        return "Never: it saves nothing a month."
    more = Ends(low=-net.high, value=-net.value, high=-net.low)
    return f"Never: it costs {round_money(more)} more a month."


def _causes(reckoning: CostModel) -> list[CostLine]:
    """The lines that somebody has to fill in. A retraining that costs as much as this time again
    lacks what this time lacks, and nothing of its own."""
    lacking = reckoning.lines_without_amount(reckoning.net_parts)
    again = any(each.repeats for each in lacking)
    once = reckoning.lines_without_amount(EACH_TIME) if again else []
    return [*(each for each in lacking if not each.repeats), *once]


def _names(lines: Sequence[CostLine]) -> str:
    return ", ".join(each.name for each in lines)


def _width(swing: Swing) -> float:
    if swing.at_low is None or swing.at_high is None:
        return float("inf")
    return abs(swing.at_high - swing.at_low)


def _with_requests(reckoning: CostModel, line: CostLine, traffic: Figure | None) -> CostLine:
    """The line with its amount, and for a monthly line its cost per request."""
    reckoned = reckoning.with_amount(line)
    if line.missing or line.part in UPFRONT:
        return reckoned
    return reckoned.model_copy(update={"per_request": _per_request(reckoning, line, traffic)})


def _per_request(reckoning: CostModel, line: CostLine, traffic: Figure | None) -> Ends | None:
    """Cost of a monthly line per request; that of tokens doesn't depend on the traffic."""
    if traffic is None:
        return None
    if not any(each.name == TRAFFIC for each in line.figures):
        return _divide_by_traffic(
            reckoning.range_of(lambda at: reckoning.amount(line, at), gain=False), traffic
        )
    return reckoning.range_of(
        lambda at: reckoning.amount(line, at) / at[TRAFFIC], gain=line.part in BENEFITS
    )


def _divide_by_traffic(amount: Ends, traffic: Figure | None) -> Ends | None:
    """A monthly amount per request, from the least to the most traffic."""
    if traffic is None:
        return None
    ends = [
        end / requests
        for end in (amount.low, amount.high)
        for requests in (traffic.low, traffic.high)
    ]
    return Ends(low=min(ends), value=amount.value / traffic.value, high=max(ends))
