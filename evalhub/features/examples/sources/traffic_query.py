"""Which requests become examples, and how many of each slice. Pure."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from evalhub.declare.data_report import DataReport
from evalhub.declare.declaration import Declaration, DeclarationError, invalid
from evalhub.features.traffic.rows import LONGEST_ID, LONGEST_NAME, Count
from evalhub.features.traffic.shadow.query import UNKNOWN

MOST_EXAMPLES = 20_000
"""Of one draw."""
SLICES_OF_PRODUCTION = "slices-of-production"
"""The check whose table says what each slice lacks."""
SLICES = ("route", "language", "tag", "model")

Text = Annotated[str, Field(max_length=LONGEST_NAME)]
ExampleCount = Annotated[int, Field(ge=1, le=MOST_EXAMPLES)]


class RequestSlices(Declaration):
    """Filters: a request must fit all that aren't empty."""

    model: str = Field("", max_length=LONGEST_ID, description="the name under which it was served")
    route: Text = ""
    tag: Text = ""
    language: Text = Field("", description=f"as in de; {UNKNOWN}: none was detected")


class SliceNeed(Declaration):
    """How many examples of a slice are wanted."""

    slice: str = Field(
        max_length=LONGEST_ID + 10, description="KIND:NAME, as route:billing or language:de"
    )
    n: ExampleCount = Field(description="examples of it")

    @property
    def kind(self) -> str:
        return self.slice.partition(":")[0]

    @property
    def name(self) -> str:
        return self.slice.partition(":")[2]

    @model_validator(mode="after")
    def _is_a_slice(self) -> Self:
        if self.kind not in SLICES or not self.name:
            kinds = ", ".join(SLICES)
            raise invalid(
                f"{self.slice!r} is no slice: say KIND:NAME with one of {kinds}, as route:billing",
                "slice",
            )
        return self


class ExampleQuery(Declaration):
    """Requests whose texts are stored, to become examples of a queue."""

    since: AwareDatetime = Field(description="of the first request, with its offset from UTC")
    until: AwareDatetime | None = Field(None, description="of the last; null: now")
    n: ExampleCount | None = Field(
        None, description="examples to draw; null: as many as `need` adds up to"
    )
    need: tuple[SliceNeed, ...] = Field(
        (), max_length=200, description="how many of each slice, drawn before any others"
    )
    where: RequestSlices = RequestSlices()
    negative: bool = Field(
        False, description="only requests that people found bad, so that their answer is corrected"
    )
    seed: Count = Field(1, description="of the draw")

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if self.n is None and not self.need:
            raise invalid("say how many: n, or need by slice", "n")
        if self.until is not None and self.until <= self.since:
            raise invalid("lies before since", "until")
        return self


def need_of(text: str) -> dict[str, object]:
    """The fields of a need that stands as KIND:NAME=COUNT.

    Raises:
        DeclarationError: it doesn't.
    """
    name, equals, count = text.rpartition("=")
    if not equals or not count.strip().isdecimal():
        raise DeclarationError(
            f"{text!r} isn't of the form KIND:NAME=COUNT, such as route:billing=40", "need"
        )
    return {"slice": name.strip(), "n": int(count)}


def needs_of_report(report: DataReport) -> list[dict[str, object]]:
    """The needs that a report of a training file states: the examples that each slice lacks beside
    production. Slices that requests aren't drawn by, such as lengths, are left out.

    Raises:
        DeclarationError: the report wasn't made against traffic or a file, or no slice lacks any.
    """
    tables = [table for table in report.tables if table.check == SLICES_OF_PRODUCTION]
    if not tables:
        raise DeclarationError(
            f"the report of {report.file} compares no slices: make it with `evalhub data check "
            "--against traffic`",
            "need_report",
        )
    needs: list[dict[str, object]] = []
    for table in tables:
        lacking = table.columns.index("lacking")
        for row in table.rows:
            kind, _, name = str(row[0]).partition(" ")
            count = row[lacking]
            if kind in SLICES and isinstance(count, int) and count > 0:
                needs.append({"slice": f"{kind}:{name}", "n": min(count, MOST_EXAMPLES)})
    if not needs:
        raise DeclarationError(f"by the report of {report.file} no slice lacks any", "need_report")
    return needs
