"""`evalhub webhook`: the addresses to which a project sends its events."""

from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.webhooks.models import Delivery, Webhook
    from evalhub.features.webhooks.registering import NewSecret

app = typer.Typer(no_args_is_help=True, help="Webhooks: messages from a project to other programs.")

Number = Annotated[int, typer.Argument(help="Its number, as `list` prints it.", metavar="NUMBER")]


@verb(app)
def add(
    project: "Project",
    url: Annotated[str, typer.Argument(help="The address, https://…", metavar="URL")],
    event: Annotated[
        list[str] | None,
        typer.Option(
            help="decision.made, champion.changed, campaign.finished, run.failed or model.changed. "
            "Repeatable.",
            show_default="all of them",
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="Allow a private network, this machine, and http://."),
    ] = False,
) -> Printed:
    """Create a webhook and print its secret, which is shown only once."""
    from evalhub.accounts.events import EventType
    from evalhub.features.webhooks.registering import add_webhook

    events = event or list(EventType)
    new = add_webhook(project=project, by=None, url=url, events=events, private=private)
    names = ", ".join(new.webhook.events)
    note = f"Webhook {new.webhook.pk} gets: {names}. The secret isn't shown again."
    return Printed(new, _with_secret, [new.secret], note)


@verb(app, "list")
def list_(project: "Project") -> Printed:
    """List a project's webhooks, and the newest messages to each."""
    webhooks = list(project.webhooks.all())
    lines = [line for webhook in webhooks for line in _lines(webhook)]
    note = "" if webhooks else "No webhooks yet: `evalhub webhook add URL` makes one."
    return Printed(webhooks, _with_deliveries, lines, note)


@verb(app)
def replay(project: "Project", message: Number) -> Printed:
    """Send a message again, under the same id."""
    from evalhub.features.webhooks.api import DeliveryOut
    from evalhub.features.webhooks.models import Delivery
    from evalhub.features.webhooks.registering import WebhookError
    from evalhub.features.webhooks.registering import replay as send_again

    delivery = Delivery.objects.filter(webhook__project=project, pk=message).first()
    if delivery is None:
        raise WebhookError(f"{project} has no message {message}", "NUMBER")
    send_again(delivery=delivery, by=None)
    line = f"{delivery.event} is sent again, by the site or a worker."
    return Printed(delivery, DeliveryOut.from_model, [line])


@verb(app)
def rotate(project: "Project", webhook: Number) -> Printed:
    """Create a new secret and print it; for a day both secrets sign messages."""
    from evalhub.features.webhooks.registering import rotate_secret

    new = rotate_secret(webhook=_webhook_by_number(project, webhook), by=None)
    return Printed(new, _with_secret, [new.secret])


@verb(app)
def remove(project: "Project", webhook: Number) -> Printed:
    """Delete a webhook with its messages."""
    from evalhub.features.webhooks.api import WebhookOut
    from evalhub.features.webhooks.registering import remove_webhook

    row = _webhook_by_number(project, webhook)
    remove_webhook(webhook=copy(row), by=None)
    line = f"{row.url} gets no more messages."
    return Printed(row, WebhookOut.from_model, [line])


def _webhook_by_number(project: "Project", number: int) -> "Webhook":
    from evalhub.features.webhooks.registering import WebhookError

    webhook: Webhook | None = project.webhooks.filter(pk=number).first()
    if webhook is None:
        raise WebhookError(f"{project} has no webhook {number}", "NUMBER")
    return webhook


def _with_secret(new: "NewSecret") -> dict[str, Any]:
    from evalhub.features.webhooks.api import WebhookSecretOut

    return WebhookSecretOut.from_model(new.webhook, secret=new.secret).as_json()


def _with_deliveries(webhook: "Webhook") -> dict[str, Any]:
    from evalhub.features.webhooks.api import DeliveryOut, WebhookOut

    deliveries = [DeliveryOut.from_model(row).as_json() for row in _newest(webhook)]
    return WebhookOut.from_model(webhook).as_json() | {"deliveries": deliveries}


def _newest(webhook: "Webhook") -> "list[Delivery]":
    return list(webhook.deliveries.all()[:20])


def _lines(webhook: "Webhook") -> list[str]:
    state = f"disabled: {webhook.why}" if webhook.disabled else ", ".join(webhook.events)
    lines = [f"{webhook.pk}: {webhook.url} ({state})"]
    for delivery in _newest(webhook):
        end = f", {delivery.error}" if delivery.error else ""
        lines.append(f"  {delivery.pk}: {delivery.event}, {delivery.get_state_display()}{end}")
    return lines
