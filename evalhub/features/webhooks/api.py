"""Webhooks by REST, for a project's owners alone: endpoints and their shapes."""

from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.events import EventType
from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import (
    LONGEST_URL,
    add_webhook,
    change_webhook,
    remove_webhook,
    replay,
    rotate_secret,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, list_response, response_of
from evalhub.frames.rest.shapes import ResponseBody, address


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


class WebhookOut(ResponseBody):
    id: int
    address: str
    events: tuple[EventType, ...]
    private: bool = Field(description="whether it may lie in a private network")
    enabled: bool
    why: str = Field(description="why it is disabled")
    created: datetime
    url: str

    @classmethod
    def from_model(cls, webhook: Webhook, /, **computed: Any) -> Self:
        return super().from_model(
            webhook,
            address=webhook.url,
            enabled=webhook.disabled is None,
            url=address("webhook", webhook.project.slug, webhook.pk),
            **computed,
        )


class WebhookSecretOut(WebhookOut):
    """With the secret that its messages are signed by, which is shown this once."""

    secret: str


class DeliveryOut(ResponseBody):
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


class WebhookEndpoint(ProjectEndpoint):
    """Below the project's webhooks."""

    scopes = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), Scope.ADMIN)

    def rows(self) -> "QuerySet[Webhook]":
        rows: QuerySet[Webhook] = Webhook.objects.owned_by(self.by)
        return rows.filter(project=self.project).select_related("project")

    def webhook(self) -> Webhook:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class Webhooks(WebhookEndpoint):
    parameters = PAGED

    @describes("The project's webhooks", gives=WebhookOut, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), WebhookOut.from_model)

    @describes(
        "Make a webhook\n\nIt gets messages from now on. Its secret is shown only once.",
        gives=WebhookSecretOut,
        takes=WebhookRequest,
        code=201,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(WebhookRequest)
        new = add_webhook(project=self.project, by=self.by, url=body.address, events=body.events)
        webhook = WebhookSecretOut.from_model(new.webhook, secret=new.secret)
        return response_of(request, webhook, 201, Location=webhook.url)


class OneWebhook(WebhookEndpoint):
    parameters = ("fields",)

    @describes("A webhook", gives=WebhookOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, WebhookOut.from_model(self.webhook()))

    @describes(
        "Change a webhook's events, or switch it on or off",
        gives=WebhookOut,
        takes=WebhookChangeRequest,
        also=(415,),
    )
    def patch(self, request: Request, project: str, pk: int) -> Response:
        webhook, body = self.webhook(), self.body(WebhookChangeRequest)
        change_webhook(webhook=webhook, by=self.by, events=body.events, enabled=body.enabled)
        return response_of(request, WebhookOut.from_model(webhook))

    @describes("Take it away, with its messages", gives=None, code=204, streams=NO_BODY)
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        remove_webhook(webhook=self.webhook(), by=self.by)
        return HttpResponse(status=204)


class SecretOfWebhook(WebhookEndpoint):
    @describes(
        "Make a new secret\n\nFor a day messages are signed by both.",
        gives=WebhookSecretOut,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        new = rotate_secret(webhook=self.webhook(), by=self.by)
        return response_of(request, WebhookSecretOut.from_model(new.webhook, secret=new.secret))


class DeliveriesOfWebhook(WebhookEndpoint):
    parameters = PAGED

    @describes("Its messages of 30 days, and what became of them", gives=DeliveryOut, pages=True)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(request, self.webhook().deliveries.all(), DeliveryOut.from_model)


class ReplayDelivery(WebhookEndpoint):
    @describes("Send a message again, under the same id", gives=DeliveryOut, once=True)
    @once()
    def post(self, request: Request, project: str, pk: int, delivery: int) -> Response:
        rows = Delivery.objects.filter(webhook=self.webhook()).select_related("webhook__project")
        row = replay(delivery=get_object_or_404(rows, pk=delivery), by=self.by)
        return response_of(request, DeliveryOut.from_model(row))


urlpatterns = [
    project_path("webhooks", Webhooks, "webhooks"),
    project_path("webhooks/<int:pk>", OneWebhook, "webhook"),
    project_path("webhooks/<int:pk>/secret", SecretOfWebhook, "webhook_secret"),
    project_path("webhooks/<int:pk>/deliveries", DeliveriesOfWebhook, "deliveries"),
    project_path(
        "webhooks/<int:pk>/deliveries/<int:delivery>/replay", ReplayDelivery, "replay_delivery"
    ),
]
