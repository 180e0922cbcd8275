"""People's preference for an arm, read from review campaigns for the decision.

Of a review that goes on nothing is read but how many judgments there are: a decision could be made
after each of them, and would show every vote.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import batched, compress

from django.db.models import QuerySet

from evalhub.decision.judgments import CountedReview, Judgments
from evalhub.decision.preference_evidence import (
    PreferenceEvidence,
    evidence_of_changed_review,
    preference_evidence,
    running_evidence,
)
from evalhub.declare.decision import EarlyStopLimits
from evalhub.declare.people import UnconfirmedUse
from evalhub.declare.review import Anytime
from evalhub.ledger.same_pairs import PlanNumber, plan_number
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Run, Study, StudyArm, StudyTestSet
from evalhub.registry.models.studies import ArmRole, CriterionRole
from reviews.errors import StillBlindError, TamperedError
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Judgment,
    Pair,
    PairKind,
)
from reviews.results.counting import count_judgments
from reviews.results.early_stopping import early_stop_of, interim_estimate, rule_of
from reviews.results.ended import check_ended
from reviews.results.judgment_data import JudgmentData, judgment_data
from reviews.results.looks import looks_known
from reviews.results.reviewer_quality import too_fast

_PAIRS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class HeardReview:
    """The review that a decision reads, and its number among the reviews of these pairs of
    answers."""

    campaign: Campaign
    plan: PlanNumber


def ask(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, alpha: float
) -> PreferenceEvidence:
    """People's evidence on this arm's answers beside the baseline's.

    While their review goes on, and where its record was changed: how many judgments there are, and
    nothing that depends on what they say.
    """
    rule, review = evidence.policy.preference, evidence.study.review
    if rule is None or review is None or arm.role != ArmRole.CANDIDATE:
        return PreferenceEvidence()
    test_set = next(each for each in evidence.test_sets if each.name == review.test_set)
    runs = evidence.run(baseline, test_set), evidence.run(arm, test_set)
    heard, items = _heard_review(evidence.study, *runs), keys_judged_on(evidence, test_set, runs[0])
    judgments = None
    if heard is not None:
        try:
            check_ended(heard.campaign)
        except StillBlindError:
            going_on = replace(
                _counts(heard, items), identical=heard.campaign.sealed_plan.identical
            )
            return running_evidence(going_on, rule, alpha=alpha)
        except TamperedError as error:
            return evidence_of_changed_review(_counts(heard, items), str(error))
        use = evidence.study.policy.unconfirmed_reviewers
        sample = evidence.items(test_set.test_set_version)
        judgments = _judgments(heard, items, alpha, use).of_sample(sample)
    return preference_evidence(
        judgments,
        rule,
        test_set=test_set.name,
        alpha=alpha,
        harm_alpha=evidence.policy.harm_alpha,
        planned_gain=evidence.policy.planned_gain,
    )


def judgments_of_ended_review(
    evidence: StudyEvidence, test_set: StudyTestSet, runs: tuple[Run, Run]
) -> Judgments | None:
    """Judgments of an ended review of these answers; None where none has ended, or it was
    changed."""
    heard = _heard_review(evidence.study, *runs)
    if heard is None:
        return None
    try:
        check_ended(heard.campaign)
    except (StillBlindError, TamperedError):
        return None
    items, policy = keys_judged_on(evidence, test_set, runs[0]), evidence.study.policy
    judgments = _judgments(heard, items, evidence.policy.alpha, policy.unconfirmed_reviewers)
    return judgments.of_sample(evidence.items(test_set.test_set_version))


def newest_review(study: Study, baseline: Run, candidate: Run) -> Campaign | None:
    """The study's newest review of exactly these answers (reviews of other answers say nothing
    here)."""
    # by ids: nested in one query, PostgreSQL without statistics goes through all pairs for each
    ours, theirs = _with_these_answers(baseline), _with_these_answers(candidate)
    runs = dict((ours | theirs).values_list("pk", "answers_digest"))
    pairs = Pair.objects.filter(
        baseline_output__run__in=[pk for pk in runs if runs[pk] == baseline.answers_digest],
        candidate_output__run__in=[pk for pk in runs if runs[pk] == candidate.answers_digest],
    )
    reviews = Campaign.objects.filter(pk__in=pairs.order_by().values("campaign"), study=study)
    return reviews.defer("plan").first()


def _heard_review(study: Study, baseline: Run, candidate: Run) -> HeardReview | None:
    campaign = newest_review(study, baseline, candidate)
    if campaign is None:
        return None
    return HeardReview(campaign, plan_number(campaign, baseline, candidate))


def judgments_so_far(study: Study, campaign: Campaign) -> int:
    """How many judgments there are on what a decision of the study judges. No choice is read."""
    split, review = study.policy.development, study.review
    items = None
    if split is not None and review is not None and _is_primary(study, review.test_set):
        keys = campaign.pairs.values_list("item__key", "item__cluster")
        items = {key for key, cluster in keys if not split.holds(key, cluster)}
    return _count_given(_main_pairs(campaign, items))


def _is_primary(study: Study, test_set: str) -> bool:
    return study.test_sets.filter(name=test_set, role=CriterionRole.PRIMARY).exists()


def _main_pairs(campaign: Campaign, items: Collection[str] | None) -> dict[int, int]:
    """The pairs that compare the campaign's two versions, on these items or on all: their seats.

    Chosen here: PostgreSQL without statistics begins with the versions' runs, and goes through all
    answers of the one for each of the other.
    """
    versions = (campaign.baseline_id, campaign.candidate_id)
    of = dict(Run.objects.filter(version__in=versions).values_list("pk", "version"))
    rows = campaign.pairs.filter(kind=PairKind.MAIN).order_by()
    compared = rows.values_list(
        "pk", "seats", "item__key", "baseline_output__run", "candidate_output__run"
    )
    return {
        pk: seats
        for pk, seats, key, *runs in compared
        if tuple(of.get(run) for run in runs) == versions and (items is None or key in items)
    }


def _count_given(pairs: Collection[int]) -> int:
    """Number of main turns on these pairs that have a standing judgment; queried by ids, as in
    `newest_review`."""
    turns = Assignment.objects.filter(purpose=AssignmentPurpose.MAIN, state=AssignmentState.DONE)
    count = 0
    for some in batched(pairs, _PAIRS_AT_ONCE):
        of_these = list(turns.filter(pair__in=some).order_by().values_list("pk", flat=True))
        judged = Judgment.objects.filter(assignment__in=of_these).order_by()
        count += judged.values("assignment").distinct().count()
    return count


def _counts(heard: HeardReview, items: Collection[str] | None) -> CountedReview:
    """How far a review has come; its plan isn't read, since it may have been changed."""
    campaign, pairs = heard.campaign, _main_pairs(heard.campaign, items)
    return CountedReview(
        judgments=_count_given(pairs),
        planned=sum(pairs.values()),
        plan=heard.plan.number,
        opened=heard.plan.opened,
        plan_hash=campaign.plan_hash,
    )


def _judgments(
    heard: HeardReview, items: Collection[str] | None, alpha: float, use: UnconfirmedUse
) -> Judgments:
    """Counting judgments of an ended review, on the judged items (their keys); None: all."""
    campaign = heard.campaign
    rule = rule_of(campaign)
    versions = campaign.baseline_id, campaign.candidate_id
    every = judgment_data(campaign).between(*versions).on(items).main()
    counted_review = count_judgments(campaign, every, use=use)
    data, main = counted_review.data, counted_review.data.judgments
    names = {reviewer: f"r{i}" for i, reviewer in enumerate(data.reviewers, 1)}
    return Judgments(
        [each.favours for each in main],
        [each.pair.item for each in main],
        [names[each.reviewer] for each in main],
        data.planned,
        campaign.sealed_plan.identical,
        early_stop=_early_stop(
            data, rule.model_copy(update={"alpha": alpha / heard.plan.number**2})
        )
        if rule and early_stop_of(campaign)
        else None,
        spent=rule.share if rule else 0.0,
        plan=heard.plan.number,
        opened=heard.plan.opened,
        plan_hash=campaign.plan_hash,
        seal=campaign.seal,
        too_fast=[too_fast(each) for each in main],
        looks=looks_known(campaign),
        diverse=campaign.sealed_plan.design.diverse,
        identities=tuple(counted_review.people.values()),
        unconfirmed=use,
    )


def _with_these_answers(run: Run) -> QuerySet[Run]:
    """Runs with the same answers to the same items, this one included."""
    runs: QuerySet[Run] = Run.objects.filter(
        test_set_version__digest=run.test_set_version.digest, answers_digest=run.answers_digest
    )
    return runs


def _early_stop(data: JudgmentData, rule: Anytime) -> EarlyStopLimits | None:
    """The limits by the campaign's rule at this decision's alpha, which needn't be the plan's."""
    estimate = interim_estimate(data, rule)
    if estimate is None:
        return None
    return EarlyStopLimits(
        lower=estimate.lower,
        upper=estimate.upper,
        level=estimate.level,
        p_better=estimate.p_better,
        p_worse=estimate.p_worse,
        method=estimate.method,
    )


def keys_judged_on(evidence: StudyEvidence, test_set: StudyTestSet, run: Run) -> set[str] | None:
    """Keys of the items that are judged on; None: all."""
    judged = evidence.rows_to_judge(test_set, run.test_set_version)
    if judged is None:
        return None
    return {each.key for each in compress(evidence.items(run.test_set_version), judged)}
