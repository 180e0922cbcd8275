"""Differences between two policies: easier to pass, stricter, or neither. Pure.

*Easier* is what can turn a verdict into a ship, or keep one from a hold, on some evidence and never
the other way round. *Stricter* is the reverse. A change that can do both, such as another metric,
is *incomparable*; one that decides nothing, such as an advisory criterion, is neither of these.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from evalhub.decision.criteria.primary import Primary
from evalhub.decision.criteria.table import CRITERIA, OF_ROLE
from evalhub.decision.policy import Policy


class Effect(StrEnum):
    """Effect of a change on the verdict."""

    label: str
    mark: str

    def __new__(cls, value: str, label: str = "", mark: str = "") -> "Effect":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.mark = label, mark
        return member

    EASIER = "easier", "easier to pass", "↓"
    OTHER = "incomparable", "can't be compared", "?"
    STRICTER = "stricter", "stricter", "↑"
    NONE = "decides-nothing", "decides nothing", "·"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A field that asks otherwise; `field` is where, as "criteria.sums.margin". None: not there."""

    field: str
    was: Any
    now: Any
    effect: Effect


@dataclass(frozen=True, slots=True)
class Demands:
    """The demands of one document, by their kind.

    Attributes:
        rule: the study-wide fields by name.
        people: what is asked of people's judgments; None: nobody is asked.
        criteria, budgets: by name, each with its fields.
        setting: whatever else a verdict rests on and that has no order.
        judge: what a judge of pairs may decide; None: no judge compares the arms.
    """

    rule: Mapping[str, Any]
    people: Mapping[str, Any] | None
    criteria: Mapping[str, Mapping[str, Any]]
    budgets: Mapping[str, Mapping[str, Any]]
    setting: Mapping[str, Any] = field(default_factory=dict)
    judge: Mapping[str, Any] | None = None


ORDERED: dict[str, Sequence[Any]] = {
    "ledger": ("off", "primaries", "all"),
    "ledger_at": ("home", "server"),
    "leakage": ("off", "report", "judge"),
    "failures": ("worst", "invalid"),
    "model_changes": ("report", "invalid"),
    "jumps": ("off", "report", "hold"),
    "noise_floor": (False, True),
    "promoted": (False, True),
    "required": (False, True),
    "unconfirmed_reviewers": ("count", "exclude"),
    "tier": ("advisory", "supporting", "critical"),
    "tails": (None, "bounded"),
}
"""Values of a field, the strictest last."""

_STRICTER = {field: more for kind in CRITERIA for field, more in kind.assessed.items()}

LESS_IS_STRICTER = (
    "alpha",
    "most_unanswered",
    *(field for field, more in _STRICTER.items() if more == "easier"),
)
MORE_IS_STRICTER = (
    "harm_alpha",
    "planned_gain",
    "min_gain",
    "min_agreement",
    "min_reviewers",
    "floor",
    *(field for field, more in _STRICTER.items() if more == "stricter"),
)
"""A laxer level of harm shows harm sooner. With a greater gain that is worth finding, an arm that
isn't fine-tuned is shown to do as well sooner."""

_DEMAND = ("role", "margin", "relative_margin", "min_gain")
_SAID_ELSEWHERE = ("unit",)
_LARGEST = "largest_gain."


def demands_of_policy(policy: Policy) -> Demands:
    """The demands of a policy document."""
    document = policy.as_json()
    criteria, budgets = document.pop("criteria"), document.pop("budgets")
    people = document.pop("preference")
    document.pop("schema")
    return Demands(document, people, criteria, budgets)


def policy_changes(old: Demands, new: Demands) -> list[PolicyChange]:
    """All differences from `old` to `new`, easier demands first."""
    one_primary = all(len(_rivals(each)) < 2 for each in (old, new))
    changes = [
        *_rule(old.rule, new.rule, one_primary=one_primary),
        *_people(old.people, new.people),
        *_criteria_changes("criteria", old.criteria, new.criteria, _any_of(old) or _any_of(new)),
        *_criteria_changes("budgets", old.budgets, new.budgets, False),
        *_judge(old.judge, new.judge),
        *_fields("", old.setting, new.setting),
    ]
    return sorted(changes, key=lambda change: list(Effect).index(change.effect))


def _rivals(policy: Demands) -> list[str]:
    return [name for name, each in policy.criteria.items() if each.get("role") == Primary.role]


def _any_of(policy: Demands) -> bool:
    return policy.rule.get("primaries") == "any-of"


def _rule(
    old: Mapping[str, Any], new: Mapping[str, Any], *, one_primary: bool
) -> Iterator[PolicyChange]:
    for change in _fields("", _flat(old), _flat(new)):
        if change.field == "primaries" and one_primary:
            yield PolicyChange(change.field, change.was, change.now, Effect.NONE)
        else:
            yield change


def _flat(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule, with one field for each criterion's largest gain."""
    gains = rule.get("largest_gain", {})
    rest = {name: each for name, each in rule.items() if name != "largest_gain"}
    return rest | {f"{_LARGEST}{name}": gain for name, gain in gains.items()}


def _people(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[PolicyChange]:
    if old is None and new is None:
        return
    if old is None or new is None:
        present = new if old is None else old
        asks = present is not None and present.get("required", True)
        more = Effect.STRICTER if asks else Effect.OTHER
        less = Effect.EASIER if asks else Effect.OTHER
        yield PolicyChange("people", old, new, more if old is None else less)
        return
    yield from _fields("people.", old, new)


def _judge(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[PolicyChange]:
    """Changes of the judge; an advisory judge decides nothing, and neither does one that is
    missing."""
    tiers = [each["tier"] if each else "advisory" for each in (old, new)]
    idle = tiers == ["advisory", "advisory"]
    if old is None or new is None:
        effect = Effect.STRICTER if old is None else Effect.EASIER
        if old != new:
            yield PolicyChange("pairwise", old, new, Effect.NONE if idle else effect)
        return
    for change in _fields("pairwise.", old, new):
        yield replace(change, effect=Effect.NONE) if idle else change


def _criteria_changes(
    at: str,
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
    any_of: bool,
) -> Iterator[PolicyChange]:
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if was is not None and now is not None:
            yield from _criterion(f"{at}.{name}.", was, now, any_of)
            continue
        present = was or now or {}
        effect = Effect.EASIER if now is None else Effect.STRICTER
        if present.get("tier") == "advisory":
            effect = Effect.NONE
        elif any_of and present.get("role") == Primary.role:
            effect = Effect.OTHER  # one that gains is enough, and each has a share of alpha
        yield PolicyChange(f"{at}.{name}", was, now, effect)


def _criterion(
    at: str, was: Mapping[str, Any], now: Mapping[str, Any], any_of: bool
) -> Iterator[PolicyChange]:
    idle = was.get("tier") == now.get("tier") == "advisory"
    another_role = was.get("role") != now.get("role")
    beside = (*_DEMAND, "planned_gain") if another_role else _DEMAND
    old_fields, new_fields = (
        {"tier": "critical"} | {name: each for name, each in side.items() if name not in beside}
        for side in (was, now)
    )
    changes = list(_fields(at, old_fields, new_fields))
    demanded, demands = _demand(was), _demand(now)
    if demanded != demands:
        effect = Effect.OTHER
        if demanded and demands and not (any_of and another_role):
            (measure, bound, _), (other_measure, other) = demanded, demands[:2]
            if measure == other_measure and bound != other:
                effect = _effect_of(bound, other, more_is_stricter=True)
        changes.append(_demand_change(at, was, now, effect))
    for change in changes:
        decides = change.effect is Effect.OTHER or not idle
        yield change if decides else replace(change, effect=Effect.NONE)


def _demand_change(
    at: str, was: Mapping[str, Any], now: Mapping[str, Any], effect: Effect
) -> PolicyChange:
    """A change of the demand: by its field, or as one change of several fields."""
    names = [name for name in _DEMAND if was.get(name) != now.get(name)]
    if len(names) == 1:
        (name,) = names
        return PolicyChange(f"{at}{name}", was.get(name), now.get(name), effect)
    had, has = ({name: each.get(name) for name in names} for each in (was, now))
    return PolicyChange(at.removesuffix("."), had, has, effect)


def _demand(criterion: Mapping[str, Any]) -> tuple[str, float, str] | None:
    """(how the bound is measured, bound, role) of a criterion; None for a budget."""
    role: str = criterion.get("role", "")
    demand = OF_ROLE[role].demand(criterion) if role in OF_ROLE else None
    return None if demand is None else (*demand, role)


def _fields(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[PolicyChange]:
    """The fields that differ; a field of one side alone was not demanded by the other."""
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if was == now or name in _SAID_ELSEWHERE:
            continue
        yield PolicyChange(f"{at}{name}", was, now, _effect(name, was, now))


def _effect(name: str, was: Any, now: Any) -> Effect:
    if name in ORDERED and was in ORDERED[name] and now in ORDERED[name]:
        order = ORDERED[name]
        return _effect_of(order.index(was), order.index(now), more_is_stricter=True)
    if name == "items" and (was is None or now is None):
        return Effect.STRICTER if was is None else Effect.EASIER
    if name == "min_agreement" and (was is None or now is None):
        return Effect.STRICTER if was is None else Effect.EASIER
    if name in MORE_IS_STRICTER and None not in (was, now):
        return _effect_of(was, now, more_is_stricter=True)
    if (name in LESS_IS_STRICTER or name.startswith(_LARGEST)) and None not in (was, now):
        return _effect_of(was, now, more_is_stricter=False)
    return Effect.OTHER


def _effect_of(was: float, now: float, *, more_is_stricter: bool) -> Effect:
    return Effect.STRICTER if (now > was) == more_is_stricter else Effect.EASIER
