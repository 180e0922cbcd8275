"""Limits on guessing passwords, counted in the database for all processes together.

allauth counts; these are the rates, and how long somebody has to wait. Its own limit on an account
could be kept full by anybody, from anywhere, so that the account's owner never got in.
"""

from math import ceil
from time import time

from allauth.core.internal.ratelimit import (
    Rate,
    RateLimitUsage,
    consume,
    get_cache_key,
    get_rates,
)
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User

APP = "evalhub.accounts"
RATES = {
    "account_from_address": "5/5m/key",
    "address": "30/10m/ip",  # whatever the account
    "account": "50/h/key",  # from anywhere: slow enough that passwords can't be guessed
}


class TooManyGuesses(Exception):
    """No password is looked at before `seconds` have passed."""

    def __init__(self, seconds: int, *, first: bool) -> None:
        super().__init__(f"Too many wrong passwords: try again in {seconds} s.")
        self.seconds = seconds
        self.first = first  # of those that the limit refuses


def take_guess(request: HttpRequest, *, name: str, address: str) -> RateLimitUsage:
    """Counts a guess at an account's password, before it is looked at; a right one is rolled back.

    Raises:
        TooManyGuesses: there were too many. This one isn't counted.
    """
    account = _account(name)
    keys = {"account_from_address": f"{account} from {address}", "account": account}
    usage_taken = RateLimitUsage(usage=[])
    for action in RATES:
        usage = consume(request, app=APP, action=action, config=RATES, key=keys.get(action))
        if usage is None:
            usage_taken.rollback()
            limit = _limit(request, action, keys.get(action))
            seconds = _wait(*limit)
            raise TooManyGuesses(seconds, first=cache.add(f"{limit[0]}:told", True, seconds))
        usage_taken.usage += usage.usage
    return usage_taken


@transaction.atomic
def note_failure(*, name: str, action: Action) -> None:
    """Notes it of an account that there is: of names that nobody has there is no end."""
    if user := _account_named(name):
        note(action, by=None, about=user)


def _account(name: str) -> str:
    """One cache key for an account's name and its mail address, in any spelling."""
    user = _account_named(name)
    return f"account {user.pk}" if user else f"nobody {name.casefold()}"


def _account_named(name: str) -> User | None:
    accounts = User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name))
    return accounts.order_by("pk").first()


def _limit(request: HttpRequest, action: str, key: str | None) -> tuple[str, Rate]:
    """The cache key of recent guesses (newest first), and the rate that they are held to."""
    [rate] = get_rates(app=APP, action=action, config=RATES)
    return get_cache_key(request, app=APP, action=action, rate=rate, key=key), rate


def _wait(cache_key: str, rate: Rate) -> int:
    """Seconds until the oldest guess that counts is forgotten."""
    guesses = cache.get(cache_key, [])
    return max(1, ceil(guesses[-1] + rate.duration - time())) if guesses else 1
