"""What is known of the file that an arm was trained on, by its report. Pure.

It informs, and decides nothing: what a version answers is the evidence.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.declare.amounts import Count
from evalhub.declare.data_report import DataVerdict, counts_phrase
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

_SHA256 = "^[0-9a-f]{64}$"
_SHORT = 12
"""Digits of a digest that a sentence has."""


class CheckedFile(Declaration):
    """The newest report of a file when it was decided: its findings by weight."""

    id: int = Field(description="number of the report in this home")
    digest: str = Field(pattern=_SHA256, description="SHA-256 of the report")
    name: str
    serious: Count
    important: Count
    minor: Count


class FileSignature(Declaration):
    """The newest sign-off of that report."""

    verdict: DataVerdict
    by: int = Field(description="number of the account: the home alone knows whose it is")
    digest: str = Field(pattern=_SHA256, description="SHA-256 of the sign-off's record")
    created: str = Field(description="when, as ISO 8601 has it")


class TrainedOnRow(Declaration):
    """The file that an arm was trained on."""

    arm: str
    sha256: str = Field(pattern=_SHA256, description="of the bytes that were trained on")
    report: CheckedFile | None = Field(description="null: it was never checked here")
    signed: FileSignature | None = Field(description="null: nobody signed that report")

    def sentences(self) -> Iterator[str]:
        if self.report is None:
            yield (
                f"{self.arm} was trained on a file that was never checked here "
                f"({self.sha256[:_SHORT]}): `evalhub data check FILE` reports on it."
            )
            return
        report = self.report
        counts = counts_phrase(
            {"serious": report.serious, "important": report.important, "minor": report.minor}
        )
        signed = "nobody signed that report"
        if self.signed is not None:
            signed = (
                f"signed as {self.signed.verdict} on {self.signed.created[:10]} by account "
                f"{self.signed.by}"
            )
        yield (
            f"{self.arm} was trained on {report.name}, whose report ({report.digest[:_SHORT]}) has "
            f"{counts}; {signed}."
        )


class TrainingDataSection(Section):
    """The files that the two arms were trained on, with their reports and who signed them."""

    title: ClassVar[str] = "Training data"
    method: ClassVar[str] = "training-data"
    order: ClassVar[int] = 75

    trained: tuple[TrainedOnRow, ...] = Field(min_length=1)

    def derive_status(self, arms: Arms) -> Status:
        """Of the candidate's file: fine once a person accepted it, and not where one rejected it.

        The baseline's file is for reading alone.
        """
        row = next((row for row in self.trained if row.arm == arms.candidate.name), None)
        match row:
            case TrainedOnRow(signed=FileSignature(verdict="accepted")):
                return Status.PASS
            case TrainedOnRow(signed=FileSignature(verdict="rejected")):
                return Status.FAIL
        return Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.trained:
            yield from row.sentences()

    def without_results(self) -> Self:
        """All of it: what was trained on says nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Each row is of one of the two arms, and a signature is of a report."""
        names = [record.arms.baseline.name, record.arms.candidate.name]
        left = list(names)
        for i, row in enumerate(record.training_data.trained if record.training_data else ()):
            inner = f"{at}training_data.trained[{i}]."
            if row.arm in left:
                left.remove(row.arm)
            else:
                yield Discrepancy(f"{inner}arm", row.arm, names, "each arm has one file")
            if row.signed is not None and row.report is None:
                yield Discrepancy(f"{inner}signed", row.signed.verdict, None, "there is no report")
