"""Template tag: the saved views of a list, and the form that saves what is shown."""

from typing import Any

from django import template

from evalhub.features.saved_views.models import SavedView
from evalhub.features.saved_views.saving import LONGEST_NAME, clean_query

register = template.Library()


@register.inclusion_tag("saved_views/_views.html", takes_context=True)
def saved_views(context: dict[str, Any], path: str = "") -> dict[str, Any]:
    """One line above a list: the person's views of this page. One query.

    Args:
        path: of the whole page, where what is shown may be a part of it.
    """
    request = context["request"]
    path = path or request.path
    query = clean_query(request.META.get("QUERY_STRING", ""))
    views = list(SavedView.objects.filter(user=request.user, path=path))
    return {
        "csrf_token": context.get("csrf_token"),
        "path": path,
        "query": query,
        "views": [(view, view.query == query) for view in views],
        "new": bool(query) and all(view.query != query for view in views),
        "longest": LONGEST_NAME,
    }
