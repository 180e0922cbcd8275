"""What a proposal leads on to: the data queue, and a study of the version that is trained."""

from dataclasses import dataclass
from datetime import timedelta
from shlex import quote
from urllib.parse import urlencode

from django.urls import reverse

from evalhub.features.monitoring.models import RetrainProposal
from evalhub.features.monitoring.retraining.losses import parts_of
from evalhub.features.traffic.sample_form import USUAL_COUNT
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.query import UNKNOWN

SLICES = ("route", "language", "tag")
"""Kinds of slices that a sample can be drawn from."""
DRAWN_DAYS = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class NextSteps:
    """The next steps: pages, and the same as commands.

    Attributes:
        sample_page: draws requests that lost, as a version of a test set, from which a working set
            is edited and published.
        study_page: writes a first study file.
        commands: draw the requests; write a study of them.
    """

    sample_page: str
    study_page: str
    commands: tuple[str, str]


def remedy_of(proposal: RetrainProposal) -> NextSteps:
    """For the requests of the slice that lost most, or of all. One query."""
    evidence = proposal.evidence
    lost_from = evidence.since or (proposal.created - DRAWN_DAYS).date()
    where = _where(proposal)
    names = _served_names(proposal)
    if len(names) == 1:
        where = {"model": names[0]} | where
    project = proposal.project
    query = urlencode({"since": f"{lost_from}T00:00", **where})
    filters = "".join(f" --where {quote(f'{name}={value}')}" for name, value in where.items())
    test_set = f"lost-{proposal.pk}"
    sample = (
        f"evalhub traffic sample --project {project.slug} --n {USUAL_COUNT} --since {lost_from}"
        f"{filters} --test-set {test_set}"
    )
    study = (
        f"evalhub study init retrain-{proposal.pk} --from-traffic --project {project.slug} "
        f"--test-set {test_set} --kind {proposal.version.kind}"
    )
    return NextSteps(
        sample_page=f"{reverse('site:production_samples', args=[project.slug])}?{query}",
        study_page=reverse("site:strategy"),
        commands=(sample, study),
    )


def _where(proposal: RetrainProposal) -> dict[str, str]:
    """The alarm's route and slice; without a slice the one whose loss is the largest, where that is
    proven for it."""
    stream = proposal.alarm.stream
    parts = {kind: value or UNKNOWN for kind, value in parts_of(proposal.alarm).items()}
    if stream is not None and stream.slice_kind:
        return {kind: value for kind, value in parts.items() if kind in SLICES}
    for row in proposal.evidence.slices:
        if row.kind in SLICES and row.value and row.loss.low > 0:
            return parts | {row.kind: row.value}
    return parts


def _served_names(proposal: RetrainProposal) -> list[str]:
    """The names under which the version was served."""
    statements = ServedVersions.of(proposal.project).statements
    return sorted({row.name for row in statements if row.version_id == proposal.version_id})
