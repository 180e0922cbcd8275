"""Queues whose examples are accepted, edited or rejected, ready to go out."""

from collections.abc import Mapping, Sequence
from typing import Any

from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.models import Example, ExampleQueue, ExampleSource
from tests.cast import Team
from tests.reviews.examples.queue_steps import at_hand, say


def a_decided_queue(
    team: Team,
    questions: Sequence[str],
    *,
    edits: Mapping[str, str] = {},
    rejected: Sequence[str] = (),
    name: str = "parcels",
    purpose: str = "training",
    **fields: Any,
) -> ExampleQueue:
    """A queue of these questions, each with a proposal, through which Rui has gone: he edits some,
    rejects some, and accepts the rest."""
    queue = create_queue(project=team.project, by=team.olga, name=name, purpose=purpose, seed=7)
    made_up = {"source": ExampleSource.MODEL, "model": "heron v3", "licence": "CC-BY-4.0"}
    drafts = [
        ExampleDraft(input=text, proposal=f"The answer to: {text}", **(made_up | fields))
        for text in questions
    ]
    add_examples(queue=queue, drafts=drafts, by=team.olga)
    for _ in questions:
        turn = at_hand(queue, team.rui)
        asked = turn.example.input
        if asked in rejected:
            say(turn, "reject", reason="It is wrong.")
        elif asked in edits:
            say(turn, "edit", edits[asked])
        else:
            say(turn, "accept")
    return queue


def example_of(queue: ExampleQueue, question: str) -> Example:
    example: Example = queue.examples.get(input=question)
    return example
