"""Make a review from its form: the source of the answers, and the cost."""

import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404
from django.shortcuts import get_object_or_404

from evalhub.accounts.models import Project, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from evalhub.registry.models import Study
from evalhub.site.campaign_form import (
    PROPOSED,
    CampaignForm,
    UploadForm,
    initial_of,
    initial_show,
)
from evalhub.site.campaign_page import (
    ReviewSource,
    campaign_source,
    runs_by_key,
    runs_source,
    study_source,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.power_review import review_detects
from evalhub.studies.run.reviewing import for_study
from evalhub.studies.web.pairs_upload import register_upload
from reviews.errors import PlanError, PreviewBusyError
from reviews.models import Campaign
from reviews.planning.plan_preview import affordable, preview_plan
from reviews.planning.sizing import planned_review
from reviews.planning.upload import Columns

COLUMNS = ("prompt", "left", "right", "id", "context", "tags", "expected")


def source_of(request: SignedInRequest) -> tuple[ReviewSource, Campaign | None]:
    """The source of the answers, and the review whose plan is to be changed, if any."""
    query = request.GET
    if number := query.get("campaign", ""):
        old = get_object_or_404(
            Campaign.objects.visible_to(request.user).for_owners(), pk=_number(number)
        )
        return campaign_source(old), old
    if number := query.get("study", ""):
        study = get_object_or_404(
            Study.objects.visible_to(request.user).select_related("project"), pk=_number(number)
        )
        return study_source(study, query.get("test_set", "")), None
    runs = runs_by_key(request.user, query.get("runs", "").split("-"))
    if len(runs) != 2:
        raise Http404
    return runs_source(runs, query.get("name", "")[:60]), None


def _number(text: str) -> int:
    if not text.isdecimal():
        raise Http404
    return int(text)


def campaign_form(
    request: SignedInRequest, source: ReviewSource, superseded: Campaign | None
) -> CampaignForm:
    """The form, filled in from the plan to be changed, or from the study's file."""
    review = source.study.review if source.study else None
    fields = review.as_json() | initial_show(review.show) if review else {}
    initial = initial_of(superseded.sealed_plan.design if superseded else PROPOSED)
    if superseded is None:
        initial |= fields
    return CampaignForm(
        request.POST or None, initial=initial, arms=source.arms, metric=source.has_metric
    )


def plan_of_form(form: CampaignForm, source: ReviewSource) -> dict[str, Any]:
    """What the form's plan would ask of people; before the form is sent, its defaults."""
    filled = form
    if not form.is_bound:
        data = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
        data = {name: value for name, value in data.items() if value is not None}
        filled = CampaignForm(data, arms=source.arms, metric=source.has_metric)
    if not filled.is_valid():
        return {"wrong": "The form has something to put right."}
    cleaned = filled.cleaned_data
    plan = for_study(cleaned["request"], source.study)
    runs = source.choose_runs(cleaned["arms"])
    try:
        preview = preview_plan(plan, runs, source.study)
        context: dict[str, Any] = {
            "preview": preview,
            "asked": plan,
            "strata": list(preview.prepared.plan.strata.items()),
        }
        if cleaned["budget"] and cleaned["rate"]:
            items = affordable(plan, cleaned["budget"], arms=len(runs))
            shows = review_detects(items, planned_review(plan.judges, plan.reviewers_per_item))
            context |= {"budget": cleaned["budget"], "affordable": items, "budget_shows": shows}
    except PreviewBusyError as error:
        return {"busy": str(error)}
    except (PlanError, StatisticsError) as error:
        return {"wrong": str(error)}
    return context


def register_upload_form(form: UploadForm, project: Project, *, by: User) -> str:
    """Registers an upload. Returns its two runs' numbers, joined by "-".

    Raises DataError, which calls the files by the names that they were sent with; DeclarationError.
    """
    cleaned = form.cleaned_data
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            _store(file, Path(folder) / side) if (file := cleaned[side]) else None
            for side in ("file", "right_file")
        ]
        assert paths[0] is not None
        try:
            upload = register_upload(
                project=project,
                by=by,
                name=cleaned["name"],
                path=paths[0],
                right_path=paths[1],
                columns=Columns(**{name: cleaned[name] for name in COLUMNS}),
                arms=(cleaned["left_name"], cleaned["right_name"]),
                limits=WEB,
            )
        except DataError as error:
            name = Path(error.file).name
            raise DataError(error.message, file=name, line=error.line, field=error.field) from error
    return f"{upload.baseline_run.pk}-{upload.candidate_run.pk}"


def _store(file: "UploadedFile[Any]", folder: Path) -> Path:
    folder.mkdir()
    path = folder / Path(file.name or "pairs").name
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path
