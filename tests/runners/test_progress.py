"""How far a run is, by the answers that are kept; how fast; and whether a worker takes it up."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rich.console import Console

from evalhub.accounts.models import Scope, User
from evalhub.accounts.tokens import add_token
from evalhub.frames.command.progress import RunBars
from evalhub.registry.models import Output, Run, Shard
from runners.execute import process_shard
from runners.launch import cancel, resume
from runners.progress import progress_of
from tests.api.conftest import Program
from tests.cast import Team, a_metric
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.test_execute import a_live_run
from tests.runners.test_launch import worked_through

pytestmark = pytest.mark.django_db(transaction=True)


def done(run: Run) -> int:
    return int(Run.objects.with_progress().get(pk=run.pk).items_done)


def kept() -> int:
    return Output.objects.filter(text__isnull=False).count()


def worked_on(run: Run, server: OpenAIServer, requests: int) -> None:
    """By a worker that is told to go once it has asked so much."""
    process_shard(run.pk, stopping=lambda: len(server.requests) >= requests)


@pytest.mark.heavy
def test_what_is_kept_is_counted_and_never_less_than_before(
    team: Team, server: OpenAIServer
) -> None:
    server.latency_s = 0.05
    run = a_live_run(team, server, 200, concurrency=4)
    counts = [done(run)]

    def look() -> None:
        counts.append(done(run))
        assert counts[-1] == kept()

    for requests in (40, 90):
        worked_on(run, server, requests)
        look()
        assert cancel(run, by=None)
        look()
        assert resume(run, by=None)
        look()
    worked_through(run)
    look()
    assert counts == sorted(counts)
    assert 0 < counts[1] < counts[-1] == 200
    assert len(server.requests) < 240  # what was kept was not asked again


def test_what_a_worker_kept_after_it_lost_its_shard_counts(
    team: Team, server: OpenAIServer
) -> None:
    server.latency_s = 0.3
    run = a_live_run(team, server, 60, concurrency=30)

    def cancelled_by_somebody() -> bool:
        if len(server.requests) >= 30:
            cancel(run, by=None)
        return False

    process_shard(run.pk, stopping=cancelled_by_somebody)
    assert run.shards.get().claim is None
    assert 0 < kept() == done(run)


def test_answers_in_error_are_not_kept_ones_and_a_retry_takes_nothing_back(
    team: Team, server: OpenAIServer
) -> None:
    failing = {"Question 3?", "Question 7?"}
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "too hot") if prompt.rpartition(": ")[2] in failing else None
    )
    run = worked_through(a_live_run(team, server, 20))
    assert (run.state, done(run)) == ("failed", 18)
    resume(run, by=None)
    assert done(run) == 18
    failing.clear()
    assert worked_through(run).state == "done"
    assert done(run) == 20


def test_a_metric_that_is_added_takes_no_progress_back(team: Team, server: OpenAIServer) -> None:
    from runners.launch import launch

    run = worked_through(a_live_run(team, server, 20))
    again = launch(
        version=run.version, test_set_version=run.test_set_version, metrics=[a_metric("length")]
    )
    assert (again.pk, again.state, done(run)) == (run.pk, "pending", 20)
    assert worked_through(run).state == "done"
    assert done(run) == 20


def test_a_run_in_trouble_tells_failures_the_first_error_a_rate_and_the_time_left(
    team: Team, server: OpenAIServer, eva: Client
) -> None:
    server.latency_s = 0.05
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "too hot") if prompt.endswith((" 1?", " 2?")) else None
    )
    run = a_live_run(team, server, 200, concurrency=4)
    worked_on(run, server, 60)
    now = timezone.now()
    Run.objects.update(going_since=now - timedelta(seconds=100), done_before=0)
    progress = progress_of(Run.objects.with_progress().with_first_error().get())
    count = done(run)
    assert progress.failures == Output.objects.exclude(error="").count() == 2
    assert "too hot" in progress.first_error
    assert progress.rate is not None
    assert progress.rate == pytest.approx(count / 100, rel=0.2)
    assert progress.minutes_left == pytest.approx((200 - count) / progress.rate / 60, abs=1)
    page = eva.get(reverse("site:run_progress", args=[run.pk])).text
    assert "2 answers failed so far." in page
    assert "too hot" in page
    assert "items a second" in page
    assert "min left" in page
    assert "2 answers failed so far." in eva.get(reverse("site:run", args=[run.pk])).text
    Run.objects.update(done_before=count)  # it was resumed, and nothing has come since
    progress = progress_of(Run.objects.with_progress().with_first_error().get())
    assert (progress.rate, progress.left) == (None, None)


type Say = Callable[[Run], str]


@pytest.fixture
def said(request: pytest.FixtureRequest, team: Team, eva: Client) -> Say:
    def by_page(run: Run) -> str:
        return eva.get(reverse("site:run_progress", args=[run.pk])).text

    def by_program(run: Run) -> str:
        secret = add_token(
            project=team.project,
            user=User.objects.get(username="eva"),
            name=f"ci-{timezone.now():%f}",
            scopes=[Scope.READ],
            by=None,
        ).secret
        program = Program(secret, team.project.slug)
        one, page = program.get(f"/runs/{run.pk}").json(), program.get("/runs").json()
        assert one["waits_for"] in [each["waits_for"] for each in page["results"]]
        return str(one["waits_for"])

    doors: dict[str, Say] = {"page": by_page, "program": by_program}
    return doors[request.param]


@pytest.mark.parametrize("said", ["page", "program"], indirect=True)
@pytest.mark.parametrize(
    ("redis", "start"), [("", "evalhub up"), ("redis://127.0.0.1:9/0", "evalhub worker")]
)
def test_a_run_that_no_worker_takes_up_says_so_and_how_to_start_one(
    team: Team,
    server: OpenAIServer,
    said: Say,
    redis: str,
    start: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, other = a_live_run(team, server, 20), a_live_run(team, server, 30)
    monkeypatch.setattr(settings, "REDIS_URL", redis)
    assert "no worker" not in said(run).lower()  # it may still come
    Run.objects.update(enqueued=timezone.now() - timedelta(seconds=11))
    assert "no worker has taken it up" in said(run).lower()
    assert start in said(run).replace("&#x27;", "'")
    later = timezone.now() + timedelta(seconds=10)
    Shard.objects.filter(run=other).update(state="claimed", lease_until=later)
    assert "no worker" not in said(run).lower()  # one of its kind is busy
    Shard.objects.filter(run=other).update(state="pending")
    Shard.objects.filter(run=run).update(lease_until=later)
    assert "no worker" not in said(run).lower()  # one was just here
    Run.objects.filter(pk=run.pk).update(state="cancelled")
    Shard.objects.update(lease_until=None)
    assert "no worker" not in said(run).lower()


def test_a_command_says_so_once_though_more_runs_come_to_wait(
    team: Team, server: OpenAIServer
) -> None:
    first, _ = a_live_run(team, server, 20), a_live_run(team, server, 30)
    console = Console(file=StringIO(), width=200)
    with RunBars(console) as bars:
        for waiting in (Run.objects.filter(pk=first.pk), Run.objects.all()):
            waiting.update(enqueued=timezone.now() - timedelta(seconds=11))
            bars(list(Run.objects.with_progress()))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.count("o worker has taken") == 1
    assert "No worker has taken it up for over 10 s: start `evalhub up`" in printed


UNATTENDED_STUDY = """\
schema: evalhub.study/1
project: sums
name: Shall we ship?
arms:
  base: {kind: base, backend: {recorded: base.jsonl}}
  tuned: {kind: lora, parent: base, backend: {recorded: tuned.jsonl}}
baseline: base
candidate: tuned
test_sets:
  sums: {file: sums.jsonl, role: primary, metric: {name: exact_match}}
"""


def test_a_study_says_so_too(eva: Client, team: Team, server: OpenAIServer, tmp_path: Path) -> None:
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study
    from evalhub.studies.run.advance import status_of
    from evalhub.studies.run.register import register_study

    (tmp_path / "study.yaml").write_text(
        UNATTENDED_STUDY.replace("project: sums", f"project: {team.project.slug}")
    )
    for name, field in (("sums", "reference"), ("base", "output"), ("tuned", "output")):
        rows = (f'{{"id": "{i}", "input": "{i}?", "{field}": "{i}"}}\n' for i in range(3))
        (tmp_path / f"{name}.jsonl").write_text("".join(rows))
    study = register_study(read_study(tmp_path / "study.yaml", OperatorFile()))
    assert status_of(study).waits_for == "2 of its 2 runs"
    Run.objects.update(enqueued=timezone.now() - timedelta(seconds=11))
    assert "no worker has taken 2 of them up for over 10 s" in status_of(study).waits_for
    page = eva.get(reverse("site:study", args=[study.pk])).text
    assert "No worker has taken 2 of them up for over 10 s" in page
