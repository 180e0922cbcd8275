"""What endpoints take and give of reports of training files and their sign-offs."""

from datetime import datetime
from typing import Any, Self

from pydantic import AliasPath, Field

from evalhub.declare.data_report import DataReport, DataVerdict
from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import StoredDataReport

LONGEST_REASON = 4000


class DataSignOffRequest(Declaration):
    """Request to sign the report of a training file."""

    verdict: DataVerdict = Field(description="whether the file may be trained on")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class DataSignOffOut(ResponseBody):
    id: int
    verdict: DataVerdict
    reason: str
    by: int = Field(validation_alias="by_id", description="number of the account")
    created: datetime
    digest: str


class DataReportOut(ResponseBody):
    """The report of a training file, as lists have it."""

    id: int
    digest: str = Field(description="SHA-256 of its canonical JSON")
    sha256: str = Field(description="of the file's bytes")
    file: str
    rows: int
    serious: int
    important: int
    minor: int
    signed: DataSignOffOut | None = Field(description="its newest sign-off; null: nobody signed it")
    by: int | None = Field(
        validation_alias="by_id", description="number of the account; null: the operator"
    )
    created: datetime
    url: str

    @classmethod
    def from_model(cls, report: StoredDataReport, /, **computed: Any) -> Self:
        """Of a report with its project. One query where its sign-offs weren't fetched."""
        newest = next(iter(report.sign_offs.all()), None)
        return super().from_model(
            report,
            signed=newest and DataSignOffOut.from_model(newest),
            url=address("data_report", report.project.slug, report.pk),
            **computed,
        )


class WholeDataReportOut(DataReportOut):
    """The report of a training file with all its findings."""

    report: DataReport = Field(validation_alias=AliasPath("document"))
