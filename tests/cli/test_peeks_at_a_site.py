"""`compare` and `decide` with `--server`: the site that knows the items takes the number."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Project, Role, Scope, User
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.client.connection import Connection
from evalhub.decision.levels import level_of
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.models import Ledger, Look, Peek
from tests.cli.peeking import (
    ALPHA,
    Capture,
    asked,
    candidate,
    compared,
    desk,
    look,
    one_question_about_many_documents,
    studied,
)
from tests.cli.test_peeks import logged
from tests.cli.test_peeks_of_scores import POLICY, policy_applied, rows_of_scores
from tests.fakes.breaking_proxy import LOST, UNHEARD, BreakingProxy
from tests.studies.desks import Desk, ran

__all__ = ["desk"]

pytestmark = pytest.mark.django_db(transaction=True)
MIXED = """
  second: {role: primary, metric: contains, test_set: triage}
  advice: {role: guard, metric: exact_match, test_set: triage, margin: 0.2, tier: advisory}
"""
SCOPES = Scope.READ, Scope.INGEST, Scope.DECIDE


class Site:
    """The site, and what commands ask of it.

    Attributes:
        bodies: of each request for a charge.
    """

    def __init__(self, url: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url, self.desk, self.environment = url, desk, monkeypatch
        self.project = Project.objects.get(slug="desk")
        self.eva = User.objects.create(username="eva", email="eva@example.org")
        self.project.memberships.create(user=self.eva, role=Role.EVALUATOR)
        self.bodies: list[Any] = []
        usual = Connection._once

        def once(*args: Any) -> Any:
            _, _, path, body, _ = args
            if path == "/peeks":
                self.bodies.append(json.loads(body))
            return usual(*args)

        monkeypatch.setattr(Connection, "_once", once)
        monkeypatch.setattr("evalhub.client.connection.LONGEST_WAIT_S", 0.01)
        self.token()

    def token(self, *scopes: Scope, project: Project | None = None) -> None:
        """The commands' token."""
        of = project or self.project
        name = f"CI {of.tokens.count()}"
        token = add_token(project=of, user=self.eva, name=name, scopes=scopes or SCOPES, by=None)
        self.environment.setenv("EVALHUB_TOKEN", token.secret)

    def as_seen_by_commands(self, *, home: bool) -> None:
        """Whether the commands run in the site's home, or in none."""
        at = "home" if home else "nowhere"
        self.environment.setenv("EVALHUB_HOME", str(self.desk.folder / at))


@pytest.fixture
def site(
    desk: Desk, live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """The site knows the items; nobody has looked, and commands run where there is no home."""
    settings.HOME, settings.SITE_URL = desk.folder / "home", live_server.url
    ran(desk)
    site = Site(live_server.url, desk, monkeypatch)
    monkeypatch.setenv("EVALHUB_SERVER", site.url)
    site.as_seen_by_commands(home=False)
    return site


def decided(site: Site, capsys: Capture, slug: str) -> dict[str, Any]:
    """A study's decision in the site's home."""
    site.as_seen_by_commands(home=True)
    record = studied(site.desk, capsys, slug)
    site.as_seen_by_commands(home=False)
    return record


def failed(desk: Desk, capsys: Capture, *options: str) -> tuple[int, str]:
    """The exit code of a compare, and what it says."""
    at = desk.folder
    files = [str(at / f"{arm}.triage.jsonl") for arm in ("base", "tuned")]
    usual = ["--test-set", str(at / "triage.jsonl"), "--metric", "exact_match"]
    capsys.readouterr()
    code = run(["compare", *files, *usual, *options])
    return code, capsys.readouterr().err


@pytest.mark.heavy
def test_ten_are_compared_at_a_site_and_the_best_is_decided_there_at_its_number(
    site: Site, capsys: Capture
) -> None:
    for number in range(1, 11):
        candidate(site.desk, number)
        record = compared(site.desk, capsys)
        assert look(record) == (number, pytest.approx(level_of(number, alpha=ALPHA)))
        assert record["registered"]
        assert record["ledger"]["home"] == Ledger.objects.get().name.hex
    assert look(compared(site.desk, capsys)) == look(record), "the same again is free"
    best = decided(site, capsys, "best")
    assert look(best) == look(record)
    assert best["ledger"]["test_sets"][0]["claim"] == record["ledger"]["test_sets"][0]["claim"]
    candidate(site.desk, 11)
    assert look(compared(site.desk, capsys))[0] == 11
    assert (Peek.objects.count(), Look.objects.count()) == (11, 1)
    assert chain_faults() == []


def test_the_record_is_the_one_that_the_site_s_own_home_would_have_written(
    site: Site, capsys: Capture
) -> None:
    there = compared(site.desk, capsys)
    site.as_seen_by_commands(home=True)
    site.environment.delenv("EVALHUB_SERVER")
    assert compared(site.desk, capsys) == there
    assert Peek.objects.count() == 1


@pytest.mark.heavy
@pytest.mark.parametrize("settings_", ["", "ledger: all", "primaries: any-of", "ledger: 'off'"])
def test_the_same_policy_in_the_site_s_own_home_has_the_same_record(
    site: Site, capsys: Capture, settings_: str
) -> None:
    policy = POLICY.format(settings=settings_) + MIXED
    there = []
    for right in (30, 31):
        rows_of_scores(site.desk, right, 59)
        there.append(policy_applied(site.desk, capsys, policy))
    peeks = Peek.objects.count()
    site.as_seen_by_commands(home=True)
    site.environment.delenv("EVALHUB_SERVER")
    for right, record in zip((30, 31), there, strict=True):
        rows_of_scores(site.desk, right, 59)
        assert policy_applied(site.desk, capsys, policy) == record
    assert (Peek.objects.count(), len(site.bodies)) == (peeks, 0 if "off" in settings_ else 2)


def test_no_text_no_answer_and_no_id_is_sent(site: Site, capsys: Capture) -> None:
    """But fingerprints, scores, clusters as numbers, the metric and the files' names."""
    names = [f"q{i}" for i in range(60)]
    rows = [
        {"id": name, "input": f"Question {i}?", "reference": "right", "team": f"of-{i % 20}"}
        for i, name in enumerate(names)
    ]
    site.desk.rows("triage.jsonl", rows)
    compared(site.desk, capsys, "--cluster", "team")
    [body] = site.bodies
    text = json.dumps(body)
    assert [each for each in (*names, "Question", "right", "wrong", "of-1") if each in text] == []
    [claim] = body["claims"]
    assert claim["items"]["clusters"] == [1 + i % 20 for i in range(60)]
    assert set(claim["candidate"]["scores"]) == {0.0, 1.0}
    assert body["sources"] == ["base.triage.jsonl", "tuned.triage.jsonl", "triage.jsonl"]


def test_a_network_that_breaks_takes_one_number(site: Site, capsys: Capture) -> None:
    """The request is lost, then its answer, then it comes through."""
    breaks = {"/api/v1/projects/desk/peeks": [LOST, UNHEARD]}

    def how(method: str, path: str, before: int) -> str:
        left = breaks.get(path, [])
        return left.pop(0) if left else ""

    with BreakingProxy(site.url, how) as network:
        record = compared(site.desk, capsys, "--server", network.url)
    assert look(record)[0] == 1
    assert (len(site.bodies), Peek.objects.count()) == (3, 1)
    assert look(compared(site.desk, capsys)) == look(record)


def test_invalid_evidence_takes_no_number_and_asks_nothing(site: Site, capsys: Capture) -> None:
    site.desk.answers("tuned", "triage", ["right"] * 59)
    record = compared(site.desk, capsys)
    assert (record["verdict"], record["ledger"], Peek.objects.count()) == ("invalid", None, 0)
    assert "Unregistered" not in record["headline"]
    assert site.bodies == []


def test_what_the_ledger_itself_refuses_is_invalid_and_takes_no_number(
    desk: Desk, live_server: LiveServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items that were drawn from a pool for a candidate have been judged at the whole of alpha."""
    desk.study["test_sets"]["triage"]["draw"] = 60
    ran(desk)
    site = Site(live_server.url, desk, monkeypatch)
    assert decided(site, capsys, "drawn")["ledger"]["test_sets"][0]["arms"] == 1
    candidate(desk, 5)
    record = compared(desk, capsys, "--server", site.url)
    assert record["verdict"] == "invalid"
    assert "were drawn for another look" in record["invalid"][0]
    assert (len(site.bodies), Peek.objects.count()) == (1, 0)


def test_items_that_the_site_does_not_know_are_unregistered(site: Site, capsys: Capture) -> None:
    rows = ({"id": f"q{i}", "input": f"Fresh {i}?", "reference": "right"} for i in range(60))
    site.desk.rows("triage.jsonl", rows)
    record = compared(site.desk, capsys)
    assert record["headline"].startswith("Unregistered: ")
    assert (record["alpha"], record["ledger"], Peek.objects.count()) == (ALPHA, None, 0)
    assert len(site.bodies) == 1


def test_another_project_s_items_are_not_known_but_count_once_it_has_one(
    site: Site, capsys: Capture
) -> None:
    compared(site.desk, capsys)
    other = Project.objects.create(name="Other", slug="other")
    other.memberships.create(user=site.eva, role=Role.EVALUATOR)
    site.token(*SCOPES, project=other)
    candidate(site.desk, 5)
    assert compared(site.desk, capsys)["headline"].startswith("Unregistered: ")
    rows_of_scores(site.desk, 30, 60)
    by_ids = policy_applied(site.desk, capsys, POLICY.format(settings=""))
    assert by_ids["headline"].startswith("Unregistered: ")
    assert Peek.objects.count() == 1
    site.desk.study |= {"project": "other", "slug": "there"}
    ran(site.desk)
    assert look(compared(site.desk, capsys))[0] == 2


def test_clusters_contexts_and_several_answers_are_the_same_claim(
    desk: Desk, live_server: LiveServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_question_about_many_documents(desk)
    site = Site(live_server.url, desk, monkeypatch)
    site.as_seen_by_commands(home=False)
    first = compared(desk, capsys, "--cluster", "cluster", "--server", site.url)
    later = decided(site, capsys, "later")
    assert look(later) == look(first)
    assert first["ledger"]["test_sets"][0]["claim"] == later["ledger"]["test_sets"][0]["claim"]


def test_a_log_is_judged_at_a_site(site: Site, capsys: Capture) -> None:
    files = [logged(site.desk, name, right) for name, right in (("old", 20), ("new", 40))]
    from_rows = ["--from", "json", "--metric", "exact_match"]
    numbers = [
        [row["number"] for row in record["ledger"]["test_sets"]]
        for record in (
            asked(site.desk, capsys, "compare", *files, *from_rows),
            asked(site.desk, capsys, "compare", *files, *from_rows),
        )
    ]
    assert numbers == [[1], [1]]
    assert Peek.objects.count() == 1


@pytest.mark.parametrize("settings_", ["", "ledger_at: server"])
def test_several_criteria_of_one_decide_are_one_reading(
    site: Site, capsys: Capture, settings_: str
) -> None:
    for number in (1, 2):
        rows_of_scores(site.desk, 30 + number, 59)
        record = policy_applied(site.desk, capsys, POLICY.format(settings=settings_))
        assert look(record)[0] == number
        assert record["registered"]
    out = site.desk.folder / "record.json"
    out.write_text(json.dumps(record))
    assert run(["decision", "verify", str(out)]) == 0, capsys.readouterr().out
    assert chain_faults() == []


def refused(desk: Desk, capsys: Capture, policy: str) -> str:
    """Why `decide` gives no verdict."""
    (desk.folder / "policy.yaml").write_text(policy)
    files = [str(desk.folder / name) for name in ("policy.yaml", "scores.jsonl")]
    capsys.readouterr()
    assert run(["decide", files[0], "--evidence", files[1]]) == 64
    return capsys.readouterr().err


def test_a_policy_that_wants_a_server_s_ledger_gets_no_verdict_without_one(
    site: Site, capsys: Capture
) -> None:
    rows_of_scores(site.desk, 30, 60)
    text = (site.desk.folder / "scores.jsonl").read_text()
    (site.desk.folder / "scores.jsonl").write_text(text.replace('"q', '"z'))
    policy = POLICY.format(settings="ledger_at: server")
    assert "the server's ledger doesn't know the items" in refused(site.desk, capsys, policy)
    assert Peek.objects.count() == 0
    if connection.vendor == "sqlite":  # a database that is a server makes a home a server's
        site.environment.delenv("EVALHUB_SERVER")
        assert "by `--server URL`" in refused(site.desk, capsys, policy)


def test_a_server_s_own_home_decides_by_such_a_policy(site: Site, capsys: Capture) -> None:
    site.as_seen_by_commands(home=True)
    site.environment.delenv("EVALHUB_SERVER")
    rows_of_scores(site.desk, 30, 60)
    policy = POLICY.format(settings="ledger_at: server")
    assert look(policy_applied(site.desk, capsys, policy))[0] == 1


def test_a_server_that_was_set_up_just_now_says_so(
    site: Site, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(site, capsys, "first")
    rows_of_scores(site.desk, 30, 60)
    policy = POLICY.format(settings="ledger_at: server")
    note = "Note: this ledger was begun less than a day before this look."
    assert note in policy_applied(site.desk, capsys, policy)["headline"]
    without = policy_applied(site.desk, capsys, POLICY.format(settings=""))
    assert "Note:" not in without["headline"]
    assert without["ledger"]["begun"] == {"by": "first-day", "in_ci": False}
    monkeypatch.setattr("evalhub.ledger.ledger_origin.FIRST_DAY", timedelta(0))
    assert "Note:" not in policy_applied(site.desk, capsys, policy)["headline"]


def test_many_claims_go_as_a_file(
    site: Site, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compared(site.desk, capsys)
    monkeypatch.setattr("evalhub.ledger.site_ledger.AS_UPLOAD", 100)
    assert look(compared(site.desk, capsys)) == look(first)
    assert site.bodies[1]["file"].startswith("sha256:")
    assert Peek.objects.count() == 1


def test_who_may_not_decide_gets_no_charge(site: Site, capsys: Capture) -> None:
    site.token(Scope.READ, Scope.INGEST, Scope.RUN)
    code, told = failed(site.desk, capsys)
    assert code == 64
    assert "403" in told
    assert "needs the scope decide" in told
    site.token()
    code, told = failed(site.desk, capsys, "--project", "nobody")
    assert code == 64
    assert "Is nobody the project of the token?" in told
    assert Peek.objects.count() == 0


@pytest.mark.parametrize(
    ("variables", "options", "code", "says"),
    [
        ({"EVALHUB_SERVER": ""}, [], 64, "is there, and empty"),
        ({"EVALHUB_TOKEN": ""}, [], 64, "there is no token"),
        ({}, ["--server", "http://example.org"], 64, "https is needed"),
        ({}, ["--server", "http://127.0.0.1:1"], 69, "127.0.0.1:1 doesn't answer"),
    ],
)
def test_without_a_site_that_answers_nothing_is_judged(
    site: Site,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    options: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.setattr("evalhub.client.connection.FIRST_PATIENCE_S", 0.0)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ended, told = failed(site.desk, capsys, *options)
    assert (ended, says in told) == (code, True), told


@pytest.mark.parametrize("option", [["--token-file", "token"], ["--project", "desk"]])
def test_what_is_for_a_site_goes_with_one(
    site: Site, capsys: Capture, option: list[str], tmp_path: Path
) -> None:
    site.environment.delenv("EVALHUB_SERVER")
    code, told = failed(site.desk, capsys, *option)
    assert (code, "goes with --server URL" in told) == (64, True), told
