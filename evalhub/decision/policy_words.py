"""A policy's fields and their changes, in the words of a colleague. Pure.

The page on which a policy is changed, a decision's record and the log of a project say the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FieldWords:
    """What a study-wide field is called, what its values are called, and a note for who sets it."""

    label: str
    values: Mapping[Any, str] = field(default_factory=dict)
    note: str = ""


RULE: Mapping[str, FieldWords] = {
    "alpha": FieldWords("Significance level", note="alpha: chance to ship by luck"),
    "harm_alpha": FieldWords("Level for a loss", note="chance of a false alarm"),
    "planned_gain": FieldWords("Gain worth finding", note="beyond what it must gain"),
    "primaries": FieldWords(
        "Sets that must gain", {"all-of": "all of them", "any-of": "one is enough"}
    ),
    "ledger": FieldWords(
        "Repeated looks cost",
        {"primaries": "where it must gain", "all": "everywhere", "off": "nothing"},
    ),
    "ledger_at": FieldWords(
        "Looks are counted", {"home": "on this site", "server": "on a server alone"}
    ),
    "leakage": FieldWords(
        "Items seen in training",
        {"judge": "count against it", "report": "are reported", "off": "aren’t looked for"},
    ),
    "failures": FieldWords(
        "Answers that failed",
        {"invalid": "make it invalid", "worst": "get the worst score"},
    ),
    "model_changes": FieldWords(
        "Model changed while asked", {"report": "is reported", "invalid": "makes it invalid"}
    ),
    "most_unanswered": FieldWords("Unanswered at most", note="share of an arm’s answers"),
    "jumps": FieldWords(
        "Gain beyond belief",
        {"hold": "holds a ship", "report": "is reported", "off": "isn’t looked for"},
    ),
    "min_reviewers": FieldWords("Reviewers at least"),
    "min_agreement": FieldWords("Agreement at least", note="Gwet’s AC1; empty: none needed"),
    "unconfirmed_reviewers": FieldWords(
        "Reviewers nobody confirmed", {"exclude": "don’t count", "count": "count"}
    ),
    "noise_floor": FieldWords("Second run of the baseline", {True: "asked", False: "not asked"}),
    "promoted": FieldWords("Baseline is the champion", {True: "required", False: "not required"}),
    "development": FieldWords("Development items"),
    "prices": FieldWords("Prices of the arms"),
    "ownership": FieldWords("Cost of owning it"),
    "baseline": FieldWords("Baseline"),
    "largest_gain": FieldWords("Largest gain that is believed"),
    "required": FieldWords("A ship waits for people", {True: "yes", False: "no"}),
    "min_gain": FieldWords("Gain over the baseline"),
}
"""Fields that hold for a whole study, by their names in its file."""

TIERS = {
    "critical": "needed for a ship",
    "supporting": "only a proven loss holds",
    "advisory": "only reported",
}
TAILS = {"bounded": "rare heavy losses assumed", None: "no unseen losses assumed"}
_GROUPS = {"people": "People", "pairwise": "Judge", "budgets": "Budget"}


def change_sentence(field: str, was: Any, now: Any) -> str:
    """What is asked now, and what was before, without a full stop.

    Args:
        field: where, as `PolicyChange` has it: "criteria.sums.margin", "alpha", "budgets.cost".
    """
    first, _, rest = field.partition(".")
    if first == "criteria":
        return _of_criterion(rest, was, now)
    if first in _GROUPS:
        return _of_group(_GROUPS[first], rest, was, now)
    known = RULE.get(first, FieldWords(_plain(first)))
    label = f"{known.label}, {rest}" if rest else known.label
    return f"{label}: {_value(now, known.values)} (was {_value(was, known.values)})"


def demand_phrase(demand: Mapping[str, Any]) -> str:
    """What must hold on a test set, as "may lose less than 0.1"."""
    if demand.get("role") == "primary" or demand.get("min_gain") is not None:
        return f"must gain more than {_value(demand.get('min_gain') or 0.0)}"
    if (share := demand.get("relative_margin")) is not None:
        return f"may lose less than {100 * share:g}% of the baseline’s score"
    if (margin := demand.get("margin")) is not None:
        return f"may lose less than {_value(margin)}"
    if demand.get("role") == "guard":
        return "may not lose"
    return "has no demand"


def _of_criterion(place: str, was: Any, now: Any) -> str:
    name, _, last = place.rpartition(".")
    if not name or last not in _PHRASES:
        return _of_whole(place, was, now)
    phrase = _PHRASES[last]
    if last in _AMOUNTS and None not in (was, now):
        return f"{name} {phrase(now)} (was {_AMOUNTS[last](was)})"
    return f"{name}: {phrase(now)} (was: {phrase(was)})"


def _of_whole(name: str, was: Any, now: Any) -> str:
    """A criterion that came or went, or whose demand is of another kind."""
    if now is None:
        return f"{name} isn’t required any more (was: {demand_phrase(was)})"
    if was is None:
        return f"{name} is required too: {demand_phrase(now)}"
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        amounts = [each for each in _AMOUNTS if was.get(each) != now.get(each)]
        if was.get("role") == now.get("role") and len(amounts) == 1:
            (amount,) = amounts
            return _of_criterion(f"{name}.{amount}", was.get(amount), now.get(amount))
        return f"{name} {demand_phrase(now)} (was: {demand_phrase(was)})"
    return f"{name}: {_value(now)} (was {_value(was)})"


def _of_group(group: str, rest: str, was: Any, now: Any) -> str:
    known = RULE.get(rest, FieldWords(_plain(rest)))
    label = f"{group}, {known.label.lower()}" if rest else group
    if now is None:
        return f"{label}: not asked any more"
    if was is None:
        return f"{label}: asked too ({_value(now, known.values)})"
    return f"{label}: {_value(now, known.values)} (was {_value(was, known.values)})"


def _loss(margin: Any) -> str:
    return demand_phrase({"role": "guard", "margin": margin})


def _share(share: Any) -> str:
    return demand_phrase({"role": "guard", "relative_margin": share})


def _gain(gain: Any) -> str:
    return demand_phrase({"role": "primary", "min_gain": gain})


def _worth(gain: Any) -> str:
    return "the study’s gain is worth finding" if gain is None else f"{gain:g} is worth finding"


_PHRASES: Mapping[str, Callable[[Any], str]] = {
    "margin": _loss,
    "relative_margin": _share,
    "min_gain": _gain,
    "planned_gain": _worth,
    "tier": lambda tier: TIERS.get(tier, _value(tier)),
    "tails": lambda tails: TAILS.get(tails, _value(tails)),
    "metric": lambda metric: f"scored by {_metric(metric)}",
    "options": lambda options: f"scored with {_value(options)}",
    "higher_is_better": lambda more: "more is better" if more else "less is better",
    "role": lambda role: {"primary": "must gain", "guard": "must not lose"}.get(role, _value(role)),
    "items": lambda items: f"items {_value(items)}",
    "test_set": lambda name: f"items of {_value(name)}",
    "file": lambda name: f"items of {_value(name)}",
    "suite": lambda name: f"items of the suite’s {_value(name)}",
    "mix": lambda mix: f"mix {_value(mix)}",
    "bounds": lambda bounds: f"scores within {_value(bounds)}",
}
"""By the field of a criterion, how a value of it is said."""

_AMOUNTS: Mapping[str, Callable[[Any], str]] = {
    "margin": lambda margin: _value(margin),
    "min_gain": lambda gain: _value(gain),
    "relative_margin": lambda share: f"{100 * share:g}%",
}
"""Of fields whose phrase ends in an amount, that amount alone."""


def _metric(metric: Any) -> str:
    if not isinstance(metric, Mapping):
        return _value(metric)
    options = {name: each for name, each in metric.items() if name != "name"}
    return f"{metric.get('name')}{f' ({_value(options)})' if options else ''}"


def _value(value: Any, names: Mapping[Any, str] | None = None) -> str:
    if names and not isinstance(value, (dict, list)) and value in names:
        return names[value]
    if value is None or value in ({}, [], ()):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(str(name))} {_value(each)}" for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(each) for each in value)
    return str(value)


def _plain(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")
