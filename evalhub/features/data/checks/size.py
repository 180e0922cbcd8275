"""Is the file large enough for its task? By distinct rows. Pure."""

from evalhub.declare.data_report import DataFinding, Measure, Task, Unchecked
from evalhub.features.data.checks.check import CheckResult
from evalhub.training.sizes import THRESHOLDS, Threshold

NAME = "size"
TEACHES = {
    "classification": "to classify",
    "instruction": "to follow instructions",
    "reasoning": "to reason",
    "style": "a style",
}
_CURVE = (
    "Better than any figure of a guide is a learning curve: train on a quarter, a half and all of "
    "the rows, and let `evalhub data curve` say what doubling buys."
)


def size_result(distinct: int, task: Task | None) -> CheckResult:
    """What the number of distinct rows says for a task; of exact copies one counts."""
    if task is None:
        return CheckResult(
            measures=[_measure(distinct, "")],
            unchecked=[
                Unchecked(
                    check=NAME,
                    topic="size",
                    reason="nobody said what the file is to teach: classification, instruction, "
                    "reasoning or style",
                )
            ],
        )
    threshold = THRESHOLDS[task]
    note = f"guides state {_range(threshold)} to teach {TEACHES[task]}: {threshold.source}"
    if threshold.most and distinct > threshold.most:
        note += ". More rows of the same kind seldom help: look at their quality and variety first"
    return CheckResult(
        findings=[] if distinct >= threshold.enough else [_finding(distinct, task, threshold)],
        measures=[_measure(distinct, note)],
    )


def _range(threshold: Threshold) -> str:
    return (
        f"{threshold.enough:,} to {threshold.most:,} rows"
        if threshold.most
        else f"{threshold.enough:,} rows or more"
    )


def _measure(distinct: int, note: str) -> Measure:
    return Measure(
        check=NAME,
        topic="size",
        name="distinct_rows",
        label="Rows, of exact copies one each",
        value=distinct,
        unit="rows",
        note=note,
    )


def _finding(distinct: int, task: Task, threshold: Threshold) -> DataFinding:
    return DataFinding(
        check=NAME,
        topic="size",
        weight="important" if distinct < threshold.fewest else "minor",
        title=f"Distinct rows to teach {TEACHES[task]}: {distinct:,}, where guides state "
        f"{_range(threshold)}",
        rows=distinct,
        meaning=f"It is {threshold.source}; what is enough depends on the task and the model.",
        advice=f"Collect more rows, or show the best ones in the prompt until then. {_CURVE}",
    )
