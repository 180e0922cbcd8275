"""Reviews in the admin, all of them read-only. Reviewers have no way in here."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from evalhub.accounts.audit_log import note_each_once
from evalhub.accounts.models import Action
from evalhub.registry.read_only import Frozen, FrozenLarge, page_of, readable, rows_of
from reviews.models import (
    OVER,
    Assignment,
    Campaign,
    Dealing,
    Event,
    Guess,
    Invitation,
    Judgment,
    Pair,
    Reviewer,
    Undo,
)
from reviews.models.campaigns import CampaignQuerySet

REVIEWER = "reviewer__user__username"
CAMPAIGN = "assignment__reviewer__campaign"
ENDED = Q(**{f"{CAMPAIGN}__state__in": OVER})


@admin.register(Campaign)
class CampaignAdmin(Frozen):
    list_display = (
        "name",
        "baseline",
        "candidate",
        "reviewers_per_item",
        "state",
        "created",
        page_of("campaign"),
    )
    list_filter = ("kind", "state")
    list_select_related = ("baseline__model", "candidate__model")
    search_fields = ("name", "study__name", "study__slug", "question")
    fields = readonly_fields = (
        "project",
        "study",
        "name",
        "kind",
        "baseline",
        "candidate",
        "question",
        "reviewers_per_item",
        "seed",
        readable("plan"),
        "plan_hash",
        "state",
        "ended",
        "unblinded",
        "created",
        page_of("campaign"),
        rows_of("reviews_event", "campaign"),
        rows_of("reviews_invitation", "campaign"),
        rows_of("reviews_pair", "campaign"),
        rows_of("reviews_reviewer", "campaign"),
    )


@admin.register(Pair)
class PairAdmin(Frozen):
    list_display = ("item__key", "campaign_id", "kind", "position", "seats", "taken")
    list_select_related = ("item",)
    search_fields = ("item__key__startswith", "campaign__name")
    ordering = ("-campaign_id", "position")


@admin.register(Dealing)
class DealingAdmin(Frozen):
    """Without the strata's chances, which follow what reviewers have said so far."""

    list_display = ("campaign", "places", "pairs", "seats", "weighed")
    list_select_related = ("campaign",)
    search_fields = ("campaign__name",)
    fields = readonly_fields = ("campaign", "places", "pairs", "seats", "weighed")


@admin.register(Reviewer)
class ReviewerAdmin(Frozen):
    list_display = ("user", "campaign_id", "state", "turns", page_of("campaign", "campaign_id"))
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "campaign__name")
    ordering = ("-campaign_id", "id")


@admin.register(Assignment)
class AssignmentAdmin(FrozenLarge):
    list_display = ("pair__item__key", REVIEWER, "turn", "purpose", "candidate_on_left", "state")
    list_filter = ("purpose", "state")
    list_select_related = ("pair__item", "reviewer__user")
    search_fields = ("pair__item__key__startswith", REVIEWER)


class SaidAdmin(FrozenLarge):
    """What reviewers said, of campaigns that have ended: an address can filter and sort by any
    column. Whoever looks has seen those reviews' results, which is noted as on their pages: of a
    list those of all its rows, which it counts, and not of the page at hand alone."""

    list_select_related = ("assignment__pair__item", "assignment__reviewer__user")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(ENDED)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if changes := (getattr(response, "context_data", None) or {}).get("cl"):
            judgments = changes.queryset.order_by().values("assignment__reviewer__campaign")
            _note_seen(request, Campaign.objects.filter(pk__in=judgments.distinct()))
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            campaign = row.assignment.reviewer.campaign_id
            _note_seen(request, Campaign.objects.filter(pk=campaign))
        return row


def _note_seen(request: HttpRequest, campaigns: CampaignQuerySet) -> None:
    assert request.user.is_authenticated
    rows = campaigns.only("project", "name").order_by()
    whats = [(each.project_id, str(each)) for each in rows]
    note_each_once(Action.SAW_RESULTS, by=request.user, whats=whats)


@admin.register(Judgment)
class JudgmentAdmin(SaidAdmin):
    list_display = (
        "assignment__pair__item__key",
        f"assignment__{REVIEWER}",
        "choice",
        "revision",
        "seconds",
        "created",
    )
    list_filter = ("choice",)
    search_fields = ("assignment__pair__item__key__startswith", f"assignment__{REVIEWER}")


@admin.register(Undo)
class UndoAdmin(SaidAdmin):
    list_display = (
        "assignment__pair__item__key",
        f"assignment__{REVIEWER}",
        "revision",
        "created",
    )
    search_fields = ("assignment__pair__item__key__startswith", f"assignment__{REVIEWER}")


@admin.register(Event)
class EventAdmin(Frozen):
    list_display = ("campaign", "kind", "by", "created")
    list_filter = ("kind",)
    list_select_related = ("campaign", "by")
    search_fields = ("campaign__name", "by__username")


@admin.register(Invitation)
class InvitationAdmin(Frozen):
    list_display = ("whom", "campaign", "by", "expires", "used")
    list_select_related = ("account", "campaign", "by")
    search_fields = ("email", "account__username", "campaign__name")
    exclude = ("digest",)


@admin.register(Guess)
class GuessAdmin(SaidAdmin):
    list_display = (f"assignment__{REVIEWER}", "assignment__pair__item__key", "side", "created")
    search_fields = (f"assignment__{REVIEWER}", "assignment__pair__item__key__startswith")
