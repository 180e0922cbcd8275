"""The review of a study: which runs people may compare, how it is opened, when it may stop
early."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from evalhub.declare.declaration import default_of
from evalhub.declare.people import PeopleDemand
from evalhub.declare.review import Anytime, CampaignRequest, Design, Form
from evalhub.ledger.baseline_choice import baseline_of
from evalhub.ledger.charge import unread_level
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from reviews.errors import NothingToCompareError, PlanError
from reviews.models import Campaign, Pair
from reviews.planning.campaign import open_campaign
from runners.outcome import only_answers_failed


@dataclass(frozen=True, slots=True)
class ReviewArm:
    """An arm of a study with its run on the test set in question."""

    name: str
    run: Run


def arms_to_review(study: Study, test_set: str) -> list[ReviewArm]:
    """The arms with a finished run on this test set: the baseline's first, then the candidate's.

    Arms that share a run with one before them (they don't differ here) are left out. Raises
    PlanError where the study has no such test set, or its baseline or candidate no finished run.
    """
    if not study.test_sets.named().filter(name=test_set).exists():
        names = ", ".join(study.test_sets.named().values_list("name", flat=True))
        raise PlanError(f"test_set: {study} has no {test_set!r}; it has {names}")
    links = (
        StudyRun.objects.filter(arm__study=study, test_set__name=test_set, repeat=0)
        .select_related("arm", "run__version__model", "run__test_set_version__test_set__project")
        .order_by("arm__position")
    )
    baseline = baseline_of(study)
    order = {"candidate": 1}
    ranked = sorted(
        (link for link in links if _has_ended_well(study, link.run)),
        key=lambda link: 0 if link.arm == baseline else order.get(link.arm.role, 2),
    )
    arms_by_version: dict[int, ReviewArm] = {}
    for link in ranked:
        arms_by_version.setdefault(link.run.version_id, ReviewArm(link.arm.name, link.run))
    arms = list(arms_by_version.values())
    if len(arms) < 2 or ranked[0].arm != baseline:
        raise PlanError(f"{study}: two arms with a finished run on {test_set} are needed")
    return arms


@dataclass(frozen=True, slots=True)
class ReviewRuns:
    """The two runs whose answers the study file asks people about."""

    baseline: Run
    candidate: Run


def review_runs(study: Study) -> ReviewRuns | None:
    """The two runs that the study file's review compares; None if it has no review.

    None, too, while a run of the study has failed: its answers may still change, and with them
    which arm is the baseline.
    """
    if study.review is None:
        return None
    links = StudyRun.objects.filter(arm__study=study, repeat=0).select_related("run")
    if not all(_has_ended_well(study, link.run) for link in links):
        return None
    on_test_set = links.filter(test_set__name=study.review.test_set)
    return ReviewRuns(
        baseline=on_test_set.get(arm=baseline_of(study)).run,
        candidate=on_test_set.get(arm__role=ArmRole.CANDIDATE).run,
    )


def _has_ended_well(study: Study, run: Run) -> bool:
    """Whether the run's answers are final: all exist, or failed ones have a score."""
    if run.state == RunState.DONE:
        return True
    return study.policy.failures == "worst" and only_answers_failed(run)


def open_review(study: Study, runs: ReviewRuns) -> Campaign | None:
    """Opens the review of the study file; calling it again returns the same review.

    None where all answers read alike: the gate calls that evidence invalid.
    """
    assert study.review is not None
    try:
        return open_campaign(
            study=study,
            by=None,
            runs=[runs.baseline, runs.candidate],
            design=Design(
                items=study.review.items,
                reviewers_per_item=study.review.reviewers_per_item,
                seed=study.review.seed,
                question=study.review.question,
                form=Form(show=study.review.show),
            ),
        )
    except NothingToCompareError:
        return None


def newest_review(study: Study, runs: ReviewRuns) -> Campaign | None:
    """The study's newest review of exactly these answers, whoever opened it."""
    pairs = Pair.objects.filter(
        campaign=OuterRef("pk"),
        baseline_output__run=runs.baseline,
        candidate_output__run=runs.candidate,
    )
    return Campaign.objects.filter(Exists(pairs), study=study).defer("plan").first()


def for_study(request: CampaignRequest, study: Study | None) -> CampaignRequest:
    """The request; its early stop takes the study's policy where it doesn't say otherwise.

    That is the gain that people are to show, and the one-sided level at which a first decision on
    these test sets is judged. A later one on the same test sets has a stricter level: then the
    decision may find that what stopped the review isn't enough.
    """
    stopping = request.stopping
    if study is None or not isinstance(stopping, Anytime):
        return request
    policy, review = study.policy, study.review
    judged = study.arms.exclude(role=ArmRole.BASELINE).count()
    level = unread_level(counts=policy.ledger, alpha=policy.alpha, arms=judged)
    gain = review.min_gain if review else default_of(PeopleDemand, "min_gain")
    of_study = {"alpha": level, "min_gain": gain}
    unsaid = {name: of_study[name] for name in of_study if name not in stopping.model_fields_set}
    return request.model_copy(update={"stopping": stopping.model_copy(update=unsaid)})
