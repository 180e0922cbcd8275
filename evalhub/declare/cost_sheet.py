"""The document of `evalhub cost`: what a candidate costs beside the baseline, figure by figure."""

from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration

Origin = Literal["measured", "table", "said", "assumed"]
Part = Literal[
    "development",
    "training",
    "data",
    "evaluation",
    "present",
    "serving",
    "saving",
    "upkeep",
    "retraining",
]
EACH_TIME: tuple[Part, ...] = ("training", "data", "evaluation")
"""What is paid once, and again by each retraining."""
UPFRONT: tuple[Part, ...] = ("development", *EACH_TIME)
"""What is paid once."""


class Ends(Declaration):
    """A value between two ends."""

    low: float
    value: float
    high: float


class Figure(Ends):
    """A number that costs are reckoned from, and where it comes from.

    Attributes:
        name: unlike any other figure's of its sheet; "traffic" is the number of requests a month.
        unit: what it counts, such as "an hour"; empty of a plain number.
        source: where it comes from, in words.
        fixed: whether it is a count that nothing is gained by varying.
    """

    name: str
    unit: str = ""
    origin: Origin = Field(
        description="measured: by this study or its training; table: of prices; said: in the "
        "study, its record or a file; assumed: nobody said it"
    )
    source: str
    fixed: bool = False

    @property
    def ranged(self) -> bool:
        return self.low < self.high


class CostLine(Declaration):
    """One line of a sheet: the product of its figures.

    Attributes:
        repeats: whether the cost of training, data and evaluation is its last factor: a retraining
            costs as much again.
        missing: why it isn't known, and what would make it known; "" where it is.
    """

    part: Part
    name: str
    figures: tuple[Figure, ...]
    repeats: bool = False
    missing: str = ""
    amount: Ends | None = Field(None, description="in the currency; null: unknown, never 0")
    per_request: Ends | None = Field(
        None, description="of what is paid by the month, shared out over the requests"
    )


class BreakEven(Declaration):
    """After how many months what was paid once has come back. An end that is null isn't known or
    doesn't exist; `never` says that nothing is saved."""

    low: float | None
    value: float | None
    high: float | None
    never: bool
    sentence: str


class Swing(Declaration):
    """What one figure's ends make of the outcome, with all others at their value."""

    figure: Figure
    varied: Literal["range", "interval", "tenth"] = Field(
        description="range: between the ends that were said; interval: measured, 95%; tenth: 10% "
        "either way, of a figure that has no range"
    )
    at_low: float | None = Field(description="the outcome at the figure's low end; null: never")
    at_high: float | None


class Tornado(Declaration):
    """The figures on which the outcome hangs most, the largest first."""

    of: Literal["break-even", "net"] = Field(
        description="months until break-even; net: money a month, where nothing is saved"
    )
    at: float
    swings: tuple[Swing, ...]


class CostSheet(Declaration):
    """What a candidate costs in all, beside what the baseline costs now."""

    schema_: Literal["evalhub.cost/1"] = Field("evalhub.cost/1", alias="schema")
    study: str
    baseline: str
    candidate: str
    currency: str
    traffic: Figure | None = Field(description="requests a month; null: nobody said")
    lines: tuple[CostLine, ...]
    upfront: Ends | None = Field(description="what is known of what is paid once")
    present: Ends | None = Field(description="the baseline's bill a month; null: unknown")
    monthly: Ends | None = Field(
        description="the candidate's: serving, upkeep and retraining; null: unknown"
    )
    net_monthly: Ends | None = Field(
        description="present − monthly, by paired costs where both are priced by the token"
    )
    net_per_request: Ends | None
    break_even: BreakEven
    tornado: Tornado | None = Field(description="null: the net isn't known, or nothing varies")
    unknown: tuple[str, ...] = Field(
        description="what isn't known, and what would make it known; empty: all is"
    )
    notes: tuple[str, ...] = ()
