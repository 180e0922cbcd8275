"""The demo's data at the press of a button, on a site that has none yet."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.accounts.requests import SignedInRequest
from evalhub.demo.command import STUDY
from evalhub.demo.training_report import keep_training_report
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study


def register_demo(*, project: Project, by: User | None) -> Study:
    """Registers what `evalhub demo` registers, and launches its runs; once more changes nothing.

    Its answers are in the package and are replayed: nothing is asked, and a worker decides it by
    itself. About 4 seconds.

    Raises NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    keep_training_report(project, by=by)
    return register_study(replace(read_study(STUDY, OperatorFile()), project=project.slug))


@require_POST
@results_only
def make_demo(request: SignedInRequest) -> HttpResponse:
    """Makes the demo's study in a project, and shows how its runs go on."""
    slug = str(request.POST.get("project", ""))
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    return redirect("site:study", register_demo(project=project, by=request.user).pk)
