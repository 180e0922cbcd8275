"""Redaction in working sets: a redacted item is deleted, since nothing depends on a draft."""

from django.db.models import Q

from evalhub.features.working_sets.models import WorkingItem
from evalhub.registry.redaction import RedactedItems


def delete_redacted_items(redacted: RedactedItems) -> int:
    """Deletes the working items that ask the same as the redacted items, or were made from them.
    Returns their number."""
    rows = WorkingItem.objects.filter(working_set__project=redacted.project)
    same = rows.filter(Q(digest__in=redacted.digests) | Q(was__in=redacted.items))
    count = same.count()
    same.delete()
    return count
