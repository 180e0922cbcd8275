"""Uploaded files, as programs see them."""

from pydantic import Field

from evalhub.frames.rest.shapes import ResponseBody


class FileOut(ResponseBody):
    name: str = Field(description="sha256:DIGEST, as studies name it")
    bytes: int
