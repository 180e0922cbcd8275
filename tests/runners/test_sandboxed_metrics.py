"""Metrics that run answers: scored in a run, and refused in a sentence where no sandbox is."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalhub.registry.models import Run, Score
from evalhub.studies.files.compare import CompareRequest, compare_files
from runners.execute import process_shard
from runners.launch import launch
from runners.launch_checks import LaunchError
from runners.metrics import MetricError
from runners.sandbox.availability import why_no_sandbox
from tests.cast import Team, a_metric, a_test_set, a_version
from tests.sandbox import need_sandbox

ITEMS = [
    {"key": "one", "references": ["assert f() == 1"]},
    {"key": "two", "references": ["assert f() == 2"]},
]
LIVE = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "any"}
REFUSED = "code_tests runs what an answer says, in a sandbox that can't be had here: "
NOT_INSTALLED = "bubblewrap isn't installed (`apt-get install bubblewrap`)"


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PATH", str(tmp_path))
    why_no_sandbox.cache_clear()
    yield
    why_no_sandbox.cache_clear()


def rows(folder: Path, name: str, rows: list[dict[str, object]]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def a_run_of(team: Team, folder: Path, metric: str, answers: dict[str, list[str]]) -> Run:
    samples = [
        {"id": key, "sample": sample, "output": text}
        for key, texts in answers.items()
        for sample, text in enumerate(texts)
    ]
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=ITEMS),
        metrics=[a_metric(metric, **({"k": 2} if metric == "pass_at_k" else {}))],
        answers=rows(folder, "answers.jsonl", samples),
    )
    while process_shard(run.pk):
        pass
    run.refresh_from_db()
    return run


@pytest.mark.django_db
def test_a_run_s_pass_at_k_is_the_mean_over_its_items(team: Team, tmp_path: Path) -> None:
    need_sandbox()
    answers = {"one": ["def f(): return 1", "f = 3", "f = 4"], "two": ["def f(): return 3"] * 3}
    run = a_run_of(team, tmp_path, "pass_at_k", answers)
    assert (run.state, run.error) == ("done", "")
    (of_metric,) = run.metrics.all()
    assert of_metric.mean == pytest.approx((2 / 3 + 0) / 2)
    values = Score.objects.filter(output__run=run).order_by("output__item__key", "output__sample")
    assert [score.value for score in values] == pytest.approx([2 / 3] * 3 + [0] * 3)


@pytest.mark.django_db
def test_a_run_keeps_why_each_answer_fails(team: Team, tmp_path: Path) -> None:
    need_sandbox()
    answers = {"one": ["def f(): return 1"], "two": ["def f(): return 1"]}
    run = a_run_of(team, tmp_path, "code_tests", answers)
    scores = Score.objects.filter(output__run=run).order_by("output__item__key")
    assert [(score.value, score.reason) for score in scores] == [
        (1, ""),
        (0, "line 1 of the tests, assert f() == 2: AssertionError"),
    ]


@pytest.mark.django_db
def test_no_text_of_an_error_stops_a_run(team: Team, tmp_path: Path) -> None:
    need_sandbox()
    answers = {"one": [r"def f(): raise ValueError('\ud800 and \0')"], "two": ["def f(): return 2"]}
    run = a_run_of(team, tmp_path, "code_tests", answers)
    assert (run.state, run.error) == ("done", "")
    scores = Score.objects.filter(output__run=run).order_by("output__item__key")
    assert [score.value for score in scores] == [0, 1]
    assert "ValueError: ? and ?" in scores[0].reason


@pytest.mark.django_db
def test_a_model_that_gives_too_few_answers_to_an_item_is_refused(team: Team) -> None:
    need_sandbox()
    version = a_version(team, backend=LIVE, sampling={"samples": 2})
    with pytest.raises(LaunchError, match="pass_at_k needs 3 answers to each item, and its samp"):
        launch(
            version=version,
            test_set_version=a_test_set(team, items=ITEMS),
            metrics=[a_metric("pass_at_k", k=3)],
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("no_bubblewrap")
def test_a_launch_is_refused_where_no_sandbox_can_be_had(team: Team, tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        a_run_of(team, tmp_path, "code_tests", {"one": [""], "two": [""]})
    assert str(caught.value).endswith(f"{REFUSED}{NOT_INSTALLED}")
    assert not Run.objects.exists()


@pytest.mark.usefixtures("no_bubblewrap")
def test_two_files_are_not_compared_where_no_sandbox_can_be_had(tmp_path: Path) -> None:
    with pytest.raises(MetricError) as caught:
        compared(tmp_path)
    assert str(caught.value) == f"{REFUSED}{NOT_INSTALLED}"


def compared(folder: Path) -> list[dict[str, Any]]:
    items = rows(
        folder,
        "items.jsonl",
        [{"id": item["key"], "reference": item["references"]} for item in ITEMS],
    )
    answers = [
        rows(
            folder, name, [{"id": item["key"], "output": f"def f(): return {n}"} for item in ITEMS]
        )
        for n, name in enumerate(("base.jsonl", "tuned.jsonl"))
    ]
    comparison = compare_files(*answers, items, CompareRequest(metric="code_tests"))
    return comparison.items


def test_two_files_of_code_are_compared(tmp_path: Path) -> None:
    need_sandbox()
    scores = {row["key"]: (row["baseline"], row["candidate"]) for row in compared(tmp_path)}
    assert scores == {"one": (0, 1), "two": (0, 0)}


def test_a_bubblewrap_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        fake = Path(folder, "bwrap")
        fake.write_text(
            "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1"
        )
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", folder)
        assert why_no_sandbox.__wrapped__() == (
            "bubblewrap fails here (bwrap: No permissions to create new namespace): a container "
            "must allow user namespaces, which Docker's default does not, and Ubuntu's AppArmor "
            "must not restrict them"
        )
