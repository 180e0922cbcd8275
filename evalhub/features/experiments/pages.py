"""Pages: a project's live experiments, a new one with its power plan, and one that is followed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.features.experiments.drafts import settled_plan
from evalhub.features.experiments.ending import (
    promote_challenger,
    roll_back_experiment,
    stop_experiment,
)
from evalhub.features.experiments.forms import NAMED, percent
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.page_data.follow_page import follow_page
from evalhub.features.experiments.page_data.standing import experiments_of
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.start_page import StartPage, power_of, start_page
from evalhub.features.experiments.starting import start_experiment
from evalhub.features.experiments.steps import ExperimentError
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.traffic.page_data.filtering import TrafficFilter
from evalhub.features.traffic.page_data.production_page import production_head
from evalhub.features.traffic.pages import of_project
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read


@require_GET
@results_only
@of_project
def experiments(request: SignedInRequest, project: Project) -> HttpResponse:
    """A tab of the project's production: its experiments, the newest first."""
    context = {
        "project": project,
        "head": production_head(project, timezone.now()),
        "tab": "experiments",
        "wanted": TrafficFilter.from_query(request.GET),
        "served": True,
        "rows": experiments_of(project),
    }
    return render(request, "experiments/list.html", context)


@require_http_methods(["GET", "POST"])
@results_only
@of_project
def new_experiment(request: SignedInRequest, project: Project) -> HttpResponse:
    """The form; posting it previews the power plan, and with `start` starts the experiment."""
    now = timezone.now()
    posted = request.method == "POST"
    shown = start_page(project, request.user, now, request.POST if posted else None)
    starts = posted and "start" in request.POST
    if starts and (experiment := _start(shown, request.user)):
        messages.success(request, f"{experiment.challenger} answers users from now on.")
        return redirect("site:experiment", experiment.pk)
    power = power_of(shown, now) if posted and not starts else None
    context = {"project": project, "shown": shown, "form": shown.form, "power": power}
    status = 400 if shown.form.errors and not request.htmx else None
    return render(request, "experiments/new.html", context, status=status)


def _start(shown: StartPage, by: User) -> Experiment | None:
    """The experiment that was started; None, with an error at its field, where it can't be."""
    form = shown.form
    if not form.is_valid():
        return None
    values = form.cleaned_data
    try:
        return start_experiment(
            project=shown.project,
            by=by,
            plan=settled_plan(shown.project, form.draft(), now=timezone.now()),
            challenger=form.challenger_version,
            decision=form.decision,
            **{name: values[name] for name in NAMED},
        )
    except (DeclarationError, ExperimentError) as error:
        form.add_declaration_error(DeclarationError(error.message, error.field))
        return None


@require_GET
@results_only
def experiment(request: SignedInRequest, pk: int) -> HttpResponse:
    return _follow(request, _visible(request, pk))


@require_POST
@results_only
def change_experiment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Another share, an epoch, or the end: by the form's verb."""
    row, verb = _visible(request, pk), request.POST.get("verb", "")
    if verb not in ACTS:
        return _follow(request, row, 400, refused="Say what is to be done.")
    try:
        shown = row if verb in ENDING else lambda: _newest_step(row)
        with as_read(request, shown, lock=row.project):
            sentence = ACTS[verb](row, request.user, request.POST.dict())
    except (ExperimentError, StageError) as error:
        typed = request.POST.dict()
        return _follow(request, row, 409, refused=f"Not done: {error}.", typed=typed)
    messages.success(request, f"{sentence} Your reason is stored with it.")
    return redirect("site:experiment", pk)


def _visible(request: SignedInRequest, pk: int) -> Experiment:
    rows = Experiment.objects.visible_to(request.user).with_versions().with_standing()
    return get_object_or_404(rows, pk=pk)


def _follow(
    request: SignedInRequest, row: Experiment, status: int | None = None, **more: Any
) -> HttpResponse:
    shown = follow_page(row, timezone.now())
    context = {"experiment": row, "project": row.project, "shown": shown, **more}
    return render(request, "experiments/experiment.html", context, status=status)


def _newest_step(row: Experiment) -> int:
    return row.steps.in_order().values_list("pk", flat=True).reverse()[0]


type Act = Callable[[Experiment, User, Mapping[str, str]], str]


def _share(row: Experiment, by: User, form_data: Mapping[str, str]) -> str:
    share, seen = (_percent(form_data, name) for name in ("share", "instead_of"))
    if share is None:
        raise ExperimentError("say the share in per cent, such as 5", "share")
    reason = form_data.get("reason", "")
    step = set_share(experiment=row, by=by, share=share, reason=reason, instead_of=seen)
    return f"{row.challenger} answers {100 * step.rule.share:.3g}% of all users."


def _epoch(row: Experiment, by: User, form_data: Mapping[str, str]) -> str:
    weight, reason = _percent(form_data, "weight"), form_data.get("reason", "")
    step = begin_epoch(experiment=row, by=by, reason=reason, weight=weight)
    return f"Epoch {step.epoch} begins: users are dealt anew."


def _end(
    verb: Callable[..., Experiment], row: Experiment, by: User, data: Mapping[str, str]
) -> str:
    ended = verb(experiment=row, by=by, reason=data.get("reason", ""))
    return f"{ended} is {ended.get_outcome_display()}: {ended.champion} answers everybody."


def _promote(row: Experiment, by: User, form_data: Mapping[str, str]) -> str:
    promotion = promote_challenger(experiment=row, by=by, reason=form_data.get("reason", ""))
    return f"{promotion.version} is the champion of {promotion.project}."


def _percent(form_data: Mapping[str, str], name: str) -> float | None:
    """A share that is typed in per cent; None where the form leaves it empty.

    Raises ExperimentError.
    """
    text = form_data.get(name, "").strip()
    share = percent(text)
    if text and share is None:
        raise ExperimentError(f"{text[:40]!r} is no number of per cent, such as 5 or 2.5", name)
    return share


ACTS: dict[str, Act] = {
    "share": _share,
    "epoch": _epoch,
    "stop": partial(_end, stop_experiment),
    "rollback": partial(_end, roll_back_experiment),
    "promote": _promote,
}
"""What can be done on an experiment's page, by the form's verb: each says what was done."""
ENDING = ("stop", "rollback", "promote")
"""Acts that a step of the ramp, which comes by itself, doesn't stand in the way of."""

_PROJECT = "projects/<slug:slug>/experiments/"
urlpatterns = [
    path(_PROJECT, experiments, name="experiments"),
    path(f"{_PROJECT}new/", new_experiment, name="new_experiment"),
    path("experiments/<int:pk>/", experiment, name="experiment"),
    path("experiments/<int:pk>/change/", change_experiment, name="change_experiment"),
]
