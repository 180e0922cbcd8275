"""Page: what a study's candidate costs, with a form to try other figures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.cost_sheet import UPFRONT, CostLine, CostSheet
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.ownership import Ownership, TrainingCosts
from evalhub.features.ownership.study_costs import arms_to_compare, cost_of
from evalhub.features.ownership.tornado import TornadoPlot, tornado_plot
from evalhub.features.ownership.wording import totals
from evalhub.frames.page.access import results_only
from evalhub.io.rows import DataError
from evalhub.ledger.ownership import OwnedArms, statement_of
from evalhub.registry.models import Study, StudyArm
from evalhub.registry.models.studies import ArmRole

_TO = re.compile(r"\s*(?:–|\bto\b|\.\.)\s*")
RANGE = "a number, or a range such as 80000 to 120000"
DATA = "in all"
"""What all work on data is called where a sum stands for it."""


class WhatIfForm(forms.Form):
    """Figures in place of the study's: each a number or a range; an empty field keeps the
    study's."""

    traffic = forms.CharField(label="Requests a month", required=False, max_length=80)
    present = forms.CharField(label="Present bill a month", required=False, max_length=80)
    serving = forms.CharField(label="Candidate's bill a month", required=False, max_length=80)
    upkeep = forms.CharField(label="Upkeep a month", required=False, max_length=80)
    retraining = forms.CharField(label="Trainings anew a year", required=False, max_length=80)
    training = forms.CharField(label="Paid for its training", required=False, max_length=80)
    price = forms.CharField(label="Or its machine an hour", required=False, max_length=80)
    examples = forms.CharField(label="Paid for its data", required=False, max_length=80)
    asking = forms.CharField(label="Paid for this study's answers", required=False, max_length=80)

    def __init__(self, data: QueryDict, *, arms: OwnedArms, ownership: Ownership) -> None:
        super().__init__(data if data.keys() & self.base_fields.keys() else None)
        self._arms, self._stated = arms, ownership

    def clean(self) -> dict[str, Any]:
        """Adds `assumed`: the figures of the form as assumptions."""
        cleaned = super().clean() or {}
        ranges: dict[str, list[float]] = {}
        for name in self.fields:
            try:
                ranges[name] = _ends(cleaned.get(name) or "")
            except ValueError:
                self.add_error(name, f"Say {RANGE}.")
        if ranges.get("training") and ranges.get("price"):
            self.add_error("price", "Leave it out, or what was paid for the training in all.")
        assumptions = self._assumptions({name: ends for name, ends in ranges.items() if ends})
        try:
            cleaned["assumed"] = validate(Ownership, assumptions) if assumptions else None
        except DeclarationError as error:
            said_so = f"{error.message[0].upper()}{error.message[1:]}."
            self.add_error(self._field(error.field), said_so)
        return cleaned

    def _assumptions(self, ends: Mapping[str, list[float]]) -> dict[str, Any]:
        """The fields of the form in the shape of a file of assumptions."""
        assumptions: dict[str, Any] = {"traffic": ends["traffic"]} if "traffic" in ends else {}
        bills = {arm: {"monthly": ends[name]} for name, arm in self._bills.items() if name in ends}
        assumptions |= {"serving": bills} if bills else {}
        if "upkeep" in ends:
            assumptions["upkeep"] = {"monthly": ends["upkeep"]}
        if "retraining" in ends:
            retraining = (
                {} if self._stated.retraining is None else self._stated.retraining.as_json()
            )
            assumptions["retraining"] = retraining | {"times_a_year": ends["retraining"]}
        if "training" in ends:
            assumptions["training"] = {"bill": ends["training"]}
        if "price" in ends:
            assumptions["training"] = self._machines() | {"price": ends["price"]}
        if "examples" in ends:
            assumptions["data"] = {DATA: {"bill": ends["examples"]}}
        if "asking" in ends:
            assumptions["evaluation"] = self._stated.evaluation.as_json() | {
                "tokens": ends["asking"]
            }
        return assumptions

    def _machines(self) -> dict[str, Any]:
        """The study's training costs without a bill."""
        costs = (self._stated.training or TrainingCosts()).as_json()
        return {name: value for name, value in costs.items() if name != "bill"}

    @property
    def _bills(self) -> Mapping[str, str]:
        """The arm whose monthly bill each field is, by field."""
        return {"present": self._arms.baseline.name, "serving": self._arms.candidate.name}

    def _field(self, path: str) -> str:
        """The form's field for a path in the assumptions."""
        part, *rest = path.split(".")
        if part == "serving":
            return next(name for name, arm in self._bills.items() if arm == rest[0])
        if path == "training.price":
            return "price"
        return {"data": "examples", "evaluation": "asking"}.get(part, part)


def _ends(text: str) -> list[float]:
    """The number, or both ends of the range; [] for an empty text. Raises ValueError."""
    if not text.strip():
        return []
    ends = [float(each.replace(",", "").replace(" ", "")) for each in _TO.split(text.strip())]
    if len(ends) > 2 or not all(map(isfinite, ends)):
        raise ValueError(text)
    return [ends[0], ends[-1]]


@dataclass(frozen=True, slots=True)
class CostPage:
    """`once` and `monthly` are the lines that are paid once and monthly; `arms` the other arms to
    choose from; `tried` whether some figures aren't the study's."""

    study: Study
    form: WhatIfForm
    sheet: CostSheet
    once: Sequence[CostLine]
    monthly: Sequence[CostLine]
    totals: Sequence[tuple[str, str]]
    tornado: TornadoPlot | None
    arms: Sequence[StudyArm]
    tried: bool


def cost_page(study: Study, query: QueryDict) -> CostPage:
    """The page for the address's query. A constant number of queries.

    Raises StudyArm.DoesNotExist where there is no such arm.
    """
    arms = arms_to_compare(study, query.get("arm", ""))
    form = WhatIfForm(query, arms=arms, ownership=statement_of(study))
    assumed = form.cleaned_data.get("assumed") if form.is_valid() else None
    sheet = cost_of(study, assumed, candidate=arms.candidate.name)
    return CostPage(
        study=study,
        form=form,
        sheet=sheet,
        once=[each for each in sheet.lines if each.part in UPFRONT],
        monthly=[each for each in sheet.lines if each.part not in UPFRONT],
        totals=list(totals(sheet)),
        tornado=None if sheet.tornado is None else tornado_plot(sheet.tornado),
        arms=list(study.arms.exclude(role=ArmRole.BASELINE)),
        tried=assumed is not None,
    )


@require_GET
@results_only
def study_cost(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(rows, pk=pk)
    try:
        page = cost_page(study, request.GET)
    except StudyArm.DoesNotExist as error:
        raise Http404(str(error)) from error
    except DataError as error:  # of the operator's table of prices
        messages.error(request, f"What it costs isn't known: {error}.")
        return redirect("site:study", pk)
    return render(request, "ownership/cost.html", {"shown": page, "study": study})


urlpatterns = [path("studies/<int:pk>/cost/", study_cost, name="study_cost")]
