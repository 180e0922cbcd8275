"""Erased examples that went out: their lines lose their texts, their items are redacted, and what
the files were is said."""

from collections import Counter
from collections.abc import Callable, Mapping

from django.db.models import Q, QuerySet
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.examples.models import SentExample
from evalhub.registry.models import Item, TrainingFileLine
from evalhub.registry.redaction import RedactedItems
from reviews.models import ExampleState

type RedactItem = Callable[[Project, str, str], None]
"""Redacts an item of the project's test set of this name."""


def erase_what_went_out(project: Project, redact_item: RedactItem) -> Mapping[str, int]:
    """Takes the texts of erased examples out of the lines of training files and of test sets.

    Returns counts by kind; a file that holds lines of them says its name, since its copies are
    wherever it went, and aren't reached.
    """
    outs = SentExample.objects.filter(
        example__queue__project=project, example__state=ExampleState.ERASED
    )
    counts = _erase_lines(
        TrainingFileLine.objects.filter(pk__in=outs.order_by().values("row"), erased=None)
    )
    items = outs.exclude(item=None).filter(item__redacted=None)
    keys = items.order_by().values_list("item__version__test_set__slug", "item__key").distinct()
    for test_set, key in list(keys):
        redact_item(project, test_set, key)
        counts["items"] += 1
    return counts


def erase_redacted_lines(redacted: RedactedItems) -> int:
    """Takes the texts of lines that ask what redacted items do, and of erased examples, out of
    training files. Returns their number."""
    asked = Item.objects.filter(pk__in=redacted.items).order_by().values("fingerprint")
    erased = Q(outs__example__state=ExampleState.ERASED)
    rows = TrainingFileLine.objects.filter(
        Q(fingerprint__in=asked) | erased, file__project=redacted.project, erased=None
    )
    distinct = TrainingFileLine.objects.filter(pk__in=rows.order_by().values("pk"))
    return _erase_lines(distinct).total()


def _erase_lines(rows: QuerySet[TrainingFileLine]) -> Counter[str]:
    """Counts by file."""
    counts = Counter(
        f"lines of the training file {row.file}" for row in rows.select_related("file")
    )
    rows.update(text="", fingerprint=0, erased=timezone.now())
    return counts
