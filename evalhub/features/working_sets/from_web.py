"""Working sets by REST: rows come as uploads or in the request, and errors name those."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.items import AddedRows, add_rows
from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.near_copies import look_in_training
from evalhub.features.working_sets.sets import begin_working_set
from evalhub.io.held_texts import is_held_text
from evalhub.io.item_fields import OPTIONAL_FIELDS
from evalhub.io.items import FieldMapping, ItemContent, item_of, items_of
from evalhub.io.limits import ITEMS
from evalhub.io.rows import DataError, Row, read_rows
from evalhub.studies.file.test_sets import ItemFields
from evalhub.studies.web.uploaded_files import Files, errors_by_digest, find_upload


def begin_from_web(
    *,
    project: Project,
    by: User | None,
    slug: str,
    file: str,
    files: Files,
    purpose: str,
    fields: ItemFields,
    source: str = "",
) -> WorkingSet:
    """As `begin_working_set`, from an upload. Raises DeclarationError too if there is no such
    upload."""
    check_evaluates(by, project)
    path = find_upload(files, file, "file")
    with errors_by_digest(files):
        return begin_working_set(
            project=project,
            by=by,
            slug=slug,
            path=path,
            purpose=purpose,
            mapping=fields.mapping,
            source=source,
        )


def add_file_from_web(
    working_set: WorkingSet,
    *,
    file: str,
    files: Files,
    fields: ItemFields,
    tag: str,
    by: User | None,
    on_added: Callable[[AddedRows], None],
) -> AddedRows:
    """As `add_rows`, from an upload. Raises DeclarationError too if there is no such upload."""
    check_evaluates(by, working_set.project)
    path = find_upload(files, file, "file")
    with errors_by_digest(files):
        rows = items_of(read_rows(path, ITEMS), fields.mapping)
        return add_rows(working_set, rows, tag=tag, by=by, on_added=on_added)


def add_rows_from_web(
    working_set: WorkingSet,
    *,
    rows: Sequence[Mapping[str, Any]],
    fields: ItemFields,
    tag: str,
    by: User | None,
    on_added: Callable[[AddedRows], None],
) -> AddedRows:
    """As `add_rows`, from rows in the shape of a file's; their lines count from 1.

    Raises DeclarationError for what is wrong with a row, as `rows[2].input`.
    """
    check_evaluates(by, working_set.project)
    numbered_rows = (Row(line, dict(values)) for line, values in enumerate(rows, 1))
    try:
        items = items_of(numbered_rows, fields.mapping)
        return add_rows(working_set, items, tag=tag, by=by, on_added=on_added)
    except DataError as error:
        row_field = f"rows[{(error.line or 1) - 1}]"
        field = f"{row_field}.{error.field}" if error.field else row_field
        raise DeclarationError(error.message, field) from error


def look_in_upload(working_set: WorkingSet, *, file: str, files: Files, by: User | None) -> int:
    """As `look_in_training`, in an upload. Raises DeclarationError too if there is no such
    upload."""
    check_evaluates(by, working_set.project)
    path = find_upload(files, file, "file")
    with errors_by_digest(files):
        return look_in_training(working_set, path, by=by)


def item_content(document: Mapping[str, Any]) -> ItemContent:
    """A whole item from a request: the fields of ItemContent, with `id` for the key.

    Raises DeclarationError for what a file's row would be refused for, with the field.
    """
    values = {name: value for name, value in document.items() if value is not None}
    metadata = values.pop("metadata", {})
    mapped: dict[str, str] = {name: name for name in OPTIONAL_FIELDS if name in values}
    if is_held_text(values.get("choices")):
        del mapped["choices"], values["choices"]
        mapped["text"] = "input"
    try:
        content = item_of(Row(1, values), FieldMapping(reference="references", **mapped))
    except DataError as error:
        raise DeclarationError(error.message, error.field or "") from error
    return replace(content, metadata=dict(metadata))
