"""A decision's record: a verdict on one candidate arm with all that it rests on.

The same from every door (docs/reference/verdict-json.md); docs/verdict.schema.json is made from it.
Its fields that are sections are the table of sections: a new one is a file and a line here.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, JsonValue

from evalhub.decision.criterion import Criterion
from evalhub.decision.sections.allocation import AllocationSection
from evalhub.decision.sections.answers import AnswersSection
from evalhub.decision.sections.applied import AppliedSection
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.baseline_choice import ChoiceSection
from evalhub.decision.sections.consistency import ConsistencySection
from evalhub.decision.sections.copies import CopiesSection
from evalhub.decision.sections.exposure import ExposureSection
from evalhub.decision.sections.extension import ExtensionSection
from evalhub.decision.sections.failures import FailuresSection
from evalhub.decision.sections.forgetting import ForgettingSection
from evalhub.decision.sections.imported import ImportedSection
from evalhub.decision.sections.inputs import InputsSection
from evalhub.decision.sections.judge import JudgeSection
from evalhub.decision.sections.jumps import JumpsSection
from evalhub.decision.sections.leakage import LeakageSection
from evalhub.decision.sections.ledger import LedgerSection
from evalhub.decision.sections.live_sums import LiveSumsSection
from evalhub.decision.sections.lost_pairs import LostPairsSection
from evalhub.decision.sections.noise_floor import NoiseSection
from evalhub.decision.sections.ownership import OwnershipSection
from evalhub.decision.sections.policy_since import PolicySection
from evalhub.decision.sections.prices import PricesSection
from evalhub.decision.sections.repeated import RepeatedSection
from evalhub.decision.sections.resampled import ResampledSection
from evalhub.decision.sections.shadow import ShadowSection
from evalhub.decision.sections.stages import StagesSection
from evalhub.decision.sections.steps import StepsSection
from evalhub.decision.sections.training_data import TrainingDataSection
from evalhub.decision.sections.weights import WeightsSection
from evalhub.declare.amounts import Size
from evalhub.declare.caveats import Caveat
from evalhub.declare.decision import (
    Alternative,
    Arms,
    BreakdownRow,
    Code,
    EvidenceRow,
    People,
    Reading,
    RecordedRule,
    Signature,
    StudyName,
)
from evalhub.declare.declaration import Declaration, is_none
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.ledger_origin import LedgerHead
from evalhub.declare.policy import Alpha
from evalhub.declare.verdicts import Verdict

SCHEMA: Literal["evalhub.decision/2"] = "evalhub.decision/2"
NOT_LIVE = "left out where no user was exposed"


def _is_empty(values: tuple[Caveat, ...]) -> bool:
    return not values


class DecisionRecord(Declaration):
    """A verdict with all that it rests on; a section is null where there is no such thing.

    Where it is invalid it holds no result: no criterion, difference, interval, score or win.
    """

    schema_: Literal["evalhub.decision/2"] = Field(alias="schema")
    verdict: Verdict
    registered: bool = Field(description="whether a ledger counts this look at its test sets")
    headline: str = Field(min_length=1)
    reasons: tuple[str, ...] = Field(
        min_length=1, description="a sentence a criterion, after its mark; when invalid, why"
    )
    invalid: tuple[str, ...]
    pending: tuple[str, ...]
    as_good: tuple[str, ...] = Field(
        description="which arms that aren't fine-tuned do as well as the candidate, which is: they "
        "hold it back"
    )
    caveats: Annotated[tuple[Caveat, ...], HOME_BOUND] = Field(
        (),
        exclude_if=_is_empty,
        description="what the promise of the level doesn't cover here, as the headline says; left "
        "out where there is nothing",
    )
    criteria: tuple[Criterion, ...]
    needed_n: Size | None
    alpha: Alpha
    rule: RecordedRule
    breakdown: tuple[BreakdownRow, ...]
    alternatives: tuple[Alternative, ...]
    people: People | None
    # The table of sections. Fields are in the order of the JSON; readers go by each one's `order`.
    ledger: LedgerSection | None
    noise_floor: NoiseSection | None
    failures: FailuresSection | None
    leakage: LeakageSection | None
    baseline_choice: ChoiceSection | None
    extension: ExtensionSection | None
    imported: ImportedSection | None = None
    forgetting: ForgettingSection | None = Field(
        None,
        exclude_if=is_none,
        description="left out where no guard holds a fine-tuned candidate back",
    )
    jumps: JumpsSection | None = Field(None, description="null: no gain is beyond belief")
    applied: AppliedSection | None = Field(
        None, description="null: the arm isn't fine-tuned, or its answers are recorded"
    )
    policy_since: PolicySection | None = Field(
        None,
        description="null: the last policy that judged these items asks the same, or nobody looked",
    )
    consistency: ConsistencySection | None = Field(
        None, description="null: no item was answered several times by both arms"
    )
    judge: JudgeSection | None = Field(None, description="null: no judge was to compare the arms")
    prices: PricesSection | None = Field(
        None, description="null: no budget of cost, or tokens were compared and not money"
    )
    ownership: OwnershipSection | None = Field(None, description="null: no budget of ownership")
    steps: StepsSection | None = Field(None, description="null: the arm isn't fine-tuned")
    answers: AnswersSection | None = Field(None, description="null: scores came without answers")
    repeated: RepeatedSection | None = Field(
        None, description="null: no two items ask the same text"
    )
    copies: CopiesSection | None = Field(
        None,
        exclude_if=is_none,
        description="left out where no item is a near-copy of another that was looked for",
    )
    lost_pairs: LostPairsSection | None = Field(
        None, exclude_if=is_none, description="left out where a mirror lost no answer"
    )
    shadow: ShadowSection | None = Field(
        None, exclude_if=is_none, description="left out where no test set is a sample of requests"
    )
    inputs: Annotated[InputsSection | None, HOME_BOUND] = Field(
        None, exclude_if=is_none, description="left out where no week of production was counted"
    )
    training_data: Annotated[TrainingDataSection | None, HOME_BOUND] = Field(
        None,
        exclude_if=is_none,
        description="left out where no arm says which file it was trained on",
    )
    resampled: ResampledSection | None = Field(
        None,
        exclude_if=is_none,
        description="left out where no test set has a score of all answers together",
    )
    weights: WeightsSection | None = Field(
        None, exclude_if=is_none, description="left out where all items count alike"
    )
    exposure: ExposureSection | None = Field(None, exclude_if=is_none, description=NOT_LIVE)
    allocation: AllocationSection | None = Field(None, exclude_if=is_none, description=NOT_LIVE)
    stages: StagesSection | None = Field(None, exclude_if=is_none, description=NOT_LIVE)
    live_sums: LiveSumsSection | None = Field(None, exclude_if=is_none, description=NOT_LIVE)
    arms: Arms
    evidence: tuple[EvidenceRow, ...]
    policy: dict[str, JsonValue] = Field(description="the policy as it was asked")
    study: Annotated[StudyName | None, HOME_BOUND]
    code: Annotated[Code, HOME_BOUND]
    ledger_head: Annotated[LedgerHead | None, HOME_BOUND] = Field(
        None, description="null: no home keeps it"
    )

    @property
    def sections(self) -> dict[str, Section]:
        """The sections that there are, by field, in the order that matters to a reader."""
        sections = {name: getattr(self, name) for name in SECTIONS}
        return {name: section for name, section in sections.items() if section is not None}

    def noise_of(self, criterion: Criterion) -> tuple[float, float] | None:
        """The interval of the baseline against itself where this criterion was measured.

        None where it judges a ratio, or there was no second run.
        """
        if self.noise_floor is None or not criterion.kind.by_metric:
            return None
        rows = {each.test_set: each for each in self.noise_floor.test_sets}
        if criterion.factor is not None or criterion.test_set not in rows:
            return None
        return rows[criterion.test_set].lower, rows[criterion.test_set].upper


def _sections() -> dict[str, type[Section]]:
    """The fields of a record whose type is a section, by the sections' order."""
    kinds = {
        name: kind
        for name, field in DecisionRecord.model_fields.items()
        for kind in get_args(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Section)
    }
    return dict(sorted(kinds.items(), key=lambda row: row[1].order))


SECTIONS = _sections()
"""Every section's class by its field, in the order that matters to a reader."""

LATER_SECTIONS = tuple(
    name for name in SECTIONS if not DecisionRecord.model_fields[name].is_required()
)
"""Those that a record may lack: one that was written before they were added still verifies."""


def by_field(sections: Iterable[Section | None]) -> dict[str, Any]:
    """The sections by their fields in a record: None of each that isn't there.

    Raises:
        ValueError: two are of one kind.
    """
    fields = {kind: name for name, kind in SECTIONS.items()}
    present = [section for section in sections if section is not None]
    values = {fields[type(section)]: section for section in present}
    if len(values) < len(present):
        raise ValueError("a record has one section of a kind")
    return {name: values.get(name) for name in SECTIONS}


class PrintedDecision(DecisionRecord):
    """What `study run --json` prints: the candidate's decision, those on its other arms, what has
    changed since they were made, and what the development sets show."""

    others: tuple[DecisionRecord, ...] = ()
    changed_since: tuple[str, ...] = Field((), description="a sentence for each thing; empty: none")
    readings: tuple[Reading, ...] = ()
    signatures: tuple[Signature, ...] = Field(
        (), description="by `evalhub decision attest`; empty: nobody signed it"
    )
