"""An inspect task: sums, each asked twice, by two scorers."""

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.scorer import includes, match
from inspect_ai.solver import generate


@task
def adding():
    rows = json_dataset("sums.jsonl", lambda row: Sample(row["question"], target=row["answer"]))
    return Task(
        dataset=rows[:4],
        solver=generate(),
        scorer=[match(numeric=True), includes()],
        epochs=Epochs(2, "mean"),
    )
