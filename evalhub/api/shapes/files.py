"""Uploaded files, as programs see them."""

from pydantic import Field

from evalhub.frames.rest.shapes import Given


class FileShape(Given):
    name: str = Field(description="sha256:DIGEST, as studies name it")
    bytes: int
