"""Files that programs upload, whole or in parts, named by digest."""

from io import BytesIO
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from pydantic import Field
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import number
from evalhub.frames.rest.shapes import ResponseBody
from evalhub.io.full_disk import is_full_disk
from evalhub.registry.uploads import (
    LARGEST,
    NAMED,
    OtherContentError,
    TooLargeError,
    UploadError,
    Uploads,
    WrongOffsetError,
)
from runners.outages import tell_full_disk

OFFSET = OpenApiParameter(
    "Upload-Offset",
    {"type": "integer", "minimum": 0},
    OpenApiParameter.HEADER,
    required=True,
    description="how many bytes come before these",
)
COMPLETE = OpenApiParameter(
    "Upload-Complete",
    str,
    OpenApiParameter.HEADER,
    enum=["?0", "?1"],
    description="?1 where the file ends with these bytes",
)
BYTES = {"application/octet-stream": OpenApiTypes.BINARY}


class FileOut(ResponseBody):
    name: str = Field(description="sha256:DIGEST, as studies name it")
    bytes: int


class RawParser(BaseParser):
    """The body as the stream that it is: nothing of it is held in memory."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


class File(ProjectEndpoint):
    scopes = {"PUT": Scope.INGEST, "PATCH": Scope.INGEST}
    parser_classes = [RawParser]

    @describes(
        "Whether a file is here\n\n404 has Upload-Offset where a part of it is.",
        gives=FileOut,
    )
    def get(self, request: Request, project: str, name: str) -> Response:
        uploads = Uploads(self.project)
        if _check_name(name) not in uploads:
            raise Problem(
                404,
                "This file isn't here, or not all of it.",
                headers={"Upload-Offset": str(uploads.offset(name))},
            )
        return Response(FileOut(name=name, bytes=uploads[name].stat().st_size).as_json())

    @describes(
        "Upload a file\n\nAll of it in one body; its digest is checked.",
        gives=FileOut,
        takes=BYTES,
        also=(409, 413, 422, 507),
    )
    def put(self, request: Request, project: str, name: str) -> Response:
        return self._append(request, name, offset=0, complete=True)

    @describes(
        "Upload a part of a file",
        gives=FileOut,
        takes=BYTES,
        query=(OFFSET, COMPLETE),
        also=(409, 413, 422, 507),
    )
    def patch(self, request: Request, project: str, name: str) -> Response:
        header = request.headers.get("Upload-Offset", "")
        offset = number(header, field="Upload-Offset", most=LARGEST)
        complete = request.headers.get("Upload-Complete", "?0") == "?1"
        return self._append(request, name, offset=offset, complete=complete)

    def _append(self, request: Request, name: str, *, offset: int, complete: bool) -> Response:
        try:
            size = Uploads(self.project).append(
                name=_check_name(name),
                stream=request.data or request.stream or BytesIO(),  # none: an empty body
                offset=offset,
                complete=complete,
                by=self.by,
            )
        except WrongOffsetError as error:
            raise Problem(409, f"{error}.", headers={"Upload-Offset": str(error.offset)}) from error
        except (OtherContentError, TooLargeError) as error:
            code = 422 if isinstance(error, OtherContentError) else 413
            raise Problem(code, f"{error}.") from error
        except OSError as error:
            if not is_full_disk(error):
                raise
            tell_full_disk(error)
            at = {"Upload-Offset": str(Uploads(self.project).offset(name))}
            raise Problem(
                507,
                "The site's disk is full. The part that arrived is kept: continue there.",
                headers=at,
            ) from error
        except UploadError as error:
            raise Problem(409, f"{error}.", headers={"Retry-After": "2"}) from error
        headers = {"Upload-Offset": str(size)}
        return Response(FileOut(name=name, bytes=size).as_json(), headers=headers)


def _check_name(name: str) -> str:
    if not NAMED.fullmatch(name):
        raise Problem(400, "is sha256: and 64 small hexadecimal digits", field="name")
    return name
