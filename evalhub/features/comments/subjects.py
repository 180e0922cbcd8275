"""What a program or a command names to comment on."""

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.features.comments.models import Subject
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item


def subject_of(
    project: Project,
    *,
    decision: int | None,
    criterion: int | None,
    test_set: str | None,
    item: str | None,
) -> Subject:
    """An item by its id, as the newest version that has it asks it; else a decision or a criterion.

    Raises DeclarationError where the project has no such thing.
    """
    if item is not None:
        items = Item.objects.written().filter(version__test_set__project=project)
        items = items.filter(version__test_set__slug=test_set, key=item)
        newest = items.order_by("-version__number").first()
        if newest is None:
            raise DeclarationError("there is no such item in this project", "item")
        return Subject(project, item=newest)
    decisions = Decision.objects.filter(study__project=project, pk=decision or 0)
    row = decisions.select_related("study__project").first()
    if row is None:
        raise DeclarationError("there is no such decision in this project", "decision")
    return Subject(project, decision=row, criterion=criterion)
