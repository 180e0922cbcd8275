"""The ledger, for files that are compared elsewhere."""

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.peeks import PeekRequest
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import response_of
from evalhub.ledger.peek_requests import PeekCharge
from evalhub.registry.uploads import Uploads
from evalhub.studies.web.peeks import charge_from_web


class Peeks(ProjectEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Take the look of files\n\nWhat `evalhub compare` and `decide` ask with `--server`: at "
        "which levels scores in files are judged, on items that a test set of the project holds. "
        "They take the number that a decision would take; the same claims again have the same "
        "number, and so has a decision on them. Ask for valid evidence alone: what is asked for is "
        "counted. No text and no answer comes with it.",
        gives=PeekCharge,
        takes=PeekRequest,
        also=(503,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        charge = charge_from_web(
            project=self.project,
            by=self.by,
            request=self.body(PeekRequest),
            files=Uploads(self.project),
        )
        return response_of(request, charge)
