"""What every metric takes and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class MetricError(ValueError):
    """A metric that can't be used as asked: an unknown name or option, a bad pattern or schema."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, and what it cost. None is a cost that nobody recorded."""

    text: str
    latency_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A metric's value of one answer; None is unscored, and then `reason` says why.

    `extracted` says whether the extraction pattern matched; None where no pattern was asked.
    """

    value: float | None
    reason: str = ""
    extracted: bool | None = None


@dataclass(frozen=True, slots=True)
class MetricOption:
    """One option of a metric. `parse` gives the value to use, or raises ValueError."""

    parse: Callable[[Any], Any]
    default: Any
    help: str


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One line of the table. The function `name` in the module `runners.metrics.<name>` is it:

    `function(answer: Answer, reference: Any, **options) -> Score`, pure, for one reference.
    `instead` names an option that, where given, stands in for the references.
    `reads_text` is False for a metric of what the answer cost, whatever it says.
    """

    name: str
    title: str
    normalisation: str
    needs_reference: bool = True
    higher_is_better: bool = True
    binary: bool = False
    unit: str = ""
    reads_text: bool = True
    instead: str = ""
    options: Mapping[str, MetricOption] = field(default_factory=dict)
