"""`form: guard`: the form of a test set's answers, guarded against the baseline's. Pure.

Forgetting shows in form before it shows in content. Each guard is a criterion of its own by a
metric of its own, on the answers that the test set's own metric judges: nothing more is asked of a
model. What may drift either way, such as length, is guarded on both sides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.margins import Margin, RelativeMargin
from evalhub.declare.policy import Demand, Tier
from runners.metrics import MetricDeclaration, metric_declaration

GuardName = Literal[
    "refusal",
    "empty",
    "truncation",
    "repetition",
    "language",
    "longer",
    "shorter",
    "marked-up",
    "plain",
    "json",
]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a guard measures, and whether more of it is better where the metric says less is.

    `bare`: without the code fence around JSON. To answer with the bare JSON that programs read is
    what many a fine-tune is for; that it stops being JSON is for the guard `json` to say.
    """

    metric: str
    turned: bool = False
    relative: bool = False
    bare: bool = False


KINDS: Mapping[GuardName, _Kind] = {
    "refusal": _Kind("refusal"),
    "empty": _Kind("empty"),
    "truncation": _Kind("truncation"),
    "repetition": _Kind("repetition"),
    "language": _Kind("language_switch"),
    "longer": _Kind("length", relative=True, bare=True),
    "shorter": _Kind("length", relative=True, turned=True, bare=True),
    "marked-up": _Kind("markup", bare=True),
    "plain": _Kind("markup", turned=True, bare=True),
    "json": _Kind("json_valid"),
}


class FormDemand(Declaration):
    """Which guards on the form of answers there are, and what each of them bears."""

    guards: tuple[GuardName, ...] = Field(tuple(KINDS), description="which of them")
    tier: Tier = Field(
        "supporting",
        description="supporting: what is shown to be lost holds, doubt doesn't; critical: a ship "
        "needs each shown; advisory: reported, decides nothing",
    )
    margin: Margin = Field(
        0.05, description="the share of answers that may be more often so than the baseline's"
    )
    length: RelativeMargin = Field(
        0.5, description="by which share of the baseline's length answers may be longer, or shorter"
    )

    @field_validator("guards")
    @classmethod
    def _guards_something(cls, guards: tuple[GuardName, ...]) -> tuple[GuardName, ...]:
        if not guards:
            raise invalid("is empty")
        return guards


Form = Annotated[
    Annotated[Literal["guard"], Tag("line")] | Annotated[FormDemand, Tag("said")],
    Discriminator(lambda value: "line" if isinstance(value, str) else "said"),
]
"""All of them by one word, or with what is to be otherwise."""


@dataclass(frozen=True, slots=True)
class FormGuard:
    """One guard on the form of a test set's answers."""

    kind: GuardName
    metric: MetricDeclaration
    demand: Demand
    turned: bool

    def of(self, test_set: str) -> str:
        """The name of its criterion."""
        return f"{test_set}-{self.kind}"


def form_guards(form: Form | None, own: MetricDeclaration) -> list[FormGuard]:
    """The guards that the form asks for, without one that the test set's `own` metric already
    measures."""
    if form is None:
        return []
    return list(_guards(FormDemand() if isinstance(form, str) else form, own))


def _guards(form: FormDemand, own: MetricDeclaration) -> Iterator[FormGuard]:
    for name in dict.fromkeys(form.guards):
        kind = KINDS[name]
        bare = {"json_fence": "left-out"} if kind.bare else {}
        metric = metric_declaration(kind.metric, **bare)
        if own not in (metric, metric_declaration(kind.metric)):
            demand = (
                Demand(role="guard", tier=form.tier, relative_margin=form.length)
                if kind.relative
                else Demand(role="guard", tier=form.tier, margin=form.margin)
            )
            yield FormGuard(name, metric, demand, kind.turned)
