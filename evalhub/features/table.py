"""What the features add to the kernel. The doors hand it down; the kernel imports no feature."""

from collections.abc import Callable, Sequence
from functools import partial

from evalhub.accounts.events import EventSources
from evalhub.accounts.models import Project
from evalhub.features.comments.erasing import erase_comments, redact_comments
from evalhub.features.decision_links.sharing import end_links_of
from evalhub.features.erasure.erase import PersonEraser
from evalhub.features.erasure.redact import RedactionError, redact, redact_rows
from evalhub.features.examples.out.erasing import erase_redacted_lines, erase_what_went_out
from evalhub.features.examples.queues.erasing import (
    erase_examples_of_requests,
    erase_examples_of_user,
    erase_redacted_examples,
)
from evalhub.features.examples.sources.erasing import (
    erase_calls_of_redacted,
    erase_calls_of_requests,
    erase_calls_of_user,
)
from evalhub.features.experiments.keeping import (
    delete_old_judged_answers,
    delete_old_user_days,
    erase_judged_answers,
    erase_user_days,
)
from evalhub.features.monitoring.events import MONITORING_EVENTS
from evalhub.features.saved_views.saving import erase_views
from evalhub.features.score_audits.redaction import redact_reasons
from evalhub.features.traffic.erase import ERASERS as TRAFFIC_ERASERS
from evalhub.features.traffic.erase import Erasers
from evalhub.features.traffic.shadow.erasing import erase_items, redact_old_items
from evalhub.features.traffic.storage.retention import renew_days
from evalhub.features.webhooks.events import KERNEL_EVENTS
from evalhub.features.working_sets.redaction import delete_redacted_items
from evalhub.features.working_sets.sets import drop_left_over_sets
from evalhub.registry.redaction import Redactor

EVENTS: EventSources = {**KERNEL_EVENTS, **MONITORING_EVENTS}
"""Who finds the events of each type that a webhook may be told."""

REDACTORS: Sequence[Redactor] = (
    delete_redacted_items,
    erase_redacted_examples,
    erase_redacted_lines,
    erase_calls_of_redacted,
    redact_reasons,
    redact_comments,
)
"""Who takes a redacted item's text out of a feature's own rows."""

PERSON_ERASERS: Sequence[PersonEraser] = (erase_comments, erase_views, end_links_of)
"""Who takes an erased person out of a feature's own rows."""


def _redact_item(project: Project, test_set: str, item: str) -> None:
    redact_rows(
        project=project,
        test_set=test_set,
        item=item,
        reason="it was made from a request that was erased",
        by=None,
        redactors=REDACTORS,
        everywhere=True,
    )


def _redact_if_possible(project: Project, test_set: str, item: str) -> bool:
    """Whether it was: not while a run or a review of it goes on."""
    reason = "its request is not kept any more"
    try:
        redact(
            project=project,
            test_set=test_set,
            item=item,
            reason=reason,
            by=None,
            redactors=REDACTORS,
            everywhere=True,
        )
    except RedactionError:
        return False
    return True


ERASERS = Erasers(
    of_requests=(
        partial(erase_items, redact_item=_redact_item),
        erase_judged_answers,
        erase_examples_of_requests,
        erase_calls_of_requests,
        *TRAFFIC_ERASERS.of_requests,
    ),
    of_user=(
        erase_user_days,
        erase_examples_of_user,
        erase_calls_of_user,
        lambda project, user_hash: erase_what_went_out(project, _redact_item),
    ),
)
"""Who erases a user's traffic, and what was made of it."""

TIDIED: Sequence[Callable[[], object]] = (
    drop_left_over_sets,
    renew_days,
    delete_old_user_days,
    delete_old_judged_answers,
    partial(redact_old_items, redact_item=_redact_if_possible),
)
"""What deletes rows of a feature: half-written ones whose writers have ended, and old ones."""
