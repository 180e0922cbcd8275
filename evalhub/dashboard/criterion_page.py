"""One criterion opened up: how it was computed, what it could show, how it counts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.dashboard.forest import Plot, Scale, Tick, around, drawn, factor_of, plot
from evalhub.dashboard.methods import Method, explained
from evalhub.dashboard.power_advice import Sampling, settling
from evalhub.dashboard.power_plot import PowerPlot, power_plot
from evalhub.verdict.criteria import SAME_RUN
from evalhub.verdict.rule import HARM_ALPHA, harm_p_values
from evalhub.verdict.verify import criteria_of_record
from evalhub.verdict.wording import percent, signed

TIERS = {
    "critical": "It is critical: a ship waits until it is shown to hold.",
    "supporting": "It is supporting: shown harm holds the candidate back, doubt doesn’t.",
    "advisory": "It is advisory: it is reported and decides nothing.",
}


@dataclass(frozen=True, slots=True)
class CriterionPage:
    """All that is said of one criterion; `number` counts from 1 as the record lists them."""

    number: int
    values: Mapping[str, Any]
    measured: str
    interval: str
    plot: Plot | None
    ticks: Sequence[Tick]
    bound: str
    bound_label: str
    interval_by: Sequence[Method]
    test_by: Sequence[Method]
    effective: float
    power: PowerPlot | None
    gap: str
    smallest: str
    settling: Sequence[str]
    rule: Sequence[str]


def criterion_pages(record: Mapping[str, Any]) -> list[CriterionPage]:
    """Every criterion of a record, in its order, without what only the database knows."""
    return [criterion_page(record, number + 1) for number in range(len(record["criteria"]))]


def criterion_page(
    record: Mapping[str, Any], number: int, sampling: Sampling | None = None
) -> CriterionPage:
    """The page of the criterion that the record lists as the `number`-th, counted from 1."""
    row = record["criteria"][number - 1]
    found, power = drawn(row), power_plot(row)
    scale = around(found.extent if found else [])
    return CriterionPage(
        number=number,
        values=row,
        measured=measured(row),
        interval=interval(row),
        plot=plot(row, scale, label=row["name"], noise=noise_of(record, row)),
        ticks=_ticks(scale, row),
        bound=bound(row),
        bound_label=_bound_label(row),
        interval_by=explained(row["method"]),
        test_by=[each for each in explained(row["test"]) if each not in explained(row["method"])],
        effective=row["n"] / row["design_effect"],
        power=power,
        gap="" if power is None else _in_unit(power.gap, row),
        smallest="" if power is None else _in_unit(power.smallest, row),
        settling=settling(row, power, sampling or Sampling()),
        rule=_rule(record, number),
    )


def noise_of(record: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval that the baseline shows against itself where this criterion was measured."""
    if row["role"] not in ("primary", "guard") or factor_of(row) is not None:
        return None
    floors = (record.get("noise_floor") or {}).get("test_sets", [])
    found = next((each for each in floors if each["test_set"] == row["test_set"]), None)
    return None if found is None else (found["lower"], found["upper"])


def measured(row: Mapping[str, Any]) -> str:
    """What was measured: a difference, or a ratio where a ratio is asked."""
    if factor_of(row) is not None:
        return "–" if row["ratio"] is None else percent(row["ratio"])
    return signed(row["difference"])


def interval(row: Mapping[str, Any]) -> str:
    """Its interval, in the same unit."""
    if factor_of(row) is None:
        return f"{signed(row['lower'])} to {signed(row['upper'])}"
    if row["ratio"] is None:
        return "none"
    return f"{percent(row['ratio_lower'] or 0.0)} to {percent(row['ratio_upper'])}"


def bound(row: Mapping[str, Any]) -> str:
    """Where the interval has to lie for the criterion to hold."""
    factor = factor_of(row)
    if factor is not None:
        side = "above" if row["higher_is_better"] else "below"
        return f"wholly {side} {percent(factor)} of the baseline"
    if row["role"] == "guard":
        return f"wholly above {signed(-row['margin'])}" if row["margin"] else "wholly above 0"
    return f"wholly above {signed(row['min_gain'])}" if row["min_gain"] else "wholly above 0"


def _ticks(scale: Scale, row: Mapping[str, Any]) -> list[Tick]:
    """Along the picture of a ratio stand shares of the baseline, not differences."""
    ticks = scale.ticks(6)
    if factor_of(row) is None:
        return ticks
    sign = 1.0 if row["higher_is_better"] else -1.0
    return [replace(tick, label=percent(1 + sign * tick.value)) for tick in ticks]


def _bound_label(row: Mapping[str, Any]) -> str:
    factor = factor_of(row)
    if factor is not None:
        return f"{percent(factor)} of the baseline"
    if row["role"] == "guard":
        return f"margin {signed(-row['margin'])}"
    return f"asked {signed(row['min_gain'] or 0.0)}"


def _in_unit(gap: float, row: Mapping[str, Any]) -> str:
    """A gap in the metric's unit, or as a share of the baseline where a ratio is asked."""
    if factor_of(row) is None or not row["baseline"]:
        return f"{gap:,.3g}"
    return f"{percent(gap / abs(row['baseline']))} of the baseline"


def _rule(record: Mapping[str, Any], number: int) -> list[str]:
    row = record["criteria"][number - 1]
    found = [f"It holds once its interval lies {bound(row)}.", *_place(record, row)]
    found += _level(record, row)
    if row["method"] != SAME_RUN:
        found += _harm(record, number)
    return found


def _place(record: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    tier = row.get("tier", "critical")
    said = TIERS[tier]
    primaries = sum(each["role"] == "primary" for each in record["criteria"])
    if row["role"] == "primary" and primaries > 1:
        if record.get("rule", {}).get("primaries") == "any-of":
            return [f"It is one of {primaries} primaries, of which one has to gain and none lose."]
        return [f"It is one of {primaries} primaries, all of which have to gain."]
    if tier == "critical":
        said += " Since all critical ones have to hold, their number needs no correction."
    return [said]


def _level(record: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    alpha = (1 - row["level"]) / 2
    asked = record["policy"].get("alpha")
    found = f"Its interval has a level of {100 * row['level']:.4g}%: α = {alpha:.2g} on either side"
    if asked is None or alpha >= float(asked) * (1 - 1e-9):
        return [f"{found}."]
    why = []
    if record.get("ledger"):
        why.append("the test set’s ledger")
    if record.get("rule", {}).get("primaries") == "any-of" and row["role"] == "primary":
        why.append("the other primaries, of which one is enough")
    shared = " and ".join(why) or "the study’s other candidates"
    return [f"{found}, less than the policy’s {float(asked):g} because of {shared}."]


def _harm(record: Mapping[str, Any], number: int) -> list[str]:
    criteria = criteria_of_record(record)
    limit = record.get("rule", {}).get("harm_alpha", HARM_ALPHA)
    raw, adjusted = criteria[number - 1].p_harm, harm_p_values(criteria)[number - 1]
    family = sum(each.requirement.tier != "advisory" for each in criteria)
    if criteria[number - 1].requirement.tier == "advisory":
        return [f"Harm: {_p(raw)}. Being advisory, it isn’t corrected and holds nothing back."]
    shown = "so harm is shown" if adjusted <= limit else "so no harm is shown"
    side = "at most" if adjusted <= limit else "above"
    return [
        f"Harm: {_p(raw)} by itself and {_p(adjusted)} by Holm’s method among the "
        f"{family} that count: {side} {limit:g}, {shown}."
    ]


def _p(value: float) -> str:
    return "p < .0001" if value < 0.0001 else f"p = {value:.2g}"
