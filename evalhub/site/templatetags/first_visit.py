"""Template tags: ways to begin, on pages that have nothing to show yet."""

from typing import Any

from django import template

from evalhub.accounts.models import Project, ProjectQuerySet

register = template.Library()


@register.simple_tag(takes_context=True)
def own_projects(context: dict[str, Any]) -> ProjectQuerySet:
    """The projects in which this user may begin something."""
    return Project.objects.visible_to(context["request"].user).order_by("name")
