"""Blind review: campaigns and their pairs, who reviews, and what they said."""

from reviews.models.assignments import (
    RATED,
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Choice,
    Dealing,
    Guess,
    Judgment,
    Undo,
)
from reviews.models.campaigns import (
    OVER,
    Campaign,
    CampaignKind,
    CampaignState,
    Event,
    EventKind,
    Pair,
    PairKind,
)
from reviews.models.people import Invitation, Reviewer, ReviewerState

__all__ = [
    "OVER",
    "RATED",
    "Assignment",
    "AssignmentPurpose",
    "AssignmentState",
    "Campaign",
    "CampaignKind",
    "CampaignState",
    "Choice",
    "Dealing",
    "Event",
    "EventKind",
    "Guess",
    "Invitation",
    "Judgment",
    "Pair",
    "PairKind",
    "Reviewer",
    "ReviewerState",
    "Undo",
]
