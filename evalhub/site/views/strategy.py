"""Should one fine-tune at all? The questions, the advice, and a study file to go on with."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.strategy_form import StrategyForm

FILE = {"Content-Disposition": 'attachment; filename="study.yaml"'}


@require_GET
@results_only
def strategy(request: SignedInRequest) -> HttpResponse:
    """The form; once it is answered the advice too, or the study file. Nothing is kept."""
    projects = list(Project.objects.seen_by(request.user).order_by("name"))
    if not projects:
        messages.error(request, "There is no project yet to make a study in.")
        return redirect("home")
    asked = request.GET if "about" in request.GET else None
    form = StrategyForm(asked, projects=[(each.slug, each.name) for each in projects])
    made = form.study(web="download" not in request.GET) if form.is_valid() else None
    if made and "download" in request.GET:
        return HttpResponse(made.text, content_type="application/yaml", headers=FILE)
    context = {"form": form, "made": made}
    status = 400 if form.errors else 200
    return render(request, "site/strategy/strategy.html", context, status=status)
