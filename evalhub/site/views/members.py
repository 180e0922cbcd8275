"""A project's members and its audit log, for its owners."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.addresses import absolute
from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.members import (
    InvitedMember,
    change_role,
    invite_member,
    mail_member_invitation,
    remove_member,
    withdraw_membership,
)
from evalhub.accounts.models import LogEntry, Membership, Project, Provenance, Role
from evalhub.accounts.permissions import NotAllowedError, check_manages
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import View
from evalhub.frames.page.read_from import as_read
from evalhub.site.log_form import LogForm
from reviews.joining.vouch import confirm_member

LOGGED = 50


def owners_only(view: View) -> View:
    """Decorator of a project's view for its owners and superusers: 403 for its other members, else
    404."""

    @wraps(view)
    def guard(request: SignedInRequest, slug: str, **which: Any) -> HttpResponse:
        condition = Q() if request.user.is_superuser else Q(memberships__user=request.user)
        project = get_object_or_404(Project.objects.filter(condition).distinct(), slug=slug)
        try:
            check_manages(request.user, project)
            return view(request, project, **which)
        except NotAllowedError as error:
            raise PermissionDenied(str(error)) from error
        except MembershipError as error:
            messages.error(request, str(error))
            return redirect("site:members", slug)

    return guard


@require_GET
def projects(request: SignedInRequest) -> HttpResponse:
    """The projects whose members and audit log the user may see."""
    every = request.user.is_superuser
    projects = Project.objects.all() if every else Project.objects.owned_by(request.user)
    if not every and not projects.exists():
        raise PermissionDenied("Members are managed by a project's owners.")
    return render(request, "site/members/projects.html", {"projects": projects})


@never_cache
@require_http_methods(["GET", "POST"])
@owners_only
def members(request: SignedInRequest, project: Project) -> HttpResponse:
    """The members with their roles; posting invites somebody."""
    links: list[tuple[str, str]] = []
    if request.method == "POST":
        role = _role(request.POST.get("role", ""))
        whom = request.POST.get("whom", "")
        invited = invite_member(project=project, whom=whom, role=role, by=request.user)
        links = _deliver(invited, request)
        if not links:
            return redirect("site:members", project.slug)
    people = project.memberships.select_related("user__provenance__by").order_by("user__username")
    waiting = project.invitations.unanswered().select_related("account", "by").order_by("pk")
    context: dict[str, Any] = {"project": project, "people": people, "waiting": waiting}
    context |= {"links": links, "roles": Role.choices}
    return render(request, "site/members/members.html", context)


@require_POST
@owners_only
def change_member(request: SignedInRequest, project: Project, pk: int) -> HttpResponse:
    """Change a role, remove a member, or confirm the owner of an account."""
    member = get_object_or_404(project.memberships.select_related("user"), pk=pk)
    verb = request.POST.get("verb", "")
    if verb == "role":
        was, role = member.role, _role(request.POST.get("role", ""))
        with as_read(request, member, lock=project):
            change_role(membership=member, role=role, by=request.user)
        messages.success(request, f"{member.user} is {role} now.")
        if role == Role.REVIEWER and was != role:
            message = (
                f"{member.user} has seen results here and stays unblinded: no reviewer of them."
            )
            messages.warning(request, message)
    elif verb == "remove":
        with as_read(request, member, lock=project):
            remove_member(membership=member, by=request.user)
        messages.success(request, f"{member.user} is no member any more.")
    elif verb == "confirm":
        with as_read(request, lambda: _provenance(member), lock=project):
            confirm_member(membership=member, by=request.user)
        messages.success(request, f"You have confirmed the account of {member.user}.")
    else:
        raise Http404
    if member.user == request.user:  # they may no longer be an owner
        return redirect("home")
    return redirect("site:members", project.slug)


@require_POST
@owners_only
def withdraw_member(request: SignedInRequest, project: Project, pk: int) -> HttpResponse:
    invitation = get_object_or_404(project.invitations, pk=pk)
    with as_read(request, invitation):
        withdraw_membership(invitation=invitation, by=request.user)
    messages.success(request, "The invitation is withdrawn.")
    return redirect("site:members", project.slug)


@never_cache
@require_GET
@owners_only
def project_log(request: SignedInRequest, project: Project) -> HttpResponse:
    return _log(request, project)


@never_cache
@require_GET
def site_log(request: SignedInRequest) -> HttpResponse:
    """The audit log with entries outside of projects, for superusers."""
    if not request.user.is_superuser:
        raise PermissionDenied("The whole site's audit log is for whoever administers it.")
    return _log(request, None)


def _log(request: SignedInRequest, project: Project | None) -> HttpResponse:
    entries = LogEntry.objects.in_sight_of(request.user)
    entries = entries.filter(project=project) if project else entries
    form = LogForm(request.GET)
    matching = form.filter(entries) if form.is_valid() else entries.none()
    page = Paginator(matching.select_related("by", "about", "project"), LOGGED).get_page(
        request.GET.get("page")
    )
    context = {"project": project, "form": form, "page": page}
    status = 200 if form.is_valid() else 400
    return render(request, "site/members/log.html", context, status=status)


def _provenance(member: Membership) -> Provenance | None:
    return Provenance.objects.filter(user=member.user).first()


def _role(text: str) -> Role:
    if text not in Role:
        raise Http404
    return Role(text)


def _deliver(invited: InvitedMember, request: SignedInRequest) -> list[tuple[str, str]]:
    """Mails the invitation if mail is configured. Returns the link to send by hand, if there is
    one."""
    whom, url = invited.invitation.whom, absolute(invited.path)
    mailed = False
    if settings.MAIL_URL:
        try:
            mailed = mail_member_invitation(invited=invited, url=url)
        except OSError as error:
            messages.error(request, f"The mail wasn’t sent ({error}).")
    where = "" if invited.by_link else " The invitation waits in their own list."
    messages.success(request, f"{whom} is invited{' by mail' if mailed else ''}.{where}")
    return [(whom, url)] if invited.by_link and not mailed else []
