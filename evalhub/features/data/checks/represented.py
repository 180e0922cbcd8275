"""What the checks of representativeness share: their level, units, and words for people. Pure."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import MOST_EXAMPLES, MOST_LINES, DataFinding, Task, Unchecked
from evalhub.features.data.checks.check import CheckSettings, ReferenceText, example
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import normal_form
from evalhub.stats.representation import RepresentedPart, needed_examples
from evalhub.training.sizes import THRESHOLDS

LEVEL = 0.05
"""Chance that any of the checks finds a random sample of production unrepresentative."""
CHECKS = 3
LEVEL_OF_CHECK = LEVEL / CHECKS
FEWEST_USERS = 40
"""Of the reference, and of the rows with a question: fewer tell nothing for sure."""
MOST_OF_USER = 5
"""Questions of one user that are drawn from traffic: more of them tell little more."""
MOST_FINDINGS = 5
"""Of a check: those with the largest shares; the table has all."""
IMPORTANT = 0.05
"""Share of production from which on what lacks is more than worth a look."""
NO_REFERENCE = (
    "nothing was given to be represented: compare with production (--against traffic) or with a "
    "file of its questions (--against FILE)"
)
NO_QUESTIONS = (
    "no row says which part of it is the question: its layout is a text alone, or its prompts are "
    "empty"
)

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Units:
    """Which unit each of some texts is of, and what it counts.

    Attributes:
        of: by text its unit, (texts,), numbered from 0.
        weights: by text, (texts,).
        count: of units.
    """

    of: NDArray[np.intp]
    weights: Counts
    count: int

    @property
    def totals(self) -> Counts:
        """Weight of each unit, (units,)."""
        return np.bincount(self.of, self.weights, self.count)

    def within(self, mask: NDArray[np.bool_]) -> Counts:
        """Weight of each unit in some of the texts, (units,)."""
        return np.bincount(self.of[mask], self.weights[mask], self.count)


def users_of(reference: Sequence[ReferenceText]) -> Units:
    """Users as units; a text without a user is one of its own."""
    return _units([text.user for text in reference], [text.weight for text in reference])


def sources_of(rows: Sequence[TrainingRow]) -> Units:
    """Users whom rows name as units, or else texts: copies of a question are one unit."""
    users = [user_of(row) for row in rows]
    keys: list[Hashable] = [
        ("user", user) if user else ("text", normal_form(row.prompt))
        for row, user in zip(rows, users, strict=True)
    ]
    return _units(keys, [1.0] * len(rows))


def user_of(row: TrainingRow) -> str:
    """The user whom a row names, "" without one."""
    user = row.fields.get("user")
    return "" if user is None else str(user)


def _units(keys: Sequence[Hashable], weights: Sequence[float]) -> Units:
    numbers: dict[Hashable, int] = {}
    alone = count()
    of = [numbers.setdefault(key if key else ("alone", next(alone)), len(numbers)) for key in keys]
    return Units(np.array(of, dtype=np.intp), np.array(weights, dtype=float), len(numbers))


def asked_rows(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """The rows that have a question."""
    return [row for row in rows if row.prompt.strip()]


def unchecked_reason(rows: Sequence[TrainingRow], settings: CheckSettings) -> str:
    """Why nothing can be compared; "" where it can."""
    if settings.reference is None:
        return NO_REFERENCE
    if not rows:
        return NO_QUESTIONS
    users = users_of(settings.reference).count
    if users < FEWEST_USERS:
        return (
            f"the reference has questions of {users} users, and {FEWEST_USERS} or more tell "
            "something: take more days, or a longer file"
        )
    return ""


def unchecked(check: str, reason: str) -> Unchecked:
    return Unchecked(check=check, topic="representativeness", reason=reason)


def under_findings(
    check: str,
    parts: Mapping[str, RepresentedPart],
    rows_of: Mapping[str, Sequence[TrainingRow]],
    *,
    rows: int,
    task: Task | None,
) -> list[DataFinding]:
    """A finding for each part that is surely under-represented, those with the largest shares.

    Args:
        parts: by what queries of it do, as `concern pricing`.
        rows_of: likewise, the examples of it.
        rows: how many examples were counted.
    """
    under = sorted(
        ((what, part) for what, part in parts.items() if part.is_under),
        key=lambda pair: -pair[1].production,
    )
    return [
        _finding(check, what, part, rows_of[what], rows, task)
        for what, part in under[:MOST_FINDINGS]
    ]


def needed_of(part: RepresentedPart, rows: int, task: Task | None) -> int:
    """Examples that a part lacks, by production's share and the sizes that guides state."""
    fewest = THRESHOLDS[task].fewest if task else 0
    return needed_examples(part.production, part.examples, rows, fewest=fewest)


def _finding(
    check: str,
    what: str,
    part: RepresentedPart,
    examples: Sequence[TrainingRow],
    rows: int,
    task: Task | None,
) -> DataFinding:
    own = f"{percent(part.share)} of examples" if part.examples else "no example does"
    return DataFinding(
        check=check,
        topic="representativeness",
        weight="important" if part.production >= IMPORTANT else "minor",
        title=f"{percent(part.production)} of queries {what}, {own}",
        rows=part.examples,
        meaning=(
            f"A model learns what it is shown. Production's share is {percent(part.lower)} to "
            f"{percent(part.upper)}, that of the examples at most {percent(part.share_upper)}; "
            "limits hold for all parts together."
        ),
        advice=(
            f"Add about {needed_of(part, rows, task):,} examples of it to these {rows:,}, as "
            f"guidance: so many bring it to production's share{_of_a_larger_file(rows, task)}. "
            "From traffic they can be drawn, answered and accepted by people."
        ),
        examples=tuple(example(row, row.prompt) for row in examples[:MOST_EXAMPLES]),
        lines=tuple(row.line for row in examples[:MOST_LINES]),
    )


def _of_a_larger_file(rows: int, task: Task | None) -> str:
    fewest = THRESHOLDS[task].fewest if task else 0
    return f", or to that of the {fewest:,} that guides state" if fewest > rows else ""


def percent(share: float) -> str:
    """ "60%", "2.5%", "0.04%": two digits below a tenth."""
    if share in (0.0, 1.0) or share >= 0.0995:
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.00995 else f"{100 * share:.1g}%"
