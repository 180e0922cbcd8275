"""Studies: register, follow, and ask the gate."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.studies import GateOut, GateProblemOut, StudyOut, WholeStudyOut
from evalhub.frames.rest.describing import WAIT, describes
from evalhub.frames.rest.endpoint import CANDIDATE, ProjectEndpoint, StudyEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import wait_for
from evalhub.registry.models import Study
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.run.advance import StudyState, StudyStatus, advance, status_of
from evalhub.studies.run.all_runs import cancel_runs, resume_runs
from evalhub.studies.run.gate_status import GateAnswer, Passing, gate_answer
from evalhub.studies.run.verdicts import with_verdict
from evalhub.studies.web.from_web import register_from_web
from runners.backends.endpoints import endpoints

RETRY_S = 5
GOES_ON = (StudyState.RUNNING, StudyState.ADVANCING)
VERSION = OpenApiParameter(
    "version", str, description="digest of the version that is meant; else the arm's newest"
)


class Studies(ProjectEndpoint):
    scopes = {"POST": Scope.RUN}
    parameters = (*PAGED, *Since.base_filters)

    @describes("The project's studies", gives=StudyOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        rows = Study.objects.filter(project=self.project).select_related("project")
        return list_response(request, with_verdict(rows), StudyOut.from_model, filtered=Since)

    @describes(
        "Hand in a study\n\nIt is registered and its runs are launched; the same again changes "
        "nothing. Files are named by what was uploaded, sha256:DIGEST, model servers by the alias "
        "that an operator gave them. A study that is there and would have another policy needs "
        "the scope decide as well: 403 names the fields.",
        gives=WholeStudyOut,
        takes=StudyFile,
        code=202,
        once=True,
        also=(503,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        study = register_from_web(
            project=self.project,
            by=self.by,
            document=self.document(),
            files=Uploads(self.project),
            aliases=endpoints(),
            may_change_policy=self.has_scope(Scope.DECIDE),
        )
        shape = WholeStudyOut.from_study(study, status_of(study))
        return response_of(request, shape, 202, Location=shape.url, Retry_After=str(RETRY_S))


class OneStudy(StudyEndpoint):
    parameters = ("fields", "wait")

    @describes(
        "A study: its runs, how far they are, and its decisions\n\n202 while a worker is at it.",
        gives=WholeStudyOut,
        query=(WAIT,),
        also={202: WholeStudyOut},
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        def look() -> tuple[Study, StudyStatus]:
            study = self.study()
            return study, status_of(study)

        study, status = wait_for(request, look, lambda pair: pair[1].state not in GOES_ON)
        shape = WholeStudyOut.from_study(study, status)
        if status.state in GOES_ON:
            return response_of(request, shape, 202, Retry_After=str(RETRY_S))
        return response_of(request, shape)


class CancelStudyRuns(StudyEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Stop all runs of a study; what was answered stays\n\nAnd the judges that are asked about "
        "their answers.",
        gives=WholeStudyOut,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, slug: str) -> Response:
        study = self.study()
        cancel_runs(study, by=self.by)
        return response_of(request, WholeStudyOut.from_study(study, status_of(study)))


class ResumeStudyRuns(StudyEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Let those of a study's runs go on that failed or were cancelled\n\nAnd judges of their "
        "answers that did. Answers that ended in an error are requested again.",
        gives=WholeStudyOut,
        once=True,
        also=(503,),
    )
    @once()
    def post(self, request: Request, project: str, slug: str) -> Response:
        study = self.study()
        resume_runs(study, by=self.by)
        return response_of(request, WholeStudyOut.from_study(study, status_of(study)))


class StudyGate(StudyEndpoint):
    parameters = ("candidate", "version", "wait", "fields")

    @describes(
        "May this arm ship?\n\n200 for a ship alone that is registered and rests on today's "
        "evidence; 412 for every other answer; 503 while there is none yet, so that "
        "`curl --fail --retry` waits.",
        gives=GateOut,
        query=(CANDIDATE, VERSION, WAIT),
        also={412: GateProblemOut, 503: GateProblemOut},
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        query = {name: request.query_params.get(name, "") for name in ("candidate", "version")}
        study = self.study()

        def look() -> GateAnswer:
            study.refresh_from_db()
            return gate_answer(study, **query)

        answer = wait_for(request, look, lambda result: result.passing is not Passing.OPEN)
        shape = GateOut.from_answer(study, answer)
        if answer.passing is Passing.PASSED:
            return response_of(request, shape)
        refused = answer.passing is Passing.REFUSED
        headers = {} if refused else {"Retry-After": str(RETRY_S)}
        raise Problem(
            412 if refused else 503, f"{answer.said}.", headers=headers, **shape.as_json()
        )


class StudyDecisions(StudyEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Decide now\n\nA worker does it by itself once the runs have ended. A judge that "
        "couldn't be used is asked again.",
        gives=WholeStudyOut,
        once=True,
        also=(503,),
    )
    @once(lasts=True, rows=StudyEndpoint.output_count)
    def post(self, request: Request, project: str, slug: str) -> Response:
        study = self.study()
        status = advance(study=study, by=self.by, take_up=True)
        if not status.decisions and status.state is not StudyState.READ:
            raise Problem(409, f"It can't be decided yet: it waits for {status.waits_for}.")
        return response_of(request, WholeStudyOut.from_study(study, status))
