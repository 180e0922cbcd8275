"""The verbs on a campaign: open it over two runs or several, pause, resume and close it."""

import re
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.registry.models import Metric, ModelVersion, Run, Study, StudyTestSet
from reviews.blinding import dealing_seed
from reviews.errors import CampaignEndedError, PlanError
from reviews.models import Campaign, CampaignState, Event, EventKind, Pair
from reviews.planning.campaign_request import QUESTION, CampaignRequest
from reviews.planning.design import Design
from reviews.planning.drafting import PlanInputs, Prepared, plan_hash, prepare
from reviews.planning.form import Form

__all__ = ["close_campaign", "open_campaign", "pause_campaign", "plan_hash", "resume_campaign"]


@transaction.atomic
def open_campaign(
    *,
    baseline_run: Run,
    candidate_run: Run,
    items: int,
    reviewers_per_item: int,
    seed: int,
    study: Study | None = None,
    other_runs: Sequence[Run] = (),
    question: str = QUESTION,
    strata: Mapping[str, str] | None = None,
    form: Form = Form(),  # noqa: B008 (frozen)
    design: Design = Design(),  # noqa: B008 (frozen)
    name: str = "",
    by: User | None = None,
    supersedes: Campaign | None = None,
) -> Campaign:
    """The campaign of this plan; opening the same plan again returns the same campaign.

    Samples `items` items (all, if there are fewer) among those that the runs answered with
    different texts as a reader sees them, proportionally from each stratum of the design.
    `strata` maps an item's key to its stratum instead; items that it leaves out are grouped by
    their tags. With several samples an item, the first is compared. Items with identical answers
    aren't dealt: the plan counts them, and the results report them. With
    `other_runs` each item's answers are compared two by two, as the design's `combinations` say.

    The plan is sealed: its hash is taken here, before anything is dealt, and the database
    refuses to change it. Another plan is another campaign, which `supersedes` the one that it
    closes.

    Raises PlanError for runs of different test set versions or of one model version, numbers
    below 1, an empty question or one that names an arm, and a design that can't be;
    NothingToCompareError where all answers read the same.
    """
    asked = PlanInputs(
        runs=(baseline_run, candidate_run, *other_runs),
        items=items,
        reviewers_per_item=reviewers_per_item,
        seed=seed,
        question=question,
        form=form,
        design=design,
        metric=metric_of(study, baseline_run),
        strata=strata,
    )
    check(asked, study)
    prepared = prepare(asked)
    sealed = plan_hash(prepared.plan)
    project = baseline_run.test_set_version.test_set.project
    campaign, opened = Campaign.objects.get_or_create(
        project=project,
        study=study,
        plan_hash=sealed,
        defaults={
            "name": name or (study.name if study else str(baseline_run.test_set_version)),
            "kind": prepared.plan["kind"],
            "baseline": baseline_run.version,
            "candidate": candidate_run.version,
            "question": question,
            "reviewers_per_item": reviewers_per_item,
            "seed": dealing_seed(seed, sealed),
            "form": form.as_json(),
            "plan": prepared.plan,
            "requires": list(design.requires),
            "invited_only": design.invited_only,
            "supersedes": supersedes,
        },
    )
    if opened:
        _write_pairs(campaign, prepared)
        Event.objects.create(campaign=campaign, kind=EventKind.OPENED, by=by)
        if supersedes is not None:
            close_campaign(campaign=supersedes, by=by, why="another plan took its place")
    return campaign


@transaction.atomic
def pause_campaign(*, campaign: Campaign, by: User | None = None) -> None:
    """Deal nothing for a while; pausing twice is harmless. Raises CampaignEndedError."""
    _change(campaign, CampaignState.PAUSED, EventKind.PAUSED, by)


@transaction.atomic
def resume_campaign(*, campaign: Campaign, by: User | None = None) -> None:
    """Deal again; resuming what isn't paused is harmless. Raises CampaignEndedError."""
    _change(campaign, CampaignState.OPEN, EventKind.RESUMED, by)


@transaction.atomic
def close_campaign(*, campaign: Campaign, by: User | None = None, why: str = "") -> None:
    """Take no more judgments; closing twice is harmless."""
    open_ = Campaign.objects.filter(pk=campaign.pk).exclude(state=CampaignState.CLOSED)
    if open_.update(state=CampaignState.CLOSED, ended=why):
        Event.objects.create(
            campaign=campaign, kind=EventKind.CLOSED, by=by, detail={"why": why} if why else {}
        )
        campaign.ended = why
    campaign.state = CampaignState.CLOSED


def open_briefed(
    *,
    brief: CampaignRequest,
    runs: Sequence[Run],
    study: Study | None = None,
    name: str = "",
    by: User | None = None,
    supersedes: Campaign | None = None,
) -> Campaign:
    """`open_campaign` of what a brief says, over these runs: the baseline's first."""
    return open_campaign(
        baseline_run=runs[0],
        candidate_run=runs[1],
        other_runs=runs[2:],
        study=study,
        items=brief.items,
        reviewers_per_item=brief.reviewers_per_item,
        seed=brief.seed,
        question=brief.question,
        form=brief.form,
        design=brief.design,
        name=name,
        by=by,
        supersedes=supersedes,
    )


def asked_of(brief: CampaignRequest, runs: Sequence[Run], study: Study | None) -> PlanInputs:
    """What a brief asks for over these runs, checked. Raises PlanError."""
    asked = PlanInputs(
        runs=tuple(runs),
        items=brief.items,
        reviewers_per_item=brief.reviewers_per_item,
        seed=brief.seed,
        question=brief.question,
        form=brief.form,
        design=brief.design,
        metric=metric_of(study, runs[0]),
    )
    check(asked, study)
    return asked


def check(asked: PlanInputs, study: Study | None) -> None:
    """Raises PlanError for what can be refused before any answer is read."""
    first, *others = asked.runs
    for run in others:
        if run.test_set_version_id != first.test_set_version_id:
            raise PlanError(
                f"the runs answer different test sets: {first.test_set_version} and "
                f"{run.test_set_version}"
            )
    versions = [run.version for run in asked.runs]
    for version in versions:
        if sum(each.pk == version.pk for each in versions) > 1:
            raise PlanError(f"both runs are of {version}: there is nothing to compare")
    for name, value, least in (
        ("items", asked.items, 1),
        ("reviewers_per_item", asked.reviewers_per_item, 1),
        ("seed", asked.seed, 0),
    ):
        if value < least:
            raise PlanError(f"{name} is {value}; use {least} or more")
    names = _names(study, *versions)
    check_question(asked.question, names)
    told = [asked.form.question]
    for each in asked.form.dimensions:  # a page carries its name as well
        told += [each.name, each.question]
    for text in [*told, *(known.feedback for known in asked.design.known.values())]:
        if text:
            check_question(text, names)


def check_question(question: str, names: Iterable[str]) -> None:
    """Raises PlanError for a question that is empty or gives one of the arms' `names` away.

    A name of one or two letters is taken for a word.
    """
    if not question.strip():
        raise PlanError("question is empty; say what reviewers are to decide")
    for name in names:
        named = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE)
        if named and len(name) > 2:
            raise PlanError(f"question names an arm ({name!r}), which reviewers must not know")


def metric_of(study: Study | None, run: Run) -> Metric | None:
    """What the study measures on the run's test set."""
    asked = StudyTestSet.objects.filter(study=study, test_set_version=run.test_set_version_id)
    found = asked.select_related("metric").first() if study else None
    return found.metric if found else None


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
    found = Campaign.objects.select_for_update().defer("plan").get(pk=campaign.pk)
    if found.state == CampaignState.CLOSED:
        raise CampaignEndedError
    if found.state != state:
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        Event.objects.create(campaign=campaign, kind=kind, by=by)
    campaign.state = state


def _names(study: Study | None, *versions: ModelVersion) -> set[str]:
    names = {str(each.model) for each in versions}
    if study is not None:
        names |= set(study.arms.filter(version__in=versions).values_list("name", flat=True))
    return names
