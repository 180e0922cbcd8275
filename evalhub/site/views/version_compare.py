"""Two model versions side by side."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.models import User
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.registry.models import ModelVersion
from evalhub.site.versions_beside import versions_beside


class BesideForm(forms.Form):
    """Which two; both are seen by the person who asks."""

    left = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="One version", empty_label="choose one"
    )
    right = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="Another", empty_label="choose one"
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        seen = ModelVersion.objects.visible_to(user).select_related(
            "model__project", "parent__model"
        )
        for field in self.fields.values():
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = seen


@require_GET
@results_only
def beside(request: SignedInRequest) -> HttpResponse:
    """The versions `left` and `right` of the address; if one is missing, a form to choose both."""
    both = {"left", "right"} <= request.GET.keys()
    form = BesideForm(request.GET if both else None, initial=request.GET.dict(), user=request.user)
    chosen = form.cleaned_data if both and form.is_valid() else None
    page = chosen and versions_beside(chosen["left"], chosen["right"], user=request.user)
    status = 400 if form.errors else 200
    context = {"form": form, "beside": page}
    return render(request, "site/versions/beside.html", context, status=status)
