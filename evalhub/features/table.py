"""What the features add to the kernel. The doors hand it down; the kernel imports no feature."""

from evalhub.accounts.events import EventSources, EventType
from evalhub.features.monitoring.events import changed_models
from evalhub.features.webhooks.events import KERNEL_EVENTS

EVENTS: EventSources = {**KERNEL_EVENTS, EventType.MODEL_CHANGED: changed_models}
"""Who finds the events of each type that a webhook may be told."""
