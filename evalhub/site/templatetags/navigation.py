"""Template tags: the links at the top of every page that the user may see, and the breadcrumbs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.models import MemberInvitation, Project, User
from evalhub.accounts.permissions import owns
from evalhub.site.nouns import HELP, NOUNS, Noun, noun_of
from reviews.models import Invitation

register = template.Library()

REVIEWS_OF_ONES_OWN = ("Reviews", "reviews:home")
IN_MENU = 3
"""Projects that the person's menu names; who has more finds them all on one page."""


def count_invitations(user: User) -> int:
    """How many reviews and projects wait for this user's answer."""
    return sum(
        rows.waiting_for(user).count() for rows in (MemberInvitation.objects, Invitation.objects)
    )


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ProjectLinks:
    """A project in the person's menu, and whether they may manage its members, its webhooks."""

    project: Project
    members: bool
    webhooks: bool


@dataclass(frozen=True, slots=True)
class Links:
    """The links at the top of a page.

    Attributes:
        pages: the nouns that this person may open.
        lists: the sub-navigation, where this page is one of a noun's lists; else empty.
        in_help: the page is one of Help's.
        projects: of the person's menu, IN_MENU at most; `has_more` says that there are more.
        sees_overview: whether they own several projects, or administer the site.
        invitations: how many wait for an answer.
        searches: whether there is a field that searches everything.
    """

    pages: Sequence[Link] = ()
    lists: Sequence[Link] = ()
    noun: str = ""
    in_help: bool = False
    projects: Sequence[ProjectLinks] = field(default_factory=list)
    has_more: bool = False
    sees_overview: bool = False
    invitations: int = 0
    searches: bool = False


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> Links:
    """The links; pages of results only for those who see results: reviewers stay blind."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return Links()
    view_name = request.resolver_match.view_name if request.resolver_match else ""
    noun = noun_of(view_name)
    in_help = noun is HELP
    user = request.user
    projects = list(Project.objects.visible_to(user).order_by("name")[: IN_MENU + 1])
    if not projects:
        label, view = REVIEWS_OF_ONES_OWN
        own = Link(label, reverse(view), view_name.startswith("reviews:"))
        return Links([own], in_help=in_help)
    owned = set(Project.objects.owned_by(user).values_list("pk", flat=True))
    return Links(
        [Link(each.label, reverse(each.view), each is noun) for each in NOUNS],
        lists=_lists(noun, view_name),
        noun=noun.label if noun else "",
        in_help=in_help,
        projects=[
            ProjectLinks(project, user.is_superuser or project.pk in owned, project.pk in owned)
            for project in projects[:IN_MENU]
        ],
        has_more=len(projects) > IN_MENU,
        sees_overview=user.is_superuser or len(owned) > 1,
        invitations=count_invitations(user),
        searches=True,
    )


def _lists(noun: Noun | None, view_name: str) -> list[Link]:
    """The noun's lists, if the page is one of them and there are others."""
    if noun is None or len(noun.lists) < 2:
        return []
    if all(each.view != view_name for each in noun.lists):
        return []
    return [Link(each.label, reverse(each.view), each.view == view_name) for each in noun.lists]


@register.inclusion_tag("site/projects/_pages.html", takes_context=True)
def project_pages(context: dict[str, Any], project: Project) -> dict[str, Any]:
    """The sub-navigation of one project: its pages that this person may open."""
    request = context["request"]
    manages = owns(request.user, project)
    pages = [("Project", "project"), ("Tokens", "tokens")]
    if manages:
        pages.append(("Webhooks", "webhooks"))
    if manages or request.user.is_superuser:
        pages[1:1] = [("Members", "members")]
        pages.append(("Log", "project_log"))
    return {
        "project": project,
        "links": [
            Link(label, address, address == request.path)
            for label, view in pages
            if (address := reverse(f"site:{view}", args=[project.slug]))
        ],
    }


@register.simple_block_tag
def breadcrumbs(content: str) -> SafeString:
    """The pages above this one, the top first, as a landmark; "" if there are none.

    base.html has it around its block `breadcrumbs`, which a template fills with `crumb`.
    """
    if not content.strip():
        return SafeString("")
    where = '<nav class="breadcrumbs" aria-label="Breadcrumbs"><ol>{}</ol></nav>'
    return format_html(where, content)


@register.simple_tag
def crumb(label: object, view: str, *which: object, **query: object) -> SafeString:
    """One page above this one: its label, its view, and the view's arguments."""
    address = reverse(view, args=which, query=query or None)
    return format_html('<li><a href="{}">{}</a></li>', address, label)
