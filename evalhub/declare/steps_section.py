"""The section of a record on the simpler steps before a fine-tune, and what each buys."""

from pydantic import Field

from evalhub.declare.criteria import Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.sections import Section


class StepRow(Declaration):
    """One arm on one test set that must gain, beside the last step before it that bought something.

    Attributes:
        over: that step; null of the first, which stands beside nothing.
        difference, lower, upper: how much better it is than `over`, with its 95% interval.
        asked: what the difference must be more than: nothing, of the candidate its `min_gain`.
        buys: whether that is shown.
        tokens, latency_ms, money: of an answer, on average; null where nobody told, and of money
            where the study says no price of the arm.
    """

    test_set: str
    metric: str
    arm: str
    kind: str
    n: Size
    value: float
    over: str | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    asked: float = 0.0
    buys: bool = False
    tokens: float | None = Field(None, ge=0)
    latency_ms: float | None = Field(None, ge=0)
    money: float | None = Field(None, ge=0)


class StepsSection(Section):
    """What was tried before a fine-tune: for reading, never for the verdict.

    Attributes:
        alone: nothing but tuning was tried: every arm that isn't fine-tuned is a bare base.
        rows: by test set, the simplest step first and the candidate last; none where it is alone.
    """

    alone: bool
    rows: tuple[StepRow, ...] = ()
