"""The rows of a database by the models that it had when they were written, not by today's."""

import base64
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

OUR_ROW = "evalhub"
"""Of django_migrations, beside those of Django's apps: `tables` keeps its digest there."""
LEFT_OUT = frozenset({"sessions.session", "runners.worker"})
"""Who is signed in stays behind (the cookies are signed with a key that isn't kept either), and
which workers were at work."""

type Row = list[Any]


def stored_models(
    connection: BaseDatabaseWrapper, applied: Iterable[tuple[str, str]]
) -> dict[str, type[models.Model]]:
    """The models as these migrations leave them, by label, those that link two others included."""
    state = MigrationLoader(connection).project_state(list(applied))
    all_models = state.apps.get_models(include_auto_created=True)
    managed = [model for model in all_models if model._meta.managed and not model._meta.proxy]
    return {
        model._meta.label_lower: model
        for model in sorted(managed, key=lambda model: model._meta.label_lower)
        if model._meta.label_lower not in LEFT_OUT
    }


def columns(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """A model's stored columns, without those that the database computes."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def rows(model: type[models.Model], alias: str) -> Iterator[Row]:
    """Every row as JSON has it, in the order of primary keys, in bounded memory."""
    names = [field.attname for field in columns(model)]
    query = model._base_manager.using(alias).order_by("pk").values_list(*names)
    for row in query.iterator(chunk_size=2000):
        yield [_as_json(value) for value in row]


def instance(model: type[models.Model], row: Row) -> models.Model:
    """The row as a model instance, ready to be saved.

    Raises:
        ValueError: it hasn't the columns of the model.
        django.core.exceptions.ValidationError: a value is no value of its column.
    """
    pairs = zip(columns(model), row, strict=True)
    return model(**{field.attname: _as_stored(field, value) for field, value in pairs})


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _as_stored(field: "models.Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, models.JSONField) or value is None:
        return value
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value)
    return field.to_python(value)
