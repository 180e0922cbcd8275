"""What a door gathers of two arms before anything is ruled. Pure: rows, digests, sentences.

`evalhub compare` and `evalhub decide` gather it from files, a study from the database. What becomes
of it is the same for all of them (`evalhub.decision.judge`).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from evalhub.decision.align import Aligned
from evalhub.decision.charge import Charge
from evalhub.decision.extraction import ExtractionMisses
from evalhub.decision.judge_evidence import JudgeEvidence
from evalhub.decision.live_evidence import LiveEvidence
from evalhub.decision.ownership.criterion import OwnershipEvidence
from evalhub.decision.preference_evidence import PreferenceEvidence
from evalhub.decision.sections.answers import AnsweredTestSet
from evalhub.decision.sections.applied import AppliedSection
from evalhub.decision.sections.baseline_choice import ChoiceSection
from evalhub.decision.sections.imported import ImportedSection
from evalhub.decision.sections.inputs import InputsSection
from evalhub.decision.sections.leakage import Leak
from evalhub.decision.sections.noise_floor import SecondRun
from evalhub.decision.sections.prices import PricesSection
from evalhub.decision.sections.resampled import ResampledSection
from evalhub.decision.sections.shadow import ShadowSection
from evalhub.decision.sections.steps import StepsSection
from evalhub.decision.sections.training_data import TrainingDataSection
from evalhub.declare.decision import Alternative, Arms, EvidenceRow, StudyName


@dataclass(frozen=True, slots=True)
class Rivals:
    """The other arms of a study, and which of them the candidate is judged against.

    Attributes:
        choice: how the baseline was chosen, without its answer; None where the study names it.
        alternatives: each other arm that isn't fine-tuned beside the candidate.
        steps: what each step before the fine-tune buys.
    """

    choice: ChoiceSection | None = None
    alternatives: Sequence[Alternative] = ()
    steps: StepsSection | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict on one candidate rests on. What a door hasn't got stays as it is here.

    Attributes:
        arms: the two arms, as the record names them.
        rows: what each test set's items, answers and scores are known by: the record's `evidence`.
        scores: of each criterion and budget both arms' scores side by side, in the policy's order;
            without items where nothing can be compared.
        charge: the levels that the ledger leaves; the policy's alpha where none counts.
        registered: a ledger counts this look.
        flaws: why no verdict can rest on it, one sentence each; those of `scores` and `answered`
            needn't be among them.
        pending: what is still to be measured, one sentence each: it keeps a ship back.
        answered: who gave the answers to each test set, and how they ended.
        misses: by criterion, the answers in which its extraction pattern found nothing.
        leaks: by criterion, the items that the candidate was trained on; empty: nobody looked.
        forms: names of the guards on the form of another test set's answers: their items are
            shown there.
        choosing: by criterion, how many items chose the baseline and aren't judged on.
        people, judge, ownership: measured at `charge.level`.
        live: of a live experiment, which has no scores.
        second_run: of the baseline.
        applied: whether the candidate's adapter was applied.
        prices: by which costs were put into money.
        imported: what another tool says of its own logs.
        shadow: where sampled requests of production are from.
        inputs: what production is asked, next to the test sets; it decides nothing.
        training_data: reports of the files that the arms were trained on; it decides nothing.
        resampled: scores of all answers together by a paired bootstrap; it decides nothing.
        study: whose evidence it is; None: it comes from files.
    """

    arms: Arms
    rows: Sequence[EvidenceRow]
    scores: Sequence[Aligned]
    charge: Charge
    registered: bool
    flaws: Sequence[str] = ()
    pending: Sequence[str] = ()
    answered: Sequence[AnsweredTestSet] = ()
    misses: Sequence[ExtractionMisses] = ()
    leaks: Sequence[Leak] = ()
    forms: Set[str] = frozenset()
    choosing: Mapping[str, int] = field(default_factory=dict)
    people: PreferenceEvidence = field(default_factory=PreferenceEvidence)
    judge: JudgeEvidence = field(default_factory=JudgeEvidence)
    ownership: OwnershipEvidence = field(default_factory=OwnershipEvidence)
    live: LiveEvidence = field(default_factory=LiveEvidence)
    rivals: Rivals = field(default_factory=Rivals)
    second_run: SecondRun | None = None
    applied: AppliedSection | None = None
    prices: PricesSection | None = None
    imported: ImportedSection | None = None
    shadow: ShadowSection | None = None
    inputs: InputsSection | None = None
    training_data: TrainingDataSection | None = None
    resampled: ResampledSection | None = None
    study: StudyName | None = None
