"""An owner's verbs on a project's webhooks. A secret is shown once, when it is made."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.events import EventType
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_owns
from evalhub.features.webhooks.models import Delivery, DeliveryState, Webhook
from evalhub.features.webhooks.signing import secret_of
from runners.backends.connecting import is_public

MOST = 20
"""Webhooks of one project."""
LONGEST_URL = 500
OLD_LASTS = timedelta(days=1)
"""How long messages are signed by the secret of before a rotation too."""


class WebhookError(ValueError):
    """A webhook that can't be made as requested, with what would be right; `field` names the
    field."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with its new secret, which is shown only this once."""

    webhook: Webhook
    secret: str


@transaction.atomic
def add_webhook(
    *,
    project: Project,
    by: User | None,
    url: str,
    events: Collection[str] = tuple(EventType),
    private: bool = False,
) -> NewSecret:
    """Adds a webhook, to which events are sent from now on.

    Args:
        private: whether it may lie on this machine or in a private network, and be asked without
            https; the operator's word alone.

    Raises:
        WebhookError: an address or an event that can't be; there are too many.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    check_owns(by, project, "add a webhook to it")
    private = private and by is None
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    _check_url(url, private)
    if project.webhooks.count() >= MOST:
        raise WebhookError(f"{project} has {MOST} of them, the most that it may", "address")
    if project.webhooks.filter(url=url).exists():
        raise WebhookError("the project has a webhook of this address", "address")
    salt = secrets.token_hex(32)
    now = timezone.now()
    webhook = Webhook.objects.create(
        project=project,
        url=url,
        events=_check_events(events),
        salt=salt,
        private=private,
        by=by,
        since=now,
        looked=now,
    )
    webhook.refresh_from_db()
    note(Action.WEBHOOK_ADDED, by=by, project=project, what=f"webhook {webhook.pk}")
    return NewSecret(webhook, secret_of(str(settings.SECRET_KEY), salt))


@transaction.atomic
def change_webhook(
    *,
    webhook: Webhook,
    by: User | None,
    events: Collection[str] | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Changes the events of a webhook, or turns it on or off; None changes nothing.

    What happened while it was disabled is not told later.

    Raises as `add_webhook`.
    """
    check_owns(by, webhook.project, "change a webhook of it")
    if events is not None:
        webhook.events = _check_events(events)
    if enabled and webhook.disabled:
        webhook.disabled, webhook.why, webhook.since = None, "", timezone.now()
    elif enabled is False and not webhook.disabled:
        webhook.disabled, webhook.why = timezone.now(), "by an owner"
    webhook.save(update_fields=["events", "disabled", "why", "since"])
    note(Action.WEBHOOK_CHANGED, by=by, project=webhook.project, what=f"webhook {webhook.pk}")
    return webhook


@transaction.atomic
def rotate_secret(*, webhook: Webhook, by: User | None) -> NewSecret:
    """Makes a new secret; for OLD_LASTS messages are signed with both.

    Raises NotAllowedError where `by` doesn't own the project.
    """
    check_owns(by, webhook.project, "change a webhook of it")
    webhook.old_salt, webhook.old_until = webhook.salt, timezone.now() + OLD_LASTS
    webhook.salt = secrets.token_hex(32)
    webhook.save(update_fields=["salt", "old_salt", "old_until"])
    note(Action.WEBHOOK_CHANGED, by=by, project=webhook.project, what=f"webhook {webhook.pk}")
    return NewSecret(webhook, secret_of(str(settings.SECRET_KEY), webhook.salt))


@transaction.atomic
def remove_webhook(*, webhook: Webhook, by: User | None) -> None:
    """Deletes a webhook with its messages. Raises NotAllowedError as `rotate_secret`."""
    check_owns(by, webhook.project, "remove a webhook of it")
    note(Action.WEBHOOK_REMOVED, by=by, project=webhook.project, what=f"webhook {webhook.pk}")
    webhook.delete()


@transaction.atomic
def replay(*, delivery: Delivery, by: User | None) -> Delivery:
    """Sends a message again from its first attempt on, with the same content and id.

    Raises WebhookError where its webhook is disabled, NotAllowedError as `rotate_secret`.
    """
    check_owns(by, delivery.webhook.project, "have a message sent again")
    if delivery.webhook.disabled:
        raise WebhookError("its webhook is disabled: enable that first", "delivery")
    delivery.state, delivery.attempts, delivery.ended = DeliveryState.WAITING, 0, None
    delivery.due_at = timezone.now()
    delivery.save(update_fields=["state", "attempts", "ended", "due_at"])
    return delivery


def _check_events(events: Collection[str]) -> list[str]:
    unknown = [each for each in events if each not in EventType]
    if unknown or not events:
        problem = f"{unknown[0]!r} isn't one of them" if unknown else "none is given"
        raise WebhookError(f"one or more of {', '.join(EventType)}: {problem}", "events")
    return [each.value for each in EventType if each in events]


def _check_url(url: str, private: bool) -> None:
    """Checks that the address may be called. Its host name is resolved and checked at each call."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or len(url) > LONGEST_URL or not (url.isascii() and url.isprintable()):
        raise WebhookError("is an address such as https://ci.example.org/evalhub", "address")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise WebhookError("starts with https://", "address")
    if parts.username is not None or parts.fragment or any(each in url for each in " \\"):
        raise WebhookError("has no user, password, fragment or white space", "address")
    if private:
        return
    try:
        literal = ip_address(host)
    except ValueError:
        literal = None
    if host == "localhost" or (literal is not None and not is_public(str(literal))):
        raise WebhookError(
            f"{host} lies on this machine or in a private network: an operator can allow that by "
            "`evalhub webhook add --private`",
            "address",
        )
