"""Where experiments stand, in one line each: for lists, and for pages of other things."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evalhub.accounts.models import Project, User
from evalhub.declare.verdicts import Verdict
from evalhub.features.experiments.models import Experiment
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion

MOST_RUNNING = 8
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """An experiment in one line.

    Attributes:
        share: of all users, the challenger's now.
        users: of both arms, by the newest reading; None: nothing was read yet.
        verdict: of the newest reading.
    """

    experiment: Experiment
    share: float
    users: int | None
    verdict: Verdict | None
    read: datetime | None

    @classmethod
    def of(cls, row: Experiment) -> "ExperimentLine":
        """Of a row that is `with_standing`."""
        verdict = getattr(row, "verdict", None)
        return cls(
            experiment=row,
            share=getattr(row, "share", None) or 0.0,
            users=getattr(row, "users", None),
            verdict=Verdict(verdict) if verdict else None,
            read=getattr(row, "read", None),
        )


def experiments_of(project: Project) -> Sequence[ExperimentLine]:
    """The project's experiments, the newest first. One query."""
    rows = Experiment.objects.filter(project=project).with_versions().with_standing()
    return [ExperimentLine.of(row) for row in rows.newest_first()[:MOST_LISTED]]


def running_for(user: User) -> Sequence[ExperimentLine]:
    """Running ones of the projects whose results this person may see. One query."""
    rows = Experiment.objects.visible_to(user).running().with_versions().with_standing()
    return [ExperimentLine.of(row) for row in rows.newest_first()[:MOST_RUNNING]]


def running_in(project: Project) -> ExperimentLine | None:
    """The project's running one, if there is one. One query."""
    row = Experiment.objects.filter(project=project).running().with_versions().with_standing()
    experiment = row.first()
    return None if experiment is None else ExperimentLine.of(experiment)


def experiments_with(version: ModelVersion) -> Sequence[ExperimentLine]:
    """Those in which this version is the challenger, the newest first. One query."""
    rows = Experiment.objects.filter(challenger=version).with_versions().with_standing()
    return [ExperimentLine.of(row) for row in rows.newest_first()[:MOST_LISTED]]


def experiments_by(decision: Decision) -> Sequence[ExperimentLine]:
    """Those that began by this decision, the newest first. One query."""
    rows = decision.experiments.all().with_versions().with_standing()
    return [ExperimentLine.of(row) for row in rows.newest_first()[:MOST_LISTED]]
