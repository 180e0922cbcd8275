"""The admin: its way in is the site's own."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator

LINKED: dict[str, set[str]] = {}
"""By table, as "registry_item", its foreign keys by which another page's link narrows its list."""
_FILTERED_BY = ("", "__exact", "__isnull", "__isempty", "__id__exact")
"""What Django's filters ask of a field that `list_filter` names."""

LIBRARY = {"account", "mfa", "socialaccount"}  # allauth's labels: people see theirs themselves


GROUPS: list[tuple[str, list[str]]] = [
    ("People and projects", ["Project", "User", "Membership", "MemberInvitation", "Group"]),
    ("Who did and saw what", ["LogEntry", "ResultsSeen", "ApiToken", "Provenance"]),
    ("Studies and decisions", ["Study", "StudyArm", "StudyTestSet", "StudyRun", "Decision"]),
    (
        "What stands by decisions",
        [
            "SignOff",
            "DataSignOff",
            "Acceptance",
            "Promotion",
            "StageMove",
            "Look",
            "GuardLook",
            "Peek",
            "Ledger",
        ],
    ),
    (
        "Test sets",
        [
            "TestSet",
            "TestSetVersion",
            "Item",
            "Draw",
            "TrainingOverlap",
            "WorkingSet",
            "WorkingItem",
        ],
    ),
    ("Models", ["Model", "ModelVersion", "StoredDataReport", "DocumentSet", "DocumentText"]),
    ("Runs and scores", ["Run", "Output", "Score", "RunMetric", "Metric", "Shard", "Ingestion"]),
    ("Judges", ["JudgeRun", "JudgeVote"]),
    ("Blind reviews", ["Campaign", "Pair", "Reviewer", "Invitation", "Assignment", "Dealing"]),
    ("What reviewers said", ["Judgment", "Undo", "Guess", "Event"]),
    ("Budgets and redactions", ["StudyBudget", "Spending", "Reserved", "Redaction"]),
]
"""The tables as one looks for them, and not by where their code is."""


class StatedFilters:
    """Mixin: a list can be filtered only by what its page offers.

    Django lets an address filter a list by any column of its own, hidden ones among them: a
    password's hash or a digest would be read letter by letter. Anything else is refused (400).
    """

    opts: Any
    list_filter: Any

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        filters = [entry if isinstance(entry, str) else entry[0] for entry in self.list_filter]
        linked = LINKED.get(f"{self.opts.app_label}_{self.opts.model_name}", set())
        stated = {f"{name}{suffix}" for name in filters for suffix in _FILTERED_BY}
        return lookup in stated | {f"{name}__id__exact" for name in linked}


class EvalhubAdmin(AdminSite):
    """The admin, without a password form of its own, which would have no limits on guessing."""

    index_title = "Everything that is kept"

    site_header = site_title = "Evalhub"

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied("The admin is for those who administer the site.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(  # type: ignore[override]  # Django's annotation is narrower than its use
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Django's list in our groups; of one app, which has a page of its own, as it is."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["object_name"]: (app, model) for app in apps for model in app["models"]}
        groups = []
        others = [name for name in models if all(name not in names for _, names in GROUPS)]
        for title, names in [*GROUPS, ("Others", others)]:
            members = [models[name] for name in names if name in models]
            if members:
                app = members[0][0]
                groups.append(app | {"name": title, "models": [model for _, model in members]})
        return groups

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: Any = None,
        **options: Any,
    ) -> None:
        """Leaves out what belongs to allauth: secrets of providers, keys, verified addresses.

        Every list is narrowed by its stated filters alone.
        """
        base = admin_class or ModelAdmin
        stated = type(base.__name__, (StatedFilters, base), {})
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        ours = [model for model in models if model._meta.app_label not in LIBRARY]
        super().register(ours, stated, **options)
