"""Published tasks of lm-evaluation-harness that measure general capability: a fixed choice.

Each is small to ask, scored without another model, known of most models, and of another kind than
the rest; none runs code of an answer. Which they are is no option: figures compare where they are
the same. Another choice is test sets of its own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.margins import Margin
from evalhub.declare.outside import Outside


@dataclass(frozen=True, slots=True)
class PublishedTask:
    """A task as the suite asks it.

    `version` and `data` are what lm-evaluation-harness 0.4.13 has: the task's own version, and the
    data set's name at the hub. `shots` None is the task's own number of examples.
    """

    name: str
    summary: str
    score: str
    version: str
    data: str
    shots: int | None = None


_FLEXIBLE = "exact_match,flexible-extract"
_TRIMMED = "exact_match,remove_whitespace"

PUBLISHED = {
    "likelihoods": (
        PublishedTask(
            "arc_challenge", "science at school", "acc_norm", "1.0", "allenai/ai2_arc", 0
        ),
        PublishedTask("hellaswag", "how it goes on", "acc_norm", "1.0", "Rowan/hellaswag", 0),
        PublishedTask("winogrande", "who is meant", "acc", "1.0", "allenai/winogrande", 0),
        PublishedTask("piqa", "everyday physics", "acc_norm", "1.0", "baber/piqa", 0),
        PublishedTask("boolq", "yes or no by a text", "acc", "2.0", "aps/super_glue", 0),
        PublishedTask(
            "lambada_openai", "a story's last word", "acc", "1.0", "EleutherAI/lambada_openai", 0
        ),
    ),
    "words": (
        PublishedTask("gsm8k", "sums told in words", _FLEXIBLE, "3.0", "openai/gsm8k", 5),
        PublishedTask("triviaqa", "facts", _TRIMMED, "3.0", "mandarjoshi/trivia_qa", 5),
    ),
}

if TYPE_CHECKING:
    TaskKind = str
else:
    TaskKind = Annotated[Literal[tuple(PUBLISHED)], Outside("code")]

LIMIT = 500
LOSS_SHOWN = 0.05
"""What 500 documents show not to be lost where a quarter of the answers change."""


class PublishedTasks(Declaration):
    """Published tasks of lm-evaluation-harness as guards; what a task has to download is data."""

    kind: TaskKind = Field(
        description="likelihoods: log-probabilities of texts, for models that give them; words: "
        "answers, of any arm"
    )
    limit: int = Field(LIMIT, ge=2, le=100_000, description="documents of each, the first ones")
    margin: Margin = LOSS_SHOWN
    data: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="folder of the data sets in place of the hub, relative to this file"
    )


def test_sets_of_tasks(tasks: PublishedTasks) -> dict[str, dict[str, Any]]:
    """The test sets of a study file for these tasks, by task name."""
    return {
        task.name: {
            "lm_eval": {
                "task": task.name,
                "score": task.score,
                "num_fewshot": task.shots,
                "limit": tasks.limit,
                "data": tasks.data,
            },
            "role": "guard",
            "purpose": "capability",
            "margin": tasks.margin,
        }
        for task in PUBLISHED[tasks.kind]
    }
