"""Names of the fields in a file of rows: one declaration for every door."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from evalhub.declare.declaration import Declaration
from evalhub.io.row_paths import RowMapping, parse_path

type Known = Literal[
    "input",
    "reference",
    "task",
    "arm",
    "sample",
    "error",
    "latency_ms",
    "prompt_tokens",
    "completion_tokens",
]
"""Fields that a row may have beside its id, its output and its scores."""
KNOWN: tuple[str, ...] = get_args(Known.__value__)


def _is_a_path(text: str) -> str:
    parse_path(text)
    return text


FieldPath = Annotated[str, Field(min_length=1), AfterValidator(_is_a_path)]
ScoreName = Annotated[str, Field(min_length=1, max_length=200)]


class RowFields(Declaration):
    """Paths to the rows of a file of answers, and to the fields of each row.

    A path is a field's name; `a.b` reaches into an object, `a[0]` and `a[name=x]` into a list.
    """

    rows: FieldPath | None = Field(
        None,
        description="path to the rows in a JSON document, through lists too: runs.samples; "
        "[type=match] reads only such rows",
    )
    id: FieldPath = Field(
        "id", description="the item's id; a long text or an object is known by its SHA-256"
    )
    output: FieldPath = Field("output", description="the answer")
    scores: dict[ScoreName, FieldPath] = Field(
        {}, description="by the name that a score is to have, its path"
    )
    other: dict[Known, FieldPath] = Field(
        {}, description=f"paths of other fields: {', '.join(KNOWN)}"
    )

    @property
    def mapping(self) -> RowMapping:
        """The same fields in the form that readers of files take."""
        other = {str(name): path for name, path in self.other.items()}
        return RowMapping(self.rows or "", self.id, self.output, self.scores, other)
