"""Template tags: the links at the top of every page that the user may see, and the breadcrumbs."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.models import MemberInvitation, Project, User
from reviews.models import Invitation

register = template.Library()

WORKING = tuple(
    f"site:{name}"
    for name in (
        "edit_test_set",
        "working_set",
        "new_working_set",
        "add_item",
        "add_to_test_set",
        "add_rows",
        "change_item",
        "publish_set",
    )
)
# label, view, prefix of the view names of the pages under it
RESULTS = [
    (
        "Studies",
        "site:studies",
        (
            "site:stud",
            "site:criterion",
            "site:record",
            "site:new_comparison",
            "site:copy_study",
        ),
    ),
    ("Runs", "site:runs", ("site:run", "site:new_run")),
    ("Test sets", "site:test_sets", ("site:test_set", *WORKING)),
    (
        "Versions",
        "site:versions",
        ("site:version", "site:new_version", "site:data_report", "site:check_data"),
    ),
    (
        "Production",
        "site:production",
        (
            "site:production",
            "site:experiment",
            "site:new_experiment",
            "site:monitor",
            "site:new_monitor",
            "site:alarm",
        ),
    ),
    ("Methods", "site:methods", ("site:methods",)),
]
CAMPAIGNS = (
    "Reviews",
    "site:campaigns",
    (
        "site:campaign",
        "site:example",
        "site:new_example_queue",
        "site:add_example_file",
        "site:choose_study",
        "site:new_campaign",
        "site:upload_pairs",
    ),
)
MEMBERS = (
    "Members",
    "site:projects",
    ("site:project", "site:member", "site:tokens", "site:site_log"),
)
OVERVIEW = ("Overview", "site:overview", ("site:overview",))
INVITATIONS = ("Invitations", "reviews:home", ("reviews:",))
REVIEWS = ("Reviews", "reviews:home", ("reviews:",))


def projects_owned(user: User) -> int:
    return Project.objects.owned_by(user).count()


def has_invitations(user: User) -> bool:
    """Whether a review or an invitation waits for this user, who else has no link to it."""
    return any(
        rows.waiting_for(user).exists() for rows in (MemberInvitation.objects, Invitation.objects)
    )


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Links:
    """The links to pages, and whether there is a field that searches them."""

    pages: list[Link]
    searches: bool


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> Links:
    """The links; pages of results only for those who see results: reviewers stay blind."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return Links([], searches=False)
    view_name = request.resolver_match.view_name if request.resolver_match else ""
    sees_results = Project.objects.visible_to(request.user).exists()
    pages: list[tuple[str, str, tuple[str, ...]]]
    pages = [*RESULTS[:1], CAMPAIGNS, *RESULTS[1:]] if sees_results else [REVIEWS]
    owned = projects_owned(request.user) if sees_results else 0
    if sees_results and (request.user.is_superuser or owned):
        pages.append(MEMBERS)
    if sees_results and (request.user.is_superuser or owned > 1):
        pages.insert(0, OVERVIEW)
    if sees_results and has_invitations(request.user):
        pages.append(INVITATIONS)
    links = [
        Link(label, reverse(name), view_name.startswith(under)) for label, name, under in pages
    ]
    return Links(links, searches=sees_results)


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
