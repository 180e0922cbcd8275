"""Evidence from elsewhere: which two arms, and which files hold their rows."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.outside import Outside
from evalhub.declare.row_fields import FieldPath

Text = Annotated[str, Field(min_length=1)]
"""Also a path: a.b, a[0], a[name=x].c"""
FileOfRows = Annotated[Text, Outside("file")]
FilesOfRows = FileOfRows | Annotated[tuple[FileOfRows, ...], Field(min_length=1)]


class ScoreFields(Declaration):
    """What the fields of score rows are called, or the paths to them."""

    test_set: Text = "test_set"
    metric: Text = "metric"
    item: Text = "item"
    arm: Text = "arm"
    value: Text = "value"
    sample: Text = "sample"
    cluster: Text = "cluster"
    tags: Text = "tags"
    weight: Text = "weight"
    output: Text = "output"
    error: Text = "error"
    latency_ms: Text = "latency_ms"
    cost: Text = "cost"


class JudgmentRows(Declaration):
    """Where people's choices lie, one a row: candidate, baseline, tie or both-bad."""

    file: FileOfRows = Field(description="the rows, relative to this file")
    test_set: Text | None = Field(None, description="whose items they judged; the first primary's")
    item: Text = Field("item", description="field with the item")
    reviewer: Text = Field("reviewer", description="field with who judged")
    choice: Text = Field("choice", description="field with what was chosen")
    side: Text | None = Field(
        None,
        description="field with where the candidate stood, for choices of left and right",
    )
    planned: int | None = Field(
        None,
        ge=1,
        description="how many judgments were planned; default: as many as there are",
    )


class EvidenceFile(Declaration):
    """Two arms' scores item by item, in files, for evalhub decide."""

    schema_: Literal["evalhub.evidence/1"] = Field(alias="schema")
    baseline: Text = Field(description="the arm that runs now, as the rows name it")
    candidate: Text = Field(description="the arm that may replace it, as the rows name it")
    scores: FilesOfRows | dict[Text, FilesOfRows] = Field(
        description="files of score rows, relative to this file: JSONL, CSV, Parquet or a JSON "
        "array; or an arm's files by its name, whose rows then need no arm"
    )
    rows: FieldPath | None = Field(
        None, description="path to the rows within each file: results, runs.samples, [type=match]"
    )
    fields: ScoreFields = Field(
        ScoreFields(), description="what the rows' fields are called, where they have other names"
    )
    judgments: JudgmentRows | None = None

    @field_validator("scores")
    @classmethod
    def _check_names_once(cls, scores: Any) -> "tuple[str, ...] | dict[str, tuple[str, ...]]":
        if not isinstance(scores, dict):
            return _once(scores)
        by_arm = {name: _once(files, name) for name, files in scores.items()}
        seen: dict[str, str] = {}
        for name, files in by_arm.items():
            for index, file in enumerate(files):
                if seen.setdefault(file, name) != name:
                    raise invalid(f"{file!r} is {seen[file]}'s already", name, index)
        return by_arm

    @model_validator(mode="after")
    def _two_arms(self) -> "EvidenceFile":
        if self.baseline == self.candidate:
            raise invalid("is the baseline itself: name two arms", "candidate")
        if isinstance(self.scores, dict):
            for name in self.scores:
                if name not in (self.baseline, self.candidate):
                    arms = f"{self.baseline} and {self.candidate}"
                    raise invalid(f"isn't an arm: they are {arms}", "scores", name)
            for name in (self.baseline, self.candidate):
                if name not in self.scores:
                    raise invalid(f"has no files of {name}", "scores")
        return self

    def files(self) -> "tuple[tuple[str, str | None], ...]":
        """Each file of rows, and whose they are where the file says whose all of its rows are."""
        if isinstance(self.scores, dict):
            return tuple((each, arm) for arm, files in self.scores.items() for each in files)
        return tuple((each, None) for each in self.scores)


def _once(scores: str | tuple[str, ...], *at: str) -> tuple[str, ...]:
    files = (scores,) if isinstance(scores, str) else scores
    for index, name in enumerate(files):
        if name in files[:index]:
            raise invalid(f"{name!r} is named twice", *at, index)
    return files
