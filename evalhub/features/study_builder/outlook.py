"""What a study would ask and could show, for all its test sets at once, before it starts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

from evalhub.decision.levels import items_factor
from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.plan import PlannedLook, StudyPlan
from evalhub.declare.policy import Demand
from evalhub.declare.review import SECONDS, ReviewBasics
from evalhub.stats.levels import ALPHA
from evalhub.stats.power import paired_power
from evalhub.stats.power_review import review_detects
from reviews.planning.sizing import cost_of, planned_review


@dataclass(frozen=True, slots=True)
class Showing:
    """What a test set's items can show, in a few words.

    Attributes:
        smallest: the gain they find, or the loss they exclude, with 80% power; None where no
            decision has measured the metric.
        wanted: the planned gain or the margin; None where no gain is planned.
        short: items that are missing for it.
    """

    role: str
    smallest: float | None
    wanted: float | None
    short: int
    sentence: str

    @property
    def is_enough(self) -> bool:
        return self.smallest is not None and (self.wanted is None or self.short == 0)


@dataclass(frozen=True, slots=True)
class LookPrice:
    """The look that the study pays for, and what it leaves the next candidate.

    Attributes:
        factor: how many times as many items the next candidate needs as the first one.
    """

    test_set: str
    number: int
    level: float
    factor: float
    is_free: bool


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance to ship if the candidate gains `gain` on `test_set` and loses nothing else."""

    value: float
    test_set: str
    gain: float | None

    @property
    def is_good(self) -> bool:
        return self.value >= 0.75


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan as the page sums it up."""

    plan: StudyPlan
    showings: Mapping[str, Showing]
    looks: tuple[LookPrice, ...]
    chance: Chance | None
    open_guards: tuple[tuple[str, Showing], ...]

    @property
    def percent(self) -> int | None:
        """The chance in whole percent, never a certainty."""
        return None if self.chance is None else min(99, max(1, round(100 * self.chance.value)))


@dataclass(frozen=True, slots=True)
class PeopleOutlook:
    """What a review takes of each of `people`, and the smallest preference that it shows."""

    people: int
    minutes: int
    detects: float | None

    @property
    def percent(self) -> int | None:
        """The smallest preference in whole percent."""
        return None if self.detects is None else ceil(100 * self.detects)


def outlook_of(plan: StudyPlan, document: Mapping[str, Any]) -> Outlook:
    """Sums up a plan of the study file `document`."""
    gains = {look.test_set: _min_gain(document, look.test_set) for look in plan.looks}
    showings = {
        look.test_set: Showing(
            look.role, look.smallest, look.wanted, look.short or 0, look.sentence
        )
        for look in plan.looks
    }
    critical = [look for look in plan.looks if _is_critical(document, look.test_set)]
    return Outlook(
        plan=plan,
        showings=showings,
        looks=tuple(
            LookPrice(
                look.test_set,
                look.number,
                look.level,
                items_factor(look.number + 1, alpha=_alpha(document)),
                look.taken,
            )
            for look in plan.looks
            if look.number is not None and (look.charged or look.taken)
        ),
        chance=_chance(critical, gains),
        open_guards=tuple(
            (look.test_set, showings[look.test_set])
            for look in critical
            if look.role == "guard" and look.short
        ),
    )


def _chance(looks: list[PlannedLook], gains: Mapping[str, float]) -> Chance | None:
    """The product of each test set's power, at the gain that is planned (else at what its items
    find) and at no loss; None where one isn't known. Test sets are taken for independent."""
    powers = [_power(look, gains[look.test_set]) for look in looks]
    known = [each for each in powers if each is not None]
    if not looks or len(known) < len(powers):
        return None
    primary = next((look for look in looks if look.role == "primary"), None)
    if primary is None:
        return Chance(prod(known), looks[0].test_set, None)
    gain = primary.wanted or (primary.smallest or 0.0) + gains[primary.test_set]
    return Chance(prod(known), primary.test_set, gain)


def _power(look: PlannedLook, min_gain: float) -> float | None:
    if not look.deviation or look.smallest is None or look.refused:
        return None
    gap = look.wanted
    if look.role == "primary":
        gap = look.smallest if look.wanted is None else look.wanted - min_gain
    if gap is None:
        return None
    if gap <= 0:
        return 0.0
    return paired_power(
        look.judged, look.deviation, gap, alpha=look.level, design_effect=look.design_effect
    )


def _min_gain(document: Mapping[str, Any], test_set: str) -> float:
    declared = (document.get("test_sets") or {}).get(test_set) or {}
    value = declared.get("min_gain", default_of(Demand, "min_gain"))
    return float(value) if isinstance(value, int | float) else 0.0


def _is_critical(document: Mapping[str, Any], test_set: str) -> bool:
    declared = (document.get("test_sets") or {}).get(test_set) or document.get("suite") or {}
    tier = declared.get("tier") if isinstance(declared, dict) else None
    return tier in (None, "critical")


def _alpha(document: Mapping[str, Any]) -> float:
    alpha = (document.get("policy") or {}).get("alpha")
    return float(alpha) if isinstance(alpha, int | float) and 0 < alpha < 0.5 else ALPHA


def people_outlook(document: Mapping[str, Any], min_reviewers: int) -> PeopleOutlook | None:
    """What the study file's review takes and shows; None where it has none that is right.

    Args:
        min_reviewers: people whom the study waits for.
    """
    review = document.get("review")
    if not isinstance(review, dict) or not isinstance(items := review.get("items"), int):
        return None
    try:
        per_item = validate(
            ReviewBasics, {k: v for k, v in review.items() if k in ReviewBasics.model_fields}
        ).reviewers_per_item
    except DeclarationError:
        return None
    if not 1 <= items <= 100_000:
        return None
    people = max(min_reviewers, per_item)
    hours = cost_of(items, per_item, seconds=SECONDS).hours
    detects = review_detects(items, planned_review(people, per_item))
    return PeopleOutlook(people, max(1, round(hours * 60 / people)), detects)
