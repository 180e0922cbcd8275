"""`evalhub decision-link`: links to a decision for people without an account."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.verbs import Printed, user_by_option, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.decision_links.models import DecisionLink

app = typer.Typer(
    no_args_is_help=True, help="Links to one decision, for people without an account."
)

By = Annotated[str | None, typer.Option(help="Owner who acts.", metavar="USER")]


@verb(app)
def make(
    project: "Project",
    decision: Annotated[int, typer.Argument(help="The decision's number.", metavar="DECISION")],
    days: Annotated[
        int | None, typer.Option(help="Days that it opens, 90 at most.", show_default="14")
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Show the items that changed, with their answers.")
    ] = False,
    by: By = None,
) -> Printed:
    """Make a link and print its address, which is shown only once."""
    from evalhub.features.decision_links.api import NewSharedLinkOut
    from evalhub.features.decision_links.sharing import (
        LASTS_DAYS,
        DecisionLinkError,
        share_decision,
    )
    from evalhub.ledger.models import Decision

    rows = Decision.objects.filter(study__project=project).select_related("study__project")
    row = rows.filter(pk=decision).first()
    if row is None:
        raise DecisionLinkError(f"{project} has no decision {decision}")
    lasts = LASTS_DAYS if days is None else days
    new = share_decision(decision=row, by=user_by_option(by), days=lasts, texts=texts)
    note = f"Link {new.link.pk} opens until {new.link.expires:%Y-%m-%d}."
    return Printed(
        new,
        lambda made: NewSharedLinkOut.from_model(made.link, address=made.address),
        [new.address],
        note,
    )


@verb(app, "list")
def list_(project: "Project") -> Printed:
    """List the links that open now."""
    from evalhub.features.decision_links.api import SharedLinkOut
    from evalhub.features.decision_links.models import DecisionLink

    rows = DecisionLink.objects.current().filter(decision__study__project=project)
    links = list(rows.select_related("decision__study__project", "by"))
    note = "" if links else "No links: `evalhub decision-link make DECISION` makes one."
    return Printed(links, SharedLinkOut.from_model, [_line(each) for each in links], note)


@verb(app)
def withdraw(
    project: "Project",
    link: Annotated[int, typer.Argument(help="Its number, as `list` prints it.")],
    by: By = None,
) -> Printed:
    """Withdraw a link: it opens nothing any more."""
    from evalhub.features.decision_links.api import SharedLinkOut
    from evalhub.features.decision_links.models import DecisionLink
    from evalhub.features.decision_links.sharing import DecisionLinkError, withdraw_link

    rows = DecisionLink.objects.filter(decision__study__project=project)
    row = rows.select_related("decision__study__project", "by").filter(pk=link).first()
    if row is None:
        raise DecisionLinkError(f"{project} has no link {link}")
    withdraw_link(link=row, by=user_by_option(by))
    return Printed(row, SharedLinkOut.from_model, [f"Link {link} is withdrawn."])


def _line(link: "DecisionLink") -> str:
    content = "with item texts" if link.texts else "no item texts"
    until = f"{link.expires:%Y-%m-%d}"
    return f"{link.pk}: decision {link.decision_id}, until {until}, {content}, by {link.by}"
