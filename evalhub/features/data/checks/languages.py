"""The languages of prompts and answers, in a sample. Pure."""

from collections import Counter
from collections.abc import Sequence

from evalhub.declare.data_report import Cell, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.traffic.privacy.languages import language_of

NAME = "languages"
SHOWN = 15
"""Languages in the table; the others together are one row."""


def check_languages(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Shares of languages; short texts are of none that is known."""
    prompts = Counter(language_of(row.prompt) for row in rows if row.prompt)
    answers = Counter(language_of(row.answer) for row in rows if row.answer)
    if not answers:
        return CheckResult()
    both = prompts + answers
    shown = [language for language, _ in both.most_common(SHOWN)]
    lines = [_line(language or "unknown", prompts, answers, [language]) for language in shown]
    if others := [language for language in both if language not in shown]:
        lines.append(_line(f"{len(others)} others", prompts, answers, others))
    return CheckResult(
        tables=[
            ReportTable(
                check=NAME,
                topic="diversity",
                title="Languages",
                columns=("language", "prompts", "% of prompts", "answers", "% of answers"),
                rows=tuple(lines),
                note="ISO 639 codes; unknown is a text that is short or fits many languages",
            )
        ]
    )


def _line(
    name: str, prompts: Counter[str], answers: Counter[str], languages: Sequence[str]
) -> tuple[Cell, ...]:
    counts = [sum(side[language] for language in languages) for side in (prompts, answers)]
    shares = [
        percent(count / side.total()) if side else None
        for count, side in zip(counts, (prompts, answers), strict=True)
    ]
    return name, counts[0], shares[0], counts[1], shares[1]


CHECK = DataCheck(name=NAME, topic="diversity", on_sample=check_languages)
