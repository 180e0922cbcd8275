"""Rules in memory: read by a thread while somebody asks, kept while the database is away."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from evalhub.accounts.models import ApiToken
from evalhub.accounts.tokens import USED_EVERY, note_uses, token_of
from evalhub.features.experiments.routing.current import CurrentRules
from evalhub.features.experiments.routing.reading import RoutingRules
from tests.cast import Team
from tests.features.experiments.routing.asking import a_token

PATIENCE_S = 30


class Source:
    """A database in which the rules are a number, which may be away."""

    def __init__(self) -> None:
        self.reads, self.is_away = 0, False

    def __call__(self) -> Any:
        self.reads += 1
        if self.is_away:
            raise OperationalError("it is away")
        return RoutingRules({}, {(self.reads, "read"): None})  # type: ignore[dict-item]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def read_number(rules: CurrentRules) -> int:
    current = rules.get()
    assert current is not None
    return next(iter(current.flags))[0]


def test_nothing_is_read_before_somebody_asks() -> None:
    source = Source()
    rules = CurrentRules(source)
    assert source.reads == 0
    assert read_number(rules) == 1


def test_the_rules_are_read_again_and_again() -> None:
    rules = CurrentRules(Source())
    until(lambda: read_number(rules) > 2)


def test_the_last_rules_stay_while_the_database_is_away_and_new_ones_come_after_it() -> None:
    source = Source()
    rules = CurrentRules(source)
    rules.get()
    source.is_away = True
    until(lambda: source.reads > 2)
    kept = read_number(rules)
    until(lambda: source.reads > 4)
    assert read_number(rules) == kept
    source.is_away = False
    until(lambda: read_number(rules) > kept)


def test_without_a_first_reading_there_are_none() -> None:
    source = Source()
    source.is_away = True
    rules = CurrentRules(source)
    assert rules.get() is None
    source.is_away = False
    until(lambda: rules.get() is not None)


def test_a_reading_that_fails_otherwise_ends_nothing() -> None:
    calls = []

    def read() -> RoutingRules:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("a fault of ours")
        return RoutingRules({}, {})

    rules = CurrentRules(read)
    assert rules.get() is None
    until(lambda: rules.get() is not None)


FORK = """
import os, threading
import django
django.setup()
from evalhub.features.experiments.routing.current import CurrentRules
from evalhub.features.experiments.routing.reading import RoutingRules

rules = CurrentRules(lambda: RoutingRules({}, {}))
assert rules.get() is not None
child = os.fork()
if child == 0:
    os._exit(0 if rules.get() is not None and threading.active_count() == 2 else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.heavy
def test_a_process_that_is_forked_reads_by_a_thread_of_its_own() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_uses_of_tokens_are_written_by_the_minute(
    team: Team, django_assert_num_queries: Any
) -> None:
    secret = a_token(team.project, team.eva)
    token = token_of(secret)
    assert token is not None
    note_uses({token.pk})
    token.refresh_from_db()
    assert token.last_used is not None
    long_ago = token.last_used - USED_EVERY
    for before, is_written in ((token.last_used, False), (long_ago, True)):
        ApiToken.objects.update(last_used=before)
        with django_assert_num_queries(1):
            note_uses({token.pk})
        token.refresh_from_db()
        assert (token.last_used != before) == is_written
