"""The page on which an experiment is followed: where it stands, how it went, what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.sections.exposure import ArmExposure
from evalhub.declare.declaration import validate
from evalhub.features.experiments.assessing.assess import assess
from evalhub.features.experiments.ending import promoting_decision
from evalhub.features.experiments.models import Ending, Experiment, Step
from evalhub.features.experiments.page_data.charts import (
    SequencePoint,
    TimeMark,
    TimeSpan,
    margin_plot,
    sequence_chart,
    thin,
)
from evalhub.features.experiments.page_data.ramp_rows import (
    RampRow,
    next_step_sentence,
    ramp_rows,
)
from evalhub.features.experiments.page_data.traffic_metrics import metric_label
from evalhub.features.traffic.page_data.charts import share_text
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion
from evalhub.report.charts.parts import Chart
from evalhub.report.decision_page import DecisionPage, decision_page
from evalhub.report.forest import Plot

MOST_POINTS = 60
MOST_DECISIONS = 20


@dataclass(frozen=True, slots=True)
class DrawnCriterion:
    """A criterion as it is now, and over time."""

    label: str
    criterion: Criterion
    plot: Plot | None
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class FollowPage:
    """An experiment.

    Attributes:
        share: of all users, the challenger's now.
        page: the record as it is now, as pages show any.
        drawn: the primary, then the guards.
        promotes: the decision by which the challenger may become champion now; None: none says so.
    """

    experiment: Experiment
    share: float
    epoch: int
    page: DecisionPage
    drawn: Sequence[DrawnCriterion]
    ramp: Sequence[RampRow]
    next_step: str
    steps: Sequence[Step]
    decisions: Sequence[Decision]
    promotes: Decision | None

    @property
    def record(self) -> DecisionRecord:
        return self.page.record

    @property
    def share_percent(self) -> str:
        """The challenger's share, as the form has it."""
        return f"{100 * self.share:.12g}"

    @property
    def arms(self) -> Sequence[tuple[ModelVersion, ArmExposure]]:
        """Each arm's version with its users."""
        exposure = self.record.exposure
        if exposure is None:
            return []
        experiment = self.experiment
        return [
            (experiment.champion, exposure.champion),
            (experiment.challenger, exposure.challenger),
        ]

    @property
    def primary(self) -> DrawnCriterion | None:
        return next((row for row in self.drawn if row.criterion.kind.must_gain), None)

    @property
    def guards(self) -> Sequence[DrawnCriterion]:
        return [row for row in self.drawn if not row.criterion.kind.must_gain]


def follow_page(experiment: Experiment, now: datetime) -> FollowPage:
    """Some eight queries, however long it has run."""
    steps = list(experiment.steps.in_order().select_related("by"))
    span = TimeSpan(experiment.started, experiment.ended or now)
    marks = _marks(experiment, steps)
    sequences = _sequences(experiment)
    page = decision_page(_record(experiment, now))
    guards = [row.values for row in page.criteria if not row.values.kind.must_gain]
    decisions = experiment.study.decisions.newest_first().with_headline()[:MOST_DECISIONS]
    return FollowPage(
        experiment=experiment,
        share=steps[-1].rule.share,
        epoch=steps[-1].epoch,
        page=page,
        drawn=[
            DrawnCriterion(
                metric_label(row.values.name),
                row.values,
                margin_plot(row) if row.values.margin else None,
                _chart(row.values, sequences.get(row.values.name, ()), span, marks),
            )
            for row in page.criteria
        ],
        ramp=ramp_rows(experiment, steps),
        next_step=next_step_sentence(experiment, steps, guards, now),
        steps=steps,
        decisions=list(decisions),
        promotes=promoting_decision(experiment) if experiment.is_running else None,
    )


def _record(experiment: Experiment, now: datetime) -> DecisionRecord:
    """How it stood when its traffic was last counted; before that, that nobody has come."""
    if experiment.record is None:
        return assess(experiment, now).record
    return validate(DecisionRecord, experiment.record)


def _sequences(experiment: Experiment) -> Mapping[str, Sequence[SequencePoint]]:
    """By criterion, some of the readings, evenly over time. Two queries."""
    readings = experiment.readings.order_by("at", "pk")
    keys = list(readings.values_list("pk", flat=True))
    chosen = [keys[position] for position in thin(len(keys), MOST_POINTS)]
    sequences: dict[str, list[SequencePoint]] = {}
    for reading in readings.filter(pk__in=chosen):
        for name, point in reading.points.items():
            if isinstance(point, dict) and "difference" in point:
                sequences.setdefault(name, []).append(
                    SequencePoint(
                        reading.at,
                        point["users"],
                        point["difference"],
                        point["lower"],
                        point["upper"],
                    )
                )
    return sequences


def _chart(
    criterion: Criterion,
    points: Sequence[SequencePoint],
    span: TimeSpan,
    marks: Sequence[TimeMark],
) -> Chart | None:
    if len(points) < 2:
        return None
    return sequence_chart(
        f"{metric_label(criterion.name)}: difference from the champion",
        points,
        bound=criterion.bound or 0.0,
        status=criterion.status,
        span=span,
        marks=marks,
        small=not criterion.kind.must_gain,
    )


def _marks(experiment: Experiment, steps: Sequence[Step]) -> list[TimeMark]:
    """Each step that changed something, and the end."""
    marks = []
    for before, step in pairwise(steps):
        if not step.coverage:
            label = experiment.get_outcome_display()
            kind = "fail" if experiment.outcome == Ending.ROLLED_BACK else "now"
            marks.append(TimeMark(step.since, label, kind))
        elif step.epoch != before.epoch:
            marks.append(TimeMark(step.since, f"epoch {step.epoch}", "epoch"))
        else:
            marks.append(TimeMark(step.since, share_text(step.rule.share), "step"))
    return marks
