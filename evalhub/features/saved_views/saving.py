"""Save a view under a name, and remove it."""

from collections.abc import Collection, Mapping
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.urls import Resolver404, resolve

from evalhub.accounts.models import User
from evalhub.features.saved_views.models import SavedView

MOST = 100
"""Views of one person."""
LONGEST_NAME, LONGEST_QUERY, LONGEST_PATH = 60, 1000, 300
LISTS = {
    "studies": "Studies",
    "study": "Answers of study",
    "runs": "Runs",
    "versions": "Versions",
    "test_sets": "Test sets",
    "campaigns": "Reviews",
    "study_items": "Items of study",
    "run_items": "Items of run",
    "test_set_items": "Items of test set",
}
"""The pages that can be saved, by the name of their address, and what each lists."""


class SavedViewError(Exception):
    """A view that can't be saved; the message says why."""


@transaction.atomic
def save_view(*, by: User, path: str, query: str, name: str) -> SavedView:
    """Saves the address of a list under a name; a view of the page with that name is replaced.

    Args:
        query: of the address; which of its pages it is, is left out.

    Raises:
        SavedViewError: no such list, no name or one too long, a query too long, or MOST views.
    """
    name, query = " ".join(name.split()), clean_query(query)
    if list_of(path) is None or len(path) > LONGEST_PATH:
        raise SavedViewError("Only lists can be saved")
    if not 0 < len(name) <= LONGEST_NAME:
        raise SavedViewError(f"A name has 1 to {LONGEST_NAME} characters")
    if len(query) > LONGEST_QUERY:
        raise SavedViewError("The filters are too long to be saved")
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    views = SavedView.objects.filter(user=by)
    if not views.filter(path=path, name=name).exists() and views.count() >= MOST:
        raise SavedViewError(f"You have {MOST} views, the most there may be: remove one first")
    view, _ = SavedView.objects.update_or_create(
        user=by, path=path, name=name, defaults={"query": query}
    )
    return view


@transaction.atomic
def remove_view(*, view: SavedView) -> None:
    """Deletes a person's own view."""
    view.delete()


def list_of(path: str) -> str | None:
    """What the page at this path lists; None where it isn't a list that can be saved."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    label = LISTS.get(match.url_name or "") if match.namespace == "site" else None
    return f"{label} {match.kwargs['pk']}" if label and "pk" in match.kwargs else label


def clean_query(query: str) -> str:
    """The query in one form: without empty values and the number of the page, sorted by name."""
    fields = QueryDict(query)
    pairs = [(name, value) for name in sorted(fields) for value in fields.getlist(name) if value]
    return urlencode([(name, value) for name, value in pairs if name != "page"])


def erase_views(user: User, identifiers: Collection[str]) -> Mapping[str, int]:
    """Deletes an erased person's views."""
    return {"saved views": SavedView.objects.filter(user=user).delete()[0]}
