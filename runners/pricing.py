"""A backend's price: the study's own, else that of the price table."""

import datetime

from django.conf import settings
from django.utils import timezone

from evalhub.declare.keys import host_and_port
from evalhub.declare.prices import Price, UsedPrice
from evalhub.declare.version import BackendDeclaration
from evalhub.prices.table import AskedAt, prices_here
from runners.backends.asking import BackendError
from runners.backends.endpoints import endpoints


def used_price(
    backend: BackendDeclaration, own: Price | None = None, day: datetime.date | None = None
) -> UsedPrice | None:
    """The price of asking it on a day, by default today; None where nobody said one: nothing is
    guessed. Raises evalhub.io.rows.DataError for what is wrong with the operator's table."""
    if own is not None:
        return UsedPrice(price=own)
    query = asked_at(backend)
    if query is None:
        return None
    return prices_here(settings.HOME).of(query, day or timezone.now().date())


def asked_at(backend: BackendDeclaration) -> AskedAt | None:
    """Where it asks which model, as far as that is known in this process; None where nobody sells
    it, or otherwise than by its list price."""
    sold = backend.seller
    if sold is None:
        return None
    model, url, alias = sold
    if alias is not None:
        try:
            endpoint = endpoints().get(alias)
        except BackendError:  # who asks says what is wrong
            endpoint = None
        url = None if endpoint is None else endpoint.url
    if url is None or "${" in url:  # which only the worker knows
        return AskedAt(model, endpoint=alias or "")
    host, port = host_and_port(url)
    return AskedAt(model, host, port, alias or "")
