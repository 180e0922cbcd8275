"""What an alarm's page shows of the proposal that it made."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.features.monitoring.models import Alarm, RetrainProposal
from evalhub.features.monitoring.retraining.gathering import endpoint_amiss
from evalhub.features.monitoring.retraining.outcome import RetrainOutcome, outcome_of
from evalhub.features.monitoring.retraining.remedies import NextSteps, remedy_of
from evalhub.features.monitoring.retraining.wording import proposal_sentences
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import version_name

CHOICES = 50
"""Versions, the newest, that may be linked."""


@dataclass(frozen=True, slots=True)
class ProposalPart:
    """A proposal as its alarm's page shows it.

    Attributes:
        repair: whether the endpoint is to be repaired instead.
        versions: names of those that may be linked, where none is yet.
    """

    proposal: RetrainProposal
    repair: bool
    sentences: Sequence[str]
    remedy: NextSteps
    outcome: RetrainOutcome | None
    versions: Sequence[str]


def proposal_part(alarm: Alarm) -> ProposalPart | None:
    """None where the alarm proves no loss that training may mend. Some ten queries."""
    row = RetrainProposal.objects.with_related().filter(alarm=alarm).first()
    if row is None:
        return None
    repair = endpoint_amiss(row)
    return ProposalPart(
        proposal=row,
        repair=bool(repair),
        sentences=list(proposal_sentences(row, repair)),
        remedy=remedy_of(row),
        outcome=outcome_of(row),
        versions=[] if row.declined else _versions(row),
    )


def _versions(proposal: RetrainProposal) -> list[str]:
    rows = ModelVersion.objects.filter(model__project=proposal.project_id)
    rows = rows.exclude(pk=proposal.version_id).select_related("model").order_by("-pk")
    return [version_name(row) for row in rows[:CHOICES]]
