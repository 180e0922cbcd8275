"""A week's requests against the reference's, by one kind of slice. Pure."""

from datetime import date

import numpy as np

from evalhub.declare.slice_shares import SharedKind
from evalhub.features.monitoring.inputs.reports import InputsTest, ShareChange
from evalhub.features.monitoring.inputs.sums import SliceSums, category_sums, compared_values
from evalhub.features.monitoring.inputs.user_counts import UserCounts
from evalhub.features.monitoring.inputs.weeks import REFERENCE_WEEKS
from evalhub.stats.category_sums import CategorySums
from evalhub.stats.errors import StatisticsError
from evalhub.stats.stability import stability

MOST_CHANGES = 10
"""Slices that a report names."""


def compare_slices(
    kind: SharedKind,
    reference: SliceSums,
    week: UserCounts,
    *,
    first: date,
    level: float,
    size: float,
) -> InputsTest | None:
    """The comparison. None where there is only one slice, or users enough of only one.

    Args:
        first: the reference's first Monday.
        level: one-sided, of the lower limit.
        size: the PSI from which on it is an alarm.
    """
    values = compared_values(reference, week)
    sums = reference.in_categories(values), category_sums(week, values)
    try:
        result = stability(*sums, alpha=level)
    except StatisticsError:
        return None
    return InputsTest(
        subject=kind,
        measure="psi",
        size=result.psi,
        lower=result.lower,
        p_value=result.p_value,
        level=level,
        threshold=size,
        is_alarm=result.lower > size,
        reference=first.isoformat(),
        reference_weeks=REFERENCE_WEEKS,
        users=sums[1].users,
        reference_users=sums[0].users,
        design_effect=result.design_effect,
        changes=_changes(values, *sums),
    )


def _changes(
    values: tuple[str, ...], reference: CategorySums, week: CategorySums
) -> tuple[ShareChange, ...]:
    """Slices by how much their shares changed."""
    before, now = reference.totals / reference.total, week.totals / week.total
    order = np.argsort(-np.abs(now - before), kind="stable")[:MOST_CHANGES]
    names = [*values, None]
    return tuple(
        ShareChange(value=names[i], reference=float(before[i]), week=float(now[i]))
        for i in order.tolist()
        if before[i] or now[i]
    )
