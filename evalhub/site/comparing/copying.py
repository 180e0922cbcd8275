"""Copy a study into the form of a new comparison: its arms, test set, metric and requirements."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from evalhub.accounts.models import User
from evalhub.declare.declaration import validate
from evalhub.declare.policy import Demand
from evalhub.registry.models import Study
from evalhub.site.comparing.form import ARMS
from evalhub.site.comparing.options import OFFERED, PREFIX
from evalhub.site.comparing.page import Comparison
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.web.copying import StudyCopy


def form_of(study: Study, copied: StudyCopy, *, by: User) -> Comparison | None:
    """The form of a new comparison, filled in from the study; None if the form can't express all of
    it: two arms' files and one test set, with one metric."""
    if (sent := _form_data(study, copied)) is None:
        return None
    comparison = Comparison(by, sent, MultiValueDict())
    if not comparison.whole:
        return None
    asks, original = (
        _without_file_names(document)
        for document in (comparison.document(with_file_names=True), copied.document.data)
    )
    return comparison if asks == original else None


def _without_file_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """The requirements of a study file, without its files' names."""
    data = validate(StudyFile, document).as_json()
    for part in data["test_sets"].values():
        part |= {"file": None, "fields": None}
    for part in data["arms"].values():
        part |= {"fields": None, "parent": None}
        if part["backend"]["recorded"] is not None:
            part["backend"]["recorded"] = ""
    return data


def _form_data(study: Study, copied: StudyCopy) -> QueryDict | None:
    """The form data that would make this study; None if the form can't express it."""
    document = copied.document.data
    (name, *more), arms = document["test_sets"], [document[arm] for arm in ARMS]
    metric = dict(document["test_sets"][name]["metric"])
    files = {slot: f"{arm}.{name}.jsonl" for slot, arm in zip(ARMS, arms, strict=True)}
    files["items"] = f"{name}.jsonl"
    if more or metric["name"] not in OFFERED or not copied.files.keys() >= set(files.values()):
        return None
    test_set = document["test_sets"][name]
    data = _options(metric) | _demand(test_set) | _fields(test_set)
    for slot, file in files.items():
        data |= {slot: copied.files[file], f"{slot}_name": file}
    for slot, arm in zip(ARMS, arms, strict=True):
        data |= {f"{slot}_called": arm, f"{slot}_kind": document["arms"][arm]["kind"]}
    data |= {"project": study.project.slug, "name": document["name"]}
    return _as_query({**data, "test_set_called": name})


def _options(metric: dict[str, Any]) -> dict[str, Any]:
    name = metric.pop("name")
    written = {
        key: json.dumps(value) if isinstance(value, dict | list) else value
        for key, value in metric.items()
    }
    options = {PREFIX + key: each for key, each in written.items() if each is not False}
    return {"metric": name, "options_of": name, **options}


def _demand(test_set: dict[str, Any]) -> dict[str, Any]:
    usual = {name: Demand.model_fields[name].get_default() for name in ("min_gain", "margin")}
    return {
        name: test_set.get(name, usual.get(name, ""))
        for name in ("role", "min_gain", "planned_gain", "margin")
    }


def _fields(test_set: dict[str, Any]) -> dict[str, Any]:
    names = {"id": "id", "input": "input"} | test_set.get("fields", {})
    return {f"items_{meaning}": name for meaning, name in names.items()}


def _as_query(data: dict[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query[name] = str(value)
    return query
