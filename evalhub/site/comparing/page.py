"""The page of a comparison: files are stored, fields guessed, metric and cost previewed.

Nothing of it is in the registry before it runs; its files are uploads, known by their digests.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.plan import StudyPlan
from evalhub.io.rows import DataError
from evalhub.jobs.weight import Weight, weight_of_file
from evalhub.registry.item_rows import ItemRowsError, item_rows
from evalhub.registry.models import Study, TestSetVersion
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import NAMED, Uploads
from evalhub.site.comparing.files import SLOTS, KeptFile, choose_slot, keep
from evalhub.site.comparing.form import (
    ARMS,
    GUESSED,
    ITEM_FIELDS,
    ComparisonForm,
    document_of,
    mapping_of,
    slug_taken,
)
from evalhub.site.comparing.live_arm import live_arm, live_fields
from evalhub.site.comparing.options import OFFERED, option_fields
from evalhub.studies.files.file_preview import glance, propose_metric
from evalhub.studies.files.metric_preview import MetricPreview, RecordedFile, preview_metric
from evalhub.studies.web.from_web import plan_from_web, register_from_web
from evalhub.studies.web.trial_request import TrialResult, TryError, try_item
from runners.backends.asking import BackendError
from runners.backends.endpoints import endpoints
from runners.launch import LaunchError
from runners.metrics import MetricError

LISTED = 200
"""Test sets that can be chosen from."""
REFUSED = (DataError, DeclarationError, LaunchError, MetricError)


class Comparison:
    """The form as it was sent, with its files; what it shows is worked out when it is asked for."""

    def __init__(self, by: User, sent: QueryDict, files: "MultiValueDict[str, Any]") -> None:
        """`sent` is empty where nothing was sent yet."""
        self._by = by
        self.asked_for, self._files = sent, files
        self.projects = {each.slug: each for each in Project.objects.visible_to(by)}
        self.data: QueryDict = sent.copy()
        self.project = self._project(str(sent.get("project", "")))
        self.data["project"] = self.project.slug
        self.uploads = Uploads(self.project)
        self.aliases = list(endpoints())
        self.wrong: dict[str, str] = {}
        self.kept: dict[str, KeptFile] = {}
        if sent:
            self._take()
        self.form = ComparisonForm(
            self.data if sent else None,
            initial={"project": self.project.slug},
            projects=[(each.slug, each.name) for each in self.projects.values()],
            test_sets=list(self._test_sets()),
            fields={slot: each.glance.fields for slot, each in self.kept.items()},
            aliases=self.aliases,
        )

    @property
    def slots(self) -> list[dict[str, Any]]:
        """The slots for files, each with its present file and error."""
        return [
            {"name": name, "label": label, "kept": self.kept.get(name), "wrong": wrong}
            for name, label in SLOTS.items()
            for wrong in (self.wrong.get(name, ""),)
        ]

    @property
    def options(self) -> list[Any]:
        """The fields of the metric's options."""
        return [self.form[name] for name in self.form.fields if name.startswith("option_")]

    @property
    def naming(self) -> list[tuple[str, list[Any]]]:
        """By slot label: the form fields that name the fields of its rows."""
        meanings = {"items": ITEM_FIELDS, **dict.fromkeys(ARMS, ("id", "output"))}
        return [
            (SLOTS[slot], [self.form[f"{slot}_{each}"] for each in names])
            for slot, names in meanings.items()
            if slot in self.kept
        ]

    @property
    def whole(self) -> bool:
        """Whether the comparison is complete and valid."""
        return self.form.is_bound and not self.missing and self.form.is_valid()

    @property
    def live_arms(self) -> list[str]:
        """The arms that are asked, instead of uploading their answers."""
        return [arm for arm in ARMS if self.data.get(f"{arm}_endpoint")]

    @property
    def askable(self) -> list[tuple[str, bool, list[Any], list[Any]]]:
        """By arm: whether it is asked, and the form fields of its prompt and its price."""
        rows = []
        for arm in ARMS:
            mine = [self.form[name] for name in live_fields(arm, ())]
            rows.append((arm, arm in self.live_arms, mine[:-4], mine[-4:]))
        return rows

    @property
    def large(self) -> bool:
        """Whether the cost takes so long to compute that it is a job, started on request."""
        weights = (weight_of_file(each.path) for each in self.kept.values())
        return sum(weights, Weight()).is_heavy

    def check(self) -> bool:
        """Whether all parts are there; else adds the error to the form."""
        if not self.whole and (missing := self.missing):
            self.form.add_error(None, f"There is nothing to compare yet: add {missing}.")
        return self.whole

    @property
    def missing(self) -> str:
        """What is still missing, as a sentence; "" if nothing is."""
        names = {"items": "the test set", **{arm: f"the {arm}’s answers" for arm in ARMS}}
        filled = {*self.kept, *self.live_arms}
        lacking = [label for slot, label in names.items() if slot not in filled]
        return " and ".join([", ".join(lacking[:-1]), lacking[-1]] if lacking[1:] else lacking)

    def document(self, *, with_file_names: bool = False) -> dict[str, Any]:
        """The study file; `with_file_names`: with the files' own names, for download."""
        files = {
            slot: each.name if with_file_names else each.digest for slot, each in self.kept.items()
        }
        return document_of(
            self.form.cleaned_data, lambda slot: files.get(slot, ""), self.project.slug
        )

    def as_yaml(self) -> str:
        """The study file with the files' own names, which have to be next to it."""
        return yaml.safe_dump(
            self.document(with_file_names=True), sort_keys=False, allow_unicode=True
        )

    def as_zip(self) -> bytes:
        """The study file with a test set of the project, of which the reader has no file."""
        items_file, packed = self.kept["items"], io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("study.yaml", self.as_yaml())
            archive.write(items_file.path, items_file.name)
        return packed.getvalue()

    def preview(self) -> "MetricPreview | str | None":
        """What the metric extracts from five answers; a sentence if that can't be shown."""
        if "items" not in self.kept or not self.form.is_valid():
            return None
        cleaned = self.form.cleaned_data
        try:
            return preview_metric(
                project=self.project,
                metric=cleaned["asked"],
                items=self.kept["items"].path,
                mapping=mapping_of(cleaned),
                arms={
                    arm: RecordedFile(
                        self.kept[arm].path,
                        cleaned[f"{arm}_id"] or "id",
                        cleaned[f"{arm}_output"] or "output",
                    )
                    for arm in ARMS
                    if arm in self.kept and arm not in self.live_arms
                },
                typed=cleaned["typed"],
            )
        except REFUSED as error:
            return self.error_text(error)

    def plan(self) -> "StudyPlan | str | None":
        """The next look's cost and power; a sentence if the files don't fit."""
        if not self.whole or (self.large and "work_out" not in self.asked_for):
            return None
        try:
            return plan_from_web(
                project=self.project,
                by=self._by,
                document=self.document(),
                files=self.uploads,
                aliases=self.aliases,
            )
        except REFUSED as error:
            return self.error_text(error)

    def try_arm(self, arm: str) -> "TrialResult | str | None":
        """The answer of an arm's model to the first item; a sentence if it can't be asked."""
        if arm not in ARMS:
            return None
        if "items" not in self.kept or not self.form.is_valid():
            return "Add a test set first: the trial asks its first item."
        arm_fields = live_arm(self.form.cleaned_data, arm)
        try:
            return try_item(
                project=self.project,
                by=self._by,
                arm={"kind": "base", **(arm_fields or {"backend": {}})},
                aliases=self.aliases,
                items=self.kept["items"].path,
                mapping=mapping_of(self.form.cleaned_data),
            )
        except (*REFUSED, BackendError, TryError) as error:
            return self.error_text(error)

    def register(self) -> "Study | None":
        """The study, registered and running; None if the form has errors."""
        if not self.check():
            return None
        document = self.document()
        if existing := slug_taken(self.project.slug, document["name"]):
            message = (
                f"“{existing.name}” is there already: choose another name, or change that study"
            )
            self.form.add_error("name", message)
            return None
        try:
            return register_from_web(
                project=self.project,
                by=self._by,
                document=document,
                files=self.uploads,
                aliases=self.aliases,
            )
        except REFUSED as error:
            self.form.add_error(None, self.error_text(error))
            return None

    def error_text(self, error: Exception) -> str:
        """The error's message with files under the names of their sender."""
        message = str(error)
        for file in self.kept.values():
            message = message.replace(file.digest, file.name).replace(file.path.name, file.name)
        return (
            message.replace(str(self.kept["items"].path.parent) + "/", "") if self.kept else message
        )

    def _project(self, slug: str) -> Project:
        return self.projects.get(slug) or next(iter(self.projects.values()))

    def _test_sets(self) -> Iterator[tuple[str, str]]:
        versions = TestSetVersion.objects.newest_of(self.project)[:LISTED]
        for version in versions:
            yield str(version.pk), f"{version} ({version.item_count:,} items)"

    def _take(self) -> None:
        """Assigns the uploads to slots, and writes guessed values into the form's data."""
        for slot in SLOTS:
            if file := self._files.get(f"{slot}_file"):
                self._keep(file, slot)
        occupied = {slot for slot in SLOTS if self._files.get(f"{slot}_file")}
        for file in sorted(self._files.getlist("dropped"), key=lambda upload: upload.name or ""):
            self._keep(file, "", occupied)
        self._choose_test_set()
        for slot in SLOTS:
            self._find(slot)
        self._default_options()

    def _keep(self, file: Any, slot: str, occupied: set[str] | None = None) -> None:
        try:
            digest, seen = keep(file, self.uploads, by=self._by)
        except DataError as error:
            self.wrong[slot or "items"] = str(error)
            return
        if occupied is not None:
            slot = choose_slot(file.name, seen, occupied)
            occupied.add(slot)
        if not slot:
            return
        self.data[slot], self.data[f"{slot}_name"] = digest, file.name
        if slot == "items":
            self.data["test_set"] = self.data["items_of"] = ""
        self._guess(slot, seen.guess_fields(GUESSED[slot]))
        if slot == "items":
            name = str(self.data["items_reference"])
            values = [row.values.get(name) for row in seen.rows] if name else []
            self.data["metric"] = propose_metric(values)
        field = "test_set_called" if slot == "items" else f"{slot}_called"
        self.data[field] = slug_of(file.name.split(".")[0], limit=40)

    def _guess(self, slot: str, names: Mapping[str, str]) -> None:
        for meaning in ITEM_FIELDS if slot == "items" else ("id", "output"):
            self.data[f"{slot}_{meaning}"] = names.get(meaning, "")

    def _choose_test_set(self) -> None:
        """Takes the items of a chosen test set of the project in place of a file."""
        chosen = str(self.data.get("test_set", ""))
        version = TestSetVersion.objects.newest_of(self.project).filter(pk=_number(chosen)).first()
        if version is None:  # none, or one of another project: its items stay as a file
            self.data["test_set"] = self.data["items_of"] = ""
            return
        if chosen == self.data.get("items_of", ""):
            return
        self.data["items"] = self.data["items_of"] = ""
        try:
            rows = item_rows(version)
        except ItemRowsError as error:
            self.wrong["items"] = str(error)
            return
        content = "".join(rows.lines()).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.uploads.append(
            name=digest, stream=io.BytesIO(content), offset=0, complete=True, by=self._by
        )
        self.data["items"], self.data["items_of"] = digest, chosen
        self.data["items_name"] = f"{version.test_set.slug}.jsonl"
        self.data["test_set_called"] = version.test_set.slug
        self._guess("items", rows.fields)
        first = version.items.values_list("references", flat=True)[:20]
        self.data["metric"] = propose_metric(list(first))

    def _find(self, slot: str) -> None:
        """The file in a slot by the form's data, if it still exists."""
        digest = self.data.get(slot, "")
        if not NAMED.fullmatch(digest):
            self.data[slot] = ""
            return
        try:
            path = self._take_over_upload(digest)
            name = self.data.get(f"{slot}_name") or "file"
            self.kept[slot] = KeptFile(slot, digest, name, path, glance(path))
        except KeyError:
            self.data[slot] = ""
            self.wrong[slot] = "This file has expired: add it again."
        except DataError as error:
            self.data[slot] = ""
            self.wrong[slot] = error.message

    def _take_over_upload(self, digest: str) -> Path:
        """The upload's path, copied from another project of the person's if it was added there.

        Raises KeyError.
        """
        theirs = [] if digest in self.uploads else map(Uploads, self.projects.values())
        if source := next((each for each in theirs if digest in each), None):
            with source[digest].open("rb") as file:
                self.uploads.append(name=digest, stream=file, offset=0, complete=True, by=self._by)
        return self.uploads[digest]

    def _default_options(self) -> None:
        """Resets the options to their defaults if another metric is chosen."""
        metric = self.data.get("metric", "")
        if metric not in OFFERED or self.data.get("options_of") == metric:
            return
        self.data["options_of"] = metric
        for name, field in option_fields(metric).items():
            self.data.pop(name, None)
            if field.initial not in (None, "") and field.initial is not False:
                self.data[name] = str(field.initial)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
