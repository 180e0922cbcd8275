"""Repeated questions: items of a test set version with the same text."""

from django.db.models import Count

from evalhub.io.canonical import digest_of
from evalhub.registry.models import Item, TestSetVersion
from evalhub.stats.joined import join_clusters


def repeated_questions(version: TestSetVersion) -> dict[int, str]:
    """Digest by item of the text that a model sees, for items that may share it with another.

    That is input, context, choices and tools, to the letter; right answers and labels aren't seen.
    Of a text that was redacted the ledger's fingerprint is left to tell. Only items whose
    fingerprint isn't theirs alone are read: most test sets have none.
    """
    items = Item.objects.filter(version=version).order_by()
    several = items.values("fingerprint_in_context").annotate(count=Count("pk")).filter(count__gt=1)
    if not several.exists():
        return {}
    again = items.filter(fingerprint_in_context__in=several.values("fingerprint_in_context"))
    rows = again.values_list(
        "pk", "fingerprint_in_context", "input", "context", "choices", "tools", "redacted"
    )
    return {
        item: digest_of([fingerprint] if redacted else seen)
        for item, fingerprint, *seen, redacted in rows.iterator(chunk_size=2000)
    }


def clusters_by_item(version: TestSetVersion) -> dict[int, str]:
    """By item, its cluster, of those of which it isn't the one that came with them: they share one
    with items of the same text. Reads nothing more where no text is repeated."""
    questions = repeated_questions(version)
    if not questions:
        return {}
    rows = Item.objects.filter(version=version).order_by("position")
    items = list(rows.values_list("pk", "key", "cluster"))
    labels = join_clusters(
        [key for _, key, _ in items],
        [cluster for *_, cluster in items],
        [questions.get(item, "") for item, *_ in items],
    )
    return {
        item: label
        for (item, _, own_label), label in zip(items, labels, strict=True)
        if label != own_label
    }
