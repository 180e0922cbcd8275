"""Faithfulness to a given context, by a judge."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.json_verdict import VerdictError
from runners.metrics.judged import MATERIAL, JudgedMetric, as_material
from runners.metrics.score import Answer, MetricScore

_ASKED = """\
Take an answer apart into the claims that it makes, and say of each whether the context supports \
it. {material_is}

Material:
{material}

A claim is supported where the context says it or it follows from what the context says; what is \
only true elsewhere isn't. An answer that claims nothing, such as a refusal, has an empty list. \
Reply with one JSON object and nothing else:
{{"claims": [{{"claim": "in a few words", "supported": true or false}}]}}"""


class Faithfulness(JudgedMetric):
    """The share of an answer's claims that the item's context supports, as a judge finds them."""

    title: ClassVar = "Faithfulness"
    measures: ClassVar = "how much of what the output claims the context supports"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = (
        "to tell whether the answer is right or whole: a faithful answer may leave out the point"
    )
    also_needs: ClassVar = "the item's context"

    name: Literal["faithfulness"] = "faithfulness"
    wording: Literal[1] = Field(1, description="of the words that the judge is asked by")

    def question(self, answer: Answer, references: Sequence[Any]) -> str:
        if not answer.context:
            raise ValueError("the item has no context to be faithful to")
        parts = {"question": answer.input, "context": answer.context}
        material = as_material(parts, always={"answer": answer.text})
        return _ASKED.format(material_is=MATERIAL, material=material)

    def value(self, verdict: dict[str, Any], answer: Answer) -> MetricScore:
        claims = verdict.get("claims")
        if not isinstance(claims, list):
            raise VerdictError("it has no list of claims")
        for claim in claims:
            if not isinstance(claim, dict) or not isinstance(claim.get("supported"), bool):
                raise VerdictError("a claim of it isn't said to be supported or not")
        if not claims:
            return MetricScore(None, "the answer claims nothing")
        unsupported = [claim.get("claim") for claim in claims if not claim["supported"]]
        reasons = "; ".join(claim for claim in unsupported if isinstance(claim, str))
        value = 1 - len(unsupported) / len(claims)
        return MetricScore(value, f"not supported: {reasons}" if unsupported else "")
