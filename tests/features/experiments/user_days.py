"""Users' days as counting writes them, for what is read of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from evalhub.features.experiments.models import Experiment, UserDay
from evalhub.features.experiments.rule import Variant

NOTHING = dict.fromkeys(
    [
        *("as_assigned", "by_default", "crossed", "errors", "timed", "slow", "priced"),
        *("refusals", "closed", "thumbs_down", "retries"),
    ],
    0,
)


def unit_of(name: str) -> str:
    """A user's keyed hash, as it is stored."""
    return sha256(name.encode()).hexdigest()[:32]


def add_days(experiment: Experiment, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes users' days: of each its `unit`, `variant`, `day` and the counts that aren't 0; a
    request, answered by the arm that is assigned, where nothing is said of them."""
    UserDay.objects.bulk_create(_user_day(experiment, dict(row)) for row in rows)


def add_users(
    experiment: Experiment,
    variant: Variant,
    count: int,
    *,
    day: date,
    events: int = 0,
    metric: str = "errors",
    group: str = "",
    **fields: Any,
) -> None:
    """Writes a day of so many users of an arm, of whom the first `events` have one event. Those of
    another `group` are others."""
    prefix = f"{variant}, {day}, {fields.get('epoch', 1)}{group}"
    add_days(
        experiment,
        (
            {"unit": unit_of(f"{prefix}, {i}"), "variant": variant, "day": day}
            | fields
            | {metric: int(i < events)}
            for i in range(count)
        ),
    )


def _user_day(experiment: Experiment, row: dict[str, Any]) -> UserDay:
    requests = row.setdefault("requests", 1)
    row.setdefault("as_assigned", requests - row.get("by_default", 0) - row.get("crossed", 0))
    row.setdefault("first", datetime.combine(row["day"], time(12), UTC))
    return UserDay(experiment=experiment, **{"epoch": 1, "cost": 0.0} | NOTHING | row)
