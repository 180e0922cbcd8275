"""REST: examples go out as a training file or a test-set version; files that went out, cards."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.examples.out.card import data_card
from evalhub.features.examples.out.exporting import ExamplesOutError, export_examples
from evalhub.features.examples.out.kept_files import kept_content
from evalhub.features.examples.out.publishing import publish_examples
from evalhub.features.examples.out.shapes import (
    ExamplesExportRequest,
    ExamplesPublishRequest,
    ExportedFileOut,
    PublishedExamplesOut,
    TrainingFileOut,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.registry.models import TrainingFileVersion
from reviews.models import ExampleQueue


class ExamplesOutEndpoint(ProjectEndpoint):
    """Sends accepted examples somewhere."""

    scopes = {"POST": Scope.RUN}

    def queues(self, numbers: tuple[int, ...]) -> list[ExampleQueue]:
        """The project's queues of these numbers, in their order. Raises ExamplesOutError."""
        rows = ExampleQueue.objects.filter(project=self.project).in_bulk(numbers)
        for number in numbers:
            if number not in rows:
                raise ExamplesOutError(f"{self.project} has no queue {number}")
        return [rows[number] for number in dict.fromkeys(numbers)]


class ExportedExamples(ExamplesOutEndpoint):
    @describes(
        "Keep accepted examples as a training file\n\nWithout what is judged on. Its content is "
        "at its address, below `content`; the same rows are the version that is there.",
        gives=ExportedFileOut,
        takes=ExamplesExportRequest,
        code=201,
        also=(409,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ExamplesExportRequest)
        exported = export_examples(
            project=self.project,
            queues=self.queues(body.queues),
            form=body.format,
            by=self.by,
            name=body.name,
            strict=body.strict,
            provenance=body.provenance,
        )
        return response_of(request, ExportedFileOut.of(exported), 201)


class PublishedQueues(ExamplesOutEndpoint):
    @describes(
        "Make accepted examples a test set's next version\n\nWithout what went out to training. "
        "The same items are the version that is there.",
        gives=PublishedExamplesOut,
        takes=ExamplesPublishRequest,
        code=201,
        also=(409,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ExamplesPublishRequest)
        published = publish_examples(
            project=self.project,
            queues=self.queues(body.queues),
            test_set=body.test_set,
            by=self.by,
            strict=body.strict,
        )
        return response_of(request, PublishedExamplesOut.of(published), 201)


class TrainingFilesEndpoint(ProjectEndpoint):
    """Below the project's training files."""

    def rows(self) -> "QuerySet[TrainingFileVersion]":
        rows: QuerySet[TrainingFileVersion] = TrainingFileVersion.objects.filter(
            project=self.project
        )
        return rows.select_related("project")

    def file(self) -> TrainingFileVersion:
        """The one of the address."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class TrainingFiles(TrainingFilesEndpoint):
    @describes("Training files that went out, the newest first", gives=TrainingFileOut, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), TrainingFileOut.from_model)


class OneTrainingFile(TrainingFilesEndpoint):
    @describes("A training file that went out, with the figures of its card", gives=TrainingFileOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, TrainingFileOut.from_model(self.file()))


class TrainingFileCard(TrainingFilesEndpoint):
    @describes(
        "A training file's data card\n\nMarkdown with a YAML head.",
        streams={"text/markdown": OpenApiTypes.STR},
    )
    def get(self, request: Request, project: str, pk: int) -> HttpResponse:
        return HttpResponse(data_card(self.file()), content_type="text/markdown; charset=utf-8")


class TrainingFileContent(TrainingFilesEndpoint):
    @describes(
        "A training file as it went out\n\n409 where lines of it were erased.",
        streams={"application/x-ndjson": OpenApiTypes.STR},
        also=(409,),
    )
    def get(self, request: Request, project: str, pk: int) -> HttpResponse:
        file = self.file()
        headers = {"Content-Disposition": f'attachment; filename="{file.name}.jsonl"'}
        return HttpResponse(
            kept_content(file), content_type="application/x-ndjson", headers=headers
        )


urlpatterns = [
    project_path("example-exports", ExportedExamples, "export_examples"),
    project_path("example-publications", PublishedQueues, "publish_examples"),
    project_path("training-files", TrainingFiles, "training_files"),
    project_path("training-files/<int:pk>", OneTrainingFile, "training_file"),
    project_path("training-files/<int:pk>/card", TrainingFileCard, "training_file_card"),
    project_path("training-files/<int:pk>/content", TrainingFileContent, "training_file_content"),
]
