"""What REST takes and gives of proposals to train again; commands print the same."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AliasPath, Field

from evalhub.declare.cost_sheet import Ends
from evalhub.declare.declaration import Declaration
from evalhub.declare.retraining import AlarmBeside, RetrainEvidence
from evalhub.features.monitoring.models import RetrainProposal
from evalhub.features.monitoring.retraining.gathering import endpoint_amiss
from evalhub.features.monitoring.retraining.outcome import RetrainOutcome, outcome_of
from evalhub.features.monitoring.retraining.proposals import LONGEST_REASON
from evalhub.features.monitoring.retraining.remedies import remedy_of
from evalhub.features.monitoring.retraining.wording import proposal_sentences
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.version_names import version_name


class DeclineRequest(Declaration):
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class RetrainedRequest(Declaration):
    version: str = Field(max_length=200, description="that came of it, as MODEL@NUMBER")


class RetrainOutcomeOut(ResponseBody):
    """What came of a proposal so far."""

    decision: int | None = Field(description="the newest on the version; null: none yet")
    verdict: str | None
    champion_since: datetime | None = Field(description="null: it never was")
    gain: Ends | None = Field(
        description="by how much it is better than the old version was since its loss, with its "
        "95% interval; null: it can't be told"
    )
    sentence: str

    @classmethod
    def of(cls, outcome: RetrainOutcome) -> Self:
        decision = outcome.decision
        return cls(
            decision=decision and decision.pk,
            verdict=decision and decision.standing_verdict,
            champion_since=outcome.champion_since,
            gain=outcome.gain,
            sentence=outcome.sentence,
        )


class ProposalOut(ResponseBody):
    """A proven loss of quality or of signals, with what would mend it."""

    id: int
    alarm: int = Field(validation_alias="alarm_id")
    subject: str = Field(validation_alias=AliasPath("evidence", "subject"))
    version: str = Field(validation_alias="version_name", description="that lost")
    state: Literal["open", "declined", "retrained"]
    created: datetime
    evidence: RetrainEvidence = Field(description="as it was when the alarm was raised")
    repair: tuple[AlarmBeside, ...] = Field(
        description="alarms, then or open now, that the endpoint itself changed or fails: then it "
        "is to be repaired, not trained again"
    )
    sentences: tuple[str, ...] = Field(description="the same in words")
    commands: tuple[str, ...] = Field(
        description="that draw requests which lost, and write a study of them"
    )
    declined: datetime | None
    by: int | None = Field(
        validation_alias="by_id",
        description="number of the account that declined or linked it; null: nobody, or the "
        "operator",
    )
    reason: str = Field(description="why it was declined")
    retrained: str | None = Field(
        validation_alias="retrained_name", description="that came of it, as MODEL@NUMBER"
    )
    outcome: RetrainOutcomeOut | None = Field(description="null: no version is linked")
    url: str

    @classmethod
    def from_model(cls, row: RetrainProposal, /, **computed: Any) -> Self:
        """Of a row with all that `with_related` selects."""
        outcome = outcome_of(row)
        repair = endpoint_amiss(row)
        return super().from_model(
            row,
            version_name=version_name(row.version),
            repair=repair,
            sentences=tuple(proposal_sentences(row, repair)),
            commands=remedy_of(row).commands,
            retrained_name=row.retrained and version_name(row.retrained),
            outcome=outcome and RetrainOutcomeOut.of(outcome),
            url=address("proposal", row.project.slug, row.pk),
            **computed,
        )
