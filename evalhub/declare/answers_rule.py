"""What a policy asks of the answers themselves, whatever they score."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.defaults import MOST_UNANSWERED

ModelChangeUse = Literal["report", "invalid"]
UnansweredShare = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="the share of an arm's answers to a test set that may be empty or have failed; "
        "with more of them the arm is no evidence. 1: all of them may",
    ),
]


class AnswersRule(Declaration):
    """Rules on who answered: changes of the model, and the largest share of empty answers.

    Attributes:
        model_changes: by the name that responses give to the model that answered.
    """

    model_changes: ModelChangeUse = Field(
        "report",
        description="whether a model that changes behind its address while an arm is asked is said "
        "among the reasons, or makes the evidence invalid",
    )
    most_unanswered: UnansweredShare = MOST_UNANSWERED
