"""Register what comes by REST, after the checks for content from outside."""

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.declare.plan import StudyPlan
from evalhub.declare.retrievers import Retriever
from evalhub.io.document import DEEPEST
from evalhub.io.json_values import JsonError, check_value
from evalhub.io.limits import LOG
from evalhub.io.rows import DataError
from evalhub.registry.documents import holds_documents
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from evalhub.registry.versions import register_metric, register_version
from evalhub.studies.file.origin import UploadedStudy
from evalhub.studies.file.spec import StudySpec, read_study
from evalhub.studies.file.test_sets import ItemFields
from evalhub.studies.file.version_file import VersionFile
from evalhub.studies.files.import_logs import ImportedTask, ImportRequest, import_log, laid_out
from evalhub.studies.run.plan import plan_of_file
from evalhub.studies.run.register import register_study
from evalhub.studies.run.retrieval import with_documents
from evalhub.studies.web.uploaded_files import Files, errors_by_digest, find_upload
from runners.launch import launch
from runners.metrics import MetricDeclaration


def register_from_web(
    *,
    project: Project,
    by: User | None,
    document: Mapping[str, Any],
    files: Files,
    aliases: Collection[str],
    may_change_policy: bool = True,
) -> Study:
    """Registers a study file and launches its runs; sending the same again changes nothing.

    Args:
        document: the study file as JSON. It may leave out its project, and names no other.
        aliases: the endpoints that an operator made.
        may_change_policy: whether a study that is there may be asked otherwise.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        evalhub.studies.run.linked.PolicyScopeError: the policy would change, and may not.
        DeclarationError: what is wrong with the document, with its field.
        DataError: what is wrong with an upload, named by its digest, with line and field.
        runners.launch_checks.LaunchError: answers that don't belong to the test set.
    """
    check_evaluates(by, project)
    with _read(project, document, files, aliases) as spec:
        return register_study(spec, by=by, may_change_policy=may_change_policy)


def plan_from_web(
    *,
    project: Project,
    by: User | None,
    document: Mapping[str, Any],
    files: Files,
    aliases: Collection[str],
) -> StudyPlan:
    """What registering it would request, and the next look's cost and power: it is registered and
    rolled back.

    Raises as `register_from_web`.
    """
    check_evaluates(by, project)
    with _read(project, document, files, aliases) as spec:
        return plan_of_file(spec)


def import_test_set_from_web(
    *,
    project: Project,
    by: User | None,
    slug: str,
    file: str,
    files: Files,
    purpose: str,
    fields: ItemFields,
) -> TestSetVersion:
    """The version with the uploaded items, created if missing.

    Raises as `register_from_web`.
    """
    check_evaluates(by, project)
    with errors_by_digest(files):
        return import_test_set(
            project=project,
            slug=slug,
            path=find_upload(files, file, "file"),
            purpose=purpose,
            mapping=fields.mapping,
        )


def register_version_from_web(
    *,
    project: Project,
    by: User | None,
    slug: str,
    declaration: VersionFile,
    parent: ModelVersion | None,
    files: Files,
    aliases: Collection[str],
) -> ModelVersion:
    """The model's version with this specification, created if missing. Its retriever may name an
    upload, or documents as a version of the project names them.

    Raises NotAllowedError, and DeclarationError for what names anything outside but these and
    aliases.
    """
    check_evaluates(by, project)
    prompt = declaration.prompt
    stored = isinstance(prompt.retriever, Retriever) and holds_documents(
        project, prompt.retriever.documents
    )
    rest = prompt.model_copy(update={"retriever": None}) if stored else prompt
    checked = declaration.model_copy(update={"prompt": rest})
    try:
        check_from_web(checked, uploaded=files, aliases=aliases)
    except OutsideError as error:
        raise DeclarationError(error.message, ".".join(map(str, error.place))) from error
    if not stored:
        with errors_by_digest(files):
            prompt = with_documents(prompt, project=project, file=files.__getitem__)
    return register_version(
        project=project,
        slug=slug,
        kind=declaration.kind,
        parent=parent,
        backend=declaration.spec.resolve(lambda name: files[name]),
        prompt=prompt,
        sampling=declaration.sampling,
        training=declaration.training,
        notes=declaration.notes,
    )


def launch_from_web(
    *,
    project: Project,
    by: User | None,
    version: ModelVersion,
    test_set_version: TestSetVersion,
    metrics: Sequence[MetricDeclaration],
    answers: str | None,
    files: Files,
) -> Run:
    """The run of a version on a test set version, launched if missing.

    Args:
        answers: the upload with a recorded version's answers, as sha256:DIGEST.

    Raises as `register_from_web`.
    """
    check_evaluates(by, project)
    path = None if answers is None else find_upload(files, answers, "answers")
    with transaction.atomic():
        wanted = [register_metric(name=each.name, options=each.options) for each in metrics]
    with errors_by_digest(files):
        return launch(
            version=version, test_set_version=test_set_version, metrics=wanted, answers=path
        )


def import_from_web(
    *,
    project: Project,
    by: User | None,
    kind: str,
    digests: Mapping[str, str],
    files: Files,
    request: ImportRequest,
) -> list[ImportedTask]:
    """The launched runs of another tool's log; the same log again gives the same runs.

    Args:
        digests: the log's files by their own names, each an upload as sha256:DIGEST; several are
            what lay in one folder.

    Raises as `register_from_web`.
    """
    check_evaluates(by, project)
    uploads = {
        name: find_upload(files, digest, f"files.{name}") for name, digest in digests.items()
    }
    with laid_out(uploads) as path:
        try:
            return import_log(
                project=project, by=by, kind=kind, path=path, request=request, limits=LOG
            )
        except DataError as error:
            file_name = Path(error.file).name
            raise DataError(
                error.message, file=file_name, line=error.line, field=error.field
            ) from error


@contextmanager
def _read(
    project: Project, document: Mapping[str, Any], files: Files, aliases: Collection[str]
) -> Iterator[StudySpec]:
    """Reads the document as a study file from outside; its errors, and those of the block, name
    files by digest."""
    if document.get("project", project.slug) != project.slug:
        raise DeclarationError(f"this address is for {project}: leave it out", "project")
    try:
        check_value(dict(document), deepest=DEEPEST)
    except JsonError as error:
        raise DeclarationError(error.message, error.field) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.json"
        path.write_text(json.dumps({**document, "project": project.slug}), encoding="utf-8")
        with errors_by_digest(files, document=path):
            yield read_study(path, UploadedStudy(files=files, aliases=aliases))
