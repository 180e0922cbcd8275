"""The address of a link that a command prints."""

from typing import Annotated

import typer

Url = Annotated[
    str,
    typer.Option(
        help="The site's address, as people use it.",
        show_default="EVALHUB_URL, or what this home's site says",
    ),
]


def site_of(url: str) -> str:
    """What a command's links begin with: --url, or what is known of the site of this home.

    Says on standard error what it assumes where nothing is known. Raises typer.BadParameter.
    """
    from django.core.exceptions import ImproperlyConfigured

    from evalhub.accounts.addresses import LOCALLY, known_address
    from evalhub.env import site_url

    try:
        if address := site_url(url.strip(), name="it") or known_address():
            return address
    except ImproperlyConfigured as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    typer.echo(
        f"No site runs from this home, and EVALHUB_URL isn't set: this assumes {LOCALLY}, where "
        "`evalhub up` listens. --url says another address.",
        err=True,
    )
    return LOCALLY
