"""A model's versions one after another, each as its decision found it, and what was paid for it.
Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from evalhub.decision.wording import with_sign
from evalhub.declare.verdicts import Verdict
from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Key, Table
from evalhub.report.charts.scale import Scale, Tick, around

MOST_NAMED = 10
"""So many points are named along the axis; of more, some."""


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One version as one decision found it.

    Attributes:
        version, baseline: the two arms' names; `when` is the day of the decision.
        at, lower, upper: the difference with its interval; None where evidence was invalid.
        look: which look at the items it was; None where no ledger counted it.
        level, asked: one-sided level that it was judged at, and what the policy asked for.
        promoted: whether it was promoted by this decision.
    """

    version: str
    baseline: str
    when: str
    verdict: Verdict
    at: float | None
    lower: float | None
    upper: float | None
    look: int | None
    level: float
    asked: float
    promoted: bool

    @property
    def price(self) -> str:
        """Which look it was and what was left of the level."""
        paid = f"judged at {self.level:.2g} of {self.asked:.2g}"
        return f"unregistered, {paid}" if self.look is None else f"look {self.look}, {paid}"

    @property
    def effect_text(self) -> str:
        if self.at is None or self.lower is None or self.upper is None:
            return "invalid evidence shows no result"
        return f"{with_sign(self.at)} ({with_sign(self.lower)} to {with_sign(self.upper)})"


@dataclass(frozen=True, slots=True)
class Trend:
    """`differences` above `levels`: both share their axis, the oldest decision first."""

    differences: Chart
    levels: Chart


def trend(judged: Sequence[TrendRow], *, model: str, measured: str) -> Trend | None:
    """The pictures of a model's decisions, oldest first; None where there is none.

    Args:
        measured: what the differences are of.
    """
    if not judged:
        return None
    across = Scale(0.5, len(judged) + 0.5)
    ticks = _ticks(judged, across)
    return Trend(
        differences=_differences(
            judged, Frame(across, around(_values(judged))), ticks, model, measured
        ),
        levels=_levels(judged, across, ticks, model),
    )


def _differences(
    judged: Sequence[TrendRow], frame: Frame, ticks: Sequence[Tick], model: str, measured: str
) -> Chart:
    points = [(i, each.at) for i, each in enumerate(judged, 1) if each.at is not None]
    promoted = [(i, each) for i, each in enumerate(judged, 1) if each.promoted]
    newest = judged[-1]
    return Chart(
        title=f"{model}: {measured} by version",
        desc=f"{len(judged):,} decision{'s' if len(judged) > 1 else ''}, the oldest first; the "
        f"newest, on {newest.version}: {newest.verdict.label}, {newest.effect_text}",
        x=Axis(ticks),
        y=Axis(frame.y.ticks_up(5), f"{measured}: difference from its baseline"),
        lines=[frame.line(points, kind="now dashed")],
        rules=[
            frame.across(0, kind="zero"),
            *(
                frame.upright(i, kind="ship", label=f"{row.version} promoted")
                for i, row in promoted
            ),
        ],
        dots=[_dot(frame, i, each) for i, each in enumerate(judged, 1)],
        keys=[
            *(_key(verdict) for verdict in dict.fromkeys(each.verdict for each in judged)),
            *([Key("line", "ship dashed", "made the project’s champion")] if promoted else []),
        ],
        table=Table(
            ("Version", "Decided", "Verdict", "Against", "Difference", "Price", "Promoted"),
            [
                (
                    row.version,
                    row.when,
                    row.verdict.label,
                    row.baseline,
                    row.effect_text,
                    row.price,
                    "yes" if row.promoted else "",
                )
                for row in judged
            ],
        ),
    )


def _dot(frame: Frame, position: int, row: TrendRow) -> Dot:
    text = (
        f"{row.version}, {row.when}: {row.verdict.label}, {row.effect_text} against "
        f"{row.baseline}; {row.price}"
    )
    return frame.dot(
        position,
        row.at or 0.0,
        kind=row.verdict,
        tooltip=f"{text}; promoted to champion" if row.promoted else text,
        mark=row.verdict.mark,
        upright=None if row.at is None else (row.lower, row.upper),
    )


def _levels(judged: Sequence[TrendRow], across: Scale, ticks: Sequence[Tick], model: str) -> Chart:
    most = max(max(each.level, each.asked) for each in judged)
    frame = Frame(across, Scale(0, 1.1 * most))
    bars = [
        frame.bar(
            i - 0.25, i + 0.25, row.level, kind="candidate", tooltip=f"{row.version}: {row.price}"
        )
        for i, row in enumerate(judged, 1)
    ]
    levels = sorted({each.asked for each in judged})
    return Chart(
        title=f"{model}: the level that each decision was judged at",
        desc="The more looks at its items came before, the lower: "
        + ", ".join(f"{each.version} {each.level:.2g}" for each in judged[-MOST_NAMED:]),
        x=Axis(ticks),
        y=Axis(frame.y.ticks_up(3, lambda value: f"{value:.2g}"), "level left by the ledger"),
        bars=bars,
        rules=[frame.across(each, kind="now", label=f"asked {each:.2g}") for each in levels],
        size="small",
    )


def _ticks(judged: Sequence[TrendRow], across: Scale) -> list[Tick]:
    step = ceil(len(judged) / MOST_NAMED)
    return [
        Tick(across.at(i), row.version, i)
        for i, row in enumerate(judged, 1)
        if (len(judged) - i) % step == 0
    ]


def _values(judged: Sequence[TrendRow]) -> list[float]:
    ends = [(each.at, each.lower, each.upper) for each in judged]
    return [value for of in ends for value in of if value is not None]


def _key(verdict: Verdict) -> Key:
    return Key("circle", verdict, f"{verdict.mark} {verdict.label}")
