"""The questions before a fine-tune: a declaration with choices and ranges."""

from typing import Literal, get_args

from pydantic import Field

from evalhub.declare.declaration import Declaration

About = Literal["knowledge", "behaviour", "both"]
Lesson = Literal["style", "format", "domain"]
Changes = Literal["never", "yearly", "monthly", "weekly", "daily"]
Privacy = Literal["anywhere", "own-machines"]
Reason = Literal["quality", "cost", "latency"]
Size = Literal["small", "large"]


class Case(Declaration):
    """What a team says of its case. The descriptions are the questions, as every door asks them;
    None is unknown, and nothing is worked out of it."""

    about: About = Field("behaviour", description="What should the model know or do better?")
    lesson: Lesson = Field("format", description="What would examples teach it?")
    changes: Changes = Field("yearly", description="How often does that change?")
    examples: int = Field(
        0, ge=0, le=100_000_000, description="How many examples of it are there, checked by people?"
    )
    privacy: Privacy = Field("anywhere", description="Where may its texts go?")
    reason: Reason = Field("quality", description="What is to get better?")
    size: Size = Field("small", description="Which model answers today?")
    billions: float | None = Field(
        None, gt=0, le=10_000, description="How many billions of parameters has the one to tune?"
    )
    memory: float | None = Field(
        None, gt=0, le=100_000, description="How much memory have the GPUs to train on, in GB?"
    )


CHOICES: dict[str, dict[str, str]] = {
    "about": {
        "knowledge": "facts: what stands in documents",
        "behaviour": "behaviour: how it answers",
        "both": "both",
    },
    "lesson": {
        "style": "a style: tone, length, manners",
        "format": "a format: labels, JSON, a fixed form",
        "domain": "a domain: a task with words and rules of its own",
    },
    "changes": {
        "never": "hardly ever",
        "yearly": "about once a year",
        "monthly": "about once a month",
        "weekly": "about once a week",
        "daily": "every day",
    },
    "privacy": {
        "anywhere": "to a provider too",
        "own-machines": "to machines of our own alone",
    },
    "reason": {
        "quality": "the answers",
        "cost": "the cost",
        "latency": "the waiting time",
    },
    "size": {
        "small": "a small one, to 15 billion parameters",
        "large": "a large one, or a provider's",
    },
}
"""In words, each choice of each question that has some, in the order in which they are shown."""

assert all(
    tuple(options) == get_args(Case.model_fields[name].annotation)
    for name, options in CHOICES.items()
)
