"""A study's evidence read, judged and kept as decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub import __version__
from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.decision.align import Aligned, breakdown_of, criteria_of
from evalhub.decision.document import DecisionRecord
from evalhub.decision.needed import with_choosing, with_next_looks
from evalhub.decision.preference_evidence import PreferenceEvidence
from evalhub.decision.record import decision_record
from evalhub.decision.rule import Ruling, decide
from evalhub.decision.sections.answers import answer_cautions
from evalhub.decision.sections.baseline_choice import answer, as_good
from evalhub.decision.sections.failures import failures_section
from evalhub.decision.sections.jumps import jumps_section, unbelieved
from evalhub.declare.criteria import Criterion
from evalhub.declare.decision import Arms, StudyName
from evalhub.declare.policy import Policy
from evalhub.declare.verdicts import Verdict
from evalhub.io.canonical import digest_of, storable
from evalhub.ledger.alternatives import alternatives
from evalhub.ledger.arm_evidence import ArmEvidence, arm_evidence
from evalhub.ledger.baseline_choice import BaselineChoice, choose_baseline
from evalhub.ledger.caveats import with_history
from evalhub.ledger.chain.append import append, ledger_head
from evalhub.ledger.charge import Charge, charge
from evalhub.ledger.claims import shown_beside
from evalhub.ledger.costs import arm_prices, budgets
from evalhub.ledger.evidence_rows import arm_name, evidence_row
from evalhub.ledger.extraction import gains_by_misses
from evalhub.ledger.judge import judge_evidence, open_preference
from evalhub.ledger.leakage.contamination import disagreement, leakage_section
from evalhub.ledger.ledger import Standing, standing_of
from evalhub.ledger.ledger_origin import FirstLooks, as_first_decided, with_ledger_origin
from evalhub.ledger.ledger_place import check_ledger_place
from evalhub.ledger.models import Decision
from evalhub.ledger.ownership_evidence import ownership_evidence
from evalhub.ledger.preference import ask
from evalhub.ledger.repeats import Repeats
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.scores import Pairing
from evalhub.ledger.simpler_steps import steps_section
from evalhub.ledger.study_evidence import StudyEvidence, read_study_evidence
from evalhub.ledger.taking import take
from evalhub.ledger.test_set_extension import extension_section, with_stages
from evalhub.ledger.together import ReadArm, SharedLooks, shared_looks
from evalhub.registry.models import RunMetric, Study, StudyArm
from evalhub.stats.errors import StatisticsError

TRIES = 100
SCORES_ALPHA = 0.01
"""Scores that differ at this level, shared by all criteria, are no no-op's."""


class ContestedError(Exception):
    """Other decisions came between, again and again."""


@dataclass(frozen=True, slots=True)
class _ToldBeside:
    """What the rule is told beside the criteria (see evalhub.decision.rule.decide)."""

    candidate: str
    invalid: Sequence[str]
    pending: Sequence[str]
    as_good: Sequence[str]
    unbelieved: Sequence[str] = ()
    cautions: Sequence[str] = ()


def decide_study(*, study: Study, by: User | None = None) -> list[Decision]:
    """Decides on every arm but the baseline (or all that it was chosen from), the candidate in
    question first. `by` asked for it; None is the operator or the timer.

    The same evidence gives the decision that is kept already. The level is what the test sets'
    ledger leaves for the arm (evalhub.ledger.ledger), so that trying more arms, in this study or
    another, doesn't make a false ship likelier.

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
    arms = [arm_evidence(evidence, chosen, arm) for arm in chosen.arms]
    complete = [ReadArm(each.arm, each.claims, each.pairings) for each in arms if not each.flaws]
    looks = shared_looks(evidence, complete)
    return [_decide_arm(evidence, chosen, repeats, read, looks, first, by) for read in arms]


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
        record = _judge(evidence, chosen, repeats, read, standing)
        record = with_ledger_origin(record, standing, shared, first)
        record = with_history(record, evidence, (chosen.baseline, read.arm), read.claims, shared)
        kept = _keep(evidence, chosen, read, looks, standing, shared, first, record, by)
        if kept is not None:
            return kept
    raise ContestedError(f"{evidence.study}: other decisions kept coming between")


def _judge(
    evidence: StudyEvidence,
    chosen: BaselineChoice,
    repeats: Repeats,
    read: ArmEvidence,
    standing: Standing,
) -> DecisionRecord:
    """The record of the decision, judged at what its claims' looks leave."""
    policy, arm, baseline = evidence.policy, read.arm, chosen.baseline
    paid = charge(standing, counts=policy.ledger, alpha=policy.alpha, arms=len(chosen.arms))
    staged = _staged(evidence, read, baseline, standing)
    prices = arm_prices(evidence, baseline, arm, staged)
    costs, unknown = budgets(evidence, baseline, arm, staged, prices)
    aligned = [each.aligned for each in staged.values() if each.aligned.items]
    content = [each for each in aligned if each.requirement.name not in evidence.forms]
    criteria = _measure(evidence, [*aligned, *costs], paid)
    asked = ask(evidence, baseline, arm, alpha=paid.level)
    judged = judge_evidence(evidence, baseline, arm, alpha=paid.level)
    owned = ownership_evidence(evidence, baseline, arm, staged, alpha=paid.level)
    asked = replace(asked, criteria=[*asked.criteria, *judged.criteria, *owned.criteria])
    noise, no_op = repeats.section(
        baseline,
        arm,
        read.pairings,
        alpha=paid.level,
        scores_differ=any(each.p_value <= SCORES_ALPHA / len(criteria) for each in criteria),
    )
    if read.applied is not None and read.applied.state == "moved":
        no_op = None  # the same words, by another model
    flaws = [*read.flaws, *(flaw for each in staged.values() for flaw in each.aligned.flaws)]
    invalid = [
        *dict.fromkeys(flaws),
        *([no_op] if no_op and not flaws else []),
        *paid.refused,
        *asked.unfit,
    ]
    pending = [*asked.pending, *unknown, *owned.pending]
    choice = chosen.choice
    if choice is not None:
        said = answer(criteria, planned_gain=policy.planned_gain, primaries=policy.primaries)
        choice = choice.model_copy(update={"answer": said})
    others = alternatives(evidence, baseline, arm, alpha=paid.level)
    arms = Arms(baseline=arm_name(baseline), candidate=arm_name(arm))
    told = _ToldBeside(
        arm.name,
        invalid,
        pending,
        as_good(arms, others, choice),
        cautions=answer_cautions(read.answers, arms),
    )
    jumps = jumps_section(
        criteria,
        rule=policy.jumps,
        largest_gain=policy.largest_gain,
        misses=gains_by_misses(
            staged, criteria, lambda rows: _verdict(policy, told, _measure(evidence, rows, paid))
        ),
    )
    told = replace(told, unbelieved=unbelieved(jumps))
    ruling = _verdict(policy, told, criteria + asked.criteria)
    leakage = None
    if read.leaks:
        clean = _without_leaks(evidence, read, staged, costs, paid, asked, told)
        leakage = leakage_section(read.leaks, policy.leakage, ruling, clean)
        why = disagreement(arm, ruling, clean)
        if why and policy.leakage == "judge" and not invalid:
            ruling = _verdict(policy, replace(told, invalid=[why]), criteria)
    failures = None
    if ruling.verdict is not Verdict.INVALID:
        failures = failures_section(
            [*aligned, *costs],
            lambda rows: _verdict(policy, told, _measure(evidence, rows, paid) + asked.criteria),
        )
    return decision_record(
        ruling,
        alpha=paid.level,
        alphas=paid.judging([*aligned, *costs]),
        policy=evidence.study.policy.as_json(),
        arms=arms,
        evidence=[evidence_row(each) for each in read.pairings.values()],
        study=StudyName(
            project=evidence.study.project.slug, slug=evidence.study.slug, name=evidence.study.name
        ),
        breakdown=breakdown_of(content, alpha=paid.level),
        alternatives=others,
        people=asked.record,
        aligned=content,
        sections=[
            paid.section,
            noise,
            failures,
            leakage,
            choice,
            extension_section(paid.rows, staged),
            jumps,
            read.applied,
            judged.section,
            prices,
            owned.section,
            steps_section(evidence, baseline, arm, others),
            read.answers,
        ],
    )


def _staged(
    evidence: StudyEvidence, read: ArmEvidence, baseline: StudyArm, standing: Standing
) -> dict[str, Pairing]:
    """The pairings, with earlier looks' rows in place of those items' where one is extended."""
    test_sets = {each.name: each for each in evidence.test_sets}
    names = baseline.name, read.arm.name
    stages = {claim.name: at.stages for claim, at in standing.pairs if at.stages}
    return {
        name: with_stages(evidence, test_sets[name], each, stages[name], names)
        if name in stages
        else each
        for name, each in read.pairings.items()
    }


def _measure(evidence: StudyEvidence, aligned: Sequence[Aligned], paid: Charge) -> list[Criterion]:
    criteria = criteria_of(
        aligned,
        alpha=paid.level,
        harm_alpha=evidence.policy.harm_alpha,
        alphas=paid.judging(aligned),
        planned_gain=evidence.policy.planned_gain,
        primaries=evidence.policy.primaries,
    )
    criteria = with_choosing(criteria, evidence.choosing())
    return with_next_looks(criteria, paid.extended, evidence.policy.primaries)


def _verdict(policy: Policy, told: _ToldBeside, criteria: Sequence[Criterion]) -> Ruling:
    return decide(
        told.candidate,
        criteria,
        invalid=told.invalid,
        pending=told.pending,
        as_good=told.as_good,
        unbelieved=told.unbelieved,
        cautions=told.cautions,
        primaries=policy.primaries,
        registered=policy.ledger != "off",
    )


def _without_leaks(
    evidence: StudyEvidence,
    read: ArmEvidence,
    staged: Mapping[str, Pairing],
    costs: Sequence[Aligned],
    paid: Charge,
    asked: PreferenceEvidence,
    told: _ToldBeside,
) -> Ruling | None:
    """The verdict on the items that the candidate hasn't seen, weighted to a mix by themselves.

    None where a test set has none, or a tag of its mix has none.
    """
    kept = {each.name: each.clean(staged[each.name]) for each in read.leaks}
    if not all(rows.any() for rows in kept.values()):
        return None
    try:
        aligned = [
            each.aligned.where(kept[name]) if name in kept else each.aligned
            for name, each in staged.items()
            if each.aligned.items
        ]
        criteria = _measure(evidence, [*aligned, *costs], paid)
    except StatisticsError:
        return None
    return _verdict(evidence.policy, told, criteria + asked.criteria)


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
    """Keeps the decision and its looks, unless the newest on the arm rests on the same evidence.

    None where the ledger has moved since it was judged. No verdict is no look, and opens no score.
    """
    study = evidence.study
    if record.verdict is not Verdict.INVALID:
        shown = shown_beside(evidence, chosen.baseline, chosen.arms, record.alternatives)
        if not take(
            standing,
            study=study,
            shared=shared,
            first=first,
            arms=_beside(evidence.policy, looks, read, standing, shared),
            together=looks.of(read.claims),
            rivals=shown.rivals,
            also=shown.looks,
        ):
            return None
        _open(read)
        open_preference(evidence, chosen.baseline, read.arm, record)
    arm = read.arm.name
    newest = Decision.objects.filter(study=study, arm=arm).newest_first().first()
    if newest is not None and (_is_same(newest, record) or _no_news(newest.document, record)):
        return newest
    document = storable(record.model_copy(update={"ledger_head": ledger_head()}).as_json())
    made = Decision.objects.create(
        study=study,
        arm=arm,
        record=document,
        digest=digest_of(document),
        code_version=__version__,
    )
    append(made)
    note(Action.DECIDED, by=by, project=study.project, what=f"{made.in_the_log}{study}")
    return made


def _beside(
    policy: Policy, looks: SharedLooks, read: ArmEvidence, standing: Standing, shared: SameItems
) -> list[Standing]:
    """Where the other arms stand that share the looks which this one is about to take."""
    if all(at.taken or not at.counted for at in standing.positions):
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
    """Makes what the decision has read, and paid for, readable by every door."""
    for metric, runs in read.runs:
        sealed = RunMetric.objects.filter(metric=metric, run__in=runs, opened=None)
        sealed.update(opened=timezone.now())


def _is_same(old: Decision, new: DecisionRecord) -> bool:
    """Whether it says the same in every letter, however far the ledger has come since."""
    again = as_first_decided(new, old.document)
    return digest_of(old.record | {"ledger_head": None}) == digest_of(storable(again.as_json()))


def _no_news(old: DecisionRecord, new: DecisionRecord) -> bool:
    """Whether both say for the same reasons that there is no verdict.

    What level it would have been judged at moves with the ledger, and makes no new decision.
    """
    return old.verdict == new.verdict == Verdict.INVALID and _seen(old) == _seen(new)


def _seen(record: DecisionRecord) -> tuple[Any, ...]:
    return record.invalid, record.evidence, record.arms, record.policy, record.people
