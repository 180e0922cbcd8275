"""A policy: what must hold for a ship, and how sure a verdict must be. Pure.

It is a document of its own (`evalhub.policy/1`, see docs/policy.md), and the study-wide part of it
is a part of every study.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any, Literal

from evalhub.files.document import Document, check_shape, first_of
from evalhub.files.rows import DataError
from evalhub.stats.errors import StatisticsError
from evalhub.verdict.criteria import Requirement, Tier
from evalhub.verdict.mix import check_mix
from evalhub.verdict.rule import HARM_ALPHA, Primaries

SCHEMA = "evalhub.policy/1"
ALPHA = 0.025
PLANNED_GAIN = 0.05
# What a criterion is measured by where its policy, and a row of scores, doesn't say.
METRIC = "score"
# What a budget is measured by.
COSTS = {"latency": "latency_ms", "cost": "cost"}

Ledger = Literal["primaries", "all", "off"]
Leakage = Literal["judge", "report", "off"]


@dataclass(frozen=True, slots=True)
class PreferenceRule:
    """What is asked of people's judgments.

    Attributes:
        required: whether a ship waits for them.
        min_gain: how far above one half the win score's lower bound must be.
        min_agreement: Gwet's AC1 below which judgments are no evidence; None: no floor.
        min_reviewers: how many people must have judged; 1: anybody.
        planned_gain: the gain beyond `min_gain` to be detected; None: the policy's.
    """

    required: bool = True
    min_gain: float = 0.0
    min_agreement: float | None = None
    min_reviewers: int = 1
    planned_gain: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a candidate may cost beside the baseline.

    Attributes:
        max_ratio: what candidate/baseline must stay below.
        test_set: on whose items; None: the first primary's.
    """

    max_ratio: float
    tier: Tier = "critical"
    test_set: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold, and how sure.

    Attributes:
        criteria: primaries and guards.
        primaries: whether all of them must gain, or one is enough and none may be harmed.
        alpha: one-sided level of every bound.
        harm_alpha: family-wise level at which harm is called.
        planned_gain: gain beyond a primary's min_gain that is to be detected, where it names none.
        preference: people's part; None: nobody is asked.
        budgets: by "latency" or "cost".
        ledger: whose level the k-th candidate on a test set pays with.
        noise_floor: whether effects are shown against a run of the baseline with itself.
        leakage: "judge": the verdicts on all items and on the clean ones must agree;
            "report": it is said only.
        mixes: by a criterion's name, each tag's share of production, for its items' weights.
    """

    criteria: tuple[Requirement, ...] = ()
    primaries: Primaries = "all-of"
    alpha: float = ALPHA
    harm_alpha: float = HARM_ALPHA
    planned_gain: float = PLANNED_GAIN
    preference: PreferenceRule | None = None
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    ledger: Ledger = "primaries"
    noise_floor: bool = False
    leakage: Leakage = "judge"
    mixes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def budget_requirements(self) -> list[Requirement]:
        """The budgets as requirements; empty where no test set is known to measure them on."""
        first = next((each.test_set for each in self.criteria if each.role == "primary"), None)
        return [
            Requirement(
                name=name,
                role="budget",
                test_set=where,
                metric=COSTS[name],
                higher_is_better=False,
                tier=budget.tier,
                max_ratio=budget.max_ratio,
            )
            for name, budget in self.budgets.items()
            if (where := budget.test_set or first) is not None
        ]

    def as_json(self) -> dict[str, Any]:
        """The policy as its own document, every default written out."""
        return {
            "schema": SCHEMA,
            "primaries": self.primaries,
            "alpha": self.alpha,
            "harm_alpha": self.harm_alpha,
            "planned_gain": self.planned_gain,
            "criteria": {
                each.name: _criterion(each, self.mixes.get(each.name)) for each in self.criteria
            },
            "preference": None if self.preference is None else asdict(self.preference),
            "budgets": {name: asdict(each) for name, each in self.budgets.items()},
            "ledger": self.ledger,
            "noise_floor": self.noise_floor,
            "leakage": self.leakage,
        }


def policy_of_study(
    settings: Mapping[str, Any],
    criteria: Sequence[Requirement],
    review: Mapping[str, Any] | None = None,
) -> Policy:
    """A study's policy from what the database keeps: Study.policy, its test sets, Study.review.

    What an older study's settings lack has its default.
    """
    preference = None
    if review:
        preference = PreferenceRule(
            required=bool(review.get("required", True)),
            min_gain=float(review.get("min_gain", 0.0)),
            min_agreement=settings.get("min_agreement"),
            min_reviewers=int(settings.get("min_reviewers", 1)),
        )
    return Policy(
        criteria=tuple(criteria),
        primaries=settings.get("primaries", "all-of"),
        alpha=float(settings.get("alpha", ALPHA)),
        harm_alpha=float(settings.get("harm_alpha", HARM_ALPHA)),
        planned_gain=float(settings.get("planned_gain", PLANNED_GAIN)),
        preference=preference,
        budgets={name: Budget(**each) for name, each in (settings.get("budgets") or {}).items()},
        ledger=settings.get("ledger", "primaries"),
        noise_floor=bool(settings.get("noise_floor", False)),
        leakage=settings.get("leakage", "judge"),
    )


def schema() -> dict[str, Any]:
    """The published JSON Schema of policies."""
    text = files("evalhub.verdict").joinpath("policy.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def read_policy(path: Path) -> Policy:
    """Reads and checks a policy document, YAML or JSON.

    Raises:
        evalhub.files.rows.DataError: what is wrong, with file, line and field.
    """
    return policy_of(Document(path))


def policy_of(document: Document) -> Policy:
    """The policy that a document says; raises DataError as read_policy does."""
    flaw: DataError | None = None
    try:
        check_shape(
            document, schema(), start=f"a policy is a mapping that starts with schema: {SCHEMA}"
        )
    except DataError as error:
        flaw = error
        if not isinstance(document.data, dict):
            raise
    flaw = first_of([*([flaw] if flaw else []), *_contradictions(document, flaw)])
    if flaw is not None:
        raise flaw
    data = document.data
    criteria = {name: _requirement(document, name) for name in data["criteria"]}
    preference = data.get("preference")
    return Policy(
        criteria=tuple(criteria.values()),
        preference=None if preference is None else PreferenceRule(**preference),
        budgets={name: Budget(**each) for name, each in data.get("budgets", {}).items()},
        mixes={
            name: dict(each["mix"]) for name, each in data["criteria"].items() if each.get("mix")
        },
        **{
            name: data[name]
            for name in (
                "primaries",
                "alpha",
                "harm_alpha",
                "planned_gain",
                "ledger",
                "noise_floor",
                "leakage",
            )
            if name in data
        },
    )


def _contradictions(document: Document, flaw: DataError | None) -> Iterator[DataError]:
    """What the shape allows and can't be so, in no order.

    Args:
        flaw: the shape's first flaw: what stands from its line on can't be read.
    """
    parts = [("criteria", name) for name in _names(document, "criteria")]
    parts += [("budgets", name) for name in _names(document, "budgets")]
    starts = sorted(document.line(at) or 0 for at in [*parts, *((key,) for key in document.data)])
    measured: dict[tuple[str, str, str], str] = {}
    budgets = set(_names(document, "budgets"))
    for part in parts:
        ends = next((line for line in starts if line > (document.line(part) or 0)), inf)
        if flaw is not None and (flaw.line or 0) < ends:
            continue
        at, name = list(part), part[1]
        if part[0] == "budgets":
            asked = document.data["budgets"][name]
            if asked.get("test_set") is None and flaw is None and not _has_primary(document):
                yield document.error(at, "say its test_set: there is no primary to measure it on")
            continue
        if name in budgets:
            yield document.error(at, "is the name of a budget: choose another")
        try:
            each = _requirement(document, name)
        except DataError as error:
            yield error
            continue
        first = measured.setdefault((each.role, each.test_set, each.metric), name)
        if first != name:
            yield document.error(
                at,
                f"is criterion {first!r} again: {each.metric} on {each.test_set}, as a {each.role}",
            )


def _names(document: Document, part: str) -> list[str]:
    found = document.data.get(part)
    return list(found) if isinstance(found, dict) else []


def _has_primary(document: Document) -> bool:
    return any(each["role"] == "primary" for each in document.data["criteria"].values())


def _requirement(document: Document, name: str) -> Requirement:
    at = ["criteria", name]
    asked = document.data["criteria"][name]
    strangers = {
        "primary": ("margin", "relative_margin", "tier"),
        "guard": ("min_gain", "planned_gain"),
    }
    why = {
        "primary": "is for guards: a primary is critical and must gain min_gain",
        "guard": "is for primaries: a guard is asked no gain, and may lose less than its margin",
    }
    role = asked["role"]
    for field_name in asked:
        if field_name in strangers[role]:
            raise document.error([*at, field_name], why[role])
    if "margin" in asked and "relative_margin" in asked:
        raise document.error([*at, "relative_margin"], "stands in for margin: give one of the two")
    if role == "guard" and not {"margin", "relative_margin"} & set(asked):
        raise document.error(at, "a guard needs a margin, or a relative_margin")
    try:
        check_mix(asked.get("mix") or {"": 1.0})
    except StatisticsError as error:
        raise document.error([*at, "mix"], str(error)) from error
    try:
        return Requirement(
            name=name,
            role=role,
            test_set=asked.get("test_set", name),
            metric=asked.get("metric", METRIC),
            margin=float(asked.get("margin", 0.0)),
            min_gain=float(asked.get("min_gain", 0.0)),
            higher_is_better=asked.get("higher_is_better", True),
            tier=asked.get("tier", "critical"),
            relative_margin=asked.get("relative_margin"),
            planned_gain=asked.get("planned_gain"),
        )
    except StatisticsError as error:
        raise document.error(at, str(error)) from error


def _criterion(asked: Requirement, mix: Mapping[str, float] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "role": asked.role,
        "test_set": asked.test_set,
        "metric": asked.metric,
        "higher_is_better": asked.higher_is_better,
    }
    if asked.role == "primary":
        shown |= {"min_gain": asked.min_gain, "planned_gain": asked.planned_gain}
    elif asked.relative_margin is None:
        shown |= {"margin": asked.margin, "tier": asked.tier}
    else:
        shown |= {"relative_margin": asked.relative_margin, "tier": asked.tier}
    return shown | ({"mix": dict(mix)} if mix else {})
