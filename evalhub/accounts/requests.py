"""The request of somebody who is signed in, as views receive it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request for typing: the site's middleware lets no anonymous one reach these views."""

    user: User
    htmx: HtmxDetails
