"""What a list of items shows of each: the arms' answers, and what stands with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.site.items.scope import ItemScope, OpenMetric, ShownArm

ARM, METRIC = "arm:", "metric:"
"""How a column's name in an address begins."""
EXPECTED, TAGS, TIME, TOKENS = "expected", "tags", "time", "tokens"
DEFAULT_ARMS = 2

type ColumnChoice = tuple[str, str, bool]
"""Value, label, whether it is chosen."""


@dataclass(frozen=True, slots=True)
class ShownColumns:
    """`choices` are all that may be chosen. A metric is one besides that of the list, and open."""

    arms: Sequence[ShownArm]
    metrics: Sequence[OpenMetric]
    expected: bool
    tags: bool
    time: bool
    tokens: bool
    choices: Sequence[ColumnChoice]
    default: bool


def columns_of(scope: ItemScope, wanted: Sequence[str]) -> ShownColumns:
    """The wanted columns; where none is, the pair's answers, what is expected, and the tags.

    Names that aren't of this list, such as those of another test set's metrics, change nothing.
    """
    metrics = [each for each in scope.metrics if each.metric != scope.metric]
    labels = {f"{ARM}{arm.name}": arm.name for arm in scope.arms}
    labels |= {EXPECTED: "Expected", TAGS: "Tags"}
    if scope.arms:
        labels |= {f"{METRIC}{each.name}": each.name for each in metrics}
        labels |= {TIME: "Milliseconds", TOKENS: "Tokens"}
    default = [*(f"{ARM}{arm.name}" for arm in scope.arms[:DEFAULT_ARMS]), EXPECTED, TAGS]
    chosen = {name for name in wanted if name in labels} or set(default)
    arms = [arm for arm in scope.arms if f"{ARM}{arm.name}" in chosen]
    return ShownColumns(
        arms=arms or scope.arms[:DEFAULT_ARMS],
        metrics=[each for each in metrics if f"{METRIC}{each.name}" in chosen],
        expected=EXPECTED in chosen,
        tags=TAGS in chosen,
        time=TIME in chosen,
        tokens=TOKENS in chosen,
        choices=[(name, label, name in chosen) for name, label in labels.items()],
        default=chosen == set(default),
    )
