"""What finds an item's context: documents of this site, a server, or a program.

Which of the three it is, its fields say: `documents`, `url` or `endpoint`, `run`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.defaults import HERE
from evalhub.declare.endpoints import Alias
from evalhub.declare.keys import KeyVariable, address_or_variable
from evalhub.declare.outside import Outside
from evalhub.declare.version import KeylessDeclaration

PassageCount = Annotated[int, Field(ge=1, le=100)]
Store = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,200}$",
        description="which state of the store it searches, such as wiki-2026-11-01: another one "
        "is another version",
    ),
]
MostCharacters = Annotated[
    int,
    Field(
        ge=100,
        le=200_000,
        description="characters of one item's passages together; more are an error",
    ),
]
_Argument = Annotated[str, Field(min_length=1)]
USUAL_K = 3
USUAL_CHARACTERS = 20_000


class Retriever(Declaration):
    """Documents of which those that fit an item's input best are its context (BM25, Lucene's form).

    In a version, `documents` is the SHA-256 of what they hold, and not the file's name.
    """

    documents: Annotated[str, Field(min_length=1), Outside("file")] = Field(
        description="file of rows {id, text}, relative to this file: JSONL, CSV, Parquet or a JSON "
        "array"
    )
    k: PassageCount = Field(USUAL_K, description="documents that are shown, the best first")
    k1: float = Field(1.5, ge=0, le=10, description="how soon a word said again counts no more")
    b: float = Field(0.75, ge=0, le=1, description="how much a document's length counts")
    stopwords: Literal["en"] | None = Field(
        "en", description="the language whose commonest words count for nothing; null: all count"
    )

    def identity(self) -> dict[str, Any]:
        """What the version's digest covers."""
        return self.as_json()


class UrlRetriever(KeylessDeclaration):
    """A server that is sent {query, k} for each item and gives {passages: [{id, text, score}]}."""

    url: Annotated[str, Outside("address")] | None = Field(
        None,
        description="the address that each query is posted to; ${NAME} is read from the "
        "environment where the worker runs",
    )
    endpoint: Alias | None = Field(
        None,
        description="in place of url and key_env: the alias that an operator gave them in "
        "EVALHUB_ENDPOINTS",
    )
    key_env: KeyVariable | None = Field(
        None, description="the environment variable, where the worker runs, that holds the key"
    )
    index: Store
    k: PassageCount = Field(USUAL_K, description="passages that are asked for, the best first")
    most_characters: MostCharacters = USUAL_CHARACTERS
    concurrency: int = Field(4, ge=1, le=256, description="queries under way at a time")
    timeout_s: float = Field(20, ge=0.001, le=3_600, description="seconds that one query may take")
    retries: int = Field(3, ge=0, le=10, description="attempts after the first")

    def identity(self) -> dict[str, Any]:
        """What the version's digest covers: all of it."""
        return self.as_json()

    @property
    def address(self) -> str:
        """The address, as configured."""
        return self.url or f"endpoint {self.endpoint}"

    @model_validator(mode="after")
    def _asks_one_server(self) -> Self:
        if self.url is None and self.endpoint is None:
            raise invalid(
                "missing: give the server's url, or an endpoint that an operator made", "url"
            )
        for name in ("url", "key_env"):
            if self.endpoint is not None and getattr(self, name) is not None:
                raise invalid("belongs to the endpoint, which is named: leave it out", name)
        return self

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        address = address_or_variable(url)
        return f"{address}/" if url.strip().endswith("/") else address  # posted to as it stands


class CommandRetriever(KeylessDeclaration):
    """A program that reads {id, query, k} and writes {id, passages}, a line of JSON each."""

    run: Annotated[list[_Argument], Field(min_length=1), Outside("command")] = Field(
        description="the program and its arguments; no shell reads them"
    )
    folder: Annotated[str, Field(min_length=1), Outside("file")] = Field(
        HERE, description="where it is started, relative to this file"
    )
    files: Annotated[list[_Argument], Outside("file")] = Field(
        [],
        description="files that make it what it is, relative to this file: their content is part "
        "of the version",
    )
    index: Store
    k: PassageCount = Field(USUAL_K, description="passages that are asked for, the best first")
    most_characters: MostCharacters = USUAL_CHARACTERS
    silent_s: float = Field(
        60, ge=0.1, le=3_600, description="seconds without a line after which it is ended"
    )
    content_sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="filled in when the version is registered"
    )

    def identity(self) -> dict[str, Any]:
        """What the version's digest covers: the program and what is in its files, wherever they
        lie."""
        return self.as_json() | {"folder": None, "files": None}


def _kind_of(value: Any) -> str | None:
    """Which retriever a value is of, by its fields."""
    if isinstance(value, Declaration):
        names = set(type(value).model_fields)
    else:
        names = set(value) if isinstance(value, dict) else set[str]()
    if "documents" in names:
        return "by documents"
    if names & {"url", "endpoint"}:
        return "by url"
    return "by command" if "run" in names else None


AnyRetriever = Annotated[
    Annotated[Retriever, Tag("by documents")]
    | Annotated[UrlRetriever, Tag("by url")]
    | Annotated[CommandRetriever, Tag("by command")],
    Discriminator(
        _kind_of,
        custom_error_type="wrong",
        custom_error_message="give `documents` (a file), `url` or `endpoint` (a server), or `run` "
        "(a program): one of them finds the passages",
    ),
]
