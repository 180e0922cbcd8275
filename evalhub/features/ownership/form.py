"""The form of the cost page: figures in place of the study's, each a number or a range."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from evalhub.decision.ownership.lines import IN_ALL
from evalhub.declare.cost_sheet import CostLine, CostSheet
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.ownership import Ownership, TrainingCosts
from evalhub.features.ownership.wording import amount, origins

_TO = re.compile(r"\s*(?:–|\bto\b|\.\.)\s*")
_IN_GROUPS = re.compile(r"-?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
"""A number whose thousands are set apart; a comma anywhere else might be a decimal one."""
RANGE = "a number, or a range such as 80000 to 120000"
ANSWERS = "this study's answers"


FIRST = ("traffic", "present", "serving")
"""The fields that are always in sight."""


class WhatIfForm(forms.Form):
    """What the sheet reckons with, to be changed: each a number or a range. A field that is left
    as it is, or empty, keeps what it had."""

    traffic = forms.CharField(label="Requests a month", required=False, max_length=80)
    present = forms.CharField(required=False, max_length=80)
    serving = forms.CharField(required=False, max_length=80)
    upkeep = forms.CharField(label="Upkeep a month", required=False, max_length=80)
    retraining = forms.CharField(label="Retrainings a year", required=False, max_length=80)
    development = forms.CharField(label="Initial development", required=False, max_length=80)
    training = forms.CharField(label="Its training", required=False, max_length=80)
    price = forms.CharField(label="Or an hour of its GPU", required=False, max_length=80)
    examples = forms.CharField(label="Its training data", required=False, max_length=80)
    asking = forms.CharField(label="This study’s answers", required=False, max_length=80)

    def __init__(self, data: QueryDict, *, sheet: CostSheet, stated: Ownership) -> None:
        """`sheet` is what the page says without the form; `stated` what the study says."""
        filled = data.keys() & self.base_fields.keys()
        super().__init__(data if filled else None, initial=_texts(sheet))
        self._arms = {"present": sheet.baseline, "serving": sheet.candidate}
        self._stated = stated
        for name, arm in self._arms.items():
            self.fields[name].label = f"Serving {arm} a month"
        for name, text in _hints(sheet).items():
            self.fields[name].help_text = "your figure" if name in self._changed else text

    @property
    def first(self) -> list[BoundField]:
        return [self[name] for name in FIRST]

    @property
    def others(self) -> list[BoundField]:
        return [each for each in self if each.name not in FIRST]

    @property
    def others_open(self) -> bool:
        """Whether one of the other fields was changed, or is wrong."""
        return any(each.errors or each.name in self._changed for each in self.others)

    @property
    def _changed(self) -> list[str]:
        """The fields that hold something else than they were shown with."""
        if not self.is_bound:
            return []
        shown = {name: self.get_initial_for_field(self.fields[name], name) for name in self.fields}
        texts = {name: self.data.get(name, "").strip() for name in self.fields}
        return [name for name, text in texts.items() if text and text != shown[name]]

    def clean(self) -> dict[str, Any]:
        """Adds `assumed`: the figures of the form as assumptions."""
        cleaned = super().clean() or {}
        ranges: dict[str, list[float]] = {}
        for name in self._changed:
            try:
                ranges[name] = _ends(cleaned.get(name) or "")
            except ValueError:
                self.add_error(name, f"Write {RANGE}.")
        if ranges.get("training") and ranges.get("price"):
            self.add_error("price", "Leave it out, or its training’s whole cost.")
        assumptions = self._assumptions(ranges)
        try:
            cleaned["assumed"] = validate(Ownership, assumptions) if assumptions else None
        except DeclarationError as error:
            said_so = f"{error.message[0].upper()}{error.message[1:]}."
            self.add_error(self._field(error.field), said_so)
        return cleaned

    def _assumptions(self, ends: Mapping[str, list[float]]) -> dict[str, Any]:
        """The fields of the form in the shape of a file of assumptions."""
        assumptions: dict[str, Any] = {"traffic": ends["traffic"]} if "traffic" in ends else {}
        bills = {arm: {"monthly": ends[name]} for name, arm in self._arms.items() if name in ends}
        assumptions |= {"serving": bills} if bills else {}
        if "upkeep" in ends:
            assumptions["upkeep"] = {"monthly": ends["upkeep"]}
        if "retraining" in ends:
            retraining = (
                {} if self._stated.retraining is None else self._stated.retraining.as_json()
            )
            assumptions["retraining"] = retraining | {"times_a_year": ends["retraining"]}
        if "development" in ends:
            bill = {"bill": ends["development"]}
            assumptions["development"] = {self._arms["serving"]: bill}
        if "training" in ends:
            assumptions["training"] = {"bill": ends["training"]}
        if "price" in ends:
            assumptions["training"] = self._machines() | {"price": ends["price"]}
        if "examples" in ends:
            assumptions["data"] = {IN_ALL: {"bill": ends["examples"]}}
        if "asking" in ends:
            assumptions["evaluation"] = self._stated.evaluation.as_json() | {
                "tokens": ends["asking"]
            }
        return assumptions

    def _machines(self) -> dict[str, Any]:
        """The study's training costs without a bill."""
        costs = (self._stated.training or TrainingCosts()).as_json()
        return {name: value for name, value in costs.items() if name != "bill"}

    def _field(self, path: str) -> str:
        """The form's field for a path in the assumptions."""
        part, *rest = path.split(".")
        if part == "serving":
            return next(name for name, arm in self._arms.items() if arm == rest[0])
        if path == "training.price":
            return "price"
        return {"data": "examples", "evaluation": "asking"}.get(part, part)


def _ends(text: str) -> list[float]:
    """The number, or both ends of the range. Raises ValueError."""
    ends = [_number(each) for each in _TO.split(text.strip())]
    if len(ends) > 2 or not all(map(isfinite, ends)):
        raise ValueError(text)
    return [ends[0], ends[-1]]


def _number(text: str) -> float:
    grouped = _IN_GROUPS.fullmatch(text) is not None
    return float(re.sub("[, ]", "", text) if grouped else text)


def _texts(sheet: CostSheet) -> dict[str, str]:
    """What each field is shown with: the sheet's own figure; "" where there is none."""
    texts = {"traffic": "" if sheet.traffic is None else amount(sheet.traffic)}
    for name, lines in _lines(sheet).items():
        if len(lines) == 1 and lines[0].amount is not None:
            texts[name] = amount(lines[0].amount)
    times = [each for line in _lines(sheet)["retraining"] for each in line.figures][:1]
    return texts | {"retraining": amount(times[0]) if times else ""}


def _hints(sheet: CostSheet) -> dict[str, str]:
    """Where the figure of each field comes from."""
    hints = {} if sheet.traffic is None else {"traffic": origins([sheet.traffic])}
    for name, lines in _lines(sheet).items():
        hints[name] = origins([each for line in lines for each in line.figures])
    return hints


def _lines(sheet: CostSheet) -> dict[str, Sequence[CostLine]]:
    """The lines of the sheet that a field stands for, by field."""

    def of(part: str, name: str = "") -> list[CostLine]:
        return [each for each in sheet.lines if each.part == part and name in ("", each.name)]

    return {
        "present": of("present"),
        "serving": of("serving"),
        "upkeep": of("upkeep"),
        "retraining": of("retraining"),
        "development": of("development"),
        "training": of("training"),
        "examples": of("data"),
        "asking": of("evaluation", ANSWERS),
    }
