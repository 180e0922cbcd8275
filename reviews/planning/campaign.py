"""The verbs on a campaign: open it over two runs or several, pause, resume and close it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.declare.review import Anytime, Design
from evalhub.io.canonical import digest_of
from evalhub.registry.models import (
    Metric,
    ModelVersion,
    Run,
    Study,
    StudyTestSet,
    TestSetVersion,
)
from reviews.blinding import dealing_seed
from reviews.chain.append import add_event, lock_campaign
from reviews.chain.seal import seal_campaign
from reviews.errors import CampaignEndedError, PlanError
from reviews.identifiability import TOLD
from reviews.models import OVER, Campaign, CampaignState, EventKind, Pair
from reviews.planning.drafting import PlanInputs, Prepared, prepare
from reviews.planning.sources import sources
from reviews.planning.telling_preview import measure_telling

TRIES = 3
"""Times that a plan is made before it is refused, because its answers changed meanwhile."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """All that opening a campaign writes, ready to be written."""

    prepared: Prepared
    plan: dict[str, Any]
    sealed: str
    told: dict[str, Any]


def open_campaign(
    *,
    runs: Sequence[Run],
    design: Design,
    study: Study | None = None,
    strata: Mapping[str, str] | None = None,
    name: str = "",
    by: User | None,
    supersedes: Campaign | None = None,
) -> Campaign:
    """The campaign of this plan; opening the same plan again returns the same campaign.

    Samples the design's items (all, if there are fewer) among those that the runs answered with
    different texts as a reader sees them, proportionally from each stratum of the design.
    `runs` are of one test set, the baseline's first, the candidate's second; with more of them
    each item's answers are compared two by two, as the design's `combinations` say. `strata` maps
    an item's key to its stratum instead of the design's; items that it leaves out are grouped by
    their tags. With several samples an item, the first is compared. Items with identical answers
    aren't dealt: the plan counts them, and the results report them.

    The plan is sealed: its hash is taken here, before anything is dealt, and the database
    refuses to change it. Another plan is another campaign, which `supersedes` the one that it
    closes.

    All reading comes first, so that nobody's judgment waits for it, and then one transaction
    writes it, unless something that the plan was made of has changed: then it is made anew.

    Raises PlanError for runs of different test set versions or of one model version, a question
    that names an arm, a design that these runs don't allow, and answers that keep changing;
    NothingToCompareError where all answers read the same; NotAllowedError where `by` doesn't
    evaluate in the project, or isn't an owner and would close the review that goes on.
    """
    check_evaluates(by, runs[0].test_set_version.test_set.project)
    plan_inputs = inputs(runs, design, study, strata)
    for _ in range(TRIES):
        read_of = sources(runs)
        draft = _draft(plan_inputs)
        with transaction.atomic():
            if sources(runs) == read_of:
                return _open(
                    draft, plan_inputs, study=study, name=name, by=by, supersedes=supersedes
                )
    raise PlanError("the answers change while the plan is made: open it once they stay the same")


def _draft(plan_inputs: PlanInputs) -> _Draft:
    prepared = prepare(plan_inputs)
    plan = prepared.plan.as_json()
    return _Draft(prepared, plan, digest_of(plan), measure_telling(prepared).telling.as_json())


def _open(
    draft: _Draft,
    plan_inputs: PlanInputs,
    *,
    study: Study | None,
    name: str,
    by: User | None,
    supersedes: Campaign | None,
) -> Campaign:
    """Writes it, in the caller's transaction; a plan that is open already is returned as it is."""
    first, second, *_ = plan_inputs.runs
    project = first.test_set_version.test_set.project
    check_evaluates(by, project)
    design, plan, sealed = plan_inputs.design, draft.plan, draft.sealed
    campaign, opened = Campaign.objects.get_or_create(
        project=project,
        study=study,
        plan_hash=sealed,
        defaults={
            "name": name or (study.name if study else str(first.test_set_version)),
            "kind": plan["kind"],
            "baseline": first.version,
            "candidate": second.version,
            "question": design.question,
            "reviewers_per_item": design.reviewers_per_item,
            "seed": dealing_seed(design.seed, sealed),
            "form": plan["design"]["form"],
            "plan": plan,
            "requires": plan["design"]["requires"],
            "invited_only": design.invited_only,
            "supersedes": supersedes,
        },
    )
    if opened:
        _write_pairs(campaign, draft.prepared)
        add_event(campaign, EventKind.OPENED, by=by, **{TOLD: draft.told})
        note(Action.REVIEW_OPENED, by=by, project=project, what=str(campaign))
        if supersedes is not None and not supersedes.is_over:
            close_campaign(campaign=supersedes, by=by, why="another plan took its place")
    return campaign


@transaction.atomic
def pause_campaign(*, campaign: Campaign, by: User | None) -> None:
    """Deal nothing for a while; pausing twice is harmless.

    Raises CampaignEndedError, NotAllowedError.
    """
    _change(campaign, CampaignState.PAUSED, EventKind.PAUSED, by)


@transaction.atomic
def resume_campaign(*, campaign: Campaign, by: User | None) -> None:
    """Deal again; resuming what isn't paused is harmless.

    Raises CampaignEndedError, NotAllowedError.
    """
    _change(campaign, CampaignState.OPEN, EventKind.RESUMED, by)


@transaction.atomic
def close_campaign(*, campaign: Campaign, by: User | None, why: str = "") -> None:
    """Take no more judgments, and seal those that there are; closing what is over changes nothing.

    An owner's, or the operator's. Raises NotAllowedError.
    """
    check_owns(by, campaign.project, "close a review")
    lock_campaign(campaign)
    open_ = Campaign.objects.filter(pk=campaign.pk).exclude(state__in=OVER)
    if open_.update(state=CampaignState.CLOSED, ended=why):
        add_event(campaign, EventKind.CLOSED, by=by, **({"why": why} if why else {}))
        note(Action.REVIEW_CLOSED, by=by, project=campaign.project, what=str(campaign))
    seal_campaign(campaign, by=by)


def _why_not_alike(version: TestSetVersion) -> str:
    """Why items can't be counted alike, each by itself; "" where they can."""
    if version.items.filter(weight__isnull=False).exists():
        return "have weights"
    clusters = version.items.exclude(cluster="").order_by().values("cluster")
    shared = clusters.annotate(items=Count("pk")).filter(items__gt=1)
    of_users = hasattr(version, "traffic_sample") and shared.exists()
    return "are several of one user" if of_users else ""


def inputs(
    runs: Sequence[Run],
    design: Design,
    study: Study | None,
    strata: Mapping[str, str] | None = None,
) -> PlanInputs:
    """A design over these runs. Raises PlanError for what is refused before answers are read."""
    first, *others = runs
    for run in others:
        if run.test_set_version_id != first.test_set_version_id:
            raise PlanError(
                f"the runs answer different test sets: {first.test_set_version} and "
                f"{run.test_set_version}"
            )
    if isinstance(design.stopping, Anytime) and (why := _why_not_alike(first.test_set_version)):
        raise PlanError(
            f"stopping: the limits of an early stop count items alike, each by itself, and those "
            f"of {first.test_set_version} {why}; leave it out"
        )
    versions = [run.version for run in runs]
    for version in versions:
        if sum(each.pk == version.pk for each in versions) > 1:
            raise PlanError(f"both runs are of {version}: there is nothing to compare")
    names = _names(study, *versions)
    shown_texts = [design.form.question, *(example.feedback for example in design.known.values())]
    for dimension in design.form.dimensions:  # a page carries its name as well
        shown_texts += [dimension.name, dimension.question]
    for text in [design.question, *filter(None, shown_texts)]:
        check_question(text, names)
    return PlanInputs(tuple(runs), design, metric_of(study, first), strata)


def check_question(question: str, names: Iterable[str]) -> None:
    """Raises PlanError for a question that is empty or gives one of the arms' `names` away.

    A name of one or two letters is taken for a word.
    """
    if not question.strip():
        raise PlanError("question is empty; say what reviewers are to decide")
    for name in names:
        match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE)
        if match and len(name) > 2:
            raise PlanError(f"question names an arm ({name!r}), which reviewers must not know")


def metric_of(study: Study | None, run: Run) -> Metric | None:
    """The metric by which the study measures the run's test set, or None."""
    links = StudyTestSet.objects.filter(study=study, test_set_version=run.test_set_version_id)
    link = links.select_related("metric").first() if study else None
    return link.metric if link else None


def _write_pairs(campaign: Campaign, prepared: Prepared) -> None:
    Pair.objects.bulk_create(
        (
            Pair(
                campaign=campaign,
                kind=pair.kind,
                item_id=pair.item,
                baseline_output_id=pair.outputs[0],
                candidate_output_id=pair.outputs[1],
                expected=pair.expected,
                feedback=pair.feedback,
                stratum=pair.stratum,
                position=position,
                seats=campaign.reviewers_per_item,
            )
            for position, pair in enumerate(prepared.pairs)
        ),
        batch_size=500,
    )


def _change(campaign: Campaign, state: CampaignState, kind: EventKind, by: User | None) -> None:
    check_evaluates(by, campaign.project)
    current = lock_campaign(campaign)
    if current.is_over:
        raise CampaignEndedError
    if current.state != state:
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        add_event(campaign, kind, by=by)
        what = f"{campaign}: {state}"
        note(Action.REVIEW_PAUSED, by=by, project=campaign.project, what=what)
    campaign.state = state


def _names(study: Study | None, *versions: ModelVersion) -> set[str]:
    names = {str(each.model) for each in versions}
    if study is not None:
        names |= set(study.arms.filter(version__in=versions).values_list("name", flat=True))
    return names
