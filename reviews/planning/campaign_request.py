"""What an owner asks for, read from a page's form or a test set; errors name the field."""

from evalhub.declare.declaration import DeclarationError, validate
from reviews.errors import FormError


def review_declaration[T](kind: type[T], value: object, *, at: str = "") -> T:
    """`value` as a `kind` of `evalhub.declare.review`. Raises FormError, which names the field."""
    try:
        return validate(kind, value, at=at)
    except DeclarationError as error:
        raise FormError(error.field, error.message) from error
