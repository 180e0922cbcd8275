"""A site that is away while a live experiment runs: clients go on, and the record says what is
missing.

Only the clock of the clients is simulated: a minute of theirs takes as long as its requests do.
"""

import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil
import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from tests.e2e.test_live_experiment import (
    CHALLENGER,
    CHAMPION,
    PATIENCE_S,
    PLAN,
    PREPARE,
    Desk,
    program_of,
    python,
)
from tests.serving.site import Site, ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.alone]

MINUTES = 130
AWAY = range(70, 75)
"""Of the clients' minutes, those in which the site is dead."""
USERS_A_MINUTE = 10
LATE_USERS = [f"late-{number}" for number in range(40)]
AGE = """
from tests.migrated import set_up_migrated
set_up_migrated()
from datetime import timedelta
from django.db.models import F
from evalhub.features.experiments.models import Experiment, Step
Step.objects.update(since=F("since") - timedelta(hours=3))
Experiment.objects.update(started=F("started") - timedelta(hours=3))
"""


@contextmanager
def hanging(site: Site) -> Iterator[None]:
    """The site takes connections and answers nothing."""
    process = psutil.Process(site.pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def kill(site: Site) -> None:
    """SIGKILL, as the system does when memory is short."""
    process = psutil.Process(site.pid)
    for one in [*process.children(recursive=True), process]:
        one.send_signal(signal.SIGKILL)
    process.wait()


def request(user: str, at: datetime, model: str, arm: str) -> dict[str, Any]:
    values = {"user": user, "model": model, "arm": arm, "cost_usd": 0.005}
    return {"id": f"{user} {at:%H%M}", "time": at.isoformat()} | values


class Clients:
    """They route by rules in their memory, and send each minute's requests once."""

    def __init__(self, desk: Desk, local: dict[str, Any], start: datetime) -> None:
        self.desk, self.local, self.start = desk, local, start
        self.arms: dict[str, tuple[str, str]] = {}
        self.dropped = 0

    def live_through(self, minutes: Sequence[int]) -> None:
        for minute in minutes:
            self.local["poll"]()
            at = self.start + timedelta(minutes=minute, seconds=30)
            users = [f"user-{minute % 20}-{number}" for number in range(USERS_A_MINUTE)]
            rows = [request(user, at, *self.route(user)) for user in users]
            try:
                self.desk.send(rows)
            except (OSError, HTTPException):
                self.dropped += len(rows)

    def route(self, user: str) -> tuple[str, str]:
        routed: tuple[str, str] = self.local["route"]("model", user, "own")
        assert self.arms.setdefault(user, routed) == routed, "nobody changes the arm"
        return routed


def answers_too_late(desk: Desk) -> list[str]:
    """What OpenFeature's client gives its users while the site hangs: the variants."""
    headers = {"Authorization": f"Bearer {desk.token}"}
    provider = OFREPProvider(desk.site.url, headers_factory=lambda: headers, timeout=0.1)
    api.set_provider(provider)
    client = api.get_client()
    try:
        with hanging(desk.site):
            details = [
                client.get_string_details("model", CHAMPION, EvaluationContext(user))
                for user in LATE_USERS
            ]
    finally:
        provider.session.close()
        api.clear_providers()
    assert {one.value for one in details} == {CHAMPION}
    return [one.variant or "" for one in details]


def users_of_page(desk: Desk, number: int) -> str:
    """What the experiment's page says of its users."""
    page = ask(desk.site.port, f"/experiments/{number}/", Cookie=f"sessionid={desk.session}")
    assert page.status == 200
    section = page.text.partition("users-title")[2].partition("</section>")[0]
    return unescape(re.sub(r"<[^>]+>", " ", section))


def started(desk: Desk) -> int:
    plan: Mapping[str, Any] = PLAN | {"ramp": [0.5]}
    body = {
        "name": "Try the adapter",
        "challenger": "lora@1",
        "challenger_name": CHALLENGER,
        "champion_name": CHAMPION,
        "plan": plan,
        "reason": "An owner's word.",
    }
    number: int = desk.call("experiments", body)["id"]
    python(desk.site, AGE)
    return number


def test_what_was_missed_while_the_site_was_killed_is_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    with ExitStack() as stack:
        site = stack.enter_context(up(tmp_path))
        desk = Desk(site, *python(site, PREPARE).split())
        number = started(desk)
        local = program_of(desk, monkeypatch)
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2, minutes=40)
        clients = Clients(desk, local, start)
        clients.live_through(range(AWAY.start))
        variants = answers_too_late(desk)
        kill(site)
        clients.live_through(AWAY)
        assert clients.dropped == len(AWAY) * USERS_A_MINUTE
        up_again = up(again, "--port", str(site.port), again=True, EVALHUB_HOME=str(site.home))
        stack.enter_context(up_again)
        clients.live_through(range(AWAY.stop, MINUTES))
        at = start + timedelta(minutes=MINUTES)
        desk.send(
            [
                request(user, at, CHAMPION, arm)
                for user, arm in zip(LATE_USERS, variants, strict=True)
            ]
        )

        arms = {"champion": CHAMPION, "challenger": CHALLENGER}
        assert {arm: model for model, arm in clients.arms.values()} == arms
        end = time.monotonic() + 2 * PATIENCE_S  # whoever was killed may hold a lease
        first = start + timedelta(minutes=AWAY.start)
        received = (MINUTES - len(AWAY)) * USERS_A_MINUTE + len(LATE_USERS)
        missed = round(len(AWAY) * received / (MINUTES - len(AWAY) + 1))
        gap = f"Silent from {first:%Y-%m-%d %H:%M} UTC for 5 minutes: about {missed} requests."
        while gap not in (text := users_of_page(desk, number)):
            assert time.monotonic() < end, text
            time.sleep(1)
        assert "In 5 minutes no request came" in text
        assigned = [clients.route(user)[1] for user in LATE_USERS].count("challenger")
        assert f"{assigned} requests of challenger's users got the caller's own default" in text
        assert desk.call(f"experiments/{number}")["state"] == "running"
