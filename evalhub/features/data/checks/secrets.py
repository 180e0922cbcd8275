"""API keys, tokens, private keys and passwords in the training file. Pure."""

from collections import Counter

from evalhub.decision.wording import count_text
from evalhub.declare.data_report import ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, texts_of_row
from evalhub.features.data.checks.masked import masked_excerpt
from evalhub.features.data.checks.secret_patterns import secrets_in
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "secrets"


class SecretCounter:
    """Rows with secrets, by kind."""

    def __init__(self, settings: CheckSettings) -> None:
        self._rows = ConcernedRows()
        self._counts: Counter[str] = Counter()

    def see(self, row: TrainingRow) -> None:
        first: str | None = None
        for text in texts_of_row(row):
            if matches := secrets_in(text):
                self._counts.update(match.kind for match in matches)
                first = text if first is None else first
        if first is not None:
            self._rows.add(row, "" if self._rows.is_full else masked_excerpt(first))

    def result(self) -> CheckResult:
        if not self._rows.count:
            return CheckResult()
        kinds = ", ".join(sorted(self._counts))
        finding = self._rows.finding(
            check=NAME,
            topic="privacy",
            weight="serious",
            title=f"{count_text(self._rows.count, 'row')} with what looks like a secret: {kinds}",
            meaning="A model repeats keys and passwords that it was trained on, to whoever asks "
            "in the right words.",
            advice="Revoke each of them first: who has the file has them. Then take them out of "
            "the rows, and look for where they came from.",
        )
        table = ReportTable(
            check=NAME,
            topic="privacy",
            title="Secrets by kind",
            columns=("kind", "times"),
            rows=tuple(self._counts.most_common()),
        )
        return CheckResult(findings=[finding], tables=[table])


CHECK = DataCheck(name=NAME, topic="privacy", on_all_rows=SecretCounter)
