# mypy: disable-error-code="type-arg"
"""People, projects and roles in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import (
    Action,
    ApiToken,
    LogEntry,
    MemberInvitation,
    Membership,
    Project,
    Provenance,
    ResultsSeen,
    User,
)
from evalhub.accounts.results_seen import ADMINISTERS, expose


class Memberships(admin.TabularInline):
    """A person's roles, or a project's members. They are changed on the page of members alone."""

    model = Membership
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("project", "user")


class Roles(Memberships):
    fields = ("project", "role")
    readonly_fields = ("project",)


class Members(Memberships):
    fields = ("user", "role")
    readonly_fields = ("user",)
    verbose_name_plural = "members"


def note_rights(user: User, form: Any, *, by: Any, change: bool) -> None:
    """What of a person's way into the site was changed, for the audit log."""
    if not change:
        note(Action.USER_ADDED, by=by, about=user)
    rights = {"is_superuser": "superuser", "is_staff": "staff", "is_active": "active"}
    for name in rights.keys() & set(form.changed_data):
        said = "" if getattr(user, name) else "not "
        note(Action.ROLE_CHANGED, by=by, about=user, what=f"{said}{rights[name]}")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    inlines = (Roles,)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Whoever administers the site, or did so before, has seen every project's results."""
        was = User.objects.filter(pk=obj.pk, is_staff=True) | User.objects.filter(
            pk=obj.pk, is_superuser=True
        )
        administers = obj.is_staff or obj.is_superuser or was.exists()
        super().save_model(request, obj, form, change)
        if administers:
            projects = Project.objects.values_list("pk", flat=True)
            expose(projects=projects, user=obj, how=ADMINISTERS)
        note_rights(obj, form, by=request.user, change=change)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("slug", "name", "created", "members_page", "log_page")
    search_fields = ("slug", "name")
    readonly_fields = ("created",)
    inlines = (Members,)

    @admin.display(description="members")
    def members_page(self, project: Project) -> SafeString:
        return _link("dashboard:members", project.slug)

    @admin.display(description="audit log")
    def log_page(self, project: Project) -> SafeString:
        return _link("dashboard:project_log", project.slug)


def _link(view: str, slug: str) -> SafeString:
    return format_html('<a href="{}">open</a>', reverse(view, args=[slug]))


class LookedAt(admin.ModelAdmin):
    """Rows that no form changes: to be looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(LookedAt):
    list_display = ("user", "project", "role")
    list_filter = ("role",)
    list_select_related = ("user", "project")
    search_fields = ("user__username", "user__email", "project__slug", "project__name")


@admin.register(ResultsSeen)
class ResultsSeenAdmin(LookedAt):
    """Who has seen the arms' names has seen them."""

    list_display = ("user", "project", "how", "created")
    list_select_related = ("user", "project")
    search_fields = ("user__username", "user__email", "project__slug")


@admin.register(LogEntry)
class LogEntryAdmin(LookedAt):
    list_display = ("created", "by", "said", "what", "about", "project")
    list_select_related = ("by", "about", "project")
    search_fields = ("what", "action", "by__username", "about__username", "project__slug")


@admin.register(MemberInvitation)
class MemberInvitationAdmin(LookedAt):
    list_display = ("whom", "role", "project", "by", "expires", "used")
    list_select_related = ("account", "project", "by")
    search_fields = ("email", "account__username", "project__slug")
    exclude = ("digest",)


@admin.register(ApiToken)
class ApiTokenAdmin(LookedAt):
    list_display = ("name", "shown", "user", "project", "expires", "last_used", "revoked")
    list_select_related = ("user", "project")
    search_fields = ("name", "user__username", "project__slug")
    exclude = ("digest",)


@admin.register(Provenance)
class ProvenanceAdmin(LookedAt):
    list_display = ("user", "project", "by", "confirmed", "confirmed_by")
    list_select_related = ("user", "project", "by", "confirmed_by")
    search_fields = ("user__username", "project__slug")
