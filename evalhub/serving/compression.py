"""Pages, styles and scripts are compressed for browsers that take gzip."""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "text/css", "text/javascript", "image/svg+xml")


class CompressedPages(GZipMiddleware):
    """Middleware: compresses what a browser shows.

    Exports stay as they are: they are files to keep. REST's endpoints compress their own. Django
    adds random bytes against BREACH.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.get("Content-Type", "").partition(";")[0]
        if kind not in COMPRESSED or response.has_header("Content-Disposition"):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed
