"""Endpoints with the models that versions ask there, and today's price of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Max
from django.db.models.fields.json import KT
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.declare.endpoints import Endpoint
from evalhub.declare.keys import host_and_port
from evalhub.declare.prices import UsedPrice
from evalhub.prices.table import AskedAt, Prices, prices_here
from evalhub.registry.models import ModelVersion

PRIVATE = "private network"


@dataclass(frozen=True, slots=True)
class EndpointModel:
    """A model at an endpoint.

    Attributes:
        price: in `currency`, for a million tokens; None where no table lists it.
        versions: how many of those that this person may see ask it.
        newest: the key of the newest of them; None where none does.
    """

    name: str
    price: UsedPrice | None
    currency: str
    versions: int = 0
    newest: int | None = None


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint: its alias, its host (not one in a private network), its models by name."""

    alias: str
    host: str
    models: Sequence[EndpointModel]


def endpoint_lines(endpoints: Mapping[str, Endpoint], user: User) -> list[EndpointLine]:
    """All endpoints by alias, with the models that this person's versions ask there.

    One query. Raises evalhub.io.rows.DataError for what is wrong with the operator's prices.
    """
    versions = ModelVersion.objects.visible_to(user).filter(backend__endpoint__in=list(endpoints))
    named = versions.order_by().annotate(alias=KT("backend__endpoint"), name=KT("backend__model"))
    counted = named.values_list("alias", "name").annotate(
        n=Count("pk", distinct=True), newest=Max("pk")
    )
    prices = prices_here(settings.HOME)
    by_alias: dict[str, list[tuple[str, int, int]]] = {alias: [] for alias in endpoints}
    for alias, name, count, newest in counted:
        by_alias[alias].append((name, count, newest))
    return [
        _line(alias, endpoints[alias], sorted(rows), prices) for alias, rows in by_alias.items()
    ]


def _line(
    alias: str, endpoint: Endpoint, rows: Iterable[tuple[str, int, int]], prices: Prices
) -> EndpointLine:
    host, port = host_and_port(endpoint.url)
    today = timezone.now().date()
    models = [
        EndpointModel(
            name,
            prices.of(AskedAt(name, host, port, alias), today),
            prices.currency,
            versions=count,
            newest=newest,
        )
        for name, count, newest in rows
    ]
    return EndpointLine(alias, PRIVATE if endpoint.private else host, models)
