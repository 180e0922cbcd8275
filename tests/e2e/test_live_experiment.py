"""A live experiment from its start to its rollback: a site in a process of its own, clients that
hash by themselves and OpenFeature's, and a challenger that begins to fail."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from playwright.sync_api import BrowserContext

from tests.e2e.machine import blocks
from tests.serving.site import Site, ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.paired, pytest.mark.browser]

USERS = [f"user-{number}" for number in range(5_000)]
BY_OPENFEATURE = 200
"""Of the users; the others' clients hash by themselves."""
CHAMPION, CHALLENGER = "triage", "triage-lora"
NEVER = "threading.Thread(target=poll_for_ever, daemon=True).start()"
PATIENCE_S = 120
PREPARE = """
from tests.migrated import set_up_migrated
set_up_migrated()
from django.test import Client
from evalhub.accounts.tokens import add_token
from tests.cast import a_team
from tests.features.experiments.experiments_of import a_pair
team = a_team()
a_pair(team)
scopes = ["read", "decide", "traffic"]
token = add_token(project=team.project, user=team.olga, name="all", scopes=scopes, by=None).secret
print(token, team.signed_in(team.olga).cookies["sessionid"].value)
"""
AGE = """
from tests.migrated import set_up_migrated
set_up_migrated()
from datetime import timedelta
from django.db.models import F
from evalhub.features.experiments.models import Step
Step.objects.update(since=F("since") - timedelta(hours=2))
"""
PLAN = {
    "primary": {"metric": "cost", "planned_gain": 0.001},
    "guards": [{"metric": "errors", "margin": 0.05}],
    "planned_users": 2_000,
    "ramp": [0.25, 0.5],
    "ramp_hours": 1,
}


@dataclass(frozen=True)
class Desk:
    """A project on a site: its champion and challenger are there."""

    site: Site
    token: str
    session: str

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What REST answers below the project."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = path
        reply = ask(
            self.site.port,
            f"/api/v1/projects/support-desk/{path}",
            method="GET" if body is None else "POST",
            body=None if body is None else json.dumps(body),
            **headers,
        )
        assert reply.status < 300, reply.text
        return json.loads(reply.text)

    def send(self, requests: Sequence[Mapping[str, Any]]) -> None:
        reply = ask(
            self.site.port,
            "/api/v1/projects/support-desk/requests",
            method="POST",
            body="\n".join(map(json.dumps, requests)),
            Authorization=f"Bearer {self.token}",
            Content_Type="application/x-ndjson",
        )
        assert json.loads(reply.text)["requests"] == len(requests), reply.text

    def wait(self, until: Callable[[Any], bool]) -> Any:
        """The experiment, once it is so: the site's own timer follows it."""
        [row] = self.call("experiments")["results"]
        for _ in range(PATIENCE_S):
            shown = self.call(f"experiments/{row['id']}")
            if until(shown):
                return shown
            time.sleep(1)
        pytest.fail(f"not so within {PATIENCE_S} s: {shown}")


def python(site: Site, program: str) -> str:
    """What a process beside the site does to its database, and prints."""
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=site.environment | {"DJANGO_SETTINGS_MODULE": "evalhub.settings", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1] if done.stdout else ""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with up(tmp_path) as site:
        token, session = python(site, PREPARE).split()
        yield Desk(site, token, session)


@pytest.fixture
def local(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return program_of(desk, monkeypatch)


def program_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The program of the page on routing, whose rules are polled by the test."""
    page = "how-to/route-users.md"
    program = next(block.text for block in blocks(page) if NEVER in block.text)
    monkeypatch.setenv("EVALHUB_RULES", f"{desk.site.url}/api/v1/projects/support-desk/rules")
    monkeypatch.setenv("EVALHUB_TOKEN", desk.token)
    names: dict[str, Any] = {}
    exec(compile(program.replace(NEVER, ""), page, "exec"), names)
    return names


def routed(desk: Desk, local: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each user with the model and the arm that their client was told."""
    local["poll"]()
    headers = {"Authorization": f"Bearer {desk.token}"}
    api.set_provider(OFREPProvider(desk.site.url, headers_factory=lambda: headers, timeout=5.0))
    client = api.get_client()
    rows = []
    for user in USERS[:BY_OPENFEATURE]:
        details = client.get_string_details("model", CHAMPION, EvaluationContext(user))
        rows.append((user, details.value, details.variant or ""))
    route = local["route"]
    return rows + [(user, *route("model", user, CHAMPION)) for user in USERS[BY_OPENFEATURE:]]


def answered(
    rows: Sequence[tuple[str, str, str]], hour: str, failing: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Requests as they were answered: of each model every so many fail."""
    now = datetime.now(UTC).isoformat()
    return [
        {
            "id": f"{hour}-{user}",
            "time": now,
            "user": user,
            "model": model,
            "arm": arm,
            "cost_usd": 0.004 if model == CHALLENGER else 0.005 + (number % 7) / 1000,
            "error_type": "" if number % failing[model] else "timeout",
        }
        for number, (user, model, arm) in enumerate(rows)
    ]


def test_a_challenger_that_fails_is_rolled_back_by_itself(
    desk: Desk, local: dict[str, Any], new_context: Callable[..., BrowserContext]
) -> None:
    desk.call(
        "experiments",
        {
            "name": "Try the adapter",
            "challenger": "lora@1",
            "challenger_name": CHALLENGER,
            "champion_name": CHAMPION,
            "plan": PLAN,
            "reason": "An owner's word.",
        },
    )
    time.sleep(1.5)  # each process has the rules within a second
    rows = routed(desk, local)
    arms = Counter(arm for _, _, arm in rows)
    assert abs(arms["challenger"] - 1_250) < 150
    assert abs(arms["champion"] - 1_250) < 150

    desk.send(answered(rows, "first", {CHAMPION: 50, CHALLENGER: 50}))
    users = desk.wait(lambda shown: (shown["users"] or 0) > 2_000)["users"]
    assert users == arms["challenger"] + arms["champion"]
    python(desk.site, AGE)  # as if the first step had lasted for two hours
    desk.send(answered(rows[:1], "later", {CHAMPION: 50, CHALLENGER: 50}))
    desk.wait(lambda shown: shown["share"] == 0.5)

    time.sleep(1.5)
    again = routed(desk, local)
    pairs = zip(rows, again, strict=True)
    moved = [(before, after) for before, after in pairs if before[2] and before != after]
    assert moved == [], "more coverage moves nobody to another arm"
    assert all(arm for _, _, arm in again)

    desk.send(answered(again, "second", {CHAMPION: 50, CHALLENGER: 3}))
    ended = desk.wait(lambda shown: shown["state"] == "rolled-back")
    assert ended["ended_by"] is None
    assert ended["ended_reason"].startswith("Proven harm: ")
    decision = desk.call(f"decisions/{ended['decisions'][0]}")
    assert decision["verdict"] == "hold"

    time.sleep(1.5)
    assert {(model, arm) for _, model, arm in routed(desk, local)} == {(CHAMPION, "")}

    context = new_context()
    cookie = {"name": "sessionid", "value": desk.session, "url": desk.site.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{desk.site.url}/experiments/{ended['id']}/")
    assert page.get_by_text("Proven harm: ").first.is_visible()
    assert "rolled back" in page.inner_text("main")
