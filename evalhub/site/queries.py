"""Queries of the pages, by name. Each function has a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum

from evalhub.registry.models import (
    Output,
    Run,
    RunMetric,
    Score,
    Study,
    StudyArm,
    StudyRun,
)
from evalhub.registry.models.runs import UNFINISHED, RunState
from reviews.models import AssignmentPurpose, Campaign, Judgment, Pair, PairKind
from runners.progress import failures_of, runs_without_worker

FEW_UNSCORED = 2000
"""Answers of all runs: so many are looked up by their ids."""


@dataclass(slots=True)
class StudyRuns:
    """A study's runs as a table: rows are test sets, columns arms, cells runs (or None).

    Where an arm is run again for the noise floor, its second runs are a column of their own.
    """

    arms: list[str] = field(default_factory=list)
    rows: list[tuple[str, list[Run | None]]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.runs)

    @property
    def open(self) -> int:
        return sum(run.state in UNFINISHED for run in self.runs)

    @property
    def failed(self) -> list[Run]:
        return [run for run in self.runs if run.state == RunState.FAILED]

    @property
    def cancelled(self) -> int:
        return sum(run.state == RunState.CANCELLED for run in self.runs)

    @property
    def stopped(self) -> int:
        return len(self.failed) + self.cancelled

    @property
    def worker_advice(self) -> str:
        """What to do if no worker takes up the runs."""
        return runs_without_worker(self.runs)


def study_runs(study: Study) -> StudyRuns:
    """The runs of a study with their progress, and the number of failed answers in open runs. Four
    queries, and one for open runs."""
    links = {
        (arm, repeat, test_set): run
        for arm, repeat, test_set, run in StudyRun.objects.filter(arm__study=study).values_list(
            "arm", "repeat", "test_set", "run"
        )
    }
    names = {arm.pk: arm.name for arm in study.arms.all()}
    again = sorted({(arm, repeat) for arm, repeat, _ in links if repeat})
    columns = [(arm, 0) for arm in names] + again
    with_progress = Run.objects.filter(pk__in=set(links.values())).with_progress()
    runs = {
        run.pk: run
        for run in with_progress.select_related("test_set_version__test_set", "version__model")
    }
    open_ = [run.pk for run in runs.values() if run.state in UNFINISHED]
    failures = failures_of(open_) if open_ else {}
    for run in runs.values():
        run.failures = failures.get(run.pk, 0)
    rows = [
        (
            test_set.name,
            [runs.get(links.get((*column, test_set.pk), 0)) for column in columns],
        )
        for test_set in study.test_sets.named()
    ]
    heads = [f"{names[arm]}, run again" if repeat else names[arm] for arm, repeat in columns]
    return StudyRuns(heads, rows, list(runs.values()))


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A development set's metric with each arm's mean, in the order of the arms; None where there
    is none yet."""

    test_set: str
    metric: str
    means: list[float | None]


def development_rows(study: Study, arms: Sequence[StudyArm]) -> list[ReadingRow]:
    """The means of these arms on a study's development sets. One query."""
    links = StudyRun.objects.filter(
        test_set__in=study.test_sets.development(),
        repeat=0,
        run__metrics__metric=F("test_set__metric"),
        run__metrics__in=RunMetric.objects.readable(),
    ).order_by("test_set__position")
    means: dict[tuple[str, str], dict[int, float | None]] = {}
    for test_set, metric, arm, mean in links.values_list(
        "test_set__name", "test_set__metric__name", "arm", "run__metrics__mean"
    ):
        means.setdefault((test_set, metric), {})[arm] = mean
    return [ReadingRow(*names, [of.get(arm.pk) for arm in arms]) for names, of in means.items()]


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """How far people are with a study's review."""

    campaign: Campaign
    planned: int
    judgments: int
    reviewers: int

    @property
    def complete(self) -> bool:
        return self.judgments >= self.planned


def judgments_of_study(study: Study) -> "QuerySet[Judgment]":
    """Present judgments of the answers that the study compares."""
    return Judgment.objects.current().filter(
        assignment__pair__campaign__study=study,
        assignment__pair__kind=PairKind.MAIN,
        assignment__purpose=AssignmentPurpose.MAIN,
    )


def campaign_state(study: Study) -> CampaignProgress | None:
    """The study's newest campaign with its progress; None without one. Three queries."""
    campaign = study.campaigns.defer("plan").first()
    if campaign is None:
        return None
    main = Pair.objects.filter(campaign=campaign, kind=PairKind.MAIN)
    planned = main.aggregate(n=Sum("seats", default=0))["n"]
    counts = (
        judgments_of_study(study)
        .filter(assignment__pair__campaign=campaign)
        .aggregate(judgments=Count("pk"), reviewers=Count("assignment__reviewer", distinct=True))
    )
    return CampaignProgress(campaign, planned, counts["judgments"], counts["reviewers"])


def outputs_of(run: Run, show: str) -> "QuerySet[Output]":
    """A run's answers in the order of its items: all, errors only, or unscored only."""
    outputs = Output.objects.filter(run=run).order_by("item_id", "sample")
    if show == "errors":
        return outputs.exclude(error="")
    if show == "unscored":
        gaps = Score.objects.filter(value=None).order_by()
        few = list(gaps.values_list("output", flat=True)[: FEW_UNSCORED + 1])
        if len(few) <= FEW_UNSCORED:
            return outputs.filter(pk__in=few)
        # a value, and no condition: PostgreSQL without statistics would go through all unscored
        # answers of all runs for each of this one
        gap = gaps.filter(output=OuterRef("pk")).values("output")[:1]
        return outputs.alias(gap=Subquery(gap)).filter(gap__isnull=False)
    return outputs
