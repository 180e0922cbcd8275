"""Acts on queues of examples, as each door takes them."""

from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import (
    add_examples,
    close_queue,
    create_queue,
    pause_queue,
    resume_queue,
)
from reviews.models import ExampleSource
from tests.cast import Team
from tests.refusals.doors import Act
from tests.reviews.examples.queue_steps import a_queue

ROW = '{"input": "Is it new?"}\n'


def queues(team: Team, folder: Path) -> dict[str, Act]:
    """A queue with examples that isn't closed."""
    queue, of = a_queue(team), ["--project", team.project.slug]
    path = f"/example-queues/{queue.pk}"
    change = reverse("site:change_example_queue", args=[queue.pk])
    file = folder / "more.jsonl"
    file.write_text(ROW)

    def creation(name: str) -> Act:
        form = {"project": team.project.slug, "name": name, "purpose": "training"}
        form |= {"annotators_per_example": "1", "gold_share": "0", "labels": ""}
        return Act(
            verb=lambda by: create_queue(project=team.project, by=by, name=name),
            rest=("POST", "/example-queues", {"name": name}),
            page=(reverse("site:new_example_queue"), form),
            command=["examples", "create", name, *of],
        )

    draft = ExampleDraft("Is it new?", ExampleSource.PERSON)

    def addition() -> Act:
        return Act(
            verb=lambda by: add_examples(queue=queue, drafts=[draft], by=by),
            rest=("POST", f"{path}/examples", {"examples": [{"input": "Is it new?"}]}),
            page=(
                reverse("site:add_example_file", args=[queue.pk]),
                {"file": SimpleUploadedFile("more.jsonl", ROW.encode())},  # read once
            ),
            command=["examples", "add", str(queue.pk), str(file), *of],
        )

    return {
        "create a queue": creation("new"),
        "create one of a name that is taken": creation(queue.name),
        "add examples": addition(),
        "add to a closed queue": addition(),
        "pause": Act(
            verb=lambda by: pause_queue(queue=queue, by=by), page=(change, {"verb": "pause"})
        ),
        "resume": Act(
            verb=lambda by: resume_queue(queue=queue, by=by), page=(change, {"verb": "resume"})
        ),
        "close": Act(
            verb=lambda by: close_queue(queue=queue, by=by),
            rest=("POST", f"{path}/close", {}),
            page=(change, {"verb": "close"}),
            command=["examples", "close", str(queue.pk), *of],
        ),
    }
