"""A judge's points by a rubric."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from evalhub.declare.judges import Rubric
from runners.metrics.json_verdict import VerdictError, quote, text_in
from runners.metrics.judged import MATERIAL, JudgedMetric, as_material
from runners.metrics.score import Answer, MetricScore

_ASKED = """\
Judge one answer by a rubric. {material_is}

Rubric:
{rubric}

Material:
{material}

Give the answer a whole number of points from {least} to {most}: {most} where it fulfils the \
rubric, {least} where it doesn't at all. Say why first. Reply with one JSON object and nothing else:
{{"reason": "one sentence", "score": points}}"""


class Judge(JudgedMetric):
    """The points that a judge gives each answer by a rubric, one answer at a time."""

    title: ClassVar = "Judge"
    measures: ClassVar = "how many points a judge gives by a rubric"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = (
        "what can be checked exactly, and a judge that nobody set beside people's judgments"
    )
    unit: ClassVar = "points"
    bounds: ClassVar = None

    name: Literal["judge"] = "judge"
    rubric: Rubric
    scale: tuple[int, int] = Field((1, 5), description="the fewest and the most points")
    references: bool = Field(True, description="show the judge the item's references")
    wording: Literal[1] = Field(1, description="of the words around the rubric")

    @field_validator("scale")
    @classmethod
    def _rises(cls, scale: tuple[int, int]) -> tuple[int, int]:
        if not scale[0] < scale[1] <= scale[0] + 100:
            raise ValueError("must be the fewest and the most points, such as [1, 5]")
        return scale

    @property
    def reach(self) -> tuple[float, float]:
        return float(self.scale[0]), float(self.scale[1])

    def question(self, answer: Answer, references: Sequence[Any]) -> str:
        right = (
            [reference for reference in references if reference is not None]
            if self.references
            else []
        )
        least, most = self.scale
        return _ASKED.format(
            material_is=MATERIAL,
            rubric=self.rubric,
            material=as_material(
                {
                    "question": answer.input,
                    "context": answer.context,
                    "right_answers": right,
                },
                always={"answer": answer.text},
            ),
            least=least,
            most=most,
        )

    def value(self, verdict: dict[str, Any], answer: Answer) -> MetricScore:
        points = verdict.get("score")
        least, most = self.scale
        if isinstance(points, bool) or not isinstance(points, int | float):
            raise VerdictError(f"its score is {quote(str(points))}, not a number")
        if points != int(points) or not least <= points <= most:
            raise VerdictError(f"its score of {points:g} isn't a whole number of {least} to {most}")
        return MetricScore(float(points), text_in(verdict, "reason"))
