"""Webhooks and their messages, as programs see them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from evalhub.accounts.events import EventType
from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import LONGEST_URL
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import Given


class WebhookRequest(Declaration):
    """An address that is to be told of what happens from now on."""

    address: Annotated[str, Outside("address")] = Field(
        min_length=1, max_length=LONGEST_URL, description="https://…, and of the internet"
    )
    events: tuple[EventType, ...] = Field(tuple(EventType), min_length=1)


class WebhookChangeRequest(Declaration):
    """What is to be otherwise; what isn't said stays."""

    events: tuple[EventType, ...] | None = Field(None, min_length=1)
    enabled: bool | None = None


class WebhookShape(Given):
    id: int
    address: str
    events: tuple[EventType, ...]
    private: bool = Field(description="whether it may lie in a private network")
    enabled: bool
    why: str = Field(description="why it is disabled")
    created: datetime
    url: str

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookShape":
        return cls(
            id=webhook.pk,
            address=webhook.url,
            events=tuple(map(EventType, webhook.events)),
            private=webhook.private,
            enabled=webhook.disabled is None,
            why=webhook.why,
            created=webhook.created,
            url=address("webhook", webhook.project.slug, webhook.pk),
        )


class WebhookSecretShape(WebhookShape):
    """With the secret that its messages are signed by, which is shown this once."""

    secret: str

    @classmethod
    def made(cls, webhook: Webhook, secret: str) -> "WebhookSecretShape":
        return cls(**dict(WebhookShape.of(webhook)), secret=secret)


class DeliveryShape(Given):
    id: int
    message_id: str
    event: str
    state: str
    attempts: int
    status: int | None = Field(description="of the last answer")
    error: str
    body: str = Field(description="as it is sent")
    created: datetime
    ended: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryShape":
        return cls(
            id=delivery.pk,
            message_id=delivery.message_id,
            event=delivery.event,
            state=delivery.state,
            attempts=delivery.attempts,
            status=delivery.status,
            error=delivery.error,
            body=delivery.body,
            created=delivery.created,
            ended=delivery.ended,
        )
