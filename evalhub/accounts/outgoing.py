"""Whether this site's messages go out: webhooks, mail, MLflow's aliases, and monitors' questions.

A database restored from a backup may be a copy beside the site that it came from. Its messages are
held until the operator says that they may go out. The audit log's newest entry about it says so:
there is no second place that could disagree.
"""

from datetime import datetime, timedelta

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, LogEntry

HELD = (
    "messages are held since {since:%Y-%m-%d %H:%M} UTC, because this database was restored or "
    "copied: `evalhub outgoing resume` lets them go out"
)

RETRY_WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
"""After each failed attempt to send a message, by Standard Webhooks 1.0; after one more attempt it
is given up."""


class MessagesHeldError(OSError):
    """Raised for mail while the site's messages are held. Callers treat it like any mail that
    fails."""


def hold_began() -> datetime | None:
    """When the hold on messages began; None without a hold. One query by an index."""
    newest: LogEntry | None = (
        LogEntry.objects.filter(by=None, action__in=[Action.MESSAGES_HELD, Action.MESSAGES_RESUMED])
        .order_by("-id")
        .first()
    )
    if newest is None or newest.action != Action.MESSAGES_HELD:
        return None
    return newest.created


@transaction.atomic
def hold_messages(*, why: str) -> None:
    """Holds messages from now on; where they are held already nothing is changed."""
    if hold_began() is None:
        note(Action.MESSAGES_HELD, by=None, what=why)


@transaction.atomic
def resume_messages() -> bool:
    """Lets messages go out again; whether they were held."""
    if hold_began() is None:
        return False
    note(Action.MESSAGES_RESUMED, by=None)
    return True
