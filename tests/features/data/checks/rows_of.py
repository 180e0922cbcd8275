"""Training rows and checks made of them, as the engine makes them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub.declare.data_report import CheckOptions, DataFinding, Task
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.rows.training_rows import TrainingMessage, TrainingRow


def row(
    line: int,
    prompt: str,
    answer: str,
    *,
    system: str = "",
    before: Sequence[tuple[str, str]] = (),
    rejected: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> TrainingRow:
    """A row of a chat, with what was said before the question."""
    turns = [("system", system)] if system else []
    turns += [*before, ("user", prompt), ("assistant", answer)]
    return TrainingRow(
        line=line,
        layout="chat" if rejected is None else "preference",
        system=system,
        prompt=prompt,
        answer=answer,
        rejected=rejected,
        messages=[TrainingMessage(role, text) for role, text in turns],
        fields=fields or {},
    )


def rows_of(pairs: Iterable[tuple[str, str]], first: int = 1, **more: Any) -> list[TrainingRow]:
    """Rows of (prompt, answer), line by line."""
    return [row(first + at, *pair, **more) for at, pair in enumerate(pairs)]


def settings_of(task: Task | None = None, **more: Any) -> CheckSettings:
    return CheckSettings(options=CheckOptions(task=task), **more)


def result_of(
    check: DataCheck, rows: Sequence[TrainingRow], settings: CheckSettings | None = None
) -> CheckResult:
    """What a check finds in these rows."""
    settings = settings or CheckSettings()
    if check.on_sample is not None:
        return check.on_sample(rows, settings)
    assert check.on_all_rows is not None
    counter = check.on_all_rows(settings)
    for some in rows:
        counter.see(some)
    return counter.result()


def finding_with(result: CheckResult, words: str) -> DataFinding:
    """The one finding whose title has these words."""
    (finding,) = [finding for finding in result.findings if words in finding.title]
    return finding


def titles(result: CheckResult) -> list[str]:
    return [finding.title for finding in result.findings]
