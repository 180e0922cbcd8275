# mypy: disable-error-code="type-arg"
"""People, projects and roles in the admin."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.addresses import absolute
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
from evalhub.accounts.read_only import AdminTable, inline, register
from evalhub.accounts.results_seen import ADMINISTERS, expose
from evalhub.accounts.shutting_out import end_access
from evalhub.accounts.sign_in import mail_way_in, sign_in_path

# A person's roles, and a project's members, are changed on the page of members alone.
ROLES = inline(Membership, "project role", show_change_link=False)
MEMBERS = inline(Membership, "user role", show_change_link=False, verbose_name_plural="members")


def note_rights(user: User, form: Any, *, by: Any, change: bool) -> None:
    """Write changes of a person's sign-in and rights to the audit log."""
    if not change:
        note(Action.USER_ADDED, by=by, about=user)
    if change:
        changes = {"username": "user name", "email": "mail address"}
        for name in sorted(changes.keys() & set(form.changed_data)):
            note(Action.ACCOUNT_CHANGED, by=by, about=user, what=changes[name])
    rights = {"is_superuser": "superuser", "is_staff": "staff", "is_active": "active"}
    for name in rights.keys() & set(form.changed_data):
        negation = "" if getattr(user, name) else "not "
        note(Action.ROLE_CHANGED, by=by, about=user, what=f"{negation}{rights[name]}")


class NewUser(forms.ModelForm):
    """An account without a password: its person signs in by a link, and may set one."""

    class Meta:
        model = User
        fields = ("username", "email")

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Nobody sets anybody's password: they are let in by a link, and set their own."""

    add_form = NewUser
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "email")}),)
    fieldsets = (
        (None, {"fields": ("username", "way_in")}),
        *((title, fields) for title, fields in DjangoUserAdmin.fieldsets or () if title),
    )
    readonly_fields = ("way_in",)
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    inlines = (ROLES,)

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
        if "is_active" in form.changed_data and not obj.is_active:
            end_access(obj)

    @admin.display(description="way in")
    def way_in(self, user: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a href="{}">Let them in by a link…</a>', address)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 (Django's name)
        form_url: str = "",
    ) -> HttpResponse:
        """In the place of Django's form for anybody's password: a link to set one's own."""
        user = self.get_object(request, unquote(id))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        assert isinstance(request.user, User)
        by_mail = bool(settings.MAIL_URL and user.email)
        link = ""
        if request.method == "POST" and by_mail:
            mail_way_in(user, by=request.user, request=request)
        elif request.method == "POST":
            path = sign_in_path(user, by=request.user, what="in the admin, who saw it")
            link = absolute(path)
        context = self.admin_site.each_context(request) | {
            "title": f"Let {user} in",
            "opts": self.opts,
            "original": user,
            "by_mail": by_mail,
            "done": request.method == "POST",
            "link": link,
        }
        response = TemplateResponse(request, "admin/way_in.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("slug", "name", "created", "members_page", "log_page")
    search_fields = ("slug", "name")
    readonly_fields = ("created",)
    inlines = (MEMBERS,)

    @admin.display(description="members")
    def members_page(self, project: Project) -> SafeString:
        return _link("site:members", project.slug)

    @admin.display(description="audit log")
    def log_page(self, project: Project) -> SafeString:
        return _link("site:project_log", project.slug)


def _link(view: str, slug: str) -> SafeString:
    return format_html('<a href="{}">open</a>', reverse(view, args=[slug]))


register(
    {
        Membership: AdminTable(
            "user project role",
            "user__username user__email project__slug project__name",
            filters=("role",),
        ),
        # who has seen the arms' names has seen them
        ResultsSeen: AdminTable(
            "user project how created", "user__username user__email project__slug"
        ),
        LogEntry: AdminTable(
            "created by said what about project",
            "what action by__username about__username project__slug",
        ),
        MemberInvitation: AdminTable(
            "whom role project by expires used",
            "email account__username project__slug",
            hidden="digest",
            needs="account",
        ),
        ApiToken: AdminTable(
            "name shown user project expires last_used revoked",
            "name user__username project__slug",
            hidden="digest",
        ),
        Provenance: AdminTable(
            "user project by confirmed confirmed_by", "user__username project__slug"
        ),
    }
)
