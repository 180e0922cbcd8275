"""Shares of slices among the examples, beside those of production's requests.

Which route or topic a row is of its own fields say, and nothing else. Language and length are
known from the question, by the same rule on both sides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import Cell, ReportTable
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, ReferenceText
from evalhub.features.data.checks.represented import (
    LEVEL_OF_CHECK,
    asked_rows,
    needed_of,
    sources_of,
    unchecked,
    unchecked_reason,
    under_findings,
    users_of,
)
from evalhub.features.data.rows.slices import slices_of_fields
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.traffic.privacy.languages import language_of
from evalhub.features.traffic.shadow.items import characters_label
from evalhub.stats.representation import RepresentedPart, represented_parts

NAME = "slices-of-production"
COLUMNS = (
    "slice",
    "queries",
    "from",
    "to",
    "examples",
    "share of examples",
    "from ",
    "to ",
    "difference",
    "lacking",
)
MOST_VALUES = 200
"""Of one kind, the most frequent: their limits are those of all values nevertheless."""
MOST_SHOWN = 40

type Values = Sequence[Sequence[str]]
"""Of each text, the values of one kind of slice; none where it isn't known."""

DERIVED: Mapping[str, Callable[[str], str]] = {
    SharedKind.LANGUAGE.value: language_of,
    SharedKind.LENGTH.value: lambda text: characters_label(len(text)),
}
"""Kinds of slices that a question itself tells."""
VERBS = {
    "topic": "concern",
    "language": "are in",
    "length": "are",
}


def check_slices(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """The slices, a row of a table each, and those that surely lack examples."""
    asked = asked_rows(rows)
    if reason := unchecked_reason(asked, settings):
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    reference = settings.reference or ()
    kinds, unknown = _kinds(reference, asked)
    parts, rows_of = _parts(reference, asked, kinds)
    by_phrase = {_phrase(*slice_): part for slice_, part in parts.items()}
    findings = under_findings(
        NAME,
        by_phrase,
        {_phrase(*slice_): of_slice for slice_, of_slice in rows_of.items()},
        rows=len(asked),
        task=settings.options.task,
    )
    return CheckResult(
        findings=findings,
        tables=[_table(parts, len(asked), settings)] if parts else [],
        unchecked=[
            unchecked(
                NAME,
                f"queries have a {kind}, and no row has a field `{kind}`: with it the shares can "
                "be compared",
            )
            for kind in unknown
        ],
    )


def _kinds(
    reference: Sequence[ReferenceText], rows: Sequence[TrainingRow]
) -> tuple[dict[str, tuple[Values, Values]], list[str]]:
    """By kind of slice, the reference's values and the rows'; and kinds that no row says."""
    of_rows = [slices_of_fields(row.fields) for row in rows]
    stated = list(dict.fromkeys(kind for text in reference for kind in text.slices))
    kinds: dict[str, tuple[Values, Values]] = {}
    unknown = []
    for kind in stated:
        own: Values = [slices.get(kind, ()) for slices in of_rows]
        if any(own):
            kinds[kind] = [text.slices.get(kind, ()) for text in reference], own
        elif kind not in DERIVED:
            unknown.append(kind)
    for kind, derive in DERIVED.items():
        if kind not in kinds:
            kinds[kind] = (
                [(derive(text.text),) for text in reference],
                [(derive(row.prompt),) for row in rows],
            )
    return kinds, unknown


def _parts(
    reference: Sequence[ReferenceText],
    rows: Sequence[TrainingRow],
    kinds: Mapping[str, tuple[Values, Values]],
) -> tuple[dict[tuple[str, str], RepresentedPart], dict[tuple[str, str], list[TrainingRow]]]:
    """The slices of the reference. Texts of which a kind isn't known count for nothing in it."""
    users, sources = users_of(reference), sources_of(rows)
    places = {kind: (_by_value(theirs), _by_value(own)) for kind, (theirs, own) in kinds.items()}
    slices = sum(len(theirs) for theirs, _ in places.values())
    parts, rows_of = {}, {}
    for kind, (theirs, own) in places.items():
        requests = users.within(_mask(theirs.values(), len(reference)))
        counted = sources.within(_mask(own.values(), len(rows)))
        known, said = requests > 0, counted > 0
        if not (known.any() and said.any()):
            continue
        for value in sorted(theirs, key=lambda value: -len(theirs[value]))[:MOST_VALUES]:
            in_slice = own.get(value, [])
            # a level for every slice of every kind together
            (parts[kind, value],) = represented_parts(
                [users.within(_mask([theirs[value]], len(reference)))[known]],
                requests[known],
                [sources.within(_mask([in_slice], len(rows)))[said]],
                counted[said],
                level=LEVEL_OF_CHECK / slices,
            )
            rows_of[kind, value] = [rows[place] for place in in_slice]
    return parts, rows_of


def _by_value(of_texts: Values) -> dict[str, list[int]]:
    """By value, the places of the texts that have it."""
    places: dict[str, list[int]] = {}
    for place, values in enumerate(of_texts):
        for value in values:
            if value:
                places.setdefault(value, []).append(place)
    return places


def _mask(places: Iterable[Sequence[int]], count: int) -> NDArray[np.bool_]:
    """(count,): true at these places."""
    mask = np.zeros(count, dtype=bool)
    for some in places:
        mask[list(some)] = True
    return mask


def _phrase(kind: str, value: str) -> str:
    """What a query of the slice does: `concern pricing`, `have route billing`."""
    verb = VERBS.get(kind)
    return f"{verb} {value}" if verb else f"have {kind} {value}"


def _table(
    parts: Mapping[tuple[str, str], RepresentedPart], rows: int, settings: CheckSettings
) -> ReportTable:
    shown = sorted(parts.items(), key=lambda pair: -abs(pair[1].difference))[:MOST_SHOWN]
    left = len(parts) - len(shown)
    more = f" {left:,} more with smaller differences aren't shown." if left else ""
    return ReportTable(
        check=NAME,
        topic="representativeness",
        title="Slices of production and of the examples",
        columns=COLUMNS,
        rows=tuple(
            (f"{kind} {value}", *cells(part), needed_of(part, rows, settings.options.task))
            for (kind, value), part in shown
        ),
        note=(
            "Shares, with limits that hold for all slices together. Users are the clusters of "
            "queries; of a kind, rows that don't say it aren't counted. Lacking: examples that "
            f"bring a slice to production's share, as guidance.{more}"
        ),
    )


def cells(part: RepresentedPart) -> tuple[Cell, ...]:
    """A part's figures in the columns of a table."""
    shares = (part.production, part.lower, part.upper)
    own = (part.share, part.share_lower, part.share_upper, part.difference)
    return (
        *(round(share, 4) for share in shares),
        part.examples,
        *(round(share, 4) for share in own),
    )


CHECK = DataCheck(name=NAME, topic="representativeness", on_sample=check_slices)
