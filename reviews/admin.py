"""Reviews in the admin, all of them read-only. Reviewers have no way in here."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from evalhub.accounts.audit_log import note_each_once
from evalhub.accounts.models import Action
from evalhub.accounts.read_only import AdminTable, ReadOnly, register
from reviews.models import (
    OVER,
    Annotation,
    Assignment,
    Campaign,
    Dealing,
    Event,
    Example,
    ExampleQueue,
    ExampleState,
    Guess,
    Invitation,
    Judgment,
    Pair,
    Reviewer,
    Undo,
)
from reviews.models.campaigns import CampaignQuerySet

ITEM = "assignment__pair__item__key"
PERSON = "assignment__reviewer__user__username"
SAID_OF = f"{ITEM}__startswith {PERSON}"
DECIDED = (ExampleState.ACCEPTED, ExampleState.REJECTED)
ENDED = Q(assignment__reviewer__campaign__state__in=OVER)


class StatementAdmin(ReadOnly):
    """What reviewers said, of campaigns that have ended: an address can filter and sort by any
    column. Whoever looks has seen those reviews' results, which is noted as on their pages: of a
    list those of all its rows, which it counts, and not of the page at hand alone."""

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


def statements(columns: str, **options: Any) -> AdminTable:
    """The admin table of reviewers' judgments, guesses or adjudications."""
    return AdminTable(
        columns,
        SAID_OF,
        base=StatementAdmin,
        large=True,
        queryset=lambda rows: rows.filter(ENDED),
        **options,
    )


register(
    {
        Campaign: AdminTable(
            "name baseline candidate reviewers_per_item state created",
            "name study__name study__slug question",
            filters=("kind", "state"),
            hidden="form requires invited_only supersedes events_head sealed seal sealed_as",
            page=("campaign", "pk"),
            rows={
                "reviews_event": "campaign",
                "reviews_invitation": "campaign",
                "reviews_pair": "campaign",
                "reviews_reviewer": "campaign",
            },
        ),
        Pair: AdminTable(
            "item__key campaign_id kind position seats taken",
            "item__key__startswith campaign__name",
            order="-campaign_id position",
        ),
        # the strata's chances follow what reviewers have said so far
        Dealing: AdminTable(
            "campaign places pairs seats weighed", "campaign__name", hidden="chances"
        ),
        Reviewer: AdminTable(
            "user campaign_id state turns",
            "user__username user__email campaign__name",
            hidden="head links ended",
            page=("campaign", "campaign_id"),
            order="-campaign_id id",
        ),
        Assignment: AdminTable(
            "pair__item__key reviewer__user__username turn purpose candidate_on_left state",
            "pair__item__key__startswith reviewer__user__username",
            filters=("purpose", "state"),
            hidden="token",
            large=True,
        ),
        Judgment: statements(
            f"{ITEM} {PERSON} choice revision seconds created",
            filters=("choice",),
            hidden="place",
        ),
        Undo: statements(f"{ITEM} {PERSON} revision created", hidden="place"),
        Guess: statements(f"{PERSON} {ITEM} side created", hidden="place"),
        ExampleQueue: AdminTable(
            "name purpose annotators_per_example state by created",
            "name project__slug",
            filters=("purpose", "state"),
            page=("example_queue", "pk"),
            rows={"reviews_example": "queue"},
        ),
        Example: AdminTable(
            "position queue state source model created",
            "model queue__name",
            filters=("state", "source"),
            page=("example", "pk"),
            rows={"reviews_annotation": "example"},
            large=True,
        ),
        # of decided ones: until then somebody has to be blind to them
        Annotation: AdminTable(
            "example_id annotator__username purpose action state answered",
            "annotator__username queue__name",
            filters=("purpose", "action"),
            hidden="token",
            large=True,
            queryset=lambda rows: rows.filter(example__state__in=DECIDED),
        ),
        Event: AdminTable(
            "campaign kind by created", "campaign__name by__username", filters=("kind",)
        ),
        Invitation: AdminTable(
            "whom campaign by expires used",
            "email account__username campaign__name",
            hidden="digest",
            needs="account",
        ),
    }
)
