"""What a redaction takes out, for the features that keep copies of an item's text."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.registry.models import Output

REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class RedactedItems:
    """The items that ask the same, and all answers to them.

    Attributes:
        digests: of what they ask.
        items: their primary keys.
    """

    project: Project
    digests: Collection[str]
    items: Sequence[int]
    outputs: "QuerySet[Output]"


type Redactor = Callable[[RedactedItems], int]
"""Takes the text out of a feature's own rows, in the transaction of the redaction, and returns how
many rows it deleted. `evalhub.features.table.REDACTORS` lists them."""
