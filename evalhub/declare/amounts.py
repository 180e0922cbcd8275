"""Numbers as documents hold them: counts, shares, levels."""

from typing import Annotated

from pydantic import Field

Size = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]
Ratio = Annotated[float, Field(ge=0)]
Deviation = Annotated[float, Field(ge=0)]
Degrees = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Level = Annotated[float, Field(gt=0, lt=0.5)]
