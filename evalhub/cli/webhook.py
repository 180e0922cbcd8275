"""`evalhub webhook`: whom a project tells what happens in it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.webhooks.models import Delivery, Webhook

app = typer.Typer(no_args_is_help=True, help="Webhooks: whom a project tells what happens in it.")

Of = Annotated[str, typer.Option("--project", help="The project that it is for.", metavar="P")]
Number = Annotated[int, typer.Argument(help="Its number, as `list` says it.", metavar="NUMBER")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="The address, https://…", metavar="URL")],
    project: Of,
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
        typer.Option(
            "--private", help="It may lie in a private network or here, and take http://."
        ),
    ] = False,
    json_: Json = False,
) -> int:
    """Make a webhook and print its secret: it is shown this once."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.events import EventType
    from evalhub.accounts.people import named_project
    from evalhub.features.webhooks.registering import add_webhook

    made = add_webhook(
        project=named_project(project),
        by=None,
        url=url,
        events=event or list(EventType),
        private=private,
    )
    if json_:
        printing.print_json(_row(made.webhook) | {"secret": made.secret})
        return 0
    typer.echo(made.secret)
    told = ", ".join(made.webhook.events)
    typer.echo(f"Webhook {made.webhook.pk} is told: {told}. It isn't shown again.", err=True)
    return 0


@app.command("list")
def list_(project: Of, json_: Json = False) -> int:
    """List a project's webhooks, and the newest messages to each."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project

    hooks = list(named_project(project).webhooks.all())
    messages = {hook.pk: list(hook.deliveries.all()[:20]) for hook in hooks}
    if json_:
        shown = [
            _row(hook) | {"messages": [_message(each) for each in messages[hook.pk]]}
            for hook in hooks
        ]
        printing.print_json(shown)
        return 0
    if not hooks:
        typer.echo("No webhooks yet: `evalhub webhook add URL` makes one.", err=True)
    for hook in hooks:
        state = f"disabled: {hook.why}" if hook.disabled else ", ".join(hook.events)
        typer.echo(f"{hook.pk}: {hook.url} ({state})")
        for each in messages[hook.pk]:
            typer.echo(f"  {each.pk}: {each.event}, {_words(each)}")
    return 0


@app.command()
def replay(message: Number, project: Of, json_: Json = False) -> int:
    """Send a message again, under the same id."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.webhooks.models import Delivery
    from evalhub.features.webhooks.registering import WebhookError
    from evalhub.features.webhooks.registering import replay as sent_again

    found = Delivery.objects.filter(webhook__project=named_project(project), pk=message).first()
    if found is None:
        raise WebhookError(f"{project} has no message {message}", "NUMBER")
    delivery = sent_again(delivery=found, by=None)
    if json_:
        printing.print_json(_message(delivery))
    else:
        typer.echo(f"{delivery.event} is sent again, by the site or a worker.")
    return 0


@app.command()
def rotate(webhook: Number, project: Of, json_: Json = False) -> int:
    """Make a new secret and print it; for a day messages are signed by both."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.webhooks.registering import rotate_secret

    made = rotate_secret(webhook=_named(named_project(project), webhook), by=None)
    if json_:
        printing.print_json(_row(made.webhook) | {"secret": made.secret})
    else:
        typer.echo(made.secret)
    return 0


@app.command()
def remove(webhook: Number, project: Of, json_: Json = False) -> int:
    """Take a webhook away, with its messages."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.webhooks.registering import remove_webhook

    found = _named(named_project(project), webhook)
    row = _row(found)
    remove_webhook(webhook=found, by=None)
    if json_:
        printing.print_json(row)
    else:
        typer.echo(f"{row['url']} is told nothing any more.")
    return 0


def _named(project: "Project", number: int) -> "Webhook":
    from evalhub.features.webhooks.registering import WebhookError

    found: Webhook | None = project.webhooks.filter(pk=number).first()
    if found is None:
        raise WebhookError(f"{project} has no webhook {number}", "NUMBER")
    return found


def _row(webhook: "Webhook") -> dict[str, Any]:
    return {
        "number": webhook.pk,
        "project": webhook.project.slug,
        "url": webhook.url,
        "events": webhook.events,
        "private": webhook.private,
        "disabled": webhook.why if webhook.disabled else None,
    }


def _message(delivery: "Delivery") -> dict[str, Any]:
    return {
        "number": delivery.pk,
        "id": delivery.message_id,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "error": delivery.error,
    }


def _words(delivery: "Delivery") -> str:
    told = delivery.get_state_display()
    return f"{told}, {delivery.error}" if delivery.error else told
