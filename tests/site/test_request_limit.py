"""How many requests a run's server is given at a time, on the run's page while it goes on."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Shard
from runners.execute import process_shard
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.test_execute import a_live_run


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.05) as server:
        yield server


def work_until(run: int, seen: str) -> str:
    """Works on the run on another thread until a shard says this; what it says."""
    enough = threading.Event()

    def work() -> None:
        while not enough.is_set() and process_shard(run, stopping=enough.is_set):
            pass
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        until = time.monotonic() + 60
        goes_on = True
        while goes_on:
            goes_on = time.monotonic() < until and worker.is_alive()  # the last look is after that
            for limit in Shard.objects.filter(run=run).values_list("limit", flat=True):
                if seen in limit:
                    return limit
            time.sleep(0.02)
        raise AssertionError(f"no shard said {seen!r}")
    finally:
        enough.set()
        worker.join()


@pytest.mark.django_db(transaction=True)
def test_a_run_s_page_says_how_many_requests_its_server_is_given_and_why(
    server: OpenAIServer, olga: Client, team: Team
) -> None:
    server.misbehave = lambda prompt, attempt: http_error(429) if server._at_once > 3 else None
    run = a_live_run(team, server, 2000, concurrency=8, retries=20)
    limit = work_until(run.pk, "HTTP 429")
    assert limit.split(", ") == [limit[:6], "after HTTP 429"]
    assert limit.endswith(" of 8, after HTTP 429")
    shard = Shard.objects.filter(run=run).first()
    assert shard is not None
    Shard.objects.filter(pk=shard.pk).update(state="claimed", limit=limit)
    for page in ("site:run", "site:run_progress"):
        assert f"Requests at a time: {limit}" in olga.get(reverse(page, args=[run.pk])).text


@pytest.mark.django_db(transaction=True)
def test_a_server_that_takes_all_is_given_what_the_version_allows(
    server: OpenAIServer, olga: Client, team: Team
) -> None:
    run = a_live_run(team, server, 2000, concurrency=8)
    assert work_until(run.pk, "of") == "8 of 8"
    assert "Requests at a time" not in olga.get(reverse("site:run", args=[run.pk])).text, (
        "nobody is at work any more"
    )
