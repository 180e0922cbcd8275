"""Methods: an index, a page each, and how often verdicts come out right.

For everybody who is signed in, as documents are: they hold no results.
"""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.report.methods import methods


@require_GET
def index(request: SignedInRequest) -> HttpResponse:
    return render(request, "site/methods/index.html", {"shown": methods()})


@require_GET
def rates(request: SignedInRequest) -> HttpResponse:
    """Simulated verdicts whose truth is known, and the coverage of intervals."""
    return render(request, "site/methods/rates.html", {"shown": methods()})


@require_GET
def one_method(request: SignedInRequest, method: str) -> HttpResponse:
    """A method, beside the others of its chapter. A chapter's key leads to its part of the
    index."""
    chapter = methods().chapter_of(method)
    if chapter is None:
        raise Http404
    if chapter.key == method:
        return redirect(f"{reverse('site:methods')}#{method}")
    keys = [each.key for each in chapter.methods]
    context = {"chapter": chapter, "method": chapter.methods[keys.index(method)]}
    return render(request, "site/methods/method.html", context)


urlpatterns = [
    path("methods/", index, name="methods"),
    path("methods/rates/", rates, name="method_rates"),
    path("methods/<slug:method>/", one_method, name="method"),
]
