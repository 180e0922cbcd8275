"""Runs: all of them, and one with its answers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.io.rows import DataError
from evalhub.judges.models import JudgeRun
from evalhub.judges.run import Work, cancel_work, resume_work
from evalhub.registry.models import Run
from evalhub.registry.models.runs import UNFINISHED, RunQuerySet
from evalhub.site.answers import answers_page
from evalhub.site.listing import list_page
from evalhub.site.lists import runs_list
from evalhub.site.run_form import BudgetForm, RunForm, launch_form
from runners.launch_checks import LaunchError
from runners.progress import progress_of
from runners.queue import QueueUnreachable


def _visible(request: SignedInRequest) -> RunQuerySet:
    runs: RunQuerySet = Run.objects.visible_to(request.user).order_by("-created", "-id")
    return runs.select_related("version__model", "test_set_version__test_set__project")


@require_GET
@results_only
def runs(request: SignedInRequest) -> HttpResponse:
    runs = _visible(request).with_progress().prefetch_related("metrics__metric")
    page = list_page(runs_list(request.user), runs, request.GET)
    return render(request, "site/runs.html", {"listed": page})


@require_http_methods(["GET", "POST"])
@results_only
def new_run(request: SignedInRequest) -> HttpResponse:
    """Start a run: ask a version, or score its recorded answers; the same again is the same run."""
    initial = request.GET.dict()
    form = RunForm(request.POST or None, request.FILES or None, initial=initial, user=request.user)
    if "start" in request.POST and form.is_valid():
        try:
            run = launch_form(form.cleaned_data, by=request.user)
        except DataError as error:
            form.add_error("answers", str(error))
        except (DeclarationError, LaunchError, QueueUnreachable) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Run {run.pk} is launched.")
            return redirect("site:run", run.pk)
    status = 400 if "start" in request.POST else 200
    return render(request, "site/runs/new.html", {"form": form}, status=status)


@require_GET
@results_only
def run(request: SignedInRequest, pk: int) -> HttpResponse:
    return _run_page(request, pk, BudgetForm())


@require_GET
@results_only
def run_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """The run's progress while it goes on; once it has ended, the whole page is loaded again."""
    run = get_object_or_404(_visible(request).with_progress().with_first_error(), pk=pk)
    if run.state not in UNFINISHED:
        return HttpResponseClientRefresh()
    context = {"run": run, "progress": progress_of(run)}
    return render(request, "site/_run_progress.html", context)


@require_POST
@results_only
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel an open run, or the judges of an ended one; answers stay."""
    run = get_object_or_404(_visible(request), pk=pk)
    with as_read(request, run):
        work = cancel_work(run, by=request.user)
    if work is Work.ANSWERS:
        messages.success(request, "The run is cancelled. Its answers are kept.")
    elif work is Work.VERDICTS:
        messages.success(request, "The judge is cancelled. Its verdicts are kept.")
    else:
        ended = f"The run had ended ({run.get_state_display()}), so nothing was changed."
        messages.info(request, ended)
    return redirect("site:run", pk)


@require_POST
@results_only
def resume(request: SignedInRequest, pk: int) -> HttpResponse:
    """Resume a cancelled or failed run, asking again for answers that ended in an error, or its
    judges; with another budget if one is stated."""
    form = BudgetForm(request.POST)
    run = get_object_or_404(_visible(request), pk=pk)
    if not form.is_valid():
        return _run_page(request, pk, form)
    try:
        with as_read(request, run):
            work = resume_work(run, by=request.user, budget=form.cleaned_data["budget"])
    except DeclarationError as error:
        form.add_declaration_error(error)
        return _run_page(request, pk, form)
    except QueueUnreachable as error:
        messages.error(request, str(error))
    else:
        outcome = "goes on where it stopped" if work else "hadn’t stopped, so nothing was changed"
        messages.success(request, f"The {'judge' if work is Work.VERDICTS else 'run'} {outcome}.")
    return redirect("site:run", pk)


def _run_page(request: SignedInRequest, pk: int, form: BudgetForm) -> HttpResponse:
    rows = (
        _visible(request)
        .with_progress()
        .with_first_error()
        .with_spending()
        .select_related("budget", "arm_budget")
    )
    run = get_object_or_404(rows, pk=pk)
    page = answers_page(run, request.GET.get("show", ""), request.GET.get("page", ""))
    budgets = [each for each in (run.budget, run.arm_budget) if each is not None]
    judges = JudgeRun.objects.about(run).open().with_verdicts().select_related("judge__model")
    context = {"run": run, "shown": page, "budgets": budgets, "judges": judges, "form": form}
    if run.state in UNFINISHED:
        context["progress"] = progress_of(run)
    return render(request, "site/run.html", context, status=400 if form.errors else 200)
