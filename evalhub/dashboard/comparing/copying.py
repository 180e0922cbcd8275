"""A study as a new comparison's form: its arms, its test set, its metric and what must hold."""

import hashlib
import io
import json
from collections.abc import Iterable
from typing import Any

from django.http import QueryDict

from evalhub.accounts.models import User
from evalhub.dashboard.comparing.form import ARMS
from evalhub.dashboard.comparing.options import OFFERED, PREFIX
from evalhub.exporting.leaving import leaves
from evalhub.exporting.study import data_files
from evalhub.registry.models import Study
from evalhub.registry.uploads import Uploads
from evalhub.schemas.policy import Demand
from evalhub.studies.checks import BEST_UNTUNED
from evalhub.studies.document import study_document


class CopyError(ValueError):
    """A study that the form can't ask; the message says why."""


def copied(study: Study, *, by: User) -> QueryDict:
    """What the form would have sent for this study, its files kept as uploads.

    Its baseline and its candidate in question, on its first test set that is judged. Raises
    CopyError, and NotAllowedError.
    """
    leaves(study.project, by=by, what=f"the data of {study}, to be compared anew")
    document = study_document(study)
    said = document.data
    if said["baseline"] == BEST_UNTUNED:
        raise CopyError("its baseline is chosen among several arms")
    judged = [name for name, each in said["test_sets"].items() if each["role"] != "development"]
    name = next(iter(judged or said["test_sets"]))
    test_set, arms = said["test_sets"][name], [said[arm] for arm in ARMS]
    metric = dict(test_set["metric"])
    if metric["name"] not in OFFERED:
        raise CopyError(f"{metric['name']} asks a model, and no files hold its scores")
    files = {slot: f"answers/{arm}.{name}.jsonl" for slot, arm in zip(ARMS, arms, strict=True)}
    files["items"] = test_set.get("file", "")
    for slot, file in files.items():
        if file not in {**document.items, **document.answers}:
            of = name if slot == "items" else said[slot]
            raise CopyError(f"{of} has no file: it is asked, or shares another arm’s answers")
    data = _options(metric) | _demand(test_set) | _fields(test_set)
    for slot, file in files.items():
        lines = next(lines for each, lines in data_files(document) if each == file)
        data |= {slot: _kept(lines, Uploads(study.project), by), f"{slot}_name": file.split("/")[1]}
    for slot, arm in zip(ARMS, arms, strict=True):
        data |= {f"{slot}_called": arm, f"{slot}_kind": said["arms"][arm]["kind"]}
    data |= {"project": study.project.slug, "name": f"{study.name[:190]} (copy)"}
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


def _kept(lines: Iterable[str], uploads: Uploads, by: User) -> str:
    content = "".join(lines).encode()
    name = f"sha256:{hashlib.sha256(content).hexdigest()}"
    uploads.append(name=name, stream=io.BytesIO(content), offset=0, complete=True, by=by)
    return name


def _sent(data: dict[str, Any]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, each in data.items():
        found[name] = str(each)
    return found
