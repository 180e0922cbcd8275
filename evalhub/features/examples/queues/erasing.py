"""Erasures that reach examples: of a user's traffic, of requests, of a redacted item."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.registry.models import Item
from evalhub.registry.redaction import RedactedItems
from reviews.examples.erasing import erase_examples
from reviews.models import Example


def erase_examples_of_requests(
    project: Project, day: date, keys: Sequence[str]
) -> Mapping[str, int]:
    """Erases the examples that were made of these requests, with their variations and answers."""
    rows = Example.objects.filter(
        queue__project=project, reference__day=day.isoformat(), reference__request__in=keys
    )
    return {"examples": erase_examples(rows)}


def erase_examples_of_user(project: Project, user_hash: str) -> Mapping[str, int]:
    """The same by the user's keyed hash, where their requests aren't kept any more."""
    rows = Example.objects.filter(queue__project=project, user_hash=user_hash)
    return {"examples": erase_examples(rows)}


def erase_redacted_examples(redacted: RedactedItems) -> int:
    """Erases the examples of redacted items, and those that ask the same. Returns their number."""
    items = Item.objects.filter(pk__in=redacted.items).order_by()
    same = Q(item__in=redacted.items) | Q(
        fingerprint_in_context__in=items.values("fingerprint_in_context")
    )
    return erase_examples(Example.objects.filter(same, queue__project=redacted.project))
