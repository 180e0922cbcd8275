"""What a team's own metric is made of: its scale, its source, its command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.outside import Outside
from evalhub.plug_ins import SHOWN_DIGITS
from runners.metrics.own import NOTHING
from runners.metrics.score import MetricDeclaration, MetricError


class OwnCodeError(MetricError):
    """A metric's code that isn't what it was, isn't here or can't be started: nothing is scored."""


class MetricScale(Declaration):
    """What a metric's values mean: kept with its options, so that its scores can be read where its
    code isn't installed any more."""

    title: str = Field(min_length=1, max_length=100)
    normalisation: str = NOTHING
    bounds: tuple[float, float] | None = Field(
        None, description="the least and the most that a value can be; without them any number"
    )
    higher_is_better: bool = True
    binary: bool = False
    unit: str = Field("", max_length=40)
    needs_reference: bool = False

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise invalid("are the least value and then the most", "bounds")
        return self

    @classmethod
    def of(cls, kind: type[MetricDeclaration]) -> "MetricScale":
        """The scale that a metric declares."""
        return MetricScale(**{name: getattr(kind, name) for name in MetricScale.model_fields})

    def describe(self, kind: type[MetricDeclaration]) -> None:
        """Give a metric this scale."""
        for name in MetricScale.model_fields:
            setattr(kind, name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class MetricSource:
    """Where a metric's code is, and what it was when it was loaded.

    Attributes:
        origin: the file, the entry point or the command, for people.
        sha256: of its source files.
        now: the digest as the files are now. Raises OSError or PlugInError.
        message: how the process apart finds it: see `runners.metrics.own_worker`.
    """

    origin: str
    sha256: str
    now: Callable[[], str]
    message: dict[str, Any]

    def check_unchanged(self, name: str) -> None:
        """Raises OwnCodeError where the files have changed since they were loaded."""
        try:
            digest = self.now()
        except (OSError, ValueError) as error:
            raise OwnCodeError(f"{name}: {self.origin} can't be read any more: {error}") from error
        if digest != self.sha256:
            raise OwnCodeError(
                f"{name}: {self.origin} has changed since this process started "
                f"({self.sha256[:SHOWN_DIGITS]} became {digest[:SHOWN_DIGITS]}): changed code is "
                "another metric, so start the site and its workers again, and register the study "
                "again"
            )


class MetricCommand(MetricScale):
    """A command that scores answers, a line of JSON each, as an operator declares it."""

    run: Annotated[
        list[Annotated[str, Field(min_length=1)]], Field(min_length=1), Outside("command")
    ] = Field(description="the program and its arguments; no shell reads them")
    version: str = Field("", max_length=200, description="another one is another metric")
    lines: int = Field(64, ge=1, le=10_000, description="answers that one start of it is handed")
    seconds: float = Field(60, gt=0, le=3600, description="that one start of it may take")
