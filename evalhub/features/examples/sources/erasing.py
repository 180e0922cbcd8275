"""Take texts out of calls: of a user or requests that are erased, of items that are redacted.

Each comes after the eraser of examples in its table.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat

from evalhub.accounts.models import Project
from evalhub.features.examples.models import ExampleCall
from evalhub.registry.redaction import RedactedItems
from reviews.models import ExampleState

ERASED = "erased-"
_OF_ERASED = Q(example__state=ExampleState.ERASED) | Q(parent__state=ExampleState.ERASED)


def erase_calls_of_requests(project: Project, day: date, keys: Sequence[str]) -> Mapping[str, int]:
    """Erases what a model was asked for these requests, and for examples that were erased before.

    Returns how many calls, as traffic's other erasers do.
    """
    asked_for = Q(draft__reference__day=day.isoformat(), draft__reference__request__in=keys)
    return {"example_calls": _erase(project, asked_for | _OF_ERASED)}


def erase_calls_of_user(project: Project, user_hash: str) -> Mapping[str, int]:
    """The same by the user's keyed hash, where their requests aren't kept any more."""
    return {"example_calls": _erase(project, Q(user_hash=user_hash) | _OF_ERASED)}


def erase_calls_of_redacted(redacted: RedactedItems) -> int:
    """Erases calls for answers to redacted items, and for examples that were erased before."""
    return _erase(redacted.project, Q(draft__item__in=list(redacted.items)) | _OF_ERASED)


def _erase(project: Project, which: Q) -> int:
    """What was answered leaves its costs; what wasn't is not asked any more."""
    calls = ExampleCall.objects.filter(queue__project=project).exclude(
        input_digest__startswith=ERASED
    )
    pks = list(calls.filter(which).values_list("pk", flat=True))
    rows = ExampleCall.objects.filter(pk__in=pks)
    rows.filter(answered=None).delete()
    rows.update(
        input="",
        context="",
        draft={},
        user_hash="",
        answer="",
        input_digest=Concat(Value(ERASED), Cast("pk", CharField())),
    )
    return len(pks)
