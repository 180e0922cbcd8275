"""A redacted item goes out of working sets altogether: nothing rests on what is being written."""

from django.db.models import Q

from evalhub.features.working_sets.models import WorkingItem
from evalhub.registry.redaction import RedactedItems


def delete_redacted_items(redacted: RedactedItems) -> int:
    """Delete the working items that ask the same, or that were one of the items; how many."""
    rows = WorkingItem.objects.filter(working_set__project=redacted.project)
    same = rows.filter(Q(digest=redacted.digest) | Q(was__in=redacted.items))
    count = same.count()
    same.delete()
    return count
