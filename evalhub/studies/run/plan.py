"""The plan of a registered study: requests that are still open, the cost of its next look, and what
that can show."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from django.db import transaction

from evalhub.decision.align import clusters_of, weights_of
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.levels import Together
from evalhub.decision.rule import alphas_of
from evalhub.decision.sections.ledger import LedgerRow
from evalhub.decision.sections.repeated import repeats_of
from evalhub.declare.plan import PlannedJudging, PlannedLook, PlannedRun, StudyPlan
from evalhub.declare.policy import LedgerScope
from evalhub.ledger.baseline_choice import choose_baseline
from evalhub.ledger.charge import charge
from evalhub.ledger.claims import claims_of, claims_of_plan
from evalhub.ledger.ledger import Claim, LedgerPosition, standing_of
from evalhub.ledger.models import Decision
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.scores import item_labels, requirement_on
from evalhub.ledger.study_evidence import NotReadyError, read_study_evidence
from evalhub.ledger.together import is_unread
from evalhub.registry.models import (
    Study,
    StudyArm,
    StudyTestSet,
)
from evalhub.registry.models.studies import ArmRole, CriterionRole
from evalhub.stats.clusters import assumed_design_effect
from evalhub.stats.levels import POWER
from evalhub.stats.power import minimum_detectable_effect, paired_sample_size
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.run.judges import Prices, judge_prices, plan_judging
from evalhub.studies.run.register import register_study
from evalhub.studies.run.requests import plan_budgets, plan_runs, sum_known
from runners.metrics import metric_declaration

USUAL_DEVIATION = 0.35
"""Of differences between scores of 0 to 1, where no decision has measured it: a fifth of the
answers differ or so."""


def plan_of_file(spec: StudySpec) -> StudyPlan:
    """The plan of a study file, which is registered for it and rolled back.

    Raises what `register_study` raises.
    """
    with transaction.atomic():
        study = register_study(spec)
        plan = study_plan(study, judge_prices(spec, study.project))
        transaction.set_rollback(True)
    return plan


def study_plan(study: Study, prices: Prices) -> StudyPlan:
    """The study's open requests, and the next looks of its candidate in question."""
    rows, runs = plan_runs(study)
    judging = plan_judging(study, prices)
    planned: list[PlannedRun | PlannedJudging] = [*runs, *judging]
    remaining = [each for each in planned if each.requests]
    judged = _arms_to_judge(study)
    return StudyPlan(
        study=study.name,
        candidate=study.arms.get(role=ArmRole.CANDIDATE).name,
        arms=len(judged),
        runs=tuple(runs),
        judging=tuple(judging),
        requests=sum(each.requests for each in remaining),
        prompt_tokens=sum(each.prompt_tokens for each in remaining),
        completion_tokens=sum_known(each.completion_tokens for each in remaining),
        money=sum_known(each.money for each in remaining),
        budgets=tuple(plan_budgets(rows, planned)),
        looks=tuple(next_looks(study)),
    )


def next_looks(study: Study) -> list[PlannedLook]:
    """The next look on each test set, computed as a decision is charged, from answers that exist or
    are planned. A test set on which the candidate is the baseline has none; guards on form are
    counted, and not listed."""
    policy, judged = study.policy, _arms_to_judge(study)
    arms = len(judged)
    asked_of = study.test_sets.judged()
    test_sets = list(asked_of.select_related("metric", "test_set_version__test_set"))
    claims = _claims(study, test_sets, arms) if test_sets else []
    if not claims:
        return []
    standing = standing_of(
        claims,
        counts=policy.ledger,
        primaries=policy.primaries,
        together=_together(study, judged, test_sets),
        shared=SameItems(),
        planned=True,
    )
    paid = charge(standing, counts=policy.ledger, alpha=policy.alpha, arms=arms)
    positions = {claim.name: at for claim, at in standing.pairs}
    rows = {row.test_set: row for row in paid.rows}
    counted = [each for each in test_sets if each.name in rows]
    alphas = alphas_of(
        [requirement_on(each) for each in counted],
        alpha=paid.level,
        primaries=policy.primaries,
        alphas=paid.alphas,
    )
    return [
        _look(
            study,
            test_set,
            rows[test_set.name],
            positions[test_set.name],
            counts=policy.ledger,
            alpha=alpha,
        )
        for test_set, alpha in zip(counted, alphas, strict=True)
        if not test_set.form
    ]


def _claims(study: Study, test_sets: list[StudyTestSet], arms: int) -> list[Claim]:
    """The claims of the next decision if all is answered; else as far as they are known."""
    arm = study.arms.select_related("version__model").get(role=ArmRole.CANDIDATE)
    try:
        evidence = read_study_evidence(study)
    except NotReadyError:
        baseline = study.arms.get(role=ArmRole.BASELINE)
        return claims_of_plan(study, baseline, arm, test_sets, arms=arms)
    chosen = choose_baseline(evidence)
    return claims_of(evidence, chosen.baseline, arm, arms=len(chosen.arms))


def _together(
    study: Study, judged: Sequence[StudyArm], test_sets: Sequence[StudyTestSet]
) -> Together | None:
    """The arms that would share the candidate's look; how similar they are is known once all have
    answered."""
    tuned = [arm for arm in judged if arm.version.fine_tuned]
    drawn = any(each.draw for each in test_sets)
    if drawn or len(tuned) < 2 or all(arm.role != ArmRole.CANDIDATE for arm in tuned):
        return None
    baseline = study.arms.get(role=ArmRole.BASELINE)
    unread = [
        arm
        for arm in tuned
        if is_unread(
            claims_of_plan(study, baseline, arm, test_sets, arms=len(judged)), study.policy.ledger
        )
    ]
    return Together(len(unread), (0.0,)) if len(unread) > 1 else None


def _arms_to_judge(study: Study) -> list[StudyArm]:
    """The judged arms: neither the baseline nor the arms from which it is chosen."""
    chosen = study.policy.development is not None
    return [
        arm
        for arm in study.arms.select_related("version")
        if arm.role != ArmRole.BASELINE and (arm.version.fine_tuned or not chosen)
    ]


def _look(
    study: Study,
    test_set: StudyTestSet,
    row: LedgerRow,
    at: LedgerPosition,
    *,
    counts: LedgerScope,
    alpha: float,
) -> PlannedLook:
    counting = counts != "off"
    version = test_set.test_set_version
    items = item_labels(version)
    judged = _items_to_judge(study, test_set, items)
    effect = _design_effect(test_set, items if test_set.mix else judged)
    measured = _deviation_seen(test_set)
    deviation = _usual(test_set) if measured is None else measured
    primary = test_set.role == CriterionRole.PRIMARY
    margin = test_set.margin if test_set.relative_margin is None else None
    wanted = (test_set.planned_gain or study.policy.planned_gain) if primary else margin
    smallest = needed = None
    if deviation:
        smallest = minimum_detectable_effect(
            len(judged), deviation, alpha=alpha, power=POWER, design_effect=effect
        )
    if deviation and wanted:
        enough = paired_sample_size(
            deviation, wanted, alpha=alpha, power=POWER, design_effect=effect
        )
        # Of added items the same share chooses the baseline as of the present ones.
        needed = ceil(enough * len(items) / len(judged))
    look = PlannedLook(
        test_set=test_set.name,
        role="primary" if primary else "guard",
        items=version.item_count,
        judged=len(judged),
        number=row.number if counting else None,
        taken=at.free,
        charged=row.counted,
        shared_by=row.together[-1].arms if row.together and row.together[-1] else None,
        refused=counting and at.pays and at.refused,
        level=alpha,
        deviation=deviation,
        seen=measured is not None,
        design_effect=effect,
        smallest=smallest,
        wanted=wanted,
        needed=needed,
        short=None if needed is None else max(0, needed - version.item_count),
        sentence="?",
    )
    sentences = [_sentence(look), *repeats_of(test_set.name, items)]
    return look.model_copy(update={"sentence": " ".join(sentences)})


def _design_effect(test_set: StudyTestSet, items: Sequence[ItemLabel]) -> float:
    """Design effect of the clusters, at the assumed correlation, and of the weights."""
    clusters = clusters_of([each.cluster for each in items])
    labels = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    return assumed_design_effect(len(items), labels, weights_of(items, test_set.mix))


def _items_to_judge(
    study: Study, test_set: StudyTestSet, items: Sequence[ItemLabel]
) -> Sequence[ItemLabel]:
    """Items that don't choose the baseline; all items if none would be left to judge on."""
    split = study.policy.development
    if split is None or test_set.role != CriterionRole.PRIMARY:
        return items
    return [each for each in items if not split.holds(each.key, each.cluster)] or items


def _usual(test_set: StudyTestSet) -> float | None:
    metric = metric_declaration(test_set.metric.name, **test_set.metric.options)
    bounds = test_set.bounds or metric.reach
    return None if bounds is None else USUAL_DEVIATION * (bounds[1] - bounds[0])


def _deviation_seen(test_set: StudyTestSet) -> float | None:
    """The standard deviation in the newest decision with this metric on this test set."""
    decisions = Decision.objects.exclude(verdict="invalid").filter(
        study__test_sets__test_set_version__test_set=test_set.test_set_version.test_set_id,
        study__test_sets__name=test_set.name,
        study__test_sets__metric=test_set.metric_id,
    )
    newest = decisions.newest_first().first()
    if newest is None:
        return None
    deviations = [each.sd for each in newest.document.criteria if each.name == test_set.name]
    return next((sd for sd in deviations if sd > 0), None)


def _sentence(look: PlannedLook) -> str:
    primary, level = look.role == "primary", f"level {look.level:.2g}"
    if look.refused:
        return (
            f"{look.test_set}: items of it were drawn for another look, and nothing is left to "
            "judge by on them. Draw others, or take a fresh test set."
        )
    if look.number is None:
        at = f"judged at {level}, and no ledger counts"
    elif look.taken:
        at = f"these answers were judged by look {look.number} at {level}: to decide again is free"
    elif look.charged:
        at = f"look {look.number}, at {level}"
    else:
        at = f"judged beside look {look.number}, at {level}"
    if look.shared_by is not None and not look.taken:
        at += f" or more: {look.shared_by} arms share the look, by how alike they are"
    sentence = f"{look.test_set}: {at}."
    if look.smallest is None or look.deviation is None:
        return (
            f"{sentence} What {look.items:,} items can show is known once a decision has measured."
        )
    whose = "as was measured before" if look.seen else "supposed"
    power_text = (
        f"find a gain of {look.smallest:.2g}"
        if primary
        else f"show that less than {look.smallest:.2g} is lost, if nothing is,"
    )
    chose = look.items - look.judged
    of_which = f", of which {chose:,} choose the baseline," if chose else ""
    sentence += (
        f" {look.items:,} items{of_which} {power_text} with {POWER:.0%} power at a deviation of "
        f"{look.deviation:.2g} ({whose})."
    )
    if look.wanted is None or look.needed is None:
        return sentence
    goal = f"The planned gain of {look.wanted:g}" if primary else f"The margin of {look.wanted:g}"
    enough = f"{look.short:,} more" if look.short else "which there are"
    return f"{sentence} {goal} needs {look.needed:,}: {enough}."
