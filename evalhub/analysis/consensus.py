"""One label a unit from several raters' ratings, as one document."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from evalhub.analysis.labels import RatingRow, label_name
from evalhub.declare.analysis import Habits, LabelsDocument, UnitLabel
from evalhub.stats.dawid_skene import DawidSkene, dawid_skene, majority
from evalhub.stats.ratings import Label

type LabelMethod = Literal["majority", "dawid-skene"]


def labels_document(
    ratings: Sequence[RatingRow], method: LabelMethod, *, sure: float
) -> LabelsDocument:
    """Labels of the units of one rating or more; a rater may rate a unit several times.

    Args:
        sure: chance that the likeliest label must have, by Dawid and Skene, to be a unit's label.

    Raises:
        evalhub.stats.errors.StatisticsError: Dawid and Skene need two raters and two labels.
    """
    labels_of: dict[str, list[Label]] = {rating.unit: [] for rating in ratings}
    rated = [
        (rating.unit, rating.rater, rating.label) for rating in ratings if rating.label is not None
    ]
    for unit, _, label in rated:
        labels_of[unit].append(label)
    fit = None
    if method == "dawid-skene":
        fit = dawid_skene(*(list(column) for column in zip(*rated, strict=True)))
        labels = [_likely(unit, own_labels, fit, sure) for unit, own_labels in labels_of.items()]
    else:
        labels = [_vote_label(unit, own_labels) for unit, own_labels in labels_of.items()]
    states = Counter(label.state for label in labels)
    document = LabelsDocument(
        method=method,
        units=len(labels_of),
        raters=len({rater for _, rater, _ in rated}),
        ratings=len(rated),
        labelled=states["ok"],
        ties=states["tie"],
        unsure=states["unsure"],
        unrated=states["unrated"],
        shares=_count_labels([label.label for label in labels if label.label is not None]),
        labels=labels,
    )
    if fit is None:
        return document
    return document.model_copy(update=_fit_fields(fit, Counter(rater for _, rater, _ in rated)))


def _vote_label(unit: str, labels: Sequence[Label]) -> UnitLabel:
    label = majority(labels)
    state: Literal["ok", "tie", "unrated"] = "unrated" if not labels else "tie"
    return UnitLabel(
        unit=unit, label=label, state=state if label is None else "ok", votes=_count_labels(labels)
    )


def _likely(unit: str, labels: Sequence[Label], fit: DawidSkene, sure: float) -> UnitLabel:
    if not labels:
        return UnitLabel(unit=unit, label=None, state="unrated", votes={})
    chances = fit.posterior[unit]
    best = int(chances.argmax())
    is_sure = float(chances[best]) >= sure
    return UnitLabel(
        unit=unit,
        label=fit.labels[best] if is_sure else None,
        state="ok" if is_sure else "unsure",
        votes=_count_labels(labels),
        posterior=_by_label(fit, chances.tolist()),
    )


def _fit_fields(fit: DawidSkene, ratings: Counter[str]) -> dict[str, object]:
    return {
        "prior": _by_label(fit, list(fit.prior.values())),
        "habits": [
            Habits(
                rater=str(rater),
                ratings=ratings[str(rater)],
                confusion={
                    label_name(true): None if math.isnan(row[0]) else _by_label(fit, row.tolist())
                    for true, row in zip(fit.labels, table, strict=True)
                },
            )
            for rater, table in fit.confusion.items()
        ],
        "log_likelihood": fit.log_likelihood,
        "iterations": fit.iterations,
        "converged": fit.converged,
    }


def _by_label(fit: DawidSkene, values: Sequence[float]) -> dict[str, float]:
    return {label_name(label): value for label, value in zip(fit.labels, values, strict=True)}


def _count_labels(labels: Sequence[Label]) -> dict[str, int]:
    return dict(sorted(Counter(map(label_name, labels)).items()))
