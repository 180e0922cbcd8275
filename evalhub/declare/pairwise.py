"""The question to a judge that compares two answers."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration

Rubric = Annotated[
    str,
    Field(min_length=1, max_length=20_000, description="what the judge judges by, in words"),
]


class PairwiseQuestion(Declaration):
    """The question to a judge that compares two answers.

    Attributes:
        wording: of the words around the rubric; others would be another question.
    """

    rubric: Rubric
    wording: Literal[1] = 1
