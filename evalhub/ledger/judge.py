"""The preference of a study's LLM judge, which counts only once people confirm it."""

from collections.abc import Hashable, Mapping

import numpy as np
from django.utils import timezone

from evalhub.decision.criteria.judge import Pairwise
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.judge_evidence import Corrected, JudgeEvidence, judge_criterion
from evalhub.decision.judgments import Judgments
from evalhub.decision.sections.judge import JudgePreference, JudgeSection
from evalhub.decision.wording import count_text
from evalhub.declare.decision import AgreementValue
from evalhub.declare.verdicts import JudgeVerdict
from evalhub.judges.check import judge_verdict
from evalhub.judges.models import JudgeRun, question_digest
from evalhub.judges.pairs import count_pairs
from evalhub.judges.run import judge_version
from evalhub.judges.votes import JudgeVotes, figures_of, votes_of
from evalhub.ledger.preference import judgments_of_ended_review, keys_judged_on
from evalhub.ledger.same_pairs import judge_number
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import ModelVersion, Run, StudyArm, StudyTestSet
from evalhub.registry.models.studies import ArmRole
from evalhub.stats.both_orders import BothOrders
from evalhub.stats.errors import StatisticsError
from evalhub.stats.judge import VALUE, JudgeCheck, judge_check
from evalhub.stats.ppi import powered_estimate
from evalhub.stats.sides import LengthControl, length_control

UNHEARD = (
    "no review of these answers has ended, so that nobody knows how far it agrees with people."
)
NOT_AS_PLANNED = (
    "the review of these answers didn't end as it was planned, so that the items that were judged "
    "are no random sample."
)

type Votes = dict[Hashable, str]


def judge_evidence(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, alpha: float
) -> JudgeEvidence:
    """The judge's preference between this arm's answers and the baseline's.

    The k-th judge whose preference on the same answers is read is judged at alpha/k², like the k-th
    review: trying judges until one pleases is trying.
    """
    pairwise = evidence.study.policy.pairwise
    if pairwise is None or arm.role != ArmRole.CANDIDATE:
        return JudgeEvidence()
    test_set, judge = (
        _test_set(evidence, pairwise),
        judge_version(evidence.study.project, pairwise.by),
    )
    runs = _runs(evidence, pairwise, baseline, arm)
    judge_run = _judge_run(runs, judge, pairwise)
    people = judgments_of_ended_review(evidence, test_set, runs)
    number = judge_number(judge_run, *runs)
    section = JudgeSection(
        test_set=pairwise.test_set,
        judge=str(judge),
        judge_digest=judge.digest,
        rubric=pairwise.rubric,
        tier=pairwise.tier,
        floor=pairwise.floor,
        number=number,
        alpha=alpha / (number * (people.plan if people else 1)) ** 2,
    )
    if judge_run is None:
        return JudgeEvidence(section)
    votes, pairs = votes_of(judge_run), count_pairs(judge_run)
    section = section.model_copy(update={"figures": figures_of(votes, pairs=pairs)})
    judged = votes_of(judge_run, keys_judged_on(evidence, test_set, runs[0]))
    both = judged.both()
    if judge_run.votes.count() < 2 * pairs or not both.votes:
        return JudgeEvidence(section)
    preference = _preference(evidence, pairwise, judged, both, people)
    criteria = []
    if preference.calibration == "usable" and people is not None:
        corrected = _correct(evidence, both.votes, judged, people, section.alpha)
        if corrected is not None:
            criteria.append(_criterion(evidence, pairwise, both.votes, corrected, section))
            preference = preference.model_copy(
                update={
                    "corrected": AgreementValue(
                        value=corrected.value,
                        lower=corrected.lower.lower,
                        upper=corrected.upper.upper,
                    ),
                    "trust": corrected.lower.weight,
                }
            )
    return JudgeEvidence(section.model_copy(update={"preference": preference}), criteria)


def _preference(
    evidence: StudyEvidence,
    pairwise: Pairwise,
    judged: JudgeVotes,
    both: BothOrders,
    people: Judgments | None,
) -> JudgePreference:
    """Which arm the judge preferred, and whether people confirm it."""
    choices = list(both.votes.values())
    length = _length(both.votes, judged)
    check = _check(both.votes, judged, people)
    calibration, why = _calibration(evidence, pairwise, people, check)
    agreed = None if check is None else check.beyond_chance
    return JudgePreference(
        score=sum(VALUE[each] for each in choices) / len(choices),
        wins=choices.count("candidate"),
        losses=choices.count("baseline"),
        ties=len(choices) - choices.count("candidate") - choices.count("baseline"),
        equal_lengths=None
        if length is None
        else AgreementValue(value=length.controlled, lower=length.lower, upper=length.upper),
        length=None
        if length is None or length.length is None
        else AgreementValue(
            value=length.length.value, lower=length.length.lower, upper=length.length.upper
        ),
        longer=None
        if length is None
        else AgreementValue(
            value=length.longer.share, lower=length.longer.lower, upper=length.longer.upper
        ),
        labelled=0 if check is None else check.shared,
        agreement=None
        if agreed is None
        else AgreementValue(value=agreed.value, lower=agreed.lower, upper=agreed.upper),
        calibration=calibration,
        why=why,
        corrected=None,
        trust=None,
    )


def _check(votes: Votes, judged: JudgeVotes, people: Judgments | None) -> JudgeCheck | None:
    """Agreement of the judge with people; None where no item has both."""
    human = _human(people)
    if not human.keys() & votes.keys():
        return None
    return judge_check(
        human,
        votes,
        random_sample=people is not None and people.as_planned,
        clusters=judged.clusters if judged.clustered else None,
        weights=judged.weights or None,
    )


def _calibration(
    evidence: StudyEvidence, pairwise: Pairwise, people: Judgments | None, check: JudgeCheck | None
) -> tuple[JudgeVerdict | None, str]:
    if people is None or check is None:
        return None, UNHEARD
    if not people.as_planned:
        return "invalid", NOT_AS_PLANNED
    least = evidence.study.policy.min_reviewers
    if people.reviewers < least:
        have = "has" if people.reviewers == 1 else "have"
        return "invalid", (
            f"{count_text(people.reviewers, 'person', 'people')} {have} judged these answers, and "
            f"{least} must have."
        )
    verdict, why = judge_verdict(check, pairwise.floor)
    return verdict, f"{why[:1].lower()}{why[1:]}"


def _correct(
    evidence: StudyEvidence,
    votes: Votes,
    judged: JudgeVotes,
    people: Judgments,
    alpha: float,
) -> Corrected | None:
    """The win score of all judged items, corrected by people; None where it can't be computed."""
    human = _human(people)
    means = [
        float(np.mean([VALUE[each] for each in human[item]])) if item in human else float("nan")
        for item in votes
    ]
    clusters = [judged.clusters[item] for item in votes] if judged.clustered else None
    weights = [judged.weights[item] for item in votes] if judged.weights else None
    try:
        lower, upper = (
            powered_estimate(
                means,
                [VALUE[each] for each in votes.values()],
                random_sample=True,
                bounds=(0.0, 1.0),
                clusters=clusters,
                weights=weights,
                alpha=level,
            )
            for level in (alpha, evidence.policy.harm_alpha)
        )
    except StatisticsError:  # people judged every item, or said the same of each
        return None
    return Corrected(lower, upper)


def _criterion(
    evidence: StudyEvidence,
    pairwise: Pairwise,
    votes: Votes,
    corrected: Corrected,
    section: JudgeSection,
) -> Criterion:
    return judge_criterion(
        pairwise,
        votes,
        corrected,
        number=section.number,
        alpha=section.alpha,
        harm_alpha=evidence.policy.harm_alpha,
        planned_gain=evidence.policy.planned_gain,
    )


def _human(people: Judgments | None) -> Mapping[Hashable, list[str]]:
    choices: dict[Hashable, list[str]] = {}
    if people is not None:
        for item, choice in zip(people.items, people.choices, strict=True):
            choices.setdefault(item, []).append(choice)
    return choices


def _length(votes: Votes, judged: JudgeVotes) -> LengthControl | None:
    """Effect of length on its votes; None where it can't be computed."""
    lengths = [judged.lengths[item] for item in votes]
    try:
        return length_control(
            list(votes.values()),
            [ours for ours, _ in lengths],
            [theirs for _, theirs in lengths],
            items=[judged.clusters[item] for item in votes],
        )
    except StatisticsError:
        return None


def open_preference(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, record: DecisionRecord
) -> None:
    """Make the judge's preference readable where the arm's record shows it."""
    pairwise, section = evidence.study.policy.pairwise, record.judge
    if pairwise is None or section is None or section.preference is None:
        return
    judge_run = _judge_run(
        _runs(evidence, pairwise, baseline, arm),
        judge_version(evidence.study.project, pairwise.by),
        pairwise,
    )
    if judge_run is not None:
        JudgeRun.objects.filter(pk=judge_run.pk, opened=None).update(opened=timezone.now())


def _runs(
    evidence: StudyEvidence, pairwise: Pairwise, baseline: StudyArm, arm: StudyArm
) -> tuple[Run, Run]:
    test_set = _test_set(evidence, pairwise)
    return evidence.run(baseline, test_set), evidence.run(arm, test_set)


def _test_set(evidence: StudyEvidence, pairwise: Pairwise) -> StudyTestSet:
    return next(each for each in evidence.test_sets if each.name == pairwise.test_set)


def _judge_run(runs: tuple[Run, Run], judge: ModelVersion, pairwise: Pairwise) -> JudgeRun | None:
    """The judge's run on the current answers."""
    digest = question_digest(judge.digest, pairwise.question)
    same = JudgeRun.objects.of_these_answers(*runs)
    judge_run: JudgeRun | None = same.filter(
        baseline=runs[0], candidate=runs[1], digest=digest
    ).first()
    return judge_run
