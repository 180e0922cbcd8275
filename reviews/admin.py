"""Reviews in the admin, all of them read-only. Reviewers have no way in here."""

from django.contrib import admin

from evalhub.registry.read_only import Frozen, FrozenLarge, readable, rows_of
from reviews.models import Assignment, Campaign, Judgment, Pair, Reviewer

REVIEWER = "reviewer__user__username"


@admin.register(Campaign)
class CampaignAdmin(Frozen):
    list_display = ("study", "baseline", "candidate", "reviewers_per_item", "state", "created")
    list_filter = ("state",)
    list_select_related = ("study", "baseline__model", "candidate__model")
    search_fields = ("study__name", "study__slug", "question")
    fields = readonly_fields = (
        "study",
        "baseline",
        "candidate",
        "question",
        "reviewers_per_item",
        "seed",
        readable("plan"),
        "plan_hash",
        "state",
        "created",
        rows_of("reviews_pair", "campaign"),
        rows_of("reviews_reviewer", "campaign"),
    )


@admin.register(Pair)
class PairAdmin(Frozen):
    list_display = ("item__key", "campaign_id", "position", "seats", "taken")
    list_select_related = ("item",)
    search_fields = ("item__key__startswith", "campaign__study__name")
    ordering = ("-campaign_id", "position")


@admin.register(Reviewer)
class ReviewerAdmin(Frozen):
    list_display = ("user", "campaign_id", "turns")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "campaign__study__name")
    ordering = ("-campaign_id", "id")


@admin.register(Assignment)
class AssignmentAdmin(FrozenLarge):
    list_display = ("pair__item__key", REVIEWER, "turn", "candidate_on_left", "state", "dealt")
    list_filter = ("state",)
    list_select_related = ("pair__item", "reviewer__user")
    search_fields = ("pair__item__key__startswith", REVIEWER)


@admin.register(Judgment)
class JudgmentAdmin(FrozenLarge):
    list_display = (
        "assignment__pair__item__key",
        f"assignment__{REVIEWER}",
        "choice",
        "seconds",
        "created",
    )
    list_filter = ("choice",)
    list_select_related = ("assignment__pair__item", "assignment__reviewer__user")
    search_fields = ("assignment__pair__item__key__startswith", f"assignment__{REVIEWER}")
