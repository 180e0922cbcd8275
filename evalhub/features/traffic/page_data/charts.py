"""Charts of production: a figure over time, with promotions drawn in. Pure.

They count all requests, not a sample of them: so there are no intervals.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby

from evalhub.decision.wording import count_text, money
from evalhub.features.traffic.page_data.figures import Figures
from evalhub.features.traffic.page_data.filtering import Window
from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Guide, Key, Line, Table
from evalhub.report.charts.scale import Scale, Tick

MOST_DATES = 5
ROOM = 1.15
"""How much higher than its highest value a chart is."""
SHORT_RUN = 3
"""Neighbouring points fewer than this are dots: a line would hardly be seen."""

type Curve = tuple[str, str, Sequence[float | None]]
"""A curve's label, its class of charts.css, and its value at each step; None is a gap."""


@dataclass(frozen=True, slots=True)
class DrawnPromotion:
    """A version made champion within the window, or by going back to it."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FigureChart:
    """A chart under its figure: `value` is the window's, in words."""

    name: str
    value: str
    chart: Chart


def figure_charts(
    window: Window,
    points: Sequence[Figures],
    total: Figures,
    promotions: Sequence[DrawnPromotion],
) -> list[FigureChart]:
    """Requests, errors, latency and cost.

    Args:
        points: of each step of the window.
        total: of the whole window.
    """
    step = "an hour" if window.hourly else "a day"
    latency: list[Curve] = [
        ("p95", "candidate", [point.p95 for point in points]),
        ("p50", "baseline", [point.p50 for point in points]),
    ]
    errors: Curve = "Errors", "candidate", [point.error_share for point in points]
    cost: Curve = "Cost", "candidate", [point.mean_cost for point in points]
    return [
        FigureChart(
            "Requests",
            f"{total.requests:,}",
            _columns(window, [point.requests for point in points], promotions, f"Requests {step}"),
        ),
        FigureChart(
            "Errors",
            share_text(total.error_share),
            curves_chart(window, [errors], promotions, "Share of errors", share_text),
        ),
        FigureChart(
            "Latency",
            f"p50 {latency_text(total.p50)} · p95 {latency_text(total.p95)}",
            curves_chart(window, latency, promotions, "Latency", latency_text),
        ),
        FigureChart(
            "Cost a request",
            dollars(total.mean_cost),
            curves_chart(window, [cost], promotions, "Cost a request", dollars),
        ),
    ]


def numbers_table(charts: Sequence[FigureChart]) -> Table:
    """The numbers of all charts, a row for each step."""
    tables = [each.chart.table for each in charts if each.chart.table]
    steps = [row[0] for row in tables[0].rows]
    values = zip(*([row[1:] for row in table.rows] for table in tables), strict=True)
    return Table(
        [tables[0].head[0], *(label for table in tables for label in table.head[1:])],
        [[step, *chain(*parts)] for step, parts in zip(steps, values, strict=True)],
    )


def curves_chart(
    window: Window,
    curves: Sequence[Curve],
    promotions: Sequence[DrawnPromotion],
    title: str,
    text: Callable[[float | None], str],
) -> Chart:
    """Lines from 0 up; steps without a value are gaps."""
    values = [value for _, _, curve in curves for value in curve if value is not None]
    frame = _frame(window, max(values, default=0.0))
    runs = [(curve, run) for curve in curves for run in _runs(curve[2])]
    rows = [
        [_step_text(window, start), *(text(curve[2][index]) for curve in curves)]
        for index, start in enumerate(window)
    ]
    return Chart(
        title=title,
        desc=f"{title} over {_span(window)}",
        x=_dates(window, frame),
        y=Axis(frame.y.ticks_up(4, text)),
        lines=[_line(frame, run, kind) for (_, kind, _), run in runs if len(run) > 1],
        dots=[
            _dot(frame, step, value, curve, window, text)
            for curve, run in runs
            if len(run) < SHORT_RUN
            for step, value in run
        ],
        bars=[
            frame.stretch(step, step + 1, kind="step", tooltip=_tooltip(row, curves))
            for step, row in enumerate(rows)
        ],
        rules=_guides(window, frame, promotions),
        keys=[Key("line", kind, label) for label, kind, _ in curves] if len(curves) > 1 else (),
        table=Table([_step_name(window), *(label for label, _, _ in curves)], rows),
        size="small",
    )


def share_text(share: float | None) -> str:
    """A share that may be small: 12%, 1.2%, 0.05%."""
    if share is None:
        return "–"
    return f"{100 * share:.0f}%" if share >= 0.1 or not share else f"{100 * share:.2g}%"


def latency_text(milliseconds: float | None) -> str:
    """640 ms, 1.9 s."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.3g} s"


def dollars(amount: float | None) -> str:
    """$0.0032, $1,240."""
    return "–" if amount is None else f"${money(amount)}"


def _step_text(window: Window, start: datetime) -> str:
    """A step of the window: a day, or an hour in UTC; the last one goes on."""
    text = f"{start:%-d %b, %H:%M}" if window.hourly else f"{start:%-d %b %Y}"
    return f"{text} (so far)" if start + window.step == window.end else text


def _columns(
    window: Window, counts: Sequence[int], promotions: Sequence[DrawnPromotion], title: str
) -> Chart:
    frame = _frame(window, max(counts, default=0))
    rows = [
        [_step_text(window, start), f"{count:,}"]
        for start, count in zip(window, counts, strict=True)
    ]
    gap = 0.12
    return Chart(
        title=title,
        desc=f"{title} over {_span(window)}: {count_text(sum(counts), 'request')}",
        x=_dates(window, frame),
        y=Axis(frame.y.ticks_up(4, _whole)),
        bars=[
            frame.bar(
                step + gap,
                step + 1 - gap,
                count,
                kind="candidate",
                tooltip=f"{rows[step][0]}: {count_text(count, 'request')}",
            )
            for step, count in enumerate(counts)
        ],
        rules=_guides(window, frame, promotions),
        table=Table([_step_name(window), "Requests"], rows),
        size="small",
    )


def _frame(window: Window, highest: float) -> Frame:
    return Frame(Scale(0, window.share(window.end)), Scale(0, ROOM * highest or 1))


def _dates(window: Window, frame: Frame) -> Axis:
    """At most MOST_DATES of the steps, by their middle."""
    starts = list(window)
    every = -(-len(starts) // MOST_DATES)
    first = (len(starts) - 1) % every // 2
    return Axis(
        [
            Tick(
                frame.x.at(step + 0.5),
                f"{starts[step]:%H:%M}" if window.hourly else f"{starts[step]:%-d %b}",
                step,
            )
            for step in range(first, len(starts), every)
        ]
    )


def _guides(window: Window, frame: Frame, promotions: Sequence[DrawnPromotion]) -> list[Guide]:
    """A dashed line for each promotion; the newest has its name."""
    return [
        frame.upright(
            window.share(promotion.at),
            kind="promotion",
            label=promotion.version if promotion is promotions[-1] else "",
        )
        for promotion in promotions
    ]


def _runs(values: Iterable[float | None]) -> list[list[tuple[int, float]]]:
    """Neighbouring steps that have a value."""
    runs = groupby(enumerate(values), key=lambda pair: pair[1] is not None)
    return [
        [(step, value) for step, value in run if value is not None] for there, run in runs if there
    ]


def _line(frame: Frame, run: Sequence[tuple[int, float]], kind: str) -> Line:
    return frame.line([(step + 0.5, value) for step, value in run], kind=kind)


def _dot(
    frame: Frame,
    step: int,
    value: float,
    curve: Curve,
    window: Window,
    text: Callable[[float | None], str],
) -> Dot:
    label, kind, _ = curve
    start = window.first + step * window.step
    return frame.dot(
        step + 0.5,
        value,
        kind=kind,
        tooltip=f"{_step_text(window, start)}: {label} {text(value)}",
        shape="ring" if kind == "baseline" else "circle",
    )


def _tooltip(row: Sequence[str], curves: Sequence[Curve]) -> str:
    step, *values = row
    labels = [label for label, _, _ in curves]
    return f"{step}: {', '.join(map(' '.join, zip(labels, values, strict=True)))}"


def _step_name(window: Window) -> str:
    return "Hour (UTC)" if window.hourly else "Day (UTC)"


def _span(window: Window) -> str:
    steps = len(list(window))
    return f"{steps} hours" if window.hourly else count_text(steps, "day")


def _whole(value: float | None) -> str:
    """A count on an axis; "" between two."""
    return f"{value:,.0f}" if value is not None and value == int(value) else ""
