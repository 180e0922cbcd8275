"""Where examples come from, by command, REST and page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.cli.app import run as cli
from evalhub.declare.data_report import DataReport
from evalhub.declare.declaration import validate
from evalhub.features.examples.models import ExampleCall
from evalhub.registry.data_reports import keep_report
from reviews.examples.queues import create_queue
from reviews.models import Example, ExampleQueue
from tests.cast import Team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.features.examples.sources.test_augmenting import accepted, rewording
from tests.features.examples.sources.test_from_traffic import questions, signal, signalled
from tests.features.traffic.shadow.production import served
from tests.features.traffic.shadow.test_sample_pages import hidden
from tests.features.traffic.test_pages import read

pytestmark = pytest.mark.django_db

type Run = Callable[..., tuple[int, str, str]]
SINCE = "2020-01-01T00:00:00Z"
FORM = {"n": "3", "since": "2020-01-01T00:00", "seed": "1"}


@pytest.fixture
def queue(team: Team) -> ExampleQueue:
    return create_queue(project=team.project, by=team.eva, name="answers")


@pytest.fixture
def run(team: Team, queue: ExampleQueue, capsys: pytest.CaptureFixture[str]) -> Run:
    """`evalhub examples VERB QUEUE …`: the exit code, and what was printed."""

    def command(verb: str, *arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        words = ["examples", verb, queue.pk, *arguments, "--project", "support-desk"]
        return cli(list(map(str, words))), *capsys.readouterr()

    return command


def address(queue: ExampleQueue) -> str:
    return f"/examples/queues/{queue.pk}/sources/"


def test_a_command_draws_requests_and_says_what_is_missing(team: Team, run: Run) -> None:
    served(team, questions(12), users=6, route=["billing", "orders", "orders"])
    signalled(team, signal("r-001", "thumb", 1), signal("r-002", "edit", text="better"))
    wanted = ("--n", 8, "--need", "route:billing=5")
    code, out, _ = run("draw", *wanted, "--dry-run")
    assert code == 0
    assert out.splitlines() == [
        "8 examples would be added, from 12 requests of 6 users.",
        "People found 2 good and 0 bad; 1 have an edited answer.",
        "! route:billing: 4 of 5",
    ]
    assert not Example.objects.exists()
    code, out, _ = run("draw", *wanted, "--by", "eva")
    assert out.startswith("8 examples drawn, 8 added, from 12 requests")
    assert Example.objects.filter(by=team.eva).count() == 8


def a_report(team: Team, *rows: tuple[object, ...]) -> int:
    """A kept report of a training file, whose slices lack so many examples: its number."""
    table = {
        "check": "slices-of-production",
        "topic": "representativeness",
        "title": "Slices",
        "columns": ["slice", "queries", "lacking"],
        "rows": rows,
    }
    report = {
        "schema": "evalhub.data-report/1",
        "file": "train.jsonl",
        "sha256": "0" * 64,
        "layout": "chat",
        "rows": 10,
        "options": {},
        "tables": [table] if rows else [],
        "evalhub": "0",
    }
    stored = keep_report(project=team.project, report=validate(DataReport, report), by=team.eva)
    return int(stored.pk)


def test_a_kept_report_of_a_training_file_says_what_is_needed(team: Team, run: Run) -> None:
    served(team, questions(12), route=["billing", "orders"])
    rows = [("route billing", 0.5, 3), ("route orders", 0.5, 2), ("length short", 1.0, 4)]
    report = a_report(team, *rows, ("language en", 1.0, 0))
    code, out, _ = run("draw", "--need-report", report, "--need", "route:orders=1")
    assert code == 0
    assert out.splitlines()[2:] == ["route:orders: 1 of 1", "route:billing: 3 of 3"]
    for nothing in ((), (("language en", 1.0, 0),)):
        code, _, errors = run("draw", "--need-report", a_report(team, *nothing))
        assert code == 65
        assert "train.jsonl" in errors
    assert "no data report 99" in " ".join(run("draw", "--need-report", 99)[2].split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say how many"),
        (("--need", "billing"), "KIND:NAME=COUNT"),
        (("--n", 3, "--where", "colour=red"), "colour"),
        (("--n", 3, "--since", "soon"), "is no time"),
        (("--n", 3), "keep texts"),
    ],
)
def test_a_command_says_what_a_draw_lacks(
    run: Run, arguments: tuple[object, ...], message: str
) -> None:
    code, _, errors = run("draw", *arguments)
    assert code != 0
    assert message in " ".join(errors.replace("│", " ").split())


def test_a_command_proposes_and_says_before_what_it_may_cost(
    team: Team, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"input": text}) + "\n" for text in questions(4)))
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            http_error(400, "too long") if prompt == questions(4)[1] and attempt == 0 else None
        )
        a_version(team, "writer", backend=server.backend(retries=0), sampling={"max_tokens": 20})
        asked = ("--model", "writer@1", "--inputs", path)
        _, out, _ = run("propose", *asked, "--dry-run")
        assert "4 calls would be made." in out
        assert "At most " in out
        assert "No price is known." in out
        assert not server.requests
        code, out, _ = run("propose", *asked)
        assert code == 0
        assert "3 examples from 3 answers (4 new calls; no price is known)" in out
        assert "! 1 call failed: --again asks them again." in out
        assert "too long" in out
        code, out, _ = run("propose", "--model", "writer", "--again")
        assert "4 examples from 4 answers (0 new calls" in out
    assert Example.objects.count() == 4


def test_a_command_varies_accepted_examples(team: Team, queue: ExampleQueue, run: Run) -> None:
    accepted(queue, "Where is the parcel that I ordered?")
    with OpenAIServer() as server:
        server.misbehave = rewording(
            {"1 of 2": "Any news of my order?", "2 of 2": "No parcel yet!"}
        )
        a_version(team, "writer", backend=server.backend())
        asked = ("--model", "writer@1", "--kind", "paraphrase", "--each", 2)
        _, out, _ = run("augment", *asked, "--dry-run")
        assert "2 calls would be made." in out
        assert "max_tokens" in out
        code, out, _ = run("augment", *asked)
        assert "2 examples from 2 answers (2 new calls" in out
        assert run("augment", "--model", "writer@1", "--kind", "formal")[0] != 0
    assert code == 0


def test_a_command_asks_drawn_requests_and_items(team: Team, queue: ExampleQueue, run: Run) -> None:
    served(team, questions(3))
    a_test_set(team, items=[{"references": []}])
    with OpenAIServer() as server:
        a_version(team, "writer", backend=server.backend())
        code, out, _ = run("propose", "--model", "writer", "--from-traffic", "--n", 2)
        assert (code, server.asked.total()) == (0, 2), out
        code, _, errors = run("propose", "--model", "writer", "--items", "questions@1")
        assert code != 0
        assert "a queue of references" in errors
        both = ("--from-traffic", "--items", "questions@1", "--n", 1)
        assert run("propose", "--model", "writer", *both)[0] == 64


def test_a_program_draws_as_a_command_does(team: Team, queue: ExampleQueue, program: Any) -> None:
    served(team, questions(5))
    caller, path = program("read", "run"), f"/example-queues/{queue.pk}/draws"
    dry = caller.post(path, {"since": SINCE, "n": 3, "dry_run": True})
    assert (dry.status_code, dry.json()["drawn"], dry.json()["added"]) == (201, 3, 0)
    done = caller.post(path, {"since": SINCE, "n": 3, "need": [{"slice": "tag:x", "n": 1}]})
    assert done.json()["added"] == Example.objects.count() == 3
    assert done.json()["needs"] == [{"slice": "tag:x", "wanted": 1, "drawn": 0}]
    wrong = caller.post(path, {"since": SINCE, "need": [{"slice": "x", "n": 1}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "need[0].slice")
    assert program("read").post(path, {"since": SINCE, "n": 3}).status_code == 403
    elsewhere = f"/example-queues/{queue.pk + 1}/draws"
    assert caller.post(elsewhere, {"since": SINCE, "n": 3}).status_code == 404


def test_a_page_previews_a_draw_and_adds_just_that(
    team: Team, queue: ExampleQueue, olga: Client
) -> None:
    served(team, questions(9), users=9, route="orders")
    form = FORM | {"need": "route:billing=2\n"}
    page = olga.post(address(queue), form | {"preview": "1"})
    text = read(page.text)
    assert "3 examples from 9 requests that fit, of 3 known users." in text
    assert "route:billing: 0 of 2: there are no more" in text
    assert not Example.objects.exists()
    served(team, questions(20)[9:], name="later", days_ago=0)
    done = olga.post(address(queue), hidden(page.text) | {"draw": "1"}, follow=True)
    assert "3 examples added." in done.text
    assert Example.objects.filter(reference__request__startswith="r-").count() == 3


def test_a_page_says_what_is_wrong_with_a_draw_and_who_may_see_it(
    team: Team, queue: ExampleQueue, olga: Client
) -> None:
    wrong = olga.post(address(queue), FORM | {"need": "billing", "preview": "1"})
    assert wrong.status_code == 400
    assert "KIND:NAME=COUNT" in read(wrong.text)
    none = olga.post(address(queue), FORM | {"preview": "1"})
    assert (none.status_code, "keep texts" in read(none.text)) == (400, True)
    for person in (team.rui, team.sam):
        assert team.signed_in(person).get(address(queue)).status_code in (403, 404)


def test_a_page_shows_what_models_were_asked(
    team: Team, queue: ExampleQueue, run: Run, olga: Client, tmp_path: Path
) -> None:
    assert "No model was asked yet." in olga.get(address(queue)).text
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"input": "One?"}\n{"input": "Two?"}\n')
    with OpenAIServer() as server:
        a_version(team, "writer", backend=server.backend())
        run("propose", "--model", "writer@1", "--inputs", path)
    assert "writer v1 propose 2 2 0 2 –" in read(olga.get(address(queue)).text)
    assert "From traffic or a model" in olga.get(f"/examples/queues/{queue.pk}/").text
    assert ExampleCall.objects.count() == 2
