"""A team's own metrics as declarations: known by the digest of their source, scored apart."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, create_model, model_validator

from evalhub.declare.declaration import invalid
from evalhub.plug_ins import SHOWN_DIGITS, PlugInError
from runners.metrics.own import FunctionMetric
from runners.metrics.own_source import MetricCommand, MetricScale, MetricSource, OwnCodeError
from runners.metrics.score import Ask, MetricDeclaration, MetricScore, Scorable

OF_EVALHUB = frozenset({"code_sha256", "scale"})
"""Options that are filled in here, and that nobody chooses."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OwnMetric(MetricDeclaration):
    """A metric that this home has beside Evalhub's: its code's digest is among its options."""

    own: ClassVar[bool] = True
    source: ClassVar[MetricSource]
    plain: ClassVar[type[FunctionMetric] | None] = None

    code_sha256: Digest
    scale: MetricScale

    @property
    def of_form(self) -> bool:
        return False  # what its code looks at, nobody here knows

    @model_validator(mode="after")
    def _has_this_code(self) -> Self:
        if self.code_sha256 != type(self).source.sha256:
            raise invalid(
                f"its code here has {type(self).source.sha256[:SHOWN_DIGITS]}…: changed code is "
                "another metric",
                "code_sha256",
            )
        if self.scale != MetricScale.of(type(self)):
            raise invalid("is what its code declares: leave it out", "scale")
        return self


class OwnFunction(OwnMetric):
    """A function that is scored in a process apart."""

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        from runners.metrics.own_scoring import score_by_function

        kind = type(self)
        assert kind.plain is not None
        options = {
            name: value
            for name, value in self.options.items()
            if name not in OF_EVALHUB and name != "extract"
        }
        return score_by_function(kind.source, self.name, options, batch, kind.plain)


class OwnCommand(OwnMetric):
    """A command that is started for each batch of answers."""

    reads_question: ClassVar[bool] = True
    command: ClassVar[MetricCommand]
    folder: ClassVar[Path]

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        from runners.metrics.own_command import score_by_command

        kind = type(self)
        return score_by_command(kind.source, self.name, kind.command, kind.folder, batch)


class AbsentMetric(MetricDeclaration, extra="allow"):
    """A metric of scores that are stored, whose code isn't here (any more): its scores are read by
    the scale that was stored with them, and nothing new is scored."""

    own: ClassVar[bool] = True
    reason: ClassVar[str]

    code_sha256: Digest
    scale: MetricScale

    @property
    def of_form(self) -> bool:
        return False

    @property
    def why_unusable(self) -> str:
        return f"{self.name}: {type(self).reason}"

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        raise OwnCodeError(self.why_unusable)


def function_metric(
    plain: type[FunctionMetric], name: str, source: MetricSource
) -> type[OwnMetric]:
    """The declaration of a function with its code's digest."""
    try:
        scale = MetricScale.of(plain)
    except ValidationError as error:
        flaw = error.errors()[0]
        field = ".".join(map(str, flaw["loc"]))
        raise PlugInError(f"{source.origin}: {name}: its {field}: {flaw['msg']}") from error
    kind = _with_code(name, source, scale, (OwnFunction, plain))
    kind.plain = plain
    return kind


def command_metric(
    command: MetricCommand, name: str, folder: Path, source: MetricSource
) -> type[OwnMetric]:
    """The declaration of a command with its digest."""
    scale = MetricScale(**{field: getattr(command, field) for field in MetricScale.model_fields})
    kind = _with_code(name, source, scale, (OwnCommand,))
    scale.describe(kind)
    kind.command, kind.folder = command, folder  # type: ignore[attr-defined]
    return kind


def absent_metric(scale: MetricScale, reason: str) -> type[AbsentMetric]:
    """The declaration of a stored metric whose code isn't here."""
    return _absent(scale.model_dump_json(), reason)


@lru_cache(maxsize=64)
def _absent(scale: str, reason: str) -> type[AbsentMetric]:
    kind = create_model("StoredOwnMetric", __base__=AbsentMetric, __module__=__name__)
    MetricScale.model_validate_json(scale).describe(kind)
    kind.reason = reason
    return kind


def _with_code(
    name: str, source: MetricSource, scale: MetricScale, bases: tuple[type[Any], ...]
) -> type[OwnMetric]:
    fields: dict[str, Any] = {
        "name": (Literal[name], name),
        "code_sha256": (Digest, source.sha256),
        "scale": (MetricScale, scale),
    }
    make: Any = create_model  # its types know no tuple of bases
    kind: type[OwnMetric] = make(
        "Own" + "".join(part.capitalize() for part in name.split("_")),
        __base__=bases,
        __module__=__name__,
        **fields,
    )
    kind.source = source
    return kind
