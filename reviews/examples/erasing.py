"""Takes the texts of examples out for good, with those of their variations and answers."""

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from evalhub.registry.redaction import REDACTED
from reviews.models import Annotation, AnnotationState, Example, ExampleState
from reviews.models.examples import ExampleQuerySet


@transaction.atomic
def erase_examples(examples: ExampleQuerySet) -> int:
    """Erases these examples, and the variations that were made of them, however far down.

    What is left is that there was an example, where it came from by kind, and who did what with it
    when. What went out already isn't reached here. Returns how many examples were erased.
    """
    pks = set(examples.order_by().values_list("pk", flat=True))
    newest = pks
    while newest:
        children = Example.objects.filter(parent__in=newest).exclude(pk__in=pks)
        newest = set(children.order_by().values_list("pk", flat=True))
        pks |= newest
    rows = Example.objects.filter(pk__in=pks).exclude(state=ExampleState.ERASED)
    # in one order, so that two erasures never wait for each other in a circle
    locked = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    turns = Annotation.objects.filter(example__in=locked)
    turns.filter(state=AnnotationState.LEASED).update(state=AnnotationState.EXPIRED)
    turns.exclude(answer="").update(answer=REDACTED)
    turns.exclude(reason="").update(reason=REDACTED)
    Example.objects.filter(pk__in=locked).update(
        state=ExampleState.ERASED,
        input=REDACTED,
        context="",
        proposal="",
        expected="",
        final_answer="",
        prompt="",
        tags=[],
        metadata={},
        reference={},
        user_hash="",
        decided=None,
        digest=Concat(Value("erased-"), Cast("pk", CharField())),
        fingerprint=0,
        fingerprint_in_context=0,
    )
    return len(locked)
