"""Files that a page sends: stored by digest, and put where they belong in the study file."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from evalhub.accounts.models import User
from evalhub.declare.declaration import default_of
from evalhub.declare.policy import Demand
from evalhub.features.study_builder.question import StudyQuestion
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from evalhub.registry.uploads import UploadError, Uploads
from evalhub.studies.files.file_preview import ANSWER, ITEM, FilePreview, glance, propose_metric
from evalhub.studies.web.bundle import file_fields

BASELINE_WORDS = ("base", "before", "old", "current", "prod", "untuned")
KIND_WORDS = {
    "qlora": ("qlora",),
    "lora": ("lora",),
    "distilled": ("distil",),
    "few-shot": ("few-shot", "fewshot", "few_shot"),
    "retrieval": ("retriev", "rag"),
    "prompted": ("prompt",),
    "base": BASELINE_WORDS,
}
"""By a kind of model, what names of files of its answers hold. Other arms are of unknown kind."""
STUDY_SUFFIXES = (".yaml", ".yml")


def keep(file: "UploadedFile[Any]", uploads: Uploads, *, by: User) -> tuple[str, FilePreview]:
    """Stores an upload and reads its first rows. An unreadable file isn't stored.

    Raises DataError, naming the file as its sender did, and NotAllowedError.
    """
    name = Path(file.name or "file").name
    if (file.size or 0) > (most := WEB.bytes or 0):
        raise DataError(f"has {file.size:,} bytes, and at most {most:,} are taken here", file=name)
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    digest = f"sha256:{sha256.hexdigest()}"
    was_stored = digest in uploads
    try:
        uploads.append(name=digest, stream=file, offset=0, complete=True, by=by)
        return digest, glance(uploads[digest])
    except DataError as error:
        if not was_stored:
            uploads.drop(digest)
        raise DataError(error.message, file=name, line=error.line, field=error.field) from error
    except UploadError as error:
        raise DataError(str(error), file=name) from error


def is_study_file(file: "UploadedFile[Any]") -> bool:
    """Whether a file is a study's own: YAML, or JSON that names the schema near its start."""
    name = (file.name or "").lower()
    if name.endswith(STUDY_SUFFIXES):
        return True
    if not name.endswith(".json"):
        return False
    start = file.read(4096)
    file.seek(0)
    return b'"evalhub.study/' in start


def place(question: StudyQuestion, name: str, digest: str, preview: FilePreview) -> None:
    """Puts a dropped file where it belongs: where the study file names it already, else as a test
    set or as an arm's answers, by what its rows hold."""
    named = _names_of_files(question)
    if name in named:
        question.files[name] = digest
    elif preview.asks:
        add_test_set(question, question.add_file(name, digest), preview)
    else:
        add_answers(question, question.add_file(name, digest), preview)


def add_test_set(question: StudyQuestion, name: str, preview: FilePreview) -> str:
    """Adds a file as a test set: the first one must be gained on, others must not be lost.

    Returns the test set's name.
    """
    fields = preview.guess_fields(ITEM)
    references = [row.values.get(fields.get("reference", "")) for row in preview.rows]
    metric = propose_metric(references if "reference" in fields else [])
    test_set_name = question.free_name("test_sets", name.split(".")[0])
    unusual = {meaning: each for meaning, each in fields.items() if each != meaning}
    question.document.setdefault("test_sets", {})[test_set_name] = {
        "file": name,
        **demand_of_next(question),
        "metric": {"name": metric},
        **({"fields": unusual} if unusual else {}),
    }
    return test_set_name


def demand_of_next(question: StudyQuestion) -> dict[str, Any]:
    """What a further test set asks: a gain if none does yet, else that little is lost."""
    if all(each.get("role") != "primary" for each in question.test_sets.values()):
        return {"role": "primary"}
    return {"role": "guard", "margin": default_of(Demand, "margin")}


def add_answers(question: StudyQuestion, name: str, preview: FilePreview) -> None:
    """Adds a file of answers: to the arm and test set that its name says, else as a new arm."""
    fields = {
        meaning: each for meaning, each in preview.guess_fields(ANSWER).items() if each != meaning
    }
    arm_name, _, rest = name.partition(".")
    test_set = rest.split(".")[0]
    arm = question.arms.get(arm_name)
    if arm is not None and test_set in question.test_sets:
        recorded = arm.get("backend", {}).get("recorded")
        answers = recorded if isinstance(recorded, dict) else {}
        arm["backend"] = {"recorded": answers | {test_set: name}}
        return
    kind = kind_of(arm_name, is_first=not question.arms)
    new_arm = {"kind": kind, "backend": {"recorded": name}}
    new_name = question.free_name("arms", arm_name)
    arms = question.document.setdefault("arms", {})
    arms[new_name] = new_arm | ({"fields": fields} if fields else {})


def kind_of(name: str, *, is_first: bool) -> str:
    """The kind that an arm's name speaks of; the first arm is a base model, others are unknown."""
    small = name.lower()
    for kind, words in KIND_WORDS.items():
        if any(word in small for word in words):
            return kind
    return "base" if is_first else "unknown"


def in_order(files: Sequence["UploadedFile[Any]"]) -> list["UploadedFile[Any]"]:
    """Files dropped together: what sounds like a baseline before the others, which go by name."""
    return sorted(files, key=lambda file: (not sounds_like_baseline(file.name or ""), file.name))


def sounds_like_baseline(name: str) -> bool:
    return any(word in name.lower() for word in BASELINE_WORDS)


def columns_of(name: str, files: Mapping[str, str], uploads: Uploads) -> list[tuple[str, str]]:
    """The fields of a stored file's rows, as choices; none of one that can't be read."""
    try:
        return [(each, each) for each in glance(uploads[files[name]]).fields]
    except (KeyError, DataError):
        return []


def _names_of_files(question: StudyQuestion) -> set[str]:
    """The names of files that the document names."""
    names: set[str] = set()
    for holder, key, _ in file_fields(question.document):
        named = holder[key].values() if isinstance(holder[key], dict) else [holder[key]]
        names |= {Path(str(each)).name for each in named}
    return names
