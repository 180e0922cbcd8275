"""The page on routing: its programs run as they stand, its vectors and tables hold."""

import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from pytest_django.live_server_helper import LiveServer

from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.routing.flags import FlagReason
from evalhub.features.experiments.routing.ofrep import EVALUATIONS, LARGEST_CONTEXT, FlagError
from evalhub.features.experiments.starting import FLAG
from evalhub.serving.server import ServerLimits
from tests.cast import Team
from tests.e2e.machine import blocks
from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION, an_experiment
from tests.features.experiments.routing.asking import an_asker, an_asker_without_a_site
from tests.features.experiments.routing.test_openfeature import served
from tests.features.experiments.routing.test_rule import VECTORS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "how-to/route-users.md").read_text(encoding="utf-8")
LOCAL, OPENFEATURE = [
    block.text for block in blocks("how-to/route-users.md") if block.language == "python"
]
USERS = [f"user-{number}" for number in range(60)]
NEVER = "threading.Thread(target=poll_for_ever, daemon=True).start()"


def program(monkeypatch: pytest.MonkeyPatch, url: str, token: str) -> dict[str, Any]:
    """The page's program, whose rules are polled by the test and by no thread."""
    assert NEVER in LOCAL
    monkeypatch.setenv("EVALHUB_RULES", url)
    monkeypatch.setenv("EVALHUB_TOKEN", token)
    names: dict[str, Any] = {}
    exec(compile(LOCAL.replace(NEVER, ""), "route-users.md", "exec"), names)
    return names


def test_the_program_routes_each_user_as_the_site_does_and_keeps_the_last_rules(
    team: Team, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = an_experiment(team, share=0.25)
    asker = an_asker(team)
    url = f"{live_server.url}/api/v1/projects/{team.project.slug}/rules"
    local = program(monkeypatch, url, asker.secret)
    assert local["route"](FLAG, "user-7", "own") == ("own", "")
    for change in (
        lambda: None,
        lambda: None,  # unchanged: 304
        lambda: set_share(experiment=experiment, by=team.eva, share=0.1, reason="Less."),
        lambda: begin_epoch(experiment=experiment, by=team.eva, reason="Anew.", weight=0.2),
        lambda: stop_experiment(experiment=experiment, by=team.eva, reason="Enough."),
    ):
        change()
        local["poll"]()
        asker.rules.refresh()
        for user in USERS:
            value, _, variant = asker.value(user)
            assert local["route"](FLAG, user, "own") == (value, variant)
        assert local["route"]("none", "user-7", "own") == ("own", "")
    last = local["rules"]
    for away in ("http://127.0.0.1:1/", f"{live_server.url}/healthz", url.replace("rules", "x")):
        local["URL"] = away
        local["poll"]()
        assert local["rules"] == last


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\n\r\n<html>Sign in to the network</html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
        b"Good morning\r\n",
        b"",
    ],
)
def test_no_answer_of_somebody_else_ends_the_program_or_changes_its_rules(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        local = program(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}/", "")
        rules = local["rules"]

        def answer_all() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        answering = threading.Thread(target=answer_all, daemon=True)
        answering.start()
        local["poll"]()
        local["poll"]()
        answering.join(timeout=10)
    assert (local["rules"], local["etag"]) == (rules, "")


def test_the_program_has_the_vectors_arms(monkeypatch: pytest.MonkeyPatch) -> None:
    local = program(monkeypatch, "http://127.0.0.1:1/", "")
    for vector in VECTORS:
        start, weight, coverage = 1 - vector["weight"], vector["weight"], vector["coverage"]
        ends = (0, start * coverage), (start, start + weight * coverage)
        names = zip(("champion", "challenger"), ends, strict=True)
        arms = [{"name": arm, "arm": arm, "start": a, "end": b} for arm, (a, b) in names]
        flag = {"flag": FLAG, "salt": vector["salt"], "arms": arms, "default": "champion"}
        local["rules"] = {"flags": [flag], "user_key": vector["user_key"]}
        assert local["route"](FLAG, vector["user"], "own")[1] == vector["arm"]


def test_the_openfeature_program_asks_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    asker = an_asker_without_a_site()
    with served(asker) as url:
        source = OPENFEATURE.replace("https://evalhub.example.org", url)
        source = source.replace("evh_…", asker.secret).replace("timeout=0.1", "timeout=30")
        names: dict[str, Any] = {}
        try:
            exec(compile(source, "route-users.md", "exec"), names)
        finally:
            api.clear_providers()
    assert (names["model"], names["arm"]) in [(CHAMPION, "champion"), (CHALLENGER, "challenger")]
    assert "timeout=0.1" in OPENFEATURE


def test_the_vectors_on_the_page_are_those_of_the_file() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| (\S+) \| (\S+) \| (\w+) \|$", PAGE, re.M)
    assert len(rows) == 4
    unit, place = "", ""
    for user, row_unit, row_place, *rest in rows:
        unit = unit if row_unit == "the same" else row_unit.strip("`")
        place = place if row_place == "the same" else row_place
        values = [user, unit, float(place), float(rest[0]), float(rest[1]), rest[2]]
        assert values in [
            [
                *(vector[name] for name in ("user", "unit", "place", "weight", "coverage")),
                vector["arm"] or "none",
            ]
            for vector in VECTORS
            if (vector["user_key"], vector["salt"]) == ("5f0c", "epoch-1")
        ]


def test_the_page_names_every_reason_and_every_error() -> None:
    assert set(re.findall(r"^\| `([A-Z]+)`", PAGE, re.M)) == set(FlagReason)
    assert all(f"`{error}`" in PAGE for error in FlagError)


def test_the_pages_limits_are_those_of_the_site() -> None:
    limits = (DOCS / "reference/limits.md").read_text(encoding="utf-8")
    assert f"| {LARGEST_CONTEXT // 1024} KiB | a context is" in limits
    assert f"| flags that a token asks for | {EVALUATIONS:,} a minute of each process |" in limits
    assert ServerLimits().strangers_body == LARGEST_CONTEXT
