"""An example that went out, as a row of a training file, and a test set that was retired."""

from evalhub.features.examples.models import ExampleCall, SentExample
from evalhub.registry.models import TrainingFileLine, TrainingFileVersion
from reviews.models import Example
from tests.cast import Team, a_test_set, a_version, given_up


def a_sent_example(team: Team, example: Example, *, name: str) -> SentExample:
    """The example as the only line of a training file of this name."""
    file = TrainingFileVersion.objects.create(
        project=team.project, name=name, number=1, format="chat", sha256=name, digest=name, rows=1
    )
    row = TrainingFileLine.objects.create(file=file, line=1, fingerprint=1, text="{}")
    return SentExample.objects.create(example=example, row=row)


def a_call(team: Team, example: Example, *, slug: str) -> ExampleCall:
    """A call of a model that proposed the example."""
    return ExampleCall.objects.create(
        queue=example.queue,
        version=a_version(team, f"proposes-{slug}"),
        kind="propose",
        part="answer",
        input="?",
        input_digest=slug,
        prompt_digest=slug,
        example=example,
    )


def all_of(team: Team, slug: str) -> None:
    """A retired test set, a call for an example of the queue, and its row in a training file."""
    given_up(a_test_set(team, f"old-{slug}", items=1))
    example = Example.objects.filter(queue__name=slug)[0]
    a_call(team, example, slug=slug)
    a_sent_example(team, example, name=slug)
