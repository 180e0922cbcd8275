"""Evidence from elsewhere: which two arms, and which files hold their rows."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from evalhub.schemas.declaration import Declaration, wrong
from evalhub.schemas.outside import Outside

Text = Annotated[str, Field(min_length=1)]
FileOfRows = Annotated[Text, Outside("file")]


class ScoreFields(Declaration):
    """What the fields of score rows are called."""

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
        description="how many judgments were planned; as many as there are where it isn't said",
    )


class Evidence(Declaration):
    """Two arms' scores item by item, in files, for evalhub decide."""

    schema_: Literal["evalhub.evidence/1"] = Field(alias="schema")
    baseline: Text = Field(description="the arm that runs now, as the rows name it")
    candidate: Text = Field(description="the arm that may replace it, as the rows name it")
    scores: FileOfRows | Annotated[tuple[FileOfRows, ...], Field(min_length=1)] = Field(
        description="files of score rows, relative to this file: JSONL, CSV or Parquet"
    )
    fields: ScoreFields = Field(
        ScoreFields(), description="what the rows' fields are called, where they have other names"
    )
    judgments: JudgmentRows | None = None

    @field_validator("scores")
    @classmethod
    def _named_once(cls, scores: str | tuple[str, ...]) -> tuple[str, ...]:
        files = (scores,) if isinstance(scores, str) else scores
        for index, name in enumerate(files):
            if name in files[:index]:
                raise wrong(f"{name!r} is named twice", index)
        return files

    @model_validator(mode="after")
    def _two_arms(self) -> "Evidence":
        if self.baseline == self.candidate:
            raise wrong("is the baseline itself: name two arms", "candidate")
        return self
