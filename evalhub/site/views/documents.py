"""The documents of this version, for everybody who is signed in: they hold no results."""

from mimetypes import guess_type

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evalhub import __version__
from evalhub.accounts.addresses import absolute
from evalhub.accounts.requests import SignedInRequest
from evalhub.documents import SiteDocument, documents, files
from evalhub.documents.layout import laid_out
from evalhub.documents.llms import llms_txt
from evalhub.documents.search import MOST, search


@require_GET
def help_pages(request: SignedInRequest) -> HttpResponse:
    """The list of all documents, or the sections that hold the words of `?q=`."""
    query = request.GET.get("q", "").strip()[:200]
    if not query:
        return _page(request, documents()["index.md"])
    context = {"asked": query, "found": search(query), "most": MOST}
    return render(request, "site/help/found.html", context)


@require_GET
def document(request: SignedInRequest, name: str) -> HttpResponseBase:
    """A document as a page, or a file that a page shows or links."""
    if name in documents():
        return _page(request, documents()[name])
    if name not in files():
        raise Http404
    kind = guess_type(name)[0] or "text/plain"
    return FileResponse(files()[name].open("rb"), content_type=kind)


@require_GET
def markdown(request: SignedInRequest, name: str) -> HttpResponse:
    """A document's source. Links between documents lead from Markdown to Markdown."""
    if name not in documents():
        raise Http404
    return HttpResponse(documents()[name].text, content_type="text/markdown; charset=utf-8")


@require_GET
def llms(request: SignedInRequest) -> HttpResponse:
    """llms.txt: every document's Markdown address, by the chapters of the front page."""
    text = llms_txt(lambda name: absolute(reverse("site:document_markdown", args=[name])))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _page(request: SignedInRequest, document: SiteDocument) -> HttpResponse:
    context = {"document": document, "page": laid_out(document), "version": __version__}
    return render(request, "site/help/document.html", context)
