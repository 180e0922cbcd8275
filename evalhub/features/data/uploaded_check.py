"""A training file that comes by a form is checked, and its report kept; the file isn't."""

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.data_report import CheckOptions
from evalhub.declare.declaration import validate
from evalhub.features.data.reference.compared import compared_with_traffic
from evalhub.features.data.reference.searched_sets import test_sets_of_project
from evalhub.features.data.requests import FileCheck
from evalhub.frames.page.uploaded import uploaded_path
from evalhub.io.limits import WEB
from evalhub.registry.data_reports import keep_report
from evalhub.registry.models import StoredDataReport


def check_upload(
    file: "UploadedFile[Any]",
    *,
    project: Project,
    by: User,
    task: str | None,
    labels: Sequence[str],
    traffic: bool,
) -> StoredDataReport:
    """Check an uploaded file against all test sets of the project, and keep the report.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        evalhub.io.rows.DataError: what is wrong with the file, by its own name.
    """
    check_evaluates(by, project)
    with uploaded_path(file) as path:
        report = FileCheck(
            path=path,
            options=validate(CheckOptions, {"task": task}),
            test_sets=test_sets_of_project(project),
            labels=labels,
            against=compared_with_traffic(project) if traffic else None,
            limits=WEB,
        ).report()
    return keep_report(project=project, report=report, by=by)
