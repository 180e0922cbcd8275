"""Read a study's evidence, judge it, and store decisions."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub import __version__
from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence, Rivals
from evalhub.decision.judge import judge
from evalhub.decision.policy import Policy
from evalhub.declare.decision import Arms, StudyName
from evalhub.declare.verdicts import Verdict
from evalhub.io.canonical import digest_of, storable
from evalhub.ledger.alternatives import alternatives
from evalhub.ledger.arm_evidence import ArmEvidence, arm_evidence, arm_name, evidence_row
from evalhub.ledger.baseline_choice import BaselineChoice, choose_baseline
from evalhub.ledger.caveats import with_history
from evalhub.ledger.chain.append import append, ledger_head
from evalhub.ledger.charge import charge
from evalhub.ledger.claims import claims_beside
from evalhub.ledger.costs import arm_prices, budgets
from evalhub.ledger.extraction import extraction_misses
from evalhub.ledger.judge import judge_evidence, open_preference
from evalhub.ledger.ledger import Standing, standing_of
from evalhub.ledger.ledger_origin import (
    FirstLooks,
    check_ledger_place,
    with_first_origin,
    with_ledger_origin,
)
from evalhub.ledger.models import Decision
from evalhub.ledger.ownership_evidence import ownership_evidence
from evalhub.ledger.preference import ask
from evalhub.ledger.production_shares import inputs_section
from evalhub.ledger.repeats import Repeats
from evalhub.ledger.resampled import resampled_section
from evalhub.ledger.retirement import retirement_flaws
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.scores import Pairing
from evalhub.ledger.shadow import shadow_section
from evalhub.ledger.simpler_steps import steps_section
from evalhub.ledger.study_evidence import StudyEvidence, read_study_evidence
from evalhub.ledger.taking import take
from evalhub.ledger.test_set_extension import with_earlier_looks
from evalhub.ledger.together import ReadArm, SharedLooks, looks_to_share
from evalhub.ledger.training_data import training_data_section
from evalhub.registry.models import RunMetric, Study, StudyArm

TRIES = 100


class ContestedError(Exception):
    """Lost the compare-and-set on the ledger too often: other decisions came between."""


def decide_study(*, study: Study, by: User | None = None) -> list[Decision]:
    """Decide on every arm but the baseline (and on all that it was chosen from), the candidate in
    question first. `by` asked for it; None is the operator or the timer.

    The same evidence gives the decision that is kept already. The level is what the test sets'
    ledger leaves for the arm (evalhub.ledger.ledger), so that trying more arms, in this study or
    another, doesn't make a false ship likelier. On a retired test set the evidence is invalid.

    Raises:
        LedgerElsewhereError: the policy asks for a server's ledger, and this home isn't one's.
        NotReadyError: a run of the study hasn't finished.
        ContestedError: other decisions kept coming between.
    """
    check_ledger_place(study.policy.ledger_at)
    evidence = read_study_evidence(study)
    chosen = choose_baseline(evidence)
    repeats = Repeats(evidence, {})
    first = FirstLooks()
    retired = retirement_flaws(run.test_set_version for run in evidence.runs.values())
    arms = [arm_evidence(evidence, chosen, arm) for arm in chosen.arms]
    arms = [replace(each, flaws=[*retired, *each.flaws]) for each in arms]
    complete = [ReadArm(each.arm, each.claims, each.pairings) for each in arms if not each.flaws]
    looks = looks_to_share(evidence, complete)
    # What was decided before a test set was retired stays; nothing is decided again.
    return [
        (retired and _newest(study, read.arm.name))
        or _decide_arm(evidence, chosen, repeats, read, looks, first, by)
        for read in arms
    ]


def _decide_arm(
    evidence: StudyEvidence,
    chosen: BaselineChoice,
    repeats: Repeats,
    read: ArmEvidence,
    looks: SharedLooks,
    first: FirstLooks,
    by: User | None,
) -> Decision:
    for _ in range(TRIES):
        shared = SameItems()
        policy = evidence.policy
        standing = standing_of(
            read.claims,
            counts=policy.ledger,
            primaries=policy.primaries,
            together=looks.of(read.claims),
            shared=shared,
        )
        gathered = _gather(evidence, chosen, repeats, read, standing)
        record = judge(gathered, policy, written=evidence.study.policy.as_json())
        record = with_ledger_origin(record, standing, shared, first)
        record = with_history(record, evidence, (chosen.baseline, read.arm), read.claims, shared)
        decision = _keep(evidence, chosen, read, looks, standing, shared, first, record, by)
        if decision is not None:
            return decision
    raise ContestedError(f"{evidence.study}: other decisions kept changing the ledger meanwhile")


def _gather(
    evidence: StudyEvidence,
    chosen: BaselineChoice,
    repeats: Repeats,
    read: ArmEvidence,
    standing: Standing,
) -> Evidence:
    """The study's evidence on an arm, at the level that its claims' looks leave."""
    policy, arm, baseline = evidence.policy, read.arm, chosen.baseline
    paid = charge(standing, counts=policy.ledger, alpha=policy.alpha, arms=len(chosen.arms))
    pairings = _with_earlier_looks(evidence, read, baseline, standing)
    prices = arm_prices(evidence, baseline, arm, pairings)
    costs, unknown = budgets(evidence, baseline, arm, pairings, prices)
    others = alternatives(evidence, baseline, arm, alpha=paid.level)
    project = evidence.study.project
    return Evidence(
        arms=Arms(baseline=arm_name(baseline), candidate=arm_name(arm)),
        rows=[evidence_row(each) for each in read.pairings.values()],
        scores=[*(each.aligned for each in pairings.values()), *costs],
        charge=paid,
        registered=policy.ledger != "off",
        flaws=read.flaws,
        pending=unknown,
        answered=read.answered,
        misses=extraction_misses(pairings),
        leaks=read.leaks,
        forms=evidence.forms,
        choosing=evidence.choosing(),
        people=ask(evidence, baseline, arm, alpha=paid.level),
        judge=judge_evidence(evidence, baseline, arm, alpha=paid.level),
        ownership=ownership_evidence(evidence, baseline, arm, pairings, alpha=paid.level),
        rivals=Rivals(chosen.choice, others, steps_section(evidence, baseline, arm, others)),
        second_run=repeats.second_run(baseline, arm, read.pairings, alpha=paid.level),
        applied=read.applied,
        prices=prices,
        shadow=shadow_section(evidence, baseline, arm),
        inputs=inputs_section(evidence),
        resampled=resampled_section(pairings),
        training_data=training_data_section(project, baseline, arm),
        study=StudyName(project=project.slug, slug=evidence.study.slug, name=evidence.study.name),
    )


def _with_earlier_looks(
    evidence: StudyEvidence, read: ArmEvidence, baseline: StudyArm, standing: Standing
) -> dict[str, Pairing]:
    """The pairings; where a look is extended, with the earlier looks' rows for their items."""
    test_sets = {each.name: each for each in evidence.test_sets}
    names = baseline.name, read.arm.name
    extended = {claim.name: at.extends for claim, at in standing.pairs if at.extends}
    return {
        name: with_earlier_looks(evidence, test_sets[name], pairing, extended[name], names)
        if name in extended
        else pairing
        for name, pairing in read.pairings.items()
    }


@transaction.atomic
def _keep(
    evidence: StudyEvidence,
    chosen: BaselineChoice,
    read: ArmEvidence,
    looks: SharedLooks,
    standing: Standing,
    shared: SameItems,
    first: FirstLooks,
    record: DecisionRecord,
    by: User | None,
) -> Decision | None:
    """Store the decision and its looks, unless the newest decision on the arm rests on the same
    evidence.

    None where the ledger has moved since it was judged. No verdict is no look, and opens no score.
    """
    study = evidence.study
    if record.verdict is not Verdict.INVALID:
        beside = claims_beside(evidence, chosen.baseline, chosen.arms, record.alternatives)
        if not take(
            standing,
            study=study,
            shared=shared,
            first=first,
            arms=_beside(evidence.policy, looks, read, standing, shared),
            together=looks.of(read.claims),
            rivals=beside.rivals,
            also=beside.looks,
        ):
            return None
        _open(read)
        open_preference(evidence, chosen.baseline, read.arm, record)
    return keep_record(study=study, arm=read.arm.name, record=record, by=by)


def keep_record(*, study: Study, arm: str, record: DecisionRecord, by: User | None) -> Decision:
    """Store a decision on an arm, in the chain and the audit log, unless the newest one rests on
    the same evidence; that one then. Part of the caller's transaction."""
    newest = _newest(study, arm)
    if newest is not None and (_is_same(newest, record) or _no_news(newest.document, record)):
        return newest
    document = storable(record.model_copy(update={"ledger_head": ledger_head()}).as_json())
    decision = Decision.objects.create(
        study=study,
        arm=arm,
        record=document,
        digest=digest_of(document),
        code_version=__version__,
    )
    append(decision)
    note(Action.DECIDED, by=by, project=study.project, what=f"{decision.in_the_log}{study}")
    return decision


def _newest(study: Study, arm: str) -> Decision | None:
    return Decision.objects.filter(study=study, arm=arm).newest_first().first()


def _beside(
    policy: Policy, looks: SharedLooks, read: ArmEvidence, standing: Standing, shared: SameItems
) -> list[Standing]:
    """Positions of the other arms that share the looks this decision is about to take."""
    if all(at.taken or not at.pays for at in standing.positions):
        return []
    return [
        standing_of(
            claims,
            counts=policy.ledger,
            primaries=policy.primaries,
            together=looks.together,
            shared=shared,
        )
        for claims in looks.beside(read.claims)
    ]


def _open(read: ArmEvidence) -> None:
    """Make everything that the decision has read and paid for readable."""
    for metric, runs in read.runs:
        sealed = RunMetric.objects.filter(metric=metric, run__in=runs, opened=None)
        sealed.update(opened=timezone.now())


def _is_same(old: Decision, new: DecisionRecord) -> bool:
    """Whether both records are identical, apart from the ledger's growth since, and from what
    production has been asked since, on which no verdict rests."""
    inputs = old.document.inputs
    again = with_first_origin(new, old.document).model_copy(update={"inputs": inputs})
    return digest_of(old.record | {"ledger_head": None}) == digest_of(storable(again.as_json()))


def _no_news(old: DecisionRecord, new: DecisionRecord) -> bool:
    """Whether both are invalid for the same reasons.

    What level it would have been judged at moves with the ledger, and makes no new decision.
    """
    return old.verdict == new.verdict == Verdict.INVALID and _basis(old) == _basis(new)


def _basis(record: DecisionRecord) -> tuple[Any, ...]:
    return record.invalid, record.evidence, record.arms, record.policy, record.people
