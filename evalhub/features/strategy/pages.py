"""Page: should one fine-tune at all? A form of questions, the advice, and a study file."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.features.strategy.answers import CHOICES, Case
from evalhub.features.strategy.first_study import FirstStudy, first_study
from evalhub.features.strategy.study import StudyParts
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import DeclaredForm, field_of
from runners.backends.endpoints import endpoints

FILE = {"Content-Disposition": 'attachment; filename="study.yaml"'}


def _question(name: str) -> forms.Field:
    """The form field of a question, which the declaration's description asks."""
    text, default = Case.model_fields[name].description or "", default_of(Case, name)
    if name in CHOICES:
        return field_of(Case, name, text, choices=CHOICES[name], widget=forms.RadioSelect)
    return field_of(Case, name, text, "" if default is not None else "empty where it isn’t known")


class StrategyForm(DeclaredForm):
    """The nine questions, in their order; the rest is for the study file, and may stay empty."""

    project = forms.ChoiceField(label="Project")
    endpoint = forms.ChoiceField(
        label="Endpoint", required=False, help_text="where the models answer, from this site"
    )
    model = forms.CharField(
        label="Model that answers today", required=False, max_length=200, help_text="its name there"
    )
    tuned_model = forms.CharField(
        label="Fine-tune", required=False, max_length=200, help_text="its name there"
    )

    def __init__(self, data: Mapping[str, Any] | None, *, projects: Sequence[tuple[str, str]]):
        super().__init__(data)
        aliases = [(alias, alias) for alias in endpoints()]
        self.set_choices("project", projects)
        self.set_choices("endpoint", [("", "none yet"), *aliases])
        self.fields = {name: _question(name) for name in Case.model_fields} | self.fields

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[name] for name in Case.model_fields]

    @property
    def parts(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in Case.model_fields]

    def clean(self) -> dict[str, Any]:
        """Adds `case`, the answers as a declaration."""
        cleaned = super().clean() or {}
        answers = {name: cleaned[name] for name in Case.model_fields if name in cleaned}
        try:
            cleaned["case"] = validate(Case, answers)
        except DeclarationError as error:
            self.add_declaration_error(error)
        return cleaned

    def study(self, *, web: bool) -> FirstStudy:
        """The advice with its study file, to be run on this site (`web`) or by a command."""
        cleaned = self.cleaned_data
        parts = StudyParts(
            project=cleaned["project"],
            endpoint=cleaned["endpoint"] if web else "",
            by_endpoint=web,
            model=cleaned["model"],
            tuned_model=cleaned["tuned_model"],
        )
        return first_study(cleaned["case"], parts)


@require_GET
@results_only
def strategy(request: SignedInRequest) -> HttpResponse:
    """The form; once answered, the advice too, or the study file. Nothing is stored."""
    projects = list(Project.objects.visible_to(request.user).order_by("name"))
    if not projects:
        messages.error(request, "There is no project yet to make a study in.")
        return redirect("home")
    query = request.GET if "about" in request.GET else None
    form = StrategyForm(query, projects=[(each.slug, each.name) for each in projects])
    study = form.study(web="download" not in request.GET) if form.is_valid() else None
    if study and "download" in request.GET:
        return HttpResponse(study.text, content_type="application/yaml", headers=FILE)
    context = {"form": form, "made": study}
    status = 400 if form.errors else 200
    return render(request, "strategy/strategy.html", context, status=status)


urlpatterns = [path("studies/strategy/", strategy, name="strategy")]
