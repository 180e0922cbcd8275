"""Endpoints that an operator configured, each under an alias: EVALHUB_ENDPOINTS."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.keys import KeyVariable, base_address
from evalhub.declare.outside import Outside
from evalhub.declare.study import Name
from evalhub.declare.version import KeylessDeclaration

Alias = Annotated[Name, Outside("alias")]
"""The name of an endpoint that an operator made."""


class Endpoint(KeylessDeclaration):
    """A model server's address, and where its key is. The key itself is never stored here."""

    url: Annotated[str, Outside("address"), AfterValidator(base_address)] = Field(
        description="the base address, ending in /v1"
    )
    key_env: KeyVariable | None = Field(
        None, description="the variable, where the worker runs, that holds its key"
    )
    key_file: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="or the file that holds it, relative to the file of endpoints"
    )
    private: bool = Field(
        False, description="whether its host may lie on this machine or in a private network"
    )

    @model_validator(mode="after")
    def _one_key(self) -> "Endpoint":
        if self.key_env is not None and self.key_file is not None:
            raise invalid("stands in for key_env: give one of the two", "key_file")
        return self


class Endpoints(Declaration):
    """All of them, by their aliases."""

    endpoints: dict[Name, Endpoint] = {}
