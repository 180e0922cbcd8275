"""Fields of plans that read traffic: experiments and monitors have them alike."""

from typing import Annotated

from pydantic import Field

from evalhub.io.numbers import LARGEST

FEEDBACK_HOURS = 24
MOST_FEEDBACK_HOURS = 24 * 30

SlowMs = Annotated[
    float, Field(gt=0, le=LARGEST, description="a request that takes longer is slow")
]
FeedbackHours = Annotated[
    int,
    Field(
        ge=1,
        le=MOST_FEEDBACK_HOURS,
        description="signals count that come so long after their request",
    ),
]
Route = Annotated[str, Field(max_length=100, description="the requests' route; empty: all routes")]
