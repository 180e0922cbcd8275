"""Texts that hold what somebody looks for: anywhere in them, and in either case.

Both databases take a to z in either case, whatever their locale: other letters are looked for in
the cases that they may stand in, and a JSON column's escapes as it writes them.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, JSONField, Lookup, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast


class Says(Lookup):
    """`text__says="parcel"`: the text holds these characters."""

    lookup_name = "says"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s ESCAPE '\\'", (*params, self._pattern(connection))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """In the collation "C", in which it takes a third of the time."""
        column, params = self.process_lhs(compiler, connection)
        return f'({column}) COLLATE "C" ILIKE %s', (*params, self._pattern(connection))

    def _pattern(self, connection: Any) -> str:
        return f"%{connection.ops.prep_for_like_query(self.rhs)}%"


TextField.register_lookup(Says)
CharField.register_lookup(Says)


def saying[Rows: QuerySet[Any, Any]](rows: Rows, text: str, columns: Sequence[str]) -> Rows:
    """The rows of which one of these columns, texts or JSON, holds the text."""
    model: type[Model] = rows.model
    of_json = [each for each in columns if isinstance(model._meta.get_field(each), JSONField)]
    as_text = {f"{each}_as_text": Cast(each, TextField()) for each in of_json}
    cases = {text} if text.isascii() else {text, text.lower(), text.upper(), text.capitalize()}
    escaped = {json.dumps(each, ensure_ascii=way)[1:-1] for each in cases for way in (True, False)}
    held = Q()
    for name in columns:
        if name not in of_json:
            for each in cases:
                held |= Q(**{f"{name}__says": each})
    for name in as_text:
        for each in escaped:
            held |= Q(**{f"{name}__says": each})
    return rows.alias(**as_text).filter(held)
