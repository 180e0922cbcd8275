"""Generated test sets: the skills of our own suite, whose items no file holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evalhub.declare.declaration import Declaration, default_of, invalid
from evalhub.declare.margins import Margin
from evalhub.declare.policy import Demand, Tier
from evalhub.studies.file.published_tasks import PublishedTasks, TaskKind, test_sets_of_tasks
from runners.suites import SUITES

if TYPE_CHECKING:
    Skill = str
else:
    Skill = Literal[tuple(SUITES)]

ItemNumber = Annotated[int, Field(ge=2, le=10_000, description="items of a skill")]
ItemSeed = Annotated[
    int, Field(ge=0, description="another seed asks other items of the same skills")
]

GENERAL = "general"
ITEMS = 100
MARGIN = 0.1
"""Of a skill: what a hundred items can show not to be lost where few answers change."""


def skill_name(skill: str) -> str:
    """The name of the test set of a skill or a task; a team's own is unlikely to have it."""
    return f"{GENERAL}-{skill.replace('_', '-')}"


class SkillItems(Declaration):
    """Items of one skill, the same for the same seed."""

    skill: Skill
    items: ItemNumber = ITEMS
    seed: ItemSeed = 1

    @model_validator(mode="after")
    def _are_there(self) -> Self:
        """A skill has so many different questions and no more."""
        if self.skill in SUITES:
            try:
                SUITES[self.skill].generate(self.seed, self.items)
            except ValueError as error:
                raise invalid(str(error), "items") from error
        return self


Tasks = Annotated[
    Annotated[TaskKind, Tag("kind")] | Annotated[PublishedTasks, Tag("said")],
    Discriminator(lambda value: "kind" if isinstance(value, str) else "said"),
]
"""Published tasks by their kind, or with what is to be otherwise in them."""


class GeneralSuite(Declaration):
    """General capability as guards, one a skill: what the candidate must not have lost."""

    name: Literal["general"] = "general"
    tasks: Tasks | None = Field(
        None,
        description="published tasks of lm-evaluation-harness besides, by their kind: likelihoods "
        "or words",
    )
    skills: tuple[Skill, ...] = Field(tuple(SUITES), description="which of them; default: all")
    items: ItemNumber = ITEMS
    seed: ItemSeed = 1
    margin: Margin = MARGIN
    tier: Tier = default_of(Demand, "tier")

    @field_validator("skills")
    @classmethod
    def _asks_something(cls, skills: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not skills and "tasks" in info.data and info.data["tasks"] is None:
            raise invalid("is empty")
        return skills


Suite = Annotated[
    Annotated[Literal["general"], Tag("name")] | Annotated[GeneralSuite, Tag("said")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "said"),
]
"""A suite by its name, or with what is to be otherwise in it."""


def metric_of(skill: str) -> dict[str, Any]:
    """The metric for a skill's answers, as a study file declares it."""
    suite = SUITES[skill]
    return {"name": suite.metric} | ({"extract": suite.extract} if suite.extract else {})


def test_sets_of(suite: Suite) -> Mapping[str, dict[str, Any]]:
    """The suite's test sets by name, as a study file declares them. Raises PydanticCustomError."""
    settings = GeneralSuite() if isinstance(suite, str) else suite
    test_sets = {
        skill_name(skill): {
            "suite": {"skill": skill, "items": settings.items, "seed": settings.seed},
            "role": "guard",
            "purpose": "capability",
            "margin": settings.margin,
            "tier": settings.tier,
        }
        for skill in settings.skills
    }
    if settings.tasks is None:
        return test_sets
    tasks = (
        PublishedTasks(kind=settings.tasks) if isinstance(settings.tasks, str) else settings.tasks
    )
    for name, fields in test_sets_of_tasks(tasks).items():
        test_sets[skill_name(name)] = fields | {"tier": settings.tier}
    return test_sets


@contextmanager
def items_written(skill_items: SkillItems) -> Iterator[Path]:
    """A temporary file of the skill's items, named for the skill, while the block runs."""
    items = SUITES[skill_items.skill].generate(skill_items.seed, skill_items.items)
    with rows_written((dict(each) for each in items), f"{skill_items.skill}.jsonl") as path:
        yield path


@contextmanager
def rows_written(rows: Iterable[Mapping[str, Any]], name: str) -> Iterator[Path]:
    """A temporary JSONL file of this name, while the block runs."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(each)}\n" for each in rows)
        yield path
