"""Import another tool's log into the project."""

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.imports import ImportedOut, ImportedTaskOut, LogRequest
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import response_of
from evalhub.registry.uploads import Uploads
from evalhub.studies.web.from_web import import_from_web


class Imports(ProjectEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Keep another tool's log\n\nIts test sets, versions, answers and scores; the same log "
        "again is the same runs.",
        gives=ImportedOut,
        takes=LogRequest,
        code=202,
        once=True,
        also=(503,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(LogRequest)
        imported = import_from_web(
            project=self.project,
            by=self.by,
            kind=body.kind,
            digests=body.files,
            files=Uploads(self.project),
            request=body.request,
        )
        tasks = tuple(ImportedTaskOut.from_model(each) for each in imported)
        return response_of(request, ImportedOut(imported=tasks), 202)
