"""If-Match: a client names the state that it changes.

The tags are of the whole thing as it is shown, so that one serves for If-None-Match too. What the
server has packed has a weak tag, which is taken as its strong one.
"""

from django.utils.http import parse_etags, quote_etag
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.problems import Problem
from evalhub.io.canonical import digest_of

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="the ETag that it was read with; * for whatever is there now",
)
MATCHES = (412, 428)
"""What a method answers with besides, that checks it."""


def etag_of(shape: Declaration) -> str:
    """The ETag of a thing in this shape."""
    return str(quote_etag(digest_of(shape.as_json())[:32]))


def check_match(request: Request, shape: Declaration) -> None:
    """Checks that the request names the present state. Raises Problem; 428 if it names none."""
    header = request.headers.get("If-Match", "")
    seen = {each.removeprefix("W/") for each in parse_etags(header)}
    if not seen:
        raise Problem(
            428,
            "is needed: the ETag that it was read with, so that nothing is overwritten that "
            "you haven't seen; * for whatever is there now",
            field="If-Match",
        )
    if not seen & {"*", etag_of(shape)}:
        raise Problem(
            412,
            "somebody has changed it since you read it: nothing was done, read it again",
            field="If-Match",
        )
