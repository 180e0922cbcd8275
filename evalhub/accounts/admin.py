# mypy: disable-error-code="type-arg"
"""People, projects and roles in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, LogEntry, Membership, Project, ResultsSeen, User
from evalhub.accounts.results_seen import ADMINISTERS, expose, note_roles


class Memberships(admin.TabularInline):
    """A person's roles, or a project's members: roles may be changed and taken away."""

    model = Membership
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
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


class NewMember(admin.TabularInline):
    """A form of its own: a box to choose a person costs a query a row."""

    model = Membership
    autocomplete_fields = ("user",)
    fields = ("user", "role")
    extra = 1
    verbose_name_plural = "add a member"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).none()


def note_formset(formset: Any) -> None:
    """What roles were had before a form of members is saved, and which are given by it."""
    for form in formset.forms:
        membership: Membership = form.instance
        if membership.user_id and membership.project_id:
            note_membership(membership)


def note_membership(membership: Membership) -> None:
    had = Membership.objects.filter(pk=membership.pk).values_list("role", flat=True)
    note_roles(
        project_id=membership.project_id, user=membership.user, roles=[*had, membership.role]
    )


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

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        note_formset(formset)
        super().save_formset(request, form, formset, change)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("slug", "name", "created")
    search_fields = ("slug", "name")
    readonly_fields = ("created",)
    inlines = (Members, NewMember)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        note_formset(formset)
        super().save_formset(request, form, formset, change)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "project", "role")
    list_filter = ("role",)
    list_select_related = ("user", "project")
    search_fields = ("user__username", "user__email", "project__slug", "project__name")
    autocomplete_fields = ("user", "project")

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        note_membership(obj)
        super().save_model(request, obj, form, change)


class KeptForGood(admin.ModelAdmin):
    """Rows that the site keeps for good: to be looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ResultsSeen)
class ResultsSeenAdmin(KeptForGood):
    """Who has seen the arms' names has seen them."""

    list_display = ("user", "project", "how", "created")
    list_select_related = ("user", "project")
    search_fields = ("user__username", "user__email", "project__slug")


@admin.register(LogEntry)
class LogEntryAdmin(KeptForGood):
    list_display = ("created", "by", "said", "what", "about", "project")
    list_select_related = ("by", "about", "project")
    search_fields = ("what", "action", "by__username", "about__username", "project__slug")
