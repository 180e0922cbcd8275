"""The parts of a cost sheet's lines, and the facts that a study knows without being told. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from evalhub.declare.cost_sheet import CostLine, Ends, Figure, Origin, Part
from evalhub.declare.prices import Hourly, UsedPrice
from evalhub.declare.training import TrainingFields
from evalhub.io.rows import DataError

type Pair = tuple[float, float]
STATED = "the study's file"
ASSUMED = "assumed for this sheet"
RECORD = "the candidate's training record"


@dataclass(frozen=True, slots=True)
class ArmUse:
    """What an arm's answers took.

    Attributes:
        per_request: money a request, each priced by itself, with its 95% interval; None: unknown.
        prompt, completion: tokens of a request on the average; None where not every answer told.
        price: of its tokens; None where nobody knows one.
        missing: why no money is known of it.
    """

    name: str
    per_request: Ends | None = None
    prompt: float | None = None
    completion: float | None = None
    price: UsedPrice | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class KnownCosts:
    """Costs that a study knows without being told.

    Attributes:
        trained: whether the candidate is fine-tuned.
        training: its training record.
        saving: money that a request costs less, paired by item; None: not both are priced.
        where: the test set on which requests were measured, and how many of its items.
        tokens: what its answers and judges cost; None where that isn't known.
        tokens_missing: why.
        review_hours: of its reviewers; None: nobody judged.
    """

    baseline: ArmUse
    candidate: ArmUse
    currency: str
    trained: bool = True
    training: TrainingFields = field(default_factory=TrainingFields)
    saving: Ends | None = None
    where: str = ""
    tokens: float | None = None
    tokens_missing: str = "what its answers cost: say ownership.evaluation.tokens"
    review_hours: float | None = None


type GpuPrices = Callable[[str], Hourly | None]


def figure(
    name: str, ends: Pair | Ends, origin: Origin, source: str, unit: str = "", fixed: bool = False
) -> Figure:
    """A figure between two ends, with their middle as its value."""
    if not isinstance(ends, Ends):
        ends = Ends(low=ends[0], value=(ends[0] + ends[1]) / 2, high=ends[1])
    return Figure(
        name=name,
        low=ends.low,
        value=ends.value,
        high=ends.high,
        origin=origin,
        source=source,
        unit=unit,
        fixed=fixed,
    )


def figure_stated(name: str, ends: Pair, unit: str = "") -> Figure:
    """A figure that somebody stated."""
    return figure(name, ends, "said", STATED, unit)


def line(part: Part, name: str, *figures: Figure, repeats: bool = False) -> CostLine:
    """A line whose amount is known: the product of its figures."""
    return CostLine(part=part, name=name, figures=figures, repeats=repeats)


def unknown_line(part: Part, name: str, missing: str, *, repeats: bool = False) -> CostLine:
    """A line whose amount is unknown, and what would make it known."""
    return CostLine(part=part, name=name, figures=(), missing=missing, repeats=repeats)


@dataclass(frozen=True, slots=True)
class Rented:
    """How many of which GPU at which price an hour; `recorded`: as a training record says, and
    `at`: where a study would say it."""

    gpu: str | None
    gpus: int | None
    price: Pair | None
    recorded: bool
    at: str


def line_of_machines(
    part: Part,
    name: str,
    rented: Rented,
    hours: list[Figure],
    currency: str,
    gpu_price: GpuPrices,
) -> CostLine:
    """Machines for some hours, at the stated price or the one of the price table."""
    figures = list(hours)
    if rented.price is not None:
        figures.append(figure_stated(f"{name}: price an hour", rented.price, "an hour"))
    elif rented.gpu is None:
        return unknown_line(part, name, f"say {rented.at}.gpu, or its price an hour")
    else:
        try:
            priced = gpu_price(rented.gpu)
        except DataError as error:
            return unknown_line(part, name, f"the table of GPU prices can't be read: {error}")
        if priced is None:
            return unknown_line(
                part,
                name,
                f"no price of {rented.gpu} is known: say {rented.at}.price, or put it into "
                "gpus.yaml",
            )
        if priced.currency != currency:
            return unknown_line(
                part,
                name,
                f"the price of {rented.gpu} is in {priced.currency} and this sheet in {currency}: "
                f"say {rented.at}.price",
            )
        ends = priced.low, priced.high
        figures.append(
            figure(
                f"{name}: price an hour", ends, "table", priced.source, f"an hour of {rented.gpu}"
            )
        )
    figures.append(_machines(name, rented))
    return line(part, name, *figures)


def _machines(name: str, rented: Rented) -> Figure:
    """The figure for the number of machines."""
    origin: Origin = "assumed"
    source = "one: nobody says how many"
    if rented.gpus is not None:
        origin = "measured" if rented.recorded else "said"
        source = RECORD if rented.recorded else STATED
    count = rented.gpus or 1
    return figure(f"{name}: machines", (count, count), origin, source, fixed=True)
