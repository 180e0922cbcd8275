"""Fields of a record that depend on the home that wrote it: ids, numbers, names, times.

A field that holds such a thing says so in its type: `Annotated[int, HOME_BOUND]`. Another home that
measures and decides the same writes another value there.
"""

from typing import Final

from pydantic.fields import FieldInfo


class HomeBound:
    """Marks a field that isn't part of a record's content."""


HOME_BOUND: Final = HomeBound()


def is_home_bound(field: FieldInfo) -> bool:
    return any(isinstance(each, HomeBound) for each in field.metadata)
