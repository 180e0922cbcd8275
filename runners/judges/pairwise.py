"""Two answers put before a judge, and what it says of them. Pure."""

from typing import Any

from evalhub.declare.pairwise import PairwiseQuestion
from runners.metrics.json_verdict import VerdictError, quote, read_verdict, text_in
from runners.metrics.judged import MATERIAL, as_material

_ASKED = """\
Compare two answers by a rubric. {material_is}

Rubric:
{rubric}

Material:
{material}

Which of the two fulfils the rubric better? The order in which they stand says nothing of them. \
Say why first. Reply with one JSON object and nothing else:
{{"reason": "one sentence", "better": "first", "second" or "neither"}}"""


def judge_prompt(
    question: PairwiseQuestion,
    *,
    item_input: Any,
    context: str,
    references: list[Any],
    first: str,
    second: str,
) -> str:
    """What the judge is asked about two answers to one item, in this order."""
    material = {
        "question": item_input,
        "context": context,
        "right_answers": [each for each in references if each is not None],
    }
    answers = {"first_answer": first, "second_answer": second}
    return _ASKED.format(
        material_is=MATERIAL,
        rubric=question.rubric,
        # An answer may be empty, and is shown so.
        material=as_material(material, always=answers),
    )


def choice_of(text: str, *, candidate_first: bool) -> tuple[str, str]:
    """Which arm the judge chose ("tie": neither), and its reason.

    Raises VerdictError where it is no verdict that was asked for.
    """
    verdict = read_verdict(text)
    better = verdict.get("better")
    arms = ("candidate", "baseline") if candidate_first else ("baseline", "candidate")
    choices = {"first": arms[0], "second": arms[1], "neither": "tie"}
    if not isinstance(better, str) or better not in choices:
        raise VerdictError(f"its better is {quote(str(better))}, not first, second or neither")
    return choices[better], text_in(verdict, "reason")
