"""Erasure: a redacted item's comments lose their text, an erased person's are deleted."""

import re
from collections.abc import Collection, Mapping

from django.db.models import Q

from evalhub.accounts.models import User
from evalhub.features.comments.models import Comment
from evalhub.registry.redaction import REDACTED, RedactedItems


def redact_comments(redacted: RedactedItems) -> int:
    """Replaces what was said about the items, which may repeat their text. Deletes no row."""
    Comment.objects.filter(item__in=redacted.items).update(text=REDACTED)
    return 0


def erase_comments(user: User, identifiers: Collection[str]) -> Mapping[str, int]:
    """Deletes a person's comments, and takes their addresses and @name out of others'.

    Returns:
        how many comments were deleted, and how many changed.
    """
    counts = {"comments": Comment.objects.filter(by=user).delete()[0], "comments naming them": 0}
    names = [name if "@" in name else f"@{name}" for name in identifiers]
    if not names:
        return counts
    containing = Q.create([("text__icontains", name) for name in names], connector=Q.OR)
    spelled = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?:{spelled})(?![\w.-]*\w)", re.IGNORECASE)
    for comment in Comment.objects.filter(containing):
        text, times = pattern.subn("[erased]", comment.text)
        if times:
            Comment.objects.filter(pk=comment.pk).update(text=text)
            counts["comments naming them"] += 1
    return counts
