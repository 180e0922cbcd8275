"""Reliability curves of two arms: how often answers are right, by how sure they were. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Key, Line, Table
from evalhub.report.charts.scale import Scale
from evalhub.stats.calibration import Calibration, calibration, reliability

type Answers = Sequence[Sequence[float]]
"""(confidence, right) of each answer."""


@dataclass(frozen=True, slots=True)
class ArmCalibration:
    """An arm's errors. `answers` is how many they are of."""

    arm: str
    answers: int
    errors: Calibration


@dataclass(frozen=True, slots=True)
class CalibrationPage:
    arms: Sequence[ArmCalibration]
    curve: Chart


def calibration_page(
    baseline: Answers, candidate: Answers, *, bins: int, arms: tuple[str, str]
) -> CalibrationPage | None:
    """Both arms' errors and curves; None where nothing was answered."""
    if not baseline or not candidate:
        return None
    frame = Frame(Scale(0, 1), Scale(0, 1))
    dots: list[Dot] = []
    lines: list[Line] = [frame.line([(0, 0), (1, 1)], kind="same dotted")]
    rows: list[Sequence[str]] = []
    errors = []
    for kind, name, answers in (
        ("baseline", arms[0], baseline),
        ("candidate", arms[1], candidate),
    ):
        said, right = zip(*answers, strict=True)
        errors.append(ArmCalibration(name, len(answers), calibration(said, right, bins)))
        curve = reliability(said, right, bins)
        lines.append(frame.line([(row.confidence, row.right) for row in curve], kind=kind))
        for row in curve:
            text = (
                f"{name}: {row.right:.0%} right of {row.count:,} answers that were "
                f"{row.confidence:.0%} sure, interval {row.lower:.0%} to {row.upper:.0%}"
            )
            dots.append(
                frame.dot(
                    row.confidence,
                    row.right,
                    kind=kind,
                    tooltip=text,
                    shape="circle" if kind == "candidate" else "ring",
                    upright=(row.lower, row.upper),
                )
            )
            rows.append(
                (
                    f"{name}, {row.start:.2f} to {row.stop:.2f}",
                    f"{row.count:,}",
                    f"{row.confidence:.3f}",
                    f"{row.right:.3f}",
                    f"{row.lower:.3f} to {row.upper:.3f}",
                )
            )
    return CalibrationPage(
        arms=errors,
        curve=Chart(
            title="Reliability",
            desc="How often answers are right by how sure they were; on the dotted line they are "
            "right as often as they say",
            x=Axis(frame.x.ticks(6, _percent), "confidence"),
            y=Axis(frame.y.ticks_up(6, _percent), "right"),
            lines=lines,
            dots=dots,
            keys=[
                Key("ring", "baseline", arms[0]),
                Key("circle", "candidate", arms[1]),
                Key("line", "same dotted", "calibrated"),
            ],
            table=Table(("Arm, bin", "Answers", "Confidence", "Right", "95% interval"), rows),
        ),
    )


def _percent(value: float) -> str:
    return f"{value:.0%}"
