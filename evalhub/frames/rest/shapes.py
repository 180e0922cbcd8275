"""What an endpoint gives: a declaration, from which the OpenAPI document is made."""

from evalhub.declare.declaration import Declaration


class ResponseShape(Declaration):
    """What an endpoint gives. Nothing is read by it, so what it names is followed by nobody."""
