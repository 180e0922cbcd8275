"""The OpenFeature client for Python asks a real server, and what it does where no answer comes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails

from evalhub.features.experiments.starting import FLAG
from evalhub.features.experiments.steps import newest_step
from evalhub.features.traffic.keeping import settings_of, user_hash
from evalhub.serving.flags import FlagsFirst
from tests.cast import Team
from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION, an_experiment
from tests.features.experiments.routing.asking import Asker, an_asker, an_asker_without_a_site
from tests.features.experiments.routing.test_wsgi import below
from tests.serving.test_draining import a_server

OWN = "the caller's own"
USERS = [f"user-{number}" for number in range(60)]


@contextmanager
def served(asker: Asker, *, drains: bool = False) -> Iterator[str]:
    """The address of a server that answers flags by the asker's rules."""
    with a_server(FlagsFirst(below, asker.evaluations)) as (server, port):
        running = threading.Thread(target=server.run)
        running.start()
        if drains:
            server.stop(60)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(0)
            running.join()


@contextmanager
def client(url: str, token: str, timeout: float = 5.0) -> Iterator[OpenFeatureClient]:
    provider = OFREPProvider(
        url, headers_factory=lambda: {"Authorization": f"Bearer {token}"}, timeout=timeout
    )
    api.set_provider(provider)
    try:
        yield api.get_client()
    finally:
        provider.session.close()
        api.clear_providers()


def ask(
    client: OpenFeatureClient, user: str | None = "user-7", flag: str = FLAG
) -> FlagEvaluationDetails[str]:
    context = EvaluationContext(user, {"plan": "free"})
    return client.get_string_details(flag, OWN, context)


def test_each_user_gets_the_arm_that_the_rule_says(team: Team) -> None:
    experiment = an_experiment(team, share=0.3)
    asker, settings = an_asker(team), settings_of(team.project)
    rule = newest_step(experiment).rule
    names = {"champion": CHAMPION, "challenger": CHALLENGER, "": CHAMPION}
    with served(asker) as url, client(url, asker.secret) as program:
        for user in USERS:
            details = ask(program, user)
            arm = rule.variant(user_hash(user, settings)) or ""
            assert (details.value, details.variant) == (names[arm], arm)
            assert details.reason == "SPLIT"
            assert details.flag_metadata["experiment"] == experiment.pk
            assert details.error_code is None


def test_after_the_end_everybody_gets_the_champion() -> None:
    asker = an_asker_without_a_site(coverage=0.0)
    with served(asker) as url, client(url, asker.secret) as program:
        details = ask(program)
    assert (details.value, details.reason, details.variant) == (CHAMPION, "STATIC", "")


@pytest.mark.parametrize(
    ("user", "flag", "token", "code"),
    [
        ("user-7", "none", None, ErrorCode.FLAG_NOT_FOUND),
        (None, FLAG, None, ErrorCode.TARGETING_KEY_MISSING),
        ("x" * 201, FLAG, None, ErrorCode.INVALID_CONTEXT),
        ("user-7", FLAG, "evh_unknown", ErrorCode.GENERAL),
        ("user-7", FLAG, "", ErrorCode.GENERAL),
    ],
)
def test_a_refusal_gives_the_callers_own_default(
    user: str | None, flag: str, token: str | None, code: ErrorCode
) -> None:
    asker = an_asker_without_a_site()
    with served(asker) as url, client(url, asker.secret if token is None else token) as program:
        details = ask(program, user, flag)
    assert (details.value, details.reason, details.variant) == (OWN, "ERROR", None)
    assert details.error_code == code


def test_who_asked_too_often_asks_no_more_for_a_while() -> None:
    asker = an_asker_without_a_site(most=1)
    with served(asker) as url, client(url, asker.secret) as program:
        assert ask(program).value in (CHAMPION, CHALLENGER)
        assert "Rate limited" in str(ask(program).error_message)
        details = ask(program)
    assert details.value == OWN
    assert "paused" in str(details.error_message)


def test_no_answer_in_time_gives_the_callers_own_default() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with client(url, "evh_any", timeout=0.1) as program:
            details = ask(program)
    assert (details.value, details.reason, details.variant) == (OWN, "ERROR", None)
    assert "timed out" in str(details.error_message)


def test_a_server_that_is_away_gives_the_callers_own_default() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with client(url, "evh_any", timeout=0.1) as program:
        assert ask(program).value == OWN


def test_a_server_that_drains_answers_flags_as_before() -> None:
    asker = an_asker_without_a_site()
    with served(asker, drains=True) as url, client(url, asker.secret) as program:
        assert [ask(program, user).error_code for user in USERS] == [None] * len(USERS)
