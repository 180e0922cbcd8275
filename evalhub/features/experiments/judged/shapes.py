"""What REST takes and gives of blind samples and their scores; commands print the same."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.features.experiments.judged.declared import MOST
from evalhub.features.experiments.judged.drawing import BlindSample
from evalhub.frames.rest.shapes import ResponseBody


class BlindSampleRequest(Declaration):
    n: int = Field(ge=2, le=MOST, description="answers of both arms together")


class BlindAnswerOut(ResponseBody):
    """An answer without its arm, its model, its time or what it took."""

    id: str = Field(description="random; its score comes back with it")
    messages: tuple[dict[str, Any], ...] = Field(
        description="as they were asked, without instructions of a version; masked"
    )
    output: str
    tool_calls: tuple[dict[str, Any], ...]


class BlindSampleOut(ResponseBody):
    """Answers of both arms, equally many, in random order."""

    answers: tuple[BlindAnswerOut, ...]
    until: datetime | None = Field(
        description="when the first answer's time for feedback ends, after which its score counts "
        "nowhere; null: the experiment measures no signal:judged"
    )

    @classmethod
    def of(cls, sample: BlindSample) -> Self:
        answers = tuple(BlindAnswerOut.from_model(answer) for answer in sample.answers)
        return cls(answers=answers, until=sample.until)


class TakenScoresOut(ResponseBody):
    taken: int = Field(description="stored now")
    there_already: int = Field(description="stored before; nothing was changed")
    late: int = Field(description="of all, those that count nowhere: they came too late")
    erased: int = Field(description="of all, those whose request isn't stored any more")
