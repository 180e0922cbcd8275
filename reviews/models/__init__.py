"""Blind review: campaigns and their pairs, who reviews, and what they said."""

from reviews.models.campaigns import (
    Campaign,
    CampaignKind,
    CampaignState,
    Event,
    EventKind,
    Pair,
    PairKind,
)
from reviews.models.people import Invitation, Reviewer, ReviewerState
from reviews.models.turns import (
    RATED,
    Assignment,
    AssignmentState,
    Choice,
    Dealing,
    Guess,
    Judgment,
    Purpose,
)

__all__ = [
    "RATED",
    "Assignment",
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
    "Purpose",
    "Reviewer",
    "ReviewerState",
]
