"""A JSON column that is written and read as a declaration."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from evalhub.declare.declaration import Declaration, validate


class _DeclaredAttribute(DeferredAttribute):
    """What is set on a row is the declaration at once, also where it came as a mapping."""

    field: "DeclaredField[Any]"

    def __set__(self, row: models.Model, value: object) -> None:
        row.__dict__[self.field.attname] = self.field.to_python(value)


if TYPE_CHECKING:

    class _JSONField[D](models.JSONField[D, D]): ...
else:

    class _JSONField[D](models.JSONField): ...


class DeclaredField[D: Declaration | None](_JSONField[D]):
    """A JSON column that holds one `kind` of declaration; `DeclaredField[K | None]` may be null.

    A value that the declaration refuses raises DeclarationError, which names the field. To a
    migration it is a JSONField.
    """

    descriptor_class = _DeclaredAttribute

    def __init__(self, kind: type[Declaration], **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        options.pop("default", None)
        return name, "django.db.models.JSONField", args, options

    def clone(self) -> Any:
        options = super().deconstruct()[3]
        return type(self)(self.kind, **options)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.to_python(super().from_db_value(value, expression, connection))

    def to_python(self, value: Any) -> Any:
        return validate(self.kind, value) if isinstance(value, Mapping) else value

    def get_prep_value(self, value: Any) -> Any:
        return value.as_json() if isinstance(value, Declaration) else value

    def value_to_string(self, obj: models.Model) -> Any:
        return self.get_prep_value(self.value_from_object(obj))
