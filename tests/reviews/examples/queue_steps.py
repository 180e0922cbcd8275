"""Steps at a queue of examples, one at a time: a queue, what is at hand, an answer."""

from typing import Any

from evalhub.accounts.models import User
from reviews.examples.annotating import annotate
from reviews.examples.answers import ExampleAnswer
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.examples.taking import take_disputed, take_example
from reviews.models import Annotation, ExampleQueue, ExampleSource
from tests.cast import Team


def drafts(count: int, **fields: Any) -> list[ExampleDraft]:
    """Made-up examples, each of a question of its own, proposed by a model with a canary's name."""
    made_up = {"source": ExampleSource.MODEL, "model": "canary-heron v3", "licence": "CC-BY-4.0"}
    return [
        ExampleDraft(
            input=f"How do I return parcel {n}?",
            proposal=f"Send parcel {n} back within 14 days.",
            **(made_up | fields),
        )
        for n in range(count)
    ]


def a_queue(team: Team, *, examples: int = 3, people: int = 1, **fields: Any) -> ExampleQueue:
    """A queue of Olga's with so many examples, each for so many people."""
    named = {"name": "canary-queue", "seed": 7} | fields
    queue = create_queue(project=team.project, by=team.olga, annotators_per_example=people, **named)
    add_examples(queue=queue, drafts=drafts(examples), by=team.olga)
    return queue


def an_answered_queue(team: Team, *, examples: int, name: str) -> ExampleQueue:
    """A queue of which Rui has accepted every example."""
    queue = a_queue(team, examples=examples, name=name)
    for _ in range(examples):
        say(at_hand(queue, team.rui), "accept")
    return queue


def at_hand(queue: ExampleQueue, user: User) -> Annotation:
    """The example that is dealt to this person now."""
    turn = take_example(queue=queue, user=user)
    assert isinstance(turn, Annotation), turn
    return turn


def disputed(queue: ExampleQueue, user: User) -> Annotation:
    """The disagreement that is dealt to this person now."""
    turn = take_disputed(queue=queue, user=user)
    assert isinstance(turn, Annotation), turn
    return turn


def say(turn: Annotation, action: str, text: str | None = None, reason: str = "") -> Annotation:
    """An answer to a turn."""
    answer = ExampleAnswer(action, text, reason, visible_seconds=9.0)
    return annotate(token=turn.token, user=turn.annotator, answer=answer)
