"""Traffic by REST: rows are sent as NDJSON, any number of times; what is kept is read and set."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Self

from drf_spectacular.types import OpenApiTypes
from pydantic import AwareDatetime, Field
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration, DeclarationError
from evalhub.declare.version_name import VersionNameError
from evalhub.features.traffic.files.importing import SHOWN_FLAWS
from evalhub.features.traffic.files.reading import Rows, read_body
from evalhub.features.traffic.flaws import Flaw
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import ServedModel
from evalhub.features.traffic.rows import LONGEST_ID, RequestRow, SignalRow, TrafficSource
from evalhub.features.traffic.served import name_served_version
from evalhub.features.traffic.status import ServedName, TrafficStatus, traffic_status
from evalhub.features.traffic.taking_in import Taken, take_in
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import response_of
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import PACKED, is_gzip
from evalhub.frames.rest.shapes import ResponseBody
from evalhub.io.limits import MIB, Limits
from evalhub.io.ndjson import read_bytes
from evalhub.registry.version_names import version_by_name, version_name

BODY_LIMITS = Limits(
    bytes=16 * MIB, decoded=32 * MIB, rows=None, line=32 * MIB, cell=32 * MIB, values=0
)
"""Of a body, which is read whole; `read_body` bounds its rows."""
ONCE = (
    "A row is known by its `id` on its day (UTC): the same body again changes nothing, so that no "
    "Idempotency-Key is needed. A line that is wrong is counted by its reason, and the others are "
    "taken. At most 10,000 lines and 16 MiB; gzip may unpack to 32 MiB."
)


class RowsParser(BaseParser):
    """The bytes of NDJSON, unpacked, within the limits."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        zipped = is_gzip(parser_context["request"])
        return read_bytes(stream, zipped=zipped, limits=BODY_LIMITS)


class RowFlawOut(ResponseBody):
    line: int = Field(description="from 1")
    field: str = Field(description="as a dotted path; empty: the whole line")
    reason: str
    message: str


class BatchOut(ResponseBody):
    """What became of the rows."""

    requests: int = Field(description="stored now")
    signals: int = Field(description="stored now")
    there_already: int = Field(description="stored before; nothing was changed")
    waiting: int = Field(description="of `signals`, those whose request hasn't come yet")
    refused: dict[str, int] = Field(description="rows that weren't taken, by reason")
    flaws: tuple[RowFlawOut, ...] = Field(description=f"the first {SHOWN_FLAWS} of these")

    @classmethod
    def from_model(cls, taken: Taken, /, **computed: Any) -> Self:
        return super().from_model(
            taken,
            refused=refused_by_reason(taken.flaws),
            flaws=[RowFlawOut.from_model(flaw) for flaw in taken.flaws[:SHOWN_FLAWS]],
            **computed,
        )


class ServedNameOut(ResponseBody):
    name: str
    requests: int = Field(description="of the days that are kept")
    version: str | None = Field(description="as MODEL@NUMBER; null: nobody has said it")

    @classmethod
    def from_model(cls, served: ServedName, /, **computed: Any) -> Self:
        version = served.version and version_name(served.version)
        return super().from_model(served, version=version, **computed)


class ServedNameRequest(Declaration):
    """Which version a served name stands for."""

    name: str = Field(min_length=1, max_length=LONGEST_ID, description="as requests had it")
    version: str = Field(min_length=1, max_length=120, description="MODEL@NUMBER")
    since: AwareDatetime | None = Field(
        None, description="of which request on; null: of the name's first one"
    )


class StatedVersionOut(ResponseBody):
    """The version that a name stands for from a time on."""

    name: str
    version: str = Field(description="as MODEL@NUMBER")
    since: datetime

    @classmethod
    def from_model(cls, statement: ServedModel, /, **computed: Any) -> Self:
        return super().from_model(statement, version=version_name(statement.version), **computed)


class TrafficOut(ResponseBody):
    text_share: float = Field(description="of the requests, whose texts are kept")
    text_days: int = Field(description="how long a text is kept")
    days: int = Field(description="how long a request is kept")
    languages: tuple[str, ...] = Field(description="that may be detected; empty: any")
    requests_today: int = Field(description="that were sent today (UTC)")
    refused_today: dict[str, int] = Field(description="rows that weren't taken, by reason")
    served: tuple[ServedNameOut, ...] = Field(description="the names that requests had")

    @classmethod
    def from_model(cls, status: TrafficStatus, /, **computed: Any) -> Self:
        return super().from_model(
            status.settings,
            requests_today=status.requests,
            refused_today=dict(status.refused),
            served=[ServedNameOut.from_model(served) for served in status.served],
            **computed,
        )


class TrafficChangeRequest(Declaration):
    """What is to be kept otherwise; what isn't said stays."""

    text_share: float | None = None
    text_days: int | None = None
    days: int | None = None
    languages: tuple[str, ...] | None = None


def takes_rows(title: str) -> Callable[..., Any]:
    """Decorator of a post that takes rows: its description."""
    return describes(
        f"{title}A JSON object a line: docs/reference/traffic.md. {ONCE}",
        gives=BatchOut,
        takes={RowsParser.media_type: OpenApiTypes.BINARY},
        query=(PACKED,),
        also=(413, 415, 503),
    )


class RowsEndpoint(ProjectEndpoint):
    """Takes rows, any number of times."""

    scopes = {"POST": Scope.TRAFFIC}
    parser_classes = [RowsParser]

    def rows[Row: Declaration](self, kind: type[Row]) -> Rows[Row]:
        """The rows of the body. Raises what `read_body` raises, and Problem for no body."""
        body = self.request.data
        if not isinstance(body, bytes):
            raise Problem(400, "The body holds no rows.")
        return read_body(kind, body)

    def take(self, request: Request, flaws: Sequence[Flaw], **rows: Any) -> Response:
        """Stores `requests` or `signals`, and says what became of them."""
        taken = take_in(project=self.project, source=TrafficSource.REST, flaws=flaws, **rows)
        return response_of(request, BatchOut.from_model(taken))


class RequestRows(RowsEndpoint):
    @takes_rows("Send requests of production\n\n")
    def post(self, request: Request, project: str) -> Response:
        rows = self.rows(RequestRow)
        return self.take(request, rows.flaws, requests=rows.rows)


class SignalRows(RowsEndpoint):
    @takes_rows("Send signals about requests\n\nAlso late, and before their request. ")
    def post(self, request: Request, project: str) -> Response:
        rows = self.rows(SignalRow)
        return self.take(request, rows.flaws, signals=rows.rows)


class TrafficOfProject(ProjectEndpoint):
    scopes = {"PATCH": Scope.ADMIN}

    @describes("What is kept of traffic, what came today, and under which names", gives=TrafficOut)
    def get(self, request: Request, project: str) -> Response:
        return response_of(request, TrafficOut.from_model(traffic_status(self.project)))

    @describes(
        "Change what is kept of traffic\n\nFor owners. Fewer days reach what is stored.",
        gives=TrafficOut,
        takes=TrafficChangeRequest,
        also=(415,),
    )
    def patch(self, request: Request, project: str) -> Response:
        body = self.body(TrafficChangeRequest)
        change_settings(project=self.project, by=self.by, **dict(body))
        return response_of(request, TrafficOut.from_model(traffic_status(self.project)))


class ServedNames(ProjectEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Say which version a served name stands for\n\nFrom a time on; nothing that is stored is "
        "changed.",
        gives=StatedVersionOut,
        takes=ServedNameRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ServedNameRequest)
        try:
            version = version_by_name(self.project, body.version)
        except VersionNameError as error:
            raise DeclarationError(str(error), "version") from error
        statement = name_served_version(
            project=self.project, by=self.by, name=body.name, version=version, since=body.since
        )
        return response_of(request, StatedVersionOut.from_model(statement), 201)


def refused_by_reason(flaws: Sequence[Flaw]) -> dict[str, int]:
    """How many rows weren't taken, by reason; the most frequent first."""
    return dict(Counter(str(flaw.reason) for flaw in flaws).most_common())


urlpatterns = [
    project_path("requests", RequestRows, "request_rows"),
    project_path("signals", SignalRows, "signal_rows"),
    project_path("traffic", TrafficOfProject, "traffic"),
    project_path("traffic/names", ServedNames, "served_names"),
]
