"""Change what a study requires: first the difference, then the change, which is noted in the audit
log."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import OutdatedFormError, as_read, is_stale
from evalhub.registry.models import Study
from evalhub.site.policy.form import PolicyForm
from evalhub.site.policy.page import difference_of, saved_sentence
from evalhub.studies.run.policy_change import SamePolicyError, change_policy


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def study_policy(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form with the difference; `change` applies it to the study.

    Where somebody was first, both versions are shown, and `change` then applies it over theirs.
    """
    studies = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(studies, pk=pk)
    form = PolicyForm(request.POST or None, study=study)
    saves = "change" in request.POST and not request.htmx  # which sends the last button along
    if saves and form.is_valid():
        try:
            with as_read(request, study):
                new = {"policy": form.policy, "demands": form.demands}
                changes = change_policy(study=study, by=request.user, **new)
        except OutdatedFormError:
            study.refresh_from_db()
        except (DeclarationError, SamePolicyError) as error:
            form.add_error(None, f"{error}.")
        else:
            messages.success(request, saved_sentence(changes))
            return redirect("site:study", pk)
    stale = form.is_bound and is_stale(request, study)
    context = {"study": study, "form": form, "shown": difference_of(study, form, is_stale=stale)}
    part = "_difference.html" if request.htmx else "policy.html"
    status = 409 if stale and saves else 200
    return render(request, f"site/policy/{part}", context, status=status)
