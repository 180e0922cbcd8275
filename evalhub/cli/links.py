"""The base address of links that a command prints."""

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
    """The address with which a command's links begin: --url, or the known address of this home's
    site.

    Says on standard error what it assumes where nothing is known. Raises typer.BadParameter.
    """
    from django.core.exceptions import ImproperlyConfigured

    from evalhub.accounts.addresses import LOCALLY, address_or_empty
    from evalhub.env import site_url

    try:
        if address := site_url(url.strip(), name="it") or address_or_empty():
            return address
    except ImproperlyConfigured as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    typer.echo(
        f"No site runs from this home, and EVALHUB_URL isn't set: this assumes {LOCALLY}, where "
        "`evalhub up` listens. --url says another address.",
        err=True,
    )
    return LOCALLY
