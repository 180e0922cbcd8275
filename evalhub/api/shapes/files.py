"""Uploaded files, as programs see them."""

from pydantic import Field

from evalhub.schemas.declaration import Declaration


class FileShape(Declaration):
    name: str = Field(description="sha256:DIGEST, as studies name it")
    bytes: int
