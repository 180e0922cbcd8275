"""Change what a study requires: first the difference, then the change, which is noted in the audit
log."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Study
from evalhub.site.comparing.policy_form import PolicyForm
from evalhub.studies.run.policy_change import (
    SamePolicyError,
    change_policy,
    looks_after,
    policy_difference,
)


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def study_policy(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form with the difference; `change` applies it to the study."""
    studies = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(studies, pk=pk)
    form = PolicyForm(request.POST or None, study=study)
    if "change" in request.POST and form.is_valid():
        try:
            new_policy = {"policy": form.policy, "demands": form.demands}
            changes = change_policy(study=study, by=request.user, **new_policy)
        except (DeclarationError, SamePolicyError) as error:
            form.add_error(None, f"{error}.")
        else:
            messages.success(request, f"The study asks otherwise in {len(changes)}. It is noted.")
            return redirect("site:study", pk)
    context = {"study": study, "form": form, **_difference(study, form)}
    part = "_difference.html" if request.htmx else "policy.html"
    return render(request, f"site/comparing/{part}", context)


def _difference(study: Study, form: PolicyForm) -> dict[str, Any]:
    """How the requirements change, and the next look's cost under them."""
    if not form.is_bound:
        return {}
    if not form.is_valid():
        return {"wrong": "The form has something to put right."}
    try:
        return {
            "changes": policy_difference(study, form.policy, form.demands),
            "looks": looks_after(study, form.policy, form.demands),
            "worked_out": True,
        }
    except DeclarationError as error:
        return {"wrong": str(error)}
