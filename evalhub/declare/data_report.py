"""What is good and bad about a file of training rows, as `evalhub data check` reports it.

There is no score: findings by weight, each with examples, what it means and what to do.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import Field

from evalhub.declare.amounts import Size
from evalhub.declare.declaration import Declaration

MOST_EXAMPLES = 5
"""Of a finding."""
LONGEST_EXAMPLE = 300
"""Characters of an example's text."""
MOST_LINES = 10_000
"""Of a finding: `rows` counts all of them."""
REFERENCE_DAYS = 28
"""Days of traffic that a file is compared with, where nobody says how many."""

Task = Literal["classification", "instruction", "reasoning", "style"]
Weight = Literal["serious", "important", "minor"]
"""serious: training on it is likely to harm, or the evaluation is no longer valid; important: it
costs quality; minor: worth a look."""
WEIGHTS: tuple[Weight, ...] = get_args(Weight)
"""The weightiest first."""
Topic = Literal[
    "format",
    "size",
    "diversity",
    "consistency",
    "accuracy",
    "representativeness",
    "leakage",
    "privacy",
    "licence",
]
Layout = Literal["chat", "prompt-completion", "instruction", "text", "preference"]
"""How a file's rows are laid out: OpenAI's and TRL's messages; prompt and completion; instruction,
input and output; one text; prompt, chosen and rejected."""
Cell = str | int | float | None
DataVerdict = Literal["accepted", "rejected"]
"""What a person signs a report as: the file may be trained on, or may not."""


class ExampleRow(Declaration):
    """A row that a finding is about, with the part of it that shows why."""

    line: int = Field(ge=1, description="its line in the file (of Parquet the row's number)")
    text: str = Field(max_length=LONGEST_EXAMPLE, description="the part that shows it")
    beside: int | None = Field(None, description="line of the row that it is a copy of, or against")


class DataFinding(Declaration):
    """Something that is wrong with the file, or worth a look."""

    check: str = Field(description="the check's name")
    topic: Topic
    weight: Weight
    title: str = Field(description="what it is, as a phrase with its number")
    rows: int | None = Field(None, ge=0, description="rows it concerns, of those that were read")
    meaning: str = Field(description="why it matters")
    advice: str = Field(description="what to do")
    examples: tuple[ExampleRow, ...] = Field((), max_length=MOST_EXAMPLES)
    lines: tuple[int, ...] = Field(
        (), max_length=MOST_LINES, description="lines of its rows, the first ones of many"
    )
    to_people: bool = Field(
        False, description="it is a suspicion: people look at these rows, none is dropped by itself"
    )


class Measure(Declaration):
    """A number about the file, with 95% limits where it is an estimate."""

    check: str
    topic: Topic
    name: str = Field(description="as a program reads it")
    label: str = Field(description="as a person reads it")
    value: float | None = Field(description="None: it couldn't be measured, as the note says")
    lower: float | None = None
    upper: float | None = None
    unit: str = Field("", description="rows, tokens, %; empty for a plain number")
    note: str = ""


class ReportTable(Declaration):
    """Rows of figures, such as the clusters with their shares."""

    check: str
    topic: Topic
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


class Unchecked(Declaration):
    """A check that couldn't be made, and what would make it possible."""

    check: str
    topic: Topic
    reason: str


class Against(Declaration):
    """What the file was compared with: traffic or another file."""

    kind: Literal["traffic", "file"]
    name: str = Field(description="which days of traffic, or what else the texts came from")
    texts: int = Field(description="how many texts of it were compared")
    sha256: str | None = Field(None, description="of those texts as they came; null: of traffic")


class CheckOptions(Declaration):
    """What was asked of a check."""

    task: Task | None = Field(None, description="what is to be learnt; sizes are compared with it")
    tokenizer: str | None = Field(None, description="the tokenizer that counted, by its name")
    context: int | None = Field(None, ge=1, description="tokens that the trainer keeps of a row")
    sample: int = Field(50_000, ge=100, description="rows at random for the heavy checks")
    seed: int = Field(0, ge=0, description="of the random sample")


class DataReport(Declaration):
    """What was found in one file, known by its content."""

    schema_: Literal["evalhub.data-report/1"] = Field("evalhub.data-report/1", alias="schema")
    file: str = Field(description="its name alone")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of its bytes")
    layout: Layout
    rows: Size = Field(description="all of its rows, each read by the exact checks")
    sampled: int | None = Field(
        None, description="rows at random that the heavy checks read; None: all of them"
    )
    options: CheckOptions
    against: Against | None = None
    test_sets: tuple[str, ...] = Field((), description="those it was searched for")
    findings: tuple[DataFinding, ...] = Field((), description="the weightiest first")
    measures: tuple[Measure, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    evalhub: str = Field(description="the version that checked it")

    def of_weight(self, weight: Weight) -> tuple[DataFinding, ...]:
        return tuple(finding for finding in self.findings if finding.weight == weight)

    @property
    def counts(self) -> dict[Weight, int]:
        """How many findings there are by weight, the weightiest first."""
        return {weight: len(self.of_weight(weight)) for weight in WEIGHTS}


class SignedReport(Declaration):
    """The data report that a sign-off stands beside; `digest` is that of its canonical JSON."""

    id: int
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the bytes that were checked")
    name: str
    project: str


class DataSignOffRecord(Declaration):
    """A person says whether a file may be trained on, with its report before them."""

    schema_: Literal["evalhub.data-sign-off/1"] = Field(alias="schema")
    verdict: DataVerdict
    reason: str = Field(min_length=1)
    by: int = Field(description="number of the account: the home alone knows whose it is")
    report: SignedReport
    version: str = Field(description="of Evalhub")
    created: str = Field(description="when, as ISO 8601 has it")


def counts_phrase(counts: Mapping[Weight, int]) -> str:
    """Findings by weight as a phrase: "2 serious findings, 1 minor"; "no finding" of none."""
    parts = [(weight, counts[weight]) for weight in WEIGHTS if counts[weight]]
    if not parts:
        return "no finding"
    (weight, first), *rest = parts
    noun = "finding" if first == 1 else "findings"
    return ", ".join([f"{first:,} {weight} {noun}", *(f"{n:,} {name}" for name, n in rest)])
