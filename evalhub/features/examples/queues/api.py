"""REST: queues of examples, their examples, adding to them, and closing them."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.examples.queues.shapes import (
    AddedExamplesOut,
    ExampleOut,
    NewExamples,
    QueueOut,
    QueueRequest,
    WholeQueueOut,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from reviews.examples.queues import add_examples, close_queue, create_queue
from reviews.examples.results import queue_results
from reviews.models import Annotation, ExampleQueue, ExampleState
from reviews.models.examples import ExampleQueueQuerySet


class ExampleFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=ExampleState.choices, label="only those in this state")


class QueuesEndpoint(ProjectEndpoint):
    """Below the project's queues of examples."""

    def rows(self) -> ExampleQueueQuerySet:
        rows: ExampleQueueQuerySet = ExampleQueue.objects.filter(project=self.project)
        return rows.with_counts().select_related("project")

    def queue(self) -> ExampleQueue:
        """The one of the address."""
        queue: ExampleQueue = get_object_or_404(self.rows(), pk=self.kwargs["pk"])
        return queue

    def whole(self) -> WholeQueueOut:
        """The queue as it is now."""
        queue = self.queue()
        return WholeQueueOut.of(queue, queue_results(queue))


class ExampleQueues(QueuesEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes("Queues of examples, the newest first", gives=QueueOut, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), QueueOut.from_model)

    @describes(
        "Create a queue of examples\n\nPeople accept, edit or reject what is added to it.",
        gives=QueueOut,
        takes=QueueRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(QueueRequest)
        queue = create_queue(project=self.project, by=self.by, **dict(body))
        return response_of(request, QueueOut.from_model(self.rows().get(pk=queue.pk)), 201)


class OneExampleQueue(QueuesEndpoint):
    @describes("A queue of examples with agreement, pace and gold", gives=WholeQueueOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, self.whole())


class QueuedExamples(QueuesEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Examples of a queue, the newest first",
        gives=ExampleOut,
        pages=True,
        filtered=ExampleFilter,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        answers = Annotation.objects.select_related("annotator")
        rows = self.queue().examples.prefetch_related(Prefetch("annotations", answers))
        return list_response(request, rows, ExampleOut.from_model, filtered=ExampleFilter)

    @describes(
        "Add examples to a queue\n\nAll of them, or none. Those whose input and context the queue "
        "has are left out and counted.",
        gives=AddedExamplesOut,
        takes=NewExamples,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        drafts = [example.draft() for example in self.body(NewExamples).examples]
        added = add_examples(queue=self.queue(), drafts=drafts, by=self.by)
        return response_of(request, AddedExamplesOut.from_model(added), 201)


class ClosedExampleQueue(QueuesEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Close a queue of examples\n\nNothing more is dealt, added or answered. Closing it again "
        "is the same.",
        gives=QueueOut,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        close_queue(queue=self.queue(), by=self.by)
        return response_of(request, QueueOut.from_model(self.queue()), 201)


urlpatterns = [
    project_path("example-queues", ExampleQueues, "example_queues"),
    project_path("example-queues/<int:pk>", OneExampleQueue, "example_queue"),
    project_path("example-queues/<int:pk>/examples", QueuedExamples, "queued_examples"),
    project_path("example-queues/<int:pk>/close", ClosedExampleQueue, "close_example_queue"),
]
