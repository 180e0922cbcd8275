"""Answers that a calibrated judge calls wrong, and how many are wrong. Pure.

A judge is calibrated on rows that people labelled too: a random part of the rows that it judged,
50 at least. Its agreement with them beyond chance must surely reach the floor that a study's judge
has to reach; otherwise nothing it said is reported. The share of wrong answers is the judge's,
corrected by people's labels (prediction-powered inference, `evalhub.stats.ppi`).
"""

from collections.abc import Hashable, Mapping

from evalhub.declare.data_report import MOST_EXAMPLES, MOST_LINES, DataFinding, Measure, Unchecked
from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.data.rows.verdicts import RowVerdict, row_digest
from evalhub.io.rows import DataError
from evalhub.judges.check import judge_verdict
from evalhub.stats.errors import StatisticsError
from evalhub.stats.judge import JudgeCheck, judge_check
from evalhub.stats.levels import ALPHA

NAME = "judged-answers"
CHOICE = {"right": "candidate", "wrong": "baseline"}
"""A judge's check compares two arms; here a right answer wins, so that the win score is the share
of right answers."""


class JudgedAnswers:
    """The rows with verdicts, while all rows go by."""

    def __init__(self, settings: CheckSettings) -> None:
        self.judge, self.people = settings.judged, settings.labelled
        self.rows: dict[int, TrainingRow] = {}

    def see(self, row: TrainingRow) -> None:
        """Keeps a row that was judged. Raises DataError where it is another one by now."""
        verdicts = [self.judge.get(row.line), self.people.get(row.line)]
        for verdict in verdicts:
            if verdict is not None and verdict.row and verdict.row != row_digest(row):
                raise DataError(
                    f"row {row.line} was judged, and is another one now: judge this file",
                    file="verdicts",
                    field="row",
                )
        if any(verdicts):
            self.rows[row.line] = row

    def result(self) -> CheckResult:
        """Suspicions of the judge, if people's labels show that it can be relied on."""
        if not self.judge:
            return _unchecked(
                "no judge was asked: `evalhub data judge FILE --by MODEL --out VERDICTS`, then "
                "--judged VERDICTS --labels LABELS"
            )
        people, judge = _choices(self.people), _choices(self.judge)
        try:
            check = judge_check(
                {line: [choice] for line, choice in people.items() if line in judge},
                judge,
                random_sample=_is_random_part(self.judge, self.people),
                alpha=ALPHA,
            )
        except StatisticsError as error:
            return _unchecked(f"the judge isn't calibrated: {error}")
        verdict, reason = judge_verdict(check, JUDGE_FLOOR)
        if verdict != "usable":
            return _unchecked(f"the judge isn't relied on: {reason}")
        return CheckResult(findings=self._findings(), measures=[_share_wrong(check)])

    def _findings(self) -> list[DataFinding]:
        wrong = [
            line
            for line, verdict in sorted(self.judge.items())
            if verdict.verdict == "wrong" and line in self.rows and not self._is_right(line)
        ]
        if not wrong:
            return []
        return [
            DataFinding(
                check=NAME,
                topic="accuracy",
                weight="important",
                title=f"{len(wrong):,} of {len(self.judge):,} judged answers are called wrong",
                rows=len(wrong),
                meaning="A judge that agrees with people on a random part of the rows calls these "
                "answers wrong. A model learns wrong answers as it learns right ones.",
                advice="Have people look at each of them: mend or drop what is wrong.",
                examples=tuple(
                    example(self.rows[line], self._text(line)) for line in wrong[:MOST_EXAMPLES]
                ),
                lines=tuple(wrong[:MOST_LINES]),
                to_people=True,
            )
        ]

    def _is_right(self, line: int) -> bool:
        label = self.people.get(line)
        return label is not None and label.verdict == "right"

    def _text(self, line: int) -> str:
        reason = self.judge[line].reason
        return f"{self.rows[line].answer[:150]} ({reason})" if reason else self.rows[line].answer


def _choices(verdicts: Mapping[int, RowVerdict]) -> dict[Hashable, str]:
    return {
        line: CHOICE[verdict.verdict]
        for line, verdict in verdicts.items()
        if verdict.verdict is not None
    }


def _is_random_part(judge: Mapping[int, RowVerdict], people: Mapping[int, RowVerdict]) -> bool:
    """Whether people labelled the first rows of the judge's random order, and left none out."""
    orders = {judge[line].order for line in people if line in judge}
    return orders == set(range(len(orders)))


def _share_wrong(check: JudgeCheck) -> Measure:
    powered = check.powered
    note = (
        f"a judge corrected by people's labels of {check.shared:,} rows"
        if powered is not None
        else "people labelled every judged row, or gave all the same label"
    )
    return Measure(
        check=NAME,
        topic="accuracy",
        name="wrong-answers",
        label="wrong answers",
        value=100 * (1 - (check.people_win_score if powered is None else powered.value)),
        lower=None if powered is None else 100 * max(0.0, 1 - powered.upper),
        upper=None if powered is None else 100 * min(1.0, 1 - powered.lower),
        unit="%",
        note=note,
    )


def _unchecked(reason: str) -> CheckResult:
    return CheckResult(unchecked=[Unchecked(check=NAME, topic="accuracy", reason=reason)])


CHECK = DataCheck(name=NAME, topic="accuracy", on_all_rows=JudgedAnswers)
