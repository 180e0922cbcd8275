"""What a run's items are given by its version's retriever, and what is kept of it."""

import json
import os
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from evalhub.registry.models import Output, Run
from runners.execute import process_shard
from runners.launch import launch
from runners.launch_checks import LaunchError
from runners.models import RecordedRetrieval
from runners.retrieval import retrieve
from runners.shards import claim_next
from runners.stretch import Stretch
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.database.test_tables import EVALHUB, environment
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.retriever_server import RetrieverServer, answering
from tests.runners.test_launch import answers_in, worked_through

TEMPLATE = "Read: {context}\nAnswer: {input}"


@pytest.fixture
def store() -> Iterator[RetrieverServer]:
    with RetrieverServer() as store:
        yield store


def a_retrieving_run(
    team: Team,
    server: OpenAIServer,
    retriever: dict[str, Any],
    *,
    items: Any = 5,
    metrics: tuple[str, ...] = ("length",),
    **sampling: Any,
) -> Run:
    prompt = {"template": TEMPLATE, "retriever": retriever}
    version = a_version(
        team, "rag", backend=server.backend(), prompt=prompt, sampling={"samples": 1} | sampling
    )
    return launch(
        version=version,
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric(name) for name in metrics],
        reach=OPERATOR,
    )


@pytest.mark.django_db
def test_each_item_is_searched_once_and_its_answers_keep_what_the_model_was_given(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    run = worked_through(a_retrieving_run(team, server, store.retriever(), samples=2))
    assert (run.state, run.error) == ("done", "")
    questions = [f"questions: Question {n}?" for n in range(5)]
    assert Counter(store.queries) == Counter(questions)
    outputs = Output.objects.filter(run=run).select_related("item")
    assert len(outputs) == 10
    for output in outputs:
        assert output.passages == store.passages(output.item.input, 2)
        texts = "\n\n".join(passage["text"] for passage in output.passages)
        assert output.text == f"You said: Read: {texts}\nAnswer: {output.item.input}"
    assert not RecordedRetrieval.objects.exists()


@pytest.mark.django_db
def test_a_retriever_that_fails_is_the_error_of_that_item_and_is_asked_again_with_the_run(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    store.misbehave = lambda query, attempt: answering([]) if "Question 3" in query else None
    run = worked_through(a_retrieving_run(team, server, store.retriever()))
    assert run.state == "failed"
    assert run.unreachable
    error = "the retriever: the response is no object with `passages`"
    failed_on = f"the prompt's retriever failed on 1 of 5 items, the first 'q0003': {error}; put"
    assert run.error.startswith(failed_on)
    assert server.url not in run.error, "the model wasn't asked"
    failed = Output.objects.get(run=run, text=None)
    assert (failed.error, failed.fault, failed.passages) == (error, "server", None)
    assert server.asked.total() == 4
    store.misbehave = lambda query, attempt: None
    store.queries.clear()
    metrics = [row.metric for row in run.metrics.select_related("metric")]
    again = launch(
        version=run.version,
        test_set_version=run.test_set_version,
        metrics=metrics,
        reach=OPERATOR,
    )
    assert worked_through(again).state == "done"
    assert store.queries == ["questions: Question 3?"]


@pytest.mark.django_db
def test_where_the_retriever_fails_on_all_items_nothing_is_said_of_the_model(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    store.misbehave = lambda query, attempt: answering([])
    run = worked_through(a_retrieving_run(team, server, store.retriever()))
    assert run.unreachable
    assert run.error.startswith("the prompt's retriever failed on 5 of 5 items, the first 'q0000'")
    assert server.url not in run.error


@pytest.mark.django_db
def test_a_run_whose_retriever_is_not_there_stops_and_goes_on_later(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    store.key = "of somebody else"
    run = worked_through(a_retrieving_run(team, server, store.retriever()))
    assert run.state == "failed"
    assert run.unreachable
    assert f"the retriever {store.url} refuses: HTTP 401" in run.error
    assert not Output.objects.exists()


@pytest.mark.django_db
def test_what_was_found_before_a_worker_stopped_is_not_searched_again(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    run = a_retrieving_run(team, server, store.retriever(), items=20)
    process_shard(run.pk, stopping=lambda: RecordedRetrieval.objects.exists())
    assert RecordedRetrieval.objects.count() == 20
    assert not Output.objects.exists()
    store.queries.clear()
    run = worked_through(run)
    assert (run.state, store.queries) == ("done", [])
    for output in Output.objects.filter(run=run).select_related("item"):
        assert output.passages == store.passages(output.item.input, 2)


@pytest.mark.django_db
def test_an_item_whose_other_answer_has_passages_is_given_the_same(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    run = worked_through(a_retrieving_run(team, server, store.retriever(), items=3, samples=2))
    Output.objects.filter(run=run, sample=1).update(text=None, error="late", fault="server")
    store.queries.clear()
    version, on = run.version, run.test_set_version
    Run.objects.filter(pk=run.pk).update(state="failed")
    again = launch(
        version=version, test_set_version=on, metrics=[a_metric("length")], reach=OPERATOR
    )
    assert worked_through(again).state == "done"
    assert store.queries == []
    for item in on.items.all():
        first, second = Output.objects.filter(item=item).order_by("sample")
        assert first.passages == second.passages


@pytest.mark.django_db
def test_of_two_workers_that_searched_for_one_item_the_first_s_passages_count(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    run = a_retrieving_run(team, server, store.retriever(), items=1)
    [item] = run.test_set_version.items.all()
    first = [{"id": "other", "text": "What another worker found."}]

    [question] = Stretch(claim_next(run.pk), []).unanswered()
    works = []

    def safely(work: Callable[[], None]) -> None:
        if works:  # the first reads what is there, the second writes
            RecordedRetrieval.objects.create(run=run, item=item, passages=first)
        works.append(work)
        work()

    [filled], failed = retrieve(run, [question], waiting=lambda: None, safely=safely)
    assert (filled.passages, filled.context, failed) == (first, first[0]["text"], [])


@pytest.mark.django_db
def test_another_run_of_the_version_takes_over_the_passages_with_the_answers(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    run = worked_through(a_retrieving_run(team, server, store.retriever(), items=3))
    store.queries.clear()
    longer = a_test_set(team, items=4)
    again = launch(
        version=run.version,
        test_set_version=longer,
        metrics=[a_metric("length")],
        reach=OPERATOR,
    )
    assert worked_through(again).reused == 3
    assert store.queries == ["questions: Question 3?"]
    assert all(output.passages for output in Output.objects.filter(run=again))


@pytest.mark.django_db
def test_passages_are_scored_by_those_that_the_items_name(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    second = store.passages("questions: Question 0?", 2)[1]
    items = [
        {"relevant": [second["id"], "elsewhere"], "answerable": True},
        {"relevant": [], "answerable": False},
    ]
    metrics = ("context_precision", "context_recall", "abstention")
    run = worked_through(
        a_retrieving_run(team, server, store.retriever(), items=items, metrics=metrics)
    )
    scores = {
        (score.output.item.key, score.metric.name): score.value
        for output in Output.objects.filter(run=run)
        for score in output.scores.select_related("metric", "output__item")
    }
    assert scores == {
        ("q0000", "context_precision"): 0.5,
        ("q0000", "context_recall"): 0.5,
        ("q0000", "abstention"): 1.0,
        ("q0001", "context_precision"): None,
        ("q0001", "context_recall"): None,
        ("q0001", "abstention"): 0.0,
    }


@pytest.mark.django_db
def test_passages_of_answers_made_elsewhere_are_scored_and_kept(team: Team, tmp_path: Path) -> None:
    given = [{"id": "a", "text": "A."}, {"id": "b", "text": "B.", "score": 0.5}]
    rows = [
        {"id": "q0000", "output": "yes", "passages": given},
        {"id": "q0001", "output": "no"},
    ]
    items = [{"relevant": ["b"]}, {"relevant": ["b"]}]
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric("context_precision")],
        answers=answers_in(tmp_path, rows),
    )
    run = worked_through(run)
    one, other = Output.objects.filter(run=run).order_by("item__position")
    assert (one.passages, other.passages) == (given, None)
    assert one.scores.get().value == 0.5
    why = "the answer came without the passages that it was given"
    assert (other.scores.get().value, other.scores.get().reason) == (None, why)


@pytest.mark.django_db
def test_a_version_without_a_retriever_is_not_scored_by_its_passages(
    team: Team, server: OpenAIServer
) -> None:
    with pytest.raises(LaunchError, match="and its prompt has no retriever"):
        launch(
            version=a_version(team, "plain", backend=server.backend()),
            test_set_version=a_test_set(team, items=[{"relevant": ["a"]}]),
            metrics=[a_metric("context_recall")],
            reach=OPERATOR,
        )


def bytes_kept() -> int:
    """Characters of passages in the database, wherever they are."""
    tables = "registry_output", "runners_recordedretrieval", "registry_documenttext"
    columns = {"registry_documenttext": "text"}
    with connection.cursor() as cursor:
        total = 0
        for table in tables:
            column = columns.get(table, "passages")
            cursor.execute(f"SELECT coalesce(sum(length(CAST({column} AS text))), 0) FROM {table}")
            total += cursor.fetchone()[0]
    return total


@pytest.mark.django_db
def test_of_a_store_of_a_million_passages_the_database_keeps_what_was_given_alone(
    team: Team, server: OpenAIServer, store: RetrieverServer
) -> None:
    assert store.size == 1_000_000
    run = worked_through(a_retrieving_run(team, server, store.retriever(k=5), items=40))
    given = [json.dumps(store.passages(query, 5), separators=(",", ":")) for query in store.queries]
    assert len(given) == 40
    assert bytes_kept() == pytest.approx(sum(map(len, given)), rel=0.1)
    assert Output.objects.filter(run=run, passages__isnull=False).count() == 40


@pytest.mark.heavy
def test_a_run_that_was_killed_searches_for_nothing_that_it_had_found(
    tmp_path: Path, store: RetrieverServer
) -> None:
    """Killed with -9 in the middle of a study's search; what was recorded then isn't asked again,
    and all answers have one context an item."""
    home, desk = tmp_path / "home", tmp_path / "desk"
    home.mkdir()
    desk.mkdir()
    store.latencies = [0.05]
    with OpenAIServer(latency_s=0.05) as server:
        rows = ({"id": f"q{n}", "input": f"Question {n}?", "reference": "x"} for n in range(120))
        (desk / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        backend = {name: v for name, v in server.backend().items() if name != "type"}
        prompt = {"template": TEMPLATE, "retriever": store.retriever(concurrency=2)}
        arm = {"kind": "base", "backend": {"openai": backend}, "sampling": {"samples": 2}}
        study = {
            "schema": "evalhub.study/1",
            "project": "desk",
            "name": "Killed",
            "baseline": "base",
            "arms": {"base": arm, "rag": arm | {"kind": "retrieval", "prompt": prompt}},
            "test_sets": {
                "items": {
                    "file": "items.jsonl",
                    "role": "primary",
                    "metric": {"name": "contains"},
                }
            },
        }
        (desk / "study.yaml").write_text(yaml.safe_dump(study))
        words = [str(EVALHUB), "study", "run", str(desk / "study.yaml")]
        ours = environment(home)
        started = subprocess.Popen(
            words, env=ours, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        while len(store.queries) < 60:
            assert started.poll() is None, started.stderr and started.stderr.read()
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database:
            read = database.execute
            recorded = {
                key
                for (key,) in read(
                    "SELECT i.key FROM runners_recordedretrieval r "
                    "JOIN registry_item i ON i.id = r.item_id"
                )
            }
        assert 20 <= len(recorded) < 120
        store.queries.clear()
        done = subprocess.run(words, env=ours, capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, 1, 2), done.stderr
        again = {query.removeprefix("Question ").removesuffix("?") for query in store.queries}
        assert not {f"q{number}" for number in again} & recorded
        assert len(again) == 120 - len(recorded)
        with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database:
            rows_of = "SELECT item_id, passages FROM registry_output WHERE passages IS NOT NULL"
            contexts: dict[int, set[str]] = {}
            for item, passages in database.execute(rows_of):
                contexts.setdefault(item, set()).add(passages)
        assert len(contexts) == 120
        assert {len(each) for each in contexts.values()} == {1}
