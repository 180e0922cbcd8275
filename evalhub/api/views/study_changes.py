"""Copy a study under another name, and change its requirements."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.studies import WholeStudyOut
from evalhub.api.shapes.study_changes import (
    CopyRequest,
    PolicyChangeOut,
    PolicyChangeRequest,
    StudyPolicyOut,
)
from evalhub.api.views.studies import RETRY_S
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import StudyEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import response_of
from evalhub.frames.rest.problems import Problem
from evalhub.studies.run.advance import status_of
from evalhub.studies.run.policy_change import change_policy, looks_after, policy_difference
from evalhub.studies.web.copying import copy_study
from runners.backends.endpoints import endpoints


class StudyCopies(StudyEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Copy a study\n\nIts study file under another name, with its items and its recorded "
        "answers, is registered and its runs are launched; it may ask otherwise from the start, "
        "which needs the scope decide as well. "
        "409 names each field that can't be copied, and why: what an operator's own file named of "
        "its machine has to be named otherwise, and what no study file can say may be listed in "
        "`without`.",
        gives=WholeStudyOut,
        takes=CopyRequest,
        code=202,
        once=True,
        also=(409, 503),
    )
    @once(lasts=True, rows=StudyEndpoint.output_count)
    def post(self, request: Request, project: str, slug: str) -> Response:
        body = self.body(CopyRequest)
        if (body.policy or body.demands) and not self.has_scope(Scope.DECIDE):
            field = "policy" if body.policy else "demands"
            raise Problem(403, "A copy that asks otherwise needs the scope decide", field=field)
        study = copy_study(
            study=self.study(),
            by=self.by,
            aliases=endpoints(),
            name=body.name,
            policy=body.policy,
            demands=body.demands,
            without=body.without,
        )
        shape = WholeStudyOut.from_study(study, status_of(study))
        return response_of(request, shape, 202, Location=shape.url, Retry_After=str(RETRY_S))


class StudyPolicyOf(StudyEndpoint):
    scopes = {"POST": Scope.DECIDE}
    parameters = ("fields",)

    @describes("What a study asks", gives=StudyPolicyOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        return response_of(request, StudyPolicyOut.from_study(self.study()))

    @describes(
        "Change what a study asks\n\nIts items, arms, answers and metrics stay. Who changed "
        "what is noted; decisions stay as they are and say that other is asked by now. With "
        "`dry_run` the difference is said, with the next look's price, and nothing is changed.",
        gives=PolicyChangeOut,
        takes=PolicyChangeRequest,
        once=True,
        also=(409,),
    )
    @once(rows=StudyEndpoint.output_count)
    def post(self, request: Request, project: str, slug: str) -> Response:
        body, study = self.body(PolicyChangeRequest), self.study()
        with _naming_demands():
            if body.dry_run:
                changes = policy_difference(study, body.policy, body.demands)
                looks = looks_after(study, body.policy, body.demands)
                return response_of(request, PolicyChangeOut.from_changes(changes, looks))
            policy, demands = body.policy, body.demands
            applied = change_policy(study=study, by=self.by, policy=policy, demands=demands)
        return response_of(request, PolicyChangeOut.from_changes(applied))


@contextmanager
def _naming_demands() -> Iterator[None]:
    """Renames fields in errors to `demands`: a study file has them below its test sets."""
    try:
        yield
    except DeclarationError as error:
        if not error.field.startswith("test_sets"):
            raise
        field = error.field.replace("test_sets", "demands", 1)
        raise DeclarationError(error.message, field) from error
