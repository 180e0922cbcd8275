"""What the features add to the kernel. The doors hand it down; the kernel imports no feature."""

from collections.abc import Callable, Sequence

from evalhub.accounts.events import EventSources, EventType
from evalhub.features.monitoring.events import model_changes
from evalhub.features.score_audits.redaction import redact_reasons
from evalhub.features.traffic.retention import renew_days
from evalhub.features.webhooks.events import KERNEL_EVENTS
from evalhub.features.working_sets.redaction import delete_redacted_items
from evalhub.features.working_sets.sets import drop_left_over_sets
from evalhub.registry.redaction import Redactor

EVENTS: EventSources = {**KERNEL_EVENTS, EventType.MODEL_CHANGED: model_changes}
"""Who finds the events of each type that a webhook may be told."""

REDACTORS: Sequence[Redactor] = (delete_redacted_items, redact_reasons)
"""Who takes a redacted item's text out of a feature's own rows."""

TIDIED: Sequence[Callable[[], object]] = (drop_left_over_sets, renew_days)
"""What deletes rows of a feature: half-written ones whose writers have ended, and old ones."""
