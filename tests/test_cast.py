"""The cast's runs are what a run is that was launched and worked on."""

import json
from pathlib import Path
from typing import Any

from evalhub.registry.models import Output, Run, RunMetric, Score, Shard
from runners.execute import process_shard
from runners.launch import launch
from tests.cast import Team, a_metric, a_run, a_test_set, a_version

OWN = {"id", "run_id", "version_id", "output_id", "opened", "started", "finished", "created"}
OWN |= {"source", "reach", "lease_until", "draft_until", "enqueued", "going_since"}


def told(run: Run) -> list[dict[str, Any]]:
    """All that the database holds of a run, but for numbers, times and the file it came from."""
    rows = [
        Run.objects.filter(pk=run.pk),
        RunMetric.objects.filter(run=run),
        Shard.objects.filter(run=run),
        Output.objects.filter(run=run).order_by("item__position"),
        Score.objects.filter(output__run=run).order_by("output__item__position"),
    ]
    return [
        {name: value for name, value in row.items() if name not in OWN}
        for each in rows
        for row in each.values()
    ]


def test_a_run_of_the_cast_is_as_working_on_it_leaves_it(team: Team, tmp_path: Path) -> None:
    questions, metric = a_test_set(team, items=3), a_metric()
    said = ["right", "wrong", "right"]
    costs = {"latency_ms": 100.0, "prompt_tokens": 20, "completion_tokens": 5}
    answers = tmp_path / "answers.jsonl"
    keys = questions.items.order_by("position").values_list("key", flat=True)
    rows = ({"id": key, "output": text} | costs for key, text in zip(keys, said, strict=True))
    answers.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    worked = launch(
        version=a_version(team, "worked"),
        test_set_version=questions,
        metrics=[metric],
        answers=answers,
    )
    while process_shard(worked.pk):
        pass
    made = a_run(a_version(team, "made"), questions, scores=[1.0, 0.0, 1.0], answers=said)
    assert told(made) == told(worked)
