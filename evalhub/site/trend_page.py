"""The decisions on a model's versions over time, for one measure that the reader chooses."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.accounts.models import User
from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criterion import Criterion
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import Model
from evalhub.report.trend import Trend, TrendRow, trend

_READ = (
    *("pk", "verdict", "created", "version", "number", "record__criteria", "record__ledger"),
    *("record__arms__baseline__name", "record__alpha", "record__rule__alpha"),
)
SHOWN = 40
"""Decisions, the newest; more would stand too close to be read."""

type Measured = tuple[str, str]
"""A test set and a metric: what differences can stand in one picture."""


@dataclass(frozen=True, slots=True)
class TrendPage:
    """`choices` are what was measured in these decisions, by the number that an address asks for;
    `more` is whether there are older ones that aren't drawn."""

    trend: Trend | None
    choices: Sequence[tuple[str, str]]
    chosen: str
    more: bool
    rows: Sequence[tuple[int, TrendRow]]


def trend_page(model: Model, *, user: User, wanted: str) -> TrendPage:
    """The results of decisions on the model's versions by test sets, oldest first. Two queries.

    Only decisions are read: what none has read is sealed, and invalid evidence shows no result.
    """
    seen = Decision.objects.visible_to(user).on_studies().on_versions_of(model).newest_first()
    newest_rows = list(seen.values(*_READ)[: SHOWN + 1])
    newest = newest_rows[:SHOWN][::-1]
    primaries = {each["pk"]: _primaries(each["record__criteria"]) for each in newest}
    counts = Counter(key for of in primaries.values() for key in of)
    keys = sorted(counts, key=lambda key: (-counts[key], key))
    chosen = int(wanted) if wanted in {str(i) for i in range(len(keys))} else 0
    key = keys[chosen] if keys else None
    of_model = Promotion.objects.filter(decision__in=primaries, version__model=model)
    promoted = set(of_model.values_list("decision", "version"))
    rows = [
        (
            values["pk"],
            _trend_row(values, primaries[values["pk"]].get(key) if key else None, promoted),
        )
        for values in newest
        if values["verdict"] == Verdict.INVALID or key in primaries[values["pk"]]
    ]
    return TrendPage(
        trend=trend(
            [row for _, row in rows], model=str(model), measured=", ".join(key or ("difference",))
        ),
        choices=[(str(i), ", ".join(key)) for i, key in enumerate(keys)],
        chosen=str(chosen),
        more=len(newest_rows) > SHOWN,
        rows=rows,
    )


def _primaries(criteria: Iterable[Mapping[str, Any]]) -> dict[Measured, Criterion]:
    primaries = [validate(Criterion, each) for each in criteria if each["role"] == PrimaryKind.role]
    return {(each.test_set, each.metric): each for each in primaries}


def _trend_row(
    decision: Mapping[str, Any], row: Criterion | None, promoted: set[tuple[int, int]]
) -> TrendRow:
    looks = (decision["record__ledger"] or {}).get("test_sets", ())
    return TrendRow(
        version=f"v{decision['number']}",
        baseline=decision["record__arms__baseline__name"],
        when=f"{decision['created']:%-d %b %Y}",
        verdict=Verdict(decision["verdict"]),
        at=row.difference if row else None,
        lower=row.lower if row else None,
        upper=row.upper if row else None,
        look=max((each["number"] for each in looks if each["counted"]), default=None),
        level=decision["record__alpha"],
        asked=decision["record__rule__alpha"],
        promoted=(decision["pk"], decision["version"]) in promoted,
    )
