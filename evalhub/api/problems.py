"""The HTTP status of each domain exception, and its problem document."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.tokens import TokenError
from evalhub.decision.ledger_origin import LedgerElsewhereError
from evalhub.declare.declaration import DeclarationError
from evalhub.features.comments.commenting import CommentError
from evalhub.features.data.curve.learning_curve import CurveError
from evalhub.features.decision_links.sharing import DecisionLinkError
from evalhub.features.examples.out.exporting import ExamplesOutError
from evalhub.features.examples.sources.from_traffic import DrawError
from evalhub.features.experiments.steps import ExperimentError
from evalhub.features.exporters.rows import ExportError
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.score_audits.score_cases import ScoreCaseError
from evalhub.features.traffic.served import ServedNameError
from evalhub.features.traffic.shadow.drawing import SampleError
from evalhub.features.webhooks.registering import WebhookError
from evalhub.features.working_sets.sets import ChangedMeanwhileError, WorkingSetError
from evalhub.frames.rest.problems import Problem, problem
from evalhub.io.full_disk import is_full_disk
from evalhub.io.ndjson import BodyTooLargeError
from evalhub.io.rows import DataError
from evalhub.jobs.queue import QueueFullError
from evalhub.ledger.accepting import NothingToAcceptError
from evalhub.ledger.chain.kept import ChangedDecisionError
from evalhub.ledger.decide import ContestedError
from evalhub.ledger.draws import PoolError
from evalhub.ledger.peeking import ContestedPeekError
from evalhub.ledger.retirement import RetirementError
from evalhub.ledger.signoff import SignOffError, SupersededError
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.ledger.training_pairs import UnreleasedError
from evalhub.registry.drafts import DraftLostError
from evalhub.registry.live_studies import LiveStudyError
from evalhub.studies.run.linked import PolicyScopeError
from evalhub.studies.run.policy_change import SamePolicyError
from evalhub.studies.web.copying import CopyError
from reviews.errors import ExampleQueueError, PlanError, ReviewError
from runners.ingestion import IngestionError
from runners.launch_checks import LaunchError
from runners.metrics import MetricError
from runners.outages import tell_full_disk
from runners.outcome import RunFailed
from runners.queue import QueueUnreachable

logger = logging.getLogger(__name__)
RETRY_S = 5
STATUSES: dict[type[Exception], int] = {
    TokenError: 400,
    ServedNameError: 409,
    CurveError: 409,
    ExperimentError: 409,
    MonitorError: 409,
    WebhookError: 400,
    BodyTooLargeError: 413,
    DataError: 400,
    DeclarationError: 400,
    MetricError: 400,
    LaunchError: 409,
    IngestionError: 409,
    NotAllowedError: 403,
    PolicyScopeError: 403,
    MembershipError: 409,
    StageError: 409,
    ExportError: 409,
    RetirementError: 409,
    UnreleasedError: 409,
    ExamplesOutError: 409,
    CopyError: 409,
    SamePolicyError: 409,
    LiveStudyError: 409,
    SupersededError: 409,
    NothingToAcceptError: 409,
    SignOffError: 400,
    PlanError: 400,
    ExampleQueueError: 400,
    ReviewError: 409,
    PoolError: 409,
    NotReadyError: 409,
    ChangedDecisionError: 409,
    RunFailed: 409,
    ContestedError: 503,
    ContestedPeekError: 503,
    LedgerElsewhereError: 409,
    ChangedMeanwhileError: 412,
    WorkingSetError: 409,
    ScoreCaseError: 409,
    CommentError: 409,
    DecisionLinkError: 409,
    DraftLostError: 503,
    SampleError: 503,
    DrawError: 503,
    QueueFullError: 503,
    QueueUnreachable: 503,
    OperationalError: 503,
    InterfaceError: 503,
}
"""The domain's exceptions, the special ones before those that they are of."""


def answer_problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. Our own errors are logged, and no detail is sent."""
    if isinstance(error, Http404):
        return problem(404, "There is nothing here that you may see.")
    if isinstance(error, PermissionDenied):
        return problem(403, str(error) or "This may not be done.")
    if isinstance(error, Problem):
        flaws = [{"field": error.field, "message": error.detail}] if error.field else []
        return problem(error.code, error.detail, flaws, error.headers, **error.more)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if is_full_disk(error):
        tell_full_disk(error)
        return problem(507, "The site's disk is full: this wasn't stored.")
    code = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), None)
    if code is None:
        logger.error("an endpoint failed", exc_info=error)
        return problem(500, "This is our fault, not yours. The X-Request-ID finds it in the log.")
    if isinstance(error, OperationalError | InterfaceError):  # the message may hold an address
        return problem(503, "The database doesn't answer.", headers={"Retry-After": f"{RETRY_S}"})
    headers = {"Retry-After": f"{RETRY_S}"} if code == 503 else {}
    return problem(code, str(error), list(_flaws(error)), headers)


def _flaws(error: Exception) -> Iterator[dict[str, Any]]:
    if isinstance(error, DataError):
        at = {"file": error.file, "line": error.line, "field": error.field or ""}
        yield {name: each for name, each in at.items() if each is not None} | {
            "message": error.message
        }
    elif isinstance(error, CopyError):
        for omission in error.left_out:
            yield {"field": omission.field, "message": omission.said}
    elif (
        isinstance(
            error, DeclarationError | TokenError | ServedNameError | WebhookError | ExperimentError
        )
        and error.field
    ):
        yield {"field": error.field, "message": error.message}
    elif isinstance(error, ExampleQueueError):
        yield {"field": error.path, "message": error.reason}


def _of_framework(error: exceptions.APIException) -> Response:
    code = error.status_code
    headers = {}
    if (header := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if code == status.HTTP_401_UNAUTHORIZED and isinstance(error, exceptions.NotAuthenticated):
        return problem(code, "Give a token: Authorization: Bearer evh_…", headers=headers)
    detail = error.detail
    flaws = [{"field": name, "message": message} for name, message in _flat(detail)]
    text = "; ".join(f"{name}: {message}" if name else message for name, message in _flat(detail))
    return problem(code, text, [each for each in flaws if each["field"]], headers)


def _flat(detail: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            path = at if name == "non_field_errors" else f"{at}.{name}" if at else str(name)
            yield from _flat(inner, path)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(inner, at)
    else:
        yield at, str(detail)
