"""A learning curve by the number of training examples, as `evalhub data curve` prints it."""

from typing import Literal

from pydantic import Field

from evalhub.declare.amounts import Count, Size
from evalhub.declare.declaration import Declaration

ASSUMED = (
    "gains per doubling are taken to stay the same: a straight line in log2 of the examples, which "
    "three sizes can refute and can't prove",
    "the 95% limits are about the items: each arm is one training, and another seed moves it",
    "the arms differ in nothing but the examples, and the smaller sets are random parts of all",
)
"""What the numbers rest on, a sentence each."""


class CurveSize(Declaration):
    """A number of training examples, and how the arms trained on so many score."""

    examples: Size
    arms: tuple[str, ...] = Field(min_length=1)
    mean: float


class MeasuredStep(Declaration):
    """From one size to the next, as it was measured: a paired difference; above 0 is better."""

    start: Size = Field(description="examples of the smaller size")
    end: Size
    gain: float
    lower: float
    upper: float


class GainPerDoubling(Declaration):
    """What a doubling of the examples changes, with its 95% limits; above 0 is better."""

    gain: float
    lower: float
    upper: float


class ExpectedDoubling(Declaration):
    """What twice the most examples gain if the line goes on; a limit is null where the numbers
    bound nothing."""

    examples: Size
    gain: float | None = Field(description="null: the curve bends, and the line doesn't go on")
    lower: float | None
    upper: float | None


class DataCurve(Declaration):
    """The curve on one test set by one metric."""

    test_set: str = Field(description="its version; empty: scores came by themselves")
    metric: str
    higher_is_better: bool
    items: Size = Field(description="those of which every arm has a score")
    left_out: Count = Field(description="the other items")
    sizes: tuple[CurveSize, ...] = Field(min_length=2, description="ascending")
    steps: tuple[MeasuredStep, ...]
    slope: GainPerDoubling = Field(description="over all sizes: of the least-squares line")
    bend: GainPerDoubling | None = Field(
        description="by how much a doubling gains more than the one before; null for two sizes"
    )
    ahead: ExpectedDoubling
    worth: float = Field(gt=0, description="gain from which on a doubling is worth its cost")
    conclusion: Literal["rises", "stopped", "unclear"]
    sentence: str


class DataCurves(Declaration):
    """What doubling the training examples buys, on each primary that the arms share."""

    schema_: Literal["evalhub.data-curve/1"] = Field("evalhub.data-curve/1", alias="schema")
    studies: tuple[str, ...] = Field(
        (), description="short names; empty: scores came by themselves"
    )
    curves: tuple[DataCurve, ...] = Field(min_length=1)
    left_out: tuple[str, ...] = Field((), description="arms, and why; a sentence each")
    assumed: tuple[str, ...] = ASSUMED
