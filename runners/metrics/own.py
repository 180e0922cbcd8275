"""Metrics as functions: `@metric` makes one a metric, with its options from its parameters.

    @metric(title="Words kept")
    def words_kept(answer: Answer, reference: str, least: int = 1) -> float: ...

The first parameter is the `Answer`. The second, where it is called `reference`, makes a metric that
compares; without it the metric needs none. All others are options: each has a type and, unless it
must be said, a default; `Annotated[int, Field(ge=1, description="…")]` adds a range and words.
Returned is a number, or True or False for 1 or 0, or a `MetricScore`, or None for unscored;
ValueError says why an answer can't be scored.
"""

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model

from runners.metrics.score import (
    Answer,
    MetricError,
    MetricScore,
    TextMetric,
)

__all__ = ["Answer", "MetricScore", "metric"]

RESERVED = ("name", "extract", "code_sha256", "scale", "source", "plain")
"""Options that no function may have: Evalhub has them for every metric of one's own."""
NAME = re.compile("[a-z][a-z0-9_]{0,59}")
NOTHING = "nothing"
"""Of which a metric takes no notice, where it does not say more."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database takes: NUL, and half a surrogate pair, as of a text cut by its UTF-16 units."""
SECONDS = 10.0
"""That one answer may take, unless the decorator says otherwise."""


class FunctionMetric(TextMetric):
    """A metric made from a function.

    Attributes:
        function: it.
        option_names: its parameters that are options.
        seconds: that one answer may take where it is scored in a process apart.
    """

    function: ClassVar[Callable[..., Any]]
    option_names: ClassVar[tuple[str, ...]] = ()
    seconds: ClassVar[float] = SECONDS

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        kind = type(self)
        compared = (reference,) if kind.needs_reference else ()
        options = {name: getattr(self, name) for name in kind.option_names}
        return score_of(kind.function(answer, *compared, **options), self.reach)


def metric(
    *,
    title: str,
    measures: str = "",
    reference_implementation: str = "own rule",
    not_for: str = "",
    normalisation: str = NOTHING,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    higher_is_better: bool = True,
    binary: bool = False,
    unit: str = "",
    reads_question: bool = False,
    seconds: float = SECONDS,
) -> Callable[[Callable[..., Any]], type[FunctionMetric]]:
    """Make a function a metric of its name.

    Args:
        normalisation: what the metric takes no notice of, for people.
        bounds: the least and the most that a value can be; None where nothing bounds it.
        seconds: that one answer may take; one that takes longer is unscored.

    The other arguments are the attributes of `MetricDeclaration`. Raises MetricError for a function
    that can't be one.
    """

    def declare(function: Callable[..., Any]) -> type[FunctionMetric]:
        name = function.__name__
        if not NAME.fullmatch(name):
            raise MetricError(
                f"{name}: a metric's name has small letters, digits and _, a letter first, and "
                "60 characters at most"
            )
        if bounds is not None and not -math.inf < bounds[0] < bounds[1] < math.inf:
            raise MetricError(f"{name}: its bounds are the least value and the most, not {bounds}")
        compares, options = _parameters(function)
        fields: dict[str, Any] = {"name": (Literal[name], name), **options}
        kind = create_model(
            "".join(part.capitalize() for part in name.split("_")),
            __base__=FunctionMetric,
            __module__=function.__module__,
            __doc__=function.__doc__,
            **fields,
        )
        kind.function = staticmethod(function)
        kind.option_names = tuple(options)
        kind.title, kind.normalisation, kind.unit = title, normalisation, unit
        kind.measures, kind.not_for = measures, not_for
        kind.reference_implementation = reference_implementation
        kind.bounds, kind.binary = bounds, binary
        kind.higher_is_better, kind.needs_reference = higher_is_better, compares
        kind.reads_question, kind.seconds = reads_question, seconds
        return kind

    return declare


def _parameters(function: Callable[..., Any]) -> tuple[bool, dict[str, Any]]:
    """Whether a function takes a reference, and its options as pydantic's fields."""
    name = function.__name__
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    if not parameters or parameters[0].name != "answer":
        raise MetricError(f"{name}: its first parameter is `answer`")
    rest = parameters[1:]
    compares = bool(rest) and rest[0].name == "reference"
    options: dict[str, Any] = {}
    for parameter in rest[1:] if compares else rest:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise MetricError(f"{name}: its options are named one by one, without *{parameter}")
        if parameter.name in _names_in_use() or parameter.name.startswith(("_", "model_")):
            raise MetricError(f"{name}: an option can't be called {parameter.name!r}")
        if parameter.annotation is parameter.empty:
            raise MetricError(
                f"{name}: its option {parameter.name!r} needs a type, as in "
                f"{parameter.name}: int = 1"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        if default is not None and _may_be_none(parameter.annotation):
            raise MetricError(
                f"{name}: its option {parameter.name!r} may be None, so that None is its default: "
                "an option that isn't set is None"
            )
        options[parameter.name] = (parameter.annotation, default)
    return compares, options


def _names_in_use() -> set[str]:
    """Names that no option may have: what a declaration has by that name would be the option's."""
    annotated = (vars(kind).get("__annotations__", {}) for kind in FunctionMetric.__mro__)
    return {*RESERVED, *dir(FunctionMetric)}.difference(dir(BaseModel)).union(*annotated)


def _may_be_none(annotation: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(None)
    except ValidationError:
        return False
    return True


def score_of(value: Any, bounds: tuple[float, float] | None) -> MetricScore:
    """A metric's result as a score. Raises ValueError for what is no finite number in its range."""
    if isinstance(value, MetricScore):
        if value.value is None:
            return MetricScore(None, value.reason or "the metric gave no value")
        return replace(value, value=score_of(value.value, bounds).value)
    if value is None:
        return MetricScore(None, "the metric gave no value")
    if not isinstance(value, int | float):
        number = getattr(value, "item", None)  # numpy's numbers
        value = number() if callable(number) and not isinstance(value, str) else value
    if not isinstance(value, int | float):
        raise ValueError(f"the metric gave {_short(value)}, where a number is needed")
    if not math.isfinite(value):
        raise ValueError(f"the metric gave {value}, which is no finite number")
    if bounds is not None and not bounds[0] <= value <= bounds[1]:
        raise ValueError(
            f"the metric gave {value:g}, outside its range from {bounds[0]:g} to {bounds[1]:g}"
        )
    return MetricScore(float(value))


def reason_text(reason: Any) -> str:
    """A reason of somebody's code as a text that can be stored."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(reason or ""))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
