"""Webhooks: whom a project tells what happens in it; for its owners alone."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.webhooks import (
    DeliveryShape,
    WebhookChangeRequest,
    WebhookRequest,
    WebhookSecretShape,
    WebhookShape,
)
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import (
    add_webhook,
    change_webhook,
    remove_webhook,
    replay,
    rotate_secret,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, listed, shown


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

    @describes("The project's webhooks", gives=WebhookShape, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return listed(request, self.rows(), WebhookShape.of)

    @describes(
        "Make a webhook\n\nIt is told of what happens from now on. Its secret is shown this once.",
        gives=WebhookSecretShape,
        takes=WebhookRequest,
        code=201,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str) -> Response:
        asked = self.body(WebhookRequest)
        made = add_webhook(project=self.project, by=self.by, url=asked.address, events=asked.events)
        found = WebhookSecretShape.made(made.webhook, made.secret)
        return shown(request, found, 201, Location=found.url)


class OneWebhook(WebhookEndpoint):
    parameters = ("fields",)

    @describes("A webhook", gives=WebhookShape)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return shown(request, WebhookShape.of(self.webhook()))

    @describes(
        "Change what it is told, or whether it is told anything",
        gives=WebhookShape,
        takes=WebhookChangeRequest,
        also=(415,),
    )
    def patch(self, request: Request, project: str, pk: int) -> Response:
        webhook, asked = self.webhook(), self.body(WebhookChangeRequest)
        change_webhook(webhook=webhook, by=self.by, events=asked.events, enabled=asked.enabled)
        return shown(request, WebhookShape.of(webhook))

    @describes("Take it away, with its messages", gives=None, code=204, streams=NO_BODY)
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        remove_webhook(webhook=self.webhook(), by=self.by)
        return HttpResponse(status=204)


class SecretOfWebhook(WebhookEndpoint):
    @describes(
        "Make a new secret\n\nFor a day messages are signed by both.",
        gives=WebhookSecretShape,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        made = rotate_secret(webhook=self.webhook(), by=self.by)
        return shown(request, WebhookSecretShape.made(made.webhook, made.secret))


class DeliveriesOfWebhook(WebhookEndpoint):
    parameters = PAGED

    @describes("Its messages of 30 days, and what became of them", gives=DeliveryShape, pages=True)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return listed(request, self.webhook().deliveries.all(), DeliveryShape.of)


class ReplayDelivery(WebhookEndpoint):
    @describes("Send a message again, under the same id", gives=DeliveryShape, once=True)
    @once()
    def post(self, request: Request, project: str, pk: int, delivery: int) -> Response:
        rows = Delivery.objects.filter(webhook=self.webhook()).select_related("webhook__project")
        found = get_object_or_404(rows, pk=delivery)
        return shown(request, DeliveryShape.of(replay(delivery=found, by=self.by)))
