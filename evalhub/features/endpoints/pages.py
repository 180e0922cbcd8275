"""Pages: the endpoints, and one of them, where a message is tried. An operator makes them."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.features.endpoints.listing import EndpointLine, endpoint_lines
from evalhub.frames.page.access import results_only
from evalhub.io.rows import DataError
from evalhub.studies.web.trial_request import TrialResult, TryError, try_message
from runners.backends.asking import BackendError
from runners.backends.endpoints import endpoints

MESSAGE = "Answer with one word: hello."


@require_GET
@results_only
def list_endpoints(request: SignedInRequest) -> HttpResponse:
    lines, problem = _lines(request)
    return render(request, "endpoints/list.html", {"lines": lines, "problem": problem})


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def one_endpoint(request: SignedInRequest, alias: str) -> HttpResponse:
    """One endpoint and its models; posting sends a message to one of them. Nothing is kept."""
    lines, problem = _lines(request)
    line = next((each for each in lines if each.alias == alias), None)
    if line is None:
        raise Http404
    model = request.POST.get("model", line.models[0].name if line.models else "")
    message = request.POST.get("message", MESSAGE)
    result: TrialResult | None = None
    if request.method == "POST":
        result, problem = _try(request, line, model, message)
    context = {"line": line, "model": model, "message": message, "result": result}
    status = 400 if problem else 200
    return render(
        request, "endpoints/endpoint.html", {**context, "problem": problem}, status=status
    )


def _lines(request: SignedInRequest) -> tuple[list[EndpointLine], str]:
    """The endpoints, or none and what is wrong with what the operator wrote."""
    try:
        return endpoint_lines(endpoints(), request.user), ""
    except (BackendError, DataError) as error:
        return [], str(error)


def _try(
    request: SignedInRequest, line: EndpointLine, model: str, message: str
) -> tuple[TrialResult | None, str]:
    try:
        result = try_message(
            by=request.user,
            endpoint=line.alias,
            model=model.strip(),
            message=message,
            aliases=[line.alias],
        )
    except (BackendError, DataError, DeclarationError, TryError) as error:
        return None, str(error)
    return result, ""


urlpatterns = [
    path("endpoints/", list_endpoints, name="endpoints"),
    path("endpoints/<slug:alias>/", one_endpoint, name="endpoint"),
]
