"""Instructions, as IFEval checks them."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from evalhub.io.instructions import CHECKS, Instruction, parse_instructions
from runners.metrics.instruction_checks.table import FOLLOWED
from runners.metrics.score import Answer, MetricScore, TextMetric


class Instructions(TextMetric):
    """Whether an answer does what its item's instructions ask of its form.

    The reference is an object, `{"instruction_id_list", "kwargs"}` or `{"instructions": [{"id",
    …}]}`. Zhou et al. 2023, arXiv:2311.07911; lm-evaluation-harness's `ifeval` decides the same.
    """

    title: ClassVar = "Instructions"
    measures: ClassVar = "whether the output does what its item's instructions ask of its form"
    reference_implementation: ClassVar = "lm-evaluation-harness 0.4.13 (ifeval)"
    not_for: ClassVar = "to tell whether what an answer says is right: only its form is checked"
    normalisation: ClassVar = "as each check does; what `loose` takes away"
    apart: ClassVar = True

    name: Literal["instructions"] = "instructions"
    level: Literal["prompt", "instruction"] = Field(
        "prompt",
        title="What counts",
        description="whether all of an item's instructions are followed (1 or 0), or the share",
    )
    reading: Literal["strict", "loose"] = Field(
        "strict",
        title="Reading",
        description="loose also tries the answer without its first line, its last, and asterisks",
    )
    leave_out: tuple[str, ...] = Field(
        (), title="Checks left out", description="checks that don't count"
    )

    @field_validator("leave_out")
    @classmethod
    def _are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CHECKS:
                raise ValueError(f"there is no check {name!r} (known: {', '.join(CHECKS)})")
        return names

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        instructions = [
            instruction
            for instruction in parse_instructions(reference)
            if instruction.id not in self.leave_out
        ]
        if not instructions:
            raise ValueError("each of the item's checks is left out")
        for instruction in instructions:
            if instruction.id not in FOLLOWED:
                raise ValueError(
                    f"{instruction.id} isn't checked here: it takes the text apart with trained "
                    "data of nltk, which Evalhub doesn't bring along; name it in `leave_out`"
                )
        readings = [answer.text] if self.reading == "strict" else _loose_readings(answer.text)
        failed = [each.id for each in instructions if not _is_followed(each, readings)]
        reason = f"not followed: {', '.join(failed)}" if failed else ""
        if self.level == "prompt":
            return MetricScore(float(not failed), reason)
        return MetricScore((len(instructions) - len(failed)) / len(instructions), reason)


def _is_followed(instruction: Instruction, readings: Sequence[str]) -> bool:
    """Whether one of the readings follows an instruction; one that is empty follows none."""
    check = FOLLOWED[instruction.id]
    return any(text.strip() and check(text, **instruction.arguments) for text in readings)


def _loose_readings(text: str) -> list[str]:
    """The text, without its first line, its last and both, each with and without asterisks."""
    lines = text.split("\n")
    cut = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    return [reading for part in (text, *cut) for reading in (part, part.replace("*", ""))]
