"""Mail addresses, phone numbers, IBANs and payment cards in the training file. Pure.

By the patterns and checksums by which production's texts are masked
(`evalhub.features.traffic.privacy`). Values that documents use as examples don't count.
"""

import re
from collections import Counter

from evalhub.decision.wording import count_text
from evalhub.declare.data_report import DataFinding, ReportTable, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, texts_of_row
from evalhub.features.data.checks.masked import masked_excerpt
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.traffic.privacy.personal_data import Match, personal_data
from evalhub.io.masking_tokens import DataKind

NAME = "personal-data"

_KINDS: dict[DataKind, tuple[Weight, str, str]] = {
    DataKind.CARD: ("serious", "payment card", "payment cards"),
    DataKind.IBAN: ("serious", "bank account", "bank accounts"),
    DataKind.MAIL: ("important", "mail address", "mail addresses"),
    DataKind.PHONE: ("important", "phone number", "phone numbers"),
}

_RESERVED_MAIL = re.compile(
    r"@(?:.+\.)?(?:example\.(?:com|org|net|edu)|(?:\w+\.)?(?:test|example|"
    r"invalid|localhost))$"
)
"""Domains that nobody can own (RFC 2606, RFC 6761)."""
_FICTIONAL_PHONE = re.compile(r"(?:\+?1)?[2-9][0-9]{2}55501[0-9]{2}$")
"""North America's numbers for fiction: 555-0100 to 555-0199."""
_TEST_CARDS = frozenset(
    [
        "4111111111111111",
        "4242424242424242",
        "4012888888881881",
        "5555555555554444",
        "5105105105105100",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
    ]
)
"""Card numbers that payment services publish for tests."""


def is_example(match: Match) -> bool:
    """Whether a value is one that documents use, which belongs to nobody."""
    if match.kind == DataKind.MAIL:
        return _RESERVED_MAIL.search(match.value) is not None
    if match.kind == DataKind.CARD:
        return match.value in _TEST_CARDS
    return match.kind == DataKind.PHONE and _FICTIONAL_PHONE.match(match.value) is not None


class PersonalDataCounter:
    """Rows with personal data, by kind."""

    def __init__(self, settings: CheckSettings) -> None:
        self._rows = {kind: ConcernedRows() for kind in _KINDS}
        self._times: Counter[DataKind] = Counter()

    def see(self, row: TrainingRow) -> None:
        first: dict[DataKind, str] = {}
        for text in texts_of_row(row):
            for match in personal_data(text):
                if not is_example(match):
                    self._times[match.kind] += 1
                    first.setdefault(match.kind, text)
        for kind, text in first.items():
            rows = self._rows[kind]
            rows.add(row, "" if rows.is_full else masked_excerpt(text))

    def result(self) -> CheckResult:
        kinds = [kind for kind in _KINDS if self._rows[kind].count]
        if not kinds:
            return CheckResult()
        table = ReportTable(
            check=NAME,
            topic="privacy",
            title="Personal data by kind",
            columns=("kind", "times", "rows"),
            rows=tuple(
                (_KINDS[kind][2], self._times[kind], self._rows[kind].count) for kind in kinds
            ),
            note="Names and postal addresses aren't recognised, nor is what documents use as "
            "examples counted.",
        )
        return CheckResult(findings=[self._finding(kind) for kind in kinds], tables=[table])

    def _finding(self, kind: DataKind) -> DataFinding:
        rows = self._rows[kind]
        weight, one, several = _KINDS[kind]
        return rows.finding(
            check=NAME,
            topic="privacy",
            weight=weight,
            title=f"{count_text(rows.count, 'row')} with {one if rows.count == 1 else several}",
            meaning="A model can repeat personal data that it was trained on, and a trained "
            "model can't forget one person's.",
            advice="Replace the values by tokens such as [mail-1], or take the rows out; have a "
            "reason that allows training on them.",
        )


CHECK = DataCheck(name=NAME, topic="privacy", on_all_rows=PersonalDataCounter)
