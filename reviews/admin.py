"""Reviews in the admin, all of them read-only. Reviewers have no way in here."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from evalhub.registry.read_only import Frozen, FrozenLarge, readable, rows_of
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

REVIEWER = "reviewer__user__username"
CAMPAIGN = "assignment__reviewer__campaign"
ENDED = Q(**{f"{CAMPAIGN}__state__in": OVER})


@admin.register(Campaign)
class CampaignAdmin(Frozen):
    list_display = ("name", "baseline", "candidate", "reviewers_per_item", "state", "created")
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

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return not lookup.startswith("chances") and super().lookup_allowed(lookup, value, request)


@admin.register(Reviewer)
class ReviewerAdmin(Frozen):
    list_display = ("user", "campaign_id", "state", "turns")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "campaign__name")
    ordering = ("-campaign_id", "id")


@admin.register(Assignment)
class AssignmentAdmin(FrozenLarge):
    list_display = ("pair__item__key", REVIEWER, "turn", "purpose", "candidate_on_left", "state")
    list_filter = ("purpose", "state")
    list_select_related = ("pair__item", "reviewer__user")
    search_fields = ("pair__item__key__startswith", REVIEWER)


@admin.register(Judgment)
class JudgmentAdmin(FrozenLarge):
    """Those of campaigns that have ended: an address can filter and sort by any column."""

    list_display = (
        "assignment__pair__item__key",
        f"assignment__{REVIEWER}",
        "choice",
        "revision",
        "seconds",
        "created",
    )
    list_filter = ("choice",)
    list_select_related = ("assignment__pair__item", "assignment__reviewer__user")
    search_fields = ("assignment__pair__item__key__startswith", f"assignment__{REVIEWER}")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Judgment]:
        return super().get_queryset(request).filter(ENDED)


@admin.register(Undo)
class UndoAdmin(FrozenLarge):
    """Those of campaigns that have ended, as with judgments."""

    list_display = (
        "assignment__pair__item__key",
        f"assignment__{REVIEWER}",
        "revision",
        "created",
    )
    list_select_related = ("assignment__pair__item", "assignment__reviewer__user")
    search_fields = ("assignment__pair__item__key__startswith", f"assignment__{REVIEWER}")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Undo]:
        return super().get_queryset(request).filter(ENDED)


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
class GuessAdmin(Frozen):
    """Those of campaigns that have ended."""

    list_display = (f"assignment__{REVIEWER}", "assignment__pair__item__key", "side", "created")
    list_select_related = ("assignment__pair__item", "assignment__reviewer__user")
    search_fields = (f"assignment__{REVIEWER}", "assignment__pair__item__key__startswith")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Guess]:
        return super().get_queryset(request).filter(ENDED)
