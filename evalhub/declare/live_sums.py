"""What users' requests add up to in a live experiment, and how its record writes times. Pure."""

from typing import Annotated

from pydantic import Field

from evalhub.declare.amounts import Count, Size
from evalhub.declare.declaration import Declaration

Instant = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", description="ISO 8601, in UTC")
]
Weight = Annotated[
    float,
    Field(gt=0, lt=1, description="the challenger's share of those in the experiment"),
]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="in UTC")]


class ArmSums(Declaration):
    """Sums over the users of one arm, as `evalhub.stats.user_ratios.UserSums` takes them: y is the
    numerator of a user's metric and x its denominator, such as errors and requests.

    Attributes:
        users: who came; of feedback those with a request whose window has closed.
        measured: of them, whose x is above 0.
        y, x: the sums; yy, xy, …: sums of the products that the letters name.
    """

    users: Count
    measured: Count
    y: float
    x: float
    yy: float
    xy: float
    xx: float
    yyyy: float
    xyyy: float
    xxyy: float
    xxxy: float
    xxxx: float


class EpochSums(Declaration):
    """Sums of both arms in one epoch; epochs are counted on over experiments that continue each
    other."""

    epoch: Size
    champion: ArmSums
    challenger: ArmSums


class MetricSums(Declaration):
    """A metric's sums, epoch by epoch."""

    metric: str
    epochs: tuple[EpochSums, ...]
