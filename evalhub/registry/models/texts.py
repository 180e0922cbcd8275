"""Texts that hold what somebody looks for: anywhere in them, and in either case.

Both databases take a to z in either case, whatever their locale: other letters are looked for in
the cases that they may stand in, and a JSON column's escapes as it writes them.
"""

import json
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BigAutoField,
    CharField,
    ForeignKey,
    Func,
    JSONField,
    Lookup,
    Model,
    Q,
    QuerySet,
    TextField,
)


class Says(Lookup):
    """`text__says="parcel"`: the text holds these characters."""

    lookup_name = "says"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        pattern = f"%{connection.ops.prep_for_like_query(self.rhs)}%"
        return f"{column} LIKE %s ESCAPE '\\'", (*params, pattern)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """In the collation "C", whose lower case is that of a to z, and not by ILIKE, which takes
        half as long again."""
        column, params = self.process_lhs(compiler, connection)
        sql = f'STRPOS(LOWER(({column}) COLLATE "C"), %s) > 0'
        return sql, (*params, _plain_lower(self.rhs))


TextField.register_lookup(Says)
CharField.register_lookup(Says)


class Among(Lookup):
    """`item__among=[3, 5]`: as `in`, of thousands of whole numbers, which are sent as one value."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        sql = f"{column} IN (SELECT value FROM json_each(%s))"
        return sql, (*params, json.dumps(self.rhs))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*params, self.rhs)


BigAutoField.register_lookup(Among)
ForeignKey.register_lookup(Among)


class AsText(Func):
    """A JSON value as text: a text as it is, without its quotes, where the database can."""

    output_field = TextField()
    template = "CAST(%(expressions)s AS text)"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s #>> '{}')", **extra)


def with_text[Rows: QuerySet[Any, Any]](rows: Rows, text: str, columns: Sequence[str]) -> Rows:
    """The rows of which one of these columns, texts or JSON, holds the text.

    The first column has something to say in nearly every row; an empty one of the others costs
    little.
    """
    model: type[Model] = rows.model
    of_json = [column for column in columns if isinstance(model._meta.get_field(column), JSONField)]
    as_text = {f"{column}_as_text": AsText(column) for column in of_json}
    condition = Q()
    for column in columns:
        name, spelt = column, _cases(text)
        if column in of_json:
            name, spelt = f"{column}_as_text", _json_spellings(spelt)
        says = reduce(or_, (Q(**{f"{name}__says": spelling}) for spelling in sorted(spelt)))
        if column != columns[0]:
            is_present = (
                Q(**{f"{column}__isnull": False}) if column in of_json else ~Q(**{column: ""})
            )
            says = is_present & says
        condition |= says
    return rows.alias(**as_text).filter(condition)


def _cases(text: str) -> set[str]:
    """The text, and as it is where letters beyond a to z stand in another case."""
    cases = (text.capitalize(), text.upper(), text.lower(), text)
    return {*{_plain_lower(case): case for case in cases}.values()}


def _plain_lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _json_spellings(spelt: set[str]) -> set[str]:
    """Each spelling as it is and as JSON writes it, with and without \\u escapes."""
    spellings = {
        json.dumps(spelling, ensure_ascii=ascii_only)[1:-1]
        for spelling in spelt
        for ascii_only in (True, False)
    }
    return spellings | spelt
