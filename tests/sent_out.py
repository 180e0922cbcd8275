"""An example that went out, as a row of a training file, and a test set that was retired."""

from evalhub.features.examples.models import SentExample
from evalhub.registry.models import TrainingFileLine, TrainingFileVersion
from reviews.models import Example
from tests.cast import Team, a_test_set, given_up


def a_sent_example(team: Team, example: Example, *, name: str) -> SentExample:
    """The example as the only line of a training file of this name."""
    file = TrainingFileVersion.objects.create(
        project=team.project, name=name, number=1, format="chat", sha256=name, digest=name, rows=1
    )
    row = TrainingFileLine.objects.create(file=file, line=1, fingerprint=1, text="{}")
    return SentExample.objects.create(example=example, row=row)


def all_of(team: Team, slug: str) -> None:
    """A retired test set, and an example of the queue in a training file."""
    given_up(a_test_set(team, f"old-{slug}", items=1))
    example = Example.objects.filter(queue__name=slug)[0]
    a_sent_example(team, example, name=slug)
