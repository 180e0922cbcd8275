"""A study as a new comparison's form: its arms, its test set, its metric and what must hold."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from evalhub.accounts.models import User
from evalhub.declare.declaration import declared
from evalhub.declare.policy import Demand
from evalhub.features.exporters.copying import StudyCopy
from evalhub.registry.models import Study
from evalhub.site.comparing.form import ARMS
from evalhub.site.comparing.options import OFFERED, PREFIX
from evalhub.site.comparing.page import Comparison
from evalhub.studies.file.spec import StudyFile


def form_of(study: Study, copied: StudyCopy, *, by: User) -> Comparison | None:
    """The form of a new comparison, filled in as the study asks; None where the form can't ask all
    of it: two arms' files and one test set, by one metric.
    """
    if (sent := _sent_for(study, copied)) is None:
        return None
    found = Comparison(by, sent, MultiValueDict())
    if not found.whole:
        return None
    asks, asked = (_asked(each) for each in (found.document(named=True), copied.document.data))
    return found if asks == asked else None


def _asked(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a study file asks, whatever its files are called."""
    found = declared(StudyFile, document).as_json()
    for each in found["test_sets"].values():
        each |= {"file": None, "fields": None}
    for each in found["arms"].values():
        each |= {"fields": None, "parent": None}
        if each["backend"]["recorded"] is not None:
            each["backend"]["recorded"] = ""
    return found


def _sent_for(study: Study, copied: StudyCopy) -> QueryDict | None:
    """What the form would have sent; None where it has no room for what is asked."""
    said = copied.document.data
    (name, *more), arms = said["test_sets"], [said[arm] for arm in ARMS]
    metric = dict(said["test_sets"][name]["metric"])
    files = {slot: f"{arm}.{name}.jsonl" for slot, arm in zip(ARMS, arms, strict=True)}
    files["items"] = f"{name}.jsonl"
    if more or metric["name"] not in OFFERED or not copied.files.keys() >= set(files.values()):
        return None
    test_set = said["test_sets"][name]
    data = _options(metric) | _demand(test_set) | _fields(test_set)
    for slot, file in files.items():
        data |= {slot: copied.files[file], f"{slot}_name": file}
    for slot, arm in zip(ARMS, arms, strict=True):
        data |= {f"{slot}_called": arm, f"{slot}_kind": said["arms"][arm]["kind"]}
    data |= {"project": study.project.slug, "name": said["name"]}
    return _sent({**data, "test_set_called": name})


def _options(metric: dict[str, Any]) -> dict[str, Any]:
    name = metric.pop("name")
    written = {
        key: json.dumps(each) if isinstance(each, dict | list) else each
        for key, each in metric.items()
    }
    given = {PREFIX + key: each for key, each in written.items() if each is not False}
    return {"metric": name, "options_of": name, **given}


def _demand(test_set: dict[str, Any]) -> dict[str, Any]:
    usual = {name: Demand.model_fields[name].get_default() for name in ("min_gain", "margin")}
    return {
        name: test_set.get(name, usual.get(name, ""))
        for name in ("role", "min_gain", "planned_gain", "margin")
    }


def _fields(test_set: dict[str, Any]) -> dict[str, Any]:
    named = {"id": "id", "input": "input"} | test_set.get("fields", {})
    return {f"items_{meaning}": name for meaning, name in named.items()}


def _sent(data: dict[str, Any]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, each in data.items():
        found[name] = str(each)
    return found
