"""Blind review: campaigns and their pairs, who reviews, and what they said; examples in queues."""

from reviews.models.annotations import (
    Annotation,
    AnnotationAction,
    AnnotationPurpose,
    AnnotationState,
)
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
from reviews.models.examples import (
    Example,
    ExampleQueue,
    ExampleSource,
    ExampleState,
    QueuePurpose,
    QueueState,
)
from reviews.models.people import Invitation, Reviewer, ReviewerState

__all__ = [
    "OVER",
    "RATED",
    "Annotation",
    "AnnotationAction",
    "AnnotationPurpose",
    "AnnotationState",
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
    "Example",
    "ExampleQueue",
    "ExampleSource",
    "ExampleState",
    "Guess",
    "Invitation",
    "Judgment",
    "Pair",
    "PairKind",
    "QueuePurpose",
    "QueueState",
    "Reviewer",
    "ReviewerState",
    "Undo",
]
