"""Launching a run, cancelling it and letting it go on."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.row_paths import RowMapping
from evalhub.io.rows import DataError
from evalhub.registry.models import ModelVersion, Output, Run, Score, Shard
from runners.execute import process_shard
from runners.launch import cancel, claimable_runs, launch, resume
from runners.launch_checks import LaunchError
from runners.outcome import RunFailed, RunUnreachable, check
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version

pytestmark = pytest.mark.django_db


def worked_through(run: Run) -> Run:
    """The run after a worker has come for it until nothing was left."""
    while process_shard(run.pk):
        pass
    run.refresh_from_db()
    return run


def answers_in(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_recorded_answers_become_a_run_that_is_scored(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(team, items=4)
    answers = answers_in(
        tmp_path,
        [
            {"id": "q0003", "output": "wrong", "latency_ms": 12.5},
            {"id": "q0000", "output": "right", "prompt_tokens": 7},
            {"id": "q0001", "output": "right"},
            {"id": "q0002", "output": "right"},
        ],
    )
    run = launch(
        version=a_version(team),
        test_set_version=questions,
        metrics=[a_metric(), a_metric("contains")],
        answers=answers,
    )
    assert run.state == "pending"
    run = worked_through(run)
    assert (run.state, run.error) == ("done", "")
    by_metric = {row.metric.name: (row.scored, row.unscored, row.mean) for row in run.metrics.all()}
    assert by_metric == {"exact_match": (4, 0, 0.75), "contains": (4, 0, 0.75)}
    assert Output.objects.get(run=run, item__key="q0003").latency_ms == 12.5
    assert Output.objects.get(run=run, item__key="q0000").prompt_tokens == 7
    assert run.shards.get().done == 4


def test_launching_the_same_answers_again_is_the_same_run(team: Team, tmp_path: Path) -> None:
    questions, version = a_test_set(team, items=1), a_version(team)
    answers = answers_in(tmp_path, [{"id": "q0000", "output": "right"}])
    first = launch(
        version=version, test_set_version=questions, metrics=[a_metric()], answers=answers
    )
    worked_through(first)
    second = launch(
        version=version, test_set_version=questions, metrics=[a_metric()], answers=answers
    )
    assert second == first
    assert second.state == "done"
    answers.write_text(answers.read_text().replace("right", "other"))
    third = launch(
        version=version, test_set_version=questions, metrics=[a_metric()], answers=answers
    )
    assert third != first


def test_a_metric_added_later_is_scored_and_nothing_is_answered_again(
    team: Team, tmp_path: Path
) -> None:
    questions, version = a_test_set(team, items=3), a_version(team)
    answers = answers_in(tmp_path, [{"id": f"q000{i}", "output": "right"} for i in range(3)])
    run = worked_through(
        launch(version=version, test_set_version=questions, metrics=[a_metric()], answers=answers)
    )
    before = list(Score.objects.values_list("pk", flat=True))
    finished = run.finished
    again = launch(
        version=version, test_set_version=questions, metrics=[a_metric("length")], answers=answers
    )
    assert again.state == "pending"
    run = worked_through(again)
    assert run.state == "done"
    assert run.finished is not None
    assert finished is not None
    assert run.finished > finished
    assert {row.metric.name: row.mean for row in run.metrics.all()} == {
        "exact_match": 1.0,
        "length": 5.0,
    }
    assert set(before) < set(Score.objects.values_list("pk", flat=True))
    assert Score.objects.count() == 6


def test_scores_made_elsewhere_are_taken_by_the_metric_that_names_them(
    team: Team, tmp_path: Path
) -> None:
    rows = [
        {"id": "q0000", "output": "right", "scores": {"f1": 0.5, "em": True}},
        {"id": "q0001", "output": "wrong", "scores": {"f1": None, "em": False}},
        {"id": "q0002", "output": "wrong"},
        {"id": "q0003", "error": "timed out", "output": None, "scores": {"f1": 1}},
    ]
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=4),
        metrics=[a_metric("recorded", score="f1"), a_metric("recorded", score="em"), a_metric()],
        answers=answers_in(tmp_path, rows),
    )
    worked_through(run)
    assert [
        (row.metric.options.get("score"), row.scored, row.unscored, row.mean)
        for row in run.metrics.order_by("metric_id")
    ] == [("f1", 1, 3, 0.5), ("em", 2, 2, 0.5), (None, 3, 1, 1 / 3)]
    of_f1 = Score.objects.filter(metric__options__score="f1").order_by("output__item__position")
    assert list(of_f1.values_list("value", "reason")) == [
        (0.5, ""),
        (None, "no score 'f1' was recorded, but em"),
        (None, "no score 'f1' was recorded"),
        (None, "no answer: timed out"),
    ]


def test_a_model_that_answers_by_itself_has_no_recorded_scores(team: Team) -> None:
    with pytest.raises(LaunchError, match="recorded takes scores that came with recorded answers"):
        launch(
            version=a_version(team, backend={"type": "openai", "url": "http://x/v1", "model": "m"}),
            test_set_version=a_test_set(team, items=1),
            metrics=[a_metric("recorded", score="f1")],
        )


def test_an_unknown_item_is_named_with_its_line_and_nothing_is_written(
    team: Team, tmp_path: Path
) -> None:
    answers = answers_in(
        tmp_path, [{"id": "q0000", "output": "right"}, {"id": "q9999", "output": "right"}]
    )
    with pytest.raises(DataError, match=r"line 2, field 'id': there is no item 'q9999'"):
        launch(
            version=a_version(team),
            test_set_version=a_test_set(team, items=1),
            metrics=[a_metric()],
            answers=answers,
        )
    assert Run.objects.count() == 0
    assert Output.objects.count() == 0


def test_items_without_an_answer_stay_missing_and_the_run_says_so(
    team: Team, tmp_path: Path
) -> None:
    answers = answers_in(tmp_path, [{"id": "q0000", "output": "right"}])
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=3),
        metrics=[a_metric()],
        answers=answers,
    )
    said = "2 of 3 items have no answer, the first is 'q0001'"
    assert run.error == said
    run = worked_through(run)
    assert (run.state, run.error) == ("done", said)
    assert run.outputs.count() == 1
    assert run.metrics.get().scored == 1


def test_recorded_errors_fail_the_run_and_are_unscored(team: Team, tmp_path: Path) -> None:
    answers = answers_in(
        tmp_path, [{"id": "q0000", "output": "right"}, {"id": "q0001", "error": "HTTP 500"}]
    )
    run = worked_through(
        launch(
            version=a_version(team),
            test_set_version=a_test_set(team, items=2),
            metrics=[a_metric()],
            answers=answers,
        )
    )
    assert run.error == "1 of 2 items failed, the first 'q0001': HTTP 500 (so recorded)"
    assert run.state == "failed"
    score = Score.objects.get(value=None)
    assert score.reason == "no answer: HTTP 500"
    row = run.metrics.get()
    assert (row.scored, row.unscored, row.mean) == (1, 1, 1.0)
    with pytest.raises(RunFailed, match="1 of 2 items failed"):
        check(run)


def test_several_samples_of_an_item_are_kept_apart(team: Team, tmp_path: Path) -> None:
    rows = [
        {"id": f"q000{i}", "sample": k, "output": "right" if k else "wrong"}
        for i in range(2)
        for k in range(3)
    ]
    run = worked_through(
        launch(
            version=a_version(team),
            test_set_version=a_test_set(team, items=2),
            metrics=[a_metric()],
            answers=answers_in(tmp_path, rows),
        )
    )
    assert run.samples == 3
    assert run.outputs.count() == 6
    assert run.metrics.get().mean == pytest.approx(2 / 3)


def test_other_field_names_make_another_run_of_the_same_file(team: Team, tmp_path: Path) -> None:
    questions, version = a_test_set(team, items=1), a_version(team)
    answers = answers_in(tmp_path, [{"id": "q0000", "output": "no", "said": "right"}])
    runs = [
        worked_through(
            launch(
                version=version,
                test_set_version=questions,
                metrics=[a_metric()],
                answers=answers,
                fields=RowMapping(output=field),
            )
        )
        for field in ("output", "said")
    ]
    assert [run.metrics.get().mean for run in runs] == [0.0, 1.0]


OPENAI = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


@pytest.mark.parametrize(
    ("fields", "metric", "options", "said"),
    [
        ({"backend": {"type": "recorded"}}, "exact_match", {}, "no file of them is given"),
        ({"backend": {"type": "oracle"}}, "exact_match", {}, "openai, hf, command, own is needed"),
        ({"backend": OPENAI | {"modle": "x"}}, "exact_match", {}, "'backend.modle': isn't known"),
        (
            {"backend": OPENAI, "prompt": {"template": "{context} {input}"}},
            "exact_match",
            {},
            "item 'q0000' of questions v1 has none",
        ),
        ({"backend": OPENAI}, "exact_mach", {}, "did you mean exact_match"),
        ({"backend": OPENAI}, "exact_match", {"extract": "("}, "'extract': is not a regular"),
    ],
)
def test_what_cannot_run_is_refused_in_words(
    team: Team, fields: dict[str, Any], metric: str, options: dict[str, Any], said: str
) -> None:
    version = a_version(team)
    # No registration lets these through: somebody changed the row.
    ModelVersion.objects.filter(pk=version.pk).update(**fields)
    version.refresh_from_db()
    with pytest.raises(LaunchError, match=said):
        launch(
            version=version,
            test_set_version=a_test_set(team, items=1),
            metrics=[a_metric(metric, **options)],
        )
    assert Run.objects.count() == 0


def test_a_metric_that_compares_needs_references(team: Team) -> None:
    questions = a_test_set(team, items=[{}, {"references": []}])
    with pytest.raises(LaunchError, match="item 'q0001' has no reference, which exact_match"):
        launch(
            version=a_version(team, backend=OPENAI),
            test_set_version=questions,
            metrics=[a_metric("length"), a_metric()],
        )


def test_a_cancelled_run_lets_go_and_goes_on_when_resumed(team: Team, tmp_path: Path) -> None:
    answers = answers_in(tmp_path, [{"id": f"q000{i}", "output": "right"} for i in range(2)])
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=2),
        metrics=[a_metric()],
        answers=answers,
    )
    cancel(run, by=None)
    assert run.state == "cancelled"
    assert worked_through(run).state == "cancelled"
    assert Score.objects.count() == 0
    with pytest.raises(RunFailed, match="cancelled"):
        check(run)
    resume(run, by=None)
    assert worked_through(run).state == "done"
    assert run.metrics.get().mean == 1.0


def test_a_run_that_nobody_works_on_is_found_by_looking(team: Team, tmp_path: Path) -> None:
    answers = answers_in(tmp_path, [{"id": "q0000", "output": "right"}])
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=1),
        metrics=[a_metric()],
        answers=answers,
    )
    assert list(claimable_runs()) == [run]
    worked_through(run)
    assert list(claimable_runs()) == []


def test_a_run_whose_worker_died_before_its_last_word_is_found_too(
    team: Team, tmp_path: Path
) -> None:
    answers = answers_in(tmp_path, [{"id": "q0000", "output": "right"}])
    run = launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=1),
        metrics=[a_metric()],
        answers=answers,
    )
    assert process_shard(run.pk)  # the shard is done, and nobody came to finish the run
    assert Shard.objects.get().state == "done"
    assert list(claimable_runs()) == [run]
    assert worked_through(run).state == "done"


def test_a_run_at_a_dead_address_says_that_nothing_answers(team: Team) -> None:
    run = launch(
        version=a_version(team, backend=OPENAI | {"retries": 0}),
        test_set_version=a_test_set(team, items=2),
        metrics=[a_metric()],
        reach=OPERATOR,
    )
    run = worked_through(run)
    assert run.state == "failed"
    with pytest.raises(RunUnreachable, match=r"nothing answers at http://127\.0\.0\.1:9/v1"):
        check(run)
    assert run.outputs.count() == 0
